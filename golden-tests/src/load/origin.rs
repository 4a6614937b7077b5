//! A fast origin: one thread, prepared answers, nothing parsed but the path and the wish to close.

use crate::load::response::find;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use slab::Slab;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::thread::JoinHandle;

/// Bytes of the body of `/small`, and of every path that isn't one of the others.
pub const SMALL: u64 = 100;
/// Bytes of the body of `/16k`.
pub const MIDDLE: u64 = 16 * 1024;
/// Bytes of the body of `/1m`.
pub const LARGE: u64 = 1024 * 1024;

/// A request may not be longer than this.
const REQUEST_LIMIT: usize = 16 * 1024;

/// A running origin; it ends when this is dropped.
pub struct Origin {
    /// Where it listens: one address per server of the configuration.
    pub addresses: Vec<SocketAddr>,
    counts: Arc<Counts>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Counts {
    stop: AtomicBool,
    requests: AtomicU64,
    connections: AtomicUsize,
}

impl Origin {
    /// Listens on `servers` free ports and serves in a thread on the processors of the caller.
    ///
    /// # Errors
    /// No port or no thread is to be had.
    pub fn start(servers: usize) -> Result<Self, String> {
        let listeners = (0..servers)
            .map(|_| TcpListener::bind("127.0.0.1:0"))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|e| format!("origin: {e}"))?;
        Self::serve(listeners)
    }

    /// Serves on these listeners.
    ///
    /// # Errors
    /// There is no epoll instance or no thread.
    pub fn serve(listeners: Vec<TcpListener>) -> Result<Self, String> {
        let fail = |e: std::io::Error| format!("origin: {e}");
        let addresses = listeners
            .iter()
            .map(TcpListener::local_addr)
            .collect::<Result<_, _>>()
            .map_err(fail)?;
        let counts = Arc::new(Counts::default());
        let mut work = Work {
            epoll: Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC).map_err(|e| fail(e.into()))?,
            listeners,
            connections: Slab::new(),
            answers: Answers::new(),
            counts: Arc::clone(&counts),
            buffer: vec![0; 64 * 1024],
        };
        work.watch_listeners().map_err(fail)?;
        let thread = std::thread::Builder::new()
            .name("origin".to_owned())
            .spawn(move || work.run())
            .map_err(fail)?;
        Ok(Self {
            addresses,
            counts,
            thread: Some(thread),
        })
    }

    /// Requests answered so far, those of health checks included.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.counts.requests.load(Ordering::Relaxed)
    }

    /// Connections that are open now.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.counts.connections.load(Ordering::Relaxed)
    }

    /// Waits for its thread: for a process that is nothing but an origin.
    pub fn forever(mut self) {
        if let Some(thread) = self.thread.take() {
            let _ended = thread.join();
        }
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        self.counts.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ended = thread.join();
        }
    }
}

/// Whole responses, by path.
struct Answers {
    small: Vec<u8>,
    middle: Vec<u8>,
    large: Vec<u8>,
}

impl Answers {
    fn new() -> Self {
        let answer = |length: u64| {
            let mut bytes = format!(
                "HTTP/1.1 200 OK\r\nServer: origin\r\nContent-Type: text/plain\r\nContent-Length: {length}\r\n\r\n"
            )
            .into_bytes();
            bytes.extend((0..length).map(|at| b'a' + (at % 26) as u8));
            bytes
        };
        Self {
            small: answer(SMALL),
            middle: answer(MIDDLE),
            large: answer(LARGE),
        }
    }

    fn to(&self, request: &[u8]) -> &[u8] {
        if request.starts_with(b"GET /16k ") {
            &self.middle
        } else if request.starts_with(b"GET /1m ") {
            &self.large
        } else {
            &self.small
        }
    }
}

struct Connection {
    stream: TcpStream,
    /// Bytes of a request that isn't complete.
    pending: Vec<u8>,
    /// Bytes of answers that the socket didn't take yet.
    unsent: Vec<u8>,
    closes: bool,
}

struct Work {
    epoll: Epoll,
    listeners: Vec<TcpListener>,
    connections: Slab<Connection>,
    answers: Answers,
    counts: Arc<Counts>,
    buffer: Vec<u8>,
}

/// Tokens of listeners count down from the top, those of connections up from 0.
fn listener_token(at: usize) -> u64 {
    u64::MAX - at as u64
}

impl Work {
    fn watch_listeners(&self) -> std::io::Result<()> {
        for (at, listener) in self.listeners.iter().enumerate() {
            listener.set_nonblocking(true)?;
            self.epoll.add(
                listener,
                EpollEvent::new(EpollFlags::EPOLLIN, listener_token(at)),
            )?;
        }
        Ok(())
    }

    fn run(&mut self) {
        let mut events = vec![EpollEvent::empty(); 256];
        while !self.counts.stop.load(Ordering::Relaxed) {
            let Ok(count) = self.epoll.wait(&mut events, EpollTimeout::from(50u8)) else {
                continue;
            };
            for event in &events[..count] {
                let from_top = u64::MAX - event.data();
                match usize::try_from(from_top) {
                    Ok(at) if at < self.listeners.len() => self.accept(at),
                    _ => self.attend(event.data() as usize),
                }
            }
            self.counts
                .connections
                .store(self.connections.len(), Ordering::Relaxed);
        }
    }

    fn accept(&mut self, at: usize) {
        while let Ok((stream, _)) = self.listeners[at].accept() {
            if stream.set_nonblocking(true).is_err() || stream.set_nodelay(true).is_err() {
                continue;
            }
            let entry = self.connections.vacant_entry();
            // Edge-triggered, so that waiting for room to write needs no second call.
            let flags = EpollFlags::EPOLLIN | EpollFlags::EPOLLOUT | EpollFlags::EPOLLET;
            if self
                .epoll
                .add(&stream, EpollEvent::new(flags, entry.key() as u64))
                .is_ok()
            {
                entry.insert(Connection {
                    stream,
                    pending: Vec::new(),
                    unsent: Vec::new(),
                    closes: false,
                });
            }
        }
    }

    fn attend(&mut self, at: usize) {
        let Some(connection) = self.connections.get_mut(at) else {
            return;
        };
        let ended = connection.attend(&mut self.buffer, &self.answers, &self.counts.requests);
        if ended.is_err() {
            self.connections.remove(at);
        }
    }
}

impl Connection {
    /// Reads and answers until there is nothing to do; an error when the connection has ended.
    fn attend(
        &mut self,
        buffer: &mut [u8],
        answers: &Answers,
        requests: &AtomicU64,
    ) -> std::io::Result<()> {
        loop {
            if !self.flush()? {
                return Ok(());
            }
            if self.closes {
                return Err(ErrorKind::ConnectionAborted.into());
            }
            let count = match self.stream.read(buffer) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(count) => count,
                Err(e) if e.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(e) => return Err(e),
            };
            self.answer(&buffer[..count], answers, requests)?;
            // A short read has emptied the socket: what comes later is a new edge.
            if count < buffer.len() && self.unsent.is_empty() && !self.closes {
                return Ok(());
            }
        }
    }

    fn answer(
        &mut self,
        bytes: &[u8],
        answers: &Answers,
        requests: &AtomicU64,
    ) -> std::io::Result<()> {
        let kept = std::mem::take(&mut self.pending);
        let joined;
        let mut rest = bytes;
        if !kept.is_empty() {
            joined = [kept.as_slice(), bytes].concat();
            rest = &joined;
        }
        while let Some(end) = find(rest, b"\r\n\r\n", 0) {
            let (request, later) = rest.split_at(end + 4);
            self.closes |= asks_to_close(request);
            // Counted first: whoever has the answer finds it counted.
            requests.fetch_add(1, Ordering::Relaxed);
            self.send(answers.to(request))?;
            rest = later;
        }
        if rest.len() > REQUEST_LIMIT {
            return Err(ErrorKind::InvalidData.into());
        }
        self.pending.extend_from_slice(rest);
        Ok(())
    }

    fn send(&mut self, answer: &[u8]) -> std::io::Result<()> {
        let mut left = answer;
        while self.unsent.is_empty() && !left.is_empty() {
            match self.stream.write(left) {
                Ok(count) => left = &left[count..],
                Err(e) if e.kind() == ErrorKind::WouldBlock => break,
                Err(e) => return Err(e),
            }
        }
        self.unsent.extend_from_slice(left);
        Ok(())
    }

    /// Whether everything has left.
    fn flush(&mut self) -> std::io::Result<bool> {
        let mut sent = 0;
        while sent < self.unsent.len() {
            match self.stream.write(&self.unsent[sent..]) {
                Ok(count) => sent += count,
                Err(e) if e.kind() == ErrorKind::WouldBlock => break,
                Err(e) => return Err(e),
            }
        }
        self.unsent.drain(..sent);
        Ok(self.unsent.is_empty())
    }
}

fn asks_to_close(request: &[u8]) -> bool {
    request.split(|b| *b == b'\n').any(|line| {
        line.trim_ascii_end()
            .eq_ignore_ascii_case(b"connection: close")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn an_origin_answers_pipelined_requests_and_closes_when_asked() {
        let origin = Origin::start(2).unwrap();
        let mut stream = TcpStream::connect(origin.addresses[1]).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(5)))
            .unwrap();
        stream.write_all(b"GET /1m HTTP/1.1\r\n\r\nGET /16k HTTP/1.1\r\n\r\nGET /small HTTP/1.1\r\nConnection: close\r\n\r\n").unwrap();
        let mut all = Vec::new();
        stream.read_to_end(&mut all).unwrap();
        let bodies = LARGE + MIDDLE + SMALL;
        assert!(all.len() as u64 > bodies && (all.len() as u64) < bodies + 1000);
        assert_eq!(origin.requests(), 3);
    }
}
