//! A proxy-wasm host for tests: it drives requests through our modules as Envoy 1.40 would, with the clock, shared data and configuration in the test's hands.
//!
//! Load a [`Module`], start a [`Vm`] per worker with one [`SharedState`], put the plugins of a listener into a [`Chain`], send it a [`Request`].
//! Where Envoy's behaviour is odd, it is kept odd: a kinder host would hide what goes wrong in the real one.

mod chain;
mod exports;
mod guest;
mod headers;
mod imports;
mod leg;
mod message;
mod module;
mod shared;
mod vm;

pub use chain::{Chain, Stream};
pub use headers::Headers;
pub use message::{Exchange, LogLine, Message, Outcome, Request, ServiceCall, Work};
pub use module::{LoadError, Module};
pub use shared::SharedState;
pub use vm::{ConfigureRefused, Trap, Vm};
