use super::*;
use portcullis_core::Headers;

fn reply(status: u16, grpc_status: &str, body: Vec<u8>) -> CallReply {
    let trailers = Headers::from_pairs([("grpc-status", grpc_status)]);
    CallReply { status, headers: Headers::default(), body: body.into(), trailers }
}

fn framed(message: &[u8]) -> Vec<u8> {
    [&[0, 0, 0, 0, u8::try_from(message.len()).unwrap()], message].concat()
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn a_request_is_one_descriptor_that_brings_its_limit() {
    let asked = Asked { domain: "d", limit: "gold", count: "c1".into(), requests: 300, unit: 2, hits: 5 };
    // By hand, from the protocol's numbers.
    let entry = |key: &str, value: &str| {
        let inner = [&[0x0a, key.len() as u8], key.as_bytes(), &[0x12, value.len() as u8], value.as_bytes()];
        let inner = inner.concat();
        [&[0x0a, inner.len() as u8], inner.as_slice()].concat()
    };
    let limit = [0x12, 5, 0x08, 0xac, 0x02, 0x10, 2];
    let descriptor = [entry("limit", "gold"), entry("count", "c1"), limit.to_vec()].concat();
    let message =
        [&[0x0a, 1, b'd', 0x12, descriptor.len() as u8], descriptor.as_slice(), &[0x18, 5]].concat();
    assert_eq!(asked.to_body(), framed(&message));
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn only_a_whole_answer_of_a_service_that_knows_the_limit_counts() {
    let granted = |remaining, reset| Some(Ruling::Granted(Said { remaining, reset }));
    // A status with current_limit, limit_remaining 7, and 1.5 seconds until the reset.
    let status =
        [0x12, 18, 0x08, 1, 0x12, 2, 0x08, 9, 0x18, 7, 0x22, 8, 0x08, 1, 0x10, 0x80, 0xca, 0xb5, 0xee, 0x01];
    let status = [&[0x08, 1], status.as_slice()].concat();
    let whole = |message: &[u8]| reply(200, "0", framed(message));
    let cases = [
        ("no statuses, as Limitador has it", whole(&[0x08, 1]), granted(None, None)),
        ("over the limit", whole(&[0x08, 2]), Some(Ruling::Refused(Said::default()))),
        ("what remains", whole(&status), granted(Some(7), Some(1_500_000_000))),
        ("a status without a limit: it knows none", whole(&[0x08, 1, 0x12, 2, 0x08, 1]), None),
        ("an unknown code", whole(&[0x08, 3]), None),
        ("no code", whole(&[]), None),
        (
            "more statuses than descriptors",
            whole(&[0x08, 1, 0x12, 4, 0x08, 1, 0x12, 0, 0x12, 4, 0x08, 1, 0x12, 0]),
            None,
        ),
        ("a field that is none of ours", whole(&[0x08, 1, 0x3a, 1, b'x']), granted(None, None)),
        ("a message that is none", whole(&[0xff]), None),
        ("a failure with a message", reply(200, "14", framed(&[0x08, 1])), None),
        ("a failure of HTTP", reply(503, "0", framed(&[0x08, 1])), None),
        ("no message", reply(200, "0", Vec::new()), None),
        ("less than a message", reply(200, "0", vec![0, 0, 0, 0, 9, 0x08, 1]), None),
        ("more than a message", reply(200, "0", vec![0, 0, 0, 0, 1, 0x08, 1]), None),
        ("a compressed message", reply(200, "0", vec![1, 0, 0, 0, 2, 0x08, 1]), None),
    ];
    for (name, reply, expected) in cases {
        assert_eq!(read(&reply), expected, "{name}");
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn a_failure_before_the_body_stands_in_the_headers() {
    let headers = Headers::from_pairs([("grpc-status", "14")]);
    let reply =
        CallReply { status: 200, headers, body: framed(&[0x08, 1]).into(), trailers: Headers::default() };
    assert_eq!(read(&reply), None);
    assert!(portcullis_core::Answer::Replied(reply).is_failure());
}
