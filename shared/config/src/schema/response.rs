//! What an operation's responses must be, and what is only looked at.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{ContentConfig, ParameterConfig};

/// What of an operation's requests is judged and let pass all the same: the access log says what is wrong.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObserveConfig {
    /// The parameters.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub parameters: bool,
    /// The body.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub body: bool,
}

impl ObserveConfig {
    /// Whether all is enforced.
    pub fn is_none(&self) -> bool {
        !self.parameters && !self.body
    }
}

/// What an operation's responses must be (OpenAPI Responses Object).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResponsesConfig {
    /// A key of [`super::SchemaConfig::documents`]; absent: the rule's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<String>,
    /// What becomes of one that is not as described.
    pub mode: ResponseMode,
    /// Most bytes of a body that is judged.
    pub max_bytes: u32,
    /// By `200`, `2XX` or `default`.
    pub by_status: BTreeMap<String, ResponseConfig>,
}

/// What becomes of a response that is not as described.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ResponseMode {
    /// It goes on as it comes; the access log says what is wrong.
    Observe,
    /// The client gets 502. Bodies are held until they are judged.
    Enforce,
}

/// One response (OpenAPI Response Object).
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResponseConfig {
    /// Its headers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<ParameterConfig>,
    /// The media types that are declared; with none the body is left alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub content: Vec<ContentConfig>,
}
