//! Takes over a descriptor that the program which started us left open for us (`fd@3`, socket activation, a worker's
//! channel to its master).

use std::{
    fmt, io,
    os::fd::{AsFd, BorrowedFd, FromRawFd, OwnedFd, RawFd},
};

use nix::{
    errno::Errno,
    fcntl::{FcntlArg, FdFlag, fcntl},
    sys::socket::{AddressFamily, SockType, getsockopt, sockopt},
};
use socket2::SockRef;

/// Why a number can't be taken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// No descriptor of that number is open.
    NotOpen,
    /// It is this program's own (it is closed on exec, so it can't have been inherited), or was taken over before.
    NotInherited,
    /// It isn't a socket.
    NotASocket,
    /// A listening socket was wanted.
    NotListening,
    /// The system refused an operation on it.
    System(Errno),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotOpen => f.write_str("the descriptor isn't open"),
            Self::NotInherited => f.write_str("the descriptor wasn't inherited"),
            Self::NotASocket => f.write_str("the descriptor isn't a socket"),
            Self::NotListening => f.write_str("the socket isn't listening"),
            Self::System(errno) => errno.fmt(f),
        }
    }
}

impl std::error::Error for Refusal {}

impl From<Refusal> for io::Error {
    fn from(refusal: Refusal) -> Self {
        Self::other(refusal)
    }
}

/// What an open socket is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SocketKind {
    /// Inet, Inet6, Unix …
    pub family: AddressFamily,
    /// Stream, datagram …
    pub kind: SockType,
    /// It accepts connections.
    pub listening: bool,
}

/// Takes the descriptor over; from now on it is closed on exec and cannot be taken over again.
pub fn inherited(number: RawFd) -> Result<OwnedFd, Refusal> {
    if number < 0 {
        return Err(Refusal::NotOpen);
    }
    // SAFETY: the borrow ends inside this function; should the number not be open, fcntl says EBADF.
    let borrowed = unsafe { BorrowedFd::borrow_raw(number) };
    let flags = match fcntl(borrowed, FcntlArg::F_GETFD) {
        Ok(flags) => FdFlag::from_bits_retain(flags),
        Err(Errno::EBADF) => return Err(Refusal::NotOpen),
        Err(errno) => return Err(Refusal::System(errno)),
    };
    // Everything that Rust's libraries open is close-on-exec, and what came through an exec is not: the flag tells
    // whether the number has an owner in this process.
    if flags.contains(FdFlag::FD_CLOEXEC) {
        return Err(Refusal::NotInherited);
    }
    fcntl(borrowed, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC)).map_err(Refusal::System)?;
    // SAFETY: the descriptor is open, and nothing in this process owns it: it came through exec and the flag just set
    // keeps a second call out.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}

/// Takes over an inherited socket that must already listen. What isn't one stays untouched.
pub fn inherited_listener(number: RawFd) -> Result<(OwnedFd, SocketKind), Refusal> {
    if number < 0 {
        return Err(Refusal::NotOpen);
    }
    // SAFETY: the borrow ends with the next statement; should the number not be open, getsockopt says EBADF.
    let kind = socket_kind(unsafe { BorrowedFd::borrow_raw(number) })?;
    if !kind.listening {
        return Err(Refusal::NotListening);
    }
    Ok((inherited(number)?, kind))
}

/// What kind of socket it is.
pub fn socket_kind(fd: BorrowedFd<'_>) -> Result<SocketKind, Refusal> {
    let refusal = |errno| match errno {
        Errno::EBADF => Refusal::NotOpen,
        Errno::ENOTSOCK => Refusal::NotASocket,
        other => Refusal::System(other),
    };
    let kind = getsockopt(&fd, sockopt::SockType).map_err(refusal)?;
    let listening = getsockopt(&fd, sockopt::AcceptConn).map_err(refusal)?;
    let domain = SockRef::from(&fd.as_fd())
        .domain()
        .map_err(|error| Refusal::System(Errno::from_raw(error.raw_os_error().unwrap_or(0))))?;
    let family = AddressFamily::from_i32(i32::from(domain)).ok_or(Refusal::NotASocket)?;
    Ok(SocketKind {
        family,
        kind,
        listening,
    })
}

#[cfg(test)]
mod tests {
    use std::{
        net::{TcpListener, TcpStream},
        os::fd::{AsRawFd, IntoRawFd},
    };

    use super::*;

    fn as_if_inherited(fd: impl IntoRawFd + AsFd) -> RawFd {
        fcntl(fd.as_fd(), FcntlArg::F_SETFD(FdFlag::empty())).expect("open");
        fd.into_raw_fd()
    }

    #[test]
    fn a_listening_socket_is_taken_over_once() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("bind");
        let address = listener.local_addr().expect("address");
        let number = as_if_inherited(listener);
        let (fd, kind) = inherited_listener(number).expect("a listener");
        assert_eq!(kind.family, AddressFamily::Inet);
        assert_eq!(kind.kind, SockType::Stream);
        assert!(matches!(
            inherited_listener(number),
            Err(Refusal::NotInherited)
        ));
        let listener = TcpListener::from(fd);
        TcpStream::connect(address).expect("it listens");
        listener.accept().expect("a connection");
    }

    #[test]
    fn what_is_no_inherited_listener_is_refused_with_the_reason() {
        let own = TcpListener::bind("127.0.0.1:0").expect("bind");
        let stream = TcpStream::connect(own.local_addr().expect("address")).expect("connect");
        let (pipe, _end) = io::pipe().expect("pipe");
        assert_eq!(
            inherited_listener(own.as_raw_fd()).err(),
            Some(Refusal::NotInherited)
        );
        assert_eq!(
            inherited_listener(stream.as_raw_fd()).err(),
            Some(Refusal::NotListening)
        );
        assert_eq!(
            inherited_listener(pipe.as_raw_fd()).err(),
            Some(Refusal::NotASocket)
        );
        assert_eq!(inherited_listener(99_999).err(), Some(Refusal::NotOpen));
        assert_eq!(inherited_listener(-1).err(), Some(Refusal::NotOpen));
    }
}
