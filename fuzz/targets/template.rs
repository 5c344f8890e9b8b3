//! A path template is refused or captures one value, found in the path, per parameter.
//! Input: the template and the path, a line each.
#![no_main]

use libfuzzer_sys::fuzz_target;
use portcullis_core::{CanonicalPath, PathTemplate};

fuzz_target!(|input: &str| {
    let (template, path) = input.split_once('\n').unwrap_or((input, "/"));
    let Ok(template) = PathTemplate::parse(template) else { return };
    assert!(template.shape().is_empty() || template.shape().starts_with('/'));
    let Ok(path) = CanonicalPath::new(path.as_bytes()) else { return };
    let Some(captures) = template.capture(&path, 0) else { return };
    let names: Vec<&str> = captures.iter().map(|(name, _)| *name).collect();
    assert!(names.iter().eq(template.parameters().collect::<Vec<_>>().iter()));
    for (name, value) in &captures {
        assert!(!value.is_empty() && path.as_str().contains(value), "{name}={value}");
    }
});
