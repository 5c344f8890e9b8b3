//! Defaults and examples: values that the author says a schema accepts, judged by the code that judges messages.

use std::collections::HashSet;

use portcullis_config::schema::DocumentConfig;
use portcullis_openapi::model::{Example, ParameterValue, Response, SchemaRef};
use portcullis_openapi::{Diagnostic, Node, Place, Report, Severity};
use portcullis_schema::{Claim, Fault, check_claims};
use serde::de::IgnoredAny;

use super::media_type::MediaRange;
use super::schemas::Schemas;
use super::shape::Seen;
use super::text::{Direction, Text};
use super::{Rules, SchemaCompiler, diagnostic, node_at};
use crate::codes;

/// Most bytes of schemas and values that are judged for a definition; what comes after them is not.
const MAX_BYTES: usize = 64 << 20;

/// What the strings of examples stand for, besides themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Strings {
    /// Nothing else.
    Values,
    /// The JSON text of a value.
    Json,
    /// A text that is read in another way: they are not judged.
    Texts,
}

/// One such value.
#[derive(Debug, Clone)]
pub(super) struct Instance<'d> {
    code: &'static str,
    /// `default`, or `example` with its name.
    title: String,
    value: &'d Node,
    /// The JSON text, and what else it may stand for.
    readings: Vec<String>,
    pub(super) schema: &'d Node,
    /// Whether it stands in the schema: then it may be of a message either way.
    is_within: bool,
}

/// The values of all schemas of a direction, with the texts of the schemas.
#[derive(Debug, Default)]
pub(super) struct Instances<'d> {
    list: Vec<(Instance<'d>, String)>,
    places: HashSet<Place>,
    bytes: usize,
}

impl<'d> Instance<'d> {
    /// The value of a schema's own keyword.
    pub(super) fn within(schema: &'d Node, keyword: &str, value: &'d Node) -> Self {
        let (code, title) = match keyword {
            "default" => (codes::DEFAULT_INVALID, "default"),
            _ => (codes::EXAMPLE_INVALID, "example"),
        };
        let (title, readings) = (title.to_owned(), vec![value.to_json()]);
        Self { code, title, value, readings, schema, is_within: true }
    }

    fn beside(schema: &'d Node, example: &Example<'d>, strings: Strings) -> Option<Self> {
        let mut readings = vec![example.value.to_json()];
        match (example.value.as_str(), strings) {
            (Some(_), Strings::Texts) => return None,
            (Some(text), Strings::Json) if serde_json::from_str::<IgnoredAny>(text).is_ok() => {
                readings.push(text.to_owned());
            }
            _ => {}
        }
        let title = match example.name {
            "" => "example".to_owned(),
            name => format!("example `{name}`"),
        };
        let (code, value) = (codes::EXAMPLE_INVALID, example.value);
        Some(Self { code, title, value, readings, schema, is_within: false })
    }

    pub(super) fn place(&self) -> Place {
        self.value.place()
    }

    fn diagnostic(&self, fault: &Fault) -> Diagnostic {
        let Fault { pointer, keyword, message } = fault;
        let at = if pointer.is_empty() { "it".to_owned() } else { format!("`{pointer}`") };
        let message = format!("the {} violates `{keyword}` of its schema: {at} {message}", self.title);
        let place = node_at(self.value, pointer).place();
        diagnostic(Severity::Warning, self.code, message, Some(place))
    }
}

impl<'d> Instances<'d> {
    /// Whether nothing was noted yet for the place.
    pub(super) fn is_new(&self, place: Place) -> bool {
        !self.places.contains(&place)
    }

    /// Notes a value that a schema, as this text, should accept.
    pub(super) fn note(&mut self, instance: Instance<'d>, schema: Text) {
        if schema.is_anything() {
            return;
        }
        let schema = schema.json;
        let bytes = schema.len() + instance.readings.iter().map(String::len).sum::<usize>();
        if self.bytes + bytes <= MAX_BYTES && self.places.insert(instance.place()) {
            self.bytes += bytes;
            self.list.push((instance, schema));
        }
    }

    /// Those that their schemas do not accept, and why. Of a value with several readings, one must be accepted.
    pub(super) fn wrong(&self, document: &DocumentConfig) -> Vec<(Instance<'d>, Fault)> {
        let readings = self
            .list
            .iter()
            .flat_map(|(instance, schema)| instance.readings.iter().map(|value| Claim { schema, value }));
        let mut faults = check_claims(document, &readings.collect::<Vec<_>>()).into_iter();
        let mut wrong = Vec::new();
        for (instance, _) in &self.list {
            let found: Vec<Option<Fault>> = faults.by_ref().take(instance.readings.len()).collect();
            let all: Option<Vec<Fault>> = found.into_iter().collect();
            // The last reading is the one that was meant.
            wrong.extend(all.and_then(|mut all| all.pop()).map(|fault| (instance.clone(), fault)));
        }
        wrong
    }
}

impl<'d> SchemaCompiler<'d> {
    /// Tells of each value that its schema does not accept, in the order of their places.
    pub(super) fn check_instances(&self, report: &mut Report) {
        let model = self.requests.model();
        let mut told = Vec::new();
        let all = [&self.requests].into_iter().chain(self.others.values()).chain(self.unenforced.values());
        for schemas in all {
            let (mut wrong, direction) = (schemas.wrong_instances(), schemas.direction());
            if self.is_directed {
                let opposite = match direction {
                    Direction::Request => Direction::Response,
                    Direction::Response => Direction::Request,
                };
                let mut other = Schemas::unenforced(model, opposite, schemas.asserts_formats());
                for (instance, _) in wrong.iter().filter(|(instance, _)| instance.is_within) {
                    other.note(instance.clone());
                }
                let wrong_either_way: HashSet<Place> =
                    other.wrong_instances().iter().map(|(instance, _)| instance.place()).collect();
                wrong.retain(|(one, _)| !one.is_within || wrong_either_way.contains(&one.place()));
            }
            told.extend(wrong.iter().map(|(instance, fault)| (instance.place(), instance.diagnostic(fault))));
        }
        told.sort_by_key(|(place, _)| *place);
        told.dedup_by_key(|(place, _)| *place);
        for (_, diagnostic) in told {
            report.push(diagnostic);
        }
    }
}

impl<'d> Rules<'_, 'd> {
    /// Notes the examples of a response that nothing enforces, and those in its schemas.
    pub(super) fn examples_alone(&mut self, response: &Response<'d>) {
        for header in &response.headers {
            let (ParameterValue::Styled { schema, .. } | ParameterValue::Content { schema, .. }) =
                header.value;
            let Some(schema) = schema else { continue };
            let shape = Seen::of(self.model(), schema.node).shape;
            let has_parts = shape.takes_array() || shape.takes_object();
            self.unenforced(schema, &header.examples, if has_parts { Strings::Texts } else { Strings::Json });
        }
        for media_type in &response.content {
            let is_json = MediaRange::parse(media_type.range).is_some_and(|range| range.is_json());
            if let Some(schema) = media_type.schema.filter(|_| is_json) {
                self.unenforced(schema, &media_type.examples, Strings::Json);
            }
        }
    }

    fn unenforced(&mut self, schema: SchemaRef<'d>, examples: &[Example<'d>], strings: Strings) {
        let kind = self.compiler.kind(Direction::Response, self.settings.validation.asserts_formats);
        let schemas = self.compiler.unenforced(kind);
        schemas.schema(schema.node, &mut Report::default());
        for example in examples {
            if let Some(instance) = Instance::beside(schema.node, example, strings) {
                schemas.note(instance);
            }
        }
    }

    /// Notes the examples of a parameter, header or body that has this schema.
    pub(super) fn examples(
        &mut self,
        schema: Option<SchemaRef<'d>>,
        examples: &[Example<'d>],
        strings: Strings,
    ) {
        let Some(schema) = schema else { return };
        for example in examples {
            if let Some(instance) = Instance::beside(schema.node, example, strings) {
                let kind =
                    self.compiler.kind(self.subject.direction, self.settings.validation.asserts_formats);
                self.compiler.schemas(kind).note(instance);
            }
        }
    }
}
