//! A definition, JSON or YAML, compiles or is refused: never a panic, and no error without a place.
#![no_main]

use std::collections::HashMap;

use libfuzzer_sys::fuzz_target;
use portcullis_compiler::{Endpoint, Options, compile};
use portcullis_openapi::Severity;

fuzz_target!(|text: &str| {
    let name = if text.starts_with('{') { "definition.json" } else { "definition.yaml" };
    let files = HashMap::from([(name.to_owned(), text.as_bytes().to_vec())]);
    let options = Options { endpoint: Endpoint::parse("mock").ok(), ..Options::default() };
    let compilation = compile(&files, name, options);
    let errors: Vec<_> = compilation
        .parts
        .iter()
        .flat_map(|part| &part.diagnostics)
        .filter(|diagnostic| diagnostic.severity == Severity::Error)
        .collect();
    assert_eq!(errors.is_empty(), compilation.compiled.is_some(), "{errors:?}");
    assert!(errors.iter().all(|error| error.place.is_some()), "{errors:?}");
});
