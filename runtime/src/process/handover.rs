//! Hands listening sockets from one process to the next, in the reference's format, so that either may be the other's
//! successor (`expose-fd listeners` on the old side, `-x` on the new one).
//!
//! ```text
//! new -> old   "_getsocks\n"                on the command socket
//! old -> new   u32: how many sockets         native byte order
//! old -> new   up to 252 descriptors, SCM_RIGHTS, and for each of them, in the same message:
//!                u8 length, network namespace; u8 length, interface; u32 options (0)
//! new -> old   u32: acknowledged             before the next message, if there is one
//! ```
//! The same format runs between a master and its workers.

use std::{
    io::{self, Read, Write},
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::{ffi::OsStrExt, net::UnixStream},
    },
    path::Path,
    time::Duration,
};

use locum_kernel::descriptors;
use socket2::{SockAddr, SockRef};

/// Descriptors in one message.
const BATCH: usize = 252;
/// Sockets that a peer may announce: more is a peer that talks something else.
const MAX_LISTENERS: u32 = 1 << 20;
/// How long either side waits for the other, like the reference.
const PATIENCE: Duration = Duration::from_secs(1);
/// The request, as it stands on the command socket.
pub const REQUEST: &[u8] = b"_getsocks\n";

/// A socket that changes its owner.
#[derive(Debug)]
pub struct Listener {
    /// The socket.
    pub socket: OwnedFd,
    /// The network namespace it was made in; empty for the process's own.
    pub namespace: Vec<u8>,
    /// The interface it is bound to; empty for any.
    pub interface: Vec<u8>,
}

impl Listener {
    /// A socket in the process's own namespace, on any interface.
    pub fn new(socket: OwnedFd) -> Self {
        Self {
            socket,
            namespace: Vec::new(),
            interface: Vec::new(),
        }
    }

    /// The address it is bound to.
    pub fn address(&self) -> io::Result<SockAddr> {
        SockRef::from(&self.socket).local_addr()
    }

    /// Whether it listens where `address` and `interface` say. A unix socket of the reference was bound as
    /// `PATH.PID.tmp` and then renamed, which its address still shows.
    pub fn serves(&self, address: &SockAddr, interface: &[u8]) -> bool {
        let Ok(own) = self.address() else {
            return false;
        };
        if self.interface != interface {
            return false;
        }
        match (own.as_pathname(), address.as_pathname()) {
            (Some(own), Some(wanted)) => renamed_from(own, wanted),
            (None, None) => own == *address,
            _ => false,
        }
    }
}

fn renamed_from(own: &Path, wanted: &Path) -> bool {
    let (own, wanted) = (own.as_os_str().as_bytes(), wanted.as_os_str().as_bytes());
    match own.strip_prefix(wanted) {
        Some(b"") => true,
        Some(rest) => rest
            .strip_prefix(b".")
            .and_then(|rest| rest.strip_suffix(b".tmp"))
            .is_some_and(|pid| !pid.is_empty() && pid.iter().all(u8::is_ascii_digit)),
        None => false,
    }
}

/// Takes the socket for an address out of what was handed over.
pub fn pick(from: &mut Vec<Listener>, address: &SockAddr, interface: &[u8]) -> Option<Listener> {
    let at = from.iter().position(|l| l.serves(address, interface))?;
    Some(from.swap_remove(at))
}

/// Asks the process behind a command socket for its listeners.
pub fn request(path: &Path) -> io::Result<Vec<Listener>> {
    let mut socket = UnixStream::connect(path)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    socket.set_write_timeout(Some(PATIENCE))?;
    socket.write_all(REQUEST)?;
    take(&socket)
}

/// Answers a request: gives a copy of each listener away. The socket must be in blocking mode; its time-outs hold.
pub fn offer(mut socket: &UnixStream, listeners: &[Listener]) -> io::Result<()> {
    let count = u32::try_from(listeners.len()).map_err(io::Error::other)?;
    socket.write_all(&count.to_ne_bytes())?;
    let mut batches = listeners.chunks(BATCH).peekable();
    while let Some(batch) = batches.next() {
        let mut bytes = Vec::new();
        for listener in batch {
            for text in [&listener.namespace, &listener.interface] {
                bytes.push(u8::try_from(text.len()).map_err(io::Error::other)?);
                bytes.extend_from_slice(text);
            }
            bytes.extend_from_slice(&0u32.to_ne_bytes());
        }
        let sockets: Vec<BorrowedFd<'_>> = batch.iter().map(|l| l.socket.as_fd()).collect();
        let sent = descriptors::send(socket, &bytes, &sockets)?;
        socket.write_all(&bytes[sent..])?;
        if batches.peek().is_some() {
            socket.read_exact(&mut [0; 4])?;
        }
    }
    Ok(())
}

/// Receives what [`offer`] sends.
pub fn take(mut socket: &UnixStream) -> io::Result<Vec<Listener>> {
    let mut count = [0; 4];
    socket.read_exact(&mut count)?;
    let count = u32::from_ne_bytes(count);
    if count > MAX_LISTENERS {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut taken = Vec::new();
    let mut sockets = std::collections::VecDeque::new();
    let mut bytes = Vec::new();
    let mut buffer = vec![0; 64 * 1024];
    while taken.len() < count as usize {
        let (length, more) = descriptors::receive(socket, &mut buffer)?;
        if length == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        sockets.extend(more);
        bytes.extend_from_slice(&buffer[..length]);
        while let Some((namespace, interface, used)) = record(&bytes) {
            let socket = sockets.pop_front().ok_or(io::ErrorKind::InvalidData)?;
            taken.push(Listener {
                socket,
                namespace,
                interface,
            });
            bytes.drain(..used);
        }
        // A message is complete when each of its sockets has its record. The last one's acknowledgement finds the
        // reference gone already, which is no error.
        if sockets.is_empty() && taken.len() < count as usize {
            socket.write_all(&[0; 4])?;
        }
    }
    Ok(taken)
}

/// The first record, if it is complete: namespace, interface, length.
fn record(bytes: &[u8]) -> Option<(Vec<u8>, Vec<u8>, usize)> {
    let text = |at: usize| {
        let length = usize::from(*bytes.get(at)?);
        let text = bytes.get(at + 1..at + 1 + length)?;
        Some((text.to_vec(), at + 1 + length))
    };
    let (namespace, at) = text(0)?;
    let (interface, at) = text(at)?;
    bytes.get(at..at + 4)?;
    Some((namespace, interface, at + 4))
}

#[cfg(test)]
mod tests {
    use std::{net::TcpListener, thread};

    use super::*;

    #[test]
    fn more_listeners_than_one_message_holds_arrive_in_order_with_their_interfaces() {
        let (old, new) = UnixStream::pair().expect("pair");
        let one = TcpListener::bind("127.0.0.1:0").expect("bind");
        let other = TcpListener::bind("127.0.0.1:0").expect("bind");
        let listeners: Vec<Listener> = (0..300)
            .map(|n| {
                let socket = if n == 299 { &other } else { &one };
                Listener {
                    interface: if n == 0 { b"lo".to_vec() } else { Vec::new() },
                    ..Listener::new(socket.try_clone().expect("copied").into())
                }
            })
            .collect();
        let giving = thread::spawn(move || offer(&old, &listeners));
        let mut taken = take(&new).expect("taken");
        giving.join().expect("no panic").expect("given");
        assert_eq!(taken.len(), 300);
        assert_eq!(taken[0].interface, b"lo");
        let address = SockAddr::from(other.local_addr().expect("address"));
        assert!(taken[299].serves(&address, b""));
        assert!(pick(&mut taken, &address, b"").is_some());
        assert!(pick(&mut taken, &address, b"").is_none());
    }

    #[test]
    fn a_unix_socket_is_known_by_the_name_it_was_renamed_to() {
        let wanted = Path::new("/run/a.sock");
        assert!(renamed_from(Path::new("/run/a.sock.123.tmp"), wanted));
        assert!(renamed_from(wanted, wanted));
        assert!(!renamed_from(Path::new("/run/a.sock.x.tmp"), wanted));
        assert!(!renamed_from(Path::new("/run/a.sock2"), wanted));
    }

    #[test]
    fn a_peer_that_talks_something_else_is_an_error() {
        for said in [
            &b"Unknown command\n"[..],
            &[1, 0, 0, 0],
            &[1, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        ] {
            let (mut old, new) = UnixStream::pair().expect("pair");
            old.write_all(said).expect("written");
            drop(old);
            assert!(take(&new).is_err(), "{said:?}");
        }
    }
}
