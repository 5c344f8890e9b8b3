//! What the targets of bodies share: an object with a member of each kind, and what must hold of what was read.

use portcullis_config::schema::{ShapeConfig, TypeConfig, XmlConfig};
use portcullis_schema::value::Value;
use portcullis_schema::{Fault, json};

/// What was read is JSON that reads the same again.
///
/// # Panics
///
/// When it is not.
pub fn check(read: Result<Value<'_>, Fault>) {
    let Ok(value) = read else { return };
    let text = value.to_string();
    let _: serde_json::Value = serde_json::from_str(&text).expect("what was read is JSON");
    if let Ok(again) = json::read(text.as_bytes(), json::Limits::MESSAGE) {
        assert_eq!(again.to_string(), text);
    }
}

/// The object that is looked for in a body.
#[must_use]
pub fn shape() -> ShapeConfig {
    let of = |kind: TypeConfig| ShapeConfig { types: vec![kind], ..ShapeConfig::default() };
    let list = ShapeConfig { items: Some(Box::new(of(TypeConfig::Integer))), ..of(TypeConfig::Array) };
    let wrapped = XmlConfig { wrapped: true, name: Some("w".to_owned()), ..XmlConfig::default() };
    let attribute = XmlConfig { attribute: true, ..XmlConfig::default() };
    let nested = ShapeConfig {
        properties: [("a".to_owned(), of(TypeConfig::Number)), ("list".to_owned(), list.clone())].into(),
        ..of(TypeConfig::Object)
    };
    let properties = [
        ("n".to_owned(), of(TypeConfig::Integer)),
        ("list".to_owned(), ShapeConfig { xml: Some(wrapped), ..list.clone() }),
        ("csv".to_owned(), list),
        ("o".to_owned(), nested),
        ("id".to_owned(), ShapeConfig { xml: Some(attribute), ..of(TypeConfig::String) }),
        (
            "b".to_owned(),
            ShapeConfig { types: vec![TypeConfig::Null, TypeConfig::Boolean], ..ShapeConfig::default() },
        ),
    ];
    ShapeConfig { properties: properties.into(), ..of(TypeConfig::Object) }
}

/// An object whose members are texts, or lists of them.
#[must_use]
pub fn strings() -> ShapeConfig {
    ShapeConfig { types: vec![TypeConfig::Object], ..ShapeConfig::default() }
}
