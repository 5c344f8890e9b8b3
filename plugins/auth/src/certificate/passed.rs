//! A certificate as somebody passes it on in a header: as PEM on one line, as PEM in percent-encoding (nginx, Envoy,
//! WSO2), in the `Cert` of Envoy's own header, or as the byte sequence of RFC 9440.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{InvalidCertificate, MAX_CERTIFICATE};

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

/// The DER of the one certificate in a header's value, or in a PEM file's text. What has another form, or holds more
/// than one certificate, is refused.
pub fn read_passed(value: &[u8]) -> Result<Vec<u8>, InvalidCertificate> {
    if value.len() > MAX_CERTIFICATE {
        return Err(InvalidCertificate::Malformed);
    }
    read(value).ok_or(InvalidCertificate::Malformed)
}

fn read(value: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(value).ok()?.trim();
    if let Some(sequence) = text.strip_prefix(':') {
        return STANDARD.decode(sequence.strip_suffix(':')?).ok();
    }
    let text = if text.starts_with(BEGIN) { text } else { element(text)? };
    let text = if text.contains('%') { portcullis_core::decode(text).ok()? } else { Cow::Borrowed(text) };
    let inner = text.trim().strip_prefix(BEGIN)?.strip_suffix(END)?;
    let digits: String = inner.chars().filter(|character| !character.is_ascii_whitespace()).collect();
    // No digit of base64 is a hyphen: a second certificate is none.
    STANDARD.decode(digits).ok().filter(|der| !der.is_empty())
}

/// The value of `Cert` where the text is Envoy's list of one element (`Hash=…;Cert="…"`); else the text itself.
fn element(text: &str) -> Option<&str> {
    let is_list = ["by=", "hash=", "cert=", "chain=", "subject=", "uri=", "dns="]
        .iter()
        .any(|key| text.get(..key.len()).is_some_and(|start| start.eq_ignore_ascii_case(key)));
    if !is_list {
        return Some(text);
    }
    let (mut certificate, mut rest) = (None, text);
    while !rest.is_empty() {
        let (key, value) = rest.split_once('=')?;
        let (value, after) = match value.strip_prefix('"') {
            // A certificate's own text is percent-encoded and has no quotes; a subject's are escaped.
            Some(quoted) => {
                let end = closing(quoted)?;
                (quoted.get(..end)?, quoted.get(end + 1..)?)
            }
            None => value.split_at(value.find([';', ',']).unwrap_or(value.len())),
        };
        if key.eq_ignore_ascii_case("cert") && certificate.replace(value).is_some() {
            return None;
        }
        // A comma begins the element of another proxy: it is not clear whose certificate counts.
        rest = if after.is_empty() { after } else { after.strip_prefix(';')? };
    }
    certificate
}

/// Where a quoted text ends.
fn closing(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.bytes().position(|byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    })
}
