use super::*;

type Lines<'l> = &'l [&'l [u8]];
type Expected<'e> = Option<&'e str>;

fn hops(number: u8) -> Trust {
    Trust::Hops(NonZeroU8::new(number).unwrap())
}

fn ranges(texts: &[&str]) -> Trust {
    Trust::Ranges(texts.iter().map(|text| AddressRange::parse(text).unwrap()).collect())
}

fn found(trust: Trust, header: ForwardingHeader, peer: &str, lines: Lines<'_>) -> Option<String> {
    let name = match header {
        ForwardingHeader::XForwardedFor { .. } => "x-forwarded-for",
        ForwardingHeader::Forwarded => "forwarded",
    };
    let headers = Headers::from_pairs(lines.iter().map(|line| (name, *line)));
    let client = ClientAddress::new(trust, header).unwrap();
    client.of(peer.parse().ok(), &headers).map(|address| address.to_string())
}

const PLAIN: ForwardingHeader = ForwardingHeader::XForwardedFor { host_appends: false };

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn the_client_is_the_first_from_the_right_that_is_no_trusted_proxy() {
    let inner = || ranges(&["10.0.0.0/8", "2001:db8:a::/48"]);
    let cases: [(&str, &str, Lines<'_>, Expected<'_>); 25] = [
        ("one proxy", "10.0.0.1", &[b"192.0.2.7"], Some("192.0.2.7")),
        ("two proxies", "10.0.0.1", &[b"192.0.2.7, 10.9.9.9"], Some("192.0.2.7")),
        ("one that is not trusted", "10.0.0.1", &[b"192.0.2.7, 198.51.100.1"], Some("198.51.100.1")),
        ("what the client wrote", "10.0.0.1", &[b"10.0.0.9, 192.0.2.7"], Some("192.0.2.7")),
        ("nonsense that the client wrote", "10.0.0.1", &[b"\xff, x,, 192.0.2.7"], Some("192.0.2.7")),
        ("several lines", "10.0.0.1", &[b"203.0.113.5", b"192.0.2.7", b"10.0.0.2"], Some("192.0.2.7")),
        ("the peer is not trusted", "192.0.2.9", &[b"10.0.0.1"], Some("192.0.2.9")),
        ("the peer is not trusted, and writes nonsense", "192.0.2.9", &[b"x"], Some("192.0.2.9")),
        ("nothing is written", "10.0.0.1", &[], Some("10.0.0.1")),
        ("nothing is in it", "10.0.0.1", &[b"", b" , "], Some("10.0.0.1")),
        ("all are trusted", "10.0.0.1", &[b"10.0.0.3, 10.0.0.2"], Some("10.0.0.3")),
        ("no peer", "", &[b"192.0.2.7"], None),
        ("a name", "10.0.0.1", &[b"192.0.2.7, proxy"], None),
        ("unknown", "10.0.0.1", &[b"unknown"], None),
        ("no text", "10.0.0.1", &[b"192.0.2.7, \xff"], None),
        ("octal", "10.0.0.1", &[b"0300.0.2.7"], None),
        ("a port", "10.0.0.1", &[b"192.0.2.7:4711"], Some("192.0.2.7")),
        ("no port", "10.0.0.1", &[b"192.0.2.7:"], None),
        ("no such port", "10.0.0.1", &[b"192.0.2.7:65536"], None),
        ("IPv6", "10.0.0.1", &[b"2001:db8:b::1"], Some("2001:db8:b::1")),
        ("in brackets", "10.0.0.1", &[b"[2001:db8:b::1]"], Some("2001:db8:b::1")),
        ("with a port", "2001:db8:a::1", &[b"[2001:db8:b::1]:443"], Some("2001:db8:b::1")),
        ("with a zone", "10.0.0.1", &[b"fe80::1%eth0"], None),
        ("with a zone in brackets", "10.0.0.1", &[b"[fe80::1%1]:80"], None),
        ("IPv4 as IPv6", "::ffff:10.0.0.1", &[b"::ffff:192.0.2.7"], Some("192.0.2.7")),
    ];
    for (name, peer, lines, expected) in cases {
        assert_eq!(found(inner(), PLAIN, peer, lines).as_deref(), expected, "{name}");
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn so_many_hops_are_exactly_so_many_entries() {
    let cases: [(&str, u8, Lines<'_>, Expected<'_>); 9] = [
        ("one", 1, &[b"192.0.2.7"], Some("192.0.2.7")),
        ("one, and what the client wrote", 1, &[b"203.0.113.5, 192.0.2.7"], Some("192.0.2.7")),
        ("two", 2, &[b"192.0.2.7, 10.0.0.2"], Some("192.0.2.7")),
        ("two in two lines", 2, &[b"203.0.113.5, 192.0.2.7", b"10.0.0.2"], Some("192.0.2.7")),
        ("too few", 2, &[b"192.0.2.7"], None),
        ("none", 1, &[], None),
        ("empty", 1, &[b","], None),
        ("an entry between that is none", 2, &[b"192.0.2.7, x"], None),
        ("the one that counts is none", 2, &[b"x, 10.0.0.2"], None),
    ];
    for (name, number, lines, expected) in cases {
        assert_eq!(found(hops(number), PLAIN, "10.0.0.1", lines).as_deref(), expected, "{name}");
    }
    assert_eq!(found(hops(1), PLAIN, "", &[b"192.0.2.7"]), None, "no peer");
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn what_the_host_appended_is_no_entry() {
    let appends = ForwardingHeader::XForwardedFor { host_appends: true };
    let cases: [(&str, Trust, Lines<'_>, Expected<'_>); 6] = [
        ("hops", hops(1), &[b"192.0.2.7,10.0.0.1"], Some("192.0.2.7")),
        ("hops, a client beside the proxy", hops(1), &[b"10.0.0.1,10.0.0.1"], Some("10.0.0.1")),
        ("too few hops", hops(1), &[b"10.0.0.1"], None),
        ("ranges", ranges(&["10.0.0.0/8"]), &[b"192.0.2.7, 10.0.0.1"], Some("192.0.2.7")),
        ("the host did not", ranges(&["10.0.0.0/8"]), &[b"192.0.2.7"], None),
        ("nothing at all", ranges(&["10.0.0.0/8"]), &[], None),
    ];
    for (name, trust, lines, expected) in cases {
        assert_eq!(found(trust, appends, "10.0.0.1", lines).as_deref(), expected, "{name}");
    }
    let beside = |lines: Lines<'_>| found(ranges(&["127.0.0.0/8", "::1"]), appends, "127.0.0.1", lines);
    assert_eq!(beside(&[b"192.0.2.7,198.51.100.1"]).as_deref(), Some("192.0.2.7"), "a proxy beside Envoy");
    assert_eq!(beside(&[b"198.51.100.1"]).as_deref(), Some("127.0.0.1"), "which names nobody");
    assert_eq!(beside(&[b"192.0.2.7,x"]), None, "what no host appends");
    assert_eq!(beside(&[]), None);
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn forwarded_is_read_as_rfc_7239_has_it() {
    let cases: [(&str, Lines<'_>, Expected<'_>); 16] = [
        ("an address", &[b"for=192.0.2.7"], Some("192.0.2.7")),
        ("among others", &[b"proto=https;FOR=192.0.2.7;by=10.0.0.1"], Some("192.0.2.7")),
        ("quoted, with a port", &[b"for=\"192.0.2.7:4711\""], Some("192.0.2.7")),
        ("IPv6", &[b"For=\"[2001:db8:cafe::17]:4711\""], Some("2001:db8:cafe::17")),
        ("two proxies", &[b"for=192.0.2.7, for=10.0.0.2;host=\"a,b;for=x\""], Some("192.0.2.7")),
        ("two lines", &[b"for=192.0.2.7", b"for=10.0.0.2"], Some("192.0.2.7")),
        ("what the client wrote", &[b"for=10.0.0.9;x=\"\\\",\", for=192.0.2.7"], Some("192.0.2.7")),
        ("nothing", &[], Some("10.0.0.1")),
        ("unknown", &[b"for=unknown"], None),
        ("a pseudonym", &[b"for=_gazonk"], None),
        ("a pseudonymous port", &[b"for=\"192.0.2.7:_port\""], None),
        ("nobody", &[b"by=10.0.0.1"], None),
        ("twice", &[b"for=192.0.2.7;for=192.0.2.8"], None),
        ("an open quote", &[b"for=\"192.0.2.7"], None),
        ("an open quote that swallows the entry", &[b"for=\"x, for=192.0.2.7"], None),
        ("no text", &[b"for=\xff"], None),
    ];
    for (name, lines, expected) in cases {
        let header = ForwardingHeader::Forwarded;
        assert_eq!(found(ranges(&["10.0.0.0/8"]), header, "10.0.0.1", lines).as_deref(), expected, "{name}");
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn nobody_has_so_many_proxies() {
    let all = |times: usize| format!("192.0.2.7{}", ", 10.0.0.2".repeat(times)).into_bytes();
    let client = |times| found(ranges(&["10.0.0.0/8"]), PLAIN, "10.0.0.1", &[&all(times)]);
    assert_eq!(client(MOST_ENTRIES - 1).as_deref(), Some("192.0.2.7"));
    assert_eq!(client(MOST_ENTRIES), None);
    assert_eq!(client(10_000), None);
    assert_eq!(ClientAddress::new(hops(65), PLAIN), Err(InvalidClientAddress::Hops(65)));
    assert_eq!(ClientAddress::new(ranges(&[]), PLAIN), Err(InvalidClientAddress::Trust));
}
