//! The policy as a whole: a configuration as the compiler writes it, requests, and what becomes of them.

mod certificates;
mod configuration;
mod gateway;
mod host;
mod security;
mod signer;
mod stripping;
mod tokens;
