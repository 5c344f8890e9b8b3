//! A tree as JSON text: numbers exactly as they were written, nothing between the tokens.

use std::fmt::{self, Write};

use super::{Node, Value};

impl Node {
    /// The node as compact JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        self.to_string()
    }
}

/// Writes compact JSON.
impl fmt::Display for Node {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.value() {
            Value::Null => out.write_str("null"),
            Value::Bool(value) => write!(out, "{value}"),
            Value::Number(text) => out.write_str(text),
            Value::String(text) => write_string(out, text),
            Value::Array(items) => {
                out.write_char('[')?;
                for (at, item) in items.iter().enumerate() {
                    write!(out, "{}{item}", if at == 0 { "" } else { "," })?;
                }
                out.write_char(']')
            }
            Value::Object(object) => {
                out.write_char('{')?;
                for (at, member) in object.members().iter().enumerate() {
                    out.write_str(if at == 0 { "" } else { "," })?;
                    write_string(out, &member.key)?;
                    write!(out, ":{}", member.node)?;
                }
                out.write_char('}')
            }
        }
    }
}

fn write_string(out: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    out.write_char('"')?;
    let mut rest = text;
    while let Some(at) = rest.find(|character: char| matches!(character, '"' | '\\') || character < ' ') {
        let (plain, special) = rest.split_at(at);
        out.write_str(plain)?;
        let mut characters = special.chars();
        match characters.next() {
            Some(character @ ('"' | '\\')) => write!(out, "\\{character}")?,
            Some('\u{8}') => out.write_str("\\b")?,
            Some('\u{c}') => out.write_str("\\f")?,
            Some('\n') => out.write_str("\\n")?,
            Some('\r') => out.write_str("\\r")?,
            Some('\t') => out.write_str("\\t")?,
            Some(character) => write!(out, "\\u{:04x}", u32::from(character))?,
            None => {}
        }
        rest = characters.as_str();
    }
    out.write_str(rest)?;
    out.write_char('"')
}
