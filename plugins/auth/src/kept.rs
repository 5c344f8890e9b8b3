//! What is kept of a token's claims: for upstreams, in the token that the gateway signs and in headers, and for the limits that
//! judge callers by them.

use std::rc::Rc;

use portcullis_core::Claims;
use serde_json::Value;

use crate::backend_jwt::PassedClaims;
use crate::identity_headers::{IdentityHeaders, Told};
use crate::json::UniqueMembers;

/// Which claims upstreams see, and how.
#[derive(Debug, Clone, Default)]
pub(crate) struct Keeper {
    pub(crate) passed: Option<Rc<PassedClaims>>,
    pub(crate) headers: Option<Rc<IdentityHeaders>>,
    /// Those that limits judge by.
    pub(crate) judged: Rc<[String]>,
}

/// Longest value that limits judge by, in bytes, and most members of a list: all of them travel between the plugins. A
/// claim with more is as if it were not there.
const MAX_VALUE: usize = 1024;
const MAX_MEMBERS: usize = 32;

/// What upstreams see of one token.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Kept {
    /// For the gateway's own token: a JSON object.
    pub(crate) claims: Option<Rc<str>>,
    /// In its place.
    pub(crate) given: Option<Rc<str>>,
    told: Option<Rc<Told>>,
    judged: Option<Rc<Claims>>,
}

impl Keeper {
    /// Of a token with these claims, or of which this is said; `issuer` vouches for one that does not say who does.
    pub(crate) fn keep(&self, claims: &UniqueMembers, issuer: Option<&str>) -> Kept {
        Kept {
            claims: self.passed.as_ref().map(|passed| passed.keep(claims).into()),
            given: self.passed.as_ref().and_then(|passed| passed.given(claims)),
            told: self.headers.as_ref().map(|headers| Rc::new(headers.keep(claims, issuer))),
            judged: (!self.judged.is_empty()).then(|| self.judged(claims)),
        }
    }

    fn judged(&self, claims: &UniqueMembers) -> Rc<Claims> {
        let values = |name: &String| {
            let values = claims.find(name).and_then(texts).unwrap_or_default();
            values.into_iter().map(|value| (name.clone(), value)).collect::<Vec<_>>()
        };
        self.judged.iter().flat_map(values).collect()
    }
}

impl Kept {
    /// For headers.
    pub(crate) fn told(&self) -> &[(usize, String)] {
        self.told.as_ref().map(|told| told.as_slice()).unwrap_or_default()
    }

    /// For limits.
    pub(crate) fn judged(&self) -> Option<&Rc<Claims>> {
        self.judged.as_ref()
    }

    /// Bytes of its texts.
    pub(crate) fn size(&self) -> usize {
        let claims = self.claims.as_ref().map_or(0, |claims| claims.len());
        let claims = claims + self.given.as_ref().map_or(0, |given| given.len());
        let judged = self.judged.iter().flat_map(|judged| judged.iter());
        let judged: usize = judged.map(|(name, value)| name.len() + value.len()).sum();
        judged + claims + self.told().iter().map(|(_, text)| text.len()).sum::<usize>()
    }
}

/// The texts of a claim: its own, or those of its members. `None` for an object, and for what is too long.
fn texts(value: &Value) -> Option<Vec<String>> {
    let text = |value: &Value| {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Number(_) | Value::Bool(_) => value.to_string(),
            Value::Null | Value::Array(_) | Value::Object(_) => return None,
        };
        (text.len() <= MAX_VALUE).then_some(text)
    };
    match value {
        Value::Array(members) if members.len() <= MAX_MEMBERS => members.iter().map(text).collect(),
        other => Some(vec![text(other)?]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn limits_judge_by_what_the_configuration_names_and_nothing_else() {
        let judged: Vec<String> = ["plan", "groups", "realm.roles"].map(str::to_owned).to_vec();
        let keeper = Keeper { judged: judged.into(), ..Keeper::default() };
        let long = "x".repeat(MAX_VALUE + 1);
        let cases = [
            (json!({"plan": "gold", "other": "x"}), vec![("plan", "gold")]),
            (
                json!({"plan": 7, "groups": ["a", true]}),
                vec![("plan", "7"), ("groups", "a"), ("groups", "true")],
            ),
            (json!({"realm": {"roles": ["r"]}, "plan": null}), vec![("realm.roles", "r")]),
            (json!({"plan": {"a": 1}, "groups": ["a", {}]}), vec![]),
            (json!({"plan": long, "groups": ["a", long]}), vec![]),
            (json!({"groups": vec!["a"; MAX_MEMBERS + 1]}), vec![]),
        ];
        for (claims, expected) in cases {
            let members: UniqueMembers = serde_json::from_value(claims.clone()).unwrap();
            let kept = keeper.keep(&members, None);
            let found: Vec<(&str, &str)> =
                kept.judged().unwrap().iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            assert_eq!(found, expected, "{claims}");
        }
        assert_eq!(Keeper::default().keep(&UniqueMembers::default(), None).judged(), None);
    }
}
