//! The response to a request that passed, what policies say of it, and what they have seen without refusing it.

use std::fmt::{self, Display, Write};
use std::rc::Rc;

use crate::decision::{Rejection, Violation};
use crate::headers::Headers;
use crate::operations::OperationId;

/// A message's body, as far as it was read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Body {
    /// Not at all.
    #[default]
    Unread,
    /// Whole.
    Whole(Vec<u8>),
    /// It has more bytes than were asked for.
    TooLong,
}

/// One response of an upstream.
#[derive(Debug)]
pub struct Response {
    status: u16,
    headers: Headers,
    body: Body,
}

/// What a policy that let a request pass wants to see of it and of its response, and is then told again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watch {
    /// The operation.
    pub operation: OperationId,
    /// Whether the method is HEAD: the response has no body, whatever its head says.
    pub is_head: bool,
    /// Whether the response is to be judged.
    pub response: bool,
    /// The request's body, which is seen as it goes by and not held.
    pub body: Option<BodyWatch>,
}

/// A request's body that is seen as it goes by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BodyWatch {
    /// Most bytes that are looked at.
    pub max: u32,
    /// The headers that say what the body is.
    pub headers: Headers,
    /// What judging the head has left of the work that the message may take, as the policy counts it.
    pub budget: usize,
}

/// A policy's answer to a response.
#[derive(Debug, PartialEq, Eq)]
pub enum Judgement {
    /// It goes on to the client, with what is wrong with it.
    Pass(Option<Observation>),
    /// The answer needs the whole body, of at most so many bytes.
    NeedBody {
        /// Most bytes.
        max: u32,
        /// Whether nothing of the response may go on before it is judged.
        held: bool,
    },
    /// The client gets this in its place.
    Refuse(Rejection, Observation),
}

/// What is wrong with a message, for the access log: why it was refused, or would have been.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observation {
    /// The code of the refusal.
    pub code: &'static str,
    /// What exactly is wrong, when that has several parts.
    pub violations: Vec<Violation>,
    /// The operation among whose messages it is counted; `None`: it is not.
    pub operation: Option<Rc<str>>,
}

/// Longest text of an observation, in bytes: pointers hold names that strangers chose.
const MAX_TEXT: usize = 1024;

impl Response {
    /// Reads a head; status 0 when there is none that is a number.
    pub fn new(headers: Headers) -> Self {
        let status = headers.first(":status").and_then(|text| std::str::from_utf8(text).ok());
        let status = status.and_then(|text| text.parse().ok()).unwrap_or_default();
        Self { status, headers, body: Body::Unread }
    }

    /// The status.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// All headers, `:status` among them.
    pub fn headers(&self) -> &Headers {
        &self.headers
    }

    /// The body.
    pub fn body(&self) -> &Body {
        &self.body
    }

    /// Hands in the body.
    pub fn set_body(&mut self, body: Body) {
        self.body = body;
    }
}

/// `request-invalid: query maximum limit; body type /name`: location, keyword, pointer.
impl Display for Observation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code)?;
        let mut text = String::new();
        for (at, violation) in self.violations.iter().enumerate() {
            let Violation { location, pointer, keyword, .. } = violation;
            text.clear();
            write!(text, "{} {location} {keyword} {pointer}", if at == 0 { ":" } else { ";" })?;
            f.write_str(text.trim_end())?;
        }
        Ok(())
    }
}

impl Observation {
    /// The text for the access log, behind what was observed before.
    pub fn add_to(&self, before: &mut String) {
        if before.len() >= MAX_TEXT {
            return;
        }
        if !before.is_empty() {
            before.push_str(" | ");
        }
        // Writing to a string cannot fail.
        let _ = write!(before, "{self}");
        if before.len() > MAX_TEXT {
            let end = (0..=MAX_TEXT).rev().find(|at| before.is_char_boundary(*at)).unwrap_or(0);
            before.truncate(end);
            before.push('…');
        }
    }
}

impl From<&Rejection> for Observation {
    fn from(rejection: &Rejection) -> Self {
        let violations = rejection.violations.clone();
        Self { code: rejection.code, violations, operation: rejection.operation.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn violation(pointer: &str) -> Violation {
        let (pointer, message) = (pointer.to_owned(), "is not of type string".to_owned());
        Violation { location: "body", pointer, keyword: "type", message, value: None }
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn a_response_has_the_status_that_its_head_says() {
        for (status, expected) in [("200", 200), ("x", 0), ("70000", 0)] {
            assert_eq!(Response::new(Headers::from_pairs([(":status", status)])).status(), expected);
        }
        assert_eq!(Response::new(Headers::default()).status(), 0);
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn observations_of_a_stream_are_one_bounded_text() {
        let mut text = String::new();
        let observed = |code, violations| Observation { code, violations, operation: None };
        observed("body-too-large", Vec::new()).add_to(&mut text);
        let violations = vec![violation(""), violation("/a")];
        observed("response-invalid", violations).add_to(&mut text);
        assert_eq!(text, "body-too-large | response-invalid: body type; body type /a");
        let long = observed("response-invalid", vec![violation(&"é".repeat(2000))]);
        long.add_to(&mut text);
        long.add_to(&mut text);
        assert!(text.len() <= MAX_TEXT + 4 && text.ends_with('…'), "{}", text.len());
    }
}
