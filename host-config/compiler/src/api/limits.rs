//! The limits of one operation: those of the gateway file for the whole API, and those of the document.

use portcullis_config::throttle::{AppliedLimitConfig, CountsConfig, LevelConfig, LimitConfig, ThrottleRule};
use portcullis_openapi::model::Operation;
use portcullis_openapi::{Diagnostic, Report};

use super::ApiCompiler;
use crate::codes;
use crate::coverage::{Construct, OperationCoverage, Treatment};
use crate::settings::{Level, Settings, problem};

impl<'d: 'g, 'g> ApiCompiler<'d, 'g> {
    /// What counts after authentication, and what before.
    pub(super) fn throttle(
        &self,
        operation: &Operation<'d>,
        settings: &Settings,
        rows: &mut OperationCoverage,
        report: &mut Report,
    ) -> (ThrottleRule, ThrottleRule) {
        let api_scope = format!("api {}", self.source.name);
        let apply = |limit: &String, scope: &str| AppliedLimitConfig {
            limit: limit.clone(),
            scope: scope.to_owned(),
            level: if scope == api_scope { LevelConfig::Api } else { LevelConfig::Operation },
        };
        let mut limits: Vec<_> = self.source.limits.iter().map(|limit| apply(limit, &api_scope)).collect();
        let upstream_scope = format!("endpoint {}", self.source.name);
        limits.extend(self.source.endpoint_limits.iter().map(|limit| AppliedLimitConfig {
            level: LevelConfig::Upstream,
            ..apply(limit, &upstream_scope)
        }));
        if let Some((names, level, place)) = &settings.limits {
            let scope = match level {
                Level::Root => api_scope.clone(),
                Level::Path => format!("path {} {}", self.source.name, operation.path),
                Level::Operation => {
                    format!("{} {} {}", self.source.name, operation.method.as_str(), operation.path)
                }
            };
            for name in names {
                if self.limits.contains_key(name) {
                    let applied = apply(name, &scope);
                    if !limits
                        .iter()
                        .any(|known| known.limit == applied.limit && known.scope == applied.scope)
                    {
                        limits.push(applied);
                    }
                } else {
                    report.push(Diagnostic {
                        hint: Some("define it under `limits` in the gateway file".into()),
                        ..problem(codes::LIMIT_UNKNOWN, format!("no limit is named '{name}'"), *place)
                    });
                }
            }
        }
        let of_gateway = self.source.limits.len() + self.source.endpoint_limits.len();
        if let Some((name, level, place)) = crate::wso2::throttling_tier(self.model, operation, report) {
            let scope = match level {
                Level::Root => api_scope.clone(),
                _ => format!("{} {} {}", self.source.name, operation.method.as_str(), operation.path),
            };
            let applied = apply(&name, &scope);
            if !self.limits.contains_key(&name) {
                report.push(Diagnostic {
                    hint: Some("define it under `limits` of the gateway file, or in its `policies`".into()),
                    ..problem(codes::LIMIT_UNKNOWN, format!("no limit is named '{name}'"), place)
                });
            } else if limits.iter().all(|known| (&known.limit, &known.scope) != (&name, &scope)) {
                limits.push(applied);
            }
        }
        for (at, limit) in limits.iter().enumerate() {
            // The gateway file's own limits have no place in this document.
            let place = settings.limits.as_ref().filter(|_| at >= of_gateway).map(|(_, _, place)| *place);
            let early = if self.early_limits.contains(&limit.limit) { ", before authentication" } else { "" };
            rows.add(
                Construct::Limit,
                format!("{} by {}{early}", limit.limit, limit.scope),
                Treatment::Enforced,
                place,
            );
        }
        self.report_callers(rows);
        self.check_cost(settings, &limits, report);
        let (early, late): (Vec<_>, Vec<_>) =
            limits.into_iter().partition(|applied| self.early_limits.contains(&applied.limit));
        let rule = |limits: Vec<AppliedLimitConfig>| {
            let cost = settings.cost.map(|(cost, _)| cost).filter(|cost| *cost > 1 && !limits.is_empty());
            ThrottleRule { limits, cost, api: String::new() }
        };
        (rule(late), rule(early))
    }

    /// What holds for callers of every operation: limits by their tiers, and rules that deny.
    fn report_callers(&self, rows: &mut OperationCoverage) {
        let mut row = |name: String| rows.add(Construct::Limit, name, Treatment::Enforced, None);
        if let Some(tiers) = self.tiers {
            let levels = [("application", &tiers.application), ("subscription", &tiers.subscription)];
            for (level, tiers) in
                levels.into_iter().filter_map(|(level, tiers)| Some((level, tiers.as_ref()?)))
            {
                let names: Vec<&str> = tiers.keys().map(String::as_str).collect();
                row(format!("tiers of {level}s: {}", names.join(", ")));
            }
            if let Some(limit) = &tiers.unauthenticated {
                row(format!("{limit} by tier of the unauthenticated"));
            }
        }
        let here = self
            .denials
            .iter()
            .filter(|denial| denial.api.as_ref().is_none_or(|api| *api == self.source.name));
        match here.count() {
            0 => {}
            1 => row("1 rule that denies".to_owned()),
            count => row(format!("{count} rules that deny")),
        }
    }

    /// A request that costs more than a limit ever lets pass at once could never pass.
    fn check_cost(&self, settings: &Settings, limits: &[AppliedLimitConfig], report: &mut Report) {
        let Some((cost, place)) = settings.cost else { return };
        for applied in limits {
            let Some(limit) = self.limits.get(&applied.limit) else { continue };
            // Bytes are what they are, whatever the operation costs.
            let is_of_requests = matches!(limit.counts, CountsConfig::Requests | CountsConfig::InFlight);
            let limit = if is_of_requests { limit } else { continue };
            let all = limit.groups.iter().map(|group| &group.limit).chain([limit]);
            let all = all.flat_map(|limit| limit.burst_control.as_deref().into_iter().chain([limit]));
            let most = all.map(|LimitConfig { requests, burst, .. }| burst.unwrap_or(*requests));
            if let Some(most) = most.filter(|most| (1..u64::from(cost)).contains(most)).min() {
                let limit = &applied.limit;
                let message =
                    format!("a cost of {cost} never passes the limit '{limit}' of {most} requests at once");
                report.push(problem(codes::SETTING_INVALID, message, place));
            }
        }
    }
}
