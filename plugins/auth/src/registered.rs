//! The types of registered members that nothing here uses. A token in which one has another type was not made
//! by the book, and what reads it behind the gateway may take it for something else.

use serde_json::Value;

use crate::json::UniqueMembers;

/// Header parameters that are texts (RFC 7515, section 4.1). `alg`, `kid` and `typ` are looked at elsewhere.
const HEADER_TEXTS: [&str; 5] = ["cty", "jku", "x5u", "x5t", "x5t#S256"];
/// Claims that are texts (RFC 7519, section 4.1, and OpenID Connect).
const CLAIM_TEXTS: [&str; 4] = ["iss", "sub", "jti", "nonce"];

/// Whether the header's registered parameters have their types; null counts as none.
pub(crate) fn header_is_typed(header: &UniqueMembers) -> bool {
    let chain = |value: &Value| match value {
        Value::Null => true,
        Value::Array(certificates) => certificates.iter().all(Value::is_string),
        _ => false,
    };
    are_texts(header, &HEADER_TEXTS) && header.get("x5c").is_none_or(chain)
}

/// Whether the registered claims have their types; null counts as none. Times and audience are judged elsewhere.
pub(crate) fn claims_are_typed(claims: &UniqueMembers) -> bool {
    are_texts(claims, &CLAIM_TEXTS)
}

fn are_texts(members: &UniqueMembers, names: &[&str]) -> bool {
    names.iter().filter_map(|name| members.get(name)).all(|value| value.is_string() || value.is_null())
}
