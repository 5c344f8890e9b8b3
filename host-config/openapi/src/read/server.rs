//! Servers, with their variables replaced by the defaults.

use std::collections::HashMap;
use std::sync::Arc;

use super::Reading;
use crate::codes;
use crate::model::{Server, ServerVariable};
use crate::tree::Node;

impl<'d> Reading<'d, '_> {
    /// The root's servers; `/` when there are none (OpenAPI 3.1, 4.8.1.1).
    pub(super) fn root_servers(&mut self, root: &'d Node) -> Arc<[Server<'d>]> {
        let implied =
            || Server { url: "/".to_owned(), template: "/", variables: Vec::new(), place: root.place() };
        self.servers(root).unwrap_or_else(|| Arc::new([implied()]))
    }

    /// The servers of a root, path item or operation; none when it has no list, or an empty one.
    pub(super) fn servers(&mut self, node: &'d Node) -> Option<Arc<[Server<'d>]>> {
        let items = self.list(node, "servers");
        if items.is_empty() {
            return None;
        }
        Some(items.iter().filter_map(|item| self.server(item)).collect())
    }

    fn server(&mut self, node: &'d Node) -> Option<Server<'d>> {
        self.object(node, "a server", &["url", "description", "variables"], false)?;
        let template = self.required_string(node, "url", "a server")?;
        let variables = self.map(node, "variables").iter();
        let variables: Vec<_> =
            variables.filter_map(|member| self.variable(&member.key, &member.node)).collect();
        let url = self.expanded(template, &variables, node);
        Some(Server { url, template, variables, place: node.place() })
    }

    fn variable(&mut self, name: &'d str, node: &'d Node) -> Option<ServerVariable<'d>> {
        self.object(node, "a server variable", &["enum", "default", "description"], false)?;
        let default = self.required_string(node, "default", "a server variable")?;
        let allowed: Vec<&str> = self.list(node, "enum").iter().filter_map(Node::as_str).collect();
        if !allowed.is_empty() && !allowed.contains(&default) {
            let message = format!("the default `{default}` of `{name}` is none of its values");
            self.warn(codes::INVALID_VALUE, node.place(), message);
        }
        Some(ServerVariable { name, default, allowed })
    }

    fn expanded(&mut self, template: &str, variables: &[ServerVariable<'d>], node: &'d Node) -> String {
        let defaults: HashMap<&str, &str> = variables.iter().map(|one| (one.name, one.default)).collect();
        let mut url = String::new();
        let mut rest = template;
        while let Some((before, after)) = rest.split_once('{') {
            url.push_str(before);
            let Some((name, after)) = after.split_once('}') else {
                let message =
                    format!("the server URL `{template}` has an opening brace without a closing one");
                self.error(codes::INVALID_VALUE, node.place(), message);
                return url;
            };
            match defaults.get(name) {
                Some(default) => url.push_str(default),
                None => {
                    let message = format!("the server URL names the variable `{name}`, which has no default");
                    self.error(codes::SERVER_VARIABLE_UNDEFINED, node.place(), message);
                }
            }
            rest = after;
        }
        url.push_str(rest);
        url
    }
}
