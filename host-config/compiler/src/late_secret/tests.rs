//! What stands in a bundle and what in the environment, and what a variable must hold.

use std::collections::HashMap;

use portcullis_openapi::Severity;

use crate::{Compilation, Options, compile};

const API: &str = "openapi: 3.0.3\ninfo: { title: A, version: '1' }\npaths: {}\n";
const SECRET: &str = "0123456789abcdef0123456789abcdef";
/// The private number is 32 times 7.
const PRIVATE: &str = "-----BEGIN PRIVATE KEY-----
MEECAQAwEwYHKoZIzj0CAQYIKoZIzj0DAQcEJzAlAgEBBCAHBwcHBwcHBwcHBwcH
BwcHBwcHBwcHBwcHBwcHBwcHBw==
-----END PRIVATE KEY-----
";
const PUBLIC: &str = "-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEHhhTL9R1TALzBB2cdc6zO4P/2BrH
zk/ogsyxyYvFiW6kbDEcTi/0DdlqNlPm5FRF0y3+SG7O11x6kMahiIHAow==
-----END PUBLIC KEY-----
";
const RSA: &str = include_str!("../../../../plugins/auth/src/tests/rsa-2048.pem");

fn compiled(settings: &str) -> Compilation {
    let gateway = format!("apis: [{{ definition: api.yaml, endpoint: mock }}]\n{settings}\n");
    let files = [
        ("gateway.yaml", &*gateway),
        ("api.yaml", API),
        ("secret", SECRET),
        ("private", PRIVATE),
        ("public", PUBLIC),
    ];
    let files: HashMap<String, Vec<u8>> =
        files.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec())).collect();
    compile(&files, "gateway.yaml", Options::default())
}

fn told(compilation: &Compilation) -> Vec<String> {
    let all = compilation.parts.iter().flat_map(|part| &part.diagnostics);
    let all = all.filter(|one| one.severity != Severity::Note);
    all.map(|one| format!("{} {}: {}", one.code, one.pointer, one.message)).collect()
}

fn issuer(secret: &str) -> String {
    format!("identity: {{ issuers: {{ a: {{ issuer: x, algorithms: [HS256], secrets: [{secret}] }} }} }}")
}

fn signing(key: &str) -> String {
    format!("backendJwt: {{ issuer: g, keys: [{key}] }}")
}

#[test]
fn a_secret_in_the_bundle_is_a_warning_and_one_of_the_environment_is_not_there() {
    let at_issuer =
        "secret-in-bundle /identity/issuers/a/secrets/0: the secret of the issuer 'a' stands in the bundle";
    let at_key = "secret-in-bundle /backendJwt/keys/0: the private key of backendJwt stands in the bundle";
    let cases = [
        (issuer("{ file: secret }"), Some(at_issuer)),
        (issuer("{ env: S }"), None),
        (signing("{ file: private, kid: a }"), Some(at_key)),
        (signing("{ file: public, kid: a, privateKeyEnv: S }"), None),
        (signing("{ file: public, kid: a, privateKeyEnv: S }, { file: private, kid: b }"), None),
    ];
    for (settings, warning) in cases {
        let compilation = compiled(&settings);
        assert_eq!(told(&compilation), warning.into_iter().collect::<Vec<_>>(), "{settings}");
        let compiled = compilation.compiled.unwrap();
        assert_eq!(compiled.holds_secrets(), warning.is_some(), "{settings}");
        let names: Vec<&str> = compiled.environment.iter().map(String::as_str).collect();
        assert_eq!(names.is_empty(), warning.is_some(), "{settings}: {names:?}");
        let number = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc";
        let shown = compiled.plugins.values().any(|config| {
            config.contains(number) || config.contains("MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY")
        });
        assert_eq!(shown, warning.is_some(), "{settings}");
    }
}

#[test]
fn settings_that_leave_open_where_a_secret_is_are_refused() {
    let secret =
        "credential-file /identity/issuers/a/secrets/0: a secret has a `file` or an `env`, and not both";
    let cases = [
        (issuer("{ file: secret, env: S }"), secret),
        (issuer("{ kid: a }"), secret),
        (issuer("{ env: 'a b' }"), "setting-invalid /identity: 'a b' is no name of an environment variable"),
        (signing("{ file: public, kid: a, privateKeyEnv: 1 }"), "setting-invalid "),
        (
            signing("{ file: public, kid: a, privateKeyEnv: 'a-b' }"),
            "credential-file /backendJwt/keys/0: public: 'a-b' is no name of an environment variable",
        ),
        (
            signing("{ file: private, kid: a, privateKeyEnv: S }"),
            "credential-file /backendJwt/keys/0: private: holds a private key, which `privateKeyEnv`",
        ),
        (
            "backendJwt: { issuer: g, algorithm: RS256, keys: [{ file: public, kid: a, privateKeyEnv: S }] }"
                .to_owned(),
            "credential-file /backendJwt/keys/0: public: the first key signs, and this one is none of its algorithm",
        ),
    ];
    for (settings, expected) in cases {
        let compilation = compiled(&settings);
        let told = told(&compilation);
        assert!(told.len() == 1 && told[0].starts_with(expected), "{settings}: {told:?}");
        assert!(compilation.compiled.is_none(), "{settings}");
    }
}

#[test]
fn a_variable_holds_what_it_must_or_says_why_not() {
    let shared = compiled(&issuer("{ env: S }, { env: B, encoding: base64 }")).compiled.unwrap();
    let signing = compiled(&signing("{ file: public, kid: a, privateKeyEnv: K }")).compiled.unwrap();
    let wrong_length = "it is not in the encoding that is said, longer than 4096 bytes, or shorter than";
    let other = PRIVATE.replace("AgEBBCAHBwcH", "AgEBBCAHBwcI");
    let cases = [
        (&shared, "S", SECRET, None),
        (&shared, "S", "short", Some(wrong_length)),
        (&shared, "B", "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=", None),
        (&shared, "B", "?MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY", Some(wrong_length)),
        (&shared, "S", &"s".repeat(5000), Some(wrong_length)),
        (&shared, "X", "", None),
        (&signing, "K", PRIVATE, None),
        (&signing, "K", &other, Some("it is not the private key of the key that signs")),
        (&signing, "K", RSA, Some("it is not the private key of the key that signs")),
        (&signing, "K", "x", Some("it holds no '-----BEGIN PRIVATE KEY-----'")),
    ];
    for (compiled, variable, value, expected) in cases {
        let found = compiled.check_secret(variable, value).err();
        let fits = match (&found, expected) {
            (None, None) => true,
            (Some(found), Some(expected)) => found.starts_with(expected),
            _ => false,
        };
        assert!(fits, "{variable} {value}: {found:?}");
    }
}
