//! The file with revoked tokens that Envoy itself watches: a route of its own, which answers with the list. Whoever
//! replaces the file changes the list of every worker, with no server and no connection to one.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::envoy::type_url;

/// The route table's name in the file.
const NAME: &str = "portcullis.revoked";
/// Where the list is asked for.
pub(crate) const PATH: &str = "/revoked";
/// Longest list, in bytes: what a plugin reads of one reply.
const MAX_BODY: u32 = 32 << 20;

/// An entry: what is revoked, until when, and of what was issued before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevokedEntry {
    /// `jti`, `token` (its SHA-256 in hex), `sub` or `iss`.
    pub kind: &'static str,
    /// Which.
    pub value: String,
    /// Seconds since 1970 from which on the entry means nothing.
    pub until: Option<u64>,
    /// Only tokens issued before this second.
    pub before: Option<u64>,
}

/// Why a text is no such file.
#[derive(Debug, thiserror::Error)]
#[error("it is no file that `portcullis revoke` has written")]
pub struct NoRevocationFile;

/// The file with these entries added, without those that are over; `None` is a file that is not there yet.
pub fn add_revoked(
    file: Option<&str>,
    entries: &[RevokedEntry],
    now: u64,
) -> Result<String, NoRevocationFile> {
    let (mut list, edition) = match file {
        Some(text) => read(text)?,
        None => (Vec::new(), 0),
    };
    list.extend(entries.iter().map(written));
    let is_over =
        |entry: &Value| entry.get("until").and_then(Value::as_u64).is_some_and(|until| until <= now);
    list.retain(|entry| !is_over(entry));
    list.dedup();
    Ok(resource(&list, edition + 1))
}

/// How many entries a file has.
pub fn count_revoked(file: &str) -> Result<usize, NoRevocationFile> {
    read(file).map(|(list, _)| list.len())
}

fn written(entry: &RevokedEntry) -> Value {
    let mut value = json!({ entry.kind: entry.value });
    if let Some(object) = value.as_object_mut() {
        object.extend(entry.until.map(|until| ("until".to_owned(), json!(until))));
        object.extend(entry.before.map(|before| ("before".to_owned(), json!(before))));
    }
    value
}

/// The entries and the edition.
fn read(text: &str) -> Result<(Vec<Value>, u64), NoRevocationFile> {
    let file: Value = serde_json::from_str(text).map_err(|_| NoRevocationFile)?;
    let table = file.pointer("/resources/0").filter(|table| table.get("name") == Some(&json!(NAME)));
    let route = table.and_then(|table| table.pointer("/virtual_hosts/0/routes/1")).ok_or(NoRevocationFile)?;
    let text = |pointer: &str| route.pointer(pointer).and_then(Value::as_str).ok_or(NoRevocationFile);
    let mut body: Value =
        serde_json::from_str(text("/direct_response/body/inline_string")?).map_err(|_| NoRevocationFile)?;
    let etag = text("/response_headers_to_add/0/header/value")?;
    let edition = etag.trim_matches('"').split('-').next().unwrap_or_default().parse();
    match body.get_mut("revoked").map(Value::take) {
        Some(Value::Array(list)) => Ok((list, edition.map_err(|_| NoRevocationFile)?)),
        _ => Err(NoRevocationFile),
    }
}

fn resource(list: &[Value], edition: u64) -> String {
    // Of the content as well: a file that is made anew begins with the first edition again.
    let digest = Sha256::digest(json!(list).to_string());
    let digest: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let etag = format!("\"{edition}-{digest}\"");
    let known = json!({
        "match": {
            "path": PATH,
            "headers": [{ "name": "if-none-match", "string_match": { "exact": etag } }],
        },
        "direct_response": { "status": 304 },
    });
    let whole = json!({
        "match": { "path": PATH },
        "direct_response": {
            "status": 200,
            "body": { "inline_string": json!({ "revoked": list }).to_string() },
        },
        "response_headers_to_add": [{ "header": { "key": "etag", "value": etag } }],
    });
    let table = json!({
        "@type": type_url("envoy.config.route.v3.RouteConfiguration"),
        "name": NAME,
        "max_direct_response_body_size_bytes": MAX_BODY,
        "virtual_hosts": [{ "name": NAME, "domains": ["*"], "routes": [known, whole] }],
    });
    let mut text = json!({ "resources": [table] }).to_string();
    text.push('\n');
    text
}

/// The listener inside Envoy that serves the file, reached by no network.
pub(crate) fn listener(file: &str) -> Value {
    // A file without a folder is none to Envoy.
    let path = if file.contains('/') { file.to_owned() } else { format!("./{file}") };
    let manager = json!({
        "@type": type_url("envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"),
        "stat_prefix": NAME,
        "rds": {
            "route_config_name": NAME,
            "config_source": { "path_config_source": { "path": path }, "resource_api_version": "V3" },
        },
        "http_filters": [{
            "name": "envoy.filters.http.router",
            "typed_config": { "@type": type_url("envoy.extensions.filters.http.router.v3.Router") },
        }],
    });
    let filter = json!({ "name": "envoy.filters.network.http_connection_manager", "typed_config": manager });
    json!({ "name": NAME, "internal_listener": {}, "filter_chains": [{ "filters": [filter] }] })
}

/// How plugins reach that listener.
pub(crate) fn cluster() -> Value {
    let address = json!({ "envoy_internal_address": { "server_listener_name": NAME } });
    let endpoint = json!({ "endpoint": { "address": address } });
    json!({
        "name": NAME,
        "type": "STATIC",
        "connect_timeout": "1s",
        "load_assignment": { "cluster_name": NAME, "endpoints": [{ "lb_endpoints": [endpoint] }] },
    })
}

/// The cluster's name.
pub(crate) fn service() -> &'static str {
    NAME
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_grows_and_forgets_what_is_over() {
        let entry =
            |value: &str, until| RevokedEntry { kind: "jti", value: value.into(), until, before: None };
        let first = add_revoked(None, &[entry("a", Some(100)), entry("b", None)], 10).unwrap();
        assert_eq!(count_revoked(&first).unwrap(), 2);
        let second = add_revoked(Some(&first), &[entry("\"c\"", Some(300))], 200).unwrap();
        let (list, edition) = read(&second).unwrap();
        assert_eq!(list, [json!({ "jti": "b" }), json!({ "jti": "\"c\"", "until": 300 })]);
        assert_eq!(edition, 2);
        for broken in ["", "{}", r#"{"resources":[{"name":"other"}]}"#, r#"{"revoked":[]}"#] {
            assert!(add_revoked(Some(broken), &[], 0).is_err(), "{broken}");
        }
    }
}
