//! What policies count, told to the host between requests. Names are fixed when the configuration is read, and are the same in
//! every worker: the host adds up.

use portcullis_core::{Metric, MetricKind, PolicyChain};

use crate::env::HostEnv;
use crate::host;

/// The host's numbers of the metrics of each policy that has some.
#[derive(Default)]
pub(crate) struct Metrics(Vec<(usize, Vec<(MetricKind, u32)>)>);

impl Metrics {
    /// A host that knows no metrics has none; requests are judged all the same.
    pub(crate) fn of(chain: &impl PolicyChain) -> Self {
        let policies = (0..).map_while(|at| Some((at, chain.policy(at)?.metrics())));
        let counting = policies.filter(|(_, metrics)| !metrics.is_empty());
        let define = |(at, metrics): (usize, Vec<Metric>)| {
            let ids = metrics.iter().map(|metric| Ok((metric.kind, host::define_metric(metric)?)));
            let ids = ids.collect::<Result<Vec<_>, host::Refused>>();
            if ids.is_err() {
                log::error!("the host defines no metrics; nothing is told");
            }
            Some((at, ids.ok()?))
        };
        Self(counting.filter_map(define).collect())
    }

    pub(crate) fn are_some(&self) -> bool {
        !self.0.is_empty()
    }

    /// Tells the host what has changed.
    pub(crate) fn tell(&self, chain: &impl PolicyChain) {
        for (at, ids) in &self.0 {
            let Some(policy) = chain.policy(*at) else { continue };
            policy.measure(&HostEnv::default(), &mut |metric, value| {
                // What the host does not take is lost, and no reason to stop.
                let _refused = match ids.get(metric) {
                    Some((MetricKind::Counter, id)) if value > 0 => host::increment_metric(*id, value),
                    Some((MetricKind::Gauge, id)) => host::record_metric(*id, value),
                    _ => Ok(()),
                };
            });
        }
    }
}
