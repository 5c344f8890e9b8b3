//! The coverage report: how each construct of each operation is treated. Nothing is left out of it: what is
//! not enforced is delegated, refused or waived, and says why.

use portcullis_openapi::Place;
use serde::Serialize;

/// The coverage report.
#[derive(Debug, Default, Clone, Serialize)]
pub struct Coverage {
    /// Each operation, API by API, in document order.
    pub operations: Vec<PlacedOperation>,
    /// Extensions of other vendors, which are not read.
    pub foreign_extensions: Vec<ForeignExtension>,
}

/// An operation's rows with their places as people read them.
#[derive(Debug, Clone, Serialize)]
pub struct PlacedOperation {
    /// The API.
    pub api: String,
    /// The operation's key.
    pub operation: String,
    /// How often, at most, a subschema is visited for a value while one request and its response are judged.
    pub most_visits: u64,
    /// Its constructs.
    pub constructs: Vec<PlacedRow>,
}

/// A construct with its place.
#[derive(Debug, Clone, Serialize)]
pub struct PlacedRow {
    /// What kind.
    pub construct: Construct,
    /// Which one.
    pub name: String,
    /// How it is treated.
    pub treatment: Treatment,
    /// `file:line:column`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
}

/// An extension that is not read.
#[derive(Debug, Clone, Serialize)]
pub struct ForeignExtension {
    /// The API.
    pub api: String,
    /// Its name.
    pub name: String,
    /// How often it occurs.
    pub count: usize,
    /// Where it occurs first: `file:line:column`.
    pub place: String,
}

impl Coverage {
    /// With places relative to a folder, so that it is the same wherever the files are.
    pub(crate) fn relative_to(&self, folder: &str) -> Self {
        let mut coverage = self.clone();
        let strip = |place: &mut String| {
            if let Some(rest) = place.strip_prefix(folder) {
                *place = rest.to_owned();
            }
        };
        let rows = coverage.operations.iter_mut().flat_map(|operation| &mut operation.constructs);
        rows.filter_map(|row| row.place.as_mut()).for_each(strip);
        coverage.foreign_extensions.iter_mut().for_each(|extension| strip(&mut extension.place));
        coverage
    }
}

/// How a construct is treated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Treatment {
    /// A plugin enforces it.
    Enforced,
    /// A plugin judges it and lets pass what is wrong: the access log says so.
    Observed,
    /// A named feature of Envoy enforces it.
    Delegated(String),
    /// It cannot be enforced, and the build fails.
    Refused(String),
    /// It is not enforced, and this is why.
    Waived(String),
}

/// What kind of construct a row is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Construct {
    /// Path, method and host.
    Routing,
    /// One parameter.
    Parameter,
    /// One media type of the request body.
    Body,
    /// One response.
    Response,
    /// One alternative of the security requirement.
    Security,
    /// One limit.
    Limit,
    /// Something else of the operation.
    Other,
}

/// One construct of one operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// What kind.
    pub construct: Construct,
    /// Which one: `query limit`, `application/json`, `200`, `ApiKey AND OAuth2(read)`.
    pub name: String,
    /// How it is treated.
    pub treatment: Treatment,
    /// Where it stands.
    pub place: Option<Place>,
}

/// All constructs of one operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperationCoverage {
    /// The API.
    pub api: String,
    /// The operation's key.
    pub operation: String,
    /// See [`PlacedOperation::most_visits`].
    pub most_visits: u64,
    /// Its constructs.
    pub rows: Vec<Row>,
}

impl OperationCoverage {
    /// Adds a construct.
    pub fn add(
        &mut self,
        construct: Construct,
        name: impl Into<String>,
        treatment: Treatment,
        place: Option<Place>,
    ) {
        self.rows.push(Row { construct, name: name.into(), treatment, place });
    }
}
