//! An issuer of the gateway file with the keys and secrets that it names.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use portcullis_config::auth::{IssuerConfig, SecretConfig};
use portcullis_config::{Secret, SecretSource};
use portcullis_openapi::{Diagnostic, Place, Report, Severity};
use serde_json::Value;

use super::key_file;
use crate::codes;
use crate::gateway::file::{IssuerFile, KeyFile, SecretEncodingFile, SecretFile, ValuesFile};
use crate::gateway::{Reader, join};
use crate::service::Services;
use crate::settings::problem;

/// What is wrong with an issuer, and the way from it to the setting.
type Wrong = (String, Vec<String>);

impl Reader<'_> {
    /// `None` when a file cannot be used: the report says which.
    pub(super) fn issuer(
        &self,
        (section, name): (&str, &str),
        file: &IssuerFile,
        services: &mut Services,
        report: &mut Report,
    ) -> Option<IssuerConfig> {
        let mut wrong = Vec::new();
        let published = self.published((section, name), file, services, report)?;
        let keys = self.keys(file, &mut wrong);
        let secrets = self.secrets(name, file, &mut wrong, report);
        if wrong.is_empty() && keys.is_empty() && secrets.is_empty() && published.is_none() {
            wrong.push((format!("the issuer '{name}' has neither keys nor secrets"), Vec::new()));
        }
        for (cause, setting) in &wrong {
            let setting = setting.iter().map(String::as_str);
            let path: Vec<&str> = ["identity", section, name].into_iter().chain(setting).collect();
            report.push(problem(codes::CREDENTIAL_FILE, cause.as_str(), self.place(&path)));
        }
        wrong.is_empty().then(|| IssuerConfig { keys, secrets, published, ..file.claims() })
    }

    fn keys(&self, file: &IssuerFile, wrong: &mut Vec<Wrong>) -> Vec<Value> {
        let inline = file.jwks.as_ref().map(|set| set.keys.clone()).unwrap_or_default();
        let mut keys = key_file::check(inline).unwrap_or_else(|cause| {
            wrong.push((format!("the key set {cause}"), vec!["jwks".to_owned()]));
            Vec::new()
        });
        let named = file.jwks_file.iter().map(|name| (name, None, vec!["jwksFile".to_owned()]));
        let listed = file.key_files.iter().enumerate().map(|(at, one)| {
            let setting = vec!["keyFiles".to_owned(), at.to_string()];
            match one {
                KeyFile::Name(name) => (name, None, setting),
                KeyFile::Named { file, kid } => (file, Some(kid.as_str()), setting),
            }
        });
        for (name, kid, setting) in named.chain(listed) {
            match self.bytes(name).and_then(|bytes| key_file::read(&bytes, kid)) {
                Ok(found) => keys.extend(found),
                Err(cause) => wrong.push((format!("{name}: {cause}"), setting)),
            }
        }
        keys
    }

    fn secrets(
        &self,
        issuer: &str,
        file: &IssuerFile,
        wrong: &mut Vec<Wrong>,
        report: &mut Report,
    ) -> Vec<SecretConfig> {
        let mut secrets = Vec::new();
        for (at, secret) in file.secrets.iter().enumerate() {
            let setting = ["secrets".to_owned(), at.to_string()];
            match self.secret(secret) {
                Ok(secret) => {
                    if secret.secret.env().is_none() {
                        let place = self.place(&["identity", "issuers", issuer, "secrets", &setting[1]]);
                        self.warn_of_secret(
                            &format!("the secret of the issuer '{issuer}'"),
                            "env",
                            place,
                            report,
                        );
                    }
                    secrets.push(secret);
                }
                Err(cause) => wrong.push((cause, setting.to_vec())),
            }
        }
        secrets
    }

    /// What stands in the bundle is told to everybody who may read it, and lasts as long as its copies.
    pub(in crate::gateway) fn warn_of_secret(
        &self,
        what: &str,
        key: &str,
        place: Place,
        report: &mut Report,
    ) {
        report.push(Diagnostic {
            severity: Severity::Warning,
            hint: Some(format!("name an environment variable of Envoy that holds it: `{key}`")),
            ..problem(codes::SECRET_IN_BUNDLE, format!("{what} stands in the bundle"), place)
        });
    }

    pub(in crate::gateway) fn bytes(&self, file: &str) -> Result<Vec<u8>, String> {
        self.loader.load(&join(self.folder, file)).map_err(|cause| cause.to_string())
    }

    fn secret(&self, file: &SecretFile) -> Result<SecretConfig, String> {
        let id = file.kid.clone();
        let name = match (&file.file, &file.env) {
            (Some(name), None) => name,
            (None, Some(env)) => {
                let base64 = file.encoding == SecretEncodingFile::Base64;
                return Ok(SecretConfig {
                    id,
                    secret: SecretSource::Environment { env: env.clone() },
                    base64,
                });
            }
            _ => return Err("a secret has a `file` or an `env`, and not both".to_owned()),
        };
        let secret = self.secret_of_file(name, file.encoding).map_err(|cause| format!("{name}: {cause}"))?;
        let secret = SecretSource::Here(Secret::new(URL_SAFE_NO_PAD.encode(secret)));
        Ok(SecretConfig { id, secret, base64: false })
    }

    fn secret_of_file(&self, name: &str, encoding: SecretEncodingFile) -> Result<Vec<u8>, String> {
        let bytes = self.bytes(name)?;
        let bytes = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
        let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
        match encoding {
            SecretEncodingFile::Raw => Ok(bytes.to_vec()),
            SecretEncodingFile::Base64 => {
                let text: Vec<u8> = bytes
                    .iter()
                    .filter(|byte| **byte != b'=')
                    .map(|byte| match byte {
                        b'-' => b'+',
                        b'_' => b'/',
                        other => *other,
                    })
                    .collect();
                STANDARD_NO_PAD.decode(text).map_err(|_| "is not base64".to_owned())
            }
        }
    }
}

impl IssuerFile {
    /// All but keys and secrets.
    pub(crate) fn claims(&self) -> IssuerConfig {
        let mut claim_map: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (theirs, ours) in &self.claims {
            claim_map.entry(ours.clone()).or_default().push(theirs.clone());
        }
        let values = |values: &ValuesFile| match values {
            ValuesFile::Several(values) => values.clone(),
            ValuesFile::One(Value::String(any)) if any == "any" => Vec::new(),
            ValuesFile::One(value) => vec![value.clone()],
        };
        let required = self.required_claims.iter().map(|(name, one)| (name.clone(), values(one)));
        IssuerConfig {
            issuer: self.issuer.clone(),
            audiences: self.audiences.clone(),
            algorithms: self.algorithms.clone(),
            token_types: self.token_types.clone(),
            skew_seconds: self.skew_seconds,
            without_expiry: !self.require_expiry,
            required_claims: required.collect(),
            claim_map,
            consumer_claims: self.consumer_claims.clone(),
            scope_claims: self.scope_claims.clone(),
            require_certificate_binding: self.require_certificate_binding,
            ..IssuerConfig::default()
        }
    }
}
