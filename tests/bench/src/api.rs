//! The API that all subjects serve: an OpenAPI document of any size, and the gateway file that goes with it.

use serde_json::{Map, Value, json};

use crate::tokens;

/// Operations beside those of the resources: [`LIMITED`], [`KEYED`], [`STAFF`], [`BULK`], [`FIVE`] and [`COUNTED`].
const SPECIAL: usize = 6;
/// Each resource is listed, added to, read and deleted from.
const PER_RESOURCE: usize = 4;
const AREAS: [&str; 8] =
    ["accounts", "billing", "catalogue", "delivery", "invoices", "orders", "partners", "support"];

/// Lets one request a day pass.
pub(crate) const LIMITED: &str = "/limited";
/// Wants an API key.
pub(crate) const KEYED: &str = "/keyed";
/// Wants a user and a password.
pub(crate) const STAFF: &str = "/staff";
/// Takes bodies of up to 2 MiB.
pub(crate) const BULK: &str = "/bulk";
/// Has four limits beside that of the API, none of which is ever reached.
pub(crate) const FIVE: &str = "/five";
/// Counts for a day; where the gateway says so by the header [`COUNT_BY`].
pub(crate) const COUNTED: &str = "/counted";
pub(crate) const COUNT_BY: &str = "x-key";

/// How large the API is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    resources: usize,
}

impl Size {
    /// The largest API of at most so many operations, and at least one resource.
    pub(crate) fn of(operations: usize) -> Self {
        Self { resources: (operations.saturating_sub(SPECIAL) / PER_RESOURCE).max(1) }
    }

    /// How many operations there are.
    pub(crate) fn operations(self) -> usize {
        self.resources * PER_RESOURCE + SPECIAL
    }

    /// The paths of all collections.
    pub(crate) fn collections(self) -> impl Iterator<Item = String> {
        (0..self.resources).map(collection)
    }

    /// The path of the collection that is measured: half the others stand before it, half behind.
    pub(crate) fn measured(self) -> String {
        collection(self.resources / 2)
    }

    /// The OpenAPI document.
    pub(crate) fn document(self) -> Value {
        let mut paths = Map::new();
        for path in self.collections() {
            paths.insert(format!("{path}/{{id}}"), item());
            paths.insert(path, list());
        }
        for (path, operation) in special() {
            paths.insert(path.to_owned(), operation);
        }
        json!({
            "openapi": "3.0.3",
            "info": { "title": "Bench", "version": "1" },
            "security": [{ "Token": ["orders:read"] }],
            "paths": paths,
            "components": components(),
        })
    }
}

/// The gateway file, as JSON. One limit holds for the whole API and is never reached.
pub(crate) fn gateway(listen: &str, upstream: &str, layout: &str) -> Value {
    json!({
        "layout": layout,
        "listeners": [{ "address": listen }],
        "apis": [{ "definition": "api.json", "endpoint": upstream, "limits": ["each"], "issuers": ["login"] }],
        "identity": {
            "issuers": { "login": {
                "issuer": tokens::ISSUER, "audiences": [tokens::AUDIENCE], "jwksFile": "jwks.json",
                "algorithms": tokens::ALGORITHMS,
            } },
            "apiKeyFiles": ["keys.json"],
            "users": [{ "name": "alice", "password": ALICE }],
        },
        "limits": {
            "each": { "requests": 1_000_000, "per": "second" },
            "scarce": { "requests": 1, "per": "day" },
            "minutely": { "requests": 100_000_000, "per": "minute" },
            "hourly": { "requests": 1_000_000_000, "per": "hour", "algorithm": "window" },
            "daily": { "requests": 1_000_000_000, "per": "day", "by": "address" },
            "in-all": { "requests": 1_000_000, "per": "second", "by": "all" },
            "each-key": { "requests": 1_000_000, "per": "day" },
        },
    })
}

/// The password is `open-sesame`.
const ALICE: &str =
    "$pbkdf2-sha256$i=1000,l=32$afcUqGFPWMqMSjrXv/XSwQ$yx1CrnLcPNvELOfNXAralFi5lnssysRWUrPI3f0d/D4";

fn collection(index: usize) -> String {
    format!("/{}/r{index:04}", AREAS[index % AREAS.len()])
}

fn list() -> Value {
    json!({
        "get": { "parameters": references("parameters", &["limit", "cursor"]), "responses": done() },
        "post": {
            "security": [{ "Token": ["orders:write"] }],
            "requestBody": {
                "required": true,
                "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Order" } } },
            },
            "responses": done(),
        },
    })
}

fn item() -> Value {
    json!({
        "parameters": references("parameters", &["id"]),
        "get": { "parameters": references("parameters", &["limit", "view"]), "responses": done() },
        "delete": { "security": [{ "Token": ["orders:write"] }], "responses": done() },
    })
}

fn special() -> [(&'static str, Value); SPECIAL] {
    [
        (LIMITED, json!({ "get": { "x-portcullis": { "limits": ["scarce"] }, "responses": done() } })),
        (
            FIVE,
            json!({ "get": {
            "x-portcullis": { "limits": ["minutely", "hourly", "daily", "in-all"] }, "responses": done() } }),
        ),
        (COUNTED, json!({ "get": { "x-portcullis": { "limits": ["each-key"] }, "responses": done() } })),
        (KEYED, json!({ "get": { "security": [{ "Key": [] }], "responses": done() } })),
        (STAFF, json!({ "get": { "security": [{ "Staff": [] }], "responses": done() } })),
        (
            BULK,
            json!({ "post": {
                "x-portcullis": { "maxBodyBytes": 2 << 20 },
                "requestBody": { "content": { "application/json": { "schema": {
                    "type": "array", "items": { "$ref": "#/components/schemas/Order" } } } } },
                "responses": done(),
            } }),
        ),
    ]
}

fn components() -> Value {
    json!({
        "securitySchemes": {
            "Token": { "type": "oauth2", "flows": { "clientCredentials": {
                "tokenUrl": "https://login.example/token",
                "scopes": { "orders:read": "Read", "orders:write": "Write" },
            } } },
            "Key": { "type": "apiKey", "in": "header", "name": "X-Api-Key" },
            "Staff": { "type": "http", "scheme": "basic" },
        },
        "parameters": {
            "id": parameter("path", "id", json!({ "type": "string", "pattern": "^[a-z]{3}-[0-9]{6}$" })),
            "limit": parameter("query", "limit", json!({ "type": "integer", "minimum": 1, "maximum": 100 })),
            "view": parameter("query", "view", json!({ "type": "string", "enum": ["summary", "full"] })),
            "cursor": parameter("query", "cursor", json!({ "type": "string", "maxLength": 64 })),
        },
        "schemas": { "Order": order(), "Address": address(), "Line": line() },
    })
}

fn order() -> Value {
    let text = |longest: usize| json!({ "type": "string", "minLength": 1, "maxLength": longest });
    let schema = |name: &str| json!({ "$ref": format!("#/components/schemas/{name}") });
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["reference", "customer", "currency", "total", "lines", "address"],
        "properties": {
            "reference": { "type": "string", "pattern": "^[A-Z]{2}-[0-9]{8}$" },
            "customer": text(40), "company": text(60), "contact": text(60), "phone": text(30),
            "email": { "type": "string", "format": "email" },
            "currency": { "type": "string", "enum": ["CHF", "EUR", "GBP", "USD"] },
            "channel": { "type": "string", "enum": ["app", "phone", "shop", "web"] },
            "priority": { "type": "integer", "minimum": 0, "maximum": 9 },
            "total": { "type": "number", "minimum": 0 },
            "discount": { "type": "number", "minimum": 0, "maximum": 1 },
            "taxed": { "type": "boolean" },
            "gift": { "type": "boolean" },
            "placed": { "type": "string", "format": "date-time" },
            "due": { "type": "string", "format": "date" },
            "locale": { "type": "string", "pattern": "^[a-z]{2}-[A-Z]{2}$" },
            "tags": { "type": "array", "maxItems": 10, "items": text(20) },
            "lines": { "type": "array", "minItems": 1, "maxItems": 100, "items": schema("Line") },
            "address": schema("Address"),
            "note": { "type": "string", "maxLength": 2000 },
        },
    })
}

fn address() -> Value {
    let text = json!({ "type": "string", "minLength": 1, "maxLength": 80 });
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["street", "city", "country"],
        "properties": {
            "street": text, "city": text, "zip": { "type": "string", "pattern": "^[0-9]{4,5}$" },
            "country": { "type": "string", "enum": ["AT", "CH", "DE", "FR", "GB", "IT", "US"] },
        },
    })
}

fn line() -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["sku", "quantity", "price"],
        "properties": {
            "sku": { "type": "string", "pattern": "^[A-Z0-9]{4}-[0-9]{4}$" },
            "quantity": { "type": "integer", "minimum": 1, "maximum": 1000 },
            "price": { "type": "number", "minimum": 0 },
        },
    })
}

fn parameter(place: &str, name: &str, schema: Value) -> Value {
    json!({ "name": name, "in": place, "required": place == "path", "schema": schema })
}

fn references(kind: &str, names: &[&str]) -> Value {
    names.iter().map(|name| json!({ "$ref": format!("#/components/{kind}/{name}") })).collect()
}

fn done() -> Value {
    json!({ "200": { "description": "Done" } })
}
