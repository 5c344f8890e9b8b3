//! The gateway's own service for API keys: an API of one path that stands in no document of the author's, and an issuer
//! that the other APIs accept.

use std::collections::HashMap;
use std::num::NonZeroU32;

use portcullis_config::auth::{IssuerConfig, KeyServiceConfig, SignedKeyConfig};
use portcullis_core::CanonicalPath;
use portcullis_openapi::Report;

use super::backend_jwt::algorithm;
use super::file::{BackendAlgorithmFile, KeyServiceFile, LifecycleFile};
use super::{ApiSource, Identity, PublishedKeys, Reader};
use crate::codes;
use crate::endpoint::Endpoint;
use crate::late_secret::LateSecret;
use crate::settings::{Validation, problem};

/// The name of its issuer, and of its API.
pub(crate) const KEY_SERVICE: &str = "apiKeyService";
/// A minute more than that would be no bound.
const MAX_PER_MINUTE: u32 = 6000;

/// The plugin's part, and Envoy's.
#[derive(Debug, Clone)]
pub(crate) struct KeyService {
    pub(crate) config: KeyServiceConfig,
    /// Where keys are to be had.
    path: CanonicalPath,
    hosts: Vec<String>,
    pub(crate) published: Option<PublishedKeys>,
    /// The private key, if it is to come from the environment.
    pub(crate) late: Option<LateSecret>,
}

impl KeyService {
    /// Its document: as if its author had written it.
    pub(crate) fn document(&self) -> HashMap<String, Vec<u8>> {
        let operation = "security: [{ Basic: [] }]\n      responses: { '200': { description: An API key } }";
        let text = format!(
            "openapi: 3.1.0\ninfo: {{ title: API keys, version: '1' }}\npaths:\n  {}:\n    get:\n      {operation}\n    post:\n      {operation}\n\
             components: {{ securitySchemes: {{ Basic: {{ type: http, scheme: basic }} }} }}\n",
            self.path.as_str()
        );
        HashMap::from([(KEY_SERVICE.to_owned(), text.into_bytes())])
    }

    /// Its API.
    pub(crate) fn source(&self) -> ApiSource {
        ApiSource {
            name: KEY_SERVICE.to_owned(),
            definition: KEY_SERVICE.to_owned(),
            base_path: None,
            hosts: self.hosts.clone(),
            endpoint: Some(Some(Endpoint::Mock)),
            sandbox_endpoint: Some(Endpoint::Mock),
            validate_subscription: false,
            validation: Validation::default(),
            limits: Vec::new(),
            endpoint_limits: Vec::new(),
            issuers: Vec::new(),
            derives_issuers: false,
            audiences: Vec::new(),
            lifecycle: LifecycleFile::Published,
            issues_keys: true,
        }
    }
}

impl Reader<'_> {
    /// `None` when something is wrong: the report says what. Its keys are good from here on.
    pub(super) fn key_service(
        &self,
        file: &KeyServiceFile,
        api_names: &[String],
        identity: &mut Identity,
        report: &mut Report,
    ) -> Option<KeyService> {
        let algorithm = algorithm(file.algorithm);
        let path = self.plain_path(&[KEY_SERVICE, "path"], &file.path, report);
        let signing = self.signing_keys(KEY_SERVICE, algorithm, &file.keys, report)?;
        let late = signing.late();
        let published = match &file.jwks_path {
            None => None,
            Some(path) => {
                let path = self.plain_path(&[KEY_SERVICE, "jwksPath"], path, report)?;
                Some(PublishedKeys::new(path, &signing.public))
            }
        };
        let apis = file.apis.clone().unwrap_or_else(|| api_names.to_vec());
        let (max_seconds, per_minute) = self.check_key_service(file, &apis, api_names, identity, report)?;
        let algorithms = match file.algorithm {
            BackendAlgorithmFile::Rs256 => "RS256",
            BackendAlgorithmFile::Es256 => "ES256",
        };
        let issuer = IssuerConfig {
            issuer: file.issuer.clone(),
            audiences: file.audiences.clone(),
            algorithms: vec![algorithms.to_owned()],
            keys: signing.public,
            without_expiry: true,
            consumer_claims: vec!["sub".to_owned()],
            scope_claims: vec!["scope".to_owned()],
            skew_seconds: 5,
            api_keys: Some(SignedKeyConfig {
                token_type: "apiKey".to_owned(),
                untyped: false,
                require_apis: true,
            }),
            ..IssuerConfig::default()
        };
        identity.issuers.insert(KEY_SERVICE.to_owned(), issuer);
        let config = KeyServiceConfig {
            issuer: file.issuer.clone(),
            audiences: file.audiences.clone(),
            algorithm,
            key_id: signing.id,
            key: signing.private,
            max_seconds,
            apis,
            per_minute,
        };
        let hosts = file.hosts.iter().map(|host| host.to_ascii_lowercase()).collect();
        Some(KeyService { config, path: path?, hosts, published, late })
    }

    fn check_key_service(
        &self,
        file: &KeyServiceFile,
        apis: &[String],
        known: &[String],
        identity: &Identity,
        report: &mut Report,
    ) -> Option<(Option<NonZeroU32>, NonZeroU32)> {
        let mut wrong = Vec::new();
        let mut refuse = |key: &'static str, message: String| wrong.push((key, message));
        if identity.issuers.contains_key(KEY_SERVICE) || known.iter().any(|name| name == KEY_SERVICE) {
            refuse("path", format!("an API or an issuer is named '{KEY_SERVICE}' as well"));
        }
        if identity.issuers.values().any(|other| other.issuer == file.issuer) {
            refuse("issuer", format!("another issuer is '{}' as well", file.issuer));
        }
        if apis.is_empty() {
            refuse("apis", "keys are for at least one API".to_owned());
        }
        for api in apis.iter().filter(|api| !known.contains(api)) {
            refuse("apis", format!("no API is named '{api}'"));
        }
        let seconds = match file.max_validity_seconds {
            -1 => Some(None),
            seconds => u32::try_from(seconds).ok().and_then(NonZeroU32::new).map(Some),
        };
        if seconds.is_none() {
            refuse("maxValiditySeconds", "a key lives for at least a second; -1: it need not end".to_owned());
        }
        let per_minute = NonZeroU32::new(file.per_minute).filter(|number| number.get() <= MAX_PER_MINUTE);
        if per_minute.is_none() {
            refuse("perMinute", format!("perMinute is between 1 and {MAX_PER_MINUTE}"));
        }
        for (key, message) in &wrong {
            let place = self.place(&[KEY_SERVICE, key]);
            report.push(problem(codes::SETTING_INVALID, message.as_str(), place));
        }
        wrong.is_empty().then_some(())?;
        seconds.zip(per_minute)
    }
}

#[cfg(test)]
mod tests;
