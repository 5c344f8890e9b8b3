//! What a policy asks the host about a signature, or to sign, and what the host says. No cryptography in here.

/// A text, what is said to be its signature, and the key that should have made it.
#[derive(Debug, Clone, Copy)]
pub struct Signed<'s> {
    /// The hash of the text that is signed: by RSASSA-PKCS1-v1_5 or ECDSA, as the key's type says.
    pub hash: HashFunction,
    /// DER of a SubjectPublicKeyInfo (RFC 5280, section 4.1) that is known to be good.
    pub public_key: &'s [u8],
    /// RSA's number, or DER of ECDSA's two (RFC 3279, section 2.2.3).
    pub signature: &'s [u8],
    /// What is signed.
    pub text: &'s [u8],
}

/// A hash function (FIPS 180-4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HashFunction {
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

/// What a host says of a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignatureVerdict {
    /// It is that key's, over that text.
    Valid,
    /// It is not.
    Invalid,
    /// The host cannot say: whoever asked must find out alone, and accept nothing until then.
    Unknown,
}

/// A text to sign, and the key to sign it with.
#[derive(Clone, Copy)]
pub struct ToSign<'s> {
    /// The hash of the text that is signed: by RSASSA-PKCS1-v1_5 or ECDSA, as the key's type says.
    pub hash: HashFunction,
    /// DER of a PrivateKeyInfo (RFC 5208).
    pub private_key: &'s [u8],
    /// What is to be signed.
    pub text: &'s [u8],
}

/// Without the key.
impl std::fmt::Debug for ToSign<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ToSign").field("hash", &self.hash).finish_non_exhaustive()
    }
}
