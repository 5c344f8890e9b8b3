//! What of an operation is enforced, what is only looked at, and what is left alone. Written in `x-portcullis` and, for a
//! whole API, in the gateway file; key by key, the innermost wins.

use portcullis_config::schema::{ObserveConfig, ResponseMode};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{CEILING_MAX_BODY_BYTES, DEFAULT_MAX_BODY_BYTES};

/// Which parts of a message are held against the document, and what follows.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ValidationFile {
    /// Path, query, header and cookie parameters. Default: `enforce`.
    #[serde(default)]
    pub parameters: Option<RequestModeFile>,
    /// Request bodies. Default: `enforce`.
    #[serde(default)]
    pub body: Option<RequestModeFile>,
    /// Responses: status, headers and body. Default: `off`.
    #[serde(default)]
    pub responses: Option<ResponseModeFile>,
    /// Request bodies in gzip or deflate: `refuse` (default), or `decode`: what comes out is judged, and bounded by
    /// `maxBodyBytes`; the upstream gets the body as it came.
    #[serde(default)]
    pub compressed: Option<CompressedFile>,
    /// Most bytes that a response body may have to be judged. Default: 1 MiB.
    #[serde(default)]
    #[schemars(range(min = 1, max = 33_554_432))]
    pub max_response_bytes: Option<u32>,
    /// Formats of schemas: `assert` (default), or `annotate`: values are not checked against them.
    #[serde(default)]
    pub formats: Option<FormatsFile>,
    /// Values that violate a schema: `hide` (default), or `show`: the answer to a refused request repeats numbers, truth
    /// values and texts, these up to 64 bytes. Logs, metrics and answers to wrong responses never do.
    #[serde(default)]
    pub values: Option<ValuesFile>,
}

/// What a client is told of the values that it sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ValuesFile {
    /// Where they are, and what is wrong with them.
    Hide,
    /// What they are, besides.
    Show,
}

/// What `format` means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum FormatsFile {
    /// A value must be written in its format, where the format is one that is known.
    Assert,
    /// It is said to readers alone.
    Annotate,
}

/// What becomes of compressed request bodies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum CompressedFile {
    /// They are 415.
    Refuse,
    /// They are read.
    Decode,
}

/// What becomes of a request that is not as described.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RequestModeFile {
    /// It passes; the access log says what is wrong.
    Observe,
    /// It is refused.
    Enforce,
}

/// What becomes of a response that is not as described.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ResponseModeFile {
    /// Nobody looks.
    Off,
    /// It passes, and is not held; the access log says what is wrong.
    Observe,
    /// The client gets 502. Bodies are held until they are judged.
    Enforce,
}

/// What holds for one operation.
#[derive(Debug, Clone, Copy)]
pub struct Validation {
    /// What of the request is not enforced.
    pub observe: ObserveConfig,
    /// Whether compressed request bodies are read.
    pub decode: bool,
    /// Whether responses are judged, and what follows.
    pub responses: Option<ResponseMode>,
    /// Most bytes of a response body.
    pub max_response_bytes: u32,
    /// Whether formats are asserted.
    pub asserts_formats: bool,
    /// Whether refusals show values.
    pub shows_values: bool,
}

impl Default for Validation {
    fn default() -> Self {
        Self {
            observe: ObserveConfig::default(),
            decode: false,
            responses: None,
            max_response_bytes: DEFAULT_MAX_BODY_BYTES,
            asserts_formats: true,
            shows_values: false,
        }
    }
}

impl Validation {
    /// Takes over what an inner level says; false when `maxResponseBytes` is out of its bounds.
    pub(crate) fn overlay(&mut self, file: &ValidationFile) -> bool {
        let observes = |mode: RequestModeFile| mode == RequestModeFile::Observe;
        if let Some(mode) = file.parameters {
            self.observe.parameters = observes(mode);
        }
        if let Some(mode) = file.body {
            self.observe.body = observes(mode);
        }
        if let Some(compressed) = file.compressed {
            self.decode = compressed == CompressedFile::Decode;
        }
        if let Some(formats) = file.formats {
            self.asserts_formats = formats == FormatsFile::Assert;
        }
        if let Some(values) = file.values {
            self.shows_values = values == ValuesFile::Show;
        }
        match file.responses {
            Some(ResponseModeFile::Off) => self.responses = None,
            Some(ResponseModeFile::Observe) => self.responses = Some(ResponseMode::Observe),
            Some(ResponseModeFile::Enforce) => self.responses = Some(ResponseMode::Enforce),
            None => {}
        }
        if let Some(bytes) = file.max_response_bytes {
            if bytes == 0 || bytes > CEILING_MAX_BODY_BYTES {
                return false;
            }
            self.max_response_bytes = bytes;
        }
        true
    }
}
