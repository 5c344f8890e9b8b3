//! Issuers of signed API keys, kept apart from those of tokens.

use portcullis_config::auth::{IssuerConfig, SignedKeyConfig};
use portcullis_openapi::Report;

use super::Identity;
use crate::codes;
use crate::gateway::Reader;
use crate::gateway::file::{IdentityFile, InternalKeysFile, KeyIssuerFile};
use crate::service::Services;
use crate::settings::problem;

/// What keys say of themselves.
const TOKEN_TYPE: &str = "apiKey";
const INTERNAL_TYPE: &str = "InternalKey";
/// A list of such issuers, by the way to it.
const KEYS: &[&str] = &["apiKeyIssuers"];
const INTERNAL: &[&str] = &["internalKeys", "issuers"];

/// Keys by which publishers try out their APIs.
#[derive(Debug, Clone)]
pub(crate) struct InternalKeys {
    pub(crate) header: String,
    /// Names of their issuers.
    pub(crate) issuers: Vec<String>,
}

impl Reader<'_> {
    /// Adds the issuers of keys to those of tokens.
    pub(super) fn key_issuers(
        &self,
        file: &IdentityFile,
        identity: &mut Identity,
        services: &mut Services,
        report: &mut Report,
    ) {
        let internal = file.internal_keys.as_ref();
        let lists = [(KEYS, Some(&file.api_key_issuers)), (INTERNAL, internal.map(|keys| &keys.issuers))];
        for (section, list) in lists {
            for (name, issuer) in list.into_iter().flatten() {
                let path: Vec<&str> =
                    ["identity"].iter().chain(section).copied().chain([name.as_str()]).collect();
                let mut refuse =
                    |code, message: String| report.push(problem(code, message, self.place(&path)));
                if identity.issuers.contains_key(name) || file.issuers.contains_key(name) {
                    refuse(codes::NAME_DUPLICATE, format!("another issuer is named '{name}' as well"));
                    continue;
                }
                // Without a type, nothing but the issuer tells its keys from access tokens.
                let is_of_tokens = file.issuers.values().any(|other| other.issuer == issuer.issuer);
                if issuer.untyped && (is_of_tokens || section == INTERNAL) {
                    let message = format!("untyped: an issuer of tokens is '{}' as well", issuer.issuer);
                    refuse(codes::SETTING_INVALID, message);
                }
                let config = self.key_issuer(section, name, issuer, services, report);
                identity.issuers.extend(config.map(|config| (name.clone(), config)));
            }
        }
        let keys = |file: &InternalKeysFile| InternalKeys {
            header: file.header.to_ascii_lowercase(),
            issuers: file.issuers.keys().cloned().collect(),
        };
        identity.internal_keys = internal.map(keys);
        if internal.is_some_and(|keys| keys.issuers.is_empty()) {
            let message = "internal keys have at least one issuer";
            report.push(problem(codes::SETTING_INVALID, message, self.place(&["identity", "internalKeys"])));
        }
    }

    fn key_issuer(
        &self,
        section: &[&str],
        name: &str,
        file: &KeyIssuerFile,
        services: &mut Services,
        report: &mut Report,
    ) -> Option<IssuerConfig> {
        let is_internal = section == INTERNAL;
        let outer = section.first().copied().unwrap_or_default();
        let config = self.issuer((outer, name), &file.issuer(), services, report)?;
        let token_type = if is_internal { INTERNAL_TYPE } else { TOKEN_TYPE }.to_owned();
        let (untyped, require_apis) = (file.untyped, file.require_apis || is_internal);
        Some(IssuerConfig { api_keys: Some(SignedKeyConfig { token_type, untyped, require_apis }), ..config })
    }
}
