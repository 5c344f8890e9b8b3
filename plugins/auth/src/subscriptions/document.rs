//! The feed's document: read whole or not at all. An entry that cannot be read spoils it, since it may be the one that
//! blocks somebody; members that are not known here are passed over.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// All pages, or one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Document {
    pub(super) applications: Vec<Application>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) apis: Vec<Api>,
    /// The path of the next page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) next: Option<String>,
}

/// An application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Application {
    /// As keys, users and tokens name it.
    pub(super) name: String,
    /// Who else is it: names of consumers, whose credentials name no application.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) consumers: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) tier: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) subscriptions: Vec<Subscription>,
}

/// A subscription to an API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Subscription {
    pub(super) api: String,
    /// Absent, or `*`: every one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) version: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) tier: Option<String>,
    #[serde(default, skip_serializing_if = "State::is_active")]
    pub(super) state: State,
}

/// In our words or in WSO2's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum State {
    #[default]
    #[serde(alias = "UNBLOCKED", alias = "ACTIVE")]
    Active,
    #[serde(alias = "BLOCKED")]
    Blocked,
    #[serde(alias = "PROD_ONLY_BLOCKED")]
    ProductionBlocked,
    #[serde(alias = "ON_HOLD")]
    OnHold,
    #[serde(alias = "REJECTED")]
    Rejected,
}

impl State {
    fn is_active(&self) -> bool {
        *self == Self::Active
    }
}

/// An API's life.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Api {
    pub(super) name: String,
    /// Absent, or `*`: every one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) version: Option<String>,
    pub(super) state: Life,
}

/// Where an API is in its life, in our words or in WSO2's. What is open to all stands in the gateway file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Life {
    #[serde(alias = "PUBLISHED", alias = "PROTOTYPED", alias = "DEPRECATED", alias = "deprecated")]
    Published,
    #[serde(alias = "BLOCKED")]
    Blocked,
}

impl Document {
    pub(super) fn read(text: &[u8]) -> Result<Self, String> {
        // An array is no document, though serde would take one for it.
        if !text.trim_ascii_start().starts_with(b"{") {
            return Err("the document is no JSON object".to_owned());
        }
        // In members that are passed over, nothing else would notice.
        let text = std::str::from_utf8(text)
            .map_err(|_| "the document is not UTF-8 (RFC 8259, section 8.1)".to_owned())?;
        // What serde tells may quote the document.
        serde_json::from_str(text).map_err(|cause| {
            format!("the document cannot be read: line {}, column {}", cause.line(), cause.column())
        })
    }

    /// Adds a page.
    pub(super) fn append(&mut self, page: Self) {
        self.applications.extend(page.applications);
        self.apis.extend(page.apis);
    }

    /// Nobody is two applications.
    pub(super) fn check(&self) -> Result<(), String> {
        let (mut names, mut consumers) = (BTreeSet::new(), BTreeSet::new());
        for (at, application) in self.applications.iter().enumerate() {
            if application.name.is_empty() || !names.insert(application.name.as_str()) {
                return Err(format!("application {at} has no name of its own"));
            }
            if !application.consumers.iter().all(|consumer| consumers.insert(consumer.as_str())) {
                return Err(format!("a consumer of application {at} is another's as well"));
            }
        }
        Ok(())
    }

    pub(super) fn to_text(&self) -> Result<Vec<u8>, String> {
        serde_json::to_vec(self).map_err(|cause| cause.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn a_document_is_read_whole_or_not_at_all() {
        let cases = [
            (r#"{"applications":[]}"#, true),
            (r#"{"applications":[{"name":"a","note":1}],"since":2,"next":null}"#, true),
            (
                r#"{"applications":[{"name":"a","consumers":["x"],"subscriptions":[{"api":"b","state":"ON_HOLD"}]}]}"#,
                true,
            ),
            (
                r#"{"applications":[],"apis":[{"name":"b","state":"BLOCKED"},{"name":"c","state":"published"}]}"#,
                true,
            ),
            ("{}", false),
            ("[[]]", false),
            (r#"{"applications":{}}"#, false),
            (r#"{"applications":[{"tier":"a"}]}"#, false),
            (r#"{"applications":[{"name":"a","subscriptions":[{"version":"1"}]}]}"#, false),
            (r#"{"applications":[{"name":"a","subscriptions":[{"api":"b","state":"paused"}]}]}"#, false),
            (r#"{"applications":[],"apis":[{"name":"b","state":"retired"}]}"#, false),
            (r#"{"applications":[{"name":"a"},{"name":"a"}]}"#, false),
            (r#"{"applications":[{"name":""}]}"#, false),
            (r#"{"applications":[{"name":"a","consumers":["x"]},{"name":"b","consumers":["x"]}]}"#, false),
        ];
        for (text, expected) in cases {
            let read =
                Document::read(text.as_bytes()).and_then(|document| document.check().map(|()| document));
            assert_eq!(read.is_ok(), expected, "{text}: {read:?}");
            if let Ok(document) = read {
                assert_eq!(Document::read(&document.to_text().unwrap()), Ok(document), "{text}");
            }
        }
        assert!(Document::read(b"{\"applications\":[],\"note\":\"\xab\"}").is_err(), "not UTF-8");
    }
}
