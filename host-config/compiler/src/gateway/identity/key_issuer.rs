//! Issuers of signed API keys, kept apart from those of tokens.

use portcullis_config::auth::{IssuerConfig, SignedKeyConfig};
use portcullis_openapi::Report;

use super::Identity;
use crate::codes;
use crate::gateway::Reader;
use crate::gateway::file::{IdentityFile, KeyIssuerFile};
use crate::service::Services;
use crate::settings::problem;

const SECTION: &str = "apiKeyIssuers";
/// What keys say of themselves.
const TOKEN_TYPE: &str = "apiKey";

impl Reader<'_> {
    /// Adds the issuers of keys to those of tokens.
    pub(super) fn key_issuers(
        &self,
        file: &IdentityFile,
        identity: &mut Identity,
        services: &mut Services,
        report: &mut Report,
    ) {
        for (name, issuer) in &file.api_key_issuers {
            let mut refuse = |code, message: String| {
                report.push(problem(code, message, self.place(&["identity", SECTION, name])));
            };
            if file.issuers.contains_key(name) {
                refuse(codes::NAME_DUPLICATE, format!("an issuer of tokens is named '{name}' as well"));
                continue;
            }
            // Without a type, nothing but the issuer tells its keys from access tokens.
            if issuer.untyped && file.issuers.values().any(|other| other.issuer == issuer.issuer) {
                let message = format!("untyped: an issuer of tokens is '{}' as well", issuer.issuer);
                refuse(codes::SETTING_INVALID, message);
            }
            if let Some(config) = self.key_issuer(name, issuer, services, report) {
                identity.issuers.insert(name.clone(), config);
            }
        }
    }

    fn key_issuer(
        &self,
        name: &str,
        file: &KeyIssuerFile,
        services: &mut Services,
        report: &mut Report,
    ) -> Option<IssuerConfig> {
        let config = self.issuer((SECTION, name), &file.issuer(), services, report)?;
        let (token_type, untyped, require_apis) = (TOKEN_TYPE.to_owned(), file.untyped, file.require_apis);
        Some(IssuerConfig { api_keys: Some(SignedKeyConfig { token_type, untyped, require_apis }), ..config })
    }
}
