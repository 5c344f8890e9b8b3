//! What the compiler of gateways asks before it builds one, answered by the code that runs in the gateway.

use portcullis_config::schema::DocumentConfig;
use serde_json::value::RawValue;

use crate::schema::{InvalidSchema, check_references, compile};
#[cfg(not(target_arch = "wasm32"))]
use crate::second_opinion;

/// Compiles a schema of a document and forgets it: what a gateway does when a request first needs it.
pub fn check_schema(document: &DocumentConfig, schema: &RawValue) -> Result<(), InvalidSchema> {
    check_text(document, schema.get())
}

fn check_text(document: &DocumentConfig, text: &str) -> Result<(), InvalidSchema> {
    check_references(document, text)?;
    #[cfg(not(target_arch = "wasm32"))]
    second_opinion::compile(document, text)?;
    compile(document, text).map(|_| ())
}

/// Checks many schemas of a document: the place of each that cannot be enforced, and why. Good ones are
/// compiled together, so that a definition which thousands refer to is compiled once; a bad one costs
/// about twice as many compilations as it takes halvings to find it.
pub fn check_schemas(document: &DocumentConfig, schemas: &[&RawValue]) -> Vec<(usize, InvalidSchema)> {
    let mut found = Vec::new();
    check_range(document, schemas, 0, &mut found);
    found
}

fn check_range(
    document: &DocumentConfig,
    schemas: &[&RawValue],
    start: usize,
    found: &mut Vec<(usize, InvalidSchema)>,
) {
    match schemas {
        [] => {}
        [schema] => found.extend(check_schema(document, schema).err().map(|cause| (start, cause))),
        many => {
            let texts: Vec<&str> = many.iter().map(|schema| schema.get()).collect();
            let together = format!("{{\"allOf\":[{}]}}", texts.join(","));
            if check_text(document, &together).is_err() {
                let (left, right) = many.split_at(many.len() / 2);
                check_range(document, left, start, found);
                check_range(document, right, start + left.len(), found);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use portcullis_config::schema::DialectConfig;

    use super::*;

    fn raw(text: &str) -> Box<RawValue> {
        RawValue::from_string(text.to_owned()).unwrap()
    }

    fn document() -> DocumentConfig {
        let definitions = [
            ("good", r##"{"properties":{"next":{"$ref":"#/$defs/good"}}}"##),
            ("bad", r#"{"properties":{"a":{"pattern":"("}}}"#),
            ("worse", r##"{"$ref":"#/$defs/none"}"##),
        ];
        let definitions = definitions.into_iter().map(|(name, text)| (name.to_owned(), raw(text))).collect();
        DocumentConfig { dialect: DialectConfig::Draft4, definitions }
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn every_schema_that_cannot_be_enforced_is_named() {
        let texts = [
            r##"{"$ref":"#/$defs/good"}"##,
            r##"{"$ref":"#/$defs/bad"}"##,
            r#"{"type":"integer"}"#,
            r##"{"items":{"$ref":"#/$defs/worse"}}"##,
            r#"{"type":"text"}"#,
            r#"{"type":"string"}"#,
        ];
        let texts = texts.map(raw);
        let schemas: Vec<&RawValue> = texts.iter().map(|text| &**text).collect();
        let document = document();
        let places =
            |found: Vec<(usize, InvalidSchema)>| found.into_iter().map(|(at, _)| at).collect::<Vec<_>>();
        assert_eq!(places(check_schemas(&document, &schemas)), [1, 3, 4]);
        assert!(check_schemas(&document, &schemas[..1]).is_empty());
        let singly: Vec<_> = (0..6).filter(|at| check_schema(&document, schemas[*at]).is_err()).collect();
        assert_eq!(singly, [1, 3, 4]);
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn the_reason_names_the_place() {
        let cases = [
            (r##"{"$ref":"#/$defs/none"}"##, "'#/$defs/none', which does not exist"),
            (r##"{"$ref":"#/properties/none"}"##, "none"),
            (r##"{"$ref":"https://example.com/s.json"}"##, "example.com"),
            (r#"{"type":"text"}"#, "at '/type'"),
            (r#"{"pattern":"("}"#, "at '/pattern'"),
            (r#"{"minimum":1e999}"#, "exponent"),
        ];
        for (text, expected) in cases {
            let error = check_schema(&document(), &raw(text)).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
