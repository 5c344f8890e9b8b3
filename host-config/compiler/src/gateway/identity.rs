//! Who is known: issuers with their keys, API keys and users, from the gateway file and the files it names.
//! Only what verifies a credential is accepted, never what makes one; the secrets of symmetric algorithms are both.

use std::collections::BTreeMap;

use portcullis_config::auth::{
    ApiKeyConfig, ApplicationConfig, AttemptsConfig, CertificateConfig, IntrospectionConfig, IssuerConfig,
    RevocationConfig, SubscriptionFeedConfig, TerminatorConfig, UserConfig, UserStoreConfig,
};
use portcullis_openapi::Report;

use super::Reader;
use super::file::{AttemptsFile, IdentityFile};
use crate::codes;
use crate::late_secret::is_variable;
use crate::service::Services;
use crate::settings::problem;

mod api_key;
mod application;
mod certificate;
mod date;
mod htpasswd;
mod issuer;
pub(super) mod key_file;
mod key_issuer;
mod listed;
mod remote;
mod user;

pub use api_key::{KnownKey, known_keys};
use application::applications;
pub use date::{read_date, write_date};
pub(crate) use key_issuer::InternalKeys;

/// Credentials that are good.
#[derive(Debug, Clone, Default)]
pub(crate) struct Identity {
    /// The realm of challenges, if the file names one.
    pub realm: Option<String>,
    /// What stands for `Authorization`, in lower case; an API may say otherwise.
    pub authorization_header: Option<String>,
    /// Issuers of tokens and of signed API keys, by name.
    pub issuers: BTreeMap<String, IssuerConfig>,
    /// Servers that judge opaque tokens, by name.
    pub introspections: BTreeMap<String, IntrospectionConfig>,
    /// Keys by which publishers try out their APIs.
    pub internal_keys: Option<InternalKeys>,
    /// Where the list of revoked tokens is kept.
    pub revocation: Option<RevocationConfig>,
    /// The file that holds it, if it is one.
    pub revocation_file: Option<String>,
    /// API keys.
    pub api_keys: Vec<ApiKeyConfig>,
    /// Who knows users beside these.
    pub user_store: Option<UserStoreConfig>,
    /// Users.
    pub users: Vec<UserConfig>,
    /// Applications by name.
    pub applications: BTreeMap<String, ApplicationConfig>,
    /// Who knows what applications have subscribed to.
    pub subscription_feed: Option<SubscriptionFeedConfig>,
    /// Whether callers must have subscribed, unless their API says otherwise.
    pub validate_subscription: bool,
    /// How often passwords may be tried.
    pub attempts: AttemptsConfig,
    /// Client certificates.
    pub certificates: Vec<CertificateConfig>,
    /// Who passes certificates on.
    pub terminator: Option<TerminatorConfig>,
    /// Whether a listener asks clients for certificates.
    pub listener_asks: bool,
}

impl Identity {
    /// Environment variables that hold secrets.
    pub(crate) fn environment(&self) -> impl Iterator<Item = &str> {
        let clients = self.introspections.values().filter_map(|one| one.client.secret_env());
        let store = self.user_store.iter().filter_map(|one| one.authorization_env.as_deref());
        let revocation = self.revocation.iter().filter_map(RevocationConfig::secret_env);
        let feed = self.subscription_feed.iter().filter_map(|one| one.authorization_env.as_deref());
        let shared = self.issuers.values().flat_map(|issuer| &issuer.secrets);
        let shared = shared.filter_map(|one| one.secret.env());
        clients.chain(revocation).chain(store).chain(feed).chain(shared)
    }

    /// All whose tokens and keys an API may accept.
    pub(crate) fn issuer_names(&self) -> impl Iterator<Item = &String> {
        let is_internal =
            |name: &&String| self.internal_keys.as_ref().is_some_and(|keys| keys.issuers.contains(name));
        self.issuers.keys().filter(move |name| !is_internal(name)).chain(self.introspections.keys())
    }

    /// Whether what is written for the gateway must be kept from others.
    pub(crate) fn holds_secrets(&self) -> bool {
        let mut secrets = self.issuers.values().flat_map(|issuer| &issuer.secrets);
        secrets.any(|one| one.secret.env().is_none())
    }
}

impl Reader<'_> {
    /// Names of environment variables that no shell would take.
    fn check_environment(&self, identity: &Identity, report: &mut Report) {
        for name in identity.environment().filter(|name| !is_variable(name)) {
            let message = format!("'{name}' is no name of an environment variable");
            report.push(problem(codes::SETTING_INVALID, message, self.place(&["identity"])));
        }
    }

    pub(super) fn identity(
        &self,
        file: &IdentityFile,
        services: &mut Services,
        report: &mut Report,
    ) -> Identity {
        let mut identity = Identity { realm: file.realm.clone(), ..Identity::default() };
        for (name, issuer) in &file.issuers {
            if let Some(introspection) = &issuer.introspection {
                let config = self.introspection(name, issuer, introspection, services, report);
                identity.introspections.extend(config.map(|config| (name.clone(), config)));
            } else if let Some(issuer) = self.issuer(("issuers", name), issuer, services, report) {
                identity.issuers.insert(name.clone(), issuer);
            }
        }
        self.key_issuers(file, &mut identity, services, report);
        identity.authorization_header =
            file.authorization_header.as_ref().map(|name| name.to_ascii_lowercase());
        identity.applications = applications(file);
        identity.validate_subscription = file.validate_subscription;
        let revocation = file.revocation.as_ref();
        identity.revocation_file = revocation.and_then(|file| file.file.clone());
        identity.revocation = revocation.and_then(|file| self.revocation(file, services, report));
        identity.api_keys = self.api_keys(file, report);
        let feed = file.subscriptions.as_ref();
        identity.subscription_feed = feed.and_then(|feed| self.subscriptions(feed, file, services, report));
        let store = file.user_store.as_ref();
        identity.user_store = store.and_then(|file| self.user_store(file, services, report));
        identity.users = self.users(file, report);
        self.check_environment(&identity, report);
        identity.attempts = attempts(file.attempts);
        identity.certificates = self.certificates(file, report);
        identity.terminator = file.certificate_header.as_ref().map(certificate::terminator);
        identity
    }
}

fn attempts(file: AttemptsFile) -> AttemptsConfig {
    let default = AttemptsConfig::default();
    AttemptsConfig {
        per_user: file.per_user.unwrap_or(default.per_user),
        per_address: file.per_address.unwrap_or(default.per_address),
    }
}

#[cfg(test)]
mod tests;
