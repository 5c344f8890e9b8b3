//! The declared responses of one operation: which status pattern answers for a status, and what is sent.

use std::borrow::Cow;
use std::collections::BTreeMap;

use portcullis_config::mock::{MockContentConfig, MockResponseConfig};
use portcullis_core::Reply;

use crate::accept::Accept;
use crate::fields::is_token;
use crate::media_type::MediaType;

/// Headers that belong to the message's framing or to its body; a document cannot set them.
const NOT_DECLARABLE: [&str; 9] = [
    "connection",
    "content-length",
    "content-type",
    "keep-alive",
    "preference-applied",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// One declared response.
#[derive(Debug)]
pub(crate) struct Response {
    /// Which statuses it answers for.
    pub(crate) status: StatusPattern,
    headers: Vec<(String, String)>,
    contents: Vec<Content>,
}

/// What a document declares a response for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StatusPattern {
    /// `404`
    Exact(u16),
    /// `4XX`, by its first digit.
    Class(u16),
    /// `default`
    Default,
}

#[derive(Debug)]
struct Content {
    media_type: MediaType,
    body: Option<String>,
    examples: BTreeMap<String, String>,
}

/// What a response cannot be made from.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidResponse {
    /// Neither a status, nor a class of them, nor `default`.
    #[error("'{0}' is no status")]
    Status(String),
    /// A name or value that no header can have.
    #[error("the header '{0}' cannot be sent")]
    Header(String),
    /// Text that is no media type.
    #[error("'{0}' is no media type")]
    MediaType(String),
}

/// Why a response has no answer for a request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NoContent<'r> {
    /// No example of that name; these there are.
    Example(Vec<&'r str>),
    /// Content without any example.
    Body,
    /// The client takes none of these media types.
    NotAcceptable(Vec<&'r str>),
}

impl Response {
    pub(crate) fn compile(config: MockResponseConfig) -> Result<Self, InvalidResponse> {
        let status = StatusPattern::parse(&config.status).ok_or(InvalidResponse::Status(config.status))?;
        let mut headers = Vec::with_capacity(config.headers.len());
        for (name, value) in config.headers {
            let name = name.to_ascii_lowercase();
            if !is_token(&name) || value.chars().any(char::is_control) {
                return Err(InvalidResponse::Header(name));
            }
            if !NOT_DECLARABLE.contains(&name.as_str()) {
                headers.push((name, value));
            }
        }
        let contents = config.content.into_iter().map(Content::compile).collect::<Result<_, _>>()?;
        Ok(Self { status, headers, contents })
    }

    /// The answer with this status: the content the client likes best among those that have an example, or the
    /// example of that name.
    pub(crate) fn reply(
        &self,
        status: u16,
        accept: &Accept<'_>,
        example: Option<&str>,
    ) -> Result<Reply, NoContent<'_>> {
        let headers = self.headers.iter().map(|(name, value)| (Cow::Owned(name.clone()), value.clone()));
        let mut reply = Reply { status, headers: headers.collect(), body: Vec::new() };
        // These have no content (RFC 9110, section 6.4.1), whatever the document says.
        let never_has_content = matches!(status, 204 | 205 | 304);
        if example.is_none() && (never_has_content || self.contents.is_empty()) {
            return Ok(reply);
        }
        let offers = self.contents.iter().filter_map(|content| Some((content, content.body(example)?)));
        let offers: Vec<_> = offers.collect();
        if offers.is_empty() {
            return Err(if example.is_some() { self.no_example() } else { NoContent::Body });
        }
        let (content, body) = accept
            .choose(offers.iter(), |(content, _)| &content.media_type)
            .ok_or_else(|| NoContent::NotAcceptable(self.media_types(example)))?;
        if !never_has_content {
            reply.headers.push((Cow::Borrowed("content-type"), content.media_type.text.clone()));
            reply.body = body.as_bytes().to_vec();
        }
        Ok(reply)
    }

    fn no_example(&self) -> NoContent<'_> {
        let mut names: Vec<&str> =
            self.contents.iter().flat_map(|content| content.examples.keys()).map(String::as_str).collect();
        names.sort_unstable();
        names.dedup();
        NoContent::Example(names)
    }

    fn media_types(&self, example: Option<&str>) -> Vec<&str> {
        let offered = self.contents.iter().filter(|content| content.body(example).is_some());
        offered.map(|content| content.media_type.text.as_str()).collect()
    }
}

impl StatusPattern {
    fn parse(text: &str) -> Option<Self> {
        if text == "default" {
            return Some(Self::Default);
        }
        match text.as_bytes() {
            [class @ b'1'..=b'5', b'X' | b'x', b'X' | b'x'] => Some(Self::Class(u16::from(class - b'0'))),
            [b'1'..=b'5', b'0'..=b'9', b'0'..=b'9'] => text.parse().ok().map(Self::Exact),
            _ => None,
        }
    }

    /// The status to send when the client asked for none.
    pub(crate) fn own_status(self) -> u16 {
        match self {
            Self::Exact(status) => status,
            Self::Class(class) => class * 100,
            Self::Default => 200,
        }
    }
}

impl std::fmt::Display for StatusPattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Exact(status) => write!(f, "{status}"),
            Self::Class(class) => write!(f, "{class}XX"),
            Self::Default => f.write_str("default"),
        }
    }
}

impl Content {
    fn compile(config: MockContentConfig) -> Result<Self, InvalidResponse> {
        let media_type =
            MediaType::parse(&config.media_type).ok_or(InvalidResponse::MediaType(config.media_type))?;
        Ok(Self { media_type, body: config.body, examples: config.examples })
    }

    fn body(&self, example: Option<&str>) -> Option<&str> {
        match example {
            Some(name) => self.examples.get(name).map(String::as_str),
            None => self.body.as_deref(),
        }
    }
}
