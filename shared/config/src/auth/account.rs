//! What a credential says beside its consumer and scopes: the application that it belongs to, the tiers that are booked,
//! what the application has subscribed to, and the environment that it is for.

use serde::{Deserialize, Serialize};

/// The account of a key or a user.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountConfig {
    /// A key of [`super::AuthConfig::applications`]; none: it belongs to no application, and has subscribed to nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application: Option<String>,
    /// The tier of the credential itself; a subscription's goes before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<String>,
    /// The environment that it is for; none: production, and nothing is said of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<EnvironmentConfig>,
}

impl AccountConfig {
    /// Whether it says nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Which of an API's endpoints a credential is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EnvironmentConfig {
    /// The real one.
    Production,
    /// The one for trying out.
    Sandbox,
}

/// An application: what consumers of one purpose have in common.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApplicationConfig {
    /// Its tier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<String>,
    /// What it has subscribed to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subscriptions: Vec<SubscriptionConfig>,
}

/// A subscription to an API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubscriptionConfig {
    /// The API's name.
    pub api: String,
    /// Its version; none: every one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The tier that is booked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<String>,
    /// Whether it may be used.
    #[serde(default, skip_serializing_if = "SubscriptionStateConfig::is_active")]
    pub state: SubscriptionStateConfig,
}

/// Whether a subscription may be used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SubscriptionStateConfig {
    /// It may.
    #[default]
    Active,
    /// Not at all, for the time being.
    Blocked,
    /// In the sandbox alone.
    ProductionBlocked,
    /// Nobody has agreed to it yet.
    OnHold,
    /// It was turned down.
    Rejected,
}

impl SubscriptionStateConfig {
    /// Whether it may be used.
    pub fn is_active(&self) -> bool {
        *self == Self::Active
    }
}

/// The API that callers of an operation must have subscribed to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubscribedApiConfig {
    /// Its name.
    pub api: String,
    /// Its version, as the document has it.
    pub version: String,
}

/// The endpoints of an operation, by environment. Without this there is an endpoint for production, and none to try out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EndpointsConfig {
    /// The route to the sandbox; none: credentials for it are refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sandbox: Option<String>,
    /// Whether there is no endpoint for production: other credentials are refused.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub no_production: bool,
}

impl EndpointsConfig {
    /// Whether it is what is meant when nothing is said.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}
