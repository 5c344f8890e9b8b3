//! What a definition says, without its ways of saying it: references resolved, inheritance flattened, defaults filled in.
//! Schemas, extensions and examples stay nodes. Knows nothing of how any of it is enforced.

mod message;
mod parameter;
mod security;

pub use message::{Encoding, Example, Header, MediaType, RequestBody, Response};
pub use parameter::{Location, Parameter, ParameterValue, Style};
pub use security::{KeyLocation, Requirement, RequirementOrigin, Scheme, SchemeKind, SchemeUse, Security};

use std::sync::Arc;

use indexmap::IndexMap;

use crate::diagnostic::Report;
use crate::documents::Documents;
use crate::reference::Unresolved;
use crate::source::Place;
use crate::tree::Node;

/// The version a document follows, by which its schemas are to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Version {
    /// Swagger 2.0: what OpenAPI 3.0 has another way of saying is said in its way, schemas apart. Their dialect is that of
    /// 3.0, but for `x-nullable`.
    V2_0,
    /// OpenAPI 3.0.x: schemas are OpenAPI's own dialect.
    V3_0,
    /// OpenAPI 3.1.x: schemas are JSON Schema 2020-12.
    V3_1,
}

impl Version {
    /// Whether schemas are OpenAPI's own dialect of draft 4, not JSON Schema.
    #[must_use]
    pub fn is_draft4(self) -> bool {
        self <= Self::V3_0
    }

    /// The keyword that lets a schema's value be null besides.
    #[must_use]
    pub fn nullable(self) -> &'static str {
        if self == Self::V2_0 { "x-nullable" } else { "nullable" }
    }
}

/// A definition.
#[derive(Debug)]
pub struct ApiModel<'d> {
    /// The files it was read from, which know how to follow references and to name places.
    pub documents: &'d Documents,
    /// The version.
    pub version: Version,
    /// `info.title`, empty when missing.
    pub title: &'d str,
    /// `info.version`, the API's own, empty when missing.
    pub api_version: &'d str,
    /// The root's servers; one with the URL `/` when the document has none.
    pub servers: Arc<[Server<'d>]>,
    /// All operations in document order.
    pub operations: Vec<Operation<'d>>,
    /// `components.securitySchemes` in document order.
    pub security_schemes: IndexMap<&'d str, Scheme<'d>>,
    /// `jsonSchemaDialect` of 3.1: the dialect of schemas without `$schema`.
    pub schema_dialect: Option<&'d Node>,
    /// `webhooks` of 3.1: requests the API sends, which no gateway in front of it sees.
    pub webhooks: Option<&'d Node>,
    /// The root's `x-portcullis`.
    pub extension: Option<&'d Node>,
    /// Other extensions of the root, path items and operations, by name.
    pub foreign_extensions: IndexMap<&'d str, ForeignExtension>,
}

/// An `x-` field of somebody else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignExtension {
    /// Where it occurs first.
    pub first: Place,
    /// How often it occurs.
    pub count: usize,
}

/// One method of one path.
#[derive(Debug)]
pub struct Operation<'d> {
    /// The method.
    pub method: Method,
    /// The key under `paths`, as written.
    pub path: &'d str,
    /// Where that key stands.
    pub path_place: Place,
    /// Where the operation's key (`get:`) stands.
    pub place: Place,
    /// The operation object.
    pub node: &'d Node,
    /// The path item, references followed.
    pub path_item: &'d Node,
    /// `operationId`.
    pub operation_id: Option<&'d str>,
    /// The operation's own servers, or its path's, or the root's.
    pub servers: Arc<[Server<'d>]>,
    /// The path's parameters and the operation's, which win by location and name.
    pub parameters: Vec<Parameter<'d>>,
    /// Header parameters that OpenAPI says to ignore: Accept, Content-Type, Authorization.
    pub ignored_parameters: Vec<Parameter<'d>>,
    /// `requestBody`.
    pub request_body: Option<RequestBody<'d>>,
    /// `responses` in document order.
    pub responses: Vec<Response<'d>>,
    /// Who may call it.
    pub security: Security<'d>,
    /// `x-portcullis` of the path item.
    pub path_extension: Option<&'d Node>,
    /// `x-portcullis` of the operation.
    pub extension: Option<&'d Node>,
    /// `callbacks`: requests the API sends, which no gateway in front of it sees.
    pub callbacks: Option<&'d Node>,
    /// `deprecated`.
    pub deprecated: bool,
}

/// A method that a path item can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Method {
    /// GET.
    Get,
    /// PUT.
    Put,
    /// POST.
    Post,
    /// DELETE.
    Delete,
    /// OPTIONS.
    Options,
    /// HEAD.
    Head,
    /// PATCH.
    Patch,
    /// TRACE.
    Trace,
}

impl Method {
    /// By the key of a path item, which is lower case.
    #[must_use]
    pub fn from_key(key: &str) -> Option<Self> {
        Some(match key {
            "get" => Self::Get,
            "put" => Self::Put,
            "post" => Self::Post,
            "delete" => Self::Delete,
            "options" => Self::Options,
            "head" => Self::Head,
            "patch" => Self::Patch,
            "trace" => Self::Trace,
            _ => return None,
        })
    }

    /// As it stands in a request.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Put => "PUT",
            Self::Post => "POST",
            Self::Delete => "DELETE",
            Self::Options => "OPTIONS",
            Self::Head => "HEAD",
            Self::Patch => "PATCH",
            Self::Trace => "TRACE",
        }
    }
}

/// Where the API is.
#[derive(Debug, Clone, PartialEq)]
pub struct Server<'d> {
    /// `url` with each variable replaced by its default; may be relative.
    pub url: String,
    /// `url` as written.
    pub template: &'d str,
    /// `variables`.
    pub variables: Vec<ServerVariable<'d>>,
    /// Where it stands; the document's root when it is the implied one.
    pub place: Place,
}

/// A part of a server's URL that can differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerVariable<'d> {
    /// The name.
    pub name: &'d str,
    /// The value that counts here.
    pub default: &'d str,
    /// All values it can have; empty means any.
    pub allowed: Vec<&'d str>,
}

/// A schema: a node, and by its place the file in which its references are to be read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SchemaRef<'d> {
    /// The schema, which may itself be a `$ref`.
    pub node: &'d Node,
}

impl<'d> SchemaRef<'d> {
    /// Where it stands.
    #[must_use]
    pub fn place(self) -> Place {
        self.node.place()
    }

    /// Its `$ref`, if it is one. In 3.0 nothing beside it counts; in 3.1 its siblings do.
    #[must_use]
    pub fn reference(self) -> Option<&'d str> {
        self.node.reference()
    }
}

impl<'d> ApiModel<'d> {
    /// Reads the model out of the documents. Everything that is wrong goes into the report; a model comes out whenever
    /// there is a document of a version that can be read, and is to be used only if the report has no errors.
    #[must_use]
    pub fn read(documents: &'d Documents, report: &mut Report) -> Option<Self> {
        crate::read::read(documents, report)
    }

    /// Follows one `$ref`; a schema without one is its own answer.
    ///
    /// # Errors
    /// When the reference leads nowhere.
    pub fn resolve(&self, schema: SchemaRef<'d>) -> Result<SchemaRef<'d>, Unresolved> {
        match schema.reference() {
            None => Ok(schema),
            Some(reference) => {
                let node = self.documents.resolve(reference, schema.place())?;
                Ok(SchemaRef { node })
            }
        }
    }
}
