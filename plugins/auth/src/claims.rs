//! What the claims of a token say (RFC 7519, section 4.1), judged against an issuer's rules and a time.
//! Knows no keys: whether the claims are true is the signature's business.

use portcullis_core::UnixNanos;
use serde_json::Value;

use crate::json::UniqueMembers;

/// When a token is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Validity {
    /// `exp`: the first moment at which it is good no more.
    expires: UnixNanos,
    /// The later of `nbf` and `iat`: the first moment at which it is good.
    begins: UnixNanos,
}

/// Why claims are not accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refused {
    Missing(&'static str),
    WrongType(&'static str),
    Expired,
    NotYetValid,
    Audience,
}

impl Validity {
    /// Reads `exp`, which must be there, `nbf` and `iat`.
    pub(crate) fn read(claims: &UniqueMembers) -> Result<Self, Refused> {
        let date = |name: &'static str| match claims.get(name) {
            None => Ok(None),
            Some(value) => numeric_date(value).ok_or(Refused::WrongType(name)).map(Some),
        };
        let expires = date("exp")?.ok_or(Refused::Missing("exp"))?;
        let earliest = UnixNanos(0);
        let begins = date("nbf")?.unwrap_or(earliest).max(date("iat")?.unwrap_or(earliest));
        Ok(Self { expires, begins })
    }

    /// Whether `now` lies within, give or take `skew`.
    pub(crate) fn check(self, now: UnixNanos, skew: u64) -> Result<(), Refused> {
        if now.0 >= self.expires.0.saturating_add(skew) {
            return Err(Refused::Expired);
        }
        if now.0.saturating_add(skew) < self.begins.0 {
            return Err(Refused::NotYetValid);
        }
        Ok(())
    }
}

/// Whether `aud` names one of `accepted`; with none accepted, any audience is.
pub(crate) fn check_audience(claims: &UniqueMembers, accepted: &[String]) -> Result<(), Refused> {
    let is_accepted = |name: &str| accepted.iter().any(|one| one == name);
    let found = match claims.get("aud") {
        None if accepted.is_empty() => return Ok(()),
        None => return Err(Refused::Missing("aud")),
        Some(Value::String(name)) => is_accepted(name),
        Some(Value::Array(names)) if names.iter().all(Value::is_string) => {
            names.iter().filter_map(Value::as_str).any(is_accepted)
        }
        Some(_) => return Err(Refused::WrongType("aud")),
    };
    if found || accepted.is_empty() { Ok(()) } else { Err(Refused::Audience) }
}

/// The first of `names` that is a text which is not empty.
pub(crate) fn consumer<'c>(claims: &'c UniqueMembers, names: &[String]) -> Option<&'c str> {
    names.iter().filter_map(|name| claims.text(name)).find(|text| !text.is_empty())
}

/// What all of `names` grant: texts split at spaces, and arrays of texts. Anything else grants nothing.
pub(crate) fn scopes(claims: &UniqueMembers, names: &[String]) -> Vec<String> {
    let mut scopes: Vec<String> = Vec::new();
    let mut add = |scope: &str| {
        if !scope.is_empty() && !scopes.iter().any(|known| known == scope) {
            scopes.push(scope.to_owned());
        }
    };
    for value in names.iter().filter_map(|name| claims.get(name)) {
        match value {
            Value::String(text) => text.split(' ').for_each(&mut add),
            Value::Array(items) => items.iter().filter_map(Value::as_str).for_each(&mut add),
            _ => {}
        }
    }
    scopes
}

/// Seconds since 1970, possibly with a fraction (RFC 7519, section 2). Dates beyond 2554 are that year.
fn numeric_date(value: &Value) -> Option<UnixNanos> {
    const NANOS: u64 = 1_000_000_000;
    if let Some(seconds) = value.as_u64() {
        return Some(UnixNanos(seconds.saturating_mul(NANOS)));
    }
    let seconds = value.as_f64().filter(|seconds| seconds.is_finite() && *seconds >= 0.0)?;
    Some(UnixNanos((seconds * NANOS as f64) as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims(text: &str) -> UniqueMembers {
        serde_json::from_str(text).unwrap()
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn times_are_judged_with_their_skew() {
        let cases = [
            (r#"{"exp":1001}"#, 0, Ok(())),
            (r#"{"exp":1000}"#, 0, Err(Refused::Expired)),
            (r#"{"exp":1000.5}"#, 0, Ok(())),
            (r#"{"exp":996}"#, 5, Ok(())),
            (r#"{"exp":995}"#, 5, Err(Refused::Expired)),
            (r#"{"exp":2000,"nbf":1000}"#, 0, Ok(())),
            (r#"{"exp":2000,"nbf":1001}"#, 0, Err(Refused::NotYetValid)),
            (r#"{"exp":2000,"nbf":1005}"#, 5, Ok(())),
            (r#"{"exp":2000,"iat":1006}"#, 5, Err(Refused::NotYetValid)),
            (r#"{"exp":1e300}"#, 0, Ok(())),
            (r#"{"exp":18446744073709551615}"#, 5, Ok(())),
            (r#"{"exp":-1}"#, 0, Err(Refused::WrongType("exp"))),
            (r#"{"exp":"2000"}"#, 0, Err(Refused::WrongType("exp"))),
            (r#"{"exp":null}"#, 0, Err(Refused::WrongType("exp"))),
            (r#"{"exp":2000,"nbf":true}"#, 0, Err(Refused::WrongType("nbf"))),
            (r#"{"nbf":1}"#, 0, Err(Refused::Missing("exp"))),
        ];
        let second = 1_000_000_000;
        for (text, skew, expected) in cases {
            let now = UnixNanos(1000 * second);
            let judged =
                Validity::read(&claims(text)).and_then(|validity| validity.check(now, skew * second));
            assert_eq!(judged, expected, "{text}");
        }
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn an_audience_is_one_name_or_several() {
        let cases = [
            (r#"{"aud":"a"}"#, Ok(())),
            (r#"{"aud":["x","a"]}"#, Ok(())),
            (r#"{"aud":"x"}"#, Err(Refused::Audience)),
            (r#"{"aud":"A"}"#, Err(Refused::Audience)),
            (r#"{"aud":[]}"#, Err(Refused::Audience)),
            (r#"{"aud":["a",1]}"#, Err(Refused::WrongType("aud"))),
            (r#"{"aud":{"a":1}}"#, Err(Refused::WrongType("aud"))),
            ("{}", Err(Refused::Missing("aud"))),
        ];
        for (text, expected) in cases {
            assert_eq!(check_audience(&claims(text), &["a".into(), "b".into()]), expected, "{text}");
        }
        assert_eq!(check_audience(&claims("{}"), &[]), Ok(()));
        assert_eq!(check_audience(&claims(r#"{"aud":"x"}"#), &[]), Ok(()));
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn scopes_are_joined_from_texts_and_arrays() {
        let names = ["scope".to_owned(), "scp".to_owned()];
        let found = scopes(&claims(r#"{"scope":"a  b","scp":["b","c d",7],"other":"x"}"#), &names);
        assert_eq!(found, ["a", "b", "c d"]);
        assert_eq!(consumer(&claims(r#"{"azp":"","sub":"me"}"#), &["azp".into(), "sub".into()]), Some("me"));
    }
}
