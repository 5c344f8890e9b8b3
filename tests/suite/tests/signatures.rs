//! Tokens whose signatures the host verifies, and the same tokens in a host that cannot: the built auth module
//! answers alike. That the host was asked, and the module spared the work, shows in what the module did.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jwt_simple::prelude::*;
use portcullis_suite::gateway::modules_folder;
use portcullis_test_host::{Chain, Module, Request, SharedState, Vm};
use serde_json::{Value, json};

const RSA: &str = include_str!("../../../plugins/auth/src/tests/rsa-2048.pem");
/// Ten minutes after the host's clock starts.
const EXP: u64 = 1_767_226_200;
/// More than any signature takes that the host verifies, less than any that the module does.
const FUEL_OF_ASKING: u64 = 400_000;

/// A module with its configuration, in a host that verifies signatures or in one that does not.
struct Gateway(Chain);

impl Gateway {
    fn open(verifies: bool) -> Self {
        let path = modules_folder().join("auth.wasm");
        let bytes = std::fs::read(&path).unwrap_or_else(|cause| panic!("{}: {cause}", path.display()));
        let module = Module::load(&bytes).expect("a module");
        let shared = SharedState::default();
        shared.set_verifies_signatures(verifies);
        let vm = Vm::start(&module, config().to_string().as_bytes(), &shared).expect("a good configuration");
        Self(Chain::new(vec![vm]))
    }

    /// The status, whether the host was asked, and the work of the module.
    fn send(&mut self, token: &str) -> (u16, bool, u64) {
        let request = Request::get("/").header("authorization", format!("Bearer {token}"));
        let exchange = self.0.request(&request);
        let status = exchange.outcome.status().unwrap_or_else(|| panic!("no answer: {exchange:?}"));
        let work = &exchange.work[0];
        (status, work.host_calls.contains_key("proxy_call_foreign_function"), work.fuel)
    }
}

fn config() -> Value {
    let rsa = rsa::<RS256KeyPair>().public_key().to_jwk();
    let es256 = es256(7).public_key().to_jwk();
    let es384 = es384(7).public_key().to_jwk();
    let keys = [(rsa, "rsa"), (es256, "es256"), (es384, "es384")].map(|(key, id)| {
        let mut key: Value = serde_json::from_str(&key).expect("a JWK");
        key["kid"] = json!(id);
        key.as_object_mut().expect("an object").remove("alg");
        key
    });
    json!({
        "realm": "r",
        "apis": [{"name": "a", "operations": [{
            "key": "a GET /", "method": "GET", "path": "/",
            "rule": {"alternatives": [[{"scheme": "token"}]], "keep_credential": false},
        }]}],
        "schemes": {"token": {"type": "bearer", "issuers": ["main"]}},
        "issuers": {"main": {
            "issuer": "https://issuer.test", "skew_seconds": 0, "keys": keys,
            "algorithms": ["RS256", "RS384", "RS512", "PS256", "ES256", "ES384"],
            "consumer_claims": ["sub"], "scope_claims": [],
        }},
        "api_keys": [], "users": [],
    })
}

/// The key pair of each algorithm is the same.
trait Rsa: Sized {
    fn read() -> Self;
}

macro_rules! rsa {
    ($($pair:ty),*) => { $(impl Rsa for $pair { fn read() -> Self { Self::from_pem(RSA).expect("a key").with_key_id("rsa") } })* };
}

rsa!(RS256KeyPair, RS384KeyPair, RS512KeyPair, PS256KeyPair);

fn rsa<K: Rsa>() -> K {
    K::read()
}

fn es256(scalar: u8) -> ES256KeyPair {
    ES256KeyPair::from_bytes(&[scalar; 32]).expect("a key").with_key_id("es256")
}

fn es384(scalar: u8) -> ES384KeyPair {
    ES384KeyPair::from_bytes(&[scalar; 48]).expect("a key").with_key_id("es384")
}

fn claims() -> JWTClaims<NoCustomClaims> {
    let mut claims = Claims::create(Duration::from_secs(1)).with_issuer("https://issuer.test");
    (claims.issued_at, claims.invalid_before) = (None, None);
    claims.expires_at = Some(UnixTimeStamp::from_secs(EXP));
    claims.with_subject("ada")
}

fn signature(token: &str) -> Vec<u8> {
    let (_, signature) = token.rsplit_once('.').expect("three parts");
    URL_SAFE_NO_PAD.decode(signature).expect("base64")
}

fn with_signature(token: &str, signature: &[u8]) -> String {
    let (signed, _) = token.rsplit_once('.').expect("three parts");
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// ES256 tokens whose two numbers begin with a zero byte, with a high bit, and with neither.
fn awkward() -> Vec<String> {
    let wanted: [fn(u8, u8) -> bool; 4] =
        [|r, _| r == 0, |_, s| s == 0, |r, s| r > 0x7f && s > 0x7f, |r, s| r < 0x80 && s < 0x80];
    let key = es256(7);
    let mut found: [Option<String>; 4] = Default::default();
    while found.iter().any(Option::is_none) {
        let token = key.sign(claims()).expect("it is signed");
        let signature = signature(&token);
        for (found, wanted) in found.iter_mut().zip(wanted) {
            if found.is_none() && wanted(signature[0], signature[32]) {
                *found = Some(token.clone());
            }
        }
    }
    found.into_iter().flatten().collect()
}

#[test]
fn good_signatures_pass_whoever_verifies_them() {
    let mut good = vec![
        ("RS256", rsa::<RS256KeyPair>().sign(claims()).expect("it is signed")),
        ("RS384", rsa::<RS384KeyPair>().sign(claims()).expect("it is signed")),
        ("RS512", rsa::<RS512KeyPair>().sign(claims()).expect("it is signed")),
        ("ES384", es384(7).sign(claims()).expect("it is signed")),
    ];
    good.extend(awkward().into_iter().map(|token| ("ES256", token)));
    let (mut with, mut without) = (Gateway::open(true), Gateway::open(false));
    for (algorithm, token) in &good {
        let (status, asked, fuel) = with.send(token);
        assert_eq!((status, asked), (200, true), "{algorithm} by the host: {token}");
        assert!(fuel < FUEL_OF_ASKING, "{algorithm}: the module verified as well, at {fuel}");
        let (status, asked, fuel) = without.send(token);
        assert_eq!((status, asked), (200, true), "{algorithm} by the module: {token}");
        assert!(fuel > FUEL_OF_ASKING, "{algorithm}: verified by nobody, at {fuel}");
        for gateway in [&mut with, &mut without] {
            let (status, asked, _) = gateway.send(token);
            assert_eq!((status, asked), (200, false), "{algorithm} is remembered");
        }
    }
    let token = rsa::<PS256KeyPair>().sign(claims()).expect("it is signed");
    let (status, asked, _) = with.send(&token);
    assert_eq!((status, asked), (200, false), "PS256 is beyond the host");
}

#[test]
fn bad_signatures_are_refused_whoever_verifies_them() {
    let rs256 = rsa::<RS256KeyPair>().sign(claims()).expect("it is signed");
    let es256_good = es256(7).sign(claims()).expect("it is signed");
    let other_claims = es256(7).sign(claims().with_subject("eve")).expect("it is signed");
    let flipped = |token: &str, at: usize| {
        let mut signature = signature(token);
        signature[at] ^= 1;
        with_signature(token, &signature)
    };
    let raw = signature(&es256_good);
    let bad = [
        ("a bit of RS256", flipped(&rs256, 100)),
        ("RS256 too short", with_signature(&rs256, &signature(&rs256)[1..])),
        ("no signature", with_signature(&rs256, b"")),
        ("a bit of r", flipped(&es256_good, 0)),
        ("a bit of s", flipped(&es256_good, 63)),
        ("another key", es256(9).sign(claims()).expect("it is signed")),
        ("another key on P-384", es384(9).sign(claims()).expect("it is signed")),
        ("other claims", with_signature(&es256_good, &signature(&other_claims))),
        ("r is zero", with_signature(&es256_good, &[&[0; 32], &raw[32..]].concat())),
        ("all zeros", with_signature(&es256_good, &[0; 64])),
        ("all ones", with_signature(&es256_good, &[0xff; 64])),
        ("r and s exchanged", with_signature(&es256_good, &[&raw[32..], &raw[..32]].concat())),
        (
            "DER, which a JWS has not",
            with_signature(&es256_good, &[b"\x30\x44\x02\x20", &raw[..32], b"\x02\x20", &raw[32..]].concat()),
        ),
        ("RSA's for ES256", with_signature(&es256_good, &signature(&rs256))),
    ];
    let (mut with, mut without) = (Gateway::open(true), Gateway::open(false));
    for (name, token) in &bad {
        let (status, _, fuel) = with.send(token);
        assert_eq!(status, 401, "{name}, by the host");
        assert!(fuel < FUEL_OF_ASKING, "{name}: a forger makes the module work, at {fuel}");
        assert_eq!(without.send(token).0, 401, "{name}, by the module");
    }
    assert_eq!(with.send(&es256_good).0, 200);
}
