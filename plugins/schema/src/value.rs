//! JSON values that borrow from the text they were read from: most requests are judged without a copy of
//! anything in them. Numbers stay as they are written.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;

/// A JSON value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value<'t> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, as it is written.
    Number(Cow<'t, str>),
    /// A string, its escapes resolved.
    String(Cow<'t, str>),
    /// An array.
    Array(Vec<Value<'t>>),
    /// An object.
    Object(Object<'t>),
}

/// An object that is being put together.
pub type Members<'t> = BTreeMap<Cow<'t, str>, Value<'t>>;

/// The members of an object, sorted by name; no name stands twice.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Object<'t>(Vec<(Cow<'t, str>, Value<'t>)>);

impl<'t> Object<'t> {
    /// Sorts members; the name of one that stands twice is the error.
    pub(crate) fn new(mut members: Vec<(Cow<'t, str>, Value<'t>)>) -> Result<Self, Cow<'t, str>> {
        let is_sorted = |members: &[(Cow<'t, str>, Value<'t>)]| {
            members.windows(2).all(|pair| matches!(pair, [(one, _), (next, _)] if order(one, next).is_lt()))
        };
        if is_sorted(&members) {
            return Ok(Self(members));
        }
        members.sort_by(|(one, _), (other, _)| order(one, other));
        let twice = members.windows(2).find_map(|pair| match pair {
            [(one, _), (next, _)] if one == next => Some(one.clone()),
            _ => None,
        });
        twice.map_or(Ok(Self(members)), Err)
    }

    /// The same object with one more member, in place of one of that name.
    pub(crate) fn with(self, name: &'t str, value: Value<'t>) -> Self {
        let mut members = self.0;
        members.retain(|(known, _)| known != name);
        let at = members.partition_point(|(known, _)| **known < *name);
        members.insert(at, (name.into(), value));
        Self(members)
    }

    /// The member of a name.
    pub(crate) fn get(&self, name: &str) -> Option<&Value<'t>> {
        let at = self.0.binary_search_by(|(known, _)| order(known, name)).ok()?;
        self.0.get(at).map(|(_, value)| value)
    }

    pub(crate) fn contains(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Value<'t>)> {
        self.0.iter().map(|(name, value)| (&**name, value))
    }
}

/// The order of names. Most differ in their first byte, and a call to compare the rest costs more than that.
fn order(one: &str, other: &str) -> Ordering {
    let first = |name: &str| name.as_bytes().first().copied();
    first(one).cmp(&first(other)).then_with(|| one.cmp(other))
}

impl<'t> From<Members<'t>> for Value<'t> {
    fn from(members: Members<'t>) -> Self {
        Self::Object(Object(members.into_iter().collect()))
    }
}

impl<'t> Value<'t> {
    /// The same value, which borrows nothing.
    pub(crate) fn into_owned(self) -> Value<'static> {
        let owned = |text: Cow<'t, str>| Cow::Owned(text.into_owned());
        match self {
            Self::Null => Value::Null,
            Self::Bool(bool) => Value::Bool(bool),
            Self::Number(text) => Value::Number(owned(text)),
            Self::String(text) => Value::String(owned(text)),
            Self::Array(items) => Value::Array(items.into_iter().map(Value::into_owned).collect()),
            Self::Object(Object(members)) => {
                let member = |(name, value): (Cow<'t, str>, Self)| (owned(name), value.into_owned());
                Value::Object(Object(members.into_iter().map(member).collect()))
            }
        }
    }

    pub(crate) fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn as_array(&self) -> Option<&[Self]> {
        match self {
            Self::Array(items) => Some(items),
            _ => None,
        }
    }

    /// The value that a JSON pointer (RFC 6901) leads to.
    pub(crate) fn pointer(&self, pointer: &str) -> Option<&Self> {
        if pointer.is_empty() {
            return Some(self);
        }
        pointer.strip_prefix('/')?.split('/').try_fold(self, |value, step| {
            let step = step.replace("~1", "/").replace("~0", "~");
            match value {
                Self::Object(members) => members.get(&step),
                Self::Array(items) => items.get(step.parse::<usize>().ok()?),
                _ => None,
            }
        })
    }
}

impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(bool) => write!(f, "{bool}"),
            Self::Number(text) => f.write_str(text),
            Self::String(text) => write_text(f, text),
            Self::Array(items) => {
                for (at, item) in items.iter().enumerate() {
                    write!(f, "{}{item}", if at == 0 { "[" } else { "," })?;
                }
                f.write_str(if items.is_empty() { "[]" } else { "]" })
            }
            Self::Object(members) => {
                f.write_str("{")?;
                for (at, (name, value)) in members.iter().enumerate() {
                    f.write_str(if at == 0 { "" } else { "," })?;
                    write_text(f, name)?;
                    write!(f, ":{value}")?;
                }
                f.write_str("}")
            }
        }
    }
}

fn write_text(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    f.write_str(&serde_json::to_string(text).map_err(|_| fmt::Error)?)
}

#[cfg(test)]
impl From<Value<'_>> for serde_json::Value {
    fn from(value: Value<'_>) -> Self {
        serde_json::from_str(&value.to_string()).unwrap()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn pointers_lead_to_values() {
        let text = br#"{"b":[0,{"a/b":1,"c~d":2}],"a":"x\n\"y"}"#;
        let value = crate::json::read(text, crate::json::Limits::MESSAGE).unwrap();
        assert_eq!(value.to_string(), r#"{"a":"x\n\"y","b":[0,{"a/b":1,"c~d":2}]}"#);
        for (pointer, expected) in [
            ("/b/1/a~1b", Some("1")),
            ("/b/1/c~0d", Some("2")),
            ("/b/0", Some("0")),
            ("/b/2", None),
            ("/c", None),
            ("a", None),
        ] {
            assert_eq!(value.pointer(pointer).map(Value::to_string).as_deref(), expected, "{pointer}");
        }
        assert_eq!(value.pointer("").unwrap(), &value.clone().into_owned());
    }
}
