//! What a gateway file and the files beside it must not say of users and keys, and where that is told.

use std::collections::HashMap;

use portcullis_openapi::Severity;

use crate::{Options, compile};

const API: &str = "openapi: 3.0.3\ninfo: { title: A, version: '1' }\npaths: {}\n";
/// `htpasswd -nbB bert hunter2`.
const BERT: &str = "bert:$2y$05$YegHUCHmsrW6r1H3WpCaMOon5ygEhoPBTlYdYBIRJp37AMs6NFAS6\n";

/// That secrets stand in the bundle is told elsewhere.
fn is_problem(diagnostic: &portcullis_openapi::Diagnostic) -> bool {
    diagnostic.severity != Severity::Note && diagnostic.code != crate::codes::SECRET_IN_BUNDLE
}

/// Errors and warnings as `line: code: message`; `identity` begins in line 3 of the gateway file.
fn problems(identity: &str, files: &[(&str, &str)]) -> Vec<String> {
    let gateway = format!("apis: [{{ definition: api.yaml, endpoint: mock }}]\nidentity:\n{identity}");
    let all = [("gateway.yaml", gateway.as_str()), ("api.yaml", API)];
    let files: HashMap<String, Vec<u8>> =
        all.iter().chain(files).map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec())).collect();
    let compilation = compile(&files, "gateway.yaml", Options::default());
    let mut told = Vec::new();
    for part in &compilation.parts {
        for one in part.diagnostics.iter().filter(|one| is_problem(one)) {
            let line = one.place.map_or(0, |place| part.documents.position(place).line);
            told.push(format!("{line}: {}: {}", one.code, one.message));
        }
    }
    assert_eq!(told.is_empty(), compilation.compiled.is_some(), "{told:?}");
    told
}

#[test]
fn an_htpasswd_file_with_good_hashes_is_taken_as_it_is() {
    let own = "  htpasswdFiles: [users]\n  users:\n    - { name: bert, scopes: [read] }\n";
    assert_eq!(problems(own, &[("users", BERT)]), [""; 0]);
    assert_eq!(problems("  htpasswdFiles: [users]\n", &[("users", BERT)]), [""; 0]);
}

#[test]
fn problems_with_users_are_told_with_their_line() {
    let with = |line: &str| format!("# users\n{BERT}{line}\n");
    let advice = "make it anew with `htpasswd -B`";
    let cases = [
        ("no colon", with("mia"), "credential-file: users: line 3: this is not name:hash".to_owned()),
        (
            "MD5",
            with("mia:$apr1$X8kfTYZJ$Zy7.CykGr3K0SuBtGEpP20"),
            format!(
                "password-hash: users: line 3: the user 'mia': the password's hash is MD5 ($apr1$), which is not accepted: {advice}"
            ),
        ),
        (
            "SHA-1",
            with("sam:{SHA}87u9ZqY9S/F0eUBXjsPQEDUw4h0="),
            format!(
                "password-hash: users: line 3: the user 'sam': the password's hash is SHA-1 without salt ({{SHA}}), which is not accepted: {advice}"
            ),
        ),
        (
            "a dear bcrypt",
            with("ann:$2y$10$YegHUCHmsrW6r1H3WpCaMOon5ygEhoPBTlYdYBIRJp37AMs6NFAS6"),
            "password-hash: users: line 3: the user 'ann': a check of the password would hold a worker for more than 5 ms: bcrypt takes at most cost 5: `htpasswd -B -C 5`".to_owned(),
        ),
        ("twice", with(BERT.trim()), "name-duplicate: users: line 3: the user 'bert' stands twice".to_owned()),
    ];
    for (name, file, expected) in cases {
        let told = problems("  htpasswdFiles: [users]\n", &[("users", &file)]);
        assert_eq!(told.first(), Some(&format!("3: {expected}")), "{name}");
    }
    assert!(problems("  htpasswdFiles: [users]\n", &[])[0].starts_with("3: credential-file: users: "));
}

#[test]
fn the_gateway_files_own_users_are_told_where_they_stand() {
    let cases = [
        ("  users:\n    - { name: ada }\n", "4: setting-invalid: the user 'ada' has no password"),
        (
            "  users:\n    - { name: ada, password: secret }\n",
            "4: password-hash: the user 'ada': the password is neither",
        ),
        ("  attempts: { perUser: 0 }\n", "3: setting-invalid: "),
        (
            "  userFiles: [more.yaml]\n",
            "3: password-hash: more.yaml: line 2: the user 'bob': the password is neither",
        ),
    ];
    for (identity, expected) in cases {
        let told = problems(identity, &[("more.yaml", "# more\n- name: bob\n  password: x\n")]);
        assert!(told[0].starts_with(expected), "{identity}: {told:?}");
    }
    let both = "  htpasswdFiles: [users]\n  users:\n    - { name: bert, password: '$2y$05$YegHUCHmsrW6r1H3WpCaMOon5ygEhoPBTlYdYBIRJp37AMs6NFAS6' }\n";
    assert_eq!(
        problems(both, &[("users", BERT)]),
        ["3: name-duplicate: users: line 1: the user 'bert' stands twice"]
    );
}

#[test]
fn hashes_of_several_kinds_must_cost_little_together() {
    let pbkdf2 =
        "'$pbkdf2-sha256$i=5000,l=32$c2FsdHNhbHRzYWx0c2FsdA$qLemon7vBuyfhkKcFRiiW6QaRY/XbP6oGL85nqbmIiE'";
    let users = format!("  htpasswdFiles: [users]\n  users: [{{ name: ada, password: {pbkdf2} }}]\n");
    let told = problems(&users, &[("users", BERT)]);
    assert!(told[0].contains("give all users hashes of one kind"), "{told:?}");
}

#[test]
fn problems_with_keys_are_told_with_their_line() {
    const DIGEST: &str = "f5113b27bc11c62177b44413cf0c1c3a0d85dc165d1beb2acd16fcf5cbda4473";
    let with = |more: &str| format!("- {{ consumer: a, sha256: {DIGEST}, {more} }}\n");
    let twice = with("scopes: []").repeat(2);
    let cases = [
        (
            "- consumer: a\n  sha256: ab\n",
            "3: setting-invalid: keys.yaml: line 1: the key of 'a' is not given as",
        ),
        ("- { consumer: a }\n", "3: credential-file: keys.yaml: line 1: "),
        ("keys: []\n", "3: credential-file: keys.yaml: line 1: this is no list"),
        ("- {", "3: credential-file: keys.yaml: "),
        (
            &with("expires: tomorrow"),
            "3: setting-invalid: keys.yaml: line 1: the key of 'a' ends at 'tomorrow', which is no date",
        ),
        (
            &with("addresses: [10.0.0.1/8]"),
            "3: setting-invalid: keys.yaml: line 1: the key of 'a' names '10.0.0.1/8', which is no range",
        ),
        (
            &with("application: shop"),
            "3: application-unknown: keys.yaml: line 1: no application is named 'shop'",
        ),
        (&with("environment: staging"), "3: credential-file: keys.yaml: line 1: "),
        (&twice, "3: name-duplicate: keys.yaml: line 2: the key of 'a' stands twice"),
    ];
    for (file, expected) in cases {
        let told = problems("  apiKeyFiles: [keys.yaml]\n", &[("keys.yaml", file)]);
        assert!(told[0].starts_with(expected), "{file}: {told:?}");
    }
}

#[test]
fn problems_with_certificates_are_told_with_their_line() {
    let cases = [
        ("subject: CN=a, tier: Gold", None),
        (
            "subject: CN=a, san: 'dns:a'",
            Some("3: setting-invalid: the certificate of 'a' needs exactly one of"),
        ),
        ("tier: Gold", Some("3: setting-invalid: the certificate of 'a' needs exactly one of")),
        ("subject: CN=a, application: shop", Some("3: application-unknown: no application is named 'shop'")),
        ("subject: CN=a, environment: staging", Some("3: setting-invalid: ")),
    ];
    for (settings, expected) in cases {
        let told = problems(&format!("  certificates: [{{ consumer: a, {settings} }}]\n"), &[]);
        let fits = expected.map_or(told.is_empty(), |expected| told[0].starts_with(expected));
        assert!(fits, "{settings}: {told:?}");
    }
}

#[test]
fn no_security_scheme_is_two_apis() {
    let api = |scheme: &str| {
        format!(
            "openapi: 3.0.3\ninfo: {{ title: A, version: '1' }}\n\
             paths: {{ /{scheme}: {{ get: {{ security: [{{ {scheme}: [] }}], responses: {{ '200': {{ description: ok }} }} }} }} }}\n\
             components: {{ securitySchemes: {{ {scheme}: {{ type: http, scheme: basic }} }} }}\n"
        )
    };
    for (second, is_refused) in [("b.c", true), ("d.c", false)] {
        let gateway = "apis: [{ definition: one.yaml, name: a.b, endpoint: mock }, { definition: two.yaml, name: a, endpoint: mock }]";
        let files = [("gateway.yaml", gateway.to_owned()), ("one.yaml", api("c")), ("two.yaml", api(second))];
        let files: HashMap<String, Vec<u8>> =
            files.into_iter().map(|(name, text)| (name.to_owned(), text.into_bytes())).collect();
        let compilation = compile(&files, "gateway.yaml", Options::default());
        let all = compilation.parts.iter().flat_map(|part| &part.diagnostics);
        let errors: Vec<_> = all.filter(|one| one.severity == Severity::Error).map(|one| one.code).collect();
        let expected: &[&str] = if is_refused { &["name-duplicate"] } else { &[] };
        assert_eq!(errors, expected, "{second}");
    }
}

#[test]
fn users_of_a_store_are_users() {
    let api = "openapi: 3.0.3\ninfo: { title: A, version: '1' }\n\
               paths: { /x: { get: { security: [{ Login: [] }], responses: { '200': { description: ok } } } } }\n\
               components: { securitySchemes: { Login: { type: http, scheme: basic } } }\n";
    for (store, expected) in [
        ("{}", &["identity-empty"][..]),
        ("{ userStore: { endpoint: 'https://users.example/verify' } }", &[]),
        ("{ userStore: { endpoint: 'https://users.example/verify', apis: [a] } }", &[]),
        ("{ userStore: { endpoint: 'https://users.example/verify', apis: [b] } }", &["identity-empty"]),
    ] {
        let apis =
            "[{ definition: api.yaml, name: a, endpoint: mock }, { definition: b.yaml, endpoint: mock }]";
        let gateway = format!("apis: {apis}\nidentity: {store}\n");
        let files = [("gateway.yaml", gateway.as_str()), ("api.yaml", api), ("b.yaml", API)];
        let files: HashMap<String, Vec<u8>> =
            files.into_iter().map(|(name, text)| (name.to_owned(), text.as_bytes().to_vec())).collect();
        let compilation = compile(&files, "gateway.yaml", Options::default());
        let all = compilation.parts.iter().flat_map(|part| &part.diagnostics);
        let codes: Vec<_> = all.filter(|one| is_problem(one)).map(|one| one.code).collect();
        assert_eq!(codes, expected, "{store}");
    }
}

#[test]
fn a_user_of_etcd_has_a_password_and_no_authorization_beside() {
    let wrong = Some("3: setting-invalid: `user` and `passwordEnv` are there together");
    let cases = [
        ("etcd: 'http://etcd', user: u, passwordEnv: P", None),
        ("etcd: 'http://etcd', authorizationEnv: A", None),
        ("etcd: 'http://etcd', user: u", wrong),
        ("etcd: 'http://etcd', passwordEnv: P", wrong),
        ("etcd: 'http://etcd', user: u, passwordEnv: P, authorizationEnv: A", wrong),
        ("feed: 'http://feed', user: u, passwordEnv: P", wrong),
        (
            "etcd: 'http://etcd', user: u, passwordEnv: 'P-Q'",
            Some("3: setting-invalid: 'P-Q' is no name of an"),
        ),
    ];
    for (settings, expected) in cases {
        let told = problems(&format!("  revocation: {{ {settings} }}\n"), &[]);
        let fits = expected.map_or(told.is_empty(), |expected| told[0].starts_with(expected));
        assert!(fits, "{settings}: {told:?}");
    }
}

#[test]
fn problems_with_issuers_are_told_with_their_line() {
    let issuer = |settings: &str| format!("  issuers:\n    a: {{ issuer: x, {settings} }}\n");
    let rsa = include_str!("key_file/keys/rsa.pem");
    let secret = "s".repeat(64);
    let short = "s".repeat(31);
    let files = [
        ("rsa.pem", rsa),
        ("secret", secret.as_str()),
        ("short", short.as_str()),
        ("ends", "0123456789abcdef0123456789abcdef\r\n"),
    ];
    let refused = |cause: &str| {
        format!("1: setting-invalid: the auth plugin refuses its configuration: the issuer 'a': {cause}")
    };
    let cases = [
        ("keyFiles: [rsa.pem]", None),
        ("keyFiles: [{ file: rsa.pem, kid: k }], algorithms: [PS512]", None),
        ("secrets: [{ file: secret }], algorithms: [HS256, HS384, HS512]", None),
        ("secrets: [{ file: ends }], algorithms: [HS256]", None),
        ("jwks: { keys: [{ kty: RSA, n: AQ, e: AQAB, use: enc }] }, keyFiles: [rsa.pem]", None),
        (
            "algorithms: [RS256]",
            Some("4: credential-file: the issuer 'a' has neither keys nor secrets".to_owned()),
        ),
        ("keyFiles: [none.pem]", Some("4: credential-file: none.pem: no such file".to_owned())),
        ("keyFiles: [secret]", Some("4: credential-file: secret: is neither JSON nor PEM".to_owned())),
        (
            "jwks: { keys: [{ kty: oct, k: c2VjcmV0 }] }",
            Some("4: credential-file: the key set holds a private or secret key; a gateway needs public keys only".to_owned()),
        ),
        (
            "secrets: [{ file: short }], algorithms: [HS256]",
            Some(refused("the secret at position 0 is no base64url, or shorter than the hash of HS256")),
        ),
        (
            "secrets: [{ file: secret, encoding: base64 }], algorithms: [HS512]",
            Some(refused("the secret at position 0 is no base64url, or shorter than the hash of HS512")),
        ),
        (
            "secrets: [{ file: secret }], keyFiles: [rsa.pem], algorithms: [HS256]",
            Some(refused("HS256, HS384 and HS512 need secrets and no keys, all other algorithms keys and no secrets")),
        ),
        (
            "secrets: [{ file: secret }], keyFiles: [rsa.pem], algorithms: [HS256, RS256]",
            Some(refused("symmetric and other algorithms are accepted of one issuer; it must be one or the other")),
        ),
        ("keyFiles: [rsa.pem], algorithms: [none]", Some(refused("the algorithm 'none' is not supported"))),
        ("keyFiles: [rsa.pem], claims: { when: exp }", Some(refused("the claim 'exp' cannot be mapped: it means the same in every token"))),
        ("keyFiles: [rsa.pem], tokenTypes: [id]", Some(refused("the token type 'id' is neither JWT nor ends in +jwt"))),
    ];
    for (settings, expected) in cases {
        let told = problems(&issuer(settings), &files);
        assert_eq!(told, expected.into_iter().collect::<Vec<_>>(), "{settings}");
    }
}

#[test]
fn endpoints_of_both_environments_must_make_sense() {
    let told = |endpoints: &str, extension: &str| {
        let gateway = format!("apis: [{{ definition: api.yaml, {endpoints} }}]\n");
        let api = format!(
            "openapi: 3.0.3\ninfo: {{ title: A, version: '1' }}\npaths:\n  /x:\n    get:\n      security: []\n      \
             x-portcullis: {{ {extension} }}\n      responses: {{ '200': {{ description: ok }} }}\n"
        );
        let files = [("gateway.yaml", gateway), ("api.yaml", api)];
        let files: HashMap<_, _> =
            files.map(|(name, text)| (name.to_owned(), text.into_bytes())).into_iter().collect();
        let compilation = compile(&files, "gateway.yaml", Options::default());
        let parts = compilation.parts.iter();
        let all = parts.flat_map(|part| {
            part.diagnostics.iter().map(|one| {
                format!("{}: {}", one.place.map_or(0, |place| part.documents.position(place).line), one.code)
            })
        });
        all.collect::<Vec<_>>()
    };
    let cases = [
        ("endpoint: mock, sandboxEndpoint: mock", "", None),
        ("endpoint: none, sandboxEndpoint: 'http://a'", "", None),
        ("endpoint: 'http://b'", "endpoint: none, sandboxEndpoint: 'http://a'", None),
        ("endpoint: none", "", Some("5: endpoint-invalid")),
        ("endpoint: mock, sandboxEndpoint: 'http://a'", "", Some("5: endpoint-invalid")),
        ("endpoint: 'http://a', sandboxEndpoint: mock", "", Some("5: endpoint-invalid")),
        ("endpoint: mock, sandboxEndpoint: none", "", Some("1: endpoint-invalid")),
        ("endpoint: mock", "sandboxEndpoint: /relative", Some("7: endpoint-invalid")),
    ];
    for (endpoints, extension, expected) in cases {
        let told = told(endpoints, extension);
        assert_eq!(told.first().map(String::as_str), expected, "{endpoints} {extension}: {told:?}");
    }
}

#[test]
fn issuers_of_keys_are_told_from_issuers_of_tokens() {
    let jwks = r#"{"keys":[{"kty":"EC","crv":"P-256","alg":"ES256","kid":"a","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}]}"#;
    let gateway = |name: &str, rest: &str| {
        format!(
            "  issuers: {{ main: {{ issuer: i, jwksFile: jwks }} }}\n  apiKeyIssuers:\n    {name}: {{ issuer: i, {rest} }}\n"
        )
    };
    let cases = [
        ("keys", "jwksFile: jwks", None),
        (
            "keys",
            "jwksFile: jwks, untyped: true",
            Some("5: setting-invalid: untyped: an issuer of tokens is 'i' as well"),
        ),
        ("main", "jwksFile: jwks", Some("5: name-duplicate: another issuer is named 'main' as well")),
        (
            "keys",
            "requireApis: true",
            Some("5: credential-file: the issuer 'keys' has neither keys nor secrets"),
        ),
        ("keys", "jwksFile: none", Some("5: credential-file: none: ")),
        ("keys", "introspection: {}", Some("5: setting-invalid: unknown field `introspection`")),
    ];
    for (name, rest, expected) in cases {
        let told = problems(&gateway(name, rest), &[("jwks", jwks)]);
        let first = told.first().map(String::as_str);
        let fits = match (first, expected) {
            (Some(first), Some(expected)) => first.starts_with(expected),
            (first, expected) => first == expected,
        };
        assert!(fits, "{name} {rest}: {told:?}");
    }
}
