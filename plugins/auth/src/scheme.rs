//! Security schemes: how a credential is presented, and who has to know it.

use std::borrow::Cow;
use std::rc::Rc;

use portcullis_config::auth::{AcceptedKeysConfig, KeyPlaceConfig, SchemeConfig};
use portcullis_core::Request;

use crate::invalid::InvalidAuth;
use crate::issuers::{Accepted, Issuers};
use crate::presented::{self, Authorization, Duplicate};
use crate::signed_key::SignedKeys;

/// One way to present a credential.
#[derive(Debug)]
pub(crate) enum Scheme {
    /// A key of `api`'s callers; also a signed one of these issuers.
    ApiKey { place: Place, api: String, signed: Option<SignedKeys> },
    /// A password of `api`'s users; absent: of any.
    Basic { api: Option<String>, header: String },
    /// A certificate of `api`'s callers. It comes with the connection, or from who ends TLS; see [`crate::client`].
    MutualTls { api: String },
    /// A token of one of these issuers.
    Bearer { accepted: Accepted, header: String },
}

/// Where an API key is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// A header, in lower case.
    Header(String),
    /// A query parameter, decoded.
    Query(String),
    /// A cookie.
    Cookie(String),
}

/// Headers that carry something else and must not be stripped for a key.
const RESERVED: [&str; 6] =
    ["host", "cookie", "connection", "content-length", "content-type", "transfer-encoding"];

impl Scheme {
    /// Compiles the scheme called `name`; `number` is no other's.
    pub(crate) fn compile(
        name: &str,
        number: u64,
        config: SchemeConfig,
        issuers: &Issuers,
    ) -> Result<Self, InvalidAuth> {
        Ok(match config {
            SchemeConfig::ApiKey { place, name: key_name, api, signed } => {
                let refuse = || InvalidAuth::KeyName { scheme: name.to_owned(), name: key_name.clone() };
                let place = Place::compile(place, &key_name).ok_or_else(refuse)?;
                let signed =
                    signed.map(|keys| accepted_keys(name, number, &api, keys, issuers)).transpose()?;
                Self::ApiKey { place, api, signed }
            }
            SchemeConfig::Basic { api, header } => Self::Basic { api, header: authorization(name, header)? },
            SchemeConfig::MutualTls { api } => Self::MutualTls { api },
            SchemeConfig::Bearer { issuers: accepted, header } => {
                let header = authorization(name, header)?;
                let unknown = |issuer: &str| InvalidAuth::UnknownIssuer {
                    scheme: name.to_owned(),
                    issuer: issuer.to_owned(),
                };
                let mut found = Accepted { scheme: number, issuers: Vec::new(), introspections: Vec::new() };
                for name in accepted {
                    match (issuers.position(&name), issuers.introspection(&name)) {
                        (Some(position), _) => found.issuers.push(position),
                        (None, Some(server)) => found.introspections.push(Rc::clone(server)),
                        (None, None) => return Err(unknown(&name)),
                    }
                }
                Self::Bearer { accepted: found, header }
            }
        })
    }

    /// The credential that the request presents for this scheme.
    pub(crate) fn presented<'r>(&'r self, request: &'r Request) -> Result<Option<Cow<'r, [u8]>>, Duplicate> {
        let authorization = |header: &'r str, read: fn(Authorization<'r>) -> Option<&'r str>| {
            let credentials = presented::read_authorization(request.headers(), header)?;
            Ok(read(credentials).map(|text| Cow::Borrowed(text.as_bytes())))
        };
        match self {
            Self::ApiKey { place: Place::Header(name), .. } => presented::header(request, name),
            Self::ApiKey { place: Place::Query(name), .. } => presented::query(request, name),
            Self::ApiKey { place: Place::Cookie(name), .. } => presented::cookie(request, name),
            Self::Basic { header, .. } => authorization(header, |found| match found {
                Authorization::Basic(credentials) => Some(credentials),
                _ => None,
            }),
            Self::MutualTls { .. } => Ok(None),
            Self::Bearer { header, .. } => authorization(header, |found| match found {
                Authorization::Bearer(token) => Some(token),
                _ => None,
            }),
        }
    }
}

fn accepted_keys(
    name: &str,
    number: u64,
    api: &str,
    config: AcceptedKeysConfig,
    issuers: &Issuers,
) -> Result<SignedKeys, InvalidAuth> {
    let find = |issuer: &String| {
        let unknown = || InvalidAuth::UnknownIssuer { scheme: name.to_owned(), issuer: issuer.clone() };
        issuers.key_issuer(issuer).ok_or_else(unknown)
    };
    let found = config.issuers.iter().map(find).collect::<Result<_, _>>()?;
    let accepted = Accepted { scheme: number, issuers: found, introspections: Vec::new() };
    Ok(SignedKeys { accepted, api: api.to_owned(), version: config.version, alone: config.alone })
}

impl Place {
    fn compile(place: KeyPlaceConfig, name: &str) -> Option<Self> {
        match place {
            KeyPlaceConfig::Header => header_name(name).map(Self::Header),
            KeyPlaceConfig::Query => (!name.is_empty()).then(|| Self::Query(name.to_owned())),
            KeyPlaceConfig::Cookie => is_token(name).then(|| Self::Cookie(name.to_owned())),
        }
    }
}

/// The header of a scheme that has its credential in `Authorization`, or in what stands for it.
fn authorization(scheme: &str, header: Option<String>) -> Result<String, InvalidAuth> {
    let Some(name) = header else { return Ok("authorization".to_owned()) };
    header_name(&name).ok_or_else(|| InvalidAuth::KeyName { scheme: scheme.to_owned(), name })
}

/// The name of a header that may hold a credential, in lower case.
pub(crate) fn header_name(name: &str) -> Option<String> {
    let name = name.to_ascii_lowercase();
    (is_token(&name) && !RESERVED.contains(&name.as_str())).then_some(name)
}

fn is_token(name: &str) -> bool {
    !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}
