//! Whether the message is what the document says.

mod fault;
mod format;
pub mod json;
pub mod media_type;
mod references;
mod schema;
mod sentence;

pub use fault::Fault;
pub use schema::{InvalidSchema, check_schema};
