//! What a rate limit service must know to count the limits of a fleet: a file for Limitador, which counts by its own limits, and
//! one for Envoy's reference service, which takes the limit from the request and needs no other.

use std::collections::BTreeMap;

use portcullis_config::throttle::{LimitConfig, LimitServiceConfig, UnitConfig};
use serde_json::{Value, json};

/// The files, by their names in a bundle. They are JSON, which is YAML as well.
pub(crate) fn files(
    service: &LimitServiceConfig,
    limits: &BTreeMap<String, LimitConfig>,
) -> Vec<(&'static str, Value)> {
    let mut shared: Vec<(String, u64, UnitConfig)> = Vec::new();
    for (name, limit) in limits {
        let groups = limit.groups.iter().map(|group| (format!("{name}/{}", group.name), &group.limit));
        let all = groups.chain([(name.clone(), limit)]);
        shared.extend(all.filter_map(|(name, limit)| {
            let fleet = limit.fleet.as_ref().filter(|_| limit.requests > 0)?;
            Some((name, limit.requests, fleet.unit))
        }));
    }
    let of_limitador = shared.iter().map(|(name, requests, unit)| {
        json!({
            "namespace": service.domain,
            "max_value": requests,
            "seconds": seconds(*unit),
            "conditions": [format!("descriptors[0]['limit'] == {}", json!(name))],
            "variables": ["descriptors[0]['count']"],
        })
    });
    let of_envoy = shared.iter().map(|(name, requests, unit)| {
        let limit = json!({ "unit": unit, "requests_per_unit": requests });
        json!({ "key": "limit", "value": name, "descriptors": [{ "key": "count", "rate_limit": limit }] })
    });
    vec![
        ("ratelimit/limitador.yaml", Value::Array(of_limitador.collect())),
        (
            "ratelimit/ratelimit.yaml",
            json!({ "domain": service.domain, "descriptors": of_envoy.collect::<Vec<_>>() }),
        ),
    ]
}

/// Limitador knows seconds only: a month is taken for 30 days, a year for 365.
fn seconds(unit: UnitConfig) -> u64 {
    match unit {
        UnitConfig::Second => 1,
        UnitConfig::Minute => 60,
        UnitConfig::Hour => 3_600,
        UnitConfig::Day => 86_400,
        UnitConfig::Week => 604_800,
        UnitConfig::Month => 30 * 86_400,
        UnitConfig::Year => 365 * 86_400,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_shared_limit_and_group_is_told_once() {
        let limits = serde_json::from_value(json!({
            "own": { "requests": 1, "period_seconds": 60, "by": "all" },
            "gold": {
                "requests": 100, "period_seconds": 60, "by": "all",
                "fleet": { "unit": "minute", "mode": "exact", "on_failure": "local", "gateways": 2 },
                "groups": [{
                    "name": "bot",
                    "when": [{ "of": "method", "is": "present", "not": false }],
                    "limit": {
                        "requests": 5, "window": { "unit": "month" }, "by": "all",
                        "fleet": { "unit": "month", "mode": "exact", "on_failure": "open", "gateways": 2 }
                    }
                }]
            },
            "closed": {
                "requests": 0, "period_seconds": 60, "by": "all",
                "fleet": { "unit": "minute", "mode": "exact", "on_failure": "local", "gateways": 2 }
            }
        }));
        let service = LimitServiceConfig {
            service: "s".into(),
            authority: "s".into(),
            domain: "shop".into(),
            timeout_milliseconds: 1,
        };
        let files = files(&service, &limits.unwrap());
        assert_eq!(
            files[0].1,
            json!([
                {"namespace": "shop", "max_value": 5, "seconds": 2_592_000,
                 "conditions": ["descriptors[0]['limit'] == \"gold/bot\""], "variables": ["descriptors[0]['count']"]},
                {"namespace": "shop", "max_value": 100, "seconds": 60,
                 "conditions": ["descriptors[0]['limit'] == \"gold\""], "variables": ["descriptors[0]['count']"]}
            ])
        );
        let of_envoy = |name: &str, unit: &str, requests: u64| {
            let limit = json!({ "unit": unit, "requests_per_unit": requests });
            json!({"key": "limit", "value": name, "descriptors": [{"key": "count", "rate_limit": limit}]})
        };
        let expected = [of_envoy("gold/bot", "month", 5), of_envoy("gold", "minute", 100)];
        assert_eq!(files[1].1, json!({"domain": "shop", "descriptors": expected}));
    }
}
