//! The certificates of `tests/suite/certificates`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::case::repository;

/// A certificate that was read from its file.
pub struct Certificate {
    /// SHA-256 of its DER.
    pub digest: [u8; 32],
    /// The file's text.
    pub pem: String,
}

impl Certificate {
    /// Reads the file of this name, without its ending.
    pub fn read(name: &str) -> Self {
        let path = repository().join("tests/suite/certificates").join(format!("{name}.pem"));
        let pem =
            std::fs::read_to_string(&path).unwrap_or_else(|cause| panic!("{}: {cause}", path.display()));
        let digits: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
        let der = STANDARD.decode(digits).expect("PEM");
        Self { digest: Sha256::digest(der).into(), pem }
    }
}
