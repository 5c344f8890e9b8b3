//! Credentials are read or refused, and nothing is read that was not sent.
//! Input: values of `Authorization` (first line) and `Cookie` (the rest), a line each.
#![no_main]

use libfuzzer_sys::fuzz_target;
use portcullis_auth::{Authorization, cookies, parse_token, read_authorization, read_basic};
use portcullis_core::Headers;

fuzz_target!(|input: &[u8]| {
    let names = std::iter::once("authorization").chain(std::iter::repeat("cookie"));
    let headers = Headers::from_pairs(names.zip(input.split(|byte| *byte == b'\n').take(32)));
    match read_authorization(&headers, "authorization") {
        Ok(Authorization::Basic(credentials)) => {
            if let Some((name, _)) = read_basic(credentials) {
                assert!(!name.contains(':'));
            }
        }
        Ok(Authorization::Bearer(text)) => {
            if let Ok(token) = parse_token(text) {
                assert_eq!(token.text, text);
                assert_eq!(text.matches('.').count(), 2);
            }
        }
        Ok(Authorization::None) | Err(_) => {}
    }
    for (name, _) in cookies(&headers) {
        assert!(!name.contains(&b';') && !name.contains(&b'='));
    }
});
