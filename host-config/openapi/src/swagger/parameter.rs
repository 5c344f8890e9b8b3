//! Parameters and headers: what they say of their value becomes a schema. `collectionFormat` stays, since it has ways
//! of writing lists that OpenAPI 3 does not have.

use super::Conversion;
use super::building::{Building, text};
use super::members;
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

/// What only OpenAPI 3 says of parameters and headers.
const LATER: &[&str] = &["schema", "content", "style", "explode", "allowReserved"];

impl<'d> Conversion<'d> {
    /// A parameter in the path, the query or a header.
    pub(super) fn parameter(&mut self, node: &'d Node) -> Node {
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
        let mut made = Building::at(node);
        for member in object.members().iter().filter(|member| !OF_SCHEMA.contains(&&*member.key)) {
            if !self.is_later(member, LATER) {
                made.keep(member, self.copy(&member.node));
            }
        }
        made.put("schema", node, self.schema_of(node, |_| true));
        made.node()
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
