//! Case files and what they are run with. A case file holds a definition, requests and expected outcomes; it is
//! run through the policies natively and through the built modules in the wasmtime host, with the same result.

mod case;
pub mod certificate;
mod compiled;
pub mod gateway;
pub mod http1;
mod modules;
mod native;
mod seen;
mod service;
mod token;
pub mod upstream;

pub use case::{Case, CaseFile, Expected, Request, Response, Step, case_files, repository};
pub use compiled::{compile, try_compile};
pub use modules::{Modules, run as run_modules};
pub use native::run as run_natively;
pub use seen::{Seen, SeenUpstream, differences};
pub use service::{SECRETS, Service, Services};
pub use token::{Bearer, Signature, jwks};
