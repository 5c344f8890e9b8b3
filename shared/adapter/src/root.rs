//! The plugin as a whole: its configuration, compiled once per VM, and a stream for each request.

use std::rc::Rc;

use portcullis_core::PolicyChain;
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{ContextType, LogLevel};
use serde::de::DeserializeOwned;

use crate::host::{self, Buffer};
use crate::stream::Stream;

/// Registers the policies with the host. Called once, by `_initialize`.
pub fn start<C>()
where
    C: PolicyChain + 'static,
    C::Config: DeserializeOwned,
{
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_root_context(|_| Box::new(Root::<C> { chain: None }));
}

struct Root<C> {
    chain: Option<Rc<C>>,
}

impl<C> Context for Root<C> {}

impl<C> RootContext for Root<C>
where
    C: PolicyChain + 'static,
    C::Config: DeserializeOwned,
{
    /// The answer depends on the configuration alone. A worker that refused what the main thread accepted
    /// would make Envoy skip the filter and let requests pass unjudged.
    fn on_configure(&mut self, _: usize) -> bool {
        match compile::<C>() {
            Ok(chain) => {
                self.chain = Some(Rc::new(chain));
                true
            }
            Err(cause) => {
                log::error!("configuration refused: {cause}");
                false
            }
        }
    }

    fn create_http_context(&self, _: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Stream::new(self.chain.clone())))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

fn compile<C: PolicyChain>() -> Result<C, String>
where
    C::Config: DeserializeOwned,
{
    let text = host::buffer(Buffer::PluginConfiguration, usize::MAX)
        .map_err(|_| "the host gives none".to_owned())?;
    let config = serde_json::from_slice(&text).map_err(|cause| cause.to_string())?;
    C::compile(config).map_err(|cause| cause.to_string())
}
