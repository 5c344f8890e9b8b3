//! Responses: what of them is judged. Their schemas are written for their own direction.

use std::collections::BTreeMap;

use portcullis_config::schema::{ContentConfig, ResponseConfig, ResponseMode, ResponsesConfig};
use portcullis_openapi::model::{ApiModel, Header, Location, Operation, Parameter, Response};

use super::schemas::Schemas;
use super::text::Direction;
use super::{Rules, SchemaCompiler};
use crate::coverage::{Construct, Treatment};

/// Which schemas of an API: those that are written alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Kind {
    direction: Direction,
    asserts_formats: bool,
}

impl Kind {
    /// Where they are.
    pub(super) fn document(self, api: &str) -> String {
        let responses = if self.direction == Direction::Response { " responses" } else { "" };
        let formats = if self.asserts_formats { "" } else { " without formats" };
        format!("{api}{responses}{formats}")
    }
}

impl<'d> SchemaCompiler<'d> {
    /// Those of a direction differ where the dialect and a schema say so: `readOnly` and `writeOnly`.
    pub(super) fn kind(&self, direction: Direction, asserts_formats: bool) -> Kind {
        let direction = if self.is_directed { direction } else { Direction::Request };
        Kind { direction, asserts_formats }
    }

    pub(super) fn schemas(&mut self, kind: Kind) -> &mut Schemas<'d> {
        if kind == (Kind { direction: Direction::Request, asserts_formats: true }) {
            return &mut self.requests;
        }
        let model = self.requests.model();
        self.others.entry(kind).or_insert_with(|| Schemas::new(model, kind.direction, kind.asserts_formats))
    }

    /// Those that nothing enforces.
    pub(super) fn unenforced(&mut self, kind: Kind) -> &mut Schemas<'d> {
        let model = self.requests.model();
        let new = || Schemas::unenforced(model, kind.direction, kind.asserts_formats);
        self.unenforced.entry(kind).or_insert_with(new)
    }
}

/// Whether anything says which way messages go that have it.
pub(super) fn is_directed(model: &ApiModel<'_>) -> bool {
    let says = |text: &str| ["readOnly", "writeOnly"].iter().any(|keyword| text.contains(keyword));
    model.version.is_draft4() && model.documents.files().any(|(_, _, text)| says(text))
}

impl<'d> Rules<'_, 'd> {
    /// The configuration of an operation's responses; none where they are left alone.
    pub(super) fn responses(&mut self, operation: &Operation<'d>) -> Option<ResponsesConfig> {
        let validation = self.settings.validation;
        let Some(mode) = validation.responses else {
            self.waive_responses(operation);
            return None;
        };
        self.subject.direction = Direction::Response;
        self.subject.construct = Construct::Response;
        self.subject.treatment = match mode {
            ResponseMode::Observe => Treatment::Observed,
            ResponseMode::Enforce => Treatment::Enforced,
        };
        let described = operation.responses.iter();
        let by_status: BTreeMap<String, ResponseConfig> =
            described.map(|response| (response.status.to_owned(), self.response(response))).collect();
        let own = self.compiler.kind(Direction::Request, validation.asserts_formats);
        let kind = self.compiler.kind(Direction::Response, validation.asserts_formats);
        let is_other = kind != own && self.compiler.others.contains_key(&kind);
        let document = is_other.then(|| kind.document(&self.compiler.api));
        Some(ResponsesConfig { document, mode, max_bytes: validation.max_response_bytes, by_status })
    }

    fn response(&mut self, response: &Response<'d>) -> ResponseConfig {
        let treatment = self.subject.treatment.clone();
        self.covered(Construct::Response, response.status, treatment, response.place);
        self.subject.prefix = format!("{} ", response.status);
        let mut headers = Vec::new();
        for header in &response.headers {
            let name = format!("{} header {}", response.status, header.name);
            match self.parameter(&as_parameter(header)) {
                Ok(config) => {
                    let treatment = self.subject.treatment.clone();
                    self.covered(Construct::Response, name, treatment, header.place);
                    headers.push(config);
                }
                Err(refusal) => {
                    self.refuse(Construct::Response, &name, refusal);
                }
            }
        }
        let mut content: Vec<ContentConfig> = Vec::new();
        for media_type in &response.content {
            let Some(entry) = self.media_type(media_type) else { continue };
            if !content.iter().any(|earlier| earlier.range == entry.range) {
                content.push(entry);
            }
        }
        ResponseConfig { headers, content }
    }

    fn waive_responses(&mut self, operation: &Operation<'d>) {
        let reason = || Treatment::Waived("responses are not validated".to_owned());
        for response in &operation.responses {
            if response.content.is_empty() {
                self.covered(Construct::Response, response.status, reason(), response.place);
            }
            for media_type in &response.content {
                let name = format!("{} {}", response.status, media_type.range);
                self.covered(Construct::Response, name, reason(), media_type.place);
            }
            self.examples_alone(response);
        }
    }
}

pub(super) fn as_parameter<'d>(header: &Header<'d>) -> Parameter<'d> {
    Parameter {
        name: header.name,
        location: Location::Header,
        required: header.required,
        allow_empty_value: false,
        value: header.value.clone(),
        examples: header.examples.clone(),
        deprecated: false,
        place: header.place,
    }
}
