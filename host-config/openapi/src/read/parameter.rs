//! Parameters, headers and examples.

use std::borrow::Cow;
use std::collections::HashSet;

use super::Reading;
use crate::codes;
use crate::model::{Example, Header, Location, Parameter, ParameterValue, SchemaRef, Style, Version};
use crate::tree::{Member, Node};

const VALUE_FIELDS: &[&str] = &[
    "description",
    "required",
    "deprecated",
    "allowEmptyValue",
    "style",
    "explode",
    "allowReserved",
    "schema",
    "example",
    "examples",
    "content",
];
const PARAMETER_FIELDS: &[&str] = &[
    "name",
    "in",
    "description",
    "required",
    "deprecated",
    "allowEmptyValue",
    "style",
    "explode",
    "allowReserved",
    "schema",
    "example",
    "examples",
    "content",
];

impl<'d> Reading<'d, '_> {
    /// The parameters of a path item or operation.
    pub(super) fn parameters(&mut self, node: &'d Node) -> Vec<Parameter<'d>> {
        let mut parameters = Vec::new();
        let mut keys = HashSet::new();
        for item in self.list(node, "parameters") {
            let Some(parameter) = self.parameter(item) else { continue };
            if keys.insert(parameter.key()) {
                parameters.push(parameter);
            } else {
                let location = parameter.location.as_str();
                let message = format!("the {location} parameter `{}` is declared twice", parameter.name);
                self.error(codes::PARAMETER_DUPLICATE, item.place(), message);
            }
        }
        parameters
    }

    fn parameter(&mut self, node: &'d Node) -> Option<Parameter<'d>> {
        let node = self.followed(node)?;
        self.object(node, "a parameter", PARAMETER_FIELDS, false)?;
        let name = self.required_string(node, "name", "a parameter")?;
        let place_name = self.required_string(node, "in", "a parameter")?;
        let Some(location) = Location::from_name(place_name) else {
            let place = node.get("in").unwrap_or(node).place();
            self.error(codes::INVALID_VALUE, place, format!("a parameter cannot stand in `{place_name}`"));
            return None;
        };
        let mut required = self.boolean(node, "required").unwrap_or(false);
        if location == Location::Path && !required {
            let message = format!("the path parameter `{name}` is not marked as required");
            self.warn(codes::PATH_PARAMETER_OPTIONAL, node.place(), message);
            required = true;
        }
        Some(Parameter {
            name,
            location,
            required,
            allow_empty_value: self.boolean(node, "allowEmptyValue").unwrap_or(false),
            value: self.parameter_value(node, location)?,
            examples: self.examples(node),
            deprecated: self.boolean(node, "deprecated").unwrap_or(false),
            place: node.place(),
        })
    }

    /// Headers of a response or of a part of a body.
    pub(super) fn headers(&mut self, node: &'d Node) -> Vec<Header<'d>> {
        let members = self.map(node, "headers").iter();
        let members = members.filter(|member| !member.key.eq_ignore_ascii_case("content-type"));
        members.filter_map(|member| self.header(member)).collect()
    }

    fn header(&mut self, member: &'d Member) -> Option<Header<'d>> {
        let node = self.followed(&member.node)?;
        self.object(node, "a header", VALUE_FIELDS, false)?;
        Some(Header {
            name: &member.key,
            required: self.boolean(node, "required").unwrap_or(false),
            value: self.parameter_value(node, Location::Header)?,
            examples: self.examples(node),
            place: member.key_place,
        })
    }

    fn parameter_value(&mut self, node: &'d Node, location: Location) -> Option<ParameterValue<'d>> {
        if location != Location::Query {
            self.without_effect(node, &["allowEmptyValue", "allowReserved"], "outside the query");
        }
        let Some(content) = node.get("content") else { return self.styled(node, location) };
        if node.get("schema").is_some() {
            let message = "a parameter has either `schema` or `content`, not both".to_owned();
            self.error(codes::PARAMETER_SCHEMA, content.place(), message);
        }
        self.without_effect(node, &["style", "explode", "allowReserved"], "beside `content`");
        let [member] = self.map(node, "content") else {
            let message = "the `content` of a parameter has exactly one media type".to_owned();
            self.error(codes::PARAMETER_SCHEMA, content.place(), message);
            return None;
        };
        let schema = self.schema(&member.node, "schema");
        Some(ParameterValue::Content { media_type: &member.key, schema })
    }

    fn styled(&mut self, node: &'d Node, location: Location) -> Option<ParameterValue<'d>> {
        if self.version == Version::V2_0 {
            let (style, explode) = self.collection_format(node, location)?;
            let schema = self.parameter_schema(node);
            return Some(ParameterValue::Styled { style, explode, allow_reserved: false, schema });
        }
        let style = match self.string(node, "style") {
            None => location.default_style(),
            Some(name) => self.style(node, name, location)?,
        };
        Some(ParameterValue::Styled {
            style,
            explode: self.boolean(node, "explode").unwrap_or(style == Style::Form),
            allow_reserved: self.boolean(node, "allowReserved").unwrap_or(false),
            schema: self.parameter_schema(node),
        })
    }

    /// How Swagger 2.0 says that a list is written: with commas, unless it says otherwise.
    pub(super) fn collection_format(&mut self, node: &'d Node, location: Location) -> Option<(Style, bool)> {
        let kind = node.get("schema").and_then(|schema| schema.get("type")).and_then(Node::as_str);
        if kind.is_some_and(|kind| kind != "array") {
            return Some((location.default_style(), false));
        }
        let name = self.string(node, "collectionFormat").unwrap_or("csv");
        let found = Style::from_collection_format(name, location);
        if found.is_none() {
            let place = node.get("collectionFormat").unwrap_or(node).place();
            let message =
                format!("a {} parameter cannot have the collectionFormat `{name}`", location.as_str());
            self.error(codes::PARAMETER_STYLE, place, message);
        }
        found
    }

    fn style(&mut self, node: &'d Node, name: &str, location: Location) -> Option<Style> {
        let style = Style::from_name(name).filter(|style| location.allows(*style));
        if style.is_none() {
            let place = node.get("style").unwrap_or(node).place();
            let message = format!("a {} parameter cannot have the style `{name}`", location.as_str());
            self.error(codes::PARAMETER_STYLE, place, message);
        }
        style
    }

    fn parameter_schema(&mut self, node: &'d Node) -> Option<SchemaRef<'d>> {
        let schema = self.schema(node, "schema");
        if node.get("schema").is_none() {
            let message = "neither `schema` nor `content` is given: the value can be anything".to_owned();
            self.warn(codes::MISSING_FIELD, node.place(), message);
        }
        schema
    }

    /// `example` and `examples`, those within the document.
    pub(super) fn examples(&mut self, node: &'d Node) -> Vec<Example<'d>> {
        let single = node.get("example").map(|value| Example { name: "", value });
        let mut examples: Vec<_> = single.into_iter().collect();
        if let (Some(single), Some(_)) = (single, node.get("examples")) {
            let message = "`example` and `examples` exclude each other".to_owned();
            self.warn(codes::INVALID_VALUE, single.value.place(), message);
        }
        for member in self.map(node, "examples") {
            let Some(example) = self.followed(&member.node) else { continue };
            match (example.get("value"), example.get("externalValue")) {
                (Some(value), _) => examples.push(Example { name: &member.key, value }),
                (None, Some(external)) => {
                    let message =
                        format!("the example `{}` stands outside the document and is not read", member.key);
                    self.note(codes::EXAMPLE_EXTERNAL, external.place(), message);
                }
                (None, None) => {
                    let message = format!("the example `{}` has no `value`", member.key);
                    self.warn(codes::MISSING_FIELD, member.key_place, message);
                }
            }
        }
        examples
    }
}

impl<'d> Parameter<'d> {
    /// What a parameter is known by: its location and name, which in a header is case-insensitive.
    pub(super) fn key(&self) -> (Location, Cow<'d, str>) {
        let name = match self.location {
            Location::Header => Cow::Owned(self.name.to_ascii_lowercase()),
            _ => Cow::Borrowed(self.name),
        };
        (self.location, name)
    }
}
