//! Texts of parameters in each style: no text makes the reader panic, and what it reads is JSON.
//! Input: a byte each for style, coding and type, then the text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use portcullis_config::schema::{ShapeConfig, StyleConfig, TypeConfig};
use portcullis_core::pairs;
use portcullis_schema::pairs::Pairs;
use portcullis_schema::style::{Coding, Writing, read_text};

const STYLES: [StyleConfig; 8] = [
    StyleConfig::Simple,
    StyleConfig::Label,
    StyleConfig::Matrix,
    StyleConfig::Form,
    StyleConfig::SpaceDelimited,
    StyleConfig::PipeDelimited,
    StyleConfig::TabDelimited,
    StyleConfig::DeepObject,
];
const CODINGS: [Coding; 3] = [Coding::Percent, Coding::Form, Coding::Header];
const TYPES: [TypeConfig; 7] = [
    TypeConfig::Null,
    TypeConfig::Boolean,
    TypeConfig::Integer,
    TypeConfig::Number,
    TypeConfig::String,
    TypeConfig::Array,
    TypeConfig::Object,
];

fuzz_target!(|input: &[u8]| {
    let [style, coding, kind, text @ ..] = input else { return };
    let Ok(text) = std::str::from_utf8(text) else { return };
    let (explode, style) = (style & 128 != 0, STYLES[usize::from(style % 8)]);
    let coding = CODINGS[usize::from(coding % 3)];
    let kind = TYPES[usize::from(kind % 7)];
    let integer = ShapeConfig { types: vec![TypeConfig::Integer], ..ShapeConfig::default() };
    let shape = ShapeConfig {
        types: vec![kind],
        items: Some(Box::new(integer.clone())),
        properties: [("a".to_owned(), integer)].into(),
        ..ShapeConfig::default()
    };
    if let Ok(Some(value)) = read_text(text, Writing { name: "n", style, explode, coding }, &shape, kind) {
        let _: serde_json::Value = serde_json::from_str(&value.to_string()).expect("JSON");
    }
    if coding != Coding::Header {
        let query = Pairs::new(pairs(text), coding);
        for value in query.read("n", style, explode, &shape).ok().flatten().into_iter().flatten() {
            let _: serde_json::Value = serde_json::from_str(&value.to_string()).expect("JSON");
        }
        let _ = query.read_nested("n", &shape);
        let _ = query.rest(&shape);
    }
});
