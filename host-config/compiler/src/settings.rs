//! `x-portcullis`: what belongs to an operation and OpenAPI has no word for. At the root, at a path and at an
//! operation; key by key, the innermost wins.

use std::collections::BTreeMap;

use portcullis_openapi::model::Operation;
use portcullis_openapi::{ApiModel, Diagnostic, Node, Place, Report, Severity};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::codes;

mod validation;

pub use validation::{
    CompressedFile, FormatsFile, RequestModeFile, ResponseModeFile, Validation, ValidationFile,
};

/// The extension as written, at one level.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Extension {
    /// Where requests go: `mock`, or an absolute http or https URL whose path is put before the operation's.
    /// Default: the API's endpoint in the gateway file, else the innermost `servers` entry. `none`: there is a
    /// `sandboxEndpoint` alone.
    #[serde(default)]
    pub endpoint: Option<String>,
    /// Where requests go whose credential is for the sandbox. Default: the API's sandbox endpoint in the gateway file, else
    /// they are refused.
    #[serde(default)]
    pub sandbox_endpoint: Option<String>,
    /// Names of limits that the gateway file defines; all are charged, or none. An empty list lifts outer ones.
    #[serde(default)]
    pub limits: Option<Vec<String>>,
    /// As how many requests one counts for its limits. Default: 1.
    #[serde(default)]
    #[schemars(range(min = 1))]
    pub cost: Option<u32>,
    /// Whether the upstream sees the caller's credential. Default: false.
    #[serde(default)]
    pub keep_credential: Option<bool>,
    /// Consumers whose client certificates are accepted where `mutualTLS` is asked for. Default: all whose
    /// certificates are good for the API.
    #[serde(default)]
    #[schemars(length(min = 1))]
    pub certificates: Option<Vec<String>>,
    /// Most bytes a request body may have. Default: 1 MiB.
    #[serde(default)]
    #[schemars(range(min = 1, max = 33_554_432))]
    pub max_body_bytes: Option<u32>,
    /// What happens to query parameters that the operation does not declare: `ignore` (default) or `refuse`.
    #[serde(default)]
    pub undeclared_query: Option<UndeclaredQuery>,
    /// What is enforced, and what is only looked at.
    #[serde(default)]
    pub validation: Option<ValidationFile>,
    /// Constructs that are not enforced: the code of the diagnostic, and the reason why that is acceptable.
    #[serde(default)]
    pub waive: BTreeMap<String, String>,
}

/// See [`Extension::undeclared_query`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum UndeclaredQuery {
    /// They are passed on.
    Ignore,
    /// They are a violation.
    Refuse,
}

/// Where a setting was written: it says who shares a limit's count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// At the root: the whole API.
    Root,
    /// At a path item: its operations.
    Path,
    /// At the operation.
    Operation,
}

/// The settings that hold for one operation.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The endpoint, if an extension names one, the level it was written at, and where.
    pub endpoint: Option<(String, Level, Place)>,
    /// The same of the sandbox's endpoint.
    pub sandbox_endpoint: Option<(String, Level, Place)>,
    /// The limits, where they were written, and where the list stands.
    pub limits: Option<(Vec<String>, Level, Place)>,
    /// As how many requests one counts, and where that is said.
    pub cost: Option<(u32, Place)>,
    /// Whether the upstream sees the credential.
    pub keep_credential: bool,
    /// Consumers whose certificates are accepted, and where they are named; absent: all.
    pub certificates: Option<(Vec<String>, Place)>,
    /// Most bytes of a body.
    pub max_body_bytes: u32,
    /// Whether undeclared query parameters are refused.
    pub refuse_undeclared_query: bool,
    /// What is enforced, and what is only looked at.
    pub validation: Validation,
    /// Waivers by code.
    pub waivers: BTreeMap<String, String>,
}

/// A body limit that no extension changes: 1 MiB.
pub const DEFAULT_MAX_BODY_BYTES: u32 = 1 << 20;
/// The largest body limit that can be set: what Envoy is asked to hold for one request.
pub const CEILING_MAX_BODY_BYTES: u32 = 32 << 20;

impl Settings {
    /// Merges the three levels for an operation. What cannot be read is reported and left out.
    /// `validation` is that of the API in the gateway file.
    pub fn of(
        model: &ApiModel<'_>,
        operation: &Operation<'_>,
        validation: Validation,
        report: &mut Report,
    ) -> Self {
        let mut settings = Self {
            endpoint: None,
            sandbox_endpoint: None,
            limits: None,
            cost: None,
            keep_credential: false,
            certificates: None,
            max_body_bytes: DEFAULT_MAX_BODY_BYTES,
            refuse_undeclared_query: false,
            validation,
            waivers: BTreeMap::new(),
        };
        let levels = [
            (model.extension, Level::Root),
            (operation.path_extension, Level::Path),
            (operation.extension, Level::Operation),
        ];
        for (node, level) in levels {
            if let Some(node) = node {
                settings.overlay(node, level, report);
            }
        }
        settings
    }

    fn overlay(&mut self, node: &Node, level: Level, report: &mut Report) {
        let extension: Extension = match node.read() {
            Ok(extension) => extension,
            Err(invalid) => {
                let place = invalid.place.unwrap_or(node.place());
                report.push(problem(codes::SETTING_INVALID, format!("x-portcullis: {invalid}"), place));
                return;
            }
        };
        let place_of = |key: &str| node.get(key).map_or(node.place(), Node::place);
        if let Some(endpoint) = extension.endpoint {
            self.endpoint = Some((endpoint, level, place_of("endpoint")));
        }
        if let Some(endpoint) = extension.sandbox_endpoint {
            self.sandbox_endpoint = Some((endpoint, level, place_of("sandboxEndpoint")));
        }
        if let Some(limits) = extension.limits {
            self.limits = Some((limits, level, place_of("limits")));
        }
        match extension.cost {
            Some(0) => {
                let message = "a cost of 0 counts nothing: write `limits: []` instead";
                report.push(problem(codes::SETTING_INVALID, message, place_of("cost")));
            }
            Some(cost) => self.cost = Some((cost, place_of("cost"))),
            None => {}
        }
        self.keep_credential = extension.keep_credential.unwrap_or(self.keep_credential);
        match extension.certificates {
            // A list of none would look like nobody and mean everybody.
            Some(consumers) if consumers.is_empty() => {
                let message = "certificates names at least one consumer";
                report.push(problem(codes::SETTING_INVALID, message, place_of("certificates")));
            }
            Some(consumers) => self.certificates = Some((consumers, place_of("certificates"))),
            None => {}
        }
        if let Some(bytes) = extension.max_body_bytes {
            if bytes == 0 || bytes > CEILING_MAX_BODY_BYTES {
                let message = format!("maxBodyBytes must be between 1 and {CEILING_MAX_BODY_BYTES}");
                report.push(problem(codes::SETTING_INVALID, message, place_of("maxBodyBytes")));
            } else {
                self.max_body_bytes = bytes;
            }
        }
        if let Some(policy) = extension.undeclared_query {
            self.refuse_undeclared_query = policy == UndeclaredQuery::Refuse;
        }
        if let Some(file) = &extension.validation
            && !self.validation.overlay(file)
        {
            let message = format!("maxResponseBytes must be between 1 and {CEILING_MAX_BODY_BYTES}");
            report.push(problem(codes::SETTING_INVALID, message, place_of("validation")));
        }
        for code in extension.waive.keys().filter(|code| !codes::WAIVABLE.contains(&code.as_str())) {
            let message = format!("'{code}' is no code that can be waived: {}", codes::WAIVABLE.join(", "));
            report.push(problem(codes::WAIVER_UNKNOWN, message, place_of("waive")));
        }
        self.waivers.extend(extension.waive);
    }
}

/// An error at a place.
pub(crate) fn problem(code: &'static str, message: impl Into<String>, place: Place) -> Diagnostic {
    Diagnostic {
        severity: Severity::Error,
        code,
        message: message.into(),
        place: Some(place),
        pointer: String::new(),
        hint: None,
    }
}
