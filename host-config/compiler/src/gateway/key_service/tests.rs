//! What a key service needs, and what it becomes.

use std::collections::HashMap;

use portcullis_openapi::Severity;
use serde_json::Value;

use crate::{Compilation, Options, Plugin, compile};

/// The private number is 32 times 7.
const P256: &str = "-----BEGIN PRIVATE KEY-----
MEECAQAwEwYHKoZIzj0CAQYIKoZIzj0DAQcEJzAlAgEBBCAHBwcHBwcHBwcHBwcH
BwcHBwcHBwcHBwcHBwcHBwcHBw==
-----END PRIVATE KEY-----
";
const API: &str = "openapi: 3.0.3
info: { title: A, version: '1' }
security: [{ Key: [] }]
paths: { /x: { get: { responses: { '200': { description: ok } } } } }
components: { securitySchemes: { Key: { type: apiKey, in: header, name: key } } }
";

fn compiled(service: &str) -> Compilation {
    let gateway = format!(
        "apis: [{{ definition: api.yaml, endpoint: mock }}]\nidentity: {{ apiKeyIssuers: {{ other: {{ issuer: o, jwksUri: 'https://o.example/keys' }} }} }}\napiKeyService: {{ issuer: g, keys: [{{ file: ec, kid: a }}], {service} }}"
    );
    let files = [("gateway.yaml", &*gateway), ("api.yaml", API), ("ec", P256)];
    let files: HashMap<String, Vec<u8>> =
        files.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec())).collect();
    compile(&files, "gateway.yaml", Options::default())
}

#[test]
fn its_keys_are_good_for_the_other_apis_and_publish_nothing_unless_told() {
    let compilation = compiled("");
    let compiled = compilation.compiled.unwrap();
    assert!(compiled.holds_secrets() && compiled.published_keys.is_empty());
    let auth: Value = serde_json::from_str(&compiled.plugins[&Plugin::Auth]).unwrap();
    assert_eq!(
        auth["schemes"]["api.Key"]["signed"]["issuers"],
        serde_json::json!(["apiKeyService", "other"])
    );
    assert_eq!(auth["key_service"]["apis"], serde_json::json!(["api"]));
    assert_eq!(auth["key_service"]["max_seconds"], 3600);
    assert_eq!(auth["apis"][1]["operations"][0]["path"], "/apikey");
    assert_eq!(auth["apis"][1]["operations"][0]["rule"]["issues_keys"], true);
    assert!(!compiled.plugins[&Plugin::Routing].contains("BwcHBwcH"));
    let published = self::compiled("jwksPath: /keys.json, path: /keys/new").compiled.unwrap().published_keys;
    assert!(published[0].jwks.contains("ES256") && !published[0].jwks.contains("\"d\""));
}

#[test]
fn what_it_cannot_do_is_refused() {
    let cases = [
        ("maxValiditySeconds: 0", "a key lives for at least a second"),
        ("maxValiditySeconds: -2", "a key lives for at least a second"),
        ("perMinute: 0", "perMinute is between 1 and 6000"),
        ("apis: []", "keys are for at least one API"),
        ("apis: [x]", "no API is named 'x'"),
        ("path: apikey", "'apikey' is no path"),
        ("jwksPath: /x", "'/x' stands for /x too"),
        ("issuer: o", "another issuer is 'o' as well"),
        ("path: '/x y'", "'/x y' is no path"),
        ("path: /x", "the routing plugin refuses its configuration"),
    ];
    for (service, expected) in cases {
        // A key that stands twice is another problem.
        let compilation = match service.strip_prefix("issuer: ") {
            Some(_) => compiled_with_issuer(service),
            None => compiled(service),
        };
        let all = compilation.parts.iter().flat_map(|part| &part.diagnostics);
        let errors: Vec<_> =
            all.filter(|one| one.severity == Severity::Error).map(|one| one.message.clone()).collect();
        assert!(errors.iter().any(|one| one.contains(expected)), "{service}: {errors:?}");
    }
}

fn compiled_with_issuer(issuer: &str) -> Compilation {
    let gateway = format!(
        "apis: [{{ definition: api.yaml, endpoint: mock }}]\nidentity: {{ apiKeyIssuers: {{ other: {{ issuer: o, jwksUri: 'https://o.example/keys' }} }} }}\napiKeyService: {{ {issuer}, keys: [{{ file: ec, kid: a }}] }}"
    );
    let files = [("gateway.yaml", &*gateway), ("api.yaml", API), ("ec", P256)];
    let files: HashMap<String, Vec<u8>> =
        files.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec())).collect();
    compile(&files, "gateway.yaml", Options::default())
}
