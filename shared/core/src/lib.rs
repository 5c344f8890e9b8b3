//! What every decision of the gateway is made of: the request as bytes, the operation it means, the
//! policy that judges it and the decision that comes out. Host-neutral: no clock, no I/O, no JSON
//! parser, no OpenAPI and no Envoy in here; what a decision learns from outside comes through [`Env`].

mod client;
mod condition;
mod decision;
mod fnv;
mod headers;
mod identity;
mod lookup;
mod metric;
mod network;
mod operations;
mod passage;
mod path;
mod percent;
mod policy;
mod problem;
mod query;
mod question;
mod receipt;
mod reply_body;
mod request;
mod response;
mod segment;
mod signed;
mod source;
mod template;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod tree;
mod wso2;

pub use client::{ClientAddress, ForwardingHeader, InvalidClientAddress, Trust};
pub use condition::{Condition, ConditionPlace};
pub use decision::{Aside, Decision, Edits, Rejection, Reply, Violation};
pub use headers::{Field, Headers, OutOfBounds};
pub use identity::{Claims, Environment, Identity, Terms};
pub use lookup::{Lookup, PathItem};
pub use metric::{Metric, MetricKind};
pub use network::AddressRange;
pub use operations::{Entry, InvalidIndex, Operation, OperationId, OperationIndex};
pub use passage::{Judge, Passage, PolicyChain, Progress};
pub use path::{CanonicalPath, MAX_PATH, MAX_SEGMENTS, PathError};
pub use percent::{InvalidEncoding, decode, decode_form, decode_form_lossily};
pub use policy::{Contended, Env, Policy, UnixNanos};
pub use problem::problem_json;
pub use query::{Pair, pairs};
pub use question::{Answer, Call, CallFailure, CallReply, Question, Topic};
pub use receipt::Receipt;
pub use reply_body::ReplyBody;
pub use request::{Malformed, Request};
pub use response::{Body, BodyWatch, Judgement, Observation, Response, Watch};
pub use signed::{HashFunction, SignatureVerdict, Signed, ToSign};
pub use source::{Fetch, Learn, Source};
pub use template::{Captures, InvalidTemplate, PathTemplate};
pub use wso2::{ErrorFormat, NUMBERS, wso2_json};
