//! How the client is found behind proxies, as the gateway file writes it.

use std::num::NonZeroU8;

use schemars::JsonSchema;
use serde::Deserialize;

/// Proxies in front of the gateway that are believed about whom they serve: by their addresses or by their number.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ClientAddressFile {
    /// The proxies' addresses, as ranges (`10.0.0.0/8`) or one by one. The client is the first from the right that is none of them.
    #[serde(default)]
    pub proxies: Vec<String>,
    /// Through how many proxies every request comes, whoever they are: nobody else may reach the gateway.
    #[serde(default)]
    pub hops: Option<NonZeroU8>,
    /// Where they write down whom they serve. Default: `X-Forwarded-For`.
    #[serde(default)]
    pub header: ForwardingHeaderFile,
}

/// See [`ClientAddressFile::header`].
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
pub enum ForwardingHeaderFile {
    /// A list of addresses.
    #[default]
    #[serde(rename = "X-Forwarded-For")]
    XForwardedFor,
    /// As RFC 7239 has it.
    Forwarded,
}
