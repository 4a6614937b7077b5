//! How the BFD process tells others whether sessions are up: datagrams over a socket pair, which the parent makes before
//! it forks. The parent keeps both ends, so that a child that is started again gets the same pair.
//!
//! A datagram: one byte (1: up), the monotonic time of the report in microseconds (8 bytes, the machine's order), the name.

use std::{io, os::unix::net::UnixDatagram, time::Duration};

use nix::time::{ClockId, clock_gettime};
use tokio::io::Interest;

use crate::identity::Name;

/// The longest name that is told.
const NAME: usize = 1024;

/// Makes a pair: where reports are written, and where they are read. Neither end blocks.
pub fn pair() -> io::Result<(UnixDatagram, UnixDatagram)> {
    let (writer, reader) = UnixDatagram::pair()?;
    writer.set_nonblocking(true)?;
    reader.set_nonblocking(true)?;
    Ok((writer, reader))
}

/// A report that came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The session's name.
    pub name: Name,
    /// It is up.
    pub up: bool,
    /// How long it was under way.
    pub delay: Duration,
}

/// The reading end, in a process that tracks sessions.
#[derive(Debug)]
pub struct Reader {
    socket: tokio::net::UnixDatagram,
}

impl Reader {
    /// Of an end of [`pair`]. Must be called within a tokio runtime.
    pub fn new(socket: UnixDatagram) -> io::Result<Reader> {
        socket.set_nonblocking(true)?;
        Ok(Reader {
            socket: tokio::net::UnixDatagram::from_std(socket)?,
        })
    }

    /// The next report. Datagrams that aren't reports are skipped.
    pub async fn next(&self) -> io::Result<Report> {
        let mut bytes = [0; HEAD + NAME];
        loop {
            let length = self.socket.recv(&mut bytes).await?;
            if let Some(report) = decode(&bytes[..length], monotonic()) {
                return Ok(report);
            }
        }
    }
}

/// The writing end, in the BFD process. What can't leave at once is kept, the latest state of each session.
#[derive(Debug)]
pub(super) struct Writer {
    socket: tokio::net::UnixDatagram,
    waiting: Vec<(Name, Vec<u8>)>,
}

impl Writer {
    pub(super) fn new(socket: UnixDatagram) -> io::Result<Writer> {
        socket.set_nonblocking(true)?;
        Ok(Writer {
            socket: tokio::net::UnixDatagram::from_std(socket)?,
            waiting: Vec::new(),
        })
    }

    pub(super) fn write(&mut self, name: &Name, up: bool) {
        let bytes = encode(name, up, monotonic());
        if self.waiting.is_empty() && self.send(&bytes) {
            return;
        }
        self.waiting.retain(|(other, _)| other != name);
        self.waiting.push((name.clone(), bytes));
    }

    /// Whether something waits for [`Writer::flush`].
    pub(super) fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Ends when all that waited has left.
    pub(super) async fn flush(&mut self) {
        while let Some((_, bytes)) = self.waiting.first() {
            if self.send(bytes) {
                self.waiting.remove(0);
            } else if self.socket.writable().await.is_err() {
                self.waiting.clear();
            }
        }
    }

    /// It left, or there is nobody to read it.
    fn send(&self, bytes: &[u8]) -> bool {
        match self
            .socket
            .try_io(Interest::WRITABLE, || send_now(&self.socket, bytes))
        {
            Err(error) => error.kind() != io::ErrorKind::WouldBlock,
            Ok(()) => true,
        }
    }
}

fn send_now(socket: &tokio::net::UnixDatagram, bytes: &[u8]) -> io::Result<()> {
    socket2::SockRef::from(socket).send(bytes).map(drop)
}

const HEAD: usize = 9;

fn encode(name: &Name, up: bool, now: u64) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEAD + name.len());
    bytes.push(u8::from(up));
    bytes.extend(now.to_ne_bytes());
    bytes.extend(&name.as_bytes()[..name.len().min(NAME)]);
    bytes
}

fn decode(bytes: &[u8], now: u64) -> Option<Report> {
    let (&[up, at @ ..], name) = bytes.split_first_chunk::<HEAD>()?;
    let at = u64::from_ne_bytes(at);
    Some(Report {
        name: std::str::from_utf8(name).ok()?.into(),
        up: up == 1,
        delay: Duration::from_micros(now.saturating_sub(at)),
    })
}

/// Microseconds that mean the same in all processes of the machine, which a std `Instant` can't carry.
fn monotonic() -> u64 {
    clock_gettime(ClockId::CLOCK_MONOTONIC)
        .map(|time| Duration::from(time).as_micros() as u64)
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_tells_name_state_and_delay() {
        let bytes = encode(&"B1".into(), true, 1_000);
        assert_eq!(
            decode(&bytes, 1_250),
            Some(Report {
                name: "B1".into(),
                up: true,
                delay: Duration::from_micros(250)
            })
        );
        assert_eq!(decode(&bytes[..8], 0), None);
    }

    #[tokio::test]
    async fn the_latest_state_of_each_session_arrives_when_the_reader_was_slow() {
        let (writer, reader) = pair().unwrap();
        let mut writer = Writer::new(writer).unwrap();
        let mut last = std::collections::HashMap::new();
        let names: Vec<Name> = (0..50).map(|i| format!("B{i}").as_str().into()).collect();
        for round in 0..200 {
            for (i, name) in names.iter().enumerate() {
                writer.write(name, (round + i) % 2 == 0);
                last.insert(name.clone(), (round + i) % 2 == 0);
            }
        }
        assert!(writer.is_waiting(), "more than a socket takes");
        let reader = Reader::new(reader).unwrap();
        let mut heard = std::collections::HashMap::new();
        let read = async {
            while let Ok(Ok(report)) =
                tokio::time::timeout(Duration::from_millis(200), reader.next()).await
            {
                heard.insert(report.name, report.up);
            }
        };
        tokio::join!(writer.flush(), read);
        assert_eq!(heard, last);
    }
}
