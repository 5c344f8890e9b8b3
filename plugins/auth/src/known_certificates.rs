//! Known certificates: whose they are, what they grant, and for which APIs.

use std::collections::HashMap;
use std::rc::Rc;

use portcullis_config::auth::{CertificateConfig, CertificateMarkConfig};

use crate::account::Applications;
use crate::api_key::{is_for, read_digest};
use crate::certificate::{Certificate, Mark, configured_name};
use crate::failure::Failure;
use crate::grant::Grant;
use crate::invalid::InvalidAuth;

/// All known certificates.
#[derive(Debug)]
pub(crate) struct KnownCertificates(HashMap<Mark, Vec<Known>>);

#[derive(Debug)]
struct Known {
    grant: Rc<Grant>,
    /// APIs it is good for; none means all.
    apis: Vec<String>,
}

impl KnownCertificates {
    /// Compiles all certificates.
    pub(crate) fn compile(
        configs: Vec<CertificateConfig>,
        applications: &Applications,
    ) -> Result<Self, InvalidAuth> {
        let mut known: HashMap<Mark, Vec<Known>> = HashMap::with_capacity(configs.len());
        for (position, config) in configs.into_iter().enumerate() {
            let consumer = config.consumer.clone();
            let invalid = |cause| InvalidAuth::Certificate { position, consumer, cause };
            let mark = match mark(&config.by) {
                Ok(mark) => mark,
                Err(cause) => return Err(invalid(cause)),
            };
            let others = known.entry(mark).or_default();
            if others.iter().any(|other| overlap(&other.apis, &config.apis)) {
                return Err(invalid("another entry is for the same certificate and API"));
            }
            let Some(account) = applications.account(config.account) else {
                return Err(invalid("its application is not known"));
            };
            let grant = Rc::new(Grant::new(&config.consumer, config.scopes).with_account(account));
            others.push(Known { grant, apis: config.apis });
        }
        Ok(Self(known))
    }

    /// What a certificate grants to callers of `api`: by its digest, else by its subject, else by a name.
    pub(crate) fn verify(&self, certificate: &Certificate, api: &str) -> Result<Rc<Grant>, Failure> {
        let entries = certificate.marks.iter().filter_map(|mark| self.0.get(mark)).flatten();
        let known = entries.into_iter().find(|known| is_for(&known.apis, api));
        known.map(|known| known.grant.clone()).ok_or(Failure::CertificateUnknown)
    }
}

fn mark(config: &CertificateMarkConfig) -> Result<Mark, &'static str> {
    match config {
        CertificateMarkConfig::Sha256(text) => {
            let cause = "its digest is not 64 lower-case hexadecimal digits";
            read_digest(text).map(Mark::Digest).ok_or(cause)
        }
        CertificateMarkConfig::Subject(text) if text.is_empty() => Err("its subject is empty"),
        CertificateMarkConfig::Subject(text) => Ok(Mark::Subject(text.clone())),
        CertificateMarkConfig::San(text) => {
            let cause = "its name is not dns:HOST, uri:URI, email:ADDRESS or ip:ADDRESS";
            configured_name(text).map(Mark::Name).ok_or(cause)
        }
    }
}

fn overlap(one: &[String], other: &[String]) -> bool {
    one.is_empty() || other.is_empty() || one.iter().any(|api| other.contains(api))
}
