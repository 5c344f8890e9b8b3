//! The policy: which operation, then its parameters, then its body.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use portcullis_config::schema::{DocumentConfig, ObserveConfig, ParameterConfig, SchemaConfig, SchemaRule};
use portcullis_core::{
    Body as Seen, BodyWatch, Captures, Decision, Edits, Env, Headers, InvalidIndex, Judgement, Learn,
    Observation, OperationId, OperationIndex, Policy, Rejection, Request, Response, Violation, Watch,
};
use serde_json::value::RawValue;

use crate::body::{Body, Verdict};
use crate::content::InvalidBody;
use crate::fault::Violations;
use crate::parameter::{Parameter, Parameters};
use crate::responses::{InvalidResponse, Responses};
use crate::schema::{InvalidSchema, Schema, Unjudged};
use crate::work::Work;

/// Holds requests against the definition: path, query, header and cookie parameters, and bodies; and responses, where it is
/// told to.
#[derive(Debug)]
pub struct SchemaPolicy {
    index: Rc<OperationIndex>,
    rules: Vec<Rule>,
    max_violations: usize,
}

#[derive(Debug)]
struct Rule {
    parameters: Parameters,
    body: Option<Body>,
    observe: ObserveConfig,
    shows_values: bool,
    responses: Option<Responses>,
}

/// The headers that say what a body is.
const OF_BODIES: [&str; 2] = ["content-type", "content-encoding"];

/// Why a configuration cannot be enforced.
#[derive(Debug, thiserror::Error)]
pub enum InvalidSchemaConfig {
    /// The operations make no index.
    #[error("the operations: {0}")]
    Index(#[from] InvalidIndex),
    /// `max_violations` is zero: a refusal could not say why.
    #[error("max_violations is 0")]
    NoViolations,
    /// A rule names a document that is not there.
    #[error("operation '{operation}': there is no document '{document}'")]
    UnknownDocument {
        /// The operation's key.
        operation: String,
        /// The document's name.
        document: String,
    },
    /// A definition refers to one that is not there.
    #[error("definition '{definition}' of '{document}': {cause}")]
    Definition {
        /// The document's name.
        document: String,
        /// The definition's name.
        definition: String,
        /// What is wrong.
        cause: InvalidSchema,
    },
    /// A parameter's style may not be used where the parameter is.
    #[error("operation '{operation}': the style of parameter '{parameter}' does not fit its place")]
    Style {
        /// The operation's key.
        operation: String,
        /// The parameter's name.
        parameter: String,
    },
    /// A parameter's schema.
    #[error("operation '{operation}', parameter '{parameter}': {cause}")]
    Parameter {
        /// The operation's key.
        operation: String,
        /// The parameter's name.
        parameter: String,
        /// What is wrong.
        cause: InvalidSchema,
    },
    /// A body.
    #[error("operation '{operation}', body: {cause}")]
    Body {
        /// The operation's key.
        operation: String,
        /// What is wrong.
        cause: InvalidBody,
    },
    /// A response.
    #[error("operation '{operation}', responses: {cause}")]
    Response {
        /// The operation's key.
        operation: String,
        /// What is wrong.
        cause: InvalidResponse,
    },
}

impl Learn for SchemaPolicy {}

impl Policy for SchemaPolicy {
    type Config = SchemaConfig;
    type Invalid = InvalidSchemaConfig;

    fn compile(mut config: SchemaConfig) -> Result<Self, InvalidSchemaConfig> {
        let (index, rules) = portcullis_config::index(std::mem::take(&mut config.apis))?;
        Self::over(index, rules, config)
    }

    const WATCHES: bool = true;

    fn on_request(&self, request: &Request, env: &dyn Env) -> Decision {
        match self.decide(request, env) {
            Ok(decision) => decision,
            Err(rejection) => Decision::Reject(rejection),
        }
    }

    fn counted_as(&self, request: &Request, env: &dyn Env) -> Option<Rc<str>> {
        let id = self.index.locate(request, env).ok()?.into_found().ok()?;
        self.index.get(id).map(|operation| Rc::clone(&operation.key))
    }

    fn watches(&self) -> bool {
        self.rules.iter().any(|rule| rule.responses.is_some() || rule.observe.body)
    }

    fn on_response(&self, watch: &Watch, response: &Response) -> Judgement {
        let Some(responses) = self.rule(watch).and_then(|rule| rule.responses.as_ref()) else {
            return Judgement::Pass(None);
        };
        let judged = responses.judge(watch, response, self.violations());
        let mut judged = judged.unwrap_or_else(|cause| {
            let rejection = unjudged(cause);
            let found = Observation::from(&rejection);
            Judgement::Refuse(rejection, found)
        });
        if let Judgement::Pass(Some(found)) | Judgement::Refuse(_, found) = &mut judged {
            found.operation = self.key(watch);
        }
        judged
    }

    fn on_body(&self, watch: &Watch, body: &Seen) -> Option<Observation> {
        let declared = self.rule(watch)?.body.as_ref()?;
        let BodyWatch { headers, max, budget } = watch.body.as_ref()?;
        let mut violations = self.violations();
        violations.work = Work::of_steps(*budget);
        let found = match body {
            Seen::Unread => None,
            Seen::TooLong => Some(Observation::from(&Rejection::body_too_large(*max))),
            Seen::Whole(bytes) => match declared.check(headers, Some(bytes), &mut violations) {
                Ok(Verdict::Refused(rejection)) => Some(Observation::from(&rejection)),
                Ok(_) => observation(violations.into_list()),
                Err(cause) => Some(Observation::from(&unjudged(cause))),
            },
        };
        found.map(|found| Observation { operation: self.key(watch), ..found })
    }
}

impl SchemaPolicy {
    /// Makes the policy over an index that others share; `rules` are by
    /// [`portcullis_core::OperationId::position`], and the configuration's own operations are not looked at.
    pub fn over(
        index: Rc<OperationIndex>,
        rules: Vec<SchemaRule>,
        config: SchemaConfig,
    ) -> Result<Self, InvalidSchemaConfig> {
        if config.max_violations == 0 {
            return Err(InvalidSchemaConfig::NoViolations);
        }
        let mut pool = Pool::new(config.documents)?;
        let rules = index.operations().zip(rules);
        let rules = rules.map(|(operation, rule)| pool.rule(&operation.key, rule));
        let rules = rules.collect::<Result<_, _>>()?;
        Ok(Self { index, rules, max_violations: config.max_violations as usize })
    }

    fn decide(&self, request: &Request, env: &dyn Env) -> Result<Decision, Rejection> {
        let mismatch = || Rejection::internal("configuration-mismatch");
        let id = self.index.locate(request, env).map_err(|_| mismatch())?.into_found()?;
        let operation = self.index.get(id).ok_or_else(mismatch)?;
        let rule = self.rules.get(id.position()).ok_or_else(mismatch)?;
        let captures = operation.capture(request.path()).ok_or_else(mismatch)?;
        let counted = || Some(Rc::clone(&operation.key));
        match self.judge(id, rule, &captures, request) {
            Ok(Decision::Continue(mut edits)) => {
                let observed = edits.aside.iter_mut().flat_map(|aside| &mut aside.observed);
                observed.for_each(|found| found.operation = counted());
                Ok(Decision::Continue(edits))
            }
            Ok(decision) => Ok(decision),
            Err(rejection) => Err(Rejection { operation: counted(), ..rejection }),
        }
    }

    fn judge(
        &self,
        id: OperationId,
        rule: &Rule,
        captures: &Captures<'_>,
        request: &Request,
    ) -> Result<Decision, Rejection> {
        let mut violations = self.violations().showing_values(rule.shows_values);
        let mut edits = Edits::default();
        if let Err(cause) = rule.parameters.check(request, captures, &mut violations) {
            if cause == Unjudged::Broken || !rule.observe.parameters {
                return Err(unjudged(cause));
            }
            note(&mut edits, Some(Observation::from(&unjudged(cause))));
        }
        if rule.observe.parameters {
            note(&mut edits, observation(violations.start_anew()));
        }
        let mut passing = None;
        if violations.is_empty()
            && let Some(body) = &rule.body
        {
            let verdict = match body.check(request.headers(), request.body(), &mut violations) {
                Err(cause @ Unjudged::TooComplex) => Verdict::Refused(unjudged(cause)),
                verdict => verdict.map_err(unjudged)?,
            };
            match verdict {
                Verdict::Judged => {}
                Verdict::Needed(max) if rule.observe.body => {
                    let (headers, budget) = (of_body(request.headers()), violations.work.left());
                    passing = Some(BodyWatch { max, headers, budget });
                }
                Verdict::Needed(max) => return Ok(Decision::NeedBody(max)),
                Verdict::Refused(rejection) if rule.observe.body => {
                    note(&mut edits, Some(Observation::from(&rejection)));
                }
                Verdict::Refused(rejection) => return Err(rejection),
            }
            if rule.observe.body {
                note(&mut edits, observation(violations.start_anew()));
            }
        }
        if !violations.is_empty() {
            let detail = "The request is not what the API describes.";
            let mut rejection = Rejection::new(400, "request-invalid", detail);
            rejection.violations = violations.into_list();
            return Err(rejection);
        }
        self.watch(id, rule, request, passing, &mut edits);
        Ok(Decision::Continue(edits))
    }

    /// Says what is to be seen of a request that passes. A response that is held must come whole and readable.
    fn watch(
        &self,
        operation: OperationId,
        rule: &Rule,
        request: &Request,
        body: Option<BodyWatch>,
        edits: &mut Edits,
    ) {
        let (headers, responses) = (request.headers(), &rule.responses);
        if responses.is_none() && body.is_none() {
            return;
        }
        if responses.as_ref().is_some_and(Responses::holds_bodies) {
            if headers.first("range").is_some() {
                edits.remove.push("range".into());
            }
            match takes_gzip(headers) {
                Some(true) => edits.set.push(("accept-encoding".into(), "gzip".to_owned())),
                Some(false) => edits.remove.push("accept-encoding".into()),
                None => {}
            }
        }
        let is_head = request.method() == "HEAD";
        edits.aside().watch = Some(Watch { operation, is_head, response: responses.is_some(), body });
    }

    fn key(&self, watch: &Watch) -> Option<Rc<str>> {
        self.index.get(watch.operation).map(|operation| Rc::clone(&operation.key))
    }

    fn rule(&self, watch: &Watch) -> Option<&Rule> {
        self.rules.get(watch.operation.position())
    }

    fn violations(&self) -> Violations {
        Violations::up_to(self.max_violations)
    }
}

fn unjudged(cause: Unjudged) -> Rejection {
    match cause {
        Unjudged::Broken => Rejection::internal("schema-broken"),
        Unjudged::TooComplex => {
            let detail = "Judging the request takes more work than it may.";
            Rejection::new(422, "request-too-complex", detail)
        }
    }
}

fn note(edits: &mut Edits, found: Option<Observation>) {
    if let Some(found) = found {
        edits.aside().observed.push(found);
    }
}

fn observation(violations: Vec<Violation>) -> Option<Observation> {
    (!violations.is_empty()).then_some(Observation { code: "request-invalid", violations, operation: None })
}

/// Whether the client takes gzip, which can be read; `None` when it does not say what it takes.
fn takes_gzip(headers: &Headers) -> Option<bool> {
    let text = std::str::from_utf8(headers.first("accept-encoding")?).unwrap_or_default();
    Some(text.split(',').any(|one| one.trim_matches([' ', '\t']).eq_ignore_ascii_case("gzip")))
}

fn of_body(headers: &Headers) -> Headers {
    Headers::from_pairs(
        OF_BODIES.iter().flat_map(|name| headers.all(name).map(move |value| (name.as_bytes(), value))),
    )
}

/// The documents, and every schema made so far: equal texts of one document are one schema.
struct Pool {
    documents: BTreeMap<String, Rc<DocumentConfig>>,
    schemas: HashMap<(String, String), Rc<Schema>>,
}

impl Pool {
    fn new(documents: BTreeMap<String, DocumentConfig>) -> Result<Self, InvalidSchemaConfig> {
        for (name, document) in &documents {
            for (definition, text) in &document.definitions {
                crate::schema::check_references(document, text.get()).map_err(|cause| {
                    InvalidSchemaConfig::Definition {
                        document: name.clone(),
                        definition: definition.clone(),
                        cause,
                    }
                })?;
            }
        }
        let documents = documents.into_iter().map(|(name, document)| (name, Rc::new(document))).collect();
        Ok(Self { documents, schemas: HashMap::new() })
    }

    fn rule(&mut self, operation: &str, rule: SchemaRule) -> Result<Rule, InvalidSchemaConfig> {
        let document = self.document(operation, &rule.document)?;
        let name = rule.document;
        let list = rule
            .parameters
            .into_iter()
            .map(|parameter| self.parameter(operation, &name, &document, parameter))
            .collect::<Result<_, _>>()?;
        let body = rule.body.map(|body| Body::new(body, &mut |text| self.schema(&name, &document, text)));
        let body = body
            .transpose()
            .map_err(|cause| InvalidSchemaConfig::Body { operation: operation.to_owned(), cause })?;
        let responses = rule.responses.map(|config| {
            let name = config.document.clone().unwrap_or(name);
            let document = self.document(operation, &name)?;
            let made = Responses::new(config, &mut |text| self.schema(&name, &document, text));
            made.map_err(|cause| InvalidSchemaConfig::Response { operation: operation.to_owned(), cause })
        });
        let parameters = Parameters::new(list, rule.allowed_query, rule.refuse_undeclared_query);
        let SchemaRule { observe, show_values: shows_values, .. } = rule;
        Ok(Rule { parameters, body, observe, shows_values, responses: responses.transpose()? })
    }

    fn document(&self, operation: &str, name: &str) -> Result<Rc<DocumentConfig>, InvalidSchemaConfig> {
        let (operation, document) = (operation.to_owned(), name.to_owned());
        let known = self.documents.get(name).cloned();
        known.ok_or(InvalidSchemaConfig::UnknownDocument { operation, document })
    }

    fn parameter(
        &mut self,
        operation: &str,
        name: &str,
        document: &Rc<DocumentConfig>,
        mut config: ParameterConfig,
    ) -> Result<Parameter, InvalidSchemaConfig> {
        let schema = config.schema.take().map(|text| self.schema(name, document, text)).transpose();
        let schema = schema.map_err(|cause| InvalidSchemaConfig::Parameter {
            operation: operation.to_owned(),
            parameter: config.name.clone(),
            cause,
        })?;
        let parameter = Parameter::new(config, schema);
        if parameter.style_fits() {
            return Ok(parameter);
        }
        Err(InvalidSchemaConfig::Style { operation: operation.to_owned(), parameter: parameter.name })
    }

    fn schema(
        &mut self,
        name: &str,
        document: &Rc<DocumentConfig>,
        text: Box<RawValue>,
    ) -> Result<Rc<Schema>, InvalidSchema> {
        let key = (name.to_owned(), text.get().to_owned());
        if let Some(known) = self.schemas.get(&key) {
            return Ok(known.clone());
        }
        let schema = Rc::new(Schema::new(document.clone(), text)?);
        self.schemas.insert(key, schema.clone());
        Ok(schema)
    }
}

#[cfg(test)]
#[path = "policy_tests.rs"]
mod tests;
