//! Whether the message is what the document says: parameters, bodies, and the schemas they must satisfy.

mod body;
mod brackets;
mod check;
pub mod coding;
mod content;
mod fault;
pub mod form;
mod format;
pub mod json;
mod lines;
pub mod media_type;
pub mod multipart;
pub mod pairs;
mod parameter;
mod policy;
mod references;
mod responses;
mod schema;
#[cfg(not(target_arch = "wasm32"))]
mod second_opinion;
mod sentence;
mod shape;
pub mod style;
mod validator;
pub mod value;
mod work;
pub mod xml;

pub use check::{Claim, check_claims, check_schema, check_schemas};
pub use content::InvalidBody;
pub use fault::Fault;
pub use format::is_asserted;
pub use policy::{InvalidSchemaConfig, SchemaPolicy};
pub use responses::InvalidResponse;
pub use schema::InvalidSchema;

#[cfg(all(target_os = "wasi", feature = "module"))]
mod entry;
