//! Which operation a request means: by host, base path, template, method, and what else tells operations
//! of one path apart. One index serves all policies; it answers as a scan over all templates would.
//!
//! Precedence: the longest base path, then the template by [`PathTemplate`]'s order, then the operation
//! with the most conditions. The path decides first: a more general template never answers for a method
//! that the more specific one lacks.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::path::CanonicalPath;
use crate::percent::decode_form;
use crate::policy::Env;
use crate::request::Request;
use crate::template::{Captures, InvalidTemplate, PathTemplate, TemplateSegment};

/// Names an operation within one index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OperationId(u32);

impl OperationId {
    /// The place of the operation among the entries that built the index.
    pub fn position(self) -> usize {
        self.0 as usize
    }
}

/// What beside path and method an operation demands of a request, as the AWS query protocols do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// Where the name is looked for.
    pub place: ConditionPlace,
    /// The header's name in lower case, or the query parameter's.
    pub name: String,
    /// The value it must have; `None` when it need only be there.
    pub value: Option<String>,
}

/// Where a [`Condition`] looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConditionPlace {
    /// The query.
    Query,
    /// The headers.
    Header,
}

/// One operation, as it goes into the index.
#[derive(Debug, Clone)]
pub struct Entry<'a> {
    /// A key that stays the same from build to build, unique in the index.
    pub key: &'a str,
    /// Hosts the API answers for, in lower case; none means any.
    pub hosts: &'a [String],
    /// Where the API is mounted: empty, or `/v1`.
    pub base_path: &'a str,
    /// The method, in upper case.
    pub method: &'a str,
    /// The path template, relative to the base path.
    pub template: &'a str,
    /// What else the request must carry.
    pub conditions: Vec<Condition>,
}

/// An operation of the index.
#[derive(Debug)]
pub struct Operation {
    /// The stable key.
    pub key: std::rc::Rc<str>,
    /// The template, relative to the base path.
    pub template: PathTemplate,
    conditions: Vec<Condition>,
    base_length: usize,
}

impl Operation {
    /// The path parameters of `path`, still encoded; `None` when the path is not this operation's.
    pub fn capture<'p>(&self, path: &'p CanonicalPath) -> Option<Captures<'p>> {
        self.template.capture(path, self.base_length)
    }
}

/// Why entries make no index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InvalidIndex {
    /// A template that cannot be compiled.
    Template(String, InvalidTemplate),
    /// A base path that is neither empty nor a plain path.
    BasePath(String),
    /// The same key twice.
    RepeatedKey(String),
    /// Two operations that no request could tell apart.
    Conflict(String, String),
}

impl std::fmt::Display for InvalidIndex {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Template(key, cause) => write!(f, "operation '{key}': {cause}"),
            Self::BasePath(text) => write!(f, "'{text}' is not a base path"),
            Self::RepeatedKey(key) => write!(f, "the operation key '{key}' stands twice"),
            Self::Conflict(first, second) => {
                write!(f, "no request can tell the operations '{first}' and '{second}' apart")
            }
        }
    }
}

impl std::error::Error for InvalidIndex {}

/// What the index says of a request.
#[derive(Debug)]
pub enum Lookup<'i> {
    /// This operation.
    Found(OperationId),
    /// No template matches.
    NoPath,
    /// A template matches, but has no such method.
    NoMethod(&'i PathItem),
    /// Path and method match, but none of the conditions.
    NoCondition,
    /// Operations with equal claims: the request means more than one.
    Ambiguous,
}

/// The operations of one path template.
#[derive(Debug, Default)]
pub struct PathItem {
    methods: Vec<(Box<str>, Vec<OperationId>)>,
}

impl PathItem {
    /// The value of `Allow` (RFC 9110, section 10.2.1), with what the gateway adds: HEAD beside GET, and OPTIONS.
    pub fn allow(&self) -> String {
        let declared = |method: &str| self.methods.iter().any(|(found, _)| **found == *method);
        let mut allowed: Vec<&str> = self.methods.iter().map(|(method, _)| &**method).collect();
        if declared("GET") && !declared("HEAD") {
            allowed.push("HEAD");
        }
        if !declared("OPTIONS") {
            allowed.push("OPTIONS");
        }
        allowed.sort_unstable();
        allowed.join(", ")
    }

    /// The operations of a method; HEAD falls back to GET (RFC 9110, section 9.3.2).
    fn of_method(&self, method: &str) -> Option<&[OperationId]> {
        let find = |name: &str| {
            self.methods
                .iter()
                .find(|(found, _)| **found == *name)
                .map(|(_, operations)| operations.as_slice())
        };
        find(method).or_else(|| if method == "HEAD" { find("GET") } else { None })
    }
}

/// All operations of a gateway, findable by request and by key.
#[derive(Debug, Default)]
pub struct OperationIndex {
    operations: Vec<Operation>,
    by_key: HashMap<std::rc::Rc<str>, OperationId>,
    by_host: HashMap<String, Vec<Mount>>,
    any_host: Vec<Mount>,
}

#[derive(Debug)]
struct Mount {
    base: Vec<Box<str>>,
    root: Node,
}

#[derive(Debug, Default)]
struct Node {
    literals: HashMap<Box<str>, Node>,
    patterns: Vec<(TemplateSegment, Node)>,
    parameter: Option<Box<Node>>,
    item: Option<PathItem>,
    item_with_slash: Option<PathItem>,
}

impl OperationIndex {
    /// Builds the index; [`OperationId::position`] counts in the order of `entries`.
    pub fn build<'a>(entries: impl IntoIterator<Item = Entry<'a>>) -> Result<Self, InvalidIndex> {
        let mut index = Self::default();
        for entry in entries {
            index.insert(entry)?;
        }
        Ok(index)
    }

    /// The operation a request means.
    pub fn find(&self, request: &Request) -> Lookup<'_> {
        let mounts = self.by_host.get(request.host());
        let path = request.path();
        let found =
            mounts.and_then(|mounts| mount_of(mounts, path)).or_else(|| mount_of(&self.any_host, path));
        let Some(mount) = found else { return Lookup::NoPath };
        match mount.root.find(path, mount.base.len()) {
            Some(item) => self.choose(item, request),
            None => Lookup::NoPath,
        }
    }

    /// The operation that an earlier policy of the chain found, or else the one this index finds.
    /// `Err` when the earlier policy's operation is unknown here: the two were not built together.
    pub fn locate(&self, request: &Request, env: &dyn Env) -> Result<Lookup<'_>, std::rc::Rc<str>> {
        match env.operation() {
            Some(key) => self.by_key(&key).map(Lookup::Found).ok_or(key),
            None => Ok(self.find(request)),
        }
    }

    /// The operation of a key.
    pub fn by_key(&self, key: &str) -> Option<OperationId> {
        self.by_key.get(key).copied()
    }

    /// The operation of an id of this index.
    pub fn get(&self, id: OperationId) -> Option<&Operation> {
        self.operations.get(id.position())
    }

    fn insert(&mut self, entry: Entry<'_>) -> Result<(), InvalidIndex> {
        let template = PathTemplate::parse(entry.template)
            .map_err(|cause| InvalidIndex::Template(entry.key.to_owned(), cause))?;
        let base = read_base_path(entry.base_path)?;
        let key: std::rc::Rc<str> = entry.key.into();
        let id = OperationId(self.operations.len() as u32);
        if self.by_key.insert(key.clone(), id).is_some() {
            return Err(InvalidIndex::RepeatedKey(entry.key.to_owned()));
        }
        let operation = Operation { key, template, conditions: entry.conditions, base_length: base.len() };
        self.operations.push(operation);
        if entry.hosts.is_empty() {
            place(&mut self.any_host, &base, id, entry.method, &self.operations)?;
        }
        for host in entry.hosts {
            let mounts = self.by_host.entry(host.clone()).or_default();
            place(mounts, &base, id, entry.method, &self.operations)?;
        }
        Ok(())
    }

    fn choose<'i>(&'i self, item: &'i PathItem, request: &Request) -> Lookup<'i> {
        let Some(candidates) = item.of_method(request.method()) else { return Lookup::NoMethod(item) };
        let mut satisfied = candidates.iter().copied().filter(|id| self.satisfies(*id, request));
        let Some(best) = satisfied.next() else { return Lookup::NoCondition };
        let weight = |id| self.get(id).map_or(0, |operation| operation.conditions.len());
        match satisfied.next() {
            Some(second) if weight(second) == weight(best) => Lookup::Ambiguous,
            _ => Lookup::Found(best),
        }
    }

    fn satisfies(&self, id: OperationId, request: &Request) -> bool {
        self.get(id)
            .is_some_and(|operation| operation.conditions.iter().all(|condition| condition.holds(request)))
    }
}

impl Condition {
    fn holds(&self, request: &Request) -> bool {
        match self.place {
            ConditionPlace::Header => match &self.value {
                None => request.headers().first(&self.name).is_some(),
                Some(value) => {
                    let mut values = request.headers().all(&self.name);
                    values.next() == Some(value.as_bytes()) && values.next().is_none()
                }
            },
            ConditionPlace::Query => self.holds_in_query(request),
        }
    }

    fn holds_in_query(&self, request: &Request) -> bool {
        let mut values = request
            .query_pairs()
            .filter(|pair| decode_form(pair.name).is_ok_and(|name| name == self.name.as_str()))
            .map(|pair| decode_form(pair.value.unwrap_or_default()).unwrap_or(Cow::Borrowed("\0")));
        match (&self.value, values.next()) {
            (_, None) => false,
            (None, Some(_)) => true,
            (Some(wanted), Some(found)) => found == wanted.as_str() && values.next().is_none(),
        }
    }
}

impl Node {
    /// The most specific path item that matches, by a walk whose order is the precedence.
    fn find(&self, path: &CanonicalPath, depth: usize) -> Option<&PathItem> {
        let Some(segment) = path.decoded(depth) else {
            let (first, second) = match path.has_trailing_slash() {
                true => (&self.item_with_slash, &self.item),
                false => (&self.item, &self.item_with_slash),
            };
            return first.as_ref().or(second.as_ref());
        };
        if let Some(found) = self.literals.get(&*segment).and_then(|node| node.find(path, depth + 1)) {
            return Some(found);
        }
        for (pattern, node) in &self.patterns {
            if pattern.matches(&segment)
                && let Some(found) = node.find(path, depth + 1)
            {
                return Some(found);
            }
        }
        self.parameter.as_ref().and_then(|node| node.find(path, depth + 1))
    }

    fn descend(&mut self, segment: &TemplateSegment) -> &mut Self {
        match segment {
            TemplateSegment::Literal(text) => self.literals.entry(text.clone()).or_default(),
            TemplateSegment::Parameter(_) => self.parameter.get_or_insert_default(),
            TemplateSegment::Pattern(_) => {
                let at = self.patterns.binary_search_by(|(known, _)| known.precedence(segment));
                let at = at.unwrap_or_else(|free| {
                    self.patterns.insert(free, (segment.clone(), Self::default()));
                    free
                });
                match self.patterns.get_mut(at) {
                    Some((_, node)) => node,
                    // Not reached: `at` was found or made above.
                    None => self.parameter.get_or_insert_default(),
                }
            }
        }
    }
}

fn place(
    mounts: &mut Vec<Mount>,
    base: &[Box<str>],
    id: OperationId,
    method: &str,
    operations: &[Operation],
) -> Result<(), InvalidIndex> {
    let Some(operation) = operations.get(id.position()) else { return Ok(()) };
    let mut node = &mut mount_at(mounts, base).root;
    for segment in &operation.template.segments {
        node = node.descend(segment);
    }
    let item = if operation.template.trailing_slash { &mut node.item_with_slash } else { &mut node.item };
    let methods = &mut item.get_or_insert_default().methods;
    let at = methods.iter().position(|(known, _)| **known == *method).unwrap_or_else(|| {
        methods.push((method.into(), Vec::new()));
        methods.len() - 1
    });
    let Some((_, candidates)) = methods.get_mut(at) else { return Ok(()) };
    for known in candidates.iter().filter_map(|id| operations.get(id.position())) {
        if known.conditions == operation.conditions {
            return Err(InvalidIndex::Conflict(known.key.to_string(), operation.key.to_string()));
        }
    }
    candidates.push(id);
    candidates.sort_by_key(|id| {
        std::cmp::Reverse(operations.get(id.position()).map_or(0, |operation| operation.conditions.len()))
    });
    Ok(())
}

fn mount_at<'m>(mounts: &'m mut Vec<Mount>, base: &[Box<str>]) -> &'m mut Mount {
    let at = mounts.iter().position(|mount| mount.base == base).unwrap_or_else(|| {
        // The longest base path comes first, so that the first that matches is the one.
        let at = mounts.partition_point(|mount| mount.base.len() >= base.len());
        mounts.insert(at, Mount { base: base.to_vec(), root: Node::default() });
        at
    });
    #[expect(clippy::indexing_slicing, reason = "found or inserted one line above")]
    &mut mounts[at]
}

fn mount_of<'m>(mounts: &'m [Mount], path: &CanonicalPath) -> Option<&'m Mount> {
    mounts.iter().find(|mount| {
        mount
            .base
            .iter()
            .enumerate()
            .all(|(at, segment)| path.decoded(at).is_some_and(|found| *found == **segment))
    })
}

fn read_base_path(text: &str) -> Result<Vec<Box<str>>, InvalidIndex> {
    let invalid = || InvalidIndex::BasePath(text.to_owned());
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let template = PathTemplate::parse(text).map_err(|_| invalid())?;
    let literal = |segment: TemplateSegment| match segment {
        TemplateSegment::Literal(text) => Ok(text),
        _ => Err(invalid()),
    };
    template.segments.into_iter().map(literal).collect()
}
