//! What stands between the acceptance and the first request: connection rules and the PROXY header.

use std::{rc::Rc, task::Poll};

use super::Session;
use crate::{
    clock,
    live::counters::FrontendCounters,
    net::proxy_protocol::{self, DecodeError},
    rules::{Rule, RuleTable},
    sample::view::{Buffered, View},
    stick::tracking::events,
    stream::{
        connect::milliseconds,
        deadline,
        facts::ProxyFacts,
        side::{Outgoing, h1::H1Side},
    },
    vocab::FailedConnection,
    worker::wait::Interrupted,
};

impl Session {
    /// What this client gets instead of being served.
    pub(super) fn greeting(&self) -> Option<Rc<[u8]>> {
        let greeting = self.frontend().frontend.as_ref()?.greeting.as_ref()?;
        let is_for_it = greeting.network.is_none_or(|network| {
            self.facts
                .source
                .is_some_and(|source| network.contains(source.ip().to_canonical()))
        });
        is_for_it.then(|| greeting.text.to_vec().into())
    }

    /// Says it, and the end.
    pub(super) async fn greet(&mut self, text: Rc<[u8]>) {
        let Some(mut side) = self.side() else { return };
        side.stage(&text);
        let until = deadline(clock::now(), self.frontend().timeouts.client);
        let flushed = self.waiter.wait(until, |cx| side.poll_flush(cx)).await;
        if matches!(flushed, Ok(Ok(()))) {
            self.part(&mut side).await;
        }
        self.rest(side);
    }

    /// Whether there is anything of it.
    pub(super) fn needs_opening(&self) -> bool {
        let rules = &self.frontend().rules;
        self.accepts_proxy()
            || !rules.tcp_request_connection.is_empty()
            || !rules.tcp_request_session.is_empty()
    }

    fn accepts_proxy(&self) -> bool {
        let listener = &self.worker.plan.listeners[self.facts.listener.index()];
        listener.bind.accept_proxy
    }

    /// Goes through it. `None`: the connection is over.
    pub(super) async fn open(&mut self) -> Option<()> {
        let mut side = self.side()?;
        let refused = self.rules(&mut side, |rules| &rules.tcp_request_connection);
        if refused.await.is_err() {
            if !side.has_vanished {
                side.conn.set_no_linger();
                self.counters().denied_connections.increment();
            }
            return None;
        }
        if self.accepts_proxy() || self.facts.expects_proxy_header {
            self.receive_proxy_header(&mut side).await?;
        }
        self.worker.count_session(self.frontend());
        let refused = self.rules(&mut side, |rules| &rules.tcp_request_session);
        if refused.await.is_err() {
            if !side.has_vanished {
                self.counters().denied_sessions.increment();
            }
            return None;
        }
        self.facts.tracking.count(events::SESSION, 1, clock::now());
        self.facts.handshake_ms = milliseconds(self.facts.accepted.instant, clock::now());
        self.rest(side);
        Some(())
    }

    fn counters(&self) -> &FrontendCounters {
        let live = self.worker.live.proxy(self.facts.frontend);
        live.frontend.of(self.worker.index)
    }

    async fn rules(
        &mut self,
        side: &mut H1Side,
        which: fn(&RuleTable) -> &[Rule],
    ) -> Result<(), ()> {
        let start = self.facts.accepted;
        if which(&self.frontend().rules).is_empty() {
            return Ok(());
        }
        let mut stream = self.stream(side, start);
        let rules = which(&stream.frontend.rules);
        stream.connection_rules(rules).await.map_err(drop)
    }

    async fn receive_proxy_header(&mut self, side: &mut H1Side) -> Option<()> {
        let timeouts = &self.frontend().timeouts;
        let until = deadline(clock::now(), timeouts.http_request.or(timeouts.client));
        let bufsize = self.worker.plan.tune.bufsize;
        let received = self
            .waiter
            .wait(until, |cx| {
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
            Err(Interrupted::Killed) => return None,
        };
        self.facts.failed = Some(failure);
        self.log_failed_connection(failure, side.received > 0);
        if !side.input.is_empty() {
            // What came is refused: the client must not take the close for an answer.
            side.conn.set_no_linger();
        }
        None
    }

    /// The line about a connection that ends before its first request.
    fn log_failed_connection(&self, failure: FailedConnection, spoke: bool) {
        let options = &self.frontend().options;
        if options.dontlognull && !spoke {
            return;
        }
        let view = View {
            now: clock::both(),
            plan: &self.worker.plan,
            live: &self.worker.live,
            proxy: self.facts.frontend,
            session: &self.facts,
            stream: None,
            request: None,
            request_body: Buffered::default(),
            response: None,
            response_body: None,
            last_look: true,
        };
        self.worker
            .log_failed_connection(&view, failure, options.log_separate_errors);
    }

    fn take_proxy_header(&mut self, header: proxy_protocol::Header) {
        let (peer, local) = (self.facts.source, self.facts.destination);
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
            received: true,
            peer,
            local,
            authority,
            unique_id,
        }));
    }
}

fn of_header(error: DecodeError) -> FailedConnection {
    match error {
        DecodeError::NotProxy => FailedConnection::NoProxyHeader,
        DecodeError::UnknownProtocol => FailedConnection::UnhandledProxyProtocol,
        DecodeError::Invalid | DecodeError::TooLong => FailedConnection::InvalidProxyHeader,
    }
}
