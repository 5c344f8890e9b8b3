//! How often a caller may ask: named limits per API and operation, counted exactly over all workers of a
//! host, in memory that no caller can grow. What it refuses is answered with 429 and when to come back.

mod caller;
mod fields;
mod gcra;
mod limit;
mod policy;
mod slot;
mod table;

pub use limit::InvalidLimit;
pub use policy::{InvalidThrottle, ThrottlePolicy};

#[cfg(all(target_os = "wasi", feature = "module"))]
mod entry;
