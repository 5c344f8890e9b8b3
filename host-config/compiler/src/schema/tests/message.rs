//! What parameters and bodies become, and which are refused.

use portcullis_config::schema::FormatConfig;
use portcullis_openapi::Report;
use portcullis_openapi::model::Version;
use serde_json::{Value, json};

use super::{Compiled, compile, documents, written};
use crate::codes;
use crate::coverage::Treatment;
use crate::schema::Location;

fn parameter(fields: &Value) -> Compiled {
    let mut parameter = json!({"name": "p", "in": "query"});
    parameter.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    let operation = json!({"parameters": [parameter], "responses": {}});
    compile("3.0.0", &operation, &json!({"Two": {"type": "integer"}}), &[])
}

#[test]
fn parameters_are_read_as_their_schema_says() {
    for (name, fields, style, types) in [
        ("default style", json!({"schema": {"type": "integer"}}), json!("form"), json!(["integer"])),
        (
            "a reference",
            json!({"schema": {"$ref": "#/components/schemas/Two"}}),
            json!("form"),
            json!(["integer"]),
        ),
        (
            "a union",
            json!({"schema": {"oneOf": [{"type": "string"}, {"type": "boolean"}]}}),
            json!("form"),
            json!(["boolean", "string"]),
        ),
        (
            "an intersection",
            json!({"schema": {"type": "number", "allOf": [{"type": "integer"}]}}),
            json!("form"),
            json!(["integer"]),
        ),
        ("listed values", json!({"schema": {"enum": [1, "a"]}}), json!("form"), json!(["number", "string"])),
        ("no schema", json!({"schema": {}}), json!("form"), Value::Null),
        (
            "a header",
            json!({"in": "header", "schema": {"type": "string", "nullable": true}}),
            json!("simple"),
            json!(["string", "null"]),
        ),
        (
            "deepObject",
            json!({"style": "deepObject", "schema": {"type": "object"}}),
            json!("deepObject"),
            json!(["object"]),
        ),
        (
            "a list in brackets",
            json!({"style": "deepObject", "schema": {"type": "array", "items": {"type": "object"}}}),
            json!("deepObject"),
            json!(["array"]),
        ),
    ] {
        let compiled = parameter(&fields);
        assert_eq!(compiled.told, [], "{name}");
        let encoding = &compiled.rule["parameters"][0]["encoding"]["style"];
        assert_eq!(encoding["style"], style, "{name}");
        assert_eq!(encoding["shape"]["types"], types, "{name}");
        assert_eq!(compiled.rows[0].1, Treatment::Enforced, "{name}");
    }
    let json = parameter(&json!({"content": {"application/json": {"schema": {"type": "object"}}}}));
    assert_eq!(json.rule["parameters"][0]["encoding"], "json");
}

#[test]
fn what_a_schema_does_not_name_has_a_shape_too() {
    let integer = json!({"types": ["integer"]});
    for (name, schema, expected) in [
        ("by any name", json!({"type": "object", "additionalProperties": {"type": "integer"}}), &integer),
        ("of any type", json!({"type": "object", "additionalProperties": true}), &Value::Null),
    ] {
        let compiled = parameter(&json!({ "schema": schema }));
        assert_eq!(compiled.told, [], "{name}");
        let shape = &compiled.rule["parameters"][0]["encoding"]["style"]["shape"];
        assert_eq!(shape["rest"], *expected, "{name}");
    }
}

#[test]
fn parameters_without_an_agreed_text_are_refused() {
    let objects = json!({"type": "array", "items": {"type": "object"}});
    for (name, fields, code) in [
        (
            "deepObject of a string",
            json!({"style": "deepObject", "schema": {"type": "string"}}),
            codes::STYLE_MISMATCH,
        ),
        (
            "pipes of a number",
            json!({"style": "pipeDelimited", "schema": {"type": "number"}}),
            codes::STYLE_MISMATCH,
        ),
        ("objects in one text", json!({"explode": false, "schema": objects}), codes::PARAMETER_UNSUPPORTED),
        ("objects in a header", json!({"in": "header", "schema": objects}), codes::PARAMETER_UNSUPPORTED),
        (
            "a list in an object",
            json!({"explode": false, "schema": {"type": "object", "properties": {"a": {"type": "array"}}}}),
            codes::PARAMETER_UNSUPPORTED,
        ),
        (
            "lists by any name",
            json!({"schema": {"type": "object", "additionalProperties": {"type": "array"}}}),
            codes::PARAMETER_UNSUPPORTED,
        ),
        (
            "XML",
            json!({"content": {"application/xml": {"schema": {"type": "object"}}}}),
            codes::PARAMETER_UNSUPPORTED,
        ),
        (
            "a repeated cookie",
            json!({"in": "cookie", "schema": {"type": "array", "items": {"type": "string"}}}),
            codes::PARAMETER_UNSUPPORTED,
        ),
    ] {
        let compiled = parameter(&fields);
        assert_eq!(compiled.told.first().map(|(code, _)| code.as_str()), Some(code), "{name}");
        assert!(matches!(compiled.rows[0].1, Treatment::Refused(_)), "{name}");
        assert_eq!(compiled.rule["parameters"], Value::Null, "{name}");
    }
}

#[test]
fn nested_values_in_the_query_are_read_in_two_ways_and_the_author_is_told() {
    for (name, schema) in [
        ("objects in a list", json!({"type": "array", "items": {"type": "object"}})),
        ("a list in an object", json!({"type": "object", "properties": {"a": {"type": "array"}}})),
        (
            "an object in an object",
            json!({"type": "object", "properties": {"a": {"type": "object", "properties": {}}}}),
        ),
    ] {
        let compiled = parameter(&json!({"schema": schema}));
        let told: Vec<&str> = compiled.told.iter().map(|(code, _)| code.as_str()).collect();
        assert_eq!(told, [codes::PARAMETER_NARROWED], "{name}");
        assert_eq!(compiled.rows[0].1, Treatment::Enforced, "{name}");
        assert_eq!(compiled.rule["parameters"][0]["schema"], schema, "{name}");
    }
}

#[test]
fn a_waived_parameter_is_left_out_and_shown_with_its_reason() {
    let operation = json!({
        "x-portcullis": {"waive": {"style-mismatch": "the backend checks it"}, "undeclaredQuery": "refuse"},
        "parameters": [{"name": "p", "in": "query", "style": "deepObject", "schema": {"type": "string"}}],
        "responses": {}
    });
    let compiled = compile("3.0.0", &operation, &json!({}), &[]);
    assert_eq!(compiled.told, []);
    assert_eq!(
        compiled.rows,
        [("query p".to_owned(), Treatment::Waived("the backend checks it".to_owned()))]
    );
    let expected = json!({"document": "api", "refuse_undeclared_query": true, "allowed_query": ["p"]});
    assert_eq!(compiled.rule, expected);
}

#[test]
fn every_parameter_and_response_has_a_row() {
    let string = json!({"type": "string"});
    let operation = json!({
        "parameters": [
            {"name": "id", "in": "path", "required": true, "schema": string},
            {"name": "gone", "in": "path", "required": true, "schema": string},
            {"name": "X-Key", "in": "header", "schema": string},
            {"name": "Accept", "in": "header", "schema": string}
        ],
        "responses": {"200": {"description": "", "content": {"text/plain": {}}}, "404": {"description": ""}}
    });
    let carriers = [(Location::Header, "x-key".to_owned()), (Location::Query, "key".to_owned())];
    let compiled = compile("3.0.0", &operation, &json!({}), &carriers);
    let names: Vec<&str> = compiled.rows.iter().map(|(name, _)| name.as_str()).collect();
    let expected =
        ["path id", "path gone", "header X-Key (by security)", "header Accept", "200 text/plain", "404"];
    assert_eq!(names, expected);
    assert_eq!(compiled.rule["allowed_query"], json!(["key"]));
    assert_eq!(compiled.rule["parameters"].as_array().map(Vec::len), Some(1));
}

fn body(media_type: &str, media: &Value) -> Compiled {
    let operation = json!({"requestBody": {"content": {media_type: media}}, "responses": {}});
    compile(
        "3.0.0",
        &operation,
        &json!({"Pet": {"type": "object", "properties": {"age": {"type": "integer"}}}}),
        &[],
    )
}

#[test]
fn bodies_are_read_by_their_media_type() {
    let pet = json!({"schema": {"$ref": "#/components/schemas/Pet"}});
    let string = json!({"schema": {"type": "string"}});
    for (name, media_type, media, range, format) in [
        ("JSON", "application/json; charset=utf-8", &pet, "application/json", "json"),
        ("built on JSON", "application/merge-patch+json", &pet, "application/merge-patch+json", "json"),
        ("a form", "application/x-www-form-urlencoded", &pet, "application/x-www-form-urlencoded", "form"),
        ("multipart", "multipart/form-data", &pet, "multipart/form-data", "multipart"),
        ("XML", "text/xml", &pet, "text/xml", "xml"),
        ("text", "text/plain", &string, "text/plain", "text"),
        ("bytes", "image/png", &string, "image/png", "bytes"),
        (
            "a file",
            "application/octet-stream",
            &json!({"schema": {"type": "object", "format": "file"}}),
            "application/octet-stream",
            "bytes",
        ),
        ("no schema", "text/csv", &json!({}), "text/csv", "bytes"),
        (
            "binary",
            "application/json",
            &json!({"schema": {"type": "string", "format": "binary"}}),
            "application/json",
            "bytes",
        ),
        ("values on lines", "application/x-ndjson", &pet, "application/x-ndjson", "values by line"),
        (
            "a list on lines",
            "application/jsonl",
            &json!({"schema": {"type": "array"}}),
            "application/jsonl",
            "a list by line",
        ),
        (
            "lines of which nothing is said",
            "application/x-ndjson",
            &json!({"schema": {"type": "string"}}),
            "application/x-ndjson",
            "bytes",
        ),
        ("any type without a schema", "*/*", &json!({"schema": {}}), "*/*", "bytes"),
        ("any type with a schema", "*/*", &pet, "*/*", "json"),
    ] {
        let compiled = body(media_type, media);
        let content = &compiled.rule["body"]["content"];
        assert_eq!(content.as_array().map(Vec::len), Some(1), "{name}");
        assert_eq!(content[0]["range"], range, "{name}");
        let found: FormatConfig = serde_json::from_value(content[0]["format"].clone()).unwrap();
        let found = match found {
            FormatConfig::Json => "json",
            FormatConfig::Form { .. } => "form",
            FormatConfig::Multipart { .. } => "multipart",
            FormatConfig::Xml { .. } => "xml",
            FormatConfig::Text => "text",
            FormatConfig::Bytes => "bytes",
            FormatConfig::JsonLines { each: true } => "values by line",
            FormatConfig::JsonLines { each: false } => "a list by line",
        };
        assert_eq!(found, format, "{name}");
        assert_eq!(compiled.rows.len(), 1, "{name}");
        assert_eq!(compiled.rows[0].1, Treatment::Enforced, "{name}");
    }
}

#[test]
fn bodies_that_cannot_be_read_are_refused_or_waived() {
    let object = json!({"schema": {"type": "object"}});
    let nested = json!({
        "schema": {"type": "object", "properties": {"a": {"type": "object"}}},
        "encoding": {"a": {"style": "form"}}
    });
    for (name, media_type, media, code) in [
        ("no media type", "json", &object, codes::MEDIA_TYPE_INVALID),
        ("an object in a syntax that is not read", "text/yaml", &object, codes::MEDIA_TYPE_UNSUPPORTED),
        ("an object in parts", "multipart/mixed", &object, codes::MEDIA_TYPE_UNSUPPORTED),
        (
            "an object in a style without a text for it",
            "application/x-www-form-urlencoded",
            &nested,
            codes::MEDIA_TYPE_UNSUPPORTED,
        ),
    ] {
        let compiled = body(media_type, media);
        assert_eq!(compiled.told.first().map(|(code, _)| code.as_str()), Some(code), "{name}");
        assert!(matches!(compiled.rows[0].1, Treatment::Refused(_)), "{name}");
        assert_eq!(compiled.rule["body"]["content"], json!([]), "{name}");
    }
    let operation = json!({
        "x-portcullis": {"waive": {"media-type-unsupported": "r"}},
        "requestBody": {"content": {"text/yaml": object}}, "responses": {}
    });
    let compiled = compile("3.0.0", &operation, &json!({}), &[]);
    assert_eq!(compiled.rule["body"]["content"], json!([{"range": "text/yaml", "format": "bytes"}]));
    assert_eq!(compiled.rows, [("text/yaml".to_owned(), Treatment::Waived("r".to_owned()))]);
}

#[test]
fn where_no_schema_applies_the_rest_is_enforced_and_the_author_is_told() {
    let object = json!({"schema": {"type": "object"}});
    for (name, media_type, media) in [
        ("an object as bytes", "application/octet-stream", &object),
        ("an object as text", "text/csv", &object),
        ("a checked text as bytes", "image/png", &json!({"schema": {"type": "string", "maxLength": 1}})),
        ("a list as a form", "multipart/form-data", &json!({"schema": {"type": "array"}})),
    ] {
        let compiled = body(media_type, media);
        let told: Vec<&str> = compiled.told.iter().map(|(code, _)| code.as_str()).collect();
        assert_eq!(told, [codes::MEDIA_TYPE_UNMAPPED], "{name}");
        assert_eq!(
            compiled.rule["body"]["content"],
            json!([{"range": media_type, "format": "bytes"}]),
            "{name}"
        );
        let reason = "a schema has no meaning for this media type".to_owned();
        let rows = [
            (format!("{media_type} (type, presence and size)"), Treatment::Enforced),
            (format!("{media_type} schema"), Treatment::Waived(reason)),
        ];
        assert_eq!(compiled.rows, rows, "{name}");
    }
}

#[test]
fn parts_of_a_form_need_no_style() {
    let items = json!({"type": "array", "items": {"type": "object"}});
    let media = json!({"schema": {"type": "object", "properties": {"a": {"type": "object"}, "b": items}}});
    let compiled = body("application/x-www-form-urlencoded", &media);
    assert_eq!(compiled.told, []);
    assert_eq!(compiled.rows[0].1, Treatment::Enforced);
    assert_eq!(compiled.rule["body"]["content"][0]["format"]["form"]["encoding"], json!({}));
}

/// What the told codes and the format of a multipart body are, with an encoding for the property `a`.
fn parts_of(version: &str, property: &Value, encoding: &Value) -> (Vec<String>, Value) {
    let media = json!({
        "schema": {"type": "object", "properties": {"a": property}}, "encoding": {"a": encoding}
    });
    let operation = json!({"requestBody": {"content": {"multipart/form-data": media}}, "responses": {}});
    let compiled = compile(version, &operation, &json!({}), &[]);
    let told = compiled.told.into_iter().map(|(code, _)| code).collect();
    (told, compiled.rule["body"]["content"][0]["format"]["multipart"].clone())
}

#[test]
fn parts_have_styles_from_3_1_on() {
    let list = json!({"type": "array", "items": {"type": "integer"}});
    let object = json!({"type": "object"});
    for (name, version, property, encoding, styles) in [
        ("no style", "3.1.0", &list, json!({}), Value::Null),
        ("a list in one part", "3.1.0", &list, json!({"explode": false}), json!({"a": "form"})),
        ("a list in several", "3.1.0", &list, json!({"style": "form"}), Value::Null),
        ("pipes", "3.1.0", &list, json!({"style": "pipeDelimited"}), json!({"a": "pipeDelimited"})),
        ("an object in one part", "3.1.0", &object, json!({"explode": false}), json!({"a": "form"})),
        ("one value", "3.1.0", &json!({"type": "integer"}), json!({"explode": false}), Value::Null),
        ("3.0 has none", "3.0.3", &list, json!({"explode": false}), Value::Null),
    ] {
        let (told, format) = parts_of(version, property, &encoding);
        assert_eq!(told, Vec::<String>::new(), "{name}");
        assert_eq!(format["styles"], styles, "{name}");
    }
    for (name, encoding) in
        [("deepObject", json!({"style": "deepObject"})), ("an exploded object", json!({"style": "form"}))]
    {
        let (told, _) = parts_of("3.1.0", &object, &encoding);
        assert_eq!(told, [codes::MEDIA_TYPE_UNSUPPORTED], "{name}");
    }
}

#[test]
fn a_header_that_a_proxy_says_itself_is_told() {
    for (name, told) in [("TE", true), ("X-Envoy-Retry-On", true), ("X-Trace", false), ("Host", false)] {
        let compiled = parameter(&json!({"name": name, "in": "header", "schema": {"type": "string"}}));
        let found: Vec<&str> = compiled.told.iter().map(|(code, _)| code.as_str()).collect();
        assert_eq!(found, if told { &[codes::HEADER_OF_PROXY][..] } else { &[] }, "{name}");
    }
}

#[test]
fn an_encoding_of_no_property_is_told() {
    let schema = json!({"type": "object", "properties": {"a": {"type": "string"}}});
    for media_type in ["multipart/form-data", "application/x-www-form-urlencoded"] {
        let compiled = body(media_type, &json!({"schema": schema, "encoding": {"b": {}}}));
        let told: Vec<&str> = compiled.told.iter().map(|(code, _)| code.as_str()).collect();
        assert_eq!(told, [codes::ENCODING_UNUSED], "{media_type}");
    }
}

#[test]
fn formats_are_annotations_where_the_author_says_so() {
    let operation = json!({
        "x-portcullis": {"validation": {"formats": "annotate"}},
        "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Day"}}}},
        "responses": {}
    });
    let schemas = json!({"Day": {"type": "string", "format": "date"}});
    let compiled = compile("3.0.0", &operation, &schemas, &[]);
    assert_eq!(compiled.rule["document"], "api without formats");
    assert_eq!(compiled.document["definitions"], json!({}));
    let row = compiled.rows.iter().find(|(name, _)| name == "formats of schemas");
    assert!(matches!(row, Some((_, Treatment::Waived(_)))), "{:?}", compiled.rows);
}

#[test]
fn a_format_that_is_not_asserted_is_told_by_name() {
    for (format, expected) in [
        ("idn-hostname", Some("the format `idn-hostname` is not asserted")),
        ("zip-code", Some("the format `zip-code` is not known")),
        ("password", None),
        ("commonmark", None),
        ("iri", None),
    ] {
        let (_, compiled) = written("3.0.0", &json!({"type": "string", "format": format}), &json!({}));
        let is_told = compiled.told.iter().any(|(code, _)| code == codes::FORMAT_UNKNOWN);
        assert_eq!(is_told, expected.is_some(), "{format}");
        let mut report = Report::default();
        let documents = documents(&[("f.json", &format!("\"{format}\""))]);
        crate::schema::format::Formats::default().note(documents.root().unwrap(), Version::V3_0, &mut report);
        let message = report.diagnostics().first().map(|one| one.message.clone());
        assert_eq!(message.is_some(), expected.is_some(), "{format}");
        assert!(message.unwrap_or_default().starts_with(expected.unwrap_or_default()), "{format}");
    }
}

#[test]
fn a_range_with_a_schema_takes_json_alone() {
    for (range, json_alone) in [("*/*", json!(true)), ("application/json", Value::Null)] {
        let compiled = body(range, &json!({"schema": {"type": "object"}}));
        assert_eq!(compiled.rule["body"]["content"][0]["json_alone"], json_alone, "{range}");
        assert_eq!(compiled.told.is_empty(), json_alone.is_null(), "{range}");
    }
}

#[test]
fn xml_of_which_parts_cannot_be_told_apart_is_refused() {
    let item = json!({"type": "string", "xml": {"name": "b"}});
    for (name, properties, is_refused) in [
        ("other names", json!({"a": {"type": "string"}, "b": {"type": "string"}}), false),
        ("one name", json!({"a": {"type": "string", "xml": {"name": "b"}}, "b": {"type": "string"}}), true),
        (
            "a list of that name",
            json!({"a": {"type": "array", "items": item}, "b": {"type": "string"}}),
            true,
        ),
        (
            "within a wrapper",
            json!({"a": {"type": "array", "xml": {"wrapped": true}, "items": item}, "b": {"type": "string"}}),
            false,
        ),
        (
            "an attribute of that name",
            json!({"a": {"type": "string", "xml": {"name": "b", "attribute": true}}, "b": {"type": "string"}}),
            false,
        ),
        (
            "in a namespace",
            json!({"a": {"type": "string", "xml": {"name": "b", "namespace": "u"}}, "b": {"type": "string"}}),
            false,
        ),
        ("an object as an attribute", json!({"a": {"type": "object", "xml": {"attribute": true}}}), true),
        (
            "deep within",
            json!({"o": {"type": "object", "properties": {
                "a": {"type": "array", "items": {"type": "string"}, "xml": {"attribute": true}}
            }}}),
            true,
        ),
    ] {
        let compiled =
            body("application/xml", &json!({"schema": {"type": "object", "properties": properties}}));
        let told: Vec<&str> = compiled.told.iter().map(|(code, _)| code.as_str()).collect();
        assert_eq!(told, if is_refused { &[codes::MEDIA_TYPE_UNSUPPORTED][..] } else { &[] }, "{name}");
    }
}

#[test]
fn an_xml_body_that_may_contain_itself_is_read_down_to_some_levels() {
    let tree = json!({"Tree": {"type": "object", "properties": {
        "n": {"type": "integer"}, "trees": {"type": "array", "items": {"$ref": "#/components/schemas/Tree"}}
    }}});
    let body = |name: &str| json!({"requestBody": {"content": {name: {"schema": {"$ref": "#/components/schemas/Tree"}}}}});
    for (name, expected) in [("application/xml", &[codes::XML_DEPTH][..]), ("application/json", &[])] {
        let compiled = compile("3.0.3", &body(name), &tree, &[]);
        let told: Vec<&str> = compiled.told.iter().map(|(code, _)| code.as_str()).collect();
        assert_eq!(told, expected, "{name}");
        assert_eq!(compiled.rows[0].1, Treatment::Enforced, "{name}");
    }
}
