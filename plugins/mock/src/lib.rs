//! Answers in the upstream's place what the document says an operation answers. Knows no schema: the bodies
//! come ready from the compiler.

mod accept;
mod fields;
mod media_type;
mod operation;
mod policy;
mod prefer;
mod response;

pub use policy::{InvalidMock, MockPolicy};
pub use response::InvalidResponse;

#[cfg(all(target_os = "wasi", feature = "module"))]
mod entry;
