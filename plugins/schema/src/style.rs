//! Text written by one of OpenAPI's styles (OpenAPI 3.0.4, "Style Examples") becomes a value: the text of a
//! path segment, a header, or the value of one query or cookie pair. Text is split at its delimiters first
//! and decoded afterwards, exactly once: an encoded delimiter is data.

use std::borrow::Cow;

use portcullis_config::schema::{ShapeConfig, StyleConfig, TypeConfig};
use portcullis_core::{InvalidEncoding, decode, decode_form};

use crate::fault::Fault;
use crate::shape;
use crate::value::{Members, Value};

/// How the pieces of a text are encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    /// `%20` is a space: paths and cookies.
    Percent,
    /// `%20` and `+` are spaces: queries and forms.
    Form,
    /// Nothing is encoded, and white space around pieces does not count: headers.
    Header,
    /// Nothing is encoded, and every character counts: parts of a body.
    Plain,
}

impl Coding {
    fn spaces(self) -> &'static [&'static str] {
        match self {
            Self::Percent => &["%20"],
            Self::Form => &["%20", "+"],
            Self::Header | Self::Plain => &[" "],
        }
    }

    fn is_encoded(self) -> bool {
        matches!(self, Self::Percent | Self::Form)
    }

    fn tabs(self) -> &'static [&'static str] {
        if self.is_encoded() { &["%09"] } else { &["\t"] }
    }

    fn pipes(self) -> &'static [&'static str] {
        if self.is_encoded() { &["|", "%7C", "%7c"] } else { &["|"] }
    }

    pub(crate) fn decode(self, text: &str) -> Result<Cow<'_, str>, Fault> {
        let broken = |cause: InvalidEncoding| Fault::new("style", cause.to_string());
        match self {
            Self::Percent => decode(text).map_err(broken),
            Self::Form => decode_form(text).map_err(broken),
            Self::Header => Ok(Cow::Borrowed(text.trim_matches([' ', '\t']))),
            Self::Plain => Ok(Cow::Borrowed(text)),
        }
    }
}

/// How a text is written.
#[derive(Debug, Clone, Copy)]
pub struct Writing<'a> {
    /// The parameter's name, which `matrix` repeats.
    pub name: &'a str,
    /// The style.
    pub style: StyleConfig,
    /// Whether members of objects are written `name=value`, and what separates them.
    pub explode: bool,
    /// How the pieces are encoded.
    pub coding: Coding,
}

/// The text as one of the types of its shape. `None` when it is not written as one.
pub fn read_text<'t>(
    text: &'t str,
    writing: Writing<'_>,
    shape: &ShapeConfig,
    kind: TypeConfig,
) -> Result<Option<Value<'t>>, Fault> {
    match kind {
        TypeConfig::Array => read_array(text, writing, shape).map(Some),
        TypeConfig::Object => read_object(text, writing, shape).map(Some),
        primitive => {
            let text = writing.coding.decode(without_prefix(text, writing)?)?;
            Ok(shape::read_as(&text, primitive))
        }
    }
}

fn read_array<'t>(text: &'t str, writing: Writing<'_>, shape: &ShapeConfig) -> Result<Value<'t>, Fault> {
    let items = match (writing.style, writing.explode) {
        (StyleConfig::Matrix, true) => exploded_matrix_items(text, writing)?,
        _ => pieces(without_prefix(text, writing)?, writing),
    };
    let read = |(at, text): (usize, &'t str)| {
        let text = writing.coding.decode(text).map_err(|fault| fault.within(&at.to_string()))?;
        Ok(shape::read(text, shape::item(shape, at)))
    };
    items.into_iter().enumerate().map(read).collect::<Result<_, _>>().map(Value::Array)
}

fn read_object<'t>(text: &'t str, writing: Writing<'_>, shape: &ShapeConfig) -> Result<Value<'t>, Fault> {
    let text = match writing.style {
        StyleConfig::Matrix if writing.explode => {
            text.strip_prefix(';').ok_or_else(|| prefix_missing(writing))?
        }
        _ => without_prefix(text, writing)?,
    };
    let pieces = pieces(text, writing);
    let mut members = Members::new();
    if writing.explode {
        for piece in pieces {
            let (name, value) = piece
                .split_once('=')
                .ok_or_else(|| Fault::new("style", "has a member that is not 'name=value'"))?;
            add_member(&mut members, name, value, writing.coding, shape)?;
        }
        return Ok(members.into());
    }
    for pair in pieces.chunks(2) {
        let [name, value] = pair else {
            return Err(Fault::new("style", "is not a list of names and values in turn"));
        };
        add_member(&mut members, name, value, writing.coding, shape)?;
    }
    Ok(members.into())
}

fn add_member<'t>(
    members: &mut Members<'t>,
    name: &'t str,
    value: &'t str,
    coding: Coding,
    shape: &ShapeConfig,
) -> Result<(), Fault> {
    let name = coding.decode(name)?;
    let value = coding.decode(value).map_err(|fault| fault.within(&name))?;
    let value = shape::read(value, shape::member(shape, &name));
    if members.contains_key(&name) {
        return Err(Fault::new("style", "is given twice").within(&name));
    }
    members.insert(name, value);
    Ok(())
}

/// The text behind what the style puts before it: `.` or `;name=`.
fn without_prefix<'t>(text: &'t str, writing: Writing<'_>) -> Result<&'t str, Fault> {
    match writing.style {
        StyleConfig::Label => text.strip_prefix('.').ok_or_else(|| prefix_missing(writing)),
        StyleConfig::Matrix => {
            let pair = text.strip_prefix(';').ok_or_else(|| prefix_missing(writing))?;
            matrix_value(pair, writing)
        }
        _ => Ok(text),
    }
}

fn exploded_matrix_items<'t>(text: &'t str, writing: Writing<'_>) -> Result<Vec<&'t str>, Fault> {
    let pairs = text.strip_prefix(';').ok_or_else(|| prefix_missing(writing))?;
    pairs.split(';').map(|pair| matrix_value(pair, writing)).collect()
}

/// The value of `name=value`; `name` alone is empty.
fn matrix_value<'t>(pair: &'t str, writing: Writing<'_>) -> Result<&'t str, Fault> {
    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
    if writing.coding.decode(name)? == writing.name { Ok(value) } else { Err(prefix_missing(writing)) }
}

fn prefix_missing(writing: Writing<'_>) -> Fault {
    match writing.style {
        StyleConfig::Label => Fault::new("style", "does not begin with '.'"),
        _ => Fault::new("style", format!("does not begin with ';{}'", writing.name)),
    }
}

/// Whether a text is more than one item.
pub(crate) fn has_several(text: &str, writing: Writing<'_>) -> bool {
    pieces(text, writing).len() > 1
}

/// The text between the style's delimiters; none when the text is empty.
fn pieces<'t>(text: &'t str, writing: Writing<'_>) -> Vec<&'t str> {
    if text.is_empty() {
        return Vec::new();
    }
    match (writing.style, writing.explode) {
        (StyleConfig::SpaceDelimited, _) => split_at_any(text, writing.coding.spaces()),
        (StyleConfig::TabDelimited, _) => split_at_any(text, writing.coding.tabs()),
        (StyleConfig::PipeDelimited, _) => split_at_any(text, writing.coding.pipes()),
        (StyleConfig::Label, true) => text.split('.').collect(),
        (StyleConfig::Matrix, true) => text.split(';').collect(),
        _ => text.split(',').collect(),
    }
}

fn split_at_any<'t>(text: &'t str, delimiters: &[&str]) -> Vec<&'t str> {
    let mut pieces = Vec::new();
    let mut rest = text;
    let mut from = 0;
    while let Some(tail) = rest.get(from..).filter(|tail| !tail.is_empty()) {
        if let Some(delimiter) = delimiters.iter().find(|delimiter| tail.starts_with(**delimiter)) {
            pieces.push(rest.get(..from).unwrap_or_default());
            rest = tail.get(delimiter.len()..).unwrap_or_default();
            from = 0;
        } else {
            from += tail.chars().next().map_or(1, char::len_utf8);
        }
    }
    pieces.push(rest);
    pieces
}

#[cfg(test)]
#[path = "style_tests.rs"]
mod tests;
