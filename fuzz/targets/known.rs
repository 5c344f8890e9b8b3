//! Files of users and keys are read or refused: never a panic, and no error without a place.
//! Input: the first byte says which file it is, the rest is the file.
#![no_main]

use std::collections::HashMap;

use libfuzzer_sys::fuzz_target;
use portcullis_compiler::{Options, compile};
use portcullis_openapi::Severity;

const API: &str = "openapi: 3.0.3\ninfo: { title: A, version: '1' }\npaths: {}\n";

fuzz_target!(|input: &[u8]| {
    let Some((kind, file)) = input.split_first() else { return };
    let list = ["htpasswdFiles", "userFiles", "apiKeyFiles"][usize::from(*kind) % 3];
    let gateway =
        format!("apis: [{{ definition: api.yaml, endpoint: mock }}]\nidentity: {{ {list}: [file] }}\n");
    let files = HashMap::from([
        ("gateway.yaml".to_owned(), gateway.into_bytes()),
        ("api.yaml".to_owned(), API.as_bytes().to_vec()),
        ("file".to_owned(), file.to_vec()),
    ]);
    let compilation = compile(&files, "gateway.yaml", Options::default());
    let errors: Vec<_> = compilation
        .parts
        .iter()
        .flat_map(|part| &part.diagnostics)
        .filter(|diagnostic| diagnostic.severity == Severity::Error)
        .collect();
    assert_eq!(errors.is_empty(), compilation.compiled.is_some(), "{errors:?}");
    assert!(errors.iter().all(|error| error.place.is_some()), "{errors:?}");
});
