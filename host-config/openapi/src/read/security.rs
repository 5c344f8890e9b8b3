//! Security schemes and requirements.

use std::collections::HashSet;

use indexmap::IndexMap;

use super::Reading;
use crate::codes;
use crate::diagnostic::Severity;
use crate::model::{
    KeyLocation, Operation, Requirement, RequirementOrigin, Scheme, SchemeKind, SchemeUse, Security,
};
use crate::tree::{Member, Node};

const SCHEME_FIELDS: &[&str] =
    &["type", "description", "name", "in", "scheme", "bearerFormat", "flows", "openIdConnectUrl"];

impl<'d> Reading<'d, '_> {
    pub(super) fn root_security(&mut self, root: &'d Node) -> Security<'d> {
        let absent = Security { origin: RequirementOrigin::Absent, alternatives: Vec::new() };
        match root.get("security") {
            None => absent,
            Some(node) => Security {
                origin: RequirementOrigin::Root(node.place()),
                alternatives: self.requirements(root),
            },
        }
    }

    /// The operation's own security, which replaces the root's even when it is an empty list.
    pub(super) fn operation_security(&mut self, operation: &'d Node, root: &Security<'d>) -> Security<'d> {
        match operation.get("security") {
            None => root.clone(),
            Some(node) => Security {
                origin: RequirementOrigin::Operation(node.place()),
                alternatives: self.requirements(operation),
            },
        }
    }

    fn requirements(&mut self, node: &'d Node) -> Vec<Requirement<'d>> {
        self.list(node, "security").iter().filter_map(|item| self.requirement(item)).collect()
    }

    fn requirement(&mut self, node: &'d Node) -> Option<Requirement<'d>> {
        let Some(object) = node.as_object() else {
            self.wrong_type(node, "a security requirement", "an object");
            return None;
        };
        let schemes = object.members().iter().map(|member| self.scheme_use(member)).collect();
        Some(Requirement { schemes, place: node.place() })
    }

    fn scheme_use(&mut self, member: &'d Member) -> SchemeUse<'d> {
        let mut scopes = Vec::new();
        match member.node.as_array() {
            None => self.wrong_type(&member.node, "the scopes of a security requirement", "an array"),
            Some(items) => {
                for item in items {
                    match item.as_str() {
                        Some(scope) => scopes.push(scope),
                        None => self.wrong_type(item, "a scope", "a string"),
                    }
                }
            }
        }
        SchemeUse { name: &member.key, scopes, place: member.key_place }
    }

    /// All schemes; what is wrong with one that no operation asks for is a warning.
    pub(super) fn security_schemes(
        &mut self,
        root: &'d Node,
        operations: &[Operation<'d>],
    ) -> IndexMap<&'d str, Scheme<'d>> {
        let uses = || {
            operations
                .iter()
                .flat_map(|operation| &operation.security.alternatives)
                .flat_map(|one| &one.schemes)
        };
        let used: HashSet<&str> = uses().map(|scheme| scheme.name).collect();
        let mut schemes = IndexMap::new();
        let members =
            root.get("components").map_or(&[][..], |components| self.map(components, "securitySchemes"));
        for member in members {
            self.gravest = if used.contains(&*member.key) { Severity::Error } else { Severity::Warning };
            if let Some(scheme) = self.scheme(&member.node) {
                schemes.insert(&*member.key, scheme);
            }
        }
        self.gravest = Severity::Error;
        let is_declared = |name: &str| members.iter().any(|member| &*member.key == name);
        let undeclared: HashSet<&str> = used.into_iter().filter(|name| !is_declared(name)).collect();
        for scheme in uses().filter(|scheme| undeclared.contains(scheme.name)) {
            let message = format!("the security scheme `{}` is not defined", scheme.name);
            self.error(codes::SECURITY_SCHEME_UNDEFINED, scheme.place, message);
        }
        schemes
    }

    fn scheme(&mut self, node: &'d Node) -> Option<Scheme<'d>> {
        let node = self.followed(node)?;
        self.object(node, "a security scheme", SCHEME_FIELDS, false)?;
        let kind = match self.required_string(node, "type", "a security scheme")? {
            "apiKey" => self.api_key(node)?,
            "http" => SchemeKind::Http {
                scheme: self.required_string(node, "scheme", "an `http` security scheme")?,
                bearer_format: self.string(node, "bearerFormat"),
            },
            "oauth2" => SchemeKind::OAuth2 { flows: self.flows(node) },
            "openIdConnect" => SchemeKind::OpenIdConnect {
                url: self.required_string(node, "openIdConnectUrl", "an `openIdConnect` security scheme")?,
            },
            "mutualTLS" => SchemeKind::MutualTls,
            other => {
                let place = node.get("type").unwrap_or(node).place();
                self.error(
                    codes::INVALID_VALUE,
                    place,
                    format!("there is no security scheme of type `{other}`"),
                );
                return None;
            }
        };
        Some(Scheme { kind, place: node.place() })
    }

    fn api_key(&mut self, node: &'d Node) -> Option<SchemeKind<'d>> {
        let name = self.required_string(node, "name", "an `apiKey` security scheme");
        let location = match self.required_string(node, "in", "an `apiKey` security scheme")? {
            "header" => KeyLocation::Header,
            "query" => KeyLocation::Query,
            "cookie" => KeyLocation::Cookie,
            other => {
                let place = node.get("in").unwrap_or(node).place();
                self.error(codes::INVALID_VALUE, place, format!("an API key cannot stand in `{other}`"));
                return None;
            }
        };
        Some(SchemeKind::ApiKey { location, name: name? })
    }

    /// Each flow and its scopes. The flows' URLs concern clients, not a gateway.
    fn flows(&mut self, node: &'d Node) -> Vec<(&'d str, Vec<&'d str>)> {
        let flows = self.map(node, "flows").iter().filter(|flow| !flow.key.starts_with("x-"));
        flows
            .map(|flow| {
                (&*flow.key, self.map(&flow.node, "scopes").iter().map(|scope| &*scope.key).collect())
            })
            .collect()
    }
}
