//! How a line leaves: one datagram or one write, which never waits.
//!
//! Datagrams that are made in one turn of the event loop leave with one call at its end: waking the receiver for each
//! of them would cost more than all the rest of a line.

use std::{
    collections::HashMap,
    io,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    sync::Arc,
};

use locum_kernel::send_many::{self, Datagram, send_many};
use locum_model::{address::Address, log::LogSink};
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use parking_lot::Mutex;
use socket2::{Domain, SockAddr, Socket, Type};

use super::{Sent, ring::Ring};
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
    /// Into a ring.
    Ring(Arc<Ring>),
    /// Nowhere: the descriptor wasn't open, or the ring isn't there.
    Nowhere,
}

/// Descriptors that targets have taken over; several targets may name the same one.
static INHERITED: Mutex<Option<HashMap<i32, Arc<OwnedFd>>>> = Mutex::new(None);

impl Route {
    pub(super) fn of(sink: &LogSink, rings: &[Arc<Ring>]) -> Self {
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
            LogSink::Ring(name) => rings
                .iter()
                .find(|ring| ring.settings.name == name.value)
                .map_or(Route::Nowhere, |ring| Route::Ring(ring.clone())),
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
    ipv4: Outlet,
    ipv6: Outlet,
    unix: Outlet,
    /// Streams that are known not to block.
    unblocked: [bool; 3],
}

impl Sockets {
    /// Takes one line of the target at this place in its list. Datagrams wait for [`Self::flush`]; a stream that takes
    /// only a part of a line has taken it: a rest would be a line of its own.
    pub(super) fn send(&mut self, place: usize, route: &Route, line: &[u8], sent: &mut Sent) {
        let result = match route {
            Route::Datagram(address) => {
                return self.outlet(address).push(place, address, line, sent);
            }
            Route::Standard(1) => self.stream(0, io::stdout().as_fd(), line),
            Route::Standard(_) => self.stream(1, io::stderr().as_fd(), line),
            Route::Inherited(fd) => self.stream(2, fd.as_fd(), line),
            Route::Ring(ring) => {
                let line = line.strip_suffix(b"\n").unwrap_or(line);
                if ring.push(line) {
                    Ok(())
                } else {
                    Err(io::ErrorKind::WouldBlock.into())
                }
            }
            Route::Nowhere => Err(io::Error::from_raw_os_error(nix::libc::EBADF)),
        };
        if let Err(error) = result {
            sent.drop_line(place, error);
        }
    }

    /// Whether datagrams wait.
    pub(super) fn is_waiting(&self) -> bool {
        [&self.ipv4, &self.ipv6, &self.unix]
            .iter()
            .any(|outlet| !outlet.waiting.is_empty())
    }

    /// Lets all datagrams go.
    pub(super) fn flush(&mut self, sent: &mut Sent) {
        for outlet in [&mut self.ipv4, &mut self.ipv6, &mut self.unix] {
            outlet.flush(sent);
        }
    }

    fn outlet(&mut self, address: &SockAddr) -> &mut Outlet {
        match address.domain() {
            Domain::IPV4 => &mut self.ipv4,
            Domain::IPV6 => &mut self.ipv6,
            _ => &mut self.unix,
        }
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

/// The socket of one family, and what waits to leave through it.
#[derive(Debug, Default)]
struct Outlet {
    socket: Option<Socket>,
    /// Lines of one length may leave as one.
    gathers: bool,
    /// The waiting lines one after the other.
    bytes: Vec<u8>,
    waiting: Vec<Waiting>,
}

/// A line that waits.
#[derive(Debug)]
struct Waiting {
    /// Where it ends in the outlet's bytes.
    end: usize,
    to: SockAddr,
    /// Its target's place in the list.
    place: usize,
}

impl Outlet {
    fn push(&mut self, place: usize, to: &SockAddr, line: &[u8], sent: &mut Sent) {
        self.bytes.extend_from_slice(line);
        self.waiting.push(Waiting {
            end: self.bytes.len(),
            to: to.clone(),
            place,
        });
        if self.waiting.len() == send_many::MOST {
            self.flush(sent);
        }
    }

    fn flush(&mut self, sent: &mut Sent) {
        let mut first = 0;
        let mut gathers = true;
        while let Some(place) = self.waiting.get(first).map(|line| line.place) {
            match self.send_from(first, gathers) {
                Ok(count) => first += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if gathers && self.run_from(first, true) > 1 => {
                    // Each of them may still leave on its own: one that is too long for the network goes in fragments.
                    gathers = false;
                    if error.raw_os_error() == Some(nix::libc::EIO) {
                        // The network device leaves checksums to others.
                        self.gathers = false;
                    }
                }
                Err(error) => {
                    sent.drop_line(place, error);
                    first += 1;
                }
            }
        }
        self.waiting.clear();
        self.bytes.clear();
    }

    /// Sends from this line on and tells how many left. Only where it `gathers`, lines of one length leave as one.
    fn send_from(&mut self, first: usize, gathers: bool) -> io::Result<usize> {
        if self.socket.is_none() {
            let domain = self.waiting[first].to.domain();
            let socket = datagram_socket(domain)?;
            self.gathers = domain != Domain::UNIX && send_many::segments(&socket);
            self.socket = Some(socket);
        }
        let Some(socket) = &self.socket else {
            return Ok(0);
        };
        let waiting = &self.waiting;
        if first + 1 == waiting.len() {
            let to = &waiting[first].to;
            return socket
                .send_to_with_flags(self.lines(first, 1), to, nix::libc::MSG_NOSIGNAL)
                .map(|_| 1);
        }
        // Of each that leaves: the place behind its last line.
        let mut ends = [first; send_many::MOST];
        let mut next = first;
        let mut slots = ends.iter_mut();
        let datagrams = std::iter::from_fn(|| {
            let run = self.run_from(next, gathers);
            let slot = slots.next().filter(|_| run > 0)?;
            let datagram = Datagram {
                to: &waiting[next].to,
                bytes: self.lines(next, run),
                each: (run > 1).then(|| self.lines(next, 1).len() as u16),
            };
            next += run;
            *slot = next;
            Some(datagram)
        });
        let count = send_many(socket, datagrams)?;
        Ok(ends[..count].last().map_or(0, |end| end - first))
    }

    /// How many lines from this one on leave as one; 0 behind the last.
    fn run_from(&self, first: usize, gathers: bool) -> usize {
        /// Bytes of a datagram's greatest payload over IPv4, which the kernel holds those that are to be cut to, too.
        const GREATEST: usize = 65_507;
        let Some(line) = self.waiting.get(first) else {
            return 0;
        };
        let each = self.lines(first, 1).len();
        if !(gathers && self.gathers) || each == 0 {
            return 1;
        }
        let most = send_many::MOST_SEGMENTS.min(GREATEST / each).max(1);
        let mut run = 1;
        for (place, next) in self.waiting.iter().enumerate().skip(first + 1) {
            let length = self.lines(place, 1).len();
            if run == most || length > each || length == 0 || next.to != line.to {
                break;
            }
            run += 1;
            if length < each {
                // A shorter one is the last.
                break;
            }
        }
        run
    }

    /// The bytes of so many lines.
    fn lines(&self, first: usize, count: usize) -> &[u8] {
        let start = first
            .checked_sub(1)
            .map_or(0, |before| self.waiting[before].end);
        &self.bytes[start..self.waiting[first + count - 1].end]
    }
}

fn datagram_socket(domain: Domain) -> io::Result<Socket> {
    let socket = Socket::new(domain, Type::DGRAM.nonblocking().cloexec(), None)?;
    // Nothing is ever read from it.
    let _ = socket.set_recv_buffer_size(0);
    Ok(socket)
}
