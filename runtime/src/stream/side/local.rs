//! A reply made in the process, as the server side of a stream: the stats page, a rule's answer, an error page.

use std::task::{Context, Poll};

use super::{Follows, Incoming, Piece, SideError};
use crate::http::Head;

/// A body that is complete in memory.
#[derive(Debug, Default)]
pub struct LocalSide {
    body: Vec<u8>,
    used: usize,
}

impl LocalSide {
    /// A body to send.
    pub fn new(body: Vec<u8>) -> Self {
        Self { body, used: 0 }
    }
}

impl Incoming for LocalSide {
    fn poll_piece(&mut self, _cx: &mut Context<'_>) -> Poll<Result<Piece, SideError>> {
        Poll::Ready(Ok(match self.body.len() - self.used {
            0 => Piece::End,
            left => Piece::Data(left),
        }))
    }

    fn data(&self) -> &[u8] {
        &self.body[self.used..]
    }

    fn consume(&mut self, count: usize) {
        self.used += count;
    }

    fn behind(&self, count: usize) -> Follows {
        if count == self.data().len() {
            Follows::End
        } else {
            Follows::Unknown
        }
    }

    fn trailers(&self) -> Option<&Head> {
        None
    }
}
