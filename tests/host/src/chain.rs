//! The filters of one listener on one worker, and a request's way through them and back.

use crate::guest::{LocalReply, Scope};
use crate::headers::Headers;
use crate::leg::{Filter, Leg, Stop};
use crate::message::{Exchange, Message, Outcome, Request};
use crate::vm::{ConfigureRefused, Direction, Trap, Vm};

/// Envoy's default for `per_connection_buffer_limit_bytes`.
const DEFAULT_BODY_LIMIT: usize = 1 << 20;

/// Bytes of a response's body that come at once.
const CHUNK: usize = 16 << 10;

/// Filters in the order of a listener, with `allow_on_headers_stop_iteration` and `FAIL_RELOAD`.
pub struct Chain {
    filters: Vec<Filter>,
    body_limit: usize,
}

impl Chain {
    /// A chain with Envoy's default buffer limit, 1 MiB.
    #[must_use]
    pub fn new(vms: Vec<Vm>) -> Self {
        let filters = vms.into_iter().map(|vm| Filter { vm, context: None }).collect();
        Self { filters, body_limit: DEFAULT_BODY_LIMIT }
    }

    /// Sets how many bytes of a body a filter may buffer: past it the client gets 413, or 500 for a response.
    #[must_use]
    pub fn with_body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = bytes;
        self
    }

    /// The VM of a filter, to tick it; `None` past the end.
    pub fn vm(&mut self, filter: usize) -> Option<&mut Vm> {
        self.filters.get_mut(filter).map(|filter| &mut filter.vm)
    }

    /// Sends a request to an upstream that answers 200 with no body.
    pub fn request(&mut self, request: &Request) -> Exchange {
        self.request_with(request, &Message::response(200, Vec::new()))
    }

    /// Sends a request to an upstream that answers as told.
    pub fn request_with(&mut self, request: &Request, upstream: &Message) -> Exchange {
        let (mut exchange, stream) = self.begin(request, upstream);
        self.end(stream);
        for (all, filter) in exchange.work.iter_mut().zip(&mut self.filters) {
            all.add(filter.vm.take_work());
        }
        exchange
    }

    /// The same, but the stream does not end, though its outcome is known: see [`Chain::end`].
    pub fn begin(&mut self, request: &Request, upstream: &Message) -> (Exchange, Stream) {
        let reloaded = self.reload();
        for filter in &mut self.filters {
            filter.context = None;
            // What a VM did before the request is not the request's work.
            filter.vm.take_work();
        }
        let mut scope = Scope { properties: properties(request), ..Scope::default() };
        let (outcome, request_headers, upstream) = match reloaded {
            Ok(()) => self.run(request, upstream, &mut scope),
            Err((filter, refused)) => {
                (Outcome::Trapped { filter, message: refused.to_string() }, Headers::new(), None)
            }
        };
        let work = self.filters.iter_mut().map(|filter| filter.vm.take_work()).collect();
        let contexts = self.filters.iter_mut().map(|filter| filter.context.take()).collect();
        scope.tell_end(request, request_headers, &outcome);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let filter_state = scope.filter_state.iter().map(|(name, value)| (text(name), text(value))).collect();
        (Exchange { outcome, upstream, filter_state, work }, Stream { contexts, scope })
    }

    /// Ends a stream in every filter that saw it. A trap here takes nothing from the response, only the VM; a VM that was
    /// replaced since does not know the stream.
    pub fn end(&mut self, mut stream: Stream) {
        for (filter, context) in self.filters.iter_mut().zip(stream.contexts) {
            if let Some(context) = context
                && let Err(trap) = filter.vm.close_stream(context, &mut stream.scope)
            {
                filter.vm.note(&format!("the module trapped after the response: {trap}"));
            }
        }
    }

    /// A new VM for each filter that trapped before; else the filter whose VM does not start.
    fn reload(&mut self) -> Result<(), (usize, ConfigureRefused)> {
        for (index, filter) in self.filters.iter_mut().enumerate() {
            filter.vm.reload_if_failed().map_err(|refused| (index, refused))?;
        }
        Ok(())
    }

    /// The outcome, the request's headers as they are at the end, and the request as the upstream saw it.
    fn run(
        &mut self,
        request: &Request,
        upstream: &Message,
        scope: &mut Scope,
    ) -> (Outcome, Headers, Option<Message>) {
        let mut leg = Leg::new(Direction::Request, &mut self.filters, scope, self.body_limit);
        let sent = leg.send(request.head(), &request.body, request.trailers.as_ref());
        let (stalled, log_headers) = (leg.stalled(), leg.current_headers());
        let arrived = std::mem::take(&mut leg.arrived);
        let mut seen = None;
        let outcome = match sent {
            Ok(()) => match stalled {
                Some(filter) => Outcome::Stalled { filter, sent: None },
                None => {
                    seen = Some(arrived.clone());
                    self.respond(upstream, Reply::Upstream(arrived), scope)
                }
            },
            Err(stop) => self.answer_stop(stop, request.method == "HEAD", scope),
        };
        (outcome, log_headers, seen)
    }

    /// The request went no further than a filter.
    fn answer_stop(&mut self, stop: Stop, head: bool, scope: &mut Scope) -> Outcome {
        match stop {
            Stop::Reply { filter, reply } => self.local_reply(reply, Some(filter), head, scope),
            Stop::TooLarge { .. } => {
                let reply = host_reply(413, "Payload Too Large", "request_payload_too_large");
                self.local_reply(reply, None, head, scope)
            }
            Stop::Trapped { filter, trap } => trapped(filter, &trap),
            Stop::Closed { filter } => Outcome::Reset { filter },
        }
    }

    /// A local reply passes the filters that saw the request, as a response does.
    fn local_reply(
        &mut self,
        reply: LocalReply,
        by: Option<usize>,
        head: bool,
        scope: &mut Scope,
    ) -> Outcome {
        let mut message = reply_message(&reply);
        if head {
            message.body.clear();
        }
        self.respond(&message, Reply::Local { details: reply.details, by }, scope)
    }

    fn respond(&mut self, response: &Message, reply: Reply, scope: &mut Scope) -> Outcome {
        let details = match &reply {
            Reply::Upstream(_) => "via_upstream",
            Reply::Local { details, .. } => details,
        };
        scope.properties.insert(b"response\0code_details".to_vec(), details.as_bytes().to_vec());
        let mut leg = Leg::new(Direction::Response, &mut self.filters, scope, self.body_limit);
        let chunks: Vec<Vec<u8>> = response.body.chunks(CHUNK).map(<[u8]>::to_vec).collect();
        let sent = leg.send(response.headers.clone(), &chunks, response.trailers.as_ref());
        let began = leg.began;
        match (sent, leg.stalled()) {
            (Ok(()), None) => reply.arrives(std::mem::take(&mut leg.arrived)),
            (Ok(()), Some(filter)) => {
                Outcome::Stalled { filter, sent: began.then(|| std::mem::take(&mut leg.arrived)) }
            }
            (Err(Stop::Trapped { filter, trap }), _) => trapped(filter, &trap),
            (Err(Stop::Closed { filter }), _) => Outcome::Reset { filter },
            (Err(Stop::Reply { filter, .. } | Stop::TooLarge { filter }), _) if began => {
                Outcome::Reset { filter }
            }
            (Err(Stop::Reply { filter, reply }), _) => direct(&reply, Some(filter)),
            (Err(Stop::TooLarge { .. }), _) => {
                direct(&host_reply(500, "Internal Server Error", "response_payload_too_large"), None)
            }
        }
    }
}

/// A stream that has not ended yet.
pub struct Stream {
    /// By filter; only those that saw the request have one.
    contexts: Vec<Option<u32>>,
    scope: Scope,
}

impl Scope {
    /// What filters can learn when the stream has ended, as Envoy tells it: the heads as they went, and how many bytes.
    fn tell_end(&mut self, request: &Request, request_headers: Headers, outcome: &Outcome) {
        let response = match outcome {
            Outcome::Upstream { response, .. } => Some(response),
            Outcome::LocalReply { reply, .. } => Some(reply),
            Outcome::Trapped { .. } | Outcome::Stalled { .. } | Outcome::Reset { .. } => None,
        };
        let body: usize = request.body.iter().map(Vec::len).sum();
        let sent = size(&request_headers) + body;
        let received = response.map_or(0, |response| size(&response.headers) + response.body.len());
        for (path, bytes) in [("request\0total_size", sent), ("response\0total_size", received)] {
            self.properties.insert(path.as_bytes().to_vec(), (bytes as u64).to_le_bytes().to_vec());
        }
        self.read_only = true;
        self.maps.request_headers = Some(request_headers);
        self.maps.response_headers = response.map(|response| response.headers.clone());
    }
}

fn size(headers: &Headers) -> usize {
    headers.iter().map(|(name, value)| name.len() + value.len()).sum()
}

/// Whose response comes back.
enum Reply {
    Upstream(Message),
    Local { details: String, by: Option<usize> },
}

impl Reply {
    fn arrives(self, response: Message) -> Outcome {
        match self {
            Self::Upstream(request) => Outcome::Upstream { request, response },
            Self::Local { details, by } => Outcome::LocalReply { reply: response, details, by },
        }
    }
}

fn trapped(filter: usize, trap: &Trap) -> Outcome {
    Outcome::Trapped { filter, message: trap.to_string() }
}

/// A reply that replaces a response on its way: no filter sees it.
fn direct(reply: &LocalReply, by: Option<usize>) -> Outcome {
    Outcome::LocalReply { reply: reply_message(reply), details: reply.details.clone(), by }
}

fn host_reply(status: u16, body: &str, details: &str) -> LocalReply {
    LocalReply {
        status,
        headers: Headers::new(),
        body: body.as_bytes().to_vec(),
        details: details.to_owned(),
    }
}

/// Envoy adds the length of a body, and a type when the filter gave none.
fn reply_message(reply: &LocalReply) -> Message {
    let mut message = Message::response(reply.status, reply.body.clone());
    for (name, value) in reply.headers.iter() {
        message.headers.add(name, value);
    }
    if reply.body.is_empty() {
        message.headers.remove("content-length");
        message.headers.remove("content-type");
        return message;
    }
    message.headers.replace("content-length", reply.body.len().to_string());
    if message.headers.get("content-type").is_none() {
        message.headers.add("content-type", "text/plain");
    }
    message
}

fn properties(request: &Request) -> std::collections::BTreeMap<Vec<u8>, Vec<u8>> {
    let given =
        request.properties.iter().map(|(path, value)| (path.replace('.', "\0").into_bytes(), value.clone()));
    let source = (b"source\0address".to_vec(), request.source_address.clone().into_bytes());
    std::iter::once(source).chain(given).collect()
}
