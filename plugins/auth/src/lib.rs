//! Who is calling, and whether they may: OpenAPI's `security` as written, over API keys, HTTP basic,
//! JWT bearer tokens and client certificates. Knows nothing of where credentials are kept or of limits; its answer is the caller.

mod account;
mod algorithm;
mod api_key;
mod attempts;
mod backend_jwt;
mod basic;
mod binding;
mod cache;
mod certificate;
mod challenge;
mod claims;
mod client;
mod conditions;
mod failure;
mod fingerprint;
mod grant;
mod host_key;
mod identity_headers;
mod introspection;
mod invalid;
mod issuer;
mod issuers;
mod json;
mod jwk;
mod kept;
mod key;
mod key_service;
mod known_certificates;
mod late_keys;
mod password;
mod policy;
mod presented;
mod published;
mod registered;
mod remembered;
mod remote;
mod requirement;
mod revocation;
mod revoked;
mod rsa;
mod rule;
mod scheme;
mod secret;
mod signed_key;
mod signer;
mod strip;
mod subscriptions;
mod token;
mod twin;
mod user_store;
mod verifier;
mod wildcard;

pub use certificate::{InvalidCertificate, read_certificate, read_passed};
pub use identity_headers::check_identity_header;
pub use invalid::{InvalidAuth, IssuerError, UserError};
pub use json::UniqueMembers;
pub use late_keys::check_shared_secret;
pub use password::check_password_hash;
pub use policy::AuthPolicy;
pub use presented::{Authorization, Duplicate, cookies, read_authorization, read_basic};
pub use token::{Token, TokenError, parse_token};
pub use verifier::Verifier;

#[cfg(all(target_os = "wasi", feature = "module"))]
mod entry;

#[cfg(test)]
mod tests;
