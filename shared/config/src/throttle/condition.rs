//! What of a request can decide which limit counts it, and together with which others.

use serde::{Deserialize, Serialize};

use super::LimitConfig;

/// Another limit for requests that meet all of its conditions.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupConfig {
    /// Told to clients as `LIMIT/NAME`; its counts go by this name.
    pub name: String,
    /// All of them must hold; at least one.
    pub when: Vec<TestConfig>,
    /// What these requests are counted by instead. Has no groups.
    pub limit: LimitConfig,
}

/// One condition.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TestConfig {
    /// What is looked at.
    pub of: AttributeConfig,
    /// What must be so of it. One that the request does not have meets none of these.
    pub is: MeasureConfig,
    /// Whether it must not be so.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub not: bool,
}

/// Something that a request may have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AttributeConfig {
    /// The last header of this name.
    Header(String),
    /// The last query parameter of this name, decoded.
    Query(String),
    /// A claim of the caller's token, each of its members if it is a list.
    Claim(String),
    /// The method.
    Method,
    /// The host, in lower case and without port.
    Host,
    /// The address of the connection's other end.
    Address,
    /// The consumer.
    Consumer,
    /// The application that the credential belongs to.
    Application,
    /// The API's name.
    Api,
}

/// What an attribute can be held against.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MeasureConfig {
    /// It is there.
    Present,
    /// It is one of these.
    OneOf(Vec<String>),
    /// This regular expression is found in it.
    Matches(String),
    /// It is an address in one of these ranges.
    Within(Vec<String>),
}
