//! Limits by tier and rules that deny: what they name must be there, and so must the tiers that the gateway file gives out.

use std::collections::{BTreeMap, BTreeSet};

use portcullis_config::throttle::{DenialConfig, LimitConfig, TiersConfig};
use portcullis_core::AddressRange;
use portcullis_openapi::{Diagnostic, Report, Severity};

use super::file::{DenyFile, TiersFile};
use super::{ApiSource, Identity, Reader, read_date};
use crate::codes;
use crate::settings::problem;

impl Reader<'_> {
    pub(super) fn tiers(
        &self,
        file: Option<TiersFile>,
        imported: Option<TiersConfig>,
        (limits, early): (&BTreeMap<String, LimitConfig>, &BTreeSet<String>),
        identity: &Identity,
        report: &mut Report,
    ) -> Option<TiersConfig> {
        if let (Some(_), Some(_)) = (&file, &imported) {
            let message = "`policies` says what the tiers are: leave `tiers` out";
            report.push(problem(codes::SETTING_INVALID, message, self.place(&["tiers"])));
        }
        let file = file.map(|TiersFile { application, subscription, unauthenticated }| TiersConfig {
            application,
            subscription,
            unauthenticated,
        });
        let TiersConfig { application, subscription, unauthenticated } = imported.or(file)?;
        let named =
            [&application, &subscription].into_iter().flatten().flat_map(|tiers| tiers.values().flatten());
        let named: Vec<&String> = named.chain(&unauthenticated).collect();
        for name in named.iter().filter(|name| early.contains(**name)) {
            let message = format!("the limit '{name}' stands before authentication, where nobody has a tier");
            report.push(problem(codes::SETTING_INVALID, message, self.place(&["tiers"])));
        }
        for name in named.into_iter().filter(|name| !limits.contains_key(*name)) {
            let message = format!("no limit is named '{name}'");
            report.push(problem(codes::LIMIT_UNKNOWN, message, self.place(&["tiers"])));
        }
        let applications = identity.applications.iter();
        let of_applications = applications.clone().map(|(name, application)| {
            (vec!["applications", name], application.tier.iter().collect::<Vec<_>>())
        });
        let of_subscriptions = applications.map(|(name, application)| {
            let tiers =
                application.subscriptions.iter().filter_map(|subscription| subscription.tier.as_ref());
            (vec!["applications", name], tiers.collect())
        });
        let keys = identity.api_keys.iter().filter_map(|key| key.account.tier.as_ref());
        let users = identity.users.iter().filter_map(|user| user.account.tier.as_ref());
        let certificates = identity.certificates.iter().filter_map(|one| one.account.tier.as_ref());
        let of_credentials = [
            (vec!["apiKeys"], keys.collect()),
            (vec!["users"], users.collect()),
            (vec!["certificates"], certificates.collect()),
        ];
        self.check_tiers(application.as_ref(), of_applications, report);
        self.check_tiers(subscription.as_ref(), of_subscriptions.chain(of_credentials), report);
        Some(TiersConfig { application, subscription, unauthenticated })
    }

    /// A tier that somebody has and nobody defines would refuse all of its holder's requests.
    fn check_tiers<'t>(
        &self,
        tiers: Option<&BTreeMap<String, Option<String>>>,
        given: impl Iterator<Item = (Vec<&'t str>, Vec<&'t String>)>,
        report: &mut Report,
    ) {
        let Some(tiers) = tiers else { return };
        for (path, names) in given {
            for name in names.into_iter().filter(|name| !tiers.contains_key(*name)) {
                let message = format!("the tier '{name}' does not stand under `tiers`");
                let path: Vec<&str> = std::iter::once("identity").chain(path.iter().copied()).collect();
                report.push(problem(codes::LIMIT_UNKNOWN, message, self.place(&path)));
            }
        }
    }

    /// Where subscriptions are not validated nobody looks for one, and so for its tier.
    pub(super) fn note_tiers(&self, tiers: Option<&TiersConfig>, apis: &[ApiSource], report: &mut Report) {
        let by_subscription = tiers.and_then(|tiers| tiers.subscription.as_ref());
        if by_subscription.is_none_or(|tiers| tiers.values().all(Option::is_none)) {
            return;
        }
        let names: Vec<&str> =
            apis.iter().filter(|api| !api.validate_subscription).map(|api| api.name.as_str()).collect();
        if names.is_empty() {
            return;
        }
        let message = format!(
            "limits by the subscription's tier go by the tier of the credential itself at {}, which does not ask for subscriptions",
            names.join(", ")
        );
        let place = if self.root.get("tiers").is_some() { ["tiers"] } else { ["policies"] };
        report.push(Diagnostic {
            severity: Severity::Note,
            hint: Some("set `validateSubscription` if the tiers of subscriptions are to count".into()),
            ..problem(codes::TIER_OF_CREDENTIAL, message, self.place(&place))
        });
    }

    pub(super) fn denials(
        &self,
        files: Vec<DenyFile>,
        apis: &[ApiSource],
        report: &mut Report,
    ) -> Vec<DenialConfig> {
        let mut denials = Vec::with_capacity(files.len());
        for (at, file) in files.into_iter().enumerate() {
            let mut wrong = |message: String| {
                let place = self.place(&["deny", &at.to_string()]);
                report.push(problem(codes::SETTING_INVALID, message, place));
            };
            let DenyFile { api, application, consumer, addresses, until } = file;
            if api.is_none() && application.is_none() && consumer.is_none() && addresses.is_empty() {
                wrong("a rule that denies names an API, an application, a consumer or addresses".to_owned());
            }
            if let Some(api) = api.as_ref().filter(|api| apis.iter().all(|known| known.name != **api)) {
                wrong(format!("no API is named '{api}'"));
            }
            for text in addresses.iter().filter(|text| AddressRange::parse(text).is_none()) {
                wrong(format!("'{text}' is no range of addresses such as 192.0.2.0/24"));
            }
            let until = until.and_then(|text| {
                let date = read_date(&text);
                if date.is_none() {
                    wrong(format!("'{text}' is no date such as 2027-01-31 or 2027-01-31T18:30:00Z"));
                }
                date
            });
            denials.push(DenialConfig { api, application, consumer, addresses, until });
        }
        denials
    }
}
