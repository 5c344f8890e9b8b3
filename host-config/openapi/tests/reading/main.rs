//! What comes out of whole documents: trees, references, models and diagnostics.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "the helpers of tests are tests too"
)]

mod diagnostics;
mod model;
mod oracle;
mod places;
mod properties;
mod references;
mod swagger;
mod syntax;

use std::collections::HashMap;

use portcullis_openapi::{ApiModel, Documents, Report};

/// Files by name; the first is the definition.
fn load(files: &[(&str, &str)]) -> (Documents, Report) {
    let loader: HashMap<String, Vec<u8>> =
        files.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec())).collect();
    let mut report = Report::default();
    let documents = Documents::load(&loader, files[0].0, &mut report);
    (documents, report)
}

/// The codes of the diagnostics of a definition, in order.
fn codes(files: &[(&str, &str)]) -> Vec<&'static str> {
    let (documents, mut report) = load(files);
    let _ = ApiModel::read(&documents, &mut report);
    report.diagnostics().iter().map(|diagnostic| diagnostic.code).collect()
}

/// Asserts that a definition has no problem, and shows its model to `check`.
fn with_model(files: &[(&str, &str)], check: impl FnOnce(&ApiModel<'_>)) {
    let (documents, mut report) = load(files);
    let model = ApiModel::read(&documents, &mut report);
    assert_eq!(report.diagnostics(), []);
    check(&model.unwrap());
}
