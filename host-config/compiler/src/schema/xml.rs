//! XML bodies: how far their schemas can be read, and whether the names that they give tell their parts apart (OpenAPI 3.0.4,
//! XML Object).

use std::collections::HashMap;

use portcullis_config::schema::{FormatConfig, ShapeConfig, TypeConfig, XmlConfig};
use portcullis_openapi::Severity;
use portcullis_openapi::model::SchemaRef;

use super::body::unsupported;
use super::{Refusal, Rules};
use crate::codes;

impl<'d> Rules<'_, 'd> {
    /// How an XML body becomes a value.
    pub(super) fn xml(&mut self, schema: SchemaRef<'d>) -> Result<FormatConfig, Refusal> {
        let seen = self.seen(schema)?;
        if seen.shape.is_cut() {
            let message = "an XML body is read down to some levels of a schema that contains itself: what nests deeper is refused";
            self.tell(Severity::Warning, codes::XML_DEPTH, message.to_owned(), schema.place());
        }
        let shape = seen.shape.config(true);
        if let Some(message) = misfit(&shape) {
            return Err(unsupported(message, schema.node));
        }
        Ok(FormatConfig::Xml { root: seen.shape.xml_name(), shape })
    }
}

/// Why parts of a shape cannot be told apart, or not be written.
fn misfit(shape: &ShapeConfig) -> Option<String> {
    let mut names = HashMap::new();
    for (name, property) in &shape.properties {
        let is_attribute = xml(property).is_some_and(|xml| xml.attribute);
        let has_parts = |kind: &TypeConfig| matches!(kind, TypeConfig::Array | TypeConfig::Object);
        if is_attribute && !property.types.is_empty() && property.types.iter().all(has_parts) {
            return Some(format!(
                "the property `{name}` is an attribute in XML, which no array or object can be"
            ));
        }
        let (wire, namespace) = written_as(name, property);
        if let Some(other) = names.insert((is_attribute, wire, namespace), name) {
            return Some(format!("the properties `{other}` and `{name}` have the same name in XML"));
        }
    }
    let parts = shape.properties.values().chain(shape.items.as_deref()).chain(shape.rest.as_deref());
    parts.into_iter().find_map(misfit)
}

/// The name and namespace of a property: those of its items where it is an array without an element around them.
fn written_as<'s>(name: &'s str, property: &'s ShapeConfig) -> (&'s str, Option<&'s str>) {
    let is_wrapped = xml(property).is_some_and(|xml| xml.wrapped);
    let is_bare_list = property.types.contains(&TypeConfig::Array) && !is_wrapped;
    let said = if is_bare_list { property.items.as_deref().and_then(xml) } else { xml(property) };
    let wire = said.and_then(|xml| xml.name.as_deref()).unwrap_or(name);
    (wire, said.and_then(|xml| xml.namespace.as_deref()))
}

fn xml(shape: &ShapeConfig) -> Option<&XmlConfig> {
    shape.xml.as_ref()
}
