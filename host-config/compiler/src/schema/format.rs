//! Which formats are asserted.

use std::collections::BTreeSet;

use portcullis_openapi::model::Version;
use portcullis_openapi::{Node, Report, Severity};

use super::diagnostic;
use crate::codes;

/// Formats that the schema plugin asserts in every dialect, and those that say nothing that could be asserted of text.
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
    "regex",
    "time",
    "uri",
    "uuid",
];

/// Formats that came with later drafts than that of OpenAPI 3.0.
const KNOWN_IN_3_1: &[&str] = &[
    "duration",
    "iri",
    "iri-reference",
    "json-pointer",
    "relative-json-pointer",
    "uri-reference",
    "uri-template",
];

/// The unknown formats the author was told of: each name once, since some documents have thousands.
#[derive(Debug, Default)]
pub(super) struct Formats {
    told: BTreeSet<String>,
}

impl Formats {
    /// Tells of a format that is not asserted.
    pub(super) fn note(&mut self, node: &Node, version: Version, report: &mut Report) {
        let is_known =
            |name: &str| KNOWN.contains(&name) || (version != Version::V3_0 && KNOWN_IN_3_1.contains(&name));
        let Some(name) = node.as_str().filter(|name| !is_known(name)) else { return };
        if self.told.insert(name.to_owned()) {
            let message = format!("the format `{name}` is not known: values are not checked against it");
            report.push(diagnostic(Severity::Warning, codes::FORMAT_UNKNOWN, message, Some(node.place())));
        }
    }
}
