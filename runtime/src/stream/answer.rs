//! Replies made here: error pages, redirects, rules' answers, the statistics page.

use std::task::Poll;

use super::{ClientSide, Halt, Phase, Stream, deadline, failure::Failure};
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
    rules::reply::LocalReply,
    sample::value::Arena,
    worker::wait::{Interrupted, While},
};

/// Name and value of `connection: close`.
const CLOSE_WEIGHT: u64 = 15;

impl<C: ClientSide> Stream<'_, C> {
    /// The error page of a status, as the proxy in charge defines it.
    pub fn error_page(&self, status: u16) -> LocalReply {
        LocalReply::error(status, &self.view(self.backend), &Arena::new())
    }

    /// Sends a reply, after the after-response rules have seen it.
    ///
    /// # Errors
    /// The client went away or is too slow.
    pub async fn answer(&mut self, mut reply: LocalReply) -> Phase {
        std::mem::swap(&mut self.response, &mut reply.head);
        self.facts.status = Some(reply.status);
        if self.response.status() == 0 {
            // An empty error file: the connection closes without a word.
            self.count_response(reply.status);
            return Err(Halt::Closed);
        }
        self.after_response_rules().await?;
        let status = self.response.status();
        self.filters
            .on_head(Direction::Response, &mut self.response);
        let unread = !self.client.request_complete();
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
        let wants = self.request_framing.keep_alive
            && !self.response.facts.close
            && !unread
            && !self.must_close;
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
            .wait(until, While::Busy, |cx| {
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
            Err(Interrupted::Order(_)) => Err(Halt::Failed(Failure::Killed)),
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
