//! Limits: from what the gateway file says to what the throttle plugin counts.

use std::collections::BTreeMap;

use portcullis_config::throttle::{LimitConfig, LimitKeyConfig, UnitConfig, WindowConfig};
use portcullis_openapi::Report;

use super::Reader;
use super::file::{AlgorithmFile, LimitFile, LimitKeyFile, UnitFile};
use crate::codes;
use crate::settings::problem;

impl Reader<'_> {
    pub(super) fn limits(
        &self,
        files: &BTreeMap<String, LimitFile>,
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
            }
            if file.burst == Some(0) && file.requests > 0 {
                wrong("a burst of 0 would let none pass".to_owned());
            }
            match limit(file) {
                Ok(limit) => {
                    limits.insert(name.clone(), limit);
                }
                Err(message) => wrong(message),
            }
        }
        limits
    }
}

fn limit(file: &LimitFile) -> Result<LimitConfig, String> {
    let period = file.per.unit.seconds().map(|unit| unit.saturating_mul(file.per.count.into()));
    let algorithm = file.algorithm.unwrap_or(match period {
        Some(_) => AlgorithmFile::Gcra,
        None => AlgorithmFile::Window,
    });
    let (period_seconds, window) = match (algorithm, period) {
        (AlgorithmFile::Gcra, None) => {
            return Err(
                "months and years differ in length: they need `algorithm: window`, or a number of days"
                    .into(),
            );
        }
        (AlgorithmFile::Gcra, _) if file.utc_offset.is_some() => {
            return Err("utcOffset says when windows begin: it needs `algorithm: window`".into());
        }
        (AlgorithmFile::Gcra, period) => (period, None),
        (AlgorithmFile::Window, _) if file.burst.is_some() => {
            return Err("a window has no burst: all of its requests may come at once".into());
        }
        (AlgorithmFile::Window, _) => (None, Some(window(file)?)),
    };
    Ok(LimitConfig {
        requests: file.requests,
        period_seconds,
        window,
        burst: file.burst,
        by: match file.by {
            LimitKeyFile::Consumer => LimitKeyConfig::Consumer,
            LimitKeyFile::Address => LimitKeyConfig::Address,
            LimitKeyFile::All => LimitKeyConfig::All,
            LimitKeyFile::Application => LimitKeyConfig::Application,
            LimitKeyFile::Subscription => LimitKeyConfig::Subscription,
        },
        marks: file.stop_on_quota == Some(false),
    })
}

fn window(file: &LimitFile) -> Result<WindowConfig, String> {
    let unit = match file.per.unit {
        UnitFile::Second => UnitConfig::Second,
        UnitFile::Minute => UnitConfig::Minute,
        UnitFile::Hour => UnitConfig::Hour,
        UnitFile::Day => UnitConfig::Day,
        UnitFile::Week => UnitConfig::Week,
        UnitFile::Month => UnitConfig::Month,
        UnitFile::Year => UnitConfig::Year,
    };
    let utc_offset_minutes = file.utc_offset.as_deref().map_or(Ok(0), offset)?;
    Ok(WindowConfig { unit, units: file.per.count, utc_offset_minutes })
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
