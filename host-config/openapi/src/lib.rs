//! Reads OpenAPI documents into a model whose every node knows its place.
//!
//! Stages: bytes --[`tree`]--> nodes --[`Documents`]--> all files a definition names --[`ApiModel::read`]--> model.
//! Swagger 2.0 is written anew as OpenAPI 3.0 between the last two.
//! All problems are collected in one [`Report`]; the crate touches no file, clock or network, and knows no plugin,
//! no limit and no Envoy.

pub mod codes;
mod diagnostic;
mod documents;
pub mod model;
mod pointer;
mod read;
mod reference;
mod resource;
mod source;
mod swagger;
pub mod tree;
mod uri;

pub use diagnostic::{Diagnostic, MAX_DIAGNOSTICS, Report, Severity};
pub use documents::{Documents, MAX_BYTES, MAX_FILES, ResourceId};
pub use model::ApiModel;
pub use reference::Unresolved;
pub use source::{FileId, LoadError, Loader, Place, Position};
pub use tree::{Node, Value};
