//! Accepts a connection ready for an event loop: accept4(2) with SOCK_NONBLOCK and SOCK_CLOEXEC.
//!
//! The standard library's accept leaves it blocking, which costs each connection a second call.

use std::{
    io,
    os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd},
};

use socket2::SockAddr;
use tokio::io::{Interest, unix::AsyncFd};

/// A connection that waits in the socket's queue, and whose it is.
///
/// # Errors
/// None waits (`WouldBlock`), it was given up meanwhile, or descriptors or memory are short.
pub fn accept(socket: impl AsFd) -> io::Result<(OwnedFd, SockAddr)> {
    let fd = socket.as_fd().as_raw_fd();
    let flags = libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
    // SAFETY: accept4 fills the storage that try_init gives, within the length it gives, and sets the length; on
    // success the descriptor is new and nobody else's.
    unsafe {
        SockAddr::try_init(|storage, length| {
            match libc::accept4(fd, storage.cast(), length, flags) {
                -1 => Err(io::Error::last_os_error()),
                accepted => Ok(OwnedFd::from_raw_fd(accepted)),
            }
        })
    }
}

/// A listening socket in the event loop of the thread that made it.
#[derive(Debug)]
pub struct Acceptor(AsyncFd<OwnedFd>);

impl Acceptor {
    /// Registers a non-blocking listening socket with the current event loop.
    ///
    /// # Errors
    /// As the event loop says.
    ///
    /// # Panics
    /// Outside of an event loop.
    pub fn new(socket: OwnedFd) -> io::Result<Self> {
        // SAFETY: the descriptor is owned, so it is open and the same for as long as the registration lives.
        let registered = unsafe { AsyncFd::register_with_interest(socket, Interest::READABLE) };
        Ok(Self(registered?))
    }

    /// Waits for a connection.
    ///
    /// # Errors
    /// It was given up meanwhile, or descriptors or memory are short.
    pub async fn accept(&self) -> io::Result<(OwnedFd, SockAddr)> {
        self.0
            .async_io(Interest::READABLE, |socket| accept(socket))
            .await
    }
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use nix::fcntl::{FcntlArg, FdFlag, OFlag, fcntl};

    use super::*;

    #[test]
    fn what_is_accepted_does_not_block_and_does_not_outlive_an_exec() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.set_nonblocking(true).expect("nonblocking");
        let nobody = accept(&listener).expect_err("nobody is there");
        assert_eq!(nobody.kind(), io::ErrorKind::WouldBlock);
        let client = TcpStream::connect(listener.local_addr().expect("address")).expect("connect");
        let (accepted, peer) = accept(&listener).expect("accepted");
        assert_eq!(peer.as_socket(), client.local_addr().ok());
        let status = fcntl(&accepted, FcntlArg::F_GETFL).expect("flags");
        assert!(OFlag::from_bits_retain(status).contains(OFlag::O_NONBLOCK));
        let descriptor = fcntl(&accepted, FcntlArg::F_GETFD).expect("flags");
        assert!(FdFlag::from_bits_retain(descriptor).contains(FdFlag::FD_CLOEXEC));
    }
}
