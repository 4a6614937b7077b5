//! Moving a body from one side to the other, one poll at a time, so that both directions progress at once.

use std::{
    task::{Context, Poll},
    time::Instant,
};

use super::side::{Incoming, Outgoing, Piece, SideError};
use crate::{
    clock,
    filter::{Direction, Filters},
};

/// One direction of a stream.
#[derive(Debug)]
pub struct Transfer {
    /// Which.
    pub direction: Direction,
    /// Body bytes moved, and what their end counts, since they were last taken into the books.
    uncounted: u64,
    /// The last moment something came from the source or went to the sink.
    pub active: Instant,
    state: State,
    told: bool,
    /// A message's sink may close before it has taken everything: the rest is read and dropped.
    drains: bool,
    draining: bool,
    /// Data went to the sink.
    pub began: bool,
    /// The sink took less than it was offered: the wait is for the sink.
    pub blocked: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Moving,
    Flushing,
    Done,
}

/// Which side failed, and how.
#[derive(Debug)]
pub enum TransferError {
    /// The side that the bytes come from.
    Source(SideError),
    /// The side that they go to.
    Sink(SideError),
}

impl Transfer {
    /// At the start of a body.
    pub fn new(direction: Direction, now: Instant) -> Self {
        Self {
            direction,
            uncounted: 0,
            active: now,
            state: State::Moving,
            told: false,
            drains: false,
            draining: false,
            began: false,
            blocked: false,
        }
    }

    /// The same for a body whose sink may lose interest in it: an early answer ends no request.
    pub fn draining_after_close(self) -> Self {
        Self {
            drains: true,
            ..self
        }
    }

    /// The sink didn't take everything.
    pub fn was_refused(&self) -> bool {
        self.draining
    }

    /// Nothing is left to move.
    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// The source's part is over, though its last bytes may still be on their way to the sink.
    pub fn source_done(&self) -> bool {
        self.state != State::Moving
    }

    /// True once, when everything has arrived: the moment to pass the end on.
    pub fn take_end(&mut self) -> bool {
        let now = self.is_done() && !self.told;
        self.told |= now;
        now
    }

    /// What moved since the last time it was asked.
    pub fn take_count(&mut self) -> u64 {
        std::mem::take(&mut self.uncounted)
    }

    /// Gives the direction up: the rest of the body is of no use to the sink.
    pub fn abandon(&mut self) {
        self.state = State::Done;
    }

    /// Moves what can be moved. Ready when the body is complete and flushed.
    ///
    /// # Errors
    /// One of the sides failed.
    pub fn poll(
        &mut self,
        cx: &mut Context<'_>,
        source: &mut impl Incoming,
        sink: &mut impl Outgoing,
        filters: &mut Filters,
    ) -> Poll<Result<(), TransferError>> {
        loop {
            match self.state {
                State::Done => return Poll::Ready(Ok(())),
                State::Flushing => match sink.poll_flush(cx) {
                    Poll::Ready(Ok(())) => {
                        self.blocked = false;
                        self.state = State::Done;
                    }
                    Poll::Ready(Err(_)) if self.drains => {
                        self.draining = true;
                        self.state = State::Done;
                    }
                    Poll::Ready(Err(error)) => return Poll::Ready(Err(TransferError::Sink(error))),
                    Poll::Pending => {
                        self.blocked = true;
                        return Poll::Pending;
                    }
                },
                State::Moving => match source.poll_piece(cx) {
                    Poll::Ready(Ok(Piece::Data(count))) => {
                        let data = &source.data()[..count];
                        if self.draining {
                            self.uncounted += count as u64;
                            self.active = clock::now();
                            source.consume(count);
                            continue;
                        }
                        sink.expect(source.behind(count));
                        match sink.poll_data(cx, data) {
                            Poll::Ready(Ok(taken)) => {
                                filters.on_data(self.direction, &data[..taken]);
                                source.consume(taken);
                                self.uncounted += taken as u64;
                                self.blocked = false;
                                self.began = true;
                                self.active = clock::now();
                            }
                            Poll::Ready(Err(_)) if self.drains => self.draining = true,
                            Poll::Ready(Err(error)) => {
                                return Poll::Ready(Err(TransferError::Sink(error)));
                            }
                            Poll::Pending => {
                                self.blocked = true;
                                return Poll::Pending;
                            }
                        }
                    }
                    Poll::Ready(Ok(Piece::End)) => {
                        filters.on_end(self.direction);
                        self.uncounted += source.end_weight();
                        if self.draining {
                            self.state = State::Done;
                        } else {
                            sink.end(source.trailers());
                            self.state = State::Flushing;
                        }
                    }
                    Poll::Ready(Err(error)) => {
                        return Poll::Ready(Err(TransferError::Source(error)));
                    }
                    Poll::Pending if self.draining => return Poll::Pending,
                    Poll::Pending => {
                        // A head or a chunk line must not wait for the next bytes of the body.
                        self.blocked = match sink.poll_flush(cx) {
                            Poll::Ready(Ok(())) => false,
                            Poll::Ready(Err(_)) if self.drains => {
                                self.draining = true;
                                false
                            }
                            Poll::Ready(Err(error)) => {
                                return Poll::Ready(Err(TransferError::Sink(error)));
                            }
                            Poll::Pending => true,
                        };
                        return Poll::Pending;
                    }
                },
            }
        }
    }
}
