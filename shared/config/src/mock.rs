//! The mock plugin: answers prepared by the compiler from the document's examples and schemas.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::apis::ApiConfig;

/// The whole configuration. Operations that are not mocked have no [`MockRule::responses`] and pass.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MockConfig {
    /// The APIs of the gateway.
    pub apis: Vec<ApiConfig<MockRule>>,
}

/// How an operation is answered.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MockRule {
    /// Whether this operation is answered here; otherwise it goes on to its upstream.
    pub mocked: bool,
    /// The declared responses, in document order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub responses: Vec<MockResponseConfig>,
}

impl MockRule {
    /// Whether the operation goes on to its upstream.
    pub fn is_upstream(&self) -> bool {
        !self.mocked
    }
}

/// One declared response.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MockResponseConfig {
    /// `200`, `2XX` or `default`.
    pub status: String,
    /// Headers with a value that the document's examples or schemas give. Those of framing, and `Content-Type`,
    /// are not sent.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// Its media types in document order; none: no body.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub content: Vec<MockContentConfig>,
}

/// One media type of a response.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MockContentConfig {
    /// The media type sent; a range, which cannot be sent, becomes JSON (`*/*`, `application/*`), plain text
    /// (`text/*`) or octets.
    pub media_type: String,
    /// The body when no example is asked for by name: the first example, or a value made from the schema. Absent:
    /// there is nothing to send, and the answer is 501.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// Bodies of named examples.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub examples: BTreeMap<String, String>,
}
