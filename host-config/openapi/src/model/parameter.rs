//! Parameters: named values in a request's path, query, headers or cookies.

use super::{Example, SchemaRef};
use crate::source::Place;

/// A parameter with its defaults filled in.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter<'d> {
    /// The name, case-insensitive in headers.
    pub name: &'d str,
    /// Where in the request it stands.
    pub location: Location,
    /// Whether it must be there; always for a path parameter.
    pub required: bool,
    /// Whether the value of a query parameter may be empty.
    pub allow_empty_value: bool,
    /// What its value is.
    pub value: ParameterValue<'d>,
    /// `example` and `examples`.
    pub examples: Vec<Example<'d>>,
    /// `deprecated`.
    pub deprecated: bool,
    /// Where the parameter object stands, references followed.
    pub place: Place,
}

/// How a parameter's value is written and what it is.
#[derive(Debug, Clone, PartialEq)]
pub enum ParameterValue<'d> {
    /// Written in a style.
    Styled {
        /// The style, by default that of the location.
        style: Style,
        /// Whether arrays and objects become several parameters; by default only with [`Style::Form`].
        explode: bool,
        /// Whether reserved characters may stand unencoded (query only).
        allow_reserved: bool,
        /// The schema; none means any value.
        schema: Option<SchemaRef<'d>>,
    },
    /// Written as a media type's text.
    Content {
        /// The media type.
        media_type: &'d str,
        /// The schema; none means any value.
        schema: Option<SchemaRef<'d>>,
    },
}

/// Where in a request a parameter stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Location {
    /// In the path.
    Path,
    /// In the query.
    Query,
    /// In a header.
    Header,
    /// In a cookie.
    Cookie,
}

/// How arrays and objects are written (OpenAPI 3.1, 4.8.12.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Style {
    /// `;color=blue`
    Matrix,
    /// `.blue`
    Label,
    /// `blue,black`
    Simple,
    /// `color=blue&color=black`
    Form,
    /// `blue%20black`
    SpaceDelimited,
    /// `blue|black`
    PipeDelimited,
    /// `blue%09black`, in Swagger 2.0 alone.
    TabDelimited,
    /// `color[R]=100`
    DeepObject,
}

impl Location {
    /// By the value of `in`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "path" => Self::Path,
            "query" => Self::Query,
            "header" => Self::Header,
            "cookie" => Self::Cookie,
            _ => return None,
        })
    }

    /// As `in` has it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Query => "query",
            Self::Header => "header",
            Self::Cookie => "cookie",
        }
    }

    /// The style of a parameter that names none.
    #[must_use]
    pub fn default_style(self) -> Style {
        match self {
            Self::Path | Self::Header => Style::Simple,
            Self::Query | Self::Cookie => Style::Form,
        }
    }

    /// Whether the style exists for the location.
    #[must_use]
    pub fn allows(self, style: Style) -> bool {
        match self {
            Self::Path => matches!(style, Style::Matrix | Style::Label | Style::Simple),
            Self::Query => matches!(
                style,
                Style::Form | Style::SpaceDelimited | Style::PipeDelimited | Style::DeepObject
            ),
            Self::Header => style == Style::Simple,
            Self::Cookie => style == Style::Form,
        }
    }
}

impl Style {
    /// By the value of Swagger 2.0's `collectionFormat`, with whether items become several parameters.
    #[must_use]
    pub fn from_collection_format(name: &str, location: Location) -> Option<(Self, bool)> {
        Some(match name {
            "csv" => (location.default_style(), false),
            "ssv" => (Self::SpaceDelimited, false),
            "tsv" => (Self::TabDelimited, false),
            "pipes" => (Self::PipeDelimited, false),
            "multi" if location == Location::Query => (Self::Form, true),
            _ => return None,
        })
    }

    /// By the value of `style`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "matrix" => Self::Matrix,
            "label" => Self::Label,
            "simple" => Self::Simple,
            "form" => Self::Form,
            "spaceDelimited" => Self::SpaceDelimited,
            "pipeDelimited" => Self::PipeDelimited,
            "deepObject" => Self::DeepObject,
            _ => return None,
        })
    }

    /// As `style` has it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Matrix => "matrix",
            Self::Label => "label",
            Self::Simple => "simple",
            Self::Form => "form",
            Self::SpaceDelimited => "spaceDelimited",
            Self::PipeDelimited => "pipeDelimited",
            Self::TabDelimited => "tabDelimited",
            Self::DeepObject => "deepObject",
        }
    }
}
