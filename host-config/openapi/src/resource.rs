//! Schema resources (JSON Schema 2020-12, section 4.3.5): a file as a whole, and each schema in it with an `$id`. A
//! resource has a base for its references, and names of its own (`$anchor`, `$dynamicAnchor`).

use std::collections::BTreeMap;

use crate::source::{Place, saturating};
use crate::tree::{Node, Value};
use crate::uri;

/// Keywords that hold one schema.
pub(crate) const SINGLE: &[&str] = &[
    "items",
    "additionalProperties",
    "not",
    "if",
    "then",
    "else",
    "contains",
    "propertyNames",
    "unevaluatedItems",
    "unevaluatedProperties",
    "contentSchema",
];
/// Keywords that hold a list of schemas.
pub(crate) const LISTS: &[&str] = &["allOf", "anyOf", "oneOf", "prefixItems"];
/// Keywords that hold schemas by name.
pub(crate) const MAPS: &[&str] = &["properties", "patternProperties", "dependentSchemas", "$defs"];
/// Fields of OpenAPI that hold objects by name.
const OBJECTS: &[&str] = &[
    "paths",
    "pathItems",
    "webhooks",
    "responses",
    "parameters",
    "headers",
    "requestBodies",
    "callbacks",
    "content",
    "encoding",
];
/// Fields that hold values, whatever they look like.
const VALUES: &[&str] = &["example", "examples", "default", "value", "enum", "const"];
/// Keywords by which a schema is known where nothing says that one stands there.
const MARKS: &[&str] = &["$schema", "$id", "$anchor", "$dynamicAnchor"];

/// A file, or a schema with an `$id`.
#[derive(Debug)]
pub(crate) struct Resource {
    /// What it is known by; a file without an `$id`, by its name.
    pub(crate) uri: String,
    /// The name that relative references to files are read from; none within a schema of another origin.
    pub(crate) path: Option<String>,
    pub(crate) steps: Vec<u32>,
    pub(crate) anchors: BTreeMap<Box<str>, Anchor>,
    pub(crate) has_id: bool,
    place: Place,
    parent: usize,
}

/// A schema that has a name within its resource.
#[derive(Debug)]
pub(crate) struct Anchor {
    pub(crate) steps: Vec<u32>,
    pub(crate) is_dynamic: bool,
    /// Whether two schemas have the name.
    pub(crate) is_ambiguous: bool,
    place: Place,
}

/// What stands at a node.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Schema,
    /// By name, or in a list.
    Schemas,
    /// OpenAPI's, or one of which nothing is known.
    Object,
    Objects,
}

/// The resources of a file in the order of their places, the file first. Without `with_ids`, which OpenAPI 3.0 does not
/// have, it is the only one.
pub(crate) fn resources(root: &Node, name: &str, text: &str, with_ids: bool) -> Vec<Resource> {
    let whole = Place { file: root.place().file, start: 0, end: u32::MAX };
    let file = Resource {
        uri: name.to_owned(),
        path: Some(name.to_owned()),
        steps: Vec::new(),
        anchors: BTreeMap::new(),
        has_id: false,
        place: whole,
        parent: 0,
    };
    let mut walk = Walk { found: vec![file], steps: Vec::new(), with_ids };
    if text.contains("nchor") || (with_ids && text.contains("$id")) {
        walk.visit(root, Kind::Object, 0);
    }
    walk.found
}

/// The innermost of a file's resources that holds a place.
pub(crate) fn holding(resources: &[Resource], place: Place) -> usize {
    let before = resources.partition_point(|one| one.place.start <= place.start);
    let mut at = before.saturating_sub(1);
    while at != 0 && resources.get(at).is_some_and(|one| one.place.end < place.end) {
        at = resources.get(at).map_or(0, |one| one.parent);
    }
    at
}

struct Walk {
    found: Vec<Resource>,
    steps: Vec<u32>,
    with_ids: bool,
}

impl Walk {
    fn visit(&mut self, node: &Node, kind: Kind, resource: usize) {
        let inner = match kind {
            Kind::Schema | Kind::Schemas => Kind::Schema,
            Kind::Object | Kind::Objects => Kind::Object,
        };
        match node.value() {
            Value::Array(items) => {
                let children = items.iter().map(|item| (item, Some(inner)));
                self.children(children, resource);
            }
            Value::Object(object) if kind == inner => {
                let is_marked = || MARKS.iter().any(|mark| node.get(mark).and_then(Node::as_str).is_some());
                let is_schema = kind == Kind::Schema || is_marked();
                let resource = if is_schema { self.schema(node, resource) } else { resource };
                let members = object.members().iter();
                self.children(members.map(|one| (&one.node, kind_of(&one.key, is_schema))), resource);
            }
            Value::Object(object) => {
                let children = object.members().iter().map(|member| (&member.node, Some(inner)));
                self.children(children, resource);
            }
            _ => {}
        }
    }

    fn children<'n>(&mut self, children: impl Iterator<Item = (&'n Node, Option<Kind>)>, resource: usize) {
        for (at, (child, kind)) in children.enumerate() {
            let Some(kind) = kind else { continue };
            self.steps.push(saturating(at));
            self.visit(child, kind, resource);
            self.steps.pop();
        }
    }

    /// Notes what a schema is called, and gives the resource it is in.
    fn schema(&mut self, node: &Node, outer: usize) -> usize {
        let resource = self.identified(node, outer);
        for (keyword, is_dynamic) in [("$anchor", false), ("$dynamicAnchor", true)] {
            let Some(name) = node.get(keyword).and_then(Node::as_str) else { continue };
            let Some(owner) = self.found.get_mut(resource) else { continue };
            let steps = &self.steps;
            let anchor =
                || Anchor { steps: steps.clone(), is_dynamic, is_ambiguous: false, place: node.place() };
            let anchor = owner.anchors.entry(name.into()).or_insert_with(anchor);
            // What stands under an alias has the place of its YAML anchor.
            anchor.is_ambiguous |= anchor.place != node.place();
            anchor.is_dynamic |= is_dynamic;
        }
        resource
    }

    fn identified(&mut self, node: &Node, outer: usize) -> usize {
        let id = node.get("$id").filter(|_| self.with_ids).and_then(Node::as_str);
        // One with a fragment is refused where the schema is read.
        let id = id.map(|id| id.strip_suffix('#').unwrap_or(id)).filter(|id| !id.contains('#'));
        let (Some(id), Some(parent)) = (id, self.found.get(outer)) else { return outer };
        let uri = uri::resolved(&parent.uri, id);
        if self.steps.is_empty() {
            if let Some(file) = self.found.first_mut() {
                file.uri = uri;
                file.has_id = true;
            }
            return 0;
        }
        if let Some(known) = self.found.iter().skip(1).position(|one| one.place == node.place()) {
            return known + 1;
        }
        let is_relative = !uri::has_scheme(id) && !id.starts_with(['/', '\\']) && !id.contains('?');
        let path = parent.path.as_deref().filter(|_| is_relative).map(|path| uri::resolved(path, id));
        let (steps, anchors) = (self.steps.clone(), BTreeMap::new());
        let resource =
            Resource { uri, path, steps, anchors, has_id: true, place: node.place(), parent: outer };
        self.found.push(resource);
        self.found.len() - 1
    }
}

/// What stands under a key; nothing that could be a schema where there is none.
fn kind_of(key: &str, in_schema: bool) -> Option<Kind> {
    match key {
        _ if SINGLE.contains(&key) => Some(Kind::Schema),
        _ if LISTS.contains(&key) || MAPS.contains(&key) || key == "definitions" => Some(Kind::Schemas),
        _ if in_schema || VALUES.contains(&key) => None,
        "schema" => Some(Kind::Schema),
        "schemas" => Some(Kind::Schemas),
        _ if OBJECTS.contains(&key) => Some(Kind::Objects),
        _ => Some(Kind::Object),
    }
}
