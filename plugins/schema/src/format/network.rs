//! Names and addresses of hosts, mailboxes and resources.

use std::net::{Ipv4Addr, Ipv6Addr};

use email_address::EmailAddress;
use fluent_uri::{Iri, IriRef, Uri, UriRef};

/// RFC 1123, section 2.1.
pub(super) fn is_hostname(text: &str) -> bool {
    are_labels(text, is_label)
}

/// The same, where two hyphens in third and fourth place must begin a name's encoded form (RFC 5891, section
/// 4.2.3.1). What is encoded is not looked at.
pub(super) fn is_internationalised_hostname(text: &str) -> bool {
    let is_plain =
        |label: &[u8]| label.get(2..4) != Some(b"--") || (label.starts_with(b"xn--") && label.len() > 4);
    are_labels(text, |label| is_label(label) && is_plain(label))
}

fn are_labels(text: &str, is_label: impl Fn(&[u8]) -> bool) -> bool {
    text.len() <= 253 && text.as_bytes().split(|byte| *byte == b'.').all(is_label)
}

fn is_label(label: &[u8]) -> bool {
    (1..=63).contains(&label.len())
        && label.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-')
        && label.first() != Some(&b'-')
        && label.last() != Some(&b'-')
}

/// RFC 5321, section 4.1.2, with a host's name or address behind the `@`.
pub(super) fn is_email(text: &str) -> bool {
    is_plain_email(text) || text.is_ascii() && is_internationalised_email(text)
}

/// Whether it is an email address as nearly all are: a `Dot-string`, and a host's name. The parser takes ten times as long.
fn is_plain_email(text: &str) -> bool {
    let parts = text.bytes().position(|byte| byte == b'@').and_then(|at| text.split_at_checked(at));
    let Some((mailbox, domain)) = parts else { return false };
    let is_atom = |atom: &[u8]| {
        let is_one = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(byte);
        !atom.is_empty() && atom.iter().all(is_one)
    };
    mailbox.len() <= 64
        && mailbox.as_bytes().split(|byte| *byte == b'.').all(is_atom)
        && domain.get(1..).is_some_and(is_internationalised_hostname)
}

/// RFC 6531, section 3.3: characters beyond ASCII on both sides of the `@`. Which of them a host's name may have is not looked at.
pub(super) fn is_internationalised_email(text: &str) -> bool {
    // The parser knows no empty quoted name, which is one.
    let filled = text.strip_prefix("\"\"@").map(|domain| format!("\"a\"@{domain}"));
    let Ok(address) = filled.as_deref().unwrap_or(text).parse::<EmailAddress>() else { return false };
    let domain = address.domain();
    match domain.strip_prefix('[').and_then(|literal| literal.strip_suffix(']')) {
        None if domain.is_ascii() => is_internationalised_hostname(domain),
        None => domain.split('.').all(|label| {
            !label.is_empty()
                && label.chars().all(|one| !one.is_ascii() || one.is_ascii_alphanumeric() || one == '-')
        }),
        Some(literal) => match literal.split_at_checked(5) {
            Some((tag, rest)) if tag.eq_ignore_ascii_case("IPv6:") => is_ipv6(rest),
            _ => is_ipv4(literal),
        },
    }
}

pub(super) fn is_ipv4(text: &str) -> bool {
    text.parse::<Ipv4Addr>().is_ok()
}

pub(super) fn is_ipv6(text: &str) -> bool {
    text.parse::<Ipv6Addr>().is_ok()
}

/// RFC 3986, with a scheme.
pub(super) fn is_uri(text: &str) -> bool {
    Uri::parse(text).is_ok()
}

pub(super) fn is_uri_reference(text: &str) -> bool {
    UriRef::parse(text).is_ok()
}

/// RFC 3987, with a scheme.
pub(super) fn is_iri(text: &str) -> bool {
    Iri::parse(text).is_ok()
}

pub(super) fn is_iri_reference(text: &str) -> bool {
    IriRef::parse(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn what_passes_for_a_plain_address_is_one() {
        let long = [
            "a".repeat(64),
            "a".repeat(65),
            format!("{}b", "a.".repeat(126)),
            format!("{}b", "a.".repeat(127)),
        ];
        let mailboxes = [
            "a",
            "a.b",
            "a+b",
            "!#$%&'*+-/=?^_`{|}~",
            ".a",
            "a.",
            "a..b",
            "a b",
            "\"a\"",
            "é",
            "",
            "a@b",
            "a,b",
            "(a)",
        ];
        let domains = [
            "a",
            "a.b",
            "A-1.example",
            "",
            "-a",
            "a-",
            "a_b",
            "a..b",
            "[127.0.0.1]",
            "é",
            "xn--a",
            "ab--c",
            "1.2.3.4",
        ];
        let long = long.iter().map(String::as_str);
        let mut plain = 0;
        for mailbox in mailboxes.into_iter().chain(long.clone()) {
            for domain in domains.into_iter().chain(long.clone()) {
                let text = format!("{mailbox}@{domain}");
                plain += usize::from(is_plain_email(&text));
                assert!(!is_plain_email(&text) || is_internationalised_email(&text), "{text}");
            }
        }
        // Five mailboxes with six hosts each.
        assert_eq!(plain, 30);
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn hosts_and_mailboxes_are_named_as_they_must_be() {
        let long = format!("{}.example", "a".repeat(64));
        let hosts = [
            ("example.com", true, true),
            ("a", true, true),
            ("", false, false),
            ("-a.b", false, false),
            ("a-.b", false, false),
            ("a..b", false, false),
            ("a.", false, false),
            ("a_b", false, false),
            (long.as_str(), false, false),
            ("xn--nxasmq6b", true, true),
            ("ab--c", true, false),
            ("xn--", false, false),
        ];
        for (text, plain, internationalised) in hosts {
            assert_eq!(is_hostname(text), plain, "{text}");
            assert_eq!(is_internationalised_hostname(text), internationalised, "{text}");
        }
        for (text, expected) in [
            ("a@example.com", true),
            ("\"\"@example.com", true),
            ("a@[127.0.0.1]", true),
            ("a@[ipv6:::1]", true),
            ("a@[1.2.3]", false),
            ("é@example.com", false),
            ("a@b_c.example", false),
            ("a", false),
        ] {
            assert_eq!(is_email(text), expected, "{text}");
        }
        for (text, expected) in [
            ("é@example.com", true),
            ("실례@실례.테스트", true),
            ("a@é_c.example", false),
            ("a@é..example", false),
            ("é", false),
        ] {
            assert_eq!(is_internationalised_email(text), expected, "{text}");
        }
    }
}
