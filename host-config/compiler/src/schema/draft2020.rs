//! Schemas of OpenAPI 3.1 as JSON Schema 2020-12: they are that already, so only references are resolved and
//! annotations left out. `readOnly` is an annotation here: `required` means what it says.

use portcullis_openapi::tree::Member;
use portcullis_openapi::{Node, Severity};

use super::diagnostic;
use super::text::Writer;
use crate::codes;

/// The dialects that are read: JSON Schema 2020-12, and OpenAPI's base dialect, which adds annotations alone.
const DIALECTS: &[&str] = &[
    "https://json-schema.org/draft/2020-12/schema",
    "https://spec.openapis.org/oas/3.1/dialect/base",
    "https://spec.openapis.org/oas/3.1/dialect/2024-10-25",
    "https://spec.openapis.org/oas/3.1/dialect/2024-11-10",
];
/// Keywords that assert something of the value and hold no schema.
const PLAIN: &[&str] = &[
    "type",
    "const",
    "multipleOf",
    "maximum",
    "exclusiveMaximum",
    "minimum",
    "exclusiveMinimum",
    "maxItems",
    "minItems",
    "uniqueItems",
    "maxContains",
    "minContains",
    "maxProperties",
    "minProperties",
    "required",
    "dependentRequired",
];
/// Keywords with a schema for the same value.
const IN_PLACE: &[&str] = &["not", "if", "then", "else"];
/// Keywords with a schema for parts of the value.
const FOR_PARTS: &[&str] = &[
    "items",
    "contains",
    "additionalProperties",
    "propertyNames",
    "unevaluatedItems",
    "unevaluatedProperties",
];
/// Keywords of other dialects, which an author may think are enforced.
const FOREIGN: &[&str] = &["nullable", "dependencies", "additionalItems", "$recursiveRef"];

impl<'d> Writer<'_, 'd> {
    /// Writes one schema of 3.1.
    pub(super) fn draft2020(&mut self, schema: &'d Node) {
        self.schema_of_3_1(schema, true);
    }

    fn schema_of_3_1(&mut self, schema: &'d Node, in_place: bool) {
        let Some(object) = schema.as_object() else { return self.verbatim(schema) };
        let outer = self.scope.clone();
        if schema.get("$id").is_some() {
            self.scope = outer.entered(self.writing.model.documents, schema);
        }
        self.push("{");
        for member in object.members() {
            self.keyword_of_3_1(schema, member, in_place);
        }
        self.push("}");
        self.scope = outer;
    }

    fn keyword_of_3_1(&mut self, schema: &'d Node, member: &'d Member, in_place: bool) {
        let (key, node) = (&*member.key, &member.node);
        match key {
            "$ref" => {
                self.comma();
                self.reference(node, node.as_str().unwrap_or_default(), in_place);
            }
            "$schema" => self.dialect(node),
            // What it leads to here is known, so it is as good as a second `$ref`.
            "$dynamicRef" => {
                self.comma();
                let documents = self.writing.model.documents;
                let target = self.scope.target(documents, schema, node.as_str().unwrap_or_default());
                self.refer(key, node, target, in_place);
            }
            "enum" => match node.as_array() {
                Some(values) => self.distinct(key, values),
                None => self.member_of_3_1(key, node),
            },
            "format" => self.format(node),
            "pattern" => self.pattern(schema, node),
            "minLength" | "maxLength" => self.length(schema, key, node),
            "allOf" | "anyOf" | "oneOf" => self.schemas_of_3_1(key, node, in_place),
            "prefixItems" => self.schemas_of_3_1(key, node, false),
            "properties" | "patternProperties" => self.map_of_3_1(key, node, false),
            "dependentSchemas" => self.map_of_3_1(key, node, in_place),
            "default" | "example" => self.instance(schema, key, node),
            "examples" => {
                for value in node.as_array().unwrap_or_default() {
                    self.instance(schema, key, value);
                }
            }
            _ if PLAIN.contains(&key) => self.member_of_3_1(key, node),
            _ if IN_PLACE.contains(&key) => {
                self.key(key);
                self.schema_of_3_1(node, in_place);
            }
            _ if FOR_PARTS.contains(&key) => {
                self.key(key);
                self.schema_of_3_1(node, false);
            }
            _ if FOREIGN.contains(&key) => {
                self.warn(node, format!("OpenAPI 3.1 schemas have no keyword `{key}`; it is not enforced"));
            }
            _ => self.hint(key, node),
        }
    }

    fn member_of_3_1(&mut self, key: &str, node: &Node) {
        self.key(key);
        self.verbatim(node);
    }

    fn schemas_of_3_1(&mut self, key: &str, node: &'d Node, in_place: bool) {
        self.key(key);
        let Some(items) = node.as_array() else { return self.verbatim(node) };
        self.push("[");
        for item in items {
            self.comma();
            self.schema_of_3_1(item, in_place);
        }
        self.push("]");
    }

    fn map_of_3_1(&mut self, key: &str, node: &'d Node, in_place: bool) {
        self.key(key);
        let Some(object) = node.as_object() else { return self.verbatim(node) };
        self.push("{");
        for member in object.members() {
            self.key(&member.key);
            self.schema_of_3_1(&member.node, in_place);
        }
        self.push("}");
    }

    /// Reports a `$schema` or `jsonSchemaDialect` that is not read.
    pub(super) fn dialect(&mut self, node: &Node) {
        let name = node.as_str().unwrap_or_default().trim_end_matches('#');
        if !DIALECTS.contains(&name) {
            let message = format!("schemas of the dialect `{name}` are not read");
            self.error(codes::SCHEMA_DIALECT, node, message);
        }
    }

    fn error(&mut self, code: &'static str, node: &Node, message: String) {
        self.report.push(diagnostic(Severity::Error, code, message, Some(node.place())));
    }
}
