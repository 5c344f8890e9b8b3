//! A parameter's encoding and schema. Decides which encodings can be read at all: what has no agreed text is
//! refused, since a value that is read wrongly is judged wrongly.

use portcullis_config::schema::{
    EncodingConfig, LocationConfig, ParameterConfig, ShapeConfig, StyleConfig, TypeConfig,
};
use portcullis_openapi::Severity;
use portcullis_openapi::model::{Location, Operation, Parameter, ParameterValue, SchemaRef, Style};

use super::instances::Strings;
use super::media_type::MediaRange;
use super::shape::{Seen, Shape};
use super::{Place, Refusal, Rules, raw};
use crate::codes;
use crate::coverage::Construct;

impl<'d> Rules<'_, 'd> {
    /// The configuration of one parameter.
    pub(super) fn parameter(&mut self, parameter: &Parameter<'d>) -> Result<ParameterConfig, Refusal> {
        let (encoding, schema) = match parameter.value {
            ParameterValue::Styled { style, explode, schema, .. } => {
                (self.styled(parameter, style, explode, schema)?, schema)
            }
            ParameterValue::Content { media_type, schema } => {
                (self.content(parameter, media_type, schema)?, schema)
            }
        };
        self.examples(schema, &parameter.examples, strings(&encoding));
        let name = match parameter.location {
            Location::Header => parameter.name.to_ascii_lowercase(),
            _ => parameter.name.to_owned(),
        };
        if self.subject.construct == Construct::Parameter
            && parameter.location == Location::Header
            && is_of_proxy(&name)
        {
            let message =
                format!("Envoy sets or removes the header `{name}`: what clients send of it is not seen");
            self.tell(Severity::Warning, codes::HEADER_OF_PROXY, message, parameter.place);
        }
        Ok(ParameterConfig {
            name,
            location: location(parameter.location),
            required: parameter.required,
            allow_empty: parameter.allow_empty_value && parameter.location == Location::Query,
            encoding,
            schema: schema.and_then(|schema| self.schema(schema)).and_then(raw),
        })
    }

    fn styled(
        &mut self,
        parameter: &Parameter<'_>,
        style: Style,
        explode: bool,
        schema: Option<SchemaRef<'d>>,
    ) -> Result<EncodingConfig, Refusal> {
        let place = schema.map_or(parameter.place, SchemaRef::place);
        let seen = schema.map(|schema| Seen::of(self.model(), schema.node)).unwrap_or_default();
        if seen.is_partial {
            return Err(unsupported("the schema is too large to be read other than as JSON", place));
        }
        let shape = seen.shape;
        self.readable(parameter, style, explode, &shape, place)?;
        let is_exploded_cookie = parameter.location == Location::Cookie && explode;
        if is_exploded_cookie && (shape.takes_array() || shape.takes_object()) && !shape.takes_text() {
            let message = "a cookie cannot be repeated, so an array or object needs `explode: false`";
            return Err(unsupported(message, place));
        }
        let mut config = shape.config(false);
        if style == Style::DeepObject && shape.says_nothing() {
            config.types = vec![TypeConfig::Object];
        }
        Ok(EncodingConfig::Style { style: style_config(style), explode, shape: config })
    }

    /// As [`readable`], but the query also takes what no style writes, in two ways and no other.
    fn readable(
        &mut self,
        parameter: &Parameter<'_>,
        style: Style,
        explode: bool,
        shape: &Shape,
        place: Place,
    ) -> Result<(), Refusal> {
        let refused = readable(style, explode, shape, place);
        let is_spread = parameter.location == Location::Query && style == Style::Form && explode;
        if refused.is_ok() || !is_spread || !names_all(shape) {
            return refused;
        }
        let name = parameter.name;
        let message = format!(
            "OpenAPI does not define how the parts of `{name}` are written: JSON texts and names in brackets are read"
        );
        self.tell(Severity::Warning, codes::PARAMETER_NARROWED, message, place);
        Ok(())
    }

    /// `content`: a JSON text, or plain text with a string schema.
    fn content(
        &self,
        parameter: &Parameter<'_>,
        media_type: &str,
        schema: Option<SchemaRef<'d>>,
    ) -> Result<EncodingConfig, Refusal> {
        let range = MediaRange::parse(media_type);
        if range.as_ref().is_some_and(MediaRange::is_json) {
            return Ok(EncodingConfig::Json);
        }
        let shape = schema.map(|schema| Seen::of(self.model(), schema.node).shape).unwrap_or_default();
        if schema.is_some() && !(range.is_some_and(|range| range.is_text()) && shape.takes_string()) {
            let message = format!("a parameter of the media type `{media_type}` cannot be read");
            return Err(unsupported(message, parameter.place));
        }
        Ok(EncodingConfig::Style {
            style: style_config(parameter.location.default_style()),
            explode: false,
            shape: ShapeConfig { types: vec![TypeConfig::String], ..ShapeConfig::default() },
        })
    }
}

/// What is between two hosts alone (RFC 9110, section 7.6.1), and what a proxy at the edge says itself.
fn is_of_proxy(header: &str) -> bool {
    const HEADERS: &[&str] = &[
        "connection",
        "keep-alive",
        "proxy-connection",
        "te",
        "transfer-encoding",
        "upgrade",
        "x-forwarded-client-cert",
        "x-forwarded-for",
        "x-forwarded-proto",
    ];
    HEADERS.contains(&header) || header.starts_with("x-envoy-")
}

/// What a string among the examples of a parameter stands for: an array or object may be given as it is written.
fn strings(encoding: &EncodingConfig) -> Strings {
    match encoding {
        EncodingConfig::Style { shape, .. } => {
            let has_parts = |kind: &TypeConfig| matches!(kind, TypeConfig::Array | TypeConfig::Object);
            if shape.types.iter().any(has_parts) { Strings::Texts } else { Strings::Json }
        }
        EncodingConfig::Json => Strings::Json,
    }
}

/// Whether values of a shape have a text in a style (OpenAPI 3.0.4, "Style Examples").
pub(super) fn readable(style: Style, explode: bool, shape: &Shape, place: Place) -> Result<(), Refusal> {
    let mismatch = |wanted: &str| Refusal {
        code: codes::STYLE_MISMATCH,
        message: format!("the style `{}` is for {wanted}, which the schema does not take", style.as_str()),
        place,
        hint: Some("change `style`, or the schema's `type`"),
    };
    match style {
        // Brackets write members of members, and lists as their users do (`ids[]`, `ids[0]`).
        Style::DeepObject if shape.takes_object() || shape.takes_array() || shape.says_nothing() => {
            return Ok(());
        }
        Style::DeepObject => return Err(mismatch("arrays and objects")),
        Style::SpaceDelimited | Style::PipeDelimited | Style::TabDelimited
            if !shape.takes_array() && !shape.takes_object() && !shape.says_nothing() =>
        {
            return Err(mismatch("arrays and objects"));
        }
        Style::SpaceDelimited | Style::PipeDelimited if explode && !shape.takes_array() => {
            return Err(unsupported("OpenAPI does not define this style for exploded objects", place));
        }
        _ => {}
    }
    flat(shape, place)
}

/// Styles write one level: an item or property that is always an array or object itself has no text.
fn flat(shape: &Shape, place: Place) -> Result<(), Refusal> {
    if shape.takes_array() && shape.items().any(|item| !item.takes_text()) {
        return Err(unsupported("no style writes arrays of arrays or objects", place));
    }
    if !shape.takes_object() {
        return Ok(());
    }
    let nested = shape.properties().iter().find(|(_, property)| !property.takes_text());
    if let Some((name, _)) = nested {
        let message = format!("no style writes an object whose property `{name}` is an array or object");
        return Err(unsupported(message, place));
    }
    if !names_all(shape) {
        let message = "no style writes an object whose other properties are arrays or objects";
        return Err(unsupported(message, place));
    }
    Ok(())
}

/// Whether what the shape does not name is written as text.
fn names_all(shape: &Shape) -> bool {
    !shape.takes_object() || shape.rest().is_none_or(Shape::takes_text)
}

fn unsupported(message: impl Into<String>, place: Place) -> Refusal {
    Refusal {
        code: codes::PARAMETER_UNSUPPORTED,
        message: message.into(),
        place,
        hint: Some("describe the parameter by `content: application/json`, or waive the code with a reason"),
    }
}

/// Whether the path has the parameter, before any `?` or `#`.
pub(super) fn is_in_path(operation: &Operation<'_>, name: &str) -> bool {
    let path = operation.path.split(['?', '#']).next().unwrap_or_default();
    path.contains(&format!("{{{name}}}"))
}

pub(super) fn style_config(style: Style) -> StyleConfig {
    match style {
        Style::Simple => StyleConfig::Simple,
        Style::Label => StyleConfig::Label,
        Style::Matrix => StyleConfig::Matrix,
        Style::Form => StyleConfig::Form,
        Style::SpaceDelimited => StyleConfig::SpaceDelimited,
        Style::PipeDelimited => StyleConfig::PipeDelimited,
        Style::TabDelimited => StyleConfig::TabDelimited,
        Style::DeepObject => StyleConfig::DeepObject,
    }
}

fn location(location: Location) -> LocationConfig {
    match location {
        Location::Path => LocationConfig::Path,
        Location::Query => LocationConfig::Query,
        Location::Header => LocationConfig::Header,
        Location::Cookie => LocationConfig::Cookie,
    }
}
