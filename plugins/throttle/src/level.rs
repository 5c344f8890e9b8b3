//! What a limit is a limit of, and the code by which clients are told of it.

use portcullis_config::throttle::LevelConfig;

/// What a limit is a limit of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    /// The whole API.
    Api,
    /// The operation, or its path.
    Operation,
    /// The caller's application.
    Application,
    /// What the API's upstream can bear.
    Upstream,
    /// What the caller's application, or the credential, has booked of the API; and who is not known at all.
    Subscription,
}

impl Level {
    /// The status of a refusal: an upstream that can bear no more is nobody's quota.
    pub(crate) fn status(self) -> u16 {
        if self == Self::Upstream { 503 } else { 429 }
    }

    /// Its name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Operation => "operation",
            Self::Application => "application",
            Self::Upstream => "upstream",
            Self::Subscription => "subscription",
        }
    }

    /// The code of a refusal.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Api => "api-limit-exceeded",
            Self::Operation => "limit-exceeded",
            Self::Upstream => "upstream-limit-exceeded",
            Self::Application => "application-limit-exceeded",
            Self::Subscription => "subscription-limit-exceeded",
        }
    }
}

impl From<LevelConfig> for Level {
    fn from(config: LevelConfig) -> Self {
        match config {
            LevelConfig::Api => Self::Api,
            LevelConfig::Operation => Self::Operation,
            LevelConfig::Upstream => Self::Upstream,
        }
    }
}
