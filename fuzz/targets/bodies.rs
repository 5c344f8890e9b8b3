//! Bodies in every form that is read: no form makes the reader panic, and what it reads is JSON that reads the same again.
//! Input: a byte for the form, then the body.
#![no_main]

use libfuzzer_sys::fuzz_target;
use portcullis_config::schema::{ShapeConfig, StyleConfig, TypeConfig, XmlConfig};
use portcullis_schema::coding::Coding;
use portcullis_schema::multipart::Parts;
use portcullis_schema::value::Value;
use portcullis_schema::{Fault, form, json, xml};

/// Most bytes that come out of a compressed body.
const MAX: usize = 1 << 20;

fuzz_target!(|input: &[u8]| {
    let Some((form, body)) = input.split_first() else { return };
    match form % 6 {
        0 => check(json::read(body, json::Limits::MESSAGE)),
        1 => check(form::read(body, &shape(), &[("csv".to_owned(), (StyleConfig::Form, false))].into())),
        2 => check(parts().read(body, "B", &shape())),
        3 => check(xml::read(body, &shape(), None)),
        4 => decode(Coding::Gzip, body),
        _ => decode(Coding::Deflate, body),
    }
});

fn check(read: Result<Value<'_>, Fault>) {
    let Ok(value) = read else { return };
    let text = value.to_string();
    let _: serde_json::Value = serde_json::from_str(&text).expect("what was read is JSON");
    let again = json::read(text.as_bytes(), json::Limits::MESSAGE);
    if let Ok(again) = again {
        assert_eq!(again.to_string(), text);
    }
}

fn decode(coding: Coding, body: &[u8]) {
    if let Ok(decoded) = coding.decode(body, MAX) {
        assert!(decoded.len() <= MAX);
        assert_eq!(coding.decode(body, decoded.len()), Ok(decoded));
    }
}

fn parts() -> Parts {
    let styles = [("csv".to_owned(), StyleConfig::PipeDelimited), ("o".to_owned(), StyleConfig::Form)];
    Parts { styles: styles.into(), ..Parts::default() }
}

fn shape() -> ShapeConfig {
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
