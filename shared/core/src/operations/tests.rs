//! The index rule by rule.

use super::*;
use crate::condition::ConditionPlace;
use crate::headers::Headers;
use crate::testing::FakeEnv;

/// `METHOD template`, or `METHOD template if q:name=value, h:name`; the text is the key.
fn operation<'a>(text: &'a str, hosts: &'a [String], base_path: &'a str) -> Entry<'a> {
    let (line, conditions) = text.split_once(" if ").unwrap_or((text, ""));
    let (method, template) = line.split_once(' ').unwrap();
    let conditions = conditions.split(", ").filter(|text| !text.is_empty()).map(condition).collect();
    Entry { key: text, hosts, base_path, method, template, conditions }
}

fn condition(text: &str) -> Condition {
    let (place, rest) = text.split_once(':').unwrap();
    let place = if place == "q" { ConditionPlace::Query } else { ConditionPlace::Header };
    let (name, value) = match rest.split_once('=') {
        Some((name, value)) => (name, Some(value.to_owned())),
        None => (rest, None),
    };
    Condition { place, name: name.to_owned(), value }
}

fn request(method: &str, target: &str, headers: &[(&str, &str)]) -> Request {
    let head = [(":method", method), (":path", target)];
    Request::new(Headers::from_pairs(head.into_iter().chain(headers.iter().copied()))).unwrap()
}

/// Headers of a request.
type Carried = &'static [(&'static str, &'static str)];

/// The key found, or the status that refuses the request.
fn outcome(index: &OperationIndex, request: &Request) -> String {
    match index.find(request).into_found() {
        Ok(id) => index.get(id).unwrap().key.to_string(),
        Err(rejection) => rejection.status.to_string(),
    }
}

fn index_of(operations: &[&str]) -> OperationIndex {
    OperationIndex::build(operations.iter().map(|text| operation(text, &[], ""))).unwrap()
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn the_most_specific_template_answers() {
    let index = index_of(&[
        "GET /pets/{id}",
        "GET /pets/mine",
        "GET /pets/{id}/toys",
        "GET /{kind}/mine/photo",
        "GET /files/{name}",
        "GET /files/{name}.{ext}",
        "GET /files/{name}.tar.{ext}",
        "GET /files/report-{day}",
        "GET /{a}/{b}/{c}/{d}",
        "GET /",
    ]);
    let cases = [
        ("/", "GET /"),
        ("/pets/7", "GET /pets/{id}"),
        ("/pets/mine", "GET /pets/mine"),
        ("/pets/mine/toys", "GET /pets/{id}/toys"),
        ("/pets/mine/photo", "GET /{kind}/mine/photo"),
        ("/pets/7/photo", "404"),
        ("/files/a", "GET /files/{name}"),
        ("/files/a.b", "GET /files/{name}.{ext}"),
        ("/files/a.tar.gz", "GET /files/{name}.tar.{ext}"),
        ("/files/report-1.2", "GET /files/report-{day}"),
        ("/files/.b", "GET /files/{name}"),
        ("/files/a/b/c", "GET /{a}/{b}/{c}/{d}"),
        ("/a/b/c/d/e", "404"),
    ];
    for (target, expected) in cases {
        assert_eq!(outcome(&index, &request("GET", target, &[])), expected, "{target}");
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn paths_are_compared_decoded_and_an_encoded_slash_separates_nothing() {
    let index = index_of(&[
        "GET /a/{x}",
        "GET /a/b/c",
        "GET /b c",
        "GET /d%2Fe",
        "GET /d/e",
        "GET /s/",
        "GET /s/{x}",
    ]);
    let cases = [
        ("/a/b%2Fc", "GET /a/{x}"),
        ("/a/b/c", "GET /a/b/c"),
        ("/a/%62/c", "GET /a/b/c"),
        ("/%61//./b/../b/c", "GET /a/b/c"),
        ("/b%20c", "GET /b c"),
        ("/d%2fe", "GET /d%2Fe"),
        ("/d/e", "GET /d/e"),
        ("/A/b/c", "404"),
        ("/s", "GET /s/"),
        ("/s/", "GET /s/"),
        ("/s/1/", "GET /s/{x}"),
    ];
    for (target, expected) in cases {
        assert_eq!(outcome(&index, &request("GET", target, &[])), expected, "{target}");
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn a_declared_trailing_slash_decides_between_two_templates() {
    let index = index_of(&["GET /a", "GET /a/", "POST /a/", "GET /{x}/"]);
    let cases = [
        ("GET", "/a", "GET /a"),
        ("GET", "/a/", "GET /a/"),
        ("POST", "/a/", "POST /a/"),
        ("POST", "/a", "405"),
        ("GET", "/b", "GET /{x}/"),
    ];
    for (method, target, expected) in cases {
        assert_eq!(outcome(&index, &request(method, target, &[])), expected, "{method} {target}");
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn the_host_and_then_the_longest_base_path_decide_first() {
    let (anywhere, named) = ([], ["api.test".to_owned(), "api.test".to_owned(), "b.test".to_owned()]);
    let index = OperationIndex::build([
        operation("GET /root", &anywhere, ""),
        operation("GET /v1/shadowed", &anywhere, ""),
        operation("GET /any", &anywhere, "/v1"),
        operation("GET /", &anywhere, "/v1/deep"),
        operation("GET /named", &named, "/v1/"),
    ])
    .unwrap();
    let cases = [
        ("", "/root", "GET /root"),
        ("", "/v1/any", "GET /any"),
        ("", "/v1/shadowed", "404"),
        ("", "/v1/deep", "GET /"),
        ("", "/%761/deep/", "GET /"),
        ("", "/v1/deep/any", "404"),
        ("", "/v1/named", "404"),
        ("api.test:8080", "/v1/named", "GET /named"),
        ("B.Test.", "/v1/named", "GET /named"),
        ("api.test", "/v1/any", "404"),
        ("api.test", "/root", "GET /root"),
        ("other.test", "/v1/any", "GET /any"),
    ];
    for (host, target, expected) in cases {
        let headers = [(":authority", host)];
        let headers = if host.is_empty() { &[][..] } else { &headers[..] };
        assert_eq!(outcome(&index, &request("GET", target, headers)), expected, "{host} {target}");
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn get_stands_in_for_head_and_other_methods_are_refused_with_allow() {
    let index = index_of(&["GET /a", "POST /a", "GET /b", "HEAD /b", "OPTIONS /b", "PUT /{x}"]);
    let cases = [
        ("HEAD", "/a", "GET /a", ""),
        ("HEAD", "/b", "HEAD /b", ""),
        ("OPTIONS", "/b", "OPTIONS /b", ""),
        ("PUT", "/a", "405", "GET, HEAD, OPTIONS, POST"),
        ("OPTIONS", "/a", "405", "GET, HEAD, OPTIONS, POST"),
        ("get", "/b", "405", "GET, HEAD, OPTIONS"),
        ("HEAD", "/c", "405", "OPTIONS, PUT"),
    ];
    for (method, target, expected, allow) in cases {
        let request = request(method, target, &[]);
        assert_eq!(outcome(&index, &request), expected, "{method} {target}");
        let headers = index.find(&request).into_found().err().map(|rejection| rejection.headers);
        let allowed = headers.and_then(|headers| headers.into_iter().next()).map(|(_, value)| value);
        assert_eq!(allowed.unwrap_or_default(), allow, "{method} {target}");
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn conditions_tell_operations_of_one_path_apart() {
    let index = index_of(&[
        "POST / if q:Action=Run, q:Version=1",
        "POST / if q:Action=Run",
        "POST / if q:Action=Stop",
        "POST / if h:x-target",
        "POST / if h:x-target=T, h:x-kind=K",
    ]);
    let cases: [(&str, Carried, &str); 13] = [
        ("/?Action=Run", &[], "POST / if q:Action=Run"),
        ("/?Action=R%75n", &[], "POST / if q:Action=Run"),
        ("/?A%63tion=Run&x", &[], "POST / if q:Action=Run"),
        ("/?Version=1&Action=Run", &[], "POST / if q:Action=Run, q:Version=1"),
        ("/?Action=Run&Action=Stop", &[], "404"),
        ("/?Action=Run&Action=Run", &[], "404"),
        ("/?Action=%ff", &[], "404"),
        ("/?Action", &[], "404"),
        ("/", &[("x-target", "any")], "POST / if h:x-target"),
        ("/", &[("x-target", "T"), ("x-kind", "K")], "POST / if h:x-target=T, h:x-kind=K"),
        ("/", &[("x-target", "T"), ("x-target", "T"), ("x-kind", "K")], "POST / if h:x-target"),
        ("/?Action=Run", &[("x-target", "any")], "400"),
        ("/?Action=Run&Version=1", &[("x-target", "any")], "POST / if q:Action=Run, q:Version=1"),
    ];
    for (target, headers, expected) in cases {
        assert_eq!(outcome(&index, &request("POST", target, headers)), expected, "{target} {headers:?}");
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn entries_that_make_no_index_are_refused() {
    let build = |entries: &[(&str, &str)]| {
        OperationIndex::build(entries.iter().map(|(text, base)| operation(text, &[], base))).err()
    };
    let conflict = |first: &str, second: &str| Some(InvalidIndex::Conflict(first.into(), second.into()));
    let cases = [
        (&[("GET /a", ""), ("GET /a", "/b")][..], Some(InvalidIndex::RepeatedKey("GET /a".into()))),
        (&[("GET /{x}", ""), ("GET /{y}", "")], conflict("GET /{x}", "GET /{y}")),
        (&[("GET /a-{y}", "/b"), ("GET /a-{x}", "/b")], conflict("GET /a-{y}", "GET /a-{x}")),
        (
            &[("GET /{x} if q:a, h:b", ""), ("GET /{y} if h:b, q:a", "")],
            conflict("GET /{x} if q:a, h:b", "GET /{y} if h:b, q:a"),
        ),
        (&[("GET /a", ""), ("POST /a", ""), ("GET /a if q:a", ""), ("GET /a/", "")], None),
        (&[("GET /{x}%7B%7D-", ""), ("GET /%7B%7D{x}-", "")], None),
        (&[("GET /a", "/{b}")], Some(InvalidIndex::BasePath("/{b}".into()))),
        (&[("GET /a", "b")], Some(InvalidIndex::BasePath("b".into()))),
        (&[("GET /{", "")], Some(InvalidIndex::Template("GET /{".into(), InvalidTemplate::Braces))),
    ];
    for (entries, expected) in cases {
        assert_eq!(build(entries), expected, "{entries:?}");
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn an_earlier_operation_is_taken_over_or_reported() {
    let index = index_of(&["GET /a", "GET /b"]);
    let cases = [("", Ok("GET /a")), ("GET /b", Ok("GET /b")), ("GET /c", Err("GET /c".into()))];
    for (earlier, expected) in cases {
        let env = if earlier.is_empty() { FakeEnv::new() } else { FakeEnv::new().with_operation(earlier) };
        let found = index.locate(&request("GET", "/a", &[]), &env);
        let key = found.map(|lookup| index.get(lookup.into_found().unwrap()).unwrap().key.clone());
        assert_eq!(key.as_deref(), expected.as_ref().copied(), "{earlier}");
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn captures_count_from_behind_the_base_path() {
    let index = OperationIndex::build([operation("GET /{x}/b-{y}", &[], "/v1/pets")]).unwrap();
    let request = request("GET", "/v1/pets/a%20c/b-d", &[]);
    let id = index.find(&request).into_found().unwrap();
    let captures = index.get(id).unwrap().capture(request.path()).unwrap();
    assert_eq!(captures, [("x", "a%20c"), ("y", "d")]);
}
