//! The protocol of the rate limit service: `envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit`, as far as it is used.

use portcullis_core::CallReply;
use prost::Message;

use super::lease::Said;
use crate::gcra::SECOND;

/// The method's path.
pub(super) const PATH: &str = "/envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit";

/// A request's descriptors, and how much they are charged.
#[derive(Clone, PartialEq, Message)]
pub(super) struct RateLimitRequest {
    #[prost(string, tag = "1")]
    pub(super) domain: String,
    #[prost(message, repeated, tag = "2")]
    pub(super) descriptors: Vec<RateLimitDescriptor>,
    #[prost(uint32, tag = "3")]
    pub(super) hits_addend: u32,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct RateLimitDescriptor {
    #[prost(message, repeated, tag = "1")]
    pub(super) entries: Vec<Entry>,
    #[prost(message, optional, tag = "2")]
    pub(super) limit: Option<RateLimitOverride>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Entry {
    #[prost(string, tag = "1")]
    pub(super) key: String,
    #[prost(string, tag = "2")]
    pub(super) value: String,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct RateLimitOverride {
    #[prost(uint32, tag = "1")]
    pub(super) requests_per_unit: u32,
    #[prost(int32, tag = "2")]
    pub(super) unit: i32,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct RateLimitResponse {
    #[prost(int32, tag = "1")]
    pub(super) overall_code: i32,
    #[prost(message, repeated, tag = "2")]
    pub(super) statuses: Vec<DescriptorStatus>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct DescriptorStatus {
    #[prost(int32, tag = "1")]
    pub(super) code: i32,
    #[prost(message, optional, tag = "2")]
    pub(super) current_limit: Option<CurrentLimit>,
    #[prost(uint32, tag = "3")]
    pub(super) limit_remaining: u32,
    #[prost(message, optional, tag = "4")]
    pub(super) duration_until_reset: Option<Duration>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct CurrentLimit {
    #[prost(uint32, tag = "1")]
    pub(super) requests_per_unit: u32,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Duration {
    #[prost(int64, tag = "1")]
    pub(super) seconds: i64,
    #[prost(int32, tag = "2")]
    pub(super) nanos: i32,
}

pub(super) const CODE_OK: i32 = 1;
pub(super) const CODE_OVER_LIMIT: i32 = 2;

/// Whether a request may pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ruling {
    Granted(Said),
    Refused(Said),
}

/// What is asked.
pub(super) struct Asked<'a> {
    pub(super) domain: &'a str,
    /// The limit's name.
    pub(super) limit: &'a str,
    /// What stands for the count.
    pub(super) count: String,
    pub(super) requests: u32,
    /// The number of `RateLimitUnit`.
    pub(super) unit: i32,
    pub(super) hits: u32,
}

impl Asked<'_> {
    /// The body of the call: one message, not compressed.
    pub(super) fn to_body(&self) -> Vec<u8> {
        let entry = |key: &str, value: &str| Entry { key: key.to_owned(), value: value.to_owned() };
        let entries = vec![entry("limit", self.limit), entry("count", &self.count)];
        let limit = RateLimitOverride { requests_per_unit: self.requests, unit: self.unit };
        let message = RateLimitRequest {
            domain: self.domain.to_owned(),
            descriptors: vec![RateLimitDescriptor { entries, limit: Some(limit) }],
            hits_addend: self.hits,
        };
        let message = message.encode_to_vec();
        let mut body = vec![0];
        body.extend(u32::try_from(message.len()).unwrap_or_default().to_be_bytes());
        body.extend(message);
        body
    }
}

/// What a reply says; `None` when it says nothing that can be relied on. A server that has no such limit says so by a status
/// without one: its word is none.
pub(super) fn read(reply: &CallReply) -> Option<Ruling> {
    if reply.status != 200 || reply.grpc_status().is_some_and(|status| status != b"0") {
        return None;
    }
    let body = reply.body.whole();
    let (frame, message) = body.split_first_chunk::<5>()?;
    let [0, length @ ..] = *frame else { return None };
    if u32::from_be_bytes(length) as usize != message.len() {
        return None;
    }
    let response = RateLimitResponse::decode(message).ok()?;
    let said = match response.statuses.as_slice() {
        [] => Said::default(),
        [status] => {
            status.current_limit.as_ref()?;
            let reset = status.duration_until_reset.as_ref().and_then(nanos);
            Said { remaining: Some(status.limit_remaining.into()), reset }
        }
        _ => return None,
    };
    match response.overall_code {
        CODE_OK => Some(Ruling::Granted(said)),
        CODE_OVER_LIMIT => Some(Ruling::Refused(said)),
        _ => None,
    }
}

fn nanos(duration: &Duration) -> Option<u64> {
    let (seconds, nanos) = (u64::try_from(duration.seconds).ok()?, u64::try_from(duration.nanos).ok()?);
    seconds.checked_mul(SECOND)?.checked_add(nanos)
}

#[cfg(test)]
#[path = "protocol_tests.rs"]
mod tests;
