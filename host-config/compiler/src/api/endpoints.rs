//! Where an operation's requests go, in production and in the sandbox.

use portcullis_openapi::model::{Operation, Server};
use portcullis_openapi::{Diagnostic, Report};

use super::ApiCompiler;
use crate::codes;
use crate::endpoint::{Endpoint, NO_ENDPOINT};
use crate::settings::{Level, Settings, problem};

/// The endpoints of an operation, one at least.
pub(super) struct Endpoints {
    pub(super) production: Option<Endpoint>,
    pub(super) sandbox: Option<Endpoint>,
}

impl Endpoints {
    pub(super) fn are_mocked(&self) -> bool {
        self.all().any(|endpoint| *endpoint == Endpoint::Mock)
    }

    fn all(&self) -> impl Iterator<Item = &Endpoint> {
        self.production.iter().chain(&self.sandbox)
    }
}

impl<'d> ApiCompiler<'d, '_> {
    /// `None` when something is wrong with them, which is reported.
    pub(super) fn endpoints(
        &self,
        operation: &Operation<'d>,
        settings: &Settings,
        report: &mut Report,
    ) -> Option<Endpoints> {
        let production = self.production(operation, settings, report)?;
        let written = settings.sandbox_endpoint.as_ref();
        let inner = written.filter(|(_, level, _)| *level != Level::Root);
        let sandbox = match (inner, &self.source.sandbox_endpoint, written) {
            (None, Some(endpoint), _) => Some(endpoint.clone()),
            (_, _, Some((text, _, place))) => match Endpoint::parse(text) {
                Ok(endpoint) => Some(endpoint),
                Err(cause) => {
                    report.push(problem(codes::ENDPOINT_INVALID, cause.to_string(), *place));
                    return None;
                }
            },
            (_, _, None) => None,
        };
        let endpoints = Endpoints { production, sandbox };
        let kinds = endpoints.all().map(|endpoint| *endpoint == Endpoint::Mock);
        let message = match kinds.collect::<Vec<_>>().as_slice() {
            [] => "the operation has neither an endpoint for production nor one for the sandbox",
            [one, other] if one != other => "of an operation's endpoints either both are mock or none is",
            _ => return Some(endpoints),
        };
        report.push(problem(codes::ENDPOINT_INVALID, message, operation.place));
        None
    }

    /// The operation's own extension, then its path's, the gateway file, the root's extension, and last `servers`.
    /// `Some(None)`: there shall be none.
    fn production(
        &self,
        operation: &Operation<'d>,
        settings: &Settings,
        report: &mut Report,
    ) -> Option<Option<Endpoint>> {
        let written = settings.endpoint.as_ref();
        let inner = written.filter(|(_, level, _)| *level != Level::Root);
        if let (None, Some(endpoint)) = (inner, &self.source.endpoint) {
            return Some(endpoint.clone());
        }
        if let Some((text, _, place)) = written {
            if text == NO_ENDPOINT {
                return Some(None);
            }
            return Endpoint::parse(text)
                .map_err(|cause| report.push(problem(codes::ENDPOINT_INVALID, cause.to_string(), *place)))
                .ok()
                .map(Some);
        }
        if let Some(endpoint) = self.default_endpoint {
            return Some(Some(endpoint.clone()));
        }
        let found = operation.servers.iter().find_map(endpoint_of);
        if found.is_none() {
            let place = operation.servers.first().map_or(operation.place, |server| server.place);
            report.push(Diagnostic {
                hint: Some(
                    "name an http or https URL under `servers`, or an `endpoint` in x-portcullis or the gateway file \
                     (`mock` answers from the document's examples)"
                        .into(),
                ),
                ..problem(codes::ENDPOINT_MISSING, "no server of this operation has an absolute URL", place)
            });
        }
        found.map(Some)
    }
}

/// The endpoint that a server names; none for relative URLs and schemes that are not HTTP.
fn endpoint_of(server: &Server<'_>) -> Option<Endpoint> {
    // `//host/path` leaves the scheme to the document's own; TLS is the safe reading.
    let text =
        if server.url.starts_with("//") { format!("https:{}", server.url) } else { server.url.clone() };
    Endpoint::parse(&text).ok().filter(|endpoint| *endpoint != Endpoint::Mock)
}
