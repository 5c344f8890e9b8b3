//! The codes of this crate's diagnostics, each with the sentence its reference page shows. Codes are stable.

macro_rules! codes {
    ($($name:ident = $code:literal: $explanation:literal;)*) => {
        $(#[doc = $explanation] pub const $name: &str = $code;)*
        /// Every code of this crate with its explanation.
        pub const ALL: &[(&str, &str)] = &[$(($code, $explanation)),*];
    };
}

codes! {
    // The gateway file and `x-portcullis`.
    FILE_UNKNOWN = "file-unknown": "The file is neither an OpenAPI document nor a gateway file.";
    SETTING_INVALID = "setting-invalid": "A setting is unknown, missing or of the wrong kind.";
    NAME_DUPLICATE = "name-duplicate": "Two things of the gateway have the same name.";
    ENDPOINT_MISSING = "endpoint-missing": "Nothing says where an operation's requests should go.";
    ENDPOINT_INVALID = "endpoint-invalid": "An endpoint is neither `mock` nor an absolute http or https URL.";
    ENDPOINT_UNSUPPORTED = "endpoint-unsupported": "A setting of an endpoint cannot be enforced by this version.";
    LIMIT_UNKNOWN = "limit-unknown": "A limit is named that the gateway file does not define.";
    ISSUER_UNKNOWN = "issuer-unknown": "An issuer is named that the gateway file does not define.";
    CREDENTIAL_FILE = "credential-file": "A file with keys or users could not be read.";
    PASSWORD_HASH = "password-hash": "A user's password hash is of a kind that is not accepted, or a check of it costs too little or too much.";
    APPLICATION_UNKNOWN = "application-unknown": "A key or user belongs to an application that the gateway file does not define.";
    IDENTITY_EMPTY = "identity-empty": "A security scheme is used for which the gateway knows no credential: nobody can pass.";
    TIER_OF_CREDENTIAL = "tier-of-credential": "There are limits by the subscription's tier, but an API does not ask for subscriptions: there the tier of the credential itself counts.";
    ISSUER_DERIVED = "issuer-derived": "The gateway file names no issuer: the one of `openIdConnectUrl` is accepted.";
    SECRET_IN_BUNDLE = "secret-in-bundle": "A secret stands in the bundle, where an environment variable could hold it.";
    LISTENER_INVALID = "listener-invalid": "A listener's address or TLS settings are not usable.";
    WAIVER_UNKNOWN = "waiver-unknown": "A waiver names no code that can be waived.";
    // Paths.
    PATH_TEMPLATE = "path-template": "A path is not a template that requests can be matched with.";
    PATH_RESERVED = "path-reserved": "An operation has a path at which the gateway publishes its own keys.";
    PATH_CONFLICT = "path-conflict": "No request can tell two operations apart.";
    PATH_CONDITION = "path-condition": "A path has a query or fragment, which OpenAPI does not allow; what names a parameter is enforced as a condition.";
    // Security.
    SCHEME_UNSUPPORTED = "scheme-unsupported": "A security scheme cannot be enforced by this version.";
    SECURITY_OVERRIDDEN = "security-overridden": "An extension of WSO2 holds instead of what the document's `security` says.";
    // Parameters, bodies and schemas.
    PARAMETER_UNSUPPORTED = "parameter-unsupported": "A parameter's encoding cannot be enforced by this version.";
    STYLE_MISMATCH = "style-mismatch": "A parameter's style has no meaning for the type of its schema.";
    MEDIA_TYPE_UNSUPPORTED = "media-type-unsupported": "A body's media type has a schema that cannot be enforced by this version.";
    MEDIA_TYPE_INVALID = "media-type-invalid": "A key under `content` is not a media type or range.";
    SCHEMA_INVALID = "schema-invalid": "A schema does not compile.";
    SCHEMA_DIALECT = "schema-dialect": "A schema names a dialect other than that of its OpenAPI version.";
    SCHEMA_KEYWORD_IGNORED = "schema-keyword-ignored": "A keyword has no meaning in this OpenAPI version's schemas.";
    SCHEMA_KEYWORD_UNSUPPORTED = "schema-keyword-unsupported": "A keyword of a schema cannot be enforced by this version.";
    MEDIA_TYPE_UNMAPPED = "media-type-unmapped": "A schema has no meaning for its media type: type, presence and size of the body are enforced, the schema is not.";
    HEADER_OF_PROXY = "header-of-proxy": "A header parameter is one that Envoy sets or removes: what clients send of it is not seen.";
    ENCODING_UNUSED = "encoding-unused": "An encoding is for a property that the schema of a form or multipart body does not have.";
    PARAMETER_NARROWED = "parameter-narrowed": "OpenAPI does not define how a parameter's value is written; JSON texts and names in brackets are read, and nothing else.";
    MEDIA_TYPE_NARROWED = "media-type-narrowed": "A media range with a schema accepts JSON alone, the one kind of body that it can be about.";
    XML_DEPTH = "xml-depth": "The schema of an XML body contains itself: it is read down to some levels, and a body that nests deeper is refused.";
    MOCK_TOO_LARGE = "mock-too-large": "An example, or a value made from a schema, is too large to be answered by the mock.";
    SCHEMA_COSTLY = "schema-costly": "A schema may be visited more than a million times for one value: alternatives multiply.";
    DEFAULT_INVALID = "default-invalid": "A `default` violates its own schema.";
    EXAMPLE_INVALID = "example-invalid": "An example violates the schema that it is an example of.";
    FORMAT_UNKNOWN = "format-unknown": "A format is not one that is asserted; values are not checked against it.";
}

/// The codes that `waive` in `x-portcullis` may name: constructs that are then not enforced, or not offered.
pub const WAIVABLE: &[&str] = &[
    SCHEME_UNSUPPORTED,
    PARAMETER_UNSUPPORTED,
    STYLE_MISMATCH,
    MEDIA_TYPE_UNSUPPORTED,
    MEDIA_TYPE_INVALID,
    ENDPOINT_UNSUPPORTED,
];
