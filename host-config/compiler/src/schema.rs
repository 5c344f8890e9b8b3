//! Parameters, bodies and schemas: from the model to what the schema plugin enforces. Every schema is compiled
//! here by the plugin's own code, once, so that none can fail to compile while a request waits for it.

mod body;
mod cycles;
mod draft2020;
mod draft4;
mod encoding;
mod format;
mod hints;
mod instances;
pub(crate) mod media_type;
mod names;
mod parameter;
mod patch;
mod pattern;
mod response;
mod schemas;
mod scope;
mod shape;
mod text;
mod visits;
mod xml;

use std::collections::BTreeMap;

use portcullis_config::schema::{DialectConfig, DocumentConfig, SchemaRule};
use portcullis_openapi::model::{ApiModel, Location, Operation, Parameter, SchemaRef, Version};
use portcullis_openapi::{Diagnostic, Node, Place, Report, Severity};
use portcullis_schema::InvalidSchema;
use serde_json::value::RawValue;

use crate::codes;
use crate::coverage::{Construct, OperationCoverage, Treatment};
use crate::settings::Settings;
use response::Kind;
use schemas::Schemas;
use text::{Direction, Text};

/// Visits for one value from which on the author is warned.
const COSTLY: u64 = 1_000_000;
/// Most JSON values of one body, as the plugin has it.
const MAX_VALUES: u64 = 250_000;
/// Most bytes of one parameter: a whole query.
const MAX_PARAMETER_BYTES: u32 = 32 << 10;

/// Compiles the operations of one definition; schemas that several of them use become definitions, once.
#[derive(Debug)]
pub(crate) struct SchemaCompiler<'d> {
    api: String,
    requests: Schemas<'d>,
    /// Those that are written otherwise, where anything asks for them.
    others: BTreeMap<Kind, Schemas<'d>>,
    /// Those that nothing enforces, and that examples are held against all the same.
    unenforced: BTreeMap<Kind, Schemas<'d>>,
    /// Whether schemas differ by direction.
    is_directed: bool,
    is_dialect_checked: bool,
}

/// Why a construct cannot be enforced.
#[derive(Debug)]
struct Refusal {
    code: &'static str,
    message: String,
    place: Place,
    hint: Option<&'static str>,
}

/// One operation being compiled.
struct Rules<'c, 'd> {
    compiler: &'c mut SchemaCompiler<'d>,
    settings: &'c Settings,
    coverage: &'c mut OperationCoverage,
    report: &'c mut Report,
    subject: Subject,
    work: Work,
}

/// Most visits of a subschema to a value that each part of a message can make.
#[derive(Debug, Default)]
struct Work {
    parameters: u64,
    body: u64,
    response: u64,
}

/// What is being compiled: how its rows of the report begin, and whose schemas it has.
#[derive(Debug, Clone)]
struct Subject {
    construct: Construct,
    /// Before the names of media types.
    prefix: String,
    treatment: Treatment,
    direction: Direction,
}

impl<'d> SchemaCompiler<'d> {
    /// `api` is the name by which rules refer to the definitions.
    pub(crate) fn new(model: &'d ApiModel<'d>, api: &str) -> Self {
        let requests = Schemas::new(model, Direction::Request, true);
        Self {
            api: api.to_owned(),
            requests,
            others: BTreeMap::new(),
            unenforced: BTreeMap::new(),
            is_directed: response::is_directed(model),
            is_dialect_checked: false,
        }
    }

    /// The rule of one operation. `carriers` are the places and names under which its security schemes have
    /// credentials: those are judged by auth and gone before a later plugin could see them.
    pub(crate) fn rule(
        &mut self,
        operation: &Operation<'d>,
        settings: &Settings,
        carriers: &[(Location, String)],
        coverage: &mut OperationCoverage,
        report: &mut Report,
    ) -> SchemaRule {
        self.check_dialect(report);
        let kind = self.kind(Direction::Request, settings.validation.asserts_formats);
        self.schemas(kind);
        let document = kind.document(&self.api);
        let observe = settings.validation.observe;
        let treatment = |observed: bool| if observed { Treatment::Observed } else { Treatment::Enforced };
        let subject = Subject {
            construct: Construct::Parameter,
            prefix: String::new(),
            treatment: treatment(observe.parameters),
            direction: Direction::Request,
        };
        let work = Work::default();
        let mut rules = Rules { compiler: self, settings, coverage, report, subject, work };
        let mut rule = SchemaRule {
            document,
            parameters: Vec::new(),
            body: None,
            refuse_undeclared_query: settings.refuse_undeclared_query,
            allowed_query: carriers
                .iter()
                .filter(|(location, _)| *location == Location::Query)
                .map(|(_, name)| name.clone())
                .collect(),
            show_values: settings.validation.shows_values,
            observe,
            responses: None,
        };
        rules.parameters(operation, carriers, &mut rule);
        rules.subject.construct = Construct::Body;
        rules.subject.treatment = treatment(observe.body);
        rule.body = operation.request_body.as_ref().and_then(|body| rules.body(body));
        rule.responses = rules.responses(operation);
        if !settings.validation.asserts_formats {
            let reason =
                Treatment::Waived("`formats: annotate`: values are not checked against them".to_owned());
            rules.covered(Construct::Other, "formats of schemas", reason, operation.place);
        }
        let Work { parameters, body, response } = rules.work;
        rules.coverage.most_visits = parameters.saturating_add(body).saturating_add(response);
        rule
    }

    /// All schemas that the rules refer to, by the name that they refer to them by.
    pub(crate) fn finish(self, report: &mut Report) -> BTreeMap<String, DocumentConfig> {
        self.check_instances(report);
        let others =
            self.others.into_iter().map(|(kind, schemas)| (kind.document(&self.api), schemas.finish()));
        let mut all: BTreeMap<_, _> = others.collect();
        all.insert(self.api, self.requests.finish());
        all
    }

    fn check_dialect(&mut self, report: &mut Report) {
        if !self.is_dialect_checked {
            self.is_dialect_checked = true;
            self.requests.check_dialect(report);
        }
    }
}

impl<'d> Rules<'_, 'd> {
    fn model(&self) -> &'d ApiModel<'d> {
        self.compiler.requests.model()
    }

    fn parameters(
        &mut self,
        operation: &Operation<'d>,
        carriers: &[(Location, String)],
        rule: &mut SchemaRule,
    ) {
        for parameter in &operation.parameters {
            let name = title(parameter);
            if is_carrier(parameter, carriers) {
                let name = format!("{name} (by security)");
                self.covered(Construct::Parameter, name, Treatment::Enforced, parameter.place);
                continue;
            }
            if parameter.location == Location::Path && !parameter::is_in_path(operation, parameter.name) {
                let reason = Treatment::Waived("the path has no such parameter".to_owned());
                self.covered(Construct::Parameter, name, reason, parameter.place);
                continue;
            }
            match self.parameter(parameter) {
                Ok(config) => {
                    self.covered(Construct::Parameter, name, self.subject.treatment.clone(), parameter.place);
                    rule.parameters.push(config);
                }
                Err(refusal) => {
                    self.refuse(Construct::Parameter, &name, refusal);
                    if parameter.location == Location::Query {
                        rule.allowed_query.push(parameter.name.to_owned());
                    }
                }
            }
        }
        for parameter in &operation.ignored_parameters {
            let reason = Treatment::Waived("OpenAPI ignores header parameters of this name".to_owned());
            self.covered(Construct::Parameter, title(parameter), reason, parameter.place);
        }
    }

    /// The text of a schema; none when it accepts everything.
    fn schema(&mut self, schema: SchemaRef<'d>) -> Option<Text> {
        let asserts_formats = self.settings.validation.asserts_formats;
        let kind = self.compiler.kind(self.subject.direction, asserts_formats);
        let schemas = self.compiler.schemas(kind);
        let text = schemas.schema(schema.node, self.report);
        let visits = schemas.visits(&text);
        self.count(visits, schema.place());
        (!text.is_anything()).then_some(text)
    }

    /// Counts the work of a schema. A parameter's comes beside the others, a message has one body.
    fn count(&mut self, visits: u64, place: Place) {
        if visits > COSTLY {
            let message = format!(
                "judging one value may visit {visits} schemas: alternatives that refer to the same schemas multiply"
            );
            self.tell(Severity::Warning, codes::SCHEMA_COSTLY, message, place);
        }
        let values = |bytes: u32| u64::from(bytes).div_ceil(2).min(MAX_VALUES).saturating_mul(visits);
        match self.subject.construct {
            Construct::Body => self.work.body = self.work.body.max(values(self.settings.max_body_bytes)),
            Construct::Response => {
                let bytes = self.settings.validation.max_response_bytes;
                self.work.response = self.work.response.max(values(bytes));
            }
            _ => self.work.parameters = self.work.parameters.saturating_add(values(MAX_PARAMETER_BYTES)),
        }
    }

    fn covered(&mut self, construct: Construct, name: impl Into<String>, treatment: Treatment, place: Place) {
        self.coverage.add(construct, name, treatment, Some(place));
    }

    /// Reports that a construct cannot be enforced, unless the author waived it; says whether so.
    fn refuse(&mut self, construct: Construct, name: &str, refusal: Refusal) -> bool {
        if let Some(reason) = self.settings.waivers.get(refusal.code) {
            self.covered(construct, name, Treatment::Waived(reason.clone()), refusal.place);
            return true;
        }
        self.covered(construct, name, Treatment::Refused(refusal.message.clone()), refusal.place);
        let mut told = diagnostic(Severity::Error, refusal.code, refusal.message, Some(refusal.place));
        told.hint = refusal.hint.map(str::to_owned);
        self.report.push(told);
        false
    }

    fn tell(&mut self, severity: Severity, code: &'static str, message: String, place: Place) {
        self.report.push(diagnostic(severity, code, message, Some(place)));
    }
}

/// Puts the fault at the keyword that has it: both texts have the same structure, so the way is the same.
fn invalid_schema(schema: &Node, invalid: &InvalidSchema) -> Diagnostic {
    let (pointer, message) = match invalid {
        InvalidSchema::DanglingReference { .. } => ("", invalid.to_string()),
        InvalidSchema::Unreadable { pointer, message } | InvalidSchema::Refused { pointer, message } => {
            (pointer.as_str(), message.clone())
        }
    };
    diagnostic(Severity::Error, codes::SCHEMA_INVALID, message, Some(node_at(schema, pointer).place()))
}

/// What a JSON pointer (RFC 6901) leads to, as far as it leads.
fn node_at<'n>(node: &'n Node, pointer: &str) -> &'n Node {
    let mut node = node;
    for token in pointer.split('/').skip(1) {
        let token = token.replace("~1", "/").replace("~0", "~");
        let next = match node.as_array() {
            Some(items) => token.parse::<usize>().ok().and_then(|at| items.get(at)),
            None => node.get(&token),
        };
        let Some(next) = next else { break };
        node = next;
    }
    node
}

fn diagnostic(severity: Severity, code: &'static str, message: String, place: Option<Place>) -> Diagnostic {
    Diagnostic { severity, code, message, place, pointer: String::new(), hint: None }
}

fn raw(text: Text) -> Option<Box<RawValue>> {
    RawValue::from_string(text.json).ok()
}

fn dialect(version: Version) -> DialectConfig {
    match version {
        Version::V2_0 | Version::V3_0 => DialectConfig::Draft4,
        _ => DialectConfig::Draft202012,
    }
}

fn title(parameter: &Parameter<'_>) -> String {
    format!("{} {}", parameter.location.as_str(), parameter.name)
}

fn is_carrier(parameter: &Parameter<'_>, carriers: &[(Location, String)]) -> bool {
    carriers.iter().any(|(location, name)| {
        let is_named = match location {
            Location::Header => parameter.name.eq_ignore_ascii_case(name),
            _ => parameter.name == name,
        };
        parameter.location == *location && is_named
    })
}

#[cfg(test)]
pub(crate) mod tests;
