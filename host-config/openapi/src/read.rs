//! From documents to the model. Reads what an operation can reach and no more: a defect in a component that nothing
//! uses is nobody's problem.

mod encoding;
mod extension;
mod fields;
mod message;
mod parameter;
mod path;
mod schema;
mod scheme;
mod security;
mod server;

use std::collections::HashSet;

use indexmap::IndexMap;

use crate::codes;
use crate::diagnostic::{Diagnostic, Report, Severity};
use crate::documents::Documents;
use crate::model::{ApiModel, ForeignExtension, Version};
use crate::source::Place;
use crate::tree::Node;

/// The one extension that is read.
const EXTENSION: &str = "x-portcullis";

/// How many parameters, bodies, responses, headers and the like a definition may have when each `$ref` counts as
/// what it leads to; Microsoft Graph, the largest known, has an eighth.
const MAX_OBJECTS: usize = 2_000_000;

const ROOT_FIELDS: &[&str] = &[
    "openapi",
    "info",
    "servers",
    "paths",
    "components",
    "security",
    "tags",
    "externalDocs",
    "jsonSchemaDialect",
    "webhooks",
];

/// What is known while a model is read.
struct Reading<'d, 'r> {
    documents: &'d Documents,
    version: Version,
    report: &'r mut Report,
    /// The gravest a problem can be just now: a warning in what no operation uses.
    gravest: Severity,
    /// How many more objects may be read.
    budget: usize,
    is_spent: bool,
    /// Schemas whose references are checked already, by address.
    checked: HashSet<*const Node>,
    /// Where our extension is read.
    extensions: HashSet<Place>,
    foreign_extensions: IndexMap<&'d str, ForeignExtension>,
}

pub(crate) fn read<'d>(documents: &'d Documents, report: &mut Report) -> Option<ApiModel<'d>> {
    read_within(MAX_OBJECTS, documents, report)
}

fn read_within<'d>(budget: usize, documents: &'d Documents, report: &mut Report) -> Option<ApiModel<'d>> {
    let root = documents.root()?;
    let mut reading = Reading {
        documents,
        version: Version::V3_0,
        report,
        gravest: Severity::Error,
        budget,
        is_spent: false,
        checked: HashSet::new(),
        extensions: HashSet::new(),
        foreign_extensions: IndexMap::new(),
    };
    reading.version = reading.version_of(root)?;
    Some(reading.model(root))
}

impl<'d> Reading<'d, '_> {
    fn version_of(&mut self, root: &'d Node) -> Option<Version> {
        if let Some(swagger) = root.get("swagger") {
            if crate::swagger::is_swagger(root) {
                return Some(Version::V2_0);
            }
            let message = "the field `swagger` names another version than 2.0".to_owned();
            self.error(codes::OPENAPI_VERSION, swagger.place(), message);
            return None;
        }
        let Some(node) = root.get("openapi") else {
            self.error(
                codes::OPENAPI_VERSION,
                root.place(),
                "the field `openapi` is missing: this is no OpenAPI document".to_owned(),
            );
            return None;
        };
        let text = node.as_str().or_else(|| node.as_number()).unwrap_or_default();
        let version = match text.split('.').collect::<Vec<_>>().as_slice() {
            ["3", "0", ..] => Some(Version::V3_0),
            ["3", "1", ..] => Some(Version::V3_1),
            _ => None,
        };
        if version.is_none() {
            self.error(codes::OPENAPI_VERSION, node.place(), format!("OpenAPI `{text}` is not supported"));
        }
        version
    }

    fn model(mut self, root: &'d Node) -> ApiModel<'d> {
        self.object(root, "the document", ROOT_FIELDS, true);
        let info = root.get("info");
        let text_of = |key| info.and_then(|info| info.get(key)).and_then(Node::as_str).unwrap_or_default();
        let servers = self.root_servers(root);
        let security = self.root_security(root);
        let operations = self.operations(root, &servers, &security);
        self.check_extensions(root, false);
        let security_schemes = self.security_schemes(root, &security, &operations);
        ApiModel {
            documents: self.documents,
            version: self.version,
            title: text_of("title"),
            api_version: text_of("version"),
            servers,
            operations,
            security_schemes,
            schema_dialect: root.get("jsonSchemaDialect"),
            webhooks: root.get("webhooks"),
            extension: root.get(EXTENSION),
            foreign_extensions: self.foreign_extensions,
        }
    }

    fn error(&mut self, code: &'static str, place: Place, message: String) {
        self.push(Severity::Error, code, place, message);
    }

    fn warn(&mut self, code: &'static str, place: Place, message: String) {
        self.push(Severity::Warning, code, place, message);
    }

    fn note(&mut self, code: &'static str, place: Place, message: String) {
        self.push(Severity::Note, code, place, message);
    }

    fn push(&mut self, severity: Severity, code: &'static str, place: Place, message: String) {
        self.report.push(Diagnostic {
            severity: severity.max(self.gravest),
            code,
            message,
            place: Some(place),
            pointer: self.documents.pointer(place),
            hint: codes::hint(code).map(str::to_owned),
        });
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn references_that_unfold_beyond_the_budget_are_too_large() {
        let response = "{\"$ref\": \"#/components/responses/r\"}";
        let text = format!(
            "{{\"openapi\": \"3.0.0\", \"paths\": {{\"/a\": {{\"get\": {{\"responses\": {{\"200\": {response}, \"201\": {response}}}}}}}}}, \
             \"components\": {{\"responses\": {{\"r\": {{\"headers\": {{\"a\": {{\"schema\": {{}}}}, \"b\": {{\"schema\": {{}}}}}}}}}}}}}}"
        );
        let loader = HashMap::from([("a.json".to_owned(), text.into_bytes())]);
        // The root, the path item, the operation, and twice a response with two headers.
        for (budget, expected) in [(9, vec![]), (8, vec![codes::TOO_LARGE]), (1, vec![codes::TOO_LARGE])] {
            let mut report = Report::default();
            let documents = Documents::load(&loader, "a.json", &mut report);
            let _ = read_within(budget, &documents, &mut report);
            let found: Vec<_> = report.diagnostics().iter().map(|diagnostic| diagnostic.code).collect();
            assert_eq!(found, expected, "{budget}");
        }
    }
}
