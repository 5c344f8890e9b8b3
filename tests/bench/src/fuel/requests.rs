//! The requests whose cost is counted: what passes, and each way of being refused.

use portcullis_test_host::Request;
use serde_json::Value;

use crate::api::{BULK, KEYED, LIMITED, STAFF, Size};
use crate::ground::api_key;
use crate::tokens::Signer;
use crate::traffic::{self, Traffic};

/// Sent in parts of this size.
const CHUNK: usize = 16 << 10;

/// A request and the statuses it has, the first time and the second.
pub(super) struct Sent {
    pub(super) name: &'static str,
    pub(super) request: Request,
    pub(super) statuses: [u16; 2],
}

/// Twenty of them.
pub(super) fn requests(size: Size, signer: &Signer) -> Vec<Sent> {
    let traffic = Traffic::new(size, signer);
    let (token, item) = (signer.token(0), format!("{}/abc-204117", size.measured()));
    let plain = |method, target: &str| traffic::Request::new(method, target);
    let bearer = |method, target: &str| plain(method, target).bearer(&token);
    let list = |query: &str| bearer("GET", &format!("{}?{query}", size.measured()));
    let key = |key: &str| plain("GET", KEYED).header("x-api-key", key);
    let basic = |code: &str| plain("GET", STAFF).header("authorization", format!("Basic {code}"));
    let wrong_type = bearer("POST", &size.measured()).header("content-type", "text/csv");
    let orders: Value = (0..80).map(|_| traffic::order()).collect();
    vec![
        sent("GET", traffic.get(), 200),
        sent("GET of a list", list("limit=10&cursor=aGVsbG8"), 200),
        sent("POST of 1 KiB", traffic.post(), 200),
        sent("POST of 64 KiB", bearer("POST", BULK).json(orders.to_string()), 200),
        sent("DELETE", bearer("DELETE", &item), 200),
        sent("API key", key(&api_key(42)), 200),
        sent("user and password", basic("YWxpY2U6b3Blbi1zZXNhbWU="), 200),
        sent("no credential", traffic.anonymous_get(), 401),
        sent("broken token", traffic.bad_token(), 401),
        sent("token that is none", plain("GET", &item).bearer("x.y.z"), 401),
        sent("unknown API key", key("guess"), 401),
        sent("wrong password", basic("YWxpY2U6Z3Vlc3M="), 401),
        sent("scope missing", plain("DELETE", &item).bearer(&signer.reader()), 403),
        sent("broken parameter", traffic.bad_parameter(), 400),
        sent("broken body", traffic.bad_body(), 400),
        sent("body that is no JSON", bearer("POST", &size.measured()).json("{\"reference\":"), 400),
        sent("media type not declared", traffic::Request { body: "a,b".to_owned(), ..wrong_type }, 415),
        sent("no such operation", traffic.unknown(), 404),
        sent("no such method", bearer("PATCH", &item), 405),
        Sent { statuses: [200, 429], ..sent("limit reached", bearer("GET", LIMITED), 200) },
    ]
}

fn sent(name: &'static str, request: traffic::Request, status: u16) -> Sent {
    Sent { name, request: in_host(request), statuses: [status, status] }
}

/// As the test host reads it.
fn in_host(sent: traffic::Request) -> Request {
    let mut request = Request::new(sent.method, &sent.target);
    request.authority = sent.host.to_owned();
    for (name, value) in sent.headers {
        request.headers.add(name, value);
    }
    if !sent.body.is_empty() {
        request.headers.add("content-length", sent.body.len().to_string());
    }
    request.body = sent.body.as_bytes().chunks(CHUNK).map(<[u8]>::to_vec).collect();
    request
}
