//! The host's own tests, against small modules written in WebAssembly's text format.

#[cfg(test)]
mod streams;
#[cfg(test)]
mod vms;
#[cfg(test)]
mod wat;
