//! Messages against one definition with every kind of parameter and body: judged within bounds, twice the same.
//! Input: `METHOD target`, then `name: value` lines, an empty line, and the body.
#![no_main]

use std::collections::HashMap;

use libfuzzer_sys::fuzz_target;
use portcullis_compiler::{Endpoint, Options, Plugin, compile};
use portcullis_core::testing::FakeEnv;
use portcullis_core::{Decision, Headers, Policy, Request};
use portcullis_schema::SchemaPolicy;

thread_local! {
    static POLICY: SchemaPolicy = policy();
}

fuzz_target!(|input: &[u8]| {
    let Some(mut request) = read(input) else { return };
    POLICY.with(|policy| {
        let env = FakeEnv::new();
        let decision = policy.on_request(&request, &env);
        assert_eq!(decision, policy.on_request(&request, &env));
        match decision {
            Decision::NeedBody(_) => {
                let (_, body) = split(input, b"\n\n");
                request.set_body(body.to_vec());
                let decision = policy.on_request(&request, &env);
                assert!(!matches!(decision, Decision::NeedBody(_)), "asked for the body twice");
                check(&decision);
            }
            decision => check(&decision),
        }
    });
});

fn check(decision: &Decision) {
    if let Decision::Reject(rejection) = decision {
        assert!((400..500).contains(&rejection.status), "{rejection:?}");
        assert!(rejection.violations.len() <= 100, "{rejection:?}");
    }
}

fn read(input: &[u8]) -> Option<Request> {
    let (head, _) = split(input, b"\n\n");
    let (first, fields) = split(head, b"\n");
    let (method, target) = split(first, b" ");
    let mut pairs = vec![(b":method".to_vec(), method), (b":path".to_vec(), target)];
    for field in fields.split(|byte| *byte == b'\n').filter(|field| !field.is_empty()).take(32) {
        let (name, value) = split(field, b": ");
        pairs.push((name.to_ascii_lowercase(), value));
    }
    Request::new(Headers::from_pairs(pairs)).ok()
}

fn split<'i>(input: &'i [u8], at: &[u8]) -> (&'i [u8], &'i [u8]) {
    match input.windows(at.len()).position(|window| window == at) {
        Some(cut) => (&input[..cut], &input[cut + at.len()..]),
        None => (input, &[]),
    }
}

fn policy() -> SchemaPolicy {
    let files = HashMap::from([("message.yaml".to_owned(), include_bytes!("message.yaml").to_vec())]);
    let options = Options { endpoint: Endpoint::parse("mock").ok(), ..Options::default() };
    let compilation = compile(&files, "message.yaml", options);
    let problems: Vec<_> = compilation.parts.iter().flat_map(|part| &part.diagnostics).collect();
    let compiled =
        compilation.compiled.unwrap_or_else(|| panic!("message.yaml does not compile: {problems:?}"));
    let config = serde_json::from_str(&compiled.plugins[&Plugin::Schema]).unwrap();
    SchemaPolicy::compile(config).unwrap()
}
