//! JSON objects of untrusted origin, in which no name may stand twice: two readers of one token must never
//! see two different values (RFC 7519, section 4).

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// The members of an object whose names are all different, and so are those of every object within.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct UniqueMembers(BTreeMap<String, Value>);

impl UniqueMembers {
    /// The member of a name.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// The member of a name or, if there is none, what a path of names with dots between them leads to.
    pub(crate) fn find(&self, path: &str) -> Option<&Value> {
        if let Some(found) = self.get(path) {
            return Some(found);
        }
        let (first, rest) = path.split_once('.')?;
        rest.split('.').try_fold(self.get(first)?, |value, name| value.get(name))
    }

    /// Gives a name another value, or takes it away.
    pub(crate) fn set(&mut self, name: &str, value: Option<Value>) {
        match value {
            Some(value) => drop(self.0.insert(name.to_owned(), value)),
            None => drop(self.0.remove(name)),
        }
    }

    /// All members, by name.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// The text of a member that is a string.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(Value::as_str)
    }
}

impl<'de> Deserialize<'de> for UniqueMembers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Members)
    }
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = UniqueMembers;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<UniqueMembers, A::Error> {
        let mut members = BTreeMap::new();
        while let Some(name) = map.next_key::<String>()? {
            if members.insert(name, map.next_value::<Unique>()?.0).is_some() {
                return Err(A::Error::custom(TWICE));
            }
        }
        Ok(UniqueMembers(members))
    }
}

const TWICE: &str = "a name stands twice";

/// How serde_json hands over a number that is no integer when it keeps all digits, as it does in the module of all policies:
/// as an object with this one name. Whoever writes that object means a number to serde_json, and to us.
const NUMBER: &str = "$serde_json::private::Number";

/// Any value in which no object has a name twice. How deep it may be, the reader bounds.
struct Unique(Value);

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(UniqueVisitor)
    }
}

struct UniqueVisitor;

impl<'de> Visitor<'de> for UniqueVisitor {
    type Value = Unique;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Unique, E> {
        Ok(Unique(Value::Null))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Unique, E> {
        Ok(Unique(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Unique, E> {
        Ok(Unique(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Unique, E> {
        Ok(Unique(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Unique, E> {
        Ok(Unique(Number::from_f64(value).map_or(Value::Null, Value::Number)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Unique, E> {
        Ok(Unique(value.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Unique, A::Error> {
        let mut read = Vec::new();
        while let Some(Unique(item)) = items.next_element()? {
            read.push(item);
        }
        Ok(Unique(Value::Array(read)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Unique, A::Error> {
        let mut members = Map::new();
        while let Some(name) = map.next_key::<String>()? {
            if name == NUMBER && members.is_empty() {
                let number: Number = map.next_value::<String>()?.parse().map_err(A::Error::custom)?;
                return Ok(Unique(Value::Number(number)));
            }
            if members.insert(name, map.next_value::<Unique>()?.0).is_some() {
                return Err(A::Error::custom(TWICE));
            }
        }
        Ok(Unique(Value::Object(members)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn a_repeated_name_is_refused_however_it_is_written() {
        let cases = [
            (r#"{"a":1,"b":2}"#, true),
            (r#"{"a":{"a":1}}"#, true),
            (r#"{"a":{"b":1,"b":2}}"#, false),
            (r#"{"a":[[{"b":{"c":1},"c":1}]]}"#, true),
            (r#"{"a":[[{"b":{"c":1,"c":1}}]]}"#, false),
            (r#"{"a":[[{"b":1,"\u0062":1}]]}"#, false),
            (r#"{"a":1,"a":1}"#, false),
            (r#"{"a":1,"\u0061":2}"#, false),
            ("[]", false),
            (r#"{"a":1} "#, true),
            (r#"{"a":1}x"#, false),
        ];
        for (text, expected) in cases {
            assert_eq!(serde_json::from_str::<UniqueMembers>(text).is_ok(), expected, "{text}");
        }
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn values_of_every_kind_are_what_they_are() {
        let text = r#"{"a":[null,true,-1,18446744073709551615,1.5,1e300,"\u00e9\n",[],{"b":{}}]}"#;
        let expected: Value = serde_json::from_str(text).unwrap();
        let members: UniqueMembers = serde_json::from_str(text).unwrap();
        assert_eq!(members.get("a"), expected.get("a"));
        for (text, expected) in [(r#""1.5""#, Some(1.5)), (r#""one""#, None), ("1.5", None), ("{}", None)] {
            let text = format!(r#"{{"a":{{"{NUMBER}":{text}}}}}"#);
            let read = serde_json::from_str::<UniqueMembers>(&text).ok();
            assert_eq!(read.and_then(|read| read.get("a")?.as_f64()), expected, "{text}");
        }
    }
}
