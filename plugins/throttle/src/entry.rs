//! What the host loads.

portcullis_adapter::serve!(crate::ThrottlePolicy);
