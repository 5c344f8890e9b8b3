//! Envoy's foreign functions `verify_signature` and `sign`, over the keys and texts that they are handed: what is not DER to
//! the letter does not verify.

use p256::ecdsa::signature::hazmat::PrehashVerifier;
use p256::pkcs8::DecodePublicKey as _;
use rsa::pkcs8::{DecodePrivateKey as _, DecodePublicKey as _};
use rsa::sha2::{Digest, Sha256, Sha384, Sha512};
use rsa::{Pkcs1v15Sign, RsaPrivateKey, RsaPublicKey};

/// A message that is not of the function's arguments, or one with another number of keys than one.
pub(super) struct BadArgument;

#[derive(Default)]
struct Arguments<'a> {
    hash: &'a [u8],
    key: Option<&'a [u8]>,
    signature: &'a [u8],
    text: &'a [u8],
}

/// A `VerifySignatureResult`. Protocol buffers leave out what is false or empty.
pub(super) fn verify(message: &[u8]) -> Result<Vec<u8>, BadArgument> {
    let arguments = Arguments::read(message).ok_or(BadArgument)?;
    let key = arguments.key.ok_or(BadArgument)?;
    let told = match Hashed::of(&arguments.hash.to_ascii_lowercase(), arguments.text) {
        None => format!("{} is not supported.", String::from_utf8_lossy(arguments.hash)),
        Some(hashed) => match hashed.fits(key, arguments.signature) {
            None => "Failed to initialize digest verify.".to_owned(),
            Some(false) => "Failed to verify digest. Error code: 0".to_owned(),
            Some(true) => return Ok(vec![0x08, 1]),
        },
    };
    // A length of one byte.
    let length = u8::try_from(told.len()).ok().filter(|length| *length < 0x80).ok_or(BadArgument)?;
    Ok([&[0x12, length], told.as_bytes()].concat())
}

/// A `SignResult`, for RSA keys alone. The text stands where a question has the signature.
pub(super) fn sign(message: &[u8]) -> Result<Vec<u8>, BadArgument> {
    let arguments = Arguments::read(message).ok_or(BadArgument)?;
    let key = arguments.key.ok_or(BadArgument)?;
    let hashed = Hashed::of(&arguments.hash.to_ascii_lowercase(), arguments.signature);
    let signed = hashed.zip(RsaPrivateKey::from_pkcs8_der(key).ok());
    let signed = signed.and_then(|(hashed, key)| key.sign(hashed.padding, &hashed.digest).ok());
    Ok(match signed {
        Some(signature) => {
            let (low, high) = (signature.len() & 0x7f | 0x80, signature.len() >> 7);
            let length = [low, high].map(|digit| u8::try_from(digit).unwrap_or_default());
            [&[0x08, 1, 0x12], length.as_slice(), &signature].concat()
        }
        None => b"\x1a\x1bFailed to initialize signer".to_vec(),
    })
}

impl<'a> Arguments<'a> {
    /// Only what a plugin writes: fields 1 to 4, all of them bytes.
    fn read(mut message: &'a [u8]) -> Option<Self> {
        let mut arguments = Self::default();
        while let Some((tag, rest)) = message.split_first() {
            let (length, rest) = varint(rest)?;
            let (value, rest) = rest.split_at_checked(length)?;
            match tag {
                0x0a => arguments.hash = value,
                0x12 => arguments.key = Some(value),
                0x1a => arguments.signature = value,
                0x22 => arguments.text = value,
                _ => return None,
            }
            message = rest;
        }
        Some(arguments)
    }
}

fn varint(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let end = bytes.iter().position(|byte| byte & 0x80 == 0)?;
    let (digits, rest) = bytes.split_at_checked(end + 1)?;
    let value = digits
        .iter()
        .rev()
        .try_fold(0_usize, |value, byte| Some(value.checked_mul(128)? | usize::from(byte & 0x7f)));
    Some((value?, rest))
}

/// A text's hash, and how RSA's padding names it.
struct Hashed {
    digest: Vec<u8>,
    padding: Pkcs1v15Sign,
}

impl Hashed {
    fn of(name: &[u8], text: &[u8]) -> Option<Self> {
        Some(match name {
            b"sha256" => {
                Self { digest: Sha256::digest(text).to_vec(), padding: Pkcs1v15Sign::new::<Sha256>() }
            }
            b"sha384" => {
                Self { digest: Sha384::digest(text).to_vec(), padding: Pkcs1v15Sign::new::<Sha384>() }
            }
            b"sha512" => {
                Self { digest: Sha512::digest(text).to_vec(), padding: Pkcs1v15Sign::new::<Sha512>() }
            }
            _ => return None,
        })
    }

    /// `None` when the key is none that this host knows: RSA, P-256 or P-384.
    fn fits(self, key: &[u8], signature: &[u8]) -> Option<bool> {
        if let Ok(key) = RsaPublicKey::from_public_key_der(key) {
            return Some(key.verify(self.padding, &self.digest, signature).is_ok());
        }
        if let Ok(key) = p256::ecdsa::VerifyingKey::from_public_key_der(key) {
            let signature = p256::ecdsa::Signature::from_der(signature);
            return Some(
                signature.is_ok_and(|signature| key.verify_prehash(&self.digest, &signature).is_ok()),
            );
        }
        let key = p384::ecdsa::VerifyingKey::from_public_key_der(key).ok()?;
        let signature = p384::ecdsa::Signature::from_der(signature);
        Some(signature.is_ok_and(|signature| key.verify_prehash(&self.digest, &signature).is_ok()))
    }
}
