//! What the mock plugin answers: the document's examples, and values made from schemas where it has none. The
//! same document gives the same answers.

mod made;
mod sample;

use std::collections::BTreeMap;

use portcullis_config::mock::{MockContentConfig, MockResponseConfig, MockRule};
use portcullis_openapi::model::{
    ApiModel, Example, Header, MediaType, Operation, ParameterValue, Response, SchemaRef,
};
use portcullis_openapi::{Diagnostic, Place, Report, Severity};

use crate::codes;
use crate::schema::media_type::MediaRange;
use made::Maker;
use sample::Sample;

/// Most bytes of one body.
const MAX_BODY_BYTES: usize = 64 << 10;
/// Most bytes of one header.
const MAX_HEADER_BYTES: usize = 1 << 10;

/// How an operation is answered.
pub(crate) fn rule<'d>(model: &'d ApiModel<'d>, operation: &Operation<'d>, report: &mut Report) -> MockRule {
    let mut mock = Mock { maker: Maker::new(model), report };
    let responses = operation.responses.iter().map(|response| mock.response(response)).collect();
    MockRule { mocked: true, responses }
}

struct Mock<'r, 'd> {
    maker: Maker<'d>,
    report: &'r mut Report,
}

impl<'d> Mock<'_, 'd> {
    fn response(&mut self, response: &Response<'d>) -> MockResponseConfig {
        let headers = response.headers.iter().filter_map(|header| self.header(header)).collect();
        let content = response.content.iter().filter_map(|media_type| self.content(media_type)).collect();
        MockResponseConfig { status: response.status.to_owned(), headers, content }
    }

    /// A header's value in style `simple`; none when it would not be one line of visible text.
    fn header(&self, header: &Header<'d>) -> Option<(String, String)> {
        let (ParameterValue::Styled { schema, .. } | ParameterValue::Content { schema, .. }) = header.value;
        let sample = match header.examples.first() {
            Some(example) => Sample::of_node(example.value),
            None => self.maker.make(schema?.node)?,
        };
        let value = sample.to_simple();
        let is_line = value.len() <= MAX_HEADER_BYTES && !value.contains(|one: char| one.is_control());
        is_line.then(|| (header.name.to_ascii_lowercase(), value))
    }

    fn content(&mut self, media_type: &MediaType<'d>) -> Option<MockContentConfig> {
        let range = MediaRange::parse(media_type.range)?;
        let kind = Kind::of(&range);
        let mut examples = BTreeMap::new();
        for example in media_type.examples.iter().filter(|example| !example.name.is_empty()) {
            let text = self.example(kind, media_type.schema, example);
            if let Some(text) = self.bounded(text, media_type.place) {
                examples.insert(example.name.to_owned(), text);
            }
        }
        let body = match media_type.examples.first() {
            Some(example) => Some(self.example(kind, media_type.schema, example)),
            None => self.made(kind, media_type.schema),
        };
        let body = body.and_then(|text| self.bounded(text, media_type.place));
        Some(MockContentConfig { media_type: concrete(&range), body, examples })
    }

    fn example(&self, kind: Kind, schema: Option<SchemaRef<'d>>, example: &Example<'d>) -> String {
        if let Some(text) = example.value.as_str()
            && (kind != Kind::Json || self.is_written_out(schema, text))
        {
            return text.to_owned();
        }
        self.written(kind, schema, &Sample::of_node(example.value))
    }

    /// Whether an example for JSON is the JSON text itself in a string, as authors often have it.
    fn is_written_out(&self, schema: Option<SchemaRef<'d>>, text: &str) -> bool {
        let is_structure = text.trim_start().starts_with(['{', '[']);
        let made = schema.and_then(|schema| self.maker.make(schema.node));
        is_structure
            && made.is_some_and(|made| matches!(made, Sample::List(_) | Sample::Object(_)))
            && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
    }

    fn made(&self, kind: Kind, schema: Option<SchemaRef<'d>>) -> Option<String> {
        if kind == Kind::Bytes {
            return Some(String::new());
        }
        let schema = schema?;
        let sample = self.maker.make(schema.node)?;
        Some(self.written(kind, Some(schema), &sample))
    }

    fn written(&self, kind: Kind, schema: Option<SchemaRef<'d>>, sample: &Sample) -> String {
        match kind {
            Kind::Json => sample.to_json(),
            Kind::Xml => sample.to_xml(&self.root_name(schema)),
            Kind::Text | Kind::Bytes => sample.to_text(),
        }
    }

    /// The name of an XML document's root element: the schema's XML Object, or its component name.
    fn root_name(&self, schema: Option<SchemaRef<'d>>) -> String {
        let target = schema.and_then(|schema| self.maker.followed(schema.node));
        let given = target.and_then(|node| node.get("xml")?.get("name")?.as_str());
        let component = schema.and_then(|schema| schema.reference()?.rsplit('/').next());
        given.or(component).unwrap_or("root").to_owned()
    }

    fn bounded(&mut self, text: String, place: Place) -> Option<String> {
        if text.len() <= MAX_BODY_BYTES {
            return Some(text);
        }
        self.report.push(Diagnostic {
            severity: Severity::Warning,
            code: codes::MOCK_TOO_LARGE,
            message: format!("a body of {} bytes is too large to be mocked", text.len()),
            place: Some(place),
            pointer: String::new(),
            hint: Some(format!("shorten the example to {MAX_BODY_BYTES} bytes")),
        });
        None
    }
}

/// What a body of a media type is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Json,
    Xml,
    Text,
    Bytes,
}

impl Kind {
    fn of(range: &MediaRange) -> Self {
        if range.is_xml() {
            Self::Xml
        } else if range.is_text() {
            Self::Text
        } else if range.is_json() || (range.is_range() && !range.is_binary()) {
            Self::Json
        } else {
            Self::Bytes
        }
    }
}

/// The media type itself, or one that a range includes.
fn concrete(range: &MediaRange) -> String {
    match range.essence() {
        "*/*" | "application/*" | "application/*+json" => "application/json".to_owned(),
        "text/*" => "text/plain".to_owned(),
        essence if range.is_range() => essence.replace('*', "octet-stream"),
        _ => range.to_config(),
    }
}

#[cfg(test)]
mod tests;
