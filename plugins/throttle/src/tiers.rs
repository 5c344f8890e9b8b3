//! Limits by what a caller has booked: the tier of its application, that of its subscription or credential, and the
//! limit of those whom nobody knows.

use std::collections::BTreeMap;
use std::rc::Rc;

use portcullis_config::throttle::TiersConfig;
use portcullis_core::Identity;

use crate::invalid::InvalidThrottle;
use crate::level::Level;
use crate::limit::Limit;
use crate::rule::AppliedLimit;

/// The tier of those who are known and have none.
const NO_TIER: &str = "*";

/// Limits by tier.
#[derive(Debug)]
pub(crate) struct Tiers {
    application: Option<ByTier>,
    subscription: Option<ByTier>,
    unauthenticated: Option<AppliedLimit>,
}

/// The tiers of one level; `None` is unlimited.
type ByTier = BTreeMap<String, Option<AppliedLimit>>;

/// A caller has a tier that means nothing here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct UnknownTier;

impl Tiers {
    pub(crate) fn new(
        config: &TiersConfig,
        limits: &BTreeMap<String, Rc<Limit>>,
    ) -> Result<Self, InvalidThrottle> {
        let unauthenticated = config.unauthenticated.as_ref();
        let unauthenticated = unauthenticated.map(|name| apply(name, Level::Subscription, limits));
        Ok(Self {
            application: by_tier(config.application.as_ref(), Level::Application, limits)?,
            subscription: by_tier(config.subscription.as_ref(), Level::Subscription, limits)?,
            unauthenticated: unauthenticated.transpose()?,
        })
    }

    /// All limits of all tiers.
    pub(crate) fn limits(&self) -> impl Iterator<Item = &Limit> {
        self.applied().map(|applied| &*applied.limit)
    }

    /// The same, each within its scope.
    pub(crate) fn applied(&self) -> impl Iterator<Item = &AppliedLimit> {
        let levels = [&self.application, &self.subscription].into_iter().flatten();
        levels.flat_map(|tiers| tiers.values().flatten()).chain(&self.unauthenticated)
    }

    /// The limits of a caller.
    pub(crate) fn of(&self, identity: Option<&Identity>) -> Result<Vec<&AppliedLimit>, UnknownTier> {
        let Some(identity) = identity else { return Ok(self.unauthenticated.iter().collect()) };
        let terms = identity.terms();
        let booked = [
            (&self.application, terms.and_then(|terms| terms.application_tier.as_deref())),
            (&self.subscription, terms.and_then(|terms| terms.tier.as_deref())),
        ];
        let mut limits = Vec::with_capacity(booked.len());
        for (tiers, tier) in booked {
            let Some(tiers) = tiers else { continue };
            match (tiers.get(tier.unwrap_or(NO_TIER)), tier) {
                (Some(limit), _) => limits.extend(limit),
                (None, None) => {}
                (None, Some(_)) => return Err(UnknownTier),
            }
        }
        Ok(limits)
    }
}

fn by_tier(
    config: Option<&BTreeMap<String, Option<String>>>,
    level: Level,
    limits: &BTreeMap<String, Rc<Limit>>,
) -> Result<Option<ByTier>, InvalidThrottle> {
    let Some(config) = config else { return Ok(None) };
    let mut tiers = ByTier::new();
    for (tier, name) in config {
        let limit = name.as_ref().map(|name| apply(name, level, limits)).transpose()?;
        tiers.insert(tier.clone(), limit);
    }
    Ok(Some(tiers))
}

/// Two tiers of one limit share its counts, since nobody has two.
pub(crate) fn scope(level: Level) -> &'static str {
    match level {
        Level::Application => "tier application",
        _ => "tier subscription",
    }
}

fn apply(
    name: &str,
    level: Level,
    limits: &BTreeMap<String, Rc<Limit>>,
) -> Result<AppliedLimit, InvalidThrottle> {
    let limit =
        limits.get(name).ok_or_else(|| InvalidThrottle::UnknownTierLimit { limit: name.to_owned() })?;
    Ok(AppliedLimit::new(limit, scope(level), level))
}
