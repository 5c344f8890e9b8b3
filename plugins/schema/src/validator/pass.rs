//! A JSON text is judged while it is read: no value is made but where a keyword must see one as a whole. Nearly every message is
//! good, so this tells "good", or nothing: what is not good for certain is read and judged again, and explained.

use std::borrow::Cow;

use super::judge::{Judge, MEMBERS_A_STEP};
use super::keyword::{Keyword, Node, NodeId, Others};
use super::plan::{ListPlan, ObjectPlan, Seen};
use crate::fault::Fault;
use crate::json::{Limits, Reader};

/// One pass over a text.
pub(super) struct Pass<'p, 'n, 't> {
    judge: &'p Judge<'n>,
    reader: Reader<'t>,
}

/// Not good for certain.
struct Doubt;

/// The name of a member.
enum Name<'t> {
    /// Its place among those that the schema names, and its schema.
    Known(usize, NodeId),
    Other(Cow<'t, str>),
}

type Certain = Result<(), Doubt>;

impl From<Fault> for Doubt {
    fn from(_: Fault) -> Self {
        Self
    }
}

impl<'n, 't> Pass<'_, 'n, 't> {
    pub(super) fn new<'p>(judge: &'p Judge<'n>, text: &'t str) -> Pass<'p, 'n, 't> {
        Pass { judge, reader: Reader::new(text, Limits::MESSAGE) }
    }

    /// Whether the text is JSON that the first node accepts.
    pub(super) fn accepts(mut self) -> bool {
        self.value(0, 0).is_ok() && self.reader.end().is_ok()
    }

    fn value(&mut self, mut id: NodeId, depth: usize) -> Certain {
        let node = loop {
            let node = self.judge.node(id).ok_or(Doubt)?;
            certain(self.judge.work().pay(1 + node.keywords.len()))?;
            match node.plan.instead {
                Some(other) => id = other,
                None => break node,
            }
        };
        let first = self.reader.begin().ok_or(Doubt)?;
        if node.plan.is_plain {
            match first {
                b'"' if let Some(text) = self.reader.plain_string() => {
                    return certain(self.judge.takes_text(node, text));
                }
                b'-' | b'0'..=b'9' if let Some(number) = self.reader.plain_number() => {
                    return certain(self.judge.takes_number(node, number));
                }
                _ => {}
            }
        }
        certain(self.judge.work().enter(0))?;
        let verdict = self.by_plan(id, node, first, depth);
        self.judge.work().leave();
        verdict
    }

    fn by_plan(&mut self, id: NodeId, node: &'n Node, first: u8, depth: usize) -> Certain {
        match (first, &node.plan.object, &node.plan.list) {
            (b'{', Some(plan), _) => self.object(node, plan, depth + 1),
            (b'[', _, Some(plan)) => self.list(node, plan, depth + 1),
            _ => {
                let value = self.reader.value_from(first, depth)?;
                certain(self.judge.satisfied_by(id, node, &value))
            }
        }
    }

    fn object(&mut self, node: &'n Node, plan: &'n ObjectPlan, depth: usize) -> Certain {
        let named = plan.members(&node.keywords).map(|members| members.named.as_slice()).unwrap_or_default();
        let (mut seen, mut others, mut count, mut before) = (Seen::default(), Vec::new(), 0, 0);
        certain(self.reader.enter(depth))?;
        let mut goes_on = !self.reader.take(b'}');
        while goes_on {
            count += 1;
            match self.name(plan, named, before)? {
                Name::Known(at, id) => {
                    before = at + 1;
                    certain(seen.add(at))?;
                    self.value(id, depth)?;
                }
                Name::Other(name) => {
                    self.other(plan.others, depth)?;
                    others.push(name);
                }
            }
            goes_on = self.reader.goes_on(b'}').ok_or(Doubt)?;
        }
        self.judge.work().spend((count + named.len()) / MEMBERS_A_STEP);
        certain((plan.least..=plan.most).contains(&count) && seen.has_all(&plan.required))?;
        others_are_good(others, &plan.required_others)
    }

    /// Which member comes; `before` as in [`ObjectPlan::find`].
    fn name(
        &mut self,
        plan: &ObjectPlan,
        named: &[(String, NodeId)],
        before: usize,
    ) -> Result<Name<'t>, Doubt> {
        if let Some((at, (name, id))) = plan.guess(named, before)
            && self.reader.take_name(name)
        {
            return Ok(Name::Known(at, *id));
        }
        let name = self.reader.name()?;
        let known = plan.find(named, &name, before).and_then(|at| Some((at, named.get(at)?)));
        Ok(known.map_or(Name::Other(name), |(at, (_, id))| Name::Known(at, *id)))
    }

    /// The value of a member that the schema does not name.
    fn other(&mut self, others: Others, depth: usize) -> Certain {
        match others {
            Others::Free => {
                self.reader.value(depth)?;
                Ok(())
            }
            Others::Refused => Err(Doubt),
            Others::Judged(id) => self.value(id, depth),
        }
    }

    fn list(&mut self, node: &'n Node, plan: &'n ListPlan, depth: usize) -> Certain {
        let items = match plan.items.and_then(|at| node.keywords.get(at)) {
            Some(Keyword::Items(items)) => Some(items),
            _ => None,
        };
        let mut count = 0;
        certain(self.reader.enter(depth))?;
        let mut goes_on = !self.reader.take(b']');
        while goes_on {
            match items.and_then(|items| items.of(count)) {
                Some(id) => self.value(id, depth)?,
                None => {
                    self.reader.value(depth)?;
                }
            }
            count += 1;
            goes_on = self.reader.goes_on(b']').ok_or(Doubt)?;
        }
        certain((plan.least..=plan.most).contains(&count))
    }
}

fn certain(is_good: bool) -> Certain {
    if is_good { Ok(()) } else { Err(Doubt) }
}

/// Whether none of the names stands twice, and all that are required are among them.
fn others_are_good(mut names: Vec<Cow<'_, str>>, required: &[String]) -> Certain {
    names.sort_unstable();
    let mut pairs = names.iter().zip(names.iter().skip(1));
    certain(pairs.all(|(one, next)| one != next))?;
    certain(required.iter().all(|wanted| names.binary_search_by(|name| (**name).cmp(wanted)).is_ok()))
}

#[cfg(test)]
#[path = "pass_tests.rs"]
mod tests;
