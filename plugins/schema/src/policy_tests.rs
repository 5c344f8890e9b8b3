use portcullis_core::Headers;
use portcullis_core::testing::FakeEnv;

use super::*;

/// Headers as a client sends them.
type Fields<'a> = &'a [(&'a str, &'a [u8])];

/// A policy with one document in the wire form of its configuration.
fn policy(operations: &str) -> SchemaPolicy {
    compile(operations).unwrap()
}

fn compile(operations: &str) -> Result<SchemaPolicy, InvalidSchemaConfig> {
    let config = format!(
        r##"{{"apis":[{{"name":"a","operations":[{operations}]}}],"max_violations":5,"documents":{{"a":{{
            "dialect":"draft-4","definitions":{{
                "id":{{"type":"integer","format":"int32","minimum":1}},
                "pet":{{"type":"object","required":["name"],"additionalProperties":false,"properties":{{
                    "name":{{"type":"string","maxLength":5}},"id":{{"$ref":"#/$defs/id"}}}}}}}}}}}}}}"##
    );
    SchemaPolicy::compile(serde_json::from_str(&config).unwrap())
}

/// `GET /{path}` with one parameter, given by its members behind `name` and `in`.
fn with_parameters(path: &str, parameters: &str) -> SchemaPolicy {
    policy(&format!(
        r#"{{"key":"k","method":"GET","path":"{path}","rule":{{"document":"a","parameters":[{parameters}]}}}}"#
    ))
}

fn with_body(required: bool, content: &str) -> SchemaPolicy {
    policy(&format!(
        r#"{{"key":"k","method":"POST","path":"/","rule":{{"document":"a",
            "body":{{"required":{required},"max_bytes":100,"content":[{content}]}}}}}}"#
    ))
}

fn request(method: &str, target: &str, headers: Fields<'_>, body: Option<&[u8]>) -> Request {
    let head = [(":method", method.as_bytes()), (":path", target.as_bytes()), (":authority", b"h")];
    let mut request =
        Request::new(Headers::from_pairs(head.into_iter().chain(headers.iter().copied()))).unwrap();
    if let Some(body) = body {
        request.set_body(body.to_vec());
    }
    request
}

/// One line for a decision: `ok`, `body 100`, or the status and what is wrong.
fn outcome(policy: &SchemaPolicy, request: &Request) -> String {
    match policy.on_request(request, &FakeEnv::new()) {
        Decision::Continue(edits) => {
            assert_eq!(edits, Edits::default());
            "ok".to_owned()
        }
        Decision::NeedBody(most) => format!("body {most}"),
        Decision::Reject(rejection) if rejection.violations.is_empty() => {
            format!("{} {}", rejection.status, rejection.code)
        }
        Decision::Reject(rejection) => {
            assert_eq!((rejection.status, rejection.code), (400, "request-invalid"));
            let violations = rejection.violations.iter();
            let lines: Vec<_> =
                violations.map(|v| format!("{} {} {}", v.location, v.pointer, v.keyword)).collect();
            lines.join(", ")
        }
        Decision::Respond(_) | Decision::Ask(_) => panic!("the policy never replies, nor asks"),
    }
}

const LIMIT: &str = r##"{"name":"limit","in":"query","encoding":{"style":{"style":"form","explode":true,"shape":{"types":["integer"]}}},"schema":{"$ref":"#/$defs/id"}}"##;
const TAGS: &str = r#"{"name":"tags","in":"query","required":true,"encoding":{"style":{"style":"form","explode":false,"shape":{"types":["array"],"items":{"types":["integer"]}}}},"schema":{"type":"array","maxItems":2,"items":{"type":"integer"}}}"#;
const FLAG: &str = r#"{"name":"flag","in":"query","allow_empty":true,"encoding":{"style":{"style":"form","explode":true,"shape":{"types":["boolean"]}}},"schema":{"type":"boolean"}}"#;
const JSON: &str = r##"{"name":"pet","in":"query","encoding":"json","schema":{"$ref":"#/$defs/pet"}}"##;
const EITHER: &str = r#"{"name":"p","in":"query","encoding":{"style":{"style":"form","explode":true,"shape":{"types":["integer","string"]}}},"schema":{"anyOf":[{"type":"integer","maximum":9},{"type":"string","minLength":4}]}}"#;

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn query_parameters_are_judged() {
    let spread = r#"{"name":"s","in":"query","encoding":{"style":{"style":"form","explode":true,"shape":{"types":["object"],"properties":{"r":{"types":["integer"]}}}}},"schema":{"type":"object","required":["r"],"properties":{"r":{"type":"integer"}},"additionalProperties":{"type":"string","maxLength":1}}}"#;
    let cases = [
        (LIMIT, "/", "ok"),
        (LIMIT, "/?limit=1", "ok"),
        (LIMIT, "/?limit=0", "query limit minimum"),
        (LIMIT, "/?limit=x", "query limit type"),
        (LIMIT, "/?limit", "query limit type"),
        (LIMIT, "/?limit=2147483648", "query limit format"),
        (LIMIT, "/?limit=1&limit=2", "query limit style"),
        (LIMIT, "/?limit=%zz", "query limit style"),
        (LIMIT, "/?other=%zz", "ok"),
        (LIMIT, "/?Limit=x", "ok"),
        (TAGS, "/", "query tags required"),
        (TAGS, "/?tags=1,2", "ok"),
        (TAGS, "/?tags=1,x", "query tags/1 type"),
        (TAGS, "/?tags=1,2,3", "query tags maxItems"),
        (TAGS, "/?tags=1%2C2", "query tags/0 type"),
        (TAGS, "/?tags=", "ok"),
        (FLAG, "/?flag", "ok"),
        (FLAG, "/?flag=", "ok"),
        (FLAG, "/?flag=true", "ok"),
        (FLAG, "/?flag=1", "query flag type"),
        (JSON, "/?pet=%7B%22name%22:%22a%22%7D", "ok"),
        (JSON, "/?pet=%7B%22name%22:1%7D", "query pet/name type"),
        (JSON, "/?pet=%7B", "query pet syntax"),
        (EITHER, "/?p=9", "ok"),
        (EITHER, "/?p=1234", "ok"),
        (EITHER, "/?p=123", "query p anyOf"),
        (spread, "/?x=longer", "ok"),
        (spread, "/?r=1&x=longer", "query s/x maxLength"),
        (spread, "/?r=x", "query s/r type"),
    ];
    for (parameter, target, expected) in cases {
        let policy = with_parameters("/", parameter);
        assert_eq!(outcome(&policy, &request("GET", target, &[], None)), expected, "{target}");
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn path_parameters_are_judged() {
    let id = |style: &str| {
        format!(
            r##"{{"name":"id","in":"path","required":true,"encoding":{{"style":{{"style":"{style}","explode":false,"shape":{{"types":["integer"]}}}}}},"schema":{{"$ref":"#/$defs/id"}}}}"##
        )
    };
    let cases = [
        ("simple", "/p/{id}", "/p/7", "ok"),
        ("simple", "/p/{id}", "/p/%37", "ok"),
        ("simple", "/p/{id}", "/p/0", "path id minimum"),
        ("simple", "/p/{id}", "/p/a%2Fb", "path id type"),
        ("simple", "/p/{id}.json", "/p/7.json", "ok"),
        ("simple", "/p/{id}.json", "/p/x.json", "path id type"),
        ("label", "/p/{id}", "/p/.7", "ok"),
        ("label", "/p/{id}", "/p/7", "path id style"),
        ("matrix", "/p/{id}", "/p/;id=7", "ok"),
        ("matrix", "/p/{id}", "/p/;di=7", "path id style"),
    ];
    for (style, template, target, expected) in cases {
        let policy = with_parameters(template, &id(style));
        assert_eq!(outcome(&policy, &request("GET", target, &[], None)), expected, "{template} {target}");
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn headers_and_cookies_are_judged() {
    let number = |location: &str, style: &str| {
        format!(
            r##"{{"name":"x-n","in":"{location}","encoding":{{"style":{{"style":"{style}","explode":false,"shape":{{"types":["integer"]}}}}}},"schema":{{"$ref":"#/$defs/id"}}}}"##
        )
    };
    let header = &*number("header", "simple");
    let cookie = &*number("cookie", "form");
    let list = r#"{"name":"x-n","in":"header","encoding":{"style":{"style":"simple","explode":false,"shape":{"types":["array"],"items":{"types":["integer"]}}}},"schema":{"type":"array","items":{"type":"integer"}}}"#;
    let cases: [(&str, Fields<'_>, &str); 13] = [
        (header, &[], "ok"),
        (header, &[("x-n", b" 1 ")], "ok"),
        (header, &[("x-n", b"%31")], "header x-n type"),
        (header, &[("x-n", b"1"), ("x-n", b"2")], "header x-n style"),
        (header, &[("x-n", b"\xff")], "header x-n style"),
        (list, &[("x-n", b"1, 2"), ("x-n", b"3")], "ok"),
        (list, &[("x-n", b"1, x")], "header x-n/1 type"),
        (cookie, &[("cookie", b"a=b; x-n=1")], "ok"),
        (cookie, &[("cookie", b"x-n=%31")], "ok"),
        (cookie, &[("cookie", b"a=b"), ("cookie", b"x-n=x")], "cookie x-n type"),
        (cookie, &[("cookie", b"x-n=1; x-n=2")], "cookie x-n style"),
        (cookie, &[("cookie", b"\xff")], "cookie  style"),
        (cookie, &[("cookie", b"; ;")], "ok"),
    ];
    for (parameter, headers, expected) in cases {
        let policy = with_parameters("/", parameter);
        assert_eq!(outcome(&policy, &request("GET", "/", headers, None)), expected, "{headers:?}");
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn undeclared_query_parameters_are_refused_where_the_author_says() {
    let operation = format!(
        r#"{{"key":"k","method":"GET","path":"/","rule":{{"document":"a","parameters":[{LIMIT}],"refuse_undeclared_query":true,"allowed_query":["api_key","limit"]}}}}"#
    );
    let policy = policy(&operation);
    let cases = [
        ("/?limit=1&api_key=x", "ok"),
        ("/?limit=0&api_key=x", "query limit minimum"),
        ("/?b=1&a&b", "query a undeclared, query b undeclared"),
    ];
    for (target, expected) in cases {
        assert_eq!(outcome(&policy, &request("GET", target, &[], None)), expected, "{target}");
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn no_more_violations_are_listed_than_configured() {
    let parameters: Vec<_> = (0..9).map(|at| TAGS.replace("\"tags\"", &format!("\"t{at}\""))).collect();
    let policy = with_parameters("/", &parameters.join(","));
    let listed = outcome(&policy, &request("GET", "/", &[], None));
    assert_eq!(listed.matches("required").count(), 5);
}

const PET: &str = r##"{"range":"application/json","format":"json","schema":{"$ref":"#/$defs/pet"}}"##;

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn the_head_decides_what_it_can() {
    let json: (&str, &[u8]) = ("content-type", b"Application/JSON; charset=utf-8");
    let sized: (&str, &[u8]) = ("content-length", b"9");
    let bytes = r#"{"range":"image/*","format":"bytes"}"#;
    let cases: [(&str, Fields<'_>, &str); 17] = [
        (PET, &[], "body 100"),
        (PET, &[json], "body 100"),
        (PET, &[json, sized], "body 100"),
        (PET, &[json, ("content-length", b"0")], "body  required"),
        (PET, &[json, ("content-length", b"101")], "413 body-too-large"),
        (PET, &[json, ("transfer-encoding", b"chunked")], "body 100"),
        (PET, &[sized], "415 media-type-undeclared"),
        (PET, &[sized, ("content-type", b"text/xml")], "415 media-type-undeclared"),
        (PET, &[sized, ("content-type", b"\xff")], "415 media-type-undeclared"),
        (PET, &[sized, json, json], "415 media-type-undeclared"),
        (PET, &[("content-type", b"text/xml")], "body 100"),
        (
            PET,
            &[("transfer-encoding", b"chunked"), ("content-type", b"text/xml")],
            "415 media-type-undeclared",
        ),
        (PET, &[sized, ("content-type", b"application/json; charset=latin1")], "415 charset-unsupported"),
        (PET, &[sized, json, ("content-encoding", b"gzip")], "415 content-coding-unsupported"),
        (PET, &[sized, json, ("content-encoding", b"Identity")], "body 100"),
        (bytes, &[sized, ("content-type", b"image/png")], "ok"),
        (bytes, &[("transfer-encoding", b"chunked"), ("content-type", b"image/png")], "body 100"),
    ];
    for (content, headers, expected) in cases {
        let policy = with_body(true, content);
        assert_eq!(outcome(&policy, &request("POST", "/", headers, None)), expected, "{headers:?}");
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn bodies_are_judged() {
    let form = r##"{"range":"application/x-www-form-urlencoded","format":{"form":{"shape":{"types":["object"],"properties":{"id":{"types":["integer"]}}}}},"schema":{"$ref":"#/$defs/pet"}}"##;
    let parts = r##"{"range":"multipart/form-data","format":{"multipart":{"shape":{"types":["object"]}}},"schema":{"$ref":"#/$defs/pet"}}"##;
    let xml = r##"{"range":"application/xml","format":{"xml":{"shape":{"types":["object"],"properties":{"id":{"types":["integer"]}}}}},"schema":{"$ref":"#/$defs/pet"}}"##;
    let text = r#"{"range":"text/plain","format":"text","schema":{"type":"string","maxLength":3}}"#;
    let any = r#"{"range":"*/*","format":"bytes"}"#;
    let long = "x".repeat(101);
    let cases: [(&str, &str, &str, &str); 20] = [
        (PET, "application/json", r#"{"name":"a","id":1}"#, "ok"),
        (PET, "application/json", r#"{"name":"abcdef","id":0}"#, "body /id minimum, body /name maxLength"),
        (PET, "application/json", r#"{"nick":"a"}"#, "body  additionalProperties, body  required"),
        (PET, "application/json", r#"{"name":"a","name":"b"}"#, "body /name uniqueNames"),
        (PET, "application/json", r#"{"name":"a"} x"#, "body  syntax"),
        (PET, "application/json", "", "body  required"),
        (PET, "text/xml", "{}", "415 media-type-undeclared"),
        (PET, "application/json", &long, "413 body-too-large"),
        (form, "application/x-www-form-urlencoded", "name=a&id=1", "ok"),
        (form, "application/x-www-form-urlencoded", "name=a&id=x", "body /id type"),
        (
            parts,
            "multipart/form-data; boundary=B",
            "--B\r\nContent-Disposition: form-data; name=name\r\n\r\na\r\n--B--",
            "ok",
        ),
        (parts, "multipart/form-data; boundary=B", "--B--", "body  required"),
        (parts, "multipart/form-data", "--B--", "body  syntax"),
        (xml, "application/xml", "<pet><name>a</name><id>1</id></pet>", "ok"),
        (xml, "application/xml", "<pet><name>a</name><id>0</id></pet>", "body /id minimum"),
        (text, "text/plain", "abc", "ok"),
        (text, "text/plain", "abcd", "body  maxLength"),
        (any, "anything/else", "x", "ok"),
        (any, "", "x", "415 media-type-undeclared"),
        (any, "anything/else", &long, "413 body-too-large"),
    ];
    for (content, media, body, expected) in cases {
        let policy = with_body(true, content);
        let request = request("POST", "/", &[("content-type", media.as_bytes())], Some(body.as_bytes()));
        assert_eq!(outcome(&policy, &request), expected, "{media} {body}");
    }
    let untyped = request("POST", "/", &[], Some(b"x"));
    assert_eq!(outcome(&with_body(true, any), &untyped), "ok");
    assert_eq!(outcome(&with_body(true, PET), &untyped), "415 media-type-undeclared");
    let absent = request("POST", "/", &[("content-type", b"text/xml")], Some(b""));
    assert_eq!(outcome(&with_body(false, PET), &absent), "ok");
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn the_most_specific_media_range_wins() {
    let ranges = [("*/*", 1), ("text/*", 2), ("text/plain", 3), ("text/plain;v=1", 4)];
    let content = ranges.map(|(range, most)| {
        format!(r#"{{"range":"{range}","format":"text","schema":{{"type":"string","maxLength":{most}}}}}"#)
    });
    let policy = with_body(true, &content.join(","));
    for (media, most) in
        [("a/b", 1), ("text/html", 2), ("text/plain", 3), ("text/plain; v=2", 3), ("text/plain; v=1", 4)]
    {
        for (length, expected) in [(most, "ok"), (most + 1, "body  maxLength")] {
            let request = request(
                "POST",
                "/",
                &[("content-type", media.as_bytes())],
                Some("x".repeat(length).as_bytes()),
            );
            assert_eq!(outcome(&policy, &request), expected, "{media} {length}");
        }
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn refusals_say_what_is_taken() {
    let policy = with_body(true, &format!(r#"{PET},{{"range":"text/*","format":"text"}}"#));
    let refused = |headers: Fields<'_>| match policy
        .on_request(&request("POST", "/", headers, None), &FakeEnv::new())
    {
        Decision::Reject(rejection) => rejection.headers,
        other => panic!("{other:?}"),
    };
    let sized: (&str, &[u8]) = ("content-length", b"1");
    let accept = ("accept".into(), "application/json, text/*".to_owned());
    assert_eq!(refused(&[sized, ("content-type", b"a/b")]), [accept]);
    let identity = ("accept-encoding".into(), "identity".to_owned());
    assert_eq!(refused(&[sized, ("content-encoding", b"br")]), [identity]);
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn a_request_without_an_operation_never_passes() {
    let policy = with_parameters("/p/{id}", "");
    let none = FakeEnv::new();
    let other = FakeEnv::new().with_operation("unknown");
    let same = FakeEnv::new().with_operation("k");
    let cases = [
        ("GET", "/p/1", &same, None),
        ("GET", "/x", &none, Some((404, "operation-unknown"))),
        ("POST", "/p/1", &none, Some((405, "method-not-allowed"))),
        ("GET", "/p/1", &other, Some((503, "configuration-mismatch"))),
        ("GET", "/x", &same, Some((503, "configuration-mismatch"))),
    ];
    for (method, target, env, expected) in cases {
        let found = match policy.on_request(&request(method, target, &[], None), env) {
            Decision::Reject(rejection) => Some((rejection.status, rejection.code)),
            _ => None,
        };
        assert_eq!(found, expected, "{method} {target}");
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn a_schema_that_does_not_compile_lets_nothing_through() {
    let broken = r#"{"name":"limit","in":"query","encoding":{"style":{"style":"form","explode":true,"shape":{}}},"schema":{"type":"text"}}"#;
    let policy = with_parameters("/", broken);
    assert_eq!(outcome(&policy, &request("GET", "/", &[], None)), "ok");
    assert_eq!(outcome(&policy, &request("GET", "/?limit=1", &[], None)), "503 schema-broken");
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn configurations_that_cannot_be_enforced_are_refused() {
    let operation = |rule: &str| format!(r#"{{"key":"k","method":"GET","path":"/","rule":{{{rule}}}}}"#);
    let parameter = |parameter: &str| operation(&format!(r#""document":"a","parameters":[{parameter}]"#));
    let range = |range: &str| {
        operation(&format!(
            r#""document":"a","body":{{"max_bytes":1,"content":[{{"range":"{range}","format":"json"}}]}}"#
        ))
    };
    let cases = [
        (operation(r#""document":"b""#), "there is no document 'b'"),
        (parameter(&LIMIT.replace("/id", "/none")), "parameter 'limit': refers to '#/$defs/none'"),
        (parameter(&LIMIT.replace("\"query\"", "\"header\"")), "style of parameter 'limit'"),
        (range("json"), "'json' is not a media range"),
        (format!("{0},{0}", operation(r#""document":"a""#)), "the operations"),
    ];
    for (operations, expected) in cases {
        let error = compile(&operations).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn the_configuration_of_the_readme_works() {
    let readme = include_str!("../README.md");
    let (_, rest) = readme.split_once("value: |\n").unwrap();
    let policy =
        SchemaPolicy::compile(serde_json::from_str(rest.split_once("```").unwrap().0).unwrap()).unwrap();
    assert_eq!(outcome(&policy, &request("GET", "/v1/pets?limit=101", &[], None)), "query limit maximum");
}
