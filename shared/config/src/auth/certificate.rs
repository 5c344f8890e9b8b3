//! Client certificates: which are known, and who may pass one on.

use serde::{Deserialize, Serialize};

use super::account::AccountConfig;

/// A known client certificate.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CertificateConfig {
    /// Who holds it.
    pub consumer: String,
    /// What tells it from others.
    pub by: CertificateMarkConfig,
    /// What it grants.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
    /// APIs it is good for; none means all of the gateway.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub apis: Vec<String>,
    /// Its application, tier and environment.
    #[serde(default, skip_serializing_if = "AccountConfig::is_empty")]
    pub account: AccountConfig,
}

/// What tells a certificate from others. Subject and names are worth as much as the authority that vouches for them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CertificateMarkConfig {
    /// SHA-256 of its DER, lower-case hex.
    Sha256(String),
    /// Its subject, as `openssl x509 -subject -nameopt RFC2253` prints it: `CN=client,O=Example`.
    Subject(String),
    /// One of its subject alternative names: `dns:client.example`, `uri:spiffe://example/client`,
    /// `email:ada@client.example` or `ip:192.0.2.1`.
    San(String),
}

/// Who ends TLS in front of the gateway, and how it passes the client's certificate on.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TerminatorConfig {
    /// The header with the certificate. Never sent on, whoever sent it.
    pub header: String,
    /// Addresses and ranges (`10.0.0.0/8`) of the connection's other end from which the header is believed, at
    /// least one. From there no other certificate counts.
    pub from: Vec<String>,
}
