//! What stands in a case file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use portcullis_openapi::{Documents, Loader, Report};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::service::{Service, Services};
use crate::token::Bearer;

/// A definition and what is expected of the gateway that is compiled from it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseFile {
    /// What the file is about.
    pub about: String,
    /// Files by name. `gateway.yaml` is compiled if it is there, else `api.yaml`. `jwks.json` holds the test issuer's keys
    /// unless the file gives its own.
    pub files: BTreeMap<String, String>,
    /// Only these plugins make the chain; default: all that the gateway needs.
    #[serde(default)]
    pub plugins: Option<Vec<String>>,
    /// Servers that the gateway asks, in all cases.
    #[serde(default)]
    pub services: Vec<Service>,
    /// The cases. Each starts with fresh plugins and no shared data.
    pub cases: Vec<Case>,
}

/// One case: a step, or several in order.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// The behaviour, as a sentence.
    pub name: String,
    /// The only step's request.
    #[serde(default)]
    pub request: Option<Request>,
    /// What the upstream answers to the only step's request.
    #[serde(default)]
    pub responds: Response,
    /// The only step's outcome.
    #[serde(default)]
    pub expect: Option<Expected>,
    /// Several steps.
    #[serde(default)]
    pub steps: Vec<Step>,
    /// Servers that the gateway asks, before those of all cases.
    #[serde(default)]
    pub services: Vec<Service>,
}

/// A request and its outcome.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Seconds since the case began; default: the time of the step before.
    #[serde(default)]
    pub at: Option<f64>,
    /// How often the request is sent, with the same outcome each time.
    #[serde(default)]
    pub times: Option<u32>,
    /// The request stays on its way under this name, its outcome known but its stream not ended.
    #[serde(default)]
    pub keeps: Option<String>,
    /// Before the request, the one that stays on its way under this name ends.
    #[serde(default)]
    pub ends: Option<String>,
    /// The request.
    pub request: Request,
    /// What the upstream answers.
    #[serde(default)]
    pub responds: Response,
    /// The outcome.
    pub expect: Expected,
}

/// What the upstream answers. Default: 200 without headers and body.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Response {
    /// Default: 200.
    #[serde(default)]
    pub status: Option<u16>,
    /// Names and values; a list repeats the header.
    #[serde(default)]
    pub headers: BTreeMap<String, OneOrMany>,
    /// The body as text.
    #[serde(default)]
    pub body: Option<String>,
    /// The body as a JSON value, with its content type unless a header says otherwise.
    #[serde(default)]
    pub json: Option<Value>,
    /// The body as a text repeated so often.
    #[serde(default)]
    pub repeat: Option<(String, usize)>,
    /// The body in base64.
    #[serde(default)]
    pub base64: Option<String>,
    /// Whether the body ends in trailers, as HTTP/2 allows.
    #[serde(default)]
    pub trailers: bool,
}

impl Response {
    /// The status.
    pub(crate) fn status(&self) -> u16 {
        self.status.unwrap_or(200)
    }

    /// All headers after the status.
    pub(crate) fn fields(&self) -> Vec<(String, String)> {
        let values = |(name, values): (&String, &OneOrMany)| {
            values.values().iter().map(|value| (name.to_ascii_lowercase(), value.clone())).collect::<Vec<_>>()
        };
        let mut fields: Vec<_> = self.headers.iter().flat_map(values).collect();
        if self.json.is_some() && !self.headers.contains_key("content-type") {
            fields.push(("content-type".to_owned(), "application/json".to_owned()));
        }
        fields
    }

    /// The body, empty when there is none.
    pub(crate) fn body_bytes(&self) -> Vec<u8> {
        body_bytes(&self.json, &self.repeat, &self.base64, &self.body)
    }
}

fn body_bytes(
    json: &Option<Value>,
    repeat: &Option<(String, usize)>,
    base64: &Option<String>,
    body: &Option<String>,
) -> Vec<u8> {
    if let Some(text) = base64 {
        return STANDARD.decode(text).expect("base64");
    }
    match (json, repeat, body) {
        (Some(json), _, _) => json.to_string().into_bytes(),
        (None, Some((text, times)), _) => text.repeat(*times).into_bytes(),
        (None, None, Some(body)) => body.clone().into_bytes(),
        (None, None, None) => Vec::new(),
    }
}

/// A request.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// Default: GET.
    #[serde(default)]
    pub method: Option<String>,
    /// Path and query.
    pub path: String,
    /// Default: `api.example`.
    #[serde(default)]
    pub host: Option<String>,
    /// Names and values; a list repeats the header.
    #[serde(default)]
    pub headers: BTreeMap<String, OneOrMany>,
    /// A token that the test issuer signs.
    #[serde(default)]
    pub bearer: Option<Bearer>,
    /// Tokens that the test issuer signs, by the header that carries them or, with `?` before it, the query parameter.
    #[serde(default)]
    pub tokens: BTreeMap<String, Bearer>,
    /// User and password for HTTP basic, `alice:secret`.
    #[serde(default)]
    pub basic: Option<String>,
    /// The body as text.
    #[serde(default)]
    pub body: Option<String>,
    /// The body as a JSON value, with its content type unless a header says otherwise.
    #[serde(default)]
    pub json: Option<Value>,
    /// The body as a text repeated so often.
    #[serde(default)]
    pub repeat: Option<(String, usize)>,
    /// How many bytes the upstream answers with. Default: 0.
    #[serde(default)]
    pub reply_bytes: usize,
    /// The body in base64.
    #[serde(default)]
    pub base64: Option<String>,
    /// Whether the body ends in trailers, as HTTP/2 allows.
    #[serde(default)]
    pub trailers: bool,
    /// The client's certificate, as a listener has verified it: a file of `tests/suite/certificates` without its ending.
    #[serde(default)]
    pub certificate: Option<String>,
    /// A header with that certificate, on one line.
    #[serde(default)]
    pub certificate_header: Option<(String, String)>,
    /// The address of the connection's other end, which Envoy appends to `X-Forwarded-For`. Default: 192.0.2.1.
    #[serde(default)]
    pub peer: Option<String>,
}

/// A value, or several.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum OneOrMany {
    /// One value.
    One(String),
    /// Several, in order.
    Many(Vec<String>),
}

impl OneOrMany {
    /// The values.
    pub fn values(&self) -> &[String] {
        match self {
            Self::One(value) => std::slice::from_ref(value),
            Self::Many(values) => values,
        }
    }
}

/// What is expected; what is not named is not looked at.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    /// The status; default: 200.
    #[serde(default)]
    pub status: Option<u16>,
    /// The problem's `code`.
    #[serde(default)]
    pub code: Option<String>,
    /// Text that the body must contain.
    #[serde(default)]
    pub body_contains: Option<String>,
    /// The body as a JSON value.
    #[serde(default)]
    pub json: Option<Value>,
    /// The body as a token of the gateway.
    #[serde(default)]
    pub token: Option<TokenExpected>,
    /// Response headers: a value, a list of all values, or null for none.
    #[serde(default)]
    pub headers: BTreeMap<String, Option<OneOrMany>>,
    /// The problem's `errors`, each with the members that are given; in any order, and no others.
    #[serde(default)]
    pub errors: Option<Vec<BTreeMap<String, String>>>,
    /// What the upstream saw. Required to be there exactly when this is given, or `passes` is true.
    #[serde(default)]
    pub upstream: Option<UpstreamExpected>,
    /// What the access log says was observed; null for nothing.
    #[serde(default, deserialize_with = "named")]
    pub observed: Option<Option<String>>,
    /// Whether the request reaches the upstream. Default: whether `upstream` is given.
    #[serde(default)]
    pub passes: bool,
}

/// Tells null from nothing at all.
fn named<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Option<String>>, D::Error> {
    Option::<String>::deserialize(from).map(Some)
}

/// The request as the upstream sees it, before Envoy rewrites the base path.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UpstreamExpected {
    /// `:path`.
    #[serde(default)]
    pub path: Option<String>,
    /// Headers: a value, a list of all values, or null for none.
    #[serde(default)]
    pub headers: BTreeMap<String, Option<OneOrMany>>,
    /// The body.
    #[serde(default)]
    pub body: Option<String>,
    /// Headers that hold a token of the gateway.
    #[serde(default)]
    pub tokens: BTreeMap<String, TokenExpected>,
}

/// A token that the gateway has signed.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenExpected {
    /// The `kid`: `es` for the test issuer's key, any other for the key that signs as `other-key`.
    pub key: String,
    /// All claims but `jti`, which must be there; `iat` and `exp` count from the beginning of the case.
    pub claims: Map<String, Value>,
}

impl Request {
    /// The certificate that the listener has verified.
    pub(crate) fn certificate(&self) -> Option<crate::certificate::Certificate> {
        self.certificate.as_deref().map(crate::certificate::Certificate::read)
    }

    /// The head, pseudo-headers first.
    pub fn head(&self) -> Vec<(String, Vec<u8>)> {
        let method = self.method.clone().unwrap_or_else(|| "GET".to_owned());
        let host = self.host.clone().unwrap_or_else(|| "api.example".to_owned());
        let pseudo = [
            (":method", method),
            (":scheme", "http".to_owned()),
            (":path", self.target()),
            (":authority", host),
        ];
        let mut head: Vec<(String, Vec<u8>)> =
            pseudo.into_iter().map(|(name, value)| (name.to_owned(), value.into_bytes())).collect();
        for (name, values) in &self.headers {
            for value in values.values() {
                head.push((name.to_ascii_lowercase(), value.clone().into_bytes()));
            }
        }
        for (name, token) in self.tokens.iter().filter(|(name, _)| !name.starts_with('?')) {
            head.push((name.to_ascii_lowercase(), token.token().into_bytes()));
        }
        if let Some(bearer) = &self.bearer {
            head.push(("authorization".to_owned(), format!("Bearer {}", bearer.token()).into_bytes()));
        }
        if let Some((name, certificate)) = &self.certificate_header {
            let line = crate::certificate::Certificate::read(certificate).pem.replace('\n', " ");
            head.push((name.to_ascii_lowercase(), line.into_bytes()));
        }
        if let Some(basic) = &self.basic {
            head.push(("authorization".to_owned(), format!("Basic {}", STANDARD.encode(basic)).into_bytes()));
        }
        if self.json.is_some() && !self.headers.contains_key("content-type") {
            head.push(("content-type".to_owned(), b"application/json".to_vec()));
        }
        self.append_peer(&mut head);
        head
    }

    /// As Envoy does before any filter sees the head: all lines become one, and the peer is appended.
    fn append_peer(&self, head: &mut Vec<(String, Vec<u8>)>) {
        const NAME: &str = "x-forwarded-for";
        let lines = head.iter().filter(|(name, _)| name == NAME).map(|(_, line)| line.clone());
        let all: Vec<Vec<u8>> = lines.chain([self.peer().as_bytes().to_vec()]).collect();
        head.retain(|(name, _)| name != NAME);
        head.push((NAME.to_owned(), all.join(&b',')));
    }

    /// Path and query, with the tokens that belong there.
    fn target(&self) -> String {
        let mut target = self.path.clone();
        for (name, token) in &self.tokens {
            if let Some(name) = name.strip_prefix('?') {
                let mark = if target.contains('?') { '&' } else { '?' };
                target.push_str(&format!("{mark}{name}={}", token.token()));
            }
        }
        target
    }

    /// The body, empty when there is none.
    pub fn body_bytes(&self) -> Vec<u8> {
        body_bytes(&self.json, &self.repeat, &self.base64, &self.body)
    }

    /// The address of the connection's other end.
    pub(crate) fn peer(&self) -> &str {
        self.peer.as_deref().unwrap_or("192.0.2.1")
    }
}

impl CaseFile {
    /// The servers of one of its cases.
    pub fn services(&self, case: &Case) -> Services {
        let all: Vec<Service> = case.services.iter().chain(&self.services).cloned().collect();
        Services::new(&all)
    }
}

impl Case {
    /// The steps, however they are written.
    pub fn steps(&self) -> Vec<Step> {
        let only = self.request.clone().zip(self.expect.clone());
        let only = only.map(|(request, expect)| Step {
            at: None,
            times: None,
            keeps: None,
            ends: None,
            request,
            responds: self.responds.clone(),
            expect,
        });
        let steps: Vec<Step> = only.into_iter().chain(self.steps.iter().cloned()).collect();
        assert!(!steps.is_empty(), "the case '{}' has no step", self.name);
        steps
    }
}

/// Every case file by its name, in order.
pub fn case_files() -> Vec<(String, CaseFile)> {
    let root = repository().join("tests/suite/cases");
    let mut paths = Vec::new();
    collect(&root, &mut paths);
    paths.sort();
    let name = |path: &Path| path.strip_prefix(&root).unwrap_or(path).display().to_string();
    paths.iter().map(|path| (name(path), read(path))).collect()
}

/// The checkout.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("the folder of case files can be read") {
        let path = entry.expect("its entries too").path();
        if path.is_dir() {
            collect(&path, paths);
        } else if path.extension().is_some_and(|ending| ending == "yaml") {
            paths.push(path);
        }
    }
}

fn read(path: &Path) -> CaseFile {
    let name = path.display().to_string();
    let files =
        std::collections::HashMap::from([(name.clone(), std::fs::read(path).expect("it can be read"))]);
    let mut report = Report::default();
    let documents = Documents::load(&files as &dyn Loader, &name, &mut report);
    let root = documents.root().unwrap_or_else(|| panic!("{name}: {:?}", report.diagnostics()));
    root.read().unwrap_or_else(|invalid: portcullis_openapi::tree::InvalidNode| {
        let line = invalid.place.map(|place| documents.position(place).line);
        panic!("{name}:{}: {invalid}", line.unwrap_or_default())
    })
}
