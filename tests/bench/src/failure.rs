//! Why a measurement could not be made.

use std::io;
use std::path::Path;

/// A sentence for whoever measures.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Failure(pub(crate) String);

pub(crate) type Result<T> = std::result::Result<T, Failure>;

/// A failure with these words.
pub(crate) fn failed<T>(words: impl Into<String>) -> Result<T> {
    Err(Failure(words.into()))
}

/// Turns an error into a failure to read the file.
pub(crate) fn reading(file: &Path) -> impl Fn(io::Error) -> Failure {
    move |cause| Failure(format!("{} cannot be read: {cause}", file.display()))
}

/// Turns an error into a failure to write the file.
pub(crate) fn writing(file: &Path) -> impl Fn(io::Error) -> Failure {
    move |cause| Failure(format!("{} cannot be written: {cause}", file.display()))
}
