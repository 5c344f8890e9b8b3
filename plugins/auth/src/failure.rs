//! Why a caller is turned away, and how that is told: the status, the code, and one sentence that helps its
//! developer and nobody else. No credential is ever repeated.

use std::rc::Rc;

use portcullis_core::{Call, Question, Rejection};

use crate::account::NotAdmitted;
use crate::api_key::KeyRefused;
use crate::certificate::InvalidCertificate;
use crate::challenge::Challenges;
use crate::claims::Refused;
use crate::token::TokenError;

/// Why a requirement does not hold. The order is that of importance: what came nearest to success is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Failure {
    /// No credential for it was presented.
    Missing,
    /// The API key is not known here.
    ApiKeyUnknown,
    /// The API key is known but not accepted.
    ApiKey(KeyRefused),
    /// The API key is a token that is not accepted.
    SignedKey(InvalidToken),
    /// No such user with that password here.
    BasicInvalid,
    /// Passwords were tried too often; another may be in so many seconds.
    Attempts(u64),
    /// No such certificate is known here.
    CertificateUnknown,
    /// The certificate is not accepted.
    Certificate(InvalidCertificate),
    /// The token is not accepted.
    Token(InvalidToken),
    /// The credential is good, but its application or environment is not admitted.
    NotAdmitted(NotAdmitted),
    /// Nobody can say now.
    Unavailable(Unavailable),
    /// An answer is needed first.
    Pending(Need),
    /// The credential is good but does not grant these scopes.
    ScopeMissing(Vec<String>),
}

/// What has to be found out before a credential can be judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Need {
    /// Keys that may be there by now.
    Refresh(Rc<str>),
    /// What a server says of the credential.
    Call {
        /// The credential's fingerprint.
        key: u128,
        call: Rc<Call>,
    },
}

/// Why nobody can say whether a credential is good. None of it is the caller's fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unavailable {
    #[error("The authorization server cannot be asked at the moment.")]
    Introspection,
    #[error("The issuer's keys have not been fetched yet.")]
    Keys,
    #[error("The list of revoked tokens has not been fetched yet.")]
    Revocation,
    #[error("What applications have subscribed to has not been fetched yet.")]
    Subscriptions,
    #[error("The user store cannot be asked at the moment.")]
    UserStore,
    #[error("The gateway lacks a secret that it needs for this.")]
    Secret,
    #[error("The gateway has no random numbers.")]
    Random,
}

impl Unavailable {
    fn code(self) -> &'static str {
        match self {
            Self::Introspection => "introspection-unavailable",
            Self::Keys => "keys-unavailable",
            Self::Revocation => "revocation-unavailable",
            Self::Subscriptions => "subscriptions-unavailable",
            Self::UserStore => "user-store-unavailable",
            Self::Secret => "secret-missing",
            Self::Random => "random-missing",
        }
    }
}

impl From<Unavailable> for Failure {
    fn from(cause: Unavailable) -> Self {
        Self::Unavailable(cause)
    }
}

impl Need {
    /// The question that answers it.
    pub(crate) fn into_question(self) -> Question {
        match self {
            Self::Refresh(source) => Question::Refresh { source },
            Self::Call { key, call } => Question::Call { key, call: Box::new(Rc::unwrap_or_clone(call)) },
        }
    }
}

/// Why a token is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidToken {
    #[error("the token is malformed: {0}")]
    Malformed(TokenError),
    #[error("the token is malformed: a registered member is of the wrong type")]
    MemberType,
    #[error("the token's issuer is not accepted here")]
    IssuerUnknown,
    #[error("the token's algorithm is not accepted from its issuer")]
    AlgorithmRefused,
    #[error("the token's key is not known")]
    KeyUnknown,
    #[error("the token's signature is not valid")]
    SignatureInvalid,
    #[error("the token's type is not accepted from its issuer")]
    TypeRefused,
    #[error("the token is not active")]
    Inactive,
    #[error("the token has been revoked")]
    Revoked,
    #[error("the token names no consumer")]
    ConsumerMissing,
    #[error("the token is not bound to a certificate, as those of its issuer must be")]
    Unbound,
    #[error("the token is bound in a way that is not known here")]
    BindingUnknown,
    #[error("the token is bound to a certificate, which is not that of this connection")]
    CertificateMismatch,
    #[error("{}", describe(.0))]
    Claims(Refused),
}

impl InvalidToken {
    fn code(&self) -> &'static str {
        match self {
            Self::Malformed(_) | Self::MemberType | Self::Claims(Refused::WrongType(_)) => "token-malformed",
            Self::IssuerUnknown => "token-issuer-unknown",
            Self::AlgorithmRefused => "token-algorithm-refused",
            Self::KeyUnknown => "token-key-unknown",
            Self::SignatureInvalid => "token-signature-invalid",
            Self::Inactive => "token-inactive",
            Self::Revoked => "token-revoked",
            Self::TypeRefused => "token-type-refused",
            Self::ConsumerMissing | Self::Claims(Refused::Missing(_) | Refused::Lacking) => {
                "token-claim-missing"
            }
            Self::Claims(Refused::Mismatch) => "token-claim-mismatch",
            Self::Unbound => "token-unbound",
            Self::BindingUnknown => "token-binding-unknown",
            Self::CertificateMismatch => "token-certificate-mismatch",
            Self::Claims(Refused::Expired) => "token-expired",
            Self::Claims(Refused::NotYetValid) => "token-not-yet-valid",
            Self::Claims(Refused::Audience) => "token-audience-mismatch",
        }
    }
}

impl InvalidToken {
    /// Whether it stays so: neither time nor another key makes the token good.
    pub(crate) fn is_final(&self) -> bool {
        !matches!(
            self,
            Self::KeyUnknown | Self::Revoked | Self::Claims(Refused::Expired | Refused::NotYetValid)
        )
    }
}

impl From<Refused> for InvalidToken {
    fn from(cause: Refused) -> Self {
        Self::Claims(cause)
    }
}

impl From<KeyRefused> for Failure {
    fn from(cause: KeyRefused) -> Self {
        Self::ApiKey(cause)
    }
}

impl From<InvalidToken> for Failure {
    fn from(cause: InvalidToken) -> Self {
        Self::Token(cause)
    }
}

impl Failure {
    /// The same of a token that is an API key.
    pub(crate) fn of_key(self) -> Self {
        match self {
            Self::Token(InvalidToken::Claims(Refused::Expired)) => KeyRefused::Expired.into(),
            Self::Token(InvalidToken::Revoked) => KeyRefused::Revoked.into(),
            Self::Token(cause) => Self::SignedKey(cause),
            other => other,
        }
    }

    /// Whether this came nearer to success than `other`.
    pub(crate) fn outranks(&self, other: &Self) -> bool {
        self.rank() > other.rank()
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Missing => 0,
            Self::ApiKeyUnknown
            | Self::ApiKey(_)
            | Self::SignedKey(_)
            | Self::BasicInvalid
            | Self::CertificateUnknown
            | Self::Certificate(_)
            | Self::Token(_) => 1,
            Self::Attempts(_) => 2,
            Self::NotAdmitted(_) => 3,
            Self::ScopeMissing(_) => 4,
            Self::Unavailable(_) => 5,
            Self::Pending(_) => 6,
        }
    }

    /// What the client is told: 403 for scopes, 429 for attempts, else 401 with a challenge for each way in.
    pub(crate) fn into_rejection(self, challenges: &Challenges) -> Rejection {
        let (code, detail) = match &self {
            Self::Missing => {
                let detail = "The operation requires a credential; see WWW-Authenticate.";
                ("credential-missing", detail.to_owned())
            }
            Self::ApiKeyUnknown => ("api-key-unknown", "The API key is not accepted here.".to_owned()),
            Self::ApiKey(cause) => return told(cause.told(), challenges),
            Self::SignedKey(cause) => ("api-key-invalid", format!("The API key is not accepted: {cause}.")),
            Self::NotAdmitted(cause) => return told(cause.told(), challenges),
            Self::BasicInvalid => {
                ("basic-invalid", "The user name or the password is not accepted here.".to_owned())
            }
            Self::Attempts(seconds) => {
                let detail =
                    "Passwords were tried too often for this user or from this address; see Retry-After.";
                return Rejection::new(429, "attempts-exceeded", detail)
                    .with_header("retry-after", seconds.to_string());
            }
            Self::CertificateUnknown => {
                ("certificate-unknown", "The client's certificate is not accepted here.".to_owned())
            }
            Self::Certificate(cause) => {
                (certificate_code(*cause), format!("The client's certificate is not accepted: {cause}."))
            }
            Self::Token(cause) => (cause.code(), sentence(&cause.to_string())),
            Self::Unavailable(cause) => return Rejection::new(503, cause.code(), cause.to_string()),
            Self::Pending(_) => return Rejection::internal("undecided"),
            Self::ScopeMissing(scopes) => {
                let detail =
                    format!("The credential does not grant what is required: {}.", scopes.join(", "));
                let rejection = Rejection::new(403, "scope-missing", detail);
                return challenges.insufficient_scope(scopes, rejection);
            }
        };
        let token_error = match &self {
            Self::Token(cause) => Some(cause.to_string()),
            _ => None,
        };
        challenges.unauthorized(token_error.as_deref(), Rejection::new(401, code, detail))
    }
}

/// A 401 with its challenges, or another status.
fn told((status, code, detail): (u16, &'static str, &'static str), challenges: &Challenges) -> Rejection {
    let rejection = Rejection::new(status, code, detail);
    if status == 401 { challenges.unauthorized(None, rejection) } else { rejection }
}

fn certificate_code(cause: InvalidCertificate) -> &'static str {
    match cause {
        InvalidCertificate::Malformed => "certificate-malformed",
        InvalidCertificate::Expired => "certificate-expired",
        InvalidCertificate::NotYetValid => "certificate-not-yet-valid",
    }
}

fn describe(cause: &Refused) -> String {
    match cause {
        Refused::Missing(name) => format!("the token lacks the claim {name}"),
        Refused::WrongType(name) => format!("the token's claim {name} is of the wrong type"),
        Refused::Expired => "the token has expired".to_owned(),
        Refused::NotYetValid => "the token is not valid yet".to_owned(),
        Refused::Audience => "the token is not meant for this audience".to_owned(),
        Refused::Lacking => "the token lacks a claim that is required of its issuer".to_owned(),
        Refused::Mismatch => "a claim of the token has none of the values that are required of it".to_owned(),
    }
}

fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    match characters.next() {
        Some(first) => format!("{}{}.", first.to_ascii_uppercase(), characters.as_str()),
        None => String::new(),
    }
}
