//! Reads OpenAPI documents into a model whose every node knows its place.
