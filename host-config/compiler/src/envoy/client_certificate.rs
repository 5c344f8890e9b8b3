//! Client certificates at a listener: how TLS asks for them, and how the plugins learn which one was verified.
//!
//! Where a certificate is only requested, Envoy must not end the connection of a client that shows one which nobody
//! vouches for: it counts as none. Envoy then accepts any, and its `connection.*` properties are those of any. What
//! was verified is known to the route table alone (`tls_context.validated`), so a route says it: the filter here
//! writes the digest where the plugins read it, on that route and on no other. A resumed session is never validated
//! again, so sessions are not resumed there.

use serde_json::{Value, json};

use super::type_url;
use crate::gateway::file::{ClientCertificatesFile, TlsFile};
use crate::gateway::join;

/// Where the plugins find the SHA-256 of the verified certificate.
const VERIFIED: &str = "portcullis-certificate";
const FILTER: &str = "portcullis.certificate";

/// What the TLS context says beside the listener's own certificate.
pub(super) fn add_to_tls(
    file: &ClientCertificatesFile,
    folder: &str,
    context: &mut serde_json::Map<String, Value>,
) {
    let trusted = json!({ "filename": join(folder, &file.ca) });
    let validation = if file.require {
        json!({ "trusted_ca": trusted })
    } else {
        context.insert("disable_stateless_session_resumption".to_owned(), true.into());
        context.insert("disable_stateful_session_resumption".to_owned(), true.into());
        json!({ "trusted_ca": trusted, "trust_chain_verification": "ACCEPT_UNTRUSTED" })
    };
    context.insert("require_client_certificate".to_owned(), file.require.into());
    if let Some(common) = context.get_mut("common_tls_context").and_then(Value::as_object_mut) {
        common.insert("validation_context".to_owned(), validation);
    }
}

/// The filter that tells the plugins of the certificate, before all of them.
pub(super) fn filter(tls: Option<&TlsFile>) -> Option<Value> {
    let file = tls?.client_certificates.as_ref()?;
    // Without a required certificate, only the route of [`verified_route`] configures it.
    let config = if file.require { tell() } else { nothing() };
    Some(json!({ "name": FILTER, "typed_config": config }))
}

/// The route of requests that no plugin has seen yet and whose certificate was verified.
pub(super) fn verified_route(tls: Option<&TlsFile>) -> Option<Value> {
    tls?.client_certificates.as_ref().filter(|file| !file.require)?;
    Some(json!({
        "match": { "prefix": "/", "tls_context": { "presented": true, "validated": true } },
        "direct_response": { "status": 404 },
        "typed_per_filter_config": { FILTER: tell() },
    }))
}

fn nothing() -> Value {
    set_filter_state(json!([]))
}

fn tell() -> Value {
    set_filter_state(json!([{
        "object_key": VERIFIED,
        "factory_key": "envoy.string",
        "format_string": { "text_format_source": { "inline_string": "%DOWNSTREAM_PEER_FINGERPRINT_256%" } },
        "skip_if_empty": true,
    }]))
}

fn set_filter_state(values: Value) -> Value {
    json!({
        "@type": type_url("envoy.extensions.filters.http.set_filter_state.v3.Config"),
        "on_request_headers": values,
    })
}
