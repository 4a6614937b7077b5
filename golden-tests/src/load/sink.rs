//! A syslog daemon that counts: how many lines about traffic came, how many the kernel threw away.

use crate::clock;
use crate::load::response::find;
use nix::sys::socket::{setsockopt, sockopt};
use std::fs;
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// What marks a line about traffic: the client's address behind the tag. Lines about proxies and servers have none.
const MARKS: [&[u8]; 2] = [b"]: 127.0.0.1:", b"nginx: 127.0.0.1 "];

/// A running sink; it ends when this is dropped.
pub struct Sink {
    /// Where it receives.
    pub address: SocketAddr,
    socket: Arc<UdpSocket>,
    lines: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// Lines so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Lines {
    /// About traffic, received.
    pub received: u64,
    /// Of any kind, dropped by the kernel because the sink was slow.
    pub dropped: u64,
}

impl Sink {
    /// Receives on a free port, in a thread on the processors of the caller.
    ///
    /// # Errors
    /// No port or no thread is to be had.
    pub fn start() -> Result<Self, String> {
        let fail = |e: std::io::Error| format!("sink: {e}");
        let socket = UdpSocket::bind("127.0.0.1:0").map_err(fail)?;
        // As root beyond the system's limit, else up to it.
        let room = 64 << 20;
        if setsockopt(&socket, sockopt::RcvBufForce, &room).is_err() {
            setsockopt(&socket, sockopt::RcvBuf, &room).map_err(|e| fail(e.into()))?;
        }
        socket
            .set_read_timeout(Some(Duration::from_millis(50)))
            .map_err(fail)?;
        let socket = Arc::new(socket);
        let lines = Arc::new(AtomicU64::new(0));
        let stop = Arc::new(AtomicBool::new(false));
        let work = (Arc::clone(&socket), Arc::clone(&lines), Arc::clone(&stop));
        let thread = std::thread::Builder::new()
            .name("sink".to_owned())
            .spawn(move || receive(&work.0, &work.1, &work.2))
            .map_err(fail)?;
        Ok(Self {
            address: socket.local_addr().map_err(fail)?,
            socket,
            lines,
            stop,
            thread: Some(thread),
        })
    }

    /// What came so far.
    #[must_use]
    pub fn lines(&self) -> Lines {
        Lines {
            received: self.lines.load(Ordering::Relaxed),
            dropped: self.dropped(),
        }
    }

    /// What came since `before`, once that is `expected` lines or none has come for a while.
    #[must_use]
    pub fn settled(&self, before: Lines, expected: u64) -> Lines {
        let mut last = u64::MAX;
        loop {
            let now = self.lines();
            let since = Lines {
                received: now.received - before.received,
                dropped: now.dropped - before.dropped,
            };
            if since.received + since.dropped >= expected || now.received == last {
                return since;
            }
            last = now.received;
            clock::poll_until(Duration::from_millis(300), || {
                self.lines.load(Ordering::Relaxed) - before.received >= expected
            });
        }
    }

    /// The last column of our socket's line in /proc/net/udp.
    fn dropped(&self) -> u64 {
        let link = fs::read_link(format!("/proc/self/fd/{}", self.socket.as_raw_fd()));
        let inode = link.ok().and_then(|l| {
            Some(
                l.to_str()?
                    .strip_prefix("socket:[")?
                    .strip_suffix(']')?
                    .to_owned(),
            )
        });
        let table = fs::read_to_string("/proc/net/udp").unwrap_or_default();
        table
            .lines()
            .map(|line| line.split_whitespace().collect::<Vec<_>>())
            .find(|fields| fields.get(9).copied() == inode.as_deref())
            .and_then(|fields| fields.last()?.parse().ok())
            .unwrap_or(0)
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ended = thread.join();
        }
    }
}

fn receive(socket: &UdpSocket, lines: &AtomicU64, stop: &AtomicBool) {
    let mut line = [0u8; 4096];
    while !stop.load(Ordering::Relaxed) {
        let Ok(length) = socket.recv(&mut line) else {
            continue;
        };
        let start = &line[..length.min(120)];
        if MARKS.iter().any(|mark| find(start, mark, 0).is_some()) {
            lines.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_lines_about_traffic_count() {
        let sink = Sink::start().unwrap();
        let before = sink.lines();
        let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
        for text in [
            "<134>Nov 22 16:00:00 haproxy[7]: 127.0.0.1:5000 [22/Nov/2026] fe be/s1",
            "<133>Nov 22 16:00:00 haproxy[7]: Proxy fe started.",
        ] {
            sender.send_to(text.as_bytes(), sink.address).unwrap();
        }
        let lines = sink.settled(before, 1);
        assert_eq!(
            lines,
            Lines {
                received: 1,
                dropped: 0
            }
        );
    }
}
