//! Tokens that are good for the holder of one certificate alone (RFC 8705, section 3).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::failure::InvalidToken;
use crate::json::UniqueMembers;

/// Whose token it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Binding {
    /// Whoever bears it.
    Bearer,
    /// Who holds the key of the certificate with this SHA-256.
    Certificate([u8; 32]),
}

impl Binding {
    /// Reads `cnf`. One that binds the token in another way is refused: nothing here could tell its holder.
    pub(crate) fn read(claims: &UniqueMembers, is_required: bool) -> Result<Self, InvalidToken> {
        match claims.get("cnf") {
            None if is_required => Err(InvalidToken::Unbound),
            None => Ok(Self::Bearer),
            Some(confirmation) => {
                let thumbprint = confirmation.get("x5t#S256").and_then(Value::as_str);
                let digest = thumbprint.and_then(|text| URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok());
                digest.map(Self::Certificate).ok_or(InvalidToken::BindingUnknown)
            }
        }
    }

    /// Judges the connection of this request, whatever was remembered of the token. `certificate` is asked only
    /// for a token that is bound.
    pub(crate) fn check(self, certificate: &dyn Fn() -> Option<[u8; 32]>) -> Result<(), InvalidToken> {
        match self {
            Self::Bearer => Ok(()),
            Self::Certificate(digest) if certificate() == Some(digest) => Ok(()),
            Self::Certificate(_) => Err(InvalidToken::CertificateMismatch),
        }
    }
}
