use super::*;
use StyleConfig::{Form, Label, Matrix, PipeDelimited, Simple, SpaceDelimited, TabDelimited};
use TypeConfig::{Array, Integer, Object, String as Text};

fn shape_of(kind: TypeConfig) -> ShapeConfig {
    let number = ShapeConfig { types: vec![Integer], ..ShapeConfig::default() };
    ShapeConfig {
        types: vec![kind],
        items: Some(Box::new(number.clone())),
        properties: [("R".to_owned(), number.clone()), ("G".to_owned(), number)].into(),
        ..ShapeConfig::default()
    }
}

fn read(
    style: StyleConfig,
    explode: bool,
    kind: TypeConfig,
    text: &str,
    coding: Coding,
) -> Result<String, Fault> {
    let writing = Writing { name: "id", style, explode, coding };
    let value = read_text(text, writing, &shape_of(kind), kind)?;
    Ok(value.map_or_else(|| "unread".to_owned(), |value| value.to_string()))
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn every_style_is_read_as_the_table_has_it() {
    let object = r#"{"G":200,"R":100}"#;
    let cases = [
        (Simple, false, Integer, "5", "5"),
        (Simple, false, Integer, "x", "unread"),
        (Simple, false, Array, "3,4,5", "[3,4,5]"),
        (Simple, true, Array, "3,4,5", "[3,4,5]"),
        (Simple, false, Array, "", "[]"),
        (Simple, false, Array, "3,,x", r#"[3,"","x"]"#),
        (Simple, false, Object, "R,100,G,200", object),
        (Simple, true, Object, "R=100,G=200", object),
        (Simple, true, Object, "", "{}"),
        (Simple, true, Object, "x=", r#"{"x":""}"#),
        (Label, false, Integer, ".5", "5"),
        (Label, false, Array, ".3,4,5", "[3,4,5]"),
        (Label, true, Array, ".3.4.5", "[3,4,5]"),
        (Label, false, Object, ".R,100,G,200", object),
        (Label, true, Object, ".R=100.G=200", object),
        (Matrix, false, Integer, ";id=5", "5"),
        (Matrix, false, Text, ";id", "\"\""),
        (Matrix, false, Array, ";id=3,4,5", "[3,4,5]"),
        (Matrix, true, Array, ";id=3;id=4;id=5", "[3,4,5]"),
        (Matrix, false, Object, ";id=R,100,G,200", object),
        (Matrix, true, Object, ";R=100;G=200", object),
        (Form, false, Array, "3,4,5", "[3,4,5]"),
        (Form, false, Object, "R,100,G,200", object),
        (SpaceDelimited, false, Array, "3%204+5", "[3,4,5]"),
        (SpaceDelimited, false, Object, "R%20100%20G%20200", object),
        (PipeDelimited, false, Array, "3|4%7C5%7c6", "[3,4,5,6]"),
        (PipeDelimited, false, Object, "R|100|G|200", object),
        (TabDelimited, false, Array, "3%094%095", "[3,4,5]"),
    ];
    for (style, explode, kind, text, expected) in cases {
        let found = read(style, explode, kind, text, Coding::Form);
        assert_eq!(found.as_deref(), Ok(expected), "{style:?} {explode} {text}");
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn what_separates_depends_on_how_text_is_encoded() {
    let cases = [
        (SpaceDelimited, "3%204", Coding::Percent, "[3,4]"),
        (SpaceDelimited, "3 4", Coding::Header, "[3,4]"),
        (TabDelimited, "3\t4", Coding::Header, "[3,4]"),
        (TabDelimited, "3%094", Coding::Percent, "[3,4]"),
        (PipeDelimited, "3|4", Coding::Header, "[3,4]"),
        (PipeDelimited, "3%7C4", Coding::Percent, "[3,4]"),
    ];
    for (style, text, coding, expected) in cases {
        assert_eq!(read(style, false, Array, text, coding).as_deref(), Ok(expected), "{text}");
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn an_encoded_delimiter_is_data() {
    let cases = [
        (Simple, false, Array, "a%2Cb,c", Coding::Percent, r#"["a,b","c"]"#),
        (Simple, true, Object, "x%3D=a%2Cb", Coding::Percent, r#"{"x=":"a,b"}"#),
        (Simple, false, Array, "%2525", Coding::Percent, r#"["%25"]"#),
        (Simple, false, Text, "a+b", Coding::Percent, r#""a+b""#),
        (Form, false, Text, "a+b%2B", Coding::Form, r#""a b+""#),
        (Simple, false, Array, " a%20 , b ", Coding::Header, r#"["a%20","b"]"#),
        (Simple, true, Object, "R = 1 , x= y", Coding::Header, r#"{"R":1,"x":"y"}"#),
    ];
    for (style, explode, kind, text, coding, expected) in cases {
        assert_eq!(read(style, explode, kind, text, coding).as_deref(), Ok(expected), "{text}");
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn what_is_not_written_in_the_style_is_refused() {
    let cases = [
        (Label, false, Integer, "5"),
        (Matrix, false, Integer, ";other=5"),
        (Matrix, false, Integer, "5"),
        (Matrix, true, Array, ";id=1;other=2"),
        (Simple, false, Object, "R,100,G"),
        (Simple, true, Object, "R,100"),
        (Simple, true, Object, "R=1,R=2"),
        (Simple, false, Text, "%zz"),
        (Simple, false, Text, "%ff"),
    ];
    for (style, explode, kind, text) in cases {
        let fault = read(style, explode, kind, text, Coding::Percent).unwrap_err();
        assert_eq!(fault.keyword, "style", "{text}");
    }
}

#[cfg(not(target_arch = "wasm32"))]
proptest::proptest! {
    #[test]
    fn a_list_survives_being_written(items in proptest::collection::vec("[ -~é]{1,5}", 1..6), pipe in proptest::bool::ANY) {
        let encode = |text: &String| text.bytes().map(|byte| format!("%{byte:02x}")).collect::<String>();
        let (style, delimiter) = if pipe { (PipeDelimited, "|") } else { (Form, ",") };
        let encoded: Vec<_> = items.iter().map(encode).collect();
        // An encoded `|` separates too: OpenAPI's own examples write it so.
        proptest::prop_assume!(!pipe || !items.iter().any(|item| item.contains('|')));
        let shape = ShapeConfig { types: vec![Array], ..ShapeConfig::default() };
        let writing = Writing { name: "id", style, explode: false, coding: Coding::Form };
        let text = encoded.join(delimiter);
        let read = read_text(&text, writing, &shape, Array);
        let items = items.into_iter().map(|item| Value::String(item.into())).collect();
        proptest::prop_assert_eq!(read, Ok(Some(Value::Array(items))));
    }

    #[test]
    fn no_text_panics(text in "[;.,=|%+0-9a-fid]{0,24}") {
        for style in [Simple, Label, Matrix, Form, SpaceDelimited, PipeDelimited, TabDelimited] {
            for kind in [Integer, Array, Object] {
                for explode in [false, true] {
                    let _ = read(style, explode, kind, &text, Coding::Form);
                }
            }
        }
    }
}
