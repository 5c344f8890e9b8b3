//! What a gateway file may tell upstreams in headers, and where it is refused.

use std::collections::HashMap;

use portcullis_openapi::Severity;

use crate::{Options, compile};

/// Errors as `code pointer: message`.
fn problems(headers: &str) -> Vec<String> {
    let gateway = format!(
        "apis: [{{ definition: api.yaml, endpoint: mock }}]\n\
         identity: {{ certificateHeader: {{ name: X-Cert, from: [192.0.2.7] }} }}\nidentityHeaders: {headers}\n"
    );
    let api = "openapi: 3.0.3\ninfo: { title: A, version: '1' }\npaths: {}\n";
    let files = [("gateway.yaml", &*gateway), ("api.yaml", api)];
    let files: HashMap<String, Vec<u8>> =
        files.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec())).collect();
    let compilation = compile(&files, "gateway.yaml", Options::default());
    let all = compilation.parts.iter().flat_map(|part| &part.diagnostics);
    let errors = all.filter(|one| one.severity == Severity::Error);
    errors.map(|one| format!("{} {}: {}", one.code, one.pointer, one.message)).collect()
}

#[test]
fn headers_that_mean_something_else_are_refused_where_they_stand() {
    let taken = "another header of the gateway has this name, or one that is taken for it";
    let cases = [
        ("{ X-User: consumer, X-Email: { claim: email } }", None),
        (
            "{ Host: consumer }",
            Some("/identityHeaders/Host: 'Host': no header of this name can say who calls"),
        ),
        (
            "{ X-Portcullis-Route: tier }",
            Some(
                "/identityHeaders/X-Portcullis-Route: 'X-Portcullis-Route': the header of this name means something else to the gateway",
            ),
        ),
        ("{ X_Cert: tier }", Some(&*format!("/identityHeaders/X_Cert: 'X_Cert': {taken}"))),
        ("{ Client-Cert: tier }", Some(&*format!("/identityHeaders/Client-Cert: 'Client-Cert': {taken}"))),
        ("{ X-A: tier, x-a: consumer }", Some(&*format!("/identityHeaders/x-a: 'x-a': {taken}"))),
    ];
    for (headers, expected) in cases {
        let expected: Vec<String> = expected.iter().map(|one| format!("setting-invalid {one}")).collect();
        assert_eq!(problems(headers), expected, "{headers}");
    }
    assert!(
        problems("{ X-A: password }")[0].starts_with("setting-invalid "),
        "{:?}",
        problems("{ X-A: password }")
    );
}
