//! `multipart/form-data` bodies (RFC 7578): an object with a member for each part's name. Bodies that two
//! readers could take differently are refused.

mod part;

use std::borrow::Cow;
use std::collections::BTreeMap;

use portcullis_config::schema::{ShapeConfig, StyleConfig, TypeConfig};

use crate::fault::{Fault, Violations};
use crate::json;
use crate::media_type::MediaType;
use crate::parameter::Parameter;
use crate::schema::Unjudged;
use crate::shape;
use crate::style::{self, Coding, Writing};
use crate::value::{Members, Value};
use crate::work::Work;
use part::Part;

/// The media types that the parts of a property may have, where the document says.
pub type PartTypes = BTreeMap<String, Vec<MediaType>>;

/// The headers that the parts of a property may have, where the document says.
#[derive(Debug, Default)]
pub struct PartHeaders(BTreeMap<String, Vec<Parameter>>);

impl PartHeaders {
    pub(crate) fn add(&mut self, property: String, header: Parameter) {
        self.0.entry(property).or_default().push(header);
    }

    /// The first thing wrong with the headers of a property's parts.
    fn check(&self, property: &str, parts: &[Part<'_>], work: &mut Work) -> Result<Option<Fault>, Unjudged> {
        for header in self.0.get(property).into_iter().flatten() {
            for part in parts {
                let mut found = Violations::up_to(1);
                found.work = std::mem::take(work);
                let checked = header.check_header(&part.headers, &mut found);
                *work = std::mem::take(&mut found.work);
                checked?;
                let Some(violation) = found.into_list().pop() else { continue };
                let message =
                    format!("has a part whose header '{}' {}", violation.pointer, violation.message);
                return Ok(Some(Fault::new("headers", message)));
            }
        }
        Ok(None)
    }
}

/// How the parts of a body become the members of an object.
#[derive(Debug, Default)]
pub struct Parts {
    /// The media types of a property's parts.
    pub types: PartTypes,
    /// How one part holds all of a property that has several items or members.
    pub styles: BTreeMap<String, StyleConfig>,
    /// The headers of a property's parts.
    pub headers: PartHeaders,
}

impl Parts {
    /// Reads a body, whatever headers its parts have. The text of a file is its bytes, one character each, so that
    /// lengths count octets.
    pub fn read<'b>(&self, bytes: &'b [u8], boundary: &str, shape: &ShapeConfig) -> Result<Value<'b>, Fault> {
        self.members(&part::by_name(bytes, boundary)?, shape)
    }

    /// Reads a body whose parts must have their headers; to judge them is work on the message.
    pub(crate) fn read_with_headers<'b>(
        &self,
        bytes: &'b [u8],
        boundary: &str,
        shape: &ShapeConfig,
        work: &mut Work,
    ) -> Result<Result<Value<'b>, Fault>, Unjudged> {
        let parts = match part::by_name(bytes, boundary) {
            Ok(parts) => parts,
            Err(fault) => return Ok(Err(fault)),
        };
        for (name, parts) in &parts {
            if let Some(fault) = self.headers.check(name, parts, work)? {
                return Ok(Err(fault.within(name)));
            }
        }
        Ok(self.members(&parts, shape))
    }

    fn members<'b>(
        &self,
        by_name: &BTreeMap<String, Vec<Part<'b>>>,
        shape: &ShapeConfig,
    ) -> Result<Value<'b>, Fault> {
        let mut members = Members::new();
        for (name, parts) in by_name {
            let is_property = |name: &str| shape.properties.contains_key(name);
            if !is_property(name) && shape::is_otherwise_named(name, is_property) {
                return Err(Fault::new("style", "is another property to some readers").within(name));
            }
            let value =
                self.property(name, parts, shape.properties.get(name)).map_err(|fault| fault.within(name))?;
            members.insert(Cow::Owned(name.clone()), value);
        }
        Ok(members.into())
    }

    fn property<'b>(
        &self,
        name: &str,
        parts: &[Part<'b>],
        shape: Option<&ShapeConfig>,
    ) -> Result<Value<'b>, Fault> {
        if let Some(ranges) = self.types.get(name)
            && !parts.iter().all(|part| part.has_one_of(ranges))
        {
            return Err(Fault::new("contentType", "is not of a media type that is declared for it"));
        }
        // Some readers go into it, and find members there that others do not.
        if !self.types.contains_key(name) && parts.iter().any(Part::is_multipart) {
            return Err(Fault::new("contentType", "has parts of its own"));
        }
        match (shape, self.styles.get(name)) {
            (Some(shape), Some(style)) => styled(parts, *style, shape),
            _ => plain(parts, shape),
        }
    }
}

/// A property in parts of its own, one for each item of a list.
fn plain<'b>(parts: &[Part<'b>], shape: Option<&ShapeConfig>) -> Result<Value<'b>, Fault> {
    let text = ShapeConfig::default();
    let list = shape.is_some_and(shape::takes_array) || (shape.is_none() && parts.len() > 1);
    let shape = shape.unwrap_or(&text);
    match (parts, list) {
        ([part], false) => part.value(shape),
        (_, false) => Err(Fault::new("style", "is given more than once")),
        ([part], true) if part.is_whole(shape) => part.value(shape).map(|value| match value {
            Value::Array(items) => Value::Array(items),
            single => Value::Array(vec![single]),
        }),
        (parts, true) => items(parts, shape),
    }
}

/// A property whose items or members stand in one part, as its style has them. Who sends an item in each part means
/// the same, as long as no item could be several.
fn styled<'b>(parts: &[Part<'b>], style: StyleConfig, shape: &ShapeConfig) -> Result<Value<'b>, Fault> {
    let writing = Writing { name: "", style, explode: false, coding: Coding::Plain };
    if !parts.iter().all(Part::is_plain) {
        return plain(parts, Some(shape));
    }
    if let [part] = parts {
        let text = part.text()?;
        for kind in shape::types(shape) {
            if let Some(value) = style::read_text(text, writing, shape, *kind)? {
                return Ok(value);
            }
        }
        return Ok(Value::String(text.into()));
    }
    for part in parts {
        if style::has_several(part.text()?, writing) {
            return Err(Fault::new("style", "is given more than once"));
        }
    }
    plain(parts, Some(shape))
}

fn items<'b>(parts: &[Part<'b>], shape: &ShapeConfig) -> Result<Value<'b>, Fault> {
    let item = |(at, part): (usize, &Part<'b>)| {
        part.value(shape::item(shape, at)).map_err(|fault| fault.within(&at.to_string()))
    };
    parts.iter().enumerate().map(item).collect::<Result<_, _>>().map(Value::Array)
}

/// What a part's content is taken for.
enum Kind {
    Bytes,
    Json,
    Text,
}

impl<'b> Part<'b> {
    fn kind(&self, shape: &ShapeConfig) -> Kind {
        match &self.media {
            // A file of JSON is a file where the document wants one.
            Some(media) if media.is_json() && !(self.is_file && is_text_only(shape)) => Kind::Json,
            None if !self.is_file && shape::types(shape).first() == Some(&TypeConfig::Object) => Kind::Json,
            Some(media) if !media.is_text() => Kind::Bytes,
            _ if self.is_file => Kind::Bytes,
            _ => Kind::Text,
        }
    }

    fn value(&self, shape: &ShapeConfig) -> Result<Value<'b>, Fault> {
        match self.kind(shape) {
            Kind::Bytes => Ok(Value::String(self.content.iter().map(|byte| char::from(*byte)).collect())),
            Kind::Text => Ok(shape::read(self.text()?.into(), shape)),
            Kind::Json => {
                let text = self.text()?;
                match json::read(text.as_bytes(), json::Limits::MESSAGE) {
                    Ok(Value::String(value)) => Ok(Value::String(value)),
                    // The document says no more of it than that it is text.
                    _ if is_text_only(shape) => Ok(Value::String(text.into())),
                    value => value,
                }
            }
        }
    }

    /// Whether all of a list stands in this part.
    fn is_whole(&self, list: &ShapeConfig) -> bool {
        self.media.as_ref().is_some_and(MediaType::is_json)
            && !(self.is_file && is_text_only(shape::items(list)))
    }

    /// Whether this is what a style may have written.
    fn is_plain(&self) -> bool {
        !self.is_file && self.media.as_ref().is_none_or(MediaType::is_text)
    }

    fn text(&self) -> Result<&'b str, Fault> {
        if self.is_other_charset() {
            return Err(Fault::new("contentType", "is in a charset that is not read"));
        }
        std::str::from_utf8(self.content).map_err(|_| Fault::new("syntax", "is not UTF-8"))
    }

    /// A part that names no type is `text/plain` (RFC 7578, section 4.4).
    fn has_one_of(&self, ranges: &[MediaType]) -> bool {
        match &self.media {
            Some(media) => ranges.iter().any(|range| range.includes(media)),
            None => MediaType::parse("text/plain")
                .is_some_and(|plain| ranges.iter().any(|range| range.includes(&plain))),
        }
    }
}

/// Whether values are texts, files among them.
fn is_text_only(shape: &ShapeConfig) -> bool {
    let is_text = |kind: &TypeConfig| matches!(kind, TypeConfig::String | TypeConfig::Null);
    !shape.types.is_empty() && shape.types.iter().all(is_text)
}

#[cfg(test)]
#[path = "multipart_tests.rs"]
mod tests;
