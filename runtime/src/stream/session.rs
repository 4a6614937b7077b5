//! A client's connection from its acceptance to its end: PROXY header, connection rules, then request by request.

use std::{
    net::SocketAddr,
    rc::Rc,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use locum_model::proxy::Mode;

use super::{
    ClientSide, Stream,
    connect::{Own, milliseconds},
    deadline,
    facts::{ProxyFacts, SessionFacts, StreamFacts},
    failure::Failure,
    request::After,
    side::{Outgoing, SideError, h1::H1Side},
};
use crate::{
    clock,
    filter::Filters,
    http::{
        Buffer, Head,
        h1::{body::BodyFraming, decode::Limits, framing::request_framing},
    },
    live::gauge::Share,
    net::{
        conn::Conn,
        connect,
        proxy_protocol::{self, DecodeError},
    },
    plan::{Listener, Proxy},
    sample::view::{Buffered, View},
    vocab::{FailedConnection, Now},
    worker::{
        Worker,
        wait::{Control, Interrupted, Order, StreamTag, Waiter, While},
    },
};

/// A connection that was just accepted, with its place among the frontend's and the process's.
pub struct Accepted {
    /// The connection.
    pub conn: Conn,
    /// Whose it is; none on a unix socket.
    pub peer: Option<SocketAddr>,
    /// The socket that it came through.
    pub listener: crate::plan::ListenerId,
    /// When.
    pub at: Now,
    /// Given back when the session ends.
    pub shares: [Share; 2],
}

/// Serves one client to its end.
pub async fn run(worker: Rc<Worker>, accepted: Accepted, control: Rc<Control>) {
    let plan = worker.plan.clone();
    let listener = &plan.listeners[accepted.listener.index()];
    let frontend = plan.proxy(listener.frontend);
    let facts = SessionFacts {
        frontend: frontend.id,
        listener: listener.id,
        accepted: accepted.at,
        source: accepted.peer,
        destination: accepted.conn.local_address(),
        handshake_ms: 0,
        requests: 0,
        proxy_header: None,
        variables: std::cell::RefCell::default(),
    };
    let mut session = Session {
        worker: &worker,
        frontend,
        facts,
        waiter: Waiter::new(control),
        own: Vec::new(),
    };
    if let Some(keepalive) = frontend
        .frontend
        .as_ref()
        .and_then(|f| f.keepalive.as_ref())
    {
        // A socket that can't have it works all the same.
        let _ = connect::set_keepalive(&socket2::SockRef::from(&accepted.conn), keepalive);
    }
    let _shares = accepted.shares;
    let opened = if session.needs_opening(listener) {
        Box::pin(session.open(accepted.conn, listener)).await
    } else {
        worker.count_session(frontend);
        Some((accepted.conn, None))
    };
    let Some((conn, early)) = opened else { return };
    match frontend.mode {
        Mode::Http => session.http(conn, early).await,
        Mode::Tcp => Box::pin(session.bytes(conn, early)).await,
    }
}

fn of_header(error: DecodeError) -> FailedConnection {
    match error {
        DecodeError::NotProxy => FailedConnection::NoProxyHeader,
        DecodeError::UnknownProtocol => FailedConnection::UnhandledProxyProtocol,
        DecodeError::Invalid | DecodeError::TooLong => FailedConnection::InvalidProxyHeader,
    }
}

fn request_limits(worker: &Worker, frontend: &Proxy) -> Limits {
    let tune = worker.plan.tune;
    Limits {
        accept_invalid: frontend.options.accept_invalid_http_request,
        any_method_payload: worker.plan.global.accept_payload_with_any_method,
        ..Limits::of_buffer(tune.bufsize, tune.maxrewrite, tune.maxhdr)
    }
}

/// What lives as long as the client's connection.
struct Session<'w> {
    worker: &'w Worker,
    frontend: &'w Proxy,
    facts: SessionFacts,
    waiter: Waiter,
    own: Vec<Own>,
}

impl<'w> Session<'w> {
    /// Whether anything stands between the acceptance and the first request.
    fn needs_opening(&self, listener: &Listener) -> bool {
        let rules = &self.frontend.rules;
        listener.bind.accept_proxy
            || !rules.tcp_request_connection.is_empty()
            || !rules.tcp_request_session.is_empty()
    }

    /// Connection rules and the PROXY header. Returns the connection and bytes that came with the header.
    async fn open(&mut self, conn: Conn, listener: &Listener) -> Option<(Conn, Option<Buffer>)> {
        let mut side = H1Side::new(
            conn,
            self.worker.buffers.clone(),
            request_limits(self.worker, self.frontend),
        );
        if !self.frontend.rules.tcp_request_connection.is_empty() {
            let rules = &self.frontend.rules.tcp_request_connection;
            if self.connection_rules(&mut side, rules).await.is_err() {
                side.conn.set_no_linger();
                self.worker
                    .live
                    .proxy(self.frontend.id)
                    .frontend
                    .of(self.worker.index)
                    .denied_connections
                    .increment();
                return None;
            }
        }
        if listener.bind.accept_proxy {
            self.receive_proxy_header(&mut side).await?;
        }
        self.worker.count_session(self.frontend);
        if !self.frontend.rules.tcp_request_session.is_empty() {
            let rules = &self.frontend.rules.tcp_request_session;
            if self.connection_rules(&mut side, rules).await.is_err() {
                self.worker
                    .live
                    .proxy(self.frontend.id)
                    .frontend
                    .of(self.worker.index)
                    .denied_sessions
                    .increment();
                return None;
            }
        }
        self.facts.handshake_ms = milliseconds(self.facts.accepted.instant, clock::now());
        let (conn, early) = side.into_parts();
        if early.is_empty() {
            self.worker.buffers.give(early);
            return Some((conn, None));
        }
        Some((conn, Some(early)))
    }

    async fn connection_rules(
        &mut self,
        side: &mut H1Side,
        rules: &'w [crate::rules::Rule],
    ) -> Result<(), ()> {
        let start = self.facts.accepted;
        let mut stream = self.stream(side, start);
        stream.connection_rules(rules).await.map_err(drop)
    }

    async fn receive_proxy_header(&mut self, side: &mut H1Side) -> Option<()> {
        let limit = self
            .frontend
            .timeouts
            .http_request
            .or(self.frontend.timeouts.client);
        let until = deadline(clock::now(), limit);
        let bufsize = self.worker.plan.tune.bufsize;
        let received = self
            .waiter
            .wait(until, While::Busy, |cx| {
                loop {
                    match proxy_protocol::decode(side.input.readable(), bufsize) {
                        Ok(proxy_protocol::Decoded::Header(header, length)) => {
                            side.input.advance(length);
                            return Poll::Ready(Ok(header));
                        }
                        Err(error) => return Poll::Ready(Err(of_header(error))),
                        Ok(proxy_protocol::Decoded::Partial) => {}
                    }
                    match side.poll_fill(cx) {
                        Poll::Ready(Ok(count)) if count > 0 => {}
                        Poll::Ready(_) => {
                            return Poll::Ready(Err(FailedConnection::ProxyHeaderAborted));
                        }
                        Poll::Pending => return Poll::Pending,
                    }
                }
            })
            .await;
        let failure = match received {
            Ok(Ok(header)) => {
                self.take_proxy_header(header);
                return Some(());
            }
            Ok(Err(failure)) => failure,
            Err(Interrupted::Deadline) => FailedConnection::ProxyHeaderTimeout,
            Err(Interrupted::Order(_)) => return None,
        };
        self.log_failed_connection(failure, side.received > 0);
        if !side.input.is_empty() {
            // What came is refused: the client must not take the close for an answer.
            side.conn.set_no_linger();
        }
        None
    }

    /// The line about a connection that ends before its first request.
    fn log_failed_connection(&self, failure: FailedConnection, spoke: bool) {
        let options = &self.frontend.options;
        if options.dontlognull && !spoke {
            return;
        }
        let view = View {
            now: clock::both(),
            plan: &self.worker.plan,
            live: &self.worker.live,
            proxy: self.frontend.id,
            session: &self.facts,
            stream: None,
            request: None,
            request_body: Buffered::default(),
            response: None,
            response_body: Buffered::default(),
            last_look: true,
        };
        self.worker
            .log_failed_connection(&view, failure, options.log_separate_errors);
    }

    fn take_proxy_header(&mut self, header: proxy_protocol::Header) {
        let peer = self.facts.source;
        if let Some(ends) = header.endpoints {
            self.facts.source = Some(ends.source);
            self.facts.destination = Some(ends.destination);
        }
        let proxy_protocol::Header {
            authority,
            unique_id,
            ..
        } = header;
        self.facts.proxy_header = Some(Box::new(ProxyFacts {
            peer,
            authority,
            unique_id,
        }));
    }

    /// Request by request until somebody closes. An idle connection holds no buffer.
    async fn http(&mut self, conn: Conn, early: Option<Buffer>) {
        let (mut conn, mut early) = (conn, early);
        let mut since = self.facts.accepted;
        loop {
            let first = self.facts.requests == 0;
            if early.is_none() && !self.await_request(&mut conn, since.instant, first).await {
                return;
            }
            let buffer = early.take().unwrap_or_else(Buffer::absent);
            // The future of a request is much larger than that of an idle connection: it lives only meanwhile.
            let exchange = self.exchange(conn, buffer, since);
            let exchange = Box::pin(exchange);
            let Some((kept, buffer)) = exchange.await else {
                return;
            };
            conn = kept;
            if buffer.is_empty() {
                self.worker.buffers.give(buffer);
            } else {
                early = Some(buffer);
            }
            since = clock::both();
        }
    }

    /// Waits for the first byte of a request. `false`: there will be none.
    async fn await_request(&mut self, conn: &mut Conn, since: Instant, first: bool) -> bool {
        let timeouts = &self.frontend.timeouts;
        let limit = if first {
            timeouts.http_request.or(timeouts.client)
        } else {
            timeouts
                .http_keep_alive
                .or(timeouts.http_request)
                .or(timeouts.client)
        };
        let idle = if first { While::Busy } else { While::Idle };
        match self
            .waiter
            .wait(deadline(since, limit), idle, |cx| conn.poll_readable(cx))
            .await
        {
            Ok(()) => true,
            // The first request's timeout is told to the client: the exchange does it.
            Err(Interrupted::Deadline) => first,
            Err(Interrupted::Order(Order::Finish)) => self.finishes_late(conn).await,
            Err(Interrupted::Order(Order::Kill(_))) => false,
        }
    }

    /// A soft stop met an idle connection: closed at once, or after the answer to one more request if
    /// `idle-close-on-response` asks for that.
    async fn finishes_late(&mut self, conn: &mut Conn) -> bool {
        if !self.frontend.options.idle_close_on_response {
            return false;
        }
        let timeouts = &self.frontend.timeouts;
        let limit = timeouts
            .http_keep_alive
            .or(timeouts.http_request)
            .or(timeouts.client);
        self.waiter
            .wait(deadline(clock::now(), limit), While::Busy, |cx| {
                conn.poll_readable(cx)
            })
            .await
            .is_ok()
    }

    /// Receives a request's head and runs its stream. `None`: the connection is over.
    async fn exchange(&mut self, conn: Conn, buffer: Buffer, since: Now) -> Option<(Conn, Buffer)> {
        let mut side = H1Side::new(
            conn,
            self.worker.buffers.clone(),
            request_limits(self.worker, self.frontend),
        );
        side.input = buffer;
        let first = self.facts.requests == 0;
        let start = if first { since } else { clock::both() };
        let mut head = self.worker.heads.take();
        let received = self.receive_head(&mut side, &mut head, start, first).await;
        let mut stream = self.stream(&mut side, start);
        stream.facts.timers.idle_ms = if first {
            0
        } else {
            milliseconds(since.instant, start.instant)
        };
        let mut understood = false;
        let after = match received {
            Ok(()) => {
                stream.request = head;
                stream.session.requests += 1;
                stream.request_framing = request_framing(&stream.request);
                stream.client.expect_body(stream.request_framing.body);
                match stream.client.check_body() {
                    Ok(()) if is_preface(&stream.request) => {
                        stream.refuse(Failure::RequestMalformed(400), true).await
                    }
                    Ok(()) => {
                        understood = true;
                        stream.run().await
                    }
                    Err(error) => {
                        let status = error.kind.request_status();
                        stream
                            .refuse(Failure::RequestMalformed(status), false)
                            .await
                    }
                }
            }
            Err(None) => After::Close,
            Err(Some(failure)) => {
                stream.request = head;
                stream.session.requests += 1;
                stream.refuse(failure, false).await
            }
        };
        self.waiter.control.tag.set(None);
        let flushed = side.is_flushed();
        if after == After::Close && !(understood && side.body_done()) {
            self.part(&mut side).await;
        }
        let (conn, buffer) = side.into_parts();
        (after == After::KeepAlive && flushed).then_some((conn, buffer))
    }

    /// Ends a connection whose client may still be sending: closing at once would reset it, and the reset could
    /// overtake the answer. So the end is told, and what comes is thrown away until the client has seen it.
    async fn part(&mut self, side: &mut H1Side) {
        /// Bound for a client that goes on all the same.
        const LIMIT: Duration = Duration::from_secs(1);
        side.drop_input();
        if side.input_ended || !side.is_flushed() {
            return;
        }
        Outgoing::shutdown(side);
        let until = Some(clock::now() + LIMIT);
        let gone = self.waiter.wait(until, While::Busy, |cx| {
            loop {
                side.input.clear();
                match side.poll_fill(cx) {
                    Poll::Ready(Ok(count)) if count > 0 => {}
                    Poll::Ready(_) => return Poll::Ready(()),
                    Poll::Pending => return Poll::Pending,
                }
            }
        });
        // Late or not, the connection is closed now.
        let _ = gone.await;
    }

    /// `Err(None)`: nothing came, which is nobody's business.
    async fn receive_head(
        &mut self,
        side: &mut H1Side,
        head: &mut Head,
        start: Now,
        first: bool,
    ) -> Result<(), Option<Failure>> {
        let timeouts = &self.frontend.timeouts;
        let until = deadline(start.instant, timeouts.http_request.or(timeouts.client));
        let received = self
            .waiter
            .wait(until, While::Busy, |cx| side.poll_request(cx, head))
            .await;
        let silent = side.received == 0 && side.input.is_empty();
        match received {
            Ok(Ok(())) => Ok(()),
            Ok(Err(SideError::Malformed(error))) => {
                Err(Some(Failure::RequestMalformed(error.kind.request_status())))
            }
            // Between two requests a client may go without a word.
            Ok(Err(_)) if silent && !first => Err(None),
            Ok(Err(_)) => Err(Some(Failure::RequestAborted)),
            Err(Interrupted::Deadline) if silent && !first => Err(None),
            Err(Interrupted::Deadline) => Err(Some(Failure::RequestTimeout)),
            Err(Interrupted::Order(_)) => Err(Some(Failure::Killed)),
        }
    }

    /// Bytes both ways (mode tcp).
    async fn bytes(&mut self, conn: Conn, early: Option<Buffer>) {
        let mut side = H1Side::new(
            conn,
            self.worker.buffers.clone(),
            request_limits(self.worker, self.frontend),
        );
        side.input = early.unwrap_or_else(Buffer::absent);
        side.expect_body(BodyFraming::UntilClose);
        let start = self.facts.accepted;
        let mut stream = self.stream(&mut side, start);
        Box::pin(stream.forward()).await;
    }

    fn stream<'s>(&'s mut self, client: &'s mut H1Side, start: Now) -> Stream<'s, H1Side> {
        let worker = self.worker;
        let number = worker.next_stream();
        self.waiter.control.tag.set(Some(StreamTag {
            number,
            source: self.facts.source,
            frontend: self.frontend.id,
            backend: None,
            server: None,
            since: start.instant,
        }));
        Stream {
            worker,
            plan: &worker.plan,
            live: &worker.live,
            frontend: self.frontend,
            backend: self.frontend,
            session: &mut self.facts,
            waiter: &mut self.waiter,
            client,
            facts: StreamFacts::new(number, start),
            request: Head::default(),
            request_framing: request_framing(&Head::default()),
            response: worker.heads.take(),
            own: &mut self.own,
            filters: Filters::of(&self.frontend.filters),
            slot: None,
            must_close: false,
            presence: None,
            bound: None,
            avoid: None,
            forced: false,
            hinted: false,
            balanced: false,
            cookie: None,
        }
    }
}

/// The preface of an HTTP/2 connection (RFC 9113 §3.4): a head like any other, but no request.
fn is_preface(head: &Head) -> bool {
    head.method() == b"PRI" && head.uri() == b"*"
}

/// Bytes of the future of a connection, without the boxed one of a request.
#[cfg(test)]
pub(super) fn idle_future_size() -> usize {
    fn size_of_output<A, B, C, F: Future>(_: impl FnOnce(A, B, C) -> F) -> usize {
        size_of::<F>()
    }
    size_of_output(run)
}

impl ClientSide for H1Side {
    fn poll_gone(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.poll_gone(cx)
    }

    fn poll_more(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            if self.input_ended || self.input.is_full() {
                return Poll::Ready(());
            }
            match self.poll_fill(cx) {
                Poll::Ready(Ok(_)) => {}
                Poll::Ready(Err(_)) => {
                    (self.input_ended, self.broken) = (true, true);
                    return Poll::Ready(());
                }
                // Chunks are data only once they are taken apart. Who finds them malformed waits for no more.
                Poll::Pending => match self.check_body() {
                    Ok(()) => return Poll::Pending,
                    Err(_) => return Poll::Ready(()),
                },
            }
        }
    }

    fn become_tunnel(&mut self) {
        self.expect_body(BodyFraming::UntilClose);
    }

    fn stay_message(&mut self) {
        self.expect_body(BodyFraming::Empty);
    }

    fn stage_raw(&mut self, bytes: &[u8]) {
        self.stage(bytes);
    }

    fn stage_interim(&mut self, head: &Head) {
        self.stage_head(head);
    }

    fn is_broken(&self) -> bool {
        self.broken
    }

    fn buffered_body(&self) -> Buffered<'_> {
        let complete = self.input_ended || self.input.is_full() || self.body_is_buffered();
        Buffered {
            bytes: &self.input.readable()[..self.pending_body() as usize],
            complete,
        }
    }

    fn request_complete(&self) -> bool {
        self.body_done()
    }

    fn body_is_buffered(&self) -> bool {
        self.body_is_buffered()
    }

    fn pending_body(&self) -> u64 {
        self.pending_body()
    }

    fn copy_body(&self) -> Option<Box<[u8]>> {
        let length = usize::try_from(self.pending_body()).ok()?;
        (self.body_done() || self.body_is_buffered())
            .then(|| self.input.readable()[..length].into())
    }

    fn restore_body(&mut self, body: &[u8]) {
        self.put_back(body);
    }

    fn traffic(&self) -> (u64, u64) {
        (self.received, self.sent())
    }
}
