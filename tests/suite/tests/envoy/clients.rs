//! Clients behind a proxy are told apart, and the upstream and the access log learn of both.

use portcullis_suite::gateway::{self, Gateway};
use portcullis_suite::http1;
use portcullis_suite::upstream::Upstream;

const DEFINITION: &str = r#"
openapi: 3.0.3
info: { title: Clients, version: 1.0.0 }
paths:
  /limited: { get: { x-portcullis: { limits: [one] }, responses: { '200': { description: Fine } } } }
"#;

#[test]
fn a_trusted_proxy_is_believed_and_nobody_else() {
    let upstream = Upstream::start();
    for (layout, proxies, trusted) in
        [("chain", "127.0.0.1", true), ("pipeline", "127.0.0.0/8", true), ("pipeline", "10.0.0.0/8", false)]
    {
        let settings = format!(
            "apis: [{{ definition: api.yaml, endpoint: '{}' }}]\n\
             layout: {layout}\n\
             clientAddress: {{ proxies: [{proxies}] }}\n\
             limits: {{ one: {{ requests: 1, per: hour, by: address }} }}\n",
            upstream.url()
        );
        let folder = gateway::folder(&[("api.yaml", DEFINITION), ("gateway.yaml", &settings)]);
        let file = folder.path().join("gateway.yaml");
        let gateway =
            Gateway::start(gateway::command(), &[file.to_str().expect("a UTF-8 path"), "--workers", "1"]);
        let send = |path: &str, lines: &[&str]| {
            let headers: Vec<_> = lines.iter().map(|line| ("X-Forwarded-For", *line)).collect();
            http1::request(gateway.address(), &format!("GET {path}"), &headers, b"").status
        };
        let spoofed = send("/limited", &["203.0.113.9", "192.0.2.1"]);
        assert_eq!(spoofed, 200, "{}", gateway.words());
        let seen = upstream.take_one();
        // Envoy appends its peer; for one on its own machine, its own address.
        let forwarded = seen.all("x-forwarded-for").join(";");
        let entries: Vec<&str> = forwarded.split(',').collect();
        assert_eq!((&entries[..2], entries.len()), (&["203.0.113.9", "192.0.2.1"][..], 3), "{forwarded}");
        assert!(entries[2].parse::<std::net::IpAddr>().is_ok(), "{forwarded}");
        assert!(seen.all("x-envoy-external-address").is_empty(), "{seen:?}");
        assert_eq!(send("/limited", &["203.0.113.10, 192.0.2.1"]), 429);
        assert_eq!(send("/limited", &["192.0.2.2"]), if trusted { 200 } else { 429 });
        assert_eq!(send("/limited", &["2001:db8::1, 127.0.0.1"]), if trusted { 200 } else { 429 });
        assert_eq!(send("/none", &["192.0.2.3"]), 404);
        let logged = gateway.logged(|entry| entry["path"] == "/none");
        let client = if trusted { "192.0.2.3" } else { "127.0.0.1" };
        assert_eq!((&logged["client"], &logged["peer"]), (&client.into(), &"127.0.0.1".into()), "{layout}");
        let refused = gateway.logged(|entry| entry["status"] == 429);
        assert_eq!(refused["client"], if trusted { "192.0.2.1" } else { "127.0.0.1" });
        upstream.take();
    }
}
