//! JSON Schema, draft 4 and 2020-12, as the gateway's compiler writes it: `$id`s, anchors and `$dynamicRef`s are resolved,
//! so references are JSON pointers into the document. Judging and explaining are apart, since nearly every value is good.

mod build;
mod cost;
mod equality;
mod evaluated;
mod explain;
mod judge;
pub(crate) mod keyword;
mod number;
mod outline;
mod pass;
mod pattern;
mod plan;
mod read;
mod recursion;
mod sequence;
mod weight;

use std::borrow::Cow;
use std::ops::ControlFlow;

use explain::Explainer;
use judge::Judge;
use keyword::Node;
use pass::Pass;
use portcullis_config::schema::DialectConfig;

pub(crate) use cost::Detail;

use crate::sentence;
use crate::value::Value;
use crate::work::Work;

/// Steps that a pass over a text may take: some, and so many for each byte.
const STEPS_OF_A_PASS: usize = 1_000;
const STEPS_A_BYTE: usize = 8;

/// A compiled schema.
#[derive(Debug)]
pub(crate) struct Validator {
    /// The first is the schema itself.
    nodes: Vec<Node>,
}

/// What is not as the dialect says, or not supported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused {
    /// Where in the schema.
    pub(crate) pointer: String,
    /// What is wrong.
    pub(crate) message: String,
}

impl Refused {
    fn new(pointer: &str, message: &str) -> Self {
        Self { pointer: pointer.to_owned(), message: message.to_owned() }
    }
}

impl Validator {
    /// Compiles a schema; `root` holds what it refers to.
    pub(crate) fn new(root: &Value<'_>, dialect: DialectConfig) -> Result<Self, Refused> {
        Ok(Self { nodes: build::nodes(root, dialect)? })
    }

    /// Whether the schema accepts a value. Where a pattern takes too long, it must do so either way. When the work is
    /// spent, the answer means nothing.
    pub(crate) fn accepts(&self, value: &Value<'_>, work: &Work) -> bool {
        let judge = Judge::new(&self.nodes, work, false);
        judge.accepts(0, value)
            && (!judge.is_unsure() || Judge::new(&self.nodes, work, true).accepts(0, value))
    }

    /// Whether the schema accepts a JSON text for certain, found while reading it once. If not, the text must be read and
    /// judged.
    pub(crate) fn accepts_text(&self, text: &str, work: &Work) -> bool {
        let may_take = text.len().saturating_mul(STEPS_A_BYTE).saturating_add(STEPS_OF_A_PASS);
        let own = Work::of_steps(may_take.min(work.left()));
        let before = own.left();
        let judge = Judge::new(&self.nodes, &own, false);
        let is_good = Pass::new(&judge, text).accepts() && !judge.is_unsure() && !own.is_spent();
        work.spend(before - own.left());
        is_good
    }

    /// How much of an explanation is affordable.
    pub(crate) fn detail(&self, value: &Value<'_>) -> Detail {
        cost::detail(&self.nodes, value)
    }

    /// Tells what is wrong with a value that is not accepted, until it hears `Break`.
    pub(crate) fn explain(
        &self,
        value: &Value<'_>,
        work: &Work,
        mut tell: impl FnMut(&str, &'static str, Cow<'static, str>) -> ControlFlow<()>,
    ) {
        let (mut told, mut is_unsure) = (false, false);
        for assumed in [false, true] {
            let judge = Judge::new(&self.nodes, work, assumed);
            let mut tell = |pointer: &str, keyword: &'static str, message: Cow<'static, str>| {
                told = true;
                tell(pointer, keyword, message)
            };
            let _ = Explainer::new(&judge, &mut tell).node(0, value);
            is_unsure |= judge.is_unsure();
            if told || !is_unsure {
                break;
            }
        }
        if is_unsure && !told && !work.is_spent() {
            let _ = tell("", "pattern", sentence::TOO_HARD.into());
        }
    }
}
