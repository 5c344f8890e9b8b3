//! API keys that are tokens, as WSO2's issuers write them: what tells them from access tokens, for which APIs they are,
//! and from where they may be used. Their signatures and times are the issuer's business.

use portcullis_config::auth::SignedKeyConfig;
use portcullis_core::{Env, Request};
use serde_json::Value;

use crate::api_key::KeyRefused;
use crate::conditions::Conditions;
use crate::failure::InvalidToken;
use crate::issuers::Accepted;
use crate::json::UniqueMembers;

/// What `token_type` says in tokens that are no access tokens.
const KEY_TYPES: [&str; 2] = ["apiKey", "InternalKey"];
/// Most APIs of a key that are read; a token is 16 KiB at most.
const MAX_APIS: usize = 256;

/// Which tokens of an issuer are keys.
#[derive(Debug)]
pub(crate) struct KeyKind(SignedKeyConfig);

/// Which signed keys a scheme accepts.
#[derive(Debug)]
pub(crate) struct SignedKeys {
    pub(crate) accepted: Accepted,
    /// The API that they are presented to, and its version.
    pub(crate) api: String,
    pub(crate) version: String,
    /// Whether no other keys are accepted.
    pub(crate) alone: bool,
}

/// What is looked at again each time a key is used.
#[derive(Debug)]
pub(crate) struct Restrictions {
    /// For which APIs and versions it is; a version that is absent is every one. Absent: for all.
    apis: Option<Vec<(String, Option<String>)>>,
    conditions: Conditions,
}

/// Whether a token says that it is an API key.
pub(crate) fn is_key(claims: &UniqueMembers) -> bool {
    let said = claims.text("token_type");
    said.is_some_and(|said| KEY_TYPES.iter().any(|kind| kind.eq_ignore_ascii_case(said)))
}

/// Whether a key has the form of a JWT (RFC 7519): its header is a JSON object.
pub(crate) fn looks_signed(key: &[u8]) -> bool {
    key.starts_with(b"eyJ") && key.iter().filter(|byte| **byte == b'.').count() == 2
}

impl KeyKind {
    pub(crate) fn new(config: SignedKeyConfig) -> Self {
        Self(config)
    }

    /// Refuses a token that is none of these keys.
    pub(crate) fn check(&self, claims: &UniqueMembers) -> Result<(), InvalidToken> {
        let is_one = match claims.get("token_type") {
            None => self.0.untyped,
            Some(said) => said.as_str().is_some_and(|said| said.eq_ignore_ascii_case(&self.0.token_type)),
        };
        if is_one { Ok(()) } else { Err(InvalidToken::TypeRefused) }
    }

    /// What a key says of its use. `allowedAPIs` goes before `subscribedAPIs`, which may be needed besides.
    pub(crate) fn restrictions(&self, claims: &UniqueMembers) -> Result<Box<Restrictions>, InvalidToken> {
        let named = ["allowedAPIs", "subscribedAPIs"].into_iter().find_map(|name| claims.get(name));
        let apis = match named.filter(|named| !named.is_null()) {
            None => self.0.require_apis.then(Vec::new),
            Some(Value::Array(apis)) => Some(apis.iter().take(MAX_APIS).filter_map(api).collect()),
            Some(_) => return Err(InvalidToken::MemberType),
        };
        let conditions = Conditions::of_claims(claims).map_err(|_| InvalidToken::MemberType)?;
        Ok(Box::new(Restrictions { apis, conditions }))
    }
}

impl Restrictions {
    /// Whether the key may be used for this request to this API.
    pub(crate) fn check(
        &self,
        keys: &SignedKeys,
        request: &Request,
        env: &dyn Env,
    ) -> Result<(), KeyRefused> {
        self.conditions.check(request, env)?;
        let is_this = |(name, version): &(String, Option<String>)| {
            *name == keys.api && version.as_ref().is_none_or(|version| *version == keys.version)
        };
        match &self.apis {
            Some(apis) if !apis.iter().any(is_this) => Err(KeyRefused::Api),
            _ => Ok(()),
        }
    }

    /// Bytes of its texts.
    pub(crate) fn size(&self) -> usize {
        let text = |(name, version): &(String, Option<String>)| {
            size_of::<(String, Option<String>)>() + name.len() + version.as_ref().map_or(0, String::len)
        };
        self.apis.iter().flatten().map(text).sum::<usize>() + self.conditions.size()
    }
}

/// Name and version; what has another form is no API.
fn api(value: &Value) -> Option<(String, Option<String>)> {
    let text = |name| value.get(name)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    let version = text("version")?;
    Some((text("name")?, (version != "*").then_some(version)))
}
