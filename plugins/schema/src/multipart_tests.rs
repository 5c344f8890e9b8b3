use super::*;

fn shape() -> ShapeConfig {
    let of = |kind: TypeConfig| ShapeConfig { types: vec![kind], ..ShapeConfig::default() };
    let list = ShapeConfig { items: Some(Box::new(of(TypeConfig::Integer))), ..of(TypeConfig::Array) };
    let properties = [
        ("n".to_owned(), of(TypeConfig::Integer)),
        ("list".to_owned(), list),
        ("meta".to_owned(), of(TypeConfig::Object)),
        ("file".to_owned(), of(TypeConfig::String)),
    ];
    ShapeConfig { properties: properties.into(), ..of(TypeConfig::Object) }
}

/// A body with the boundary `B`, of parts given as headers behind `Content-Disposition: form-data; ` and content.
fn body(parts: &[(&str, &str)]) -> String {
    let part = |(head, content): &(&str, &str)| {
        format!("--B\r\nContent-Disposition: form-data; {head}\r\n\r\n{content}\r\n")
    };
    parts.iter().map(part).collect::<String>() + "--B--\r\n"
}

fn read_body(body: &str) -> Result<String, Fault> {
    let allowed = [("file".to_owned(), vec![MediaType::parse("image/*").unwrap()])].into();
    read(body.as_bytes(), "B", &shape(), &allowed).map(|value| value.to_string())
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
        (format!("preamble\r\n{}epilogue", body(&[("name=n", "1")])), r#"{"n":1}"#),
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
    let value = read(&body, "B", &shape(), &PartTypes::new()).unwrap();
    assert_eq!(value.pointer("/f").and_then(Value::as_str).map(|text| text.chars().count()), Some(2));
}

#[cfg(not(target_arch = "wasm32"))]
proptest::proptest! {
    #[test]
    fn no_body_panics(body in "(--B|\r\n|Content-Disposition: form-data; |name=|\"|x|;|-){0,20}") {
        let _ = read_body(&body);
    }
}
