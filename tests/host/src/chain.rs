//! The filters of one listener on one worker, and a request's way through them and back.

use crate::guest::{LocalReply, Scope};
use crate::headers::Headers;
use crate::leg::{Filter, Leg, Stop};
use crate::message::{Exchange, Message, Outcome, Request};
use crate::vm::{ConfigureRefused, Direction, Trap, Vm};

/// Envoy's default for `per_connection_buffer_limit_bytes`.
const DEFAULT_BODY_LIMIT: usize = 1 << 20;

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
        let reloaded = self.reload();
        for filter in &mut self.filters {
            filter.context = None;
            // What a VM did before the request is not the request's work.
            filter.vm.take_work();
        }
        let outcome = match reloaded {
            Ok(()) => self.run(request, upstream),
            Err((filter, refused)) => Outcome::Trapped { filter, message: refused.to_string() },
        };
        let work = self.filters.iter_mut().map(|filter| filter.vm.take_work()).collect();
        Exchange { outcome, work }
    }

    /// A new VM for each filter that trapped before; else the filter whose VM does not start.
    fn reload(&mut self) -> Result<(), (usize, ConfigureRefused)> {
        for (index, filter) in self.filters.iter_mut().enumerate() {
            filter.vm.reload_if_failed().map_err(|refused| (index, refused))?;
        }
        Ok(())
    }

    fn run(&mut self, request: &Request, upstream: &Message) -> Outcome {
        let mut scope = Scope { properties: properties(request), ..Scope::default() };
        let mut leg = Leg::new(Direction::Request, &mut self.filters, &mut scope, self.body_limit);
        let sent = leg.send(request.head(), &request.body, request.trailers.as_ref());
        let (stalled, log_headers) = (leg.stalled(), leg.current_headers());
        let arrived = std::mem::take(&mut leg.arrived);
        let outcome = match sent {
            Ok(()) => match stalled {
                Some(filter) => Outcome::Stalled { filter, sent: None },
                None => self.respond(upstream, Reply::Upstream(arrived), &mut scope),
            },
            Err(stop) => self.answer_stop(stop, request.method == "HEAD", &mut scope),
        };
        self.finish(log_headers, &outcome, &mut scope);
        outcome
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
        let mut leg = Leg::new(Direction::Response, &mut self.filters, scope, self.body_limit);
        let chunks = if response.body.is_empty() { Vec::new() } else { vec![response.body.clone()] };
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

    /// Ends the stream in every filter that saw it. A trap here takes nothing from the response, only the VM.
    fn finish(&mut self, request_headers: Headers, outcome: &Outcome, scope: &mut Scope) {
        scope.read_only = true;
        scope.maps.request_headers = Some(request_headers);
        scope.maps.response_headers = match outcome {
            Outcome::Upstream { response, .. } => Some(response.headers.clone()),
            Outcome::LocalReply { reply, .. } => Some(reply.headers.clone()),
            Outcome::Trapped { .. } | Outcome::Stalled { .. } | Outcome::Reset { .. } => None,
        };
        for filter in &mut self.filters {
            if let Some(context) = filter.context.take()
                && let Err(trap) = filter.vm.close_stream(context, scope)
            {
                filter.vm.note(&format!("the module trapped after the response: {trap}"));
            }
        }
    }
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
