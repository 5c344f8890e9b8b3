//! Runs a policy in a proxy-wasm host; the only crate that makes host calls.
