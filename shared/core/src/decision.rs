//! What a policy answers: go on, refuse, reply, show me the body, or find this out first.

use std::borrow::Cow;
use std::rc::Rc;

use crate::identity::Identity;
use crate::path::PathError;
use crate::question::Question;
use crate::request::Malformed;
use crate::response::{Observation, Watch};

/// A policy's answer to a request.
#[derive(Debug, PartialEq, Eq)]
pub enum Decision {
    /// The request may go on, changed as the edits say.
    Continue(Edits),
    /// The request is refused; the client gets problem details.
    Reject(Rejection),
    /// The policy answers in the upstream's place.
    Respond(Reply),
    /// The decision needs the whole body, of at most so many bytes; a longer one is refused with 413.
    NeedBody(u32),
    /// The decision needs an answer: see [`crate::Env::answer`].
    Ask(Question),
}

/// What a policy changes on a request it lets pass, and what it publishes.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Edits {
    /// Request headers (and `:path`) to set, replacing what was there.
    pub set: Vec<(Cow<'static, str>, String)>,
    /// Request headers to remove.
    pub remove: Vec<Cow<'static, str>>,
    /// Headers to set on whatever response the client gets.
    pub response: Vec<(Cow<'static, str>, String)>,
    /// The operation's key, for the policies that follow and the access log.
    pub operation: Option<Rc<str>>,
    /// The caller, for the policies that follow and the access log.
    pub identity: Option<Rc<Identity>>,
    /// What later requests will have to know: asked while this one goes on. See [`crate::Learn::answered`].
    pub ahead: Option<Box<Question>>,
    /// What few decisions have.
    pub aside: Option<Box<Aside>>,
}

/// What few decisions have beside their edits.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Aside {
    /// What is wrong with the request and was let pass all the same, for the access log.
    pub observed: Vec<Observation>,
    /// What the policy wants to see next; at most one policy of a plugin may.
    pub watch: Option<Watch>,
}

/// A refusal, as told to the client.
#[derive(Debug, PartialEq, Eq)]
pub struct Rejection {
    /// The HTTP status.
    pub status: u16,
    /// A stable code, kebab-case; also Envoy's response code details.
    pub code: &'static str,
    /// One sentence for the client's developer; no secret, no internals.
    pub detail: String,
    /// Headers beside the content type.
    pub headers: Vec<(Cow<'static, str>, String)>,
    /// What exactly is wrong with the request, when that has several parts.
    pub violations: Vec<Violation>,
    /// The operation among whose messages it is counted; `None`: it is not.
    pub operation: Option<Rc<str>>,
}

/// One way in which a message is not what the document says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// `path`, `query`, `header`, `cookie` or `body`; of a response `status`, `header` or `body`.
    pub location: &'static str,
    /// The parameter's name or the body's JSON pointer.
    pub pointer: String,
    /// The schema keyword, or `required`, `type`, `style` for what comes before the schema. None is a client's: they are counted.
    pub keyword: &'static str,
    /// One sentence that does not repeat the value.
    pub message: String,
    /// The value as a JSON text, where its sender may be told: nobody else is.
    pub value: Option<String>,
}

/// A complete answer from the gateway itself.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// All headers.
    pub headers: Vec<(Cow<'static, str>, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Edits {
    /// Adds what is to be done after this. One that undoes an earlier edit takes its place, since all that is
    /// removed is removed before anything is set.
    pub fn append(&mut self, later: Self) {
        let is_later = |name: &str| {
            later.remove.iter().any(|other| other == name) || later.set.iter().any(|(other, _)| other == name)
        };
        if !later.set.is_empty() || !later.remove.is_empty() {
            self.set.retain(|(name, _)| !is_later(name));
        }
        append(&mut self.set, later.set);
        append(&mut self.remove, later.remove);
        append(&mut self.response, later.response);
        self.ahead = later.ahead.or(self.ahead.take());
        self.operation = later.operation.or(self.operation.take());
        self.identity = later.identity.or(self.identity.take());
        if let Some(later) = later.aside {
            let own = self.aside();
            append(&mut own.observed, later.observed);
            own.watch = later.watch.or(own.watch.take());
        }
    }

    /// What few decisions have, to add to it.
    pub fn aside(&mut self) -> &mut Aside {
        self.aside.get_or_insert_default()
    }
}

/// Takes the other list over where there is none yet.
fn append<T>(list: &mut Vec<T>, mut later: Vec<T>) {
    if list.is_empty() {
        *list = later;
    } else {
        list.append(&mut later);
    }
}

impl Rejection {
    /// A refusal without headers or violations.
    pub fn new(status: u16, code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            status,
            code,
            detail: detail.into(),
            headers: Vec::new(),
            violations: Vec::new(),
            operation: None,
        }
    }

    /// Adds a header.
    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// The 413 of a body that is longer than `max` bytes.
    pub fn body_too_large(max: u32) -> Self {
        Self::new(
            413,
            "body-too-large",
            format!("The body is larger than the {max} bytes that are accepted."),
        )
    }

    /// The 503 of a gateway whose parts do not fit together or that is in trouble; never lets through.
    pub fn internal(code: &'static str) -> Self {
        Self::new(503, code, "The gateway cannot decide on this request at the moment.")
    }
}

impl From<Malformed> for Rejection {
    fn from(cause: Malformed) -> Self {
        let status = match cause {
            Malformed::Path(PathError::TooLong) | Malformed::QueryTooLong => 414,
            _ => 400,
        };
        Self::new(status, "request-malformed", format!("The request is refused: {cause}."))
    }
}

impl From<Rejection> for Decision {
    fn from(rejection: Rejection) -> Self {
        Self::Reject(rejection)
    }
}
