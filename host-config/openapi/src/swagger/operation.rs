//! Paths and operations. A body and the fields of a form are parameters in Swagger 2.0, which a path may have for all
//! its operations: they become each operation's request body.

use super::building::{Building, list};
use super::{Conversion, items, members};
use crate::model::Method;
use crate::tree::{Member, Node};

impl<'d> Conversion<'d> {
    pub(super) fn paths(&mut self, node: &'d Node) -> Node {
        let Some(object) = node.as_object() else { return node.clone() };
        let mut made = Building::at(node);
        for member in object.members() {
            let item = if member.key.starts_with("x-") {
                self.copy(&member.node)
            } else {
                self.path_item(&member.node)
            };
            made.keep(member, item);
        }
        made.node()
    }

    fn path_item(&mut self, node: &'d Node) -> Node {
        let target = self.followed(node);
        let has_siblings = members(Some(node)).len() > 1;
        if target.reference().is_some() || node.reference().is_some() && has_siblings {
            return self.copy(node);
        }
        let Some(object) = target.as_object() else { return target.clone() };
        let shared: Vec<&Node> =
            items(target.get("parameters")).iter().map(|item| self.followed(item)).collect();
        let mut made = Building::at(target);
        for member in object.members() {
            if self.is_later(member, &["servers", "trace"]) {
                continue;
            }
            let converted = match &*member.key {
                "parameters" => self.parameters(&member.node),
                key if Method::from_key(key).is_some() => self.operation(&member.node, &shared),
                _ => self.copy(&member.node),
            };
            made.keep(member, converted);
        }
        made.node()
    }

    /// `shared` is what the path has for all its operations.
    fn operation(&mut self, node: &'d Node, shared: &[&'d Node]) -> Node {
        let Some(object) = node.as_object() else { return node.clone() };
        let own = items(node.get("parameters")).iter().map(|item| self.followed(item));
        let body: Vec<&Node> = with_shared(own.collect(), shared);
        let mut made = Building::at(node);
        for member in object.members() {
            match &*member.key {
                "consumes" | "produces" => {}
                _ if self.is_later(member, &["requestBody", "servers", "callbacks"]) => {}
                "parameters" => made.keep(member, self.parameters(&member.node)),
                "responses" => made.keep(member, self.responses(node, member)),
                "schemes" => made.rename("servers", member, self.servers(node, Some(&member.node))),
                _ => made.keep(member, self.copy(&member.node)),
            }
        }
        if let Some(body) = self.request_body(node, &body) {
            made.put("requestBody", node.get("parameters").unwrap_or(node), body);
        }
        made.node()
    }

    /// Those that are parameters in both formats.
    fn parameters(&mut self, node: &'d Node) -> Node {
        let Some(parameters) = node.as_array() else { return node.clone() };
        let followed: Vec<&Node> = parameters.iter().map(|parameter| self.followed(parameter)).collect();
        let kept = followed.into_iter().filter(|parameter| !is_of_body(parameter));
        list(node, kept.map(|parameter| self.parameter(parameter)).collect())
    }

    /// What an operation takes or gives: its own list, even an empty one, or the root's.
    pub(super) fn media_types(&self, operation: &'d Node, key: &str) -> &'d [Node] {
        items(operation.get(key).or_else(|| self.root.get(key)))
    }

    fn responses(&mut self, operation: &'d Node, member: &'d Member) -> Node {
        let Some(object) = member.node.as_object() else { return member.node.clone() };
        let mut made = Building::at(&member.node);
        for response in object.members() {
            let converted = if response.key.starts_with("x-") {
                self.copy(&response.node)
            } else {
                self.response(operation, &response.node)
            };
            made.keep(response, converted);
        }
        made.node()
    }
}

/// Whether a parameter is a body or a field of a form.
fn is_of_body(parameter: &Node) -> bool {
    matches!(place_of(parameter), "body" | "formData")
}

pub(super) fn place_of(parameter: &Node) -> &str {
    parameter.get("in").and_then(Node::as_str).unwrap_or_default()
}

/// The parameters of bodies: an operation's own, and those of its path that it does not replace. A body replaces a
/// form and a form a body, since a request has one of them.
fn with_shared<'d>(own: Vec<&'d Node>, shared: &[&'d Node]) -> Vec<&'d Node> {
    let mut own: Vec<&Node> = own.into_iter().filter(|parameter| is_of_body(parameter)).collect();
    let replaces = |one: &Node, other: &Node| {
        place_of(one) != place_of(other) || place_of(one) == "body" || one.get("name") == other.get("name")
    };
    let written = own.clone();
    let inherited = shared.iter().copied().filter(|parameter| is_of_body(parameter));
    own.extend(inherited.filter(|parameter| !written.iter().any(|one| replaces(one, parameter))));
    own
}
