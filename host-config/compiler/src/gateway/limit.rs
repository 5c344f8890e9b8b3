//! Limits: from what the gateway file says to what the throttle plugin counts.

use std::collections::{BTreeMap, BTreeSet};

use portcullis_config::throttle::{
    AttributeConfig, CountsConfig, GroupConfig, LimitConfig, LimitKeyConfig, MeasureConfig, TestConfig,
    UnitConfig, WindowConfig,
};
use portcullis_openapi::Report;
use portcullis_throttle::{check_early_limit, check_limit};

use super::Reader;
use super::file::{
    AlgorithmFile, BurstControlFile, BytesFile, ConditionFile, DirectionFile, GroupFile, LimitFile,
    LimitKeyFile, LimitServiceFile, NamedKeyFile, PeriodFile, UnitFile,
};
use super::fleet::Sharing;
use crate::codes;
use crate::settings::problem;

impl Reader<'_> {
    pub(super) fn limits(
        &self,
        files: &BTreeMap<String, LimitFile>,
        service: Option<&LimitServiceFile>,
        report: &mut Report,
    ) -> BTreeMap<String, LimitConfig> {
        let mut limits = BTreeMap::new();
        for (name, file) in files {
            let mut wrong = |message: String| {
                report.push(problem(codes::SETTING_INVALID, message, self.place(&["limits", name])));
            };
            if name.is_empty()
                || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
            {
                wrong(format!("'{name}' is no limit name: letters, digits, '-', '_' and '.' only"));
                continue;
            }
            let counted = match file.before_authentication {
                true => LimitKeyConfig::Address,
                false => LimitKeyConfig::Consumer,
            };
            let limit = limit(file, &counted, Sharing::new(service)).and_then(|limit| {
                let checked = match file.before_authentication {
                    true => check_early_limit(name, &limit),
                    false => check_limit(name, &limit),
                };
                checked.map_err(|cause| format!("the limit '{name}': {cause}"))?;
                Ok(limit)
            });
            match limit {
                Ok(limit) => {
                    limits.insert(name.clone(), limit);
                }
                Err(message) => wrong(message),
            }
        }
        limits
    }
}

/// `outer` is who is counted, and `sharing` how a fleet shares it, unless the file says so.
fn limit(file: &LimitFile, outer: &LimitKeyConfig, sharing: Sharing) -> Result<LimitConfig, String> {
    let sharing = sharing.with(file);
    let fleet = sharing.config(file)?;
    let (requests, counts) = counted(file)?;
    let by = match &file.by {
        Some(by) => key(by)?,
        None => outer.clone(),
    };
    let (period_seconds, window) = match (counts, file.per) {
        (CountsConfig::InFlight, None) => (None, None),
        (CountsConfig::InFlight, Some(_)) => {
            return Err("so many at a time have no period: leave `per` out".into());
        }
        (_, None) => return Err("`per` says in which time".into()),
        (_, Some(per)) => times(file, per)?,
    };
    let burst_control = file.burst_control.map(|burst| burst_control(burst, &by)).transpose()?;
    if file.groups.iter().any(|group| group.limit.before_authentication) {
        return Err("a group stands where its limit does: leave its `beforeAuthentication` out".into());
    }
    let groups = file.groups.iter().map(|file| group(file, &by, sharing)).collect::<Result<_, _>>()?;
    let marks = file.stop_on_quota == Some(false);
    let (burst, lease_seconds) = (file.burst, file.lease_seconds);
    Ok(LimitConfig {
        requests,
        counts,
        lease_seconds,
        burst_control,
        period_seconds,
        window,
        burst,
        by,
        marks,
        groups,
        fleet,
    })
}

/// What is counted, and how many.
fn counted(file: &LimitFile) -> Result<(u64, CountsConfig), String> {
    match (file.requests, file.bytes, file.concurrent, file.of) {
        (Some(requests), None, None, None) => Ok((requests, CountsConfig::Requests)),
        (None, Some(BytesFile(bytes)), None, of) => Ok((
            bytes,
            match of {
                None => CountsConfig::Bytes,
                Some(DirectionFile::Request) => CountsConfig::RequestBytes,
                Some(DirectionFile::Response) => CountsConfig::ResponseBytes,
            },
        )),
        (None, None, Some(most), None) => Ok((most, CountsConfig::InFlight)),
        (Some(_), None, None, Some(_)) | (None, None, Some(_), Some(_)) => {
            Err("`of` says which bytes are counted, and none are".into())
        }
        _ => Err("a limit has one of `requests`, `bytes` and `concurrent`".into()),
    }
}

/// So many in a short time, beside another limit of the same callers.
fn burst_control(file: BurstControlFile, by: &LimitKeyConfig) -> Result<Box<LimitConfig>, String> {
    let seconds = file.per.unit.seconds().map(|unit| unit.saturating_mul(file.per.count.into()));
    let seconds = seconds.ok_or("burst control is for short times, not for months and years")?;
    Ok(Box::new(LimitConfig {
        requests: file.requests,
        counts: CountsConfig::Requests,
        lease_seconds: None,
        burst_control: None,
        period_seconds: Some(seconds),
        window: None,
        burst: None,
        by: by.clone(),
        marks: false,
        groups: Vec::new(),
        fleet: None,
    }))
}

/// Over which period they come back, or with which window.
fn times(file: &LimitFile, per: PeriodFile) -> Result<(Option<u64>, Option<WindowConfig>), String> {
    let period = per.unit.seconds().map(|unit| unit.saturating_mul(per.count.into()));
    let algorithm = file.algorithm.unwrap_or(match period {
        Some(_) => AlgorithmFile::Gcra,
        None => AlgorithmFile::Window,
    });
    match (algorithm, period) {
        (AlgorithmFile::Gcra, None) => {
            Err("months and years differ in length: they need `algorithm: window`, or a number of days"
                .into())
        }
        (AlgorithmFile::Gcra, _) if file.utc_offset.is_some() => {
            Err("utcOffset says when windows begin: it needs `algorithm: window`".into())
        }
        (AlgorithmFile::Gcra, period) => Ok((period, None)),
        (AlgorithmFile::Window, _) if file.burst.is_some() => {
            Err("a window has no burst: all of its requests may come at once".into())
        }
        (AlgorithmFile::Window, _) => Ok((None, Some(window(file, per)?))),
    }
}

fn key(file: &LimitKeyFile) -> Result<LimitKeyConfig, String> {
    Ok(match file {
        LimitKeyFile::Named(NamedKeyFile::Consumer) => LimitKeyConfig::Consumer,
        LimitKeyFile::Named(NamedKeyFile::Address) => LimitKeyConfig::Address,
        LimitKeyFile::Named(NamedKeyFile::All) => LimitKeyConfig::All,
        LimitKeyFile::Named(NamedKeyFile::Application) => LimitKeyConfig::Application,
        LimitKeyFile::Named(NamedKeyFile::Subscription) => LimitKeyConfig::Subscription,
        LimitKeyFile::Template(text) if text.starts_with('$') => {
            LimitKeyConfig::Parts(text.split(':').map(attribute).collect::<Result<_, _>>()?)
        }
        LimitKeyFile::Template(text) => {
            return Err(format!(
                "'{text}' is nobody who is counted: consumer, address, all, application, subscription, or a list of attributes"
            ));
        }
        LimitKeyFile::Parts(parts) => {
            LimitKeyConfig::Parts(parts.iter().map(|text| attribute(text)).collect::<Result<_, _>>()?)
        }
    })
}

fn group(file: &GroupFile, outer: &LimitKeyConfig, sharing: Sharing) -> Result<GroupConfig, String> {
    let GroupFile { name, when, limit: own } = file;
    let when = when.iter().map(condition).collect::<Result<_, _>>()?;
    Ok(GroupConfig { name: name.clone(), when, limit: limit(own, outer, sharing)? })
}

fn condition(file: &ConditionFile) -> Result<TestConfig, String> {
    let ConditionFile { of, is, matches, within, not } = file;
    let is = match (is, matches, within) {
        (None, None, None) => MeasureConfig::Present,
        (Some(values), None, None) => MeasureConfig::OneOf(values.clone()),
        (None, Some(expression), None) => MeasureConfig::Matches(expression.clone()),
        (None, None, Some(ranges)) => MeasureConfig::Within(ranges.clone()),
        _ => return Err(format!("a condition on '{of}' has one of `is`, `matches` and `within`")),
    };
    Ok(TestConfig { of: attribute(of)?, is, not: *not })
}

/// One of WSO2's variables. Their tenants are none here, and what code of one's own sets there has no counterpart.
fn variable(text: &str) -> Result<AttributeConfig, String> {
    Ok(match text {
        "$userId" => AttributeConfig::Consumer,
        "$apiContext" | "$apiVersion" => AttributeConfig::Api,
        "$appId" => AttributeConfig::Application,
        "$clientIp" => AttributeConfig::Address,
        _ if text.starts_with("$customProperty") => {
            return Err(format!(
                "'{text}' has no counterpart: what a mediation of WSO2 computes is no attribute here; use header:NAME, query:NAME or claim:NAME"
            ));
        }
        _ => {
            return Err(format!(
                "'{text}' has no counterpart: $userId, $apiContext, $apiVersion, $appId and $clientIp have"
            ));
        }
    })
}

fn attribute(text: &str) -> Result<AttributeConfig, String> {
    if text.starts_with('$') {
        return variable(text);
    }
    let named = |name: &str| (!name.is_empty()).then(|| name.to_owned());
    let read = || match text.split_once(':') {
        Some(("header", name)) => named(name).map(|name| AttributeConfig::Header(name.to_ascii_lowercase())),
        Some(("query", name)) => named(name).map(AttributeConfig::Query),
        Some(("claim", name)) => named(name).map(AttributeConfig::Claim),
        Some(_) => None,
        None => Some(match text {
            "method" => AttributeConfig::Method,
            "host" => AttributeConfig::Host,
            "address" => AttributeConfig::Address,
            "consumer" => AttributeConfig::Consumer,
            "application" => AttributeConfig::Application,
            "api" => AttributeConfig::Api,
            _ => return None,
        }),
    };
    read().ok_or_else(|| {
        format!(
            "'{text}' is nothing that a request has: header:NAME, query:NAME, claim:NAME, address, method, host, consumer, application or api"
        )
    })
}

/// The claims that limits look at: these alone travel with the caller.
pub(crate) fn claims<'l>(limits: impl Iterator<Item = &'l LimitConfig>) -> BTreeSet<String> {
    let mut claims = BTreeSet::new();
    // Groups have no groups.
    for limit in limits.flat_map(|limit| limit.groups.iter().map(|group| &group.limit).chain([limit])) {
        let of_groups = limit.groups.iter().flat_map(|group| group.when.iter().map(|test| &test.of));
        let parts = match &limit.by {
            LimitKeyConfig::Parts(parts) => parts.as_slice(),
            _ => &[],
        };
        for attribute in parts.iter().chain(of_groups) {
            if let AttributeConfig::Claim(name) = attribute {
                claims.insert(name.clone());
            }
        }
    }
    claims
}

fn window(file: &LimitFile, per: PeriodFile) -> Result<WindowConfig, String> {
    let unit = calendar_unit(per.unit);
    let utc_offset_minutes = file.utc_offset.as_deref().map_or(Ok(0), offset)?;
    Ok(WindowConfig { unit, units: per.count, utc_offset_minutes })
}

pub(super) fn calendar_unit(unit: UnitFile) -> UnitConfig {
    match unit {
        UnitFile::Second => UnitConfig::Second,
        UnitFile::Minute => UnitConfig::Minute,
        UnitFile::Hour => UnitConfig::Hour,
        UnitFile::Day => UnitConfig::Day,
        UnitFile::Week => UnitConfig::Week,
        UnitFile::Month => UnitConfig::Month,
        UnitFile::Year => UnitConfig::Year,
    }
}

/// Minutes ahead of UTC: `Z`, `+02:00`, `-05:30`.
fn offset(text: &str) -> Result<i32, String> {
    let read = || {
        let (sign, rest) = match text.split_at_checked(1)? {
            ("+", rest) => (1, rest),
            ("-", rest) => (-1, rest),
            ("Z", "") => return Some(0),
            _ => return None,
        };
        let (hours, minutes) = rest.split_once(':')?;
        let number = |text: &str, most: i32| {
            let is_number = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
            text.parse::<i32>().ok().filter(|number| is_number && *number <= most)
        };
        Some(sign * (number(hours, 23)? * 60 + number(minutes, 59)?))
    };
    read().ok_or_else(|| {
        format!(
            "'{text}' is no distance from UTC such as Z or +02:00; zones with summer time have no fixed one"
        )
    })
}

#[cfg(test)]
mod tests;
