use miniz_oxide::deflate::{compress_to_vec, compress_to_vec_zlib};
use portcullis_core::Headers;

use super::{Coding, Undecoded, crc32};

/// One member with these flags and what stands between its header and its body.
fn gzip(text: &[u8], flags: u8, between: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x1f, 0x8b, 8, flags, 0, 0, 0, 0, 0, 255];
    bytes.extend(between);
    bytes.extend(compress_to_vec(text, 6));
    bytes.extend(crc32(text).to_le_bytes());
    bytes.extend((text.len() as u32).to_le_bytes());
    bytes
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn the_head_says_the_coding() {
    let cases: [(&[&str], Option<Coding>); 11] = [
        (&[], Some(Coding::Identity)),
        (&[""], Some(Coding::Identity)),
        (&["identity"], Some(Coding::Identity)),
        (&["gzip"], Some(Coding::Gzip)),
        (&["X-GZIP"], Some(Coding::Gzip)),
        (&["identity, gzip"], Some(Coding::Gzip)),
        (&["deflate"], Some(Coding::Deflate)),
        (&["br"], None),
        (&["gzip, gzip"], None),
        (&["gzip", "deflate"], None),
        (&["gzip;q=1"], None),
    ];
    for (values, expected) in cases {
        let headers = Headers::from_pairs(values.iter().map(|value| ("content-encoding", value)));
        assert_eq!(Coding::of(&headers), expected, "{values:?}");
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn the_checksum_is_that_of_gzip() {
    assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    assert_eq!(crc32(b""), 0);
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn what_was_coded_comes_out_up_to_the_bound() {
    let text = b"{\"name\": \"Bella\"}".repeat(300);
    let coded = [
        (Coding::Gzip, gzip(&text, 0, b"")),
        (Coding::Gzip, gzip(&text, 8 | 16, b"name\0comment\0")),
        (Coding::Gzip, gzip(&text, 4 | 2, b"\x03\0abchh")),
        (Coding::Deflate, compress_to_vec_zlib(&text, 6)),
    ];
    for (coding, bytes) in coded {
        assert_eq!(coding.decode(&bytes, text.len()).as_ref(), Ok(&text), "{coding:?}");
        assert_eq!(coding.decode(&bytes, 1 << 20).as_ref(), Ok(&text), "{coding:?}");
        for max in [0, 1, 255, 256, 257, text.len() - 1] {
            assert_eq!(coding.decode(&bytes, max), Err(Undecoded::TooLong), "{coding:?} {max}");
        }
        for length in 0..bytes.len() {
            assert_eq!(
                coding.decode(&bytes[..length], 1 << 20),
                Err(Undecoded::Malformed),
                "{coding:?} {length}"
            );
        }
        let longer = [&bytes[..], b"x"].concat();
        assert_eq!(coding.decode(&longer, 1 << 20), Err(Undecoded::Malformed), "{coding:?}");
    }
    for coding in [Coding::Gzip, Coding::Deflate] {
        let empty = if coding == Coding::Gzip { gzip(b"", 0, b"") } else { compress_to_vec_zlib(b"", 6) };
        assert_eq!(coding.decode(&empty, 0), Ok(Vec::new()), "{coding:?}");
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn two_readers_cannot_differ() {
    let twice = [gzip(b"a", 0, b""), gzip(b"b", 0, b"")].concat();
    assert_eq!(Coding::Gzip.decode(&twice, 99), Err(Undecoded::Malformed));
    let mut wrong = gzip(b"abc", 0, b"");
    let at = wrong.len() - 8;
    wrong[at] ^= 1;
    assert_eq!(Coding::Gzip.decode(&wrong, 99), Err(Undecoded::Malformed));
    let mut reserved = gzip(b"abc", 0, b"");
    reserved[3] = 0x20;
    assert_eq!(Coding::Gzip.decode(&reserved, 99), Err(Undecoded::Malformed));
    // A bomb: a thousand times as long once it is out.
    let bomb = gzip(&vec![b' '; 4 << 20], 0, b"");
    assert!(bomb.len() < 8 << 10, "{}", bomb.len());
    assert_eq!(Coding::Gzip.decode(&bomb, 1 << 20), Err(Undecoded::TooLong));
}
