//! What a policy has to ask a server before it can decide, and what it is told. A policy that lacks an answer returns
//! [`crate::Decision::Ask`] and is asked for its decision again, from the start, once the answer is there.

use std::borrow::Cow;
use std::rc::Rc;
use std::time::Duration;

use crate::headers::Headers;
use crate::reply_body::ReplyBody;

/// A question. Streams that ask on the same [`Topic`] at the same time share its answer.
#[derive(Debug, PartialEq, Eq)]
pub enum Question {
    /// Calls a server.
    Call {
        /// Tells the question from others, and nothing else: a keyed fingerprint where it stems from a credential.
        key: u128,
        /// The call.
        call: Box<Call>,
    },
    /// Calls a server for this request alone.
    Own {
        /// Tells the questions of one request apart.
        number: u32,
        /// The call.
        call: Box<Call>,
    },
    /// Has a [`crate::Source`] fetched now and not only when it is due, unless that was done a moment ago.
    Refresh {
        /// The source's name.
        source: Rc<str>,
    },
}

/// What a question is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Topic {
    /// The key of a [`Question::Call`].
    Call(u128),
    /// The number of a [`Question::Own`].
    Own(u32),
    /// The source of a [`Question::Refresh`].
    Source(Rc<str>),
}

/// An HTTP request to a server that the host knows by name.
#[derive(Clone, PartialEq, Eq)]
pub struct Call {
    /// Envoy's name of the cluster.
    pub service: Rc<str>,
    /// `Host` of the request.
    pub authority: Rc<str>,
    /// The method.
    pub method: &'static str,
    /// Path and query.
    pub path: Cow<'static, str>,
    /// Other headers.
    pub headers: Vec<(Cow<'static, str>, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// How long it may take, at least a millisecond.
    pub timeout: Duration,
    /// The longest body that is accepted as a reply, in bytes.
    pub max_reply: u32,
}

/// What came of a question.
#[derive(Debug)]
pub enum Answer {
    /// The server has replied, with whatever status. Envoy makes a 503 of a server that cannot be reached and a
    /// 504 of one that takes too long.
    Replied(CallReply),
    /// There is no reply.
    Failed(CallFailure),
    /// The source has been fetched, or an attempt has failed, or it was done a moment ago: what can be known is known.
    Refreshed,
}

/// What a server replied.
pub struct CallReply {
    /// The HTTP status.
    pub status: u16,
    /// All headers.
    pub headers: Headers,
    /// The body.
    pub body: ReplyBody,
    /// What came after the body.
    pub trailers: Headers,
}

/// Why there is no reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallFailure {
    /// The host refused to send it, or the connection broke.
    Reset,
    /// The reply is longer than was asked for.
    TooLong,
    /// The server failed so often of late that it is left alone for a while.
    BreakerOpen,
    /// Too many different questions are open.
    Overloaded,
    /// No answer in the time that a stream may wait.
    TimedOut,
}

impl Question {
    /// What it is about.
    pub fn topic(&self) -> Topic {
        match self {
            Self::Call { key, .. } => Topic::Call(*key),
            Self::Own { number, .. } => Topic::Own(*number),
            Self::Refresh { source } => Topic::Source(Rc::clone(source)),
        }
    }
}

impl Answer {
    /// Whether the server did not do its work: it could not be reached, broke off, or says so itself.
    pub fn is_failure(&self) -> bool {
        match self {
            Self::Replied(reply) => {
                reply.status >= 500 || reply.grpc_status().is_some_and(|status| status != b"0")
            }
            Self::Failed(_) => true,
            Self::Refreshed => false,
        }
    }
}

impl CallReply {
    /// How a gRPC call went, as the server says after the body, or in the place of one; 0 is well.
    pub fn grpc_status(&self) -> Option<&[u8]> {
        self.trailers.first("grpc-status").or_else(|| self.headers.first("grpc-status"))
    }
}

/// Headers and body may hold secrets.
impl std::fmt::Debug for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Call")
            .field("service", &self.service)
            .field("method", &self.method)
            .finish_non_exhaustive()
    }
}

/// The body may hold secrets.
impl std::fmt::Debug for CallReply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CallReply").field("status", &self.status).finish_non_exhaustive()
    }
}
