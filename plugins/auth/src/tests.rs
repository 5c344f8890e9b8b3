//! The policy as a whole: a configuration as the compiler writes it, requests, and what becomes of them.

mod certificates;
mod claims;
mod configuration;
mod gateway;
mod host;
mod identity_headers;
mod security;
mod signer;
mod stripping;
mod tokens;
#[cfg(not(target_arch = "wasm32"))]
mod truth;

#[cfg(not(target_arch = "wasm32"))]
mod backend_jwt;
#[cfg(not(target_arch = "wasm32"))]
mod environment;
