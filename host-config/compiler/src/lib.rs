//! Compiles a gateway file and the API definitions it names into plugin configurations, Envoy's configuration
//! and a coverage report. Pure: bytes in, bytes out; the same input gives the same bytes.

pub mod codes;
pub mod coverage;
pub mod settings;
