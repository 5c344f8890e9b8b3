//! Limits as the gateway file writes them.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{FailureFile, FleetModeFile, ScopeFile};

/// A limit: so many requests or bytes in so much time, or so many requests at a time, for each caller. One of `requests`,
/// `bytes` and `concurrent`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct LimitFile {
    /// Requests in each period; 0 lets none pass.
    #[serde(default)]
    pub requests: Option<u64>,
    /// Bytes in each period, heads and bodies: a number, or `10 MB`, `1 GiB`. What a request comes to is charged when it has ended.
    #[serde(default)]
    #[schemars(with = "Option<BytesText>")]
    pub bytes: Option<BytesFile>,
    /// Which bytes. Default: those of requests and responses together.
    #[serde(default)]
    pub of: Option<DirectionFile>,
    /// Requests at a time; there is no period.
    #[serde(default)]
    pub concurrent: Option<u64>,
    /// For how many seconds a request counts at most as one of those at a time. Default: 600.
    #[serde(default)]
    #[schemars(range(min = 1, max = 86_400))]
    pub lease_seconds: Option<u32>,
    /// The period: a unit, or several: `5 minutes`.
    #[serde(default)]
    #[schemars(
        with = "Option<String>",
        regex(pattern = r"^([1-9][0-9]* )?(second|minute|hour|day|week|month|year)s?$")
    )]
    pub per: Option<PeriodFile>,
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
    /// So many requests in a short time, beside the quota for a long one, of the same callers. Default: none.
    #[serde(default)]
    pub burst_control: Option<BurstControlFile>,
    /// Other limits for some requests: the first whose conditions hold counts instead of this.
    #[serde(default)]
    pub groups: Vec<GroupFile>,
}

/// See [`LimitFile::burst_control`].
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct BurstControlFile {
    /// Requests in each period.
    pub requests: u64,
    /// The period: a unit, or several: `5 seconds`.
    #[schemars(
        with = "String",
        regex(pattern = r"^([1-9][0-9]* )?(second|minute|hour|day|week|month|year)s?$")
    )]
    pub per: PeriodFile,
}

/// Which bytes are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DirectionFile {
    /// What clients send.
    Request,
    /// What they get.
    Response,
}

/// A number of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "BytesText")]
pub struct BytesFile(pub u64);

/// A number of bytes as it is written.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "a number of bytes, such as 1000000, 10 MB or 1 GiB")]
pub enum BytesText {
    /// Bytes.
    Plain(u64),
    /// With a unit.
    Text(#[schemars(regex(pattern = r"^[0-9]+ ?(B|kB|KB|MB|GB|TB|KiB|MiB|GiB|TiB)$"))] String),
}

impl TryFrom<BytesText> for BytesFile {
    type Error = String;

    fn try_from(text: BytesText) -> Result<Self, String> {
        let text = match text {
            BytesText::Plain(bytes) => return Ok(Self(bytes)),
            BytesText::Text(text) => text,
        };
        let read = || {
            let digits = text.find(|character: char| !character.is_ascii_digit())?;
            let (number, unit) = text.split_at_checked(digits)?;
            let factor: u64 = match unit.strip_prefix(' ').unwrap_or(unit) {
                "B" => 1,
                "kB" | "KB" => 1_000,
                "MB" => 1_000_000,
                "GB" => 1_000_000_000,
                "TB" => 1_000_000_000_000,
                "KiB" => 1 << 10,
                "MiB" => 1 << 20,
                "GiB" => 1 << 30,
                "TiB" => 1 << 40,
                _ => return None,
            };
            number.parse::<u64>().ok()?.checked_mul(factor).map(Self)
        };
        read().ok_or_else(|| format!("'{text}' is no number of bytes such as 10 MB or 1 GiB"))
    }
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
#[serde(
    untagged,
    expecting = "consumer, address, all, application, subscription, a list of attributes, or a key template of WSO2"
)]
pub enum LimitKeyFile {
    /// By a name.
    Named(NamedKeyFile),
    /// Whoever has all of these attributes in common: `consumer`, `application`, `api`, `address`, `method`, `host`,
    /// `header:NAME`, `query:NAME`, `claim:NAME`.
    Parts(Vec<String>),
    /// WSO2's key template: `$userId:$apiContext`.
    Template(String),
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
