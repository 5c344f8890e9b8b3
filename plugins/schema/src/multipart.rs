//! `multipart/form-data` bodies (RFC 7578): an object with a member for each part's name. Bodies that two
//! readers could take differently are refused.

use std::borrow::Cow;
use std::collections::BTreeMap;

use portcullis_config::schema::{ShapeConfig, TypeConfig};
use portcullis_core::Headers;

use crate::fault::{Fault, Violations};
use crate::json;
use crate::media_type::{MediaType, read_parameter, trim};
use crate::parameter::Parameter;
use crate::schema::Unjudged;
use crate::shape;
use crate::value::{Members, Value};
use crate::work::Work;

/// Most parts of one body.
const MAX_PARTS: usize = 1000;
/// Most bytes of one part's headers.
const MAX_PART_HEADERS: usize = 8192;

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

/// Reads a body, whatever headers its parts have. The text of a file is its bytes, one character each, so that lengths count octets.
pub fn read<'b>(
    bytes: &'b [u8],
    boundary: &str,
    shape: &ShapeConfig,
    allowed: &PartTypes,
) -> Result<Value<'b>, Fault> {
    members(&by_name(bytes, boundary)?, shape, allowed)
}

/// Reads a body whose parts must have these headers; to judge them is work on the message.
pub(crate) fn read_with_headers<'b>(
    bytes: &'b [u8],
    boundary: &str,
    shape: &ShapeConfig,
    allowed: &PartTypes,
    headers: &PartHeaders,
    work: &mut Work,
) -> Result<Result<Value<'b>, Fault>, Unjudged> {
    let parts = match by_name(bytes, boundary) {
        Ok(parts) => parts,
        Err(fault) => return Ok(Err(fault)),
    };
    for (name, parts) in &parts {
        if let Some(fault) = headers.check(name, parts, work)? {
            return Ok(Err(fault.within(name)));
        }
    }
    Ok(members(&parts, shape, allowed))
}

fn by_name<'b>(bytes: &'b [u8], boundary: &str) -> Result<BTreeMap<String, Vec<Part<'b>>>, Fault> {
    let mut by_name: BTreeMap<String, Vec<Part<'_>>> = BTreeMap::new();
    for part in split(bytes, boundary)? {
        let part = read_part(part)?;
        by_name.entry(part.name.clone()).or_default().push(part);
    }
    Ok(by_name)
}

fn members<'b>(
    by_name: &BTreeMap<String, Vec<Part<'b>>>,
    shape: &ShapeConfig,
    allowed: &PartTypes,
) -> Result<Value<'b>, Fault> {
    let mut members = Members::new();
    for (name, parts) in by_name {
        let value = read_property(parts, shape.properties.get(name), allowed.get(name));
        members.insert(Cow::Owned(name.clone()), value.map_err(|fault| fault.within(name))?);
    }
    Ok(members.into())
}

struct Part<'b> {
    name: String,
    is_file: bool,
    media: Option<MediaType>,
    headers: Headers,
    content: &'b [u8],
}

fn read_property<'b>(
    parts: &[Part<'b>],
    shape: Option<&ShapeConfig>,
    allowed: Option<&Vec<MediaType>>,
) -> Result<Value<'b>, Fault> {
    let text = ShapeConfig::default();
    let list = shape.is_some_and(shape::takes_array) || (shape.is_none() && parts.len() > 1);
    match (parts, list) {
        ([part], false) => part.value(shape.unwrap_or(&text), allowed),
        (_, false) => Err(Fault::new("style", "is given more than once")),
        ([part], true) if part.media.as_ref().is_some_and(MediaType::is_json) => {
            part.value(shape.unwrap_or(&text), allowed).map(|value| match value {
                Value::Array(items) => Value::Array(items),
                single => Value::Array(vec![single]),
            })
        }
        (parts, true) => {
            let items = shape.map_or(&text, shape::items);
            let read = |(at, part): (usize, &Part<'b>)| {
                part.value(items, allowed).map_err(|fault| fault.within(&at.to_string()))
            };
            parts.iter().enumerate().map(read).collect::<Result<_, _>>().map(Value::Array)
        }
    }
}

impl<'b> Part<'b> {
    fn value(&self, shape: &ShapeConfig, allowed: Option<&Vec<MediaType>>) -> Result<Value<'b>, Fault> {
        if let Some(ranges) = allowed
            && !self.has_one_of(ranges)
        {
            return Err(Fault::new("contentType", "is not of a media type that is declared for it"));
        }
        let is_json = match &self.media {
            Some(media) => media.is_json(),
            None => !self.is_file && shape::types(shape).first() == Some(&TypeConfig::Object),
        };
        if is_json {
            return json::read(self.content, json::Limits::MESSAGE);
        }
        if self.is_file || self.media.as_ref().is_some_and(|media| !media.is_text()) {
            return Ok(Value::String(self.content.iter().map(|byte| char::from(*byte)).collect()));
        }
        let text = std::str::from_utf8(self.content).map_err(|_| Fault::new("syntax", "is not UTF-8"))?;
        Ok(shape::read(text.into(), shape))
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

/// The parts between the boundaries (RFC 2046, section 5.1.1), headers and all.
fn split<'b>(bytes: &'b [u8], boundary: &str) -> Result<Vec<&'b [u8]>, Fault> {
    if boundary.is_empty() || boundary.len() > 70 {
        return Err(Fault::new("syntax", "has no boundary of 1 to 70 characters"));
    }
    let unfinished = || Fault::new("syntax", "does not end with its boundary");
    let delimiter = [b"\r\n--", boundary.as_bytes()].concat();
    let opening = delimiter.get(2..).unwrap_or_default();
    let mut rest = match bytes.strip_prefix(opening) {
        Some(rest) => rest,
        None => split_at(bytes, &delimiter).ok_or_else(unfinished)?.1,
    };
    let mut parts = Vec::new();
    loop {
        if rest.starts_with(b"--") {
            return Ok(parts);
        }
        let padding = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        let line_end = rest.get(padding..).and_then(|rest| rest.strip_prefix(b"\r\n"));
        let part =
            line_end.ok_or_else(|| Fault::new("syntax", "has a boundary that does not end its line"))?;
        let (content, tail) = split_at(part, &delimiter).ok_or_else(unfinished)?;
        if parts.len() == MAX_PARTS {
            return Err(Fault::new("size", format!("has more than {MAX_PARTS} parts")));
        }
        parts.push(content);
        rest = tail;
    }
}

fn read_part(part: &[u8]) -> Result<Part<'_>, Fault> {
    let (head, content) = match part.strip_prefix(b"\r\n") {
        Some(content) => (&[][..], content),
        None => {
            split_at(part, b"\r\n\r\n").ok_or_else(|| Fault::new("syntax", "has a part without headers"))?
        }
    };
    let head = std::str::from_utf8(head).ok().filter(|head| head.len() <= MAX_PART_HEADERS);
    let head =
        head.ok_or_else(|| Fault::new("syntax", "has a part whose headers are too long or not UTF-8"))?;
    let mut disposition = None;
    let mut media = None;
    let mut headers: Vec<(String, &str)> = Vec::new();
    for line in head.split("\r\n").filter(|line| !line.is_empty()) {
        let (name, value) = line.split_once(':').ok_or_else(bad_header)?;
        let name = name.to_ascii_lowercase();
        match name.as_str() {
            "content-disposition" if disposition.is_none() => disposition = Some(read_disposition(value)?),
            "content-type" if media.is_none() => {
                media = Some(MediaType::parse(value).ok_or_else(bad_header)?)
            }
            "content-disposition" | "content-type" => return Err(bad_header()),
            "content-transfer-encoding" if !is_identity(value) => {
                return Err(Fault::new("contentEncoding", "has a part with a transfer encoding"));
            }
            name if name.is_empty() || name.contains([' ', '\t', '\r', '\n']) => return Err(bad_header()),
            _ => headers.push((name, trim(value))),
        }
    }
    let (name, is_file) = disposition.ok_or_else(|| Fault::new("syntax", "has a part without a name"))?;
    Ok(Part { name, is_file, media, headers: Headers::from_pairs(headers), content })
}

/// The name of a part, and whether it is a file, from `form-data; name="…"; filename="…"`.
fn read_disposition(value: &str) -> Result<(String, bool), Fault> {
    let (kind, mut rest) = match value.split_once(';') {
        Some((kind, rest)) => (kind, Some(rest)),
        None => (value, None),
    };
    if !trim(kind).eq_ignore_ascii_case("form-data") {
        return Err(bad_header());
    }
    let mut seen: BTreeMap<String, String> = BTreeMap::new();
    while let Some(text) = rest.map(trim).filter(|text| !text.is_empty()) {
        let (name, value, tail) = read_parameter(text).ok_or_else(bad_header)?;
        if seen.insert(name, value).is_some() {
            return Err(bad_header());
        }
        rest = tail;
    }
    let is_file = seen.contains_key("filename") || seen.contains_key("filename*");
    let name = seen.remove("name").ok_or_else(|| Fault::new("syntax", "has a part without a name"))?;
    Ok((name, is_file))
}

fn is_identity(encoding: &str) -> bool {
    ["7bit", "8bit", "binary"].iter().any(|known| trim(encoding).eq_ignore_ascii_case(known))
}

fn bad_header() -> Fault {
    Fault::new("syntax", "has a part with a header that is malformed or stands twice")
}

fn split_at<'b>(bytes: &'b [u8], delimiter: &[u8]) -> Option<(&'b [u8], &'b [u8])> {
    let at = bytes.windows(delimiter.len()).position(|window| window == delimiter)?;
    Some((bytes.get(..at)?, bytes.get(at + delimiter.len()..)?))
}

#[cfg(test)]
#[path = "multipart_tests.rs"]
mod tests;
