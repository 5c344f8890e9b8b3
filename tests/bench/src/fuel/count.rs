//! Sends the requests through the built modules, and counts.

use std::collections::BTreeMap;

use portcullis_compiler::Plugin;
use portcullis_test_host::{Chain, Module, SharedState, Vm, Work};

use super::requests::Sent;
use super::{Cost, Costs, Figures};
use crate::api::{self, Size};
use crate::failure::{Failure, Result, failed};
use crate::plugin;
use crate::subject::has_pipeline;
use crate::tokens::Signer;

const OPERATIONS: usize = 1000;
const CONSUMERS: usize = 100;
const REPETITIONS: usize = 100_000;
/// The requests whose cost is told plugin by plugin.
const STAGED: [&str; 2] = ["GET", "POST of 1 KiB"];

/// What one plugin does for a request that it has seen before.
pub(super) struct Stage {
    pub(super) request: &'static str,
    pub(super) layout: &'static str,
    pub(super) plugin: Plugin,
    pub(super) fuel: u64,
    pub(super) host_calls: BTreeMap<&'static str, u64>,
}

/// All figures, and those of some requests by plugin.
pub(super) fn count() -> Result<(Figures, Vec<Stage>)> {
    let mut layouts = vec!["chain"];
    if has_pipeline() {
        layouts.push("pipeline");
    }
    let signer = Signer::new();
    let requests = super::requests::requests(Size::of(OPERATIONS), &signer);
    let (mut figures, mut stages) = (Figures::new(), Vec::new());
    for name in layouts {
        let gateway = Gateway::load(name, &signer)?;
        let mut costs = BTreeMap::new();
        for sent in &requests {
            costs.insert(sent.name.to_owned(), gateway.send_twice(sent, &mut stages)?);
        }
        figures.insert(name.to_owned(), costs);
    }
    Ok((figures, stages))
}

/// Sends one request through the pipeline, over and over.
pub(super) fn repeat(name: &str) -> Result<()> {
    let signer = Signer::new();
    let requests = super::requests::requests(Size::of(OPERATIONS), &signer);
    let Some(sent) = requests.iter().find(|sent| sent.name == name) else {
        let names: Vec<_> = requests.iter().map(|sent| sent.name).collect();
        return failed(format!("there is no request '{name}', but there is {}", names.join(", ")));
    };
    let mut chain = Gateway::load("pipeline", &signer)?.start()?;
    for time in 0..REPETITIONS {
        send(&mut chain, sent, time.min(1))?;
    }
    Ok(())
}

/// The modules of a layout with their configurations, in the order of the chain.
struct Gateway {
    layout: &'static str,
    plugins: Vec<(Plugin, Module, String)>,
}

impl Gateway {
    fn load(name: &'static str, signer: &Signer) -> Result<Self> {
        let gateway = api::gateway("127.0.0.1:1", "http://127.0.0.1:9", name);
        let compiled = plugin::compiled(&gateway, &Size::of(OPERATIONS).document(), signer.jwks(), CONSUMERS);
        let load =
            |(plugin, config): (&Plugin, &String)| Ok((*plugin, plugin::module(*plugin)?, config.clone()));
        let plugins = compiled.plugins.iter().map(load).collect::<Result<_>>()?;
        Ok(Self { layout: name, plugins })
    }

    /// To plugins that have just started.
    fn send_twice(&self, sent: &Sent, stages: &mut Vec<Stage>) -> Result<Costs> {
        let mut chain = self.start()?;
        let first = cost(&send(&mut chain, sent, 0)?);
        let again = send(&mut chain, sent, 1)?;
        let costs = Costs { first, again: cost(&again) };
        if STAGED.contains(&sent.name) {
            stages.extend(again.into_iter().zip(&self.plugins).map(|(work, (plugin, ..))| Stage {
                request: sent.name,
                layout: self.layout,
                plugin: *plugin,
                fuel: work.fuel,
                host_calls: work.host_calls,
            }));
        }
        Ok(costs)
    }

    fn start(&self) -> Result<Chain> {
        let start = |(_, module, config): &(Plugin, Module, String)| {
            // Plugins of different VM ids share nothing.
            let vm = Vm::start(module, config.as_bytes(), &SharedState::default());
            vm.map_err(|refused| Failure(refused.to_string()))
        };
        let vms = self.plugins.iter().map(start).collect::<Result<Vec<_>>>()?;
        Ok(Chain::new(vms).with_body_limit(4 << 20))
    }
}

/// What each plugin did; fails when the answer is another than it must be.
fn send(chain: &mut Chain, sent: &Sent, time: usize) -> Result<Vec<Work>> {
    let exchange = chain.request(&sent.request);
    let (status, expected) = (exchange.outcome.status(), sent.statuses[time]);
    if status != Some(expected) {
        return failed(format!("{}: {status:?} instead of {expected}", sent.name));
    }
    Ok(exchange.work)
}

fn cost(work: &[Work]) -> Cost {
    let host_calls = work.iter().flat_map(|one| one.host_calls.values()).sum();
    Cost { fuel: work.iter().map(|one| one.fuel).sum(), host_calls }
}
