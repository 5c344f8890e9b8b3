//! A subject as text (RFC 4514), as OpenSSL's `-nameopt RFC2253` writes it. No two subjects have the same text.

use der::asn1::ObjectIdentifier;
use der::{Encode, Tag, Tagged};
use x509_cert::attr::AttributeTypeAndValue;
use x509_cert::name::Name;

/// Names that OpenSSL uses; other types are written as numbers.
const TYPES: [(ObjectIdentifier, &str); 15] = [
    (ObjectIdentifier::new_unwrap("2.5.4.3"), "CN"),
    (ObjectIdentifier::new_unwrap("2.5.4.4"), "SN"),
    (ObjectIdentifier::new_unwrap("2.5.4.5"), "serialNumber"),
    (ObjectIdentifier::new_unwrap("2.5.4.6"), "C"),
    (ObjectIdentifier::new_unwrap("2.5.4.7"), "L"),
    (ObjectIdentifier::new_unwrap("2.5.4.8"), "ST"),
    (ObjectIdentifier::new_unwrap("2.5.4.9"), "street"),
    (ObjectIdentifier::new_unwrap("2.5.4.10"), "O"),
    (ObjectIdentifier::new_unwrap("2.5.4.11"), "OU"),
    (ObjectIdentifier::new_unwrap("2.5.4.12"), "title"),
    (ObjectIdentifier::new_unwrap("2.5.4.42"), "GN"),
    (ObjectIdentifier::new_unwrap("2.5.4.97"), "organizationIdentifier"),
    (ObjectIdentifier::new_unwrap("0.9.2342.19200300.100.1.1"), "UID"),
    (ObjectIdentifier::new_unwrap("0.9.2342.19200300.100.1.25"), "DC"),
    (ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.1"), "emailAddress"),
];

/// The last of the name comes first; parts of one level are joined by `+`.
pub(super) fn text(subject: &Name) -> String {
    let mut text = String::new();
    let levels: Vec<_> = subject.iter_rdn().collect();
    for (at, level) in levels.into_iter().rev().enumerate() {
        if at > 0 {
            text.push(',');
        }
        for (at, attribute) in level.iter().enumerate() {
            if at > 0 {
                text.push('+');
            }
            write(attribute, &mut text);
        }
    }
    text
}

/// A value of another type than text, or whose type has no name, is written as its DER.
fn write(attribute: &AttributeTypeAndValue, text: &mut String) {
    let known = TYPES.iter().find(|(oid, _)| *oid == attribute.oid).map(|(_, name)| *name);
    let value = &attribute.value;
    let is_text = matches!(value.tag(), Tag::Utf8String | Tag::PrintableString | Tag::Ia5String);
    match (known, std::str::from_utf8(value.value())) {
        (Some(name), Ok(value)) if is_text => {
            text.push_str(name);
            text.push('=');
            escape(value, text);
        }
        _ => {
            text.push_str(&known.map_or_else(|| attribute.oid.to_string(), str::to_owned));
            text.push_str("=#");
            let der = value.to_der().unwrap_or_default();
            der.iter().for_each(|byte| text.push_str(&format!("{byte:02X}")));
        }
    }
}

/// RFC 4514, section 2.4; what is not ASCII, byte by byte.
fn escape(value: &str, text: &mut String) {
    let last = value.len().saturating_sub(1);
    for (at, byte) in value.bytes().enumerate() {
        match byte {
            b',' | b'+' | b'"' | b'\\' | b'<' | b'>' | b';' => text.extend(['\\', char::from(byte)]),
            b'#' if at == 0 => text.push_str("\\#"),
            b' ' if at == 0 || at == last => text.push_str("\\ "),
            b' '..=b'~' => text.push(char::from(byte)),
            _ => text.push_str(&format!("\\{byte:02X}")),
        }
    }
}
