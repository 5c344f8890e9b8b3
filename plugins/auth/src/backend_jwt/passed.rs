//! Which claims of a caller's own token upstreams see.

use std::rc::Rc;

use serde_json::{Map, Value};

use crate::json::UniqueMembers;

/// Of these the gateway makes its own, or they are about the caller's token alone.
const NEVER: [&str; 9] = ["iss", "aud", "exp", "nbf", "iat", "jti", "cnf", "scope", "active"];
/// What the gateway tells in its own words; passed on only if listed.
const TOLD: [&str; 9] = [
    "application",
    "subscribedAPIs",
    "allowedAPIs",
    "permittedIP",
    "permittedReferer",
    "tierInfo",
    "keytype",
    "scp",
    "token_type",
];

/// Which claims go on.
#[derive(Debug)]
pub(crate) struct PassedClaims {
    /// `None`: all.
    listed: Option<Vec<String>>,
    restricted: Vec<String>,
    /// The claim that holds a token for the upstream.
    given: Option<String>,
}

/// Longest token that an issuer may give for the upstream, in bytes.
const MAX_GIVEN: usize = 8 * 1024;

impl PassedClaims {
    pub(crate) fn new(listed: Option<Vec<String>>, restricted: Vec<String>, given: Option<String>) -> Self {
        Self { listed, restricted, given }
    }

    /// The token for the upstream that the caller's own brings along; what is no compact JWS is none.
    pub(crate) fn given(&self, claims: &UniqueMembers) -> Option<Rc<str>> {
        let text = claims.text(self.given.as_deref()?).filter(|text| text.len() <= MAX_GIVEN)?;
        let is_part = |part: &str| {
            !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        };
        let is_token = text.split('.').count() == 3 && text.split('.').all(is_part);
        is_token.then(|| text.into())
    }

    /// Whether upstreams may see a claim of this name at all.
    pub(crate) fn may_show(&self, name: &str) -> bool {
        !self.restricted.iter().any(|restricted| restricted == name)
    }

    /// The claims that go on, as a JSON object. `sub` is kept whether it is listed or not.
    pub(crate) fn keep(&self, claims: &UniqueMembers) -> String {
        let kept = claims.iter().filter(|(name, _)| self.passes(name));
        let kept: Map<String, Value> = kept.map(|(name, value)| (name.to_owned(), value.clone())).collect();
        Value::Object(kept).to_string()
    }

    fn passes(&self, name: &str) -> bool {
        let is_wanted = match &self.listed {
            Some(listed) => name == "sub" || listed.iter().any(|listed| listed == name),
            None => !TOLD.contains(&name),
        };
        let is_given = self.given.as_deref() == Some(name);
        is_wanted && !is_given && !NEVER.contains(&name) && self.may_show(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn only_what_may_be_seen_goes_on() {
        let claims =
            r#"{"iss":"i","sub":"ada","exp":9,"scope":"x","email":"a@b","roles":[1],"keytype":"SANDBOX"}"#;
        let claims: UniqueMembers = serde_json::from_str(claims).unwrap();
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let cases = [
            (None, names(&[]), r#"{"email":"a@b","roles":[1],"sub":"ada"}"#),
            (None, names(&["email", "sub"]), r#"{"roles":[1]}"#),
            (
                Some(names(&["roles", "exp", "keytype", "x"])),
                names(&[]),
                r#"{"keytype":"SANDBOX","roles":[1],"sub":"ada"}"#,
            ),
            (Some(names(&["roles"])), names(&["roles"]), r#"{"sub":"ada"}"#),
        ];
        for (listed, restricted, expected) in cases {
            assert_eq!(PassedClaims::new(listed, restricted, None).keep(&claims), expected);
        }
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn only_a_compact_jws_is_given_to_the_upstream() {
        let passed = PassedClaims::new(None, Vec::new(), Some("backendJwt".to_owned()));
        let long = format!("a.b.{}", "c".repeat(MAX_GIVEN));
        let cases = [
            (r#"{"backendJwt":"aZ0-_.b.c","x":1}"#, Some("aZ0-_.b.c")),
            (r#"{"backendJwt":"a.b"}"#, None),
            (r#"{"backendJwt":"a.b.c.d"}"#, None),
            (r#"{"backendJwt":"a..c"}"#, None),
            (r#"{"backendJwt":"a.b.c\r\nx: y"}"#, None),
            (r#"{"backendJwt":["a.b.c"]}"#, None),
            (&format!(r#"{{"backendJwt":"{long}"}}"#), None),
            ("{}", None),
        ];
        for (claims, expected) in cases {
            let claims: UniqueMembers = serde_json::from_str(claims).unwrap();
            assert_eq!(passed.given(&claims).as_deref(), expected, "{claims:?}");
            assert!(!passed.keep(&claims).contains("backendJwt"), "{claims:?}");
        }
    }
}
