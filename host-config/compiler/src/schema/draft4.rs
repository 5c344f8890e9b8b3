//! Schemas of OpenAPI 3.0 as JSON Schema draft 4: `nullable` becomes a type, what is `readOnly` is not required of
//! requests nor what is `writeOnly` of responses, annotations go. `discriminator` goes too: it must not change what is valid
//! (OpenAPI 3.0.4, 4.7.25).

use portcullis_openapi::Node;
use portcullis_openapi::model::Version;
use portcullis_openapi::tree::Member;

use super::text::Writer;

/// How many `$ref`s and `allOf`s are looked through for a `readOnly` or `writeOnly`.
const MAX_ABSENT_DEPTH: usize = 8;

/// Keywords that assert something of the value and hold no schema.
const PLAIN: &[&str] = &[
    "multipleOf",
    "maximum",
    "exclusiveMaximum",
    "minimum",
    "exclusiveMinimum",
    "maxItems",
    "minItems",
    "uniqueItems",
    "maxProperties",
    "minProperties",
];
/// Keywords that never made a value valid or invalid.
const ANNOTATIONS: &[&str] = &[
    "title",
    "description",
    "default",
    "discriminator",
    "readOnly",
    "writeOnly",
    "xml",
    "externalDocs",
    "example",
    "examples",
    "deprecated",
    "$schema",
    "$comment",
    "id",
    "$id",
];

/// Where a schema stands: what judges the same value as it does.
#[derive(Clone, Copy)]
struct Scope<'s, 'd> {
    /// The schema whose `allOf` this one is in.
    all_of: Option<&'s Outer<'s, 'd>>,
    /// Whether it judges the same value as the whole.
    in_place: bool,
}

struct Outer<'s, 'd> {
    schema: &'d Node,
    all_of: Option<&'s Outer<'s, 'd>>,
}

impl<'d> Writer<'_, 'd> {
    /// Writes one schema of 3.0.
    pub(super) fn draft4(&mut self, schema: &'d Node) {
        self.schema_of_3_0(schema, Scope { all_of: None, in_place: true });
    }

    fn schema_of_3_0(&mut self, schema: &'d Node, scope: Scope<'_, 'd>) {
        let Some(object) = schema.as_object() else { return self.verbatim(schema) };
        self.push("{");
        if let Some(reference) = schema.reference() {
            self.reference(schema, reference, scope.in_place);
            self.warn_of_siblings(object.members());
        } else {
            for member in object.members() {
                self.keyword_of_3_0(schema, member, scope);
            }
        }
        self.push("}");
    }

    fn keyword_of_3_0(&mut self, schema: &'d Node, member: &'d Member, scope: Scope<'_, 'd>) {
        let (key, node) = (&*member.key, &member.node);
        match key {
            "type" => self.nullable_type(schema, node),
            "required" => self.required(schema, node, scope),
            "enum" => match node.as_array() {
                Some(values) => self.distinct(key, values),
                None => self.plain(key, node),
            },
            "format" => self.format(node),
            "pattern" => self.pattern(schema, node),
            "minLength" | "maxLength" => self.length(schema, key, node),
            key if key == self.nullable() => {
                self.truth(key, node);
                if node.as_bool() == Some(true) && schema.get("type").is_none() {
                    let message = format!("`{key}` has no effect without `type` beside it");
                    self.warn(node, message);
                }
            }
            "allOf" => {
                let outer = Outer { schema, all_of: scope.all_of };
                self.schemas_of_3_0(key, node, Scope { all_of: Some(&outer), in_place: scope.in_place });
            }
            "anyOf" | "oneOf" => {
                self.schemas_of_3_0(key, node, Scope { all_of: None, in_place: scope.in_place });
            }
            "not" => self.subschema_of_3_0(key, node, scope.in_place),
            "items" | "additionalProperties" => self.subschema_of_3_0(key, node, false),
            "properties" => self.properties_of_3_0(key, node),
            "default" | "example" => self.instance(schema, key, node),
            _ if PLAIN.contains(&key) => self.plain(key, node),
            _ if ANNOTATIONS.contains(&key) || key.starts_with("x-") => self.hint(key, node),
            _ => self.warn(node, format!("OpenAPI 3.0 schemas have no keyword `{key}`; it is not enforced")),
        }
    }

    fn plain(&mut self, key: &str, node: &Node) {
        self.key(key);
        self.verbatim(node);
    }

    fn subschema_of_3_0(&mut self, key: &str, node: &'d Node, in_place: bool) {
        self.key(key);
        self.schema_of_3_0(node, Scope { all_of: None, in_place });
    }

    fn schemas_of_3_0(&mut self, key: &str, node: &'d Node, scope: Scope<'_, 'd>) {
        self.key(key);
        let Some(items) = node.as_array() else { return self.verbatim(node) };
        self.push("[");
        for item in items {
            self.comma();
            self.schema_of_3_0(item, scope);
        }
        self.push("]");
    }

    fn properties_of_3_0(&mut self, key: &str, node: &'d Node) {
        self.key(key);
        let Some(object) = node.as_object() else { return self.verbatim(node) };
        self.push("{");
        for member in object.members() {
            self.key(&member.key);
            self.schema_of_3_0(&member.node, Scope { all_of: None, in_place: false });
        }
        self.push("}");
    }

    /// `type`, with `null` where `nullable` says so. It says so only beside a `type`, and an `enum` without null
    /// stays without it (OpenAPI 3.0.4, 4.7.24.2).
    fn nullable_type(&mut self, schema: &Node, node: &Node) {
        self.key("type");
        let is_nullable = schema.get(self.nullable()).and_then(Node::as_bool) == Some(true);
        if node.as_array().is_some() && self.writing.model.version == Version::V3_0 {
            self.warn(node, "OpenAPI 3.0 schemas have one `type`; the list is enforced".to_owned());
        }
        let Some(name) = node.as_str().filter(|_| is_nullable) else { return self.verbatim(node) };
        self.push("[");
        self.string(name);
        self.push(",\"null\"]");
        let values = schema.get("enum").and_then(Node::as_array);
        let lists_null = |values: &[Node]| values.iter().any(|value| value.kind() == "null");
        if values.is_some_and(|values| !lists_null(values)) {
            let message = format!("`{}` has no effect: `enum` does not list null", self.nullable());
            self.warn(schema.get(self.nullable()).unwrap_or(schema), message);
        }
    }

    fn nullable(&self) -> &'static str {
        self.writing.model.version.nullable()
    }

    /// `required` without the properties that only messages of the other direction have.
    fn required(&mut self, schema: &'d Node, node: &'d Node, scope: Scope<'_, 'd>) {
        let Some(names) = node.as_array() else { return self.plain("required", node) };
        let here = Outer { schema, all_of: scope.all_of };
        let is_wanted = |name: &&Node| !name.as_str().is_some_and(|name| self.is_absent(name, &here));
        let wanted: Vec<Node> = names.iter().filter(is_wanted).cloned().collect();
        if !wanted.is_empty() {
            self.distinct("required", &wanted);
        }
    }

    fn is_absent(&self, property: &str, scope: &Outer<'_, 'd>) -> bool {
        self.declares_absent(scope.schema, property, MAX_ABSENT_DEPTH)
            || scope.all_of.is_some_and(|outer| self.is_absent(property, outer))
    }

    /// Whether the schema, or one of its `allOf`, has the property as one that such messages lack.
    fn declares_absent(&self, schema: &'d Node, property: &str, depth: usize) -> bool {
        let Some(schema) = self.writing.model.documents.follow(schema).ok().filter(|_| depth > 0) else {
            return false;
        };
        let declared = schema.get("properties").and_then(|properties| properties.get(property));
        declared.is_some_and(|declared| self.says_absent(declared, depth))
            || branches(schema).iter().any(|branch| self.declares_absent(branch, property, depth - 1))
    }

    fn says_absent(&self, schema: &'d Node, depth: usize) -> bool {
        let Some(schema) = self.writing.model.documents.follow(schema).ok().filter(|_| depth > 0) else {
            return false;
        };
        schema.get(self.writing.direction.absent()).and_then(Node::as_bool) == Some(true)
            || branches(schema).iter().any(|branch| self.says_absent(branch, depth - 1))
    }

    fn warn_of_siblings(&mut self, members: &[Member]) {
        for Member { key, node, .. } in members {
            let is_annotation = ANNOTATIONS.contains(&&**key);
            if &**key != "$ref" && !is_annotation && !key.starts_with("x-") {
                self.warn(node, format!("`{key}` next to `$ref` has no effect in OpenAPI 3.0"));
            }
        }
    }
}

fn branches(schema: &Node) -> &[Node] {
    schema.get("allOf").and_then(Node::as_array).unwrap_or_default()
}
