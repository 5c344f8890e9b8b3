//! The policy: which operation, then its parameters, then its body.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use portcullis_config::schema::{DocumentConfig, ParameterConfig, SchemaConfig, SchemaRule};
use portcullis_core::{
    Decision, Edits, Env, InvalidIndex, Learn, OperationIndex, Policy, Rejection, Request,
};
use serde_json::value::RawValue;

use crate::body::{Body, InvalidBody, Verdict};
use crate::fault::Violations;
use crate::parameter::{Parameter, Parameters};
use crate::schema::{Broken, InvalidSchema, Schema};

/// Holds requests against the definition: path, query, header and cookie parameters, and bodies.
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
}

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
}

impl Learn for SchemaPolicy {}

impl Policy for SchemaPolicy {
    type Config = SchemaConfig;
    type Invalid = InvalidSchemaConfig;

    fn compile(mut config: SchemaConfig) -> Result<Self, InvalidSchemaConfig> {
        let (index, rules) = portcullis_config::index(std::mem::take(&mut config.apis))?;
        Self::over(index, rules, config)
    }

    fn on_request(&self, request: &Request, env: &dyn Env) -> Decision {
        match self.decide(request, env) {
            Ok(decision) => decision,
            Err(rejection) => Decision::Reject(rejection),
        }
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
        let broken = |_: Broken| Rejection::internal("schema-broken");

        let mut violations = Violations::up_to(self.max_violations);
        rule.parameters.check(request, &captures, &mut violations).map_err(broken)?;
        if violations.is_empty()
            && let Some(body) = &rule.body
        {
            match body.check(request, &mut violations).map_err(broken)? {
                Verdict::Judged => {}
                Verdict::Needed(most) => return Ok(Decision::NeedBody(most)),
                Verdict::Refused(rejection) => return Err(rejection),
            }
        }
        if violations.is_empty() {
            return Ok(Decision::Continue(Edits::default()));
        }
        let mut rejection =
            Rejection::new(400, "request-invalid", "The request is not what the API describes.");
        rejection.violations = violations.into_list();
        Err(rejection)
    }
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
        let Some(document) = self.documents.get(&rule.document).cloned() else {
            let operation = operation.to_owned();
            return Err(InvalidSchemaConfig::UnknownDocument { operation, document: rule.document });
        };
        let name = rule.document;
        let list = rule
            .parameters
            .into_iter()
            .map(|parameter| self.parameter(operation, &name, &document, parameter))
            .collect::<Result<_, _>>()?;
        let only_query = rule.refuse_undeclared_query.then_some(rule.allowed_query);
        let body = rule.body.map(|body| Body::new(body, |text| self.schema(&name, &document, text)));
        let body = body
            .transpose()
            .map_err(|cause| InvalidSchemaConfig::Body { operation: operation.to_owned(), cause })?;
        Ok(Rule { parameters: Parameters::new(list, only_query), body })
    }

    fn parameter(
        &mut self,
        operation: &str,
        name: &str,
        document: &Rc<DocumentConfig>,
        config: ParameterConfig,
    ) -> Result<Parameter, InvalidSchemaConfig> {
        let schema = config.schema.map(|text| self.schema(name, document, text)).transpose();
        let schema = schema.map_err(|cause| InvalidSchemaConfig::Parameter {
            operation: operation.to_owned(),
            parameter: config.name.clone(),
            cause,
        })?;
        let parameter = Parameter {
            name: config.name,
            location: config.location,
            required: config.required,
            allow_empty: config.allow_empty,
            encoding: config.encoding,
            schema,
        };
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
