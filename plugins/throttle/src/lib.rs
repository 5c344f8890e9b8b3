//! How often a caller may ask: named limits per API and operation, counted exactly over all workers of a
//! host, in memory that no caller can grow. What it refuses is answered with 429 and when to come back.

mod asked;
mod attribute;
mod calendar;
mod caller;
mod condition;
mod denial;
mod fields;
mod fleet;
mod flight;
mod flight_slot;
mod flow;
mod gcra;
mod invalid;
mod known;
mod level;
mod limit;
mod meter;
mod metrics;
mod policy;
mod reply;
mod rule;
mod selection;
mod settlement;
mod shown;
mod slot;
mod table;
mod tiers;
mod window;

pub use fleet::{Lease, Look, Need, Said, Terms};
pub use invalid::InvalidThrottle;
pub use limit::{InvalidLimit, check_early_limit, check_limit};
pub use policy::ThrottlePolicy;

#[cfg(all(target_os = "wasi", feature = "module"))]
mod entry;

#[cfg(test)]
#[cfg(not(target_arch = "wasm32"))]
mod schedules_tests;
