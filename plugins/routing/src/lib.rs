//! Which operation a request means, and which upstream answers it. First in the chain: what it cannot name
//! reaches no upstream.

mod policy;
mod target;

pub use policy::{InvalidRouting, RoutingPolicy};

#[cfg(all(target_os = "wasi", feature = "module"))]
mod entry;
