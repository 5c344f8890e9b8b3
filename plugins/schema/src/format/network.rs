//! Names and addresses of hosts, mailboxes and resources.

use std::net::{Ipv4Addr, Ipv6Addr};

use email_address::EmailAddress;
use fluent_uri::{Iri, IriRef, Uri, UriRef};

/// RFC 1123, section 2.1.
pub(super) fn is_hostname(text: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= 253 && text.split('.').all(is_label)
}

/// The same, where two hyphens in third and fourth place must begin a name's encoded form (RFC 5891, section
/// 4.2.3.1). What is encoded is not looked at.
pub(super) fn is_internationalised_hostname(text: &str) -> bool {
    let is_plain =
        |label: &str| label.get(2..4) != Some("--") || (label.starts_with("xn--") && label.len() > 4);
    is_hostname(text) && text.split('.').all(is_plain)
}

/// RFC 5321, section 4.1.2, with a host's name or address behind the `@`.
pub(super) fn is_email(text: &str) -> bool {
    text.is_ascii() && is_internationalised_email(text)
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
