//! Nodes that are made, each at the place of one that was written.

use std::collections::HashSet;

use crate::source::Place;
use crate::tree::{Member, Node, Object, Value};

/// An object in the making. Of members of one name the first stays.
pub(super) struct Building {
    place: Place,
    members: Vec<Member>,
}

impl Building {
    /// An object that stands for `node`.
    pub(super) fn at(node: &Node) -> Self {
        Self { place: node.place(), members: Vec::new() }
    }

    /// Adds a member that `at` says.
    pub(super) fn put(&mut self, key: &str, at: &Node, node: Node) {
        self.add(key, at.place(), node);
    }

    /// Adds a member under the key it was written with.
    pub(super) fn keep(&mut self, member: &Member, node: Node) {
        self.add(&member.key, member.key_place, node);
    }

    /// Adds a member under another key than it was written with.
    pub(super) fn rename(&mut self, key: &str, member: &Member, node: Node) {
        self.add(key, member.key_place, node);
    }

    /// The object.
    pub(super) fn node(mut self) -> Node {
        let mut seen = HashSet::new();
        self.members.retain(|member| seen.insert(member.key.clone()));
        // No key comes twice any more.
        let object = Object::new(self.members).ok();
        Node::new(self.place, object.map_or(Value::Null, |object| Value::Object(Box::new(object))))
    }

    fn add(&mut self, key: &str, key_place: Place, node: Node) {
        self.members.push(Member { key: key.into(), key_place, node });
    }
}

/// A text that `at` says.
pub(super) fn text(at: &Node, text: impl Into<Box<str>>) -> Node {
    Node::new(at.place(), Value::String(text.into()))
}

/// A list that `at` says.
pub(super) fn list(at: &Node, items: Vec<Node>) -> Node {
    Node::new(at.place(), Value::Array(items.into()))
}

/// A truth value that `at` says.
pub(super) fn truth(at: &Node, value: bool) -> Node {
    Node::new(at.place(), Value::Bool(value))
}
