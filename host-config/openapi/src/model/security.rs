//! Security: which schemes there are, and which an operation asks for.

use std::sync::Arc;

use crate::source::Place;

/// A way to show who one is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scheme<'d> {
    /// The kind and what belongs to it.
    pub kind: SchemeKind<'d>,
    /// Where it stands, references followed.
    pub place: Place,
}

/// The kinds of security scheme.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SchemeKind<'d> {
    /// A key in a header, the query or a cookie.
    ApiKey {
        /// Where the key stands.
        location: KeyLocation,
        /// The name of the header, query parameter or cookie.
        name: &'d str,
    },
    /// The `Authorization` header (RFC 9110 11.6.2).
    Http {
        /// `basic`, `bearer` or another registered scheme, as written; case-insensitive.
        scheme: &'d str,
        /// What kind of bearer token, for people.
        bearer_format: Option<&'d str>,
    },
    /// OAuth 2.0 bearer tokens.
    OAuth2 {
        /// Each flow's name and its scopes.
        flows: Vec<(&'d str, Vec<&'d str>)>,
    },
    /// OpenID Connect.
    OpenIdConnect {
        /// The discovery URL.
        url: &'d str,
    },
    /// A client certificate (3.1).
    MutualTls,
}

/// Where an API key stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyLocation {
    /// In a header.
    Header,
    /// In the query.
    Query,
    /// In a cookie.
    Cookie,
}

/// Who may call an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Security<'d> {
    /// Where it is said.
    pub origin: RequirementOrigin,
    /// Any one of these is enough; none at all means everybody.
    pub alternatives: Arc<[Requirement<'d>]>,
}

/// Where an operation's security is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequirementOrigin {
    /// At the operation; an empty list there opens it to everybody.
    Operation(Place),
    /// At the document's root.
    Root(Place),
    /// Nowhere: everybody may call it.
    Absent,
}

/// Schemes that must all be satisfied; none means everybody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement<'d> {
    /// The schemes.
    pub schemes: Vec<SchemeUse<'d>>,
    /// Where it stands.
    pub place: Place,
}

/// One scheme of a requirement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemeUse<'d> {
    /// Its name under `components.securitySchemes`.
    pub name: &'d str,
    /// The scopes, or in 3.1 roles of whatever kind, that are needed.
    pub scopes: Vec<&'d str>,
    /// Where the name stands.
    pub place: Place,
}
