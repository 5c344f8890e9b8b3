//! Which formats are asserted.

use std::collections::BTreeSet;

use portcullis_openapi::model::Version;
use portcullis_openapi::{Node, Report, Severity};
use portcullis_schema::is_asserted;

use super::{diagnostic, dialect};
use crate::codes;

/// Formats that say nothing that could be asserted of a value.
const SILENT: &[&str] = &["binary", "commonmark", "html", "password", "unixtime"];
/// Formats of OpenAPI's registry that are not asserted: they need tables of Unicode, or what they take is not said clearly.
const REGISTERED: &[&str] = &[
    "idn-hostname",
    "decimal",
    "decimal128",
    "sf-binary",
    "sf-boolean",
    "sf-decimal",
    "sf-integer",
    "sf-string",
    "sf-token",
];

/// The unknown formats the author was told of: each name once, since some documents have thousands.
#[derive(Debug, Default)]
pub(super) struct Formats {
    told: BTreeSet<String>,
}

impl Formats {
    /// Tells of a format that is not asserted.
    pub(super) fn note(&mut self, node: &Node, version: Version, report: &mut Report) {
        let is_known = |name: &str| SILENT.contains(&name) || is_asserted(name, dialect(version));
        let Some(name) = node.as_str().filter(|name| !is_known(name)) else { return };
        if self.told.insert(name.to_owned()) {
            let what = if REGISTERED.contains(&name) { "not asserted" } else { "not known" };
            let message = format!("the format `{name}` is {what}: values are not checked against it");
            report.push(diagnostic(Severity::Warning, codes::FORMAT_UNKNOWN, message, Some(node.place())));
        }
    }
}
