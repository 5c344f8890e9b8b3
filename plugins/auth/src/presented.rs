//! The credentials that a request carries, as bytes and unverified. A credential that comes twice is
//! nobody's guess to resolve: two readers could pick different ones.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use portcullis_core::{Headers, Request, decode_form};

/// The same credential twice, under one name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Duplicate;

/// What `Authorization` (RFC 9110, section 11.6.2) carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authorization<'r> {
    /// There is none, or one of a scheme that is not known here.
    None,
    /// What stands behind `Basic`.
    Basic(&'r str),
    /// What stands behind `Bearer`.
    Bearer(&'r str),
}

/// Reads `Authorization`, or the header that stands for it, by its name in lower case. Scheme names have any case. Neither scheme's credentials contain a comma, so one
/// means that a host before this one has joined two fields.
pub fn read_authorization<'r>(headers: &'r Headers, name: &'r str) -> Result<Authorization<'r>, Duplicate> {
    let Some(value) = only(headers.all(name))? else { return Ok(Authorization::None) };
    let Ok(value) = std::str::from_utf8(value) else { return Ok(Authorization::None) };
    let (scheme, credentials) = value.trim().split_once(' ').unwrap_or((value.trim(), ""));
    let credentials = credentials.trim();
    let found = if scheme.eq_ignore_ascii_case("basic") {
        Authorization::Basic(credentials)
    } else if scheme.eq_ignore_ascii_case("bearer") {
        Authorization::Bearer(credentials)
    } else {
        return Ok(Authorization::None);
    };
    if credentials.contains(',') { Err(Duplicate) } else { Ok(found) }
}

/// User name and password (RFC 7617, section 2): base64 with its padding, UTF-8, no control characters, and
/// the first colon ends the name.
pub fn read_basic(credentials: &str) -> Option<(String, String)> {
    let decoded = String::from_utf8(STANDARD.decode(credentials).ok()?).ok()?;
    if decoded.chars().any(char::is_control) {
        return None;
    }
    let (name, password) = decoded.split_once(':')?;
    Some((name.to_owned(), password.to_owned()))
}

/// The cookies of a request (RFC 6265, section 5.4), over all `Cookie` fields, without the quotes that may
/// surround a value. What has no `=` is passed over.
pub fn cookies(headers: &Headers) -> impl Iterator<Item = (&[u8], &[u8])> {
    headers.all("cookie").flat_map(|field| field.split(|byte| *byte == b';')).filter_map(|crumb| {
        let crumb = crumb.trim_ascii();
        let cut = crumb.iter().position(|byte| *byte == b'=')?;
        let (name, value) = (crumb.get(..cut)?.trim_ascii(), crumb.get(cut + 1..)?.trim_ascii());
        let unquoted = value.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\""));
        Some((name, unquoted.unwrap_or(value)))
    })
}

/// The one value of a header; an empty one is none.
pub(crate) fn header<'r>(request: &'r Request, name: &'r str) -> Result<Option<Cow<'r, [u8]>>, Duplicate> {
    Ok(only(request.headers().all(name))?.filter(|value| !value.is_empty()).map(Cow::Borrowed))
}

/// The one value of a query parameter, decoded once; an empty or undecodable one is none.
pub(crate) fn query<'r>(request: &'r Request, name: &str) -> Result<Option<Cow<'r, [u8]>>, Duplicate> {
    let named =
        request.query_pairs().filter(|pair| decode_form(pair.name).is_ok_and(|decoded| decoded == name));
    let Some(pair) = only(named)? else { return Ok(None) };
    Ok(match decode_form(pair.value.unwrap_or_default()) {
        Ok(value) if !value.is_empty() => Some(match value {
            Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
            Cow::Owned(text) => Cow::Owned(text.into_bytes()),
        }),
        _ => None,
    })
}

/// The one value of a cookie; an empty one is none.
pub(crate) fn cookie<'r>(request: &'r Request, name: &str) -> Result<Option<Cow<'r, [u8]>>, Duplicate> {
    let named = cookies(request.headers()).filter(|(found, _)| *found == name.as_bytes());
    let value = only(named)?.map(|(_, value)| value);
    Ok(value.filter(|value| !value.is_empty()).map(Cow::Borrowed))
}

fn only<T>(mut found: impl Iterator<Item = T>) -> Result<Option<T>, Duplicate> {
    let first = found.next();
    if found.next().is_some() { Err(Duplicate) } else { Ok(first) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn authorization_is_read_by_its_scheme() {
        let cases: [(&[&str], Result<Authorization, Duplicate>); 10] = [
            (&[], Ok(Authorization::None)),
            (&["Bearer a.b.c"], Ok(Authorization::Bearer("a.b.c"))),
            (&["bEaReR   a "], Ok(Authorization::Bearer("a"))),
            (&["Bearer"], Ok(Authorization::Bearer(""))),
            (&["Basic YTpi"], Ok(Authorization::Basic("YTpi"))),
            (&["Bearera"], Ok(Authorization::None)),
            (&["Digest username=\"a\", realm=\"b\""], Ok(Authorization::None)),
            (&["Bearer a", "Bearer a"], Err(Duplicate)),
            (&["Basic a", "Bearer a"], Err(Duplicate)),
            (&["Bearer a,Basic b"], Err(Duplicate)),
        ];
        for (values, expected) in cases {
            let headers = Headers::from_pairs(values.iter().map(|value| ("authorization", value)));
            assert_eq!(read_authorization(&headers, "authorization"), expected, "{values:?}");
        }
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn basic_credentials_are_read_strictly() {
        let cases = [
            ("YWRhOnNlY3JldA==", Some(("ada", "secret"))),
            ("YTpiOmM=", Some(("a", "b:c"))),
            ("OnA=", Some(("", "p"))),
            ("w6Q6w7Y=", Some(("ä", "ö"))),
            ("YWRhOnNlY3JldA", None),
            ("YWRhOnNlY3JldB==", None),
            ("YWRh", None),
            ("5Dpw", None),
            ("YQA6Yg==", None),
            ("", None),
            ("YTpi YTpi", None),
        ];
        for (text, expected) in cases {
            let found = read_basic(text);
            let found = found.as_ref().map(|(name, password)| (name.as_str(), password.as_str()));
            assert_eq!(found, expected, "{text}");
        }
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn cookies_are_found_in_every_field() {
        let headers = Headers::from_pairs([("cookie", "a=1; b=\"2\";; c"), ("cookie", "d = x=y ;e=")]);
        let found: Vec<_> = cookies(&headers)
            .map(|(name, value)| (String::from_utf8_lossy(name), String::from_utf8_lossy(value)))
            .collect();
        let expected = [("a", "1"), ("b", "2"), ("d", "x=y"), ("e", "")]
            .map(|(name, value)| (name.into(), value.into()));
        assert_eq!(found, expected);
    }

    #[cfg(not(target_arch = "wasm32"))]
    proptest::proptest! {
        #[test]
        fn basic_credentials_survive_their_encoding(name in "[^:\\pC]{0,12}", password in "\\PC{0,12}") {
            let text = STANDARD.encode(format!("{name}:{password}"));
            proptest::prop_assert_eq!(read_basic(&text), Some((name, password)));
        }
    }
}
