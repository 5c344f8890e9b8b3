//! A limit holds exactly over all workers of one Envoy.

use std::thread;

use portcullis_suite::gateway::{self, Gateway};
use portcullis_suite::http1;
use portcullis_suite::upstream::Upstream;

const LIMIT: usize = 100;
const THREADS: usize = 8;
const EACH: usize = 40;

#[test]
fn a_limit_is_exact_over_two_workers() {
    let upstream = Upstream::start();
    let definition = r#"
openapi: 3.0.3
info: { title: Limited, version: 1.0.0 }
paths:
  /limited:
    get:
      security: []
      x-portcullis: { limits: [hundred] }
      responses: { '200': { description: Fine } }
"#;
    let settings = format!(
        "apis: [{{ definition: api.yaml, endpoint: '{}' }}]\n\
         limits: {{ hundred: {{ requests: {LIMIT}, per: hour, burst: {LIMIT}, by: all }} }}\n",
        upstream.url()
    );
    let folder = gateway::folder(&[("api.yaml", definition), ("gateway.yaml", &settings)]);
    let file = folder.path().join("gateway.yaml");
    let gateway =
        Gateway::start(gateway::command(), &[file.to_str().expect("a UTF-8 path"), "--workers", "2"]);
    let address = gateway.address();
    // A connection for each request, so that both workers get some.
    let count =
        || (0..EACH).map(|_| http1::request(address, "GET /limited", &[], b"").status).collect::<Vec<_>>();
    let statuses: Vec<u16> = thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(count)).collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("no client panics")).collect()
    });
    let with = |wanted: u16| statuses.iter().filter(|status| **status == wanted).count();
    assert_eq!((with(200), with(429)), (LIMIT, THREADS * EACH - LIMIT), "{statuses:?}");
    assert_eq!(upstream.take().len(), LIMIT);
    let refused = http1::request(address, "GET /limited", &[], b"");
    let seconds: u64 = refused.header("retry-after").and_then(|text| text.parse().ok()).expect("Retry-After");
    assert!((1..=36).contains(&seconds), "one request each 36 s: {seconds}");
    assert_eq!(refused.code(), "limit-exceeded");
}
