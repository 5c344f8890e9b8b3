//! A rate limit service for tests: Limitador, whose counts are in Redis, behind Envoy's protocol. It reads the limits as
//! `portcullis build` writes them for Limitador's own server, and answers as that does: with a code and nothing else.
//!
//! usage: portcullis-test-limitador REDIS LIMITS ADDRESS; prints the address that it listens on, and then a line for each call.

mod protocol;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use limitador::AsyncRateLimiter;
use limitador::limit::Limit;
use limitador::storage::redis::AsyncRedisStorage;
use serde::Deserialize;
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::Status;

use protocol::{RateLimitRequest, RateLimitResponse};

const CODE_OK: i32 = 1;
const CODE_OVER_LIMIT: i32 = 2;
/// Longest wait for Redis.
const PATIENCE: Duration = Duration::from_secs(2);

/// A limit of a file for Limitador's server.
#[derive(Deserialize)]
struct LimitFile {
    namespace: String,
    max_value: i64,
    seconds: u64,
    conditions: Vec<String>,
    variables: Vec<String>,
}

#[derive(Clone)]
struct Service(Arc<AsyncRateLimiter>);

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [redis, limits, address] = arguments.as_slice() else { panic!("REDIS LIMITS ADDRESS") };
    let limits = std::fs::read_to_string(limits).expect("the file of limits");
    let limits: Vec<LimitFile> = serde_json::from_str(&limits).expect("limits");
    let storage = AsyncRedisStorage::new(&format!("redis://{redis}")).await.expect("Redis answers");
    let limiter = AsyncRateLimiter::new_with_storage(Box::new(storage));
    for limit in limits {
        limiter.add_limit(limit.read());
    }
    let listener = TcpListener::bind(address).await.expect("a free port");
    println!("{}", listener.local_addr().expect("an address"));
    let service = Service(Arc::new(limiter));
    let server = tonic::transport::Server::builder().add_service(service);
    server.serve_with_incoming(TcpListenerStream::new(listener)).await.expect("it serves");
}

impl LimitFile {
    /// This release speaks of the first descriptor's entries by their keys alone.
    fn read(self) -> Limit {
        let plain = |text: String| text.replace("descriptors[0]['", "").replace("']", "");
        let conditions: Vec<String> = self.conditions.into_iter().map(plain).collect();
        let variables: Vec<String> = self.variables.into_iter().map(plain).collect();
        Limit::new(self.namespace, self.max_value, self.seconds, conditions, variables)
    }
}

impl Service {
    async fn should_rate_limit(&self, asked: RateLimitRequest) -> Result<RateLimitResponse, Status> {
        let entries = asked.descriptors.into_iter().take(1).flat_map(|descriptor| descriptor.entries);
        let values: HashMap<String, String> = entries.map(|entry| (entry.key, entry.value)).collect();
        let (namespace, hits) = (asked.domain.into(), asked.hits_addend.max(1));
        let checked = self.0.check_rate_limited_and_update(&namespace, &values, hits.into(), false);
        let limited = match tokio::time::timeout(PATIENCE, checked).await {
            Ok(Ok(checked)) => checked.limited,
            Ok(Err(cause)) => return Err(Status::unavailable(cause.to_string())),
            Err(_) => return Err(Status::deadline_exceeded("Redis takes too long")),
        };
        println!("{} {hits}", if limited { "refused" } else { "granted" });
        Ok(RateLimitResponse { overall_code: if limited { CODE_OVER_LIMIT } else { CODE_OK } })
    }
}
