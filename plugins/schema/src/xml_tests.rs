use super::*;

/// A shape from its wire form, as the compiler writes it.
fn shape(json: &str) -> ShapeConfig {
    serde_json::from_str(json).unwrap()
}

const PET: &str = r#"{"types":["object"],"properties":{
    "id":{"types":["integer"],"xml":{"attribute":true}},
    "name":{"types":["string"],"xml":{"name":"title"}},
    "tags":{"types":["array"],"items":{"types":["integer"],"xml":{"name":"tag"}}},
    "photos":{"types":["array"],"xml":{"wrapped":true},"items":{"types":["string"],"xml":{"name":"url"}}},
    "owner":{"types":["object"],"xml":{"namespace":"urn:o"},"properties":{"age":{"types":["integer"]}}}}}"#;

fn read_pet(text: &str) -> Result<String, Fault> {
    read(text.as_bytes(), &shape(PET), Some("pet")).map(|value| value.to_string())
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn elements_become_values_as_the_xml_objects_say() {
    let cases = [
        ("<pet/>", "{}"),
        (
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><pet id=\"7\"><title>a &lt;b&#33; <![CDATA[<c>]]></title></pet>",
            r#"{"id":7,"name":"a <b! <c>"}"#,
        ),
        ("<pet><tag> 1 </tag><title/><tag>2</tag></pet>", r#"{"name":"","tags":[1,2]}"#),
        ("<pet><photos><url>x</url><url>y</url></photos></pet>", r#"{"photos":["x","y"]}"#),
        ("<pet><photos/></pet>", r#"{"photos":[]}"#),
        ("<pet xmlns:o=\"urn:o\"><o:owner><age>3</age></o:owner></pet>", r#"{"owner":{"age":3}}"#),
        ("<pet><owner>x</owner></pet>", r#"{"{}owner":"x"}"#),
        ("<pet xmlns=\"urn:p\"><owner>x</owner></pet>", r#"{"{urn:p}owner":"x"}"#),
        ("<pet><other><x>1</x></other><!-- c --></pet>", r#"{"other":{"x":"1"}}"#),
        ("<pet><other>1</other><other>2</other></pet>", r#"{"other":["1","2"]}"#),
        ("<pet xmlns:o=\"urn:o\"><o:owner/><owner/></pet>", r#"{"owner":{},"{}owner":""}"#),
        ("<pet other=\"1\"/>", r#"{"other":"1"}"#),
        ("<pet id=\"x\"/>", r#"{"id":"x"}"#),
        ("<pet xmlns:x=\"urn:x\" x:id=\"5\" id=\"99\"/>", r#"{"@id":"5","id":99}"#),
        ("<pet><id>1</id><name>a</name></pet>", r#"{"{}id":"1","{}name":"a"}"#),
        ("<pet name=\"a\"/>", r#"{"@name":"a"}"#),
        ("<pet><tags>1</tags></pet>", r#"{"{}tags":"1"}"#),
    ];
    for (text, expected) in cases {
        assert_eq!(read_pet(text).as_deref(), Ok(expected), "{text}");
    }
    let two = shape(
        r#"{"types":["object"],"properties":{"id":{"types":["integer"]},
        "other":{"types":["string"],"xml":{"name":"id","namespace":"urn:two"}}}}"#,
    );
    let text = br#"<o xmlns:b="urn:two"><b:id>abc</b:id><id>1</id></o>"#;
    assert_eq!(read(text, &two, None).unwrap().to_string(), r#"{"id":1,"other":"abc"}"#);
    let bare =
        shape(r#"{"types":["object"],"properties":{"aliens":{"types":["array"],"xml":{"name":"alien"}}}}"#);
    let text = b"<o><aliens>x</aliens><alien>y</alien></o>";
    assert_eq!(read(text, &bare, None).unwrap().to_string(), r#"{"alien":"y","aliens":["x"]}"#);
    let named =
        shape(r#"{"types":["array"],"items":{"types":["integer"],"xml":{"name":"n","namespace":"urn:a"}}}"#);
    for (text, is_good) in [
        ("<l xmlns=\"urn:a\"><n>1</n></l>", true),
        ("<l xmlns=\"urn:a\"><zzz>1</zzz></l>", false),
        ("<l xmlns=\"urn:a\">x<n>1</n></l>", false),
        ("<l xmlns=\"urn:a\" evil=\"1\"><n>1</n></l>", false),
        ("<l><n>evil</n></l>", false),
    ] {
        assert_eq!(read(text.as_bytes(), &named, None).is_ok(), is_good, "{text}");
    }
    let list = shape(r#"{"types":["array"],"items":{"types":["integer"]}}"#);
    assert_eq!(read(b"<l><i>1</i><i>2</i></l>", &list, None).unwrap().to_string(), "[1,2]");
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn nothing_is_read_where_a_shape_is_cut() {
    let tree = shape(
        r#"{"types":["object"],"properties":{"n":{"types":["integer"]},"trees":{"types":["array"],"items":{"cut":true,"xml":{"name":"tree"}}}}}"#,
    );
    let read = |text: &str| read(text.as_bytes(), &tree, None).map(|value| value.to_string());
    assert_eq!(read("<t><n>1</n></t>").as_deref(), Ok(r#"{"n":1}"#));
    for text in ["<t><tree/></t>", "<t><tree>1</tree></t>", "<t><tree><n>1</n></tree></t>"] {
        let fault = read(text).unwrap_err();
        assert_eq!((fault.keyword, &*fault.pointer), ("depth", "/trees/0"), "{text}");
    }
    // It may be one of the items, by another name.
    for text in ["<t><branch/></t>", "<t m=\"1\"/>"] {
        let fault = read(text).unwrap_err();
        assert_eq!((fault.keyword, &*fault.pointer), ("depth", ""), "{text}");
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn hostile_and_broken_texts_are_refused() {
    let deep = "<a>".repeat(65) + &"</a>".repeat(65);
    let attributes: String = (0..129).map(|at| format!(" a{at}=\"\"")).collect();
    let cases = [
        (String::new(), "syntax"),
        ("<pet>".to_owned(), "syntax"),
        ("<pet></dog>".to_owned(), "syntax"),
        ("<pet/>x".to_owned(), "syntax"),
        ("<pet/><pet/>".to_owned(), "depth"),
        ("<dog/>".to_owned(), "xml"),
        ("<pet>text<title/></pet>".to_owned(), "xml"),
        ("<pet><title/><title/></pet>".to_owned(), "xml"),
        ("<pet><photos><other/></photos></pet>".to_owned(), "xml"),
        ("<pet><photos>text<url/></photos></pet>".to_owned(), "xml"),
        ("<pet><photos evil=\"1\"><url/></photos></pet>".to_owned(), "xml"),
        ("<pet id=\"1\" id=\"2\"/>".to_owned(), "xml"),
        ("<p:pet/>".to_owned(), "xml"),
        ("<pet>&other;</pet>".to_owned(), "syntax"),
        ("<!DOCTYPE pet [<!ENTITY a \"b\">]><pet>&a;</pet>".to_owned(), "xml"),
        ("<?xml version=\"1.0\" encoding=\"latin1\"?><pet/>".to_owned(), "xml"),
        ("<?xml version=\"1.0\" encoding=\"us-ascii\"?><pet><title>é</title></pet>".to_owned(), "xml"),
        ("<?xml version=\"1.1\"?><pet/>".to_owned(), "xml"),
        ("<?xml version=\"2.0\"?><pet/>".to_owned(), "xml"),
        ("<pet><title>adm<!-- -->in</title></pet>".to_owned(), "xml"),
        ("<pet><title>adm<?x?>in</title></pet>".to_owned(), "xml"),
        ("<pet><title><!-- -->in</title></pet>".to_owned(), "xml"),
        ("<pet><title>adm<!-- -->&#105;</title></pet>".to_owned(), "xml"),
        ("<pet><title>adm<!-- --><![CDATA[in]]></title></pet>".to_owned(), "xml"),
        (deep, "depth"),
        (format!("<pet{attributes}/>"), "xml"),
    ];
    for (text, keyword) in cases {
        assert_eq!(read_pet(&text).map_err(|fault| fault.keyword), Err(keyword), "{text}");
    }
    assert_eq!(read(b"<pet>\xff</pet>", &shape(PET), None).unwrap_err().keyword, "syntax");
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn only_well_formed_texts_are_read() {
    for text in [
        "<pet other='a&gt;b' id = \"1\"\n/>",
        "\u{feff}<?xml version='1.0' standalone=\"yes\" ?>\n<pet/>",
        "<?xml version=\"1.0\" encoding='utf-8'?><pet/><!-- - --> <?pi a?>",
        "<pet\u{301}s/>",
        "<?xml version=\"1.0\" encoding='utf8'?><pet xmlns=\"\"/>",
        "<?xml version=\"1.0\" encoding='us-ascii'?><pet/>",
        "<pet> <!-- --> <title>a<!-- --> </title><!-- --></pet>",
        "<pet><title>]] > ]]&gt;&#9;\u{7f}</title ></pet>",
        "<pet><title><![CDATA[]]></title><o.-_1\u{b7}/></pet>",
    ] {
        let found = read(text.as_bytes(), &shape(PET), None);
        assert!(found.is_ok(), "{text}: {found:?}");
    }
    for text in [
        // Characters, as themselves and by number.
        "<pet>\u{1}</pet>",
        "<pet><title>\u{fffe}</title></pet>",
        "<pet><title>&#1;</title></pet>",
        "<pet><title>&#xFFFF;</title></pet>",
        "<pet id=\"&#0;\"/>",
        "<pet id=\"&#x1F;\"/>",
        // Tags.
        "<pet id=\"1\"other=\"2\"/>",
        "<pet other=\"<\"/>",
        "<pet other=1/>",
        "<pet other/>",
        "<1pet/>",
        "<pet 1=\"\"/>",
        "<pet a:b:c=\"\"/>",
        "<a:b:c xmlns:a=\"u\"/>",
        "< pet/>",
        "<pet xmlns=\"a\" xmlns=\"b\"/>",
        "<pet xmlns:o=\"urn&#58;o\"><o:owner><age>x</age></o:owner></pet>",
        "<pet xmlns:o=\"&nope;\"/>",
        "<pet xmlns:o=\"\"/>",
        "<pet><xmlns:a/></pet>",
        "<pet><title>a]]>b</title></pet>",
        "<pet><!-- a -- b --></pet>",
        "<pet><!-- a ---></pet>",
        // What stands before, and where it may not.
        "<?xMl version=\"1.0\"?><pet/>",
        "<pet><?xml version=\"1.0\"?></pet>",
        " <?xml version=\"1.0\"?><pet/>",
        "<pet/><?xml version=\"1.0\"?>",
        "<?xml version=\"1.0\"?><?xml version=\"1.0\"?><pet/>",
        "<?xml encoding=\"utf-8\"?><pet/>",
        "<?xml version=\"1.0\" standalone=\"maybe\"?><pet/>",
        "<?xml version=\"1.0\" standalone=\"yes\" encoding=\"utf-8\"?><pet/>",
        "<?xml version=\"1.0\"encoding=\"utf-8\"?><pet/>",
        "<pet><?a:b c?></pet>",
        "&#32;<pet/>",
        "<![CDATA[ ]]><pet/>",
        "<pet/>\u{a0}",
        "<pet/>\u{feff}",
    ] {
        let found = read(text.as_bytes(), &shape(PET), None).map_err(|fault| fault.keyword);
        assert_eq!(found, Err("syntax"), "{text}");
    }
    // No white space of XML: a text.
    assert_eq!(read_pet("<pet>\u{a0}<title/></pet>").unwrap_err().keyword, "xml");
    assert_eq!(read_pet("<pet><tag>\u{a0}1</tag></pet>").unwrap(), "{\"tags\":[\"\u{a0}1\"]}");
}

#[cfg(not(target_arch = "wasm32"))]
proptest::proptest! {
    #[test]
    fn no_text_panics(text in "(<pet|>|/|<title|<|&amp;|&|x| id=|\"|xmlns:o=|<!--|-->|<!\\[CDATA\\[|\\]\\]>|<\\?xml|\\?>){0,16}") {
        let _ = read_pet(&text);
    }
}
