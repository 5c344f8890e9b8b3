//! End to end: the built program, the real Envoy, real sockets. Each test starts a gateway of its own and makes
//! several checks on it, because a start costs seconds.

mod backend_jwt;
mod bandwidth;
mod bodies;
mod bundle;
mod client_certificates;
mod clients;
mod clock;
mod endpoints;
mod endpoints_tls;
mod environment;
mod etcd;
mod faults;
mod fleet;
mod flood;
mod heads;
mod http2;
mod key_service;
mod keys;
mod limits;
mod live;
mod metrics;
mod openid;
mod passwords;
mod program;
mod provided;
mod provider;
mod responses;
mod revoke;
mod revoked_list;
mod shop;
mod signatures;
mod throttle;
mod tls;
mod traffic;
mod trap;
