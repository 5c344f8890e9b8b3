//! Which keys the gateway signs with, what it publishes of them, and what is refused with its place.

use std::collections::HashMap;

use portcullis_openapi::Severity;
use serde_json::{Value, json};

use crate::{Compilation, Options, Plugin, compile};

const RSA: &str = include_str!("../../../../../plugins/auth/src/tests/rsa-2048.pem");
/// The private number is 32 times 7.
const P256: &str = "-----BEGIN PRIVATE KEY-----
MEECAQAwEwYHKoZIzj0CAQYIKoZIzj0DAQcEJzAlAgEBBCAHBwcHBwcHBwcHBwcH
BwcHBwcHBwcHBwcHBwcHBwcHBw==
-----END PRIVATE KEY-----
";
const OTHER: &str = "-----BEGIN EC PRIVATE KEY-----\nMEECAQAw\n-----END EC PRIVATE KEY-----\n";

fn compiled(backend_jwt: &str, paths: &str) -> Compilation {
    let gateway = format!("apis: [{{ definition: api.yaml, endpoint: mock }}]\nbackendJwt:\n{backend_jwt}");
    let api = format!(
        "openapi: 3.0.3\ninfo: {{ title: A, version: '1' }}\nservers: [{{ url: /.well-known }}]\npaths: {{ {paths} }}\n"
    );
    let files =
        [("gateway.yaml", &*gateway), ("api.yaml", &*api), ("rsa", RSA), ("ec", P256), ("other", OTHER)];
    let files: HashMap<String, Vec<u8>> =
        files.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec())).collect();
    compile(&files, "gateway.yaml", Options::default())
}

/// Errors as `code: message`.
fn problems(compilation: &Compilation) -> Vec<String> {
    let all = compilation.parts.iter().flat_map(|part| &part.diagnostics);
    let errors = all.filter(|one| one.severity == Severity::Error);
    errors.map(|one| format!("{}: {}", one.code, one.message)).collect()
}

#[test]
fn all_keys_are_published_and_the_first_signs() {
    let settings = "  issuer: g\n  keys: [{ file: ec, kid: new }, { file: rsa, kid: old }]\n";
    let compilation = compiled(settings, "");
    assert_eq!(problems(&compilation), [""; 0]);
    let compiled = compilation.compiled.unwrap();
    assert!(compiled.holds_secrets());
    let published = compiled.published_keys.first().unwrap();
    assert_eq!(published.path.as_str(), "/.well-known/portcullis/jwks.json");
    let jwks: Value = serde_json::from_str(&published.jwks).unwrap();
    let of_key = |kid: &str| {
        let keys = jwks["keys"].as_array().unwrap();
        keys.iter().find(|key| key["kid"] == kid).unwrap().clone()
    };
    let (new, old) = (of_key("new"), of_key("old"));
    assert_eq!((&new["alg"], &new["use"], &old["alg"]), (&json!("ES256"), &json!("sig"), &json!("RS256")));
    assert_eq!(old["e"], "AQAB");
    assert_eq!(jwks["keys"].as_array().unwrap().len(), 2);
    for key in [new, old] {
        let members: Vec<String> = key.as_object().unwrap().keys().cloned().collect();
        let public = ["alg", "crv", "e", "kid", "kty", "n", "use", "x", "y"];
        assert!(members.iter().all(|name| public.contains(&name.as_str())), "{members:?}");
    }
    let auth: Value = serde_json::from_str(&compiled.plugins[&Plugin::Auth]).unwrap();
    let told = &auth["backend_jwt"];
    assert_eq!(told["key"], "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc");
    assert_eq!((&told["key_id"], &told["header"]), (&json!("new"), &json!("x-jwt-assertion")));
    let elsewhere = compiled.plugins.iter().filter(|(plugin, _)| **plugin != Plugin::Auth);
    assert!(elsewhere.into_iter().all(|(_, config)| !config.contains("BwcHBwcH")));
}

#[test]
fn keys_that_cannot_sign_are_refused() {
    let cases = [
        ("keys: []", "setting-invalid: there is no key to sign with"),
        ("keys: [{ file: none, kid: a }]", "credential-file: none: "),
        (
            "keys: [{ file: rsa, kid: a }]",
            "credential-file: rsa: the first key signs, and this one is no key on P-256",
        ),
        (
            "algorithm: RS256\n  keys: [{ file: ec, kid: a }]",
            "credential-file: ec: the first key signs, and this one is no RSA key",
        ),
        ("keys: [{ file: other, kid: a }]", "credential-file: other: holds no '-----BEGIN PRIVATE KEY-----'"),
        (
            "keys: [{ file: ec, kid: a }, { file: rsa, kid: a }]",
            "credential-file: rsa: another key is named 'a' as well",
        ),
        ("ttlSeconds: 3\n  keys: [{ file: ec, kid: a }]", "setting-invalid: a token lives for 4 to 86400"),
        ("algorithm: none\n  keys: [{ file: ec, kid: a }]", "setting-invalid: "),
        ("jwksPath: jwks\n  keys: [{ file: ec, kid: a }]", "setting-invalid: 'jwks' is no path"),
        ("jwksPath: /a/../b\n  keys: [{ file: ec, kid: a }]", "setting-invalid: '/a/../b' is no path"),
        ("jwksPath: /\n  keys: [{ file: ec, kid: a }]", "setting-invalid: '/' is no path"),
        ("header: host\n  keys: [{ file: ec, kid: a }]", "setting-invalid: the auth plugin refuses"),
    ];
    for (settings, expected) in cases {
        let told = problems(&compiled(&format!("  issuer: g\n  {settings}\n"), ""));
        assert!(told.len() == 1 && told[0].starts_with(expected), "{settings}: {told:?}");
    }
}

#[test]
fn no_operation_has_the_path_of_the_keys() {
    let settings = "  issuer: g\n  keys: [{ file: ec, kid: a }]\n";
    let operation = "{ get: { responses: { '200': { description: ok } } } }";
    let cases = [
        ("/portcullis/jwks.json", true),
        ("/{any}/jwks.json", true),
        ("/portcullis/{file}.json", true),
        ("/portcullis/{file}.xml", false),
        ("/portcullis", false),
        ("/{a}/{b}/{c}", false),
    ];
    for (path, is_refused) in cases {
        let parameters: Vec<String> = path
            .split('{')
            .skip(1)
            .filter_map(|rest| rest.split('}').next())
            .map(|name| format!("{{ name: {name}, in: path, required: true, schema: {{ type: string }} }}"))
            .collect();
        let item =
            operation.replacen("{ get", &format!("{{ parameters: [{}], get", parameters.join(", ")), 1);
        let told = problems(&compiled(settings, &format!("'{path}': {item}")));
        assert_eq!(told.len() == 1 && told[0].starts_with("path-reserved: "), is_refused, "{path}: {told:?}");
    }
}
