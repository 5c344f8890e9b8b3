//! Bodies, responses and their headers.

use super::{ParameterValue, SchemaRef, Style};
use crate::source::Place;
use crate::tree::Node;

/// What an operation takes in its body.
#[derive(Debug, Clone, PartialEq)]
pub struct RequestBody<'d> {
    /// Whether there must be one.
    pub required: bool,
    /// The media types, in document order.
    pub content: Vec<MediaType<'d>>,
    /// Where it stands, references followed.
    pub place: Place,
}

/// A body of one media type or range.
#[derive(Debug, Clone, PartialEq)]
pub struct MediaType<'d> {
    /// The key as written: `application/json`, `text/*`, maybe with parameters.
    pub range: &'d str,
    /// The schema; none means any body.
    pub schema: Option<SchemaRef<'d>>,
    /// `encoding` of form and multipart bodies.
    pub encoding: Vec<Encoding<'d>>,
    /// `example` and `examples`.
    pub examples: Vec<Example<'d>>,
    /// Where the key stands.
    pub place: Place,
}

/// How one property of a form or multipart body is written.
#[derive(Debug, Clone, PartialEq)]
pub struct Encoding<'d> {
    /// The property.
    pub property: &'d str,
    /// `contentType`, maybe several separated by commas, when given and not beside a style.
    pub content_type: Option<&'d str>,
    /// Headers of the part.
    pub headers: Vec<Header<'d>>,
    /// `style`, when given where it counts.
    pub style: Option<Style>,
    /// `explode`, when given where it counts.
    pub explode: Option<bool>,
    /// Where the key stands.
    pub place: Place,
}

/// A named example.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Example<'d> {
    /// Its key under `examples`; empty for the one of `example`.
    pub name: &'d str,
    /// The value.
    pub value: &'d Node,
}

/// One response.
#[derive(Debug, Clone, PartialEq)]
pub struct Response<'d> {
    /// `200`, a range such as `2XX`, or `default`.
    pub status: &'d str,
    /// The headers, without Content-Type, which OpenAPI says to ignore.
    pub headers: Vec<Header<'d>>,
    /// The media types, in document order; empty means no body.
    pub content: Vec<MediaType<'d>>,
    /// Where the key stands.
    pub place: Place,
}

/// A header of a response or of a part.
#[derive(Debug, Clone, PartialEq)]
pub struct Header<'d> {
    /// The name, case-insensitive.
    pub name: &'d str,
    /// Whether it must be there.
    pub required: bool,
    /// What its value is; the style is simple.
    pub value: ParameterValue<'d>,
    /// `example` and `examples`.
    pub examples: Vec<Example<'d>>,
    /// Where the key stands.
    pub place: Place,
}
