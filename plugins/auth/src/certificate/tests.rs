//! Certificates made by OpenSSL, and what is left of them.

use portcullis_core::testing::START;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::*;

const CLIENT: &str = include_str!("../../../../tests/suite/certificates/client.pem");
const ODD: &str = include_str!("../../../../tests/suite/certificates/odd.pem");
const EXPIRED: &str = include_str!("../../../../tests/suite/certificates/expired.pem");
const FUTURE: &str = include_str!("../../../../tests/suite/certificates/future.pem");

fn read(pem: &str) -> Certificate {
    Certificate::read(&read_passed(pem.as_bytes()).unwrap()).unwrap()
}

fn texts(certificate: &Certificate) -> Vec<&str> {
    let text = |mark| match mark {
        &Mark::Digest(_) => None,
        Mark::Subject(text) | Mark::Name(text) => Some(text.as_str()),
    };
    certificate.marks.iter().filter_map(text).collect()
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn a_certificate_is_known_by_digest_subject_and_every_name() {
    let certificate = read(CLIENT);
    assert_eq!(certificate.digest[..4], [0x84, 0x80, 0x6e, 0x80]);
    assert_eq!(certificate.marks[0], Mark::Digest(certificate.digest));
    let expected = [
        r"CN=client,O=Org\, Inc,C=DE",
        "dns:client.example",
        "dns:second.example",
        "uri:spiffe://example/client",
        "email:ada@client.example",
        "ip:192.0.2.7",
        "ip:2001:db8::7",
    ];
    assert_eq!(texts(&certificate), expected);
    assert_eq!(certificate.size(), expected.iter().map(|text| text.len()).sum::<usize>());
}

/// What `openssl x509 -noout -subject -nameopt RFC2253` prints.
#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn a_subject_is_written_as_openssl_writes_it() {
    assert_eq!(texts(&read(ODD)), [r"CN=\ \C3\A4\,b#,O=\#x\ "]);
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn both_ends_of_the_validity_count() {
    let second = 1_000_000_000;
    assert_eq!(read(CLIENT).check(START), Ok(()));
    assert_eq!(read(EXPIRED).check(START), Err(InvalidCertificate::Expired));
    assert_eq!(read(FUTURE).check(START), Err(InvalidCertificate::NotYetValid));
    let expires = UnixNanos(1_735_689_600 * second);
    assert_eq!(read(EXPIRED).check(expires), Ok(()));
    assert_eq!(read(EXPIRED).check(UnixNanos(expires.0 + second)), Err(InvalidCertificate::Expired));
    let begins = UnixNanos(3_786_912_000 * second);
    assert_eq!(read(FUTURE).check(begins), Ok(()));
    assert_eq!(read(FUTURE).check(UnixNanos(begins.0 - 1)), Err(InvalidCertificate::NotYetValid));
    assert_eq!(read(CLIENT).check(UnixNanos(u64::MAX)), Err(InvalidCertificate::Expired));
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn a_certificate_is_passed_on_in_several_forms() {
    let der = read_passed(CLIENT.as_bytes()).unwrap();
    let base64 = STANDARD.encode(&der);
    let line = CLIENT.replace('\n', " ");
    let encoded = CLIENT.replace('%', "%25").replace('\n', "%0A").replace('+', "%2B").replace('/', "%2f");
    let encoded = encoded.replace(' ', "%20").replace('=', "%3D");
    let good = [
        CLIENT.to_owned(),
        line.clone(),
        CLIENT.replace('\n', "\t"),
        format!("-----BEGIN CERTIFICATE-----{base64}-----END CERTIFICATE-----"),
        encoded.clone(),
        format!(":{base64}:"),
        format!("Hash=84806e;Cert=\"{encoded}\";Subject=\"CN=a\\\";b,c\";URI=spiffe://x"),
        format!("cert={encoded}"),
    ];
    for text in &good {
        assert_eq!(read_passed(text.as_bytes()), Ok(der.clone()), "{text}");
    }
    let bad = [
        String::new(),
        "x".to_owned(),
        base64.clone(),
        format!(":{base64}"),
        format!("{line}{line}"),
        format!("{CLIENT}{CLIENT}"),
        format!("{line} x"),
        line.replace("END", "FIN"),
        encoded.replace("%0A", "%0"),
        encoded.replace("%0A", "%250A"),
        "-----BEGIN CERTIFICATE----------END CERTIFICATE-----".to_owned(),
        format!("Cert=\"{encoded}\",Cert=\"{encoded}\""),
        format!("Cert=\"{encoded}\";Cert=\"{encoded}\""),
        format!("By=spiffe://x;Hash=1,Cert=\"{encoded}\""),
        format!("Cert=\"{encoded}"),
        "Hash=84806e".to_owned(),
        format!("Subject=\"x;Cert=\"{encoded}\""),
        "A".repeat(MAX_CERTIFICATE + 1),
        line.replace('M', "Ä"),
    ];
    for text in &bad {
        assert_eq!(read_passed(text.as_bytes()), Err(InvalidCertificate::Malformed), "{text}");
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn names_are_configured_as_certificates_have_them() {
    let cases = [
        ("dns:Client.Example", Some("dns:client.example")),
        ("dns:*.example", Some("dns:*.example")),
        ("uri:spiffe://example/A", Some("uri:spiffe://example/A")),
        ("email:Ada@x", Some("email:Ada@x")),
        ("ip:2001:DB8:0::7", Some("ip:2001:db8::7")),
        ("ip:192.0.2.07", None),
        ("DNS:a", None),
        ("client.example", None),
        ("dns:", None),
        ("dns:a b", None),
        ("dns:ä", None),
    ];
    for (text, expected) in cases {
        assert_eq!(configured_name(text).as_deref(), expected, "{text}");
    }
}

/// No byte of a certificate can be changed without making it another one, or none.
#[cfg(not(target_arch = "wasm32"))]
#[test]
fn a_changed_certificate_is_another_one() {
    let der = read_passed(CLIENT.as_bytes()).unwrap();
    let digest = read(CLIENT).digest;
    for at in 0..der.len() {
        for change in [1, 0x20, 0x80, 0xff] {
            let mut changed = der.clone();
            changed[at] ^= change;
            assert!(Certificate::read(&changed).map_or(true, |other| other.digest != digest), "{at}");
        }
        assert!(Certificate::read(&der[..at]).is_err(), "cut at {at}");
    }
    assert!(Certificate::read(&[der.as_slice(), b"\0"].concat()).is_err(), "more behind it");
}

#[cfg(not(target_arch = "wasm32"))]
proptest::proptest! {
    #[test]
    fn reading_any_header_ends_in_an_answer(text in r#"(Cert=|By=)?("|-----BEGIN CERTIFICATE-----|:)?[A-Za-z0-9+/=%;," ]{0,80}(-----END CERTIFICATE-----|"|:)?"#) {
        if let Ok(der) = read_passed(text.as_bytes()) {
            let _ = Certificate::read(&der);
        }
    }

    #[test]
    fn reading_any_bytes_ends_in_an_answer(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
        let _ = Certificate::read(&bytes);
    }
}
