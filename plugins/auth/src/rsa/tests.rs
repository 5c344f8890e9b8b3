#![cfg(not(target_arch = "wasm32"))]

use proptest::prelude::*;
use rsa::pkcs8::DecodePrivateKey;
use rsa::traits::PublicKeyParts;
use rsa::{BigUint, Pkcs1v15Sign, Pss, RsaPrivateKey};
use sha2::{Digest, Sha256};

use super::modulus::Modulus;
use super::*;

fn pair() -> RsaPrivateKey {
    RsaPrivateKey::from_pkcs8_pem(include_str!("../tests/rsa-2048.pem")).unwrap()
}

fn ours(pair: &RsaPrivateKey) -> RsaKey {
    RsaKey::new(&pair.n().to_bytes_be(), &pair.e().to_bytes_be()).unwrap()
}

/// As the `rsa` crate's arithmetic has it.
fn power(base: &[u8], exponent: u64, modulus: &[u8]) -> Option<Vec<u8>> {
    let (base, modulus) = (BigUint::from_bytes_be(base), BigUint::from_bytes_be(modulus));
    let length = modulus.bits().div_ceil(8);
    let power = base.modpow(&BigUint::from(exponent), &modulus).to_bytes_be();
    let padded = [vec![0; length - power.len().min(length)], power].concat();
    (base < modulus).then(|| padded[padded.len() - length..].to_vec())
}

#[test]
fn numbers_that_are_no_key_are_refused() {
    let long = |bits: usize| {
        let mut modulus = vec![0_u8; bits.div_ceil(8)];
        modulus[0] = 1 << ((bits - 1) % 8);
        *modulus.last_mut().unwrap() |= 1;
        modulus
    };
    let even = |mut modulus: Vec<u8>| {
        *modulus.last_mut().unwrap() &= 0xfe;
        modulus
    };
    type Case = (&'static str, Vec<u8>, &'static [u8], Result<(), InvalidRsaKey>);
    let cases: [Case; 14] = [
        ("the shortest", long(2048), &[1, 0, 1], Ok(())),
        ("the longest", long(4096), &[3], Ok(())),
        ("leading zeros", [vec![0, 0], long(2048)].concat(), &[0, 0, 0, 0, 0, 0, 0, 1, 0, 1], Ok(())),
        ("a long exponent", long(2049), &[1, 0xff, 0xff, 0xff, 0xff], Ok(())),
        ("a bit too short", long(2047), &[1, 0, 1], Err(InvalidRsaKey::Length(2047))),
        ("a bit too long", long(4097), &[1, 0, 1], Err(InvalidRsaKey::Length(4097))),
        ("even", even(long(2048)), &[1, 0, 1], Err(InvalidRsaKey::Even)),
        ("nothing", Vec::new(), &[1, 0, 1], Err(InvalidRsaKey::Even)),
        ("one", vec![1], &[1, 0, 1], Err(InvalidRsaKey::Even)),
        ("exponent 1", long(2048), &[1], Err(InvalidRsaKey::Exponent)),
        ("exponent 0", long(2048), &[0], Err(InvalidRsaKey::Exponent)),
        ("no exponent", long(2048), &[], Err(InvalidRsaKey::Exponent)),
        ("an even exponent", long(2048), &[1, 0, 0], Err(InvalidRsaKey::Exponent)),
        ("an exponent too long", long(2048), &[2, 0, 0, 0, 1], Err(InvalidRsaKey::Exponent)),
    ];
    for (name, modulus, exponent, expected) in cases {
        assert_eq!(RsaKey::new(&modulus, exponent).map(|_| ()), expected, "{name}");
    }
}

#[test]
fn powers_at_the_edges_are_right() {
    for limbs in 1..6_usize {
        let ones = vec![0xff_u8; limbs * 4];
        let mut high = vec![0_u8; limbs * 4];
        (high[0], high[limbs * 4 - 1]) = (0x80, 1);
        let mut low = high.clone();
        (low[0], low[limbs * 4 - 1]) = (1, 0x0f);
        for modulus in [ones, high, low] {
            let compiled = Modulus::new(&modulus).unwrap();
            let mut below = modulus.clone();
            *below.last_mut().unwrap() -= 1;
            let mut one = vec![0; modulus.len()];
            *one.last_mut().unwrap() = 1;
            for base in [vec![0; modulus.len()], one, below, modulus.clone(), vec![0xff; modulus.len()]] {
                for exponent in [3, 5, 17, 65_537, (1 << 33) - 1] {
                    let found = compiled.power(&base, exponent);
                    assert_eq!(
                        found,
                        power(&base, exponent, &modulus),
                        "{base:x?}^{exponent} mod {modulus:x?}"
                    );
                }
            }
        }
    }
}

proptest! {
    #[test]
    fn powers_are_those_of_the_rsa_crate(
        mut modulus in prop::collection::vec(any::<u8>(), 1..80),
        base in prop::collection::vec(any::<u8>(), 80),
        exponent in any::<u32>(),
    ) {
        *modulus.last_mut().unwrap() |= 1;
        modulus[0] |= 2;
        let exponent = u64::from(exponent) | 3;
        let base = &base[..modulus.len()];
        let compiled = Modulus::new(&modulus).unwrap();
        prop_assert_eq!(compiled.power(base, exponent), power(base, exponent, &modulus));
        prop_assert_eq!(compiled.to_bytes(), modulus);
    }

}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever the message is after RSA's operation, both take it for a signature or neither: with the private key
    /// every message can be made. `at` and `with` change a good one; `at` beyond its end changes nothing.
    #[test]
    fn messages_are_judged_as_the_rsa_crate_does(
        text in prop::collection::vec(any::<u8>(), 0..40),
        salt in any::<[u8; 32]>(),
        at in 0_usize..300,
        with in any::<u8>(),
    ) {
        let pair = pair();
        let key = ours(&pair);
        let digest = Sha256::digest(&text).to_vec();
        let message = |signature: &[u8]| key.modulus.power(signature, key.exponent).unwrap();
        let change = |mut message: Vec<u8>| {
            if let Some(octet) = message.get_mut(at) {
                *octet ^= with;
            }
            message
        };
        let sign = |message: &[u8]| {
            let signature = BigUint::from_bytes_be(message).modpow(rsa::traits::PrivateKeyParts::d(&pair), pair.n());
            let signature = signature.to_bytes_be();
            [vec![0; 256 - signature.len()], signature].concat()
        };
        let signature = pair.sign_with_rng(&mut Fixed(salt), Pss::new::<rsa::sha2::Sha256>(), &digest).unwrap();
        prop_assert!(key.verify(Padding::Pss, HashFunction::Sha256, &text, &signature));
        prop_assert!(!key.verify(Padding::Pkcs1, HashFunction::Sha256, &text, &signature));
        let changed = sign(&change(message(&signature)));
        let theirs = pair.to_public_key().verify(Pss::new::<rsa::sha2::Sha256>(), &digest, &changed).is_ok();
        prop_assert_eq!(key.verify(Padding::Pss, HashFunction::Sha256, &text, &changed), theirs);

        let padding = || Pkcs1v15Sign::new::<rsa::sha2::Sha256>();
        let signature = pair.sign(padding(), &digest).unwrap();
        prop_assert!(key.verify(Padding::Pkcs1, HashFunction::Sha256, &text, &signature));
        prop_assert!(!key.verify(Padding::Pss, HashFunction::Sha256, &text, &signature));
        let changed = sign(&change(message(&signature)));
        let theirs = pair.to_public_key().verify(padding(), &digest, &changed).is_ok();
        prop_assert_eq!(key.verify(Padding::Pkcs1, HashFunction::Sha256, &text, &changed), theirs);
    }
}

/// The same random bytes each time.
struct Fixed([u8; 32]);

impl rsa::rand_core::RngCore for Fixed {
    fn next_u32(&mut self) -> u32 {
        u32::from(self.0[0])
    }

    fn next_u64(&mut self) -> u64 {
        u64::from(self.0[0])
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        bytes.iter_mut().zip(self.0.iter().cycle()).for_each(|(to, from)| *to = *from);
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), rsa::rand_core::Error> {
        self.fill_bytes(bytes);
        Ok(())
    }
}

impl rsa::rand_core::CryptoRng for Fixed {}
