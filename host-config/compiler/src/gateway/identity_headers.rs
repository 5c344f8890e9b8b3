//! The headers of the gateway file that tell upstreams who calls, checked.

use std::collections::BTreeMap;

use portcullis_auth::check_identity_header;
use portcullis_config::auth::IdentityHeaderConfig;
use portcullis_openapi::Report;

use super::Reader;
use super::file::{GatewayFile, IdentityHeaderFile};
use crate::codes;
use crate::envoy::CERTIFICATE_HEADERS;
use crate::settings::problem;

impl Reader<'_> {
    pub(super) fn identity_headers(
        &self,
        file: &GatewayFile,
        report: &mut Report,
    ) -> BTreeMap<String, IdentityHeaderConfig> {
        let certificate = file.identity.certificate_header.iter().map(|file| &file.name);
        let jwt = file.backend_jwt.iter().map(|file| &file.header);
        // Upstreams that turn names into variables see no other difference.
        let plain = |name: &str| name.to_ascii_lowercase().replace('_', "-");
        let of_file = certificate.chain(jwt).map(|name| plain(name));
        // Envoy takes these away behind the plugins.
        let mut taken: Vec<String> = of_file.chain(CERTIFICATE_HEADERS.map(plain)).collect();
        let mut headers = BTreeMap::new();
        for (name, content) in &file.identity_headers {
            let is_taken = taken.contains(&plain(name));
            let cause = check_identity_header(name).or(is_taken
                .then_some("another header of the gateway has this name, or one that is taken for it"));
            if let Some(cause) = cause {
                let place = self.place(&["identityHeaders", name]);
                report.push(problem(codes::SETTING_INVALID, format!("'{name}': {cause}"), place));
            }
            taken.push(plain(name));
            headers.insert(name.to_ascii_lowercase(), content.into());
        }
        headers
    }
}

impl From<&IdentityHeaderFile> for IdentityHeaderConfig {
    fn from(file: &IdentityHeaderFile) -> Self {
        match file {
            IdentityHeaderFile::Consumer => Self::Consumer,
            IdentityHeaderFile::Application => Self::Application,
            IdentityHeaderFile::ApplicationTier => Self::ApplicationTier,
            IdentityHeaderFile::Tier => Self::Tier,
            IdentityHeaderFile::Environment => Self::Environment,
            IdentityHeaderFile::Scheme => Self::Scheme,
            IdentityHeaderFile::Scopes => Self::Scopes,
            IdentityHeaderFile::Issuer => Self::Issuer,
            IdentityHeaderFile::Subject => Self::Subject,
            IdentityHeaderFile::Claim(path) => Self::Claim(path.clone()),
        }
    }
}

#[cfg(test)]
mod tests;
