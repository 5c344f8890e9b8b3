//! Whatever a rate limit service replies: a request passes only if the reply is one whole message that says so, and what it says
//! about times and numbers breaks nothing, now and later.
//! Input: the reply's body.
#![no_main]

use std::rc::Rc;
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use portcullis_config::throttle::ThrottleConfig;
use portcullis_core::testing::FakeEnv;
use portcullis_core::{Answer, CallReply, Headers, Learn, Passage, Policy, Progress, Question, Request};
use portcullis_throttle::ThrottlePolicy;
use prost::Message;
use serde_json::json;

fuzz_target!(|body: &[u8]| {
    for mode in [json!("exact"), json!({ "leased": 8 })] {
        let (policy, env) = (policy(mode), FakeEnv::new().with_peer("192.0.2.1"));
        for seconds in [0, 1, 60] {
            env.advance(Duration::from_secs(seconds));
            match send(&policy, &env, body) {
                Progress::Passed(_) => assert!(says_yes(body)),
                Progress::Rejected(rejection, _) => assert!([429, 503].contains(&rejection.status)),
                other => panic!("{other:?}"),
            }
        }
    }
});

fn policy(mode: serde_json::Value) -> ThrottlePolicy {
    let config = json!({
        "apis": [{ "name": "a", "operations": [
            { "key": "o", "method": "GET", "path": "/", "rule": { "limits": [{ "limit": "l", "scope": "s" }] } },
        ] }],
        "limits": { "l": { "requests": 10, "period_seconds": 60, "by": "address",
            "fleet": { "unit": "minute", "mode": mode, "on_failure": "closed", "gateways": 2 } } },
        "slots": 16,
        "service": { "service": "s", "authority": "s", "domain": "d", "timeout_milliseconds": 1 },
    });
    let config: ThrottleConfig = serde_json::from_value(config).expect("a configuration");
    ThrottlePolicy::compile(config).expect("a good one")
}

fn send(policy: &ThrottlePolicy, env: &FakeEnv, body: &[u8]) -> Progress {
    let head = [(":method", "GET"), (":path", "/"), (":authority", "a")];
    let request = Request::new(Headers::from_pairs(head)).expect("a request");
    let mut progress = Passage::new(request).advance(policy, env);
    while let Progress::Asks(mut passage, question) = progress {
        let headers = Headers::from_pairs([(":status", "200")]);
        let trailers = Headers::from_pairs([("grpc-status", "0")]);
        let answer =
            Answer::Replied(CallReply { status: 200, headers, body: body.to_vec().into(), trailers });
        if let Question::Call { .. } = question {
            policy.answered(&question.topic(), &answer, env);
        }
        passage.set_answer(question.topic(), Rc::new(answer));
        progress = passage.advance(policy, env);
    }
    progress
}

/// The first field of `RateLimitResponse`.
#[derive(Clone, PartialEq, Message)]
struct Response {
    #[prost(int32, tag = "1")]
    overall_code: i32,
}

/// Whether it is one message whose code is OK.
fn says_yes(body: &[u8]) -> bool {
    let [0, a, b, c, d, message @ ..] = body else { return false };
    let is_whole = u32::from_be_bytes([*a, *b, *c, *d]) as usize == message.len();
    is_whole && Response::decode(message).is_ok_and(|response| response.overall_code == 1)
}
