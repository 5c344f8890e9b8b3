//! The host's functions that verify signatures, `verify_signature`, and make them, `sign`: protocol buffers in, protocol
//! buffers out.

use portcullis_core::{HashFunction, SignatureVerdict, Signed, ToSign};

/// The name of the function that signs.
pub const SIGN: &str = "sign";
/// The name of the function that verifies.
pub const FUNCTION: &str = "verify_signature";

/// How Envoy begins to say that a signature does not fit. Whatever else it says is about something else (a key it
/// cannot read, a hash it does not know), so the signature may be good.
const DOES_NOT_FIT: &[u8] = b"Failed to verify digest.";

const VARINT: u8 = 0;
const BYTES: u8 = 2;

/// Writes the message `VerifySignatureArguments`: hash function, public key, signature, text.
pub fn write_question(signed: &Signed<'_>) -> Vec<u8> {
    write_fields([hash_name(signed.hash).as_bytes(), signed.public_key, signed.signature, signed.text])
}

/// Writes the message `SignArguments`: hash function, private key, text.
pub fn write_wish(wanted: &ToSign<'_>) -> Vec<u8> {
    write_fields([hash_name(wanted.hash).as_bytes(), wanted.private_key, wanted.text])
}

fn hash_name(hash: HashFunction) -> &'static str {
    match hash {
        HashFunction::Sha256 => "sha256",
        HashFunction::Sha384 => "sha384",
        HashFunction::Sha512 => "sha512",
    }
}

/// Fields of bytes, numbered from 1.
fn write_fields<const COUNT: usize>(fields: [&[u8]; COUNT]) -> Vec<u8> {
    let mut message = Vec::with_capacity(fields.iter().map(|value| value.len() + 6).sum());
    for (number, value) in (1..).zip(fields) {
        message.push(number << 3 | BYTES);
        write_varint(value.len(), &mut message);
        message.extend_from_slice(value);
    }
    message
}

/// Reads the message `VerifySignatureResult`: whether it is valid, or what is wrong.
pub fn read_answer(mut message: &[u8]) -> SignatureVerdict {
    let (mut result, mut error): (u64, &[u8]) = (0, b"");
    while let Some((field, rest)) = read_field(message) {
        match field {
            Field::Number(1, value) => result = value,
            Field::Bytes(2, text) => error = text,
            _ => return SignatureVerdict::Unknown,
        }
        message = rest;
    }
    match (message, result, error) {
        ([], 1, b"") => SignatureVerdict::Valid,
        ([], 0, error) if error.starts_with(DOES_NOT_FIT) => SignatureVerdict::Invalid,
        _ => SignatureVerdict::Unknown,
    }
}

/// Reads the message `SignResult`: the signature, if it says clearly that there is one.
pub fn read_signature(mut message: &[u8]) -> Option<&[u8]> {
    let (mut result, mut signature, mut error): (u64, &[u8], &[u8]) = (0, b"", b"");
    while let Some((field, rest)) = read_field(message) {
        match field {
            Field::Number(1, value) => result = value,
            Field::Bytes(2, value) => signature = value,
            Field::Bytes(3, text) => error = text,
            _ => return None,
        }
        message = rest;
    }
    (message.is_empty() && result == 1 && error.is_empty() && !signature.is_empty()).then_some(signature)
}

enum Field<'m> {
    Number(u8, u64),
    Bytes(u8, &'m [u8]),
}

/// The field at the beginning, and what follows it; `None` at the end and for what is no field of these types.
fn read_field(message: &[u8]) -> Option<(Field<'_>, &[u8])> {
    let (&tag, rest) = message.split_first()?;
    let (value, rest) = read_varint(rest)?;
    match tag & 7 {
        VARINT => Some((Field::Number(tag >> 3, value), rest)),
        BYTES => {
            let (bytes, rest) = rest.split_at_checked(usize::try_from(value).ok()?)?;
            Some((Field::Bytes(tag >> 3, bytes), rest))
        }
        _ => None,
    }
}

fn write_varint(mut value: usize, into: &mut Vec<u8>) {
    while value > 0x7f {
        into.push(value as u8 | 0x80);
        value >>= 7;
    }
    into.push(value as u8);
}

/// Of at most five bytes: lengths of more than 32 bits do not come in messages.
fn read_varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0;
    for (at, byte) in bytes.iter().take(5).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            return Some((value, bytes.get(at + 1..)?));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_has_its_four_fields() {
        let text = [b't'; 300];
        let signed = Signed { hash: HashFunction::Sha256, public_key: b"key", signature: b"", text: &text };
        let expected = [b"\x0a\x06sha256\x12\x03key\x1a\x00\x22\xac\x02".as_slice(), &text].concat();
        assert_eq!(write_question(&signed), expected);
    }

    #[test]
    fn a_wish_has_its_three_fields() {
        let wanted = ToSign { hash: HashFunction::Sha256, private_key: b"key", text: b"text" };
        assert_eq!(write_wish(&wanted), b"\x0a\x06sha256\x12\x03key\x1a\x04text");
        assert_eq!(format!("{wanted:?}"), "ToSign { hash: Sha256, .. }");
    }

    #[test]
    fn only_a_clear_signature_is_one() {
        type Case<'c> = (&'c str, &'c [u8], Option<&'c [u8]>);
        let cases: [Case<'_>; 8] = [
            ("a signature", b"\x08\x01\x12\x03sig", Some(b"sig")),
            ("and an empty error", b"\x08\x01\x12\x03sig\x1a\x00", Some(b"sig")),
            ("an error", b"\x1a\x02no", None),
            ("both", b"\x08\x01\x12\x03sig\x1a\x02no", None),
            ("one without a yes", b"\x12\x03sig", None),
            ("a yes without one", b"\x08\x01", None),
            ("one cut short", b"\x08\x01\x12\x04sig", None),
            ("nothing", b"", None),
        ];
        for (name, message, expected) in cases {
            assert_eq!(read_signature(message), expected, "{name}");
        }
    }

    #[test]
    fn only_a_clear_answer_is_one() {
        use SignatureVerdict::{Invalid, Unknown, Valid};
        let told = |text: &str| [&[0x12, text.len() as u8], text.as_bytes()].concat();
        let cases: [(&str, Vec<u8>, SignatureVerdict); 12] = [
            ("yes", b"\x08\x01".to_vec(), Valid),
            ("yes, and an empty error", b"\x08\x01\x12\x00".to_vec(), Valid),
            ("no", told("Failed to verify digest. Error code: 0"), Invalid),
            (
                "no, spelt out",
                [b"\x08\x00".to_vec(), told("Failed to verify digest. Error code: 0")].concat(),
                Invalid,
            ),
            ("a key it cannot read", told("Failed to initialize digest verify."), Unknown),
            ("a hash it does not know", told("sha256 is not supported."), Unknown),
            ("yes and no", [b"\x08\x01".to_vec(), told("Failed to verify digest.")].concat(), Unknown),
            ("more than yes", b"\x08\x02".to_vec(), Unknown),
            ("nothing", Vec::new(), Unknown),
            ("another field", b"\x08\x01\x18\x01".to_vec(), Unknown),
            ("yes, and rubbish", b"\x08\x01\x08".to_vec(), Unknown),
            ("a text that is cut off", b"\x12\x30Failed to verify digest.".to_vec(), Unknown),
        ];
        for (name, message, expected) in cases {
            assert_eq!(read_answer(&message), expected, "{name}");
        }
    }
}
