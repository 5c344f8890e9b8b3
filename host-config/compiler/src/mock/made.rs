//! A value that a schema accepts, as far as it can be made without search: types, enumerations, bounds of
//! numbers, lengths and formats are respected; patterns, `not` and `uniqueItems` are not looked at.

use std::cell::Cell;

use portcullis_openapi::Node;
use portcullis_openapi::model::ApiModel;

use super::sample::Sample;

mod number;
mod text;

/// How deep values nest; optional parts further down are left out.
const MAX_DEPTH: usize = 12;
/// How many schemas are looked at for one value.
const MAX_SCHEMAS: usize = 512;
/// Most items that `minItems` can ask for.
const MAX_ITEMS: usize = 16;

/// Makes values of one definition's schemas.
pub(super) struct Maker<'d> {
    model: &'d ApiModel<'d>,
    left: Cell<usize>,
}

/// What a schema, its references and combinations say together; of `anyOf` and `oneOf` the first.
#[derive(Default)]
struct Facts<'d> {
    types: Vec<&'d str>,
    given: Option<&'d Node>,
    properties: Vec<(&'d str, &'d Node)>,
    required: Vec<&'d str>,
    /// The schemas that say something, first come first.
    parts: Vec<&'d Node>,
}

impl<'d> Maker<'d> {
    pub(super) fn new(model: &'d ApiModel<'d>) -> Self {
        Self { model, left: Cell::new(MAX_SCHEMAS) }
    }

    /// A value; none when the schema has none that is finite and small.
    pub(super) fn make(&self, schema: &'d Node) -> Option<Sample> {
        self.left.set(MAX_SCHEMAS);
        self.value(schema, &mut Vec::new())
    }

    /// Where the schema's references lead.
    pub(super) fn followed(&self, schema: &'d Node) -> Option<&'d Node> {
        self.model.documents.follow(schema).ok()
    }

    fn value(&self, schema: &'d Node, within: &mut Vec<*const Node>) -> Option<Sample> {
        let left = self.left.get().checked_sub(1)?;
        self.left.set(left);
        let address = std::ptr::from_ref(self.followed(schema)?);
        if within.contains(&address) || within.len() >= MAX_DEPTH {
            return None;
        }
        within.push(address);
        let mut facts = Facts::default();
        self.gather(schema, &mut facts, MAX_DEPTH);
        let value = match facts.given {
            Some(given) => Some(Sample::of_node(given)),
            None => self.typed(&facts, within),
        };
        within.pop();
        value
    }

    fn gather(&self, schema: &'d Node, facts: &mut Facts<'d>, depth: usize) {
        let Some(target) = self.followed(schema).filter(|_| depth > 0) else { return };
        // In 3.1 what stands beside a reference counts, and comes first.
        let parts = [Some(schema).filter(|_| !self.model.version.is_draft4()), Some(target)];
        let is_same = std::ptr::eq(schema, target);
        for part in parts.into_iter().flatten().skip(usize::from(is_same && !self.model.version.is_draft4()))
        {
            facts.add(part);
            let all = list(part, "allOf").iter();
            let first = ["oneOf", "anyOf"].into_iter().filter_map(|key| list(part, key).first());
            for branch in all.chain(first) {
                self.gather(branch, facts, depth - 1);
            }
        }
    }

    fn typed(&self, facts: &Facts<'d>, within: &mut Vec<*const Node>) -> Option<Sample> {
        match facts.kind() {
            "object" => self.object(facts, within),
            "array" => self.array(facts, within),
            "integer" => Some(number::integer(facts)),
            "number" => Some(number::number(facts)),
            "boolean" => Some(Sample::Literal("true".to_owned())),
            "null" => Some(Sample::Literal("null".to_owned())),
            _ => Some(text::text(facts)),
        }
    }

    /// All properties but those that only requests have. Without one that is required there is no value.
    fn object(&self, facts: &Facts<'d>, within: &mut Vec<*const Node>) -> Option<Sample> {
        let mut members = Vec::new();
        for (name, schema) in &facts.properties {
            let is_required = facts.required.contains(name);
            if self.is_write_only(schema) {
                continue;
            }
            match self.value(schema, within) {
                Some(value) => members.push(((*name).to_owned(), value)),
                None if is_required => return None,
                None => {}
            }
        }
        Some(Sample::Object(members))
    }

    fn array(&self, facts: &Facts<'d>, within: &mut Vec<*const Node>) -> Option<Sample> {
        let least = facts.count("minItems").unwrap_or(0);
        let most = facts.count("maxItems").unwrap_or(MAX_ITEMS);
        let item = facts.find("items").and_then(|items| self.value(items, within));
        match item {
            Some(item) if least <= MAX_ITEMS => Some(Sample::List(vec![item; least.max(1).min(most)])),
            None if least == 0 => Some(Sample::List(Vec::new())),
            _ => None,
        }
    }

    fn is_write_only(&self, schema: &'d Node) -> bool {
        let says = |node: &Node| node.get("writeOnly").and_then(Node::as_bool) == Some(true);
        says(schema) || self.followed(schema).is_some_and(says)
    }
}

impl<'d> Facts<'d> {
    fn add(&mut self, schema: &'d Node) {
        self.parts.push(schema);
        if let Some(names) = schema.get("type") {
            let names = names.as_array().unwrap_or(std::slice::from_ref(names));
            self.types.extend(names.iter().filter_map(Node::as_str));
        }
        let members = schema.get("properties").and_then(Node::as_object);
        for member in members.map_or(&[][..], |object| object.members()) {
            if !self.properties.iter().any(|(name, _)| *name == &*member.key) {
                self.properties.push((&member.key, &member.node));
            }
        }
        self.required.extend(list(schema, "required").iter().filter_map(Node::as_str));
        self.given = self.given.or_else(|| given(schema));
    }

    /// The first type that is not null; without one, what the keywords are about.
    fn kind(&self) -> &'d str {
        let has = |keys: &[&str]| keys.iter().any(|key| self.find(key).is_some());
        match self.types.iter().find(|name| **name != "null").or(self.types.first()) {
            Some(name) => name,
            None if !self.properties.is_empty() || has(&["additionalProperties", "minProperties"]) => {
                "object"
            }
            None if has(&["items", "minItems"]) => "array",
            None if has(&["minimum", "maximum", "multipleOf"]) => "number",
            None if has(&["format", "pattern", "minLength", "maxLength"]) => "string",
            None => "object",
        }
    }

    fn find(&self, key: &str) -> Option<&'d Node> {
        self.parts.iter().find_map(|part| part.get(key))
    }

    fn count(&self, key: &str) -> Option<usize> {
        self.find(key)?.as_number()?.parse().ok()
    }
}

/// A value that the schema itself has; null only when there is no other.
fn given(schema: &Node) -> Option<&Node> {
    let listed = |key| list(schema, key).iter().find(|value| value.kind() != "null");
    schema
        .get("example")
        .or_else(|| list(schema, "examples").first())
        .or_else(|| schema.get("default"))
        .filter(|value| value.kind() != "null")
        .or_else(|| schema.get("const"))
        .or_else(|| listed("enum"))
        .or_else(|| list(schema, "enum").first())
}

fn list<'n>(schema: &'n Node, key: &str) -> &'n [Node] {
    schema.get(key).and_then(Node::as_array).unwrap_or_default()
}
