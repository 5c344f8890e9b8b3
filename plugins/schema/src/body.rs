//! The body of an operation: whether there must be one, of which media types, and what is in it. The head
//! decides what it can; only then is the body asked for.

use std::rc::Rc;

use portcullis_config::schema::{BodyConfig, ContentConfig, FormatConfig, ShapeConfig};
use portcullis_core::{Headers, Rejection, Request};

use crate::fault::{Fault, Violations};
use crate::form;
use crate::json;
use crate::media_type::{MediaType, trim};
use crate::multipart::{self, PartTypes};
use crate::schema::{Broken, InvalidSchema, Schema};
use crate::value::Value;
use crate::xml;

/// What an operation says of its body.
#[derive(Debug)]
pub(crate) struct Body {
    required: bool,
    max_bytes: u32,
    contents: Vec<Content>,
}

#[derive(Debug)]
struct Content {
    range: MediaType,
    format: Format,
    schema: Option<Rc<Schema>>,
}

#[derive(Debug)]
enum Format {
    Json,
    Form(ShapeConfig, form::Encodings),
    Multipart(ShapeConfig, PartTypes),
    Xml(ShapeConfig, Option<String>),
    Text,
    Bytes,
}

/// Why a body's declaration cannot be enforced.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidBody {
    /// Not a media range.
    #[error("'{range}' is not a media range")]
    Range {
        /// The text.
        range: String,
    },
    /// A schema.
    #[error("the schema of '{range}': {cause}")]
    Schema {
        /// The media range.
        range: String,
        /// What is wrong with it.
        cause: InvalidSchema,
    },
}

/// What is known of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Presence {
    Absent,
    /// There is one; of this many bytes, if the head says so.
    Present(Option<u64>),
    /// Only the message's end will tell.
    Unknown,
}

/// What to do about a body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// All is said; the violations tell whether it is good.
    Judged,
    /// The body must be seen.
    Needed(u32),
    /// No schema is needed to refuse it.
    Refused(Rejection),
}

impl Body {
    /// `intern` makes schemas, so that equal ones are compiled once.
    pub(crate) fn new(
        config: BodyConfig,
        mut intern: impl FnMut(Box<serde_json::value::RawValue>) -> Result<Rc<Schema>, InvalidSchema>,
    ) -> Result<Self, InvalidBody> {
        let content = |content: ContentConfig| {
            let range = read_range(&content.range)?;
            let schema = content.schema.map(&mut intern).transpose();
            let schema = schema.map_err(|cause| InvalidBody::Schema { range: content.range, cause })?;
            Ok(Content { range, format: Format::new(content.format)?, schema })
        };
        let contents = config.content.into_iter().map(content).collect::<Result<_, _>>()?;
        Ok(Self { required: config.required, max_bytes: config.max_bytes, contents })
    }

    /// Judges the body, or as much of it as the head shows.
    pub(crate) fn check(&self, request: &Request, violations: &mut Violations) -> Result<Verdict, Broken> {
        let presence = match request.body() {
            Some([]) => Presence::Absent,
            Some(bytes) => Presence::Present(Some(bytes.len() as u64)),
            None => presence_in_head(request.headers()),
        };
        match presence {
            Presence::Absent => {
                if self.required {
                    violations.add("body", "", "", "required", "is missing".into());
                }
                return Ok(Verdict::Judged);
            }
            Presence::Unknown => return Ok(Verdict::Needed(self.max_bytes)),
            Presence::Present(_) => {}
        }
        let (content, media) = match self.content_for(request.headers()) {
            Ok(found) => found,
            Err(refusal) => return Ok(Verdict::Refused(refusal)),
        };
        if let Presence::Present(Some(length)) = presence
            && length > u64::from(self.max_bytes)
        {
            let detail = format!("The body is longer than {} bytes.", self.max_bytes);
            return Ok(Verdict::Refused(Rejection::new(413, "body-too-large", detail)));
        }
        let sized = matches!(presence, Presence::Present(Some(_)));
        match request.body() {
            Some(bytes) => content.check(bytes, media.as_ref(), violations).map(|()| Verdict::Judged),
            None if sized && matches!(content.format, Format::Bytes) => Ok(Verdict::Judged),
            None => Ok(Verdict::Needed(self.max_bytes)),
        }
    }

    /// The declared content that the head's media type means: the most specific range, the first of equals.
    fn content_for(&self, headers: &Headers) -> Result<(&Content, Option<MediaType>), Rejection> {
        check_coding(headers)?;
        let mut types = headers.all("content-type");
        let media = match (types.next(), types.next()) {
            (None, _) => None,
            (Some(text), None) => {
                let media = std::str::from_utf8(text).ok().and_then(MediaType::parse);
                Some(media.ok_or_else(|| self.undeclared("The Content-Type is not a media type."))?)
            }
            _ => return Err(self.undeclared("There is more than one Content-Type.")),
        };
        let mut best: Option<&Content> = None;
        for content in self.contents.iter().filter(|content| content.takes(media.as_ref())) {
            if best.is_none_or(|best| content.range.specificity() > best.range.specificity()) {
                best = Some(content);
            }
        }
        let content = best.ok_or_else(|| match media {
            Some(_) => self.undeclared("The operation does not take bodies of this media type."),
            None => self.undeclared("The body has no Content-Type."),
        })?;
        content.check_charset(media.as_ref())?;
        Ok((content, media))
    }

    fn undeclared(&self, detail: &'static str) -> Rejection {
        let declared: Vec<_> = self.contents.iter().map(|content| content.range.to_string()).collect();
        Rejection::new(415, "media-type-undeclared", detail).with_header("accept", declared.join(", "))
    }
}

impl Content {
    fn takes(&self, media: Option<&MediaType>) -> bool {
        match media {
            Some(media) => self.range.includes(media),
            None => self.range.specificity() == (false, false, 0),
        }
    }

    fn check_charset(&self, media: Option<&MediaType>) -> Result<(), Rejection> {
        let is_text = !matches!(self.format, Format::Bytes);
        let charset = media.and_then(|media| media.parameter("charset")).filter(|_| is_text);
        let known = |charset: &str| {
            ["utf-8", "utf8", "us-ascii"].iter().any(|known| charset.eq_ignore_ascii_case(known))
        };
        if charset.is_none_or(known) {
            return Ok(());
        }
        Err(Rejection::new(415, "charset-unsupported", "Bodies are read as UTF-8 only."))
    }

    fn check(
        &self,
        bytes: &[u8],
        media: Option<&MediaType>,
        violations: &mut Violations,
    ) -> Result<(), Broken> {
        match (self.format.read(bytes, media), &self.schema) {
            (Err(fault), _) => violations.add_fault("body", "", fault),
            (Ok(Some(value)), Some(schema)) if !schema.accepts(&value)? => {
                schema.explain(&value, "body", "", violations)?;
            }
            _ => {}
        }
        Ok(())
    }
}

impl Format {
    fn new(config: FormatConfig) -> Result<Self, InvalidBody> {
        Ok(match config {
            FormatConfig::Json => Self::Json,
            FormatConfig::Form { shape, encoding } => Self::Form(shape, encoding),
            FormatConfig::Multipart { shape, content_types } => {
                let ranges = |(name, texts): (String, Vec<String>)| {
                    let ranges = texts.iter().map(|text| read_range(text)).collect::<Result<_, _>>()?;
                    Ok((name, ranges))
                };
                Self::Multipart(shape, content_types.into_iter().map(ranges).collect::<Result<_, _>>()?)
            }
            FormatConfig::Xml { shape, root } => Self::Xml(shape, root),
            FormatConfig::Text => Self::Text,
            FormatConfig::Bytes => Self::Bytes,
        })
    }

    /// The body as a value; `None` when there is nothing in it to judge.
    fn read<'t>(&self, bytes: &'t [u8], media: Option<&MediaType>) -> Result<Option<Value<'t>>, Fault> {
        match self {
            Self::Json => json::read(bytes, json::Limits::MESSAGE),
            Self::Form(shape, encodings) => form::read(bytes, shape, encodings),
            Self::Multipart(shape, allowed) => {
                let boundary = media.and_then(|media| media.parameter("boundary")).unwrap_or_default();
                multipart::read(bytes, boundary, shape, allowed)
            }
            Self::Xml(shape, root) => xml::read(bytes, shape, root.as_deref()),
            Self::Text => std::str::from_utf8(bytes)
                .map(|text| Value::String(text.into()))
                .map_err(|_| Fault::new("syntax", "is not UTF-8")),
            Self::Bytes => return Ok(None),
        }
        .map(Some)
    }
}

fn read_range(text: &str) -> Result<MediaType, InvalidBody> {
    MediaType::parse(text).ok_or_else(|| InvalidBody::Range { range: text.to_owned() })
}

fn presence_in_head(headers: &Headers) -> Presence {
    if headers.first("transfer-encoding").is_some() {
        return Presence::Present(None);
    }
    let mut lengths = headers.all("content-length");
    match (lengths.next().map(read_length), lengths.next()) {
        (Some(Some(0)), None) => Presence::Absent,
        (Some(Some(length)), None) => Presence::Present(Some(length)),
        _ => Presence::Unknown,
    }
}

fn read_length(text: &[u8]) -> Option<u64> {
    let text =
        std::str::from_utf8(text).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))?;
    text.parse().ok()
}

/// Refuses a compressed body: what is inside would go unseen.
fn check_coding(headers: &Headers) -> Result<(), Rejection> {
    let is_identity = |coding: &[u8]| {
        std::str::from_utf8(coding).is_ok_and(|coding| {
            coding.split(',').map(trim).all(|one| one.is_empty() || one.eq_ignore_ascii_case("identity"))
        })
    };
    if headers.all("content-encoding").all(is_identity) {
        return Ok(());
    }
    let detail = "Bodies with a content coding cannot be checked.";
    Err(Rejection::new(415, "content-coding-unsupported", detail).with_header("accept-encoding", "identity"))
}
