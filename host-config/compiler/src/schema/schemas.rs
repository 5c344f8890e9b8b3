//! The schemas of a definition in one direction: written, compiled once by the plugin's own code, and kept as definitions
//! where something refers to them.

use std::collections::{BTreeMap, HashSet};

use portcullis_config::schema::DocumentConfig;
use portcullis_openapi::model::{ApiModel, Version};
use portcullis_openapi::{Node, Report, Severity};
use portcullis_schema::{Fault, InvalidSchema, check_schema};
use serde_json::value::RawValue;

use super::cycles::Cycles;
use super::instances::{Instance, Instances};
use super::names::Names;
use super::scope::Scope;
use super::text::{Direction, Text, Writer, Writing};
use super::visits::Visits;
use super::{diagnostic, dialect, invalid_schema, raw};
use crate::codes;

/// All schemas that the rules of one direction refer to.
#[derive(Debug)]
pub(super) struct Schemas<'d> {
    writing: Writing<'d>,
    document: DocumentConfig,
    /// Whether anything enforces them: then they must compile.
    is_enforced: bool,
    instances: Instances<'d>,
    cycles: Cycles,
    /// Texts that compile: many parameters have the same.
    checked: HashSet<String>,
    visits: Visits,
}

impl<'d> Schemas<'d> {
    pub(super) fn new(model: &'d ApiModel<'d>, direction: Direction, asserts_formats: bool) -> Self {
        let (names, formats) = (Names::default(), asserts_formats.then(Default::default));
        Self {
            writing: Writing {
                model,
                direction,
                names,
                wanted: Vec::new(),
                scoped: 0,
                formats,
                instances: Vec::new(),
            },
            document: DocumentConfig { dialect: dialect(model.version), definitions: BTreeMap::new() },
            is_enforced: true,
            instances: Instances::default(),
            cycles: Cycles::default(),
            checked: HashSet::new(),
            visits: Visits::default(),
        }
    }

    /// Those that nothing enforces: only defaults and examples are held against them.
    pub(super) fn unenforced(model: &'d ApiModel<'d>, direction: Direction, asserts_formats: bool) -> Self {
        Self { is_enforced: false, ..Self::new(model, direction, asserts_formats) }
    }

    pub(super) fn model(&self) -> &'d ApiModel<'d> {
        self.writing.model
    }

    pub(super) fn direction(&self) -> Direction {
        self.writing.direction
    }

    pub(super) fn asserts_formats(&self) -> bool {
        self.writing.formats.is_some()
    }

    pub(super) fn finish(self) -> DocumentConfig {
        self.document
    }

    pub(super) fn check_dialect(&mut self, report: &mut Report) {
        if let Some(node) = self.writing.model.schema_dialect {
            let (text, scope) = (Text::default(), Scope::default());
            Writer { writing: &mut self.writing, report, text, scope }.dialect(node);
        }
    }

    /// Writes and checks a schema and all that it refers to.
    pub(super) fn schema(&mut self, schema: &'d Node, report: &mut Report) -> Text {
        let scope = Scope::default().entered(self.writing.model.documents, schema);
        let text = self.checked_text(schema, scope, report);
        let mut added: Vec<(String, &'d Node)> = Vec::new();
        while let Some((name, node, scope)) = self.writing.wanted.pop() {
            let text = self.checked_text(node, scope, report);
            self.cycles.add(&name, text.in_place.clone());
            self.visits.add(&name, &text.json, &text.references);
            if let Some(raw) = raw(text) {
                self.document.definitions.insert(name.clone(), raw);
            }
            added.push((name, node));
        }
        for (name, node) in added {
            if self.cycles.is_endless(&name) {
                let message = format!("the schema `{name}` refers back to itself for the same value");
                report.push(diagnostic(Severity::Error, codes::SCHEMA_INVALID, message, Some(node.place())));
            }
        }
        self.note_written();
        text
    }

    /// Notes a value that its schema should accept.
    pub(super) fn note(&mut self, instance: Instance<'d>) {
        if self.instances.is_new(instance.place()) {
            let text = self.schema(instance.schema, &mut Report::default());
            self.instances.note(instance, text);
        }
    }

    /// Notes the values that stand in what was written. What their schemas refer to was written too.
    fn note_written(&mut self) {
        for (instance, scope) in std::mem::take(&mut self.writing.instances) {
            if self.instances.is_new(instance.place()) {
                let text = self.writing.write(instance.schema, scope, &mut Report::default());
                self.instances.note(instance, text);
            }
        }
        self.writing.instances.clear();
    }

    /// The values that their schemas do not accept.
    pub(super) fn wrong_instances(&self) -> Vec<(Instance<'d>, Fault)> {
        self.instances.wrong(&self.document)
    }

    /// How often, at most, the schema's subschemas are visited for one value. All it refers to is known.
    pub(super) fn visits(&mut self, text: &Text) -> u64 {
        self.visits.of(&text.json, &text.references)
    }

    fn checked_text(&mut self, schema: &'d Node, scope: Scope<'d>, report: &mut Report) -> Text {
        let text = self.writing.write(schema, scope, report);
        if !self.is_enforced || self.checked.contains(&text.json) {
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
