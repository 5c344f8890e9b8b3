//! An HTTP/1.1 client that sends any bytes, proper or not.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(20);

/// A connection to the gateway.
pub struct Connection {
    stream: BufReader<TcpStream>,
}

/// What the gateway answered.
#[derive(Debug, Clone, Default)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, its chunks joined.
    pub body: Vec<u8>,
}

impl Connection {
    /// Connects.
    pub fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("the gateway listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a time limit");
        stream.set_write_timeout(Some(PATIENCE)).expect("a time limit");
        Self { stream: BufReader::new(stream) }
    }

    /// Sends bytes as they are. The gateway may close the connection before it has read them all.
    pub fn send(&mut self, bytes: &[u8]) -> &mut Self {
        let _closed = self.stream.get_mut().write_all(bytes);
        self
    }

    /// The next reply with its body; `None` when the connection ends without one.
    pub fn reply(&mut self) -> Option<Reply> {
        let mut reply = self.head()?;
        let header = |name: &str| reply.header(name).map(str::to_owned);
        if header("transfer-encoding").is_some_and(|coding| coding.contains("chunked")) {
            self.chunks(&mut reply.body)?;
        } else if let Some(length) = header("content-length").and_then(|length| length.parse::<u64>().ok()) {
            let whole = self.stream.by_ref().take(length).read_to_end(&mut reply.body).ok()?;
            return (whole as u64 == length).then_some(reply);
        } else if reply.status != 204 {
            self.stream.read_to_end(&mut reply.body).ok()?;
        }
        Some(reply)
    }

    /// The next reply's head: all there is to a reply to HEAD.
    pub fn head(&mut self) -> Option<Reply> {
        let status = self.line()?.split(' ').nth(1)?.parse().ok()?;
        let mut reply = Reply { status, ..Reply::default() };
        loop {
            let line = self.line()?;
            if line.is_empty() {
                return Some(reply);
            }
            let (name, value) = line.split_once(':')?;
            reply.headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
    }

    fn chunks(&mut self, body: &mut Vec<u8>) -> Option<()> {
        loop {
            let size = u64::from_str_radix(self.line()?.trim(), 16).ok()?;
            self.stream.by_ref().take(size).read_to_end(body).ok()?;
            self.line()?;
            if size == 0 {
                return Some(());
            }
        }
    }

    fn line(&mut self) -> Option<String> {
        let mut line = Vec::new();
        self.stream.read_until(b'\n', &mut line).ok().filter(|read| *read > 0)?;
        Some(String::from_utf8_lossy(&line).trim_end().to_owned())
    }
}

impl Reply {
    /// The first value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.all(name).first().copied()
    }

    /// Every value of a header.
    pub fn all(&self, name: &str) -> Vec<&str> {
        self.headers.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str()).collect()
    }

    /// The body as JSON; null when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The `code` of problem details; empty when there is none.
    pub fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }
}

/// Sends bytes on a connection of their own. A connection that ends without a reply gives status 0.
pub fn exchange(address: SocketAddr, bytes: &[u8]) -> Reply {
    Connection::open(address).send(bytes).reply().unwrap_or_default()
}

/// A request on a connection of its own, with `Host` and, when there is a body, `Content-Length`.
pub fn request(address: SocketAddr, line: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
    exchange(address, &message(line, headers, body))
}

/// The bytes of a request: `line` is method and target.
pub fn message(line: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut text = format!("{line} HTTP/1.1\r\nHost: shop.example\r\n");
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    if !body.is_empty() {
        text.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    let mut bytes = format!("{text}\r\n").into_bytes();
    bytes.extend_from_slice(body);
    bytes
}
