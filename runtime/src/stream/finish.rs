//! The books of an exchange: what is captured, counted and logged.

use super::dump::Passing;
use super::{
    ClientSide, Halt, Phase, Stream,
    connect::{Link, milliseconds},
    facts::StreamFacts,
    failure::{Failure, Fault, Row},
    request::After,
};
use crate::{
    clock,
    http::{Head, cookie},
    live::counters::{BackendCounters, FourTimes, FrontendCounters},
    plan::{Proxy, ServerId},
    server::Ticket,
    stick::tracking::events,
};

use locum_model::proxy::{Capture, DataType, Mode};

impl<'s, C: ClientSide> Stream<'s, C> {
    /// Answers a failure with its page, where something can still be sent.
    pub(super) async fn fail(&mut self, failure: Failure) -> Phase {
        let row = self.row_of(failure);
        self.facts.termination.mark(row.cause, row.phase);
        self.leave_server();
        self.count_failure(failure);
        let started = self.facts.status.is_some();
        self.must_close |= row.fault == Fault::Client || started;
        if row.status == 0 || started {
            return Err(Halt::Closed);
        }
        let page = self.error_page(row.status);
        self.answer(page).await
    }

    /// The failure's row in this exchange.
    pub(super) fn row_of(&self, failure: Failure) -> Row {
        match failure {
            Failure::Killed => self.killed(),
            other => other.row(),
        }
    }

    /// The row of an exchange that somebody ended: who did, and how far it was. The order is obeyed with this, so
    /// that the client can still be told.
    fn killed(&self) -> Row {
        use crate::worker::wait::{KillReason, Order};
        let cause = match self.waiter.control.take() {
            Some(Order::Kill(KillReason::ServerDown)) => b'D',
            Some(Order::Kill(KillReason::ServerUp)) => b'U',
            _ => b'K',
        };
        let (phase, status) = match &self.facts {
            facts if facts.status.is_some() => (b'D', 0),
            facts if facts.timers.connected.is_some() => (b'H', 502),
            facts if facts.server.is_some() => (b'C', 503),
            facts if facts.backend.is_some() => (b'Q', 503),
            _ => (b'R', 0),
        };
        Row {
            status,
            cause,
            phase,
            fault: Fault::Proxy,
        }
    }

    /// A request that never became one: the page, the log line, the end. `framed`: what came is a message, so that
    /// the answer is one too, with rules and books; otherwise it is sent as it is.
    pub(super) async fn refuse(&mut self, failure: Failure, framed: bool) -> After {
        self.must_close = true;
        if failure != Failure::Killed {
            self.count_tracked(events::REQUEST);
            self.count_frontend_request();
        }
        if matches!(
            failure,
            Failure::RequestMalformed(_) | Failure::RequestAborted
        ) {
            self.count_tracked(events::ERROR);
        }
        self.facts.timers.request_ms = -1;
        self.facts.request_line.extend_from_slice(b"<BADREQ>");
        let silent = matches!(failure, Failure::RequestAborted | Failure::RequestTimeout)
            && self.client.traffic().0 == 0;
        if silent && (self.frontend.options.dontlognull || self.frontend.options.http_ignore_probes)
        {
            self.facts.log_level = Some(None);
        }
        if framed {
            let _ = self.fail(failure).await;
            return self.finish(Err(Halt::Closed));
        }
        let row = self.row_of(failure);
        match self.frontend.mode {
            Mode::Http => self.facts.termination.mark(row.cause, row.phase),
            // Whatever it was, a proxy for bytes refuses it (observed).
            Mode::Tcp => self.facts.termination.mark(b'P', b'R'),
        }
        self.count_failure(failure);
        if row.status > 0 && !(silent && self.frontend.options.http_ignore_probes) {
            self.answer_raw(row.status).await;
        }
        self.facts.status = Some(row.status);
        if !self.frontend.log.targets.is_empty() {
            // Its log line takes a number of the requests' (observed).
            self.live.requests.of(self.worker.index).increment();
        }
        // The reference has no books yet where no request was understood.
        (self.facts.bytes_in, self.facts.bytes_out) = (0, 0);
        self.finish(Err(Halt::Closed))
    }

    /// Closes the books: counters, the log line, and whether the client may stay.
    pub(super) fn finish(&mut self, ended: Phase) -> After {
        // What came and was never passed on counts too.
        self.facts.bytes_in += self.client.pending_body();
        self.facts.timers.end = Some(clock::now());
        self.count_traffic();
        self.presence = None;
        self.leave_server();
        if self.facts.interim {
            // The log's status of an exchange that ended behind an interim response is 0 (observed).
            self.facts.status.get_or_insert(0);
        }
        let silent = matches!(ended, Err(Halt::Silent));
        self.dump(&[
            Passing::ClientClosed,
            Passing::ServerClosed,
            Passing::Closed,
        ]);
        let filtered = self.filters.on_stop();
        if !filtered.is_empty() {
            self.worker.print(&filtered);
        }
        if !silent {
            self.log();
        }
        let keep = ended.is_ok() && !self.must_close && self.session.mode == Mode::Http;
        self.worker.heads.give(std::mem::take(&mut self.request));
        self.worker.heads.give(std::mem::take(&mut self.response));
        if keep { After::KeepAlive } else { After::Close }
    }

    /// Writes the log line, once.
    pub(super) fn log(&mut self) {
        let level = self.facts.log_level.take();
        if self.facts.logged || level == Some(None) {
            return;
        }
        self.facts.logged = true;
        let proxy = self.frontend;
        let normal = self.facts.termination.cause == b'-'
            && self.facts.status.is_none_or(|status| status < 500)
            && self.facts.retries == 0
            && !self.facts.redispatched;
        let null = proxy.mode == Mode::Tcp && proxy.options.dontlognull && self.facts.bytes_in == 0;
        if (normal && proxy.options.dontlog_normal) || null {
            return;
        }
        let no_request =
            self.session.mode == Mode::Http && self.facts.timers.request_done.is_none();
        let own = proxy.log.error_format.as_ref().filter(|_| no_request);
        let Some(format) = own.or(proxy.log.format.as_ref()) else {
            return;
        };
        self.note_connections();
        let severe = proxy.options.log_separate_errors && !normal;
        let view = self.view(proxy);
        self.worker.log(&view, format, level.flatten(), severe);
        let lines = &self.live.proxy(proxy.id).log_lines;
        lines.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    }

    /// A proxy without a format logs that the session or the request has begun.
    pub(super) fn log_begin(&self) {
        if let Some(format) = &self.frontend.log.begin_format {
            let view = self.view(self.frontend);
            self.worker.log(&view, format, None, false);
        }
    }

    fn note_connections(&mut self) {
        let live = self.live;
        let backend = self.facts.backend.map_or(0, |id| live.proxy(id).streams());
        // Once the stream has left its server it no longer counts itself.
        let server = match (&self.slot, self.facts.server) {
            (Some(_), Some(id)) => live.proxy(id.backend).served(id.index),
            _ => self.facts.connections[3],
        };
        self.facts.connections = [
            live.connections.now(),
            self.frontend_live().clients.now(),
            backend,
            server,
        ];
    }

    pub(super) fn frontend_shard(&self) -> &'s FrontendCounters {
        self.live
            .proxy(self.frontend.id)
            .frontend
            .of(self.worker.index)
    }

    pub(super) fn backend_shard(&self) -> &'s BackendCounters {
        self.live
            .proxy(self.backend.id)
            .backend
            .of(self.worker.index)
    }

    fn server_shard(&self, id: ServerId) -> Option<&'s BackendCounters> {
        self.live
            .proxy(id.backend)
            .servers
            .get(id.index as usize)
            .map(|s| s.counters.of(self.worker.index))
    }

    fn on_backend(&self, server: Option<ServerId>, count: impl Fn(&BackendCounters)) {
        if self.facts.backend.is_some() {
            count(self.backend_shard());
        }
        if let Some(server) = server.and_then(|id| self.server_shard(id)) {
            count(server);
        }
    }

    pub(super) fn count_request(&mut self) {
        self.live.requests.of(self.worker.index).increment();
        self.count_frontend_request();
    }

    /// The frontend also counts what is refused because it is no request.
    fn count_frontend_request(&self) {
        self.frontend_live().request_rate.count(clock::now());
        self.frontend_shard().requests.increment();
    }

    /// Counts an event on the entries of stick tables that the exchange and its session track.
    pub(super) fn count_tracked(&self, events: (DataType, DataType)) {
        self.count_tracked_many(events, 1);
    }

    fn count_tracked_many(&self, events: (DataType, DataType), count: u64) {
        let now = clock::now();
        self.facts.tracking.count(events, count, now);
        self.session.tracking.count(events, count, now);
    }

    pub(super) fn enter_backend(&mut self) {
        if let Some(farm) = &self.backend_live().farm {
            self.presence = Some(farm.arrive());
            self.backend_live().backend_rate.count(clock::now());
            self.backend_shard().sessions.increment();
        }
    }

    pub(super) fn count_response(&self, status: u16) {
        self.frontend_shard().statuses.count(status);
        self.on_backend(None, |counters| counters.statuses.count(status));
    }

    /// Counts what a server answered, whatever the client gets.
    pub(super) fn count_server_response(&self, status: u16) {
        if let Some(counters) = self.facts.server.and_then(|id| self.server_shard(id)) {
            counters.statuses.count(status);
            counters.requests.increment();
        }
    }

    pub(super) fn count_denied_request(&self, proxy: &Proxy) {
        if proxy.id == self.frontend.id {
            self.frontend_shard().denied_requests.increment();
        }
        // What is in its backend before the frontend's rules, by its bytes, is denied there too.
        if self.facts.backend == Some(proxy.id)
            || self.facts.began_as_bytes && self.facts.backend.is_some()
        {
            self.backend_shard().denied_requests.increment();
        }
    }

    /// A client that is dropped counts as a request that is denied, whatever rule set does it (observed).
    pub(super) fn count_silenced(&self) {
        self.frontend_shard().denied_requests.increment();
        if self.facts.backend.is_some() {
            self.backend_shard().denied_requests.increment();
        }
    }

    pub(super) fn count_denied_response(&self, _proxy: &Proxy) {
        self.frontend_shard().denied_responses.increment();
        self.on_backend(self.facts.server, |counters| {
            counters.denied_responses.increment()
        });
    }

    pub(super) fn count_intercepted(&self) {
        self.frontend_shard().intercepted.increment();
    }

    pub(super) fn count_failed_connection(&self, id: ServerId) {
        self.on_backend(Some(id), |counters| counters.failed_connections.increment());
    }

    pub(super) fn count_retry(&self, id: ServerId) {
        self.on_backend(Some(id), |counters| counters.retries.increment());
    }

    pub(super) fn count_redispatch(&self, id: ServerId) {
        self.on_backend(Some(id), |counters| counters.redispatches.increment());
    }

    pub(super) fn count_reuse(&self, id: ServerId) {
        self.count_server_session(id);
        self.on_backend(Some(id), |counters| counters.reuses.increment());
    }

    /// A connection is attempted, and with it a session of the server's begins.
    pub(super) fn count_connect(&self, id: ServerId) {
        self.count_server_session(id);
        self.on_backend(Some(id), |counters| counters.connects.increment());
    }

    /// A session of the server's begins, be its connection refused or not.
    pub(super) fn count_server_session(&self, id: ServerId) {
        let date = clock::both().seconds();
        self.on_backend(Some(id), |counters| counters.last_session.set(date));
        let servers = &self.live.proxy(id.backend).servers;
        if let Some(server) = servers.get(id.index as usize) {
            server.rate.count(clock::now());
            server.counters.of(self.worker.index).sessions.increment();
        }
    }

    /// The balancer chose the server.
    pub(super) fn count_chosen(&self, id: ServerId) {
        self.on_backend(Some(id), |counters| counters.chosen.increment());
    }

    pub(super) fn count_server_abort(&self) {
        self.on_backend(self.facts.server, |counters| {
            counters.server_aborts.increment()
        });
    }

    pub(super) fn count_failure(&self, failure: Failure) {
        let server = self.facts.server;
        match failure {
            Failure::RequestTimeout
            | Failure::RequestAborted
            | Failure::RequestMalformed(_)
            | Failure::BufferedRequestTimeout => {
                self.frontend_shard().failed_requests.increment();
            }
            Failure::NoServer | Failure::QueueTimeout => {
                self.on_backend(None, |counters| counters.failed_connections.increment());
            }
            Failure::ResponseClosed | Failure::ResponseTimeout | Failure::ResponseMalformed => {
                self.on_backend(server, |counters| counters.failed_responses.increment());
                self.count_tracked(events::FAILURE);
            }
            Failure::ClientTimeoutWhileSending
            | Failure::ClientClosedWhileSending
            | Failure::ResponseAborted
            | Failure::RequestBodyAborted
            | Failure::QueueAborted
            | Failure::ConnectAborted => {
                self.on_backend(server, |counters| counters.client_aborts.increment());
            }
            Failure::ServerClosedWhileReceiving => {
                self.count_server_abort();
                self.on_backend(server, |counters| counters.failed_responses.increment());
            }
            Failure::ServerTimeoutWhileReceiving
            | Failure::ServerCutOff
            | Failure::ServerMalformedWhileReceiving => self.count_server_abort(),
            Failure::RequestRewrite | Failure::ResponseRewrite => {
                self.frontend_shard().internal_errors.increment();
                self.on_backend(server, |counters| counters.internal_errors.increment());
            }
            Failure::Internal => self.frontend_shard().internal_errors.increment(),
            _ => {}
        }
    }

    fn count_traffic(&self) {
        if (self.session.mode, self.backend.mode) == (Mode::Http, Mode::Http) {
            self.on_backend(None, |counters| counters.requests.increment());
        }
        let (bytes_in, bytes_out) = (self.facts.bytes_in, self.facts.bytes_out);
        let frontend = self.frontend_shard();
        frontend.bytes_in.add(bytes_in);
        frontend.bytes_out.add(bytes_out);
        self.count_tracked_many(events::BYTES_IN, bytes_in);
        self.count_tracked_many(events::BYTES_OUT, bytes_out);
        self.on_backend(self.facts.server, |counters| {
            counters.bytes_in.add(bytes_in);
            counters.bytes_out.add(bytes_out);
        });
        let timers = &self.facts.timers;
        let answered = timers.response_ms >= 0 || self.backend.mode == Mode::Tcp;
        if timers.connect_ms < 0 || !answered {
            return;
        }
        // The client's silence before its request is part of the whole (observed).
        let total = timers.idle_ms
            + timers
                .end
                .map_or(0, |end| milliseconds(timers.start.instant, end));
        let known = |time: i64| u64::try_from(time).unwrap_or(0);
        let times = FourTimes {
            queue: known(timers.queue_ms),
            connect: known(timers.connect_ms),
            response: known(timers.response_ms),
            total: known(total),
        };
        self.on_backend(self.facts.server, |counters| counters.times.note(times));
    }

    /// What went over the server's connection in this exchange, as it was on the wire.
    pub(super) fn count_wire(&self, link: &Link<'_>) {
        let sent = link.side.sent();
        self.live.count_sent(self.worker.index, sent, clock::now());
        if self.backend.mode == Mode::Http {
            let shard = self.backend_shard();
            shard.wire_in.add(link.side.received);
            shard.wire_out.add(sent.saturating_sub(link.preamble));
        }
    }

    /// Where in the queue the stream was, for the log.
    pub(super) fn note_queue(&mut self, ticket: &Ticket) {
        let before = u32::try_from(ticket.number()).unwrap_or(u32::MAX);
        match ticket.place() {
            crate::server::queue::Place::Server(_) => self.facts.server_queue += before,
            crate::server::queue::Place::Backend => self.facts.backend_queue += before,
        }
    }

    pub(super) fn capture_request(&mut self) {
        let Some(frontend) = &self.frontend.frontend else {
            return;
        };
        if !frontend.request_captures.is_empty() {
            let kept = self.facts.request_captures.get_mut();
            capture_headers(kept, &frontend.request_captures, &self.request);
        }
        // The log has the places of a response's captures also where no response comes.
        let places = frontend.response_captures.len();
        let kept = self.facts.response_captures.get_mut();
        kept.resize(places, None);
        if let Some((name, length)) = &frontend.capture_cookie {
            self.facts.cookie_captures.0 = captured_cookie(&self.request, b"cookie", name, *length);
        }
    }

    pub(super) fn capture_response(&mut self) {
        let Some(frontend) = &self.frontend.frontend else {
            return;
        };
        if !frontend.response_captures.is_empty() {
            let kept = self.facts.response_captures.get_mut();
            capture_headers(kept, &frontend.response_captures, &self.response);
        }
        if let Some((name, length)) = &frontend.capture_cookie {
            self.facts.cookie_captures.1 =
                captured_cookie(&self.response, b"set-cookie", name, *length);
        }
    }
}

/// The last value of each declared header, cut to its length. Slots that rules fill are left alone.
fn capture_headers(kept: &mut Vec<Option<Vec<u8>>>, declared: &[Capture], head: &Head) {
    kept.resize(declared.len(), None);
    for (slot, capture) in kept.iter_mut().zip(declared) {
        let Some(name) = &capture.header else {
            continue;
        };
        let value = head.all(name).next_back();
        *slot = value.map(|value| value[..value.len().min(capture.length as usize)].to_vec());
    }
}

/// The first cookie whose name begins with `name`, as `name=value`, cut to its length.
fn captured_cookie(head: &Head, field: &[u8], name: &[u8], length: usize) -> Option<Vec<u8>> {
    head.all(field).find_map(|value| {
        let is_response = field == b"set-cookie";
        let mut pairs: Box<dyn Iterator<Item = cookie::Pair>> = if is_response {
            Box::new(cookie::set_cookie(value).into_iter())
        } else {
            Box::new(cookie::pairs(value))
        };
        let pair = pairs.find(|pair| value[pair.name.clone()].starts_with(name))?;
        let end = pair.value.as_ref().map_or(pair.name.end, |value| value.end);
        let text = &value[pair.name.start..end];
        Some(text[..text.len().min(length)].to_vec())
    })
}

impl StreamFacts {
    /// Whether the exchange got as far as a server or a service.
    pub fn was_served(&self) -> bool {
        self.server.is_some() || self.service.is_some()
    }
}
