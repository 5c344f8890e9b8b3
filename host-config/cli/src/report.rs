//! The coverage table in the terminal.

use std::fmt::Write as _;

use portcullis_compiler::Coverage;
use portcullis_compiler::{Treatment, coverage::Construct};

/// The table, one block for each operation, and a summary.
pub(crate) fn table(coverage: &Coverage) -> String {
    let mut text = String::new();
    let mut totals = [0_usize; 5];
    for operation in &coverage.operations {
        let _infallible = writeln!(text, "{}", operation.operation);
        if operation.most_visits > 0 {
            let _infallible = writeln!(
                text,
                "  cost       at most {} visits of a schema to a value",
                operation.most_visits
            );
        }
        for row in &operation.constructs {
            let (at, treatment) = match &row.treatment {
                Treatment::Enforced => (0, "enforced".to_owned()),
                Treatment::Observed => (1, "observed".to_owned()),
                Treatment::Delegated(to) => (2, format!("delegated: {to}")),
                Treatment::Waived(reason) => (3, format!("waived: {reason}")),
                Treatment::Refused(reason) => (4, format!("refused: {reason}")),
            };
            if let Some(total) = totals.get_mut(at) {
                *total += 1;
            }
            let place = row.place.as_deref().unwrap_or_default();
            let _infallible =
                writeln!(text, "  {:<9}  {:<36}  {treatment}  {place}", name(row.construct), row.name);
        }
    }
    for extension in &coverage.foreign_extensions {
        let times = if extension.count == 1 { "once" } else { "several times" };
        let _infallible =
            writeln!(text, "{}: not read, stands {times}, first at {}", extension.name, extension.place);
    }
    let [enforced, observed, delegated, waived, refused] = totals;
    let _infallible = writeln!(
        text,
        "{} operations: {enforced} constructs enforced, {observed} observed, {delegated} delegated, {waived} waived, {refused} refused",
        coverage.operations.len()
    );
    text
}

fn name(construct: Construct) -> &'static str {
    match construct {
        Construct::Routing => "routing",
        Construct::Parameter => "parameter",
        Construct::Body => "body",
        Construct::Response => "response",
        Construct::Security => "security",
        Construct::Limit => "limit",
        Construct::Other => "other",
    }
}
