//! Who is known: issuers with their keys, API keys and users, from the gateway file and the files it names.
//! Only what verifies a credential is accepted, never what makes one.

use std::collections::BTreeMap;

use portcullis_config::auth::{
    ApiKeyConfig, AttemptsConfig, CertificateConfig, IssuerConfig, TerminatorConfig, UserConfig,
};
use portcullis_openapi::Report;
use serde_json::Value;

use super::file::{AttemptsFile, IdentityFile, IssuerFile};
use super::{Reader, join};
use crate::codes;
use crate::settings::problem;

mod api_key;
mod htpasswd;
mod listed;
mod user;

/// Credentials that are good.
#[derive(Debug, Clone, Default)]
pub(crate) struct Identity {
    /// The realm of challenges, if the file names one.
    pub realm: Option<String>,
    /// Token issuers by name.
    pub issuers: BTreeMap<String, IssuerConfig>,
    /// API keys.
    pub api_keys: Vec<ApiKeyConfig>,
    /// Users.
    pub users: Vec<UserConfig>,
    /// How often passwords may be tried.
    pub attempts: AttemptsConfig,
    /// Client certificates.
    pub certificates: Vec<CertificateConfig>,
    /// Who passes certificates on.
    pub terminator: Option<TerminatorConfig>,
    /// Whether a listener asks clients for certificates.
    pub listener_asks: bool,
}

impl Reader<'_> {
    pub(super) fn identity(&self, file: &IdentityFile, report: &mut Report) -> Identity {
        let mut identity = Identity { realm: file.realm.clone(), ..Identity::default() };
        for (name, issuer) in &file.issuers {
            if let Some(issuer) = self.issuer(name, issuer, report) {
                identity.issuers.insert(name.clone(), issuer);
            }
        }
        identity.api_keys = self.api_keys(file, report);
        identity.users = self.users(file, report);
        identity.attempts = attempts(file.attempts);
        identity.certificates = self.certificates(&file.certificates, report);
        identity.terminator = file.certificate_header.as_ref().map(super::certificates::terminator);
        identity
    }

    fn issuer(&self, name: &str, file: &IssuerFile, report: &mut Report) -> Option<IssuerConfig> {
        let place = self.place(&["identity", "issuers", name, "jwksFile"]);
        let keys = match self.jwks(&file.jwks_file) {
            Ok(keys) => keys,
            Err(cause) => {
                report.push(problem(codes::CREDENTIAL_FILE, format!("{}: {cause}", file.jwks_file), place));
                return None;
            }
        };
        Some(IssuerConfig {
            issuer: file.issuer.clone(),
            audiences: file.audiences.clone(),
            algorithms: file.algorithms.clone(),
            keys,
            skew_seconds: file.skew_seconds,
            consumer_claims: file.consumer_claims.clone(),
            scope_claims: file.scope_claims.clone(),
            require_certificate_binding: file.require_certificate_binding,
        })
    }

    fn jwks(&self, file: &str) -> Result<Vec<Value>, String> {
        let bytes = self.loader.load(&join(self.folder, file)).map_err(|cause| cause.to_string())?;
        let mut set: Value =
            serde_json::from_slice(&bytes).map_err(|cause| format!("is not JSON: {cause}"))?;
        let Some(Value::Array(keys)) = set.get_mut("keys").map(Value::take) else {
            return Err("is no JWK Set: it has no 'keys'".to_owned());
        };
        if keys.iter().any(|key| key.get("d").is_some() || key.get("k").is_some()) {
            return Err("holds a private or secret key; a gateway needs public keys only".to_owned());
        }
        Ok(keys)
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
