use super::*;

fn shape() -> ShapeConfig {
    let of = |kind: TypeConfig| ShapeConfig { types: vec![kind], ..ShapeConfig::default() };
    let list = ShapeConfig { items: Some(Box::new(of(TypeConfig::Integer))), ..of(TypeConfig::Array) };
    let properties = [
        ("n".to_owned(), of(TypeConfig::Integer)),
        ("meta".to_owned(), of(TypeConfig::Object)),
        ("file".to_owned(), of(TypeConfig::String)),
        ("csv".to_owned(), list.clone()),
        (
            "pairs".to_owned(),
            ShapeConfig { rest: Some(Box::new(of(TypeConfig::Integer))), ..of(TypeConfig::Object) },
        ),
        (
            "files".to_owned(),
            ShapeConfig { items: Some(Box::new(of(TypeConfig::String))), ..of(TypeConfig::Array) },
        ),
        ("list".to_owned(), list),
    ];
    ShapeConfig { properties: properties.into(), ..of(TypeConfig::Object) }
}

fn parts() -> Parts {
    Parts {
        types: [("file".to_owned(), vec![MediaType::parse("image/*").unwrap()])].into(),
        styles: ["csv", "pairs"].map(|name| (name.to_owned(), StyleConfig::Form)).into(),
        ..Parts::default()
    }
}

/// A body with the boundary `B`, of parts given as headers behind `Content-Disposition: form-data; ` and content.
fn body(parts: &[(&str, &str)]) -> String {
    let part = |(head, content): &(&str, &str)| {
        format!("--B\r\nContent-Disposition: form-data; {head}\r\n\r\n{content}\r\n")
    };
    parts.iter().map(part).collect::<String>() + "--B--\r\n"
}

fn read_body(body: &str) -> Result<String, Fault> {
    parts().read(body.as_bytes(), "B", &shape()).map(|value| value.to_string())
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn parts_become_members() {
    let json = "name=meta\r\nContent-Type: application/json";
    let png = "name=\"file\"; filename=\"a;b.png\"\r\ncontent-type: image/png";
    let cases = [
        (body(&[]), "{}"),
        (body(&[("name=\"n\"", "1"), ("name=x", "é")]), r#"{"n":1,"x":"é"}"#),
        (body(&[("name=list", "1"), ("name=list", "2")]), r#"{"list":[1,2]}"#),
        (body(&[("name=list", "1")]), r#"{"list":[1]}"#),
        (body(&[("name=list\r\nContent-Type: application/json", "[1]")]), r#"{"list":[1]}"#),
        (body(&[("name=x", "1"), ("name=x", "2")]), r#"{"x":["1","2"]}"#),
        (body(&[(json, "{\"a\":1}")]), r#"{"meta":{"a":1}}"#),
        (body(&[("name=meta", "{\"a\":1}")]), r#"{"meta":{"a":1}}"#),
        (body(&[(png, "\r\n--A\r\n")]), "{\"file\":\"\\r\\n--A\\r\\n\"}"),
        (body(&[("name=csv", "1,2")]), r#"{"csv":[1,2]}"#),
        (body(&[("name=csv", "1, 2")]), r#"{"csv":[1," 2"]}"#),
        (body(&[("name=csv", "")]), r#"{"csv":[]}"#),
        (body(&[("name=csv", "1"), ("name=csv", "2")]), r#"{"csv":[1,2]}"#),
        (body(&[("name=csv\r\nContent-Type: application/json", "[1,2]")]), r#"{"csv":[1,2]}"#),
        (body(&[("name=pairs", "a,1,b,2")]), r#"{"pairs":{"a":1,"b":2}}"#),
        (body(&[("name=list", "1,2")]), r#"{"list":["1,2"]}"#),
        (
            body(&[("name=files; filename=a\r\nContent-Type: application/json", "[1]")]),
            r#"{"files":["[1]"]}"#,
        ),
        (body(&[("name=files\r\nContent-Type: application/json", "[\"1\"]")]), r#"{"files":["1"]}"#),
        (body(&[("name=n\r\nContent-Type: text/plain; charset=UTF-8", "1")]), r#"{"n":1}"#),
        (body(&[("name=n\r\nContent-Type: text/plain; charset=ISO-8859-1", "1")]), r#"{"n":1}"#),
        (body(&[("name=\"it's\"; filename*=utf-8''it%27s", "1")]), r#"{"it's":"1"}"#),
        (body(&[("name=\"y[a]\"", "1")]), r#"{"y[a]":"1"}"#),
        (body(&[("name=_charset_", "utf-8")]), r#"{"_charset_":"utf-8"}"#),
        (format!("preamble\r\n{}epilogue", body(&[("name=n", "1")])), r#"{"n":1}"#),
        (body(&[("name=x", "a--B\r\n --B\r\n")]), r#"{"x":"a--B\r\n --B\r\n"}"#),
        (body(&[("name=\"x\"; filename=\"C:\\a\"", "1")]), r#"{"x":"1"}"#),
        ("--B\r\nContent-Disposition: form-data; name=n\r\n\r\n1\r\n--B--".to_owned(), r#"{"n":1}"#),
        (body(&[("name=\"n\"; filename=\"\t\"", "1")]), r#"{"n":"1"}"#),
    ];
    for (body, expected) in cases {
        assert_eq!(read_body(&body).as_deref(), Ok(expected), "{body}");
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn bodies_that_could_be_read_in_two_ways_are_refused() {
    let many: Vec<_> = (0..1001).map(|_| ("name=x", "")).collect();
    let cases = [
        (String::new(), "syntax"),
        ("--B\r\n".to_owned(), "syntax"),
        ("--B\r\nContent-Disposition: form-data; name=n\r\n\r\n1".to_owned(), "syntax"),
        ("--B\r\n\r\nno headers\r\n--B--".to_owned(), "syntax"),
        ("--Bx\r\n--B--".to_owned(), "syntax"),
        (body(&[("name=n", "1"), ("name=n", "2")]), "style"),
        (body(&[("filename=n", "1")]), "syntax"),
        (body(&[("name=n; name=m", "1")]), "syntax"),
        (body(&[("name=n\r\nContent-Disposition: form-data; name=m", "1")]), "syntax"),
        (body(&[("name=n\r\n folded", "1")]), "syntax"),
        (body(&[("name=n\r\nContent-Transfer-Encoding: base64", "MQ==")]), "contentEncoding"),
        (body(&[("name=file; filename=x\r\nContent-Type: text/html", "")]), "contentType"),
        (body(&[("name=file", "")]), "contentType"),
        (body(&[("name=meta", "{")]), "syntax"),
        (body(&[("name=csv", "1,2"), ("name=csv", "3")]), "style"),
        (body(&[("name=pairs", "a,1,b")]), "style"),
        (body(&[("name=pairs", "a,1,a,2")]), "style"),
        (body(&[("name=n\r\nContent-Type: text/plain; charset=utf-16", "1")]), "contentType"),
        (body(&[("name=meta\r\nContent-Type: application/json; charset=utf-16", "{}")]), "contentType"),
        (body(&[("name=_charset_", "iso-8859-1")]), "contentType"),
        (body(&[("name=x\r\nContent-Type: multipart/mixed; boundary=C", "--C--")]), "contentType"),
        (body(&[("name=n; name*=utf-8''m", "1")]), "syntax"),
        (body(&[("name=\"x\"; name*0=\"n\"", "1")]), "syntax"),
        (body(&[("name=\"x\"; name*0*=utf-8''n", "1")]), "syntax"),
        (body(&[("name=\"n\"; filename*0=\"x\"", "1")]), "syntax"),
        (body(&[("name='n'", "1")]), "syntax"),
        (body(&[("x='; name=note; y=\"'; name=n; z=\"", "1")]), "syntax"),
        (body(&[("name = \"n\"", "1")]), "syntax"),
        (body(&[("filename=\"a;name=n;b\"; name=\"x\"", "1")]), "syntax"),
        (body(&[("name=\"x\"; filename=\"a Name =n\"", "1")]), "syntax"),
        (body(&[("name=\"x; filename=n\"", "1")]), "syntax"),
        (body(&[("name-of=n; name=x", "1")]), "syntax"),
        (body(&[("filename2=n; name=x", "1")]), "syntax"),
        (body(&[("name= n", "1")]), "syntax"),
        (body(&[("name=n;", "1")]), "syntax"),
        (body(&[("name=n\t; x=y", "1")]), "syntax"),
        (body(&[("name=\"n[]\"", "x")]), "style"),
        (body(&[("name=list", "1"), ("name=\"list[]\"", "x")]), "style"),
        (body(&[("name=\"[n]\"", "x")]), "style"),
        (body(&[("name=\" n\"", "x")]), "style"),
        (body(&[("name=x\r\nContent-Type: text/plain; charset=us-ascii", "é")]), "contentType"),
        (body(&[("name=\"a\\n\"", "1")]), "syntax"),
        (body(&[("name=n; filename=\"a\\\"; name=\\\"x\"", "1")]), "syntax"),
        (body(&[("name=n\r\nX: y\nContent-Disposition: form-data; name=m", "1")]), "syntax"),
        (body(&[("name=n\r\nX: y\rZ: y", "1")]), "syntax"),
        (body(&[("name=n\r\nX: \0", "1")]), "syntax"),
        (body(&[("name=n\x0b", "1")]), "syntax"),
        (body(&[("name=n\r\n\x0bContent-Disposition: form-data; name=m", "1")]), "syntax"),
        (body(&[("name=n\r\n\u{a0}Content-Disposition: form-data; name=m", "1")]), "syntax"),
        (body(&[("name=n\r\nContent-Disposition : form-data; name=m", "1")]), "syntax"),
        (format!("x--B\r\n\r\n{}", body(&[("name=n", "1")])), "syntax"),
        ("--B \r\nContent-Disposition: form-data; name=n\r\n\r\n1\r\n--B--".to_owned(), "syntax"),
        ("--B\r\nContent-Disposition: form-data; name=n\r\n\r\n1\r\n--B--x".to_owned(), "syntax"),
        ("--B\r\nContent-Disposition: form-data; name=n\r\n\r\n1\r\n--B-- \r\n".to_owned(), "syntax"),
        (body(&[("name=n", "1\n--B\nContent-Disposition: form-data; name=m\n\n2")]), "syntax"),
        (body(&[("name=n", "1\r--B--")]), "syntax"),
        (body(&[("name=n", "--B--")]), "syntax"),
        (body(&[("name=n", "--B")]), "syntax"),
        (format!("x\n{}", body(&[("name=n", "1")])), "syntax"),
        (body(&[("name=n", "1")]).repeat(2), "syntax"),
        ("--B\r\n--B--".to_owned(), "syntax"),
        (body(&many), "size"),
    ];
    for (body, keyword) in cases {
        assert_eq!(read_body(&body).map_err(|fault| fault.keyword), Err(keyword), "{body}");
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn a_file_counts_in_octets() {
    let bytes = [
        b"--B\r\nContent-Disposition: form-data; name=f; filename=f\r\n\r\n",
        &[0xff, 0x00][..],
        b"\r\n--B--",
    ];
    let body = bytes.concat();
    let value = parts().read(&body, "B", &shape()).unwrap();
    assert_eq!(value.pointer("/f").and_then(Value::as_str).map(|text| text.chars().count()), Some(2));
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn a_part_of_json_for_a_text_is_the_text() {
    let text = ShapeConfig { types: vec![TypeConfig::String], ..ShapeConfig::default() };
    let shape = ShapeConfig { properties: [("t".to_owned(), text)].into(), ..ShapeConfig::default() };
    for (head, content, expected) in [
        ("name=t; filename=t", "\"a\"", r#"{"t":"\"a\""}"#),
        ("name=t; filename=t", "{\"a\":1}", r#"{"t":"{\"a\":1}"}"#),
        ("name=t", "\"a\"", r#"{"t":"a"}"#),
        ("name=t", "{\"a\":1}", r#"{"t":"{\"a\":1}"}"#),
        ("name=t", "{", r#"{"t":"{"}"#),
        ("name=other; filename=t", "{\"a\":1}", r#"{"other":{"a":1}}"#),
    ] {
        let body = body(&[(&format!("{head}\r\nContent-Type: application/json"), content)]);
        let read = Parts::default().read(body.as_bytes(), "B", &shape).map(|value| value.to_string());
        assert_eq!(read.as_deref(), Ok(expected), "{head} {content}");
    }
}

#[cfg(not(target_arch = "wasm32"))]
proptest::proptest! {
    #[test]
    fn no_body_panics(body in "(--B|\r\n|Content-Disposition: form-data; |name=|\"|x|;|-){0,20}") {
        let _ = read_body(&body);
    }
}
