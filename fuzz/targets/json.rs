//! Texts of JSON: no text makes the reader panic, and what it takes is JSON to serde_json too.
//! Input: the body.
#![no_main]

use libfuzzer_sys::fuzz_target;
use portcullis_fuzz::check;
use portcullis_schema::json;

fuzz_target!(|body: &[u8]| {
    let read = json::read(body, json::Limits::MESSAGE);
    if read.is_ok() {
        let _: serde_json::Value = serde_json::from_slice(body).expect("what is taken is JSON");
    }
    check(read);
});
