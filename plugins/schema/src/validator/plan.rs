//! How a node judges objects and lists while they are read: found when the schema is compiled, where its keywords allow it.

use std::cell::Cell;

use super::keyword::{Keyword, Members, Node, NodeId, Others, Types};

/// Most members that a schema names for its objects to be judged while they are read.
pub(super) const MOST_NAMED: usize = 256;

/// Most nodes that are followed on the way to the one that has something to say.
const MOST_HOPS: usize = 32;

/// How a node judges values while they are read.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// The node whose verdict this one's is.
    pub(super) instead: Option<NodeId>,
    /// Whether texts and numbers need not be there as values.
    pub(super) is_plain: bool,
    /// `None` where an object must be there as a whole.
    pub(super) object: Option<ObjectPlan>,
    /// `None` where a list must be there as a whole.
    pub(super) list: Option<ListPlan>,
}

/// What objects must be.
#[derive(Debug)]
pub(crate) struct ObjectPlan {
    /// Where `properties` and its kin are among the node's keywords.
    members: Option<usize>,
    pub(super) required: Seen,
    /// Names that must be there and that have no schema.
    pub(super) required_others: Vec<String>,
    pub(super) others: Others,
    pub(super) least: usize,
    pub(super) most: usize,
    /// For each named member, and before them for the start of the object: which one followed it the last time. Nothing where a
    /// name cannot be compared as it is written in JSON.
    next: Vec<Cell<u16>>,
}

/// What lists must be.
#[derive(Debug)]
pub(crate) struct ListPlan {
    /// Where `items` is among the node's keywords.
    pub(super) items: Option<usize>,
    pub(super) least: usize,
    pub(super) most: usize,
}

/// A bit for each member that a schema names.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Seen([u64; MOST_NAMED / 64]);

impl Seen {
    /// Adds a member; true when it was not there.
    pub(super) fn add(&mut self, at: usize) -> bool {
        let Some(word) = self.0.get_mut(at / 64) else { return false };
        let bit = 1 << (at % 64);
        let is_new = *word & bit == 0;
        *word |= bit;
        is_new
    }

    pub(super) fn has_all(&self, others: &Self) -> bool {
        self.0.iter().zip(others.0).all(|(ours, theirs)| ours & theirs == theirs)
    }
}

/// Makes the plan of each node. Where a node says no more than another, that one must be reached by a chain that ends and is
/// not long: the pass follows it.
pub(super) fn make(nodes: &mut [Node]) {
    for node in nodes.iter_mut() {
        node.plan = Plan::of(&node.keywords);
    }
    let next: Vec<Option<NodeId>> = nodes.iter().map(|node| node.plan.instead).collect();
    let ends = |from: NodeId| {
        let mut at = Some(from);
        for _ in 0..=MOST_HOPS {
            match at {
                Some(id) => at = next.get(id).copied().flatten(),
                None => return true,
            }
        }
        false
    };
    for (id, node) in nodes.iter_mut().enumerate() {
        node.plan.instead = node.plan.instead.filter(|_| ends(id));
    }
}

impl Plan {
    fn of(keywords: &[Keyword]) -> Self {
        let instead = match keywords {
            [Keyword::Ref(id)] => Some(*id),
            [Keyword::AllOf(ids)] => match ids.as_slice() {
                [id] => Some(*id),
                _ => None,
            },
            _ => None,
        };
        let is_plain = keywords.iter().all(is_plain);
        Self { instead, is_plain, object: ObjectPlan::of(keywords), list: ListPlan::of(keywords) }
    }
}

impl ObjectPlan {
    fn of(keywords: &[Keyword]) -> Option<Self> {
        let mut plan = Self {
            members: None,
            required: Seen::default(),
            required_others: Vec::new(),
            others: Others::Free,
            least: 0,
            most: usize::MAX,
            next: Vec::new(),
        };
        for (at, keyword) in keywords.iter().enumerate() {
            match keyword {
                Keyword::Types(types) if types.0 & Types::OBJECT == 0 => return None,
                Keyword::Members(members) => {
                    if !members.patterns.is_empty() || members.named.len() > MOST_NAMED {
                        return None;
                    }
                    plan.members = Some(at);
                    plan.others = members.others;
                    if members.named.iter().all(|(name, _)| needs_no_escape(name)) {
                        plan.next = (0..=members.named.len()).map(|at| Cell::new(at as u16)).collect();
                    }
                }
                Keyword::MinProperties(least) => plan.least = usize::try_from(*least).unwrap_or(usize::MAX),
                Keyword::MaxProperties(most) => plan.most = usize::try_from(*most).unwrap_or(usize::MAX),
                // They are found once the names are known.
                Keyword::Required(_) | Keyword::Types(_) => {}
                _ if says_nothing_of_objects(keyword) => {}
                _ => return None,
            }
        }
        let named = plan.members(keywords).map(|members| members.named.as_slice()).unwrap_or_default();
        for keyword in keywords {
            let Keyword::Required(names) = keyword else { continue };
            for name in &names.listed {
                match named.binary_search_by(|(known, _)| known.as_str().cmp(name)) {
                    Ok(at) => {
                        plan.required.add(at);
                    }
                    Err(_) => plan.required_others.push(name.clone()),
                }
            }
        }
        Some(plan)
    }

    /// `properties` and its kin.
    pub(super) fn members<'k>(&self, keywords: &'k [Keyword]) -> Option<&'k Members> {
        match keywords.get(self.members?) {
            Some(Keyword::Members(members)) => Some(members),
            _ => None,
        }
    }

    /// Which of the named members a name is; it will be the guess where the same stands before. `before` is the place of that one,
    /// from 1: objects of one kind have their members in the same order most of the time.
    pub(super) fn find(&self, named: &[(String, NodeId)], name: &str, before: usize) -> Option<usize> {
        let at = named.binary_search_by(|(known, _)| known.as_str().cmp(name)).ok()?;
        if let Some(guess) = self.next.get(before) {
            guess.set(at as u16);
        }
        Some(at)
    }

    /// Which of the named members stands here most likely.
    pub(super) fn guess<'k>(
        &self,
        named: &'k [(String, NodeId)],
        before: usize,
    ) -> Option<(usize, &'k (String, NodeId))> {
        let at = usize::from(self.next.get(before)?.get());
        Some((at, named.get(at)?))
    }
}

impl ListPlan {
    fn of(keywords: &[Keyword]) -> Option<Self> {
        let mut plan = Self { items: None, least: 0, most: usize::MAX };
        for (at, keyword) in keywords.iter().enumerate() {
            match keyword {
                Keyword::Types(types) if types.0 & Types::ARRAY == 0 => return None,
                Keyword::Types(_) => {}
                Keyword::Items(_) => plan.items = Some(at),
                Keyword::MinItems(least) => plan.least = usize::try_from(*least).unwrap_or(usize::MAX),
                Keyword::MaxItems(most) => plan.most = usize::try_from(*most).unwrap_or(usize::MAX),
                _ if says_nothing_of_lists(keyword) => {}
                _ => return None,
            }
        }
        Some(plan)
    }
}

/// Whether a name is written in JSON as it is.
fn needs_no_escape(name: &str) -> bool {
    !name.bytes().any(|byte| matches!(byte, b'"' | b'\\' | ..b' '))
}

fn says_nothing_of_objects(keyword: &Keyword) -> bool {
    is_for_scalars(keyword)
        || matches!(
            keyword,
            Keyword::MinItems(_)
                | Keyword::MaxItems(_)
                | Keyword::UniqueItems
                | Keyword::Items(_)
                | Keyword::Contains(_)
                | Keyword::UnevaluatedItems(_)
        )
}

fn says_nothing_of_lists(keyword: &Keyword) -> bool {
    is_for_scalars(keyword)
        || matches!(
            keyword,
            Keyword::MinProperties(_)
                | Keyword::MaxProperties(_)
                | Keyword::Required(_)
                | Keyword::Members(_)
                | Keyword::PropertyNames(_)
                | Keyword::DependentRequired(_)
                | Keyword::UnevaluatedProperties(_)
        )
}

/// Whether a keyword judges texts and numbers by themselves, if it says something of them.
fn is_plain(keyword: &Keyword) -> bool {
    matches!(keyword, Keyword::Types(_) | Keyword::Enum(_) | Keyword::Const(_))
        || (says_nothing_of_objects(keyword) || says_nothing_of_lists(keyword))
}

/// Whether a keyword says nothing of objects and lists.
fn is_for_scalars(keyword: &Keyword) -> bool {
    matches!(
        keyword,
        Keyword::Bound(_)
            | Keyword::MultipleOf(_)
            | Keyword::MinLength(_)
            | Keyword::MaxLength(_)
            | Keyword::Pattern(_)
            | Keyword::Format(_)
    )
}
