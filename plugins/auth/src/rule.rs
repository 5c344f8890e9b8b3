//! What an operation requires of who calls it, and what is made of a request that does not have it.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use portcullis_config::auth::{AssertedApiConfig, AuthRule, RequirementConfig, SubscribedApiConfig};
use portcullis_core::{Decision, Identity, Rejection, Request};

use crate::account::Admission;
use crate::challenge::Challenges;
use crate::failure::Failure;
use crate::invalid::InvalidAuth;
use crate::requirement::{Alternatives, Requirement, Satisfied};
use crate::scheme::Scheme;
use crate::subscriptions::Fed;

/// What an operation requires; operations that require the same share it.
#[derive(Debug)]
pub(crate) struct Rule {
    /// The schemes that the alternatives name, each once.
    pub(crate) schemes: Vec<NamedScheme>,
    pub(crate) alternatives: Alternatives,
    pub(crate) challenges: Challenges,
    pub(crate) keep_credential: bool,
    /// Consumers whose certificates are accepted; none means all.
    pub(crate) certificates: Vec<String>,
    pub(crate) admission: Admission,
    pub(crate) asserted: Option<AssertedApiConfig>,
    pub(crate) issues_keys: bool,
    pub(crate) blocked: bool,
    pub(crate) fed: Option<SubscribedApiConfig>,
}

type NamedScheme = (Rc<str>, Rc<Scheme>);

impl Rule {
    /// The credential of each scheme. One that comes twice is refused even where none is needed.
    pub(crate) fn presented<'r>(
        &'r self,
        request: &'r Request,
    ) -> Result<Vec<Option<Cow<'r, [u8]>>>, Rejection> {
        let presented = self.schemes.iter().map(|(_, scheme)| scheme.presented(request));
        presented.collect::<Result<_, _>>().map_err(|_| {
            let detail = "The request carries the same kind of credential more than once.";
            Rejection::new(400, "credential-duplicate", detail)
        })
    }

    pub(crate) fn identity(&self, satisfied: &Satisfied, fed: Option<&Fed>) -> Option<Rc<Identity>> {
        let (name, _) = self.schemes.get(satisfied.scheme)?;
        Some(satisfied.grant.caller(name, &self.admission, fed))
    }

    /// What is done instead of letting through.
    pub(crate) fn told(&self, failure: Failure) -> Decision {
        match failure {
            Failure::Pending(need) => Decision::Ask(need.into_question()),
            failure => failure.into_rejection(&self.challenges).into(),
        }
    }
}

/// Makes rules, the same ones once.
pub(crate) struct RuleCompiler {
    /// Whether there is a key service.
    pub(crate) can_issue: bool,
    /// Quoted.
    pub(crate) realm: String,
    pub(crate) schemes: BTreeMap<Rc<str>, Rc<Scheme>>,
    /// By what the rules are made from.
    pub(crate) compiled: HashMap<String, Rc<Rule>>,
}

impl RuleCompiler {
    pub(crate) fn rule(&mut self, config: AuthRule, operation: &str) -> Result<Rc<Rule>, InvalidAuth> {
        let written = format!("{config:?}");
        if let Some(known) = self.compiled.get(&written) {
            return Ok(known.clone());
        }
        let mut alternatives = Alternatives { ways: Vec::new(), anonymous: config.alternatives.is_empty() };
        let mut schemes = Vec::new();
        for alternative in config.alternatives {
            if alternative.is_empty() {
                alternatives.anonymous = true;
                continue;
            }
            let requirements = alternative.into_iter();
            let way = requirements.map(|requirement| self.requirement(requirement, operation, &mut schemes));
            alternatives.ways.push(way.collect::<Result<_, _>>()?);
        }
        let is_basic = |(_, scheme): &NamedScheme| matches!(**scheme, Scheme::Basic { .. });
        let may_issue = self.can_issue && !alternatives.anonymous && schemes.iter().all(is_basic);
        if config.issues_keys && !may_issue {
            return Err(InvalidAuth::IssuesKeys(operation.to_owned()));
        }
        let challenges = Challenges::new(&self.realm, schemes.iter().map(|(_, scheme)| &**scheme));
        let rule = Rc::new(Rule {
            schemes,
            alternatives,
            challenges,
            keep_credential: config.keep_credential,
            certificates: config.certificates,
            admission: Admission::new(config.subscribed, config.endpoints),
            asserted: config.asserted,
            issues_keys: config.issues_keys,
            blocked: config.blocked,
            fed: config.fed,
        });
        self.compiled.insert(written, rule.clone());
        Ok(rule)
    }

    fn requirement(
        &self,
        config: RequirementConfig,
        operation: &str,
        used: &mut Vec<NamedScheme>,
    ) -> Result<Requirement, InvalidAuth> {
        if let Some(scheme) = used.iter().position(|(name, _)| **name == *config.scheme) {
            return Ok(Requirement { scheme, scopes: config.scopes });
        }
        let Some((name, scheme)) = self.schemes.get_key_value(config.scheme.as_str()) else {
            let operation = operation.to_owned();
            return Err(InvalidAuth::UnknownScheme { operation, scheme: config.scheme });
        };
        used.push((name.clone(), scheme.clone()));
        Ok(Requirement { scheme: used.len() - 1, scopes: config.scopes })
    }
}
