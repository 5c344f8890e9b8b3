//! Answers from the document's own examples.
