//! What rules see of a stream of bytes: what has come already, and the request of HTTP that it may begin with.

use std::{future::poll_fn, task::Poll};

use super::{ClientSide, Stream, facts::Opening, session::request_limits};
use crate::http::{
    Buffer, Head,
    h1::decode::{DecodeState, Decoded, decode_request},
};

impl<C: ClientSide> Stream<'_, C> {
    /// Takes what the client has sent already, without waiting for more: the rules' first look is at that.
    pub(super) async fn take_what_is_there(&mut self) {
        let client = &mut *self.client;
        poll_fn(|cx| {
            // An end or an error shows again to whoever reads next.
            let _ = client.poll_more(cx);
            Poll::Ready(())
        })
        .await;
    }

    /// Looks for a request at the beginning of the bytes, once they can be one.
    pub(super) fn look_for_request(&mut self) {
        let bytes = self.client.buffered_body().bytes;
        let Some(first) = bytes.first() else { return };
        if self.facts.opening != Opening::Unknown {
            return;
        }
        if !first.is_ascii_graphic() {
            self.facts.opening = Opening::Bytes;
            return;
        }
        // A full buffer would be a head that is too long.
        let mut buffer = Buffer::with_capacity(bytes.len() + 1);
        buffer.append(bytes);
        let limits = request_limits(self.worker, self.frontend);
        let mut state = DecodeState::default();
        self.facts.opening =
            match decode_request(&mut buffer, &mut state, &mut self.request, &limits) {
                Decoded::Complete => {
                    self.request = with_line_as_fields(&self.request);
                    Opening::Request
                }
                Decoded::Partial => Opening::Unknown,
                Decoded::Error(_) => Opening::Bytes,
            };
    }

    /// The bytes are somebody else's from here on.
    pub(super) fn forget_request(&mut self) {
        self.facts.opening = Opening::Bytes;
        self.request.recycle();
    }
}

/// Method and target come as fields too, in front of the others, as in the reference, which reads the request with the
/// names of HTTP/2.
fn with_line_as_fields(request: &Head) -> Head {
    let mut head = Head::request(request.method(), request.uri(), request.version());
    head.facts = request.facts;
    head.add(b":method", request.method());
    head.add(b":path", request.uri());
    for (name, value) in request.iter() {
        head.add(name, value);
    }
    head
}
