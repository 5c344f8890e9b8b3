use std::collections::BTreeMap;
use std::ops::ControlFlow;

use serde_json::value::RawValue;

use super::*;
use crate::json;
use crate::work::Work;

/// For both dialects.
const COMMON: &[&str] = &[
    r#"{}"#,
    r#"{"type":"integer"}"#,
    r#"{"type":"number"}"#,
    r#"{"type":["string","null"]}"#,
    r#"{"type":["array","object"]}"#,
    r#"{"type":"boolean"}"#,
    r#"{"enum":[1,"a",null,[1],{"a":1}]}"#,
    r#"{"minimum":1}"#,
    r#"{"maximum":2.5}"#,
    r#"{"multipleOf":0.5}"#,
    r#"{"multipleOf":3}"#,
    r#"{"multipleOf":1e2}"#,
    r#"{"minLength":2}"#,
    r#"{"maxLength":2}"#,
    r#"{"pattern":"^a"}"#,
    r#"{"pattern":"^(a|b)$"}"#,
    r#"{"pattern":"^a$"}"#,
    r#"{"pattern":"^\\S*$"}"#,
    r#"{"pattern":"[a-c]\\d+"}"#,
    r#"{"pattern":"^(?!a)\\w"}"#,
    r#"{"minItems":2}"#,
    r#"{"maxItems":1}"#,
    r#"{"uniqueItems":true}"#,
    r#"{"items":{"type":"integer"}}"#,
    r#"{"minProperties":2}"#,
    r#"{"maxProperties":1}"#,
    r#"{"required":["a","b"]}"#,
    r#"{"properties":{"a":{"type":"integer"},"b":{"minLength":2}}}"#,
    r#"{"properties":{"a":{}},"additionalProperties":false}"#,
    r#"{"properties":{"a":{"type":"string"}},"additionalProperties":{"type":"integer"}}"#,
    r#"{"patternProperties":{"^a":{"type":"integer"},"b":{"type":"string"}}}"#,
    r#"{"patternProperties":{"^a":{"type":"integer"}},"additionalProperties":false}"#,
    r#"{"properties":{"a":{"minimum":2}},"patternProperties":{"a":{"type":"integer"}},"additionalProperties":{"type":"null"}}"#,
    r#"{"properties":{"z":{}},"additionalProperties":false}"#,
    r#"{"allOf":[{"type":"integer"},{"minimum":2}]}"#,
    r#"{"anyOf":[{"type":"integer"},{"minLength":2}]}"#,
    r#"{"oneOf":[{"type":"integer"},{"minimum":2},{"type":"string"}]}"#,
    r#"{"not":{"type":"integer"}}"#,
    r#"{"not":{}}"#,
    r##"{"$ref":"#/$defs/list"}"##,
    r##"{"$ref":"#/$defs/tree"}"##,
    r##"{"properties":{"a":{"$ref":"#/$defs/tree/properties/a"},"b":{"$ref":"#"}}}"##,
    r##"{"oneOf":[{"$ref":"#/$defs/tree"},{"$ref":"#/$defs/list"}],"required":["a"]}"##,
    r#"{"type":"object","required":["a"],"properties":{"a":{"type":"object","required":["b"],"properties":{"b":{"enum":[1]}}}}}"#,
    r#"{"items":{"items":{"maximum":1}},"maxItems":2}"#,
];
const LATEST: &[&str] = &[
    r#"{"minLength":1.0,"maxLength":3}"#,
    "true",
    "false",
    r#"{"const":{"a":1}}"#,
    r#"{"const":1}"#,
    r#"{"exclusiveMinimum":1}"#,
    r#"{"exclusiveMaximum":2}"#,
    r#"{"prefixItems":[{"type":"integer"},{"type":"string"}]}"#,
    r#"{"prefixItems":[{"type":"integer"}],"items":{"type":"string"}}"#,
    r#"{"prefixItems":[{"type":"integer"}],"items":false}"#,
    r#"{"items":false}"#,
    r#"{"contains":{"type":"string"}}"#,
    r#"{"contains":{"type":"integer"},"minContains":2,"maxContains":2}"#,
    r#"{"contains":{"type":"integer"},"minContains":0}"#,
    r#"{"propertyNames":{"maxLength":1}}"#,
    r#"{"dependentRequired":{"a":["b","c"]}}"#,
    r#"{"dependentSchemas":{"a":{"required":["b"]}}}"#,
    r#"{"if":{"type":"integer"},"then":{"minimum":2},"else":{"type":"string"}}"#,
    r#"{"if":{"type":"integer"},"then":false}"#,
    r#"{"unevaluatedProperties":false}"#,
    r#"{"properties":{"a":{}},"unevaluatedProperties":{"type":"string"}}"#,
    r#"{"allOf":[{"properties":{"a":{}}}],"anyOf":[{"properties":{"b":{"type":"integer"}}},{"properties":{"c":{}}}],"unevaluatedProperties":false}"#,
    r#"{"if":{"properties":{"a":{"const":1}},"required":["a"]},"then":{"properties":{"b":{}}},"unevaluatedProperties":false}"#,
    r#"{"dependentSchemas":{"a":{"properties":{"b":{}}}},"properties":{"a":{}},"unevaluatedProperties":false}"#,
    r#"{"allOf":[{"properties":{"a":{}},"unevaluatedProperties":true}],"unevaluatedProperties":false}"#,
    r##"{"$ref":"#/$defs/tree","unevaluatedProperties":false}"##,
    r#"{"not":{"properties":{"a":{}}},"unevaluatedProperties":false}"#,
    r#"{"allOf":[{"properties":{"a":{"type":"string"}}}],"unevaluatedProperties":false}"#,
    r#"{"unevaluatedItems":false}"#,
    r#"{"prefixItems":[{"type":"integer"}],"unevaluatedItems":{"type":"string"}}"#,
    r#"{"contains":{"type":"integer"},"unevaluatedItems":false}"#,
    r#"{"allOf":[{"prefixItems":[{},{}]}],"unevaluatedItems":false}"#,
    r#"{"oneOf":[{"prefixItems":[{"type":"integer"}]},{"prefixItems":[{"type":"string"}]}],"unevaluatedItems":false}"#,
    r##"{"minLength":2,"$ref":"#/$defs/list"}"##,
];
const DRAFT_4: &[&str] = &[
    r#"{"minimum":1,"exclusiveMinimum":true}"#,
    r#"{"maximum":2,"exclusiveMaximum":true}"#,
    r#"{"maximum":2,"exclusiveMaximum":false}"#,
    r##"{"minLength":2,"$ref":"#/$defs/list"}"##,
    r#"{"dependencies":{"a":["b"]}}"#,
    r#"{"dependencies":{"a":{"required":["b"]}}}"#,
    r#"{"items":[{"type":"integer"},{"type":"string"}]}"#,
];
const VALUES: &[&str] = &[
    "null",
    "true",
    "0",
    "1",
    "1.0",
    "2",
    "2.5",
    "3",
    "-1",
    "1e2",
    "1.5e1",
    "300",
    "1e300",
    "123456789012345678901234567890",
    r#""""#,
    r#""a""#,
    r#""b""#,
    r#""ab""#,
    r#""a1""#,
    r#""a b""#,
    r#""é😀""#,
    r#""abc""#,
    "[]",
    "[1]",
    r#"["a"]"#,
    r#"[1,"a"]"#,
    r#"["a",1]"#,
    "[1,1.0]",
    "[1,2,3]",
    "[[1],[2],[1]]",
    r#"[{"a":1},{"a":1.0}]"#,
    r#"["a","b"]"#,
    "{}",
    r#"{"a":1}"#,
    r#"{"a":"x"}"#,
    r#"{"b":1}"#,
    r#"{"b":"xy"}"#,
    r#"{"a":1,"b":2}"#,
    r#"{"a":1,"b":"x","c":null}"#,
    r#"{"ab":1,"c":"x"}"#,
    r#"{"ab":"x"}"#,
    r#"{"a":{"a":{"a":1}}}"#,
    r#"{"a":{"a":{"b":[1]}}}"#,
    r#"{"a":{"b":1}}"#,
    r#"{"a":[1],"b":[{"a":1}]}"#,
    r#"{"a/b":1,"c~d":{"a":"x"}}"#,
];

const FORMATS: &[&str] = &[
    "date",
    "date-time",
    "duration",
    "email",
    "hostname",
    "ipv4",
    "ipv6",
    "iri",
    "iri-reference",
    "json-pointer",
    "regex",
    "relative-json-pointer",
    "time",
    "uri",
    "uri-reference",
    "uri-template",
    "uuid",
    "anything-else",
];
const TEXTS: &[&str] = &[
    "",
    "a",
    "2024-02-29",
    "2023-02-29",
    "2024-2-9",
    "2024-12-31T23:59:60Z",
    "2024-12-31t22:59:60.5-01:00",
    "2024-12-31T22:59:60+01:00",
    "2024-12-31T10:00:00+24:00",
    "2024-12-31T10:00:00",
    "2024-12-31T10:00:00.Z",
    "10:00:00Z",
    "10:00:00.123+05:30",
    "24:00:00Z",
    "23:59:60Z",
    "10:60:00Z",
    "1é:00:00Z",
    "P1Y2M3DT4H5M6S",
    "P1Y",
    "P1Y3D",
    "P4W",
    "P4W1D",
    "PT",
    "P",
    "PT1H6S",
    "P1DT1H",
    "PT1M1H",
    "P1D1D",
    "PTT1S",
    "a@example.com",
    "\"a b\"@example.com",
    "\"\"@example.com",
    "a@[127.0.0.1]",
    "a@[IPv6:::1]",
    "a@[ipv6:1]",
    "a@-example.com",
    "a b@example.com",
    "é@example.com",
    "a@b",
    "@b",
    "example.com",
    "example.com.",
    "exa_mple.com",
    "-example.com",
    "xn--nxasmq6b",
    "ab--cd.example",
    "127.0.0.1",
    "127.0.0.01",
    "256.0.0.1",
    "::1",
    "::ffff:1.2.3.4",
    "1::2::3",
    "https://example.com/a?b=c#d",
    "https://example.com/é",
    "https://example.com/a b",
    "https://[::1]:80/",
    "https://[::g]/",
    "//example.com/%41",
    "//example.com/%4",
    "urn:a:b",
    "1:a",
    "/a/b",
    "/a~0b~1",
    "/a~",
    "/~2",
    "a/b",
    "0",
    "0#",
    "1/a",
    "01",
    "1a",
    "#",
    "{a}",
    "/{a}/{+b,c*,d:3}",
    "{a",
    "a}",
    "{}",
    "{a:0}",
    "{a:10000}",
    "{a b}",
    "{%20}",
    "{a..b}",
    "{a.b}",
    "^a+$",
    "(",
    "a{2,1}",
    "\\d",
    "[z-a]",
    "123e4567-e89b-12d3-a456-426614174000",
    "123e4567e89b12d3a456426614174000",
];

fn document(dialect: DialectConfig) -> DocumentConfig {
    let definitions = [
        ("list", r##"{"type":"array","items":{"$ref":"#/$defs/tree"}}"##),
        (
            "tree",
            r##"{"type":"object","properties":{"a":{"$ref":"#/$defs/tree"},"b":{"$ref":"#/$defs/list"}}}"##,
        ),
    ];
    let raw = |text: &str| RawValue::from_string(text.to_owned()).unwrap();
    let definitions = definitions.into_iter().map(|(name, text)| (name.to_owned(), raw(text))).collect();
    DocumentConfig { dialect, definitions }
}

/// Pointer and keyword of each violation, and how often it is told.
type Told = BTreeMap<(String, String), usize>;

fn ours(validator: &crate::validator::Validator, value: &Value<'_>) -> (bool, Told) {
    let mut told = Told::new();
    validator.explain(value, &Work::default(), |pointer, keyword, _| {
        *told.entry((pointer.to_owned(), keyword.to_owned())).or_default() += 1;
        ControlFlow::Continue(())
    });
    let verdict = validator.accepts(value, &Work::default());
    let is_certain = validator.accepts_text(&value.to_string(), &Work::default());
    assert!(verdict || !is_certain, "while it is read: {value}");
    (verdict, told)
}

fn theirs(validator: &Validator, value: &Value<'_>) -> (bool, Told) {
    let value = &plain(value).unwrap();
    let mut told = Told::new();
    for error in validator.iter_errors(value) {
        let place = (error.instance_path().as_str().to_owned(), error.kind().keyword().to_owned());
        *told.entry(place).or_default() += 1;
    }
    (validator.is_valid(value), told)
}

/// Where the two opinions on a schema differ.
fn differences(document: &DocumentConfig, schema: &str, values: &[Value<'_>]) -> Vec<String> {
    let our_validator =
        crate::validator::Validator::new(&assemble(document, schema).unwrap(), document.dialect).unwrap();
    let their_validator = compile(document, schema).unwrap();
    let mut found = Vec::new();
    for value in values {
        let (ours, theirs) = (ours(&our_validator, value), theirs(&their_validator, value));
        if ours != theirs {
            found.push(format!("{schema} {value}:\n  ours {ours:?}\n  theirs {theirs:?}"));
        }
    }
    found
}

#[test]
fn values_are_judged_and_explained_alike() {
    let read = |text: &&'static str| json::read(text.as_bytes(), json::Limits::MESSAGE).unwrap();
    let values: Vec<_> = VALUES.iter().map(read).collect();
    let mut found = Vec::new();
    for (dialect, own) in [(DialectConfig::Draft4, DRAFT_4), (DialectConfig::Draft202012, LATEST)] {
        let document = document(dialect);
        let schemas = COMMON.iter().chain(own);
        found.extend(schemas.flat_map(|schema| differences(&document, schema, &values)));
    }
    assert!(found.is_empty(), "{}\n{}", found.len(), found.join("\n"));
}

#[test]
fn texts_have_the_same_formats() {
    let values: Vec<_> = TEXTS.iter().map(|text| Value::String((*text).into())).collect();
    let mut found = Vec::new();
    for dialect in [DialectConfig::Draft4, DialectConfig::Draft202012] {
        let document = document(dialect);
        for format in FORMATS {
            // In draft 4 the crate knows those of draft 4 alone.
            let is_of_draft_4 =
                ["date", "date-time", "email", "hostname", "ipv4", "ipv6", "regex", "time", "uri"]
                    .contains(format);
            if is_of_draft_4 || dialect == DialectConfig::Draft202012 {
                let schema = format!("{{\"format\":\"{format}\"}}");
                found.extend(differences(&document, &schema, &values));
            }
        }
    }
    assert!(found.is_empty(), "{}\n{}", found.len(), found.join("\n"));
}
