//! The parts of a `multipart/form-data` body (RFC 7578, RFC 2046): where they begin and end, what they are called,
//! and what their headers say. Knows no schema.

use std::collections::BTreeMap;

use portcullis_core::Headers;

use crate::fault::Fault;
use crate::media_type::{MediaType, before, is_as_utf8, is_token, is_utf8, read_parameter, trim};

/// Most parts of one body.
const MAX_PARTS: usize = 1000;
/// Most bytes of one part's headers.
const MAX_PART_HEADERS: usize = 8192;
/// The part that says how all others are encoded (RFC 7578, section 4.6).
const CHARSET: &str = "_charset_";

/// One part. Its name is what it is filed under.
pub(super) struct Part<'b> {
    pub(super) is_file: bool,
    pub(super) media: Option<MediaType>,
    pub(super) headers: Headers,
    pub(super) content: &'b [u8],
}

/// The parts of a body by their names, those of one name in their order.
pub(super) fn by_name<'b>(bytes: &'b [u8], boundary: &str) -> Result<BTreeMap<String, Vec<Part<'b>>>, Fault> {
    let mut by_name: BTreeMap<String, Vec<Part<'_>>> = BTreeMap::new();
    for part in split(bytes, boundary)? {
        let (name, part) = read_part(part)?;
        if name == CHARSET && !std::str::from_utf8(part.content).is_ok_and(is_utf8) {
            return Err(Fault::new("contentType", "is encoded in a charset that is not read").within(CHARSET));
        }
        by_name.entry(name).or_default().push(part);
    }
    Ok(by_name)
}

impl Part<'_> {
    /// Whether the content is text that is not in UTF-8.
    pub(super) fn is_other_charset(&self) -> bool {
        let charset = self.media.as_ref().and_then(|media| media.parameter("charset"));
        !charset.is_none_or(|charset| is_as_utf8(charset, self.content))
    }

    pub(super) fn is_multipart(&self) -> bool {
        self.media.as_ref().is_some_and(MediaType::is_multipart)
    }
}

/// The parts between the boundaries (RFC 2046, section 5.1.1), headers and all. What only some readers take for a
/// boundary may stand nowhere: they would find other parts.
fn split<'b>(bytes: &'b [u8], boundary: &str) -> Result<Vec<&'b [u8]>, Fault> {
    if boundary.is_empty() || boundary.len() > 70 {
        return Err(Fault::new("syntax", "has no boundary of 1 to 70 characters that all readers see"));
    }
    let mark = [b"--", boundary.as_bytes()].concat();
    let mut parts = Vec::new();
    let mut open: Option<usize> = None;
    let mut is_closed = false;
    for at in boundaries(bytes, &mark) {
        let preamble = bytes.get(..at).unwrap_or_default();
        let is_hidden = open.is_none() && preamble.windows(mark.len()).any(|window| window == mark);
        if is_closed || is_hidden || (at > 0 && !preamble.ends_with(b"\r\n")) {
            return Err(Fault::new("syntax", "has a boundary where none may stand"));
        }
        if let Some(from) = open {
            if parts.len() == MAX_PARTS {
                return Err(Fault::new("size", format!("has more than {MAX_PARTS} parts")));
            }
            parts.push(at.checked_sub(2).and_then(|to| bytes.get(from..to)).ok_or_else(no_headers)?);
        }
        let behind = at + mark.len();
        let rest = bytes.get(behind..).unwrap_or_default();
        is_closed = rest.starts_with(b"--");
        // White space may follow in mail: no client writes it (RFC 2046), and not every reader skips it.
        let ends_line = if is_closed {
            matches!(rest.get(2), None | Some(b'\r' | b'\n'))
        } else {
            rest.starts_with(b"\r\n")
        };
        if !ends_line {
            return Err(Fault::new("syntax", "has a boundary that does not end its line"));
        }
        open = Some(behind + 2);
    }
    if is_closed { Ok(parts) } else { Err(Fault::new("syntax", "does not end with its boundary")) }
}

/// Where lines begin with a mark, whatever ends the lines before.
fn boundaries<'b>(bytes: &'b [u8], mark: &'b [u8]) -> impl Iterator<Item = usize> + 'b {
    let breaks = bytes.iter().enumerate().filter(|(_, byte)| matches!(byte, b'\r' | b'\n'));
    let starts = std::iter::once(0).chain(breaks.map(|(at, _)| at + 1));
    starts.filter(move |at| bytes.get(*at..).is_some_and(|rest| rest.starts_with(mark)))
}

/// A part and its name.
fn read_part(part: &[u8]) -> Result<(String, Part<'_>), Fault> {
    let (head, content) = match part.strip_prefix(b"\r\n") {
        Some(content) => (&[][..], content),
        None => split_at(part, b"\r\n\r\n").ok_or_else(no_headers)?,
    };
    let head = std::str::from_utf8(head).ok().filter(|head| head.len() <= MAX_PART_HEADERS);
    let head =
        head.ok_or_else(|| Fault::new("syntax", "has a part whose headers are too long or not UTF-8"))?;
    let mut disposition = None;
    let mut media = None;
    let mut headers: Vec<(String, &str)> = Vec::new();
    for line in head.split("\r\n").filter(|line| !line.is_empty()) {
        // Some readers see the end of a header where others see none.
        let line = Some(line).filter(|line| !line.contains(['\r', '\n', '\0']));
        let (name, value) = line.and_then(|line| line.split_once(':')).ok_or_else(bad_header)?;
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
            name if !is_token(name) => return Err(bad_header()),
            _ => headers.push((name, trim(value))),
        }
    }
    let (name, is_file) = disposition.ok_or_else(|| Fault::new("syntax", "has a part without a name"))?;
    Ok((name, Part { is_file, media, headers: Headers::from_pairs(headers), content }))
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
        if !is_clear(&name, before(text, tail), tail) || seen.insert(name, value).is_some() {
            return Err(bad_header());
        }
        rest = tail;
    }
    let is_file = seen.contains_key("filename") || seen.contains_key("filename*");
    let name = seen.remove("name").ok_or_else(|| Fault::new("syntax", "has a part without a name"))?;
    Ok((name, is_file))
}

/// Whether all readers see the same in a parameter, as it is written, and in what follows.
fn is_clear(name: &str, written: &str, tail: Option<&str>) -> bool {
    let Some((before, value)) = written.split_once('=') else { return false };
    let is_file_name = name == "filename*";
    // Some readers prefer `name*`, or put `name*0` and `name*1` together (RFC 2231); forms have neither (RFC 7578, section 4.2).
    let is_extended = name.contains('*') && !is_file_name;
    let blank = [' ', '\t'];
    let is_spaced =
        before.ends_with(blank) || value.starts_with(blank) || value.trim_end_matches(';').ends_with(blank);
    // To browsers a backslash is one, to others it makes the next character one like any other.
    let is_escaped = written.contains("\\\"") || (name == "name" && written.contains('\\'));
    // To some it is a quote.
    let has_other_quote = !is_file_name && !value.starts_with('"') && value.contains('\'');
    let ends_open = tail.is_some_and(|tail| trim(tail).is_empty());
    let is_alike = ["name", "filename"].iter().any(|known| name.starts_with(known) && name != *known);
    let is_other = is_extended || (is_alike && !is_file_name);
    !(is_other || is_spaced || is_escaped || has_other_quote || ends_open || names(value))
}

/// Whether a value has a `name=` that readers find who look for one wherever it stands.
fn names(value: &str) -> bool {
    let value = value.to_ascii_lowercase();
    value.split("name").skip(1).any(|behind| behind.trim_start().starts_with('='))
}

fn is_identity(encoding: &str) -> bool {
    ["7bit", "8bit", "binary"].iter().any(|known| trim(encoding).eq_ignore_ascii_case(known))
}

fn no_headers() -> Fault {
    Fault::new("syntax", "has a part without headers")
}

fn bad_header() -> Fault {
    Fault::new("syntax", "has a part with a header that is malformed or stands twice")
}

fn split_at<'b>(bytes: &'b [u8], delimiter: &[u8]) -> Option<(&'b [u8], &'b [u8])> {
    let at = bytes.windows(delimiter.len()).position(|window| window == delimiter)?;
    Some((bytes.get(..at)?, bytes.get(at + delimiter.len()..)?))
}
