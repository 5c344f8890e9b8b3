//! XML bodies: elements are read first, then become values as the schema's XML Objects say (OpenAPI 3.0.4,
//! "XML Object"). There are no document types and no entities but XML's own five.

mod element;

use std::borrow::Cow;

use portcullis_config::schema::{ShapeConfig, TypeConfig, XmlConfig};

use crate::fault::Fault;
use crate::shape;
use crate::value::{Members, Value};
use element::Element;

/// Reads a body whose root element is `root`, if that is known.
pub fn read(bytes: &[u8], shape: &ShapeConfig, root: Option<&str>) -> Result<Value<'static>, Fault> {
    let text = std::str::from_utf8(bytes).map_err(|_| Fault::new("syntax", "is not UTF-8"))?;
    let element = element::read(text)?;
    let namespace = shape.xml.as_ref().and_then(|xml| xml.namespace.as_deref());
    if root.is_some_and(|root| root != element.name) || !in_namespace(element.namespace.as_deref(), namespace)
    {
        return Err(Fault::new("xml", "has another root element than it must have"));
    }
    value(&element, shape)
}

/// An element as the first type it can be; attributes and children make it an object.
fn value(element: &Element, shape: &ShapeConfig) -> Result<Value<'static>, Fault> {
    for kind in shape::types(shape) {
        match kind {
            TypeConfig::Object => return object(element, shape),
            TypeConfig::Array => return list(element.children.iter(), shape::items(shape)),
            primitive if element.is_leaf() => {
                let text = if *primitive == TypeConfig::String {
                    element.text.as_str()
                } else {
                    element.text.trim()
                };
                if let Some(value) = shape::read_as(&Cow::Owned(text.to_owned()), *primitive) {
                    return Ok(value);
                }
            }
            _ => {}
        }
    }
    if element.is_leaf() { Ok(Value::String(element.text.clone().into())) } else { object(element, shape) }
}

fn object(element: &Element, shape: &ShapeConfig) -> Result<Value<'static>, Fault> {
    if !element.text.trim().is_empty() {
        return Err(Fault::new("xml", "has text where it may have elements only"));
    }
    let mut members = Members::new();
    let mut taken = Taken::default();
    for (name, property) in &shape.properties {
        let member = member(element, name, property, &mut taken).map_err(|fault| fault.within(name))?;
        members.extend(member.map(|value| (Cow::Owned(name.clone()), value)));
    }
    for attribute in element.attributes.iter().filter(|attribute| !taken.has_attribute(attribute)) {
        let value = Value::String(attribute.value.clone().into());
        shape::add(&mut members, attribute.name.clone().into(), value);
    }
    for child in element.children.iter().filter(|child| !taken.has_child(child)) {
        let found = value(child, shape::rest(shape)).map_err(|fault| fault.within(&child.name))?;
        shape::add(&mut members, child.name.clone().into(), found);
    }
    Ok(members.into())
}

/// Names and namespaces that properties stand for; what is left is nobody's.
#[derive(Default)]
struct Taken<'s> {
    attributes: Vec<(&'s str, Option<&'s str>)>,
    children: Vec<(&'s str, Option<&'s str>)>,
}

impl Taken<'_> {
    fn has_attribute(&self, attribute: &element::Attribute) -> bool {
        has(&self.attributes, &attribute.name, attribute.namespace.as_deref())
    }

    fn has_child(&self, child: &Element) -> bool {
        has(&self.children, &child.name, child.namespace.as_deref())
    }
}

fn has(taken: &[(&str, Option<&str>)], name: &str, namespace: Option<&str>) -> bool {
    taken.iter().any(|(known, wanted)| *known == name && in_namespace(namespace, *wanted))
}

fn member<'s>(
    element: &Element,
    name: &'s str,
    shape: &'s ShapeConfig,
    taken: &mut Taken<'s>,
) -> Result<Option<Value<'static>>, Fault> {
    let xml = shape.xml.as_ref();
    let wire = wire_name(name, shape);
    if xml.is_some_and(|xml| xml.attribute) {
        taken.attributes.push((wire, namespace(xml)));
        let found = element.attributes.iter().find(|attribute| {
            attribute.name == wire && in_namespace(attribute.namespace.as_deref(), namespace(xml))
        });
        return Ok(found.map(|attribute| shape::read(attribute.value.clone().into(), shape)));
    }
    if shape::takes_array(shape) {
        return array_member(element, name, shape, taken);
    }
    taken.children.push((wire, namespace(xml)));
    let mut found = element.named(wire, namespace(xml));
    match (found.next(), found.next()) {
        (None, _) => Ok(None),
        (Some(child), None) => value(child, shape).map(Some),
        _ => Err(Fault::new("xml", "is given more than once")),
    }
}

/// Items stand in the object itself, or in an element around them when the array is wrapped.
fn array_member<'s>(
    element: &Element,
    name: &'s str,
    shape: &'s ShapeConfig,
    taken: &mut Taken<'s>,
) -> Result<Option<Value<'static>>, Fault> {
    let items = shape::items(shape);
    let wire = wire_name(name, shape);
    let wrapped = shape.xml.as_ref().is_some_and(|xml| xml.wrapped);
    let item_wire = items.xml.as_ref().and_then(|xml| xml.name.as_deref()).unwrap_or(wire);
    if wrapped {
        taken.children.push((wire, namespace(shape.xml.as_ref())));
        let mut found = element.named(wire, namespace(shape.xml.as_ref()));
        return match (found.next(), found.next()) {
            (None, _) => Ok(None),
            (Some(wrapper), None) => wrapped_list(wrapper, item_wire, items).map(Some),
            _ => Err(Fault::new("xml", "is given more than once")),
        };
    }
    taken.children.push((item_wire, namespace(items.xml.as_ref())));
    let mut found = element.named(item_wire, namespace(items.xml.as_ref())).peekable();
    if found.peek().is_none() { Ok(None) } else { list(found, items).map(Some) }
}

fn wrapped_list(wrapper: &Element, item: &str, items: &ShapeConfig) -> Result<Value<'static>, Fault> {
    if wrapper.children.iter().any(|child| child.name != item) || !wrapper.text.trim().is_empty() {
        return Err(Fault::new("xml", format!("has something else than '{item}' elements")));
    }
    list(wrapper.named(item, namespace(items.xml.as_ref())), items)
}

fn list<'e>(
    elements: impl Iterator<Item = &'e Element>,
    items: &ShapeConfig,
) -> Result<Value<'static>, Fault> {
    let read = |(at, element): (usize, &Element)| {
        value(element, items).map_err(|fault| fault.within(&at.to_string()))
    };
    elements.enumerate().map(read).collect::<Result<_, _>>().map(Value::Array)
}

fn wire_name<'s>(name: &'s str, shape: &'s ShapeConfig) -> &'s str {
    shape.xml.as_ref().and_then(|xml| xml.name.as_deref()).unwrap_or(name)
}

fn namespace(xml: Option<&XmlConfig>) -> Option<&str> {
    xml.and_then(|xml| xml.namespace.as_deref())
}

/// Without a namespace in the document, any will do.
fn in_namespace(found: Option<&str>, wanted: Option<&str>) -> bool {
    wanted.is_none_or(|wanted| found == Some(wanted))
}

impl Element {
    fn named<'e>(&'e self, name: &'e str, wanted: Option<&'e str>) -> impl Iterator<Item = &'e Self> {
        self.children
            .iter()
            .filter(move |child| child.name == name && in_namespace(child.namespace.as_deref(), wanted))
    }

    fn is_leaf(&self) -> bool {
        self.children.is_empty() && self.attributes.is_empty()
    }
}

#[cfg(test)]
#[path = "xml_tests.rs"]
mod tests;
