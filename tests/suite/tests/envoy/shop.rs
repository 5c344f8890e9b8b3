//! The gateway that most tests use, with its upstreams and credentials.

use std::net::{SocketAddr, TcpListener};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::Command;

use portcullis_suite::gateway::{self, Gateway};
use portcullis_suite::http1::{self, Reply};
use portcullis_suite::upstream::Upstream;
use portcullis_suite::{Bearer, jwks};
use serde_json::json;
use tempfile::TempDir;

/// The API key of the consumer `reader`.
pub(crate) const KEY: (&str, &str) = ("X-API-Key", "key-of-the-suite");
/// The credentials of the user alice, for HTTP basic.
pub(crate) const PASSWORD: (&str, &str) = ("Authorization", "Basic YWxpY2U6b3Blbi1zZXNhbWU=");
/// Ten years: these tests run by the real clock.
const LONG: i64 = 315_360_000;

/// A running gateway for `shop.yaml`.
pub(crate) struct Shop {
    pub(crate) gateway: Gateway,
    pub(crate) upstream: Upstream,
    pub(crate) other: Upstream,
    _folder: TempDir,
}

/// A behaviour, and what shows it.
pub(crate) type Check = (&'static str, fn(&Shop));

impl Shop {
    /// Runs all checks with a plugin for each policy, and again with all policies in one.
    pub(crate) fn check_both_layouts(checks: &[Check]) {
        for layout in ["chain", "pipeline"] {
            Self::open_with(gateway::command(), &["--workers", "1", "--layout", layout])
                .check(layout, checks);
        }
    }

    pub(crate) fn open_with(command: Command, args: &[&str]) -> Self {
        let (upstream, other) = (Upstream::start(), Upstream::start());
        let folder = files(&upstream.url(), &other.url());
        let file = folder.path().join("gateway.yaml");
        let args: Vec<&str> =
            [file.to_str().expect("a UTF-8 path")].into_iter().chain(args.iter().copied()).collect();
        let gateway = Gateway::start(command, &args);
        Self { gateway, upstream, other, _folder: folder }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.gateway.address()
    }

    /// A request without a body.
    pub(crate) fn get(&self, target: &str, headers: &[(&str, &str)]) -> Reply {
        http1::request(self.address(), &format!("GET {target}"), headers, b"")
    }

    /// Runs all checks, and fails with the names of those that do not hold.
    fn check(&self, layout: &str, checks: &[Check]) {
        let holds = |check: fn(&Self)| catch_unwind(AssertUnwindSafe(|| check(self))).is_ok();
        let mut failed = Vec::new();
        for (name, check) in checks {
            if !holds(*check) {
                failed.push(*name);
            }
            self.upstream.take();
        }
        assert!(
            failed.is_empty(),
            "these do not hold in the layout {layout}: {failed:#?}\n{}",
            self.gateway.words()
        );
    }

    /// The gateway still serves, with every plugin alive.
    pub(crate) fn assert_serves(&self, after: &str) {
        let reply = self.get("/v1/items?limit=1", &[KEY]);
        assert_eq!(reply.status, 200, "after {after}: {}", String::from_utf8_lossy(&reply.body));
        self.upstream.take();
    }

    /// Nothing has reached the upstream.
    pub(crate) fn assert_silent(&self, during: &str) {
        let received = self.upstream.take();
        assert!(received.is_empty(), "{during} reached the upstream: {received:#?}");
    }
}

/// The files of the gateway, in a folder of their own.
pub(crate) fn files(upstream: &str, other: &str) -> TempDir {
    let closed = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let closed = format!("http://{}", closed.local_addr().expect("an address"));
    let definition = include_str!("shop.yaml").replace("{OTHER}", other).replace("{CLOSED}", &closed);
    let gateway = include_str!("gateway.yaml").replace("{UPSTREAM}", upstream);
    gateway::folder(&[("shop.yaml", &definition), ("gateway.yaml", &gateway), ("jwks.json", &jwks())])
}

/// The value of an `Authorization` header with a token that the suite's issuer signs.
pub(crate) fn bearer(bearer: Bearer) -> String {
    let mut bearer = bearer;
    bearer.claims.entry("exp").or_insert(json!(LONG));
    format!("Bearer {}", bearer.token())
}
