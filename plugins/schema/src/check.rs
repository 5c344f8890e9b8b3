//! What the compiler of gateways asks before it builds one, answered by the code that runs in the gateway.

use std::collections::HashMap;
use std::ops::ControlFlow;

use portcullis_config::schema::DocumentConfig;
use serde_json::value::RawValue;

use crate::fault::Fault;
use crate::json::{self, Limits};
use crate::schema::{InvalidSchema, check_references, compile};
#[cfg(not(target_arch = "wasm32"))]
use crate::second_opinion;
use crate::validator::Validator;
use crate::value::{Members, Value};
use crate::work::Work;

/// Schemas that are compiled together, so that what many of them refer to is compiled once.
const TOGETHER: usize = 1_000;

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

/// A value and the schema of a document that it is said to satisfy, both as JSON texts.
#[derive(Debug, Clone, Copy)]
pub struct Claim<'c> {
    /// The schema.
    pub schema: &'c str,
    /// The value.
    pub value: &'c str,
}

/// Judges values as a gateway would: what is first found wrong with each, if anything. A value that cannot be
/// judged, for want of a schema that compiles or for all that it would take, is not wrong.
pub fn check_claims(document: &DocumentConfig, claims: &[Claim<'_>]) -> Vec<Option<Fault>> {
    let mut found = Vec::with_capacity(claims.len());
    for claims in claims.chunks(TOGETHER) {
        let mut names = HashMap::new();
        for claim in claims {
            let next = names.len().to_string();
            names.entry(claim.schema).or_insert(next);
        }
        let members: Vec<String> =
            names.iter().map(|(schema, name)| format!("\"{name}\":{schema}")).collect();
        let all = format!("{{\"properties\":{{{}}}}}", members.join(","));
        let compiled = compile(document, &all).ok();
        found.extend(claims.iter().map(|claim| {
            let name = names.get(claim.schema)?;
            first_fault(compiled.as_ref()?, name, claim.value)
        }));
    }
    found
}

/// What is wrong with a value of the property `name`.
fn first_fault(validator: &Validator, name: &str, value: &str) -> Option<Fault> {
    let value = json::read(value.as_bytes(), Limits::SCHEMA).ok()?;
    let value = Value::from(Members::from([(name.into(), value)]));
    let work = Work::default();
    if validator.accepts(&value, &work) || work.is_spent() {
        return None;
    }
    let mut first = Fault::new("schema", "is not as the schema says");
    validator.explain(&value, &Work::default(), |pointer, keyword, message| {
        let pointer = pointer.strip_prefix('/').and_then(|rest| rest.strip_prefix(name)).unwrap_or_default();
        first = Fault { pointer: pointer.to_owned(), keyword, message };
        ControlFlow::Break(())
    });
    Some(first)
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
    fn claims_are_judged_one_by_one() {
        let good =
            r##"{"properties":{"n":{"type":"integer"}},"additionalProperties":{"$ref":"#/$defs/good"}}"##;
        let claims = [
            (good, r#"{"n":1}"#, None),
            (good, r#"{"n":"1"}"#, Some(("/n", "type"))),
            (r#"{"type":"string","maxLength":1}"#, r#""ab""#, Some(("", "maxLength"))),
            (r#"{"type":"string","maxLength":1}"#, r#""a""#, None),
            (r#"{"not":{}}"#, "null", Some(("", "not"))),
            (good, "{", None),
        ];
        let texts = claims.map(|(schema, value, _)| Claim { schema, value });
        let found = check_claims(&document(), &texts);
        for ((schema, value, expected), found) in claims.iter().zip(&found) {
            let found = found.as_ref().map(|fault| (&*fault.pointer, fault.keyword));
            assert_eq!(found, *expected, "{value} as {schema}");
        }
        // More than are compiled together, and a schema among them that does not compile.
        let mut many = vec![Claim { schema: r#"{"type":"null"}"#, value: "1" }; TOGETHER];
        many.push(Claim { schema: r#"{"type":"text"}"#, value: "1" });
        let found = check_claims(&document(), &many);
        assert_eq!(found.iter().filter(|found| found.is_some()).count(), TOGETHER);
        assert_eq!(found.len(), TOGETHER + 1);
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
