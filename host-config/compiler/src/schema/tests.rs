//! What documents become.

use std::collections::HashMap;

use portcullis_openapi::{Documents, Report};

/// Documents by name; the first is the one asked for.
pub(crate) fn documents(files: &[(&str, &str)]) -> Documents {
    let loader: HashMap<String, Vec<u8>> =
        files.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec())).collect();
    let mut report = Report::default();
    let documents = Documents::load(&loader, files[0].0, &mut report);
    assert!(!report.has_errors(), "{report:?}");
    documents
}
