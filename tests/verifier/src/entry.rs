//! The module's entry point.

portcullis_adapter::serve!(crate::VerifierPolicy);
