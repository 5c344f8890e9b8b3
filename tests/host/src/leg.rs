//! One message on its way through the filters, as Envoy's filter manager moves it: a filter that pauses holds what came, and those after it see nothing.

use crate::guest::{LocalReply, Scope};
use crate::headers::Headers;
use crate::message::Message;
use crate::vm::{Action, Direction, Part, Trap, Vm};

/// How often a filter that holds a message is woken before it counts as stalled; at a tick of 100 ms, 20 seconds.
const MOST_TICKS: u32 = 200;

/// A filter of the chain and its context for the stream, once it has one.
pub(crate) struct Filter {
    pub(crate) vm: Vm,
    pub(crate) context: Option<u32>,
}

/// Why a message goes no further.
pub(crate) enum Stop {
    Reply {
        filter: usize,
        reply: LocalReply,
    },
    /// A filter buffers more than the limit.
    TooLarge {
        filter: usize,
    },
    Trapped {
        filter: usize,
        trap: Trap,
    },
    Closed {
        filter: usize,
    },
}

/// What one filter has in its hands.
#[derive(Default)]
struct Held {
    headers: Option<Headers>,
    body: Option<Vec<u8>>,
    trailers: Option<Headers>,
}

/// A message under way in one direction.
pub(crate) struct Leg<'a> {
    direction: Direction,
    filters: &'a mut [Filter],
    scope: &'a mut Scope,
    /// Indices of filters, in the order they see the message.
    order: Vec<usize>,
    held: Vec<Held>,
    body_limit: usize,
    /// What has come out at the end.
    pub(crate) arrived: Message,
    /// Whether the headers have come out.
    pub(crate) began: bool,
    complete: bool,
}

impl<'a> Leg<'a> {
    /// All filters in order for a request; in reverse, and only those that saw the request, for a response.
    pub(crate) fn new(
        direction: Direction,
        filters: &'a mut [Filter],
        scope: &'a mut Scope,
        body_limit: usize,
    ) -> Self {
        let order: Vec<usize> = match direction {
            Direction::Request => (0..filters.len()).collect(),
            Direction::Response => {
                let opened = filters.iter().enumerate().rev().filter(|(_, filter)| filter.context.is_some());
                opened.map(|(index, _)| index).collect()
            }
        };
        let held = order.iter().map(|_| Held::default()).collect();
        Self {
            direction,
            filters,
            scope,
            order,
            held,
            body_limit,
            arrived: Message::default(),
            began: false,
            complete: false,
        }
    }

    /// Sends a whole message. `Ok` says that nothing stopped it, not that it arrived: see [`Leg::stalled`].
    pub(crate) fn send(
        &mut self,
        headers: Headers,
        body: &[Vec<u8>],
        trailers: Option<&Headers>,
    ) -> Result<(), Stop> {
        self.headers(0, headers, body.is_empty() && trailers.is_none())?;
        for (index, chunk) in body.iter().enumerate() {
            let last = index + 1 == body.len() && trailers.is_none();
            self.body(0, chunk, last)?;
        }
        trailers.map_or(Ok(()), |trailers| self.trailers(0, trailers.clone()))?;
        self.wait()
    }

    /// As long as a filter holds the message, it gets the replies to its calls, and its ticks.
    fn wait(&mut self) -> Result<(), Stop> {
        for _ in 0..MOST_TICKS {
            let Some(position) = self.holding() else { return Ok(()) };
            if !self.wake(position)? {
                return Ok(());
            }
        }
        Ok(())
    }

    /// False when nothing can wake the filter.
    fn wake(&mut self, position: usize) -> Result<bool, Stop> {
        let (Some(&index), Some(held)) = (self.order.get(position), self.held.get_mut(position)) else {
            return Ok(false);
        };
        let Some(filter) = self.filters.get_mut(index) else { return Ok(false) };
        lend(self.scope, self.direction, held);
        let woken = filter
            .vm
            .deliver(Some(self.scope))
            .and_then(|delivered| if delivered { Ok(true) } else { filter.vm.pass_a_tick(self.scope) });
        lend(self.scope, self.direction, held);
        let woken = woken.map_err(|trap| Stop::Trapped { filter: index, trap })?;
        if let Some(reply) = self.scope.reply.take() {
            return Err(Stop::Reply { filter: index, reply });
        }
        if std::mem::take(&mut self.scope.resumed) {
            self.resume(position)?;
        }
        Ok(woken)
    }

    /// What the filter holds goes on.
    fn resume(&mut self, position: usize) -> Result<(), Stop> {
        let Some(held) = self.held.get_mut(position) else { return Ok(()) };
        let (ends_with_headers, ends_with_body) =
            (held.body.is_none() && held.trailers.is_none(), held.trailers.is_none());
        self.pass_headers(position, ends_with_headers)?;
        self.pass_body(position, ends_with_body)?;
        let trailers = self.held.get_mut(position).and_then(|held| held.trailers.take());
        trailers.map_or(Ok(()), |trailers| self.trailers(position + 1, trailers))
    }

    /// The place of the filter that holds the message.
    fn holding(&self) -> Option<usize> {
        let holds = |held: &Held| held.headers.is_some() || held.body.is_some() || held.trailers.is_some();
        self.held.iter().position(holds).filter(|_| !self.complete)
    }

    /// The filter that holds the message back, when it has not arrived whole.
    pub(crate) fn stalled(&self) -> Option<usize> {
        self.order.get(self.holding()?).copied()
    }

    /// The headers as they are now, wherever they are: for the access log.
    pub(crate) fn current_headers(&self) -> Headers {
        let held = self.held.iter().find_map(|held| held.headers.as_ref());
        held.unwrap_or(&self.arrived.headers).clone()
    }

    fn headers(&mut self, position: usize, headers: Headers, end_of_stream: bool) -> Result<(), Stop> {
        let Some(held) = self.held.get_mut(position) else {
            self.arrived.headers = headers;
            (self.began, self.complete) = (true, end_of_stream);
            return Ok(());
        };
        let count = headers.len();
        held.headers = Some(headers);
        match self.call(position, Part::Headers { count, end_of_stream })? {
            Action::Continue => self.pass_headers(position, end_of_stream),
            Action::Pause => Ok(()),
        }
    }

    /// A filter that buffers is asked again with all it has so far.
    fn body(&mut self, position: usize, chunk: &[u8], end_of_stream: bool) -> Result<(), Stop> {
        let Some(held) = self.held.get_mut(position) else {
            self.arrived.body.extend_from_slice(chunk);
            self.complete |= end_of_stream;
            return Ok(());
        };
        let buffering = held.body.is_some();
        let body = held.body.get_or_insert_default();
        body.extend_from_slice(chunk);
        let size = body.len();
        if buffering {
            self.within_limit(position)?;
        }
        match self.call(position, Part::Body { size, end_of_stream })? {
            Action::Continue => {
                self.pass_headers(position, false)?;
                self.pass_body(position, end_of_stream)
            }
            Action::Pause => self.within_limit(position),
        }
    }

    fn trailers(&mut self, position: usize, trailers: Headers) -> Result<(), Stop> {
        let Some(held) = self.held.get_mut(position) else {
            self.arrived.trailers = Some(trailers);
            self.complete = true;
            return Ok(());
        };
        let count = trailers.len();
        held.trailers = Some(trailers);
        match self.call(position, Part::Trailers { count })? {
            Action::Continue => {
                self.pass_headers(position, false)?;
                self.pass_body(position, false)?;
                let trailers = self.held.get_mut(position).and_then(|held| held.trailers.take());
                trailers.map_or(Ok(()), |trailers| self.trailers(position + 1, trailers))
            }
            Action::Pause => Ok(()),
        }
    }

    fn pass_headers(&mut self, position: usize, end_of_stream: bool) -> Result<(), Stop> {
        let headers = self.held.get_mut(position).and_then(|held| held.headers.take());
        headers.map_or(Ok(()), |headers| self.headers(position + 1, headers, end_of_stream))
    }

    fn pass_body(&mut self, position: usize, end_of_stream: bool) -> Result<(), Stop> {
        let body = self.held.get_mut(position).and_then(|held| held.body.take());
        body.map_or(Ok(()), |body| self.body(position + 1, &body, end_of_stream))
    }

    fn within_limit(&self, position: usize) -> Result<(), Stop> {
        let size = self.held.get(position).and_then(|held| held.body.as_ref()).map_or(0, Vec::len);
        match self.order.get(position) {
            Some(&filter) if size > self.body_limit => Err(Stop::TooLarge { filter }),
            _ => Ok(()),
        }
    }

    /// Lends the filter what it holds, calls it, and takes back what it has made of it.
    fn call(&mut self, position: usize, part: Part) -> Result<Action, Stop> {
        let (Some(&index), Some(held)) = (self.order.get(position), self.held.get_mut(position)) else {
            return Ok(Action::Continue);
        };
        let Some(filter) = self.filters.get_mut(index) else { return Ok(Action::Continue) };
        lend(self.scope, self.direction, held);
        let answer = answer(filter, self.direction, part, self.scope);
        lend(self.scope, self.direction, held);
        let action = answer.map_err(|trap| Stop::Trapped { filter: index, trap })?;
        if std::mem::take(&mut self.scope.closed) {
            return Err(Stop::Closed { filter: index });
        }
        if let Some(reply) = self.scope.reply.take() {
            return Err(Stop::Reply { filter: index, reply });
        }
        Ok(if std::mem::take(&mut self.scope.resumed) { Action::Continue } else { action })
    }
}

fn answer(filter: &mut Filter, direction: Direction, part: Part, scope: &mut Scope) -> Result<Action, Trap> {
    let context = match filter.context {
        Some(context) => context,
        None => filter.vm.open_stream(scope)?,
    };
    filter.context = Some(context);
    filter.vm.on_part(context, direction, part, scope)
}

/// Exchanges what the filter holds and what the scope holds: there before a call, back after it.
fn lend(scope: &mut Scope, direction: Direction, held: &mut Held) {
    let maps = &mut scope.maps;
    let (headers, body, trailers) = match direction {
        Direction::Request => {
            (&mut maps.request_headers, &mut scope.request_body, &mut maps.request_trailers)
        }
        Direction::Response => {
            (&mut maps.response_headers, &mut scope.response_body, &mut maps.response_trailers)
        }
    };
    std::mem::swap(headers, &mut held.headers);
    std::mem::swap(body, &mut held.body);
    std::mem::swap(trailers, &mut held.trailers);
}
