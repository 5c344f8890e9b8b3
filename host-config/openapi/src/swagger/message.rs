//! Bodies: a body parameter or the fields of a form become a request body, and what an operation consumes and
//! produces becomes the media types of requests and responses.

use super::building::{Building, list, text, truth};
use super::operation::place_of;
use super::{Conversion, members};
use crate::codes;
use crate::diagnostic::Severity;
use crate::tree::Node;

const JSON: &str = "application/json";
const URL_ENCODED: &str = "application/x-www-form-urlencoded";
const MULTIPART: &str = "multipart/form-data";

impl<'d> Conversion<'d> {
    /// The body that these parameters describe.
    pub(super) fn request_body(&mut self, operation: &'d Node, parameters: &[&'d Node]) -> Option<Node> {
        let (bodies, fields): (Vec<&Node>, Vec<&Node>) =
            parameters.iter().partition(|parameter| place_of(parameter) == "body");
        let first = *parameters.first()?;
        if bodies.len() > 1 || !bodies.is_empty() && !fields.is_empty() {
            let message = "an operation has one body: either one `body` parameter, or fields of a form";
            let at = bodies.get(1).or(bodies.first()).unwrap_or(&first);
            self.problem(Severity::Error, codes::PARAMETER_DUPLICATE, at, message.to_owned());
        }
        Some(match bodies.first() {
            Some(body) => self.body(operation, body),
            None => self.form(operation, first, &fields),
        })
    }

    fn body(&mut self, operation: &'d Node, parameter: &'d Node) -> Node {
        let mut made = Building::at(parameter);
        for member in members(Some(parameter)) {
            match &*member.key {
                "name" | "in" | "schema" => {}
                _ if self.is_later(member, &["content"]) => {}
                _ => made.keep(member, self.copy(&member.node)),
            }
        }
        if parameter.get("schema").is_none() {
            let message = "a `body` parameter needs the field `schema`".to_owned();
            self.problem(Severity::Warning, codes::MISSING_FIELD, parameter, message);
        }
        let schema = parameter.get("schema");
        let content = self.content(operation, "consumes", parameter, |conversion, _| {
            let mut media_type = Building::at(parameter);
            if let Some(schema) = schema {
                media_type.put("schema", schema, conversion.schema(schema));
            }
            media_type.node()
        });
        made.put("content", parameter, content);
        made.node()
    }

    /// Fields of a form, as the properties of an object.
    fn form(&mut self, operation: &'d Node, first: &'d Node, fields: &[&'d Node]) -> Node {
        let mut properties = Building::at(first);
        let mut encoding = Building::at(first);
        let mut required = Vec::new();
        for field in fields {
            let Some(name) = field.get("name").and_then(Node::as_str) else {
                let message = "a parameter needs the field `name`".to_owned();
                self.problem(Severity::Error, codes::MISSING_FIELD, field, message);
                continue;
            };
            properties.put(name, field, self.field_schema(field));
            if field.get("required").and_then(Node::as_bool) == Some(true) {
                required.push(text(field, name));
            }
            if let Some(written) = written_as(field) {
                encoding.put(name, field, written);
            }
        }
        let mut schema = Building::at(first);
        schema.put("type", first, text(first, "object"));
        schema.put("properties", first, properties.node());
        let is_required = !required.is_empty();
        if is_required {
            schema.put("required", first, list(first, required));
        }
        let (schema, encoding) = (schema.node(), encoding.node());
        let content = self.form_types(operation, first, fields, &schema, &encoding);
        let mut made = Building::at(first);
        made.put("required", first, truth(first, is_required));
        made.put("content", first, content);
        made.node()
    }

    /// The media types in which the form may come.
    fn form_types(
        &mut self,
        operation: &'d Node,
        first: &'d Node,
        fields: &[&'d Node],
        schema: &Node,
        encoding: &Node,
    ) -> Node {
        let mut content = Building::at(first);
        let mut names = Vec::new();
        for node in self.media_types(operation, "consumes") {
            match node.as_str() {
                Some(name) if [URL_ENCODED, MULTIPART].contains(&essence(name).as_str()) => {
                    names.push((node, name));
                }
                name => {
                    let message =
                        format!("`{}` cannot carry the fields of a form", name.unwrap_or(node.kind()));
                    self.problem(Severity::Warning, codes::SWAGGER_MEDIA_TYPE, node, message);
                }
            }
        }
        if names.is_empty() {
            let has_file = |field: &&Node| field.get("type").and_then(Node::as_str) == Some("file");
            let name = if fields.iter().any(has_file) { MULTIPART } else { URL_ENCODED };
            self.assumed(first, "consumes", name);
            names.push((first, name));
        }
        for (at, name) in names {
            let mut media_type = Building::at(at);
            media_type.put("schema", first, self.copy(schema));
            if !members(Some(encoding)).is_empty() {
                media_type.put("encoding", first, self.copy(encoding));
            }
            content.put(name, at, media_type.node());
        }
        content.node()
    }

    /// A response.
    pub(super) fn response(&mut self, operation: &'d Node, node: &'d Node) -> Node {
        let target = self.followed(node);
        let Some(object) = target.as_object() else { return target.clone() };
        if target.reference().is_some() {
            return self.copy(target);
        }
        let mut made = Building::at(target);
        for member in object.members() {
            match &*member.key {
                "schema" | "examples" => {}
                _ if self.is_later(member, &["content", "links"]) => {}
                "headers" => {
                    let mut headers = Building::at(&member.node);
                    for header in members(Some(&member.node)) {
                        headers.keep(header, self.header(&header.node));
                    }
                    made.keep(member, headers.node());
                }
                _ => made.keep(member, self.copy(&member.node)),
            }
        }
        let (schema, examples) = (target.get("schema"), target.get("examples"));
        if let Some(at) = schema.or(examples) {
            let content = self.content(operation, "produces", at, |conversion, name| {
                let mut media_type = Building::at(at);
                if let Some(schema) = schema {
                    media_type.put("schema", schema, conversion.schema(schema));
                }
                if let Some(example) = examples.and_then(|examples| examples.get(name)) {
                    media_type.put("example", example, conversion.copy(example));
                }
                media_type.node()
            });
            made.put("content", at, content);
        }
        made.node()
    }

    /// A media type for each that the operation takes or gives.
    fn content(
        &mut self,
        operation: &'d Node,
        key: &str,
        at: &'d Node,
        media_type: impl Fn(&mut Self, &str) -> Node,
    ) -> Node {
        let mut content = Building::at(at);
        let names = self.media_types(operation, key);
        for node in names {
            match node.as_str() {
                Some(name) => content.put(name, node, media_type(self, name)),
                None => {
                    let message = format!("a media type must be a string, not {}", node.kind());
                    self.problem(Severity::Error, codes::WRONG_TYPE, node, message);
                }
            }
        }
        if names.is_empty() {
            if key == "consumes" {
                self.assumed(at, key, JSON);
            }
            content.put(JSON, at, media_type(self, JSON));
        }
        content.node()
    }

    fn assumed(&mut self, at: &Node, key: &str, name: &str) {
        let message = format!("no media type is given by `{key}`: `{name}` is meant");
        self.problem(Severity::Warning, codes::SWAGGER_MEDIA_TYPE, at, message);
    }

    /// A schema as it is, but for the one type that OpenAPI 3 does not have.
    fn schema(&mut self, node: &'d Node) -> Node {
        if node.get("type").and_then(Node::as_str) == Some("file") {
            return self.schema_of(node, |member| matches!(&*member.key, "type"));
        }
        self.copy(node)
    }
}

/// How a list in a form is written, as an encoding.
fn written_as(field: &Node) -> Option<Node> {
    if field.get("type").and_then(Node::as_str) != Some("array") {
        return None;
    }
    let format = field.get("collectionFormat");
    let at = format.unwrap_or(field);
    let mut encoding = Building::at(at);
    encoding.put("collectionFormat", at, text(at, format.and_then(Node::as_str).unwrap_or("csv")));
    Some(encoding.node())
}

/// A media type without its parameters.
fn essence(name: &str) -> String {
    name.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}
