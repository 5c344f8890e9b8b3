//! Parameters, bodies and schemas: from the model to what the schema plugin enforces. Every schema is compiled
//! here by the plugin's own code, once, so that none can fail to compile while a request waits for it.

mod body;
mod cycles;
mod draft2020;
mod draft4;
mod format;
pub(crate) mod media_type;
mod names;
mod parameter;
mod pattern;
mod shape;
mod text;

use std::collections::{BTreeMap, HashSet};

use portcullis_config::schema::{DialectConfig, DocumentConfig, SchemaRule};
use portcullis_openapi::model::{ApiModel, Location, Operation, Parameter, SchemaRef, Version};
use portcullis_openapi::{Diagnostic, Node, Place, Report, Severity};
use portcullis_schema::{InvalidSchema, check_schema};
use serde_json::value::RawValue;

use crate::codes;
use crate::coverage::{Construct, OperationCoverage, Treatment};
use crate::settings::Settings;
use cycles::Cycles;
use names::Names;
use text::{Text, Writer, Writing};

/// Compiles the operations of one definition; schemas that several of them use become definitions, once.
#[derive(Debug)]
pub(crate) struct SchemaCompiler<'d> {
    api: String,
    writing: Writing<'d>,
    definitions: BTreeMap<String, Box<RawValue>>,
    cycles: Cycles,
    /// Texts that compile: many parameters have the same.
    checked: HashSet<String>,
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
}

impl<'d> SchemaCompiler<'d> {
    /// `api` is the name by which rules refer to the definitions.
    pub(crate) fn new(model: &'d ApiModel<'d>, api: &str) -> Self {
        let writing =
            Writing { model, names: Names::default(), wanted: Vec::new(), formats: Default::default() };
        Self {
            api: api.to_owned(),
            writing,
            definitions: BTreeMap::new(),
            cycles: Cycles::default(),
            checked: HashSet::new(),
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
        let document = self.api.clone();
        let mut rules = Rules { compiler: self, settings, coverage, report };
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
        };
        rules.parameters(operation, carriers, &mut rule);
        rule.body = operation.request_body.as_ref().and_then(|body| rules.body(body));
        rules.responses(operation);
        rule
    }

    /// All schemas that the rules refer to.
    pub(crate) fn finish(self) -> DocumentConfig {
        DocumentConfig { dialect: dialect(self.writing.model.version), definitions: self.definitions }
    }

    fn check_dialect(&mut self, report: &mut Report) {
        let declared = self.writing.model.schema_dialect.filter(|_| !self.is_dialect_checked);
        self.is_dialect_checked = true;
        if let Some(node) = declared {
            Writer { writing: &mut self.writing, report, text: Text::default() }.dialect(node);
        }
    }

    /// Writes and checks a schema and all that it refers to.
    fn schema(&mut self, schema: &'d Node, report: &mut Report) -> Text {
        let text = self.checked_text(schema, report);
        let mut added: Vec<(String, &'d Node)> = Vec::new();
        while let Some((name, node)) = self.writing.wanted.pop() {
            let text = self.checked_text(node, report);
            self.cycles.add(&name, text.in_place.clone());
            if let Some(raw) = raw(text) {
                self.definitions.insert(name.clone(), raw);
            }
            added.push((name, node));
        }
        for (name, node) in added {
            if self.cycles.is_endless(&name) {
                let message = format!("the schema `{name}` refers back to itself for the same value");
                report.push(diagnostic(Severity::Error, codes::SCHEMA_INVALID, message, Some(node.place())));
            }
        }
        text
    }

    fn checked_text(&mut self, schema: &'d Node, report: &mut Report) -> Text {
        let text = self.writing.write(schema, report);
        if self.checked.contains(&text.json) {
            return text;
        }
        match check(&text, self.writing.model.version) {
            Ok(()) => {
                self.checked.insert(text.json.clone());
            }
            Err(invalid) => report.push(invalid_schema(schema, &invalid)),
        }
        text
    }
}

impl<'d> Rules<'_, 'd> {
    fn model(&self) -> &'d ApiModel<'d> {
        self.compiler.writing.model
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
                self.covered(
                    Construct::Parameter,
                    format!("{name} (by security)"),
                    Treatment::Enforced,
                    parameter.place,
                );
                continue;
            }
            if parameter.location == Location::Path && !parameter::is_in_path(operation, parameter.name) {
                let reason = Treatment::Waived("the path has no such parameter".to_owned());
                self.covered(Construct::Parameter, name, reason, parameter.place);
                continue;
            }
            match self.parameter(parameter) {
                Ok(config) => {
                    self.covered(Construct::Parameter, name, Treatment::Enforced, parameter.place);
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

    fn responses(&mut self, operation: &Operation<'d>) {
        let reason = || Treatment::Waived("responses are not validated".to_owned());
        for response in &operation.responses {
            if response.content.is_empty() {
                self.covered(Construct::Response, response.status, reason(), response.place);
            }
            for media_type in &response.content {
                let name = format!("{} {}", response.status, media_type.range);
                self.covered(Construct::Response, name, reason(), media_type.place);
            }
        }
    }

    /// The text of a schema; none when it accepts everything.
    fn schema(&mut self, schema: SchemaRef<'d>) -> Option<Text> {
        let text = self.compiler.schema(schema.node, self.report);
        (!text.is_anything()).then_some(text)
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

/// Compiles a text with definitions that accept everything: what it refers to is checked by itself.
fn check(text: &Text, version: Version) -> Result<(), InvalidSchema> {
    let unreadable =
        || InvalidSchema::Unreadable { pointer: String::new(), message: "is not JSON".to_owned() };
    let anything = || RawValue::from_string("{}".to_owned());
    let mut definitions = BTreeMap::new();
    for name in &text.references {
        definitions.insert(name.clone(), anything().map_err(|_| unreadable())?);
    }
    let schema = RawValue::from_string(text.json.clone()).map_err(|_| unreadable())?;
    check_schema(&DocumentConfig { dialect: dialect(version), definitions }, &schema)
}

/// Puts the fault at the keyword that has it: both texts have the same structure, so the way is the same.
fn invalid_schema(schema: &Node, invalid: &InvalidSchema) -> Diagnostic {
    let (pointer, message) = match invalid {
        InvalidSchema::DanglingReference { .. } => ("", invalid.to_string()),
        InvalidSchema::Unreadable { pointer, message } | InvalidSchema::Refused { pointer, message } => {
            (pointer.as_str(), message.clone())
        }
    };
    let mut node = schema;
    for token in pointer.split('/').skip(1) {
        let token = token.replace("~1", "/").replace("~0", "~");
        let next = match node.as_array() {
            Some(items) => token.parse::<usize>().ok().and_then(|at| items.get(at)),
            None => node.get(&token),
        };
        let Some(next) = next else { break };
        node = next;
    }
    diagnostic(Severity::Error, codes::SCHEMA_INVALID, message, Some(node.place()))
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
