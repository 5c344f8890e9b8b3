//! The plugin as a whole: its configuration, compiled once per VM, and a stream for each request.

use std::rc::Rc;

use portcullis_core::{ErrorFormat, PolicyChain};
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{ContextType, LogLevel};
use serde::de::DeserializeOwned;

use crate::calls::ReplySize;
use crate::configuration;
use crate::host::{self, Buffer};
use crate::stream::Stream;
use crate::worker::Worker;

/// How often a worker looks for what is new, if it ever asks.
const TICK_MILLISECONDS: u32 = 100;

/// Registers the policies with the host. Called once, by `_initialize`.
pub fn start<C>()
where
    C: PolicyChain + 'static,
    C::Config: DeserializeOwned,
{
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_root_context(|context| Box::new(Root::<C> { context, worker: None }));
}

struct Root<C> {
    context: u32,
    worker: Option<Rc<Worker<C>>>,
}

impl<C: PolicyChain> Context for Root<C> {
    fn on_http_call_response(&mut self, token: u32, headers: usize, body: usize, trailers: usize) {
        if C::ASKS
            && let Some(worker) = &self.worker
        {
            worker.enter(self.context);
            worker.reply(token, ReplySize { headers, body, trailers });
        }
    }
}

impl<C> RootContext for Root<C>
where
    C: PolicyChain + 'static,
    C::Config: DeserializeOwned,
{
    /// The answer depends on the configuration alone. A worker that refused what the main thread accepted
    /// would make Envoy skip the filter and let requests pass unjudged.
    fn on_configure(&mut self, _: usize) -> bool {
        match compile::<C>() {
            Ok((chain, errors)) => {
                self.serve(chain, errors);
                true
            }
            Err(cause) => {
                log::error!("configuration refused: {cause}");
                false
            }
        }
    }

    fn on_tick(&mut self) {
        if C::ASKS
            && let Some(worker) = &self.worker
        {
            worker.tick();
        }
    }

    fn create_http_context(&self, context: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Stream::new(self.worker.clone(), context)))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

impl<C: PolicyChain> Root<C> {
    fn serve(&mut self, chain: C, errors: ErrorFormat) {
        let asks = (0..).map_while(|at| chain.policy(at)).any(|policy| policy.asks());
        let worker = Worker::new(chain, errors, self.context);
        let ticks = C::ASKS && (asks || worker.metrics.are_some());
        self.worker = Some(Rc::new(worker));
        if ticks && host::tick_every(TICK_MILLISECONDS).is_err() {
            log::error!("the host gives no ticks; nothing will be fetched or told");
        }
    }
}

fn compile<C: PolicyChain>() -> Result<(C, ErrorFormat), String>
where
    C::Config: DeserializeOwned,
{
    // The text is gone before the policies are made: a module's memory never shrinks.
    let (config, errors) = host::buffer(Buffer::PluginConfiguration, 0, usize::MAX)
        .map_err(|_| "the host gives none".to_owned())
        .and_then(|text| configuration::read(&text).map_err(|cause| cause.to_string()))?;
    C::compile(config).map(|chain| (chain, errors)).map_err(|cause| cause.to_string())
}
