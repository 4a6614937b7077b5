//! An HTTP/1 connection as the client's side of a stream.

use std::task::{Context, Poll};

use crate::{
    http::{Head, h1::body::BodyFraming},
    sample::view::Buffered,
    stream::{ClientSide, side::h1::H1Side},
};

impl ClientSide for H1Side {
    fn poll_gone(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.poll_gone(cx)
    }

    fn poll_more(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), u16>> {
        let polled = self.poll_more(cx);
        polled.map_err(|error| error.kind.request_status())
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

    fn has_ended(&self) -> bool {
        self.input_ended
    }

    fn vanish(&mut self) {
        self.conn.go_silent();
        self.has_vanished = true;
        (self.input_ended, self.broken) = (true, true);
    }

    fn is_broken(&self) -> bool {
        self.broken
    }

    fn buffered_body(&self) -> Buffered<'_> {
        self.buffered_body()
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
