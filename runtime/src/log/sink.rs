//! How a line leaves: one datagram or one write, which never waits.

use std::{
    collections::HashMap,
    io,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    sync::Arc,
};

use locum_model::{address::Address, log::LogSink};
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use parking_lot::Mutex;
use socket2::{Domain, SockAddr, Socket, Type};

use crate::net::listener::abstract_address;

/// Where the lines of a target go, resolved.
#[derive(Debug, Clone)]
pub(super) enum Route {
    /// Datagrams to an address.
    Datagram(SockAddr),
    /// Writes to standard output (1) or standard error (2).
    Standard(i32),
    /// Writes to an inherited descriptor.
    Inherited(Arc<OwnedFd>),
    /// Nowhere: the descriptor wasn't open, or it is a ring, which nobody can read yet.
    Nowhere,
}

/// Descriptors that targets have taken over; several targets may name the same one.
static INHERITED: Mutex<Option<HashMap<i32, Arc<OwnedFd>>>> = Mutex::new(None);

impl Route {
    pub(super) fn of(sink: &LogSink) -> Self {
        match sink {
            LogSink::Datagram(Address::Ip { ip, port }) => {
                Route::Datagram(SockAddr::from(std::net::SocketAddr::new(*ip, *port)))
            }
            LogSink::Datagram(Address::Unix(path)) => {
                SockAddr::unix(path).map_or(Route::Nowhere, Route::Datagram)
            }
            LogSink::Datagram(Address::Abstract(name)) => {
                abstract_address(name).map_or(Route::Nowhere, Route::Datagram)
            }
            LogSink::Stream(fd @ (1 | 2)) => Route::Standard(*fd),
            LogSink::Stream(fd) | LogSink::Datagram(Address::Descriptor(fd)) => inherited(*fd),
            LogSink::Ring(_) => Route::Nowhere,
        }
    }
}

fn inherited(number: i32) -> Route {
    let mut taken = INHERITED.lock();
    let taken = taken.get_or_insert_default();
    if let Some(fd) = taken.get(&number) {
        return Route::Inherited(fd.clone());
    }
    match locum_kernel::adopt::inherited(number) {
        Ok(fd) => {
            let fd = Arc::new(fd);
            taken.insert(number, fd.clone());
            Route::Inherited(fd)
        }
        Err(_) => Route::Nowhere,
    }
}

/// A worker's sockets: one per family, opened when first needed (inside the chroot, where the paths are meant).
#[derive(Debug, Default)]
pub(super) struct Sockets {
    ipv4: Option<Socket>,
    ipv6: Option<Socket>,
    unix: Option<Socket>,
    /// Streams that are known not to block.
    unblocked: [bool; 3],
}

impl Sockets {
    /// Sends one line. A stream that takes only a part of it has taken it: a rest would be a line of its own.
    pub(super) fn send(&mut self, route: &Route, line: &[u8]) -> io::Result<()> {
        match route {
            Route::Datagram(address) => self.datagram(address, line),
            Route::Standard(1) => self.stream(0, io::stdout().as_fd(), line),
            Route::Standard(_) => self.stream(1, io::stderr().as_fd(), line),
            Route::Inherited(fd) => self.stream(2, fd.as_fd(), line),
            Route::Nowhere => Err(io::Error::from_raw_os_error(nix::libc::EBADF)),
        }
    }

    fn datagram(&mut self, address: &SockAddr, line: &[u8]) -> io::Result<()> {
        let (slot, domain) = match address.family() {
            family if family == nix::libc::AF_INET as u16 => (&mut self.ipv4, Domain::IPV4),
            family if family == nix::libc::AF_INET6 as u16 => (&mut self.ipv6, Domain::IPV6),
            _ => (&mut self.unix, Domain::UNIX),
        };
        let socket = match slot {
            Some(socket) => socket,
            None => slot.insert(datagram_socket(domain)?),
        };
        socket.send_to_with_flags(line, address, nix::libc::MSG_NOSIGNAL)?;
        Ok(())
    }

    fn stream(&mut self, which: usize, fd: BorrowedFd<'_>, line: &[u8]) -> io::Result<()> {
        if !self.unblocked[which] || which == 2 {
            // On the open file itself, as the reference does: whoever shares it sees it too.
            let flags = OFlag::from_bits_retain(fcntl(fd, FcntlArg::F_GETFL)?);
            if !flags.contains(OFlag::O_NONBLOCK) {
                fcntl(fd, FcntlArg::F_SETFL(flags | OFlag::O_NONBLOCK))?;
            }
            self.unblocked[which] = true;
        }
        nix::unistd::write(fd, line)?;
        Ok(())
    }
}

fn datagram_socket(domain: Domain) -> io::Result<Socket> {
    let socket = Socket::new(domain, Type::DGRAM.nonblocking().cloexec(), None)?;
    // Nothing is ever read from it.
    let _ = socket.set_recv_buffer_size(0);
    Ok(socket)
}
