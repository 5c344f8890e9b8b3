//! The `WWW-Authenticate` field (RFC 9110, section 11.6.1): how an operation may be called. Bearer follows
//! RFC 6750, section 3, Basic RFC 7617; API keys have no registered scheme, so theirs is `ApiKey` with
//! `in` and `name`; neither have certificates, theirs is `MutualTLS`.

use portcullis_core::Rejection;

use crate::scheme::{Place, Scheme};

/// The challenges of one operation, ready but for what a token's failure adds.
#[derive(Debug, Default)]
pub(crate) struct Challenges {
    realm: String,
    bearer: bool,
    others: Vec<String>,
}

impl Challenges {
    /// Prepares the challenges of all schemes that an operation accepts, each told once. `realm` is quoted
    /// as it will be sent.
    pub(crate) fn new<'s>(realm: &str, schemes: impl Iterator<Item = &'s Scheme>) -> Self {
        let mut challenges = Self { realm: realm.to_owned(), ..Self::default() };
        for scheme in schemes {
            let challenge = match scheme {
                Scheme::Bearer { .. } => {
                    challenges.bearer = true;
                    continue;
                }
                Scheme::Basic { .. } => format!("Basic realm={realm}, charset=\"UTF-8\""),
                Scheme::ApiKey { place, .. } => api_key(realm, place),
                Scheme::MutualTls { .. } => format!("MutualTLS realm={realm}"),
            };
            if !challenges.others.contains(&challenge) {
                challenges.others.push(challenge);
            }
        }
        challenges
    }

    /// Adds all challenges; the one for a token says what is wrong with the token, if there was one.
    pub(crate) fn unauthorized(&self, token_error: Option<&str>, mut rejection: Rejection) -> Rejection {
        if self.bearer {
            let mut challenge = format!("Bearer realm={}", self.realm);
            if let Some(description) = token_error {
                challenge
                    .push_str(&format!(", error=\"invalid_token\", error_description=\"{description}\""));
            }
            rejection = rejection.with_header("www-authenticate", challenge);
        }
        for challenge in &self.others {
            rejection = rejection.with_header("www-authenticate", challenge.as_str());
        }
        rejection
    }

    /// Adds which scopes a token would need, where tokens are accepted.
    pub(crate) fn insufficient_scope(&self, scopes: &[String], rejection: Rejection) -> Rejection {
        if !self.bearer {
            return rejection;
        }
        let mut challenge = format!("Bearer realm={}, error=\"insufficient_scope\"", self.realm);
        if scopes.iter().all(|scope| is_scope_token(scope)) {
            challenge.push_str(&format!(", scope=\"{}\"", scopes.join(" ")));
        }
        rejection.with_header("www-authenticate", challenge)
    }
}

/// A quoted string (RFC 9110, section 5.6.4); `None` when a character may not stand in one.
pub(crate) fn quoted(text: &str) -> Option<String> {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            ' '..='~' => quoted.push(character),
            _ => return None,
        }
    }
    quoted.push('"');
    Some(quoted)
}

fn api_key(realm: &str, place: &Place) -> String {
    let (place, name) = match place {
        Place::Header(name) => ("header", name),
        Place::Query(name) => ("query", name),
        Place::Cookie(name) => ("cookie", name),
    };
    let mut challenge = format!("ApiKey realm={realm}, in=\"{place}\"");
    if let Some(name) = quoted(name) {
        challenge.push_str(&format!(", name={name}"));
    }
    challenge
}

/// RFC 6749, section 3.3.
fn is_scope_token(scope: &str) -> bool {
    !scope.is_empty() && scope.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::issuers::Accepted;

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn text_is_quoted_or_left_out() {
        let cases = [
            ("a b", Some(r#""a b""#)),
            (r#"a"b\"#, Some(r#""a\"b\\""#)),
            ("", Some(r#""""#)),
            ("a\nb", None),
            ("ä", None),
        ];
        for (text, expected) in cases {
            assert_eq!(quoted(text).as_deref(), expected, "{text}");
        }
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn each_way_in_is_told_once() {
        let bearer = |issuers| Scheme::Bearer {
            accepted: Accepted { scheme: 0, issuers, introspections: Vec::new() },
            header: "authorization".into(),
        };
        let key = |place| Scheme::ApiKey { place, api: "a".into(), signed: None };
        let schemes = [
            key(Place::Query("k".into())),
            bearer(vec![]),
            Scheme::Basic { api: None, header: "authorization".into() },
            bearer(vec![1]),
            key(Place::Query("k".into())),
            key(Place::Cookie("ü".into())),
        ];
        let rejection = Challenges::new("\"r\"", schemes.iter())
            .unauthorized(Some("it is old"), Rejection::new(401, "x", ""));
        let told: Vec<_> = rejection.headers.iter().map(|(_, value)| value.as_str()).collect();
        assert_eq!(
            told,
            [
                r#"Bearer realm="r", error="invalid_token", error_description="it is old""#,
                r#"ApiKey realm="r", in="query", name="k""#,
                r#"Basic realm="r", charset="UTF-8""#,
                r#"ApiKey realm="r", in="cookie""#,
            ]
        );
    }
}
