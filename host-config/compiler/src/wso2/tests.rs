//! What authors are told of WSO2's extensions.

use std::collections::HashMap;

use portcullis_openapi::Severity;

use crate::{Compilation, Options, Treatment, compile};

/// A document with this at its root, at its path and at its only operation.
fn compiled(root: &str, path: &str, operation: &str) -> Compilation {
    let text = format!(
        "openapi: 3.0.3\ninfo: {{ title: T, version: '1' }}\nservers: [{{ url: 'http://upstream.internal' }}]\n{root}\n\
         paths:\n  /x:\n    {path}\n    get: {{ {operation}responses: {{ '200': {{ description: ok }} }} }}\n\
         components: {{ securitySchemes: {{ Key: {{ type: apiKey, in: header, name: key }} }} }}\n"
    );
    let files = HashMap::from([("api.yaml".to_owned(), text.into_bytes())]);
    compile(&files, "api.yaml", Options::default())
}

fn errors(compilation: &Compilation) -> Vec<String> {
    let told = compilation.parts.iter().flat_map(|part| &part.diagnostics);
    told.filter(|one| one.severity == Severity::Error).map(|one| one.message.clone()).collect()
}

#[test]
fn what_means_nothing_or_two_things_is_refused() {
    let cases = [
        ("x-wso2-disable-security: 'yes'", "", "", "true or false"),
        ("x-auth-type: Nobody", "", "", "x-auth-type is None"),
        ("x-wso2-mutual-ssl: sometimes", "", "", "mandatory or optional"),
        ("x-wso2-auth-header: 'two words'", "", "", "names a header"),
        ("x-wso2-auth-header: 7", "", "", "names a header"),
        (
            "x-wso2-auth-header: Cookie",
            "",
            "security: [{ Key: [] }], x-wso2-application-security: { security-types: [oauth2] }, ",
            "cannot hold one",
        ),
        ("x-wso2-application-security: { security-types: [] }", "", "", "at least one"),
        ("x-wso2-application-security: { optional: true }", "", "", "at least one"),
        ("x-wso2-application-security: { security-types: [saml] }", "", "", "knows oauth2"),
        (
            "x-wso2-application-security: { security-types: [oauth2], optional: 1 }",
            "",
            "",
            "optional is true or false",
        ),
        (
            "x-wso2-application-security: { security-types: [oauth2], optional: true }",
            "",
            "",
            "needs x-wso2-mutual-ssl",
        ),
        (
            "",
            "",
            "x-wso2-application-security: { security-types: [oauth2], optional: true }, ",
            "needs x-wso2-mutual-ssl",
        ),
        ("", "", "x-wso2-mutual-ssl: mandatory, ", "at the root only"),
        ("", "x-wso2-auth-header: X-A", "", "at the root only"),
        ("", "", "x-wso2-disable-security: false, x-auth-type: None, ", "the opposite"),
        ("x-wso2-disable-security: true", "", "x-wso2-disable-security: false, ", "nothing says by what"),
        ("", "x-wso2-disable-security: true", "x-auth-type: Application, ", "nothing says by what"),
    ];
    for (root, path, operation, expected) in cases {
        let told = errors(&compiled(root, path, operation));
        assert!(told.iter().any(|one| one.contains(expected)), "{root} {path} {operation}: {told:?}");
    }
}

#[test]
fn what_holds_instead_of_the_documents_security_is_told() {
    let key = "security: [{ Key: [] }]";
    let cases = [
        (format!("{key}\nx-wso2-disable-security: true"), "", Some("x-auth-type holds instead")),
        (key.to_owned(), "x-auth-type: None, ", Some("x-auth-type holds instead")),
        (format!("{key}\nx-wso2-mutual-ssl: mandatory"), "", Some("x-wso2-mutual-ssl holds instead")),
        (
            format!("{key}\nx-wso2-application-security: {{ security-types: [basic_auth] }}"),
            "",
            Some("x-wso2-application-security holds instead"),
        ),
        (key.to_owned(), "x-wso2-disable-security: false, ", None),
        (key.to_owned(), "x-auth-type: Any, ", None),
        ("x-wso2-disable-security: true".to_owned(), "", None),
    ];
    for (root, operation, expected) in cases {
        let compilation = compiled(&root, "", operation);
        assert_eq!(errors(&compilation), Vec::<String>::new(), "{root} {operation}");
        let told = compilation.parts.iter().flat_map(|part| &part.diagnostics);
        let told: Vec<_> = told.filter(|one| one.code == crate::codes::SECURITY_OVERRIDDEN).collect();
        assert_eq!(told.len(), usize::from(expected.is_some()), "{root} {operation}: {told:?}");
        let rows = compilation.coverage.operations.iter().flat_map(|operation| &operation.constructs);
        let waived = rows.filter(|row| row.name == "the document's security").map(|row| &row.treatment);
        let waived: Vec<_> = waived.collect();
        match expected {
            Some(expected) => {
                assert!(told.iter().all(|one| one.message.contains(expected)), "{told:?}");
                assert!(
                    matches!(waived.as_slice(), [Treatment::Waived(reason)] if reason.contains(expected))
                );
            }
            None => assert_eq!(waived, Vec::<&Treatment>::new(), "{root} {operation}"),
        }
        assert!(
            compilation.coverage.foreign_extensions.is_empty(),
            "what is honoured is counted as foreign: {root} {operation}"
        );
    }
}
