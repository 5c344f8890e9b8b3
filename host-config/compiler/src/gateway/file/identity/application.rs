//! Applications and what they have subscribed to.

use schemars::JsonSchema;
use serde::Deserialize;

/// An application: what keys and users of one purpose have in common.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ApplicationFile {
    /// Its tier.
    #[serde(default)]
    pub tier: Option<String>,
    /// What it has subscribed to.
    #[serde(default)]
    pub subscriptions: Vec<SubscriptionFile>,
}

/// A subscription to an API.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct SubscriptionFile {
    /// The API's name.
    pub api: String,
    /// The version that its document gives. Default: every one.
    #[serde(default)]
    pub version: Option<String>,
    /// The tier that is booked.
    #[serde(default)]
    pub tier: Option<String>,
    /// Whether it may be used. Default: active.
    #[serde(default)]
    pub state: SubscriptionStateFile,
}

/// Whether a subscription may be used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SubscriptionStateFile {
    /// It may.
    #[default]
    Active,
    /// Not for the time being.
    Blocked,
    /// In the sandbox alone.
    ProductionBlocked,
    /// Nobody has agreed to it yet.
    OnHold,
    /// It was turned down.
    Rejected,
}

/// An environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum EnvironmentFile {
    /// The real one.
    Production,
    /// The one for trying out.
    Sandbox,
}
