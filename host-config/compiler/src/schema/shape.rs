//! What JSON types a schema takes, references and combinations followed: how text is to be read. Knows nothing
//! of what a value must satisfy beyond its type.

use std::collections::{BTreeMap, HashMap};

use portcullis_config::schema::{ShapeConfig, TypeConfig, XmlConfig};
use portcullis_openapi::model::{ApiModel, Version};
use portcullis_openapi::{Documents, Node};

use super::scope::Scope;

/// How deep a shape goes.
const MAX_DEPTH: usize = 24;
/// How many schemas one shape may look at, and how often it may come back to one within itself. More than once is a
/// service to those who nest: it must not make the shape large.
const BOUNDS: &[(usize, usize)] = &[(256, 8), (256, 3), (4096, 1)];

/// A set of JSON types. A number that may have a fraction is `NUMBER | INTEGER`.
type Types = u8;
const NULL: Types = 1;
const BOOLEAN: Types = 2;
const INTEGER: Types = 4;
const NUMBER: Types = 8;
const ARRAY: Types = 16;
const OBJECT: Types = 32;
const STRING: Types = 64;

/// The order in which text is read as a type. A string takes every text, so it comes after all but null, which
/// has no agreed text.
const ORDER: &[(Types, TypeConfig)] = &[
    (BOOLEAN, TypeConfig::Boolean),
    (INTEGER, TypeConfig::Integer),
    (NUMBER, TypeConfig::Number),
    (ARRAY, TypeConfig::Array),
    (OBJECT, TypeConfig::Object),
    (STRING, TypeConfig::String),
    (NULL, TypeConfig::Null),
];

/// What a schema takes.
#[derive(Debug, Clone, Default)]
pub(super) struct Shape {
    /// `None`: it does not say.
    types: Option<Types>,
    /// What keywords hint at where no type is given.
    hint: Types,
    prefix: Vec<Shape>,
    items: Option<Box<Shape>>,
    properties: BTreeMap<String, Shape>,
    /// What `additionalProperties` or `patternProperties` take.
    rest: Option<Box<Shape>>,
    /// Whether the schema goes on here and the shape does not.
    cut: bool,
    xml: Option<XmlConfig>,
}

/// A shape, and whether the schema was too large to be seen whole.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) shape: Shape,
    pub(super) is_partial: bool,
}

impl Seen {
    /// Looks at a schema.
    pub(super) fn of(model: &ApiModel<'_>, schema: &Node) -> Self {
        let documents = model.documents;
        let mut seen = Self::default();
        for (left, turns) in BOUNDS {
            let scope = Scope::default().entered(documents, schema);
            let mut look = Look {
                documents,
                version: model.version,
                left: *left,
                turns: *turns,
                stack: Vec::new(),
                known: HashMap::new(),
                scope,
            };
            let shape = look.schema(schema, MAX_DEPTH);
            seen = Self { shape, is_partial: look.left == 0 };
            if !seen.is_partial {
                break;
            }
        }
        seen
    }
}

impl Shape {
    /// The wire form; the XML Objects only where they mean something.
    pub(super) fn config(&self, with_xml: bool) -> ShapeConfig {
        let takes = self.takes();
        let properties =
            self.properties.iter().map(|(name, shape)| (name.clone(), shape.config(with_xml))).collect();
        ShapeConfig {
            types: ORDER.iter().filter(|(bit, _)| takes & bit != 0).map(|(_, name)| *name).collect(),
            prefix: self.prefix.iter().map(|item| item.config(with_xml)).collect(),
            items: self.items.as_ref().map(|items| Box::new(items.config(with_xml))),
            properties,
            rest: self.rest.as_ref().map(|rest| Box::new(rest.config(with_xml))).filter(|rest| says(rest)),
            cut: self.cut && with_xml,
            xml: self.xml.clone().filter(|_| with_xml),
        }
    }

    /// The types, a plain `number` without the `integer` that it includes.
    fn takes(&self) -> Types {
        let types = self.types.unwrap_or(if self.hint == 0 { 0 } else { self.hint | STRING });
        if types & NUMBER != 0 { types & !INTEGER } else { types }
    }

    pub(super) fn says_nothing(&self) -> bool {
        self.takes() == 0
    }

    pub(super) fn takes_array(&self) -> bool {
        self.takes() & ARRAY != 0
    }

    pub(super) fn takes_object(&self) -> bool {
        self.takes() & OBJECT != 0
    }

    /// Whether one piece of text can be a value of it.
    pub(super) fn takes_text(&self) -> bool {
        self.says_nothing() || self.takes() & (BOOLEAN | INTEGER | NUMBER | STRING) != 0
    }

    /// Whether a string can be a value of it.
    pub(super) fn takes_string(&self) -> bool {
        self.says_nothing() || self.takes() & STRING != 0
    }

    pub(super) fn items(&self) -> impl Iterator<Item = &Self> {
        self.prefix.iter().chain(self.items.as_deref())
    }

    pub(super) fn properties(&self) -> &BTreeMap<String, Self> {
        &self.properties
    }

    /// What properties take that are not named.
    pub(super) fn rest(&self) -> Option<&Self> {
        self.rest.as_deref()
    }

    fn of_what_is_cut() -> Self {
        Self { cut: true, ..Self::default() }
    }

    /// Whether the schema goes on somewhere and the shape does not.
    pub(super) fn is_cut(&self) -> bool {
        self.cut || self.parts().any(Self::is_cut)
    }

    /// How many shapes it is made of.
    fn size(&self) -> usize {
        self.parts().map(Self::size).sum::<usize>() + 1
    }

    fn parts(&self) -> impl Iterator<Item = &Self> {
        self.items().chain(self.properties.values()).chain(self.rest())
    }

    pub(super) fn xml_name(&self) -> Option<String> {
        self.xml.as_ref()?.name.clone()
    }

    /// Values that satisfy both.
    fn and(self, other: Self) -> Self {
        let types = match (self.types, other.types) {
            (Some(left), Some(right)) => Some(left & right),
            (left, right) => left.or(right),
        };
        self.merged(other, types, Self::and)
    }

    /// Values that satisfy either.
    fn or(self, other: Self) -> Self {
        let types = self.types.zip(other.types).map(|(left, right)| left | right);
        self.merged(other, types, Self::or)
    }

    /// Values of which the other speaks where nothing else does.
    fn or_else(self, other: Self) -> Self {
        let types = self.types.or(other.types);
        self.merged(other, types, Self::or_else)
    }

    /// What holds under a condition: where it does not, what may be a number or a truth value may be text.
    fn conditional(mut self) -> Self {
        let or_text = |types: Types| if types & (ARRAY | OBJECT) == 0 { types | STRING } else { types };
        let within = |shape: Option<Box<Self>>| shape.map(|shape| Box::new(shape.conditional()));
        self.types = self.types.map(or_text);
        self.items = within(self.items);
        self.rest = within(self.rest);
        self.prefix = self.prefix.into_iter().map(Self::conditional).collect();
        let properties = self.properties.into_iter();
        self.properties = properties.map(|(name, shape)| (name, shape.conditional())).collect();
        self
    }

    fn merged(mut self, other: Self, types: Option<Types>, merge: fn(Self, Self) -> Self) -> Self {
        for (name, shape) in other.properties {
            let merged = match self.properties.remove(&name) {
                Some(own) => merge(own, shape),
                None => shape,
            };
            self.properties.insert(name, merged);
        }
        let both = |left: Option<Box<Self>>, right: Option<Box<Self>>| match (left, right) {
            (Some(left), Some(right)) => Some(Box::new(merge(*left, *right))),
            (left, right) => left.or(right),
        };
        Self {
            types,
            hint: self.hint | other.hint,
            prefix: prefixes(self.prefix, other.prefix, merge),
            items: both(self.items, other.items),
            properties: self.properties,
            rest: both(self.rest, other.rest),
            cut: self.cut || other.cut,
            xml: self.xml.or(other.xml),
        }
    }
}

/// Whether a shape says more than that everything is text.
fn says(shape: &ShapeConfig) -> bool {
    *shape != ShapeConfig::default()
}

/// Item by item; where one has more of them than the other, they stay as they are.
fn prefixes(one: Vec<Shape>, other: Vec<Shape>, merge: fn(Shape, Shape) -> Shape) -> Vec<Shape> {
    let mut other = other.into_iter();
    let mut merged: Vec<Shape> = one
        .into_iter()
        .map(|shape| match other.next() {
            Some(next) => merge(shape, next),
            None => shape,
        })
        .collect();
    merged.extend(other);
    merged
}

struct Look<'d> {
    documents: &'d Documents,
    version: Version,
    left: usize,
    turns: usize,
    /// Targets of the references being followed: a schema within itself is cut off after so many turns.
    stack: Vec<*const Node>,
    /// Shapes of targets that are whole, with their sizes: those are the same wherever they stand.
    known: HashMap<*const Node, (Shape, usize)>,
    scope: Scope<'d>,
}

impl<'d> Look<'d> {
    fn schema(&mut self, schema: &Node, depth: usize) -> Shape {
        self.left = self.left.saturating_sub(1);
        if schema.as_object().is_none() {
            return Shape::default();
        }
        if depth == 0 || self.left == 0 {
            return Shape::of_what_is_cut();
        }
        let outer = self.scope.clone();
        if schema.get("$id").is_some() {
            self.scope = outer.entered(self.documents, schema);
        }
        let shape = self.with_references(schema, depth);
        self.scope = outer;
        shape
    }

    fn with_references(&mut self, schema: &Node, depth: usize) -> Shape {
        let documents = self.documents;
        let target = |text| documents.resolve(text, schema.place()).ok();
        let plain = schema.reference().map(target);
        if self.version.is_draft4() {
            return match plain {
                Some(target) => self.target(target, depth),
                None => self.keywords(schema, depth),
            };
        }
        let dynamic = schema.get("$dynamicRef").and_then(Node::as_str);
        let dynamic = dynamic.map(|text| self.scope.target(documents, schema, text));
        let mut shape = self.keywords(schema, depth);
        for target in plain.into_iter().chain(dynamic) {
            shape = shape.and(self.target(target, depth));
        }
        shape
    }

    /// The shape of what a reference leads to, if it leads anywhere.
    fn target(&mut self, target: Option<&'d Node>, depth: usize) -> Shape {
        let Some(target) = target else { return Shape::default() };
        let address = std::ptr::from_ref(target);
        if self.stack.iter().filter(|one| **one == address).count() == self.turns {
            return Shape::of_what_is_cut();
        }
        if let Some((shape, size)) = self.known.get(&address) {
            self.left = self.left.saturating_sub(*size);
            return if self.left == 0 { Shape::of_what_is_cut() } else { shape.clone() };
        }
        self.stack.push(address);
        let outer = self.scope.clone();
        self.scope = outer.entered(self.documents, target);
        let shape = self.schema(target, depth);
        self.scope = outer;
        self.stack.pop();
        if !self.documents.is_dynamic() && !shape.is_cut() {
            self.known.insert(address, (shape.clone(), shape.size()));
        }
        shape
    }

    fn keywords(&mut self, schema: &Node, depth: usize) -> Shape {
        let mut shape = Shape {
            types: types(schema, self.version),
            hint: hint(schema),
            prefix: self.prefix(schema, depth - 1),
            items: self.items(schema, depth - 1),
            properties: BTreeMap::new(),
            rest: self.rest(schema, depth - 1),
            cut: false,
            xml: schema.get("xml").map(xml),
        };
        let properties = schema.get("properties").and_then(Node::as_object);
        for member in properties.map_or(&[][..], |object| object.members()) {
            shape.properties.insert(member.key.to_string(), self.schema(&member.node, depth - 1));
        }
        for branch in branches(schema, "allOf") {
            let other = self.schema(branch, depth);
            shape = shape.and(other);
        }
        for key in ["anyOf", "oneOf"] {
            let any = branches(schema, key).iter().map(|branch| self.schema(branch, depth)).reduce(Shape::or);
            shape = match any {
                Some(any) => shape.and(any),
                None => shape,
            };
        }
        if self.version.is_draft4() {
            return shape;
        }
        let dependent = schema.get("dependentSchemas").and_then(Node::as_object);
        let dependent =
            dependent.map_or(&[][..], |object| object.members()).iter().map(|member| &member.node);
        for branch in ["then", "else"].iter().filter_map(|key| schema.get(key)).chain(dependent) {
            let other = self.schema(branch, depth);
            shape = shape.or_else(other.conditional());
        }
        shape
    }

    fn items(&mut self, schema: &Node, depth: usize) -> Option<Box<Shape>> {
        let unevaluated = schema.get("unevaluatedItems").filter(|_| !self.version.is_draft4());
        let items = schema.get("items").or(unevaluated).filter(|node| node.as_bool() != Some(false));
        items.map(|items| Box::new(self.schema(items, depth)))
    }

    fn prefix(&mut self, schema: &Node, depth: usize) -> Vec<Shape> {
        let items = if self.version.is_draft4() { &[] } else { branches(schema, "prefixItems") };
        items.iter().map(|item| self.schema(item, depth)).collect()
    }

    fn rest(&mut self, schema: &Node, depth: usize) -> Option<Box<Shape>> {
        let patterns = schema.get("patternProperties").filter(|_| !self.version.is_draft4());
        let patterns = patterns.and_then(Node::as_object);
        let patterns = patterns.map_or(&[][..], |object| object.members()).iter().map(|member| &member.node);
        let unevaluated = schema.get("unevaluatedProperties").filter(|_| !self.version.is_draft4());
        let named = schema.get("additionalProperties").or(unevaluated);
        let schemas = named.into_iter().chain(patterns);
        // `false` takes nothing: it says nothing of what the others take.
        let schemas = schemas.filter(|node| node.as_bool() != Some(false));
        schemas.map(|node| self.schema(node, depth)).reduce(Shape::or).map(Box::new)
    }
}

fn branches<'n>(schema: &'n Node, key: &str) -> &'n [Node] {
    schema.get(key).and_then(Node::as_array).unwrap_or_default()
}

/// From `type`, or else from the values that are listed.
fn types(schema: &Node, version: Version) -> Option<Types> {
    let Some(node) = schema.get("type") else {
        let constant = schema.get("const").filter(|_| !version.is_draft4()).map(of_value);
        let listed = branches(schema, "enum").iter().map(of_value).reduce(|left, right| left | right);
        return constant.or(listed);
    };
    let names = node.as_array().unwrap_or(std::slice::from_ref(node));
    let types = names.iter().filter_map(Node::as_str).map(of_name).fold(0, |left, right| left | right);
    let is_nullable =
        version.is_draft4() && schema.get(version.nullable()).and_then(Node::as_bool) == Some(true);
    Some(if is_nullable { types | NULL } else { types })
}

fn of_name(name: &str) -> Types {
    match name {
        "null" => NULL,
        "boolean" => BOOLEAN,
        "integer" => INTEGER,
        "number" => NUMBER | INTEGER,
        "array" => ARRAY,
        "object" => OBJECT,
        "string" => STRING,
        _ => 0,
    }
}

fn of_value(value: &Node) -> Types {
    match value.kind() {
        "null" => NULL,
        "a boolean" => BOOLEAN,
        "a number" => NUMBER | INTEGER,
        "an array" => ARRAY,
        "an object" => OBJECT,
        _ => STRING,
    }
}

fn hint(schema: &Node) -> Types {
    let has = |keys: &[&str]| keys.iter().any(|key| schema.get(key).is_some());
    let mut types = 0;
    if has(&["properties", "minProperties", "maxProperties"]) {
        types |= OBJECT;
    }
    if has(&["items", "prefixItems", "minItems", "maxItems"]) {
        types |= ARRAY;
    }
    match schema.get("format").and_then(Node::as_str) {
        Some(
            "int8" | "int16" | "int32" | "int64" | "uint8" | "uint16" | "uint32" | "uint64" | "double-int",
        ) => types |= INTEGER,
        Some("float" | "double") => types |= NUMBER | INTEGER,
        _ if has(&["minimum", "maximum", "multipleOf"]) => types |= NUMBER | INTEGER,
        _ => {}
    }
    types
}

fn xml(node: &Node) -> XmlConfig {
    let text = |key: &str| node.get(key).and_then(Node::as_str).map(str::to_owned);
    let flag = |key: &str| node.get(key).and_then(Node::as_bool).unwrap_or(false);
    XmlConfig {
        name: text("name"),
        namespace: text("namespace"),
        attribute: flag("attribute"),
        wrapped: flag("wrapped"),
    }
}

#[cfg(test)]
#[path = "shape_tests.rs"]
mod tests;
