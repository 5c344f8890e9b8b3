//! A case, run through the built modules in the wasmtime host.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use portcullis_compiler::{Compiled, Plugin};
use portcullis_core::testing::START;
use portcullis_test_host::{
    Chain, Exchange, Headers, Message, Module, Outcome, Request, ServiceCall, SharedState, Vm,
};

use crate::case::{Step, repository};
use crate::seen::{Seen, SeenUpstream};
use crate::service::{Called, SECRETS, Services};

/// The built modules, compiled once.
pub struct Modules(BTreeMap<Plugin, Module>);

impl Modules {
    /// Loads what `scripts/build` has made.
    pub fn load() -> Self {
        let folder = std::env::var_os("PORTCULLIS_MODULES").map(PathBuf::from);
        let folder = folder.unwrap_or_else(|| repository().join("target/portcullis/modules"));
        let load = |plugin: Plugin| {
            let path = folder.join(format!("{}.wasm", plugin.name()));
            let bytes = std::fs::read(&path)
                .unwrap_or_else(|cause| panic!("{}: {cause}; run scripts/build first", path.display()));
            (plugin, Module::load(&bytes).unwrap_or_else(|cause| panic!("{}: {cause}", path.display())))
        };
        Self(Plugin::ALL.into_iter().map(load).collect())
    }
}

/// Runs the steps on a fresh chain.
pub fn run(
    modules: &Modules,
    compiled: &Compiled,
    plugins: &[Plugin],
    steps: &[Step],
    services: &Arc<Services>,
) -> Vec<Seen> {
    let begin = Duration::from_nanos(START.0);
    // Plugins of different VM ids share nothing; a state for each keeps them apart.
    let states: Vec<SharedState> = plugins.iter().map(|_| SharedState::at(begin)).collect();
    for state in &states {
        serve(state, begin, services);
    }
    let start = |(plugin, state): (&Plugin, &SharedState)| {
        let config = compiled.plugins[plugin].as_bytes();
        Vm::start(&modules.0[&plugin.module()], config, state)
            .unwrap_or_else(|refused| panic!("{} refuses its configuration: {refused:?}", plugin.name()))
    };
    let mut chain = Chain::new(plugins.iter().zip(&states).map(start).collect()).with_body_limit(4 << 20);
    settle(&mut chain);
    let (mut seen, mut kept) = (Vec::new(), BTreeMap::new());
    for step in steps {
        if let Some(at) = step.at {
            states.iter().for_each(|state| state.set_clock(begin + Duration::from_secs_f64(at)));
            settle(&mut chain);
        }
        if let Some(name) = &step.ends {
            chain.end(kept.remove(name).unwrap_or_else(|| panic!("no request is kept as '{name}'")));
        }
        for _ in 0..step.times.unwrap_or(1) {
            let upstream = match step.request.reply_bytes {
                0 => response(&step.responds),
                bytes => Message::response(200, vec![b'x'; bytes]),
            };
            let (exchange, stream) = chain.begin(&request(&step.request), &upstream);
            seen.push(told(exchange));
            match &step.keeps {
                Some(name) => drop(kept.insert(name.clone(), stream)),
                None => chain.end(stream),
            }
        }
    }
    seen
}

/// Time for every plugin to fetch what is due.
fn settle(chain: &mut Chain) {
    let mut at = 0;
    while let Some(vm) = chain.vm(at) {
        vm.settle().unwrap_or_else(|trap| panic!("a module trapped: {trap}"));
        at += 1;
    }
}

fn serve(state: &SharedState, begin: Duration, services: &Arc<Services>) {
    for (name, secret) in SECRETS {
        state.set_variable(name, secret);
    }
    let (services, clock) = (Arc::clone(services), state.clone());
    state.serve(move |call: &ServiceCall| {
        let at = clock.now().saturating_sub(begin).as_secs_f64();
        let pseudo = |name: &str| {
            let value = call.headers.get(name).unwrap_or_default();
            String::from_utf8_lossy(value).into_owned()
        };
        let called = Called {
            service: &call.service,
            method: &pseudo(":method"),
            path: &pseudo(":path"),
            headers: pairs(&call.headers),
            body: &call.body,
        };
        let (status, headers, body) = services.answer(at, &called);
        let reply = Message::response(status, body);
        Some(headers.into_iter().fold(reply, |reply, (name, value)| reply.header(&name, value)))
    });
}

fn request(sent: &crate::case::Request) -> Request {
    let mut request = Request::new("GET", "/");
    for (name, value) in sent.head() {
        let text = || String::from_utf8_lossy(&value).into_owned();
        match name.as_str() {
            ":method" => request.method = text(),
            ":path" => request.path = text(),
            ":authority" => request.authority = text(),
            ":scheme" => {}
            _ => request.headers.add(name, value),
        }
    }
    let body = sent.body_bytes();
    // In parts, as it would come.
    request.body = body.chunks(16 << 10).map(<[u8]>::to_vec).collect();
    request.trailers = sent.trailers.then(Headers::new);
    if let Some(certificate) = sent.certificate() {
        let digest: String = certificate.digest.iter().map(|byte| format!("{byte:02x}")).collect();
        request.properties.insert("filter_state.portcullis-certificate".to_owned(), digest.into_bytes());
        request.properties.insert("connection.peer_certificate".to_owned(), certificate.pem.into_bytes());
    }
    request.source_address = match sent.peer() {
        v6 if v6.contains(':') => format!("[{v6}]:50000"),
        v4 => format!("{v4}:50000"),
    };
    request
}

fn response(sent: &crate::case::Response) -> Message {
    let mut response = Message::response(sent.status(), sent.body_bytes());
    for (name, value) in sent.fields() {
        response.headers.add(name, value);
    }
    response.trailers = sent.trailers.then(Headers::new);
    response
}

fn told(exchange: Exchange) -> Seen {
    let seen = match exchange.outcome {
        Outcome::Upstream { response, .. } => reply(&response),
        Outcome::LocalReply { reply: message, .. } => reply(&message),
        Outcome::Trapped { message, .. } => panic!("a module trapped: {message}"),
        other => panic!("the request has no end: {other:?}"),
    };
    let upstream = exchange.upstream.map(|request| {
        let path = request.headers.get(":path").map(|path| String::from_utf8_lossy(path).into_owned());
        SeenUpstream { path: path.unwrap_or_default(), headers: pairs(&request.headers), body: request.body }
    });
    Seen { upstream, observed: exchange.filter_state.get("portcullis.observed").cloned(), ..seen }
}

fn reply(message: &Message) -> Seen {
    Seen {
        status: message.status(),
        headers: pairs(&message.headers),
        body: message.body.clone(),
        ..Seen::default()
    }
}

fn pairs(headers: &Headers) -> Vec<(String, String)> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    headers.iter().map(|(name, value)| (text(name), text(value))).collect()
}
