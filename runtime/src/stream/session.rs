//! A client's connection from its acceptance to its end: PROXY header, connection rules, then request by request.
//!
//! While a client idles its task is all there is of it: what a request needs is made when its first byte comes.

mod client;
mod exchange;
mod open;

use std::{
    future::poll_fn,
    net::SocketAddr,
    rc::Rc,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use locum_model::proxy::Mode;

use super::{
    Stream,
    connect::Own,
    deadline,
    facts::{SessionFacts, StreamFacts},
    side::h1::H1Side,
};
use crate::{
    clock,
    filter::Filters,
    http::{
        Buffer, Head,
        h1::{body::BodyFraming, decode::Limits, framing::request_framing},
    },
    live::gauge::Share,
    net::{conn::Conn, connect},
    plan::{ListenerId, Proxy},
    vocab::Now,
    worker::{
        Worker,
        wait::{Control, Interrupted, Order, StreamTag, Waiter},
    },
};

/// How long after its last answer a client's next request is waited for although a soft stop closes idle connections:
/// what answers at full speed would otherwise lose the requests that clients are just sending.
const NEXT_REQUEST: Duration = Duration::from_millis(50);

/// A connection that was just accepted, with its place among the frontend's and the process's.
pub struct Accepted {
    /// The connection.
    pub conn: Conn,
    /// Whose it is; none on a unix socket.
    pub peer: Option<SocketAddr>,
    /// The socket that it came through.
    pub listener: ListenerId,
    /// When.
    pub at: Now,
    /// Given back when the session ends.
    pub shares: [Share; 2],
}

/// What lives as long as the client's connection.
pub struct Session {
    worker: Rc<Worker>,
    facts: SessionFacts,
    waiter: Waiter,
    /// The connection, while no request has it.
    conn: Option<Conn>,
    /// Bytes that came before they were asked for.
    early: Option<Box<Buffer>>,
    /// Since when the client has had nothing under way.
    rested: Instant,
    own: Vec<Own>,
    _shares: [Share; 2],
    /// Its entry among the worker's sessions.
    key: usize,
}

impl Drop for Session {
    /// Takes the connection off the books when its task ends, also by a panic.
    fn drop(&mut self) {
        self.own.drain(..).for_each(Own::close);
        if let Some(conn) = self.conn.take()
            && self.frontend().options.nolinger
        {
            // The end is told first: a client that has read everything sees no error.
            conn.shutdown_write();
            conn.close_at_once();
        }
        self.worker.leave(self.key);
        self.worker.mailboxes.remove_load(self.worker.index);
    }
}

impl Session {
    /// Enters an accepted connection among the worker's sessions.
    pub fn new(worker: Rc<Worker>, accepted: Accepted) -> Self {
        let Accepted {
            conn,
            peer,
            listener,
            at,
            shares,
        } = accepted;
        let planned = &worker.plan.listeners[listener.index()];
        let frontend = planned.frontend;
        // Where a socket listens on one address only, the kernel needn't be asked.
        let destination = planned.only_address().or_else(|| conn.local_address());
        let control = Rc::new(Control::default());
        Self {
            key: worker.enter(control.clone()),
            facts: SessionFacts {
                mode: worker.plan.proxy(frontend).mode,
                frontend,
                listener,
                accepted: at,
                source: peer,
                destination,
                handshake_ms: 0,
                requests: 0,
                descriptor: conn.descriptor(),
                worker: worker.index as u16,
                failed: None,
                expects_proxy_header: false,
                proxy_header: None,
                variables: std::cell::RefCell::default(),
                tracking: crate::stick::Tracking::default(),
            },
            waiter: Waiter::new(control),
            conn: Some(conn),
            early: None,
            rested: at.instant,
            own: Vec::new(),
            _shares: shares,
            worker,
        }
    }

    /// Serves the client to its end: the future of the connection's task. It is one block: a function of its own would
    /// hold what it is given twice.
    pub fn run(mut self) -> impl Future<Output = ()> + 'static {
        clock::held(async move {
            self.keep_alive();
            if let Some(text) = self.greeting() {
                return Box::pin(self.greet(text)).await;
            }
            if self.needs_opening() {
                if Box::pin(self.open()).await.is_none() {
                    return;
                }
            } else {
                self.worker.count_session(self.frontend());
            }
            if self.facts.mode == Mode::Tcp {
                if !Box::pin(self.bytes()).await {
                    return;
                }
                self.rested = clock::now();
            }
            // The future of a request is much larger than that of an idle connection: it lives only meanwhile.
            while poll_fn(|cx| self.poll_request(cx)).await && Box::pin(self.exchange()).await {
                self.rested = clock::now();
            }
        })
    }

    fn count_failed_request(&self) {
        let live = self.worker.live.proxy(self.facts.frontend);
        let counters = live.frontend.of(self.worker.index);
        counters.failed_requests.increment();
    }

    fn frontend(&self) -> &Proxy {
        self.worker.plan.proxy(self.facts.frontend)
    }

    /// `option clitcpka`.
    fn keep_alive(&self) {
        let frontend = self.frontend().frontend.as_ref();
        if let Some(keepalive) = frontend.and_then(|frontend| frontend.keepalive.as_ref())
            && let Some(conn) = &self.conn
        {
            // A socket that can't have it works all the same.
            let _ = conn.with_socket(|socket| connect::set_keepalive(socket, keepalive));
        }
    }

    /// The connection with a buffer for it, as a side of a stream. None if the connection is gone.
    fn side(&mut self) -> Option<H1Side> {
        let limits = request_limits(&self.worker, self.frontend());
        let mut side = H1Side::new(self.conn.take()?, self.worker.buffers.clone(), limits);
        if self.frontend().options.h1_case_adjust_bogus_client {
            side.names = Some(self.worker.plan.names.clone());
        }
        if let Some(early) = self.early.take() {
            side.input = *early;
            if self.facts.requests == 0 {
                // No stream has counted them.
                side.received = side.input.len() as u64;
            }
        }
        Some(side)
    }

    fn count_sent(&self, side: &H1Side) {
        let worker = &self.worker;
        worker
            .live
            .count_sent(worker.index, side.sent(), clock::now());
    }

    /// Puts back what [`Self::side`] took. The buffer stays only if something is in it.
    fn rest(&mut self, side: H1Side) {
        if side.has_vanished {
            return;
        }
        let (conn, buffer) = side.into_parts();
        self.conn = Some(conn);
        if buffer.is_empty() {
            self.worker.buffers.give(buffer);
        } else {
            self.early = Some(Box::new(buffer));
        }
    }

    /// Waits for the first byte of a request; the connection holds no buffer meanwhile. `false`: there will be none.
    ///
    /// A soft stop ends the wait, unless `idle-close-on-response` gives the client one more request, a request is there
    /// already, or one is likely to be on its way.
    fn poll_request(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        let Some(conn) = &mut self.conn else {
            return Poll::Ready(false);
        };
        if self.early.is_some() {
            return Poll::Ready(true);
        }
        if conn.is_fresh() {
            // Most clients send their request with their connection.
            let mut buffer = self.worker.buffers.take();
            let filled = conn.poll_fill(cx, &mut buffer);
            if !buffer.is_empty() {
                self.early = Some(Box::new(buffer));
            } else {
                self.worker.buffers.give(buffer);
            }
            if filled.is_ready() {
                return Poll::Ready(true);
            }
        }
        let first = self.facts.requests == 0;
        let frontend = self.worker.plan.proxy(self.facts.frontend);
        let timeouts = &frontend.timeouts;
        let limit = match timeouts.http_keep_alive {
            Some(limit) if !first => Some(limit),
            _ => timeouts.http_request.or(timeouts.client),
        };
        let ends = self.waiter.control.current() == Some(Order::Finish)
            && !first
            && !frontend.options.idle_close_on_response;
        let limit = match limit {
            Some(limit) if ends => Some(limit.min(NEXT_REQUEST)),
            None if ends => Some(NEXT_REQUEST),
            _ => limit,
        };
        let until = deadline(self.rested, limit);
        let waited = self.waiter.poll(cx, until, |cx| conn.poll_readable(cx));
        waited.map(|waited| match waited {
            Ok(()) => true,
            Err(Interrupted::Deadline) if ends => conn.has_bytes(),
            // The first request's timeout is told to the client: the exchange does it.
            Err(Interrupted::Deadline) => first,
            Err(Interrupted::Killed) => false,
        })
    }

    /// Bytes both ways (mode tcp), or their first request. `true`: more requests may come.
    async fn bytes(&mut self) -> bool {
        let Some(mut side) = self.side() else {
            return false;
        };
        side.expect_body(BodyFraming::UntilClose);
        let start = self.facts.accepted;
        self.worker.live.requests.of(self.worker.index).increment();
        let mut stream = self.stream(&mut side, start);
        let upgrade = Box::pin(stream.forward()).await;
        drop(stream);
        self.count_sent(&side);
        self.rest(side);
        match upgrade {
            Some(upgrade) => Box::pin(self.upgraded(upgrade)).await,
            None => false,
        }
    }

    fn stream<'s>(&'s mut self, client: &'s mut H1Side, start: Now) -> Stream<'s, H1Side> {
        let number = self.worker.next_stream();
        self.numbered_stream(client, start, number)
    }

    fn numbered_stream<'s>(
        &'s mut self,
        client: &'s mut H1Side,
        start: Now,
        number: u64,
    ) -> Stream<'s, H1Side> {
        let Session {
            worker,
            facts,
            waiter,
            own,
            ..
        } = self;
        let worker: &'s Worker = worker;
        let frontend = worker.plan.proxy(facts.frontend);
        waiter.control.tag.set(Some(StreamTag {
            number,
            source: facts.source,
            frontend: frontend.id,
            backend: None,
            server: None,
            since: start.instant,
        }));
        Stream {
            worker,
            plan: &worker.plan,
            live: &worker.live,
            frontend,
            backend: frontend,
            session: facts,
            waiter,
            client,
            facts: StreamFacts::new(number, start),
            request: Head::default(),
            request_framing: request_framing(&Head::default()),
            response: worker.heads.take(),
            own,
            filters: Filters::of(&frontend.filters),
            slot: None,
            must_close: false,
            presence: None,
            bound: None,
            avoid: None,
            spoiled: None,
            forced: false,
            hinted: false,
            balanced: false,
            cookie: None,
        }
    }
}

pub(super) fn request_limits(worker: &Worker, frontend: &Proxy) -> Limits {
    let tune = worker.plan.tune;
    Limits {
        accept_invalid: frontend.options.accept_invalid_http_request,
        keep_case: worker.plan.has_line_rules,
        any_method_payload: worker.plan.global.accept_payload_with_any_method,
        ..Limits::of_buffer(tune.bufsize, tune.maxrewrite, tune.maxhdr)
    }
}

/// Bytes of the future of a connection, without the boxed one of a request.
#[cfg(test)]
pub(super) fn idle_future_size() -> usize {
    fn size_of_output<A, F: Future>(_: impl FnOnce(A) -> F) -> usize {
        size_of::<F>()
    }
    size_of_output(Session::run)
}
