//! Tokens whose signatures Envoy itself verifies, and those that it cannot: these the module verifies, and quickly enough.
//! `cargo test -p portcullis-suite --test envoy signatures -- --nocapture` prints how quickly.

use std::time::{Duration as Time, Instant};

use jwt_simple::prelude::*;
use portcullis_suite::gateway::{self, Gateway};
use portcullis_suite::http1::{Connection, message};
use serde_json::{Value, json};

const RSA: &str = include_str!("../../../../plugins/auth/src/tests/rsa-2048.pem");

const DEFINITION: &str = r#"
openapi: 3.1.0
info: { title: Signed, version: '1' }
paths: { /x: { get: { security: [{ Token: [] }], responses: { '200': { description: Fine } } } } }
components: { securitySchemes: { Token: { type: http, scheme: bearer } } }
"#;

const SETTINGS: &str = r#"
apis: [{ definition: api.yaml, endpoint: mock }]
identity:
  issuers:
    test: { issuer: 'https://issuer.test', jwksFile: keys.json, algorithms: [RS256, RS512, PS256, ES256, ES384, EdDSA] }
"#;

/// What the module may take for a signature of PS256 or EdDSA.
const BOUND: Time = Time::from_micros(200);
/// What no machine verifies one in: a token that was remembered would take less.
const LEAST: Time = Time::from_micros(15);
/// V8 makes code fast that is run often.
const WARM_UP: usize = 600;
const TIMES: usize = 400;

#[test]
fn envoy_verifies_what_it_can_and_the_module_the_rest() {
    let rs256 = RS256KeyPair::from_pem(RSA).expect("a key").with_key_id("rsa");
    let rs512 = RS512KeyPair::from_pem(RSA).expect("a key").with_key_id("rsa");
    let ps256 = PS256KeyPair::from_pem(RSA).expect("a key").with_key_id("rsa");
    let es256 = ES256KeyPair::from_bytes(&[7; 32]).expect("a key").with_key_id("es256");
    let es384 = ES384KeyPair::from_bytes(&[7; 48]).expect("a key").with_key_id("es384");
    let stranger = ES256KeyPair::from_bytes(&[9; 32]).expect("a key").with_key_id("es256");
    let keys = [
        (rs256.public_key().to_jwk(), "rsa"),
        (es256.public_key().to_jwk(), "es256"),
        (es384.public_key().to_jwk(), "es384"),
    ];
    let keys = json!({ "keys": keys.map(|(key, id)| named(&key, id)) }).to_string();
    let gateway = start(&keys);
    let mut client = Client(Connection::open(gateway.address()));

    let rs256 = rs256.sign(claims()).expect("it is signed");
    let ps256 = ps256.sign(claims()).expect("it is signed");
    let es256 = es256.sign(claims()).expect("it is signed");
    let cases = [
        ("RS256", rs256.clone(), 200),
        ("RS512", rs512.sign(claims()).expect("it is signed"), 200),
        ("PS256", ps256.clone(), 200),
        ("ES256", es256.clone(), 200),
        ("ES384", es384.sign(claims()).expect("it is signed"), 200),
        ("RS256 with other claims", with_claims_of(&rs256, &es256), 401),
        ("ES256 with other claims", with_claims_of(&es256, &rs256), 401),
        ("ES256 of a stranger", stranger.sign(claims()).expect("it is signed"), 401),
    ];
    for (name, token, expected) in &cases {
        assert_eq!(client.get(token), *expected, "{name}");
    }
}

fn start(keys: &str) -> Gateway {
    let folder =
        gateway::folder(&[("api.yaml", DEFINITION), ("gateway.yaml", SETTINGS), ("keys.json", keys)]);
    let file = folder.path().join("gateway.yaml");
    Gateway::start(gateway::command(), &[file.to_str().expect("a UTF-8 path"), "--workers", "1"])
}

#[test]
fn signatures_that_envoy_cannot_verify_take_less_than_200_microseconds() {
    let ps256 = PS256KeyPair::from_pem(RSA).expect("a key").with_key_id("rsa");
    let ed25519 = Ed25519KeyPair::generate().with_key_id("ed25519");
    let keys = [(ps256.public_key().to_jwk(), "rsa"), (ed25519.public_key().to_jwk(), "ed25519")];
    let keys = json!({ "keys": keys.map(|(key, id)| named(&key, id)) }).to_string();
    let gateway = start(&keys);
    let mut client = Client(Connection::open(gateway.address()));
    // Refused for its time, before its signature would be looked at.
    let mut expired = claims();
    expired.expires_at = Some(UnixTimeStamp::from_secs(1_000_000_000));
    let tokens = [
        ("no signature", ps256.sign(expired).expect("it is signed"), 401),
        ("PS256", ps256.sign(claims()).expect("it is signed"), 200),
        ("EdDSA", ed25519.sign(claims()).expect("it is signed"), 200),
    ];
    for (name, token, expected) in tokens.iter().cycle().take(3 * WARM_UP) {
        assert_eq!(client.get(token), *expected, "{name}");
    }
    // The machine may be busy with something else just then.
    let mut seen = Vec::new();
    for _ in 0..3 {
        let times = client.times(&tokens);
        println!("PS256 {:?}, EdDSA {:?}", times[0], times[1]);
        assert!(times.iter().all(|time| *time > LEAST), "nothing was verified: {times:?}");
        if times.iter().all(|time| *time < BOUND) {
            return;
        }
        seen.push(times);
    }
    panic!("PS256 and EdDSA: {seen:?}");
}

struct Client(Connection);

impl Client {
    /// What the second and third take more than the first: of the quickest quarter the slowest, in turns.
    fn times(&mut self, tokens: &[(&str, String, u16); 3]) -> [Time; 2] {
        let mut times = tokens.each_ref().map(|_| Vec::with_capacity(TIMES));
        for _ in 0..TIMES {
            for ((_, token, _), times) in tokens.iter().zip(&mut times) {
                let begun = Instant::now();
                self.get(token);
                times.push(begun.elapsed());
            }
        }
        let [rest, ps256, ed25519] = times.map(|mut times| {
            times.sort();
            times[TIMES / 4]
        });
        [ps256.saturating_sub(rest), ed25519.saturating_sub(rest)]
    }

    fn get(&mut self, token: &str) -> u16 {
        let authorization = format!("Bearer {token}");
        self.0.send(&message("GET /x", &[("Authorization", &authorization)], b""));
        self.0.reply().expect("an answer").status
    }
}

/// The issuer's key says nothing of its algorithm.
fn named(jwk: &str, id: &str) -> Value {
    let mut jwk: Value = serde_json::from_str(jwk).expect("a JWK");
    jwk["kid"] = json!(id);
    jwk.as_object_mut().expect("an object").remove("alg");
    jwk
}

/// Of a caller whose name is too long for the token to be remembered, so that each use is verified; each differs.
fn claims() -> JWTClaims<NoCustomClaims> {
    let mut claims = Claims::create(Duration::from_hours(1)).with_issuer("https://issuer.test");
    claims.create_nonce();
    claims.with_subject("a".repeat(3000))
}

/// The header and signature of one token around the claims of another.
fn with_claims_of(token: &str, other: &str) -> String {
    let parts: Vec<&str> = token.split('.').collect();
    let claims = other.split('.').nth(1).expect("claims");
    format!("{}.{claims}.{}", parts[0], parts[2])
}
