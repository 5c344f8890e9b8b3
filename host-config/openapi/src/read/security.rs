//! Security requirements, and whether the schemes and scopes they name exist.

use std::collections::HashSet;
use std::sync::Arc;

use indexmap::IndexMap;

use super::Reading;
use crate::codes;
use crate::diagnostic::Severity;
use crate::model::{Operation, Requirement, RequirementOrigin, Scheme, SchemeKind, SchemeUse, Security};
use crate::tree::{Member, Node};

impl<'d> Reading<'d, '_> {
    pub(super) fn root_security(&mut self, root: &'d Node) -> Security<'d> {
        match root.get("security") {
            None => Security { origin: RequirementOrigin::Absent, alternatives: Arc::default() },
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

    fn requirements(&mut self, node: &'d Node) -> Arc<[Requirement<'d>]> {
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
        let scopes = match member.node.as_array() {
            None => {
                self.wrong_type(&member.node, "the scopes of a security requirement", "an array");
                Vec::new()
            }
            Some(items) => items.iter().filter_map(|item| self.scope(item)).collect(),
        };
        SchemeUse { name: &member.key, scopes, place: member.key_place }
    }

    fn scope(&mut self, node: &'d Node) -> Option<&'d str> {
        if node.as_str().is_none() {
            self.wrong_type(node, "a scope", "a string");
        }
        node.as_str()
    }

    /// All schemes; what is wrong with one that no operation asks for is a warning.
    pub(super) fn security_schemes(
        &mut self,
        root: &'d Node,
        root_security: &Security<'d>,
        operations: &[Operation<'d>],
    ) -> IndexMap<&'d str, Scheme<'d>> {
        let own = operations.iter().map(|operation| &operation.security);
        let own = own.filter(|security| matches!(security.origin, RequirementOrigin::Operation(_)));
        let requirements = own.chain([root_security]).flat_map(|security| &*security.alternatives);
        let uses: Vec<&SchemeUse<'d>> = requirements.flat_map(|requirement| &requirement.schemes).collect();
        let used: HashSet<&str> = uses.iter().map(|scheme| scheme.name).collect();
        let mut schemes = IndexMap::new();
        let mut declared = HashSet::new();
        let members =
            root.get("components").map_or(&[][..], |components| self.map(components, "securitySchemes"));
        for member in members {
            self.gravest = if used.contains(&*member.key) { Severity::Error } else { Severity::Warning };
            schemes.extend(self.scheme(&member.node).map(|scheme| (&*member.key, scheme)));
            declared.insert(&*member.key);
        }
        self.gravest = Severity::Error;
        for scheme in uses {
            self.check_use(scheme, declared.contains(scheme.name), schemes.get(scheme.name));
        }
        schemes
    }

    fn check_use(&mut self, scheme: &SchemeUse<'d>, is_declared: bool, definition: Option<&Scheme<'d>>) {
        if !is_declared {
            let message = format!("the security scheme `{}` is not defined", scheme.name);
            self.error(codes::SECURITY_SCHEME_UNDEFINED, scheme.place, message);
        }
        let Some(SchemeKind::OAuth2 { flows }) = definition.map(|scheme| &scheme.kind) else { return };
        for scope in &scheme.scopes {
            if !flows.iter().any(|(_, scopes)| scopes.contains(scope)) {
                let message = format!("no flow of `{}` declares the scope `{scope}`", scheme.name);
                self.warn(codes::SCOPE_UNDECLARED, scheme.place, message);
            }
        }
    }
}
