//! What goes into a chain and what comes out: requests, responses, and what became of them.

use std::collections::BTreeMap;

use crate::headers::Headers;

/// A request as the listener has read it. Build one with [`Request::get`] or [`Request::new`] and set what matters.
#[derive(Clone, Debug)]
pub struct Request {
    /// `:method`.
    pub method: String,
    /// `:path`, query included.
    pub path: String,
    /// `:authority`.
    pub authority: String,
    /// Headers after the pseudo-headers; repeats and bytes that are not text are allowed.
    pub headers: Headers,
    /// The body, one callback per chunk. The last one ends the stream unless there are trailers; without chunks and trailers the headers do.
    /// End with an empty chunk to see what HTTP/1.1 usually does.
    pub body: Vec<Vec<u8>>,
    /// Trailers, as HTTP/2 has them: then no body callback is the end of the stream.
    pub trailers: Option<Headers>,
    /// The property `source.address`: address and port.
    pub source_address: String,
    /// Further properties of the host by dotted path, such as `request.id`. Path elements that hold dots can't be named here.
    pub properties: BTreeMap<String, Vec<u8>>,
}

impl Request {
    /// A request to `api.example`, from 192.0.2.1:50000, with neither headers nor body.
    #[must_use]
    pub fn new(method: &str, path: &str) -> Self {
        Self {
            method: method.to_owned(),
            path: path.to_owned(),
            authority: "api.example".to_owned(),
            headers: Headers::new(),
            body: Vec::new(),
            trailers: None,
            source_address: "192.0.2.1:50000".to_owned(),
            properties: BTreeMap::new(),
        }
    }

    /// A GET.
    #[must_use]
    pub fn get(path: &str) -> Self {
        Self::new("GET", path)
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers.add(name, value);
        self
    }

    /// Adds a chunk of body.
    #[must_use]
    pub fn chunk(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.body.push(bytes.into());
        self
    }

    /// The head as filters see it, pseudo-headers first.
    pub(crate) fn head(&self) -> Headers {
        let scheme = "http".to_owned();
        let pseudo = [
            (":authority", &self.authority),
            (":path", &self.path),
            (":method", &self.method),
            (":scheme", &scheme),
        ];
        let mut head: Headers = pseudo.into_iter().collect();
        for (name, value) in self.headers.iter() {
            head.add(name, value);
        }
        head
    }
}

/// A message at the end of a chain: what the upstream got, or what the client got.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// Headers, pseudo-headers included.
    pub headers: Headers,
    /// The whole body.
    pub body: Vec<u8>,
    /// Trailers, when there were any.
    pub trailers: Option<Headers>,
}

impl Message {
    /// A response with a status and a body.
    #[must_use]
    pub fn response(status: u16, body: impl Into<Vec<u8>>) -> Self {
        let headers = [(":status", status.to_string())].into_iter().collect();
        Self { headers, body: body.into(), trailers: None }
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers.add(name, value);
        self
    }

    /// `:status`, or 0 when there is none that is a number.
    #[must_use]
    pub fn status(&self) -> u16 {
        let status = self.headers.get(":status").and_then(|value| std::str::from_utf8(value).ok());
        status.and_then(|text| text.parse().ok()).unwrap_or(0)
    }
}

/// A call that a plugin makes to a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceCall {
    /// The name of the cluster.
    pub service: String,
    /// Headers, pseudo-headers included.
    pub headers: Headers,
    /// The body.
    pub body: Vec<u8>,
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The chain let it through.
    Upstream {
        /// As the upstream saw it.
        request: Message,
        /// As the client saw it.
        response: Message,
    },
    /// A filter answered, or the host did because a body outgrew the buffer limit.
    LocalReply {
        /// As the client saw it.
        reply: Message,
        /// `%RESPONSE_CODE_DETAILS%`: white space is `_`, as in Envoy.
        details: String,
        /// Index in the chain of the filter that answered; `None` for the host itself.
        by: Option<usize>,
    },
    /// A filter trapped. The client sees 503; the next request finds a new VM, as under `FAIL_RELOAD`.
    Trapped {
        /// Index in the chain.
        filter: usize,
        /// The trap and the module's backtrace.
        message: String,
    },
    /// A filter paused and nothing would ever make it go on: Envoy would hang until a timeout.
    Stalled {
        /// Index in the chain.
        filter: usize,
        /// What the client got before that, if the response had begun.
        sent: Option<Message>,
    },
    /// A filter closed the stream, or answered after the response's headers had gone out.
    Reset {
        /// Index in the chain.
        filter: usize,
    },
}

impl Outcome {
    /// The status the client saw; `None` when it saw no whole response.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Upstream { response, .. } => Some(response.status()),
            Self::LocalReply { reply, .. } => Some(reply.status()),
            Self::Trapped { .. } => Some(503),
            Self::Stalled { .. } | Self::Reset { .. } => None,
        }
    }
}

/// What a module wrote: by `proxy_log`, or to standard output (level 2) or standard error (level 4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// 0 trace, 1 debug, 2 info, 3 warn, 4 error, 5 critical.
    pub level: u32,
    /// The text; bytes that are not UTF-8 replaced.
    pub message: String,
}

/// What one filter did for one request, from its first callback to its last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Work {
    /// wasmtime's fuel: about one per WebAssembly instruction, the same on every run.
    pub fuel: u64,
    /// Host calls by name.
    pub host_calls: BTreeMap<&'static str, u64>,
    /// What it wrote.
    pub log: Vec<LogLine>,
}

impl Work {
    /// Adds what was done later.
    pub(crate) fn add(&mut self, later: Self) {
        self.fuel += later.fuel;
        for (name, count) in later.host_calls {
            *self.host_calls.entry(name).or_default() += count;
        }
        self.log.extend(later.log);
    }
}

/// A request's outcome and what each filter of the chain did for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// What became of the request.
    pub outcome: Outcome,
    /// The request as the upstream saw it, whatever the client was told then.
    pub upstream: Option<Message>,
    /// What the filters have set by one name, for the access log.
    pub filter_state: BTreeMap<String, String>,
    /// One per filter, in the order of the chain.
    pub work: Vec<Work>,
}
