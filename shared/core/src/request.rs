//! The request that policies judge: its head read once, its body when a policy asked for it.
//! A head that is no proper HTTP request never becomes a [`Request`].

use std::borrow::Cow;

use crate::decision::Edits;
use crate::headers::Headers;
use crate::path::{CanonicalPath, PathError};
use crate::query::{Pair, pairs};

/// Longest query accepted, in bytes; longer is 414.
const MAX_QUERY: usize = 32 * 1024;
/// The methods of most requests; others are spelled out.
const METHODS: [&str; 7] = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"];

/// Why a head is answered before any policy runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Malformed {
    /// No `:method`, or one that is no token.
    Method,
    /// No `:path`.
    PathMissing,
    /// The path has no canonical form.
    Path(PathError),
    /// The query is over its bound.
    QueryTooLong,
    /// The query holds bytes that must be encoded.
    Query,
    /// More than one `Host`, or one that is no host.
    Host,
}

impl std::fmt::Display for Malformed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Method => f.write_str("the method is no HTTP method"),
            Self::PathMissing => f.write_str("there is no path"),
            Self::Path(cause) => cause.fmt(f),
            Self::QueryTooLong => f.write_str("the query is too long"),
            Self::Query => f.write_str("the query contains a character that must be percent-encoded"),
            Self::Host => f.write_str("the host is named twice, or is none"),
        }
    }
}

impl std::error::Error for Malformed {}

/// One request, alive as long as its stream.
#[derive(Debug)]
pub struct Request {
    headers: Headers,
    method: Cow<'static, str>,
    target: Target,
    host: String,
    body: Option<Vec<u8>>,
}

#[derive(Debug)]
struct Target {
    text: String,
    path: CanonicalPath,
    query_start: Option<usize>,
}

impl Request {
    /// Reads a head. Pseudo-headers are those of HTTP/2 (`:method`, `:path`, `:authority`).
    pub fn new(headers: Headers) -> Result<Self, Malformed> {
        let method = read_method(&headers)?;
        let target = read_target(&headers, &method)?;
        let host = read_host(&headers)?;
        Ok(Self { method, target, host, headers, body: None })
    }

    /// The request as it goes on: with its headers, and its target, changed. Method and host are never edited.
    pub(crate) fn apply(&mut self, edits: &Edits) -> Result<(), Malformed> {
        for name in &edits.remove {
            self.headers.remove(name);
        }
        for (name, value) in &edits.set {
            self.headers.set(name, value);
        }
        if edits.set.iter().any(|(name, _)| name == ":path") {
            self.target = read_target(&self.headers, &self.method)?;
        }
        Ok(())
    }

    /// The method, case-sensitive as RFC 9110 has it.
    pub fn method(&self) -> &str {
        &self.method
    }

    /// The path in the form every policy judges.
    pub fn path(&self) -> &CanonicalPath {
        &self.target.path
    }

    /// The query, encoded; `None` when there is no `?`.
    pub fn query(&self) -> Option<&str> {
        self.target.query_start.and_then(|start| self.target.text.get(start..))
    }

    /// The pairs of the query.
    pub fn query_pairs(&self) -> impl Iterator<Item = Pair<'_>> + Clone {
        pairs(self.query().unwrap_or_default())
    }

    /// `:path` as it came: path and query.
    pub fn target(&self) -> &str {
        &self.target.text
    }

    /// The host in lower case, without port; empty when the client named none.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// All headers, pseudo-headers among them.
    pub fn headers(&self) -> &Headers {
        &self.headers
    }

    /// The whole body, once a policy has asked for it by [`crate::Decision::NeedBody`].
    pub fn body(&self) -> Option<&[u8]> {
        self.body.as_deref()
    }

    /// Hands in the whole body.
    pub fn set_body(&mut self, body: Vec<u8>) {
        self.body = Some(body);
    }
}

fn read_method(headers: &Headers) -> Result<Cow<'static, str>, Malformed> {
    let method = headers.first(":method").ok_or(Malformed::Method)?;
    if let Some(known) = METHODS.iter().find(|known| known.as_bytes() == method) {
        return Ok(Cow::Borrowed(known));
    }
    let is_token = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    if method.is_empty() || method.len() > 32 || !method.iter().all(is_token) {
        return Err(Malformed::Method);
    }
    Ok(Cow::Owned(String::from_utf8_lossy(method).into_owned()))
}

fn read_target(headers: &Headers, method: &str) -> Result<Target, Malformed> {
    let target = headers.first(":path").ok_or(Malformed::PathMissing)?;
    let cut = target.iter().position(|byte| *byte == b'?');
    let (raw_path, query) = match cut {
        Some(at) => (target.get(..at).unwrap_or_default(), target.get(at + 1..).unwrap_or_default()),
        None => (target, &[][..]),
    };
    // `OPTIONS *` asks about the server, not about a resource (RFC 9110, section 9.3.7).
    let raw_path = if raw_path == b"*" && method == "OPTIONS" { b"/" } else { raw_path };
    let path = CanonicalPath::new(raw_path).map_err(Malformed::Path)?;
    check_query(query)?;
    let text = std::str::from_utf8(target).map_err(|_| Malformed::Query)?.to_owned();
    Ok(Target { text, path, query_start: cut.map(|at| at + 1) })
}

fn check_query(query: &[u8]) -> Result<(), Malformed> {
    if query.len() > MAX_QUERY {
        return Err(Malformed::QueryTooLong);
    }
    if query.iter().all(|byte| byte.is_ascii_graphic() && *byte != b'#') {
        Ok(())
    } else {
        Err(Malformed::Query)
    }
}

fn read_host(headers: &Headers) -> Result<String, Malformed> {
    let mut named = headers.all(":authority").chain(headers.all("host"));
    let Some(first) = named.next() else { return Ok(String::new()) };
    if named.any(|other| other != first) {
        return Err(Malformed::Host);
    }
    let text = std::str::from_utf8(first).map_err(|_| Malformed::Host)?;
    if !text.bytes().all(is_host_byte) {
        return Err(Malformed::Host);
    }
    let name = match text.strip_prefix('[') {
        Some(v6) => v6.split_once(']').map_or(text, |(name, _)| name),
        None => text.split_once(':').map_or(text, |(name, _)| name),
    };
    Ok(name.trim_end_matches('.').to_ascii_lowercase())
}

/// RFC 3986 `host` and `port` but for the comma, which is how Envoy joins several `Host` fields into one.
fn is_host_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~%!$&'()*+;=:[]".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(method: &str, target: &str, host: &str) -> Result<Request, Malformed> {
        Request::new(Headers::from_pairs([(":method", method), (":path", target), (":authority", host)]))
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn the_head_is_read_into_its_parts() {
        let request = read("GET", "/a//b?x=1&y", "Example.COM.:8080").unwrap();
        assert_eq!(request.method(), "GET");
        assert_eq!(request.path().as_str(), "/a/b");
        assert_eq!(request.query(), Some("x=1&y"));
        assert_eq!(request.host(), "example.com");
        assert_eq!(request.query_pairs().count(), 2);
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn malformed_heads_are_told_apart() {
        let cases = [
            ("G T", "/", "a", Malformed::Method),
            ("", "/", "a", Malformed::Method),
            ("GET", "*", "a", Malformed::Path(PathError::NotAbsolute)),
            ("GET", "/..", "a", Malformed::Path(PathError::AboveRoot)),
            ("GET", "/?a b", "a", Malformed::Query),
            ("GET", "/?a#b", "a", Malformed::Query),
        ];
        for (method, target, host, expected) in cases {
            assert_eq!(read(method, target, host).err(), Some(expected), "{method} {target}");
        }
        let two_hosts =
            Headers::from_pairs([(":method", "GET"), (":path", "/"), (":authority", "a"), ("host", "b")]);
        assert_eq!(Request::new(two_hosts).err(), Some(Malformed::Host));
        for host in ["a,b", "a b", "a/b", "user@a", "a?b", "\u{e9}"] {
            assert_eq!(read("GET", "/", host).err(), Some(Malformed::Host), "{host}");
        }
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn asterisk_form_is_for_options() {
        assert_eq!(read("OPTIONS", "*", "a").unwrap().path().as_str(), "/");
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn an_ipv6_host_loses_brackets_and_port() {
        assert_eq!(read("GET", "/", "[::1]:80").unwrap().host(), "::1");
    }
}
