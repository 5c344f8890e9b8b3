//! What the gateway fetches from issuers, and what it asks authorization servers.

use portcullis_config::auth::{
    ClientConfig, EtcdUserConfig, IntrospectionConfig, PublishedKeysConfig, RemoteConfig, RevocationConfig,
    RevocationStoreConfig, SubscriptionFeedConfig, UserStoreConfig,
};
use portcullis_openapi::{Diagnostic, Report};

use super::super::file::{
    ClientMethodFile, IdentityFile, IntrospectionFile, IssuerFile, RevocationFile, SubscriptionsFile,
    UserStoreFile,
};
use super::super::{Reader, join};
use crate::codes;
use crate::revocation_file::{self, count_revoked};
use crate::service::Services;
use crate::settings::problem;

/// Milliseconds between two looks at the list of revoked tokens.
const REVOCATION_INTERVAL: u32 = 1000;
/// And between two at the subscriptions.
const SUBSCRIPTIONS_INTERVAL: u32 = 5000;
/// What its keys in etcd begin with.
const REVOCATION_PREFIX: &str = "revoked/";

impl Reader<'_> {
    /// Where the issuer publishes its keys, if it does; `None` when that cannot be.
    pub(super) fn published(
        &self,
        (section, name): (&str, &str),
        file: &IssuerFile,
        services: &mut Services,
        report: &mut Report,
    ) -> Option<Option<PublishedKeysConfig>> {
        let path = ["identity", section, name];
        let (key, url, discovery) = match (&file.jwks_uri, &file.discovery_uri) {
            (None, None) => return Some(None),
            (Some(url), None) => ("jwksUri", url, false),
            (None, Some(url)) => ("discoveryUri", url, true),
            (Some(_), Some(_)) => {
                let message = "an issuer has a jwksUri or a discoveryUri, not both";
                report.push(problem(codes::SETTING_INVALID, message, self.place(&path)));
                return None;
            }
        };
        if file.refresh_seconds == 0 || !(1..=5).contains(&file.retry_seconds) {
            let message = "refreshSeconds is at least 1, and retrySeconds between 1 and 5";
            report.push(problem(codes::SETTING_INVALID, message, self.place(&path)));
        }
        let remote = self.remote(&[path[0], path[1], path[2], key], url, services, report)?;
        let (refresh_seconds, retry_seconds) = (file.refresh_seconds, file.retry_seconds);
        Some(Some(PublishedKeysConfig { remote, discovery, derived: false, refresh_seconds, retry_seconds }))
    }

    /// Who judges the issuer's opaque tokens.
    pub(super) fn introspection(
        &self,
        name: &str,
        issuer: &IssuerFile,
        file: &IntrospectionFile,
        services: &mut Services,
        report: &mut Report,
    ) -> Option<IntrospectionConfig> {
        let path = ["identity", "issuers", name, "introspection"];
        let has_keys = issuer.jwks_file.is_some() || issuer.jwks.is_some() || !issuer.key_files.is_empty();
        let is_published = issuer.jwks_uri.is_some() || issuer.discovery_uri.is_some();
        if has_keys || is_published || !issuer.secrets.is_empty() {
            let message = "an issuer of opaque tokens has no keys";
            report.push(problem(codes::SETTING_INVALID, message, self.place(&path)));
        }
        if !issuer.token_types.is_empty() {
            let message =
                "'tokenTypes' is not enforced for opaque tokens: they have no header that says their type";
            report.push(problem(codes::SETTING_INVALID, message, self.place(&path)));
        }
        let client = match client(file) {
            Ok(client) => client,
            Err(message) => {
                report.push(problem(codes::SETTING_INVALID, message, self.place(&path)));
                return None;
            }
        };
        let place = [path[0], path[1], path[2], path[3], "endpoint"];
        let claims = issuer.claims();
        Some(IntrospectionConfig {
            remote: self.remote(&place, &file.endpoint, services, report)?,
            client,
            issuer: Some(issuer.issuer.clone()),
            audiences: issuer.audiences.clone(),
            consumer_claims: claims.consumer_claims,
            scope_claims: claims.scope_claims,
            required_claims: claims.required_claims,
            claim_map: claims.claim_map,
            require_certificate_binding: claims.require_certificate_binding,
            ceiling_seconds: file.cache_seconds,
            negative_seconds: file.negative_cache_seconds,
        })
    }

    /// Where the list of revoked tokens is kept.
    pub(super) fn revocation(
        &self,
        file: &RevocationFile,
        services: &mut Services,
        report: &mut Report,
    ) -> Option<RevocationConfig> {
        let path = ["identity", "revocation"];
        let mut wrong =
            |message: &str| report.push(problem(codes::SETTING_INVALID, message, self.place(&path)));
        let interval_milliseconds = file.interval_milliseconds.unwrap_or(REVOCATION_INTERVAL);
        if !(100..=600_000).contains(&interval_milliseconds) {
            wrong("intervalMilliseconds is between 100 and 600000");
        }
        let user = match (&file.user, &file.password_env) {
            (Some(name), Some(password_env)) if file.etcd.is_some() && file.authorization_env.is_none() => {
                Some(EtcdUserConfig { name: name.clone(), password_env: password_env.clone() })
            }
            (None, None) => None,
            _ => {
                wrong(
                    "`user` and `passwordEnv` are there together, for `etcd` alone, and instead of `authorizationEnv`",
                );
                None
            }
        };
        if let (Some(name), None, None, None) = (&file.file, &file.feed, &file.etcd, &file.prefix) {
            return self.revocation_in_file(name, interval_milliseconds, report);
        }
        let (key, url, store) = match (&file.feed, &file.etcd) {
            _ if file.file.is_some() => {
                wrong("the list of revoked tokens is in a `file`, at a `feed` or in `etcd`: in one of them");
                return None;
            }
            (Some(url), None) if file.prefix.is_none() => ("feed", url.clone(), RevocationStoreConfig::Feed),
            (None, Some(url)) => {
                let prefix = file.prefix.clone().unwrap_or_else(|| REVOCATION_PREFIX.to_owned());
                if prefix.is_empty() {
                    wrong("an empty prefix would take every key for a revoked token");
                }
                let url = format!("{}/v3/kv/range", url.trim_end_matches('/'));
                ("etcd", url, RevocationStoreConfig::Etcd { prefix, user })
            }
            _ => {
                wrong(
                    "the list of revoked tokens is in a `file`, at a `feed` or in `etcd`, where `prefix` says which keys",
                );
                return None;
            }
        };
        let remote = self.remote(&[path[0], path[1], key], &url, services, report)?;
        let authorization_env = file.authorization_env.clone();
        Some(RevocationConfig { remote, store, interval_milliseconds, authorization_env })
    }

    fn revocation_in_file(
        &self,
        name: &str,
        interval_milliseconds: u32,
        report: &mut Report,
    ) -> Option<RevocationConfig> {
        let place = self.place(&["identity", "revocation", "file"]);
        let text = self.loader.load(&join(self.folder, name)).map_err(|cause| cause.to_string());
        let read = text.and_then(|text| {
            let text = String::from_utf8(text).map_err(|cause| cause.to_string())?;
            count_revoked(&text).map_err(|cause| cause.to_string())
        });
        if let Err(cause) = read {
            let hint = format!("`portcullis revoke {name}` makes an empty one");
            let problem = problem(codes::CREDENTIAL_FILE, format!("{name}: {cause}"), place);
            report.push(Diagnostic { hint: Some(hint), ..problem });
            return None;
        }
        let remote = RemoteConfig {
            service: revocation_file::service().to_owned(),
            authority: revocation_file::service().to_owned(),
            origin: format!("http://{}", revocation_file::service()),
            path: revocation_file::PATH.to_owned(),
            timeout_milliseconds: 2000,
        };
        let store = RevocationStoreConfig::Feed;
        Some(RevocationConfig { remote, store, interval_milliseconds, authorization_env: None })
    }

    /// Who knows what applications have subscribed to.
    pub(super) fn subscriptions(
        &self,
        file: &SubscriptionsFile,
        identity: &IdentityFile,
        services: &mut Services,
        report: &mut Report,
    ) -> Option<SubscriptionFeedConfig> {
        let path = ["identity", "subscriptions"];
        let interval_milliseconds = file.interval_milliseconds.unwrap_or(SUBSCRIPTIONS_INTERVAL);
        if !(100..=600_000).contains(&interval_milliseconds) {
            let message = "intervalMilliseconds is between 100 and 600000";
            report.push(problem(codes::SETTING_INVALID, message, self.place(&path)));
        }
        for (name, _) in identity.applications.iter().filter(|(_, one)| !one.subscriptions.is_empty()) {
            let message = format!("the feed of subscriptions says what '{name}' has subscribed to");
            let place = self.place(&["identity", "applications", name]);
            report.push(problem(codes::SETTING_INVALID, message, place));
        }
        let remote = self.remote(&[path[0], path[1], "feed"], &file.feed, services, report)?;
        let authorization_env = file.authorization_env.clone();
        Some(SubscriptionFeedConfig { remote, interval_milliseconds, authorization_env })
    }

    /// Who knows users beside those of the gateway file.
    pub(super) fn user_store(
        &self,
        file: &UserStoreFile,
        services: &mut Services,
        report: &mut Report,
    ) -> Option<UserStoreConfig> {
        Some(UserStoreConfig {
            remote: self.remote(&["identity", "userStore", "endpoint"], &file.endpoint, services, report)?,
            authorization_env: file.authorization_env.clone(),
            ceiling_seconds: file.cache_seconds,
            negative_seconds: file.negative_cache_seconds,
            apis: file.apis.clone(),
        })
    }

    /// A place at a server.
    pub(super) fn remote(
        &self,
        path: &[&str],
        url: &str,
        services: &mut Services,
        report: &mut Report,
    ) -> Option<RemoteConfig> {
        match services.remote(url) {
            Ok(remote) => Some(remote),
            Err(cause) => {
                let message = format!("'{url}' is no URL that can be asked: {cause}");
                report.push(problem(codes::SETTING_INVALID, message, self.place(path)));
                None
            }
        }
    }
}

fn client(file: &IntrospectionFile) -> Result<ClientConfig, &'static str> {
    let id = || file.client_id.clone().ok_or("a client needs a clientId");
    let secret_env = || file.client_secret_env.clone().ok_or("a client needs a clientSecretEnv");
    Ok(match file.method {
        ClientMethodFile::Basic => ClientConfig::Basic { id: id()?, secret_env: secret_env()? },
        ClientMethodFile::Post => ClientConfig::Post { id: id()?, secret_env: secret_env()? },
        ClientMethodFile::Mtls => ClientConfig::Mtls { id: id()? },
        ClientMethodFile::Bearer => ClientConfig::Bearer { secret_env: secret_env()? },
    })
}
