//! The JSON-Schema-Test-Suite as bodies of requests: each schema in a file of its own, compiled as the author's would be
//! with the documents that the suite has at hand, and judged by the policy and by the built module. What does not go as the suite says is listed, with the reason.

use std::collections::BTreeMap;
use std::sync::Arc;

use portcullis_compiler::{Compiled, Layout, Plugin};
use portcullis_suite::{
    Expected, Modules, Request, Response, Seen, Services, Step, repository, run_modules, run_natively,
    try_compile,
};
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

/// Tests of one schema.
#[derive(Deserialize)]
struct Group {
    description: String,
    schema: Box<RawValue>,
    tests: Vec<Test>,
}

#[derive(Deserialize)]
struct Test {
    description: String,
    data: Box<RawValue>,
    valid: bool,
}

/// A difference that is meant.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Difference {
    /// `draft4/ref`: the draft and the file.
    of: String,
    /// All groups of the file when there is none.
    #[serde(default)]
    group: Option<String>,
    /// All tests of the group when there is none.
    #[serde(default)]
    test: Option<String>,
    reason: String,
}

/// A test that did not go as the suite says: draft and file, group, test, and what happened.
type Found = (String, String, String, String);

/// Documents at hand, by the URL that they are published under.
type Remotes = BTreeMap<String, serde_json::Value>;

/// Which version of OpenAPI has schemas of the draft.
const DRAFTS: [(&str, &str); 2] = [("draft4", "3.0.4"), ("draft2020-12", "3.1.1")];

#[test]
fn schemas_judge_as_the_suite_says_in_the_policy() {
    let services = Arc::new(Services::new(&[]));
    check(|compiled, steps| run_natively(compiled, &[Plugin::Schema], steps, &services));
}

#[test]
fn schemas_judge_as_the_suite_says_in_the_module() {
    let modules = Modules::load();
    let services = Arc::new(Services::new(&[]));
    check(|compiled, steps| run_modules(&modules, compiled, &[Plugin::Schema], steps, &services));
}

fn check(run: impl Fn(&Compiled, &[Step]) -> Vec<Seen>) {
    let text = read("differences.json");
    let listed: Vec<Difference> = serde_json::from_str(&text).expect("a list of differences");
    let remotes: Remotes = serde_json::from_str(&read("remotes.json")).expect("documents by URL");
    let mut found: Vec<Found> = Vec::new();
    let mut count = 0;
    for (draft, version) in DRAFTS {
        let files: BTreeMap<String, Vec<Group>> =
            serde_json::from_str(&read(&format!("{draft}.json"))).expect("the suite");
        for (file, groups) in files {
            let of = format!("{draft}/{file}");
            for group in groups {
                count += group.tests.len();
                found.extend(differences(&of, &group, version, &remotes, &run));
            }
        }
    }
    assert!(count > 1_900, "{count} tests are not the suite");
    println!("{} of {count} tests go as the suite says", count - found.len());
    let unlisted: Vec<_> = found.iter().filter(|one| !listed.iter().any(|entry| entry.covers(one))).collect();
    assert!(unlisted.is_empty(), "not as the suite says: {unlisted:#?}");
    let stale: Vec<_> = listed.iter().filter(|entry| !found.iter().any(|one| entry.covers(one))).collect();
    assert!(stale.is_empty(), "these are as the suite says: {stale:#?}");
    assert!(listed.iter().all(|entry| !entry.reason.is_empty()));
}

/// What one group's tests do that they should not.
fn differences(
    of: &str,
    group: &Group,
    version: &str,
    remotes: &Remotes,
    run: &impl Fn(&Compiled, &[Step]) -> Vec<Seen>,
) -> Vec<Found> {
    let found = |test: &Test, what: String| {
        (of.to_owned(), group.description.clone(), test.description.clone(), what)
    };
    match try_compile(files(group, version, remotes), Layout::Chain) {
        Err(problems) => {
            group.tests.iter().map(|test| found(test, format!("refused: {}", problems.join("; ")))).collect()
        }
        Ok(compiled) => {
            let steps: Vec<Step> = group.tests.iter().map(step).collect();
            let seen = run(&compiled, &steps);
            let wrong = group.tests.iter().zip(seen).filter(|(test, seen)| seen.status != status(test));
            wrong.map(|(test, seen)| found(test, format!("status {}", seen.status))).collect()
        }
    }
}

fn files(group: &Group, version: &str, remotes: &Remotes) -> Vec<(String, Vec<u8>)> {
    let schema = group.schema.get();
    let own_dialect = "\"$schema\":\"https://json-schema.org/draft/2020-12/schema\"";
    let is_url = ["http://localhost:1234/", "https://json-schema.org/"];
    let needs_remotes = is_url.iter().any(|url| schema.replace(own_dialect, "").contains(url));
    let remotes: Vec<_> = remotes.iter().filter(|_| needs_remotes).enumerate().collect();
    let components: serde_json::Map<_, _> = remotes
        .iter()
        .map(|(at, _)| (format!("r{at}"), json!({ "$ref": format!("remotes/{at}.json") })))
        .collect();
    let document = json!({
        "openapi": version,
        "info": { "title": "t", "version": "1" },
        "servers": [{ "url": "http://upstream.internal" }],
        "paths": { "/": { "post": {
            "requestBody": {
                "required": true,
                "content": { "application/json": { "schema": { "$ref": "schema.json" } } },
            },
            "responses": { "200": { "description": "d" } },
        } } },
        "components": { "schemas": components },
    });
    let mut files = vec![
        ("api.yaml".to_owned(), document.to_string().into_bytes()),
        ("schema.json".to_owned(), schema.as_bytes().to_vec()),
    ];
    for (at, (url, remote)) in remotes {
        // A document at hand says by its `$id` what it is published as.
        let mut remote = remote.clone();
        if let Some(remote) = remote.as_object_mut() {
            remote.entry("$id").or_insert_with(|| json!(url));
        }
        files.push((format!("remotes/{at}.json"), remote.to_string().into_bytes()));
    }
    files
}

fn step(test: &Test) -> Step {
    let json = serde_json::from_value(json!("application/json")).expect("a header");
    let request = Request {
        method: Some("POST".to_owned()),
        path: "/".to_owned(),
        headers: BTreeMap::from([("content-type".to_owned(), json)]),
        body: Some(test.data.get().to_owned()),
        ..Request::default()
    };
    let (responds, expect) = (Response::default(), Expected::default());
    Step { at: None, times: None, keeps: None, ends: None, request, responds, expect }
}

/// What the plugin says of it, behind which everything passes.
fn status(test: &Test) -> u16 {
    if test.valid { 200 } else { 400 }
}

impl Difference {
    fn covers(&self, (of, group, test, _): &Found) -> bool {
        self.of == *of
            && self.group.as_ref().is_none_or(|name| name == group)
            && self.test.as_ref().is_none_or(|name| name == test)
    }
}

fn read(name: &str) -> String {
    let path = repository().join("tests/suite/vectors/json-schema").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|cause| panic!("{}: {cause}", path.display()))
}
