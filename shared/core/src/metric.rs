//! What a policy counts for those who watch the gateway.

/// One number, told under a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metric {
    /// Parts with dots between them, of which all but the names in a configuration are fixed.
    pub name: String,
    /// How it changes.
    pub kind: MetricKind,
}

/// How a metric changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricKind {
    /// It grows by what is told.
    Counter,
    /// It is what was told last.
    Gauge,
}
