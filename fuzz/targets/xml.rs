//! XML bodies: no body makes the reader panic, what it reads is JSON, and what it takes is XML with the same texts
//! to roxmltree.
//! Input: the body.
#![no_main]

use std::collections::BTreeSet;

use libfuzzer_sys::fuzz_target;
use portcullis_config::schema::ShapeConfig;
use portcullis_fuzz::{check, shape};
use portcullis_schema::xml;
use serde_json::Value;

fuzz_target!(|body: &[u8]| {
    check(xml::read(body, &shape(), None));
    let Ok(value) = xml::read(body, &ShapeConfig::default(), None) else { return };
    let body = std::str::from_utf8(body).expect("what is taken is UTF-8");
    let document = match roxmltree::Document::parse(body) {
        Ok(document) => document,
        // It knows the prefix that needs no declaration for attributes only.
        Err(roxmltree::Error::UnknownNamespace(prefix, _)) if prefix == "xml" => return,
        Err(error) => panic!("what is taken is XML: {error}"),
    };
    let mut texts = BTreeSet::new();
    for element in document.descendants().filter(roxmltree::Node::is_element) {
        let pieces = element.children().filter(roxmltree::Node::is_text).filter_map(|child| child.text());
        texts.insert(without_line_ends(&pieces.collect::<String>()));
        texts.extend(element.attributes().map(|attribute| without_line_ends(attribute.value())));
    }
    check_texts(&serde_json::from_str(&value.to_string()).expect("JSON"), &texts);
});

/// Of carriage returns that end a line (XML 1.0, section 2.11) roxmltree leaves some.
fn without_line_ends(text: &str) -> String {
    text.replace(['\r', '\n'], "")
}

fn check_texts(value: &Value, texts: &BTreeSet<String>) {
    match value {
        Value::String(text) => {
            assert!(texts.contains(&without_line_ends(text)), "{text:?} is not in {texts:?}")
        }
        Value::Array(items) => items.iter().for_each(|item| check_texts(item, texts)),
        Value::Object(members) => members.values().for_each(|member| check_texts(member, texts)),
        _ => {}
    }
}
