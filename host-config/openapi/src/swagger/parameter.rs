//! Parameters and headers: what they say of their value becomes a schema. `collectionFormat` stays, since it has ways
//! of writing lists that OpenAPI 3 does not have.

use super::building::{Building, list, text};
use super::operation::place_of;
use super::{Conversion, members};
use crate::codes;
use crate::diagnostic::Severity;
use crate::tree::{Member, Node};

/// What parameters, headers and items say of their value (Swagger 2.0, "Parameter Object", "Items Object").
const OF_SCHEMA: &[&str] = &[
    "type",
    "format",
    "items",
    "default",
    "maximum",
    "exclusiveMaximum",
    "minimum",
    "exclusiveMinimum",
    "maxLength",
    "minLength",
    "pattern",
    "maxItems",
    "minItems",
    "uniqueItems",
    "enum",
    "multipleOf",
    "x-nullable",
];

/// What parameters, headers and items may be (Swagger 2.0, "Parameter Object", "Items Object").
const TYPES: &[&str] = &["string", "number", "integer", "boolean", "array"];

/// What only OpenAPI 3 says of parameters and headers.
const LATER: &[&str] = &["schema", "content", "style", "explode", "allowReserved"];

impl<'d> Conversion<'d> {
    /// A parameter in the path, the query or a header.
    pub(super) fn parameter(&mut self, node: &'d Node) -> Node {
        if place_of(node) == "cookie" {
            let message = "Swagger 2.0 has no parameters in cookies; this one is read as OpenAPI 3 has them";
            self.problem(Severity::Warning, codes::INVALID_VALUE, node, message.to_owned());
        }
        self.with_schema(node)
    }

    /// A header of a response.
    pub(super) fn header(&mut self, node: &'d Node) -> Node {
        self.with_schema(node)
    }

    fn with_schema(&mut self, node: &'d Node) -> Node {
        let Some(object) = node.as_object() else { return node.clone() };
        if node.reference().is_some() {
            return self.copy(node);
        }
        self.check_value(node, &[]);
        let mut made = Building::at(node);
        for member in object.members().iter().filter(|member| !OF_SCHEMA.contains(&&*member.key)) {
            if !self.is_later(member, LATER) {
                made.keep(member, self.copy(&member.node));
            }
        }
        made.put("schema", node, self.schema_of(node, |_| true));
        made.node()
    }

    /// The schema of a field of a form, which may be a file, and empty where it says so.
    pub(super) fn field_schema(&mut self, field: &'d Node) -> Node {
        self.check_value(field, &["file"]);
        let own = self.schema_of(field, |_| true);
        let Some(at) = field.get("allowEmptyValue").filter(|node| node.as_bool() == Some(true)) else {
            return own;
        };
        let mut empty = Building::at(at);
        empty.put("enum", at, list(at, vec![text(at, "")]));
        let mut either = Building::at(at);
        either.put("anyOf", at, list(at, vec![own, empty.node()]));
        either.node()
    }

    /// Tells of what Swagger 2.0 does not let parameters, headers and items say of their value. What they say counts
    /// all the same.
    fn check_value(&mut self, node: &'d Node, also: &[&str]) {
        let kind = node.get("type");
        let is_known = |name: &str| TYPES.contains(&name) || also.contains(&name);
        if let Some(kind) = kind.filter(|kind| !kind.as_str().is_some_and(is_known)) {
            let name = kind.as_str().unwrap_or(kind.kind());
            let message = format!("the type `{name}` cannot stand here");
            self.problem(Severity::Warning, codes::INVALID_VALUE, kind, message);
        }
        if kind.is_none() {
            let message = "`type` is not given: the value can be anything".to_owned();
            self.problem(Severity::Warning, codes::MISSING_FIELD, node, message);
        }
        if kind.and_then(Node::as_str) != Some("array") {
            let format = members(Some(node)).iter().find(|member| &*member.key == "collectionFormat");
            if let Some(format) = format {
                let message = "`collectionFormat` has no effect on what is no array".to_owned();
                self.problem(Severity::Warning, codes::UNKNOWN_FIELD, &format.node, message);
            }
            return;
        }
        match node.get("items") {
            Some(items) if items.as_object().is_some() => self.check_value(items, also),
            Some(_) => {}
            None => {
                let message = "an array needs the field `items`: its items can be anything".to_owned();
                self.problem(Severity::Warning, codes::MISSING_FIELD, node, message);
            }
        }
    }

    /// The schema that a parameter is; `is_kept` may leave members out.
    pub(super) fn schema_of(&mut self, node: &'d Node, is_kept: impl Fn(&Member) -> bool) -> Node {
        let mut schema = Building::at(node);
        let own = members(Some(node)).iter().filter(|member| OF_SCHEMA.contains(&&*member.key));
        for member in own.filter(|member| is_kept(member)) {
            match (&*member.key, member.node.as_str()) {
                ("type", Some("file")) => {
                    schema.keep(member, text(&member.node, "string"));
                    schema.put("format", &member.node, text(&member.node, "binary"));
                }
                ("items", _) => schema.keep(member, self.items_of(&member.node)),
                _ => schema.keep(member, self.copy(&member.node)),
            }
        }
        schema.node()
    }

    /// The items of a list. How lists within lists are written stays, and is refused where it is read.
    fn items_of(&mut self, node: &'d Node) -> Node {
        let is_list = node.get("type").and_then(Node::as_str) == Some("array");
        let mut made = Building::at(node);
        let Some(object) = node.as_object() else { return node.clone() };
        for member in object.members().iter().filter(|member| is_list || &*member.key != "collectionFormat") {
            let item =
                if &*member.key == "items" { self.items_of(&member.node) } else { self.copy(&member.node) };
            made.keep(member, item);
        }
        made.node()
    }
}
