//! A named limit, checked: what it allows, whom it counts, and how it is called in header fields.

use portcullis_config::throttle::{LimitConfig, LimitKeyConfig};

use crate::fields;
use crate::gcra::{Rate, SECOND};

/// Longest period, in seconds: ten years.
const LONGEST_PERIOD: u64 = 10 * 366 * 86_400;

/// Longest name, in bytes; names go into every response.
const LONGEST_NAME: usize = 128;

/// Greatest integer of a structured field (RFC 9651, section 3.3.1).
const MOST_REQUESTS: u64 = 999_999_999_999_999;

/// A limit.
#[derive(Debug)]
pub(crate) struct Limit {
    pub(crate) name: String,
    /// The name as a string of structured fields (RFC 9651), quotes and all.
    pub(crate) quoted: String,
    pub(crate) requests: u64,
    /// In seconds.
    pub(crate) period: u64,
    /// `None` lets nothing pass.
    pub(crate) rate: Option<Rate>,
    pub(crate) by: LimitKeyConfig,
}

/// Why a limit cannot be enforced.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidLimit {
    /// The name cannot stand in a header field.
    #[error("a limit's name is 1 to 128 visible ASCII characters and spaces")]
    Name,
    /// The period is zero or too long.
    #[error("a period of {0} seconds is not between 1 second and 10 years")]
    Period(u64),
    /// More requests than the clock can tell apart, or a field can say.
    #[error(
        "{0} requests in {1} seconds are more than can be counted: at most one in a nanosecond, and at most 999999999999999"
    )]
    Requests(u64, u64),
    /// A burst that lets nothing pass, or that belongs to a limit which lets nothing pass.
    #[error(
        "a burst of {burst} does not go with {requests} requests: to let nothing pass, set requests to 0 and leave the burst out"
    )]
    Burst {
        /// The burst.
        burst: u64,
        /// The requests.
        requests: u64,
    },
    /// A burst that would take longer than a lifetime to come back.
    #[error("a burst of {0} takes more than 146 years to come back")]
    LongBurst(u64),
}

impl Limit {
    pub(crate) fn new(name: String, config: &LimitConfig) -> Result<Self, InvalidLimit> {
        let LimitConfig { requests, period_seconds: period, burst, by } = *config;
        if name.is_empty() || name.len() > LONGEST_NAME {
            return Err(InvalidLimit::Name);
        }
        let quoted = fields::quoted(&name).ok_or(InvalidLimit::Name)?;
        if period == 0 || period > LONGEST_PERIOD {
            return Err(InvalidLimit::Period(period));
        }
        let rate = match (requests, burst) {
            (0, None) => None,
            (0, Some(burst)) | (_, Some(burst @ 0)) => return Err(InvalidLimit::Burst { burst, requests }),
            _ if requests > MOST_REQUESTS || requests > period * SECOND => {
                return Err(InvalidLimit::Requests(requests, period));
            }
            (_, burst) => {
                let burst = burst.unwrap_or(requests);
                let rate = Rate::new(requests, period * SECOND, burst);
                Some(rate.ok_or(InvalidLimit::LongBurst(burst))?)
            }
        };
        Ok(Self { name, quoted, requests, period, rate, by })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(
        name: &str,
        requests: u64,
        period_seconds: u64,
        burst: Option<u64>,
    ) -> Result<Limit, InvalidLimit> {
        let by = LimitKeyConfig::All;
        Limit::new(name.to_owned(), &LimitConfig { requests, period_seconds, burst, by })
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn what_cannot_be_counted_is_refused() {
        let long = "x".repeat(129);
        let cases = [
            ("no name", read("", 1, 1, None), InvalidLimit::Name),
            ("a long name", read(&long, 1, 1, None), InvalidLimit::Name),
            ("a name with a line break", read("a\nb", 1, 1, None), InvalidLimit::Name),
            ("a name that is not ASCII", read("größe", 1, 1, None), InvalidLimit::Name),
            ("no period", read("a", 1, 0, None), InvalidLimit::Period(0)),
            ("a century", read("a", 1, 3_200_000_000, None), InvalidLimit::Period(3_200_000_000)),
            ("two in a nanosecond", read("a", 2 * SECOND, 1, None), InvalidLimit::Requests(2 * SECOND, 1)),
            (
                "more than a field can say",
                read("a", MOST_REQUESTS + 1, LONGEST_PERIOD, None),
                InvalidLimit::Requests(MOST_REQUESTS + 1, LONGEST_PERIOD),
            ),
            ("a burst of nothing", read("a", 1, 1, Some(0)), InvalidLimit::Burst { burst: 0, requests: 1 }),
            ("a burst of none", read("a", 0, 1, Some(1)), InvalidLimit::Burst { burst: 1, requests: 0 }),
            ("an endless burst", read("a", 1, 60, Some(u64::MAX)), InvalidLimit::LongBurst(u64::MAX)),
        ];
        for (name, found, expected) in cases {
            assert_eq!(found.err(), Some(expected), "{name}");
        }
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn the_burst_is_all_requests_unless_said_otherwise() {
        let burst = |limit: Result<Limit, InvalidLimit>| limit.unwrap().rate.map(Rate::burst);
        assert_eq!(burst(read("a", 100, 60, None)), Some(100));
        assert_eq!(burst(read("a", 100, 60, Some(7))), Some(7));
        assert_eq!(burst(read("a", 0, 60, None)), None);
    }
}
