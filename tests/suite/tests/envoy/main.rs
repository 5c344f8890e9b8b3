//! End to end: the built program, the real Envoy, real sockets. Each test starts a gateway of its own and makes
//! several checks on it, because a start costs seconds.

mod backend_jwt;
mod bodies;
mod bundle;
mod client_certificates;
mod endpoints;
mod environment;
mod etcd;
mod heads;
mod http2;
mod key_service;
mod keys;
mod openid;
mod passwords;
mod program;
mod provider;
mod revoke;
mod shop;
mod signatures;
mod throttle;
mod tls;
mod traffic;
mod trap;
