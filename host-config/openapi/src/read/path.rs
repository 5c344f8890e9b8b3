//! Paths and operations: what a path item says for all of its methods is written into each of them.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::{EXTENSION, Reading};
use crate::codes;
use crate::model::{Location, Method, Operation, Parameter, Security, Server, Version};
use crate::source::Place;
use crate::tree::{Member, Node, Object};

const PATH_ITEM_FIELDS: &[&str] = &[
    "$ref",
    "summary",
    "description",
    "servers",
    "parameters",
    "get",
    "put",
    "post",
    "delete",
    "options",
    "head",
    "patch",
    "trace",
];
const OPERATION_FIELDS: &[&str] = &[
    "tags",
    "summary",
    "description",
    "externalDocs",
    "operationId",
    "parameters",
    "requestBody",
    "responses",
    "callbacks",
    "deprecated",
    "security",
    "servers",
];

/// What an operation has from its path and from the root.
struct Inherited<'d, 'i> {
    path: &'d str,
    path_place: Place,
    node: &'d Node,
    servers: &'i Arc<[Server<'d>]>,
    parameters: &'i [Parameter<'d>],
    security: &'i Security<'d>,
    extension: Option<&'d Node>,
}

impl<'d> Reading<'d, '_> {
    pub(super) fn operations(
        &mut self,
        root: &'d Node,
        servers: &Arc<[Server<'d>]>,
        security: &Security<'d>,
    ) -> Vec<Operation<'d>> {
        if root.get("paths").is_none() && root.get("webhooks").is_none() && root.get("components").is_none() {
            self.missing(root, "paths", "a document");
        }
        let mut operations = Vec::new();
        for member in self.map(root, "paths") {
            if member.key.starts_with("x-") {
                continue;
            }
            if !member.key.starts_with('/') {
                let message = format!("the path `{}` does not start with a slash", member.key);
                self.error(codes::PATH_WITHOUT_SLASH, member.key_place, message);
            }
            self.path_item(member, servers, security, &mut operations);
        }
        self.check_operation_ids(&operations);
        operations
    }

    fn path_item(
        &mut self,
        member: &'d Member,
        servers: &Arc<[Server<'d>]>,
        security: &Security<'d>,
        operations: &mut Vec<Operation<'d>>,
    ) {
        let Some(node) = self.path_item_node(&member.node) else { return };
        let Some(object) = self.object(node, "a path item", PATH_ITEM_FIELDS, true) else { return };
        let own_servers = self.servers(node);
        let parameters = self.parameters(node);
        let inherited = Inherited {
            path: &member.key,
            path_place: member.key_place,
            node,
            servers: own_servers.as_ref().unwrap_or(servers),
            parameters: &parameters,
            security,
            extension: node.get(EXTENSION),
        };
        for member in object.members() {
            if let Some(method) = Method::from_key(&member.key) {
                operations.extend(self.operation(method, member, &inherited));
            }
        }
    }

    /// Fields next to a path item's `$ref` have no defined meaning, and could be operations: unlike elsewhere, an error.
    fn path_item_node(&mut self, node: &'d Node) -> Option<&'d Node> {
        if node.get("$ref").is_some() {
            let members = node.as_object().map_or(&[][..], Object::members);
            for sibling in members
                .iter()
                .filter(|member| PATH_ITEM_FIELDS.iter().skip(3).any(|field| *field == &*member.key))
            {
                let message =
                    format!("`{}` next to a path item's `$ref` has no defined meaning", sibling.key);
                self.error(codes::REF_SIBLINGS, sibling.key_place, message);
            }
        }
        self.followed(node)
    }

    fn operation(
        &mut self,
        method: Method,
        member: &'d Member,
        inherited: &Inherited<'d, '_>,
    ) -> Option<Operation<'d>> {
        let node = &member.node;
        self.object(node, "an operation", OPERATION_FIELDS, true)?;
        let own = self.parameters(node);
        let own_keys: HashSet<_> = own.iter().map(Parameter::key).collect();
        let is_overridden = |parameter: &&Parameter<'d>| own_keys.contains(&parameter.key());
        let kept = inherited.parameters.iter().filter(|parameter| !is_overridden(parameter)).cloned();
        let security = self.operation_security(node, inherited.security);
        // In Swagger 2.0 they count, but a credential is gone once it is verified.
        let is_credential = |parameter: &Parameter<'d>| {
            !security.alternatives.is_empty() && parameter.name.eq_ignore_ascii_case("authorization")
        };
        let version = self.version;
        let is_ignored = |parameter: &Parameter<'d>| {
            is_ignorable(parameter) && (version != Version::V2_0 || is_credential(parameter))
        };
        let (ignored_parameters, parameters) = kept.chain(own.iter().cloned()).partition(is_ignored);
        let operation = Operation {
            method,
            path: inherited.path,
            path_place: inherited.path_place,
            place: member.key_place,
            node,
            path_item: inherited.node,
            operation_id: self.string(node, "operationId"),
            servers: self.servers(node).unwrap_or_else(|| inherited.servers.clone()),
            parameters,
            ignored_parameters,
            request_body: self.request_body(node),
            responses: self.responses(node),
            security,
            path_extension: inherited.extension,
            extension: node.get(EXTENSION),
            callbacks: node.get("callbacks"),
            deprecated: self.boolean(node, "deprecated").unwrap_or(false),
        };
        self.check_parameters(&operation);
        Some(operation)
    }

    fn check_parameters(&mut self, operation: &Operation<'d>) {
        let names: HashSet<&str> = template_names(operation.path).collect();
        let declared = operation.parameters.iter().filter(|one| one.location == Location::Path);
        for parameter in declared.clone().filter(|one| !names.contains(one.name)) {
            let message = format!("the path `{}` has no parameter `{}`", operation.path, parameter.name);
            self.warn(codes::PATH_PARAMETER_UNUSED, parameter.place, message);
        }
        let declared: HashSet<&str> = declared.map(|one| one.name).collect();
        for name in template_names(operation.path).filter(|name| !declared.contains(name)) {
            let message = format!("the path's parameter `{name}` is not declared; it can be any string");
            self.warn(codes::PATH_PARAMETER_UNDECLARED, operation.place, message);
        }
        for parameter in &operation.ignored_parameters {
            let message = format!("OpenAPI ignores header parameters named `{}`", parameter.name);
            self.note(codes::PARAMETER_IGNORED, parameter.place, message);
        }
    }

    fn check_operation_ids(&mut self, operations: &[Operation<'d>]) {
        let mut first: HashMap<&str, &Operation<'d>> = HashMap::new();
        for operation in operations {
            let Some(id) = operation.operation_id else { continue };
            if let Some(earlier) = first.get(id) {
                let message =
                    format!("`{id}` is also the operationId of {} {}", earlier.method.as_str(), earlier.path);
                let place = operation.node.get("operationId").unwrap_or(operation.node).place();
                self.warn(codes::OPERATION_ID_DUPLICATE, place, message);
            } else {
                first.insert(id, operation);
            }
        }
    }
}

/// OpenAPI 3.1, 4.8.12.2.1.
fn is_ignorable(parameter: &Parameter<'_>) -> bool {
    let ignored = ["accept", "content-type", "authorization"];
    parameter.location == Location::Header
        && ignored.iter().any(|name| parameter.name.eq_ignore_ascii_case(name))
}

/// The names in braces, in order.
fn template_names(path: &str) -> impl Iterator<Item = &str> {
    path.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name)
}
