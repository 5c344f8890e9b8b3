//! Which operation a request means: by host, base path, template, method, and what else tells operations
//! of one path apart. One index serves all policies; it answers as a scan over all templates would.
//!
//! The rule, each step narrowing the last: the APIs that name the request's host, or where none of their base
//! paths begins the path, those that name no host; the longest base path; the template by [`PathTemplate`]'s
//! order; the template that ends in a slash as the path does, before the one that does not; the method, GET
//! standing in for HEAD; of the operations whose conditions hold, the one with the most. No step goes back:
//! a more general template never answers for a method that the more specific one lacks.

use std::rc::Rc;

use crate::condition::Condition;
use crate::fnv::FnvMap;
use crate::lookup::{Lookup, PathItem};
use crate::path::CanonicalPath;
use crate::policy::Env;
use crate::request::Request;
use crate::segment::TemplateSegment;
use crate::template::{Captures, InvalidTemplate, PathTemplate};
use crate::tree::Mounts;

/// Names an operation within one index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OperationId(u32);

impl OperationId {
    /// The place of the operation among the entries that built the index.
    pub fn position(self) -> usize {
        self.0 as usize
    }
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
    pub key: Rc<str>,
    /// The template, relative to the base path.
    pub template: PathTemplate,
    conditions: Vec<Condition>,
    base_length: usize,
}

impl Operation {
    /// The path parameters of `path`, still encoded; `None` when the path is not this operation's.
    pub fn capture<'p>(&'p self, path: &'p CanonicalPath) -> Option<Captures<'p>> {
        self.template.capture(path, self.base_length)
    }
}

/// Why entries make no index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InvalidIndex {
    /// Nothing to find.
    NoApi,
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
            Self::NoApi => f.write_str("there is no API"),
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

/// All operations of a gateway, findable by request and by key.
#[derive(Debug, Default)]
pub struct OperationIndex {
    operations: Vec<Operation>,
    by_key: FnvMap<Rc<str>, OperationId>,
    by_host: FnvMap<String, Mounts>,
    any_host: Mounts,
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
        let path = request.path();
        let named = self.by_host.get(request.host()).and_then(|mounts| mounts.longest(path));
        let mount = named.or_else(|| self.any_host.longest(path));
        match mount.and_then(|mount| mount.find(path)) {
            Some(item) => self.choose(item, request),
            None => Lookup::NoPath,
        }
    }

    /// The operation that an earlier policy of the chain found, or else the one this index finds.
    /// `Err` when the earlier policy's operation is unknown here: the two were not built together.
    pub fn locate(&self, request: &Request, env: &dyn Env) -> Result<Lookup<'_>, Rc<str>> {
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

    /// The operations, in the order of [`OperationId::position`].
    pub fn operations(&self) -> impl ExactSizeIterator<Item = &Operation> {
        self.operations.iter()
    }

    fn choose<'i>(&'i self, item: &'i PathItem, request: &Request) -> Lookup<'i> {
        let Some(candidates) = item.of_method(request.method()) else { return Lookup::NoMethod(item) };
        let holds = |id: &OperationId| self.conditions(*id).iter().all(|condition| condition.holds(request));
        let mut satisfied = candidates.iter().copied().filter(holds);
        let Some(best) = satisfied.next() else { return Lookup::NoCondition };
        match satisfied.next() {
            Some(second) if self.conditions(second).len() == self.conditions(best).len() => Lookup::Ambiguous,
            _ => Lookup::Found(best),
        }
    }

    fn conditions(&self, id: OperationId) -> &[Condition] {
        self.get(id).map(|operation| operation.conditions.as_slice()).unwrap_or_default()
    }

    fn insert(&mut self, entry: Entry<'_>) -> Result<(), InvalidIndex> {
        let template = PathTemplate::parse(entry.template)
            .map_err(|cause| InvalidIndex::Template(entry.key.to_owned(), cause))?;
        let base = read_base_path(entry.base_path)?;
        let key: Rc<str> = entry.key.into();
        let id = OperationId(self.operations.len() as u32);
        if self.by_key.insert(key.clone(), id).is_some() {
            return Err(InvalidIndex::RepeatedKey(entry.key.to_owned()));
        }
        let mut conditions = entry.conditions;
        conditions.sort_unstable();
        conditions.dedup();
        self.operations.push(Operation { key, template, conditions, base_length: base.len() });
        if entry.hosts.is_empty() {
            place(&mut self.any_host, &base, id, entry.method, &self.operations)?;
        }
        for (at, host) in entry.hosts.iter().enumerate() {
            if entry.hosts.iter().take(at).all(|earlier| earlier != host) {
                let mounts = self.by_host.entry(host.clone()).or_default();
                place(mounts, &base, id, entry.method, &self.operations)?;
            }
        }
        Ok(())
    }
}

/// Puts an operation into the tree of one host.
fn place(
    mounts: &mut Mounts,
    base: &[Box<str>],
    id: OperationId,
    method: &str,
    operations: &[Operation],
) -> Result<(), InvalidIndex> {
    let Some(operation) = operations.get(id.position()) else { return Ok(()) };
    let item = mounts.item(base, &operation.template);
    let same_method = item.declared(method).unwrap_or_default();
    for known in same_method.iter().filter_map(|id| operations.get(id.position())) {
        if known.conditions == operation.conditions {
            return Err(InvalidIndex::Conflict(known.key.to_string(), operation.key.to_string()));
        }
    }
    let weight =
        |id: OperationId| operations.get(id.position()).map_or(0, |operation| operation.conditions.len());
    item.add(method, id, weight);
    Ok(())
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

#[cfg(test)]
mod tests;

#[cfg(test)]
#[cfg(not(target_arch = "wasm32"))]
mod oracle;
