//! All policies of a gateway in one module: one VM, one configuration that goes live as a whole, one index of
//! operations, and a request head that is read once. Decides nothing itself.

mod policies;

pub use policies::{InvalidPipeline, Policies};

#[cfg(target_os = "wasi")]
mod entry;
