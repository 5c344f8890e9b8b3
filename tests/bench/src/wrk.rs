//! The load: wrk, on its own processor, as many requests as the other side answers.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::failure::{Failure, Result, failed, writing};
use crate::process::pinned;

/// Connections that are kept open, each with one request at a time.
const CONNECTIONS: &str = "32";

/// A script for wrk that sends some requests in turn.
pub(crate) struct Script(PathBuf);

/// What one run of wrk saw.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct Load {
    /// Answers, of any status.
    pub(crate) requests: u64,
    /// Of those, with a status of 400 or more.
    pub(crate) refused: u64,
    /// Connections that failed, and requests that got no whole answer in time.
    pub(crate) broken: u64,
    /// Of the run.
    microseconds: f64,
    p50_microseconds: f64,
    p99_microseconds: f64,
}

impl Load {
    pub(crate) fn per_second(&self) -> f64 {
        self.requests as f64 / (self.microseconds / 1e6)
    }

    pub(crate) fn p50_ms(&self) -> f64 {
        self.p50_microseconds / 1000.0
    }

    pub(crate) fn p99_ms(&self) -> f64 {
        self.p99_microseconds / 1000.0
    }
}

impl Script {
    /// Writes it to `folder/NAME.lua`. At most some thousands of requests: Lua bounds the constants of a file.
    pub(crate) fn sending(requests: &[Vec<u8>], name: &str, folder: &Path) -> Result<Self> {
        let file = folder.join(format!("{name}.lua"));
        let list: Vec<String> = requests.iter().map(|request| quoted(request)).collect();
        let text = format!("local requests = {{\n{}\n}}\n{TURNS}{DONE}", list.join(",\n"));
        std::fs::write(&file, text).map_err(writing(&file))?;
        Ok(Self(file))
    }

    /// Writes one that never sends the same request twice: a number and `seed` stand between the two parts.
    pub(crate) fn counting(parts: [&[u8]; 2], seed: u64, folder: &Path) -> Result<Self> {
        let file = folder.join("counting.lua");
        let [before, behind] = parts.map(quoted);
        let text = format!(
            "local turn = 0\nfunction request()\n  turn = turn + 1\n  return {before} .. \"{seed}-\" .. turn .. {behind}\nend\n{DONE}"
        );
        std::fs::write(&file, text).map_err(writing(&file))?;
        Ok(Self(file))
    }

    /// Sends for so many whole seconds: wrk knows no shorter time.
    pub(crate) fn run(&self, to: SocketAddr, seconds: u32, processors: Option<&str>) -> Result<Load> {
        let mut wrk = pinned("wrk", processors);
        wrk.args(["--threads", "1", "--connections", CONNECTIONS, "--timeout", "5s"]);
        wrk.args(["--duration", &format!("{seconds}s"), "--script"])
            .arg(&self.0)
            .arg(format!("http://{to}/"));
        let output = wrk.output().map_err(|cause| Failure(format!("wrk cannot be started: {cause}")))?;
        let printed = String::from_utf8_lossy(&output.stdout);
        let found = printed.lines().find_map(|line| line.strip_prefix(MARK));
        let load = found.and_then(|json| serde_json::from_str(json).ok());
        match load {
            Some(load) => Ok(load),
            None => {
                failed(format!("wrk did not finish:\n{printed}{}", String::from_utf8_lossy(&output.stderr)))
            }
        }
    }
}

/// Before the line with the result.
const MARK: &str = "result ";

const TURNS: &str = "local turn = 0
function request()
  turn = turn % #requests + 1
  return requests[turn]
end
";

const DONE: &str = r#"function done(summary, latency)
  local e = summary.errors
  io.write(string.format(
    'result {"requests":%d,"refused":%d,"broken":%d,"microseconds":%d,"p50_microseconds":%d,"p99_microseconds":%d}\n',
    summary.requests, e.status, e.connect + e.read + e.write + e.timeout, summary.duration,
    latency:percentile(50), latency:percentile(99)))
end
"#;

/// As a text of Lua.
fn quoted(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() + 2);
    text.push('"');
    for byte in bytes {
        match byte {
            b'"' | b'\\' => text.extend(['\\', char::from(*byte)]),
            b' '..=b'~' => text.push(char::from(*byte)),
            other => text.push_str(&format!("\\{other:03}")),
        }
    }
    text.push('"');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_byte_survives_quoting() {
        let cases: [(&[u8], &str); 3] = [
            (b"GET / HTTP/1.1\r\n", r#""GET / HTTP/1.1\013\010""#),
            (b"a\"b\\", r#""a\"b\\""#),
            (b"\xff1", r#""\2551""#),
        ];
        for (bytes, expected) in cases {
            assert_eq!(quoted(bytes), expected);
        }
    }
}
