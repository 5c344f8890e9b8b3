//! The references say what the code says.

use std::collections::BTreeSet;

use portcullis_suite::repository;

#[test]
fn every_diagnostic_code_is_in_the_reference_and_no_other() {
    let page = read("docs/codes.md");
    let authors = page.split("## What clients").next().unwrap_or(&page);
    let listed: BTreeSet<&str> = authors
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`'))
        .map(|(code, _)| code)
        .collect();
    let known = portcullis_openapi::codes::ALL.iter().chain(portcullis_compiler::codes::ALL);
    let known: BTreeSet<&str> = known.map(|(code, _)| *code).collect();
    let missing: Vec<_> = known.difference(&listed).collect();
    let unknown: Vec<_> = listed.difference(&known).collect();
    assert!(missing.is_empty() && unknown.is_empty(), "missing: {missing:?}, unknown: {unknown:?}");
}

#[test]
fn the_readme_shows_the_tour_that_is_run() {
    let readme = read("README.md");
    let example = "host-config/examples/petstore";
    let tour = read(&format!("{example}/tour"));
    let lines: Vec<&str> = tour
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once(" | curl"))
        .map(|(_, curl)| curl)
        .collect();
    assert!(!lines.is_empty(), "the tour has no line");
    for line in lines {
        let shown = line.replace("$URL", "http://127.0.0.1:8080").replace("$EXAMPLE", example);
        assert!(readme.contains(&format!("\ncurl{shown}\n")), "the README lacks: curl{shown}");
    }
}

fn read(name: &str) -> String {
    let path = repository().join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|cause| panic!("{}: {cause}", path.display()))
}
