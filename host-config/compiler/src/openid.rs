//! The issuer that a document names by its `openIdConnectUrl`, where the gateway file names none: what it is called is
//! told by the URL and completed by the metadata (OpenID Connect Discovery 1.0, sections 4.1 and 4.3).

use std::net::IpAddr;

use portcullis_config::auth::{IssuerConfig, PublishedKeysConfig};
use url::{Host, Url};

use crate::gateway::file::IssuerFile;
use crate::service::Services;

/// What the URL of an issuer's metadata ends with.
const METADATA: &str = "/.well-known/openid-configuration";

/// An issuer that only a document names.
#[derive(Debug, Clone)]
pub(crate) struct DerivedIssuer {
    /// A name that no other issuer has.
    pub(crate) name: String,
    /// Its name in tokens, without a slash at its end.
    pub(crate) issuer: String,
    audiences: Vec<String>,
    url: String,
}

/// Why a URL names no issuer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoIssuer {
    /// It is no URL of metadata.
    #[error("it does not end with {METADATA}")]
    Ending,
    /// Somebody on the way could put in other keys.
    #[error("it is not https")]
    Insecure,
    /// It cannot be asked.
    #[error("it is no plain URL with a host")]
    Unusable,
}

impl DerivedIssuer {
    /// The issuer of `url`, whose tokens must be for one of `audiences`; `taken` are names of others.
    pub(crate) fn of(
        api: &str,
        url: &str,
        audiences: &[String],
        taken: impl Fn(&str) -> bool,
    ) -> Result<Self, NoIssuer> {
        let issuer = url.strip_suffix(METADATA).ok_or(NoIssuer::Ending)?;
        let parsed = Url::parse(url).map_err(|_| NoIssuer::Unusable)?;
        if parsed.query().is_some() {
            return Err(NoIssuer::Unusable);
        }
        let is_here = match parsed.host().ok_or(NoIssuer::Unusable)? {
            Host::Domain(name) => name == "localhost",
            Host::Ipv4(address) => IpAddr::from(address).is_loopback(),
            Host::Ipv6(address) => IpAddr::from(address).is_loopback(),
        };
        if parsed.scheme() != "https" && !(parsed.scheme() == "http" && is_here) {
            return Err(NoIssuer::Insecure);
        }
        let mut name = format!("{api} {issuer}");
        while taken(&name) {
            name.push('\'');
        }
        let (issuer, audiences) = (issuer.to_owned(), audiences.to_vec());
        // Whether the server can be asked at all is no other's business.
        Services::default().remote(url).map_err(|_| NoIssuer::Unusable)?;
        Ok(Self { name, issuer, audiences, url: url.to_owned() })
    }

    /// What the plugin knows of it; the server becomes one that is asked.
    pub(crate) fn config(&self, services: &mut Services) -> Option<IssuerConfig> {
        let file = IssuerFile::discovered(self.issuer.clone(), self.audiences.clone());
        let published = PublishedKeysConfig {
            remote: services.remote(&self.url).ok()?,
            discovery: true,
            derived: true,
            refresh_seconds: file.refresh_seconds,
            retry_seconds: file.retry_seconds,
        };
        Some(IssuerConfig { published: Some(published), ..file.claims() })
    }
}

#[cfg(test)]
mod tests;
