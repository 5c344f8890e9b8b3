//! Several servers for one endpoint: asked in turn, or the first that can be reached.

use std::net::TcpListener;

use portcullis_suite::gateway::{self, Gateway};
use portcullis_suite::http1;
use portcullis_suite::upstream::Upstream;

const DEFINITION: &str = r#"
openapi: 3.1.0
info: { title: Several, version: '1' }
servers: [{ url: 'http://nowhere.invalid/v1' }]
x-wso2-endpoints: [{ pair: { urls: ['FIRST/base', 'SECOND/base'], type: load_balance } }]
x-wso2-production-endpoints: '#/x-wso2-endpoints/pair'
paths:
  /turns: { get: { responses: { '200': { description: Fine } } } }
  /failover:
    x-wso2-production-endpoints: { urls: ['DEAD/x', 'SECOND/x'], type: failover }
    get: { responses: { '200': { description: Fine } } }
    post: { responses: { '200': { description: Fine } } }
  /dead:
    get:
      x-wso2-production-endpoints: { urls: ['DEAD'], advanceEndpointConfig: { timeoutInMillis: 700 } }
      responses: { '200': { description: Fine } }
  /slow:
    get:
      x-wso2-production-endpoints: { urls: ['SLOW'], advanceEndpointConfig: { timeoutInMillis: 700 } }
      responses: { '200': { description: Fine } }
"#;

#[test]
fn servers_stand_for_one_another() {
    let (first, second) = (Upstream::start(), Upstream::start());
    let slow = Upstream::answering(|_| {
        std::thread::sleep(std::time::Duration::from_secs(3));
        None
    });
    // Nobody listens where somebody has just listened.
    let dead = TcpListener::bind("127.0.0.1:0").and_then(|one| one.local_addr()).expect("a port");
    let definition = DEFINITION
        .replace("FIRST", &first.url())
        .replace("SECOND", &second.url())
        .replace("SLOW", &slow.url())
        .replace("DEAD", &format!("http://{dead}"));
    let folder = gateway::folder(&[("api.yaml", &definition)]);
    let file = folder.path().join("api.yaml");
    let args = [file.to_str().expect("a UTF-8 path"), "--workers", "1"];
    let gateway = Gateway::start(gateway::command(), &args);
    let call = |line: &str, body: &[u8]| http1::request(gateway.address(), line, &[], body).status;

    for _ in 0..6 {
        assert_eq!(call("GET /v1/turns", b""), 200);
    }
    let (of_first, of_second) = (first.take(), second.take());
    assert_eq!((of_first.len(), of_second.len()), (3, 3), "each in its turn");
    assert!(of_first.iter().all(|one| one.target == "/base/turns" && one.all("host") == [first.authority()]));
    assert!(of_second.iter().all(|one| one.all("host") == [second.authority()]));

    for _ in 0..6 {
        assert_eq!(call("GET /v1/failover", b""), 200);
        assert_eq!(call("POST /v1/failover", b"body"), 200);
    }
    let arrived = second.take();
    assert_eq!(arrived.len(), 12, "each request arrives once");
    assert!(arrived.iter().all(|one| one.target == "/x/failover"));
    assert_eq!(arrived.iter().filter(|one| one.body == b"body").count(), 6);

    assert_eq!(call("GET /v1/dead", b""), 503);
    assert_eq!(call("GET /v1/slow", b""), 504);
    assert_eq!(slow.take().len(), 1, "what was sent is not repeated");
}
