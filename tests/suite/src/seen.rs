//! What a client and an upstream saw, and how that differs from what was expected.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::case::{Expected, OneOrMany, TokenExpected, UpstreamExpected};
use crate::token;

/// The outcome of one request.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// The status the client saw; 0 when it saw none.
    pub status: u16,
    /// The response's headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The response's body.
    pub body: Vec<u8>,
    /// The request as the upstream saw it, if it did.
    pub upstream: Option<SeenUpstream>,
    /// What the access log says was observed.
    pub observed: Option<String>,
}

/// A request that went through.
#[derive(Debug, Clone, Default)]
pub struct SeenUpstream {
    /// `:path`.
    pub path: String,
    /// Its headers.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: Vec<u8>,
}

/// Every way in which an outcome is not as expected.
pub fn differences(expected: &Expected, seen: &Seen) -> Vec<String> {
    let mut found = Vec::new();
    let status = expected.status.unwrap_or(200);
    if seen.status != status {
        found.push(format!("status {} instead of {status}", seen.status));
    }
    let body: Value = serde_json::from_slice(&seen.body).unwrap_or_default();
    if let Some(code) = &expected.code
        && body.get("code").and_then(Value::as_str) != Some(code)
    {
        found.push(format!("code {} instead of {code}", body.get("code").unwrap_or(&Value::Null)));
    }
    let text = String::from_utf8_lossy(&seen.body);
    if let Some(part) = &expected.body_contains
        && !text.contains(part.as_str())
    {
        found.push(format!("'{part}' is not in the body"));
    }
    if let Some(json) = &expected.json
        && body != *json
    {
        found.push(format!("the body is not {json}"));
    }
    if let Some(wanted) = &expected.token {
        compare_token("the body", wanted, &text, &mut found);
    }
    if let Some(errors) = &expected.errors {
        compare_errors(errors, &body, &mut found);
    }
    compare_headers("response", &expected.headers, &seen.headers, &mut found);
    compare_upstream(expected, seen.upstream.as_ref(), &mut found);
    if let Some(observed) = &expected.observed
        && *observed != seen.observed
    {
        found.push(format!("{:?} was observed instead of {observed:?}", seen.observed));
    }
    if !found.is_empty() {
        found.push(format!("the body was: {text}"));
    }
    found
}

fn compare_upstream(expected: &Expected, seen: Option<&SeenUpstream>, found: &mut Vec<String>) {
    let nothing = UpstreamExpected::default();
    let wanted = expected.upstream.as_ref().or(expected.passes.then_some(&nothing));
    match (wanted, seen) {
        (None, None) => {}
        (None, Some(_)) => found.push("the request reached the upstream".to_owned()),
        (Some(_), None) => found.push("the request did not reach the upstream".to_owned()),
        (Some(wanted), Some(seen)) => {
            if let Some(path) = &wanted.path
                && *path != seen.path
            {
                found.push(format!("the upstream saw the path {} instead of {path}", seen.path));
            }
            if let Some(body) = &wanted.body
                && body.as_bytes() != seen.body
            {
                found.push("the upstream saw another body".to_owned());
            }
            compare_headers("upstream", &wanted.headers, &seen.headers, found);
            for (name, wanted) in &wanted.tokens {
                compare_tokens(name, wanted, &seen.headers, found);
            }
        }
    }
}

fn compare_headers(
    whose: &str,
    wanted: &BTreeMap<String, Option<OneOrMany>>,
    seen: &[(String, String)],
    found: &mut Vec<String>,
) {
    for (name, value) in wanted {
        let values: Vec<&str> =
            seen.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str()).collect();
        let wanted: Vec<&str> =
            value.iter().flat_map(|value| value.values().iter().map(String::as_str)).collect();
        if values != wanted {
            found.push(format!("the {whose} header {name} is {values:?} instead of {wanted:?}"));
        }
    }
}

fn compare_tokens(name: &str, wanted: &TokenExpected, seen: &[(String, String)], found: &mut Vec<String>) {
    let values: Vec<&String> =
        seen.iter().filter(|(known, _)| known == name).map(|(_, value)| value).collect();
    let [only] = values.as_slice() else {
        found.push(format!("the upstream saw {} headers {name}", values.len()));
        return;
    };
    compare_token(&format!("the upstream's {name}"), wanted, only, found);
}

fn compare_token(what: &str, wanted: &TokenExpected, text: &str, found: &mut Vec<String>) {
    match token::read_signed(text, &wanted.key) {
        Err(cause) => found.push(format!("{what}: {cause}")),
        Ok(claims) if claims == wanted.claims => {}
        Ok(claims) => found.push(format!("{what} says {claims:?}")),
    }
}

fn compare_errors(wanted: &[BTreeMap<String, String>], body: &Value, found: &mut Vec<String>) {
    let seen = body.get("errors").and_then(Value::as_array).cloned().unwrap_or_default();
    let fits = |wanted: &BTreeMap<String, String>, seen: &Value| {
        wanted.iter().all(|(name, value)| seen.get(name).and_then(Value::as_str) == Some(value))
    };
    for one in wanted {
        if !seen.iter().any(|error| fits(one, error)) {
            found.push(format!("no error is {one:?}"));
        }
    }
    if seen.len() != wanted.len() {
        found.push(format!("{} errors instead of {}", seen.len(), wanted.len()));
    }
}
