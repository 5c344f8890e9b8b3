//! Who is known: issuers with their keys, API keys and users, from the gateway file and the files it names.
//! Only what verifies a credential is accepted, never what makes one.

use std::collections::BTreeMap;

use portcullis_config::auth::{ApiKeyConfig, IssuerConfig, UserConfig};
use portcullis_openapi::{Documents, Report};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::file::{ApiKeyFile, IdentityFile, IssuerFile, UserFile};
use super::{Reader, join};
use crate::codes;
use crate::settings::problem;

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
}

impl Reader<'_> {
    pub(super) fn identity(&self, file: &IdentityFile, report: &mut Report) -> Identity {
        let mut identity = Identity { realm: file.realm.clone(), ..Identity::default() };
        for (name, issuer) in &file.issuers {
            if let Some(issuer) = self.issuer(name, issuer, report) {
                identity.issuers.insert(name.clone(), issuer);
            }
        }
        let mut api_keys = file.api_keys.clone();
        for (at, name) in file.api_key_files.iter().enumerate() {
            let path = ["identity", "apiKeyFiles", &at.to_string()].map(str::to_owned);
            api_keys.extend(self.entries::<ApiKeyFile>(name, &path, report));
        }
        identity.api_keys = api_keys.into_iter().filter_map(|key| self.api_key(key, report)).collect();
        let mut users = file.users.clone();
        for (at, name) in file.user_files.iter().enumerate() {
            let path = ["identity", "userFiles", &at.to_string()].map(str::to_owned);
            users.extend(self.entries::<UserFile>(name, &path, report));
        }
        identity.users = users.into_iter().map(user).collect();
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

    /// The list in a file of keys or users; its own places are told in the message.
    fn entries<T: DeserializeOwned>(&self, name: &str, path: &[String], report: &mut Report) -> Vec<T> {
        let mut inner = Report::default();
        let documents = Documents::load(self.loader, &join(self.folder, name), &mut inner);
        let read = documents.root().map(portcullis_openapi::Node::read::<Vec<T>>);
        let cause = match read {
            Some(Ok(entries)) => return entries,
            Some(Err(invalid)) => {
                let line = invalid.place.map(|place| documents.position(place).line);
                line.map_or(invalid.to_string(), |line| format!("line {line}: {invalid}"))
            }
            None => inner.diagnostics().first().map_or(String::new(), |problem| problem.message.clone()),
        };
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        report.push(problem(codes::CREDENTIAL_FILE, format!("{name}: {cause}"), self.place(&path)));
        Vec::new()
    }

    fn api_key(&self, file: ApiKeyFile, report: &mut Report) -> Option<ApiKeyConfig> {
        let sha256 = file.sha256.to_ascii_lowercase();
        if sha256.len() != 64 || !sha256.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            let message = format!(
                "the key of '{}' is not given as the SHA-256 of the key in hexadecimal",
                file.consumer
            );
            report.push(problem(codes::SETTING_INVALID, message, self.place(&["identity", "apiKeys"])));
            return None;
        }
        Some(ApiKeyConfig { sha256, consumer: file.consumer, scopes: file.scopes, apis: file.apis })
    }
}

fn user(file: UserFile) -> UserConfig {
    UserConfig { name: file.name, password: file.password, scopes: file.scopes, apis: file.apis }
}
