//! Waiting until a descriptor can be read, whatever it is: a pidfd, an inotify queue, an epoll set.

use std::{
    io,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    task::{Context, Poll, ready},
};

use tokio::io::{Interest, unix::AsyncFd};

/// A descriptor known to the event loop.
#[derive(Debug)]
pub struct Readable(AsyncFd<OwnedFd>);

impl Readable {
    /// Makes it known to the event loop of the calling task; fails outside of one, by a panic.
    pub fn new(descriptor: OwnedFd) -> io::Result<Self> {
        // SAFETY: an `OwnedFd` is open, stays the same descriptor as long as it lives, and only the registration, which
        // ends before it, holds it.
        let registered = unsafe { AsyncFd::register_with_interest(descriptor, Interest::READABLE) };
        Ok(Self(registered?))
    }

    /// Waits until there is something to read. All of it must be read then: what is left over isn't told again, what
    /// comes later is.
    pub async fn ready(&self) -> io::Result<()> {
        std::future::poll_fn(|cx| self.poll_ready(cx)).await
    }

    /// The same for whoever polls by hand.
    pub fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.0.poll_read_ready(cx))?.clear_ready();
        Poll::Ready(Ok(()))
    }
}

impl AsFd for Readable {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.get_ref().as_fd()
    }
}
