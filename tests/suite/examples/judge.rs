//! Judges requests by a document, as the schema plugin does: `judge DOCUMENT`, then a JSON object for each request on
//! a line of its own (`method`, `path`, `headers` as pairs, `body`). Answers each with `status`, `code` and `errors`.

use std::collections::HashMap;
use std::io::{BufRead, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use portcullis_compiler::{Endpoint, Options, Plugin, compile};
use portcullis_core::testing::FakeEnv;
use portcullis_core::{Decision, Headers, Policy, Request};
use portcullis_openapi::Severity;
use portcullis_schema::SchemaPolicy;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
struct Asked {
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    /// In base64: bodies may be bytes.
    body: Option<String>,
}

fn main() {
    let document = std::env::args().nth(1).expect("a document");
    let mut told = std::io::stdout().lock();
    let policy = match policy(&document) {
        Ok(policy) => policy,
        Err(codes) => {
            writeln!(told, "{}", json!({ "refused": codes })).expect("a reader");
            return;
        }
    };
    writeln!(told, "{}", json!({ "refused": [] })).expect("a reader");
    for line in std::io::stdin().lock().lines() {
        let asked = serde_json::from_str(&line.expect("UTF-8")).expect("a request");
        writeln!(told, "{}", judge(&policy, asked)).expect("a reader");
    }
}

fn policy(document: &str) -> Result<SchemaPolicy, Vec<String>> {
    let name = "api.json";
    let bytes = std::fs::read(document).expect("a readable document");
    let files = HashMap::from([(name.to_owned(), bytes)]);
    let options = Options { endpoint: Endpoint::parse("mock").ok(), ..Options::default() };
    let compilation = compile(&files, name, options);
    let Some(compiled) = compilation.compiled else {
        let all = compilation.parts.iter().flat_map(|part| &part.diagnostics);
        return Err(all
            .filter(|one| one.severity == Severity::Error)
            .map(|one| one.code.to_string())
            .collect());
    };
    let config = serde_json::from_str(&compiled.plugins[&Plugin::Schema]).expect("a configuration");
    Ok(SchemaPolicy::compile(config).expect("what was compiled"))
}

fn judge(policy: &SchemaPolicy, asked: Asked) -> Value {
    let head = [(":method", asked.method), (":path", asked.path), (":authority", "api.example".to_owned())];
    let head = head.into_iter().map(|(name, value)| (name.to_owned(), value));
    let headers = head.chain(asked.headers).map(|(name, value)| (name, value.into_bytes()));
    let Ok(mut request) = Request::new(Headers::from_pairs(headers)) else {
        return json!({ "status": 400, "code": "request-malformed", "errors": [] });
    };
    let env = FakeEnv::new();
    let mut decision = policy.on_request(&request, &env);
    if let Decision::NeedBody(_) = decision {
        let body = asked.body.map(|body| STANDARD.decode(body).expect("base64")).unwrap_or_default();
        request.set_body(body);
        decision = policy.on_request(&request, &env);
    }
    match decision {
        Decision::Continue(_) => json!({ "status": 200, "code": null, "errors": [] }),
        Decision::Reject(rejection) => {
            let errors = rejection.violations.iter().map(|one| {
                json!({ "location": one.location, "pointer": one.pointer, "keyword": one.keyword, "message": one.message })
            });
            json!({ "status": rejection.status, "code": rejection.code, "errors": errors.collect::<Vec<_>>() })
        }
        other => panic!("not what the policy decides: {other:?}"),
    }
}
