//! What authors are told of WSO2's extensions.

use std::collections::HashMap;

use portcullis_openapi::Severity;

use crate::endpoint::Endpoint;
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

/// The routes of Envoy by the operations that lead there: `cluster timeout`.
fn routes(compilation: Compilation) -> Vec<String> {
    let compiled = compilation.compiled.expect("nothing is wrong");
    let route = |(route, _): (&crate::endpoint::Route, &str)| match &route.endpoint {
        Endpoint::Mock => "mock".to_owned(),
        Endpoint::Upstream(upstream) => format!("{}{}", upstream.origin(), upstream.prefix),
        Endpoint::Several(several) => {
            let timeout = several.timeout_milliseconds.map(|one| format!(" {one}")).unwrap_or_default();
            format!("{}{}{timeout}", several.name(), route.endpoint.prefix().unwrap_or_default())
        }
    };
    compiled.routes.iter().map(route).collect()
}

#[test]
fn endpoints_are_the_innermost_that_the_document_names() {
    const OF_ROOT: &str = "x-wso2-production-endpoints: { urls: ['http://a.internal/r'] }";
    const NAMED: &str = "x-wso2-endpoints: [{ one: { urls: ['http://n.internal'], type: http } }, { two: { urls: ['http://m.internal'] } }]";
    let lists = "x-wso2-production-endpoints: { urls: ['http://a.internal:1/x', 'http://b.internal:2/x/'], type: TYPE }";
    let cases = [
        (OF_ROOT.to_owned(), "", "", vec!["http://a.internal:80/r"]),
        (
            OF_ROOT.to_owned(),
            "x-wso2-production-endpoints: { urls: ['https://p.internal'] }",
            "",
            vec!["https://p.internal:443"],
        ),
        (
            OF_ROOT.to_owned(),
            "x-wso2-production-endpoints: { urls: ['https://p.internal'] }",
            "x-wso2-production-endpoints: { urls: ['http://o.internal'] }, ",
            vec!["http://o.internal:80"],
        ),
        (OF_ROOT.to_owned(), "x-portcullis: { endpoint: 'http://q.internal' }", "", vec!["http://q.internal:80"]),
        (
            String::new(),
            "x-portcullis: { endpoint: 'http://q.internal' }",
            "x-wso2-production-endpoints: { urls: ['http://o.internal'] }, ",
            vec!["http://o.internal:80"],
        ),
        (
            format!("{NAMED}\nx-wso2-production-endpoints: '#/x-wso2-endpoints/two'"),
            "",
            "",
            vec!["http://m.internal:80"],
        ),
        (lists.replace("TYPE", "load_balance"), "", "", vec!["round robin http://a.internal:1 http://b.internal:2/x"]),
        (lists.replace("TYPE", "failover"), "", "", vec!["failover http://a.internal:1 http://b.internal:2/x"]),
        (lists.replace(", type: TYPE", ""), "", "", vec!["round robin http://a.internal:1 http://b.internal:2/x"]),
        (
            "x-wso2-production-endpoints: { urls: ['http://a.internal'], advanceEndpointConfig: { timeoutInMillis: 1500 } }".to_owned(),
            "",
            "",
            vec!["http://a.internal:80 1500"],
        ),
        (
            "x-wso2-sandbox-endpoints: { urls: ['http://s.internal'] }".to_owned(),
            "",
            "",
            vec!["http://upstream.internal:80", "http://s.internal:80"],
        ),
        (
            "x-portcullis: { waive: { endpoint-unsupported: tested } }\nx-wso2-production-endpoints: { urls: ['http://a.internal'], securityConfig: { type: basic } }".to_owned(),
            "",
            "",
            vec!["http://a.internal:80"],
        ),
    ];
    for (root, path, operation, expected) in cases {
        let compilation = compiled(&root, path, operation);
        assert_eq!(errors(&compilation), [""; 0], "{root} {path} {operation}");
        assert_eq!(routes(compilation), expected, "{root} {path} {operation}");
    }
}

#[test]
fn endpoints_that_cannot_be_are_refused() {
    let endpoint = |rest: &str| format!("x-wso2-production-endpoints: {{ urls: ['http://a'], {rest} }}");
    let urls = |urls: &str| format!("x-wso2-sandbox-endpoints: {{ urls: [{urls}] }}");
    let cases = [
        ("x-wso2-production-endpoints: '#/x-wso2-endpoints/one'".to_owned(), "names no endpoint"),
        ("x-wso2-production-endpoints: 'http://a'".to_owned(), "names no endpoint"),
        ("x-wso2-production-endpoints: {}".to_owned(), "1 to 64 `urls`"),
        ("x-wso2-production-endpoints: [1]".to_owned(), "an endpoint has `urls`"),
        (urls(""), "1 to 64 `urls`"),
        (urls("'etcd(key,http://a)'"), "service discovery is not supported"),
        (urls("mock"), "absolute http or https URL"),
        (urls("'http://a/x', 'http://b/y'"), "the same path"),
        (urls("'http://a/x', 'http://a/x/'"), "stands twice"),
        (urls("'http://u:p@a'"), "absolute http or https URL"),
        (endpoint("type: address"), "a type is http"),
        (endpoint("retries: 1"), "an endpoint has no 'retries'"),
        (
            endpoint("securityConfig: { type: basic, username: u }"),
            "'securityConfig' of an endpoint is not enforced",
        ),
        (endpoint("advanceEndpointConfig: { timeoutInMillis: 0 }"), "timeoutInMillis is between"),
        (endpoint("advanceEndpointConfig: { timeoutInMillis: '9' }"), "timeoutInMillis is between"),
        (
            endpoint("advanceEndpointConfig: { retryConfig: { count: 1 } }"),
            "'retryConfig' of an endpoint is not enforced",
        ),
        (
            endpoint("advanceEndpointConfig: { circuitBreaker: {} }"),
            "'circuitBreaker' of an endpoint is not enforced",
        ),
    ];
    for (root, expected) in cases {
        let told = errors(&compiled(&root, "", ""));
        assert!(told.len() == 1 && told[0].contains(expected), "{root}: {told:?}");
    }
}
