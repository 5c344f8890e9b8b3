//! A real OpenID provider (npm's `oidc-provider`, started by `openid.mjs`): its metadata, keys, JWTs and opaque tokens.

use std::io::{BufRead, BufReader, Lines};
use std::net::SocketAddr;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use portcullis_suite::certificate::Certificate;
use portcullis_suite::gateway::{self, Gateway};
use portcullis_suite::http1::{self, Reply};
use portcullis_suite::repository;

/// The gateway's name and secret there are other texts in a form than as they stand (RFC 6749, section 2.3.1).
const SECRET: &str = "se:cret/+%";
const SHOP: &str = "Basic c2hvcDpzaG9wLXNlY3JldA==";
const ROBOT: &str = "Basic cm9ib3Q6cm9ib3Qtc2VjcmV0";

const DEFINITION: &str = r#"
openapi: 3.1.0
info: { title: Provided, version: '1' }
paths:
  /x:
    get: { security: [{ Token: [read] }], responses: { '200': { description: Fine } } }
    post: { security: [{ Token: [write] }], responses: { '200': { description: Fine } } }
components:
  securitySchemes:
    Token:
      type: oauth2
      flows: { clientCredentials: { tokenUrl: https://provider.test/token, scopes: { read: Look, write: Change } } }
"#;

struct Provider {
    node: Child,
    url: String,
    /// What else it has to say; without a reader, its words would end it.
    _words: Lines<BufReader<ChildStdout>>,
}

impl Provider {
    fn start() -> Self {
        let tools = repository().join("target/tools");
        let package = tools.join("oidc-provider");
        assert!(package.exists(), "{} is missing: run scripts/setup oidc-provider", package.display());
        let mut command = Command::new(tools.join("node/bin/node"));
        command.arg(repository().join("tests/suite/tests/envoy/openid.mjs")).arg(package);
        // It ends when its standard input does: also when this process is killed.
        command.env("GATEWAY_SECRET", SECRET).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut node = command.stderr(Stdio::null()).spawn().expect("node starts (scripts/setup node)");
        let mut words = BufReader::new(node.stdout.take().expect("piped")).lines();
        let url = words.by_ref().map_while(Result::ok).find(|line| line.starts_with("http://"));
        let provider = Self { node, url: url.clone().unwrap_or_default(), _words: words };
        assert!(url.is_some(), "the provider ended before it listened");
        provider
    }

    fn post(&self, path: &str, headers: &[(&str, &str)], form: &str) -> Reply {
        let address: SocketAddr = self.url.trim_start_matches("http://").parse().expect("an address");
        let mut all = vec![("Content-Type", "application/x-www-form-urlencoded"), ("Connection", "close")];
        all.extend(headers);
        http1::request(address, &format!("POST {path}"), &all, form.as_bytes())
    }

    fn token(&self, headers: &[(&str, &str)], more: &str) -> String {
        let reply = self.post("/token", headers, &format!("grant_type=client_credentials{more}"));
        let token = reply.json()["access_token"].as_str().map(str::to_owned);
        token.unwrap_or_else(|| panic!("no token: {}", String::from_utf8_lossy(&reply.body)))
    }

    fn jwt(&self, scope: &str) -> String {
        self.token(&[("Authorization", SHOP)], &format!("&resource=https://jwt.test&scope={scope}"))
    }

    fn opaque(&self, scope: &str) -> String {
        self.token(&[("Authorization", SHOP)], &format!("&scope={scope}"))
    }

    fn revoke(&self, token: &str) {
        let reply = self.post("/token/revocation", &[("Authorization", SHOP)], &format!("token={token}"));
        assert_eq!(reply.status, 200);
    }

    fn rotate(&self) {
        assert_eq!(self.post("/rotate", &[], "").status, 200);
    }

    fn kill(&mut self) {
        self.node.kill().expect("it runs");
        self.node.wait().expect("it can be waited for");
    }

    fn gateway(&self, settings: &str) -> Gateway {
        self.gateway_of(DEFINITION, settings)
    }

    fn gateway_of(&self, definition: &str, settings: &str) -> Gateway {
        let (definition, settings) =
            (definition.replace("PROVIDER", &self.url), settings.replace("PROVIDER", &self.url));
        let folder = gateway::folder(&[("api.yaml", &definition), ("gateway.yaml", &settings)]);
        let file = folder.path().join("gateway.yaml");
        let mut command = gateway::command();
        command.env("GATEWAY_SECRET", SECRET);
        Gateway::start(command, &[file.to_str().expect("a UTF-8 path"), "--workers", "1"])
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        let _ended = self.node.kill();
        let _reaped = self.node.wait();
    }
}

/// Status and code of the answer.
fn ask(gateway: &Gateway, method: &str, token: &str, headers: &[(&str, &str)]) -> (u16, String) {
    let authorization = format!("Bearer {token}");
    let mut all = vec![("Authorization", authorization.as_str())];
    all.extend(headers);
    let reply = http1::request(gateway.address(), &format!("{method} /x"), &all, b"");
    (reply.status, reply.code())
}

fn get(gateway: &Gateway, token: &str) -> (u16, String) {
    ask(gateway, "GET", token, &[])
}

fn fine() -> (u16, String) {
    (200, String::new())
}

fn refused(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

const BY_DISCOVERY: &str = r#"
apis: [{ definition: api.yaml, endpoint: mock }]
identity:
  issuers:
    provider:
      issuer: PROVIDER
      discoveryUri: PROVIDER/.well-known/openid-configuration
      audiences: [https://jwt.test]
      tokenTypes: [at+jwt]
      refreshSeconds: 300
      retrySeconds: 1
  certificateHeader: { name: X-Client-Cert, from: [127.0.0.0/8] }
"#;

#[test]
fn jwts_are_good_by_the_providers_metadata_and_its_keys_rotate_under_load() {
    let mut provider = Provider::start();
    let gateway = provider.gateway(BY_DISCOVERY);
    let (reader, writer) = (provider.jwt("read"), provider.jwt("read%20write"));
    assert_eq!(get(&gateway, &reader), fine(), "{}", gateway.words());
    assert_eq!(ask(&gateway, "POST", &reader, &[]), refused(403, "scope-missing"));
    assert_eq!(ask(&gateway, "POST", &writer, &[]), fine());
    let (signed, _) = writer.rsplit_once('.').expect("a JWT");
    let (_, other) = reader.rsplit_once('.').expect("a JWT");
    assert_eq!(get(&gateway, &format!("{signed}.{other}")), refused(401, "token-signature-invalid"));
    // Another provider's token, which looks the same.
    let stranger = Provider::start();
    assert_eq!(get(&gateway, &stranger.jwt("read")), refused(401, "token-issuer-unknown"));

    let is_over = AtomicBool::new(false);
    let counts = thread::scope(|scope| {
        let load: Vec<_> =
            (0..2).map(|_| scope.spawn(|| spend_tokens(&provider, &gateway, &is_over))).collect();
        for _ in 0..3 {
            thread::sleep(Duration::from_millis(1500));
            provider.rotate();
        }
        thread::sleep(Duration::from_millis(1000));
        is_over.store(true, Ordering::Relaxed);
        load.into_iter().map(|one| one.join().expect("no request is refused")).sum::<usize>()
    });
    assert!(counts > 50, "{counts} tokens are no load");
    assert_eq!(get(&gateway, &reader), fine(), "the first key is still published");

    let unused = provider.jwt("read");
    provider.kill();
    assert_eq!(get(&gateway, &unused), fine(), "the keys are known without the provider");
}

/// Calls with a new token each, so that each is verified.
fn spend_tokens(provider: &Provider, gateway: &Gateway, is_over: &AtomicBool) -> usize {
    let mut count = 0;
    while !is_over.load(Ordering::Relaxed) {
        assert_eq!(get(gateway, &provider.jwt("read")), fine(), "after {count}");
        count += 1;
    }
    count
}

#[test]
fn the_documents_openid_connect_url_alone_names_the_issuer() {
    let provider = Provider::start();
    let definition = r#"
openapi: 3.1.0
info: { title: Provided, version: '1' }
paths:
  /x:
    get: { security: [{ Login: [read] }], responses: { '200': { description: Fine } } }
    post: { security: [{ Login: [write] }], responses: { '200': { description: Fine } } }
components:
  securitySchemes:
    Login: { type: openIdConnect, openIdConnectUrl: PROVIDER/.well-known/openid-configuration }
"#;
    let settings = |audience: &str| {
        format!("apis: [{{ definition: api.yaml, endpoint: mock, audiences: ['{audience}'] }}]\n")
    };
    let gateway = provider.gateway_of(definition, &settings("https://jwt.test"));
    let (reader, writer) = (provider.jwt("read"), provider.jwt("read%20write"));
    assert_eq!(get(&gateway, &reader), fine(), "{}", gateway.words());
    assert_eq!(ask(&gateway, "POST", &reader, &[]), refused(403, "scope-missing"));
    assert_eq!(ask(&gateway, "POST", &writer, &[]), fine());
    assert_eq!(get(&gateway, &Provider::start().jwt("read")), refused(401, "token-issuer-unknown"));
    provider.rotate();
    assert_eq!(get(&gateway, &provider.jwt("read")), fine(), "{}", gateway.words());
    let elsewhere = provider.gateway_of(definition, &settings("https://other.test"));
    assert_eq!(get(&elsewhere, &reader), refused(401, "token-audience-mismatch"));
}

#[test]
fn a_token_that_the_provider_bound_to_a_certificate_is_good_over_it_alone() {
    let provider = Provider::start();
    let gateway = provider.gateway(BY_DISCOVERY);
    let encoded =
        |name| Certificate::read(name).pem.replace('\n', "%0A").replace('+', "%2B").replace(' ', "%20");
    let (client, other) = (encoded("client"), encoded("other"));
    let headers = [("Authorization", ROBOT), ("X-Client-Certificate", client.as_str())];
    let token = provider.token(&headers, "&resource=https://jwt.test&scope=read");
    let with = |certificate: &str| ask(&gateway, "GET", &token, &[("X-Client-Cert", certificate)]);
    assert_eq!(with(&client), fine(), "{}", gateway.words());
    assert_eq!(with(&other), refused(401, "token-certificate-mismatch"));
    assert_eq!(get(&gateway, &token), refused(401, "token-certificate-mismatch"));
}

const BY_INTROSPECTION: &str = r#"
apis: [{ definition: api.yaml, endpoint: mock }]
identity:
  issuers:
    provider:
      issuer: PROVIDER
      introspection:
        endpoint: PROVIDER/token/introspection
        clientId: gate:way
        clientSecretEnv: GATEWAY_SECRET
        cacheSeconds: CEILING
        negativeCacheSeconds: 1
"#;

#[test]
fn a_token_revoked_at_the_provider_ends_within_the_ceiling() {
    let provider = Provider::start();
    let gateway = provider.gateway(&BY_INTROSPECTION.replace("CEILING", "1"));
    let (reader, writer) = (provider.opaque("read"), provider.opaque("read%20write"));
    assert_eq!(get(&gateway, &reader), fine(), "{}", gateway.words());
    assert_eq!(ask(&gateway, "POST", &reader, &[]), refused(403, "scope-missing"));
    assert_eq!(ask(&gateway, "POST", &writer, &[]), fine());
    assert_eq!(get(&gateway, "nobody-knows-this"), refused(401, "token-inactive"));
    // The provider does not answer for JWTs: it says 400, which is no trouble of its own.
    for _ in 0..20 {
        assert_eq!(get(&gateway, &provider.jwt("read")), refused(401, "token-inactive"));
    }

    assert_eq!(get(&gateway, &reader), fine());
    provider.revoke(&reader);
    let revoked = Instant::now();
    let mut said = get(&gateway, &reader);
    while said == fine() {
        assert!(revoked.elapsed() < Duration::from_millis(1500), "it is still good");
        thread::sleep(Duration::from_millis(20));
        said = get(&gateway, &reader);
    }
    assert_eq!(said, refused(401, "token-inactive"), "{}", gateway.words());
    thread::sleep(Duration::from_millis(1200));
    assert_eq!(get(&gateway, &reader), refused(401, "token-inactive"));
    assert_eq!(get(&gateway, &writer), fine(), "the other one of this client");
}

#[test]
fn without_the_provider_remembered_tokens_go_on_and_others_wait_for_it() {
    let mut provider = Provider::start();
    let gateway = provider.gateway(&BY_INTROSPECTION.replace("CEILING", "60"));
    let (known, unknown) = (provider.opaque("read"), provider.opaque("read"));
    assert_eq!(get(&gateway, &known), fine(), "{}", gateway.words());
    provider.kill();
    for _ in 0..10 {
        assert_eq!(get(&gateway, &unknown), refused(503, "introspection-unavailable"));
        assert_eq!(get(&gateway, &known), fine());
    }
    assert_eq!(ask(&gateway, "POST", &known, &[]), refused(403, "scope-missing"));
}
