//! Why a throttle configuration cannot be enforced.

use portcullis_core::{InvalidClientAddress, InvalidIndex};

use crate::fleet::InvalidFleet;
use crate::limit::InvalidLimit;
use crate::rule::{MOST_FLEET_LIMITS, MOST_LIMITS};
use crate::table::MOST_SLOTS;

/// Why a throttle configuration cannot be enforced.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidThrottle {
    /// The operations make no index.
    #[error(transparent)]
    Index(#[from] InvalidIndex),
    /// The client cannot be found that way.
    #[error("client_address: {0}")]
    ClientAddress(#[from] InvalidClientAddress),
    /// The table's size.
    #[error("{0} slots: it must be a power of two, at most {MOST_SLOTS}")]
    Slots(u32),
    /// A prefix that no address has.
    #[error("1 to 128 bits of an IPv6 address are one caller")]
    Ipv6Prefix,
    /// One of the limits.
    #[error("the limit '{name}': {cause}")]
    Limit {
        /// Its name.
        name: String,
        /// What is wrong with it.
        cause: InvalidLimit,
    },
    /// What only callers that are known have, before authentication.
    #[error("before authentication there are no tiers, and no rules that deny")]
    EarlyCaller,
    /// The rate limit service.
    #[error(transparent)]
    Fleet(#[from] InvalidFleet),
    /// A limit of a fleet, and nobody who counts it.
    #[error("a limit of a fleet needs a rate limit service")]
    NoService,
    /// An operation has too many limits of a fleet.
    #[error("the operation '{0}' has more than {MOST_FLEET_LIMITS} limits of a fleet")]
    TooManyFleetLimits(String),
    /// An operation names a limit that is not there.
    #[error("the operation '{operation}' names the limit '{limit}', which does not exist")]
    UnknownLimit {
        /// The operation's key.
        operation: String,
        /// The limit's name.
        limit: String,
    },
    /// An operation would charge a count twice.
    #[error("the operation '{operation}' has the limit '{limit}' twice in one scope")]
    RepeatedLimit {
        /// The operation's key.
        operation: String,
        /// The limit's name.
        limit: String,
    },
    /// An operation has too many limits.
    #[error("the operation '{0}' has more than {MOST_LIMITS} limits")]
    TooManyLimits(String),
    /// An operation counts as no request.
    #[error("the operation '{0}' costs nothing: give it an empty list of limits instead")]
    NoCost(String),
    /// An operation counts as more requests than a limit ever lets pass at once.
    #[error("the operation '{operation}' costs {cost}, more than the limit '{limit}' ever lets pass at once")]
    HighCost {
        /// The operation's key.
        operation: String,
        /// Its cost.
        cost: u32,
        /// The limit's name.
        limit: String,
    },
    /// A tier's limit is not there.
    #[error("a tier names the limit '{limit}', which does not exist")]
    UnknownTierLimit {
        /// The limit's name.
        limit: String,
    },
    /// A rule that denies everybody everything.
    #[error("a rule that denies names an API, an application, a consumer or addresses")]
    EmptyDenial,
    /// Addresses of a rule that denies.
    #[error("'{0}' is no range of addresses")]
    DenialAddress(String),
    /// More rules than can be looked at with each request.
    #[error("more than 1000 rules deny by address alone")]
    TooManyDenials,
}
