//! A certificate in a header is read or refused. Input: the header's value.
#![no_main]

use libfuzzer_sys::fuzz_target;
use portcullis_auth::{read_certificate, read_passed};

fuzz_target!(|input: &[u8]| {
    if let Ok(der) = read_passed(input) {
        let _ = read_certificate(&der);
    }
    // The same parser over bytes that no base64 stands before.
    let _ = read_certificate(input);
});
