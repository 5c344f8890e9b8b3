//! Envoy's bootstrap for each subject, made from the one that `portcullis build` writes: so all listen, log and
//! answer alike, and differ in their filters and route tables alone.

use std::net::SocketAddr;
use std::path::Path;

use serde_json::{Value, json};

use crate::api::Size;
use crate::failure::{Failure, Result, failed};
use crate::native;
use crate::traffic::HERE;

/// What Envoy answers by itself.
pub(crate) const ANSWER: &str = r#"{"id":"abc-204117","state":"shipped","total":418.35}"#;
/// Larger than any body that is sent.
const MAX_BODY: u32 = 4 << 20;

/// A bootstrap.
#[derive(Clone)]
pub(crate) struct Bootstrap(Value);

impl Bootstrap {
    /// Reads what `portcullis build` has written.
    pub(crate) fn built(folder: &Path) -> Result<Self> {
        let file = folder.join("envoy.json");
        let bytes = std::fs::read(&file).map_err(crate::failure::reading(&file))?;
        let parsed = serde_json::from_slice(&bytes);
        parsed.map(Self).map_err(|cause| Failure(format!("{} is no JSON: {cause}", file.display())))
    }

    /// Without any plugin but these, or what serves one: every request matches the route of the API.
    pub(crate) fn without_plugins_but(mut self, kept: &[&str]) -> Result<Self> {
        self.filters()?.retain(|filter| {
            let name = filter["name"].as_str().unwrap_or_default();
            kept.contains(&name)
                || !name.starts_with("portcullis.") && name != "envoy.filters.http.set_filter_state"
        });
        for route in self.routes()? {
            if let Some(matched) = route["match"].as_object_mut() {
                matched.remove("headers");
            }
        }
        for log in self.manager()?["access_log"].as_array_mut().into_iter().flatten() {
            // What the plugins keep for the log is not there.
            log["typed_config"]["log_format"]["json_format"]["path"] = json!("%PATH(NQ:PATH)%");
        }
        Ok(self)
    }

    /// With this module before the router, as the SDK's tutorials load one: nothing restricted, nothing set.
    pub(crate) fn with_module(mut self, file: &Path) -> Result<Self> {
        self.insert_filters([json!({
            "name": "empty",
            "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm",
                "config": { "name": "empty", "vm_config": {
                    "vm_id": "empty",
                    "runtime": "envoy.wasm.runtime.v8",
                    "code": { "local": { "filename": file } },
                } },
            },
        })])?;
        Ok(self)
    }

    /// With another module in the pipeline's place, which may make one host call more.
    pub(crate) fn with_code(mut self, file: &Path) -> Result<Self> {
        let filters = self.filters()?.iter_mut();
        let mut plugins = filters.filter(|filter| filter["name"] == "portcullis.pipeline");
        let vm = at(plugins.next().ok_or_else(not_as_expected)?, "/typed_config/config/vm_config")?;
        vm["code"] = json!({ "local": { "filename": file } });
        let allowed = at(vm, "/capability_restriction_config/allowed_capabilities")?;
        // What the SDK imports, whether it calls it or not.
        for name in ["proxy_log", "proxy_set_effective_context"] {
            allowed[name] = json!({});
        }
        Ok(self)
    }

    /// With Envoy's own filters for the policies of the API, and a route for each of its operations.
    pub(crate) fn with_native_filters(mut self, size: Size, jwks: &str, cached: bool) -> Result<Self> {
        self.insert_filters(native::filters(jwks, cached))?;
        let routes = self.routes()?;
        let Some(action) = routes.first().map(|route| route["route"].clone()) else {
            return failed("the built bootstrap has no route");
        };
        *routes = native::routes(size, &action);
        let host = self.host()?;
        host["typed_per_filter_config"] = native::cross_origin();
        Ok(self)
    }

    /// With Envoy's own rate limit alone, on all requests and on the operations with limits of their own.
    pub(crate) fn with_native_limits(mut self) -> Result<Self> {
        self.insert_filters([native::limit_filter()])?;
        let routes = self.routes()?;
        let Some(action) = routes.first().map(|route| route["route"].clone()) else {
            return failed("the built bootstrap has no route");
        };
        routes.splice(0..0, native::limited_routes(&action));
        Ok(self)
    }

    /// Where it listens.
    pub(crate) fn listening(mut self, address: SocketAddr) -> Result<Self> {
        let listener = at(&mut self.0, "/static_resources/listeners/0/address/socket_address")?;
        *listener = json!({ "address": address.ip().to_string(), "port_value": address.port() });
        Ok(self)
    }

    /// Listening there, with an answer for requests to [`HERE`] of Envoy's in the place of the upstream's. HTTP/1.1
    /// connections end when the answer comes before the whole request, so Envoy reads the body first, for all
    /// subjects by the same filter.
    pub(crate) fn finished(mut self, address: SocketAddr) -> Result<Self> {
        self = self.listening(address)?;
        let buffer = "envoy.filters.http.buffer";
        let reads_body = "type.googleapis.com/envoy.extensions.filters.http.buffer.v3";
        self.insert_filters([json!({
            "name": buffer,
            "disabled": true,
            "typed_config": { "@type": format!("{reads_body}.Buffer"), "max_request_bytes": MAX_BODY },
        })])?;
        let mut here = self.host()?.clone();
        here["name"] = json!("here");
        here["domains"] = json!([HERE]);
        here["typed_per_filter_config"][buffer] = json!({
            "@type": format!("{reads_body}.BufferPerRoute"), "buffer": { "max_request_bytes": MAX_BODY },
        });
        for route in here["routes"].as_array_mut().into_iter().flatten() {
            if let Some(route) = route.as_object_mut()
                && route.remove("route").is_some()
            {
                let answer = json!({ "status": 200, "body": { "inline_string": ANSWER } });
                route.insert("direct_response".to_owned(), answer);
            }
        }
        let hosts = at(&mut self.manager()?["route_config"], "/virtual_hosts")?;
        hosts.as_array_mut().map(|hosts| hosts.push(here)).ok_or_else(not_as_expected)?;
        Ok(self)
    }

    /// As a file.
    pub(crate) fn write(&self, file: &Path) -> Result<()> {
        std::fs::write(file, self.0.to_string()).map_err(crate::failure::writing(file))
    }

    fn manager(&mut self) -> Result<&mut Value> {
        at(&mut self.0, "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config")
    }

    fn filters(&mut self) -> Result<&mut Vec<Value>> {
        self.manager()?["http_filters"].as_array_mut().ok_or_else(not_as_expected)
    }

    fn host(&mut self) -> Result<&mut Value> {
        at(&mut self.manager()?["route_config"], "/virtual_hosts/0")
    }

    fn routes(&mut self) -> Result<&mut Vec<Value>> {
        self.host()?["routes"].as_array_mut().ok_or_else(not_as_expected)
    }

    /// Before the router, which is the last.
    fn insert_filters(&mut self, new: impl IntoIterator<Item = Value>) -> Result<()> {
        let filters = self.filters()?;
        let router = filters.pop().ok_or_else(not_as_expected)?;
        filters.extend(new);
        filters.push(router);
        Ok(())
    }
}

fn at<'v>(value: &'v mut Value, pointer: &str) -> Result<&'v mut Value> {
    value.pointer_mut(pointer).ok_or_else(not_as_expected)
}

fn not_as_expected() -> Failure {
    Failure("the bootstrap that `portcullis build` writes has another shape: change tests/bench".to_owned())
}
