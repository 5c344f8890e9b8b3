//! The plugin as a whole: its configuration, compiled once per VM, and a stream for each request.

use std::rc::Rc;

use portcullis_core::Policy;
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{ContextType, LogLevel};
use serde::de::DeserializeOwned;

use crate::host::{self, Buffer};
use crate::stream::Stream;

/// Registers the policy with the host. Called once, by `_initialize`.
pub fn start<P>()
where
    P: Policy + 'static,
    P::Config: DeserializeOwned,
{
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_root_context(|_| Box::new(Root::<P> { policy: None }));
}

struct Root<P> {
    policy: Option<Rc<P>>,
}

impl<P> Context for Root<P> {}

impl<P> RootContext for Root<P>
where
    P: Policy + 'static,
    P::Config: DeserializeOwned,
{
    /// The answer depends on the configuration alone. A worker that refused what the main thread accepted
    /// would make Envoy skip the filter and let requests pass unjudged.
    fn on_configure(&mut self, _: usize) -> bool {
        match compile::<P>() {
            Ok(policy) => {
                self.policy = Some(Rc::new(policy));
                true
            }
            Err(cause) => {
                log::error!("configuration refused: {cause}");
                false
            }
        }
    }

    fn create_http_context(&self, _: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Stream::new(self.policy.clone())))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

fn compile<P: Policy>() -> Result<P, String>
where
    P::Config: DeserializeOwned,
{
    let text = host::buffer(Buffer::PluginConfiguration, usize::MAX)
        .map_err(|_| "the host gives none".to_owned())?;
    let config = serde_json::from_slice(&text).map_err(|cause| cause.to_string())?;
    P::compile(config).map_err(|cause| cause.to_string())
}
