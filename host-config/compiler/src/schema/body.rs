//! Request bodies: how each media type is read, and what it must satisfy. A schema that says something about a
//! media type that cannot be read is refused, never passed over.

use portcullis_config::schema::{BodyConfig, ContentConfig, FormatConfig};
use portcullis_openapi::model::{MediaType, RequestBody, SchemaRef};
use portcullis_openapi::{Node, Severity};

use super::instances::Strings;
use super::media_type::MediaRange;
use super::patch;
use super::shape::Seen;
use super::text::Direction;
use super::{Refusal, Rules, Subject, raw};
use crate::codes;
use crate::coverage::{Construct, Treatment};

/// What says nothing about a string's content.
const SAYS_NOTHING: &[&str] = &[
    "title",
    "description",
    "default",
    "nullable",
    "example",
    "examples",
    "deprecated",
    "externalDocs",
    "xml",
    "readOnly",
    "writeOnly",
    "contentEncoding",
    "contentMediaType",
    "discriminator",
    "$comment",
    "$id",
    "$anchor",
    "$dynamicAnchor",
    "$defs",
];

impl<'d> Rules<'_, 'd> {
    /// The configuration of a body; none when it declares no media type that could be told apart.
    pub(super) fn body(&mut self, body: &RequestBody<'d>) -> Option<BodyConfig> {
        let mut content: Vec<ContentConfig> = Vec::new();
        for media_type in &body.content {
            let Some(entry) = self.media_type(media_type) else { continue };
            if !content.iter().any(|earlier| earlier.range == entry.range) {
                content.push(entry);
            }
        }
        let max_bytes = self.settings.max_body_bytes;
        let decode = self.settings.validation.decode;
        (!body.content.is_empty()).then_some(BodyConfig {
            required: body.required,
            max_bytes,
            decode,
            content,
        })
    }

    /// One media type, or a waiver of it, or a refusal.
    pub(super) fn media_type(&mut self, media_type: &MediaType<'d>) -> Option<ContentConfig> {
        let Subject { construct, treatment, .. } = self.subject.clone();
        let name = &format!("{}{}", self.subject.prefix, media_type.range);
        let Some(range) = MediaRange::parse(media_type.range) else {
            let message = format!("`{}` is no media type or range", media_type.range);
            let code = codes::MEDIA_TYPE_INVALID;
            self.refuse(construct, name, Refusal { code, message, place: media_type.place, hint: None });
            return None;
        };
        match self.content_config(&range, media_type) {
            Ok(Some(entry)) => {
                if let Some(strings) = strings(&entry.format) {
                    self.examples(media_type.schema, &media_type.examples, strings);
                }
                let alone = if entry.json_alone { " (JSON alone)" } else { "" };
                self.covered(construct, format!("{name}{alone}"), treatment, media_type.place);
                Some(entry)
            }
            Ok(None) => {
                self.unmapped(media_type);
                Some(bytes(&range))
            }
            Err(refusal) => self.refuse(construct, name, refusal).then(|| bytes(&range)),
        }
    }

    /// A schema describes a body "as it applies to the media type" (OpenAPI 3.0.4, Media Type Object): where
    /// nothing says which value the bytes are, it applies to nothing. Type, presence and size are enforced still.
    fn unmapped(&mut self, media_type: &MediaType<'d>) {
        let Subject { construct, treatment, prefix, .. } = self.subject.clone();
        let range = media_type.range;
        let message =
            format!("nothing defines which value a body of `{range}` is: its schema has no meaning");
        self.tell(Severity::Warning, codes::MEDIA_TYPE_UNMAPPED, message, media_type.place);
        let enforced = format!("{prefix}{range} (type, presence and size)");
        self.covered(construct, enforced, treatment, media_type.place);
        let reason = Treatment::Waived("a schema has no meaning for this media type".to_owned());
        self.covered(construct, format!("{prefix}{range} schema"), reason, media_type.place);
    }

    /// What is enforced of a media type; none where it is type, presence and size alone.
    fn content_config(
        &mut self,
        range: &MediaRange,
        media_type: &MediaType<'d>,
    ) -> Result<Option<ContentConfig>, Refusal> {
        let entry = |format, schema| {
            Ok(Some(ContentConfig { range: range.to_config(), json_alone: false, format, schema }))
        };
        let said = media_type.schema.filter(|schema| !self.is_anything(schema.node));
        let Some(schema) = said else {
            return match () {
                () if range.is_json_patch() => entry(FormatConfig::Json, patch::alone()),
                () if range.is_json() => entry(FormatConfig::Json, None),
                () if range.is_lines() => entry(FormatConfig::JsonLines { each: true }, None),
                () => entry(FormatConfig::Bytes, None),
            };
        };
        if self.is_bytes(range, schema.node) {
            return entry(FormatConfig::Bytes, None);
        }
        if self.subject.direction == Direction::Response && range.is_stream() {
            let name = format!("{}{} schema", self.subject.prefix, media_type.range);
            let reason = Treatment::Waived("a stream is never held".to_owned());
            self.covered(Construct::Response, name, reason, media_type.place);
            return entry(FormatConfig::Bytes, None);
        }
        if range.is_json_patch() && self.may_be_list(schema)? {
            let own = self.schema(schema);
            return entry(FormatConfig::Json, own.map_or_else(patch::alone, |own| patch::with(&own.json)));
        }
        let format = if range.is_json() {
            FormatConfig::Json
        } else if range.is_lines() && !self.is_text(schema)? {
            FormatConfig::JsonLines { each: !self.is_list(schema)? }
        } else if range.is_xml() {
            self.xml(schema)?
        } else if range.is_text() && !range.is_data() && self.seen(schema)?.shape.takes_string() {
            FormatConfig::Text
        } else if range.is_range() && !range.is_text() && !range.is_binary() {
            self.tell_narrowed(media_type);
            let schema = self.schema(schema).and_then(raw);
            let (range, format) = (range.to_config(), FormatConfig::Json);
            return Ok(Some(ContentConfig { range, json_alone: true, format, schema }));
        } else if range.is_data() {
            let message = format!("a schema for `{}` cannot be enforced", media_type.range);
            return Err(unsupported(message, schema.node));
        } else if range.is_form() && self.has_fields(schema)? {
            self.form(media_type, schema)?
        } else if range.is_form_data() && self.has_fields(schema)? {
            self.multipart(media_type, schema)?
        } else {
            return Ok(None);
        };
        let schema = self.schema(schema).and_then(raw);
        entry(format, schema)
    }

    /// `*/*` or `application/*` with a schema: JSON is the one kind of body that it can be about. Other types are
    /// undeclared then, for a body that nobody can read must not pass.
    fn tell_narrowed(&mut self, media_type: &MediaType<'d>) {
        let message = format!("`{}` with a schema accepts JSON alone", media_type.range);
        self.tell(Severity::Warning, codes::MEDIA_TYPE_NARROWED, message, media_type.place);
    }

    fn may_be_list(&self, schema: SchemaRef<'d>) -> Result<bool, Refusal> {
        let shape = self.seen(schema)?.shape;
        Ok(shape.takes_array() || shape.says_nothing())
    }

    /// Whether values are lists and nothing else.
    fn is_list(&self, schema: SchemaRef<'d>) -> Result<bool, Refusal> {
        let shape = self.seen(schema)?.shape;
        Ok(shape.takes_array() && !shape.takes_object() && !shape.takes_text())
    }

    /// Whether values are texts and nothing else: then nothing is said of the values within.
    fn is_text(&self, schema: SchemaRef<'d>) -> Result<bool, Refusal> {
        let shape = self.seen(schema)?.shape;
        Ok(shape.takes_string() && !shape.takes_object() && !shape.takes_array() && !shape.says_nothing())
    }

    /// Whether a form can be a value of the schema: a form has fields, so it is an object.
    fn has_fields(&self, schema: SchemaRef<'d>) -> Result<bool, Refusal> {
        let shape = self.seen(schema)?.shape;
        Ok(shape.takes_object() || shape.says_nothing())
    }

    pub(super) fn seen(&self, schema: SchemaRef<'d>) -> Result<Seen, Refusal> {
        let seen = Seen::of(self.model(), schema.node);
        if seen.is_partial {
            return Err(unsupported("the schema is too large to be read other than as JSON", schema.node));
        }
        Ok(seen)
    }

    /// Whether the schema, references followed, accepts everything.
    fn is_anything(&self, schema: &'d Node) -> bool {
        self.sole(schema).is_some_and(|one| one.as_bool() == Some(true) || says_only(one, &[]))
    }

    /// The schema that alone has a say, references followed; none where 3.1 has more to say beside one.
    fn sole(&self, schema: &'d Node) -> Option<&'d Node> {
        let model = self.model();
        let is_draft4 = model.version.is_draft4();
        let end = model.documents.follow(schema).ok()?;
        let mut current = schema;
        while let Some(reference) = current.reference() {
            if !is_draft4 && !says_only(current, &["$ref"]) {
                return None;
            }
            current = model.documents.resolve(reference, current.place()).ok()?;
        }
        Some(end)
    }

    /// Whether nothing but the type and the size of such a body could be checked.
    fn is_bytes(&self, range: &MediaRange, schema: &'d Node) -> bool {
        let Some(schema) = self.sole(schema) else { return false };
        let is_string = schema.get("type").is_none_or(|name| name.as_str() == Some("string"));
        let is_described =
            schema.get("contentMediaType").is_some() || schema.get("contentEncoding").is_some();
        let is_text = range.is_json() || range.is_form() || range.is_form_data() || range.is_text();
        let is_raw = match schema.get("format").and_then(Node::as_str) {
            // Converters from Swagger 2.0 write `type: object, format: file`.
            Some("binary" | "file") => true,
            None | Some("byte") => is_string && (is_described || !is_text),
            Some(_) => false,
        };
        is_raw && says_only(schema, &["type", "format"])
    }
}

/// What a string among the examples of a body stands for; none where examples are no values of the schema.
fn strings(format: &FormatConfig) -> Option<Strings> {
    match format {
        FormatConfig::Json => Some(Strings::Json),
        FormatConfig::Text => Some(Strings::Values),
        FormatConfig::Form { .. } | FormatConfig::Multipart { .. } | FormatConfig::Xml { .. } => {
            Some(Strings::Texts)
        }
        FormatConfig::JsonLines { .. } | FormatConfig::Bytes => None,
    }
}

/// Only type, presence and size are checked.
fn bytes(range: &MediaRange) -> ContentConfig {
    ContentConfig { range: range.to_config(), json_alone: false, format: FormatConfig::Bytes, schema: None }
}

/// Whether a schema has no keywords that count but these.
fn says_only(schema: &Node, keywords: &[&str]) -> bool {
    let is_mute = |key: &str| SAYS_NOTHING.contains(&key) || keywords.contains(&key) || key.starts_with("x-");
    schema.as_object().is_some_and(|object| object.members().iter().all(|member| is_mute(&member.key)))
}

pub(super) fn unsupported(message: impl Into<String>, schema: &Node) -> Refusal {
    Refusal {
        code: codes::MEDIA_TYPE_UNSUPPORTED,
        message: message.into(),
        place: schema.place(),
        hint: Some(
            "remove the schema, or waive the code with a reason: then type and size alone are checked",
        ),
    }
}
