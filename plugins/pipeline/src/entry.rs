//! The plugin's entry point.

portcullis_adapter::serve!(crate::Policies);
