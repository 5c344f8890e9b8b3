//! Who is behind the proxies: the address of the client, from what trusted proxies wrote down about whom they serve.
//! What a client writes there itself stands further left, and is never looked at.

use std::net::IpAddr;
use std::num::NonZeroU8;

use crate::headers::Headers;
use crate::network::AddressRange;

/// Entries that are looked at, from the right. Nobody has so many proxies.
const MOST_ENTRIES: usize = 64;

/// Finds the client of a request that came through proxies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientAddress {
    trust: Trust,
    header: ForwardingHeader,
}

/// Which proxies are believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trust {
    /// So many, whoever they are: every request comes through exactly these.
    Hops(NonZeroU8),
    /// Those that have these addresses, as many as there are.
    Ranges(Vec<AddressRange>),
}

/// Where proxies write down whom they serve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ForwardingHeader {
    /// `X-Forwarded-For`.
    XForwardedFor {
        /// Whether the host has already appended the connection's other end, as Envoy does for the upstream; for one on its
        /// own machine it is Envoy's own address.
        host_appends: bool,
    },
    /// `Forwarded` (RFC 7239).
    Forwarded,
}

/// Why nothing can be found that way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InvalidClientAddress {
    /// Neither a number of proxies nor their addresses, or both.
    Trust,
    /// More proxies than entries are looked at.
    Hops(u8),
    /// No range of addresses.
    Range(String),
}

impl std::fmt::Display for InvalidClientAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Trust => f.write_str("proxies are trusted either by their number or by their addresses"),
            Self::Hops(hops) => write!(f, "{hops} proxies: at most {MOST_ENTRIES}"),
            Self::Range(text) => write!(f, "'{text}' is no range of addresses such as 10.0.0.0/8"),
        }
    }
}

impl std::error::Error for InvalidClientAddress {}

impl ClientAddress {
    /// Refuses what trusts nobody, and more proxies than entries are looked at.
    pub fn new(trust: Trust, header: ForwardingHeader) -> Result<Self, InvalidClientAddress> {
        match &trust {
            Trust::Ranges(ranges) if ranges.is_empty() => Err(InvalidClientAddress::Trust),
            Trust::Hops(hops) if usize::from(hops.get()) > MOST_ENTRIES => {
                Err(InvalidClientAddress::Hops(hops.get()))
            }
            _ => Ok(Self { trust, header }),
        }
    }

    /// The client's address. `None` where nobody vouches for one: an entry that would have to be believed is no address,
    /// there are fewer entries than proxies, or more than anybody has.
    pub fn of(&self, peer: Option<IpAddr>, headers: &Headers) -> Option<IpAddr> {
        let peer = peer?.to_canonical();
        let elements = self.elements(headers);
        let mut entries = elements.iter().map(|element| self.address(element));
        if matches!(self.header, ForwardingHeader::XForwardedFor { host_appends: true }) {
            let appended = entries.next()??;
            // For a peer on its own machine Envoy appends its own address.
            if appended != peer && !peer.is_loopback() {
                return None;
            }
        }
        match &self.trust {
            Trust::Hops(hops) => {
                let mut believed = entries.by_ref().take(hops.get().into());
                let last = believed.try_fold((0, peer), |(seen, _), entry| Some((seen + 1, entry?)));
                last.filter(|(seen, _)| *seen == hops.get()).map(|(_, client)| client)
            }
            Trust::Ranges(ranges) => {
                let mut client = peer;
                loop {
                    if !ranges.iter().any(|range| range.contains(client)) {
                        return Some(client);
                    }
                    match entries.next() {
                        Some(entry) => client = entry?,
                        // A trusted proxy that names nobody asks for itself.
                        None => return (elements.len() < MOST_ENTRIES).then_some(client),
                    }
                }
            }
        }
    }

    /// What the proxies wrote, the last of them first.
    fn elements<'h>(&self, headers: &'h Headers) -> Vec<&'h [u8]> {
        let name = match self.header {
            ForwardingHeader::XForwardedFor { .. } => "x-forwarded-for",
            ForwardingHeader::Forwarded => "forwarded",
        };
        let lines: Vec<&[u8]> = headers.all(name).collect();
        let mut elements = Vec::new();
        for line in lines.into_iter().rev() {
            let rest = MOST_ENTRIES - elements.len();
            match (self.header, std::str::from_utf8(line)) {
                (ForwardingHeader::Forwarded, Ok(line)) => {
                    let of_line: Vec<&str> = split_unquoted(line, ',').collect();
                    let of_line = of_line.into_iter().rev().map(|element| element.trim_ascii().as_bytes());
                    elements.extend(of_line.filter(|element| !element.is_empty()).take(rest));
                }
                _ => {
                    let of_line = line.rsplit(|byte| *byte == b',').map(<[u8]>::trim_ascii);
                    elements.extend(of_line.filter(|element| !element.is_empty()).take(rest));
                }
            }
        }
        elements
    }

    fn address(&self, element: &[u8]) -> Option<IpAddr> {
        let text = std::str::from_utf8(element).ok()?;
        match self.header {
            ForwardingHeader::XForwardedFor { .. } => node(text),
            ForwardingHeader::Forwarded => node(forwarded_for(text)?),
        }
    }
}

/// The `for` of an element of `Forwarded`, if it has exactly one.
fn forwarded_for(element: &str) -> Option<&str> {
    let mut named = split_unquoted(element, ';').filter_map(|pair| {
        let (name, value) = pair.trim_ascii().split_once('=')?;
        name.eq_ignore_ascii_case("for").then_some(value)
    });
    let value = named.next().filter(|_| named.next().is_none())?;
    match value.strip_prefix('"') {
        // What would have to be escaped in it stands in no address.
        Some(quoted) => quoted.strip_suffix('"'),
        None => Some(value),
    }
}

/// An address, with or without a port; of IPv6, with or without brackets. Names, `unknown` and zones are no addresses.
fn node(text: &str) -> Option<IpAddr> {
    let bare = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok().map(IpAddr::V6);
    let with_port = || text.parse::<std::net::SocketAddr>().ok().map(|socket| socket.ip());
    let address = text.parse().ok().or_else(bare).or_else(with_port)?;
    // A zone is another host's business.
    (!text.contains('%')).then(|| address.to_canonical())
}

/// The parts between separators that stand in no quoted string (RFC 9110, section 5.6.4).
fn split_unquoted(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    text.split(move |character| {
        if std::mem::take(&mut escaped) {
            return false;
        }
        escaped = quoted && character == '\\';
        quoted ^= character == '"';
        !quoted && character == separator
    })
}

#[cfg(test)]
#[path = "client_tests.rs"]
mod tests;
