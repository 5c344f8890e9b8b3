//! XML bodies: elements are read first, then become values as the schema's XML Objects say (OpenAPI 3.0.4,
//! "XML Object"). There are no document types and no entities but XML's own five.

mod element;
mod well_formed;

use std::borrow::Cow;

use portcullis_config::schema::{ShapeConfig, TypeConfig};

use crate::fault::Fault;
use crate::shape;
use crate::value::{Members, Value};
use element::Element;
use well_formed::WHITE;

/// Reads a body whose root element is `root`, if that is known.
pub fn read(bytes: &[u8], shape: &ShapeConfig, root: Option<&str>) -> Result<Value<'static>, Fault> {
    let text = std::str::from_utf8(bytes).map_err(|_| Fault::new("syntax", "is not UTF-8"))?;
    let element = element::read(text)?;
    if !element.is(root.unwrap_or(&element.name), namespace(shape)) {
        return Err(Fault::new("xml", "has another root element than it must have"));
    }
    value(&element, shape)
}

/// An element as the first type it can be; attributes and children make it an object.
fn value(element: &Element, shape: &ShapeConfig) -> Result<Value<'static>, Fault> {
    if shape.cut {
        return Err(too_deep());
    }
    for kind in shape::types(shape) {
        match kind {
            TypeConfig::Object => return object(element, shape),
            TypeConfig::Array => return whole_list(element, None, shape::items(shape)),
            primitive if element.is_leaf() => {
                let text = if *primitive == TypeConfig::String {
                    element.text.as_str()
                } else {
                    element.text.trim_matches(WHITE)
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
    if !element.text.trim_matches(WHITE).is_empty() {
        return Err(Fault::new("xml", "has text where it may have elements only"));
    }
    let mut members = Members::new();
    let mut left =
        Left { attributes: element.attributes.iter().collect(), children: element.children.iter().collect() };
    // Without a namespace a property takes elements of any, but not those that are another property's for certain.
    let (of_a_namespace, others): (Vec<_>, Vec<_>) =
        shape.properties.iter().partition(|(_, property)| is_of_a_namespace(property));
    for (name, property) in of_a_namespace.into_iter().chain(others) {
        let member = member(&mut left, name, property).map_err(|fault| fault.within(name))?;
        members.extend(member.map(|value| (Cow::Owned(name.clone()), value)));
    }
    // Where the shape ends, so do the names of elements and attributes.
    let is_end = shape.properties.values().any(|property| property.cut || shape::items(property).cut);
    if is_end && !(left.attributes.is_empty() && left.children.is_empty()) {
        return Err(too_deep());
    }
    // What is none of the properties must not be taken for one by its name.
    for attribute in left.attributes {
        let name = match shape.properties.contains_key(&attribute.name) {
            true => format!("@{}", attribute.name),
            false => attribute.name.clone(),
        };
        shape::add(&mut members, name.into(), Value::String(attribute.value.clone().into()));
    }
    for child in left.children {
        let name = match shape.properties.contains_key(&child.name) {
            true => format!("{{{}}}{}", child.namespace.as_deref().unwrap_or_default(), child.name),
            false => child.name.clone(),
        };
        let found = value(child, shape::rest(shape)).map_err(|fault| fault.within(&name))?;
        shape::add(&mut members, name.into(), found);
    }
    Ok(members.into())
}

fn too_deep() -> Fault {
    Fault::new("depth", "is nested deeper than can be read")
}

/// What of an element no property has taken yet.
struct Left<'e> {
    attributes: Vec<&'e element::Attribute>,
    children: Vec<&'e Element>,
}

impl<'e> Left<'e> {
    /// An attribute of a name; without a prefix it is in no namespace (Namespaces in XML 1.0, section 6.2).
    fn attribute(&mut self, name: &str, namespace: Option<&str>) -> Option<&'e element::Attribute> {
        let is_meant = |one: &&element::Attribute| one.name == name && one.namespace.as_deref() == namespace;
        let at = self.attributes.iter().position(is_meant)?;
        Some(self.attributes.remove(at))
    }

    fn children(&mut self, name: &str, namespace: Option<&str>) -> Vec<&'e Element> {
        let (meant, others) = self.children.iter().partition(|child| child.is(name, namespace));
        self.children = others;
        meant
    }

    /// The only child of a name.
    fn child(&mut self, name: &str, namespace: Option<&str>) -> Result<Option<&'e Element>, Fault> {
        match self.children(name, namespace).as_slice() {
            [] => Ok(None),
            [child] => Ok(Some(child)),
            _ => Err(Fault::new("xml", "is given more than once")),
        }
    }
}

/// Whether a property's elements or attributes are named by their namespace, too.
fn is_of_a_namespace(shape: &ShapeConfig) -> bool {
    let is_bare_list = shape::takes_array(shape) && !is_wrapped(shape);
    namespace(if is_bare_list { shape::items(shape) } else { shape }).is_some()
}

fn member(left: &mut Left<'_>, name: &str, shape: &ShapeConfig) -> Result<Option<Value<'static>>, Fault> {
    let wire = wire_name(name, shape);
    if shape.xml.as_ref().is_some_and(|xml| xml.attribute) {
        let found = left.attribute(wire, namespace(shape));
        return Ok(found.map(|attribute| shape::read(attribute.value.clone().into(), shape)));
    }
    if shape::takes_array(shape) {
        return array_member(left, name, shape);
    }
    left.child(wire, namespace(shape))?.map(|child| value(child, shape)).transpose()
}

/// Items stand in the object itself, or in an element around them when the array is wrapped. Only then has the array a name in XML.
fn array_member(
    left: &mut Left<'_>,
    name: &str,
    shape: &ShapeConfig,
) -> Result<Option<Value<'static>>, Fault> {
    let items = shape::items(shape);
    if is_wrapped(shape) {
        let wire = wire_name(name, shape);
        let wrapper = left.child(wire, namespace(shape))?;
        return wrapper.map(|wrapper| whole_list(wrapper, Some(wire_name(wire, items)), items)).transpose();
    }
    let found = left.children(wire_name(name, items), namespace(items));
    if found.is_empty() { Ok(None) } else { list(found.into_iter(), items).map(Some) }
}

fn is_wrapped(shape: &ShapeConfig) -> bool {
    shape.xml.as_ref().is_some_and(|xml| xml.wrapped)
}

/// An element that is a list and nothing else; its items have a name, where the document says which.
fn whole_list(element: &Element, item: Option<&str>, items: &ShapeConfig) -> Result<Value<'static>, Fault> {
    let item = items.xml.as_ref().and_then(|xml| xml.name.as_deref()).or(item);
    let is_item = |child: &Element| child.is(item.unwrap_or(&child.name), namespace(items));
    if element.children.iter().any(|child| !is_item(child)) || !element.text.trim_matches(WHITE).is_empty() {
        let only = item.map_or_else(|| "its items".to_owned(), |item| format!("'{item}' elements"));
        return Err(Fault::new("xml", format!("has something else than {only}")));
    }
    if element.attributes.iter().any(|attribute| attribute.namespace.is_none()) {
        return Err(Fault::new("xml", "is a list, which has no attributes"));
    }
    list(element.children.iter(), items)
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

fn namespace(shape: &ShapeConfig) -> Option<&str> {
    shape.xml.as_ref()?.namespace.as_deref()
}

/// Without a namespace in the document, any will do.
fn in_namespace(found: Option<&str>, wanted: Option<&str>) -> bool {
    wanted.is_none_or(|wanted| found == Some(wanted))
}

impl Element {
    fn is(&self, name: &str, wanted: Option<&str>) -> bool {
        self.name == name && in_namespace(self.namespace.as_deref(), wanted)
    }

    fn is_leaf(&self) -> bool {
        self.children.is_empty() && self.attributes.is_empty()
    }
}

#[cfg(test)]
#[path = "xml_tests.rs"]
mod tests;
