//! A schema of the document as the text that the plugin compiles: references renamed, annotations left out.
//! What each dialect knows is in `draft4` and `draft2020`; here is what they share.

use std::fmt::Write;

use portcullis_openapi::model::{ApiModel, Version};
use portcullis_openapi::{Node, Report, Severity};

use super::diagnostic;
use super::instances::Instance;
use super::names::Names;
use super::pattern::Pattern;
use super::scope::Scope;
use crate::codes;

/// Most definitions that a document may have because of `$dynamicRef`: schemas times the scopes that they are reached in.
const MAX_SCOPED: usize = 20_000;

/// Which way the messages go that a schema is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Direction {
    Request,
    Response,
}

impl Direction {
    /// The keyword of 3.0 for properties that messages of the other direction have.
    pub(super) fn absent(self) -> &'static str {
        match self {
            Self::Request => "readOnly",
            Self::Response => "writeOnly",
        }
    }
}

/// What is known while schemas are written; one for all schemas of a definition.
#[derive(Debug)]
pub(super) struct Writing<'d> {
    pub(super) model: &'d ApiModel<'d>,
    pub(super) direction: Direction,
    pub(super) names: Names,
    /// Schemas that were referred to and are not written yet, with their names and scopes.
    pub(super) wanted: Vec<(String, &'d Node, Scope<'d>)>,
    /// How many definitions depend on their scope.
    pub(super) scoped: usize,
    /// Formats that the author was told of; none where they are not asserted.
    pub(super) formats: Option<super::format::Formats>,
    /// Defaults and examples that were met, with the scopes of their schemas.
    pub(super) instances: Vec<(Instance<'d>, Scope<'d>)>,
}

/// A written schema.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Text {
    /// The JSON text.
    pub(super) json: String,
    /// The definitions it refers to.
    pub(super) references: Vec<String>,
    /// Those among them that judge the very value that it judges (`$ref`, `allOf`, `not` …), not a part of it.
    pub(super) in_place: Vec<String>,
}

impl Text {
    /// Whether it accepts everything.
    pub(super) fn is_anything(&self) -> bool {
        matches!(&*self.json, "{}" | "true")
    }
}

/// One schema being written.
pub(super) struct Writer<'w, 'd> {
    pub(super) writing: &'w mut Writing<'d>,
    pub(super) report: &'w mut Report,
    pub(super) text: Text,
    /// What `$dynamicRef`s mean here.
    pub(super) scope: Scope<'d>,
}

impl<'d> Writing<'d> {
    /// Writes a schema in the dialect of its definition.
    pub(super) fn write(&mut self, schema: &'d Node, scope: Scope<'d>, report: &mut Report) -> Text {
        let version = self.model.version;
        let mut writer = Writer { writing: self, report, text: Text::default(), scope };
        match version {
            Version::V2_0 | Version::V3_0 => writer.draft4(schema),
            _ => writer.draft2020(schema),
        }
        writer.text
    }
}

impl<'d> Writer<'_, 'd> {
    /// `"$ref":"#/$defs/<name>"`, the target put on the list of what is wanted. A reference that leads nowhere
    /// was reported by the reader, and accepts nothing.
    pub(super) fn reference(&mut self, node: &'d Node, reference: &str, in_place: bool) {
        let target = self.writing.model.documents.resolve(reference, node.place()).ok();
        self.refer("$ref", node, target, in_place);
    }

    /// The same under a keyword, to a schema that is known.
    pub(super) fn refer(&mut self, keyword: &str, node: &Node, target: Option<&'d Node>, in_place: bool) {
        let documents = self.writing.model.documents;
        let Some(target) = target else {
            self.push("\"not\":{}");
            return;
        };
        let scope = self.scope.entered(documents, target);
        let key = scope.key();
        let is_scoped = !key.is_empty();
        let (name, is_new) = self.writing.names.name(documents, target, key);
        if is_new {
            self.writing.scoped += usize::from(is_scoped);
            match self.writing.scoped {
                MAX_SCOPED => self.refuse_scopes(node),
                count if count > MAX_SCOPED => {}
                _ => self.writing.wanted.push((name.clone(), target, scope)),
            }
        }
        self.push(&format!("\"{keyword}\":\"#/$defs/{name}\""));
        if in_place {
            self.text.in_place.push(name.clone());
        }
        self.text.references.push(name);
    }

    fn refuse_scopes(&mut self, node: &Node) {
        let message = format!("`$dynamicAnchor`s give schemas more than {MAX_SCOPED} meanings");
        let place = Some(node.place());
        self.report.push(diagnostic(Severity::Error, codes::SCHEMA_KEYWORD_UNSUPPORTED, message, place));
    }

    /// A comma unless at the start of an object or array, then the key and a colon.
    pub(super) fn key(&mut self, key: &str) {
        self.comma();
        self.string(key);
        self.push(":");
    }

    pub(super) fn comma(&mut self) {
        if !self.text.json.ends_with(['{', '[']) {
            self.push(",");
        }
    }

    pub(super) fn string(&mut self, text: &str) {
        self.push(&serde_json::Value::from(text).to_string());
    }

    /// A value exactly as the document has it.
    pub(super) fn verbatim(&mut self, node: &Node) {
        // Writing to a string cannot fail.
        let _ = write!(self.text.json, "{node}");
    }

    /// A list without repetitions, which say nothing but are forbidden by the dialects.
    pub(super) fn distinct(&mut self, key: &str, items: &[Node]) {
        let mut texts: Vec<String> = Vec::with_capacity(items.len());
        let mut seen = std::collections::HashSet::with_capacity(items.len());
        texts.extend(items.iter().map(Node::to_json).filter(|text| seen.insert(text.clone())));
        self.key(key);
        self.push("[");
        self.push(&texts.join(","));
        self.push("]");
    }

    pub(super) fn push(&mut self, text: &str) {
        self.text.json.push_str(text);
    }

    pub(super) fn warn(&mut self, node: &Node, message: String) {
        let place = Some(node.place());
        self.report.push(diagnostic(Severity::Warning, codes::SCHEMA_KEYWORD_IGNORED, message, place));
    }

    /// `pattern`, rewritten, with the lengths that the rewritten one does not say.
    pub(super) fn pattern(&mut self, schema: &Node, node: &Node) {
        self.key("pattern");
        let Some(pattern) = node.as_str().map(Pattern::of) else { return self.verbatim(node) };
        self.string(&pattern.text);
        for (key, length) in [("minLength", pattern.min_length), ("maxLength", pattern.max_length)] {
            if let Some(length) = length.filter(|_| schema.get(key).is_none()) {
                self.key(key);
                self.push(&length.to_string());
            }
        }
    }

    /// `minLength` or `maxLength`: the stricter of it and what `pattern` beside it says.
    pub(super) fn length(&mut self, schema: &Node, key: &str, node: &Node) {
        self.key(key);
        let pattern = schema.get("pattern").and_then(Node::as_str).map(Pattern::of).unwrap_or_default();
        let own = node.to_json().parse::<f64>().ok().filter(|own| own.fract() == 0.0);
        match (own, key == "minLength") {
            (Some(own), true) if pattern.min_length.is_some_and(|min| own >= 0.0 && own < f64::from(min)) => {
                self.push(&pattern.min_length.unwrap_or_default().to_string());
            }
            (Some(own), false) if pattern.max_length.is_some_and(|max| own > f64::from(max)) => {
                self.push(&pattern.max_length.unwrap_or_default().to_string());
            }
            _ => self.verbatim(node),
        }
    }

    /// `default`, `example` or an item of `examples`: an annotation, but it should be as the schema says.
    pub(super) fn instance(&mut self, schema: &'d Node, keyword: &str, value: &'d Node) {
        let instance = Instance::within(schema, keyword, value);
        self.writing.instances.push((instance, self.scope.clone()));
    }

    /// `format`, with a word to the author when nothing will be checked.
    pub(super) fn format(&mut self, node: &Node) {
        let Some(formats) = &mut self.writing.formats else { return };
        formats.note(node, self.writing.model.version, self.report);
        self.key("format");
        self.verbatim(node);
    }
}
