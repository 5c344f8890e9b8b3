//! A schema as it is evaluated: nodes, each a list of keywords, that refer to one another by number.

use super::pattern::Pattern;
use super::plan::Plan;
use crate::format::Format;
use crate::value::{Object, Value};

/// The number of a node.
pub(crate) type NodeId = usize;

/// One schema object, or `true` or `false`.
#[derive(Debug, Default)]
pub(crate) struct Node {
    /// What must hold, in the order in which violations are told.
    pub(crate) keywords: Vec<Keyword>,
    /// Whether the schema comes back to this node, so that its verdicts on parts of a value must be kept.
    pub(crate) recurs: bool,
    /// How values are judged while they are read.
    pub(crate) plan: Plan,
}

/// A keyword, or several that are judged together.
#[derive(Debug)]
pub(crate) enum Keyword {
    /// `false`.
    Never,
    Types(Types),
    Enum(Vec<Value<'static>>),
    Const(Value<'static>),
    Bound(Bound),
    MultipleOf(String),
    MinLength(u64),
    MaxLength(u64),
    Pattern(Pattern),
    Format(Format),
    MinItems(u64),
    MaxItems(u64),
    UniqueItems,
    Items(Items),
    Contains(Contains),
    MinProperties(u64),
    MaxProperties(u64),
    Required(Names),
    Members(Members),
    PropertyNames(NodeId),
    DependentRequired(Vec<(String, Names)>),
    DependentSchemas(Vec<(String, NodeId)>),
    AllOf(Vec<NodeId>),
    AnyOf(Vec<NodeId>),
    OneOf(Vec<NodeId>),
    Not(NodeId),
    If(Condition),
    Ref(NodeId),
    UnevaluatedItems(NodeId),
    UnevaluatedProperties(NodeId),
}

/// `type`: a bit for each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Types(pub(crate) u8);

impl Types {
    pub(crate) const NULL: u8 = 1;
    pub(crate) const BOOLEAN: u8 = 1 << 1;
    /// A number without a fraction, however it is written.
    pub(crate) const INTEGER: u8 = 1 << 2;
    pub(crate) const NUMBER: u8 = 1 << 3;
    pub(crate) const STRING: u8 = 1 << 4;
    pub(crate) const ARRAY: u8 = 1 << 5;
    pub(crate) const OBJECT: u8 = 1 << 6;
    /// A number that is written without fraction and exponent: draft 4's integer.
    pub(crate) const WRITTEN_INTEGER: u8 = 1 << 7;

    /// The names of the types, in the order in which they are told.
    pub(crate) fn names(self) -> impl Iterator<Item = &'static str> {
        let all = [
            (Self::NULL, "null"),
            (Self::BOOLEAN, "boolean"),
            (Self::INTEGER | Self::WRITTEN_INTEGER, "integer"),
            (Self::NUMBER, "number"),
            (Self::STRING, "string"),
            (Self::ARRAY, "array"),
            (Self::OBJECT, "object"),
        ];
        all.into_iter().filter(move |(bits, _)| self.0 & bits != 0).map(|(_, name)| name)
    }
}

/// `minimum` and its kin.
#[derive(Debug)]
pub(crate) struct Bound {
    /// As the schema writes it.
    pub(crate) limit: String,
    /// The limit, where it is a whole number that is not large.
    pub(crate) whole: Option<i64>,
    /// Whether it bounds from below.
    pub(crate) is_lower: bool,
    /// Whether the limit itself is refused.
    pub(crate) is_exclusive: bool,
}

/// `prefixItems` and `items`.
#[derive(Debug)]
pub(crate) struct Items {
    pub(crate) prefix: Vec<NodeId>,
    pub(crate) rest: Option<NodeId>,
}

/// `contains`, `minContains` and `maxContains`.
#[derive(Debug)]
pub(crate) struct Contains {
    pub(crate) schema: NodeId,
    pub(crate) least: u64,
    pub(crate) most: Option<u64>,
}

/// Names of members that must be there.
#[derive(Debug)]
pub(crate) struct Names {
    /// As the schema lists them, which is how they are told.
    pub(crate) listed: Vec<String>,
    sorted: Vec<String>,
}

impl Names {
    pub(crate) fn new(listed: Vec<String>) -> Self {
        let mut sorted = listed.clone();
        sorted.sort_unstable();
        sorted.dedup();
        Self { listed, sorted }
    }

    /// Whether an object has them all: both sides are sorted, so one walk finds each.
    pub(crate) fn all_in(&self, members: &Object<'_>) -> bool {
        let mut members = members.iter();
        self.sorted.iter().all(|wanted| members.any(|(name, _)| name == wanted))
    }
}

/// `properties`, `patternProperties` and `additionalProperties`.
#[derive(Debug)]
pub(crate) struct Members {
    /// Sorted by name.
    pub(crate) named: Vec<(String, NodeId)>,
    pub(crate) patterns: Vec<(Pattern, NodeId)>,
    pub(crate) others: Others,
}

/// What becomes of members that are not named and match no pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Others {
    /// They are left alone, and not evaluated.
    Free,
    /// `additionalProperties: false`.
    Refused,
    /// They must satisfy a schema.
    Judged(NodeId),
}

impl Members {
    /// Each member of an object with the schema of its name. Both sides are sorted: names are compared for
    /// equality alone where the object has what the schema names.
    pub(crate) fn walk<'m, 'v>(
        &'m self,
        members: &'m Object<'v>,
    ) -> impl Iterator<Item = (&'m str, &'m Value<'v>, Option<NodeId>)> {
        let mut at = 0;
        members.iter().map(move |(name, member)| {
            while let Some((known, id)) = self.named.get(at) {
                if known == name {
                    at += 1;
                    return (name, member, Some(*id));
                }
                if known.as_str() > name {
                    break;
                }
                at += 1;
            }
            (name, member, None)
        })
    }

    /// The schema of a named member.
    pub(crate) fn named(&self, name: &str) -> Option<NodeId> {
        let at = self.named.binary_search_by(|(known, _)| known.as_str().cmp(name)).ok()?;
        self.named.get(at).map(|(_, id)| *id)
    }
}

/// `if`, `then` and `else`.
#[derive(Debug)]
pub(crate) struct Condition {
    pub(crate) test: NodeId,
    pub(crate) then: Option<NodeId>,
    pub(crate) otherwise: Option<NodeId>,
}

impl Keyword {
    /// Calls `each` with every node that the keyword refers to.
    pub(crate) fn each_node(&self, mut each: impl FnMut(NodeId)) {
        match self {
            Self::Items(Items { prefix, rest }) => prefix.iter().chain(rest).copied().for_each(each),
            Self::Contains(Contains { schema, .. }) => each(*schema),
            Self::Members(members) => {
                members.named.iter().for_each(|(_, id)| each(*id));
                members.patterns.iter().for_each(|(_, id)| each(*id));
                if let Others::Judged(id) = members.others {
                    each(id);
                }
            }
            Self::DependentSchemas(schemas) => schemas.iter().for_each(|(_, id)| each(*id)),
            Self::AllOf(ids) | Self::AnyOf(ids) | Self::OneOf(ids) => ids.iter().copied().for_each(each),
            Self::If(condition) => {
                each(condition.test);
                condition.then.into_iter().chain(condition.otherwise).for_each(each);
            }
            Self::PropertyNames(id)
            | Self::Not(id)
            | Self::Ref(id)
            | Self::UnevaluatedItems(id)
            | Self::UnevaluatedProperties(id) => each(*id),
            _ => {}
        }
    }
}
