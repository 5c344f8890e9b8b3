//! A request's way through a chain: the order of callbacks, what pausing holds back, replies, traps.

use portcullis_test_host::{Headers, Message, Outcome, Request};

use crate::wat::{BUFFERER, RECORDER, chain, log};

fn trailers() -> Option<Headers> {
    Some([("checksum", "1")].into_iter().collect())
}

fn upstream_body(outcome: &Outcome) -> &[u8] {
    match outcome {
        Outcome::Upstream { request, .. } => &request.body,
        other => panic!("it did not arrive: {other:?}"),
    }
}

#[test]
fn callbacks_come_in_envoys_order() {
    let with_trailers = Request { trailers: trailers(), ..Request::new("POST", "/") };
    let cases = [
        ("no body", Request::get("/"), vec!["headers, end 1"]),
        ("a chunk", Request::new("POST", "/").chunk("ab"), vec!["headers, end 0", "body of 2", "end 1"]),
        (
            "an empty last chunk",
            Request::new("POST", "/").chunk("ab").chunk(""),
            vec!["headers, end 0", "body of 2", "end 0", "body of 0", "end 1"],
        ),
        (
            "trailers end the stream, not the body",
            with_trailers.clone().chunk("ab"),
            vec!["headers, end 0", "body of 2", "end 0", "trailers 1"],
        ),
        ("trailers alone", with_trailers, vec!["headers, end 0", "trailers 1"]),
    ];
    for (name, request, mut expected) in cases {
        expected.extend(["response, end 1", "log", "done", "delete"]);
        let exchange = chain(&[RECORDER]).request(&request);
        assert_eq!(log(&exchange, 0), expected, "{name}");
    }
}

#[test]
fn a_filter_that_pauses_holds_the_message_from_those_behind() {
    let request = Request::new("POST", "/").chunk("ab").chunk("cde").chunk("");
    let exchange = chain(&[BUFFERER, RECORDER]).request(&request);
    assert_eq!(log(&exchange, 1)[..3], ["headers, end 0", "body of 5", "end 1"]);
    assert_eq!(upstream_body(&exchange.outcome), b"abcde");
}

#[test]
fn continuing_a_chunk_lets_go_of_paused_headers() {
    let careless =
        r#"(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) (i32.const 1))"#;
    let exchange = chain(&[careless, RECORDER]).request(&Request::new("POST", "/").chunk("a"));
    assert_eq!(upstream_body(&exchange.outcome), b"a");
}

#[test]
fn continuing_trailers_lets_go_of_a_buffered_body() {
    let request = Request { trailers: trailers(), ..Request::new("POST", "/").chunk("ab").chunk("c") };
    let exchange = chain(&[BUFFERER, RECORDER]).request(&request);
    assert_eq!(log(&exchange, 1)[..4], ["headers, end 0", "body of 3", "end 0", "trailers 1"]);
    let Outcome::Upstream { request, .. } = exchange.outcome else { panic!("it did not arrive") };
    assert_eq!(request.trailers, trailers());
}

#[test]
fn what_pauses_and_is_not_resumed_stalls() {
    let pauses =
        r#"(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) (i32.const 1))"#;
    let exchange = chain(&[RECORDER, pauses]).request(&Request::get("/"));
    assert_eq!(exchange.outcome, Outcome::Stalled { filter: 1, sent: None });

    let resumes = r#"(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
      (drop (call $continue (i32.const 0))) (i32.const 1))"#;
    let exchange = chain(&[resumes]).request(&Request::get("/"));
    assert_eq!(exchange.outcome.status(), Some(200));
}

#[test]
fn a_buffered_body_over_the_limit_is_413() {
    for (size, status) in [(8, 200), (9, 413)] {
        let mut chain = chain(&[RECORDER, BUFFERER]).with_body_limit(8);
        let exchange =
            chain.request(&Request::new("POST", "/").chunk(vec![0; 5]).chunk(vec![0; size - 5]).chunk(""));
        assert_eq!(exchange.outcome.status(), Some(status), "{size} bytes");
        if let Outcome::LocalReply { reply, details, by } = exchange.outcome {
            assert_eq!((reply.body.as_slice(), by), (b"Payload Too Large".as_slice(), None));
            assert_eq!(details, "request_payload_too_large");
        }
    }
    let streamed =
        chain(&[RECORDER]).with_body_limit(8).request(&Request::new("POST", "/").chunk(vec![0; 50]));
    assert_eq!(streamed.outcome.status(), Some(200), "what is not buffered is not limited");
}

const REPLIES: &str = r#"
(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
  (drop (call $reply (i32.const 418) 'acme denied it' 'no tea' (i32.const 0) (i32.const 0) (i32.const -1)))
  (i32.const 0))"#;

const SIGNS_RESPONSE: &str = r#"
(func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32)
  (drop (call $add_header (i32.const 2) 'X-Seen' 'yes')) (i32.const 0))"#;

#[test]
fn a_local_reply_passes_the_filters_that_saw_the_request() {
    let exchange = chain(&[SIGNS_RESPONSE, REPLIES, SIGNS_RESPONSE, RECORDER]).request(&Request::get("/"));
    let Outcome::LocalReply { reply, details, by } = &exchange.outcome else { panic!("{exchange:?}") };
    assert_eq!((reply.status(), reply.body.as_slice(), *by), (418, b"no tea".as_slice(), Some(1)));
    assert_eq!(details, "acme_denied_it");
    assert_eq!(reply.headers.get("content-type"), Some(b"text/plain".as_slice()));
    assert_eq!(reply.headers.get("content-length"), Some(b"6".as_slice()));
    assert_eq!(reply.headers.get_all("x-seen").count(), 1, "only by the filter before");
    assert!(log(&exchange, 3).is_empty(), "the request never came to the filter behind");
}

#[test]
fn a_reply_to_head_has_no_body() {
    let exchange = chain(&[REPLIES]).request(&Request::new("HEAD", "/"));
    let Outcome::LocalReply { reply, .. } = exchange.outcome else { panic!("no reply") };
    assert_eq!((reply.status(), reply.body.len()), (418, 0));
}

#[test]
fn a_response_can_be_replaced_until_its_headers_are_out() {
    let callback = |part: &str| REPLIES.replace("request_headers", part);
    let upstream = Message::response(200, "secret");
    let replaced =
        chain(&[&callback("response_headers"), RECORDER]).request_with(&Request::get("/"), &upstream);
    assert_eq!(replaced.outcome.status(), Some(418));
    let late = chain(&[&callback("response_body"), RECORDER]).request_with(&Request::get("/"), &upstream);
    assert_eq!(late.outcome, Outcome::Reset { filter: 0 });
}

#[test]
fn responses_pass_the_filters_in_reverse() {
    let appends = |what: &str| {
        format!(
            r#"(func (export "proxy_on_response_body") (param i32 i32 i32) (result i32)
              (drop (call $set_buffer (i32.const 1) (local.get 1) (i32.const 0) '{what}')) (i32.const 0))"#
        )
    };
    let mut chain = chain(&[&appends("first"), &appends("second ")]);
    let exchange = chain.request_with(&Request::get("/"), &Message::response(200, "upstream "));
    let Outcome::Upstream { response, .. } = exchange.outcome else { panic!("no response") };
    assert_eq!(String::from_utf8_lossy(&response.body), "upstream second first");
}

#[test]
fn headers_are_gone_after_continue() {
    let reads_late = r#"
    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
      (call $say_number 'in time ' (call $get_header (i32.const 0) ':PATH' (i32.const 0) (i32.const 4)))
      (call $say_given) (i32.const 0))
    (func (export "proxy_on_request_body") (param i32 i32 i32) (result i32)
      (call $say_number 'get ' (call $get_header (i32.const 0) ':path' (i32.const 0) (i32.const 4)))
      (call $say_number 'add ' (call $add_header (i32.const 0) 'a' 'b'))
      (call $say_number 'pairs ' (call $get_headers (i32.const 0) (i32.const 0) (i32.const 4)))
      (call $say_number 'of size ' (i32.load (i32.const 4))) (i32.const 0))
    (func (export "proxy_on_log") (param i32)
      (call $say_number 'in the log ' (call $get_header (i32.const 0) ':path' (i32.const 0) (i32.const 4)))
      (call $say_number 'to add ' (call $add_header (i32.const 0) 'a' 'b')))"#;
    let exchange = chain(&[reads_late]).request(&Request::new("POST", "/a").chunk("x"));
    let expected = ["in time 0", "/a", "get 2", "add 2", "pairs 0", "of size 0", "in the log 0", "to add 2"];
    assert_eq!(log(&exchange, 0), expected);
}

#[test]
fn a_trap_costs_one_request() {
    let traps_on_delete = r#"
    (func $lets_it_fall unreachable)
    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
      (if (i32.eqz (call $get_header (i32.const 0) 'x-fall' (i32.const 0) (i32.const 4))) (then (call $lets_it_fall)))
      (i32.const 0))"#;
    let mut chain = chain(&[RECORDER, traps_on_delete]);
    let exchange = chain.request(&Request::get("/").header("x-fall", "1"));
    let Outcome::Trapped { filter: 1, message } = &exchange.outcome else { panic!("{exchange:?}") };
    assert!(message.contains("unreachable") && message.contains("lets_it_fall"), "{message}");
    assert_eq!(
        log(&exchange, 0),
        ["headers, end 1", "log", "done", "delete"],
        "other filters end the stream"
    );
    assert_eq!(
        chain.request(&Request::get("/")).outcome.status(),
        Some(200),
        "a new VM serves the next request"
    );
}

#[test]
fn properties_pass_to_the_filters_behind() {
    let sets = r#"(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
      (drop (call $set_property 'acme.who' 'ann')) (i32.const 0))"#;
    let reads = r#"(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
      (drop (call $get_property 'acme.who' (i32.const 0) (i32.const 4))) (call $say_given)
      (drop (call $get_property 'filter_state~wasm.acme.who' (i32.const 0) (i32.const 4))) (call $say_given)
      (drop (call $get_property 'source~address' (i32.const 0) (i32.const 4))) (call $say_given)
      (call $say_number 'absent ' (call $get_property 'acme.where' (i32.const 0) (i32.const 4)))
      (i32.const 0))"#
        .replace('~', "\0");
    let mut chain = chain(&[sets, &reads]);
    let exchange = chain.request(&Request::get("/"));
    assert_eq!(log(&exchange, 1), ["ann", "ann", "192.0.2.1:50000", "absent 1"]);
    let bare = crate::wat::chain(&[&reads]).request(&Request::get("/"));
    assert_eq!(log(&bare, 0).last(), Some(&"absent 1"));
}
