//! What upstreams are told of callers in headers, as the gateway file writes it.

use schemars::JsonSchema;
use serde::Deserialize;

/// What stands in a header. Where nothing is known of it, there is no such header.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum IdentityHeaderFile {
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
    /// The security scheme that vouched for the caller, with its API: `petstore.ApiKey`.
    Scheme,
    /// What the credential grants, with spaces between.
    Scopes,
    /// The token's issuer.
    Issuer,
    /// The token's subject, and the consumer of any other credential.
    Subject,
    /// The token's claim of this name or path: a text, a number, true or false, or a list of them with spaces between.
    Claim(String),
}
