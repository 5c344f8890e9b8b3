//! Compressed bodies: none makes the decoder panic or give more than it may.
//! Input: the body.
#![no_main]

use libfuzzer_sys::fuzz_target;
use portcullis_schema::coding::Coding;

/// Most bytes that come out of a compressed body.
const MAX: usize = 1 << 20;

fuzz_target!(|body: &[u8]| {
    for coding in [Coding::Gzip, Coding::Deflate] {
        if let Ok(decoded) = coding.decode(body, MAX) {
            assert!(decoded.len() <= MAX);
            assert_eq!(coding.decode(body, decoded.len()), Ok(decoded));
        }
    }
});
