//! What upstreams are told of callers in headers.

use serde::{Deserialize, Serialize};

/// What stands in a header. Where nothing is known of it, there is no such header.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IdentityHeaderConfig {
    /// Who is charged and logged: the key's consumer, the user, or the token's client or subject.
    Consumer,
    /// The application that the credential belongs to.
    Application,
    /// The application's tier.
    ApplicationTier,
    /// The tier of the subscription to the API, or of the credential itself.
    Tier,
    /// `production` or `sandbox`, where the credential says.
    Environment,
    /// The security scheme that vouched for the caller.
    Scheme,
    /// What the credential grants, with spaces between.
    Scopes,
    /// The token's `iss`.
    Issuer,
    /// The token's `sub`, and the consumer of any other credential.
    Subject,
    /// A claim of the token, by name or path: a text, a number, true or false, or a list of them with spaces between.
    Claim(String),
}
