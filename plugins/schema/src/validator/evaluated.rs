//! Which members and items of a value a schema has evaluated (JSON Schema 2020-12, section 11): those that
//! its keywords, or the schemas for the same value that accept it, have a schema for.

use super::judge::Judge;
use super::keyword::{Keyword, Node, NodeId, Others};
use crate::value::{Object, Value};

/// Steps that it takes to begin.
const PREPARING: usize = 8;

/// The members that no keyword of the node evaluates.
pub(super) fn other_members<'v>(
    judge: &Judge<'_>,
    node: &Node,
    value: &'v Value<'v>,
    members: &'v Object<'v>,
) -> Vec<(&'v str, &'v Value<'v>)> {
    judge.work().spend(PREPARING + members.len());
    let mut walk = Walk { judge, value, seen: vec![false; members.len()], trail: Vec::new() };
    walk.keywords(node);
    members.iter().zip(walk.seen).filter(|(_, is_seen)| !is_seen).map(|(member, _)| member).collect()
}

/// The items that no keyword of the node evaluates.
pub(super) fn other_items<'v>(
    judge: &Judge<'_>,
    node: &Node,
    value: &'v Value<'v>,
) -> Vec<(usize, &'v Value<'v>)> {
    let items = value.as_array().unwrap_or_default();
    judge.work().spend(PREPARING + items.len());
    let mut walk = Walk { judge, value, seen: vec![false; items.len()], trail: Vec::new() };
    walk.keywords(node);
    items.iter().enumerate().zip(walk.seen).filter(|(_, is_seen)| !is_seen).map(|(item, _)| item).collect()
}

struct Walk<'w, 'n> {
    judge: &'w Judge<'n>,
    value: &'w Value<'w>,
    /// One for each member or item, in their order.
    seen: Vec<bool>,
    /// Nodes that are being walked: one that refers to itself adds nothing.
    trail: Vec<NodeId>,
}

impl Walk<'_, '_> {
    /// Adds what one of several schemas evaluates, if it accepts the value.
    fn alternative(&mut self, id: NodeId) {
        if self.judge.accepts(id, self.value) {
            self.schema(id);
        }
    }

    /// Adds what a schema for the same value evaluates. A `$ref` that does not accept the value is wrong by itself,
    /// whatever else is.
    fn schema(&mut self, id: NodeId) {
        let Some(node) = self.judge.node(id) else { return };
        if self.trail.contains(&id) || !self.judge.work().enter(1 + self.seen.len()) {
            return;
        }
        self.trail.push(id);
        self.keywords(node);
        self.trail.pop();
        self.judge.work().leave();
    }

    fn keywords(&mut self, node: &Node) {
        for keyword in &node.keywords {
            match keyword {
                Keyword::Ref(id) => self.schema(*id),
                Keyword::AllOf(ids) | Keyword::AnyOf(ids) | Keyword::OneOf(ids) => {
                    ids.iter().for_each(|id| self.alternative(*id));
                }
                Keyword::If(condition) => {
                    self.alternative(condition.test);
                    if let Some(branch) = self.judge.branch(condition, self.value) {
                        self.schema(branch);
                    }
                }
                keyword => self.parts(keyword),
            }
        }
    }

    fn parts(&mut self, keyword: &Keyword) {
        match (keyword, self.value) {
            (Keyword::DependentSchemas(dependents), Value::Object(members)) => {
                for (name, id) in dependents {
                    if members.contains(name) {
                        self.schema(*id);
                    }
                }
            }
            (Keyword::Members(schemas), Value::Object(members)) => {
                for ((name, _), is_seen) in members.iter().zip(&mut self.seen) {
                    *is_seen |= schemas.others != Others::Free
                        || schemas.named(name).is_some()
                        || schemas.patterns.iter().any(|(pattern, _)| self.judge.matches(pattern, name));
                }
            }
            (Keyword::Items(schemas), Value::Array(_)) => {
                for (at, is_seen) in self.seen.iter_mut().enumerate() {
                    *is_seen |= schemas.of(at).is_some();
                }
            }
            (Keyword::Contains(contains), Value::Array(items)) => {
                for (item, is_seen) in items.iter().zip(&mut self.seen) {
                    *is_seen |= self.judge.accepts(contains.schema, item);
                }
            }
            // Elsewhere than in the schema that asks: what was left, that one has evaluated.
            (Keyword::UnevaluatedProperties(_), Value::Object(_))
            | (Keyword::UnevaluatedItems(_), Value::Array(_))
                if !self.trail.is_empty() =>
            {
                self.seen.fill(true);
            }
            _ => {}
        }
    }
}
