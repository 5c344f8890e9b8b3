//! Which URLs say an issuer, and what an author is told of it.

use std::collections::HashMap;

use super::*;
use crate::{Options, compile};

#[test]
fn an_issuer_is_what_stands_before_the_metadata() {
    let cases = [
        ("https://idp.example/.well-known/openid-configuration", Ok("https://idp.example")),
        ("https://idp.example/realms/a/.well-known/openid-configuration", Ok("https://idp.example/realms/a")),
        ("http://127.0.0.1:9000/.well-known/openid-configuration", Ok("http://127.0.0.1:9000")),
        ("http://[::1]:9000/.well-known/openid-configuration", Ok("http://[::1]:9000")),
        ("http://localhost/.well-known/openid-configuration", Ok("http://localhost")),
        ("http://idp.example/.well-known/openid-configuration", Err(NoIssuer::Insecure)),
        ("http://localhost.evil.example/.well-known/openid-configuration", Err(NoIssuer::Insecure)),
        ("ftp://localhost/.well-known/openid-configuration", Err(NoIssuer::Insecure)),
        ("https://idp.example/.well-known/openid-configuration/", Err(NoIssuer::Ending)),
        ("https://idp.example/.well-known/oauth-authorization-server", Err(NoIssuer::Ending)),
        ("https://idp.example", Err(NoIssuer::Ending)),
        ("/.well-known/openid-configuration", Err(NoIssuer::Unusable)),
        ("https://u:p@idp.example/.well-known/openid-configuration", Err(NoIssuer::Unusable)),
        ("https://idp.example/?x=/.well-known/openid-configuration", Err(NoIssuer::Unusable)),
        ("https://idp.example/#/.well-known/openid-configuration", Err(NoIssuer::Unusable)),
    ];
    for (url, expected) in cases {
        let found = DerivedIssuer::of("api", url, &[], |_| false).map(|found| found.issuer);
        assert_eq!(found.as_deref(), expected.as_ref().copied(), "{url}");
    }
}

#[test]
fn no_issuer_takes_the_name_of_another() {
    let url = "https://idp.example/.well-known/openid-configuration";
    let derived = DerivedIssuer::of("a", url, &[], |name| name == "a https://idp.example").unwrap();
    assert_eq!(derived.name, "a https://idp.example'");
}

/// What is said of a gateway with one API, whose document has an `openIdConnect` scheme: `code pointer: message (hint)`.
fn told(settings: &str, url: &str) -> Vec<String> {
    let gateway = format!("apis: [{{ definition: api.yaml, endpoint: mock, {settings}\n");
    let api = format!(
        "openapi: 3.0.3\ninfo: {{ title: A, version: '1' }}\n\
         paths: {{ /a: {{ get: {{ security: [{{ Login: [] }}], responses: {{ '200': {{ description: ok }} }} }} }} }}\n\
         components: {{ securitySchemes: {{ Login: {{ type: openIdConnect, openIdConnectUrl: '{url}' }} }} }}\n"
    );
    let files = [("gateway.yaml", gateway), ("api.yaml", api)];
    let files: HashMap<String, Vec<u8>> =
        files.into_iter().map(|(name, text)| (name.to_owned(), text.into_bytes())).collect();
    let compilation = compile(&files, "gateway.yaml", Options::default());
    let all = compilation.parts.iter().flat_map(|part| &part.diagnostics);
    let hint = |hint: &Option<String>| hint.clone().unwrap_or_default();
    all.map(|one| format!("{} {}: {} ({})", one.code, one.pointer, one.message, hint(&one.hint))).collect()
}

#[test]
fn an_author_is_told_whose_tokens_are_accepted_or_why_none_are() {
    let url = "https://idp.example/.well-known/openid-configuration";
    let empty = "identity-empty /components/securitySchemes/Login: the gateway knows no token issuer, so nobody can pass by the \
                 security scheme 'Login' ";
    let cases = [
        (
            "audiences: [a, b] }]",
            url,
            "issuer-derived /components/securitySchemes/Login: tokens of 'https://idp.example' are accepted, for the audience a or b, \
             by the keys to which its metadata lead (name it under".to_owned(),
        ),
        ("}]", url, format!("{empty}(say in a gateway file for whom")),
        ("issuers: [] }]", url, format!("{empty}(name one under `identity`")),
        (
            "audiences: [a] }]",
            "http://idp.example/.well-known/openid-configuration",
            format!("{empty}(its openIdConnectUrl says no issuer (it is not https)"),
        ),
        (
            "audiences: [a], issuers: [] }]",
            url,
            "setting-invalid /apis/0/audiences: the gateway knows issuers: each says".to_owned(),
        ),
        (
            "audiences: [a] }]\nservices: { https://other.example: {} }",
            url,
            "setting-invalid /services: the gateway never asks https://other.example:443".to_owned(),
        ),
    ];
    for (settings, url, expected) in cases {
        let told = told(settings, url);
        assert!(told.iter().any(|one| one.starts_with(&expected)), "{settings}: {told:#?}");
    }
    let asked = "audiences: [a] }]\nservices: { https://idp.example: {} }";
    assert!(told(asked, url).iter().all(|one| one.starts_with("issuer-derived")), "{:?}", told(asked, url));
}

#[test]
fn audiences_that_nothing_is_held_against_are_told() {
    let api = "openapi: 3.0.3\ninfo: { title: A, version: '1' }\n\
               paths: { /a: { get: { security: [{ Key: [] }], responses: { '200': { description: ok } } } } }\n\
               components: { securitySchemes: { Key: { type: apiKey, in: header, name: key } } }\n";
    let gateway = "apis: [{ definition: api.yaml, endpoint: mock, audiences: [a] }]\n\
                   identity: { apiKeys: [{ consumer: c, sha256: 2c70e12b7a0646f92279f427c7b38e7334d8e5389cff167a1dc30e73f826b683 }] }\n";
    let files = [("gateway.yaml", gateway), ("api.yaml", api)];
    let files: HashMap<String, Vec<u8>> =
        files.into_iter().map(|(name, text)| (name.to_owned(), text.as_bytes().to_vec())).collect();
    let compilation = compile(&files, "gateway.yaml", Options::default());
    let all: Vec<_> = compilation.parts.iter().flat_map(|part| &part.diagnostics).collect();
    let [one] = all.as_slice() else { panic!("{all:?}") };
    assert_eq!((one.code, one.pointer.as_str()), ("setting-invalid", "/apis/0/audiences"));
    assert!(one.message.contains("nothing is held against `audiences`"), "{}", one.message);
}
