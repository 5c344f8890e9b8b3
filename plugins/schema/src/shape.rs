//! Text becomes a JSON value by the types that its schema takes. Where several fit, each is a reading.

use std::borrow::Cow;
use std::collections::btree_map::Entry;

use crate::json;
use crate::value::{Members, Value};
use portcullis_config::schema::{ShapeConfig, TypeConfig};

/// The types a shape takes, in the order in which they are tried: text when it says nothing.
pub(crate) fn types(shape: &ShapeConfig) -> &[TypeConfig] {
    if shape.types.is_empty() { &[TypeConfig::String] } else { &shape.types }
}

/// Whether arrays are among the types.
pub(crate) fn takes_array(shape: &ShapeConfig) -> bool {
    shape.types.contains(&TypeConfig::Array)
}

/// Whether values have parts: an array or object comes before any other type.
pub(crate) fn is_compound(shape: &ShapeConfig) -> bool {
    matches!(types(shape).first(), Some(TypeConfig::Array | TypeConfig::Object))
}

/// Most brackets of a name that are looked at: a declared name has fewer.
const MOST_BRACKETS: usize = 16;

/// Whether some readers take what has this name for what is declared under another: `n[]` for `n`, `[n]` as well; to PHP a
/// name ends before a NUL, does not begin with spaces, and has `_` for spaces and dots.
pub(crate) fn is_otherwise_named(name: &str, is_declared: impl Fn(&str) -> bool) -> bool {
    let is_known =
        |name: &str| is_declared(name) || is_declared(&name.trim_start_matches(' ').replace([' ', '.'], "_"));
    let mut ends = name.match_indices(['[', '\0']).map(|(at, _)| at).take(MOST_BRACKETS);
    name.starts_with('[') || ends.any(|end| name.get(..end).is_some_and(is_known)) || is_known(name)
}

/// Whether values are arrays whose items have parts themselves.
pub(crate) fn nests(shape: &ShapeConfig) -> bool {
    types(shape).first() == Some(&TypeConfig::Array) && is_compound(items(shape))
}

/// The shape of an array's items, but those that have one of their own.
pub(crate) fn items(shape: &ShapeConfig) -> &ShapeConfig {
    shape.items.as_deref().unwrap_or(&TEXT)
}

/// The shape of an array's item at a place.
pub(crate) fn item(shape: &ShapeConfig, at: usize) -> &ShapeConfig {
    shape.prefix.get(at).unwrap_or_else(|| items(shape))
}

/// The shape of an object's member.
pub(crate) fn member<'s>(shape: &'s ShapeConfig, name: &str) -> &'s ShapeConfig {
    shape.properties.get(name).unwrap_or_else(|| rest(shape))
}

/// The shape of members that are not named.
pub(crate) fn rest(shape: &ShapeConfig) -> &ShapeConfig {
    shape.rest.as_deref().unwrap_or(&TEXT)
}

static TEXT: ShapeConfig = ShapeConfig {
    types: Vec::new(),
    prefix: Vec::new(),
    items: None,
    properties: std::collections::BTreeMap::new(),
    rest: None,
    cut: false,
    xml: None,
};

/// Text as a value of one type; `None` when it is not written as one, and for arrays and objects.
pub(crate) fn read_as<'t>(text: &Cow<'t, str>, kind: TypeConfig) -> Option<Value<'t>> {
    match kind {
        TypeConfig::Null => (text.is_empty() || **text == *"null").then_some(Value::Null),
        TypeConfig::Boolean => match &**text {
            "true" => Some(Value::Bool(true)),
            "false" => Some(Value::Bool(false)),
            _ => None,
        },
        // Whether a number is whole is the schema's to say: dialects differ over `1.0`.
        TypeConfig::Integer | TypeConfig::Number => {
            json::is_number(text).then(|| Value::Number(text.clone()))
        }
        TypeConfig::String => Some(Value::String(text.clone())),
        TypeConfig::Array | TypeConfig::Object => None,
    }
}

/// Text as the first type that it is written as; text when it is none, so that the schema names the type it wants.
pub(crate) fn read<'t>(text: Cow<'t, str>, shape: &ShapeConfig) -> Value<'t> {
    types(shape).iter().find_map(|kind| read_as(&text, *kind)).unwrap_or(Value::String(text))
}

/// The second way to read what a shape holds: as text wherever it takes that too. None when it nowhere takes both text and
/// something that is tried before it.
pub(crate) fn texts_first(shape: &ShapeConfig) -> Option<ShapeConfig> {
    let mut other = shape.clone();
    prefer_texts(&mut other).then_some(other)
}

fn prefer_texts(shape: &mut ShapeConfig) -> bool {
    use TypeConfig::{Boolean, Integer, Number, String};
    let takes_both =
        matches!(shape.types.first(), Some(Boolean | Integer | Number)) && shape.types.contains(&String);
    if takes_both {
        shape.types.retain(|kind| *kind != String);
        shape.types.insert(0, String);
    }
    let ShapeConfig { prefix, items, properties, rest, .. } = shape;
    let parts = prefix.iter_mut().chain(items.as_deref_mut()).chain(properties.values_mut());
    parts.chain(rest.as_deref_mut()).fold(takes_both, |changed, part| prefer_texts(part) | changed)
}

/// Adds a member without a shape of its own; one that is there already becomes a list of both.
pub(crate) fn add<'t>(members: &mut Members<'t>, name: Cow<'t, str>, value: Value<'t>) {
    match members.entry(name) {
        Entry::Vacant(free) => {
            free.insert(value);
        }
        Entry::Occupied(mut taken) => match taken.get_mut() {
            Value::Array(list) => list.push(value),
            single => {
                let first = std::mem::replace(single, Value::Null);
                *single = Value::Array(vec![first, value]);
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn a_shape_has_a_second_reading_where_it_takes_both() {
        use TypeConfig::{Array, Boolean, Integer, Null, Object, String};
        let of = |types: &[TypeConfig]| ShapeConfig { types: types.to_vec(), ..ShapeConfig::default() };
        for (types, expected) in [
            (&[Integer, String, Null][..], Some(&[String, Integer, Null][..])),
            (&[Boolean, Array, String], Some(&[String, Boolean, Array])),
            (&[Array, String], None),
            (&[Integer, Null], None),
            (&[String], None),
            (&[], None),
        ] {
            let members = [("a".to_owned(), of(types))].into();
            let list = ShapeConfig { items: Some(Box::new(of(types))), ..of(&[Array]) };
            let object = ShapeConfig { properties: members, rest: Some(Box::new(list)), ..of(&[Object]) };
            let other = texts_first(&object);
            assert_eq!(other.as_ref().map(|other| &*member(other, "a").types), expected, "{types:?}");
            assert_eq!(other.as_ref().map(|other| &*items(rest(other)).types), expected, "{types:?}");
        }
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn text_is_read_as_the_first_type_it_fits() {
        use TypeConfig::{Boolean, Integer, Null, Number, String};
        let cases: [(&[TypeConfig], &str, &str); 14] = [
            (&[Integer, String], "12", "12"),
            (&[Integer, String], "012", "\"012\""),
            (&[Integer], "+1", "\"+1\""),
            (&[Integer], "1.0", "1.0"),
            (&[Integer], "99999999999999999999999", "99999999999999999999999"),
            (&[Integer], " 1", "\" 1\""),
            (&[Integer], "", "\"\""),
            (&[Number], "-1e-3", "-1e-3"),
            (&[Number], "NaN", "\"NaN\""),
            (&[Boolean], "true", "true"),
            (&[Boolean], "True", "\"True\""),
            (&[String], "true", "\"true\""),
            (&[Null, Integer], "", "null"),
            (&[], "1", "\"1\""),
        ];
        for (types, text, expected) in cases {
            let shape = ShapeConfig { types: types.to_vec(), ..ShapeConfig::default() };
            assert_eq!(read(text.into(), &shape).to_string(), expected, "{types:?} {text}");
        }
    }
}
