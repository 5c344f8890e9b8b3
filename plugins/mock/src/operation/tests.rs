//! One mocked operation, rule by rule.

use portcullis_core::Headers;

use super::*;

type Prefer<'a> = &'a [(&'a str, &'a str)];

fn operation(responses: &str) -> MockOperation {
    let rule = format!(r#"{{"mocked": true, "responses": [{responses}]}}"#);
    MockOperation::compile(serde_json::from_str(&rule).unwrap()).unwrap()
}

/// `{"status": …}` for each status, its body the status itself.
fn statuses(statuses: &[&str]) -> MockOperation {
    let response = |status: &&str| {
        let content = format!(r#"{{"media_type": "text/plain", "body": "{status}"}}"#);
        format!(r#"{{"status": "{status}", "content": [{content}]}}"#)
    };
    operation(&statuses.iter().map(response).collect::<Vec<_>>().join(","))
}

fn answer(operation: &MockOperation, method: &str, headers: Prefer<'_>) -> Result<Reply, Rejection> {
    let head = [(":method", method), (":path", "/")];
    let head = Headers::from_pairs(head.into_iter().chain(headers.iter().copied()));
    operation.answer(&Request::new(head).unwrap())
}

/// Status and body, or status and code.
fn outcome(answer: Result<Reply, Rejection>) -> (u16, String) {
    match answer {
        Ok(reply) => (reply.status, String::from_utf8(reply.body).unwrap()),
        Err(rejection) => (rejection.status, rejection.code.to_owned()),
    }
}

fn header<'r>(reply: &'r Reply, name: &str) -> Option<&'r str> {
    reply.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
}

const CAT: &str = r#"
    {"status": "200", "headers": {"X-Rate": "7", "Content-Length": "9"}, "content": [
        {"media_type": "application/json", "body": "{}", "examples": {"cat": "\"cat\"", "dog": "\"dog\""}},
        {"media_type": "application/xml", "body": "<x/>", "examples": {"cat": "<cat/>", "an owl": "<owl/>"}},
        {"media_type": "text/csv", "examples": {"bare": "a,b"}}]},
    {"status": "204"},
    {"status": "304", "content": [{"media_type": "application/json", "body": "{}"}]},
    {"status": "418", "content": [{"media_type": "application/json"}]}"#;

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn without_preference_the_usual_response_is_given() {
    let cases: [(&[&str], u16, &str); 9] = [
        (&["404", "202", "201", "2XX", "default"], 201, "201"),
        (&["404", "2XX", "default"], 200, "2XX"),
        (&["404", "default"], 200, "default"),
        (&["404", "302"], 404, "404"),
        (&["5XX", "4xx"], 500, "5XX"),
        (&["302"], 302, "302"),
        (&["101", "1XX", "404"], 404, "404"),
        (&["101"], 501, "mock-missing"),
        (&[], 501, "mock-missing"),
    ];
    for (declared, status, body) in cases {
        let seen = outcome(answer(&statuses(declared), "GET", &[]));
        assert_eq!(seen, (status, body.to_owned()), "{declared:?}");
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn a_preferred_code_picks_status_then_class_then_default() {
    let all: &[&str] = &["200", "404", "4XX", "default"];
    let cases: [(&[&str], &str, u16, &str); 8] = [
        (all, "code=404", 404, "404"),
        (all, "code=409", 409, "4XX"),
        (all, "code=503", 503, "default"),
        (all, "code=200", 200, "200"),
        (&["200", "404"], "code=409", 501, "mock-missing"),
        (&["200", "4XX"], "code=500", 501, "mock-missing"),
        (all, "code=100", 400, "prefer-invalid"),
        (all, "code=4XX", 400, "prefer-invalid"),
    ];
    for (declared, prefer, status, body) in cases {
        let seen = outcome(answer(&statuses(declared), "GET", &[("prefer", prefer)]));
        assert_eq!(seen, (status, body.to_owned()), "{declared:?} {prefer}");
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn body_and_media_type_follow_accept_and_example() {
    let cases: [(Prefer<'_>, u16, &str, Option<&str>); 15] = [
        (&[], 200, "{}", Some("application/json")),
        (&[("accept", "application/xml")], 200, "<x/>", Some("application/xml")),
        (&[("accept", "text/html")], 406, "mock-not-acceptable", None),
        // The CSV has a named example only, so that there is nothing to send unasked.
        (&[("accept", "text/csv")], 406, "mock-not-acceptable", None),
        (&[("accept", "text/csv"), ("prefer", "example=bare")], 200, "a,b", Some("text/csv")),
        (&[("prefer", "example=cat")], 200, "\"cat\"", Some("application/json")),
        (
            &[("prefer", "example=cat"), ("accept", "*/*;q=.1, application/xml")],
            200,
            "<cat/>",
            Some("application/xml"),
        ),
        (&[("prefer", "example=dog"), ("accept", "application/xml")], 406, "mock-not-acceptable", None),
        (&[("prefer", "example=\"an owl\"")], 200, "<owl/>", Some("application/xml")),
        (&[("prefer", "example=cow")], 501, "mock-missing", None),
        (&[("prefer", "code=204")], 204, "", None),
        (&[("prefer", "code=204, example=cat")], 501, "mock-missing", None),
        (&[("prefer", "code=304")], 304, "", None),
        (&[("prefer", "code=418")], 501, "mock-missing", None),
        (&[("prefer", "example")], 400, "prefer-invalid", None),
    ];
    let operation = operation(CAT);
    for (headers, status, body, content_type) in cases {
        let answer = answer(&operation, "GET", headers);
        let sent = answer.as_ref().ok().and_then(|reply| header(reply, "content-type")).map(str::to_owned);
        assert_eq!(sent.as_deref(), content_type, "{headers:?}");
        assert_eq!(outcome(answer), (status, body.to_owned()), "{headers:?}");
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn a_honoured_preference_is_confirmed() {
    let cases: [(Prefer<'_>, Option<&str>); 5] = [
        (&[], None),
        (&[("prefer", "return=minimal")], None),
        (&[("prefer", "code=204")], Some("code=204")),
        (&[("prefer", "code=200;example=cat, wait")], Some("code=200, example=cat")),
        (&[("prefer", "example=\"an owl\"")], Some("example=\"an owl\"")),
    ];
    let operation = operation(CAT);
    for (headers, expected) in cases {
        let reply = answer(&operation, "GET", headers).unwrap();
        assert_eq!(header(&reply, "preference-applied"), expected, "{headers:?}");
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn declared_headers_are_sent_but_not_those_of_framing() {
    let reply = answer(&operation(CAT), "GET", &[]).unwrap();
    assert_eq!(header(&reply, "x-rate"), Some("7"));
    assert_eq!(header(&reply, "content-length"), None);
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn head_is_answered_as_get_is() {
    let operation = operation(CAT);
    assert_eq!(answer(&operation, "HEAD", &[]).unwrap(), answer(&operation, "GET", &[]).unwrap());
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn what_is_missing_is_named_beside_what_there_is() {
    let many: Vec<String> = (400..430).map(|status| status.to_string()).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let cases = [
        (operation(CAT), "code=500", "no response 500; it declares 200, 204, 304, 418."),
        (operation(CAT), "example=cow", "200 has no example 'cow'; it has 'an owl', 'bare', 'cat', 'dog'."),
        (operation(CAT), "code=204;example=cow", "204 has no example 'cow'; it has none."),
        (statuses(&[]), "wait", "declares no response; it declares none."),
        (statuses(&many), "code=500", "419 and 10 more."),
    ];
    for (operation, prefer, expected) in cases {
        let rejection = answer(&operation, "GET", &[("prefer", prefer)]).unwrap_err();
        assert!(rejection.detail.ends_with(expected), "{prefer}: {}", rejection.detail);
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn responses_that_cannot_be_sent_are_refused() {
    let header =
        |name: &str, value: &str| format!(r#"{{"status": "200", "headers": {{"{name}": "{value}"}}}}"#);
    let cases = [
        (r#"{"status": "600"}"#.to_owned(), InvalidResponse::Status("600".into())),
        (r#"{"status": "2X"}"#.to_owned(), InvalidResponse::Status("2X".into())),
        (r#"{"status": "+20"}"#.to_owned(), InvalidResponse::Status("+20".into())),
        (header(":status", "1"), InvalidResponse::Header(":status".into())),
        (header("x-a", r"1\r\nx-b: 2"), InvalidResponse::Header("x-a".into())),
        (
            r#"{"status": "200", "content": [{"media_type": "json"}]}"#.to_owned(),
            InvalidResponse::MediaType("json".into()),
        ),
    ];
    for (response, expected) in cases {
        let rule =
            serde_json::from_str(&format!(r#"{{"mocked": true, "responses": [{response}]}}"#)).unwrap();
        assert_eq!(MockOperation::compile(rule).unwrap_err(), expected, "{response}");
    }
}
