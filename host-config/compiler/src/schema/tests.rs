//! What documents become: the rule, the definitions, what is told and what the report says.

mod instances;
mod message;
mod response;

use std::collections::HashMap;

use portcullis_openapi::Documents;
use serde_json::{Value, json};

use super::*;
use crate::settings::Validation;

/// Documents by name; the first is the one asked for.
pub(crate) fn documents(files: &[(&str, &str)]) -> Documents {
    let loader: HashMap<String, Vec<u8>> =
        files.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec())).collect();
    let mut report = Report::default();
    let documents = Documents::load(&loader, files[0].0, &mut report);
    assert!(!report.has_errors(), "{report:?}");
    documents
}

/// All that comes of one operation.
struct Compiled {
    rule: Value,
    document: Value,
    responses: Value,
    /// Codes and the text at their places, in the order they were told.
    told: Vec<(String, String)>,
    rows: Vec<(String, Treatment)>,
}

/// A document with one operation, `POST /a/{id}`, and these components.
fn document(version: &str, operation: &Value, schemas: &Value) -> String {
    json!({
        "openapi": version, "info": {"title": "t", "version": "1"},
        "paths": {"/a/{id}": {"post": operation}},
        "components": {"schemas": schemas, "securitySchemes": {}}
    })
    .to_string()
}

fn compile(version: &str, operation: &Value, schemas: &Value, carriers: &[(Location, String)]) -> Compiled {
    let documents = documents(&[("api.json", &document(version, operation, schemas))]);
    let mut report = Report::default();
    let model = ApiModel::read(&documents, &mut report).unwrap();
    let mut report = Report::default();
    let operation = &model.operations[0];
    let settings = Settings::of(&model, operation, Validation::default(), &mut report);
    let mut coverage = OperationCoverage {
        api: "api".to_owned(),
        operation: "op".to_owned(),
        most_visits: 0,
        rows: Vec::new(),
    };
    let mut compiler = SchemaCompiler::new(&model, "api");
    let rule = compiler.rule(operation, &settings, carriers, &mut coverage, &mut report);
    let schemas = compiler.finish(&mut report);
    let text_at =
        |place: Place| documents.text(place.file)[place.start as usize..place.end as usize].to_owned();
    let told = report.diagnostics().iter().map(|one| (one.code.to_owned(), text_at(one.place.unwrap())));
    Compiled {
        told: told.collect(),
        rule: serde_json::to_value(&rule).unwrap(),
        document: serde_json::to_value(&schemas["api"]).unwrap(),
        responses: serde_json::to_value(schemas.get("api responses")).unwrap(),
        rows: coverage.rows.into_iter().map(|row| (row.name, row.treatment)).collect(),
    }
}

/// An operation with one JSON body.
fn with_body(schema: &Value) -> Value {
    json!({"requestBody": {"content": {"application/json": {"schema": schema}}}, "responses": {}})
}

/// The text that a schema becomes as a JSON body.
fn written(version: &str, schema: &Value, schemas: &Value) -> (Value, Compiled) {
    let compiled = compile(version, &with_body(schema), schemas, &[]);
    (compiled.rule["body"]["content"][0]["schema"].clone(), compiled)
}

#[test]
fn schemas_of_3_0_become_draft_4() {
    let pets = json!({"Pet": {"type": "object"}});
    for (name, schema, expected) in [
        (
            "annotations go",
            json!({"type": "string", "description": "d", "example": 1, "x-a": 1}),
            json!({"type": "string"}),
        ),
        (
            "nullable is a type",
            json!({"type": "string", "nullable": true}),
            json!({"type": ["string", "null"]}),
        ),
        ("nullable needs a type", json!({"nullable": true, "minLength": 1}), json!({"minLength": 1})),
        (
            "exclusive bounds stay flags",
            json!({"type": "integer", "minimum": 1, "exclusiveMinimum": true}),
            json!({"type": "integer", "minimum": 1, "exclusiveMinimum": true}),
        ),
        (
            "siblings of a reference go",
            json!({"$ref": "#/components/schemas/Pet", "nullable": true}),
            json!({"$ref": "#/$defs/Pet"}),
        ),
        (
            "subschemas",
            json!({"properties": {"description": {"title": "t", "items": {"$ref": "#/components/schemas/Pet"}}}}),
            json!({"properties": {"description": {"items": {"$ref": "#/$defs/Pet"}}}}),
        ),
        (
            "values are kept",
            json!({"enum": [{"description": 1}, {"description": 1}, null]}),
            json!({"enum": [{"description": 1}, null]}),
        ),
        ("keywords of later dialects go", json!({"type": "string", "const": "a"}), json!({"type": "string"})),
        (
            "what is read only is not required",
            json!({"required": ["a", "b"], "properties": {"a": {"readOnly": true}, "b": {"type": "string"}}}),
            json!({"required": ["b"], "properties": {"a": {}, "b": {"type": "string"}}}),
        ),
        (
            "nothing left to require",
            json!({"type": "object", "required": ["a"], "properties": {"a": {"readOnly": true}}}),
            json!({"type": "object", "properties": {"a": {}}}),
        ),
        ("anything", json!({"description": "d"}), Value::Null),
    ] {
        let (text, compiled) = written("3.0.3", &schema, &pets);
        assert_eq!(text, expected, "{name}");
        assert!(!compiled.told.iter().any(|(code, _)| code == codes::SCHEMA_INVALID), "{name}");
    }
}

#[test]
fn read_only_is_seen_through_references_and_all_of() {
    let schemas = json!({
        "Id": {"type": "integer", "readOnly": true},
        "Base": {"type": "object", "required": ["id"], "properties": {"id": {"$ref": "#/components/schemas/Id"}}},
        "Pet": {"allOf": [
            {"$ref": "#/components/schemas/Base"},
            {"required": ["id", "name", "at"], "properties": {"at": {"allOf": [{"$ref": "#/components/schemas/Id"}]}}}
        ]}
    });
    let (text, compiled) = written("3.0.0", &json!({"$ref": "#/components/schemas/Pet"}), &schemas);
    assert_eq!(text, json!({"$ref": "#/$defs/Pet"}));
    assert_eq!(compiled.told, []);
    let expected = json!({
        "Id": {"type": "integer"},
        "Base": {"type": "object", "properties": {"id": {"$ref": "#/$defs/Id"}}},
        "Pet": {"allOf": [
            {"$ref": "#/$defs/Base"},
            {"required": ["name"], "properties": {"at": {"allOf": [{"$ref": "#/$defs/Id"}]}}}
        ]}
    });
    assert_eq!(compiled.document, json!({"dialect": "draft-4", "definitions": expected}));
}

#[test]
fn schemas_of_3_1_stay_as_they_are() {
    let schemas = json!({"Pet": {"type": "object", "$defs": {"Tag": {"const": 1}}}});
    for (name, schema, expected) in [
        (
            "siblings of a reference stay",
            json!({"$ref": "#/components/schemas/Pet", "minProperties": 1}),
            json!({"$ref": "#/$defs/Pet", "minProperties": 1}),
        ),
        (
            "nested definitions",
            json!({"not": {"$ref": "#/components/schemas/Pet/$defs/Tag"}}),
            json!({"not": {"$ref": "#/$defs/Pet__defs_Tag"}}),
        ),
        ("types", json!({"type": ["string", "null"], "title": "t"}), json!({"type": ["string", "null"]})),
        (
            "required means required",
            json!({"required": ["a"], "properties": {"a": {"readOnly": true}}}),
            json!({"required": ["a"], "properties": {"a": {}}}),
        ),
        ("true", json!(true), Value::Null),
    ] {
        let (text, compiled) = written("3.1.0", &schema, &schemas);
        assert_eq!(text, expected, "{name}");
        assert_eq!(compiled.told, [], "{name}");
        assert_eq!(compiled.document["dialect"], "2020-12");
    }
}

/// The template of OpenAPI 3.1.1, "Generic (Template) Data Structures": one list, and what its items are in each use.
#[test]
fn a_dynamic_reference_is_written_once_for_each_way_to_it() {
    let list = |id: &str, item: Value| json!({"$id": id, "$ref": "list", "$defs": {"i": item}});
    let schemas = json!({
        "List": {
            "$id": "list",
            "type": "array",
            "items": {"$dynamicRef": "#item"},
            "$defs": {"any": {"$dynamicAnchor": "item", "not": {"type": "null"}}},
        },
        "Numbers": list("numbers", json!({"$dynamicAnchor": "item", "type": "number"})),
        "Texts": list("texts", json!({"$dynamicAnchor": "item", "type": "string"})),
        "Again": list("again", json!({"$dynamicAnchor": "item", "$ref": "texts"})),
    });
    let of = |name: &str| json!({"$ref": format!("#/components/schemas/{name}")});
    let schema = json!({"prefixItems": [of("List"), of("Numbers"), of("Texts"), of("Again")]});
    let (_, compiled) = written("3.1.1", &schema, &schemas);
    assert!(compiled.told.is_empty(), "{:?}", compiled.told);
    let definitions = &compiled.document["definitions"];
    let item = |list: &Value| {
        let name = list["$ref"].as_str().unwrap().trim_start_matches("#/$defs/");
        let list = &definitions[name];
        assert_eq!(list["type"], "array");
        let item = list["items"]["$dynamicRef"].as_str().unwrap().trim_start_matches("#/$defs/");
        definitions[item].clone()
    };
    assert_eq!(item(&json!({"$ref": "#/$defs/List"})), json!({"not": {"type": "null"}}));
    assert_eq!(item(&definitions["Numbers"]), json!({"type": "number"}));
    assert_eq!(item(&definitions["Texts"]), json!({"type": "string"}));
    // The outermost has the say, also within what it names itself.
    let again = item(&definitions["Again"]);
    let texts = &definitions[again["$ref"].as_str().unwrap().trim_start_matches("#/$defs/")];
    assert_eq!(item(texts), again);
}

#[test]
fn scopes_that_multiply_without_end_are_refused() {
    // Each of fifteen pairs may set its name to either of two schemas: 2^15 scopes at the end.
    let mut schemas = serde_json::Map::new();
    for at in 0..15 {
        let next = format!("step{}", at + 1);
        for side in ["a", "b"] {
            let anchor = json!({"$dynamicAnchor": format!("n{at}")});
            schemas.insert(
                format!("{side}{at}"),
                json!({"$id": format!("{side}{at}"), "items": {"$ref": next}, "$defs": {"x": anchor}}),
            );
        }
        let both = json!([{"$ref": format!("a{at}")}, {"$ref": format!("b{at}")}]);
        schemas.insert(format!("Step{at}"), json!({"$id": format!("step{at}"), "anyOf": both}));
    }
    let used: Vec<Value> = (0..15).map(|at| json!({"$dynamicRef": format!("a{at}#n{at}")})).collect();
    schemas.insert("Step15".to_owned(), json!({"$id": "step15", "anyOf": used}));
    let (_, compiled) = written("3.1.1", &json!({"$ref": "step0"}), &Value::Object(schemas));
    let codes: Vec<&str> = compiled.told.iter().map(|(code, _)| code.as_str()).collect();
    assert_eq!(codes, [codes::SCHEMA_KEYWORD_UNSUPPORTED]);
}

#[test]
fn what_cannot_be_enforced_is_told_at_its_keyword() {
    let loops = json!({"A": {"allOf": [{"$ref": "#/components/schemas/B"}]}, "B": {"anyOf": [{"$ref": "#/components/schemas/A"}]}});
    for (name, version, schema, code, at) in [
        (
            "no such type",
            "3.0.0",
            json!({"properties": {"a": {"type": "strng"}}}),
            codes::SCHEMA_INVALID,
            "\"strng\"",
        ),
        ("required is a list", "3.0.0", json!({"required": true}), codes::SCHEMA_INVALID, "true"),
        (
            "numeric exclusive bound in 3.0",
            "3.0.0",
            json!({"exclusiveMinimum": 1}),
            codes::SCHEMA_INVALID,
            "1",
        ),
        (
            "boolean exclusive bound in 3.1",
            "3.1.0",
            json!({"exclusiveMinimum": true}),
            codes::SCHEMA_INVALID,
            "true",
        ),
        ("const in 3.0", "3.0.0", json!({"const": 1}), codes::SCHEMA_KEYWORD_IGNORED, "1"),
        ("misspelt keyword", "3.0.0", json!({"minLenght": 1}), codes::SCHEMA_KEYWORD_IGNORED, "1"),
        (
            "nullable in 3.1",
            "3.1.0",
            json!({"type": "string", "nullable": true}),
            codes::SCHEMA_KEYWORD_IGNORED,
            "true",
        ),
        (
            "nullable is no boolean",
            "3.0.0",
            json!({"type": "string", "nullable": "yes"}),
            codes::SCHEMA_KEYWORD_IGNORED,
            "\"yes\"",
        ),
        ("two types", "3.0.0", json!({"type": ["string"]}), codes::SCHEMA_KEYWORD_IGNORED, "[\"string\"]"),
        (
            "xml of strings",
            "3.0.0",
            json!({"type": "string", "xml": {"attribute": "a"}}),
            codes::SCHEMA_KEYWORD_IGNORED,
            "\"a\"",
        ),
        (
            "xml misspelt",
            "3.1.0",
            json!({"type": "string", "xml": {"wraped": true}}),
            codes::SCHEMA_KEYWORD_IGNORED,
            "true",
        ),
        (
            "a discriminator of 2.0",
            "3.0.0",
            json!({"type": "object", "discriminator": "a"}),
            codes::SCHEMA_KEYWORD_IGNORED,
            "\"a\"",
        ),
        (
            "readOnly is a text",
            "3.0.0",
            json!({"type": "string", "readOnly": "no"}),
            codes::SCHEMA_KEYWORD_IGNORED,
            "\"no\"",
        ),
        (
            "null not listed",
            "3.0.0",
            json!({"type": "string", "nullable": true, "enum": ["a"]}),
            codes::SCHEMA_KEYWORD_IGNORED,
            "true",
        ),
        (
            "siblings",
            "3.0.0",
            json!({"$ref": "#/components/schemas/A/x", "minLength": 1}),
            codes::SCHEMA_KEYWORD_IGNORED,
            "1",
        ),
        (
            "another dialect",
            "3.1.0",
            json!({"$schema": "http://json-schema.org/draft-07/schema#"}),
            codes::SCHEMA_DIALECT,
            "\"http://json-schema.org/draft-07/schema#\"",
        ),
        (
            "unknown format",
            "3.0.0",
            json!({"type": "string", "format": "zip-code"}),
            codes::FORMAT_UNKNOWN,
            "\"zip-code\"",
        ),
        ("endless", "3.0.0", json!({"$ref": "#/components/schemas/A"}), codes::SCHEMA_INVALID, ""),
    ] {
        let (_, compiled) = written(version, &schema, &loops);
        let found = compiled.told.iter().any(|(told, text)| told == code && (text == at || at.is_empty()));
        assert!(found, "{name}: {:?}", compiled.told);
    }
    let (_, compiled) = written("3.0.0", &json!({"pattern": "("}), &loops);
    assert_eq!(compiled.told[0].0, codes::SCHEMA_INVALID);
}
