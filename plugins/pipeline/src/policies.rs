//! The policies over one index, in the order of the chain of plugins. Those that would have nothing to do are
//! left out.

use std::rc::Rc;

use portcullis_auth::{AuthPolicy, InvalidAuth};
use portcullis_config::pipeline::{PipelineConfig, PipelineRule};
use portcullis_config::throttle::{ThrottleConfig, ThrottleRule};
use portcullis_core::{
    ClientAddress, InvalidClientAddress, InvalidIndex, Judge, OperationIndex, PolicyChain,
};
use portcullis_mock::{InvalidMock, MockPolicy};
use portcullis_routing::{InvalidRouting, RoutingPolicy};
use portcullis_schema::{InvalidSchemaConfig, SchemaPolicy};
use portcullis_throttle::{InvalidThrottle, ThrottlePolicy};

/// Routing, throttle before authentication, auth, schema, throttle, mock.
pub struct Policies {
    chain: Vec<Box<dyn Judge>>,
    client_address: Option<ClientAddress>,
}

/// Why a configuration cannot be enforced.
#[derive(Debug, thiserror::Error)]
pub enum InvalidPipeline {
    /// The operations make no index.
    #[error(transparent)]
    Index(#[from] InvalidIndex),
    /// The client cannot be found that way.
    #[error("client_address: {0}")]
    ClientAddress(#[from] InvalidClientAddress),
    /// A policy of its own would look for another client.
    #[error("client_address is all policies' own: it stands beside `auth` and `throttle`")]
    ClientAddressPlace,
    /// The routes.
    #[error("routing: {0}")]
    Routing(#[from] InvalidRouting),
    /// The security requirements.
    #[error("auth: {0}")]
    Auth(#[from] InvalidAuth),
    /// The schemas.
    #[error("schema: {0}")]
    Schema(#[from] InvalidSchemaConfig),
    /// The limits.
    #[error("throttle: {0}")]
    Throttle(#[from] InvalidThrottle),
    /// An operation has limits, but there is nothing about how they are counted.
    #[error("throttle: there are limits of operations, but no `throttle`")]
    ThrottleMissing,
    /// Two instances of throttle that would share their counts.
    #[error("early_throttle: it must be `early`")]
    EarlyThrottle,
    /// The prepared answers.
    #[error("mock: {0}")]
    Mock(#[from] InvalidMock),
}

/// The rules of each policy, by operation.
#[derive(Default)]
struct Rules {
    routing: Vec<portcullis_config::routing::RoutingRule>,
    auth: Vec<portcullis_config::auth::AuthRule>,
    schema: Vec<portcullis_config::schema::SchemaRule>,
    throttle: Vec<ThrottleRule>,
    early_throttle: Vec<ThrottleRule>,
    mock: Vec<portcullis_config::mock::MockRule>,
}

impl PolicyChain for Policies {
    type Config = PipelineConfig;
    type Invalid = InvalidPipeline;
    const ASKS: bool = <AuthPolicy as portcullis_core::Policy>::ASKS;
    const SETTLES: bool = <ThrottlePolicy as portcullis_core::Policy>::SETTLES;
    const WATCHES: bool = <SchemaPolicy as portcullis_core::Policy>::WATCHES;

    fn compile(mut config: PipelineConfig) -> Result<Self, InvalidPipeline> {
        ThrottleRule::name_apis(&mut config.apis, |rule| &mut rule.throttle);
        ThrottleRule::name_apis(&mut config.apis, |rule| &mut rule.early_throttle);
        let limiting = config.throttle.iter().chain(&config.early_throttle);
        let mut within = limiting.filter_map(|throttle| throttle.client_address.as_ref());
        if config.auth.client_address.as_ref().or_else(|| within.next()).is_some() {
            return Err(InvalidPipeline::ClientAddressPlace);
        }
        let client_address = config.client_address.map(|config| config.compile()).transpose()?;
        let (index, all) = portcullis_config::index(config.apis)?;
        let mut rules = Rules::default();
        all.into_iter().for_each(|rule| rules.add(rule));
        if config.early_throttle.as_ref().is_some_and(|throttle| !throttle.early) {
            return Err(InvalidPipeline::EarlyThrottle);
        }
        let mocked = rules.mock.iter().any(|rule| rule.mocked);
        let limits = |rules, config| throttle(&index, rules, config);
        let mut chain: Vec<Box<dyn Judge>> =
            vec![Box::new(RoutingPolicy::over(Rc::clone(&index), rules.routing)?)];
        chain.extend(limits(rules.early_throttle, config.early_throttle)?);
        chain.push(Box::new(AuthPolicy::over(Rc::clone(&index), rules.auth, config.auth)?));
        chain.push(Box::new(SchemaPolicy::over(Rc::clone(&index), rules.schema, config.schema)?));
        chain.extend(limits(rules.throttle, config.throttle)?);
        if mocked {
            chain.push(Box::new(MockPolicy::over(index, rules.mock)?));
        }
        Ok(Self { chain, client_address })
    }

    fn policy(&self, at: usize) -> Option<&dyn Judge> {
        self.chain.get(at).map(|policy| &**policy)
    }

    fn client_address(&self) -> Option<&ClientAddress> {
        self.client_address.as_ref()
    }
}

/// The throttle policy, if there is anything to count.
fn throttle(
    index: &Rc<OperationIndex>,
    rules: Vec<ThrottleRule>,
    config: Option<ThrottleConfig>,
) -> Result<Option<Box<dyn Judge>>, InvalidPipeline> {
    match config {
        Some(config) => Ok(Some(Box::new(ThrottlePolicy::over(Rc::clone(index), rules, config)?))),
        None if rules.iter().any(|rule| !rule.limits.is_empty()) => Err(InvalidPipeline::ThrottleMissing),
        None => Ok(None),
    }
}

impl Rules {
    fn add(&mut self, rule: PipelineRule) {
        self.routing.push(rule.routing);
        self.auth.push(rule.auth);
        self.schema.push(rule.schema);
        self.throttle.push(rule.throttle);
        self.early_throttle.push(rule.early_throttle);
        self.mock.push(rule.mock);
    }
}

#[cfg(test)]
mod tests {
    use portcullis_core::testing::FakeEnv;
    use portcullis_core::{Headers, Passage, Progress, Request};

    use super::*;

    fn compile(throttle: &str, limits: &str) -> Result<Policies, String> {
        let config = format!(
            r#"{{"apis": [{{"name": "pets", "operations": [{{"key": "list", "method": "GET", "path": "/pets", "rule": {{
                "routing": {{"route": "pets"}}, "auth": {{"alternatives": []}},
                "schema": {{"document": "pets", "parameters": [
                    {{"name": "limit", "in": "query", "schema": {{"type": "integer"}},
                      "encoding": {{"style": {{"style": "form", "explode": true, "shape": {{"types": ["integer"]}}}}}}}}]}},
                "throttle": {{"limits": [{limits}]}}}}}}]}}],
            "auth": {{"realm": "r"}},
            "schema": {{"documents": {{"pets": {{"dialect": "draft-4"}}}}, "max_violations": 3}}
            {throttle}}}"#
        );
        let config = serde_json::from_str(&config).map_err(|cause| cause.to_string())?;
        Policies::compile(config).map_err(|cause| cause.to_string())
    }

    const TWICE: &str = r#", "throttle": {"limits": {"two": {"requests": 2, "period_seconds": 60, "by": "all"}}, "slots": 16}"#;
    const LIMITED: &str = r#"{"limit": "two", "scope": "list"}"#;

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn every_policy_has_its_say() {
        let policies = compile(TWICE, LIMITED).unwrap();
        let env = FakeEnv::new();
        let send = |target: &str| {
            let head = [(":method", "GET"), (":path", target)];
            let mut request = Request::new(Headers::from_pairs(head)).unwrap();
            request.set_body(Vec::new());
            match Passage::new(request).advance(&policies, &env) {
                Progress::Passed(edits) => (200, edits.operation.is_some()),
                Progress::Rejected(rejection, edits) => (rejection.status, edits.operation.is_some()),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(send("/pets?limit=1"), (200, true));
        assert_eq!(send("/dogs"), (404, false));
        assert_eq!(send("/pets?limit=x"), (400, true));
        assert_eq!(send("/pets"), (200, true));
        assert_eq!(send("/pets"), (429, true), "what was refused before was not charged");
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn limits_that_nothing_would_count_are_refused() {
        assert!(compile("", LIMITED).err().is_some_and(|cause| cause.contains("no `throttle`")));
        assert!(compile("", "").is_ok());
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn what_a_policy_wants_at_the_end_the_module_can_give() {
        let bytes = TWICE.replace(r#""requests": 2"#, r#""requests": 2, "counts": "bytes""#);
        let policies = compile(&bytes, LIMITED).unwrap();
        assert!((0..).map_while(|at| policies.policy(at)).any(|policy| policy.settles()));
        const { assert!(Policies::SETTLES) }
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn all_policies_see_the_same_client() {
        const CLIENT: &str = r#""client_address": {"hops": 1}"#;
        let throttle = |within: &str| TWICE.replace("\"slots\": 16", &format!("\"slots\": 16{within}"));
        assert!(
            compile(&throttle(&format!(", {CLIENT}")), LIMITED).is_err_and(|cause| cause.contains("beside"))
        );
        let policies = compile(&format!(", {CLIENT}{}", throttle("")), LIMITED).unwrap();
        assert!(policies.client_address().is_some());
        assert!(compile("", "").unwrap().client_address().is_none());
    }
}
