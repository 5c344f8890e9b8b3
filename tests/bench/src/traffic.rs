//! The requests that are sent, as bytes on the wire: the measured ones and those that must be refused.

use serde_json::{Value, json};

use crate::api::{self, Size};
use crate::tokens::Signer;

/// The host whose requests Envoy answers by itself.
pub(crate) const HERE: &str = "here.example";
/// The host whose requests go to the upstream.
pub(crate) const UPSTREAM: &str = "api.example";
/// The size of the measured body.
const BODY_SIZE: usize = 1024;

/// A request.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: &'static str,
    pub(crate) target: String,
    pub(crate) host: &'static str,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
}

impl Request {
    /// With the headers that a client sends beside those of a test: ten in all with a host and a credential.
    pub(crate) fn new(method: &'static str, target: impl Into<String>) -> Self {
        let headers = [
            ("user-agent", "bench/1.0 (Linux x86_64)"),
            ("accept", "application/json"),
            ("accept-encoding", "gzip, deflate, br"),
            ("accept-language", "en-GB,en;q=0.8,de;q=0.5"),
            ("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
            ("cache-control", "no-cache"),
        ];
        let headers = headers.map(|(name, value)| (name, value.to_owned())).to_vec();
        Self { method, target: target.into(), host: HERE, headers, body: String::new() }
    }

    /// With another header.
    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// With a token.
    pub(crate) fn bearer(self, token: &str) -> Self {
        self.header("authorization", format!("Bearer {token}"))
    }

    /// With a JSON body.
    pub(crate) fn json(self, body: impl Into<String>) -> Self {
        Self { body: body.into(), ..self.header("content-type", "application/json") }
    }

    /// To the upstream.
    pub(crate) fn upstream(self) -> Self {
        Self { host: UPSTREAM, ..self }
    }

    /// As it is sent.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut text = format!("{} {} HTTP/1.1\r\nhost: {}\r\n", self.method, self.target, self.host);
        for (name, value) in &self.headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        if !self.body.is_empty() {
            text.push_str(&format!("content-length: {}\r\n", self.body.len()));
        }
        text.push_str("\r\n");
        text.push_str(&self.body);
        text.into_bytes()
    }
}

/// The requests of one API.
pub(crate) struct Traffic {
    size: Size,
    token: String,
    other_token: String,
}

impl Traffic {
    /// Requests to an API of this size.
    pub(crate) fn new(size: Size, signer: &Signer) -> Self {
        Self { size, token: signer.token(0), other_token: signer.token(1) }
    }

    /// The measured GET, without credential: a parameter in the path, two in the query.
    pub(crate) fn anonymous_get(&self) -> Request {
        Request::new("GET", format!("{}/abc-204117?limit=25&view=full", self.size.measured()))
    }

    /// The measured GET.
    pub(crate) fn get(&self) -> Request {
        self.anonymous_get().bearer(&self.token)
    }

    /// The measured POST: 1 KiB of JSON.
    pub(crate) fn post(&self) -> Request {
        let mut body = order();
        let missing = BODY_SIZE.saturating_sub(body.to_string().len());
        let note = body["note"].as_str().unwrap_or_default().to_owned();
        body["note"] = json!(note + &"x".repeat(missing));
        self.post_of(&body)
    }

    /// A POST of this body.
    pub(crate) fn post_of(&self, body: &Value) -> Request {
        Request::new("POST", self.size.measured()).bearer(&self.token).json(body.to_string())
    }

    /// A GET with one of its parameters broken.
    pub(crate) fn bad_parameter(&self) -> Request {
        let target = format!("{}/abc-204117?limit=many&view=full", self.size.measured());
        Request::new("GET", target).bearer(&self.token)
    }

    /// A POST that lacks a property and has one too many.
    pub(crate) fn bad_body(&self) -> Request {
        let mut body = order();
        body["colour"] = json!("red");
        let _removed = body.as_object_mut().and_then(|object| object.remove("currency"));
        self.post_of(&body)
    }

    /// A GET with a token that bears the signature of another.
    pub(crate) fn bad_token(&self) -> Request {
        let part =
            |token: &str| token.rsplit_once('.').map(|(signed, by)| (signed.to_owned(), by.to_owned()));
        let ((signed, _), (_, other)) = part(&self.token).zip(part(&self.other_token)).unwrap_or_default();
        self.anonymous_get().bearer(&format!("{signed}.{other}"))
    }

    /// A GET of a path that no operation has.
    pub(crate) fn unknown(&self) -> Request {
        Request::new("GET", "/nowhere/r0001/abc-204117").bearer(&self.token)
    }

    /// A GET with an API key.
    pub(crate) fn keyed(&self, key: &str) -> Request {
        Request::new("GET", api::KEYED).header("x-api-key", key)
    }

    /// A GET that passes once a day.
    pub(crate) fn limited(&self) -> Request {
        Request::new("GET", api::LIMITED).bearer(&self.token)
    }
}

/// A list of orders of exactly so many bytes, or of one order where that is longer: the last one's note fills up.
pub(crate) fn orders(bytes: usize) -> Value {
    let (brackets, comma) = (2, 1);
    let one = order().to_string().len() + comma;
    let mut list = vec![order(); ((bytes + comma).saturating_sub(brackets) / one).max(1)];
    let missing = bytes.saturating_sub(Value::from(list.clone()).to_string().len());
    if let Some(last) = list.last_mut() {
        let note = last["note"].as_str().unwrap_or_default().to_owned();
        last["note"] = json!(note + &"x".repeat(missing));
    }
    list.into()
}

/// An order with every property, somewhat under 1 KiB.
pub(crate) fn order() -> Value {
    json!({
        "reference": "CH-20260117", "customer": "c-7f3e1a90", "company": "Example Trading Ltd",
        "contact": "Ada Example", "phone": "+41 44 000 00 00", "email": "ada@customers.example",
        "currency": "CHF", "channel": "web", "priority": 3, "total": 418.35, "discount": 0.05,
        "taxed": true, "gift": false, "placed": "2026-01-17T09:30:00Z", "due": "2026-02-16",
        "locale": "de-CH", "tags": ["spring", "returning", "newsletter"],
        "lines": [
            { "sku": "AB12-0001", "quantity": 2, "price": 99.5 },
            { "sku": "CD34-0002", "quantity": 1, "price": 120 },
            { "sku": "EF56-0003", "quantity": 5, "price": 19.87 },
        ],
        "address": { "street": "Long Street 12", "city": "Zurich", "zip": "8001", "country": "CH" },
        "note": "Please ring twice. ",
    })
}
