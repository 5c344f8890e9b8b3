//! The crate `openapiv3` reads the same documents: an independent reader finds the same API.

use std::collections::BTreeSet;

use openapiv3::{OpenAPI, ReferenceOr};

use super::with_model;

pub(crate) const DOCUMENT: &str = r##"{
  "openapi": "3.0.3",
  "info": {"title": "Shop", "version": "1.2.3"},
  "servers": [{"url": "https://{region}.example/v1", "variables": {"region": {"default": "eu", "enum": ["eu", "us"]}}}],
  "security": [{"key": []}],
  "paths": {
    "/items": {
      "get": {
        "operationId": "list",
        "parameters": [
          {"name": "limit", "in": "query", "schema": {"type": "integer"}},
          {"name": "tags", "in": "query", "style": "pipeDelimited", "explode": false, "schema": {"type": "array", "items": {"type": "string"}}}
        ],
        "responses": {"200": {"description": "d", "content": {"application/json": {"schema": {"type": "array", "items": {"$ref": "#/components/schemas/Item"}}}}}}
      },
      "post": {
        "operationId": "create",
        "security": [{"oauth": ["write"]}, {}],
        "requestBody": {"required": true, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Item"}}, "text/csv": {}}},
        "responses": {"201": {"description": "d"}, "4XX": {"description": "d"}, "default": {"description": "d"}}
      }
    },
    "/items/{id}": {
      "delete": {
        "operationId": "remove",
        "deprecated": true,
        "parameters": [{"name": "id", "in": "path", "required": true, "schema": {"type": "string"}}, {"name": "If-Match", "in": "header", "required": true, "schema": {"type": "string"}}],
        "responses": {"204": {"description": "d"}}
      }
    }
  },
  "components": {
    "schemas": {"Item": {"type": "object", "properties": {"id": {"type": "string"}}}},
    "securitySchemes": {
      "key": {"type": "apiKey", "in": "header", "name": "X-Key"},
      "oauth": {"type": "oauth2", "flows": {"clientCredentials": {"tokenUrl": "https://id.example/token", "scopes": {"write": "w"}}}}
    }
  }
}"##;

#[test]
fn both_readers_find_the_same_operations() {
    let theirs: OpenAPI = serde_json::from_str(DOCUMENT).unwrap();
    let found = theirs.operations().map(|(path, method, operation)| {
        let parameters = operation.parameters.iter().filter_map(ReferenceOr::as_item);
        let parameters =
            parameters.map(|one| one.parameter_data_ref()).map(|one| (one.name.clone(), one.required));
        let body = operation.request_body.as_ref().and_then(ReferenceOr::as_item);
        let ranges = body.map(|body| body.content.keys().cloned().collect::<Vec<_>>());
        let statuses = operation.responses.responses.keys().map(ToString::to_string).collect::<BTreeSet<_>>();
        let rest = (operation.deprecated, operation.security.as_ref().map(Vec::len), ranges, statuses);
        (
            method.to_uppercase(),
            path.to_owned(),
            operation.operation_id.clone(),
            parameters.collect::<Vec<_>>(),
            rest,
        )
    });
    let theirs: BTreeSet<_> = found.collect();
    with_model(&[("a.json", DOCUMENT)], |model| {
        let found = model.operations.iter().map(|one| {
            let parameters = one.parameters.iter().map(|one| (one.name.to_owned(), one.required));
            let ranges = one
                .request_body
                .as_ref()
                .map(|body| body.content.iter().map(|one| one.range.to_owned()).collect::<Vec<_>>());
            let statuses =
                one.responses.iter().map(|one| one.status.to_owned()).filter(|status| status != "default");
            let own_security = one.node.get("security").map(|_| one.security.alternatives.len());
            let rest = (one.deprecated, own_security, ranges, statuses.collect::<BTreeSet<_>>());
            let id = one.operation_id.map(str::to_owned);
            (one.method.as_str().to_owned(), one.path.to_owned(), id, parameters.collect::<Vec<_>>(), rest)
        });
        let ours: BTreeSet<_> = found.collect();
        assert_eq!(ours, theirs);
        assert_eq!(ours.len(), 3);
    });
}

#[test]
fn a_tree_deserialises_into_their_types_as_json_text_does() {
    let from_text: OpenAPI = serde_json::from_str(DOCUMENT).unwrap();
    let (documents, _) = super::load(&[("a.json", DOCUMENT)]);
    let from_tree: OpenAPI = documents.root().unwrap().read().unwrap();
    assert_eq!(from_tree, from_text);
}

#[test]
fn a_node_that_does_not_fit_a_type_is_named_by_its_place() {
    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Limit {
        #[serde(rename = "requests")]
        _requests: u32,
        #[serde(rename = "unit", default)]
        _unit: Option<Unit>,
    }
    #[derive(Debug, serde::Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Unit {
        Second,
        Named(#[allow(dead_code)] String),
    }
    for (name, input, expected) in [
        ("wrong kind", "limits:\n  - requests: many\n", "2:15"),
        ("out of range", "limits:\n  - requests: -1\n", "2:15"),
        ("unknown key", "limits:\n  - requests: 1\n    burst: 2\n", "3:5"),
        ("missing key", "limits:\n  - unit: second\n", "2:5"),
        ("unknown variant", "limits:\n  - requests: 1\n    unit: hour\n", "3:11"),
        ("wrong kind within a variant", "limits:\n  - requests: 1\n    unit: {named: 7}\n", "3:19"),
    ] {
        let (documents, _) = super::load(&[("a.yaml", input)]);
        let limits = documents.root().unwrap().get("limits").unwrap();
        let error = limits.read::<Vec<Limit>>().unwrap_err();
        let position = documents.position(error.place.unwrap());
        assert_eq!(format!("{}:{}", position.line, position.column), expected, "{name}: {error}");
    }
    let (documents, _) =
        super::load(&[("a.yaml", "[{requests: 1, unit: {named: x}}, {requests: 2, unit: null}]")]);
    assert_eq!(documents.root().unwrap().read::<Vec<Limit>>().unwrap().len(), 2);
}
