//! The gateway file as written: listeners, APIs, identity, limits. What belongs to an operation does not stand
//! here but in the document. Unknown keys are refused.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::plugins::Layout;
use crate::settings::ValidationFile;

mod admin;
mod backend_jwt;
mod certificate;
mod client_address;
mod fleet;
mod identity;
mod identity_headers;
mod key_service;
mod limit;
mod service;
mod tier;

pub(crate) use admin::AdminFile;
pub(crate) use backend_jwt::{BackendAlgorithmFile, BackendJwtFile, SigningKeyFile};
pub(crate) use certificate::{CertificateFile, CertificateHeaderFile, ClientCertificatesFile};
pub(crate) use client_address::{ClientAddressFile, ForwardingHeaderFile};
pub(crate) use fleet::{FailureFile, FleetModeFile, LimitServiceFile, ScopeFile};
pub(crate) use identity::{
    ApiKeyFile, ApplicationFile, AttemptsFile, EnvironmentFile, IdentityFile, InternalKeysFile, IssuerFile,
    KeyFile, KeyIssuerFile, SecretEncodingFile, SecretFile, SubscriptionFile, SubscriptionStateFile,
    UserFile, ValuesFile,
};
pub(crate) use identity_headers::IdentityHeaderFile;
pub(crate) use key_service::KeyServiceFile;
pub(crate) use limit::{
    AlgorithmFile, BurstControlFile, BytesFile, ConditionFile, DirectionFile, GroupFile, LimitFile,
    LimitKeyFile, NamedKeyFile, PeriodFile, UnitFile,
};
pub(crate) use service::{
    ClientMethodFile, IntrospectionFile, RevocationFile, ServiceFile, SubscriptionsFile, UserStoreFile,
};
pub(crate) use tier::{DenyFile, TiersFile};

/// A gateway: the APIs it serves, where it listens, whom it knows and what it limits.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(title = "Portcullis gateway file")]
pub struct GatewayFile {
    /// Where it listens. Default: 127.0.0.1:8080 without TLS.
    #[serde(default)]
    pub listeners: Vec<ListenerFile>,
    /// Where operators ask where callers stand with limits. Default: nowhere.
    #[serde(default)]
    pub admin: Option<AdminFile>,
    /// How the policies are laid out in Envoy; they decide the same either way. Default: `chain`.
    #[serde(default)]
    pub layout: Layout,
    /// How refusals are told. Default: `problem`.
    #[serde(default)]
    pub errors: ErrorsFile,
    /// Proxies in front of it that are believed about whom they serve. Default: none; a client is the connection's other end.
    #[serde(default)]
    pub client_address: Option<ClientAddressFile>,
    /// The APIs it serves; at least one.
    pub apis: Vec<ApiFile>,
    /// Who is known.
    #[serde(default)]
    pub identity: IdentityFile,
    /// What upstreams are told of callers, signed. Default: nothing.
    #[serde(default)]
    pub backend_jwt: Option<BackendJwtFile>,
    /// What upstreams are told of callers, by the header that says it; what clients send under these names reaches no
    /// upstream. Default: nothing.
    #[serde(default)]
    pub identity_headers: BTreeMap<String, IdentityHeaderFile>,
    /// Where users get API keys that the gateway signs. Default: nowhere.
    #[serde(default)]
    pub api_key_service: Option<KeyServiceFile>,
    /// Servers that the gateway asks for keys or about tokens, by their URLs without a path; only what differs from the defaults
    /// has to stand here.
    #[serde(default)]
    pub services: BTreeMap<String, ServiceFile>,
    /// Limits by name, for `limits` in this file and in `x-portcullis`.
    #[serde(default)]
    pub limits: BTreeMap<String, LimitFile>,
    /// How many bits of an IPv6 address are one caller to limits that count addresses, 1 to 128. Default: 64, the least that a subscriber gets.
    #[serde(default)]
    #[schemars(range(min = 1, max = 128))]
    pub ipv6_prefix: Option<u8>,
    /// Who counts the limits with `scope: fleet`. Default: there are none.
    #[serde(default)]
    pub rate_limit_service: Option<LimitServiceFile>,
    /// WSO2's `policies.yaml`, relative to this file: resource policies are limits, the others tiers. Default: none.
    #[serde(default)]
    pub policies: Option<String>,
    /// Limits by what callers have booked. Default: those of `policies`, or none.
    #[serde(default)]
    pub tiers: Option<TiersFile>,
    /// Who may not call.
    #[serde(default)]
    pub deny: Vec<DenyFile>,
    /// Whether Envoy's statistics have what became of requests under each limit, and how full the table of counts is. Default: no.
    #[serde(default)]
    pub metrics: bool,
}

/// How clients are told of refusals.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ErrorsFile {
    /// Problem details (RFC 9457) with stable codes.
    #[default]
    Problem,
    /// The bodies, numbers and challenges of WSO2's API Microgateway.
    Wso2,
}

/// An address to listen on.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ListenerFile {
    /// `127.0.0.1:8080`, `[::]:8443`; port 0 takes a free one.
    pub address: String,
    /// TLS; without it the listener speaks plain HTTP.
    #[serde(default)]
    pub tls: Option<TlsFile>,
}

/// A listener's TLS.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct TlsFile {
    /// PEM file with the certificate and its chain, relative to this file. Read by Envoy, never copied.
    pub certificate: String,
    /// PEM file with the private key, relative to this file. Read by Envoy, never copied.
    pub key: String,
    /// Whether clients are asked for certificates. Default: they are not.
    #[serde(default)]
    pub client_certificates: Option<ClientCertificatesFile>,
}

/// An API to serve.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ApiFile {
    /// The OpenAPI document, relative to this file.
    pub definition: String,
    /// A name, unique in the gateway. Default: the document's file name without its ending.
    #[serde(default)]
    pub name: Option<String>,
    /// Where the API is mounted: `/v1`. Default: the path of the document's first server.
    #[serde(default)]
    pub base_path: Option<String>,
    /// Hosts it answers for. Default: any.
    #[serde(default)]
    pub hosts: Vec<String>,
    /// Where its requests go: `mock`, or an absolute http or https URL. Default: `x-portcullis` or `servers` of the document.
    /// `none`: it has a `sandboxEndpoint` alone.
    #[serde(default)]
    pub endpoint: Option<String>,
    /// Where requests go whose credential is for the sandbox. Default: as `x-portcullis` says, or they are refused.
    #[serde(default)]
    pub sandbox_endpoint: Option<String>,
    /// Whether callers must have subscribed to it. Default: as `identity.validateSubscription` says.
    #[serde(default)]
    pub validate_subscription: Option<bool>,
    /// Where it is in its life. Default: `published`.
    #[serde(default)]
    pub lifecycle: LifecycleFile,
    /// What of its messages is enforced, and what is only looked at; `x-portcullis` of the document wins. Default: requests are
    /// enforced, responses left alone.
    #[serde(default)]
    pub validation: ValidationFile,
    /// Limits on the API as a whole, charged beside those of its operations.
    #[serde(default)]
    pub limits: Vec<String>,
    /// Limits on what the API's endpoint can bear, by `all`; refused with 503 instead of 429.
    #[serde(default)]
    pub endpoint_limits: Vec<String>,
    /// Names of the issuers whose tokens and signed API keys it accepts. Default: all of the gateway.
    #[serde(default)]
    pub issuers: Option<Vec<String>>,
    /// Where the gateway knows no issuer for the API: what `aud` of tokens must name whose issuer the document's
    /// `openIdConnectUrl` says. Default: no such token is accepted.
    #[serde(default)]
    pub audiences: Vec<String>,
}

/// Where an API is in its life, as WSO2 has it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LifecycleFile {
    /// It is served as its document says.
    #[default]
    Published,
    /// It is to be tried out: nobody needs a credential.
    Prototyped,
    /// It is served as its document says, to those who still use it.
    Deprecated,
    /// All its operations answer 503.
    Blocked,
}
