//! What the `jsonschema` crate says of a schema: it holds each against its dialect's own schema, which is more than
//! a gateway needs to do. In tests, both must judge every value alike.

use jsonschema::{Draft, PatternOptions, Validator};
use portcullis_config::schema::{DialectConfig, DocumentConfig};

use crate::schema::{InvalidSchema, assemble};
use crate::value::Value;

/// Compiles a schema as the crate does.
pub(crate) fn compile(document: &DocumentConfig, text: &str) -> Result<Validator, InvalidSchema> {
    let draft = match document.dialect {
        DialectConfig::Draft4 => Draft::Draft4,
        DialectConfig::Draft202012 => Draft::Draft202012,
    };
    // Patterns no larger than a gateway takes.
    let patterns = PatternOptions::fancy_regex().backtrack_limit(100_000).size_limit(8 << 20);
    jsonschema::options()
        .with_draft(draft)
        .offline()
        .should_validate_formats(true)
        .with_pattern_options(patterns)
        .build(&plain(&assemble(document, text)?)?)
        .map_err(|error| InvalidSchema::Refused {
            pointer: error.instance_path().as_str().to_owned(),
            message: error.to_string(),
        })
}

/// A value as the crate takes it.
fn plain(value: &Value<'_>) -> Result<serde_json::Value, InvalidSchema> {
    serde_json::from_str(&value.to_string())
        .map_err(|error| InvalidSchema::Unreadable { pointer: String::new(), message: error.to_string() })
}

#[cfg(test)]
#[path = "second_opinion_tests.rs"]
mod tests;
