//! Client certificates, as the gateway file writes them: who asks for them, whose they are, who may pass them on.

use schemars::JsonSchema;
use serde::Deserialize;

use super::EnvironmentFile;

/// What a listener wants to know of its clients' certificates.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ClientCertificatesFile {
    /// PEM file with the authorities that vouch for clients, relative to this file. Read by Envoy, never copied.
    pub ca: String,
    /// Whether a client must show a certificate that one of them vouches for. If not, one that none vouches for
    /// counts as none. Default: true.
    #[serde(default = "default_require")]
    pub require: bool,
}

/// A client's certificate. Exactly one of `sha256`, `subject` and `san` says which.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct CertificateFile {
    /// Who holds it.
    pub consumer: String,
    /// SHA-256 of its DER in hexadecimal, with or without colons: `openssl x509 -noout -fingerprint -sha256`.
    #[serde(default)]
    pub sha256: Option<String>,
    /// Its subject, as `openssl x509 -noout -subject -nameopt RFC2253` prints it.
    #[serde(default)]
    pub subject: Option<String>,
    /// One of its subject alternative names: `dns:HOST`, `uri:URI`, `email:ADDRESS` or `ip:ADDRESS`.
    #[serde(default)]
    pub san: Option<String>,
    /// Scopes it grants; in OpenAPI 3.1 the roles that an operation asks of a `mutualTLS` scheme.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Names of the APIs it is good for. Default: all of the gateway.
    #[serde(default)]
    pub apis: Vec<String>,
    /// The application under `identity.applications` that it belongs to. Default: none, and no subscription.
    #[serde(default)]
    pub application: Option<String>,
    /// A tier of its own; that of a subscription goes before it.
    #[serde(default)]
    pub tier: Option<String>,
    /// The environment whose endpoints it may call. Default: production.
    #[serde(default)]
    pub environment: Option<EnvironmentFile>,
}

/// A header in which a proxy that ends TLS in front of the gateway passes the client's certificate on.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct CertificateHeaderFile {
    /// The header, such as `X-Forwarded-Client-Cert`. No upstream ever sees it.
    pub name: String,
    /// Addresses of such proxies, as ranges (`10.0.0.0/8`) or one by one. They are trusted to have verified the
    /// certificate, and to let no client write the header.
    pub from: Vec<String>,
}

fn default_require() -> bool {
    true
}
