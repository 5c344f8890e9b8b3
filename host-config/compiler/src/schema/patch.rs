//! What a body of `application/json-patch+json` is, whatever else its schema says (RFC 6902).

use serde_json::value::RawValue;

/// A list of operations. The same in both dialects.
const PATCH: &str = r#"{"type":"array","items":{"type":"object","required":["op","path"],"properties":{
"op":{"enum":["add","remove","replace","move","copy","test"]},
"path":{"type":"string","pattern":"^(/([^~/]|~[01])*)*$"},"from":{"type":"string","pattern":"^(/([^~/]|~[01])*)*$"}},
"anyOf":[{"properties":{"op":{"enum":["remove"]}}},{"properties":{"op":{"enum":["add","replace","test"]}},"required":["value"]},
{"properties":{"op":{"enum":["move","copy"]}},"required":["from"]}]}}"#;

/// For a body of which nothing else is said.
pub(super) fn alone() -> Option<Box<RawValue>> {
    RawValue::from_string(compact()).ok()
}

/// Beside what the document says.
pub(super) fn with(own: &str) -> Option<Box<RawValue>> {
    RawValue::from_string(format!("{{\"allOf\":[{own},{}]}}", compact())).ok()
}

fn compact() -> String {
    PATCH.replace('\n', "")
}
