//! What is counted under which name, and how many names there are at most.

use std::collections::BTreeMap;

use super::*;

/// A host's statistics.
#[derive(Default)]
struct Host {
    names: Vec<String>,
    values: BTreeMap<String, u32>,
}

fn violation(keyword: &'static str) -> Violation {
    Violation {
        location: "body",
        pointer: "/a".to_owned(),
        keyword,
        message: "is wrong".to_owned(),
        value: None,
    }
}

fn add(violations: &mut Violations, host: &mut Host, wrong: &Wrong<'_>) {
    let mut grown = Vec::new();
    let define = |name: String| {
        assert!(!host.names.contains(&name), "{name} is made known once");
        host.names.push(name);
        u32::try_from(host.names.len() - 1).ok()
    };
    violations.add(wrong, define, |number| grown.push(number));
    for number in grown {
        *host.values.entry(host.names[number as usize].clone()).or_default() += 1;
    }
}

#[test]
fn a_message_counts_once_and_once_for_each_keyword() {
    let (mut violations, mut host) = (Violations::default(), Host::default());
    let operation: Rc<str> = "shop GET /a.b/{c}".into();
    let list = ["type", "maximum", "type"].map(violation);
    let observed = Wrong {
        operation: &operation,
        message: Message::Request,
        outcome: Outcome::Observed,
        code: "request-invalid",
        violations: &list,
        again: false,
    };
    add(&mut violations, &mut host, &observed);
    add(&mut violations, &mut host, &Wrong { again: true, ..observed });
    let refused = Wrong { outcome: Outcome::Refused, message: Message::Response, ..observed };
    add(&mut violations, &mut host, &Wrong { code: "response-too-large", violations: &[], ..refused });
    let expected = [
        ("portcullis.invalid.shop GET /a.b/{c}.request.observed", 1),
        ("portcullis.invalid.shop GET /a.b/{c}.response.refused", 1),
        ("portcullis.violation.shop GET /a.b/{c}.request.maximum.observed", 2),
        ("portcullis.violation.shop GET /a.b/{c}.request.type.observed", 2),
        ("portcullis.violation.shop GET /a.b/{c}.response.response-too-large.refused", 1),
    ];
    assert_eq!(host.values, expected.map(|(name, count)| (name.to_owned(), count)).into());
}

#[test]
fn operations_beyond_the_bound_count_together() {
    let (mut violations, mut host) = (Violations::default(), Host::default());
    let list = [violation("type")];
    for number in 0..3000 {
        let operation: Rc<str> = format!("api GET /{number}").into();
        let (message, outcome) = (Message::Request, Outcome::Refused);
        let wrong =
            Wrong { operation: &operation, message, outcome, code: "x", violations: &list, again: false };
        add(&mut violations, &mut host, &wrong);
        add(&mut violations, &mut host, &wrong);
    }
    assert_eq!(host.names.len(), MAX_NUMBERS + 2);
    assert_eq!(host.values["portcullis.violation.api GET /2047.request.type.refused"], 2);
    assert_eq!(host.values["portcullis.violation.other.request.type.refused"], 2 * (3000 - 2048));
    assert_eq!(host.values.values().sum::<u32>(), 12_000, "none is lost");
}

#[test]
fn a_host_without_statistics_is_asked_once() {
    let mut violations = Violations::default();
    let operation: Rc<str> = "a".into();
    let (message, outcome) = (Message::Request, Outcome::Refused);
    let wrong = Wrong { operation: &operation, message, outcome, code: "x", violations: &[], again: true };
    let mut asked = 0;
    for _ in 0..3 {
        let define = |_| {
            asked += 1;
            None
        };
        violations.add(&wrong, define, |_| panic!("there is nothing to grow"));
    }
    assert_eq!(asked, 1);
}
