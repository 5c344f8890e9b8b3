use portcullis_config::schema::DialectConfig;

use super::*;
use crate::format;

fn document(dialect: DialectConfig, definitions: &[(&str, &str)]) -> DocumentConfig {
    let raw = |text: &str| RawValue::from_string(text.to_owned()).unwrap();
    let definitions = definitions.iter().map(|(name, text)| ((*name).to_owned(), raw(text))).collect();
    DocumentConfig { dialect, definitions }
}

fn schema(document: DocumentConfig, text: &str) -> Schema {
    Schema::new(Rc::new(document), RawValue::from_string(text.to_owned()).unwrap()).unwrap()
}

fn keywords(schema: &Schema, value: &str) -> Vec<(String, String)> {
    let value = json::read(value.as_bytes(), json::Limits::MESSAGE).unwrap();
    let mut violations = Violations::up_to(10);
    if schema.accepts(&value, &violations.work).unwrap() {
        let told = |pointer: &str, keyword, _| panic!("'{pointer}' has no fault: {keyword}");
        schema.compiled().unwrap().explain(&value, &Work::default(), told);
    } else {
        schema.explain(&value, "body", "", &mut violations).unwrap();
    }
    let list = violations.into_list();
    list.into_iter().map(|violation| (violation.pointer, violation.keyword.to_owned())).collect()
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn values_are_judged_in_the_dialect_of_their_document() {
    use DialectConfig::{Draft4, Draft202012};
    let cases: [(DialectConfig, &str, &str, Option<&str>); 35] = [
        (Draft4, r#"{"minimum":1,"exclusiveMinimum":true}"#, "1", Some("exclusiveMinimum")),
        (Draft202012, r#"{"exclusiveMinimum":1}"#, "1", Some("exclusiveMinimum")),
        (Draft202012, r#"{"type":["integer","null"]}"#, "null", None),
        (Draft202012, r#"{"type":"integer"}"#, "1.0", None),
        (Draft4, r#"{"type":"integer"}"#, "123456789012345678901234567890", None),
        (Draft4, r#"{"maximum":18446744073709551616}"#, "18446744073709551617", Some("maximum")),
        (Draft4, r#"{"maximum":9007199254740993}"#, "9007199254740993", None),
        (Draft4, r#"{"multipleOf":0.01}"#, "19.99", None),
        (Draft4, r#"{"multipleOf":0.01}"#, "19.999", Some("multipleOf")),
        (Draft4, r#"{"type":"integer","format":"int32"}"#, "2147483648", Some("format")),
        (Draft202012, r#"{"format":"int32"}"#, "\"text\"", None),
        (Draft4, r#"{"format":"date-time"}"#, "\"2024-02-30T00:00:00Z\"", Some("format")),
        (Draft4, r#"{"format":"date-time"}"#, "\"2024-02-29T00:00:00+01:00\"", None),
        (Draft4, r#"{"format":"date"}"#, "\"2024-2-9\"", Some("format")),
        (Draft4, r#"{"format":"time"}"#, "\"25:00:00Z\"", Some("format")),
        (Draft4, r#"{"format":"uuid"}"#, "\"x\"", Some("format")),
        (Draft202012, r#"{"format":"uuid"}"#, "\"123e4567-e89b-12d3-a456-426614174000\"", None),
        (Draft4, r#"{"format":"uri"}"#, "\"no uri\"", Some("format")),
        (Draft4, r#"{"format":"email"}"#, "\"a\"", Some("format")),
        (Draft4, r#"{"format":"hostname"}"#, "\"-a\"", Some("format")),
        (Draft4, r#"{"format":"ipv4"}"#, "\"1.2.3\"", Some("format")),
        (Draft4, r#"{"format":"ipv6"}"#, "\"::g\"", Some("format")),
        (Draft4, r#"{"format":"byte"}"#, "\"QQ=\"", Some("format")),
        (Draft4, r#"{"format":"anything-else"}"#, "\"x\"", None),
        (Draft4, r#"{"pattern":"^\\d+$"}"#, "\"١\"", Some("pattern")),
        (Draft4, r#"{"pattern":"^(?!x)[a-z]+$"}"#, "\"xa\"", Some("pattern")),
        (Draft4, r#"{"pattern":"^\\p{L}+$"}"#, "\"é\"", None),
        (Draft4, r#"{"pattern":"^a/\\S{1,2000}$"}"#, "\"a/é\"", None),
        (Draft4, r#"{"pattern":"^a/\\S{1,2000}$"}"#, "\"a/ \"", Some("pattern")),
        (Draft4, r#"{"maxLength":2}"#, "\"😀😀\"", None),
        (Draft202012, r#"{"const":1}"#, "1.0", None),
        (
            Draft202012,
            r#"{"prefixItems":[{"type":"string"}],"items":false}"#,
            "[\"a\",1]",
            Some("falseSchema"),
        ),
        (Draft202012, r#"{"unevaluatedProperties":false}"#, "{\"a\":1}", Some("unevaluatedProperties")),
        (Draft202012, "true", "1", None),
        (Draft202012, "false", "1", Some("falseSchema")),
    ];
    for (dialect, text, value, expected) in cases {
        let found = keywords(&schema(document(dialect, &[]), text), value);
        assert_eq!(found.first().map(|(_, keyword)| keyword.as_str()), expected, "{text} {value}");
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn definitions_are_found_through_one_another() {
    for dialect in [DialectConfig::Draft4, DialectConfig::Draft202012] {
        let tree = r##"{"properties":{"next":{"$ref":"#/$defs/tree"},"leaf":{"$ref":"#/$defs/a~1b"}}}"##;
        let unused = r##"{"type":7}"##;
        let definitions =
            document(dialect, &[("tree", tree), ("a/b", r#"{"type":"string"}"#), ("unused", unused)]);
        let schema = schema(definitions, r##"{"$ref":"#/$defs/tree"}"##);
        assert_eq!(keywords(&schema, r#"{"next":{"next":{"leaf":"x"}}}"#), []);
        let found = keywords(&schema, r#"{"next":{"next":{"leaf":1}}}"#);
        assert_eq!(found, [("/next/next/leaf".to_owned(), "type".to_owned())]);
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn a_pattern_that_takes_too_long_is_a_violation() {
    let schema = schema(document(DialectConfig::Draft4, &[]), r#"{"pattern":"^(?=(a+)+$)b"}"#);
    assert_eq!(keywords(&schema, &format!("\"{}c\"", "a".repeat(40)))[0].1, "pattern");
    let schema = self::schema(document(DialectConfig::Draft4, &[]), r#"{"pattern":"^(a|a)*\\1$"}"#);
    assert_eq!(keywords(&schema, &format!("\"{}c\"", "a".repeat(40)))[0].1, "pattern");
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn sentences_do_not_repeat_the_value() {
    let text = r#"{"type":"object","properties":{"a":{"type":"integer"},"b":{"enum":["x","y"]},"c":{"const":1},
        "d":{"anyOf":[{"type":"null"}]},"e":{"not":{}},"f":{"pattern":"^x"},"g":{"maxLength":1}}}"#;
    let schema = schema(document(DialectConfig::Draft202012, &[]), text);
    let secret = "hunter2";
    let value: String = ('a'..='g').map(|name| format!("\"{name}\":\"{secret}\",")).collect();
    let text = format!("{{{value}\"h\":0}}");
    let value = json::read(text.as_bytes(), json::Limits::MESSAGE).unwrap();
    let mut violations = Violations::up_to(20);
    schema.explain(&value, "body", "", &mut violations).unwrap();
    let list = violations.into_list();
    assert_eq!(list.len(), 7);
    assert!(list.iter().all(|violation| !violation.message.contains(secret)), "{list:?}");
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn a_schema_that_only_refers_to_itself_ends() {
    let cases = [
        (r##"{"$ref":"#/$defs/a"}"##, r##"{"$ref":"#/$defs/a"}"##, true),
        (r##"{"$ref":"#/$defs/a"}"##, r##"{"allOf":[{"$ref":"#/$defs/a"}]}"##, true),
        (r##"{"$ref":"#/$defs/a"}"##, r##"{"oneOf":[{"type":"string"},{"$ref":"#/$defs/a"}]}"##, true),
        (r##"{"$ref":"#/$defs/a"}"##, r##"{"not":{"$ref":"#/$defs/a"}}"##, false),
    ];
    for dialect in [DialectConfig::Draft4, DialectConfig::Draft202012] {
        for (text, definition, expected) in cases {
            let schema = schema(document(dialect, &[("a", definition)]), text);
            assert_eq!(schema.accepts(&Value::Null, &Work::default()), Ok(expected), "{definition}");
        }
    }
}

/// Explaining each of these would take the validator longer than the test run.
#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn a_client_cannot_multiply_alternatives_by_nesting() {
    let branch = r##"{"type":"object","properties":{"a":{"$ref":"#/$defs/a"}}}"##;
    let definition = format!("{{\"oneOf\":[{branch},{branch}]}}");
    let schema = schema(document(DialectConfig::Draft4, &[("a", &definition)]), r##"{"$ref":"#/$defs/a"}"##);
    let nested = |depth: usize| "{\"a\":".repeat(depth) + "1" + &"}".repeat(depth);
    assert_eq!(keywords(&schema, &nested(2)), [(String::new(), "oneOf".to_owned())]);
    assert_eq!(keywords(&schema, &nested(64)), [(String::new(), "schema".to_owned())]);
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn a_format_is_checked_exactly_where_it_is_said_to_be() {
    let cases = [
        ("byte", "\"?\""),
        ("date", "\"?\""),
        ("date-time", "\"?\""),
        ("double", "1e309"),
        ("duration", "\"?\""),
        ("email", "\"?\""),
        ("float", "1e300"),
        ("hostname", "\"?\""),
        ("int32", "1.5"),
        ("int64", "1.5"),
        ("ipv4", "\"?\""),
        ("ipv6", "\"?\""),
        ("iri", "\"?\""),
        ("iri-reference", "\"\\\\\""),
        ("json-pointer", "\"?\""),
        ("regex", "\"(\""),
        ("relative-json-pointer", "\"?\""),
        ("time", "\"?\""),
        ("uri", "\"?\""),
        ("uri-reference", "\"\\\\\""),
        ("uri-template", "\"{\""),
        ("uuid", "\"?\""),
        ("base64url", "\"?\""),
        ("char", "\"??\""),
        ("date-time-local", "\"?\""),
        ("double-int", "1.5"),
        ("http-date", "\"?\""),
        ("idn-email", "\"?\""),
        ("int8", "1.5"),
        ("int16", "1.5"),
        ("media-range", "\"?\""),
        ("time-local", "\"?\""),
        ("uint8", "1.5"),
        ("uint16", "1.5"),
        ("uint32", "1.5"),
        ("uint64", "1.5"),
        ("idn-hostname", "\"?\""),
        ("decimal", "\"?\""),
        ("html", "\"?\""),
        ("password", "\"?\""),
        ("binary", "\"?\""),
        ("colour", "\"?\""),
    ];
    for dialect in [DialectConfig::Draft4, DialectConfig::Draft202012] {
        for (format, value) in cases {
            let schema = schema(document(dialect, &[]), &format!(r#"{{"format":"{format}"}}"#));
            let value = json::read(value.as_bytes(), json::Limits::MESSAGE).unwrap();
            let is_refused = !schema.accepts(&value, &Work::default()).unwrap();
            assert_eq!(is_refused, format::is_asserted(format, dialect), "{format} {dialect:?}");
        }
    }
}
