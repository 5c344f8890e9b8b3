//! What a gateway file must not say of limits, and where that is told.

use std::collections::HashMap;

use portcullis_openapi::Severity;
use serde_json::json;

use super::*;
use crate::{Options, compile};

#[test]
fn offsets_are_read() {
    let cases = [("Z", Some(0)), ("+02:00", Some(120)), ("-05:30", Some(-330)), ("+23:59", Some(1439))];
    let others = ["", "z", "+2:00", "02:00", "+24:00", "+00:60", "+0000", "Europe/Berlin", "+ 1:00", "ö"];
    for (text, expected) in cases.into_iter().chain(others.map(|text| (text, None))) {
        assert_eq!(offset(text).ok(), expected, "{text}");
    }
}

#[test]
fn periods_are_a_unit_or_several() {
    let read = |text: &str| {
        let file: LimitFile = serde_json::from_value(json!({"requests": 1, "per": text})).ok()?;
        file.per.map(|per| (per.count, per.unit))
    };
    let period = |count, unit| Some((count, unit));
    let cases = [
        ("minute", period(1, UnitFile::Minute)),
        ("5 minutes", period(5, UnitFile::Minute)),
        ("1 year", period(1, UnitFile::Year)),
        ("0 minutes", None),
        ("+1 minute", None),
        ("5  minutes", None),
        ("fortnight", None),
        ("", None),
        ("99999999999 days", None),
    ];
    for (text, expected) in cases {
        assert_eq!(read(text), expected, "{text}");
    }
}

/// Errors as `file:line: code: message`; the limits stand in line 3 of the gateway file.
fn problems(limits: &str, operation: &str) -> Vec<String> {
    told(limits, operation, Severity::Error)
}

/// What is told of that severity.
fn told(limits: &str, operation: &str, severity: Severity) -> Vec<String> {
    let api = format!(
        "openapi: 3.0.3\ninfo: {{ title: A, version: '1' }}\npaths:\n  /a:\n    get:\n      x-portcullis: {operation}\n      responses: {{ '200': {{ description: ok }} }}\n"
    );
    let gateway = format!("apis: [{{ definition: api.yaml, endpoint: mock }}]\nlimits:\n  {limits}\n");
    let files = [("gateway.yaml", gateway), ("api.yaml", api)];
    let files: HashMap<String, Vec<u8>> =
        files.into_iter().map(|(name, text)| (name.to_owned(), text.into_bytes())).collect();
    let compilation = compile(&files, "gateway.yaml", Options::default());
    let mut told = Vec::new();
    for part in &compilation.parts {
        for one in part.diagnostics.iter().filter(|one| one.severity == severity) {
            let place = one.place.map(|place| (place, part.documents.position(place).line));
            let (file, line) = place.map_or(("", 0), |(place, line)| (part.documents.name(place.file), line));
            told.push(format!("{file}:{line}: {}: {}", one.code, one.message));
        }
    }
    if severity == Severity::Error {
        assert_eq!(told.is_empty(), compilation.compiled.is_some(), "{told:?}");
    }
    told
}

#[test]
fn an_api_that_asks_for_no_subscription_is_told_to_go_by_the_credentials_tier() {
    let note = |tiers: &str, more: &str| {
        told(&format!("gold: {{ requests: 1, per: day }}\n{tiers}\n{more}"), "{}", Severity::Note)
    };
    let by_subscription = "tiers: { subscription: { Gold: gold } }";
    let found = note(by_subscription, "");
    assert!(
        found[0].starts_with("gateway.yaml:4: tier-of-credential: limits by the subscription's tier"),
        "{found:?}"
    );
    assert_eq!(found.len(), 1);
    assert_eq!(note(by_subscription, "identity: { validateSubscription: true }"), [""; 0]);
    assert_eq!(note("tiers: { application: { Gold: gold } }", ""), [""; 0]);
}

#[test]
fn limits_that_mean_nothing_are_refused_where_they_stand() {
    let cases = [
        ("gold: { requests: 1, per: day }", "{ limits: [gold] }", None),
        ("gold: { requests: 1, per: 7 months, utcOffset: '-03:30' }", "{ limits: [gold] }", None),
        (
            "gold: { requests: 1, per: fortnight }",
            "{}",
            Some("gateway.yaml:3: setting-invalid: 'fortnight' is no period"),
        ),
        (
            "gold: { requests: 1, per: month, algorithm: gcra }",
            "{}",
            Some("gateway.yaml:3: setting-invalid: months and years differ in length"),
        ),
        (
            "gold: { requests: 1, per: day, utcOffset: Z }",
            "{}",
            Some("gateway.yaml:3: setting-invalid: utcOffset says when windows begin"),
        ),
        (
            "gold: { requests: 1, per: month, utcOffset: Europe/Berlin }",
            "{}",
            Some("gateway.yaml:3: setting-invalid: 'Europe/Berlin' is no distance from UTC"),
        ),
        (
            "gold: { requests: 1, per: month, burst: 1 }",
            "{}",
            Some("gateway.yaml:3: setting-invalid: a window has no burst"),
        ),
        (
            "gold: { requests: 1, per: day, burst: 0 }",
            "{}",
            Some(
                "gateway.yaml:3: setting-invalid: the limit 'gold': a burst of 0 does not go with 1 requests",
            ),
        ),
        (
            "g ld: { requests: 1, per: day }",
            "{}",
            Some("gateway.yaml:3: setting-invalid: 'g ld' is no limit name"),
        ),
        (
            "gold: { requests: 1, per: 11 years }",
            "{ limits: [gold] }",
            Some("gateway.yaml:3: setting-invalid: the limit 'gold': a window is between"),
        ),
        (
            "gold: { requests: 1, per: day }",
            "{ limits: [silver] }",
            Some("api.yaml:6: limit-unknown: no limit is named 'silver'"),
        ),
        (
            "gold: { requests: 9, per: day, burst: 3 }",
            "{ limits: [gold], cost: 4 }",
            Some(
                "api.yaml:6: setting-invalid: a cost of 4 never passes the limit 'gold' of 3 requests at once",
            ),
        ),
        ("gold: { requests: 0, per: day }", "{ limits: [gold], cost: 4 }", None),
        ("gold: { bytes: 10 MB, per: day, of: response }", "{ limits: [gold], cost: 4 }", None),
        ("gold: { concurrent: 4, leaseSeconds: 60 }", "{ limits: [gold], cost: 4 }", None),
        (
            "gold: { requests: 4, per: day, by: '$userId:$apiContext', burstControl: { requests: 4, per: second } }",
            "{ limits: [gold], cost: 4 }",
            None,
        ),
        ("gold: { per: day }", "{}", Some("gateway.yaml:3: setting-invalid: a limit has one of")),
        (
            "gold: { requests: 1, bytes: 1 MB, per: day }",
            "{}",
            Some("gateway.yaml:3: setting-invalid: a limit has one of"),
        ),
        (
            "gold: { bytes: 10 XB, per: day }",
            "{}",
            Some("gateway.yaml:3: setting-invalid: '10 XB' is no number"),
        ),
        ("gold: { bytes: 1 GB }", "{}", Some("gateway.yaml:3: setting-invalid: `per` says in which time")),
        (
            "gold: { bytes: 2 GB, per: second }",
            "{}",
            Some(
                "gateway.yaml:3: setting-invalid: the limit 'gold': 2000000000 bytes in 1 seconds are more than",
            ),
        ),
        (
            "gold: { requests: 1, per: day, of: request }",
            "{}",
            Some("gateway.yaml:3: setting-invalid: `of` says which bytes"),
        ),
        (
            "gold: { concurrent: 1, per: day }",
            "{}",
            Some("gateway.yaml:3: setting-invalid: so many at a time have no period"),
        ),
        (
            "gold: { concurrent: 1, burst: 1 }",
            "{}",
            Some("gateway.yaml:3: setting-invalid: the limit 'gold': requests in flight have neither"),
        ),
        (
            "gold: { concurrent: 1, leaseSeconds: 0 }",
            "{}",
            Some("gateway.yaml:3: setting-invalid: the limit 'gold': a request in flight counts for 1 to"),
        ),
        (
            "gold: { requests: 1, per: day, leaseSeconds: 9 }",
            "{}",
            Some("gateway.yaml:3: setting-invalid: the limit 'gold': a request in flight counts for 1 to"),
        ),
        (
            "gold: { concurrent: 3 }",
            "{ limits: [gold], cost: 4 }",
            Some(
                "api.yaml:6: setting-invalid: a cost of 4 never passes the limit 'gold' of 3 requests at once",
            ),
        ),
        (
            "gold: { requests: 9, per: day, burstControl: { requests: 3, per: second } }",
            "{ limits: [gold], cost: 4 }",
            Some(
                "api.yaml:6: setting-invalid: a cost of 4 never passes the limit 'gold' of 3 requests at once",
            ),
        ),
        (
            "gold: { bytes: 9, per: day, burstControl: { requests: 3, per: second } }",
            "{}",
            Some("gateway.yaml:3: setting-invalid: the limit 'gold': burst control is of requests"),
        ),
        (
            "gold: { requests: 9, per: day, burstControl: { requests: 3, per: month } }",
            "{}",
            Some("gateway.yaml:3: setting-invalid: burst control is for short times"),
        ),
        (
            "gold: { requests: 9, per: day, by: '$userId:$customProperty.x' }",
            "{}",
            Some("gateway.yaml:3: setting-invalid: '$customProperty.x' has no counterpart"),
        ),
        (
            "gold: { requests: 9, per: day, by: ['$appTenant'] }",
            "{}",
            Some("gateway.yaml:3: setting-invalid: '$appTenant' has no counterpart"),
        ),
        (
            "gold: { requests: 9, per: day, by: everyone }",
            "{}",
            Some("gateway.yaml:3: setting-invalid: 'everyone' is nobody who is counted"),
        ),
        ("gold: { requests: 1, per: day, beforeAuthentication: true }", "{ limits: [gold] }", None),
        (
            "gold: { requests: 1, per: day, by: consumer, beforeAuthentication: true }",
            "{ limits: [gold] }",
            Some("gateway.yaml:3: setting-invalid: the limit 'gold': before authentication nobody is known"),
        ),
        (
            "gold: { requests: 1, per: day, by: [address, 'claim:x'], beforeAuthentication: true }",
            "{ limits: [gold] }",
            Some("gateway.yaml:3: setting-invalid: the limit 'gold': before authentication nobody is known"),
        ),
        (
            "gold: { requests: 1, per: day, beforeAuthentication: true, groups: [{ name: g, when: [{ of: consumer }], limit: { requests: 1, per: day } }] }",
            "{ limits: [gold] }",
            Some("gateway.yaml:3: setting-invalid: the limit 'gold': before authentication nobody is known"),
        ),
        (
            "gold: { requests: 1, per: day, groups: [{ name: g, when: [{ of: host }], limit: { requests: 1, per: day, beforeAuthentication: true } }] }",
            "{ limits: [gold] }",
            Some("gateway.yaml:3: setting-invalid: a group stands where its limit does"),
        ),
        (
            "gold: { requests: 1, per: day, beforeAuthentication: true, stopOnQuota: false }",
            "{ limits: [gold] }",
            Some("gateway.yaml:3: setting-invalid: the limit 'gold': before authentication a limit refuses"),
        ),
        (
            "gold: { requests: 1, per: day, beforeAuthentication: true }\ntiers: { unauthenticated: gold }",
            "{ limits: [gold] }",
            Some("gateway.yaml:4: setting-invalid: the limit 'gold' stands before authentication"),
        ),
        (
            "gold: { requests: 9, per: day, scope: fleet }",
            "{}",
            Some("gateway.yaml:3: setting-invalid: `scope: fleet` needs a `rateLimitService`"),
        ),
        (
            "gold: { requests: 9, per: day, mode: leased }",
            "{}",
            Some(
                "gateway.yaml:3: setting-invalid: mode, lease and onFailure are of limits with `scope: fleet`",
            ),
        ),
        (
            "gold: { requests: 1, per: day }",
            "{ cost: 0 }",
            Some("api.yaml:6: setting-invalid: a cost of 0 counts nothing"),
        ),
    ];
    for (limits, operation, expected) in cases {
        let told = problems(limits, operation);
        match expected {
            Some(expected) => assert!(told.iter().any(|one| one.starts_with(expected)), "{limits}: {told:?}"),
            None => assert_eq!(told, [""; 0], "{limits}"),
        }
    }
}

#[test]
fn groups_and_keys_that_mean_nothing_are_refused_where_they_stand() {
    let limit = "limit: { requests: 1, per: day }";
    let group = |when: &str| {
        format!("gold: {{ requests: 2, per: day, groups: [{{ name: a, when: [{when}], {limit} }}] }}")
    };
    let by = |by: &str| format!("gold: {{ requests: 2, per: day, by: {by} }}");
    let cases = [
        (
            group("{ of: 'header:X-Plan', is: [free] }, { of: address, within: [10.0.0.0/8], not: true }"),
            None,
        ),
        (group("{ of: 'claim:plan' }"), None),
        (group(""), Some("the limit 'gold': the group 'a': it has a name, and 1 to 16 conditions")),
        (group("{ of: header }"), Some("'header' is nothing that a request has")),
        (group("{ of: 'cookie:a' }"), Some("'cookie:a' is nothing that a request has")),
        (group("{ of: 'query:' }"), Some("'query:' is nothing that a request has")),
        (
            group("{ of: method, is: [GET], matches: P }"),
            Some("a condition on 'method' has one of `is`, `matches` and `within`"),
        ),
        (
            group("{ of: method, matches: '(' }"),
            Some("the limit 'gold': the group 'a': its expression is none, or too large"),
        ),
        (
            group("{ of: method, within: [10.0.0.0/8] }"),
            Some("the limit 'gold': the group 'a': 1 to 1000 ranges are those of an address"),
        ),
        (by("[consumer, 'header:tenant']"), None),
        (by("[]"), Some("the limit 'gold': what is counted together is named by 1 to 8 attributes")),
        (by("[tenant]"), Some("'tenant' is nothing that a request has")),
        (by("tenant"), Some("consumer, address, all, application, subscription, or a list of attributes")),
    ];
    for (limits, expected) in cases {
        let told = problems(&limits, "{ limits: [gold] }");
        match expected {
            Some(expected) => assert!(
                told.iter().any(|one| one.starts_with("gateway.yaml:3: ") && one.contains(expected)),
                "{limits}: {told:?}"
            ),
            None => assert_eq!(told, [""; 0], "{limits}"),
        }
    }
}

#[test]
fn tiers_and_rules_that_name_what_is_not_there_are_refused() {
    let large =
        "identity: { applications: { shop: { tier: Large, subscriptions: [{ api: api, tier: Gold }] } } }";
    let cases = [
        ("tiers: { application: { Large: gold }, subscription: { Gold: null } }", None),
        ("tiers: { subscription: { Gold: gold, '*': gold }, unauthenticated: gold }", None),
        (
            "tiers: { application: { Small: gold } }",
            Some("gateway.yaml:5: limit-unknown: the tier 'Large' does not stand under `tiers`"),
        ),
        (
            "tiers: { subscription: { Large: gold } }",
            Some("gateway.yaml:5: limit-unknown: the tier 'Gold' does not stand under `tiers`"),
        ),
        (
            "tiers: { application: { Large: silver } }",
            Some("gateway.yaml:4: limit-unknown: no limit is named 'silver'"),
        ),
        (
            "tiers: { unauthenticated: silver }",
            Some("gateway.yaml:4: limit-unknown: no limit is named 'silver'"),
        ),
        ("deny: [{ api: api, addresses: [10.0.0.0/8], until: 2027-01-31 }]", None),
        (
            "deny: [{ until: 2027-01-31 }]",
            Some("gateway.yaml:4: setting-invalid: a rule that denies names an API"),
        ),
        ("deny: [{ api: shop }]", Some("gateway.yaml:4: setting-invalid: no API is named 'shop'")),
        (
            "deny: [{ addresses: [10.0.0.1/8] }]",
            Some("gateway.yaml:4: setting-invalid: '10.0.0.1/8' is no range of addresses"),
        ),
        (
            "deny: [{ consumer: ann, until: soon }]",
            Some("gateway.yaml:4: setting-invalid: 'soon' is no date"),
        ),
    ];
    for (settings, expected) in cases {
        let told = problems(&format!("gold: {{ requests: 1, per: day }}\n{settings}\n{large}"), "{}");
        match expected {
            Some(expected) => {
                assert!(told.iter().any(|one| one.starts_with(expected)), "{settings}: {told:?}")
            }
            None => assert_eq!(told, [""; 0], "{settings}"),
        }
    }
}

#[test]
fn policies_of_wso2_are_refused_with_their_line() {
    let told = |policies: &str, operation: &str, more: &str| {
        let api = format!(
            "openapi: 3.0.3\ninfo: {{ title: A, version: '1' }}\npaths:\n  /a: {{ get: {{ {operation} responses: {{ '200': {{ description: ok }} }} }} }}\n"
        );
        let gateway =
            format!("apis: [{{ definition: api.yaml, endpoint: mock }}]\npolicies: policies.yaml\n{more}\n");
        let files = [("gateway.yaml", gateway), ("api.yaml", api), ("policies.yaml", policies.to_owned())];
        let files: HashMap<String, Vec<u8>> =
            files.into_iter().map(|(name, text)| (name.to_owned(), text.into_bytes())).collect();
        let compilation = compile(&files, "gateway.yaml", Options::default());
        let diagnostics = compilation.parts.iter().flat_map(|part| &part.diagnostics);
        let errors = diagnostics.filter(|one| one.severity == Severity::Error);
        errors.map(|one| one.message.clone()).collect::<Vec<_>>()
    };
    let gold = "{ count: 1, unitTime: 1, timeUnit: min }";
    let cases = [
        (
            format!("resourcePolicies: [a: {gold}]\nsubscriptionPolicies: {{ b: {gold} }}"),
            "x-throttling-tier: a,",
            "",
            None,
        ),
        (String::new(), "x-throttling-tier: Unlimited,", "", None),
        (
            format!("resourcePolicies:\n- a: {gold}"),
            "x-throttling-tier: b,",
            "",
            Some("no limit is named 'b'"),
        ),
        (
            format!("resourcePolicies:\n- a: {gold}"),
            "x-throttling-tier: 7,",
            "",
            Some("x-wso2-throttling-tier is a name"),
        ),
        (
            format!("otherPolicies:\n- a: {gold}"),
            "",
            "",
            Some("policies.yaml: line 2: a: 'otherPolicies' is no kind"),
        ),
        (
            "resourcePolicies:\n- a: { count: 1, timeUnit: eon }".to_owned(),
            "",
            "",
            Some("policies.yaml: line 2: a: "),
        ),
        (
            "resourcePolicies:\n- a: { count: 1, unitTime: 0, timeUnit: min }".to_owned(),
            "",
            "",
            Some("policies.yaml: line 2: a: a window is between one second and ten years long"),
        ),
        (
            format!("resourcePolicies:\n- a: {gold}"),
            "",
            "limits: { a: { requests: 1, per: day } }",
            Some("policies.yaml: line 2: a: a limit of this name is there already"),
        ),
        (
            format!("subscriptionPolicies:\n- a: {gold}"),
            "",
            "identity: { applications: { shop: { tier: Large } } }",
            Some("the tier 'Large' does not stand under `tiers`"),
        ),
        (
            format!("resourcePolicies:\n- a: {gold}"),
            "",
            "tiers: {}",
            Some("`policies` says what the tiers are"),
        ),
    ];
    for (policies, operation, more, expected) in cases {
        let told = told(&policies, operation, more);
        match expected {
            Some(expected) => {
                assert!(told.iter().any(|one| one.starts_with(expected)), "{policies}: {told:?}")
            }
            None => assert_eq!(told, [""; 0], "{policies}"),
        }
    }
}

#[test]
fn limits_that_a_fleet_cannot_share_are_refused_where_they_stand() {
    let shared = |limit: &str| {
        let limits = format!(
            "gold: {{ requests: 90, scope: fleet, {limit} }}\nrateLimitService: {{ url: 'http://limits.example:8081', gateways: 3 }}"
        );
        problems(&limits, "{}")
    };
    let cases = [
        ("per: day", None),
        ("per: day, mode: leased, lease: 90", None),
        ("per: month, mode: leased, onFailure: open", None),
        ("per: 5 minutes", Some("a limit of a fleet is for one unit")),
        ("per: day, burst: 3", Some("the rate limit service decides")),
        ("per: day, algorithm: gcra", Some("the rate limit service decides")),
        ("per: day, utcOffset: Z, algorithm: window", Some("the rate limit service decides")),
        ("per: day, by: address, beforeAuthentication: true", Some("before authentication nobody is asked")),
        ("per: day, lease: 3", Some("a lease needs `mode: leased`")),
        ("per: day, mode: leased, lease: 91", Some("a lease is for 1 to 1000000 requests")),
    ];
    for (limit, expected) in cases {
        let told = shared(limit);
        let fits = match expected {
            Some(part) => told.len() == 1 && told[0].starts_with("gateway.yaml:3:") && told[0].contains(part),
            None => told.is_empty(),
        };
        assert!(fits, "{limit}: {told:?}");
    }
    let service = |service: &str| {
        problems(&format!("gold: {{ requests: 1, per: day }}\nrateLimitService: {service}"), "{}")
    };
    let cases = [
        ("{ url: 'http://limits.example/v3', gateways: 1 }", "is no URL without a path"),
        ("{ url: mock, gateways: 1 }", "is no URL without a path"),
        ("{ url: 'http://limits.example', gateways: 0 }", "at least one gateway"),
        ("{ url: 'http://limits.example', gateways: 1, timeoutMilliseconds: 0 }", "between 1 and 60000"),
        ("{ url: 'http://limits.example', gateways: 1, domain: '' }", "a domain has 1 to 128 bytes"),
    ];
    for (text, part) in cases {
        let told = service(text);
        assert!(
            told.len() == 1 && told[0].starts_with("gateway.yaml:4:") && told[0].contains(part),
            "{text}: {told:?}"
        );
    }
}

#[test]
fn the_report_names_what_holds_for_callers_of_every_operation() {
    let api = "openapi: 3.0.3\ninfo: { title: A, version: '1' }\npaths:\n  /a: { get: { responses: { '200': { description: ok } } } }\n";
    let gateway = "apis: [{ definition: api.yaml, endpoint: mock, limits: [early], endpointLimits: [gold] }]\n\
                   limits: { gold: { requests: 1, per: day, by: all }, early: { requests: 1, per: day, beforeAuthentication: true } }\n\
                   tiers: { application: { Large: gold, Small: gold }, unauthenticated: gold }\n\
                   deny: [{ consumer: ann }, { api: api, addresses: [192.0.2.1] }]\n";
    let files = HashMap::from([
        ("api.yaml".to_owned(), api.as_bytes().to_vec()),
        ("gateway.yaml".to_owned(), gateway.as_bytes().to_vec()),
    ]);
    let coverage = compile(&files, "gateway.yaml", Options::default()).coverage;
    let rows = &coverage.operations.first().expect("an operation").constructs;
    let limits = rows.iter().filter(|row| row.construct == crate::Construct::Limit);
    let names: Vec<&str> = limits.map(|row| row.name.as_str()).collect();
    let expected = [
        "early by api api, before authentication",
        "gold by endpoint api",
        "tiers of applications: Large, Small",
        "gold by tier of the unauthenticated",
        "2 rules that deny",
    ];
    assert_eq!(names, expected);
}
