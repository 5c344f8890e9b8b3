//! Gives a caller whose password is right an API key that the gateway signs: for the APIs that the caller may call, and
//! for so long as the caller asks, up to a bound. What is asked for in another form is refused: a restriction that
//! nobody has read would be none.

use std::num::NonZeroU32;

use portcullis_config::auth::{AttemptsConfig, KeyServiceConfig};
use portcullis_core::{AddressRange, Decision, Env, Environment, Rejection, Reply, Request};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::attempts::{Attempts, Exceeded};
use crate::grant::Grant;
use crate::invalid::InvalidAuth;
use crate::signer::Signer;

/// Longest request for a key, in bytes.
const MAX_BODY: u32 = 4096;

/// Signs keys.
#[derive(Debug)]
pub(crate) struct KeyService {
    issuer: String,
    audience: Option<Value>,
    signer: Signer,
    max_seconds: Option<u64>,
    apis: Vec<String>,
    /// Keys by caller; addresses are not counted.
    issued: Attempts,
}

/// What a caller asks for.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Wanted {
    #[serde(default)]
    validity_time: Option<Validity>,
    /// As a signed key has it: empty for any.
    #[serde(default, rename = "permittedIP")]
    permitted_ip: String,
    #[serde(default)]
    permitted_referer: String,
}

/// Seconds, as a number or as a text; what is not above 0 means as long as possible.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Validity {
    Number(i64),
    Text(String),
}

impl KeyService {
    pub(crate) fn compile(config: KeyServiceConfig) -> Result<Self, InvalidAuth> {
        let audience = match config.audiences.as_slice() {
            [] => None,
            [only] => Some(Value::from(only.as_str())),
            several => Some(Value::from(several)),
        };
        if config.apis.is_empty() {
            return Err(InvalidAuth::KeyService("its keys are for no API"));
        }
        let refused = InvalidAuth::KeyService("the key is not one for its algorithm");
        Ok(Self {
            issuer: config.issuer,
            audience,
            signer: Signer::compile(config.algorithm, &config.key_id, &config.key).ok_or(refused)?,
            max_seconds: config.max_seconds.map(|seconds| seconds.get().into()),
            apis: config.apis,
            issued: Attempts::new(AttemptsConfig {
                per_user: config.per_minute,
                per_address: NonZeroU32::MAX,
            }),
        })
    }

    /// Answers who was let in. `may_call` says for which APIs the same credential is good.
    pub(crate) fn answer(
        &self,
        grant: &Grant,
        may_call: &dyn Fn(&str) -> bool,
        request: &Request,
        env: &dyn Env,
    ) -> Decision {
        let Some(body) = request.body() else { return Decision::NeedBody(MAX_BODY) };
        self.issue(grant, may_call, body, env).map_or_else(Decision::Reject, Decision::Respond)
    }

    fn issue(
        &self,
        grant: &Grant,
        may_call: &dyn Fn(&str) -> bool,
        body: &[u8],
        env: &dyn Env,
    ) -> Result<Reply, Rejection> {
        let wanted = Wanted::read(body).map_err(|cause| {
            Rejection::new(400, "request-invalid", format!("The key cannot be made: {cause}."))
        })?;
        let apis: Vec<&str> = self.apis.iter().map(String::as_str).filter(|api| may_call(api)).collect();
        if apis.is_empty() {
            let detail = "The user may call none of the APIs that keys are for.";
            return Err(Rejection::new(403, "api-key-api-refused", detail));
        }
        if let Err(Exceeded(wait)) = self.issued.charge(grant.consumer(), env) {
            let rejection = Rejection::new(429, "attempts-exceeded", "Too many keys; see Retry-After.");
            return Err(rejection.with_header("retry-after", wait.to_string()));
        }
        let id = random().ok_or_else(|| Rejection::internal("random-missing"))?;
        let claims = Value::Object(self.claims(grant, &apis, &wanted, id, env.now().seconds())).to_string();
        let key = self.signer.token(&claims, env).ok_or_else(|| Rejection::internal("api-key-unsigned"))?;
        let headers = [("content-type", "text/plain"), ("cache-control", "no-store"), ("pragma", "no-cache")];
        let headers = headers.map(|(name, value)| (name.into(), value.to_owned())).to_vec();
        Ok(Reply { status: 200, headers, body: key.into_bytes() })
    }

    fn claims(
        &self,
        grant: &Grant,
        apis: &[&str],
        wanted: &Wanted,
        id: String,
        now: u64,
    ) -> Map<String, Value> {
        let account = grant.account();
        let is_sandbox = account.is_some_and(|account| account.environment() == Some(Environment::Sandbox));
        let allowed = apis.iter().map(|api| json!({ "name": api, "version": "*" }));
        let own = json!({
            "iss": self.issuer,
            "sub": grant.consumer(),
            "jti": id,
            "iat": now,
            "token_type": "apiKey",
            "keytype": if is_sandbox { "SANDBOX" } else { "PRODUCTION" },
            "allowedAPIs": allowed.collect::<Vec<_>>(),
        });
        let texts = [
            ("scope", grant.scopes().join(" ")),
            ("permittedIP", wanted.permitted_ip.clone()),
            ("permittedReferer", wanted.permitted_referer.clone()),
        ];
        let Value::Object(mut claims) = own else { return Map::new() };
        claims.extend(account.map(|account| account.claims()).unwrap_or_default());
        let texts = texts.into_iter().filter(|(_, text)| !text.is_empty());
        claims.extend(texts.map(|(name, text)| (name.to_owned(), text.into())));
        claims.extend(self.audience.clone().map(|audience| ("aud".to_owned(), audience)));
        let expires = self.seconds(wanted).map(|seconds| now.saturating_add(seconds));
        claims.extend(expires.map(|expires| ("exp".to_owned(), expires.into())));
        claims
    }

    /// For how long; `None`: for ever.
    fn seconds(&self, wanted: &Wanted) -> Option<u64> {
        let asked = wanted.validity_time.as_ref().and_then(Validity::seconds);
        match (asked, self.max_seconds) {
            (Some(asked), Some(most)) => Some(asked.min(most)),
            (asked, most) => asked.or(most),
        }
    }
}

impl Wanted {
    fn read(body: &[u8]) -> Result<Self, &'static str> {
        if body.trim_ascii().is_empty() {
            return Ok(Self::default());
        }
        let is_object = body.trim_ascii_start().starts_with(b"{");
        let read = serde_json::from_slice::<Self>(body).ok().filter(|_| is_object);
        let wanted = read
            .ok_or("the body is no JSON object with validityTime, permittedIP and permittedReferer alone")?;
        let is_number = |text: &String| text.parse::<i64>().is_ok();
        if let Some(Validity::Text(text)) = &wanted.validity_time
            && !is_number(text)
        {
            return Err("validityTime is no number of seconds");
        }
        let ranges = wanted.permitted_ip.split(',').map(str::trim).filter(|range| !range.is_empty());
        if ranges.clone().any(|range| AddressRange::around(range).is_none()) {
            return Err("permittedIP is no list of addresses and ranges");
        }
        Ok(wanted)
    }
}

impl Validity {
    fn seconds(&self) -> Option<u64> {
        let seconds = match self {
            Self::Number(seconds) => *seconds,
            Self::Text(text) => text.parse().ok()?,
        };
        u64::try_from(seconds).ok().filter(|seconds| *seconds > 0)
    }
}

/// A name that no other key has.
fn random() -> Option<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).ok()?;
    Some(format!("{:032x}", u128::from_be_bytes(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn what_is_asked_for_is_read_whole_or_not_at_all() {
        let cases = [
            ("", Some(None)),
            (" ", Some(None)),
            ("{}", Some(None)),
            (r#"{"validityTime":600}"#, Some(Some(600))),
            (r#"{"validityTime":"600"}"#, Some(Some(600))),
            (r#"{"validityTime":-1}"#, Some(None)),
            (
                r#"{"validityTime":0,"permittedIP":" 10.0.0.0/8, 192.0.2.1,","permittedReferer":"*"}"#,
                Some(None),
            ),
            (r#"{"validityTime":"soon"}"#, None),
            (r#"{"validityTime":1.5}"#, None),
            (r#"{"validityTime":600"#, None),
            (r#"{"permittedIP":"10.0.0.0/33"}"#, None),
            (r#"{"permittedIp":"10.0.0.0/8"}"#, None),
            (r#"{"permittedReferer":["a"]}"#, None),
            ("[]", None),
            ("null", None),
            (r#"{"validityTime":1,"validityTime":2}"#, None),
        ];
        for (body, expected) in cases {
            let wanted = Wanted::read(body.as_bytes()).ok();
            let seconds = wanted.map(|wanted| wanted.validity_time.and_then(|validity| validity.seconds()));
            assert_eq!(seconds, expected, "{body}");
        }
    }
}
