//! Applications and the accounts of keys and users.

use std::collections::BTreeMap;

use portcullis_config::auth::{
    AccountConfig, ApplicationConfig, EnvironmentConfig, SubscriptionConfig, SubscriptionStateConfig,
};
use portcullis_openapi::Report;

use super::listed::Origin;
use crate::codes;
use crate::gateway::Reader;
use crate::gateway::file::{
    ApplicationFile, EnvironmentFile, IdentityFile, SubscriptionFile, SubscriptionStateFile,
};

/// Those that the file describes and, where a feed does that, those that it only names.
pub(super) fn applications(file: &IdentityFile) -> BTreeMap<String, ApplicationConfig> {
    let application = |(name, file): (&String, &ApplicationFile)| {
        let subscriptions = file.subscriptions.iter().map(subscription).collect();
        (name.clone(), ApplicationConfig { tier: file.tier.clone(), subscriptions })
    };
    file.applications.iter().map(application).collect()
}

fn subscription(file: &SubscriptionFile) -> SubscriptionConfig {
    let state = match file.state {
        SubscriptionStateFile::Active => SubscriptionStateConfig::Active,
        SubscriptionStateFile::Blocked => SubscriptionStateConfig::Blocked,
        SubscriptionStateFile::ProductionBlocked => SubscriptionStateConfig::ProductionBlocked,
        SubscriptionStateFile::OnHold => SubscriptionStateConfig::OnHold,
        SubscriptionStateFile::Rejected => SubscriptionStateConfig::Rejected,
    };
    let (api, version, tier) = (file.api.clone(), file.version.clone(), file.tier.clone());
    SubscriptionConfig { api, version, tier, state }
}

pub(super) fn account(
    application: Option<String>,
    tier: Option<String>,
    environment: Option<EnvironmentFile>,
) -> AccountConfig {
    let environment = environment.map(|environment| match environment {
        EnvironmentFile::Production => EnvironmentConfig::Production,
        EnvironmentFile::Sandbox => EnvironmentConfig::Sandbox,
    });
    AccountConfig { application, tier, environment }
}

impl Reader<'_> {
    /// Whether an application is there; if not, that is reported.
    pub(super) fn knows_application(
        &self,
        account: &AccountConfig,
        file: &IdentityFile,
        origin: &Origin,
        report: &mut Report,
    ) -> bool {
        match &account.application {
            Some(name) if file.subscriptions.is_none() && !file.applications.contains_key(name) => {
                let message = format!("no application is named '{name}'");
                origin.refuse(codes::APPLICATION_UNKNOWN, &message, report);
                false
            }
            _ => true,
        }
    }
}
