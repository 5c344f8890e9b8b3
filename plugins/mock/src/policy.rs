//! Answers mocked operations, and lets all others pass.

use std::rc::Rc;

use portcullis_config::mock::{MockConfig, MockRule};
use portcullis_core::{
    Decision, Edits, Env, InvalidIndex, Learn, OperationIndex, Policy, Rejection, Request,
};

use crate::operation::MockOperation;
use crate::response::InvalidResponse;

/// Answers the operations that the configuration says are mocked.
#[derive(Debug)]
pub struct MockPolicy {
    index: Rc<OperationIndex>,
    /// By [`portcullis_core::OperationId::position`]; `None` passes to its upstream.
    operations: Vec<Option<MockOperation>>,
}

/// Why a configuration cannot be enforced.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidMock {
    /// The operations make no index.
    #[error(transparent)]
    Index(#[from] InvalidIndex),
    /// A response that could not be sent.
    #[error(transparent)]
    Response(#[from] InvalidResponse),
}

impl Learn for MockPolicy {}

impl Policy for MockPolicy {
    type Config = MockConfig;
    type Invalid = InvalidMock;

    fn compile(config: MockConfig) -> Result<Self, InvalidMock> {
        let (index, rules) = portcullis_config::index(config.apis)?;
        Self::over(index, rules)
    }

    fn on_request(&self, request: &Request, env: &dyn Env) -> Decision {
        match self.operation(request, env).map(|found| found.map(|operation| operation.answer(request))) {
            Ok(None) => Decision::Continue(Edits::default()),
            Ok(Some(Ok(reply))) => Decision::Respond(reply),
            Ok(Some(Err(rejection))) | Err(rejection) => rejection.into(),
        }
    }
}

impl MockPolicy {
    /// Makes the policy over an index that others share; `rules` are by [`portcullis_core::OperationId::position`].
    pub fn over(index: Rc<OperationIndex>, rules: Vec<MockRule>) -> Result<Self, InvalidMock> {
        let operations = rules.into_iter().map(|rule| match rule.mocked {
            true => MockOperation::compile(rule).map(Some),
            false => Ok(None),
        });
        Ok(Self { operations: operations.collect::<Result<_, _>>()?, index })
    }

    fn operation(&self, request: &Request, env: &dyn Env) -> Result<Option<&MockOperation>, Rejection> {
        let mismatch = || Rejection::internal("configuration-mismatch");
        let id = self.index.locate(request, env).map_err(|_| mismatch())?.into_found()?;
        self.operations.get(id.position()).map(Option::as_ref).ok_or_else(mismatch)
    }
}

#[cfg(test)]
mod tests {
    use portcullis_core::Headers;
    use portcullis_core::testing::FakeEnv;

    use super::*;

    const CONFIG: &str = r#"{"apis": [{"name": "pets", "base_path": "/v1", "operations": [
        {"key": "list", "method": "GET", "path": "/pets", "rule": {"mocked": true, "responses": [
            {"status": "200", "content": [{"media_type": "application/json", "body": "[]"}]}]}},
        {"key": "add", "method": "POST", "path": "/pets", "rule": {"mocked": false}}]}]}"#;

    fn decide(method: &str, target: &str, env: &FakeEnv) -> Decision {
        let policy = MockPolicy::compile(serde_json::from_str(CONFIG).unwrap()).unwrap();
        let head = [(":method", method), (":path", target), ("prefer", "code=200")];
        policy.on_request(&Request::new(Headers::from_pairs(head)).unwrap(), env)
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn only_mocked_operations_are_answered() {
        let alone = FakeEnv::new();
        let Decision::Respond(reply) = decide("GET", "/v1/pets", &alone) else { panic!("not answered") };
        assert_eq!((reply.status, reply.body.as_slice()), (200, b"[]".as_slice()));
        assert_eq!(decide("POST", "/v1/pets", &alone), Decision::Continue(Edits::default()));
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn the_operation_found_earlier_is_the_one_that_is_answered() {
        let earlier = FakeEnv::new().with_operation("list");
        assert!(matches!(decide("GET", "/elsewhere", &earlier), Decision::Respond(_)));
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn what_is_no_operation_here_is_refused() {
        let cases = [
            ("GET", "/v1/toys", FakeEnv::new(), 404, "operation-unknown"),
            ("PUT", "/v1/pets", FakeEnv::new(), 405, "method-not-allowed"),
            ("GET", "/v1/pets", FakeEnv::new().with_operation("other"), 503, "configuration-mismatch"),
        ];
        for (method, target, env, status, code) in cases {
            let Decision::Reject(rejection) = decide(method, target, &env) else {
                panic!("{method} {target} is not refused")
            };
            assert_eq!((rejection.status, rejection.code), (status, code), "{method} {target}");
        }
    }
}
