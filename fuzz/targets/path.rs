//! Every path is either refused or has one bounded canonical form without dot segments.
#![no_main]

use libfuzzer_sys::fuzz_target;
use portcullis_core::{CanonicalPath, MAX_PATH, MAX_SEGMENTS};

fuzz_target!(|raw: &[u8]| {
    let Ok(path) = CanonicalPath::new(raw) else { return };
    let text = path.as_str();
    assert!(text.starts_with('/') && text.len() <= MAX_PATH + 1 && path.len() <= MAX_SEGMENTS);
    assert!(!text.contains("//"), "{text}");
    for index in 0..path.len() {
        let decoded = path.decoded(index).unwrap();
        assert!(!matches!(&*decoded, "" | "." | ".."), "{text}");
    }
    let again = CanonicalPath::new(text.as_bytes());
    assert_eq!(again.as_ref(), Ok(&path), "{text} is no fixed point");
});
