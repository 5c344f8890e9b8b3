//! What outlives what, in the built modules: counts a change of configuration, leases a VM that died; and what a limit
//! before authentication spares.

use std::time::Duration;

use portcullis_compiler::{Compiled, Layout, Plugin};
use portcullis_suite::gateway::modules_folder;
use portcullis_suite::try_compile;
use portcullis_test_host::{Chain, Message, Module, Request, SharedState, Stream, Vm};

const START: Duration = Duration::from_secs(1_767_225_600);

const API: &str = r"
openapi: 3.0.3
info: { title: Counts, version: '1' }
servers: [{ url: 'http://upstream.internal' }]
paths:
  /quota: { get: { x-portcullis: { limits: [quota] }, responses: { '200': { description: ok } } } }
  /bytes: { get: { x-portcullis: { limits: [bytes] }, responses: { '200': { description: ok } } } }
  /places: { get: { x-portcullis: { limits: [places] }, responses: { '200': { description: ok } } } }
  /early: { get: { security: [{ Token: [] }], x-portcullis: { limits: [early] }, responses: { '200': { description: ok } } } }
components: { securitySchemes: { Token: { type: http, scheme: bearer } } }
";

const LIMITS: &str = "
  quota: { requests: 3, per: day, algorithm: window, by: all }
  bytes: { bytes: 10 kB, per: day, by: all }
  places: { concurrent: 2, leaseSeconds: 80, by: all }
  early: { requests: 1, per: hour, beforeAuthentication: true }
";

fn gateway(more: &str) -> Compiled {
    let gateway = format!(
        "apis: [{{ definition: api.yaml }}]\nidentity: {{ issuers: {{ suite: {{ issuer: 'https://issuer.example', jwksFile: jwks.json }} }} }}\nlimits:{LIMITS}{more}"
    );
    let files = [("api.yaml", API.to_owned()), ("gateway.yaml", gateway)];
    let files = files.map(|(name, text)| (name.to_owned(), text.into_bytes()));
    try_compile(files, Layout::Chain).unwrap_or_else(|problems| panic!("{problems:?}"))
}

/// All plugins, those of one VM id on one state.
fn chain(compiled: &Compiled, states: &[SharedState]) -> Chain {
    let start = |((plugin, config), state): ((&Plugin, &String), &SharedState)| {
        let path = modules_folder().join(format!("{}.wasm", plugin.module().name()));
        let bytes = std::fs::read(&path).unwrap_or_else(|cause| panic!("{}: {cause}", path.display()));
        let module = Module::load(&bytes).expect("a module");
        Vm::start(&module, config.as_bytes(), state).unwrap_or_else(|refused| panic!("{refused}"))
    };
    Chain::new(compiled.plugins.iter().zip(states).map(start).collect())
}

fn states(compiled: &Compiled) -> Vec<SharedState> {
    compiled.plugins.keys().map(|_| SharedState::at(START)).collect()
}

fn status(chain: &mut Chain, path: &str) -> Option<u16> {
    chain.request_with(&Request::get(path), &Message::response(200, vec![b'x'; 4_000])).outcome.status()
}

fn begin(chain: &mut Chain) -> (Option<u16>, Stream) {
    let (exchange, stream) = chain.begin(&Request::get("/places"), &Message::response(200, Vec::new()));
    (exchange.outcome.status(), stream)
}

#[test]
fn counts_survive_a_new_vm_with_another_configuration() {
    let old = gateway("");
    let states = states(&old);
    let mut before = chain(&old, &states);
    assert_eq!((status(&mut before, "/quota"), status(&mut before, "/quota")), (Some(200), Some(200)));
    assert_eq!((status(&mut before, "/bytes"), status(&mut before, "/bytes")), (Some(200), Some(200)));
    let (_, kept) = begin(&mut before);
    let (_, ended) = begin(&mut before);

    // A longer limit, which nothing uses yet: the table's horizon is another.
    let new = gateway("  yearly: { requests: 9, per: 5 years, by: all }\n");
    let mut after = chain(&new, &states);
    assert_eq!(status(&mut after, "/quota"), Some(200));
    assert_eq!(status(&mut after, "/quota"), Some(429));
    assert_eq!((status(&mut after, "/bytes"), status(&mut after, "/bytes")), (Some(200), Some(429)));
    assert_eq!(begin(&mut after).0, Some(429), "what the old VM has on its way counts");
    before.end(ended);
    let (taken, stream) = begin(&mut after);
    assert_eq!(taken, Some(200));
    before.end(kept);
    after.end(stream);
    let (first, second) = (begin(&mut after), begin(&mut after));
    assert_eq!((first.0, second.0, begin(&mut after).0), (Some(200), Some(200), Some(429)));
}

#[test]
fn what_died_with_its_vm_is_forgotten_after_its_lease() {
    let compiled = gateway("");
    let states = states(&compiled);
    let mut dying = chain(&compiled, &states);
    let (first, second) = (begin(&mut dying), begin(&mut dying));
    assert_eq!((first.0, second.0), (Some(200), Some(200)));
    drop(dying);

    let mut next = chain(&compiled, &states);
    let at =
        |seconds: u64| states.iter().for_each(|state| state.set_clock(START + Duration::from_secs(seconds)));
    for seconds in [0, 40, 80] {
        at(seconds);
        assert_eq!(begin(&mut next).0, Some(429), "after {seconds} seconds");
    }
    at(92);
    assert_eq!(begin(&mut next).0, Some(200));
}

#[test]
fn what_is_refused_before_authentication_costs_auth_nothing() {
    let compiled = gateway("");
    let states = states(&compiled);
    let mut chain = chain(&compiled, &states);
    let request = Request::get("/early").header("authorization", "Bearer eyJhbGciOiJFUzI1NiJ9.e30.c2ln");
    let auth = compiled.plugins.keys().position(|plugin| *plugin == Plugin::Auth).expect("a plugin");
    let first = chain.request(&request);
    assert_eq!(first.outcome.status(), Some(401));
    assert!(first.work[auth].fuel > 0);
    let refused = chain.request(&request);
    assert_eq!(refused.outcome.status(), Some(429));
    assert_eq!((refused.work[auth].fuel, refused.work[auth].host_calls.len()), (0, 0));
}
