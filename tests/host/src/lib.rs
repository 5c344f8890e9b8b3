//! A proxy-wasm host on wasmtime, for tests.
