//! Whether a value satisfies a schema: yes or no.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;

use super::keyword::{Bound, Condition, Contains, Items, Keyword, Members, Node, NodeId, Others, Types};
use super::pattern::Pattern;
use super::{equality, evaluated, number};
use crate::json::plain::Number;
use crate::value::{Object, Value};
use crate::work::Work;

/// Bytes of a text that a pass over it looks at in a step.
pub(super) const BYTES_A_STEP: usize = 16;
/// Members of an object, or of its schema, that are passed over in a step.
pub(super) const MEMBERS_A_STEP: usize = 4;
/// Steps that keeping a verdict takes.
const REMEMBERING: usize = 6;
/// Most verdicts that are kept for a value: a few megabytes.
const MOST_VERDICTS: usize = 200_000;

/// Judges one value.
pub(super) struct Judge<'n> {
    nodes: &'n [Node],
    work: &'n Work,
    /// What is taken for the outcome of a match that takes too long.
    assumed: bool,
    /// Whether there was such a match.
    is_unsure: Cell<bool>,
    /// The verdicts of nodes that recur, by node and the value's address; `None` while one is being found.
    verdicts: RefCell<HashMap<(NodeId, usize), Option<bool>>>,
}

impl<'n> Judge<'n> {
    pub(super) fn new(nodes: &'n [Node], work: &'n Work, assumed: bool) -> Self {
        Self { nodes, work, assumed, is_unsure: Cell::new(false), verdicts: RefCell::default() }
    }

    pub(super) fn is_unsure(&self) -> bool {
        self.is_unsure.get()
    }

    pub(super) fn node(&self, id: NodeId) -> Option<&'n Node> {
        self.nodes.get(id)
    }

    pub(super) fn work(&self) -> &'n Work {
        self.work
    }

    /// Whether the node accepts the value.
    pub(super) fn accepts(&self, id: NodeId, value: &Value<'_>) -> bool {
        let Some(node) = self.node(id) else { return false };
        if !self.work.enter(1 + node.keywords.len()) {
            return false;
        }
        let verdict =
            if node.recurs { self.remembered(id, node, value) } else { self.satisfied(node, value) };
        self.work.leave();
        verdict
    }

    /// Whether a value that is there for this question alone satisfies a node: verdicts kept by its address would outlive it.
    pub(super) fn satisfied_by(&self, id: NodeId, node: &Node, value: &Value<'_>) -> bool {
        let verdict =
            if node.recurs { self.remembered(id, node, value) } else { self.satisfied(node, value) };
        if !self.verdicts.borrow().is_empty() {
            self.verdicts.take();
        }
        verdict
    }

    fn satisfied(&self, node: &Node, value: &Value<'_>) -> bool {
        node.keywords.iter().all(|keyword| self.holds(keyword, node, value))
    }

    /// The verdict of a node that recurs, which is found once for a value.
    fn remembered(&self, id: NodeId, node: &Node, value: &Value<'_>) -> bool {
        self.work.spend(REMEMBERING);
        let key = (id, std::ptr::from_ref(value) as usize);
        match self.verdicts.borrow().get(&key) {
            Some(Some(verdict)) => return *verdict,
            // A node that refers to itself for the same value asserts nothing by that.
            Some(None) => return true,
            None => {}
        }
        self.verdicts.borrow_mut().insert(key, None);
        let verdict = self.satisfied(node, value);
        let mut verdicts = self.verdicts.borrow_mut();
        if verdicts.len() < MOST_VERDICTS {
            verdicts.insert(key, Some(verdict));
        } else {
            verdicts.remove(&key);
        }
        verdict
    }

    /// Whether a keyword of `node` holds.
    pub(super) fn holds(&self, keyword: &Keyword, node: &Node, value: &Value<'_>) -> bool {
        match (keyword, value) {
            (Keyword::Never, _) => false,
            (Keyword::AllOf(ids), _) => ids.iter().all(|id| self.accepts(*id, value)),
            (Keyword::AnyOf(ids), _) => ids.iter().any(|id| self.accepts(*id, value)),
            (Keyword::OneOf(ids), _) => {
                ids.iter().filter(|id| self.accepts(**id, value)).take(2).count() == 1
            }
            (Keyword::Not(id), _) => !self.accepts(*id, value),
            (Keyword::Ref(id), _) => self.accepts(*id, value),
            (Keyword::If(condition), _) => {
                self.branch(condition, value).is_none_or(|branch| self.accepts(branch, value))
            }
            (_, Value::String(text)) => self.text_holds(keyword, text),
            (_, Value::Number(number)) => self.number_holds(keyword, number::seen(number)),
            (Keyword::Types(types), _) => types.0 & type_of(value) != 0,
            (Keyword::Enum(values), _) => {
                self.work.spend(values.len());
                values.iter().any(|one| equality::equal(one, value, self.work))
            }
            (Keyword::Const(one), _) => equality::equal(one, value, self.work),
            (_, Value::Array(items)) => self.list_holds(keyword, node, value, items),
            (_, Value::Object(members)) => self.object_holds(keyword, node, value, members),
            (_, Value::Null | Value::Bool(_)) => true,
        }
    }

    /// Whether a node accepts a text, none of whose keywords need it as a value: see [`super::plan::Plan::is_plain`].
    pub(super) fn takes_text(&self, node: &Node, text: &str) -> bool {
        node.keywords.iter().all(|keyword| match keyword {
            // Nearly every schema has it: not worth a call.
            Keyword::Types(types) => types.0 & Types::STRING != 0,
            _ => self.text_holds(keyword, text),
        })
    }

    /// The same of a number.
    pub(super) fn takes_number(&self, node: &Node, number: Number<'_>) -> bool {
        node.keywords.iter().all(|keyword| match keyword {
            Keyword::Types(types) => is_number_of(*types, number),
            _ => self.number_holds(keyword, number),
        })
    }

    /// What `if` leads to.
    pub(super) fn branch(&self, condition: &Condition, value: &Value<'_>) -> Option<NodeId> {
        if self.accepts(condition.test, value) { condition.then } else { condition.otherwise }
    }

    /// Whether a pattern is found in a text.
    pub(super) fn matches(&self, pattern: &Pattern, text: &str) -> bool {
        self.pass_over(text);
        if self.work.is_spent() {
            return false;
        }
        pattern.matches(text, self.work).unwrap_or_else(|_| {
            self.is_unsure.set(true);
            self.assumed
        })
    }

    /// Whether a member's name satisfies a node.
    pub(super) fn accepts_name(&self, id: NodeId, name: &str) -> bool {
        // The name is a value of its own for a moment: verdicts kept by its address would outlive it.
        let judge = Self::new(self.nodes, self.work, self.assumed);
        let verdict = judge.accepts(id, &Value::String(name.into()));
        self.is_unsure.set(self.is_unsure() || judge.is_unsure());
        verdict
    }

    fn text_holds(&self, keyword: &Keyword, text: &str) -> bool {
        let equals =
            |one: &Value<'_>| matches!(one, Value::String(one) if equality::same(one, text, self.work));
        match keyword {
            Keyword::Types(types) => types.0 & Types::STRING != 0,
            Keyword::Enum(values) => {
                self.work.spend(values.len());
                values.iter().any(equals)
            }
            Keyword::Const(one) => equals(one),
            Keyword::Format(format) => {
                self.pass_over(text);
                format.takes_text(text)
            }
            Keyword::MinLength(least) => {
                self.pass_over(text);
                length_is_at_least(text, *least)
            }
            Keyword::MaxLength(most) => {
                self.pass_over(text);
                !most.checked_add(1).is_some_and(|over| length_is_at_least(text, over))
            }
            Keyword::Pattern(pattern) => self.matches(pattern, text),
            _ => true,
        }
    }

    fn number_holds(&self, keyword: &Keyword, number: Number<'_>) -> bool {
        let equals =
            |one: &Value<'_>| matches!(one, Value::Number(one) if number::compare(one, number.text).is_eq());
        match keyword {
            Keyword::Types(types) => is_number_of(*types, number),
            Keyword::Enum(values) => {
                self.work.spend(values.len());
                values.iter().any(equals)
            }
            Keyword::Const(one) => equals(one),
            Keyword::Format(format) => format.takes_number(number.text),
            Keyword::Bound(bound) => bound.takes(number),
            Keyword::MultipleOf(of) => {
                self.work.spend(number::steps_of_division(number.text, of));
                !self.work.is_spent() && number::is_multiple(number.text, of)
            }
            _ => true,
        }
    }

    /// Takes the steps for looking at a text once.
    fn pass_over(&self, text: &str) {
        if text.len() >= BYTES_A_STEP {
            self.work.spend(text.len() / BYTES_A_STEP);
        }
    }

    fn list_holds(&self, keyword: &Keyword, node: &Node, value: &Value<'_>, items: &[Value<'_>]) -> bool {
        match keyword {
            Keyword::MinItems(least) => items.len() as u64 >= *least,
            Keyword::MaxItems(most) => items.len() as u64 <= *most,
            Keyword::UniqueItems => equality::all_differ(items, self.work),
            Keyword::Items(schemas) => {
                let mut judged =
                    items.iter().enumerate().map_while(|(at, item)| Some((schemas.of(at)?, item)));
                judged.all(|(id, item)| self.accepts(id, item))
            }
            Keyword::Contains(Contains { schema, least, most }) => {
                let count = items.iter().filter(|item| self.accepts(*schema, item)).count() as u64;
                count >= *least && most.is_none_or(|most| count <= most)
            }
            Keyword::UnevaluatedItems(id) => {
                evaluated::other_items(self, node, value).into_iter().all(|(_, item)| self.accepts(*id, item))
            }
            _ => true,
        }
    }

    fn object_holds(&self, keyword: &Keyword, node: &Node, value: &Value<'_>, members: &Object<'_>) -> bool {
        self.work.spend(members.len() / MEMBERS_A_STEP);
        match keyword {
            Keyword::MinProperties(least) => members.len() as u64 >= *least,
            Keyword::MaxProperties(most) => members.len() as u64 <= *most,
            Keyword::Required(names) => names.all_in(members),
            Keyword::Members(schemas) => {
                self.work.spend(schemas.named.len() / MEMBERS_A_STEP);
                let mut walk = schemas.walk(members);
                walk.all(|(name, member, named)| self.member_holds(schemas, named, name, member))
            }
            Keyword::PropertyNames(id) => members.iter().all(|(name, _)| self.accepts_name(*id, name)),
            Keyword::DependentRequired(dependents) => {
                dependents.iter().all(|(name, names)| !members.contains(name) || names.all_in(members))
            }
            Keyword::DependentSchemas(dependents) => {
                dependents.iter().all(|(name, id)| !members.contains(name) || self.accepts(*id, value))
            }
            Keyword::UnevaluatedProperties(id) => {
                let others = evaluated::other_members(self, node, value, members);
                others.into_iter().all(|(_, member)| self.accepts(*id, member))
            }
            _ => true,
        }
    }

    fn member_holds(&self, schemas: &Members, named: Option<NodeId>, name: &str, member: &Value<'_>) -> bool {
        if named.is_some_and(|id| !self.accepts(id, member)) {
            return false;
        }
        let mut is_known = named.is_some();
        for (pattern, id) in &schemas.patterns {
            if self.matches(pattern, name) {
                is_known = true;
                if !self.accepts(*id, member) {
                    return false;
                }
            }
        }
        match schemas.others {
            _ if is_known => true,
            Others::Free => true,
            Others::Refused => false,
            Others::Judged(id) => self.accepts(id, member),
        }
    }
}

impl Items {
    /// The schema of the item at a place.
    pub(super) fn of(&self, at: usize) -> Option<NodeId> {
        self.prefix.get(at).copied().or(self.rest)
    }
}

impl Bound {
    fn takes(&self, number: Number<'_>) -> bool {
        let order = match (number.small, self.whole) {
            (Some((whole, rest)), Some(limit)) => whole.cmp(&limit).then(rest),
            _ => number::compare(number.text, &self.limit),
        };
        match (self.is_lower, self.is_exclusive) {
            (true, false) => order.is_ge(),
            (true, true) => order.is_gt(),
            (false, false) => order.is_le(),
            (false, true) => order.is_lt(),
        }
    }
}

/// The type of what is neither a text nor a number.
fn type_of(value: &Value<'_>) -> u8 {
    match value {
        Value::Null => Types::NULL,
        Value::Bool(_) => Types::BOOLEAN,
        Value::String(_) | Value::Number(_) => 0,
        Value::Array(_) => Types::ARRAY,
        Value::Object(_) => Types::OBJECT,
    }
}

fn is_number_of(types: Types, number: Number<'_>) -> bool {
    types.0 & Types::NUMBER != 0
        || (types.0 & Types::WRITTEN_INTEGER != 0 && number.is_written_whole)
        || (types.0 & Types::INTEGER != 0 && (number.is_written_whole || number::is_whole(number.text)))
}

/// Counts characters, and only when the bytes leave a doubt.
fn length_is_at_least(text: &str, least: u64) -> bool {
    let bytes = text.len() as u64;
    bytes >= least && (bytes / 4 >= least || text.chars().count() as u64 >= least)
}
