//! Client certificates of the gateway file, checked.

use portcullis_config::auth::{CertificateConfig, CertificateMarkConfig, TerminatorConfig};
use portcullis_openapi::Report;

use super::Reader;
use super::file::{CertificateFile, CertificateHeaderFile};
use crate::codes;
use crate::settings::problem;

impl Reader<'_> {
    pub(super) fn certificates(
        &self,
        files: &[CertificateFile],
        report: &mut Report,
    ) -> Vec<CertificateConfig> {
        let mut certificates = Vec::with_capacity(files.len());
        for (at, file) in files.iter().enumerate() {
            match mark(file) {
                Some(by) => certificates.push(CertificateConfig {
                    consumer: file.consumer.clone(),
                    by,
                    scopes: file.scopes.clone(),
                    apis: file.apis.clone(),
                }),
                None => {
                    let message = format!(
                        "the certificate of '{}' needs exactly one of sha256, subject and san",
                        file.consumer
                    );
                    let place = self.place(&["identity", "certificates", &at.to_string()]);
                    report.push(problem(codes::SETTING_INVALID, message, place));
                }
            }
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
