//! One request on a client's connection: its head, its stream, and whether the connection goes on.

use std::{
    task::Poll,
    time::{Duration, Instant},
};

use super::Session;
use crate::{
    clock,
    http::{Head, h1::framing::request_framing},
    live::counters::FrontendCounters,
    stream::{
        connect::milliseconds,
        deadline,
        failure::Failure,
        request::After,
        side::{Outgoing, SideError, h1::H1Side},
        upgrade::Upgrade,
    },
    vocab::Now,
    worker::wait::Interrupted,
};

impl Session {
    /// Receives a request's head and runs its stream. `false`: the connection is over.
    pub(super) async fn exchange(&mut self) -> bool {
        let Some(side) = self.side() else {
            return false;
        };
        self.exchange_of(side, clock::both(), None).await
    }

    /// The first request of bytes that turned out to be requests.
    pub(super) async fn upgraded(&mut self, upgrade: Upgrade) -> bool {
        if upgrade.is_nothing {
            return false;
        }
        let Some(side) = self.side() else {
            return false;
        };
        let start = upgrade.facts.timers.start;
        self.exchange_of(side, start, Some(upgrade)).await
    }

    /// An exchange begins with its first byte; the patience with a new client began before.
    async fn exchange_of(
        &mut self,
        mut side: H1Side,
        start: Now,
        upgrade: Option<Upgrade>,
    ) -> bool {
        let first = self.facts.requests == 0;
        let since = if first {
            self.facts.accepted.instant
        } else {
            start.instant
        };
        let mut head = self.worker.heads.take();
        let received = self.receive_head(&mut side, &mut head, since, first).await;
        let received = match received {
            // No exchange ever began: it gets no number.
            Err(None) => {
                self.worker.heads.give(head);
                self.part(&mut side).await;
                self.rest(side);
                return false;
            }
            Err(Some(failure)) => Err(failure),
            Ok(()) => Ok(()),
        };
        let has_begun = received.is_ok() || side.received > 0 || !side.input.is_empty();
        if has_begun {
            self.shard().streams.increment();
            self.shard().open_streams.increment();
        }
        let idle_ms = milliseconds(self.rested, start.instant);
        if received.is_err() && upgrade.is_some() {
            // The bytes failed to become a request, and so did the request (observed: both count).
            self.count_failed_request();
        }
        // What is no request is nobody's stream.
        let upgrade = upgrade.filter(|_| received.is_ok());
        let mut stream = match upgrade {
            None => self.stream(&mut side, start),
            Some(upgrade) => {
                let number = upgrade.facts.number;
                let mut stream = self.numbered_stream(&mut side, start, number);
                stream.take_up(upgrade);
                stream
            }
        };
        // The first request's wait begins behind the handshakes.
        let handshake_ms = if first {
            stream.session.handshake_ms
        } else {
            0
        };
        stream.facts.timers.idle_ms = (idle_ms - handshake_ms).max(0);
        // A client that says nothing more, or too little, holds no place a moment longer.
        let late = received == Err(Failure::RequestTimeout);
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
            Err(failure) => {
                stream.request = head;
                stream.session.requests += 1;
                stream.refuse(failure, false).await
            }
        };
        drop(stream);
        self.count_wire(&side);
        if has_begun {
            self.shard().open_streams.decrement();
        }
        self.waiter.control.tag.set(None);
        let flushed = side.is_flushed();
        if after == After::Close && !late && !(understood && side.body_done()) {
            self.part(&mut side).await;
        }
        self.rest(side);
        after == After::KeepAlive && flushed
    }

    fn shard(&self) -> &FrontendCounters {
        let frontend = self.worker.live.proxy(self.facts.frontend);
        frontend.frontend.of(self.worker.index)
    }

    /// What went over the client's connection in an exchange, as it was on the wire.
    fn count_wire(&self, side: &H1Side) {
        let shard = self.shard();
        shard.wire_in.add(side.received);
        shard.wire_out.add(side.sent());
        self.count_sent(side);
    }

    /// Ends a connection whose client may still be sending: closing at once would reset it, and the reset could
    /// overtake the answer. So the end is told, and what comes is thrown away until the client has seen it.
    pub(super) async fn part(&mut self, side: &mut H1Side) {
        /// Bound for a client that goes on all the same.
        const LIMIT: Duration = Duration::from_secs(1);
        side.drop_input();
        if side.input_ended || !side.is_flushed() {
            return;
        }
        Outgoing::shutdown(side);
        let until = Some(clock::now() + LIMIT);
        let gone = self.waiter.wait(until, |cx| {
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
        since: Instant,
        first: bool,
    ) -> Result<(), Option<Failure>> {
        let timeouts = &self.frontend().timeouts;
        let until = deadline(since, timeouts.http_request.or(timeouts.client));
        let received = self
            .waiter
            .wait(until, |cx| side.poll_request(cx, head))
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
            Err(Interrupted::Killed) => Err(Some(Failure::Killed)),
        }
    }
}

/// The preface of an HTTP/2 connection (RFC 9113 §3.4): a head like any other, but no request.
fn is_preface(head: &Head) -> bool {
    head.method() == b"PRI" && head.uri() == b"*"
}
