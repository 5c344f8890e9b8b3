//! Issuers of tokens.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{PublishedKeysConfig, SignedKeyConfig};
use crate::SecretSource;

/// A token issuer.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IssuerConfig {
    /// The exact `iss`.
    pub issuer: String,
    /// The token's `aud` must name one of these; none: `aud` is not checked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub audiences: Vec<String>,
    /// JWS algorithms accepted, at least one of RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512 and EdDSA,
    /// or else of HS256, HS384 and HS512; the token's own `alg` only selects among them.
    pub algorithms: Vec<String>,
    /// The issuer's public keys: the members of a JWK Set's `keys` (RFC 7517). Those for other purposes are
    /// passed over, but one at least must fit an algorithm; secret keys are refused.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<Value>,
    /// Where it publishes its keys; then `keys` is empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published: Option<PublishedKeysConfig>,
    /// What is shared with an issuer of HS256, HS384 and HS512; such an issuer has no keys, and no other has secrets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<SecretConfig>,
    /// What `typ` may say, in any case: `JWT`, or what ends in `+jwt`; then it must be there. None: these, or no `typ`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub token_types: Vec<String>,
    /// Seconds by which `exp`, `nbf` and `iat` may be missed.
    pub skew_seconds: u32,
    /// Whether a token without `exp` is good for ever.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub without_expiry: bool,
    /// Claims that must be there, by name or path, and the values of which each must have one, if it is an array as
    /// a member; no values: any will do.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub required_claims: BTreeMap<String, Vec<Value>>,
    /// Where claims are found that the gateway reads: for each its names or paths in the issuer's tokens, of which the
    /// first counts that is there. Dots in a path lead into objects. Registered claims cannot be mapped; `consumer`
    /// and `scope` then name consumer and scopes before all others.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub claim_map: BTreeMap<String, Vec<String>>,
    /// The claim or path that names the consumer: the first that is a string which is not empty, or an array with one
    /// such string alone. At least one.
    pub consumer_claims: Vec<String>,
    /// The claims or paths that hold scopes: a string split at spaces, or an array of strings; all are joined.
    pub scope_claims: Vec<String>,
    /// Whether its tokens must be bound to a certificate (`cnf`, RFC 8705, section 3.1). Those that are bound are
    /// good over that certificate alone, either way.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub require_certificate_binding: bool,
    /// It issues API keys and no access tokens: what they say of themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_keys: Option<SignedKeyConfig>,
}

/// A secret that an issuer shares with the gateway.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecretConfig {
    /// The `kid` of tokens signed with it; none: it is tried on all that name none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The secret, at least as long as the hash of each algorithm: here in base64url without padding, in the environment as it is.
    pub secret: SecretSource,
    /// Whether the environment has it in base64, of either alphabet, with padding or without.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub base64: bool,
}
