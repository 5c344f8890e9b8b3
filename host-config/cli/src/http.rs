//! One request over a stream to a server nearby, and its whole reply (RFC 9112).

use std::io::{Read, Write};

/// The largest reply that is read, in bytes.
const MAX_REPLY: u64 = 4 << 20;

/// A reply.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: String,
}

/// Sends a GET and reads until the server closes.
pub(crate) fn get(stream: &mut (impl Read + Write), host: &str, target: &str) -> std::io::Result<Reply> {
    write!(stream, "GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")?;
    let mut text = String::new();
    stream.take(MAX_REPLY).read_to_string(&mut text)?;
    reply(&text).ok_or_else(|| std::io::Error::new(std::io::ErrorKind::InvalidData, "this is no HTTP"))
}

fn reply(text: &str) -> Option<Reply> {
    let status = text.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
    let (head, rest) = text.split_once("\r\n\r\n")?;
    let is_chunked = head.to_ascii_lowercase().contains("transfer-encoding: chunked");
    Some(Reply { status, body: if is_chunked { joined(rest) } else { rest.to_owned() } })
}

/// The chunks of a body, joined (RFC 9112, section 7.1).
fn joined(mut rest: &str) -> String {
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
        let body = |text: &str| reply(text).map(|reply| reply.body);
        let chunks =
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\na\r\n0123456789\r\n0\r\n\r\n";
        assert_eq!(body(chunks).as_deref(), Some("abc0123456789"));
        assert_eq!(body("HTTP/1.1 200 OK\r\n\r\nplain").as_deref(), Some("plain"));
        assert_eq!(body("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n").as_deref(), Some(""));
        assert_eq!(reply("HTTP/1.1 404 Not Found\r\n\r\n").map(|reply| reply.status), Some(404));
        assert_eq!(reply("SSH-2.0\r\n\r\n"), None);
    }
}
