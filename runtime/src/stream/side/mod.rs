//! The two sides of a stream: what it sees of the client and of the server, whatever protocol they speak.
//!
//! A stream moves heads, body bytes and trailers between an [`Incoming`] and an [`Outgoing`] side and never meets a
//! codec. HTTP/1 is [`h1::H1Side`] on both sides; raw bytes are the same side with a body until close; a reply made in
//! the process is [`local::LocalSide`]; tests use an in-memory one.

pub mod h1;
pub mod local;

use std::{
    io,
    task::{Context, Poll},
};

use crate::http::{
    Head,
    h1::{body::BodyFraming, decode::DecodeError},
};

/// Why a side can't go on.
#[derive(Debug)]
pub enum SideError {
    /// It closed in the middle of a message.
    Closed,
    /// The connection broke.
    Broken(io::Error),
    /// It sent something that isn't HTTP.
    Malformed(DecodeError),
}

/// What comes next of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece {
    /// So many bytes are in [`Incoming::data`].
    Data(usize),
    /// The body is complete; trailers are known.
    End,
}

/// What comes behind a piece of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Follows {
    /// Nobody knows yet.
    Unknown,
    /// More of the body, and it is likely to be there already.
    Data,
    /// The end of the message, and nothing has to be sent for it.
    End,
}

/// The side that a message comes from.
pub trait Incoming {
    /// Waits for the next piece. Data that is announced stays until it is consumed.
    ///
    /// # Errors
    /// The side closed early, broke, or sent nonsense.
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Result<Piece, SideError>>;

    /// The bytes of the last [`Piece::Data`], not yet consumed.
    fn data(&self) -> &[u8];

    /// Bytes that were used.
    fn consume(&mut self, count: usize);

    /// What comes behind the next `count` bytes.
    fn behind(&self, count: usize) -> Follows {
        let _ = count;
        Follows::Unknown
    }

    /// Trailers, after [`Piece::End`].
    fn trailers(&self) -> Option<&Head>;

    /// What the end of the body counts in the books, after [`Piece::End`].
    fn end_weight(&self) -> u64 {
        0
    }
}

/// The side that a message goes to.
pub trait Outgoing {
    /// Stages a head; it leaves together with the first body bytes, or with the next flush.
    fn start(&mut self, head: &Head, framing: BodyFraming);

    /// Sends body bytes, what is staged first; returns how many of them were taken.
    ///
    /// # Errors
    /// The connection broke.
    fn poll_data(&mut self, cx: &mut Context<'_>, data: &[u8]) -> Poll<Result<usize, SideError>>;

    /// Says what follows the next body bytes, so that they may leave together with it.
    fn expect(&mut self, follows: Follows) {
        let _ = follows;
    }

    /// The connection ends with the message that was started: its last bytes and the end may leave in one packet.
    fn end_connection_behind(&mut self) {}

    /// Stages what ends the body.
    fn end(&mut self, trailers: Option<&Head>);

    /// Sends everything that is staged.
    ///
    /// # Errors
    /// The connection broke.
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SideError>>;

    /// Nothing more will be sent: half-closes where the protocol can.
    fn shutdown(&mut self);
}
