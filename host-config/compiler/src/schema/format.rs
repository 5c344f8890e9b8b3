//! Which formats are asserted.

use std::collections::BTreeSet;

use portcullis_openapi::{Node, Report, Severity};

use super::diagnostic;
use crate::codes;

/// Formats that the schema plugin asserts, and those that say nothing that could be asserted of text.
const KNOWN: &[&str] = &[
    "binary",
    "byte",
    "date",
    "date-time",
    "double",
    "email",
    "float",
    "hostname",
    "int32",
    "int64",
    "ipv4",
    "ipv6",
    "password",
    "time",
    "uri",
    "uuid",
];

/// The unknown formats the author was told of: each name once, since some documents have thousands.
#[derive(Debug, Default)]
pub(super) struct Formats {
    told: BTreeSet<String>,
}

impl Formats {
    /// Tells of a format that is not asserted.
    pub(super) fn note(&mut self, node: &Node, report: &mut Report) {
        let Some(name) = node.as_str().filter(|name| !KNOWN.contains(name)) else { return };
        if self.told.insert(name.to_owned()) {
            let message = format!("the format `{name}` is not known: values are not checked against it");
            report.push(diagnostic(Severity::Warning, codes::FORMAT_UNKNOWN, message, Some(node.place())));
        }
    }
}
