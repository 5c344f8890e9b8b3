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

/// What clients can be told, as the plugins' own pages list it and as their sources have it.
#[test]
fn every_code_of_a_refusal_has_a_number_for_wso2_and_is_documented() {
    let mut listed: BTreeSet<String> = BTreeSet::new();
    for plugin in ["auth", "mock", "routing", "schema", "throttle"] {
        listed.extend(codes_of_rows(&read(&format!("plugins/{plugin}/README.md"))));
    }
    let page = read("docs/codes.md");
    listed.extend(codes_of_rows(page.split("## What clients").nth(1).expect("a part for clients")));
    let mut told = BTreeSet::new();
    for folder in ["plugins", "shared"] {
        codes_of_sources(&repository().join(folder), &mut told);
    }
    assert!(told.len() > 20, "the sources were not understood: {told:?}");
    let numbered: BTreeSet<String> =
        portcullis_core::NUMBERS.iter().map(|(code, _)| (*code).to_owned()).collect();
    assert_eq!(numbered.len(), portcullis_core::NUMBERS.len(), "a code has two numbers");
    let without: Vec<_> = listed.union(&told).filter(|code| !numbered.contains(*code)).collect();
    let unknown: Vec<_> = numbered.difference(&listed).collect();
    let secret: Vec<_> = told.difference(&listed).collect();
    assert!(
        without.is_empty() && unknown.is_empty() && secret.is_empty(),
        "no number: {without:?}; number, but no documentation: {unknown:?}; told, but not documented: {secret:?}"
    );
}

/// `| 401 | `code`, `code` | … |`
fn codes_of_rows(page: &str) -> Vec<String> {
    let rows = page.lines().filter(|line| line.starts_with("| ") && line[2..].starts_with(['4', '5']));
    let cells = rows.filter_map(|line| line.split('|').nth(2));
    cells.flat_map(|cell| cell.split('`').skip(1).step_by(2)).map(str::to_owned).collect()
}

/// The texts given to `Rejection::new` and `Rejection::internal`, and the codes that a `match` gives to failures.
fn codes_of_sources(folder: &std::path::Path, into: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        if path.is_dir() {
            if name != "tests" {
                codes_of_sources(&path, into);
            }
        } else if name.ends_with(".rs") && !name.contains("test") {
            let text = std::fs::read_to_string(&path).expect("a source");
            let text = text.split("#[cfg(test)]").next().expect("a beginning");
            for opening in
                ["Rejection::new(", "Rejection::internal(", " => \"", " => {\n                (\"", " => (\""]
            {
                for rest in text.split(opening).skip(1) {
                    let argument = if opening.ends_with('"') {
                        rest
                    } else {
                        let Some((before, rest)) = rest.split_once('"') else { continue };
                        if before.contains(')') {
                            continue;
                        }
                        rest
                    };
                    let code = argument.split('"').next().expect("a text");
                    let is_refusal = opening.starts_with("Rejection") || name == "failure.rs";
                    if is_refusal
                        && code.contains('-')
                        && code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
                    {
                        into.insert(code.to_owned());
                    }
                }
            }
        }
    }
}
