//! An HTTP/1 connection, or a raw byte stream, as a side of a stream.

use std::{
    io,
    rc::Rc,
    sync::Arc,
    task::{Context, Poll, ready},
};

use super::{Follows, Incoming, Outgoing, Piece, SideError};
use crate::{
    http::{
        Buffer, BufferPool, Head, NameCase,
        h1::{
            body::{self, BodyDecoder, BodyEncoder, BodyFraming},
            decode::{DecodeError, DecodeState, Decoded, Limits, decode_request, decode_response},
            encode::encode_head_as,
            framing::trailers_weight,
        },
    },
    net::conn::{Conn, Outbox},
    sample::view::Buffered,
};

/// How many buffers of input are read before a close that doesn't want them.
const MOST_DROPPED_READS: usize = 8;

/// A connection with its input and output state. The buffers come from the worker's pool while a request runs.
pub struct H1Side {
    /// The connection.
    pub conn: Conn,
    /// What was received and not yet used.
    pub input: Buffer,
    /// Limits of what it may send.
    pub limits: Limits,
    /// How the peer wants names of fields.
    pub names: Option<Arc<NameCase>>,
    /// Bytes received on this connection since the counter was last taken.
    pub received: u64,
    /// The peer said that it will send no more.
    pub input_ended: bool,
    /// The connection broke: nothing can be sent either.
    pub broken: bool,
    /// Its peer is told nothing more, not even the end.
    pub has_vanished: bool,
    /// Where the input's buffer comes from; it goes back while nothing is in it.
    pool: Rc<BufferPool>,
    decode: DecodeState,
    decoder: BodyDecoder,
    encoder: BodyEncoder,
    outbox: Outbox,
    /// Bytes left of the chunk whose size line is out.
    chunk_left: usize,
    /// The connection ends with the message that is being sent.
    ends_behind: bool,
}

impl H1Side {
    /// A connection at the start of its first message.
    pub fn new(conn: Conn, pool: Rc<BufferPool>, limits: Limits) -> Self {
        Self {
            conn,
            input: Buffer::absent(),
            outbox: Outbox::new(pool.take_stage()),
            pool,
            limits,
            names: None,
            received: 0,
            input_ended: false,
            broken: false,
            has_vanished: false,
            decode: DecodeState::default(),
            decoder: BodyDecoder::new(BodyFraming::Empty),
            encoder: BodyEncoder::new(BodyFraming::Empty),
            chunk_left: 0,
            ends_behind: false,
        }
    }

    /// Gives the connection and the buffer back.
    pub fn into_parts(self) -> (Conn, Buffer) {
        self.pool.give_stage(self.outbox.into_stage());
        (self.conn, self.input)
    }

    /// Reads once, noting the end of the input. `Ok(0)` is that end.
    ///
    /// # Errors
    /// The connection broke.
    pub fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        if self.input.is_absent() {
            self.input = self.pool.take();
        }
        let polled = self.conn.poll_fill(cx, &mut self.input);
        if polled.is_pending() && self.input.is_empty() {
            // The fewer buffers are about, the warmer they are.
            self.pool
                .give(std::mem::replace(&mut self.input, Buffer::absent()));
        }
        let count = ready!(polled)?;
        self.received += count as u64;
        if count == 0 && !self.input.is_full() {
            self.input_ended = true;
        }
        Poll::Ready(Ok(count))
    }

    /// Reads until a request's head is complete.
    ///
    /// # Errors
    /// The client closed, broke, or sent what isn't a request.
    pub fn poll_request(
        &mut self,
        cx: &mut Context<'_>,
        head: &mut Head,
    ) -> Poll<Result<(), SideError>> {
        self.poll_head(cx, head, decode_request)
    }

    /// Reads until a response's head is complete.
    ///
    /// # Errors
    /// The server closed, broke, or sent what isn't a response.
    pub fn poll_response(
        &mut self,
        cx: &mut Context<'_>,
        head: &mut Head,
    ) -> Poll<Result<(), SideError>> {
        self.poll_head(cx, head, decode_response)
    }

    fn poll_head(
        &mut self,
        cx: &mut Context<'_>,
        head: &mut Head,
        decode: fn(&mut Buffer, &mut DecodeState, &mut Head, &Limits) -> Decoded,
    ) -> Poll<Result<(), SideError>> {
        loop {
            if !self.input.is_empty() {
                match decode(&mut self.input, &mut self.decode, head, &self.limits) {
                    Decoded::Complete => {
                        self.decode = DecodeState::default();
                        return Poll::Ready(Ok(()));
                    }
                    Decoded::Error(error) => return Poll::Ready(Err(SideError::Malformed(error))),
                    Decoded::Partial => {}
                }
            }
            if self.input_ended {
                return Poll::Ready(Err(SideError::Closed));
            }
            if let Err(error) = ready!(self.poll_fill(cx)) {
                return Poll::Ready(Err(SideError::Broken(error)));
            }
        }
    }

    /// Forgets a half decoded head: the next call starts a new message.
    pub fn reset_decoder(&mut self) {
        self.decode = DecodeState::default();
    }

    /// How the body that comes next is framed.
    pub fn expect_body(&mut self, framing: BodyFraming) {
        self.decoder = BodyDecoder::new(framing);
    }

    /// Takes apart what has come of the body already.
    ///
    /// # Errors
    /// It is malformed: the whole message can still be refused.
    pub fn check_body(&mut self) -> Result<(), DecodeError> {
        if self.decoder.is_chunked()
            && let body::Piece::Error(error) = self.decoder.next(&mut self.input, &self.limits)
        {
            return Err(error);
        }
        Ok(())
    }

    /// Reads and drops what the peer has sent so far: closing over unread bytes would reset the connection, and what
    /// was answered might never arrive.
    pub fn drop_input(&mut self) {
        let mut cx = Context::from_waker(std::task::Waker::noop());
        for _ in 0..MOST_DROPPED_READS {
            self.input.clear();
            if !matches!(self.poll_fill(&mut cx), Poll::Ready(Ok(count)) if count > 0) {
                return;
            }
        }
    }

    /// The incoming body is complete.
    pub fn body_done(&self) -> bool {
        self.decoder.is_done()
    }

    /// What is left of the incoming body is in the input already.
    pub fn body_is_buffered(&self) -> bool {
        self.decoder.ends_within(self.input.len())
    }

    /// Takes more of the incoming body into the buffer. Ready when it is whole or nothing more can come.
    ///
    /// # Errors
    /// What came is malformed.
    pub fn poll_more(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), DecodeError>> {
        loop {
            self.check_body()?;
            if self.buffered_body().complete {
                return Poll::Ready(Ok(()));
            }
            if ready!(self.poll_fill(cx)).is_err() {
                (self.input_ended, self.broken) = (true, true);
            }
        }
    }

    /// What is there of the incoming body.
    pub fn buffered_body(&self) -> Buffered<'_> {
        let complete = self.input_ended || self.input.is_full() || self.body_is_buffered();
        Buffered {
            bytes: &self.input.readable()[..self.pending_body() as usize],
            complete,
        }
    }

    /// Forgets the incoming body if it has come whole and nothing is behind it. `false`: it is still there, or more is.
    pub fn discard_body(&mut self) -> bool {
        if !self.body_is_buffered() {
            return false;
        }
        let count = self.pending_body() as usize;
        self.decoder.consume(&mut self.input, count);
        self.body_done() && self.input.is_empty() && !self.input_ended
    }

    /// Bytes of the incoming body that are in the input and not used yet.
    pub fn pending_body(&self) -> u64 {
        self.decoder.data_within(self.input.len()) as u64
    }

    /// Stages bytes as they are: a PROXY header, a raw reply.
    pub fn stage(&mut self, bytes: &[u8]) {
        self.outbox.stage().extend_from_slice(bytes);
    }

    /// Stages a head without changing how the body is framed: an interim response.
    pub fn stage_head(&mut self, head: &Head) {
        encode_head_as(head, self.names.as_deref(), self.outbox.stage());
    }

    /// Bytes sent on this connection while it is this side's.
    pub fn sent(&self) -> u64 {
        self.outbox.written()
    }

    /// Puts the body's bytes back in front of what came behind them.
    pub fn put_back(&mut self, body: &[u8]) {
        if body.is_empty() {
            return;
        }
        // What was not sent of the body yet is part of `body`: left behind it, it would be taken for a request.
        let unsent = self.decoder.left().unwrap_or(0);
        self.input
            .advance(usize::try_from(unsent).unwrap_or(usize::MAX));
        let behind = self.input.readable().to_vec();
        let needed = body.len() + behind.len();
        if needed > self.input.capacity() {
            self.input = Buffer::with_capacity(needed.max(self.pool.capacity()));
        }
        self.input.clear();
        self.input.append(body);
        self.input.append(&behind);
        self.expect_body(BodyFraming::Length(body.len() as u64));
    }

    /// Everything staged was sent.
    pub fn is_flushed(&self) -> bool {
        self.outbox.is_empty()
    }

    /// Waits until the peer has closed or broken the connection, keeping what it sends for the next message.
    pub fn poll_gone(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            if self.input_ended {
                return Poll::Ready(());
            }
            if self.input.is_full() {
                return Poll::Pending;
            }
            match ready!(self.poll_fill(cx)) {
                Err(_) => {
                    (self.input_ended, self.broken) = (true, true);
                    return Poll::Ready(());
                }
                Ok(0) => return Poll::Ready(()),
                Ok(_) => {}
            }
        }
    }
}

impl Incoming for H1Side {
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Result<Piece, SideError>> {
        loop {
            match self.decoder.next(&mut self.input, &self.limits) {
                body::Piece::Data(count) => return Poll::Ready(Ok(Piece::Data(count))),
                body::Piece::End => return Poll::Ready(Ok(Piece::End)),
                body::Piece::Error(error) => {
                    return Poll::Ready(Err(SideError::Malformed(error)));
                }
                body::Piece::Partial => {}
            }
            if self.input_ended {
                return Poll::Ready(if !self.broken && self.decoder.finish_at_close() {
                    Ok(Piece::End)
                } else {
                    Err(SideError::Closed)
                });
            }
            if let Err(error) = ready!(self.poll_fill(cx)) {
                return Poll::Ready(Err(SideError::Broken(error)));
            }
        }
    }

    fn data(&self) -> &[u8] {
        self.input.readable()
    }

    fn consume(&mut self, count: usize) {
        self.decoder.consume(&mut self.input, count);
    }

    fn behind(&self, count: usize) -> Follows {
        if self.decoder.ends_within(count) {
            Follows::End
        } else if self.input.is_filled() {
            Follows::Data
        } else {
            Follows::Unknown
        }
    }

    fn trailers(&self) -> Option<&Head> {
        self.decoder.trailers()
    }

    fn end_weight(&self) -> u64 {
        if self.decoder.is_chunked() {
            trailers_weight(self.decoder.trailers())
        } else {
            0
        }
    }
}

impl Outgoing for H1Side {
    fn start(&mut self, head: &Head, framing: BodyFraming) {
        encode_head_as(head, self.names.as_deref(), self.outbox.stage());
        self.encoder = BodyEncoder::new(framing);
        self.chunk_left = 0;
        self.ends_behind = false;
    }

    fn poll_data(&mut self, cx: &mut Context<'_>, data: &[u8]) -> Poll<Result<usize, SideError>> {
        let chunked = self.encoder.is_chunked();
        let data = if chunked {
            if self.chunk_left == 0 {
                self.chunk_left = data.len();
                let mut space = [0; 18];
                let prefix = body::chunk_prefix(data.len(), &mut space);
                self.outbox.stage().extend_from_slice(prefix);
            }
            &data[..data.len().min(self.chunk_left)]
        } else {
            data
        };
        match ready!(self.outbox.poll_send(cx, &mut self.conn, data)) {
            Ok(count) => {
                if chunked {
                    self.chunk_left -= count;
                    if self.chunk_left == 0 {
                        self.outbox.stage().extend_from_slice(b"\r\n");
                    }
                }
                Poll::Ready(Ok(count))
            }
            Err(error) => Poll::Ready(Err(SideError::Broken(error))),
        }
    }

    fn expect(&mut self, follows: Follows) {
        self.outbox.expect_more(match follows {
            Follows::Data => true,
            Follows::End => self.ends_behind && !self.encoder.is_chunked(),
            Follows::Unknown => false,
        });
    }

    fn end_connection_behind(&mut self) {
        self.ends_behind = !self.has_vanished;
    }

    fn end(&mut self, trailers: Option<&Head>) {
        self.encoder
            .end_as(trailers, self.names.as_deref(), self.outbox.stage());
        if self.ends_behind {
            self.outbox.end_connection();
        }
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SideError>> {
        let polled = self.outbox.poll_flush(cx, &mut self.conn);
        polled.map_err(SideError::Broken)
    }

    fn shutdown(&mut self) {
        if !self.has_vanished {
            self.conn.shutdown_write();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_put_back_leaves_no_rest_of_it_in_front_of_the_next_request() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let _entered = runtime.enter();
        let (ours, _theirs) = tokio::net::UnixStream::pair().unwrap();
        let pool = Rc::new(BufferPool::new(64, 1));
        let mut side = H1Side::new(Conn::Unix(ours), pool, Limits::default());
        side.input = Buffer::with_capacity(64);
        side.input.append(b"GET /smuggledGET /next");
        side.expect_body(BodyFraming::Length(13));
        Incoming::consume(&mut side, 4);
        side.put_back(b"GET /smuggled");
        assert_eq!(side.input.readable(), b"GET /smuggledGET /next");
        Incoming::consume(&mut side, 13);
        assert_eq!(side.input.readable(), b"GET /next");
        assert!(side.body_done());
    }

    #[test]
    fn the_last_bytes_and_the_end_of_a_connection_leave_together() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let _entered = runtime.enter();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let mut peer = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (ours, _) = listener.accept().unwrap();
        ours.set_nonblocking(true).unwrap();
        let pool = Rc::new(BufferPool::new(64, 1));
        let ours = Conn::Tcp(tokio::net::TcpStream::from_std(ours).unwrap());
        let mut side = H1Side::new(ours, pool, Limits::default());
        let head = Head::response(crate::http::Version::HTTP_11, 200, b"OK");
        side.start(&head, BodyFraming::Length(4));
        side.end_connection_behind();
        let sent = runtime.block_on(async {
            side.expect(Follows::End);
            let sent = std::future::poll_fn(|cx| side.poll_data(cx, b"body")).await;
            side.end(None);
            std::future::poll_fn(|cx| side.poll_flush(cx))
                .await
                .unwrap();
            sent.unwrap()
        });
        assert_eq!(sent, 4);
        // The end comes though our side is still there.
        let mut received = Vec::new();
        io::Read::read_to_end(&mut peer, &mut received).unwrap();
        assert!(received.ends_with(b"\r\n\r\nbody"));
        drop(side);
    }
}
