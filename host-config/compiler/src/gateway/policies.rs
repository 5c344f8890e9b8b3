//! WSO2's `policies.yaml`: resource policies become limits, application and subscription policies tiers.

use std::collections::BTreeMap;

use portcullis_config::throttle::{
    CountsConfig, LimitConfig, LimitKeyConfig, TiersConfig, UnitConfig, WindowConfig,
};
use portcullis_openapi::{Documents, Node, Report};
use portcullis_throttle::check_limit;
use serde::Deserialize;

use super::{Reader, join};
use crate::codes;
use crate::settings::problem;

/// The tier that WSO2 never limits, and that no file defines.
const UNLIMITED: &str = "Unlimited";
/// The subscription policy of those whom nobody knows.
const UNAUTHENTICATED: &str = "Unauthenticated";
/// The subscription policy of those who have booked none.
const DEFAULT: &str = "Default";

/// A policy as the file has it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct PolicyFile {
    count: u64,
    #[serde(default = "one")]
    unit_time: u32,
    time_unit: TimeUnit,
    #[serde(default)]
    stop_on_quota: Option<bool>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum TimeUnit {
    #[serde(alias = "second")]
    Sec,
    #[serde(alias = "minute")]
    Min,
    Hour,
    Day,
    Week,
    Month,
    Year,
}

fn one() -> u32 {
    1
}

impl Reader<'_> {
    /// The limits and tiers of the file `name`, which `policies` of the gateway file names.
    pub(super) fn policies(
        &self,
        name: &str,
        limits: &mut BTreeMap<String, LimitConfig>,
        report: &mut Report,
    ) -> TiersConfig {
        let place = self.place(&["policies"]);
        let mut inner = Report::default();
        let documents = Documents::load(self.loader, &join(self.folder, name), &mut inner);
        let mut refuse = |cause: String| {
            report.push(problem(codes::SETTING_INVALID, format!("{name}: {cause}"), place));
        };
        let Some(root) = documents.root() else {
            refuse(inner.diagnostics().first().map_or_else(String::new, |problem| problem.message.clone()));
            return TiersConfig::default();
        };
        let mut tiers = TiersConfig::default();
        for (kind, node) in members(root) {
            for (policy, node) in entries(node) {
                let line = documents.position(node.place()).line;
                let mut wrong = |cause: String| refuse(format!("line {line}: {policy}: {cause}"));
                let file: PolicyFile = match node.read() {
                    Ok(file) => file,
                    Err(invalid) => {
                        wrong(invalid.to_string());
                        continue;
                    }
                };
                let (limit, by) = match kind {
                    "resourcePolicies" => (policy.to_owned(), LimitKeyConfig::All),
                    "applicationPolicies" => (format!("application:{policy}"), LimitKeyConfig::Application),
                    "subscriptionPolicies" if policy == UNAUTHENTICATED => {
                        (format!("subscription:{policy}"), LimitKeyConfig::Address)
                    }
                    "subscriptionPolicies" => {
                        (format!("subscription:{policy}"), LimitKeyConfig::Subscription)
                    }
                    _ => {
                        wrong(format!(
                            "'{kind}' is no kind of policies: resourcePolicies, applicationPolicies or subscriptionPolicies"
                        ));
                        continue;
                    }
                };
                let config = file.limit(by);
                if let Err(cause) = check_limit(&limit, &config) {
                    wrong(cause.to_string());
                    continue;
                }
                if limits.insert(limit.clone(), config).is_some() {
                    wrong("a limit of this name is there already".to_owned());
                }
                add(&mut tiers, kind, policy, limit);
            }
        }
        for level in [&mut tiers.application, &mut tiers.subscription] {
            level.get_or_insert_default().entry(UNLIMITED.to_owned()).or_insert(None);
        }
        tiers
    }
}

/// What a kind of policies holds: an object, or a list of objects, as WSO2's own file has it.
fn entries(node: &Node) -> Vec<(&str, &Node)> {
    match node.as_array() {
        Some(list) => list.iter().flat_map(members).collect(),
        None => members(node).collect(),
    }
}

fn members(node: &Node) -> impl Iterator<Item = (&str, &Node)> {
    let members = node.as_object().map(|object| object.members()).unwrap_or_default();
    members.iter().map(|member| (&*member.key, &member.node))
}

impl PolicyFile {
    /// WSO2 counts by windows of the calendar, in UTC here.
    fn limit(&self, by: LimitKeyConfig) -> LimitConfig {
        let unit = match self.time_unit {
            TimeUnit::Sec => UnitConfig::Second,
            TimeUnit::Min => UnitConfig::Minute,
            TimeUnit::Hour => UnitConfig::Hour,
            TimeUnit::Day => UnitConfig::Day,
            TimeUnit::Week => UnitConfig::Week,
            TimeUnit::Month => UnitConfig::Month,
            TimeUnit::Year => UnitConfig::Year,
        };
        LimitConfig {
            requests: self.count,
            counts: CountsConfig::Requests,
            lease_seconds: None,
            burst_control: None,
            period_seconds: None,
            window: Some(WindowConfig { unit, units: self.unit_time, utc_offset_minutes: 0 }),
            burst: None,
            by,
            marks: self.stop_on_quota == Some(false),
            groups: Vec::new(),
            fleet: None,
        }
    }
}

/// A policy of some kind is the tier of its name.
fn add(tiers: &mut TiersConfig, kind: &str, policy: &str, limit: String) {
    match (kind, policy) {
        ("applicationPolicies", _) => {
            tiers.application.get_or_insert_default().insert(policy.to_owned(), Some(limit));
        }
        ("subscriptionPolicies", UNAUTHENTICATED) => tiers.unauthenticated = Some(limit),
        ("subscriptionPolicies", _) => {
            let tiers = tiers.subscription.get_or_insert_default();
            if policy == DEFAULT {
                tiers.insert("*".to_owned(), Some(limit.clone()));
            }
            tiers.insert(policy.to_owned(), Some(limit));
        }
        _ => {}
    }
}
