//! Envoy's admin interface on its Unix socket: is it ready, and where does it listen.

use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use crate::http::{self, Reply};

/// The admin interface of one Envoy.
pub(crate) struct Admin {
    socket: PathBuf,
}

impl Admin {
    pub(crate) fn new(socket: PathBuf) -> Self {
        Self { socket }
    }

    pub(crate) fn socket(&self) -> &Path {
        &self.socket
    }

    /// Whether Envoy serves.
    pub(crate) fn is_ready(&self) -> bool {
        self.get("/ready").is_ok_and(|reply| reply.status == 200)
    }

    /// The addresses that Envoy listens on, in the order of the gateway file.
    pub(crate) fn addresses(&self) -> Vec<String> {
        let Ok(reply) = self.get("/listeners?format=json") else { return Vec::new() };
        let listeners: Value = serde_json::from_str(&reply.body).unwrap_or_default();
        let statuses = listeners.get("listener_statuses").and_then(Value::as_array);
        let mut found: Vec<(&str, String)> = Vec::new();
        for status in statuses.into_iter().flatten() {
            let name = status.get("name").and_then(Value::as_str).unwrap_or_default();
            // Operators know where they ask.
            if !name.starts_with("listener-") {
                continue;
            }
            let socket = status.pointer("/local_address/socket_address");
            let part = |key: &str| socket.and_then(|socket| socket.get(key));
            if let (Some(address), Some(port)) = (part("address").and_then(Value::as_str), part("port_value"))
            {
                let address = if address.contains(':') { format!("[{address}]") } else { address.to_owned() };
                found.push((name, format!("{address}:{port}")));
            }
        }
        found.sort();
        found.into_iter().map(|(_, address)| address).collect()
    }

    fn get(&self, path: &str) -> std::io::Result<Reply> {
        let mut stream = UnixStream::connect(&self.socket)?;
        stream.set_read_timeout(Some(Duration::from_secs(2)))?;
        http::get(&mut stream, "admin", path)
    }
}
