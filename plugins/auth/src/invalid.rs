//! Why a configuration cannot be enforced.

use portcullis_core::{InvalidClientAddress, InvalidIndex};

/// Why a configuration cannot be enforced. Never holds a secret: keys and hashes are named by their place.
#[derive(Debug, thiserror::Error)]
pub enum InvalidAuth {
    /// The operations make no index.
    #[error(transparent)]
    Index(#[from] InvalidIndex),
    /// The client cannot be found that way.
    #[error("client_address: {0}")]
    ClientAddress(#[from] InvalidClientAddress),
    /// The realm cannot stand in a header.
    #[error("the realm contains a character that no header can carry")]
    Realm,
    /// A requirement names a scheme that is not configured.
    #[error("operation '{operation}' requires the scheme '{scheme}', which is not configured")]
    UnknownScheme {
        /// The operation's key.
        operation: String,
        /// The missing scheme.
        scheme: String,
    },
    /// A scheme accepts an issuer that is not configured.
    #[error("the scheme '{scheme}' accepts the issuer '{issuer}', which is not configured")]
    UnknownIssuer {
        /// The scheme's name.
        scheme: String,
        /// The missing issuer.
        issuer: String,
    },
    /// An API key's header name is no token, or one that carries something else.
    #[error("the scheme '{scheme}' reads a key from '{name}', which cannot hold one")]
    KeyName {
        /// The scheme's name.
        scheme: String,
        /// The name of the header, parameter or cookie.
        name: String,
    },
    /// An API key's digest is not 64 hexadecimal digits, is that of the empty text, or stands twice.
    #[error("the API key at position {position} (consumer '{consumer}'): {cause}")]
    ApiKey {
        /// Counted from 0.
        position: usize,
        /// Who holds it.
        consumer: String,
        /// What is wrong with it.
        cause: &'static str,
    },
    /// A certificate by which none can be known, or that stands twice.
    #[error("the certificate at position {position} (consumer '{consumer}'): {cause}")]
    Certificate {
        /// Counted from 0.
        position: usize,
        /// Who holds it.
        consumer: String,
        /// What is wrong with it.
        cause: &'static str,
    },
    /// Who passes certificates on cannot be told from others.
    #[error("the terminator: {0}")]
    Terminator(String),
    /// Nothing could be signed for upstreams.
    #[error("the upstreams' token: {0}")]
    BackendJwt(String),
    /// Who calls could not be told in a header.
    #[error("the identity header '{name}': {cause}")]
    IdentityHeader {
        /// Its name.
        name: String,
        /// What is wrong with it.
        cause: &'static str,
    },
    /// Nothing could be signed for callers.
    #[error("the key service: {0}")]
    KeyService(&'static str),
    /// An operation issues keys, and there is no key service, or other ways in than by one basic scheme.
    #[error("operation '{0}' issues keys, and is not set up for it")]
    IssuesKeys(String),
    /// A user that cannot be verified.
    #[error("the user '{name}': {cause}")]
    User {
        /// The user name.
        name: String,
        /// What is wrong.
        cause: UserError,
    },
    /// All users together cost too much.
    #[error("the users: {0}")]
    Users(UserError),
    /// An issuer whose tokens cannot be verified.
    #[error("the issuer '{name}': {cause}")]
    Issuer {
        /// Its name in the configuration.
        name: String,
        /// What is wrong.
        cause: IssuerError,
    },
}

/// What is wrong with a user.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UserError {
    /// RFC 7617 ends the name at the first colon.
    #[error("the name is empty or contains a colon or a control character")]
    Name,
    /// The same name twice.
    #[error("the name stands twice")]
    Repeated,
    /// It names an application that is not configured.
    #[error("the application is not known")]
    Application,
    /// None of the accepted forms.
    #[error(
        "the password is neither a PHC string with argon2id or PBKDF2 ($argon2id$…, $pbkdf2-sha256$…) nor bcrypt ($2y$…)"
    )]
    Format,
    /// A form that does not protect a password, or not in time that a worker has.
    #[error("the password's hash is {0}, which is not accepted: make it anew with `htpasswd -B`")]
    Weak(&'static str),
    /// So cheap that it guards nothing.
    #[error("the password's hash is too cheap to guard it: {0}")]
    TooCheap(&'static str),
    /// A check would hold a worker, and all its requests, for more than 5 ms.
    #[error("a check of the password would hold a worker for more than 5 ms: {0}")]
    TooDear(&'static str),
}

/// What is wrong with an issuer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IssuerError {
    /// An algorithm that is not supported; `none` is not.
    #[error("the algorithm '{0}' is not supported")]
    Algorithm(String),
    /// No algorithm at all.
    #[error("no algorithm is accepted")]
    NoAlgorithm,
    /// No claim would name the consumer.
    #[error("no claim names the consumer")]
    NoConsumerClaim,
    /// A claim that decides on a token's goodness would be read from elsewhere.
    #[error("the claim '{0}' cannot be mapped: it means the same in every token")]
    MappedClaim(String),
    /// A `typ` that no token may have.
    #[error("the token type '{0}' is neither JWT nor ends in +jwt")]
    TokenType(String),
    /// A key that claims to serve an accepted algorithm but cannot.
    #[error("the key at position {position} is no usable {algorithm} key: {cause}")]
    Key {
        /// Counted from 0.
        position: usize,
        /// The algorithm it was read for.
        algorithm: &'static str,
        /// What the reader of keys says.
        cause: String,
    },
    /// Algorithms of both kinds: a public key must never be taken for a secret.
    #[error("symmetric and other algorithms are accepted of one issuer; it must be one or the other")]
    MixedAlgorithms,
    /// Keys beside symmetric algorithms, or secrets beside others.
    #[error("HS256, HS384 and HS512 need secrets and no keys, all other algorithms keys and no secrets")]
    MixedKeys,
    /// A secret that is easier to guess than the hash.
    #[error("the secret at position {position} is no base64url, or shorter than the hash of {algorithm}")]
    ShortSecret {
        /// Counted from 0.
        position: usize,
        /// The algorithm it was read for.
        algorithm: &'static str,
    },
    /// Private or symmetric key material.
    #[error("the key at position {position} is secret; only public keys belong here")]
    SecretKey {
        /// Counted from 0.
        position: usize,
    },
    /// Not one key fits an accepted algorithm.
    #[error("none of its keys fits an accepted algorithm")]
    NoKey,
}
