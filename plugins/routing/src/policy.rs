//! Names the operation and its route, or refuses the request.

use std::borrow::Cow;
use std::rc::Rc;

use portcullis_config::routing::{ROUTE_HEADER, RoutingConfig, RoutingRule};
use portcullis_core::{
    ClientAddress, Decision, Edits, Env, InvalidClientAddress, InvalidIndex, Learn, Lookup, OperationId,
    OperationIndex, Policy, Rejection, Reply, Request,
};

use crate::target::judged_target;

/// Finds the operation of each request and where it goes.
#[derive(Debug)]
pub struct RoutingPolicy {
    index: Rc<OperationIndex>,
    /// By [`OperationId::position`].
    routes: Vec<String>,
    /// For the access log.
    client_address: Option<ClientAddress>,
}

/// Why a configuration cannot be enforced.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRouting {
    /// The operations make no index.
    #[error(transparent)]
    Index(#[from] InvalidIndex),
    /// A route that could not be sent as a header value.
    #[error("'{0}' is no route: it must be visible ASCII, at least one character")]
    Route(String),
    /// The client cannot be found that way.
    #[error("client_address: {0}")]
    ClientAddress(#[from] InvalidClientAddress),
}

impl Learn for RoutingPolicy {}

impl Policy for RoutingPolicy {
    type Config = RoutingConfig;
    type Invalid = InvalidRouting;

    fn compile(config: RoutingConfig) -> Result<Self, InvalidRouting> {
        let (index, rules) = portcullis_config::index(config.apis)?;
        let client_address = config.client_address.map(|config| config.compile()).transpose()?;
        Ok(Self { client_address, ..Self::over(index, rules)? })
    }

    fn client_address(&self) -> Option<&ClientAddress> {
        self.client_address.as_ref()
    }

    /// Never asks what an earlier policy found: this one is the source of that knowledge.
    fn on_request(&self, request: &Request, _: &dyn Env) -> Decision {
        let lookup = self.index.find(request);
        if let (Lookup::NoMethod(item), "OPTIONS") = (&lookup, request.method()) {
            return Decision::Respond(options(item.allow()));
        }
        match lookup.into_found() {
            Ok(id) => self.forward(id, request),
            Err(rejection) => rejection.into(),
        }
    }
}

impl RoutingPolicy {
    /// Makes the policy over an index that others share; `rules` are by [`OperationId::position`].
    pub fn over(index: Rc<OperationIndex>, rules: Vec<RoutingRule>) -> Result<Self, InvalidRouting> {
        let is_route = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
        let routes: Vec<String> = rules.into_iter().map(|rule| rule.route).collect();
        match routes.iter().find(|route| !is_route(route)) {
            Some(route) => Err(InvalidRouting::Route(route.clone())),
            None => Ok(Self { index, routes, client_address: None }),
        }
    }

    fn forward(&self, id: OperationId, request: &Request) -> Decision {
        let (Some(operation), Some(route)) = (self.index.get(id), self.routes.get(id.position())) else {
            return Rejection::internal("configuration-mismatch").into();
        };
        let mut edits = Edits { operation: Some(operation.key.clone()), ..Edits::default() };
        if request.headers().first(ROUTE_HEADER).is_some() {
            // Setting replaces only the first of several.
            edits.remove.push(Cow::Borrowed(ROUTE_HEADER));
        }
        edits.set.push((Cow::Borrowed(ROUTE_HEADER), route.clone()));
        if let Some(target) = judged_target(request) {
            edits.set.push((Cow::Borrowed(":path"), target));
        }
        Decision::Continue(edits)
    }
}

/// What a path without an OPTIONS operation says of itself (RFC 9110, section 9.3.7).
fn options(allow: String) -> Reply {
    Reply { status: 204, headers: vec![(Cow::Borrowed("allow"), allow)], body: Vec::new() }
}

#[cfg(test)]
mod tests {
    use portcullis_core::Headers;
    use portcullis_core::testing::FakeEnv;

    use super::*;

    const CONFIG: &str = r#"{"apis": [
        {"name": "pets", "hosts": ["pets.test"], "base_path": "/v1", "operations": [
            {"key": "list", "method": "GET", "path": "/pets", "rule": {"route": "pets"}},
            {"key": "add", "method": "POST", "path": "/pets", "rule": {"route": "pets"}},
            {"key": "one", "method": "GET", "path": "/pets/{id}", "rule": {"route": "pet-by-id"}}]},
        {"name": "queue", "operations": [
            {"key": "send", "method": "POST", "path": "/", "rule": {"route": "queue"},
             "when": [{"in": "query", "name": "Action", "value": "Send"}]},
            {"key": "peek", "method": "POST", "path": "/", "rule": {"route": "queue"},
             "when": [{"in": "header", "name": "x-peek"}]},
            {"key": "options", "method": "OPTIONS", "path": "/", "rule": {"route": "queue"}}]}]}"#;

    /// Method, target and headers; the operation, the route, and the path if it is changed.
    type Passed =
        (&'static str, &'static str, Pairs<'static>, &'static str, &'static str, Option<&'static str>);
    type Pairs<'a> = &'a [(&'a str, &'a str)];

    fn decide(method: &str, target: &str, headers: Pairs<'_>) -> Decision {
        let policy = RoutingPolicy::compile(serde_json::from_str(CONFIG).unwrap()).unwrap();
        let head = [(":method", method), (":path", target)];
        let request = Request::new(Headers::from_pairs(head.into_iter().chain(headers.iter().copied())));
        // An operation that claims to be known already changes nothing.
        policy.on_request(&request.unwrap(), &FakeEnv::new().with_operation("add"))
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn a_known_request_goes_on_with_its_operation_route_and_judged_path() {
        const PETS: Pairs<'_> = &[(":authority", "Pets.test:80")];
        let cases: [Passed; 8] = [
            ("GET", "/v1/pets", PETS, "list", "pets", None),
            ("HEAD", "/v1/pets?limit=1", PETS, "list", "pets", None),
            ("GET", "/v1/pets/a%2Fb", PETS, "one", "pet-by-id", None),
            ("GET", "/v1//pets/./x/../7?a=//b/../?", PETS, "one", "pet-by-id", Some("/v1/pets/7?a=//b/../?")),
            ("GET", "//v1/pets?", PETS, "list", "pets", Some("/v1/pets?")),
            ("POST", "/?Action=Send", &[], "send", "queue", None),
            ("POST", "//", &[("x-peek", "")], "peek", "queue", Some("/")),
            ("OPTIONS", "*", &[], "options", "queue", Some("/")),
        ];
        for (method, target, headers, operation, route, path) in cases {
            let mut set = vec![(Cow::Borrowed(ROUTE_HEADER), route.to_owned())];
            set.extend(path.map(|path| (Cow::Borrowed(":path"), path.to_owned())));
            let expected = Edits { set, operation: Some(operation.into()), ..Edits::default() };
            assert_eq!(decide(method, target, headers), Decision::Continue(expected), "{method} {target}");
        }
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn a_route_that_the_client_names_is_removed_and_replaced() {
        let sent = [(ROUTE_HEADER, "admin"), (ROUTE_HEADER, "other"), ("x-peek", "1")];
        let Decision::Continue(edits) = decide("POST", "/", &sent) else { panic!("not passed") };
        assert_eq!(edits.remove, [ROUTE_HEADER]);
        assert_eq!(edits.set, [(Cow::Borrowed(ROUTE_HEADER), "queue".to_owned())]);
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn a_request_that_means_no_operation_is_refused() {
        let pets = (":authority", "pets.test");
        let cases: [(&str, &str, Pairs<'_>, u16, &str); 7] = [
            ("GET", "/v1/pets", &[], 404, "operation-unknown"),
            ("GET", "/v1", &[pets], 404, "operation-unknown"),
            ("GET", "/v1/pets/1/2", &[pets], 404, "operation-unknown"),
            ("GET", "/V1/pets", &[pets], 404, "operation-unknown"),
            ("DELETE", "/v1/pets", &[pets], 405, "method-not-allowed"),
            ("POST", "/?Action=Drop", &[], 404, "operation-unknown"),
            ("POST", "/?Action=Send", &[("x-peek", "")], 400, "operation-ambiguous"),
        ];
        for (method, target, headers, status, code) in cases {
            let Decision::Reject(rejection) = decide(method, target, headers) else {
                panic!("{method} {target} is not refused")
            };
            assert_eq!((rejection.status, rejection.code), (status, code), "{method} {target}");
            let allow = if status == 405 { "GET, HEAD, OPTIONS, POST" } else { "" };
            let sent: String = rejection.headers.iter().map(|(_, value)| value.as_str()).collect();
            assert_eq!(sent, allow, "{method} {target}");
        }
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn options_of_a_known_path_is_answered_here() {
        let expected = options("GET, HEAD, OPTIONS".to_owned());
        let decision = decide("OPTIONS", "/v1/pets/7", &[(":authority", "pets.test")]);
        assert_eq!(decision, Decision::Respond(expected));
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn a_configuration_that_cannot_be_enforced_is_refused() {
        let compile = |operations: &str| {
            let config = format!(r#"{{"apis": [{{"name": "a", "operations": [{operations}]}}]}}"#);
            RoutingPolicy::compile(serde_json::from_str(&config).unwrap()).err()
        };
        let of = |key: &str, path: &str, route: &str| {
            format!(
                r#"{{"key": "{key}", "method": "GET", "path": "{path}", "rule": {{"route": "{route}"}}}}"#
            )
        };
        let cases = [
            (of("a", "/a", ""), Some(InvalidRouting::Route(String::new()))),
            (of("a", "/a", "a b"), Some(InvalidRouting::Route("a b".to_owned()))),
            (
                of("a", "/{x}", "r") + "," + &of("b", "/{y}", "r"),
                Some(InvalidIndex::Conflict("a".to_owned(), "b".to_owned()).into()),
            ),
            (of("a", "/a", "r"), None),
        ];
        for (operations, expected) in cases {
            assert_eq!(compile(&operations), expected, "{operations}");
        }
    }
}
