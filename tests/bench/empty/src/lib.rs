//! A filter that does nothing: the SDK's contexts with all their defaults. What it costs is what any filter of the
//! SDK costs before it has done anything.

#[cfg(target_os = "wasi")]
mod entry;
