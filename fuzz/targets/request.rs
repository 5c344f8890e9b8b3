//! Any head is either refused or gives a request whose parts are parts of what was sent.
//! Input: method, target, host and further values of one header, a line each.
#![no_main]

use libfuzzer_sys::fuzz_target;
use portcullis_core::{Headers, Request};

fuzz_target!(|input: &[u8]| {
    let names = [":method", ":path", ":authority"].into_iter().chain(std::iter::repeat("x-value"));
    let lines = input.split(|byte| *byte == b'\n').take(64);
    let Ok(request) = Request::new(Headers::from_pairs(names.zip(lines))) else { return };
    if let Some(query) = request.query() {
        assert!(request.target().ends_with(query));
        for pair in request.query_pairs() {
            assert!(query.contains(pair.name));
            let _ = portcullis_core::decode_form(pair.name);
        }
    }
    assert!(!request.host().bytes().any(|byte| byte.is_ascii_uppercase()), "{}", request.host());
    assert!(request.headers().iter().count() <= 64);
});
