//! The request target as it was judged, for an upstream that may read paths in its own way.

use portcullis_core::Request;

/// The canonical path with the query as it came; `None` when that is what the client sent.
pub(crate) fn judged_target(request: &Request) -> Option<String> {
    let path = request.path().as_str();
    let query = request.query();
    let sent = request.target();
    let sent_path = query.map_or(sent, |query| {
        // The query, and the `?` before it, are the end of the target.
        sent.get(..sent.len().saturating_sub(query.len() + 1)).unwrap_or_default()
    });
    if sent_path == path {
        return None;
    }
    Some(match query {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    })
}
