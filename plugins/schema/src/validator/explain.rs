//! What is wrong with a value that its schema does not accept: the place, the keyword and a sentence for each
//! keyword that does not hold. Of alternatives, none is gone into: which was meant is anybody's guess.

use std::borrow::Cow;
use std::ops::ControlFlow;

use super::build::escaped;
use super::evaluated;
use super::judge::Judge;
use super::keyword::{Items, Keyword, Members, Names, Node, NodeId, Others};
use crate::sentence;
use crate::value::{Object, Value};

/// Told of each fault: pointer, keyword, sentence. Breaks when it has heard enough.
pub(super) type Tell<'t> = dyn FnMut(&str, &'static str, Cow<'static, str>) -> ControlFlow<()> + 't;

pub(super) struct Explainer<'e, 'n, 't> {
    judge: &'e Judge<'n>,
    /// Where the value stands that is being explained.
    pointer: String,
    /// Nodes that recur and the addresses of the values that they are explained for.
    trail: Vec<(NodeId, usize)>,
    tell: &'e mut Tell<'t>,
}

impl<'e, 'n, 't> Explainer<'e, 'n, 't> {
    pub(super) fn new(judge: &'e Judge<'n>, tell: &'e mut Tell<'t>) -> Self {
        Self { judge, pointer: String::new(), trail: Vec::new(), tell }
    }

    /// Tells what is wrong with a value.
    pub(super) fn node(&mut self, id: NodeId, value: &Value<'_>) -> ControlFlow<()> {
        let Some(node) = self.judge.node(id) else { return ControlFlow::Continue(()) };
        // What has cost too much is told no further.
        if !self.judge.work().enter(1 + node.keywords.len()) {
            return ControlFlow::Break(());
        }
        let flow = if node.recurs { self.recurring(id, node, value) } else { self.keywords(node, value) };
        self.judge.work().leave();
        flow
    }

    fn recurring(&mut self, id: NodeId, node: &Node, value: &Value<'_>) -> ControlFlow<()> {
        let step = (id, std::ptr::from_ref(value) as usize);
        if self.trail.contains(&step) {
            return ControlFlow::Continue(());
        }
        self.trail.push(step);
        let flow = self.keywords(node, value);
        self.trail.pop();
        flow
    }

    fn keywords(&mut self, node: &Node, value: &Value<'_>) -> ControlFlow<()> {
        node.keywords.iter().try_for_each(|keyword| self.keyword(keyword, node, value))
    }

    fn keyword(&mut self, keyword: &Keyword, node: &Node, value: &Value<'_>) -> ControlFlow<()> {
        match (keyword, value) {
            (Keyword::AllOf(ids), _) => ids.iter().try_for_each(|id| self.node(*id, value)),
            (Keyword::Ref(id), _) => self.node(*id, value),
            (Keyword::If(condition), _) => match self.judge.branch(condition, value) {
                Some(branch) => self.node(branch, value),
                None => ControlFlow::Continue(()),
            },
            (Keyword::Items(schemas), Value::Array(items)) => self.items(schemas, items),
            (Keyword::Members(schemas), Value::Object(members)) => self.members(schemas, members),
            (Keyword::Required(names), Value::Object(members)) => self.required(names, members),
            (Keyword::DependentRequired(dependents), Value::Object(members)) => dependents
                .iter()
                .filter(|(name, _)| members.contains(name))
                .try_for_each(|(_, names)| self.required(names, members)),
            (Keyword::DependentSchemas(dependents), Value::Object(members)) => dependents
                .iter()
                .filter(|(name, _)| members.contains(name))
                .try_for_each(|(_, id)| self.node(*id, value)),
            (Keyword::PropertyNames(id), Value::Object(members)) => {
                let refused = members.iter().filter(|(name, _)| !self.judge.accepts_name(*id, name)).count();
                (0..refused).try_for_each(|_| self.simple(keyword))
            }
            (Keyword::UnevaluatedProperties(id), Value::Object(members)) => {
                let others = evaluated::other_members(self.judge, node, value, members);
                let refused = others.into_iter().filter(|(_, member)| !self.judge.accepts(*id, member));
                let names: Vec<&str> = refused.map(|(name, _)| name).collect();
                self.unexpected("unevaluatedProperties", &names)
            }
            _ if self.judge.holds(keyword, node, value) => ControlFlow::Continue(()),
            (Keyword::OneOf(ids), _) => {
                let count = ids.iter().filter(|id| self.judge.accepts(**id, value)).count();
                self.say("oneOf", sentence::one_of_alternatives(count).into())
            }
            (Keyword::Pattern(pattern), Value::String(text))
                if pattern.matches(text, self.judge.work()).is_err() =>
            {
                self.say("pattern", sentence::TOO_HARD.into())
            }
            _ => self.simple(keyword),
        }
    }

    fn items(&mut self, schemas: &Items, items: &[Value<'_>]) -> ControlFlow<()> {
        let mut judged = items.iter().enumerate().map_while(|(at, item)| Some((at, schemas.of(at)?, item)));
        judged.try_for_each(|(at, id, item)| self.part(&at.to_string(), id, item))
    }

    fn members(&mut self, schemas: &Members, members: &Object<'_>) -> ControlFlow<()> {
        let mut unexpected = Vec::new();
        for (name, member) in members.iter() {
            let named = schemas.named(name);
            let patterns = schemas.patterns.iter().filter(|(pattern, _)| self.judge.matches(pattern, name));
            let mut ids: Vec<NodeId> = named.into_iter().chain(patterns.map(|(_, id)| *id)).collect();
            match schemas.others {
                Others::Judged(id) if ids.is_empty() => ids.push(id),
                Others::Refused if ids.is_empty() => unexpected.push(name),
                _ => {}
            }
            ids.into_iter().try_for_each(|id| self.part(name, id, member))?;
        }
        self.unexpected("additionalProperties", &unexpected)
    }

    fn required(&mut self, names: &Names, members: &Object<'_>) -> ControlFlow<()> {
        let mut missing = names.listed.iter().filter(|name| !members.contains(name));
        missing.try_for_each(|name| self.say("required", sentence::lacks(name)))
    }

    fn unexpected(&mut self, keyword: &'static str, names: &[&str]) -> ControlFlow<()> {
        if names.is_empty() {
            return ControlFlow::Continue(());
        }
        self.say(keyword, sentence::may_not_have(names))
    }

    /// Explains a member or an item.
    fn part(&mut self, name: &str, id: NodeId, value: &Value<'_>) -> ControlFlow<()> {
        let length = self.pointer.len();
        self.pointer.push('/');
        self.pointer.push_str(&escaped(name));
        let flow = self.node(id, value);
        self.pointer.truncate(length);
        flow
    }

    fn simple(&mut self, keyword: &Keyword) -> ControlFlow<()> {
        let (name, message) = sentence::of(keyword);
        self.say(name, message)
    }

    fn say(&mut self, keyword: &'static str, message: Cow<'static, str>) -> ControlFlow<()> {
        // What was found when nothing was left to find it with is no verdict.
        if self.judge.work().is_spent() {
            return ControlFlow::Break(());
        }
        (self.tell)(&self.pointer, keyword, message)
    }
}
