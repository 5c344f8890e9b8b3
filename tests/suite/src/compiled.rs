//! A case file's gateway, compiled.

use std::collections::HashMap;

use portcullis_compiler::{Compiled, Layout, Options};
use portcullis_openapi::Severity;

use crate::case::CaseFile;
use crate::token;

/// Compiles the file's gateway; panics with every problem when it does not compile.
pub fn compile(file: &CaseFile, layout: Layout) -> Compiled {
    let files = file.files.iter().map(|(name, text)| (name.clone(), text.clone().into_bytes()));
    try_compile(files, layout).unwrap_or_else(|problems| {
        let told: String = problems.iter().map(|problem| format!("\n  {problem}")).collect();
        panic!("the gateway does not compile:{told}")
    })
}

/// Compiles a gateway, or says every problem: line, code and sentence.
pub fn try_compile(
    own: impl IntoIterator<Item = (String, Vec<u8>)>,
    layout: Layout,
) -> Result<Compiled, Vec<String>> {
    let mut files: HashMap<String, Vec<u8>> =
        HashMap::from([("jwks.json".to_owned(), token::jwks().into_bytes())]);
    files.extend(own);
    let entry = if files.contains_key("gateway.yaml") { "gateway.yaml" } else { "api.yaml" };
    let compilation =
        portcullis_compiler::compile(&files, entry, Options { layout: Some(layout), ..Options::default() });
    let mut problems = Vec::new();
    for part in &compilation.parts {
        for one in part.diagnostics.iter().filter(|one| one.severity == Severity::Error) {
            let line = one.place.map_or(0, |place| part.documents.position(place).line);
            problems.push(format!("line {line}: {}: {}", one.code, one.message));
        }
    }
    compilation.compiled.ok_or(problems)
}
