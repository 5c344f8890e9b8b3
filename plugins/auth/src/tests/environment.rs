//! Secrets that only the host's environment has.

use jwt_simple::prelude::*;
use portcullis_core::testing::FakeEnv;
use serde_json::{Value, json};

use super::gateway::{compile, config, outcome};

const SECRET: &str = "0123456789abcdef0123456789abcdef";

fn with(secrets: Value) -> crate::AuthPolicy {
    let mut config = config();
    config["issuers"]["shared"]["algorithms"] = json!(["HS256"]);
    config["issuers"]["shared"]["secrets"] = secrets;
    compile(config).unwrap()
}

fn bearer(env: &FakeEnv) -> String {
    let now = UnixTimeStamp::from_secs(portcullis_core::Env::now(env).seconds());
    let mut claims = Claims::create(Duration::from_hours(1)).with_issuer("https://shared.test");
    (claims.issued_at, claims.expires_at, claims.invalid_before) =
        (Some(now), Some(now + Duration::from_hours(1)), None);
    let claims = claims.with_subject("ada").with_audience("shop");
    format!("Bearer {}", HS256Key::from_bytes(SECRET.as_bytes()).authenticate(claims).unwrap())
}

#[test]
fn a_secret_is_read_when_it_is_there_and_no_token_is_good_before() {
    let policy = with(json!([{ "secret": { "env": "S" } }]));
    let lacking = FakeEnv::new();
    let token = bearer(&lacking);
    let ask = |env: &FakeEnv| outcome(&policy, env, "/token", &[("authorization", &token)]);
    assert_eq!(ask(&lacking), "503 secret-missing");
    assert_eq!(ask(&FakeEnv::new().with_secret("S", &SECRET[1..])), "503 secret-missing");
    assert_eq!(ask(&FakeEnv::new().with_secret("S", SECRET)), "ada via token: ");
    // From now on it is known.
    assert_eq!(ask(&lacking), "ada via token: ");
}

#[test]
fn every_secret_of_an_issuer_must_be_there() {
    let policy = with(json!([{ "secret": { "env": "S" } }, { "secret": { "env": "T" }, "base64": true }]));
    let one = FakeEnv::new().with_secret("S", SECRET);
    let token = bearer(&one);
    let ask = |env: &FakeEnv| outcome(&policy, env, "/token", &[("authorization", &token)]);
    assert_eq!(ask(&one), "503 secret-missing");
    let both = one.with_secret("T", "WlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlo=\n");
    assert_eq!(ask(&both), "ada via token: ");
    assert!(!format!("{policy:?}").contains(SECRET));
}
