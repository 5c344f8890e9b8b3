//! A client's certificate (RFC 5280): when it is good, and by what it can be recognised. Knows nothing of who has
//! verified its chain: a certificate that comes here was shown by whoever holds its key, or so somebody trusted says.

mod passed;
mod subject;

use der::Decode;
use portcullis_core::UnixNanos;
use sha2::{Digest, Sha256};
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

pub use passed::read_passed;

/// Longest certificate that is looked at, in bytes of its text.
const MAX_CERTIFICATE: usize = 16 * 1024;

/// What is left of a certificate once it has been read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Certificate {
    /// SHA-256 of its DER: the thumbprint of RFC 8705, section 3.1.
    pub(crate) digest: [u8; 32],
    /// By what it may be known, the most exact first.
    pub(crate) marks: Vec<Mark>,
    /// Seconds since 1970: the first at which it is good, and the last.
    validity: (u64, u64),
}

/// By what a certificate may be known.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Mark {
    /// SHA-256 of its DER.
    Digest([u8; 32]),
    /// Its subject, as [`subject::text`] writes it.
    Subject(String),
    /// One of its names, with what kind it is: `dns:client.example`.
    Name(String),
}

/// Why a certificate is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCertificate {
    /// It cannot be read, or comes more than once.
    #[error("it cannot be read")]
    Malformed,
    /// Its time has passed.
    #[error("it has expired")]
    Expired,
    /// Its time has not come.
    #[error("it is not valid yet")]
    NotYetValid,
}

/// Reads DER, and says by how many marks the certificate can be known.
pub fn read_certificate(der: &[u8]) -> Result<usize, InvalidCertificate> {
    Certificate::read(der).map(|certificate| certificate.marks.len())
}

impl Certificate {
    /// Reads DER.
    pub(crate) fn read(der: &[u8]) -> Result<Self, InvalidCertificate> {
        let malformed = |_| InvalidCertificate::Malformed;
        let certificate = x509_cert::Certificate::from_der(der).map_err(malformed)?;
        let content = certificate.tbs_certificate();
        let digest = Sha256::digest(der).into();
        let mut marks = vec![Mark::Digest(digest)];
        if !content.subject().is_empty() {
            marks.push(Mark::Subject(subject::text(content.subject())));
        }
        if let Some((_, names)) = content.get_extension::<SubjectAltName>().map_err(malformed)? {
            marks.extend(names.0.iter().filter_map(name).map(Mark::Name));
        }
        let seconds = |time: x509_cert::time::Time| time.to_unix_duration().as_secs();
        let validity = content.validity();
        Ok(Self { digest, marks, validity: (seconds(validity.not_before), seconds(validity.not_after)) })
    }

    /// Whether it is good at this time (RFC 5280, section 4.1.2.5: both ends count).
    pub(crate) fn check(&self, now: UnixNanos) -> Result<(), InvalidCertificate> {
        match (self.validity, now.seconds()) {
            ((first, _), now) if now < first => Err(InvalidCertificate::NotYetValid),
            ((_, last), now) if now > last => Err(InvalidCertificate::Expired),
            _ => Ok(()),
        }
    }

    /// Bytes of its texts.
    pub(crate) fn size(&self) -> usize {
        let text = |mark: &Mark| match mark {
            Mark::Digest(_) => 0,
            Mark::Subject(text) | Mark::Name(text) => text.len(),
        };
        self.marks.iter().map(text).sum()
    }
}

/// The name of a configured mark, written as [`name`] writes it; `None` for what no certificate can have.
pub(crate) fn configured_name(text: &str) -> Option<String> {
    let (kind, name) = text.split_once(':')?;
    let is_ascii = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic());
    match kind {
        "dns" => is_ascii.then(|| format!("dns:{}", name.to_ascii_lowercase())),
        "uri" | "email" => is_ascii.then(|| text.to_owned()),
        "ip" => name.parse::<std::net::IpAddr>().ok().map(|address| format!("ip:{address}")),
        _ => None,
    }
}

/// Hosts are compared without case; a wildcard is a name like any other. `None` for kinds that are not asked for.
fn name(name: &GeneralName) -> Option<String> {
    match name {
        GeneralName::DnsName(name) => Some(format!("dns:{}", name.as_str().to_ascii_lowercase())),
        GeneralName::UniformResourceIdentifier(uri) => Some(format!("uri:{}", uri.as_str())),
        GeneralName::Rfc822Name(address) => Some(format!("email:{}", address.as_str())),
        GeneralName::IpAddress(bytes) => {
            let v4 = <[u8; 4]>::try_from(bytes.as_bytes()).map(std::net::IpAddr::from);
            let address = v4.or_else(|_| <[u8; 16]>::try_from(bytes.as_bytes()).map(std::net::IpAddr::from));
            address.ok().map(|address| format!("ip:{address}"))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
