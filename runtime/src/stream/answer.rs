//! Replies made here: error pages, redirects, rules' answers, the statistics page.

use std::task::Poll;

use super::{ClientSide, Halt, Phase, Stream, deadline, facts::StreamFacts, failure::Failure};
use crate::{
    clock,
    filter::Direction,
    http::{
        Name, Version,
        h1::{
            body::BodyFraming,
            framing::{ClientConnection, Framing, head_weight, prepare_response_for_client},
        },
    },
    rules::{error_table::built_in_raw, reply::LocalReply},
    sample::{value::Arena, view::Buffered},
    worker::wait::Interrupted,
};

/// Name and value of `connection: close`.
const CLOSE_WEIGHT: u64 = 15;

impl<C: ClientSide> Stream<'_, C> {
    /// The error page of a status, as the proxy in charge defines it.
    pub fn error_page(&self, status: u16) -> LocalReply {
        LocalReply::error(status, &self.view(self.backend), &Arena::new())
    }

    /// The built-in page, whatever pages the proxy has: there is no request that rules could see. Only a page that is
    /// empty keeps its silence.
    pub(super) async fn answer_raw(&mut self, status: u16) {
        self.count_response(status);
        if !self.error_page(status).is_silence() {
            self.client.stage_raw(&built_in_raw(status));
            self.flush().await;
        }
    }

    /// Sends a reply, after the after-response rules have seen it. One that they leave no room for gives way to the page
    /// of an internal error.
    ///
    /// # Errors
    /// The client went away or is too slow.
    pub async fn answer(&mut self, mut reply: LocalReply) -> Phase {
        self.adopt_head(&mut reply);
        let weight = head_weight(&self.response);
        match self.revise(&reply) {
            Ok(()) => self.send_reply(reply).await,
            Err(page) => {
                let is_same = reply.status == page.status && self.facts.termination.cause != b'L';
                self.note_replaced_reply(weight);
                if is_same {
                    self.answer_unseen(*page).await
                } else {
                    self.answer_instead(*page).await
                }
            }
        }
    }

    /// Sends the page that takes the place of an answer for which the after-response rules left no room. They see the
    /// page too; if they have no room for it either, it leaves as it is (observed).
    ///
    /// # Errors
    /// The client went away or is too slow.
    pub(super) async fn answer_instead(&mut self, mut page: LocalReply) -> Phase {
        self.adopt_head(&mut page);
        match self.revise(&page) {
            Ok(()) => self.send_reply(page).await,
            Err(same) => self.answer_unseen(*same).await,
        }
    }

    async fn answer_unseen(&mut self, mut page: LocalReply) -> Phase {
        self.adopt_head(&mut page);
        self.send_reply(page).await
    }

    /// Lets the after-response rules see a reply whose head is the response's. What a rule answers counts once it may
    /// leave; a page of the statistics was counted when it was made.
    fn revise(&mut self, reply: &LocalReply) -> Result<(), Box<LocalReply>> {
        if self.response.status() == 0 {
            return Ok(());
        }
        self.after_response_rules(Buffered::whole(&reply.body))?;
        if self.facts.termination.is(b"LR") && self.facts.service.is_none() {
            self.count_intercepted();
        }
        Ok(())
    }

    fn adopt_head(&mut self, reply: &mut LocalReply) {
        std::mem::swap(&mut self.response, &mut reply.head);
        self.facts.status = Some(reply.status);
    }

    /// The books of a reply whose place the page of an internal error takes (all observed). `weight`: of its head, as
    /// it was before the rules.
    fn note_replaced_reply(&mut self, weight: u64) {
        let by_rule = self.facts.termination.cause == b'L';
        if by_rule {
            self.count_failure(Failure::ResponseRewrite);
        }
        let StreamFacts {
            service,
            termination,
            timers,
            bytes_out,
            ..
        } = &mut self.facts;
        match (termination.cause, termination.phase) {
            (b'L', _) if service.is_some() => {
                timers.response_ms = -1;
                *bytes_out += weight;
            }
            (b'L', b'R') => {
                termination.cause = b'P';
                timers.request_done = None;
            }
            // A body that was waited for too long stays the client's lateness.
            (b'c', b'R') => {}
            _ => termination.cause = b'P',
        }
    }

    /// Sends the body of a reply behind its head, which is the response's by now.
    async fn send_reply(&mut self, reply: LocalReply) -> Phase {
        if self.response.status() == 0 {
            self.count_response(reply.status);
            return Err(Halt::Closed);
        }
        self.facts.answered_here = true;
        if self.facts.service.is_some() {
            self.dump(&[super::dump::Passing::Response]);
        }
        let status = self.response.status();
        self.filters
            .on_head(Direction::Response, &mut self.response);
        let unread = !self.client.request_complete() && !self.drop_body();
        let length = reply.body.len() as u64;
        let has_length = self.response.has(Name::ContentLength);
        let head_only = self.request.method() == b"HEAD" || matches!(status, 204 | 304);
        let body = if head_only || length == 0 {
            BodyFraming::Empty
        } else if has_length {
            BodyFraming::Length(length)
        } else if self.response.facts.chunked {
            BodyFraming::Chunked
        } else {
            BodyFraming::UntilClose
        };
        // An error file may say nothing of its length: its end is the connection's, also where it isn't sent (observed).
        let endless = length > 0 && !has_length && !self.response.facts.chunked;
        let wants = self.request_framing.keep_alive
            && !endless
            && !self.response.facts.close
            && !unread
            && !self.must_close
            && self.may_keep_client();
        let client = ClientConnection {
            version: self.client_version(),
            keep_alive: wants,
        };
        let framing = Framing {
            body,
            keep_alive: wants,
            upgrade: false,
            expect_continue: false,
        };
        // A reply that says itself that the connection ends counts that line.
        let closes = if self.response.facts.close {
            CLOSE_WEIGHT
        } else {
            0
        };
        self.facts.bytes_out += head_weight(&self.response) + closes;
        let leaves = prepare_response_for_client(&mut self.response, &framing, client);
        self.must_close |= !leaves.keep_alive;
        self.client.start(&self.response, leaves.body);
        self.count_response(reply.status);
        let body: &[u8] = if head_only { &[] } else { &reply.body };
        self.facts.bytes_out += body.len() as u64;
        self.send_rest(body).await
    }

    /// Forgets a request body that nobody wants, if it has come whole: the next request stands behind it.
    fn drop_body(&mut self) -> bool {
        if self.request_framing.body == BodyFraming::Tunnel || !self.client.body_is_buffered() {
            return false;
        }
        let count = self.client.pending_body();
        self.facts.bytes_in += count;
        self.client.consume(count as usize);
        self.client.request_complete()
    }

    /// Sends what is staged and nothing more, not even the body's end.
    pub(super) async fn flush(&mut self) {
        let until = deadline(clock::now(), self.frontend.timeouts.client);
        let client = &mut *self.client;
        // A client that doesn't take it loses it: the exchange is over.
        let _ = self.waiter.wait(until, |cx| client.poll_flush(cx)).await;
    }

    /// Sends a body behind what is staged.
    ///
    /// # Errors
    /// The client went away or is too slow.
    pub(super) async fn send_rest(&mut self, body: &[u8]) -> Phase {
        let mut sent = 0;
        let mut ended = false;
        let until = deadline(clock::now(), self.frontend.timeouts.client);
        let client = &mut *self.client;
        let waited = self
            .waiter
            .wait(until, |cx| {
                while sent < body.len() {
                    match client.poll_data(cx, &body[sent..]) {
                        Poll::Ready(Ok(count)) => sent += count,
                        Poll::Ready(Err(_)) => return Poll::Ready(Err(())),
                        Poll::Pending => return Poll::Pending,
                    }
                }
                if !std::mem::replace(&mut ended, true) {
                    client.end(None);
                }
                client.poll_flush(cx).map_err(drop)
            })
            .await;
        match waited {
            Ok(Ok(())) => Ok(()),
            Ok(Err(())) => Err(Halt::Failed(Failure::ClientClosedWhileSending)),
            Err(Interrupted::Deadline) => Err(Halt::Failed(Failure::ClientTimeoutWhileSending)),
            Err(Interrupted::Killed) => Err(Halt::Failed(Failure::Killed)),
        }
    }

    /// The version the client speaks; 1.1 when its request never became one.
    pub fn client_version(&self) -> Version {
        if self.request.method().is_empty() {
            Version::HTTP_11
        } else {
            self.request.version()
        }
    }
}
