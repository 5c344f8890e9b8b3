//! Servers that a gateway asks, as a case file describes them.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use serde::Deserialize;
use serde_json::Value;

use crate::case::OneOrMany;
use crate::token::key_set;

/// What the environment of a gateway under test holds; the private key is that of the test issuer.
pub const SECRETS: [(&str, &str); 4] = [
    ("TEST_SECRET", "s3cret&"),
    ("TEST_SHARED_SECRET", "0123456789abcdef0123456789abcdef"),
    ("TEST_SHARED_SECRET_BASE64", "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="),
    (
        "TEST_PRIVATE_KEY",
        "-----BEGIN PRIVATE KEY-----\nMEECAQAwEwYHKoZIzj0CAQYIKoZIzj0DAQcEJzAlAgEBBCAHBwcHBwcHBwcHBwcH\n\
         BwcHBwcHBwcHBwcHBwcHBwcHBw==\n-----END PRIVATE KEY-----\n",
    ),
];

/// A server's reply to some calls. The first that fits answers; where none fits, the server is down (503).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// The method and the path with its query: `POST /introspect`.
    pub call: String,
    /// The origin, as the gateway file names it; default: any.
    #[serde(default)]
    pub origin: Option<String>,
    /// Texts that the body must contain.
    #[serde(default)]
    pub contains: Vec<String>,
    /// Headers that the call must have, with these values; null: that it must not have.
    #[serde(default)]
    pub headers: BTreeMap<String, Option<String>>,
    /// From this second of the case on.
    #[serde(default)]
    pub from: f64,
    /// Before this second of the case; default: for ever.
    #[serde(default)]
    pub until: Option<f64>,
    /// The reply.
    #[serde(default)]
    pub reply: ServiceReply,
    /// How often it must have answered when the case is over; default: however often.
    #[serde(default)]
    pub times: Option<usize>,
}

/// What a server replies.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceReply {
    /// Default: 200.
    #[serde(default)]
    pub status: Option<u16>,
    /// Headers.
    #[serde(default)]
    pub headers: BTreeMap<String, OneOrMany>,
    /// The body as text.
    #[serde(default)]
    pub body: Option<String>,
    /// The body as a JSON value.
    #[serde(default)]
    pub json: Option<Value>,
    /// The body as a JWK Set with the keys of these names: `es` is the test issuer's, any other signs as `other-key`.
    #[serde(default)]
    pub jwks: Option<Vec<String>>,
}

/// A call, whoever made it.
#[derive(Debug)]
pub(crate) struct Called<'c> {
    /// The name of the cluster.
    pub service: &'c str,
    /// `POST`.
    pub method: &'c str,
    /// Path and query.
    pub path: &'c str,
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: &'c [u8],
}

/// Status, headers and body of a reply.
pub(crate) type Replied = (u16, Vec<(String, String)>, Vec<u8>);

/// The servers of one case.
#[derive(Debug)]
pub struct Services {
    services: Vec<Service>,
    answered: Mutex<Vec<usize>>,
}

impl Services {
    /// Servers that nobody has called yet.
    pub fn new(services: &[Service]) -> Self {
        Self { services: services.to_vec(), answered: Mutex::new(vec![0; services.len()]) }
    }

    /// The reply at this second of the case.
    pub(crate) fn answer(&self, at: f64, called: &Called<'_>) -> Replied {
        let Some(found) = self.services.iter().position(|service| service.fits(at, called)) else {
            return (503, Vec::new(), b"no healthy upstream".to_vec());
        };
        self.answered.lock().unwrap_or_else(PoisonError::into_inner)[found] += 1;
        self.services[found].reply.made()
    }

    /// What was called more or less often than the case says.
    pub fn miscounted(&self) -> Vec<String> {
        let answered = self.answered.lock().unwrap_or_else(PoisonError::into_inner);
        let counted = self.services.iter().zip(answered.iter());
        let wrong =
            counted.filter(|(service, times)| service.times.is_some_and(|expected| expected != **times));
        wrong.map(|(service, times)| format!("{} was called {times} times", service.call)).collect()
    }
}

impl Service {
    fn fits(&self, at: f64, called: &Called<'_>) -> bool {
        let body = String::from_utf8_lossy(called.body);
        let header = |name: &str| {
            called.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
        };
        self.call == format!("{} {}", called.method, called.path)
            && self.origin.as_deref().is_none_or(|origin| called.service == origin)
            && self.contains.iter().all(|text| body.contains(text))
            && self.headers.iter().all(|(name, value)| header(name) == value.as_ref())
            && at >= self.from
            && self.until.is_none_or(|until| at < until)
    }
}

impl ServiceReply {
    fn made(&self) -> Replied {
        let values = |(name, values): (&String, &OneOrMany)| {
            let name = name.to_ascii_lowercase();
            values.values().iter().map(move |value| (name.clone(), value.clone())).collect::<Vec<_>>()
        };
        let headers = self.headers.iter().flat_map(values).collect();
        let body = match (&self.jwks, &self.json, &self.body) {
            (Some(ids), _, _) => key_set(ids).to_string(),
            (_, Some(json), _) => json.to_string(),
            (_, _, body) => body.clone().unwrap_or_default(),
        };
        (self.status.unwrap_or(200), headers, body.into_bytes())
    }
}
