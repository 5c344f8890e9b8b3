//! The upstream's token signed by the host, and configurations that cannot be signed with.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jwt_simple::prelude::*;
use portcullis_core::testing::FakeEnv;
use portcullis_core::{HashFunction, ToSign};
use rsa::pkcs8::{DecodePrivateKey, EncodePrivateKey};
use rsa::{Pkcs1v15Sign, RsaPrivateKey};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::gateway::{compile, config, send};

const PEM: &str = include_str!("rsa-2048.pem");
const HEADER: &str = "x-jwt-assertion";

fn der() -> Vec<u8> {
    RsaPrivateKey::from_pkcs8_pem(PEM).unwrap().to_pkcs8_der().unwrap().as_bytes().to_vec()
}

fn with(algorithm: &str, key: &[u8]) -> Value {
    let mut config = config();
    config["backend_jwt"] = json!({
        "header": HEADER, "issuer": "gateway", "algorithm": algorithm, "key_id": "k1",
        "key": URL_SAFE_NO_PAD.encode(key), "ttl_seconds": 100,
    });
    config
}

fn as_envoy_signs(wanted: &ToSign<'_>) -> Option<Vec<u8>> {
    assert_eq!(wanted.hash, HashFunction::Sha256);
    let key = RsaPrivateKey::from_pkcs8_der(wanted.private_key).ok()?;
    key.sign(Pkcs1v15Sign::new::<rsa::sha2::Sha256>(), &Sha256::digest(wanted.text)).ok()
}

fn token(policy: &crate::AuthPolicy, env: &FakeEnv) -> String {
    let edits = send(policy, env, "/key", &[("x-api-key", "k-reader"), (HEADER, "forged")]).unwrap();
    let (_, token) = edits.set.into_iter().find(|(name, _)| name == HEADER).unwrap();
    token
}

#[test]
fn the_host_signs_rs256_once_in_a_while() {
    let policy = compile(with("RS256", &der())).unwrap();
    let env = FakeEnv::new().with_signer(as_envoy_signs);
    let first = token(&policy, &env);
    let key = RS256KeyPair::from_pem(PEM).unwrap().public_key();
    let options = VerificationOptions {
        artificial_time: Some(UnixTimeStamp::from_secs(env_seconds(&env))),
        ..VerificationOptions::default()
    };
    let claims = key.verify_token::<NoCustomClaims>(&first, Some(options)).unwrap();
    assert_eq!((claims.issuer.as_deref(), claims.subject.as_deref()), (Some("gateway"), Some("reader")));
    assert_eq!(token(&policy, &env), first);
    assert_eq!(env.calls().sign, 1, "the second is remembered");
    env.advance(Duration::from_secs(75));
    assert_ne!(token(&policy, &env), first);
    env.set_now(portcullis_core::testing::START);
    token(&policy, &env);
    assert_eq!(env.calls().sign, 3, "what is from the future is not known");
}

#[test]
fn nobody_passes_unsigned_where_the_host_cannot_sign() {
    let policy = compile(with("RS256", &der())).unwrap();
    let env = FakeEnv::new();
    let refused = send(&policy, &env, "/key", &[("x-api-key", "k-reader")]).unwrap_err();
    assert_eq!((refused.status, refused.code), (503, "backend-jwt-unsigned"));
    let open = send(&policy, &env, "/open", &[(HEADER, "forged")]).unwrap();
    assert_eq!(open.remove, [HEADER]);
    assert!(open.set.is_empty());
}

#[test]
fn a_key_that_cannot_sign_is_refused_and_no_key_is_shown() {
    for (name, algorithm, key) in [
        ("no key", "RS256", &b""[..]),
        ("a short number", "ES256", &[7; 31]),
        ("zero", "ES256", &[0; 32]),
        ("more than the curve's order", "ES256", &[0xff; 32]),
    ] {
        let cause = compile(with(algorithm, key)).err().map(|cause| cause.to_string());
        let expected = "the upstreams' token: the key is not one for its algorithm";
        assert_eq!(cause.as_deref(), Some(expected), "{name}");
    }
    for (header, ttl) in [("host", 100), ("a b", 100), (HEADER, 3)] {
        let mut config = with("ES256", &[7; 32]);
        config["backend_jwt"]["header"] = header.into();
        config["backend_jwt"]["ttl_seconds"] = ttl.into();
        assert!(compile(config).is_err(), "{header} {ttl}");
    }
    let shown = format!("{:?}", compile(with("RS256", &der())).unwrap());
    assert!(shown.contains("Signer") && !shown.contains(&format!("{:?}", &der()[..8])[1..20]));
}

fn env_seconds(env: &FakeEnv) -> u64 {
    portcullis_core::Env::now(env).seconds()
}
