//! What the claims of a token say (RFC 7519, section 4.1), judged against an issuer's rules and a time.
//! Knows no keys: whether the claims are true is the signature's business.

use std::borrow::Cow;
use std::collections::BTreeMap;

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
    /// A claim that the issuer's configuration requires is not there.
    Lacking,
    /// One is there, with none of the values that are required.
    Mismatch,
}

impl Validity {
    /// Reads `exp`, which must be there unless tokens are good `without_expiry`, `nbf` and `iat`.
    pub(crate) fn read(claims: &UniqueMembers, without_expiry: bool) -> Result<Self, Refused> {
        let date = |name: &'static str| match claims.get(name) {
            None => Ok(None),
            Some(value) => numeric_date(value).ok_or(Refused::WrongType(name)).map(Some),
        };
        let never = without_expiry.then_some(UnixNanos(u64::MAX));
        let expires = date("exp")?.or(never).ok_or(Refused::Missing("exp"))?;
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

/// Whether each claim of `required` is there, with one of its values if it has any.
pub(crate) fn check_required(
    claims: &UniqueMembers,
    required: &BTreeMap<String, Vec<Value>>,
) -> Result<(), Refused> {
    for (name, accepted) in required {
        let found = claims.find(name).filter(|found| !found.is_null()).ok_or(Refused::Lacking)?;
        let is_accepted = |value: &Value| accepted.contains(value);
        let among = |values: &Vec<Value>| values.iter().any(is_accepted);
        if !accepted.is_empty() && !is_accepted(found) && !found.as_array().is_some_and(among) {
            return Err(Refused::Mismatch);
        }
    }
    Ok(())
}

/// Names or paths that are looked at, after the one that the author maps.
pub(crate) fn mapped_first(
    name: &str,
    map: &BTreeMap<String, Vec<String>>,
    names: Vec<String>,
) -> Vec<String> {
    let mapped = map.contains_key(name).then(|| name.to_owned());
    mapped.into_iter().chain(names).collect()
}

/// Claims under the names that the gateway reads.
pub(crate) fn mapped<'c>(
    claims: &'c UniqueMembers,
    names: &BTreeMap<String, Vec<String>>,
) -> Cow<'c, UniqueMembers> {
    if names.is_empty() {
        return Cow::Borrowed(claims);
    }
    let mut mapped = claims.clone();
    map(&mut mapped, names);
    Cow::Owned(mapped)
}

/// Puts claims under the names that the gateway reads; what a token itself says under such a name does not count.
fn map(claims: &mut UniqueMembers, map: &BTreeMap<String, Vec<String>>) {
    let found: Vec<_> = map
        .iter()
        .map(|(name, paths)| (name, paths.iter().find_map(|path| claims.find(path)).cloned()))
        .collect();
    for (name, value) in found {
        claims.set(name, value);
    }
}

/// The first of `names` that is a text which is not empty, or an array of one such text.
pub(crate) fn consumer<'c>(claims: &'c UniqueMembers, names: &[String]) -> Option<&'c str> {
    let text = |value: &'c Value| match value.as_array().map(Vec::as_slice) {
        Some([only]) => only.as_str(),
        _ => value.as_str(),
    };
    names.iter().filter_map(|name| text(claims.find(name)?)).find(|text| !text.is_empty())
}

/// What all of `names` grant: texts split at spaces, and arrays of texts. Anything else grants nothing.
pub(crate) fn scopes(claims: &UniqueMembers, names: &[String]) -> Vec<String> {
    let mut scopes: Vec<String> = Vec::new();
    let mut add = |scope: &str| {
        if !scope.is_empty() && !scopes.iter().any(|known| known == scope) {
            scopes.push(scope.to_owned());
        }
    };
    for value in names.iter().filter_map(|name| claims.find(name)) {
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
                Validity::read(&claims(text), false).and_then(|validity| validity.check(now, skew * second));
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
    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn required_claims_are_there_with_one_of_their_values() {
        let cases = [
            (r#"{"a":1}"#, "a", "[]", Ok(())),
            (r#"{"a":false}"#, "a", "[]", Ok(())),
            (r#"{"a":null}"#, "a", "[]", Err(Refused::Lacking)),
            (r#"{"b":1}"#, "a", "[]", Err(Refused::Lacking)),
            (r#"{"a":"x"}"#, "a", r#"["y","x"]"#, Ok(())),
            (r#"{"a":"z"}"#, "a", r#"["y","x"]"#, Err(Refused::Mismatch)),
            (r#"{"a":["z","x"]}"#, "a", r#"["x"]"#, Ok(())),
            (r#"{"a":[["x"]]}"#, "a", r#"["x"]"#, Err(Refused::Mismatch)),
            (r#"{"a":"1"}"#, "a", "[1]", Err(Refused::Mismatch)),
            (r#"{"a":{"b":true}}"#, "a.b", "[true]", Ok(())),
            (r#"{"a.b":true,"a":{"b":false}}"#, "a.b", "[true]", Ok(())),
            (r#"{"a":{"b":true}}"#, "a.c", "[true]", Err(Refused::Lacking)),
            (r#"{"a":["b"]}"#, "a.0", "[]", Err(Refused::Lacking)),
        ];
        for (text, name, values, expected) in cases {
            let required = BTreeMap::from([(name.to_owned(), serde_json::from_str(values).unwrap())]);
            assert_eq!(check_required(&claims(text), &required), expected, "{text} {name} {values}");
        }
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn mapped_claims_take_the_place_of_a_tokens_own() {
        let paths = |paths: &[&str]| paths.iter().map(|path| (*path).to_owned()).collect::<Vec<_>>();
        let rules = BTreeMap::from([
            ("consumer".to_owned(), paths(&["client.id", "clientId"])),
            ("scope".to_owned(), paths(&["https://idp.test/roles"])),
        ]);
        let cases = [
            (
                r#"{"client":{"id":"a"},"clientId":"b"}"#,
                r#"{"client":{"id":"a"},"clientId":"b","consumer":"a"}"#,
            ),
            (r#"{"clientId":"b","consumer":"c"}"#, r#"{"clientId":"b","consumer":"b"}"#),
            (r#"{"consumer":"c","scope":"all"}"#, "{}"),
            (r#"{"https://idp.test/roles":["x"]}"#, r#"{"https://idp.test/roles":["x"],"scope":["x"]}"#),
        ];
        for (text, expected) in cases {
            let mut mapped = claims(text);
            map(&mut mapped, &rules);
            assert_eq!(mapped, claims(expected), "{text}");
        }
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn the_consumer_is_the_first_text_that_there_is() {
        let names = ["azp", "client_id", "aud", "act.sub", "sub"].map(str::to_owned);
        let cases = [
            (r#"{"azp":"a","sub":"s"}"#, Some("a")),
            (r#"{"azp":"","client_id":"c"}"#, Some("c")),
            (r#"{"azp":7,"aud":["x"],"sub":"s"}"#, Some("x")),
            (r#"{"aud":["x","y"],"sub":"s"}"#, Some("s")),
            (r#"{"aud":[],"act":{"sub":"n"},"sub":"s"}"#, Some("n")),
            (r#"{"aud":[["x"]]}"#, None),
            ("{}", None),
        ];
        for (text, expected) in cases {
            assert_eq!(consumer(&claims(text), &names), expected, "{text}");
        }
    }
}
