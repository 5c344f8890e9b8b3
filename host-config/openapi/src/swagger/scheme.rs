//! Security definitions: the same ways to show who one is, under other names.

use super::Conversion;
use super::building::{Building, text};
use crate::tree::Node;

impl<'d> Conversion<'d> {
    /// `components` with the security schemes; other components are found where they were.
    pub(super) fn components(&mut self, definitions: &'d Node) -> Node {
        let mut components = Building::at(definitions);
        let schemes = match definitions.as_object() {
            None => definitions.clone(),
            Some(object) => {
                let mut schemes = Building::at(definitions);
                for member in object.members().iter().filter(|member| !member.key.starts_with("x-")) {
                    schemes.keep(member, self.security_scheme(&member.node));
                }
                schemes.node()
            }
        };
        components.put("securitySchemes", definitions, schemes);
        components.node()
    }

    fn security_scheme(&mut self, node: &'d Node) -> Node {
        match node.get("type").and_then(|kind| kind.as_str().map(|name| (kind, name))) {
            Some((kind, "basic")) => {
                let mut made = self.without(node, &["type"]);
                made.put("type", kind, text(kind, "http"));
                made.put("scheme", kind, text(kind, "basic"));
                made.node()
            }
            Some((_, "oauth2")) => {
                let mut made = self.without(node, OF_FLOW);
                made.put("flows", node.get("flow").unwrap_or(node), self.flows(node));
                made.node()
            }
            _ => self.copy(node),
        }
    }

    fn flows(&mut self, node: &'d Node) -> Node {
        let mut flow = Building::at(node);
        let members = node.as_object().map_or(&[][..], |object| object.members());
        for member in
            members.iter().filter(|member| OF_FLOW.contains(&&*member.key) && &*member.key != "flow")
        {
            flow.keep(member, self.copy(&member.node));
        }
        let name = match node.get("flow").and_then(Node::as_str).unwrap_or_default() {
            "application" => "clientCredentials",
            "accessCode" => "authorizationCode",
            other => other,
        };
        let mut flows = Building::at(node);
        flows.put(name, node.get("flow").unwrap_or(node), flow.node());
        flows.node()
    }

    fn without(&mut self, node: &'d Node, keys: &[&str]) -> Building {
        let mut made = Building::at(node);
        let members = node.as_object().map_or(&[][..], |object| object.members());
        for member in members.iter().filter(|member| !keys.contains(&&*member.key)) {
            made.keep(member, self.copy(&member.node));
        }
        made
    }
}

/// What OpenAPI 3 says of each flow by itself.
const OF_FLOW: &[&str] = &["flow", "authorizationUrl", "tokenUrl", "scopes"];
