//! Servers that plugins ask: for keys, about tokens and users, for what is revoked. Each is one cluster of Envoy's.

use std::collections::BTreeMap;

use portcullis_config::auth::RemoteConfig;
use url::Url;

use crate::endpoint::{Endpoint, InvalidEndpoint, Upstream};
use crate::gateway::file::ServiceFile;

/// How long a call may take, in milliseconds, unless the gateway file says so.
const DEFAULT_TIMEOUT: u32 = 2000;

/// All servers that plugins ask, by their origins.
#[derive(Debug, Clone, Default)]
pub(crate) struct Services {
    settings: BTreeMap<String, ServiceFile>,
    used: BTreeMap<String, Upstream>,
    /// Those that are spoken to in gRPC.
    grpc: BTreeMap<String, Upstream>,
}

/// A server and how Envoy reaches it.
#[derive(Debug)]
pub(crate) struct Service<'s> {
    /// The cluster's name.
    pub(crate) name: String,
    pub(crate) upstream: &'s Upstream,
    pub(crate) settings: ServiceFile,
    /// Whether it is spoken to in HTTP/2.
    pub(crate) http2: bool,
}

impl Services {
    /// Servers as the gateway file describes them, by the URLs that it gives them. The error names the URL.
    pub(crate) fn new(files: BTreeMap<String, ServiceFile>) -> Result<Self, (String, InvalidEndpoint)> {
        let mut settings = BTreeMap::new();
        for (url, file) in files {
            match Endpoint::parse(&url) {
                Ok(Endpoint::Upstream(upstream)) if upstream.prefix.is_empty() => {
                    settings.insert(upstream.origin(), file);
                }
                Ok(_) => return Err((url, InvalidEndpoint::NotAbsolute)),
                Err(cause) => return Err((url, cause)),
            }
        }
        Ok(Self { settings, ..Self::default() })
    }

    /// A place at a server, which will be a cluster.
    pub(crate) fn remote(&mut self, url: &str) -> Result<RemoteConfig, InvalidEndpoint> {
        let parsed = Url::parse(url).map_err(|_| InvalidEndpoint::NotAbsolute)?;
        if parsed.fragment().is_some() {
            return Err(InvalidEndpoint::Query);
        }
        let mut origin = parsed.clone();
        origin.set_path("");
        origin.set_query(None);
        let Endpoint::Upstream(upstream) = Endpoint::parse(origin.as_str())? else {
            return Err(InvalidEndpoint::NotAbsolute);
        };
        let query = parsed.query().map(|query| format!("?{query}")).unwrap_or_default();
        let settings = self.settings.get(&upstream.origin());
        let timeout_milliseconds =
            settings.and_then(|settings| settings.timeout_milliseconds).unwrap_or(DEFAULT_TIMEOUT);
        let remote = RemoteConfig {
            service: name(&upstream.origin()),
            authority: upstream.authority(),
            origin: origin.as_str().trim_end_matches('/').to_owned(),
            path: format!("{}{query}", parsed.path()),
            timeout_milliseconds,
        };
        self.used.insert(upstream.origin(), upstream);
        Ok(remote)
    }

    /// A server that is spoken to in gRPC, which will be a cluster: the cluster's name, and `Host`.
    pub(crate) fn grpc(&mut self, url: &str) -> Result<(String, String), InvalidEndpoint> {
        match Endpoint::parse(url)? {
            Endpoint::Upstream(upstream) if upstream.prefix.is_empty() => {
                let named = (grpc_name(&upstream.origin()), upstream.authority());
                self.grpc.insert(upstream.origin(), upstream);
                Ok(named)
            }
            _ => Err(InvalidEndpoint::NotAbsolute),
        }
    }

    /// Origins that the gateway file describes and nothing asks.
    pub(crate) fn unused(&self) -> impl Iterator<Item = &str> {
        let is_used = |origin: &String| self.used.contains_key(origin) || self.grpc.contains_key(origin);
        self.settings.keys().filter(move |origin| !is_used(origin)).map(String::as_str)
    }

    /// The servers that are asked.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Service<'_>> {
        let settings = |origin: &String| self.settings.get(origin).cloned().unwrap_or_default();
        let used = self.used.iter().map(move |(origin, upstream)| Service {
            name: name(origin),
            upstream,
            settings: settings(origin),
            http2: false,
        });
        used.chain(self.grpc.iter().map(move |(origin, upstream)| Service {
            name: grpc_name(origin),
            upstream,
            settings: settings(origin),
            http2: true,
        }))
    }
}

/// Apart from the clusters of endpoints, which may be the same servers under other settings.
fn name(origin: &str) -> String {
    format!("service {origin}")
}

fn grpc_name(origin: &str) -> String {
    format!("service {origin} grpc")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_of_one_server_share_its_cluster() {
        let mut services = Services::default();
        let first = services.remote("https://idp.example/a/?x=1").unwrap();
        assert_eq!(first.path, "/a/?x=1");
        assert_eq!((first.authority.as_str(), first.origin.as_str()), ("idp.example", "https://idp.example"));
        let second = services.remote("https://idp.example:443/b").unwrap();
        assert_eq!(first.service, second.service);
        assert_eq!(services.remote("http://[::1]:8080").unwrap().path, "/");
        assert_eq!(services.iter().count(), 2);
        for (url, cause) in [
            ("https://u:p@idp.example/a", InvalidEndpoint::Credentials),
            ("/a", InvalidEndpoint::NotAbsolute),
            ("https://idp.example/a#b", InvalidEndpoint::Query),
            ("mock", InvalidEndpoint::NotAbsolute),
        ] {
            assert_eq!(services.remote(url).unwrap_err(), cause, "{url}");
        }
    }
}
