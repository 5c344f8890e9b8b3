//! A schema's JSON becomes nodes. What is not as its dialect says is refused, and so is a keyword that would
//! assert something but that nothing here enforces.

use std::collections::HashMap;

use portcullis_config::schema::DialectConfig;
use portcullis_core::decode;

use super::keyword::{self, Condition, Contains, Items, Keyword, Node, NodeId, Others};
use super::pattern::Pattern;
use super::plan;
use super::{Refused, read, recursion};
use crate::format::Format;
use crate::value::{Object as Members, Value};

/// Keywords that mean something to JSON Schema which no node has.
const UNKNOWN: &[&str] = &["$recursiveRef", "$anchor", "$dynamicAnchor", "$id", "id"];

/// The nodes of a schema and the number of the first.
pub(super) fn nodes(root: &Value<'_>, dialect: DialectConfig) -> Result<Vec<Node>, Refused> {
    let mut builder =
        Builder { root, dialect, nodes: Vec::new(), known: HashMap::new(), waiting: Vec::new() };
    builder.node(String::new(), root)?;
    while let Some((pointer, target, id)) = builder.waiting.pop() {
        builder.fill(id, pointer, target)?;
    }
    let mut nodes = builder.nodes;
    recursion::mark(&mut nodes);
    plan::make(&mut nodes);
    Ok(nodes)
}

struct Builder<'s> {
    root: &'s Value<'s>,
    dialect: DialectConfig,
    nodes: Vec<Node>,
    /// The node at a pointer.
    known: HashMap<String, NodeId>,
    /// What references point at is built afterwards, so that a long chain of them needs no deep stack.
    waiting: Vec<(String, &'s Value<'s>, NodeId)>,
}

/// One schema object that is being read.
pub(super) struct Object<'p, 's> {
    pub(super) pointer: &'p str,
    pub(super) members: &'s Members<'s>,
    pub(super) dialect: DialectConfig,
}

impl<'s> Builder<'s> {
    fn node(&mut self, pointer: String, schema: &'s Value<'s>) -> Result<NodeId, Refused> {
        if let Some(known) = self.known.get(&pointer) {
            return Ok(*known);
        }
        let id = self.reserve(pointer.clone());
        self.fill(id, pointer, schema)?;
        Ok(id)
    }

    fn reserve(&mut self, pointer: String) -> NodeId {
        let id = self.nodes.len();
        self.nodes.push(Node::default());
        self.known.insert(pointer, id);
        id
    }

    fn fill(&mut self, id: NodeId, pointer: String, schema: &'s Value<'s>) -> Result<(), Refused> {
        let keywords = match schema {
            Value::Bool(true) => Vec::new(),
            Value::Bool(false) => vec![Keyword::Never],
            Value::Object(members) => self.keywords(&pointer, members)?,
            _ => return Err(Refused::new(&pointer, "a schema is an object, true or false")),
        };
        if let Some(node) = self.nodes.get_mut(id) {
            node.keywords = keywords;
        }
        Ok(())
    }

    fn keywords(&mut self, pointer: &str, members: &'s Members<'s>) -> Result<Vec<Keyword>, Refused> {
        let object = Object { pointer, members, dialect: self.dialect };
        let mut names: Vec<&str> = members.iter().map(|(name, _)| name).collect();
        if self.dialect == DialectConfig::Draft4 && members.contains("$ref") {
            names = vec!["$ref"];
        }
        let mut keywords = Vec::new();
        for name in names {
            if UNKNOWN.contains(&name) {
                return Err(object.refused(name, "is not supported"));
            }
            if let Some(keyword) = self.keyword(&object, name)? {
                keywords.push(keyword);
            }
        }
        // What is evaluated must be known before what is not.
        keywords.sort_by_key(|keyword| {
            matches!(keyword, Keyword::UnevaluatedItems(_) | Keyword::UnevaluatedProperties(_))
        });
        Ok(keywords)
    }

    fn keyword(&mut self, object: &Object<'_, 's>, name: &str) -> Result<Option<Keyword>, Refused> {
        let is_latest = self.dialect == DialectConfig::Draft202012;
        let found = match name {
            "$ref" => Keyword::Ref(self.reference(object, name)?),
            // To a place, not to an anchor: then it is the same.
            "$dynamicRef" if is_latest => Keyword::Ref(self.reference(object, name)?),
            "allOf" => Keyword::AllOf(self.list(object, name)?),
            "anyOf" => Keyword::AnyOf(self.list(object, name)?),
            "oneOf" => Keyword::OneOf(self.list(object, name)?),
            "not" => Keyword::Not(self.child(object, name)?),
            "if" if is_latest => Keyword::If(Condition {
                test: self.child(object, name)?,
                then: self.optional(object, "then")?,
                otherwise: self.optional(object, "else")?,
            }),
            "contains" if is_latest => Keyword::Contains(Contains {
                schema: self.child(object, name)?,
                least: object.optional_count("minContains")?.unwrap_or(1),
                most: object.optional_count("maxContains")?,
            }),
            "propertyNames" if is_latest => Keyword::PropertyNames(self.child(object, name)?),
            "unevaluatedItems" if is_latest => Keyword::UnevaluatedItems(self.child(object, name)?),
            "unevaluatedProperties" if is_latest => Keyword::UnevaluatedProperties(self.child(object, name)?),
            "dependentSchemas" if is_latest => Keyword::DependentSchemas(self.map(object, name)?),
            "dependencies" => return self.dependencies(object).map(Some),
            "items" | "prefixItems" | "additionalItems" => return self.items(object, name),
            "properties" | "patternProperties" | "additionalProperties" => return self.members(object, name),
            "format" => {
                let format = object.text(name)?;
                return Ok(Format::named(format, self.dialect).map(Keyword::Format));
            }
            _ => return read::plain(object, name),
        };
        Ok(Some(found))
    }

    fn reference(&mut self, object: &Object<'_, 's>, name: &str) -> Result<NodeId, Refused> {
        let target = object.text(name)?;
        let missing = || object.refused(name, format!("refers to '{target}', which is not in the document"));
        let pointer =
            target.strip_prefix('#').and_then(|fragment| decode(fragment).ok()).ok_or_else(missing)?;
        if let Some(known) = self.known.get(&*pointer) {
            return Ok(*known);
        }
        let schema = self.root.pointer(&pointer).ok_or_else(missing)?;
        let id = self.reserve(pointer.clone().into_owned());
        self.waiting.push((pointer.into_owned(), schema, id));
        Ok(id)
    }

    fn child(&mut self, object: &Object<'_, 's>, name: &str) -> Result<NodeId, Refused> {
        self.node(object.place(name), object.value(name)?)
    }

    fn optional(&mut self, object: &Object<'_, 's>, name: &str) -> Result<Option<NodeId>, Refused> {
        object.members.contains(name).then(|| self.child(object, name)).transpose()
    }

    fn list(&mut self, object: &Object<'_, 's>, name: &str) -> Result<Vec<NodeId>, Refused> {
        let Value::Array(schemas) = object.value(name)? else {
            return Err(object.refused(name, "is not a list of schemas"));
        };
        let place = object.place(name);
        schemas.iter().enumerate().map(|(at, schema)| self.node(format!("{place}/{at}"), schema)).collect()
    }

    /// The schemas of a map, sorted by name.
    fn map(&mut self, object: &Object<'_, 's>, name: &str) -> Result<Vec<(String, NodeId)>, Refused> {
        let Value::Object(schemas) = object.value(name)? else {
            return Err(object.refused(name, "is not a map of schemas"));
        };
        let place = object.place(name);
        let node = |(key, schema): (&'s str, &'s Value<'s>)| {
            let id = self.node(format!("{place}/{}", escaped(key)), schema)?;
            Ok((key.to_owned(), id))
        };
        schemas.iter().map(node).collect()
    }

    /// Judged once, where the first of the three keywords stands.
    fn members(&mut self, object: &Object<'_, 's>, name: &str) -> Result<Option<Keyword>, Refused> {
        let all = ["additionalProperties", "patternProperties", "properties"];
        let present = |name: &&&str| object.members.contains(name);
        if all.iter().find(present).is_some_and(|first| *first != name) {
            return Ok(None);
        }
        let named = if present(&&"properties") { self.map(object, "properties")? } else { Vec::new() };
        let patterns =
            if present(&&"patternProperties") { self.map(object, "patternProperties")? } else { Vec::new() };
        let pattern = |(text, id): (String, NodeId)| match Pattern::compile(&text) {
            Some(pattern) => Ok((pattern, id)),
            None => Err(object.refused("patternProperties", format!("'{text}' is not a pattern"))),
        };
        let patterns = patterns.into_iter().map(pattern).collect::<Result<_, _>>()?;
        let others = match object.members.get("additionalProperties") {
            None => Others::Free,
            Some(Value::Bool(false)) => Others::Refused,
            Some(_) => Others::Judged(self.child(object, "additionalProperties")?),
        };
        Ok(Some(Keyword::Members(keyword::Members { named, patterns, others })))
    }

    /// Judged once, as `prefixItems` and `items` of 2020-12 are.
    fn items(&mut self, object: &Object<'_, 's>, name: &str) -> Result<Option<Keyword>, Refused> {
        let is_latest = self.dialect == DialectConfig::Draft202012;
        let is_tuple = object.members.get("items").is_some_and(|items| items.as_array().is_some());
        let (prefix, rest) = match (is_latest, is_tuple) {
            (true, _) => ("prefixItems", "items"),
            (false, true) => ("items", "additionalItems"),
            (false, false) => ("", "items"),
        };
        let has_prefix = object.members.contains(prefix);
        if [prefix, rest].into_iter().filter(|one| object.members.contains(one)).min() != Some(name) {
            return Ok(None);
        }
        let prefix = if has_prefix { self.list(object, prefix)? } else { Vec::new() };
        Ok(Some(Keyword::Items(Items { prefix, rest: self.optional(object, rest)? })))
    }

    /// Draft 4's `dependencies`: names or a schema.
    fn dependencies(&mut self, object: &Object<'_, 's>) -> Result<Keyword, Refused> {
        let Value::Object(map) = object.value("dependencies")? else {
            return Err(object.refused("dependencies", "is not a map"));
        };
        if map.iter().all(|(_, one)| one.as_array().is_some()) {
            return Ok(Keyword::DependentRequired(read::names_by_name(object, "dependencies")?));
        }
        if map.iter().any(|(_, one)| one.as_array().is_some()) {
            return Err(object.refused("dependencies", "mixes names and schemas, which is not supported"));
        }
        Ok(Keyword::DependentSchemas(self.map(object, "dependencies")?))
    }
}

/// A name as a step of a JSON pointer (RFC 6901).
pub(super) fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}
