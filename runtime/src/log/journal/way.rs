//! How a line leaves a journal.

use std::{
    fs::{File, OpenOptions},
    io::{self, ErrorKind, Write},
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::fs::{FileTypeExt, OpenOptionsExt},
    },
    path::Path,
    thread,
};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use socket2::{Domain, SockAddr, Socket, Type};

use super::PAUSE;
use crate::log::console;

/// A target, opened.
#[derive(Debug)]
pub(super) enum Way {
    /// Datagrams to a path, through a socket that waits unless a send says otherwise.
    Datagram(Socket, SockAddr),
    /// A pipe or a terminal, through an open file of our own that doesn't block.
    Unblocked(File),
    /// A stream socket that others have, too (a service manager's): each send says that it doesn't wait.
    Stream(Socket),
    /// What can only be polled before it is written to: an open file that we may not open again.
    Polled,
    /// A regular file.
    Direct(File),
}

impl Way {
    pub(super) fn datagram(path: &Path) -> io::Result<Self> {
        let socket = Socket::new(Domain::UNIX, Type::DGRAM.cloexec(), None)?;
        Ok(Self::Datagram(socket, SockAddr::unix(path)?))
    }

    /// Standard error.
    pub(super) fn console() -> io::Result<Self> {
        let own = io::stderr().as_fd().try_clone_to_owned()?;
        let file = File::from(own);
        let kind = file.metadata()?.file_type();
        if kind.is_file() {
            return Ok(Self::Direct(file));
        }
        if kind.is_socket() {
            return Ok(Self::Stream(Socket::from(OwnedFd::from(file))));
        }
        if kind.is_fifo() || kind.is_char_device() {
            let again = OpenOptions::new()
                .write(true)
                .custom_flags(nix::libc::O_NONBLOCK | nix::libc::O_NOCTTY)
                .open("/proc/self/fd/2");
            if let Ok(file) = again {
                return Ok(Self::Unblocked(file));
            }
        }
        Ok(Self::Polled)
    }

    /// Sends a line, or fails at once.
    pub(super) fn attempt(&mut self, line: &[u8]) -> io::Result<()> {
        const FLAGS: i32 = nix::libc::MSG_NOSIGNAL | nix::libc::MSG_DONTWAIT;
        match self {
            Self::Datagram(socket, to) => drop(socket.send_to_with_flags(line, to, FLAGS)?),
            Self::Stream(socket) => drop(socket.send_with_flags(line, FLAGS)?),
            Self::Unblocked(file) => drop(file.write(line)?),
            Self::Direct(file) => file.write_all(line)?,
            Self::Polled => console::print(line),
        }
        Ok(())
    }

    /// Sends a line however long that takes: for a thread of its own.
    pub(super) fn send_waiting(&mut self, line: &[u8]) -> io::Result<()> {
        loop {
            let sent = match self {
                // The system wakes us when the reader has made room, which poll(2) can't tell of a socket that is
                // connected to nobody.
                Self::Datagram(socket, to) => socket
                    .send_to_with_flags(line, to, nix::libc::MSG_NOSIGNAL)
                    .map(drop),
                _ => self.attempt(line),
            };
            let error = match sent {
                Err(error) => error,
                Ok(()) => return Ok(()),
            };
            match error.kind() {
                ErrorKind::Interrupted => {}
                ErrorKind::WouldBlock => self.wait(),
                _ => return Err(error),
            }
        }
    }

    /// Until a line might leave.
    fn wait(&self) {
        let descriptor: Option<BorrowedFd<'_>> = match self {
            Self::Unblocked(file) => Some(file.as_fd()),
            Self::Stream(socket) => Some(socket.as_fd()),
            Self::Datagram(..) | Self::Direct(_) | Self::Polled => None,
        };
        match descriptor {
            Some(descriptor) => {
                let mut ready = [PollFd::new(descriptor, PollFlags::POLLOUT)];
                let _ = poll(&mut ready, PollTimeout::NONE);
            }
            None => thread::sleep(PAUSE),
        }
    }
}
