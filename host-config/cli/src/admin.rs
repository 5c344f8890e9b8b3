//! Envoy's admin interface on its Unix socket: is it ready, and where does it listen.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

/// The largest reply that is read.
const MAX_REPLY: u64 = 1 << 20;

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
        self.get("/ready").is_ok_and(|reply| reply.starts_with("HTTP/1.1 200"))
    }

    /// The addresses that Envoy listens on, in the order of the gateway file.
    pub(crate) fn addresses(&self) -> Vec<String> {
        let Ok(reply) = self.get("/listeners?format=json") else { return Vec::new() };
        let listeners: Value = serde_json::from_str(&body(&reply)).unwrap_or_default();
        let statuses = listeners.get("listener_statuses").and_then(Value::as_array);
        let mut found: Vec<(&str, String)> = Vec::new();
        for status in statuses.into_iter().flatten() {
            let name = status.get("name").and_then(Value::as_str).unwrap_or_default();
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

    fn get(&self, path: &str) -> std::io::Result<String> {
        let mut stream = UnixStream::connect(&self.socket)?;
        stream.set_read_timeout(Some(Duration::from_secs(2)))?;
        write!(stream, "GET {path} HTTP/1.1\r\nHost: admin\r\nConnection: close\r\n\r\n")?;
        let mut reply = String::new();
        stream.take(MAX_REPLY).read_to_string(&mut reply)?;
        Ok(reply)
    }
}

/// The body of a reply, its chunks joined (RFC 9112, section 7.1).
fn body(reply: &str) -> String {
    let Some((head, mut rest)) = reply.split_once("\r\n\r\n") else { return String::new() };
    if !head.to_ascii_lowercase().contains("transfer-encoding: chunked") {
        return rest.to_owned();
    }
    let mut body = String::new();
    while let Some((size, behind)) = rest.split_once("\r\n") {
        let chunk =
            usize::from_str_radix(size, 16).ok().filter(|size| *size > 0).and_then(|size| behind.get(..size));
        let Some(chunk) = chunk else { break };
        body.push_str(chunk);
        rest = behind.get(chunk.len() + 2..).unwrap_or_default();
    }
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_joined() {
        let reply =
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\na\r\n0123456789\r\n0\r\n\r\n";
        assert_eq!(body(reply), "abc0123456789");
        assert_eq!(body("HTTP/1.1 200 OK\r\n\r\nplain"), "plain");
        assert_eq!(body("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n"), "");
    }
}
