//! JSON and YAML texts to trees, or to one syntax error with its place.

use super::load;

/// The tree as JSON, or the code and position of the first error.
fn outcome(name: &str, text: &str) -> String {
    let (documents, report) = load(&[(name, text)]);
    match (documents.root(), report.diagnostics()) {
        (Some(root), []) => root.to_json(),
        (_, [error, ..]) => match error.place {
            None => error.code.to_owned(),
            Some(place) => {
                let position = documents.position(place);
                format!("{} {}:{}", error.code, position.line, position.column)
            }
        },
        (None, []) => panic!("neither a tree nor an error: {text}"),
    }
}

#[test]
fn json_is_read_strictly() {
    for (name, input, expected) in [
        ("scalars", r#"[null, true, false, "a", -1.50e+3]"#, r#"[null,true,false,"a",-1.50e+3]"#),
        ("large number", "123456789012345678901234567890.10", "123456789012345678901234567890.10"),
        ("order of keys", r#"{"b":1,"a":{}}"#, r#"{"b":1,"a":{}}"#),
        ("escapes", r#""\u00e4\n\"\\\/\ud83d\ude00""#, "\"ä\\n\\\"\\\\/😀\""),
        ("empty key", r#"{"":0}"#, r#"{"":0}"#),
        ("byte order mark", "\u{feff}{}", "{}"),
        ("duplicate key", "{\"a\":1,\n \"b\":2, \"a\":3}", "duplicate-key 2:9"),
        ("trailing comma in an object", r#"{"a":1,}"#, "json-syntax 1:8"),
        ("trailing comma in an array", "[1,]", "json-syntax 1:4"),
        ("missing comma", "[1 2]", "json-syntax 1:4"),
        ("line comment", "// c\n{}", "json-syntax 1:1"),
        ("block comment", "{} /* c */", "json-syntax 1:4"),
        ("single quotes", "{'a':1}", "json-syntax 1:2"),
        ("bare key", "{a:1}", "json-syntax 1:2"),
        ("leading zero", "[01]", "json-syntax 1:3"),
        ("hexadecimal", "[0x1]", "json-syntax 1:2"),
        ("plus sign", "[+1]", "json-syntax 1:2"),
        ("bare point", "[1.]", "json-syntax 1:2"),
        ("infinity", "[Infinity]", "json-syntax 1:2"),
        ("raw line break in a string", "[\"a\nb\"]", "json-syntax 1:4"),
        ("lone surrogate", r#"["\ud800"]"#, "json-syntax 1:3"),
        ("no-break space between tokens", "[\u{a0}1]", "json-syntax 1:2"),
        ("two documents", "{} {}", "json-syntax 1:4"),
        ("end too soon", "{\"a\":", "json-syntax 1:6"),
        ("empty", "", "json-syntax 1:1"),
    ] {
        assert_eq!(outcome("a.json", input), expected, "{name}");
    }
}

#[test]
fn yaml_is_read_by_the_core_schema() {
    for (name, input, expected) in [
        ("block", "a:\n  - 1\n  - b: no\n", r#"{"a":[1,{"b":"no"}]}"#),
        ("flow", "{a: [1, 'x', \"y\\n\"]}", r#"{"a":[1,"x","y\n"]}"#),
        ("status code keys stay text", "200: a\n2XX: b\n", r#"{"200":"a","2XX":"b"}"#),
        (
            "dates and booleans of YAML 1.1 are strings",
            "[2020-01-01, on, yes]",
            r#"["2020-01-01","on","yes"]"#,
        ),
        ("quoted numbers are strings", "['1', \"2\"]", r#"["1","2"]"#),
        ("block scalars", "a: |\n  x\n  y\nb: >-\n  x\n  y\n", r#"{"a":"x\ny\n","b":"x y"}"#),
        ("anchors and aliases", "a: &x {b: 1}\nc: *x\n", r#"{"a":{"b":1},"c":{"b":1}}"#),
        ("empty values are null", "a:\nb: ~\n", r#"{"a":null,"b":null}"#),
        ("core tags", "[!!str 1, !!int 2, ! 3]", r#"["1",2,"3"]"#),
        ("document markers", "---\na: 1\n...\n", r#"{"a":1}"#),
        ("empty file", "", "null"),
        ("comments", "# c\na: 1 # d\n", r#"{"a":1}"#),
        ("duplicate key", "a: 1\nb: 2\na: 3\n", "duplicate-key 3:1"),
        ("key that is the same as text", "1: a\n'1': b\n", "duplicate-key 2:1"),
        ("merge key", "a: &x {b: 1}\nc:\n  <<: *x\n", "yaml-merge-key 3:3"),
        ("foreign tag", "a: !!binary aaaa\n", "yaml-tag 1:4"),
        ("local tag", "a: !thing {}\n", "yaml-tag 1:4"),
        ("tag that does not fit", "a: !!int x\n", "yaml-tag 1:4"),
        ("infinity", "a: .inf\n", "yaml-number 1:4"),
        ("collection as key", "? [a]\n: 1\n", "yaml-key 1:3"),
        ("unknown alias", "a: *x\n", "yaml-syntax 1:4"),
        ("alias within its anchor", "a: &x [*x]\n", "yaml-alias 1:8"),
        ("second document", "a: 1\n---\nb: 2\n", "yaml-syntax 2:1"),
        ("wrong indentation", "a:\n  b: 1\n c: 2\n", "yaml-syntax 3:2"),
        ("tab as indentation", "a:\n\tb: 1\n", "yaml-syntax 2:2"),
    ] {
        assert_eq!(outcome("a.yaml", input), expected, "{name}");
    }
}

#[test]
fn a_name_without_a_known_ending_is_told_by_its_first_character() {
    for (name, input, expected) in [
        ("json", " {\"a\": 1}", r#"{"a":1}"#),
        ("yaml", "a: 1", r#"{"a":1}"#),
        ("json is not read as flow yaml", "{a: 1}", "json-syntax 1:2"),
    ] {
        assert_eq!(outcome("definition", input), expected, "{name}");
    }
    assert_eq!(outcome("A.YML", "{a: 1}"), r#"{"a":1}"#);
}

#[test]
fn nesting_is_bounded() {
    for (name, opening, inner, closing) in [
        ("a.json", "[", "", "]"),
        ("a.json", "{\"a\":", "1", "}"),
        ("a.yaml", "[", "", "]"),
        ("a.yaml", "{a: ", "1", "}"),
        ("a.yaml", "- ", "1", ""),
    ] {
        let nested = |depth: usize| format!("{}{inner}{}", opening.repeat(depth), closing.repeat(depth));
        let is_refused = |depth| !outcome(name, &nested(depth)).starts_with(['[', '{']);
        assert_eq!([200, 300, 100_000].map(is_refused), [false, true, true], "{name} {opening}");
    }
    assert_eq!(outcome("a.json", &"[".repeat(300)), "too-deep 1:258");
}

#[test]
fn repeated_aliases_are_bounded() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..20 {
        let alias = format!("*a{}", level - 1);
        text.push_str(&format!("a{level}: &a{level} [{}]\n", vec![alias; 10].join(", ")));
    }
    assert!(outcome("a.yaml", &text).starts_with("yaml-alias"));
}

#[test]
fn a_file_that_is_not_utf8_is_refused() {
    let loader = std::collections::HashMap::from([("a.json".to_owned(), b"{\"a\":\"\xff\"}".to_vec())]);
    let mut report = portcullis_openapi::Report::default();
    let documents = portcullis_openapi::Documents::load(&loader, "a.json", &mut report);
    assert!(documents.root().is_none());
    assert_eq!(report.diagnostics()[0].code, "not-utf8");
}
