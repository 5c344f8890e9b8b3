//! Which named schemas a schema text refers to, found without parsing it: a gateway holds thousands of
//! schemas, and only those that a request needs are ever parsed.

use portcullis_core::decode;

/// The names behind `#/$defs/` in the text's `$ref` and `$dynamicRef` members, in order, repeated ones as
/// often as they stand there. May name too many (an example that looks like a reference), never too few.
pub(crate) fn names(schema: &str) -> impl Iterator<Item = String> {
    schema.match_indices("ef\"").filter_map(|(at, keyword)| {
        let before = schema.get(..at)?;
        if !before.ends_with("\"$r") && !before.ends_with("\"$dynamicR") {
            return None;
        }
        let target = schema.get(at + keyword.len()..)?.trim_start().strip_prefix(':')?.trim_start();
        name_of(&json_string(target)?)
    })
}

/// The name in `#/$defs/<name>` or `#/$defs/<name>/further/down`.
fn name_of(target: &str) -> Option<String> {
    let pointer = target.strip_prefix("#/$defs/")?;
    let name = pointer.split_once('/').map_or(pointer, |(name, _)| name);
    Some(decode(name).ok()?.replace("~1", "/").replace("~0", "~"))
}

/// The JSON string at the start of `text`.
fn json_string(text: &str) -> Option<String> {
    let mut strings = serde_json::Deserializer::from_str(text).into_iter::<String>();
    strings.next()?.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn references_are_found_in_the_text() {
        let cases: [(&str, &[&str]); 7] = [
            (r##"{"$ref":"#/$defs/a"}"##, &["a"]),
            (r##"{ "$ref" :  "#/$defs/a~1b~0c%20d" }"##, &["a/b~c d"]),
            (r##"{"x":{"$ref":"#/$defs/a/items"},"y":{"$dynamicRef":"#/$defs/b"}}"##, &["a", "b"]),
            (r##"{"$ref":"#/properties/a"}"##, &[]),
            (r##"{"$ref":"#/$defs/\u0061\""}"##, &["a\""]),
            (r##"{"properties":{"$ref":{"type":"string"}}}"##, &[]),
            (r##"{"description":"see \"$ref\":\"#/$defs/a\""}"##, &[]),
        ];
        for (schema, expected) in cases {
            assert_eq!(names(schema).collect::<Vec<_>>(), expected, "{schema}");
        }
    }
}
