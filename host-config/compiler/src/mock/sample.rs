//! A value to be shown, in document order, and its text in each kind of body.

use std::fmt::Write;

use portcullis_openapi::{Node, tree::Value};

/// A JSON value; numbers as they were written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Sample {
    /// `null`, `true`, `false`, or a number.
    Literal(String),
    /// Text.
    Text(String),
    /// A list.
    List(Vec<Sample>),
    /// Members in order.
    Object(Vec<(String, Sample)>),
}

impl Sample {
    /// A value of the document.
    pub(super) fn of_node(node: &Node) -> Self {
        match node.value() {
            Value::Null | Value::Bool(_) | Value::Number(_) => Self::Literal(node.to_json()),
            Value::String(text) => Self::Text(text.to_string()),
            Value::Array(items) => Self::List(items.iter().map(Self::of_node).collect()),
            Value::Object(object) => {
                let members = object.members().iter();
                Self::Object(members.map(|one| (one.key.to_string(), Self::of_node(&one.node))).collect())
            }
        }
    }

    /// Compact JSON.
    pub(super) fn to_json(&self) -> String {
        let mut out = String::new();
        self.write_json(&mut out);
        out
    }

    /// The string itself; anything else as JSON.
    pub(super) fn to_text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            other => other.to_json(),
        }
    }

    /// Style `simple` without `explode`: `a`, `1,2`, `name,value`.
    pub(super) fn to_simple(&self) -> String {
        match self {
            Self::List(items) => items.iter().map(Self::to_text).collect::<Vec<_>>().join(","),
            Self::Object(members) => {
                let pairs = members.iter().map(|(name, value)| format!("{name},{}", value.to_text()));
                pairs.collect::<Vec<_>>().join(",")
            }
            other => other.to_text(),
        }
    }

    /// An element of this name, with an element for each member and one for each item.
    pub(super) fn to_xml(&self, root: &str) -> String {
        let mut out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>".to_owned();
        match self {
            Self::List(items) => {
                let root = element_name(root);
                let _ = write!(out, "<{root}>");
                items.iter().for_each(|item| item.write_xml("item", &mut out));
                let _ = write!(out, "</{root}>");
            }
            other => other.write_xml(root, &mut out),
        }
        out
    }

    fn write_json(&self, out: &mut String) {
        match self {
            Self::Literal(text) => out.push_str(text),
            Self::Text(text) => out.push_str(&json_string(text)),
            Self::List(items) => {
                out.push('[');
                for (at, item) in items.iter().enumerate() {
                    out.push_str(if at == 0 { "" } else { "," });
                    item.write_json(out);
                }
                out.push(']');
            }
            Self::Object(members) => {
                out.push('{');
                for (at, (name, value)) in members.iter().enumerate() {
                    out.push_str(if at == 0 { "" } else { "," });
                    out.push_str(&json_string(name));
                    out.push(':');
                    value.write_json(out);
                }
                out.push('}');
            }
        }
    }

    // Writing to a string cannot fail.
    fn write_xml(&self, name: &str, out: &mut String) {
        if let Self::List(items) = self {
            return items.iter().for_each(|item| item.write_xml(name, out));
        }
        let name = element_name(name);
        let _ = write!(out, "<{name}>");
        match self {
            Self::Object(members) => members.iter().for_each(|(name, value)| value.write_xml(name, out)),
            Self::Literal(text) if text == "null" => {}
            other => out.push_str(&escaped(&other.to_text())),
        }
        let _ = write!(out, "</{name}>");
    }
}

fn json_string(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// XML 1.0, 2.4; characters that XML does not have become spaces.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\t' | '\n' | '\r' => out.push(character),
            '\u{fffe}' | '\u{ffff}' => out.push(' '),
            character if character < ' ' => out.push(' '),
            character => out.push(character),
        }
    }
    out
}

/// A name that an element can have (XML 1.0, 2.3), close to the one asked for.
fn element_name(name: &str) -> String {
    let is_name = |one: char| one.is_alphanumeric() || matches!(one, '_' | '-' | '.');
    let kept: String = name.chars().map(|one| if is_name(one) { one } else { '_' }).collect();
    let starts_well = kept.starts_with(|one: char| one.is_alphabetic() || one == '_');
    if starts_well { kept } else { format!("_{kept}") }
}
