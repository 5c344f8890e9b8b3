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

#[test]
fn windows_marks_and_conditions_hold_over_two_workers_and_the_access_log_names_the_limit() {
    let upstream = Upstream::start();
    let definition = r#"
openapi: 3.0.3
info: { title: Windows, version: 1.0.0 }
paths:
  /quota: { get: { x-portcullis: { limits: [quota] }, responses: { '200': { description: Fine } } } }
  /soft: { get: { x-portcullis: { limits: [soft] }, responses: { '200': { description: Fine } } } }
"#;
    // Windows that do not end while the test runs, but for one moment of 2029.
    let settings = format!(
        "apis: [{{ definition: api.yaml, endpoint: '{}' }}]\n\
         limits:\n\
         \x20 quota: {{ requests: {LIMIT}, per: 10 years, by: all }}\n\
         \x20 soft:\n\
         \x20   {{ requests: 3, per: 10 years, by: all, stopOnQuota: false,\n\
         \x20     groups: [{{ name: bot, when: [{{ of: 'header:User-Agent', matches: ^bot/ }}],\n\
         \x20       limit: {{ requests: 1, per: 10 years }} }}] }}\n",
        upstream.url()
    );
    let folder = gateway::folder(&[("api.yaml", definition), ("gateway.yaml", &settings)]);
    let file = folder.path().join("gateway.yaml");
    let gateway =
        Gateway::start(gateway::command(), &[file.to_str().expect("a UTF-8 path"), "--workers", "2"]);
    let address = gateway.address();
    let count = || {
        let ask = |_| http1::request(address, "GET /quota", &[], b"").status;
        (0..EACH).map(ask).filter(|status| *status == 200).count()
    };
    let admitted: usize = thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(count)).collect();
        threads.into_iter().map(|thread| thread.join().expect("no client panics")).sum()
    });
    assert_eq!((admitted, upstream.take().len()), (LIMIT, LIMIT));
    let refused = gateway.logged(|entry| entry["path"] == "/quota" && entry["status"] == 429);
    let told = refused["limit"].as_str().expect("the limit");
    assert!(told.starts_with("\"quota\";r=0;t="), "{told}");
    assert_eq!(refused["details"], "portcullis.limit-exceeded");

    let forged = ("X-Portcullis-Over-Limit", "\"soft\"");
    for passed in 0..5 {
        assert_eq!(http1::request(address, "GET /soft", &[forged], b"").status, 200);
        let marks = upstream.take_one().all("x-portcullis-over-limit").join("; ");
        assert_eq!(marks, if passed < 3 { "" } else { "\"soft\"" }, "request {passed}");
    }
    let bot = || http1::request(address, "GET /soft", &[("User-Agent", "bot/7")], b"").status;
    assert_eq!((bot(), bot()), (200, 429), "a group refuses unless it says otherwise");
    let marked = gateway.logged(|entry| entry["path"] == "/soft" && entry["over_limit"] == "\"soft\"");
    assert_eq!(marked["status"], 200);
}
