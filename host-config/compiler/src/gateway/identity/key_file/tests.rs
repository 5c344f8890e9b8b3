use super::*;

const RSA_KEY: &str = include_str!("keys/rsa.pem");
const P256_KEY: &str = include_str!("keys/P-256.pem");
const CERTIFICATE: &str = include_str!("keys/certificate.pem");

#[test]
fn every_kind_of_public_key_becomes_a_jwk() {
    let cases = [
        ("RSA", RSA_KEY, "RSA", None, &[("n", 256), ("e", 3)][..]),
        ("P-256", P256_KEY, "EC", Some("P-256"), &[("x", 32), ("y", 32)]),
        ("P-384", include_str!("keys/P-384.pem"), "EC", Some("P-384"), &[("x", 48), ("y", 48)]),
        ("P-521", include_str!("keys/P-521.pem"), "EC", Some("P-521"), &[("x", 66), ("y", 66)]),
        ("Ed25519", include_str!("keys/ed25519.pem"), "OKP", Some("Ed25519"), &[("x", 32)]),
        ("a certificate", CERTIFICATE, "EC", Some("P-256"), &[("x", 32), ("y", 32)]),
    ];
    for (name, pem, kty, crv, numbers) in cases {
        let keys = read(pem.as_bytes(), Some("k")).unwrap_or_else(|cause| panic!("{name}: {cause}"));
        let [key] = keys.as_slice() else { panic!("{name}: {keys:?}") };
        assert_eq!((key["kty"].as_str(), key["crv"].as_str()), (Some(kty), crv), "{name}");
        assert_eq!(key["kid"], "k", "{name}");
        for (number, length) in numbers {
            let bytes = URL_SAFE_NO_PAD.decode(key[*number].as_str().unwrap()).unwrap();
            assert_eq!(bytes.len(), *length, "{name} {number}");
        }
    }
    assert_eq!(
        read(P256_KEY.as_bytes(), None),
        read(CERTIFICATE.as_bytes(), None),
        "the certificate's key is that key"
    );
}

#[test]
fn files_hold_one_key_or_several() {
    let two = format!("{RSA_KEY}\n{P256_KEY}");
    assert_eq!(read(two.as_bytes(), None).map(|keys| keys.len()), Ok(2));
    let jwk = read(RSA_KEY.as_bytes(), None).unwrap().remove(0);
    assert_eq!(read(jwk.to_string().as_bytes(), None), Ok(vec![jwk.clone()]));
    let set = json!({"keys": [jwk, jwk]});
    assert_eq!(read(set.to_string().as_bytes(), None).map(|keys| keys.len()), Ok(2));
}

#[test]
fn what_holds_no_public_key_is_refused() {
    let private = include_str!("../../../../../../plugins/auth/src/tests/rsa-2048.pem");
    let cut = RSA_KEY.replacen("MIIB", "MIIA", 1);
    let cases: [(&str, &str, Option<&str>, &str); 11] = [
        ("nothing", "", None, "neither JSON nor PEM"),
        ("a text", "ssh-rsa AAAA", None, "neither JSON nor PEM"),
        ("a private key", private, None, "private key"),
        ("a private JWK", r#"{"kty":"OKP","crv":"Ed25519","x":"","d":""}"#, None, "private or secret"),
        ("a secret", r#"{"keys":[{"kty":"oct","k":""}]}"#, None, "private or secret"),
        ("another object", "{}", None, "neither 'kty' nor 'keys'"),
        ("broken JSON", "{", None, "is not JSON"),
        ("a broken key", &cut, None, "cannot be read"),
        ("a key for agreement", include_str!("keys/x25519.pem"), None, "no algorithm uses"),
        ("another curve", include_str!("keys/secp256k1.pem"), None, "a curve that no algorithm uses"),
        ("one name for two", &format!("{RSA_KEY}\n{P256_KEY}"), Some("k"), "several keys"),
    ];
    for (name, text, kid, expected) in cases {
        let cause = read(text.as_bytes(), kid).expect_err(name);
        assert!(cause.contains(expected), "{name}: {cause}");
    }
}
