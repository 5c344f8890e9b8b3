//! A named limit, checked: what it allows, whom it counts, and how it is called in header fields.

use std::rc::Rc;

use portcullis_config::throttle::{CountsConfig, LimitConfig, UnitConfig, WindowConfig};

use crate::calendar::Calendar;
use crate::caller::{Fingerprint, Key};
use crate::condition::{self, Group};
use crate::fields;
use crate::fleet::{FleetLimit, InvalidFleet};
use crate::flow::Flow;
use crate::gcra::{Rate, SECOND};
use crate::meter::Meter;
use crate::metrics::Counts;
use crate::table::Charged;
use crate::window::Window;

/// Longest period, in seconds: ten years.
const LONGEST_PERIOD: u64 = 10 * 366 * 86_400;

/// Longest name, in bytes; names go into every response.
const LONGEST_NAME: usize = 128;

/// Greatest integer of a structured field (RFC 9651, section 3.3.1).
const MOST_REQUESTS: u64 = 999_999_999_999_999;

/// What is told to come back to a limit that lets nothing pass, where its windows are of unequal length.
const SOME_TIME: u64 = 28 * 86_400;

/// A limit.
#[derive(Debug)]
pub(crate) struct Limit {
    pub(crate) name: String,
    /// The name as a string of structured fields (RFC 9651), quotes and all.
    pub(crate) quoted: String,
    pub(crate) requests: u64,
    /// What it counts.
    pub(crate) of: CountsConfig,
    /// How long a request in flight counts at most, in seconds.
    pub(crate) lease: u64,
    /// A limit for short times that is charged beside this one.
    pub(crate) burst_control: Option<Rc<Self>>,
    /// In seconds; `None` for months and years, and for requests in flight.
    pub(crate) period: Option<u64>,
    /// What it allows, in words: `100 requests in 60 seconds`.
    pub(crate) allowance: String,
    pub(crate) meter: Meter,
    /// The meter's class.
    pub(crate) class: u64,
    window: Option<WindowConfig>,
    pub(crate) by: Key,
    /// Other limits for some requests; the first that fits counts instead.
    pub(crate) groups: Vec<Group>,
    /// Whether what is over it passes with a mark.
    pub(crate) marks: bool,
    /// How a fleet shares it. Its meter is then this gateway's share, for the time in which the rate limit service is silent.
    pub(crate) fleet: Option<FleetLimit>,
    /// What became of requests.
    pub(crate) counts: Counts,
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
    /// Neither or both of the two ways in which requests come back.
    #[error("requests come back either over a period or with a window")]
    PeriodOrWindow,
    /// A window that is none.
    #[error("a window is between one second and ten years long, and its clock less than a day from UTC")]
    Window,
    /// A burst within a window.
    #[error("a window has no burst: all of its requests may come at once")]
    WindowBurst,
    /// More requests than the clock can tell apart, or a field can say.
    #[error(
        "{requests} {per} are more than can be counted: at most one in a nanosecond, and at most 999999999999999"
    )]
    Requests {
        /// The requests.
        requests: u64,
        /// In which time.
        per: String,
    },
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
    /// Nothing to count by.
    #[error("what is counted together is named by 1 to 8 attributes")]
    Key,
    /// Before authentication, a limit of callers.
    #[error("before authentication nobody is known: count by address, all, or what stands in the head")]
    EarlyCaller,
    /// Before authentication, a limit that marks.
    #[error("before authentication a limit refuses or lets pass: it marks nothing")]
    EarlyMark,
    /// Before authentication, a limit that costs a question.
    #[error("before authentication nobody is asked: a limit with `scope: fleet` stands behind it")]
    EarlyFleet,
    /// A limit of a fleet that is not of requests.
    #[error("a fleet shares limits of requests, and no others")]
    FleetCounts,
    /// Requests in flight come back when they end.
    #[error("requests in flight have neither a period nor a window, and no burst")]
    InFlight,
    /// A lease that is none.
    #[error("a request in flight counts for 1 to 86400 seconds, and no other has a lease")]
    Lease,
    /// A burst control of something else.
    #[error("burst control is of requests, beside a limit of requests, and has no groups")]
    BurstControl,
    /// More groups than can be looked at with each request.
    #[error("a limit has at most 32 groups")]
    TooManyGroups,
    /// A limit of a fleet.
    #[error(transparent)]
    Fleet(#[from] InvalidFleet),
    /// A group of conditions.
    #[error("the group '{name}': {cause}")]
    Group {
        /// Its name.
        name: String,
        /// What is wrong with it.
        cause: &'static str,
    },
}

/// Whether a limit of this name can be enforced: what the policy itself asks.
pub fn check_limit(name: &str, config: &LimitConfig) -> Result<(), InvalidLimit> {
    Limit::new(name.to_owned(), config).map(drop)
}

/// [`check_limit`], for one that stands before authentication.
pub fn check_early_limit(name: &str, config: &LimitConfig) -> Result<(), InvalidLimit> {
    Limit::new(name.to_owned(), config)?.check_early()
}

/// How a limit counts, how long that takes in seconds, and in words.
type Measure = (Meter, Option<u64>, String);

impl Limit {
    pub(crate) fn new(name: String, config: &LimitConfig) -> Result<Self, InvalidLimit> {
        let LimitConfig { requests, counts, period_seconds, window, burst, marks, .. } = *config;
        if name.is_empty() || name.len() > LONGEST_NAME {
            return Err(InvalidLimit::Name);
        }
        let quoted = fields::quoted(&name).ok_or(InvalidLimit::Name)?;
        if let (0, Some(burst)) | (_, Some(burst @ 0)) = (requests, burst) {
            return Err(InvalidLimit::Burst { burst, requests });
        }
        if config.fleet.is_some() && counts != CountsConfig::Requests {
            return Err(InvalidLimit::FleetCounts);
        }
        // To let nothing pass, nobody has to be asked.
        let fleet = config.fleet.as_ref().filter(|_| requests > 0);
        let fleet = fleet.map(|fleet| FleetLimit::new(requests, fleet)).transpose()?;
        let counted = fleet.as_ref().map_or(requests, FleetLimit::share);
        let (meter, period, per) = match (period_seconds, window, burst) {
            (None, None, None) if counts == CountsConfig::InFlight => {
                (Meter::InFlight(requests), None, "requests at a time".to_owned())
            }
            _ if counts == CountsConfig::InFlight => return Err(InvalidLimit::InFlight),
            (Some(period), None, burst) => rate(counted, counts, period, burst)?,
            (None, Some(window), None) => windowed(counted, counts, &window)?,
            (None, Some(_), Some(_)) => return Err(InvalidLimit::WindowBurst),
            _ => return Err(InvalidLimit::PeriodOrWindow),
        };
        let lease = lease(config)?;
        let burst_control = config.burst_control.as_deref();
        let burst_control = burst_control.map(|config| Self::burst_control(&name, counts, config));
        let burst_control = burst_control.transpose()?.map(Rc::new);
        let allowance = format!("{requests} {per}");
        let by = Key::new(&config.by).ok_or(InvalidLimit::Key)?;
        let groups = condition::groups(&name, &config.groups)?;
        Ok(Self {
            name,
            quoted,
            requests,
            of: counts,
            lease,
            burst_control,
            period,
            allowance,
            meter,
            class: meter.class(),
            window,
            by,
            groups,
            marks,
            fleet,
            counts: Counts::default(),
        })
    }

    /// How many may come at once, of whatever gateway.
    pub(crate) fn most_at_once(&self) -> u64 {
        self.fleet.as_ref().map_or(self.meter.burst(), |fleet| fleet.requests.into())
    }

    /// The limit for short times beside the limit `outer`, of whose callers it is.
    fn burst_control(outer: &str, counts: CountsConfig, config: &LimitConfig) -> Result<Self, InvalidLimit> {
        let is_plain = config.groups.is_empty() && config.burst_control.is_none();
        if !is_plain || counts != CountsConfig::Requests || config.counts != CountsConfig::Requests {
            return Err(InvalidLimit::BurstControl);
        }
        Self::new(format!("{outer}/burst"), config)
    }

    /// When a request is charged to it.
    pub(crate) fn charged(&self) -> Charged {
        match (self.of, self.meter) {
            (_, Meter::Never(_)) | (CountsConfig::Requests, _) => Charged::Now,
            (CountsConfig::InFlight, _) => Charged::Elsewhere,
            _ => Charged::AtEnd,
        }
    }

    /// Whether the request's head is needed.
    pub(crate) fn reads_head(&self) -> bool {
        self.by.reads_head() || self.groups.iter().any(Group::reads_head)
    }

    /// Why it cannot stand before authentication.
    pub(crate) fn check_early(&self) -> Result<(), InvalidLimit> {
        if self.all().any(|limit| limit.by.is_of_caller()) || self.groups.iter().any(Group::is_of_caller) {
            return Err(InvalidLimit::EarlyCaller);
        }
        if self.all().any(|limit| limit.fleet.is_some()) {
            return Err(InvalidLimit::EarlyFleet);
        }
        if self.all().any(|limit| limit.marks) { Err(InvalidLimit::EarlyMark) } else { Ok(()) }
    }

    /// The limit itself, and those of its groups.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Self> {
        let own = std::iter::once(self).chain(self.groups.iter().map(|group| &*group.limit));
        own.flat_map(|limit| std::iter::once(limit).chain(limit.burst_control.as_deref()))
    }

    /// What stands for the limit's counts within a scope. Another unit of the calendar makes another count: a
    /// number of one has no meaning in the other.
    pub(crate) fn counter(&self, scope: &str) -> Fingerprint {
        let (name, scope) = (self.name.as_bytes(), scope.as_bytes());
        match self.window {
            Some(WindowConfig { unit, units, utc_offset_minutes }) => {
                let calendar = format!("{unit:?} {units} {utc_offset_minutes}");
                Fingerprint::of(b'w', &[name, scope, calendar.as_bytes()])
            }
            None => Fingerprint::of(b'l', &[name, scope]),
        }
    }
}

/// How long a request in flight counts at most: ten minutes, which no request lasts through Envoy as it is configured.
fn lease(config: &LimitConfig) -> Result<u64, InvalidLimit> {
    const DEFAULT: u32 = 600;
    const LONGEST: u32 = 86_400;
    match config.lease_seconds {
        Some(_) if config.counts != CountsConfig::InFlight => Err(InvalidLimit::Lease),
        Some(seconds) if seconds == 0 || seconds > LONGEST => Err(InvalidLimit::Lease),
        seconds => Ok(seconds.unwrap_or(DEFAULT).into()),
    }
}

fn unit(counts: CountsConfig) -> &'static str {
    match counts {
        CountsConfig::Requests | CountsConfig::InFlight => "requests",
        CountsConfig::Bytes => "bytes",
        CountsConfig::RequestBytes => "bytes of requests",
        CountsConfig::ResponseBytes => "bytes of responses",
    }
}

fn rate(
    requests: u64,
    counts: CountsConfig,
    period: u64,
    burst: Option<u64>,
) -> Result<Measure, InvalidLimit> {
    if period == 0 || period > LONGEST_PERIOD {
        return Err(InvalidLimit::Period(period));
    }
    let per = format!("{} in {period} seconds", unit(counts));
    if requests > MOST_REQUESTS || requests > period * SECOND {
        return Err(InvalidLimit::Requests { requests, per });
    }
    let burst = burst.unwrap_or(requests);
    let meter = match counts {
        _ if requests == 0 => Some(Meter::Never(period * SECOND)),
        CountsConfig::Requests => Rate::new(requests, period * SECOND, burst).map(Meter::Rate),
        _ => Flow::new(requests, period * SECOND, burst).map(Meter::Flow),
    };
    let meter = meter.ok_or(InvalidLimit::LongBurst(burst))?;
    Ok((meter, Some(period), per))
}

fn windowed(requests: u64, counts: CountsConfig, config: &WindowConfig) -> Result<Measure, InvalidLimit> {
    let per = format!("{} {}", unit(counts), per(config));
    if requests > MOST_REQUESTS {
        return Err(InvalidLimit::Requests { requests, per });
    }
    let period = Calendar::new(config).ok_or(InvalidLimit::Window)?.seconds();
    let meter = match Window::new(requests, config) {
        _ if requests == 0 => Meter::Never(period.unwrap_or(SOME_TIME) * SECOND),
        Some(window) => Meter::Window(window),
        None => return Err(InvalidLimit::Requests { requests, per }),
    };
    Ok((meter, period, per))
}

/// `each month`, `each 5 minutes`.
fn per(config: &WindowConfig) -> String {
    let unit = match config.unit {
        UnitConfig::Second => "second",
        UnitConfig::Minute => "minute",
        UnitConfig::Hour => "hour",
        UnitConfig::Day => "day",
        UnitConfig::Week => "week",
        UnitConfig::Month => "month",
        UnitConfig::Year => "year",
    };
    match config.units {
        1 => format!("each {unit}"),
        units => format!("each {units} {unit}s"),
    }
}

#[cfg(test)]
mod tests {
    use portcullis_config::throttle::LimitKeyConfig;

    use super::*;

    fn config(requests: u64, period_seconds: Option<u64>, window: Option<WindowConfig>) -> LimitConfig {
        let by = LimitKeyConfig::All;
        LimitConfig {
            requests,
            counts: CountsConfig::Requests,
            lease_seconds: None,
            burst_control: None,
            period_seconds,
            window,
            burst: None,
            by,
            marks: false,
            groups: Vec::new(),
            fleet: None,
        }
    }

    fn window(unit: UnitConfig, units: u32, utc_offset_minutes: i32) -> Option<WindowConfig> {
        Some(WindowConfig { unit, units, utc_offset_minutes })
    }

    fn read(
        name: &str,
        requests: u64,
        period_seconds: u64,
        burst: Option<u64>,
    ) -> Result<Limit, InvalidLimit> {
        Limit::new(name.to_owned(), &LimitConfig { burst, ..config(requests, Some(period_seconds), None) })
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn what_cannot_be_counted_is_refused() {
        let long = "x".repeat(129);
        let requests =
            |requests, per: &str| InvalidLimit::Requests { requests, per: format!("requests {per}") };
        let both = config(1, Some(1), window(UnitConfig::Day, 1, 0));
        let neither = config(1, None, None);
        let short = config(SECOND, None, window(UnitConfig::Second, 1, 0));
        let bursting = LimitConfig { burst: Some(1), ..config(1, None, window(UnitConfig::Day, 1, 0)) };
        let far = config(0, None, window(UnitConfig::Day, 1, 1440));
        let cases = [
            ("no name", read("", 1, 1, None), InvalidLimit::Name),
            ("a long name", read(&long, 1, 1, None), InvalidLimit::Name),
            ("a name with a line break", read("a\nb", 1, 1, None), InvalidLimit::Name),
            ("a name that is not ASCII", read("größe", 1, 1, None), InvalidLimit::Name),
            ("no period", read("a", 1, 0, None), InvalidLimit::Period(0)),
            ("a century", read("a", 1, 3_200_000_000, None), InvalidLimit::Period(3_200_000_000)),
            ("two in a nanosecond", read("a", 2 * SECOND, 1, None), requests(2 * SECOND, "in 1 seconds")),
            (
                "more than a field can say",
                read("a", MOST_REQUESTS + 1, LONGEST_PERIOD, None),
                requests(MOST_REQUESTS + 1, "in 316224000 seconds"),
            ),
            ("a burst of nothing", read("a", 1, 1, Some(0)), InvalidLimit::Burst { burst: 0, requests: 1 }),
            ("a burst of none", read("a", 0, 1, Some(1)), InvalidLimit::Burst { burst: 1, requests: 0 }),
            ("two ways", Limit::new("a".into(), &both), InvalidLimit::PeriodOrWindow),
            ("no way", Limit::new("a".into(), &neither), InvalidLimit::PeriodOrWindow),
            ("a window with a burst", Limit::new("a".into(), &bursting), InvalidLimit::WindowBurst),
            ("a clock a day from UTC", Limit::new("a".into(), &far), InvalidLimit::Window),
            ("as many as nanoseconds", Limit::new("a".into(), &short), requests(SECOND, "each second")),
            ("an endless burst", read("a", 1, 60, Some(u64::MAX)), InvalidLimit::LongBurst(u64::MAX)),
        ];
        for (name, found, expected) in cases {
            assert_eq!(found.err(), Some(expected), "{name}");
        }
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn the_burst_is_all_requests_unless_said_otherwise() {
        let burst = |limit: Result<Limit, InvalidLimit>| limit.unwrap().meter.burst();
        assert_eq!(burst(read("a", 100, 60, None)), 100);
        assert_eq!(burst(read("a", 100, 60, Some(7))), 7);
        assert_eq!(burst(read("a", 0, 60, None)), 0);
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn a_limit_says_what_it_allows() {
        let cases = [
            (config(7, Some(60), None), "7 requests in 60 seconds", Some(60)),
            (config(7, None, window(UnitConfig::Month, 1, 0)), "7 requests each month", None),
            (config(0, None, window(UnitConfig::Minute, 5, 60)), "0 requests each 5 minutes", Some(300)),
        ];
        for (config, allowance, period) in cases {
            let limit = Limit::new("a".into(), &config).unwrap();
            assert_eq!((limit.allowance.as_str(), limit.period), (allowance, period));
        }
    }
}
