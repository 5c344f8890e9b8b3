use super::*;

fn keyword_of(text: &str) -> Option<&'static str> {
    read(text.as_bytes(), Limits::MESSAGE).err().map(|fault| fault.keyword)
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn json_texts_are_read_as_they_are() {
    let cases = [
        (" {\"a\" : [1, -0.5e+3 ,true,false,null,\"x\"]}\n", r#"{"a":[1,-0.5e+3,true,false,null,"x"]}"#),
        ("[]", "[]"),
        ("{}", "{}"),
        (r#""\u0041\ud83d\ude00\n\/""#, "\"A😀\\n/\""),
        ("12345678901234567890123", "12345678901234567890123"),
        ("0.1000", "0.1000"),
    ];
    for (text, expected) in cases {
        let value = read(text.as_bytes(), Limits::MESSAGE).unwrap();
        assert_eq!(value.to_string(), expected, "{text}");
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn what_is_not_json_is_refused() {
    let deep = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
    let cases = [
        ("".to_owned(), Some("syntax")),
        ("{".to_owned(), Some("syntax")),
        ("[1,]".to_owned(), Some("syntax")),
        ("{\"a\":1,}".to_owned(), Some("syntax")),
        ("{a:1}".to_owned(), Some("syntax")),
        ("01".to_owned(), Some("syntax")),
        ("1.".to_owned(), Some("syntax")),
        ("+1".to_owned(), Some("syntax")),
        ("NaN".to_owned(), Some("syntax")),
        ("1 2".to_owned(), Some("syntax")),
        ("\"\u{1}\"".to_owned(), Some("syntax")),
        ("\"\\x\"".to_owned(), Some("syntax")),
        (r#""\ud83d""#.to_owned(), Some("syntax")),
        (r#""\ud83d\u0041""#.to_owned(), Some("syntax")),
        (r#""\u00g0""#.to_owned(), Some("syntax")),
        ("\u{feff}1".to_owned(), Some("syntax")),
        (r#"{"a":1,"\u0061":2}"#.to_owned(), Some("uniqueNames")),
        (deep(64), None),
        (deep(65), Some("depth")),
        ("1".repeat(128), None),
        ("1".repeat(129), Some("number")),
        ("1e400".to_owned(), None),
        ("1e401".to_owned(), Some("number")),
        ("1e99999999999".to_owned(), Some("number")),
    ];
    for (text, expected) in cases {
        assert_eq!(keyword_of(&text), expected, "{text}");
    }
    assert_eq!(read(b"\"\xff\"", Limits::MESSAGE).err().map(|fault| fault.keyword), Some("syntax"));
    assert_eq!(keyword_of(&format!("[{}0]", "0,".repeat(249_999))), Some("size"));
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn a_fault_knows_where_it_is() {
    let fault = read(br#"{"a/b":[0,{"x":1,"x":2}]}"#, Limits::MESSAGE).unwrap_err();
    assert_eq!(fault.pointer, "/a~1b/1/x");
}

/// The keys by which serde_json passes numbers and raw texts around are plain names here.
#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn no_object_passes_for_a_number() {
    let text = br#"{"$serde_json::private::Number":"1"}"#;
    assert!(matches!(read(text, Limits::MESSAGE), Ok(Value::Object(_))));
}

#[cfg(not(target_arch = "wasm32"))]
proptest::proptest! {
    #[test]
    fn reading_agrees_with_serde_json(text in r#"[\[\]{}:,"\\u0-9eE+. a-f\-]{0,40}"#) {
        let ours = read(text.as_bytes(), Limits::MESSAGE);
        match (serde_json::from_str::<serde_json::Value>(&text), ours) {
            (Ok(theirs), Ok(ours)) => proptest::prop_assert_eq!(serde_json::Value::from(ours), theirs),
            (Ok(_), Err(fault)) => proptest::prop_assert!(["uniqueNames", "number"].contains(&fault.keyword)),
            (Err(_), ours) => proptest::prop_assert!(ours.is_err()),
        }
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn a_name_is_taken_only_as_a_whole() {
    let cases = [
        (r#""ab":1"#, Some("1")),
        (r#"  "ab" : 1"#, Some(" 1")),
        (r#""abc":1"#, None),
        (r#""a":1"#, None),
        (r#""\u0061b":1"#, None),
        (r#""ab"1"#, None),
        (r#""ab""#, None),
        (r#""ab"#, None),
        ("", None),
    ];
    for (text, rest) in cases {
        let mut reader = Reader::new(text, Limits::MESSAGE);
        assert_eq!(reader.take_name("ab"), rest.is_some(), "{text}");
        assert_eq!(reader.rest(), rest.unwrap_or(text.trim_start()), "{text}");
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn what_is_plain_is_read_alike() {
    let texts = [
        "\"\"",
        "\"a\"",
        "\"a b é\",",
        "\"a",
        "\"",
        "\"a\\n\"",
        "\"a\tb\"",
        "\"0123456789\"]",
        "0",
        "-0",
        "00",
        "01",
        "-",
        "1",
        "1 ",
        "12.5,",
        "1.",
        "1.e1",
        "1e1",
        "1E1",
        "1.5e1",
        "-1.50]",
        "- 1",
        ".5",
        "+1",
        "0.0",
        "-01",
        "",
    ];
    for text in texts {
        let mut whole = Reader::new(text, Limits::MESSAGE);
        let value = whole.value(0).ok().map(|value| (value, whole.at));
        let mut plain = Reader::new(text, Limits::MESSAGE);
        let (read, is_string) = match text.starts_with('"') {
            true => (plain.plain_string(), true),
            false => (plain.plain_number().map(|number| number.text), false),
        };
        let has_more = text.contains(['\\', 'e', 'E']) || ["00", "01", "-01"].contains(&text);
        let make = |text| {
            if is_string { Value::String(Cow::Borrowed(text)) } else { Value::Number(Cow::Borrowed(text)) }
        };
        match read {
            // `01` is read as 0 by one, and what follows is refused; the other leaves it to that.
            Some(read) => assert_eq!(value, Some((make(read), plain.at)), "{text}"),
            None => assert!(plain.at == 0 && (has_more || value.is_none()), "{text}"),
        }
    }
}
