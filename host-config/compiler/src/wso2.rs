//! Security as WSO2's extensions have it: `x-wso2-disable-security`, `x-auth-type`, `x-wso2-application-security`,
//! `x-wso2-mutual-ssl` and `x-wso2-auth-header`.
//!
//! Where an extension and the document's own `security` disagree, the extension wins, as it does with WSO2; among
//! extensions, the innermost. Each such case is a warning, and shows in the report.

pub(crate) mod endpoints;
mod security;
#[cfg(test)]
mod tests;
mod throttling;

use portcullis_openapi::model::Operation;
use portcullis_openapi::{ApiModel, Node, Place, Report};

use crate::codes;
use crate::settings::problem;

pub(crate) use security::{Secured, synthetic};
pub(crate) use throttling::throttling_tier;

/// The extensions that are read here, and are nobody's else any more.
pub(crate) const HONOURED: [&str; 10] = [
    DISABLE,
    AUTH_TYPE,
    APPLICATION,
    MUTUAL,
    AUTH_HEADER,
    endpoints::PRODUCTION,
    endpoints::SANDBOX,
    endpoints::NAMED,
    throttling::TIER,
    throttling::TIER_ALIAS,
];

const DISABLE: &str = "x-wso2-disable-security";
const AUTH_TYPE: &str = "x-auth-type";
const APPLICATION: &str = "x-wso2-application-security";
const MUTUAL: &str = "x-wso2-mutual-ssl";
const AUTH_HEADER: &str = "x-wso2-auth-header";

/// What the extensions say of one operation.
#[derive(Debug, Default)]
pub(crate) struct Said {
    /// Whether security is off, and where that is said.
    disabled: Option<(bool, Place)>,
    /// Whether an outer level had it off.
    was_disabled: bool,
    application: Option<Application>,
    mutual: Option<(Mutual, Place)>,
}

/// `x-wso2-application-security`.
#[derive(Debug)]
struct Application {
    types: Vec<Type>,
    /// Whether a client certificate alone is enough.
    optional: bool,
    place: Place,
}

/// A kind of credential, as the extension names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Type {
    OAuth2,
    Basic,
    ApiKey,
}

/// `x-wso2-mutual-ssl`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mutual {
    Mandatory,
    Optional,
}

impl Said {
    /// Reads root, path item and operation.
    pub(crate) fn of(model: &ApiModel<'_>, operation: &Operation<'_>, report: &mut Report) -> Self {
        let mut said = Self::default();
        if let Some(root) = model.documents.root() {
            said.level(root, report);
            said.mutual = mutual(root, report);
        }
        for node in [operation.path_item, operation.node] {
            said.level(node, report);
            for key in [MUTUAL, AUTH_HEADER] {
                if let Some(node) = node.get(key) {
                    let message = format!("{key} is read at the root only: it is about the whole API");
                    report.push(problem(codes::SETTING_INVALID, message, node.place()));
                }
            }
        }
        let is_mandatory = matches!(said.mutual, Some((Mutual::Mandatory, _)));
        if let Some(Application { optional: true, place, .. }) = &said.application
            && !is_mandatory
        {
            let message = "optional: true needs x-wso2-mutual-ssl: mandatory, or anybody could call";
            report.push(problem(codes::SETTING_INVALID, message, *place));
        }
        said
    }

    fn level(&mut self, node: &Node, report: &mut Report) {
        let disabled = node.get(DISABLE).and_then(|node| match node.as_bool() {
            Some(disabled) => Some((disabled, node.place())),
            None => refuse(node, format!("{DISABLE} is true or false"), report),
        });
        let by_type = node.get(AUTH_TYPE).and_then(|node| match node.as_str() {
            Some("None" | "none" | "NONE") => Some((true, node.place())),
            Some("Any" | "Application" | "Application User" | "Application & Application User") => {
                Some((false, node.place()))
            }
            _ => refuse(
                node,
                format!("{AUTH_TYPE} is None, Application, Application User or both with '&'"),
                report,
            ),
        });
        if let (Some((one, _)), Some((other, place))) = (disabled, by_type)
            && one != other
        {
            let message = format!("{DISABLE} and {AUTH_TYPE} say the opposite of each other");
            report.push(problem(codes::SETTING_INVALID, message, place));
        }
        if let Some(found) = disabled.or(by_type) {
            self.was_disabled |= self.disabled.is_some_and(|(disabled, _)| disabled);
            self.disabled = Some(found);
        }
        if let Some(application) = application(node, report) {
            self.application = Some(application);
        }
    }
}

/// The header that the API has instead of `Authorization`, if it says so.
pub(crate) fn auth_header(model: &ApiModel<'_>, report: &mut Report) -> Option<String> {
    let node = model.documents.root()?.get(AUTH_HEADER)?;
    let is_name = |text: &&str| {
        !text.is_empty()
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
    };
    match node.as_str().filter(is_name) {
        Some(name) => Some(name.to_ascii_lowercase()),
        None => refuse(node, format!("{AUTH_HEADER} names a header"), report),
    }
}

fn application(node: &Node, report: &mut Report) -> Option<Application> {
    let node = node.get(APPLICATION)?;
    let optional = match node.get("optional").map(|node| (node, node.as_bool())) {
        None => false,
        Some((_, Some(optional))) => optional,
        Some((node, None)) => {
            return refuse(node, format!("{APPLICATION}: optional is true or false"), report);
        }
    };
    let listed = node.get("security-types").and_then(Node::as_array).filter(|listed| !listed.is_empty());
    let Some(listed) = listed else {
        return refuse(node, format!("{APPLICATION} lists at least one of security-types"), report);
    };
    let mut types = Vec::new();
    for item in listed {
        let found = match item.as_str() {
            Some("oauth2" | "jwt") => Type::OAuth2,
            Some("basic" | "basic_auth") => Type::Basic,
            Some("api_key" | "apikey") => Type::ApiKey,
            _ => return refuse(item, format!("{APPLICATION} knows oauth2, basic_auth and api_key"), report),
        };
        if !types.contains(&found) {
            types.push(found);
        }
    }
    Some(Application { types, optional, place: node.place() })
}

fn mutual(root: &Node, report: &mut Report) -> Option<(Mutual, Place)> {
    let node = root.get(MUTUAL)?;
    match node.as_str() {
        Some("mandatory") => Some((Mutual::Mandatory, node.place())),
        Some("optional") => Some((Mutual::Optional, node.place())),
        _ => refuse(node, format!("{MUTUAL} is mandatory or optional"), report),
    }
}

fn refuse<T>(node: &Node, message: String, report: &mut Report) -> Option<T> {
    report.push(problem(codes::SETTING_INVALID, message, node.place()));
    None
}
