//! What an index says of a request, and how a request that means no operation is refused.

use crate::decision::Rejection;
use crate::operations::OperationId;

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

impl Lookup<'_> {
    /// The operation, or the refusal of a request that means none: 404 `operation-unknown`,
    /// 405 `method-not-allowed` with `Allow`, 400 `operation-ambiguous`.
    pub fn into_found(self) -> Result<OperationId, Rejection> {
        match self {
            Self::Found(id) => Ok(id),
            Self::NoPath => {
                Err(Rejection::new(404, "operation-unknown", "No operation of this API has this path."))
            }
            Self::NoCondition => Err(Rejection::new(
                404,
                "operation-unknown",
                "No operation of this path has these query parameters and headers.",
            )),
            Self::NoMethod(item) => {
                let detail = "The path does not have this method; see the Allow header.";
                Err(Rejection::new(405, "method-not-allowed", detail).with_header("allow", item.allow()))
            }
            Self::Ambiguous => Err(Rejection::new(
                400,
                "operation-ambiguous",
                "The query parameters and headers fit more than one operation of this path.",
            )),
        }
    }
}

/// The operations of one path template.
#[derive(Debug, Default)]
pub struct PathItem {
    methods: Vec<(Box<str>, Vec<OperationId>)>,
}

impl PathItem {
    /// The value of `Allow` (RFC 9110, section 10.2.1), with what the gateway adds: HEAD beside GET, and OPTIONS.
    pub fn allow(&self) -> String {
        let mut allowed: Vec<&str> = self.methods.iter().map(|(method, _)| &**method).collect();
        if self.declared("GET").is_some() {
            allowed.push("HEAD");
        }
        allowed.push("OPTIONS");
        allowed.sort_unstable();
        allowed.dedup();
        allowed.join(", ")
    }

    /// The operations of a method; HEAD falls back to GET (RFC 9110, section 9.3.2).
    pub(crate) fn of_method(&self, method: &str) -> Option<&[OperationId]> {
        self.declared(method).or_else(|| if method == "HEAD" { self.declared("GET") } else { None })
    }

    /// Adds an operation behind those of its method whose `weight` is the same or more.
    pub(crate) fn add(&mut self, method: &str, id: OperationId, weight: impl Fn(OperationId) -> usize) {
        match self.methods.iter_mut().find(|(known, _)| **known == *method) {
            Some((_, operations)) => {
                let at = operations.partition_point(|known| weight(*known) >= weight(id));
                operations.insert(at, id);
            }
            None => self.methods.push((method.into(), vec![id])),
        }
    }

    /// The operations declared under exactly this method.
    pub(crate) fn declared(&self, method: &str) -> Option<&[OperationId]> {
        let found = self.methods.iter().find(|(known, _)| **known == *method);
        found.map(|(_, operations)| operations.as_slice())
    }
}
