//! How the client is found behind proxies.

use std::num::NonZeroU8;

use portcullis_core::{AddressRange, ClientAddress, ForwardingHeader, InvalidClientAddress, Trust};
use serde::{Deserialize, Serialize};

/// Which proxies are believed about whom they serve, and where they say so. Either `hops` or `proxies`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientAddressConfig {
    /// So many proxies, whoever they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hops: Option<NonZeroU8>,
    /// The proxies' addresses, as ranges.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub proxies: Vec<String>,
    /// The header.
    #[serde(default)]
    pub header: ForwardingHeaderConfig,
    /// Whether the host has appended the connection's other end to `X-Forwarded-For` when plugins see it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub host_appends: bool,
}

/// Where proxies write down whom they serve.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ForwardingHeaderConfig {
    /// `X-Forwarded-For`.
    #[default]
    XForwardedFor,
    /// `Forwarded` (RFC 7239).
    Forwarded,
}

impl ClientAddressConfig {
    /// What finds the client.
    pub fn compile(&self) -> Result<ClientAddress, InvalidClientAddress> {
        let range = |text: &String| {
            AddressRange::parse(text).ok_or_else(|| InvalidClientAddress::Range(text.clone()))
        };
        let ranges: Vec<_> = self.proxies.iter().map(range).collect::<Result<_, _>>()?;
        let trust = match (self.hops, ranges.is_empty()) {
            (Some(hops), true) => Trust::Hops(hops),
            (None, false) => Trust::Ranges(ranges),
            _ => return Err(InvalidClientAddress::Trust),
        };
        let header = match self.header {
            ForwardingHeaderConfig::XForwardedFor => {
                ForwardingHeader::XForwardedFor { host_appends: self.host_appends }
            }
            ForwardingHeaderConfig::Forwarded => ForwardingHeader::Forwarded,
        };
        ClientAddress::new(trust, header)
    }
}
