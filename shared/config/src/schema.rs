//! The schema plugin: parameters, bodies and the schemas they must satisfy.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::apis::ApiConfig;

mod response;

pub use response::{ObserveConfig, ResponseConfig, ResponseMode, ResponsesConfig};

/// The whole configuration.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SchemaConfig {
    /// The APIs of the gateway. Empty within [`crate::pipeline::PipelineConfig`], and nowhere else.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub apis: Vec<ApiConfig<SchemaRule>>,
    /// The schemas that rules of the API of this name refer to.
    pub documents: BTreeMap<String, DocumentConfig>,
    /// Most violations listed in one answer.
    pub max_violations: u32,
}

/// The named schemas of one API.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DocumentConfig {
    /// How its schemas are read.
    pub dialect: DialectConfig,
    /// Schemas by name. They, and the schemas of rules, refer to one another by `#/$defs/<name>` (a JSON
    /// pointer, so `/` and `~` in names are escaped); each text is kept as it is until an operation needs it.
    #[serde(default)]
    pub definitions: BTreeMap<String, Box<RawValue>>,
}

/// The JSON Schema dialect of an API's schemas.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum DialectConfig {
    /// What OpenAPI 3.0 schemas become: draft 4, `nullable` already translated.
    #[serde(rename = "draft-4")]
    Draft4,
    /// OpenAPI 3.1.
    #[serde(rename = "2020-12")]
    Draft202012,
}

/// What an operation's requests must be.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SchemaRule {
    /// A key of [`SchemaConfig::documents`].
    pub document: String,
    /// The parameters.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parameters: Vec<ParameterConfig>,
    /// The body; absent when the operation declares none, and then a body is left alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<BodyConfig>,
    /// Whether query parameters that are not declared are refused. `allowed_query` names those of security schemes.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub refuse_undeclared_query: bool,
    /// Query parameters that are never undeclared, nor members of an object whose members are parameters of their own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allowed_query: Vec<String>,
    /// Whether a refusal shows the values that are wrong.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub show_values: bool,
    /// What of the request is judged and not enforced.
    #[serde(default, skip_serializing_if = "ObserveConfig::is_none")]
    pub observe: ObserveConfig,
    /// The responses; absent: they are left alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub responses: Option<ResponsesConfig>,
}

impl SchemaRule {
    /// Whether something is judged and let pass, or responses are judged: then there is more to log.
    pub fn observes(&self) -> bool {
        !self.observe.is_none() || self.responses.is_some()
    }
}

/// One parameter (OpenAPI Parameter Object).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ParameterConfig {
    /// Its name; headers in lower case.
    pub name: String,
    /// Where it is.
    #[serde(rename = "in")]
    pub location: LocationConfig,
    /// Whether it must be there.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub required: bool,
    /// `allowEmptyValue`: in the query, an empty value is as good as a valid one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub allow_empty: bool,
    /// How its value is written.
    pub encoding: EncodingConfig,
    /// What the value must satisfy; absent: anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<Box<RawValue>>,
}

/// Where a parameter is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LocationConfig {
    /// The path.
    Path,
    /// The query.
    Query,
    /// A header.
    Header,
    /// A cookie.
    Cookie,
}

/// How text becomes a value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub enum EncodingConfig {
    /// By a style (OpenAPI 3.0.4, "Style Values").
    Style {
        /// The style.
        style: StyleConfig,
        /// Whether arrays and objects take a pair for each member.
        explode: bool,
        /// What the schema takes.
        shape: ShapeConfig,
    },
    /// As a document of a media type (`content`), of which JSON is read.
    Json,
}

/// The styles of OpenAPI.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum StyleConfig {
    /// Path and header: `1,2`.
    Simple,
    /// Path: `.1.2`.
    Label,
    /// Path: `;id=1,2`.
    Matrix,
    /// Query and cookie: `id=1,2` or `id=1&id=2`.
    Form,
    /// Query: `id=1%202`.
    SpaceDelimited,
    /// Query: `id=1|2`.
    PipeDelimited,
    /// Swagger 2.0: `id=1%092`.
    TabDelimited,
    /// Query: `id[a]=1`.
    DeepObject,
}

/// What JSON types a schema takes, so that text can be read as the right one. References are already followed;
/// where a schema says nothing, text is a string. Depth is bounded by the compiler.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShapeConfig {
    /// The types, in the order in which they are tried.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub types: Vec<TypeConfig>,
    /// What the first items of an array take, each of its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub prefix: Vec<ShapeConfig>,
    /// What the other items of an array take; absent: strings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub items: Option<Box<ShapeConfig>>,
    /// What the properties of an object take.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub properties: BTreeMap<String, ShapeConfig>,
    /// What properties take that are not named; absent: strings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rest: Option<Box<ShapeConfig>>,
    /// Whether the schema goes on here and its shape does not: what it would take is not known.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cut: bool,
    /// The XML Object of the schema; only under an XML body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub xml: Option<XmlConfig>,
}

/// OpenAPI's XML Object.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct XmlConfig {
    /// The element's or attribute's name, when it is not the property's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The namespace URI it must be in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Whether the property is an attribute.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub attribute: bool,
    /// Whether an array has an element around its items.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub wrapped: bool,
}

/// JSON types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TypeConfig {
    /// `null`.
    Null,
    /// `true` or `false`.
    Boolean,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// Text.
    String,
    /// A list.
    Array,
    /// Named members.
    Object,
}

/// A request body (OpenAPI Request Body Object).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BodyConfig {
    /// Whether there must be one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub required: bool,
    /// Most bytes; a longer body is 413.
    pub max_bytes: u32,
    /// Whether bodies in gzip and deflate are read, of at most so many bytes when they are out; else they are refused.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub decode: bool,
    /// The media types that are declared; any other is 415.
    pub content: Vec<ContentConfig>,
}

/// One media type of a body.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContentConfig {
    /// A media range: `application/json`, `application/*`, `*/*`; parameters are part of the match.
    pub range: String,
    /// Whether of the types in the range those of JSON alone are declared.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub json_alone: bool,
    /// How the body is read before its schema is asked.
    pub format: FormatConfig,
    /// What it must satisfy; absent: anything of its format.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<Box<RawValue>>,
}

/// How a body becomes a value.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub enum FormatConfig {
    /// A JSON text (RFC 8259).
    Json,
    /// A JSON text on each line that is not empty.
    JsonLines {
        /// Whether the schema is for each of them; else for the list of all.
        each: bool,
    },
    /// `application/x-www-form-urlencoded`: properties by name.
    Form {
        /// What the schema takes.
        shape: ShapeConfig,
        /// Properties whose encoding is not `form` with `explode`.
        #[serde(default)]
        encoding: BTreeMap<String, (StyleConfig, bool)>,
    },
    /// `multipart/form-data` (RFC 7578): a property for each part's name.
    Multipart {
        /// What the schema takes.
        shape: ShapeConfig,
        /// The media types that a property's parts may have (Encoding Object `contentType`), where given.
        #[serde(default)]
        content_types: BTreeMap<String, Vec<String>>,
        /// How one part holds a property with several items or members (Encoding Object `style`); without it, a list
        /// has a part for each item.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        styles: BTreeMap<String, StyleConfig>,
        /// The headers that a property's parts may have (Encoding Object `headers`), where given.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        headers: BTreeMap<String, Vec<ParameterConfig>>,
    },
    /// XML, read as the schema's XML Objects say.
    Xml {
        /// What the schema takes, with XML Objects.
        shape: ShapeConfig,
        /// The name of the root element; absent: any.
        #[serde(default)]
        root: Option<String>,
    },
    /// UTF-8 text, checked as one JSON string.
    Text,
    /// Bytes: only type and size are checked.
    Bytes,
}
