//! A connection, whatever carries it: TCP, a unix socket, later TLS.
//!
//! Reading and writing are poll functions, so that one task can drive both sides of a stream and wait for either. A
//! read that fills less than its buffer tells the reactor that the socket is drained: no second read is spent on
//! learning that nothing is left.

use std::{
    io::{self, IoSlice, Read},
    net::SocketAddr,
    os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd},
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, Interest, ReadBuf},
    net::{TcpStream, UnixStream},
};

use locum_kernel::socket_option::{set_tcp_quickack, set_tcp_repair};

use crate::http::Buffer;

/// A stream socket of this thread's.
///
/// It enters the reactor when it has to be waited for: a client that sends its request with its connection and leaves
/// with the answer is served without.
#[derive(Debug)]
pub enum Conn {
    /// Not in the reactor yet, and whether it was read from. Who reads again has to wait for his turn like everybody
    /// else, which is the reactor's part: a peer that never pauses would keep its task running.
    Fresh(Detached, bool),
    /// TCP.
    Tcp(TcpStream),
    /// A unix stream socket.
    Unix(UnixStream),
    /// The reactor didn't take it: it is closed.
    Gone,
}

/// A socket between two reactors: accepted by one worker for another.
#[derive(Debug)]
pub enum Detached {
    /// TCP.
    Tcp(std::net::TcpStream),
    /// A unix stream socket.
    Unix(std::os::unix::net::UnixStream),
}

impl Detached {
    /// Makes it the current thread's.
    pub fn attach(self) -> Conn {
        Conn::Fresh(self, false)
    }

    /// Makes it the current thread's, where it was connected just now: what the peer will send comes later.
    pub fn attach_connected(self) -> Conn {
        Conn::Fresh(self, true)
    }

    fn receive(&self, room: &mut [u8]) -> io::Result<usize> {
        match self {
            Detached::Tcp(socket) => (&*socket).read(room),
            Detached::Unix(socket) => (&*socket).read(room),
        }
    }

    fn send(&self, pieces: &[IoSlice<'_>], flags: i32) -> io::Result<usize> {
        let socket = socket2::SockRef::from(self);
        let flags = flags | nix::libc::MSG_NOSIGNAL;
        match pieces {
            [one] => socket.send_with_flags(one, flags),
            _ => socket.send_vectored_with_flags(pieces, flags),
        }
    }
}

impl AsFd for Detached {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Detached::Tcp(socket) => socket.as_fd(),
            Detached::Unix(socket) => socket.as_fd(),
        }
    }
}

impl Conn {
    /// Takes the socket out of its reactor.
    ///
    /// # Errors
    /// As the reactor says.
    pub fn detach(self) -> io::Result<Detached> {
        Ok(match self {
            Conn::Fresh(socket, _) => socket,
            Conn::Tcp(socket) => Detached::Tcp(socket.into_std()?),
            Conn::Unix(socket) => Detached::Unix(socket.into_std()?),
            Conn::Gone => return Err(gone()),
        })
    }

    /// Enters it into this thread's reactor.
    ///
    /// # Errors
    /// Out of memory, or of the user's watches.
    fn register(&mut self) -> io::Result<()> {
        *self = match std::mem::replace(self, Conn::Gone) {
            Conn::Fresh(Detached::Tcp(socket), _) => Conn::Tcp(TcpStream::from_std(socket)?),
            Conn::Fresh(Detached::Unix(socket), _) => Conn::Unix(UnixStream::from_std(socket)?),
            other => other,
        };
        Ok(())
    }

    /// Reads into the room of `buffer`. `Ok(0)` is the end of the input, or a full buffer.
    pub fn poll_fill(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut Buffer,
    ) -> Poll<io::Result<usize>> {
        if let Conn::Fresh(socket, was_read) = self {
            let first = !std::mem::replace(was_read, true);
            match first.then(|| socket.receive(buffer.writable())) {
                None => self.register()?,
                Some(Err(error)) if is_to_wait(&error) => self.register()?,
                Some(result) => {
                    return Poll::Ready(result.inspect(|count| buffer.filled(*count)));
                }
            }
        }
        let mut room = ReadBuf::new(buffer.writable());
        let polled = match self {
            Conn::Tcp(socket) => Pin::new(socket).poll_read(cx, &mut room),
            Conn::Unix(socket) => Pin::new(socket).poll_read(cx, &mut room),
            Conn::Fresh(..) | Conn::Gone => return Poll::Ready(Err(gone())),
        };
        let count = room.filled().len();
        polled.map_ok(|()| {
            buffer.filled(count);
            count
        })
    }

    /// Writes from several pieces with one call.
    pub fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if let Some(written) = self.write_fresh(pieces, 0) {
            return Poll::Ready(written);
        }
        match (self, pieces) {
            (Conn::Tcp(socket), [one]) => Pin::new(socket).poll_write(cx, one),
            (Conn::Tcp(socket), _) => Pin::new(socket).poll_write_vectored(cx, pieces),
            (Conn::Unix(socket), [one]) => Pin::new(socket).poll_write(cx, one),
            (Conn::Unix(socket), _) => Pin::new(socket).poll_write_vectored(cx, pieces),
            (Conn::Fresh(..) | Conn::Gone, _) => Poll::Ready(Err(gone())),
        }
    }

    /// Writes like [`Self::poll_write`] for a caller that writes again at once: the kernel waits for that before it
    /// sends what doesn't fill a packet. [`Self::push`] ends the wait.
    pub fn poll_write_more(
        &mut self,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let flags = nix::libc::MSG_MORE | nix::libc::MSG_NOSIGNAL;
        if let Some(written) = self.write_fresh(pieces, flags) {
            return Poll::Ready(written);
        }
        let Conn::Tcp(socket) = self else {
            return self.poll_write(cx, pieces);
        };
        loop {
            ready!(socket.poll_write_ready(cx))?;
            let write = || socket2::SockRef::from(&*socket).send_vectored_with_flags(pieces, flags);
            match socket.try_io(Interest::WRITABLE, write) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                result => return Poll::Ready(result),
            }
        }
    }

    /// What writing to a fresh connection gives. None: it is in the reactor now, or was before.
    fn write_fresh(&mut self, pieces: &[IoSlice<'_>], flags: i32) -> Option<io::Result<usize>> {
        let Conn::Fresh(socket, _) = self else {
            return None;
        };
        match socket.send(pieces, flags) {
            Err(error) if is_to_wait(&error) => self.register().err().map(Err),
            result => Some(result),
        }
    }

    /// Has the kernel send what it holds back.
    pub fn push(&self) {
        if matches!(self, Conn::Tcp(_) | Conn::Fresh(Detached::Tcp(_), _)) {
            // Setting the option again is what does it (tcp(7)); a connection that broke has nothing to send.
            let _ = self.with_socket(|socket| socket.set_tcp_nodelay(true));
        }
    }

    /// Whether bytes, the end or an error wait to be read: asks the reactor's notes, not the kernel.
    pub fn poll_readable(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.register().is_err() {
            return Poll::Ready(());
        }
        match self {
            Conn::Tcp(socket) => socket.poll_read_ready(cx).map(drop),
            Conn::Unix(socket) => socket.poll_read_ready(cx).map(drop),
            Conn::Fresh(..) | Conn::Gone => Poll::Ready(()),
        }
    }

    /// Whether bytes wait to be read: asks the kernel, whose answer is newer than the reactor's notes.
    pub fn has_bytes(&self) -> bool {
        let mut byte = [std::mem::MaybeUninit::uninit()];
        self.with_socket(|socket| socket.peek(&mut byte))
            .is_ok_and(|count| count > 0)
    }

    /// Whether it can be written to: a connection attempt has ended one way or the other.
    pub fn poll_writable(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.register().is_err() {
            return Poll::Ready(());
        }
        match self {
            Conn::Tcp(socket) => socket.poll_write_ready(cx).map(drop),
            Conn::Unix(socket) => socket.poll_write_ready(cx).map(drop),
            Conn::Fresh(..) | Conn::Gone => Poll::Ready(()),
        }
    }

    /// Whether nobody has waited for it yet.
    pub fn is_fresh(&self) -> bool {
        matches!(self, Conn::Fresh(..))
    }

    /// Says that nothing more will be written.
    pub fn shutdown_write(&self) {
        // A peer that is already gone makes this fail, which changes nothing.
        let _ = self.with_socket(|socket| socket.shutdown(std::net::Shutdown::Write));
    }

    /// Makes the close tell the peer nothing. Who may not do that sends a reset that the first router throws away, as the
    /// reference does.
    pub fn go_silent(&self) {
        let _ = self.with_socket(|socket| {
            // What has come without being acknowledged would come again, and be answered by a reset.
            let _ = set_tcp_quickack(socket, true);
            if set_tcp_repair(socket, true).is_err() {
                // A socket has one of the two, a unix socket none: its peer sees the end.
                let _ = socket
                    .set_ttl_v4(1)
                    .or_else(|_| socket.set_unicast_hops_v6(1));
            }
            socket.set_linger(Some(std::time::Duration::ZERO))
        });
    }

    /// Makes the close send a reset at once (`option nolinger`).
    pub fn set_no_linger(&self) {
        let _ = self.with_socket(|socket| socket.set_linger(Some(std::time::Duration::ZERO)));
    }

    /// Ends a connection on which nothing is under way with a reset, so that its port is free at once: an orderly end
    /// would leave it in TIME_WAIT on our side.
    pub fn close_at_once(self) {
        self.set_no_linger();
    }

    /// Our end.
    pub fn local_address(&self) -> Option<SocketAddr> {
        let address = self.with_socket(|socket| socket.local_addr());
        address.ok().and_then(|address| address.as_socket())
    }

    /// The other end.
    pub fn peer_address(&self) -> Option<SocketAddr> {
        let address = self.with_socket(|socket| socket.peer_addr());
        address.ok().and_then(|address| address.as_socket())
    }

    /// An error that the kernel holds for the socket: how a connection attempt ended.
    pub fn take_error(&self) -> Option<io::Error> {
        self.with_socket(|socket| socket.take_error())
            .unwrap_or_else(Some)
    }

    /// The descriptor's number, to show; -1 of one that is closed.
    pub fn descriptor(&self) -> RawFd {
        self.socket().map_or(-1, |socket| socket.as_raw_fd())
    }

    /// Does something to the socket itself.
    ///
    /// # Errors
    /// What `act` says, or that there is no socket any more.
    pub fn with_socket<T>(
        &self,
        act: impl FnOnce(&socket2::Socket) -> io::Result<T>,
    ) -> io::Result<T> {
        let socket = self.socket().ok_or_else(gone)?;
        act(&socket2::SockRef::from(&socket))
    }

    fn socket(&self) -> Option<BorrowedFd<'_>> {
        match self {
            Conn::Fresh(socket, _) => Some(socket.as_fd()),
            Conn::Tcp(socket) => Some(socket.as_fd()),
            Conn::Unix(socket) => Some(socket.as_fd()),
            Conn::Gone => None,
        }
    }
}

/// The reactor had no place for the connection.
fn gone() -> io::Error {
    io::ErrorKind::NotConnected.into()
}

/// Trying again later may help.
fn is_to_wait(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
    )
}

impl From<Detached> for OwnedFd {
    fn from(detached: Detached) -> OwnedFd {
        match detached {
            Detached::Tcp(socket) => socket.into(),
            Detached::Unix(socket) => socket.into(),
        }
    }
}

/// Data up to this many bytes is copied behind what is staged.
const COPY_LIMIT: usize = 4096;

/// Bytes on their way out: what is staged here leaves before and together with data that stays in its own buffer.
#[derive(Debug, Default)]
pub struct Outbox {
    staged: Vec<u8>,
    sent: usize,
    written: u64,
    /// More data is there and follows at once: the kernel may gather.
    more: bool,
    /// The kernel may hold back what it has.
    held: bool,
    /// Nothing comes behind what is staged but the connection's end.
    last: bool,
}

impl Outbox {
    /// Nothing yet; what will be staged has its place in `staged`.
    pub fn new(staged: Vec<u8>) -> Self {
        Self {
            staged,
            ..Self::default()
        }
    }

    /// Gives the place back.
    pub fn into_stage(self) -> Vec<u8> {
        self.staged
    }

    /// Says whether more data follows the next piece at once.
    pub fn expect_more(&mut self, more: bool) {
        self.more = more;
    }

    /// Where heads and chunk lines are appended.
    pub fn stage(&mut self) -> &mut Vec<u8> {
        if self.sent == self.staged.len() {
            self.staged.clear();
            self.sent = 0;
        }
        &mut self.staged
    }

    /// Nothing is staged.
    pub fn is_empty(&self) -> bool {
        self.sent == self.staged.len()
    }

    /// Bytes that went to the connection so far.
    pub fn written(&self) -> u64 {
        self.written
    }

    /// Bytes that are staged and not sent.
    pub fn len(&self) -> usize {
        self.staged.len() - self.sent
    }

    /// What is staged is the last: the kernel may hold it back until [`Self::poll_flush`] ends the connection, so that
    /// both leave in one packet.
    pub fn end_connection(&mut self) {
        self.last = true;
    }

    /// Writes what is staged and then `data`, of which there is some; returns how much of it went.
    pub fn poll_send(
        &mut self,
        cx: &mut Context<'_>,
        conn: &mut Conn,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        if data.len() <= COPY_LIMIT && !self.is_empty() {
            // A short piece is cheaper copied than gathered; from here on it is staged.
            self.staged.extend_from_slice(data);
            return match self.poll_write(cx, conn, &[], self.more) {
                Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
                _ => Poll::Ready(Ok(data.len())),
            };
        }
        self.poll_write(cx, conn, data, self.more)
    }

    /// Writes what is staged, and has the kernel send what it holds back.
    pub fn poll_flush(&mut self, cx: &mut Context<'_>, conn: &mut Conn) -> Poll<io::Result<()>> {
        ready!(self.poll_write(cx, conn, &[], self.last))?;
        let held = std::mem::take(&mut self.held);
        if std::mem::take(&mut self.last) {
            conn.shutdown_write();
        } else if held {
            conn.push();
        }
        Poll::Ready(Ok(()))
    }

    /// Writes what is staged and then `data`; returns how much of `data` went, which is nothing only if there is none.
    /// With `more` the kernel may hold it back.
    fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        conn: &mut Conn,
        data: &[u8],
        more: bool,
    ) -> Poll<io::Result<usize>> {
        let write = if more {
            Conn::poll_write_more
        } else {
            Conn::poll_write
        };
        loop {
            let staged = &self.staged[self.sent..];
            let result = match (staged.is_empty(), data.is_empty()) {
                (true, true) => return Poll::Ready(Ok(0)),
                (true, false) => write(conn, cx, &[IoSlice::new(data)]),
                (false, true) => write(conn, cx, &[IoSlice::new(staged)]),
                (false, false) => write(conn, cx, &[IoSlice::new(staged), IoSlice::new(data)]),
            };
            let count = match ready!(result)? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                count => count,
            };
            self.held = more;
            let of_staged = count.min(staged.len());
            self.written += count as u64;
            self.sent += of_staged;
            if count > of_staged {
                return Poll::Ready(Ok(count - of_staged));
            }
        }
    }
}
