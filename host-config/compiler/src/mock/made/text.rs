//! Strings of a format and a length.

use super::{Facts, Sample};

/// Longest string that `minLength` can ask for.
const MAX_CHARACTERS: usize = 4096;

/// A string of the schema's format, padded and cut to its length. A `pattern` is not looked at.
pub(super) fn text(facts: &Facts<'_>) -> Sample {
    let format = facts.find("format").and_then(portcullis_openapi::Node::as_str).unwrap_or_default();
    let text = of_format(format);
    let least = facts.count("minLength").unwrap_or(0).min(MAX_CHARACTERS);
    let most = facts.count("maxLength").unwrap_or(usize::MAX);
    let wanted = text.len().max(least).min(most);
    Sample::Text(text.chars().chain("string".chars().cycle()).take(wanted).collect())
}

/// All ASCII. Times and identifiers are fixed: two builds of one document are the same.
fn of_format(format: &str) -> &'static str {
    match format {
        "date-time" => "2024-01-31T12:00:00Z",
        "date" => "2024-01-31",
        "time" => "12:00:00Z",
        "duration" => "P1D",
        "uuid" => "123e4567-e89b-42d3-a456-426614174000",
        "uri" | "url" | "iri" => "https://example.com/",
        "uri-reference" | "iri-reference" | "uri-template" => "/example",
        "email" | "idn-email" => "user@example.com",
        "hostname" | "idn-hostname" => "example.com",
        "ipv4" => "192.0.2.1",
        "ipv6" => "2001:db8::1",
        "byte" => "c3RyaW5n",
        "json-pointer" => "/example",
        _ => "string",
    }
}
