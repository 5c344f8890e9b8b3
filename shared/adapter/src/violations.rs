//! What was wrong with messages, in the host's statistics: how many of an operation were refused or let pass all the same, and by
//! which keywords. A message that is as the document says costs nothing here.

use std::rc::Rc;

use portcullis_core::Violation;

/// Most numbers of one worker; what is wrong with messages of further operations counts together. A host keeps what it was once told of.
const MAX_NUMBERS: usize = 4096;
/// Those further operations.
const OTHERS: &str = "other";

/// Which of an exchange's messages it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Message {
    Request,
    Response,
}

/// What became of a message that is not as the document says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Outcome {
    /// The client was told so.
    Refused,
    /// It went on.
    Observed,
}

/// What is wrong with a message.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wrong<'w> {
    pub(crate) operation: &'w Rc<str>,
    pub(crate) message: Message,
    pub(crate) outcome: Outcome,
    /// The refusal's code, which counts where there are no violations.
    pub(crate) code: &'static str,
    pub(crate) violations: &'w [Violation],
    /// Whether the message was counted already, for something else.
    pub(crate) again: bool,
}

/// The numbers that were told so far, by what they count.
#[derive(Debug, Default)]
pub(crate) struct Violations(Vec<(Counted, Option<u32>)>);

/// Messages of an operation, or those of them in which a keyword does not hold.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Counted {
    operation: Rc<str>,
    keyword: Option<&'static str>,
    message: Message,
    outcome: Outcome,
}

impl Violations {
    /// Counts a message once, and once for each keyword. `define` makes a number known to the host, `grow` adds one.
    pub(crate) fn add(
        &mut self,
        wrong: &Wrong<'_>,
        mut define: impl FnMut(String) -> Option<u32>,
        mut grow: impl FnMut(u32),
    ) {
        let keywords = wrong.violations.iter().enumerate().filter_map(|(at, violation)| {
            let before = wrong.violations.iter().take(at);
            let is_first = before.into_iter().all(|other| other.keyword != violation.keyword);
            is_first.then_some(violation.keyword)
        });
        let code = wrong.violations.is_empty().then_some(wrong.code);
        let whole = (!wrong.again).then_some(None);
        for keyword in whole.into_iter().chain(code.into_iter().chain(keywords).map(Some)) {
            let Wrong { operation, message, outcome, .. } = *wrong;
            let counted = Counted { operation: Rc::clone(operation), keyword, message, outcome };
            if let Some(number) = self.number(counted, &mut define) {
                grow(number);
            }
        }
    }

    /// Keywords and codes are fixed in number, so those of the others are.
    fn number(&mut self, mut counted: Counted, define: &mut dyn FnMut(String) -> Option<u32>) -> Option<u32> {
        let mut place = self.place(&counted);
        if place.is_err() && self.0.len() >= MAX_NUMBERS {
            counted.operation = OTHERS.into();
            place = self.place(&counted);
        }
        match place {
            Ok(at) => self.0.get(at)?.1,
            Err(at) => {
                let number = define(counted.name());
                self.0.insert(at, (counted, number));
                number
            }
        }
    }

    fn place(&self, counted: &Counted) -> Result<usize, usize> {
        self.0.binary_search_by(|(known, _)| known.cmp(counted))
    }
}

impl Counted {
    fn name(&self) -> String {
        let message = match self.message {
            Message::Request => "request",
            Message::Response => "response",
        };
        let outcome = match self.outcome {
            Outcome::Refused => "refused",
            Outcome::Observed => "observed",
        };
        let (kind, keyword) = if self.keyword.is_some() { ("violation", ".") } else { ("invalid", "") };
        let name = [
            "portcullis.",
            kind,
            ".",
            &*self.operation,
            ".",
            message,
            keyword,
            self.keyword.unwrap_or_default(),
            ".",
            outcome,
        ];
        name.concat()
    }
}

#[cfg(test)]
#[path = "violations_tests.rs"]
mod tests;
