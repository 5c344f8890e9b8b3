//! Diagnostics as people and programs read them.

use std::collections::HashMap;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use portcullis_compiler::Part;
use portcullis_openapi::{Diagnostic, Documents, Place, Severity};
use serde_json::{Value, json};

/// Problems of one code that are shown unless all are asked for.
const SHOWN_OF_EACH_CODE: usize = 20;
/// A source line is shown up to so many bytes on either side of the place.
const EXCERPT: usize = 120;

/// How many problems there are.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Count {
    pub(crate) errors: usize,
    pub(crate) warnings: usize,
}

/// Counts the problems of all parts.
pub(crate) fn count(parts: &[Part]) -> Count {
    let mut count = Count::default();
    for diagnostic in parts.iter().flat_map(|part| &part.diagnostics) {
        match diagnostic.severity {
            Severity::Error => count.errors += 1,
            Severity::Warning => count.warnings += 1,
            Severity::Note => {}
        }
    }
    count
}

/// Shows the problems on standard error, the gravest first.
pub(crate) fn show(parts: &[Part], all: bool) {
    let styled = std::io::IsTerminal::is_terminal(&std::io::stderr());
    let renderer = if styled { Renderer::styled() } else { Renderer::plain() };
    let mut hidden: HashMap<&str, usize> = HashMap::new();
    for severity in [Severity::Note, Severity::Warning, Severity::Error] {
        let mut shown: HashMap<&str, usize> = HashMap::new();
        for part in parts {
            for diagnostic in part.diagnostics.iter().filter(|one| one.severity == severity) {
                let seen = shown.entry(diagnostic.code).or_default();
                *seen += 1;
                if all || *seen <= SHOWN_OF_EACH_CODE {
                    eprintln!("{}\n", render(&renderer, &part.documents, diagnostic));
                } else {
                    *hidden.entry(diagnostic.code).or_default() += 1;
                }
            }
        }
    }
    let mut hidden: Vec<_> = hidden.into_iter().collect();
    hidden.sort_unstable();
    for (code, count) in hidden {
        eprintln!("... and {count} more of `{code}` (--all shows them)");
    }
}

fn render(renderer: &Renderer, documents: &Documents, diagnostic: &Diagnostic) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let message = printable(&diagnostic.message);
    let hint = diagnostic.hint.as_deref().map(printable);
    let pointer = printable(&diagnostic.pointer);
    let excerpt = diagnostic.place.map(|place| Excerpt::of(documents, place));
    let mut group = Group::with_title(level.primary_title(&*message).id(diagnostic.code));
    if let (Some(excerpt), Some(place)) = (&excerpt, diagnostic.place) {
        let path = documents.name(place.file);
        let mut snippet = Snippet::source(excerpt.text)
            .line_start(excerpt.line)
            .annotation(AnnotationKind::Primary.span(excerpt.span.clone()).label(&*pointer));
        if excerpt.is_cut {
            // The snippet would count columns from where the line was cut.
            let column = documents.position(place).column as usize;
            group = group.element(Origin::path(path).line(excerpt.line).char_column(column));
        } else {
            snippet = snippet.path(path);
        }
        group = group.element(snippet);
    }
    if let Some(hint) = &hint {
        group = group.element(Level::HELP.message(&**hint));
    }
    renderer.render(&[group])
}

/// The source line of a place, and the place within it.
struct Excerpt<'d> {
    text: &'d str,
    line: usize,
    span: std::ops::Range<usize>,
    /// Whether the line's beginning is left out.
    is_cut: bool,
}

impl<'d> Excerpt<'d> {
    fn of(documents: &'d Documents, place: Place) -> Self {
        let text = documents.text(place.file);
        let start = floor(text, place.start as usize);
        let line_start = text.get(..start).and_then(|head| head.rfind('\n')).map_or(0, |at| at + 1);
        let line_end = text.get(start..).and_then(|tail| tail.find('\n')).map_or(text.len(), |at| start + at);
        // A document on one line would be shown whole: keep what is near.
        let from = floor(text, line_start.max(start.saturating_sub(EXCERPT)));
        let to = floor(text, line_end.min(start + EXCERPT));
        let end = (place.end as usize).clamp(start, to);
        Self {
            text: text.get(from..to).unwrap_or_default(),
            line: documents.position(place).line as usize,
            span: start - from..floor(text, end.max(start)) - from,
            is_cut: from > line_start,
        }
    }
}

/// The nearest character boundary at or before `at`.
fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// Text of a document in a message must not steer the terminal.
fn printable(text: &str) -> String {
    text.chars().map(|one| if one.is_control() { ' ' } else { one }).collect()
}

/// The problems of all parts for programs.
pub(crate) fn json(parts: &[Part]) -> Vec<Value> {
    parts.iter().flat_map(|part| part.diagnostics.iter().map(|one| problem(&part.documents, one))).collect()
}

fn problem(documents: &Documents, diagnostic: &Diagnostic) -> Value {
    let position = diagnostic.place.map(|place| documents.position(place));
    json!({
        "severity": match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        },
        "code": diagnostic.code,
        "message": diagnostic.message,
        "file": diagnostic.place.map(|place| documents.name(place.file)),
        "line": position.map(|position| position.line),
        "column": position.map(|position| position.column),
        "pointer": diagnostic.pointer,
        "hint": diagnostic.hint,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use portcullis_compiler::{Options, compile};

    use super::*;

    #[test]
    fn a_problem_in_a_long_line_is_told_with_its_own_column() {
        let title = "x".repeat(500);
        let text = format!(
            r#"{{"openapi":"3.0.3","info":{{"title":"{title}","version":"1"}},"paths":{{"/{{":{{"get":{{"responses":{{}}}}}}}}}}"#
        );
        let column = text.find("\"/{\"").unwrap() + 1;
        let files = HashMap::from([("a.json".to_owned(), text.into_bytes())]);
        let part = compile(&files, "a.json", Options::default()).parts.remove(0);
        let problem = part.diagnostics.iter().find(|one| one.code == "path-template").unwrap();
        let shown = render(&Renderer::plain(), &part.documents, problem);
        assert!(shown.contains(&format!("a.json:1:{column}\n")), "{shown}");
    }
}
