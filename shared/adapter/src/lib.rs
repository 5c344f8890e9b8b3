//! Runs a policy, or a chain of them, in a proxy-wasm host (ABI 0.2.1): `serve!` turns it into a plugin. The only crate
//! that makes host calls; it decides nothing but what happens when the host or a client breaks the rules,
//! and then it fails closed.

#[cfg(any(target_os = "wasi", test))]
mod breaker;
#[cfg(any(target_os = "wasi", test))]
mod configuration;
#[cfg(any(target_os = "wasi", test))]
mod heap;
#[cfg(any(target_os = "wasi", test))]
mod lease;
#[cfg(any(target_os = "wasi", test))]
mod progress;
pub mod signature;
#[cfg(any(target_os = "wasi", test))]
mod violations;
pub mod wire;

#[cfg(target_os = "wasi")]
mod answer;
#[cfg(target_os = "wasi")]
mod asking;
#[cfg(target_os = "wasi")]
mod calls;
#[cfg(target_os = "wasi")]
mod env;
#[cfg(target_os = "wasi")]
mod host;
#[cfg(target_os = "wasi")]
mod metrics;
#[cfg(target_os = "wasi")]
mod root;
#[cfg(target_os = "wasi")]
mod sources;
#[cfg(target_os = "wasi")]
mod stream;
#[cfg(target_os = "wasi")]
mod watching;
#[cfg(target_os = "wasi")]
mod worker;

#[cfg(target_os = "wasi")]
pub use proxy_wasm;
#[cfg(target_os = "wasi")]
pub use root::start;

/// Makes the crate a plugin that serves the policy or chain: `serve!(crate::RoutingPolicy);`.
#[cfg(target_os = "wasi")]
#[macro_export]
macro_rules! serve {
    ($policy:ty) => {
        $crate::proxy_wasm::main! {{
            $crate::start::<$policy>();
        }}
    };
}
