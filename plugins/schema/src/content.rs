//! The media types that are declared for a body: which of them a message's head means, and what a body of it must
//! satisfy. Requests and responses share it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::rc::Rc;

use portcullis_config::schema::{ContentConfig, FormatConfig, ParameterConfig, ShapeConfig};
use portcullis_core::Headers;
use serde_json::value::RawValue;

use crate::coding::{Coding, Undecoded};
use crate::fault::{Fault, Violations};
use crate::form;
use crate::json;
use crate::lines;
use crate::media_type::{MediaType, is_utf8};
use crate::multipart::{PartHeaders, Parts};
use crate::parameter::Parameter;
use crate::schema::{InvalidSchema, Schema, Unjudged};
use crate::shape;
use crate::value::Value;
use crate::work::Work;
use crate::xml;

/// Makes schemas of their texts.
pub(crate) type Intern<'i> = dyn FnMut(Box<RawValue>) -> Result<Rc<Schema>, InvalidSchema> + 'i;

/// What a head says of a body.
pub(crate) struct Found<'c> {
    pub(crate) content: &'c Content,
    media: Option<MediaType>,
    coding: Coding,
}

/// The declared media types.
#[derive(Debug)]
pub(crate) struct Contents(Vec<Content>);

#[derive(Debug)]
pub(crate) struct Content {
    range: MediaType,
    /// Whether of the types in the range those of JSON alone are declared.
    json_alone: bool,
    format: Format,
    /// What the schema takes, where it says how text is read.
    shape: ShapeConfig,
    schema: Option<Rc<Schema>>,
}

#[derive(Debug)]
enum Format {
    Json,
    /// Whether the schema is for each line.
    Lines(bool),
    Form(form::Encodings),
    Multipart(Box<Parts>),
    Xml(Option<String>),
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
    /// A header of parts.
    #[error("the header '{0}' of parts")]
    Header(String),
}

/// Why no declared media type is the message's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mismatch {
    /// The body is compressed in a way that is not read: what is inside would go unseen.
    Coding,
    /// `Content-Type` is no media type.
    Malformed,
    /// There is more than one `Content-Type`.
    Several,
    /// There is none.
    Missing,
    /// None that is declared.
    Undeclared,
    /// Not UTF-8.
    Charset,
}

impl Contents {
    /// `intern` makes schemas, so that equal ones are compiled once.
    pub(crate) fn new(configs: Vec<ContentConfig>, intern: &mut Intern<'_>) -> Result<Self, InvalidBody> {
        let content = |content: ContentConfig| {
            let range = read_range(&content.range)?;
            let schema = content.schema.map(&mut *intern).transpose();
            let schema = schema.map_err(|cause| InvalidBody::Schema { range: content.range, cause })?;
            let (format, shape) = Format::new(content.format, intern)?;
            Ok(Content { range, json_alone: content.json_alone, format, shape, schema })
        };
        configs.into_iter().map(content).collect::<Result<_, _>>().map(Self)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The content that the head's media type means: the most specific range, the first of equals.
    pub(crate) fn find(&self, headers: &Headers) -> Result<Found<'_>, Mismatch> {
        let coding = Coding::of(headers).ok_or(Mismatch::Coding)?;
        let mut types = headers.all("content-type");
        let media = match (types.next(), types.next()) {
            (None, _) => None,
            (Some(text), None) => {
                let media = std::str::from_utf8(text).ok().and_then(MediaType::parse);
                Some(media.ok_or(Mismatch::Malformed)?)
            }
            _ => return Err(Mismatch::Several),
        };
        let mut best: Option<&Content> = None;
        for content in self.0.iter().filter(|content| content.takes(media.as_ref())) {
            if best.is_none_or(|best| content.range.specificity() > best.range.specificity()) {
                best = Some(content);
            }
        }
        let content = best.ok_or(if media.is_some() { Mismatch::Undeclared } else { Mismatch::Missing })?;
        if content.is_other_charset(media.as_ref()) {
            return Err(Mismatch::Charset);
        }
        Ok(Found { content, media, coding })
    }

    /// The ranges, as an `Accept` lists them.
    pub(crate) fn list(&self) -> String {
        let mut ranges: Vec<String> = Vec::new();
        for content in &self.0 {
            let range = match content.json_alone {
                true => "application/json".to_owned(),
                false => content.range.to_string(),
            };
            if !ranges.contains(&range) {
                ranges.push(range);
            }
        }
        ranges.join(", ")
    }
}

impl Content {
    fn takes(&self, media: Option<&MediaType>) -> bool {
        match media {
            Some(media) => self.range.includes(media) && (!self.json_alone || media.is_json()),
            None => self.range.specificity() == (false, false, 0) && !self.json_alone,
        }
    }

    fn is_other_charset(&self, media: Option<&MediaType>) -> bool {
        let is_text = !matches!(self.format, Format::Bytes);
        let charset = media.and_then(|media| media.parameter("charset")).filter(|_| is_text);
        !charset.is_none_or(is_utf8)
    }

    /// Whether type and size are all there is to say.
    pub(crate) fn is_bytes(&self) -> bool {
        matches!(self.format, Format::Bytes)
    }

    fn check(
        &self,
        bytes: &[u8],
        media: Option<&MediaType>,
        violations: &mut Violations,
    ) -> Result<(), Unjudged> {
        if let (Format::Lines(true), Some(schema)) = (&self.format, &self.schema) {
            return lines::check(bytes, schema, violations);
        }
        if let (Format::Json, Some(schema)) = (&self.format, &self.schema)
            && schema.accepts_text(bytes, &violations.work)?
        {
            return Ok(());
        }
        let read = self.format.read(bytes, media, &self.shape, &mut violations.work)?;
        match (read, &self.schema) {
            (Err(fault), _) => violations.add_fault("body", "", fault),
            (Ok(Some(value)), Some(schema))
                if !schema.accepts(&value, &violations.work)?
                    && !self.accepts_as_texts(bytes, media, schema, &mut violations.work)? =>
            {
                schema.explain(&value, "body", "", violations)?;
            }
            _ => {}
        }
        Ok(())
    }

    /// Whether the body is right when what could be a number or a text is a text.
    fn accepts_as_texts(
        &self,
        bytes: &[u8],
        media: Option<&MediaType>,
        schema: &Schema,
        work: &mut Work,
    ) -> Result<bool, Unjudged> {
        let Some(shape) = shape::texts_first(&self.shape) else { return Ok(false) };
        match self.format.read(bytes, media, &shape, work)? {
            Ok(Some(value)) => schema.accepts(&value, work),
            _ => Ok(false),
        }
    }
}

impl Found<'_> {
    pub(crate) fn is_identity(&self) -> bool {
        self.coding == Coding::Identity
    }

    /// The media type, if the head names one.
    pub(crate) fn media(&self) -> Option<&MediaType> {
        self.media.as_ref()
    }

    /// Adds what is wrong with a body; false when more than `max` bytes come out of it.
    pub(crate) fn check(
        &self,
        bytes: &[u8],
        max: u32,
        violations: &mut Violations,
    ) -> Result<bool, Unjudged> {
        let bytes = match self.coding {
            Coding::Identity => Cow::Borrowed(bytes),
            coding => match coding.decode(bytes, max as usize) {
                Ok(decoded) => Cow::Owned(decoded),
                Err(Undecoded::TooLong) => return Ok(false),
                Err(Undecoded::Malformed) => {
                    let message = "is not written in its content coding".into();
                    violations.add("body", "", "", "contentEncoding", message);
                    return Ok(true);
                }
            },
        };
        self.content.check(&bytes, self.media.as_ref(), violations).map(|()| true)
    }
}

impl Format {
    fn new(config: FormatConfig, intern: &mut Intern<'_>) -> Result<(Self, ShapeConfig), InvalidBody> {
        let plain = |format| (format, ShapeConfig::default());
        Ok(match config {
            FormatConfig::Json => plain(Self::Json),
            FormatConfig::JsonLines { each } => plain(Self::Lines(each)),
            FormatConfig::Form { shape, encoding } => (Self::Form(encoding), shape),
            FormatConfig::Multipart { shape, content_types, styles, headers } => {
                let ranges = |(name, texts): (String, Vec<String>)| {
                    let ranges = texts.iter().map(|text| read_range(text)).collect::<Result<_, _>>()?;
                    Ok((name, ranges))
                };
                let types = content_types.into_iter().map(ranges).collect::<Result<_, _>>()?;
                let headers = part_headers(headers, intern)?;
                (Self::Multipart(Box::new(Parts { types, styles, headers })), shape)
            }
            FormatConfig::Xml { shape, root } => (Self::Xml(root), shape),
            FormatConfig::Text => plain(Self::Text),
            FormatConfig::Bytes => plain(Self::Bytes),
        })
    }

    /// The body as a value; `None` when there is nothing in it to judge.
    fn read<'t>(
        &self,
        bytes: &'t [u8],
        media: Option<&MediaType>,
        shape: &ShapeConfig,
        work: &mut Work,
    ) -> Result<Result<Option<Value<'t>>, Fault>, Unjudged> {
        let read = match self {
            Self::Json => json::read(bytes, json::Limits::MESSAGE),
            Self::Lines(_) => lines::read(bytes),
            Self::Form(encodings) => form::read(bytes, shape, encodings),
            Self::Multipart(parts) => {
                let boundary = media.and_then(MediaType::boundary).unwrap_or_default();
                parts.read_with_headers(bytes, boundary, shape, work)?
            }
            Self::Xml(root) => xml::read(bytes, shape, root.as_deref()),
            Self::Text => std::str::from_utf8(bytes)
                .map(|text| Value::String(text.into()))
                .map_err(|_| Fault::new("syntax", "is not UTF-8")),
            Self::Bytes => return Ok(Ok(None)),
        };
        Ok(read.map(Some))
    }
}

fn read_range(text: &str) -> Result<MediaType, InvalidBody> {
    MediaType::parse(text).ok_or_else(|| InvalidBody::Range { range: text.to_owned() })
}

fn part_headers(
    configs: BTreeMap<String, Vec<ParameterConfig>>,
    intern: &mut Intern<'_>,
) -> Result<PartHeaders, InvalidBody> {
    let mut headers = PartHeaders::default();
    for (property, list) in configs {
        for config in list {
            let name = config.name.clone();
            let made = Parameter::header(config, intern).ok().flatten();
            headers.add(property.clone(), made.ok_or(InvalidBody::Header(name))?);
        }
    }
    Ok(headers)
}
