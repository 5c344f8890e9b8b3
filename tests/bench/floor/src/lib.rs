//! The host calls that Portcullis needs for the measured GET, and nothing else: no policy, no decision. What it
//! costs is the floor under what any plugin can cost that reads a request's head, names a route, takes the credential
//! away, tells the access log who called what, counts the request for all workers, and tells the client where it stands.

#[cfg(target_os = "wasi")]
mod entry;
