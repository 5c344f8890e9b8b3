//! A value tree of JSON or YAML in which every node and key knows its place and numbers keep their text.
//! Knows nothing of OpenAPI.

mod deserialize;
mod json;
mod offsets;
mod scalar;
mod write;
mod yaml;

pub use deserialize::InvalidNode;

use crate::source::{FileId, Place};

/// How deep arrays and objects may nest.
pub const MAX_DEPTH: usize = 256;

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    place: Place,
    value: Value,
}

/// The six kinds of JSON value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number in JSON's syntax, exactly as written.
    Number(Box<str>),
    /// A string, escapes resolved.
    String(Box<str>),
    /// A list.
    Array(Box<[Node]>),
    /// A mapping in document order, keys unique.
    Object(Box<Object>),
}

/// An object's members in document order, found by key in logarithmic time.
#[derive(Debug, Clone, PartialEq)]
pub struct Object {
    members: Box<[Member]>,
    /// Positions in `members`, ordered by key; empty for small objects.
    by_key: Box<[u32]>,
}

/// One key and its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    /// The key.
    pub key: Box<str>,
    /// Where the key stands.
    pub key_place: Place,
    /// The value.
    pub node: Node,
}

/// Text that is not a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SyntaxError {
    pub(crate) code: &'static str,
    pub(crate) message: String,
    pub(crate) place: Place,
}

/// Reads a file: JSON or YAML by the name's ending, by the first character where the ending says nothing.
pub(crate) fn parse(file: FileId, name: &str, text: &str) -> Result<Node, SyntaxError> {
    let lower = name.to_ascii_lowercase();
    let is_yaml = lower.ends_with(".yaml") || lower.ends_with(".yml");
    let looks_like_json = text.trim_start().starts_with(['{', '[']);
    if lower.ends_with(".json") || (!is_yaml && looks_like_json) {
        json::parse(file, text)
    } else {
        yaml::parse(file, text)
    }
}

impl Node {
    pub(crate) fn new(place: Place, value: Value) -> Self {
        Self { place, value }
    }

    /// Where it stands.
    #[must_use]
    pub fn place(&self) -> Place {
        self.place
    }

    /// What it is.
    #[must_use]
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// The member with this key, when this is an object that has it.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.as_object()?.get(key).map(|member| &member.node)
    }

    /// The string, when it is one.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        if let Value::String(text) = &self.value { Some(text) } else { None }
    }

    /// The boolean, when it is one.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        if let Value::Bool(value) = self.value { Some(value) } else { None }
    }

    /// The number's text, when it is one.
    #[must_use]
    pub fn as_number(&self) -> Option<&str> {
        if let Value::Number(text) = &self.value { Some(text) } else { None }
    }

    /// The items, when it is an array.
    #[must_use]
    pub fn as_array(&self) -> Option<&[Node]> {
        if let Value::Array(items) = &self.value { Some(items) } else { None }
    }

    /// The object, when it is one.
    #[must_use]
    pub fn as_object(&self) -> Option<&Object> {
        if let Value::Object(object) = &self.value { Some(object) } else { None }
    }

    /// What it is, in the author's words: "a string", "an object".
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self.value {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Number(_) => "a number",
            Value::String(_) => "a string",
            Value::Array(_) => "an array",
            Value::Object(_) => "an object",
        }
    }
}

/// Up to this many members a scan is as fast as a search.
const SCANNED: usize = 8;

impl Object {
    /// Orders the members; a key that occurs twice is given back as an error.
    pub(crate) fn new(members: Vec<Member>) -> Result<Self, Member> {
        let mut by_key: Vec<u32> = (0..crate::source::saturating(members.len())).collect();
        let key_at = |at: &u32| members.get(*at as usize).map(|member| &*member.key);
        by_key.sort_by(|left, right| key_at(left).cmp(&key_at(right)));
        let twice = by_key.windows(2).find_map(|pair| match pair {
            [first, second] if key_at(first) == key_at(second) => members.get(*second as usize),
            _ => None,
        });
        if let Some(member) = twice {
            return Err(member.clone());
        }
        if members.len() <= SCANNED {
            by_key.clear();
        }
        Ok(Self { members: members.into(), by_key: by_key.into() })
    }

    /// The members in document order.
    #[must_use]
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// The member with this key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Member> {
        if self.by_key.is_empty() {
            return self.members.iter().find(|member| &*member.key == key);
        }
        let key_at = |at: &u32| self.members.get(*at as usize).map_or("", |member| &*member.key);
        let found = self.by_key.binary_search_by(|at| key_at(at).cmp(key)).ok()?;
        self.members.get(*self.by_key.get(found)? as usize)
    }
}
