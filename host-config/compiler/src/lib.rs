//! Compiles an API model and a gateway file into plugin and Envoy configuration.
