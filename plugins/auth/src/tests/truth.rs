//! OpenAPI's `security` over all kinds of schemes at once: any one alternative, all of its requirements.

use std::collections::BTreeSet;

use portcullis_core::testing::FakeEnv;
use proptest::prelude::*;
use proptest::sample::subsequence;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::gateway::{compile, config, outcome};
use super::signer::{good_but, sign};
use crate::read_passed;

const CLIENT: &str = include_str!("../../../../tests/suite/certificates/client.pem");
const OTHER: &str = include_str!("../../../../tests/suite/certificates/other.pem");

/// The schemes of the gateway that a rule may name. Two of them read `Authorization`, so a request has one at most.
const SCHEMES: [&str; 6] = ["header", "query", "cookie", "basic", "token", "mtls"];
const SCOPES: [&str; 2] = ["read", "write"];

/// What a request presents for a scheme.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Presented {
    Nothing,
    Bad,
    /// Grants `read` alone.
    Reader,
    /// Grants `read` and `write`.
    Writer,
}

impl Presented {
    fn grants(self, scope: &str) -> bool {
        match self {
            Self::Nothing | Self::Bad => false,
            Self::Reader => scope == "read",
            Self::Writer => true,
        }
    }

    fn is_good(self) -> bool {
        self == Self::Reader || self == Self::Writer
    }
}

type Requirement = (&'static str, BTreeSet<&'static str>);

fn digest(pem: &str) -> [u8; 32] {
    Sha256::digest(read_passed(pem.as_bytes()).unwrap()).into()
}

/// A gateway with one operation of these alternatives; `mtls` says what the client's certificate is worth.
fn gateway(alternatives: &[Vec<Requirement>], mtls: Presented) -> Value {
    let mut config = config();
    let requirement = |(scheme, scopes): &Requirement| json!({"scheme": scheme, "scopes": scopes.iter().collect::<Vec<_>>()});
    let alternatives: Vec<Value> =
        alternatives.iter().map(|way| way.iter().map(requirement).collect()).collect();
    let operation =
        json!({"key": "truth", "method": "GET", "path": "/truth", "rule": {"alternatives": alternatives}});
    config["apis"][0]["operations"] = json!([operation]);
    config["schemes"]["mtls"] = json!({"type": "mutual-tls", "api": "shop"});
    let hex: String = digest(CLIENT).iter().map(|byte| format!("{byte:02x}")).collect();
    let scopes = SCOPES.iter().filter(|scope| mtls.grants(scope)).collect::<Vec<_>>();
    config["certificates"] = json!([{"consumer": "robot", "by": {"sha256": hex}, "scopes": scopes}]);
    let password = config["users"][0]["password"].clone();
    let scopes = ["read", "write"];
    let writer = json!({"name": "eve", "password": password, "scopes": scopes});
    config["users"].as_array_mut().unwrap().push(writer);
    config
}

fn key(presented: Presented) -> Option<&'static str> {
    match presented {
        Presented::Nothing => None,
        Presented::Bad => Some("k-unknown"),
        Presented::Reader => Some("k-reader"),
        Presented::Writer => Some("k-writer"),
    }
}

/// The request's target and headers.
fn request(presented: &[Presented; 6]) -> (String, Vec<(&'static str, String)>) {
    let [header, query, cookie, basic, token, _] = *presented;
    let target = key(query).map_or("/truth".to_owned(), |key| format!("/truth?api+key={key}"));
    let mut headers = Vec::new();
    headers.extend(key(header).map(|key| ("x-api-key", key.to_owned())));
    headers.extend(key(cookie).map(|key| ("cookie", format!("sid={key}"))));
    let scope = |scope: &str| format!("Bearer {}", sign(&good_but("scope", scope.into())));
    let authorization = match (basic, token) {
        (Presented::Bad, _) => Some("Basic YWRhOndyb25n".to_owned()),
        // ada:secret, eve:secret
        (Presented::Reader, _) => Some("Basic YWRhOnNlY3JldA==".to_owned()),
        (Presented::Writer, _) => Some("Basic ZXZlOnNlY3JldA==".to_owned()),
        (Presented::Nothing, Presented::Nothing) => None,
        (Presented::Nothing, Presented::Bad) => Some("Bearer nonsense".to_owned()),
        (Presented::Nothing, Presented::Reader) => Some(scope("read")),
        (Presented::Nothing, Presented::Writer) => Some(scope("read write")),
    };
    headers.extend(authorization.map(|value| ("authorization", value)));
    (target, headers)
}

fn presented() -> impl Strategy<Value = Presented> {
    prop_oneof![
        Just(Presented::Nothing),
        Just(Presented::Bad),
        Just(Presented::Reader),
        Just(Presented::Writer)
    ]
}

fn way() -> impl Strategy<Value = Vec<Requirement>> {
    subsequence(&SCHEMES[..], 0..=3).prop_flat_map(|schemes| {
        let scopes = proptest::collection::vec(subsequence(&SCOPES[..], 0..=2), schemes.len());
        scopes.prop_map(move |scopes| {
            let scopes = scopes.into_iter().map(|scopes| scopes.into_iter().collect());
            schemes.iter().copied().zip(scopes).collect()
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn security_holds_as_its_truth_table_says_for_every_kind(
        mut presented in proptest::array::uniform6(presented()),
        alternatives in proptest::collection::vec(way(), 0..4),
    ) {
        if presented[3] != Presented::Nothing {
            presented[4] = Presented::Nothing;
        }
        let worth = |scheme: &str| presented[SCHEMES.iter().position(|known| *known == scheme).unwrap()];
        let holds = |(scheme, scopes): &Requirement| {
            worth(scheme).is_good() && scopes.iter().all(|scope| worth(scheme).grants(scope))
        };
        let by_credential = alternatives.iter().any(|way| !way.is_empty() && way.iter().all(holds));
        let open = alternatives.is_empty() || alternatives.iter().any(Vec::is_empty);

        let policy = compile(gateway(&alternatives, presented[5])).unwrap();
        let env = match presented[5] {
            Presented::Nothing => FakeEnv::new(),
            Presented::Bad => FakeEnv::new().with_certificate(digest(OTHER), OTHER.as_bytes()),
            _ => FakeEnv::new().with_certificate(digest(CLIENT), CLIENT.as_bytes()),
        };
        let (target, headers) = request(&presented);
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let seen = outcome(&policy, &env, &target, &headers);
        let refused = seen.starts_with("401 ") || seen.starts_with("403 ");
        prop_assert_eq!(refused, !by_credential && !open, "{}", seen);
        prop_assert_eq!(seen == "anonymous", !by_credential && open, "{}", seen);
    }
}
