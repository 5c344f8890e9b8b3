//! How the properties of forms and multipart bodies are written, and which of them can be read.

use std::collections::BTreeMap;

use portcullis_config::schema::FormatConfig;
use portcullis_openapi::Severity;
use portcullis_openapi::model::{Encoding, MediaType, SchemaRef, Style};

use super::body::unsupported;
use super::media_type::MediaRange;
use super::parameter::{readable, style_config};
use super::response::as_parameter;
use super::shape::Shape;
use super::{Refusal, Rules};
use crate::codes;

impl<'d> Rules<'_, 'd> {
    /// How a form becomes a value.
    pub(super) fn form(
        &mut self,
        media_type: &MediaType<'d>,
        schema: SchemaRef<'d>,
    ) -> Result<FormatConfig, Refusal> {
        let seen = self.seen(schema)?;
        self.properties_of(&media_type.encoding, &seen.shape);
        let mut encoding = BTreeMap::new();
        for (name, property) in seen.shape.properties() {
            let given = media_type.encoding.iter().find(|one| one.property == name);
            let (style, explode) = form_style(given);
            if given.is_some_and(|one| one.content_type.is_some_and(|kind| !is_plain(kind))) {
                let message = format!("the property `{name}` of a form cannot be read by its `contentType`");
                return Err(unsupported(message, schema.node));
            }
            // Without a style, what has parts is JSON by its default `contentType`; the plugin reads brackets too.
            if given.is_some_and(is_styled) {
                styled_field(name, (style, explode), property, schema)?;
            }
            if (style, explode) != (Style::Form, true) {
                encoding.insert(name.clone(), (style_config(style), explode));
            }
        }
        Ok(FormatConfig::Form { shape: seen.shape.config(false), encoding })
    }

    /// How a multipart body becomes a value.
    pub(super) fn multipart(
        &mut self,
        media_type: &MediaType<'d>,
        schema: SchemaRef<'d>,
    ) -> Result<FormatConfig, Refusal> {
        let seen = self.seen(schema)?;
        self.properties_of(&media_type.encoding, &seen.shape);
        let (mut content_types, mut styles, mut headers) =
            (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        for encoding in &media_type.encoding {
            if let Some(property) = seen.shape.properties().get(encoding.property) {
                let style = part_style(encoding, property, schema)?;
                styles.extend(style.map(|style| (encoding.property.to_owned(), style_config(style))));
            }
            if let Some(listed) = encoding.content_type {
                let listed = listed.split(',').map(|one| one.trim().to_owned()).collect();
                content_types.insert(encoding.property.to_owned(), listed);
            }
            // What describes the part itself is said by other fields (OpenAPI 3.0.4, Encoding Object).
            let described = encoding.headers.iter().filter(|header| !is_of_part(header.name));
            for header in described {
                let config = self.parameter(&as_parameter(header))?;
                headers.entry(encoding.property.to_owned()).or_insert_with(Vec::new).push(config);
            }
        }
        Ok(FormatConfig::Multipart { shape: seen.shape.config(false), content_types, styles, headers })
    }

    /// Tells of encodings of what is no property.
    fn properties_of(&mut self, encodings: &[Encoding<'d>], shape: &Shape) {
        for encoding in encodings.iter().filter(|one| !shape.properties().contains_key(one.property)) {
            let message = format!("`{}` is no property of the schema", encoding.property);
            self.tell(Severity::Warning, codes::ENCODING_UNUSED, message, encoding.place);
        }
    }
}

fn is_of_part(header: &str) -> bool {
    ["content-type", "content-disposition"].iter().any(|name| header.eq_ignore_ascii_case(name))
}

/// Refuses a form's property whose style has no text for it.
fn styled_field(
    name: &str,
    (style, explode): (Style, bool),
    property: &Shape,
    schema: SchemaRef<'_>,
) -> Result<(), Refusal> {
    readable(style, explode, property, schema.place()).map_err(|refusal| {
        unsupported(format!("the property `{name}` of a form: {}", refusal.message), schema.node)
    })?;
    // An exploded object in style `form` has the names of its own properties, not of itself.
    if style == Style::Form && explode && !property.takes_text() && !property.takes_array() {
        let message = format!("the property `{name}` of a form is an object without `deepObject`");
        return Err(unsupported(message, schema.node));
    }
    Ok(())
}

/// The style in which one part holds a property; none where a list has a part for each item, and where there is but one
/// value.
fn part_style(
    encoding: &Encoding<'_>,
    property: &Shape,
    schema: SchemaRef<'_>,
) -> Result<Option<Style>, Refusal> {
    if !is_styled(encoding) {
        return Ok(None);
    }
    let name = encoding.property;
    let (style, explode) = form_style(Some(encoding));
    styled_field(name, (style, explode), property, schema)?;
    if !property.takes_array() && !property.takes_object() {
        return Ok(None);
    }
    if style == Style::DeepObject || explode && property.takes_object() {
        let message = format!("the property `{name}` of a multipart body would be parts of other names");
        return Err(unsupported(message, schema.node));
    }
    Ok((!explode).then_some(style))
}

/// Whether an encoding says how values are written; `contentType` does not count then.
fn is_styled(encoding: &Encoding<'_>) -> bool {
    encoding.style.is_some() || encoding.explode.is_some()
}

/// The style of a form's property (OpenAPI 3.0.4, Encoding Object).
fn form_style(encoding: Option<&Encoding<'_>>) -> (Style, bool) {
    let style = encoding.and_then(|one| one.style).unwrap_or(Style::Form);
    let explode = encoding.and_then(|one| one.explode).unwrap_or(style == Style::Form);
    (style, explode)
}

fn is_plain(content_type: &str) -> bool {
    MediaRange::parse(content_type).is_some_and(|range| range.is_text())
}
