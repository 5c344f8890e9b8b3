//! Limits as the gateway file writes them.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{FailureFile, FleetModeFile, ScopeFile};

/// A limit: so many requests in so much time for each caller.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct LimitFile {
    /// Requests in each period; 0 lets none pass.
    pub requests: u64,
    /// The period: a unit, or several: `5 minutes`.
    #[schemars(
        with = "String",
        regex(pattern = r"^([1-9][0-9]* )?(second|minute|hour|day|week|month|year)s?$")
    )]
    pub per: PeriodFile,
    /// How requests come back. Default: `gcra`; for months and years `window`, which alone they can have.
    #[serde(default)]
    pub algorithm: Option<AlgorithmFile>,
    /// Requests that may come at once after a quiet time; not for windows. Default: as many as `requests`.
    #[serde(default)]
    pub burst: Option<u64>,
    /// The clock by which windows begin: `Z`, `+02:00`. Default: `Z`, UTC.
    #[serde(default)]
    #[schemars(regex(pattern = r"^(Z|[+-][0-2][0-9]:[0-5][0-9])$"))]
    pub utc_offset: Option<String>,
    /// Who is counted. Default: the consumer, and callers without one by address; before authentication the address.
    #[serde(default)]
    pub by: Option<LimitKeyFile>,
    /// Whether requests over the limit are refused. If not, they pass with the header `X-Portcullis-Over-Limit`. Default: true.
    #[serde(default)]
    pub stop_on_quota: Option<bool>,
    /// Whether it is judged before credentials are looked at: by address, by all, or by what stands in the head. Default: false.
    #[serde(default)]
    pub before_authentication: bool,
    /// Who counts it. Default: `gateway`.
    #[serde(default)]
    pub scope: Option<ScopeFile>,
    /// How often the rate limit service is asked, of a limit with `scope: fleet`. Default: `exact`.
    #[serde(default)]
    pub mode: Option<FleetModeFile>,
    /// Most requests of a caller that a worker asks for at once, with `mode: leased`. Default: a tenth of a gateway's share, at
    /// most 10000.
    #[serde(default)]
    #[schemars(range(min = 1, max = 1000000))]
    pub lease: Option<u32>,
    /// What holds while the rate limit service does not answer, of a limit with `scope: fleet`. Default: `local`.
    #[serde(default)]
    pub on_failure: Option<FailureFile>,
    /// Other limits for some requests: the first whose conditions hold counts instead of this.
    #[serde(default)]
    pub groups: Vec<GroupFile>,
}

/// See [`LimitFile::algorithm`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum AlgorithmFile {
    /// Evenly, after a burst: the generic cell rate algorithm.
    Gcra,
    /// All at once, when the next unit of the calendar begins.
    Window,
}

/// A stretch of time: `minute`, `5 minutes`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct PeriodFile {
    /// How many units.
    pub count: u32,
    /// The unit.
    pub unit: UnitFile,
}

/// A unit of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnitFile {
    /// A second.
    Second,
    /// 60 seconds.
    Minute,
    /// 3,600 seconds.
    Hour,
    /// 24 hours.
    Day,
    /// Seven days.
    Week,
    /// A calendar month.
    Month,
    /// A calendar year.
    Year,
}

/// Who shares a count.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "consumer, address, all, application, subscription, or a list of attributes")]
pub enum LimitKeyFile {
    /// By a name.
    Named(NamedKeyFile),
    /// Whoever has all of these attributes in common: `consumer`, `application`, `api`, `address`, `method`, `host`,
    /// `header:NAME`, `query:NAME`, `claim:NAME`.
    Parts(Vec<String>),
}

/// Who shares a count, by a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum NamedKeyFile {
    /// The authenticated consumer; callers without one by address.
    Consumer,
    /// The address of the connection's other end, IPv6 by /64.
    Address,
    /// Everybody together.
    All,
    /// The application that the credential belongs to; without one, as `consumer`.
    Application,
    /// The application and the API; without application, the consumer and the API.
    Subscription,
}

/// Another limit for the requests that meet all conditions.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct GroupFile {
    /// Clients are told of it as `LIMIT/NAME`.
    pub name: String,
    /// All of them must hold.
    #[schemars(length(min = 1, max = 16))]
    pub when: Vec<ConditionFile>,
    /// The limit. It has no groups, and counts whom the outer one does unless it says otherwise.
    pub limit: Box<LimitFile>,
}

/// A condition: that something is there, or what it is. One of `is`, `matches` and `within`, or none.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ConditionFile {
    /// `header:NAME`, `query:NAME`, `claim:NAME`, `address`, `method`, `host`, `consumer`, `application` or `api`.
    pub of: String,
    /// It is one of these.
    #[serde(default)]
    pub is: Option<Vec<String>>,
    /// This regular expression is found in it; `^` and `$` stand for its ends.
    #[serde(default)]
    pub matches: Option<String>,
    /// It is an address in one of these ranges: `10.0.0.0/8`, `2001:db8::/32`.
    #[serde(default)]
    pub within: Option<Vec<String>>,
    /// Whether that must not be so. Default: false.
    #[serde(default)]
    pub not: bool,
}

impl TryFrom<String> for PeriodFile {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let read = || {
            let (count, name) = match text.split_once(' ') {
                Some((count, name)) => (count, name),
                None => ("1", text.as_str()),
            };
            let is_number = count.bytes().all(|byte| byte.is_ascii_digit()) && !count.starts_with('0');
            let count = count.parse().ok().filter(|_| is_number)?;
            let unit = UnitFile::of_name(name.strip_suffix('s').unwrap_or(name))?;
            Some(Self { count, unit })
        };
        read().ok_or_else(|| {
            format!(
                "'{text}' is no period: second, minute, hour, day, week, month or year, or several: 5 minutes"
            )
        })
    }
}

impl UnitFile {
    fn of_name(name: &str) -> Option<Self> {
        Some(match name {
            "second" => Self::Second,
            "minute" => Self::Minute,
            "hour" => Self::Hour,
            "day" => Self::Day,
            "week" => Self::Week,
            "month" => Self::Month,
            "year" => Self::Year,
            _ => return None,
        })
    }

    /// Its length; `None` where that differs.
    pub fn seconds(self) -> Option<u64> {
        match self {
            Self::Second => Some(1),
            Self::Minute => Some(60),
            Self::Hour => Some(3_600),
            Self::Day => Some(86_400),
            Self::Week => Some(604_800),
            Self::Month | Self::Year => None,
        }
    }
}
