//! Where an operation's requests go, in production and in the sandbox.

use portcullis_openapi::model::{Operation, Server};
use portcullis_openapi::{Diagnostic, Node, Place, Report};

use super::ApiCompiler;
use crate::codes;
use crate::coverage::{Construct, OperationCoverage, Treatment};
use crate::endpoint::{Endpoint, InvalidEndpoint, NO_ENDPOINT};
use crate::settings::{Level, Settings, problem};
use crate::wso2;

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

/// Who says where requests go.
enum Said<'s, 'd> {
    /// `x-portcullis`.
    Extension(&'s str, Place),
    /// WSO2's extension.
    Wso2(&'d Node),
    /// The gateway file.
    Gateway,
}

/// The innermost word within the document, `x-portcullis` before WSO2's of the same level; then the gateway file's; then
/// those of the root.
fn said<'s, 'd>(
    extension: Option<&'s (String, Level, Place)>,
    wso2: Option<(&'d Node, Level)>,
    is_in_gateway: bool,
) -> Option<Said<'s, 'd>> {
    let of_extension =
        |(text, level, place): &'s (String, Level, Place)| (*level, 1, Said::Extension(text, *place));
    let of_wso2 = |(node, level): (&'d Node, Level)| (level, 0, Said::Wso2(node));
    let found = extension.map(of_extension).into_iter().chain(wso2.map(of_wso2));
    let innermost = found.max_by_key(|(level, rank, _)| (*level, *rank));
    match innermost {
        Some((level, _, said)) if level != Level::Root || !is_in_gateway => Some(said),
        _ => is_in_gateway.then_some(Said::Gateway),
    }
}

impl<'d> ApiCompiler<'d, '_> {
    /// `None` when something is wrong with them, which is reported.
    pub(super) fn endpoints(
        &self,
        operation: &Operation<'d>,
        settings: &Settings,
        rows: &mut OperationCoverage,
        report: &mut Report,
    ) -> Option<Endpoints> {
        let production = self.production(operation, settings, rows, report)?;
        let written = wso2::endpoints::written(self.model, operation, wso2::endpoints::SANDBOX);
        let of_gateway = &self.source.sandbox_endpoint;
        let sandbox = match said(settings.sandbox_endpoint.as_ref(), written, of_gateway.is_some()) {
            Some(Said::Extension(text, place)) => Some(parse(text, place, report)?),
            Some(Said::Wso2(node)) => {
                Some(self.of_wso2(node, wso2::endpoints::SANDBOX, settings, rows, report)?)
            }
            Some(Said::Gateway) => of_gateway.clone(),
            None => None,
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

    fn of_wso2(
        &self,
        node: &Node,
        key: &str,
        settings: &Settings,
        rows: &mut OperationCoverage,
        report: &mut Report,
    ) -> Option<Endpoint> {
        let endpoint = wso2::endpoints::read(self.model, node, settings, report)?;
        let name = match &endpoint {
            Endpoint::Several(several) => format!("{key}: {}", several.name()),
            _ => key.to_owned(),
        };
        let treatment = Treatment::Delegated("Envoy's routes and clusters".to_owned());
        rows.add(Construct::Other, name, treatment, Some(node.place()));
        if let Some(reason) = settings.waivers.get(codes::ENDPOINT_UNSUPPORTED) {
            let treatment = Treatment::Waived(reason.clone());
            rows.add(Construct::Other, "other settings of the endpoint", treatment, Some(node.place()));
        }
        Some(endpoint)
    }

    /// The operation's own extension, then its path's, the gateway file, the root's extension, and last `servers`.
    /// `Some(None)`: there shall be none.
    fn production(
        &self,
        operation: &Operation<'d>,
        settings: &Settings,
        rows: &mut OperationCoverage,
        report: &mut Report,
    ) -> Option<Option<Endpoint>> {
        let written = wso2::endpoints::written(self.model, operation, wso2::endpoints::PRODUCTION);
        match said(settings.endpoint.as_ref(), written, self.source.endpoint.is_some()) {
            Some(Said::Extension(NO_ENDPOINT, _)) => return Some(None),
            Some(Said::Extension(text, place)) => return parse(text, place, report).map(Some),
            Some(Said::Wso2(node)) => {
                return self.of_wso2(node, wso2::endpoints::PRODUCTION, settings, rows, report).map(Some);
            }
            Some(Said::Gateway) => return self.source.endpoint.clone(),
            None => {}
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

fn parse(text: &str, place: Place, report: &mut Report) -> Option<Endpoint> {
    let refuse =
        |cause: InvalidEndpoint| report.push(problem(codes::ENDPOINT_INVALID, cause.to_string(), place));
    Endpoint::parse(text).map_err(refuse).ok()
}

/// The endpoint that a server names; none for relative URLs and schemes that are not HTTP.
fn endpoint_of(server: &Server<'_>) -> Option<Endpoint> {
    // `//host/path` leaves the scheme to the document's own; TLS is the safe reading.
    let text =
        if server.url.starts_with("//") { format!("https:{}", server.url) } else { server.url.clone() };
    Endpoint::parse(&text).ok().filter(|endpoint| *endpoint != Endpoint::Mock)
}
