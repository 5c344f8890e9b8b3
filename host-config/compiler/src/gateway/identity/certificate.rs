//! Client certificates of the gateway file, checked.

use portcullis_config::auth::{CertificateConfig, CertificateMarkConfig, TerminatorConfig};
use portcullis_openapi::Report;

use super::application::account;
use super::listed::Listed;
use crate::codes;
use crate::gateway::Reader;
use crate::gateway::file::{CertificateFile, CertificateHeaderFile, IdentityFile};

impl Reader<'_> {
    pub(super) fn certificates(&self, file: &IdentityFile, report: &mut Report) -> Vec<CertificateConfig> {
        let mut certificates = Vec::with_capacity(file.certificates.len());
        let listed = self.listed(file.certificates.clone(), "certificates", &[], "", report);
        for Listed { entry, origin } in listed {
            let entry: CertificateFile = entry;
            let Some(by) = mark(&entry) else {
                let message = format!(
                    "the certificate of '{}' needs exactly one of sha256, subject and san",
                    entry.consumer
                );
                origin.refuse(codes::SETTING_INVALID, &message, report);
                continue;
            };
            let account = account(entry.application, entry.tier, entry.environment);
            self.knows_application(&account, file, &origin, report);
            let (consumer, scopes, apis) = (entry.consumer, entry.scopes, entry.apis);
            certificates.push(CertificateConfig { consumer, by, scopes, apis, account });
        }
        certificates
    }
}

pub(super) fn terminator(file: &CertificateHeaderFile) -> TerminatorConfig {
    TerminatorConfig { header: file.name.to_ascii_lowercase(), from: file.from.clone() }
}

fn mark(file: &CertificateFile) -> Option<CertificateMarkConfig> {
    match (&file.sha256, &file.subject, &file.san) {
        (Some(digest), None, None) => {
            Some(CertificateMarkConfig::Sha256(digest.replace(':', "").to_ascii_lowercase()))
        }
        (None, Some(subject), None) => Some(CertificateMarkConfig::Subject(subject.clone())),
        (None, None, Some(name)) => Some(CertificateMarkConfig::San(name.clone())),
        _ => None,
    }
}
