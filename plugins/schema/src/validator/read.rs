//! Keywords that hold no schema, read from their JSON.

use portcullis_config::schema::DialectConfig;

use super::build::{Object, escaped};
use super::keyword::{Bound, Keyword, Names, Types};
use super::pattern::Pattern;
use super::{Refused, number};
use crate::value::Value;

/// Reads a keyword without schemas; `None` when it asserts nothing.
pub(super) fn plain(object: &Object<'_, '_>, name: &str) -> Result<Option<Keyword>, Refused> {
    let is_latest = object.dialect == DialectConfig::Draft202012;
    Ok(Some(match name {
        "type" => Keyword::Types(types(object)?),
        "enum" => Keyword::Enum(match object.value(name)? {
            Value::Array(values) => values.iter().cloned().map(Value::into_owned).collect(),
            _ => return Err(object.refused(name, "is not a list")),
        }),
        "const" if is_latest => Keyword::Const(object.value(name)?.clone().into_owned()),
        "minimum" | "maximum" => Keyword::Bound(bound(object, name)?),
        "exclusiveMinimum" | "exclusiveMaximum" if is_latest => Keyword::Bound(bound(object, name)?),
        "multipleOf" => Keyword::MultipleOf(multiple_of(object)?),
        "minLength" => Keyword::MinLength(object.count(name)?),
        "maxLength" => Keyword::MaxLength(object.count(name)?),
        "pattern" => {
            let text = object.text(name)?;
            let pattern = Pattern::compile(text);
            Keyword::Pattern(
                pattern.ok_or_else(|| object.refused(name, format!("'{text}' is not a pattern")))?,
            )
        }
        "minItems" => Keyword::MinItems(object.count(name)?),
        "maxItems" => Keyword::MaxItems(object.count(name)?),
        "uniqueItems" => match object.value(name)? {
            Value::Bool(true) => Keyword::UniqueItems,
            Value::Bool(false) => return Ok(None),
            _ => return Err(object.refused(name, "is not true or false")),
        },
        "minProperties" => Keyword::MinProperties(object.count(name)?),
        "maxProperties" => Keyword::MaxProperties(object.count(name)?),
        "required" => Keyword::Required(Names::new(names(object, name, object.value(name)?)?)),
        "dependentRequired" if is_latest => Keyword::DependentRequired(names_by_name(object, name)?),
        _ => return Ok(None),
    }))
}

fn types(object: &Object<'_, '_>) -> Result<Types, Refused> {
    let list = match object.value("type")? {
        Value::Array(list) => list.as_slice(),
        single => std::slice::from_ref(single),
    };
    let mut types = Types::default();
    for name in list {
        types.0 |= match (name.as_str().unwrap_or_default(), object.dialect) {
            ("null", _) => Types::NULL,
            ("boolean", _) => Types::BOOLEAN,
            ("integer", DialectConfig::Draft4) => Types::WRITTEN_INTEGER,
            ("integer", DialectConfig::Draft202012) => Types::INTEGER,
            ("number", _) => Types::NUMBER,
            ("string", _) => Types::STRING,
            ("array", _) => Types::ARRAY,
            ("object", _) => Types::OBJECT,
            _ => return Err(object.refused("type", "names a type that JSON does not have")),
        };
    }
    Ok(types)
}

/// In draft 4 a bound is exclusive where a second keyword says so.
fn bound(object: &Object<'_, '_>, name: &str) -> Result<Bound, Refused> {
    let is_lower = name.ends_with("inimum");
    let is_exclusive = match object.dialect {
        DialectConfig::Draft202012 => name.starts_with("exclusive"),
        DialectConfig::Draft4 => {
            let keyword = if is_lower { "exclusiveMinimum" } else { "exclusiveMaximum" };
            match object.members.get(keyword) {
                None => false,
                Some(Value::Bool(exclusive)) => *exclusive,
                Some(_) => return Err(object.refused(keyword, "is not true or false")),
            }
        }
    };
    let limit = object.number(name)?.to_owned();
    Ok(Bound { whole: limit.parse().ok(), limit, is_lower, is_exclusive })
}

fn multiple_of(object: &Object<'_, '_>) -> Result<String, Refused> {
    let number = object.number("multipleOf")?;
    if number::compare(number, "0").is_le() {
        return Err(object.refused("multipleOf", "is not more than 0"));
    }
    Ok(number.to_owned())
}

fn names(object: &Object<'_, '_>, keyword: &str, list: &Value<'_>) -> Result<Vec<String>, Refused> {
    let names = list.as_array().and_then(|list| {
        list.iter().map(|name| name.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>()
    });
    names.ok_or_else(|| object.refused(keyword, "is not a list of names"))
}

/// Lists of names, by name.
pub(super) fn names_by_name(object: &Object<'_, '_>, keyword: &str) -> Result<Vec<(String, Names)>, Refused> {
    let Value::Object(map) = object.value(keyword)? else {
        return Err(object.refused(keyword, "is not a map of lists"));
    };
    map.iter().map(|(name, list)| Ok((name.to_owned(), Names::new(names(object, keyword, list)?)))).collect()
}

impl<'s> Object<'_, 's> {
    pub(super) fn value(&self, name: &str) -> Result<&'s Value<'s>, Refused> {
        self.members.get(name).ok_or_else(|| self.refused(name, "is missing"))
    }

    pub(super) fn text(&self, name: &str) -> Result<&'s str, Refused> {
        self.value(name)?.as_str().ok_or_else(|| self.refused(name, "is not a text"))
    }

    fn number(&self, name: &str) -> Result<&'s str, Refused> {
        match self.value(name)? {
            Value::Number(number) => Ok(number),
            _ => Err(self.refused(name, "is not a number")),
        }
    }

    /// A whole number that is not negative; one that nothing could reach is as good as the largest.
    fn count(&self, name: &str) -> Result<u64, Refused> {
        let text = self.number(name)?;
        if !number::is_whole(text) || number::compare(text, "0").is_lt() {
            return Err(self.refused(name, "is not a whole number of at least 0"));
        }
        if let Ok(count) = text.parse() {
            return Ok(count);
        }
        // Written with a fraction or an exponent, or too large.
        let float: f64 = text.parse().unwrap_or(f64::MAX);
        Ok(float as u64)
    }

    pub(super) fn optional_count(&self, name: &str) -> Result<Option<u64>, Refused> {
        self.members.contains(name).then(|| self.count(name)).transpose()
    }

    /// The pointer of a keyword.
    pub(super) fn place(&self, name: &str) -> String {
        format!("{}/{}", self.pointer, escaped(name))
    }

    pub(super) fn refused(&self, name: &str, message: impl Into<String>) -> Refused {
        Refused { pointer: self.place(name), message: message.into() }
    }
}
