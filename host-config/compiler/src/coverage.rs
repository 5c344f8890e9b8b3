//! The coverage report: how each construct of each operation is treated. Nothing is left out of it: what is
//! not enforced is delegated, refused or waived, and says why.

use portcullis_openapi::Place;
use serde::Serialize;

/// How a construct is treated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Treatment {
    /// A plugin enforces it.
    Enforced,
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
