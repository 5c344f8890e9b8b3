//! Case files, golden files and end-to-end tests.
