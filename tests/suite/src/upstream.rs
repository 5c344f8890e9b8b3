//! An HTTP/1.1 server that records what reaches it and answers with what it saw, or as a test says.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::json;

/// A request that leaked would arrive within this time after its answer.
const SETTLE: Duration = Duration::from_millis(40);

/// A request as it arrived.
#[derive(Debug, Clone, Default)]
pub struct Received {
    /// The method.
    pub method: String,
    /// The request target as it stands in the request line.
    pub target: String,
    /// The headers in order, names in lower case.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body, its chunks joined; what had come when it broke off.
    pub body: Vec<u8>,
}

/// What a server answers: the status, further lines of the head, and the body. `None` breaks the connection off.
pub type Answered = Option<(u16, String, String)>;

type Answer = dyn Fn(&Received) -> Answered + Send + Sync;

/// The server. It ends with the process.
pub struct Upstream {
    address: SocketAddr,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Upstream {
    /// Starts it on a free port of loopback.
    pub fn start() -> Self {
        Self::answering(|request| Some(answer(request)))
    }

    /// Starts one that answers like this.
    pub fn answering(answer: impl Fn(&Received) -> Answered + Send + Sync + 'static) -> Self {
        let answer: Arc<Answer> = Arc::new(answer);
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let received: Arc<Mutex<Vec<Received>>> = Arc::default();
        let into = received.clone();
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (into, answer) = (into.clone(), answer.clone());
                thread::spawn(move || serve(stream, &into, &*answer));
            }
        });
        Self { address, received }
    }

    /// Its URL, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// `host:port`.
    pub fn authority(&self) -> String {
        self.address.to_string()
    }

    /// Everything that has arrived since the last call.
    pub fn take(&self) -> Vec<Received> {
        thread::sleep(SETTLE);
        std::mem::take(&mut *self.received.lock().expect("no connection panics"))
    }

    /// The one request that has arrived since the last call; panics when it is none or several.
    pub fn take_one(&self) -> Received {
        let mut received = self.take();
        assert_eq!(received.len(), 1, "requests at the upstream: {received:#?}");
        received.remove(0)
    }
}

impl Received {
    /// Every value of a header, as text.
    pub fn all(&self, name: &str) -> Vec<String> {
        let named = self.headers.iter().filter(|(known, _)| known == name);
        named.map(|(_, value)| String::from_utf8_lossy(value).into_owned()).collect()
    }
}

fn serve(stream: TcpStream, received: &Mutex<Vec<Received>>, answer: &Answer) {
    let Ok(mut out) = stream.try_clone() else { return };
    let mut input = BufReader::new(stream);
    while let Some(mut request) = read_head(&mut input) {
        // Seen from its head on: also a request that breaks off has reached the upstream.
        let at = {
            let mut all = received.lock().expect("no connection panics");
            all.push(request.clone());
            all.len() - 1
        };
        let whole = read_body(&mut input, &mut request);
        if let Some(seen) = received.lock().expect("no connection panics").get_mut(at) {
            *seen = request.clone();
        }
        let reply = whole.and_then(|()| answer(&request)).map(|reply| written(&request, reply));
        if reply.is_none_or(|reply| out.write_all(&reply).is_err()) {
            return;
        }
    }
}

fn read_head(input: &mut impl BufRead) -> Option<Received> {
    let first = String::from_utf8_lossy(&read_line(input)?).into_owned();
    let mut parts = first.split(' ').map(str::to_owned);
    let mut request = Received { method: parts.next()?, target: parts.next()?, ..Received::default() };
    loop {
        let line = read_line(input)?;
        if line.is_empty() {
            return Some(request);
        }
        let colon = line.iter().position(|byte| *byte == b':')?;
        let name = String::from_utf8_lossy(&line[..colon]).to_ascii_lowercase();
        request.headers.push((name, line[colon + 1..].trim_ascii().to_vec()));
    }
}

fn read_body(input: &mut impl BufRead, request: &mut Received) -> Option<()> {
    if request.all("transfer-encoding").iter().any(|coding| coding == "chunked") {
        loop {
            let size = String::from_utf8_lossy(&read_line(input)?).into_owned();
            let size = usize::from_str_radix(size.trim(), 16).ok()?;
            read_exactly(input, size, &mut request.body)?;
            read_line(input)?;
            if size == 0 {
                return Some(());
            }
        }
    }
    let length = request.all("content-length").first().and_then(|length| length.parse().ok()).unwrap_or(0);
    read_exactly(input, length, &mut request.body)
}

fn read_exactly(input: &mut impl BufRead, size: usize, body: &mut Vec<u8>) -> Option<()> {
    (input.take(size as u64).read_to_end(body).ok()? == size).then_some(())
}

fn read_line(input: &mut impl BufRead) -> Option<Vec<u8>> {
    let mut line = Vec::new();
    input.read_until(b'\n', &mut line).ok().filter(|read| *read > 0)?;
    Some(line.trim_ascii_end().to_vec())
}

/// It claims headers that belong to the gateway, to show that the gateway's own stand alone.
fn answer(request: &Received) -> (u16, String, String) {
    let body = json!({ "method": request.method, "target": request.target, "bytes": request.body.len() });
    let head = "content-type: application/json\r\nratelimit: \"upstream\"\r\n";
    (200, head.to_owned(), body.to_string())
}

fn written(request: &Received, (status, head, body): (u16, String, String)) -> Vec<u8> {
    let mut answer = format!("HTTP/1.1 {status} Said\r\n{head}content-length: {}\r\n\r\n", body.len());
    if request.method != "HEAD" {
        answer.push_str(&body);
    }
    answer.into_bytes()
}
