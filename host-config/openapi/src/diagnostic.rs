//! What the author is told: one sentence, a stable code and a place. Collected, never thrown.

use std::collections::HashSet;

use crate::source::Place;

/// How grave a problem is; the gravest comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// The definition cannot be enforced as written.
    Error,
    /// It can, but probably not as the author means.
    Warning,
    /// Worth knowing.
    Note,
}

/// One problem of a definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// How grave.
    pub severity: Severity,
    /// One of [`crate::codes::ALL`], or a later stage's own.
    pub code: &'static str,
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    /// Where; absent when a file could not be read at all.
    pub place: Option<Place>,
    /// JSON pointer of the node, empty for the root or when there is no tree.
    pub pointer: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// How many problems are kept; what comes after them is only counted.
pub const MAX_DIAGNOSTICS: usize = 10_000;

/// All problems found so far; the same problem at the same place is kept once.
#[derive(Debug, Default)]
pub struct Report {
    diagnostics: Vec<Diagnostic>,
    omitted: usize,
    has_errors: bool,
    seen: HashSet<(&'static str, Option<Place>, String)>,
}

impl Report {
    /// Adds a problem unless it is known already (a shared node is read once for each use).
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.has_errors |= diagnostic.severity == Severity::Error;
        if self.diagnostics.len() >= MAX_DIAGNOSTICS {
            self.omitted += 1;
            return;
        }
        let key = (diagnostic.code, diagnostic.place, diagnostic.message.clone());
        if self.seen.insert(key) {
            self.diagnostics.push(diagnostic);
        }
    }

    /// The problems in the order they were found.
    #[must_use]
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    /// How many more there were than are kept.
    #[must_use]
    pub fn omitted(&self) -> usize {
        self.omitted
    }

    /// Whether any of them is an error, kept or not.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.has_errors
    }

    /// Gives up the problems.
    #[must_use]
    pub fn into_diagnostics(self) -> Vec<Diagnostic> {
        self.diagnostics
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(code: &'static str, severity: Severity) -> Diagnostic {
        Diagnostic { severity, code, message: "m".into(), place: None, pointer: String::new(), hint: None }
    }

    #[test]
    fn the_same_problem_is_kept_once_and_warnings_are_no_errors() {
        let mut report = Report::default();
        report.push(problem("a", Severity::Warning));
        report.push(problem("a", Severity::Warning));
        assert_eq!(report.diagnostics().len(), 1);
        assert!(!report.has_errors());
        report.push(problem("b", Severity::Error));
        assert!(report.has_errors());
    }

    #[test]
    fn an_error_after_too_many_problems_still_counts() {
        let mut report = Report::default();
        for at in 0..MAX_DIAGNOSTICS {
            report.push(Diagnostic { message: at.to_string(), ..problem("a", Severity::Note) });
        }
        report.push(problem("b", Severity::Error));
        assert!(report.has_errors());
        assert_eq!((report.diagnostics().len(), report.omitted()), (MAX_DIAGNOSTICS, 1));
    }
}
