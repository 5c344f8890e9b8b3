//! Endpoints: where an operation's requests go, and the routes and clusters that Envoy needs for it.

use indexmap::IndexMap;
use url::Url;

/// What stands for an endpoint that there shall not be.
pub(crate) const NO_ENDPOINT: &str = "none";

/// Where requests go.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// The document's own examples answer.
    Mock,
    /// An HTTP server.
    Upstream(Upstream),
    /// Servers that stand for one another.
    Several(Several),
}

/// Servers that stand for one another: all have the same prefix, and there is at least one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Several {
    /// The servers.
    pub servers: Vec<Upstream>,
    /// Who is asked when.
    pub order: Order,
    /// How long an answer may take; none: as long as others.
    pub timeout_milliseconds: Option<u32>,
}

/// Which of several servers is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Order {
    /// Each in its turn.
    RoundRobin,
    /// The first that can be reached.
    Failover,
}

/// An HTTP server, and what is put before each path.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Upstream {
    /// Whether it speaks TLS.
    pub tls: bool,
    /// A host name or an IP address (IPv6 without brackets).
    pub host: String,
    /// The port.
    pub port: u16,
    /// Empty, or `/api`: put before the operation's path.
    pub prefix: String,
}

/// Why a text is no endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidEndpoint {
    /// Not a URL at all, or a relative one.
    #[error("an endpoint is `mock` or an absolute URL")]
    NotAbsolute,
    /// Neither http nor https.
    #[error("an endpoint's URL is http or https")]
    Scheme,
    /// Without a host.
    #[error("an endpoint's URL names a host")]
    Host,
    /// With a user or password, which would end in the configuration.
    #[error("an endpoint's URL must not hold credentials")]
    Credentials,
    /// With a query or fragment.
    #[error("an endpoint's URL must not have a query or a fragment")]
    Query,
}

impl Endpoint {
    /// Reads `mock` or a URL.
    pub fn parse(text: &str) -> Result<Self, InvalidEndpoint> {
        if text == "mock" { Ok(Self::Mock) } else { Upstream::parse(text).map(Self::Upstream) }
    }
}

impl Endpoint {
    /// What is put before each operation's path; none for what no server answers.
    pub fn prefix(&self) -> Option<&str> {
        match self {
            Self::Mock => None,
            Self::Upstream(upstream) => Some(&upstream.prefix),
            Self::Several(several) => several.servers.first().map(|server| server.prefix.as_str()),
        }
    }
}

impl Several {
    /// Names the cluster: that of the server where there is one alone.
    pub fn name(&self) -> String {
        let origins: Vec<String> = self.servers.iter().map(Upstream::origin).collect();
        match (origins.as_slice(), self.order) {
            ([only], _) => only.clone(),
            (several, Order::RoundRobin) => format!("round robin {}", several.join(" ")),
            (several, Order::Failover) => format!("failover {}", several.join(" ")),
        }
    }
}

impl Upstream {
    fn parse(text: &str) -> Result<Self, InvalidEndpoint> {
        let url = Url::parse(text).map_err(|_| InvalidEndpoint::NotAbsolute)?;
        let tls = match url.scheme() {
            "http" => false,
            "https" => true,
            _ => return Err(InvalidEndpoint::Scheme),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(InvalidEndpoint::Credentials);
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(InvalidEndpoint::Query);
        }
        let host = match url.host().ok_or(InvalidEndpoint::Host)? {
            url::Host::Domain(name) => name.to_owned(),
            url::Host::Ipv4(address) => address.to_string(),
            url::Host::Ipv6(address) => address.to_string(),
        };
        let port = url.port_or_known_default().ok_or(InvalidEndpoint::Host)?;
        Ok(Self { tls, host, port, prefix: url.path().trim_end_matches('/').to_owned() })
    }

    /// `https://host:port`: names the cluster.
    pub fn origin(&self) -> String {
        format!("{}://{}", if self.tls { "https" } else { "http" }, self.authority_with_port())
    }

    /// What the upstream sees as `Host`; without the port when it is the scheme's own.
    pub fn authority(&self) -> String {
        let default = if self.tls { 443 } else { 80 };
        if self.port == default { self.bracketed() } else { self.authority_with_port() }
    }

    fn authority_with_port(&self) -> String {
        format!("{}:{}", self.bracketed(), self.port)
    }

    fn bracketed(&self) -> String {
        if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() }
    }
}

/// One way through Envoy's route table: the routing plugin names it, and its base path is replaced by the endpoint's.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Route {
    /// The API's base path: empty, or `/v1`.
    pub base_path: String,
    /// Where it leads.
    pub endpoint: Endpoint,
}

impl Route {
    /// Whether the upstream sees another path than the client sent.
    pub(crate) fn changes_path(&self) -> bool {
        self.endpoint.prefix().is_some_and(|prefix| prefix != self.base_path)
    }
}

/// All routes of a gateway, each with the name that the routing plugin uses, in order of first use.
#[derive(Debug, Clone, Default)]
pub(crate) struct Routes {
    names: IndexMap<Route, String>,
}

impl Routes {
    /// The name of a route, new or known.
    pub(crate) fn name(&mut self, route: Route) -> String {
        let next = format!("r{}", self.names.len());
        self.names.entry(route).or_insert(next).clone()
    }

    /// Every route and its name.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Route, &str)> {
        self.names.iter().map(|(route, name)| (route, name.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_mock_or_plain_absolute_urls() {
        let upstream = |tls, host: &str, port, prefix: &str| {
            Ok(Endpoint::Upstream(Upstream { tls, host: host.into(), port, prefix: prefix.into() }))
        };
        let cases = [
            ("mock", Ok(Endpoint::Mock)),
            ("http://a.example", upstream(false, "a.example", 80, "")),
            ("https://A.example/v1/", upstream(true, "a.example", 443, "/v1")),
            ("http://127.0.0.1:9000/x", upstream(false, "127.0.0.1", 9000, "/x")),
            ("http://[::1]:9000", upstream(false, "::1", 9000, "")),
            ("/v1", Err(InvalidEndpoint::NotAbsolute)),
            ("Mock", Err(InvalidEndpoint::NotAbsolute)),
            ("ftp://a", Err(InvalidEndpoint::Scheme)),
            ("http://u:p@a", Err(InvalidEndpoint::Credentials)),
            ("http://a?x=1", Err(InvalidEndpoint::Query)),
        ];
        for (text, expected) in cases {
            assert_eq!(Endpoint::parse(text), expected, "{text}");
        }
    }

    #[test]
    fn the_host_header_names_only_unusual_ports() {
        let authority = |text: &str| match Endpoint::parse(text) {
            Ok(Endpoint::Upstream(upstream)) => upstream.authority(),
            other => format!("{other:?}"),
        };
        assert_eq!(authority("https://a.example:443"), "a.example");
        assert_eq!(authority("http://a.example:443"), "a.example:443");
        assert_eq!(authority("http://[::1]:9000"), "[::1]:9000");
    }
}
