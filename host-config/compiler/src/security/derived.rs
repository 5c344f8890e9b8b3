//! Whose tokens a scheme accepts where only its `openIdConnectUrl` says, and what the author is told of that.

use portcullis_config::auth::SchemeConfig;
use portcullis_openapi::model::{Scheme, SchemeKind};
use portcullis_openapi::{Diagnostic, Report, Severity};

use super::Schemes;
use crate::codes;
use crate::openid::DerivedIssuer;
use crate::settings::problem;

impl<'d> Schemes<'d, '_> {
    /// Where the gateway knows no issuer for the API, tokens of the one that `openIdConnectUrl` names are accepted, if it is known for
    /// whom they have to be: who may get some token of an issuer is not said to be welcome here. Where that fails, what to do.
    pub(super) fn derive_issuer(
        &mut self,
        config: &mut SchemeConfig,
        scheme: &Scheme<'d>,
        report: &mut Report,
    ) -> Option<String> {
        let (SchemeConfig::Bearer { issuers, .. }, SchemeKind::OpenIdConnect { url }) =
            (config, &scheme.kind)
        else {
            return None;
        };
        if !self.api.derives_issuers {
            return None;
        }
        self.asks_for_audiences = true;
        if self.api.audiences.is_empty() {
            let hint = "say in a gateway file for whom the tokens of its openIdConnectUrl must be: `audiences` of the API";
            return Some(hint.to_owned());
        }
        let audiences = &self.api.audiences;
        let taken = |name: &str| {
            self.identity.issuer_names().any(|known| known == name)
                || self.derived.iter().any(|known| known.name == name)
        };
        match DerivedIssuer::of(&self.api.name, url, audiences, taken) {
            Ok(derived) => {
                let message = format!(
                    "tokens of '{}' are accepted, for the audience {}, by the keys to which its metadata lead",
                    derived.issuer,
                    audiences.join(" or ")
                );
                let hint = "name it under `identity.issuers` in the gateway file to say more of its tokens";
                report.push(Diagnostic {
                    severity: Severity::Note,
                    hint: Some(hint.into()),
                    ..problem(codes::ISSUER_DERIVED, message, scheme.place)
                });
                issuers.push(derived.name.clone());
                self.derived.push(derived);
                None
            }
            Err(cause) => {
                Some(format!("its openIdConnectUrl says no issuer ({cause}): name one in the gateway file"))
            }
        }
    }
}
