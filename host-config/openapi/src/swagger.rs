//! Swagger 2.0 as OpenAPI 3.0: a second tree whose nodes keep the places of what they were made from, so that
//! whatever is said of them names the author's own lines. Schemas stay as they are, and are referred to as they were.
//! Knows the two formats; whether what comes out is right is for the reader to say.

mod building;
mod message;
mod operation;
mod parameter;
mod scheme;

use crate::codes;
use crate::diagnostic::Severity;
use crate::documents::Documents;
use crate::source::Place;
use crate::tree::{Member, Node, Object, Value};
use building::{Building, list, text};

/// How many nodes may come out: what is shared by `$ref` is written out for each use.
const MAX_NODES: usize = 8_000_000;

/// What is wrong with a document and could not be said in the other format.
#[derive(Debug)]
pub(crate) struct Problem {
    pub(crate) severity: Severity,
    pub(crate) code: &'static str,
    pub(crate) place: Place,
    pub(crate) message: String,
}

/// Whether a document says that it is Swagger 2.0.
pub(crate) fn is_swagger(root: &Node) -> bool {
    let version = root.get("swagger");
    version.is_some_and(|node| matches!(node.as_str().or_else(|| node.as_number()), Some("2.0" | "2")))
}

/// The document in the other format, and what is wrong with it.
pub(crate) fn convert(documents: &Documents, root: &Node) -> (Node, Vec<Problem>) {
    let mut conversion = Conversion { documents, root, room: MAX_NODES, problems: Vec::new() };
    let node = conversion.document();
    (node, conversion.problems)
}

struct Conversion<'d> {
    documents: &'d Documents,
    root: &'d Node,
    /// How many more nodes may be made.
    room: usize,
    problems: Vec<Problem>,
}

impl<'d> Conversion<'d> {
    fn document(&mut self) -> Node {
        let root = self.root;
        let Some(object) = root.as_object() else { return root.clone() };
        let mut made = Building::at(root);
        made.put("servers", root, self.servers(root, root.get("schemes")));
        for member in object.members() {
            match &*member.key {
                "host" | "basePath" | "schemes" | "consumes" | "produces" | "definitions" | "parameters"
                | "responses" => {}
                _ if self.is_later(
                    member,
                    &["openapi", "servers", "components", "webhooks", "jsonSchemaDialect"],
                ) => {}
                "securityDefinitions" => made.put("components", &member.node, self.components(&member.node)),
                "paths" => made.keep(member, self.paths(&member.node)),
                _ => made.keep(member, self.copy(&member.node)),
            }
        }
        made.node()
    }

    /// A server for each scheme. Where none is given it is the one the document came by, which is not known: https.
    fn servers(&mut self, at: &'d Node, schemes: Option<&'d Node>) -> Node {
        let base = self.root.get("basePath").and_then(Node::as_str).unwrap_or("/");
        let slash = if base.starts_with('/') { "" } else { "/" };
        let server = |at: &Node, url: String| {
            let mut server = Building::at(at);
            server.put("url", at, text(at, url));
            server.node()
        };
        let Some(host) = self.root.get("host").and_then(Node::as_str) else {
            let at = self.root.get("basePath").unwrap_or(at);
            return list(at, vec![server(at, format!("{slash}{base}"))]);
        };
        let schemes = schemes.and_then(Node::as_array).unwrap_or_default();
        let mut servers: Vec<Node> = Vec::new();
        for node in schemes {
            let scheme = node.as_str().unwrap_or_default();
            if !["http", "https", "ws", "wss"].contains(&scheme) {
                let message = format!("there is no scheme `{}`", node.as_str().unwrap_or(node.kind()));
                self.problem(Severity::Error, codes::INVALID_VALUE, node, message);
            }
            servers.push(server(node, format!("{scheme}://{host}{slash}{base}")));
        }
        if servers.is_empty() {
            let at = self.root.get("host").unwrap_or(at);
            servers.push(server(at, format!("https://{host}{slash}{base}")));
        }
        list(at, servers)
    }

    /// A copy, which counts.
    fn copy(&mut self, node: &Node) -> Node {
        if self.spend(node).is_none() {
            return Node::new(node.place(), Value::Null);
        }
        match node.value() {
            Value::Array(items) => {
                let items = items.iter().map(|item| self.copy(item)).collect();
                Node::new(node.place(), Value::Array(items))
            }
            Value::Object(object) => {
                let mut made = Building::at(node);
                for member in object.members() {
                    made.keep(member, self.copy(&member.node));
                }
                made.node()
            }
            _ => node.clone(),
        }
    }

    fn spend(&mut self, node: &Node) -> Option<()> {
        let rest = self.room.checked_sub(1);
        if rest.is_none() && !self.problems.iter().any(|problem| problem.code == codes::TOO_LARGE) {
            let message = format!("the definition has more than {MAX_NODES} values, references followed");
            self.problem(Severity::Error, codes::TOO_LARGE, node, message);
        }
        self.room = rest.unwrap_or(0);
        rest.map(|_| ())
    }

    /// Whether a member is of OpenAPI 3 alone, which is told: here it has no effect.
    fn is_later(&mut self, member: &Member, fields: &[&str]) -> bool {
        let is_later = fields.contains(&&*member.key);
        if is_later {
            let message = format!("Swagger 2.0 has no field `{}` here; it has no effect", member.key);
            let (severity, code, place) = (Severity::Warning, codes::UNKNOWN_FIELD, member.key_place);
            self.problems.push(Problem { severity, code, place, message });
        }
        is_later
    }

    /// What a `$ref` leads to; the node itself when it has none, or one that leads nowhere, which the reader will say.
    fn followed(&self, node: &'d Node) -> &'d Node {
        self.documents.follow(node).unwrap_or(node)
    }

    fn problem(&mut self, severity: Severity, code: &'static str, at: &Node, message: String) {
        self.problems.push(Problem { severity, code, place: at.place(), message });
    }
}

/// The members of an object; none of anything else.
fn members(node: Option<&Node>) -> &[Member] {
    node.and_then(Node::as_object).map_or(&[], Object::members)
}

/// The items of an array; none of anything else.
fn items(node: Option<&Node>) -> &[Node] {
    node.and_then(Node::as_array).unwrap_or_default()
}
