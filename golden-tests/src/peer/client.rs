//! Client connections by name, and the one transcript of all they sent and received, in the order of the steps.

use super::socket::{self, Received};
use crate::bytes::render;
use crate::clock;
use crate::http;
use socket2::Socket;
use std::collections::BTreeMap;
use std::io::Write;
use std::net::Shutdown;
use std::time::Duration;

/// All client connections of a scenario.
#[derive(Default)]
pub struct Clients {
    open: BTreeMap<String, Connection>,
    last: String,
    transcript: String,
}

struct Connection {
    socket: Socket,
    /// Received, but not asked for by a step yet.
    pending: Vec<u8>,
    ended: Option<Received>,
    /// What was sent last: the answer to HEAD has no body.
    sent: Vec<u8>,
}

/// What a `recv` step waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Until {
    /// A response with its body.
    Response,
    /// A head alone (1xx, answers to HEAD, upgrades).
    Head,
    /// Everything up to the end of the connection.
    Close,
    /// Exactly so many bytes.
    Bytes(usize),
    /// These bytes.
    Text(Vec<u8>),
    /// No byte and no end within the time.
    Nothing,
}

impl Until {
    /// Reads `response`, `head`, `close`, `nothing` or `N bytes`.
    ///
    /// # Errors
    /// Names a word that it doesn't know.
    pub fn parse(word: &str) -> Result<Self, String> {
        Ok(match word {
            "response" => Self::Response,
            "head" => Self::Head,
            "close" => Self::Close,
            "nothing" => Self::Nothing,
            _ => {
                let count = word.strip_suffix(" bytes").and_then(|n| n.parse().ok());
                Self::Bytes(count.ok_or(format!("recv = '{word}' is not known"))?)
            }
        })
    }
}

impl Clients {
    /// Opens a connection; what goes wrong is part of the transcript, for a refusal can be what is tested.
    pub fn open(&mut self, name: &str, to: &str, from: Option<&str>) {
        name.clone_into(&mut self.last);
        match socket::connect(to, from) {
            Ok(socket) => {
                self.note(name, "open");
                let fresh = Connection {
                    socket,
                    pending: Vec::new(),
                    ended: None,
                    sent: Vec::new(),
                };
                self.open.insert(name.to_owned(), fresh);
            }
            Err(problem) => self.note(name, &problem),
        }
    }

    /// Sends `bytes` on the named connection, or on the last one.
    ///
    /// # Errors
    /// There is no such connection.
    pub fn send(&mut self, name: Option<&str>, bytes: &[u8]) -> Result<(), String> {
        let name = self.chosen(name);
        self.transcript
            .push_str(&render(&format!("{name} > "), bytes));
        let connection = self.connection(&name)?;
        connection.sent = bytes.to_vec();
        let mut writer = &connection.socket;
        let timeout = Some(Duration::from_secs(5));
        let outcome = connection
            .socket
            .set_write_timeout(timeout)
            .and_then(|()| writer.write_all(bytes));
        // A reset while sending shows when receiving; the bytes that left before it vary.
        drop(outcome);
        Ok(())
    }

    /// Receives up to `until` and writes it down; `keep` chooses lines, `columns` chooses columns of a CSV body.
    ///
    /// # Errors
    /// There is no such connection, or the time was over first.
    pub fn recv(
        &mut self,
        name: Option<&str>,
        until: &Until,
        within: Duration,
        shown: &dyn Fn(&str) -> String,
    ) -> Result<(), String> {
        let name = self.chosen(name);
        let connection = self.connection(&name)?;
        let (bytes, late) = connection.receive(until, within);
        let shows_end = late || matches!(until, Until::Close | Until::Response | Until::Nothing);
        let end = match &connection.ended {
            Some(how) if connection.pending.is_empty() && shows_end => Some(match how {
                Received::Reset => "reset",
                _ => "closed",
            }),
            _ => None,
        };
        let text = render("", &bytes);
        let prefix = format!("{name} < ");
        for line in shown(&text).lines() {
            self.transcript.push_str(&format!("{prefix}{line}\n"));
        }
        if let Some(end) = end {
            self.note(&name, end);
        }
        if *until == Until::Nothing && !late && bytes.is_empty() && end.is_none() {
            self.note(&name, "nothing");
        }
        if late && *until != Until::Nothing {
            self.note(&name, "TIMED OUT in the harness");
            return Err(format!("{name}: no {until:?} within {within:?}"));
        }
        Ok(())
    }

    /// Shuts down the sending side.
    ///
    /// # Errors
    /// There is no such connection.
    pub fn half_close(&mut self, name: &str) -> Result<(), String> {
        let connection = self.connection(name)?;
        let _already_gone = connection.socket.shutdown(Shutdown::Write);
        self.note(name, "half-closed by us");
        Ok(())
    }

    /// Closes, by a reset if `reset`.
    ///
    /// # Errors
    /// There is no such connection.
    pub fn close(&mut self, name: &str, reset: bool) -> Result<(), String> {
        let connection = self
            .open
            .remove(name)
            .ok_or(format!("no open connection '{name}'"))?;
        if reset {
            socket::reset(connection.socket);
        }
        self.note(name, if reset { "reset by us" } else { "closed by us" });
        Ok(())
    }

    /// Ends a connection that has its response and waits for the other side to close, too: what comes next then finds
    /// the proxy without it.
    ///
    /// # Errors
    /// There is no such connection.
    pub fn leave(&mut self, name: &str) -> Result<(), String> {
        let connection = self.connection(name)?;
        let _already_gone = connection.socket.shutdown(Shutdown::Write);
        let deadline = clock::now() + Duration::from_secs(1);
        let mut rest = Vec::new();
        while connection.ended.is_none()
            && socket::receive(&connection.socket, &mut rest, deadline) == Received::Bytes
        {}
        self.close(name, false)
    }

    /// Whether that connection is open on our side.
    #[must_use]
    pub fn is_open(&self, name: &str) -> bool {
        self.open.contains_key(name)
    }

    /// Everything that was written down.
    #[must_use]
    pub fn transcript(&self) -> &str {
        &self.transcript
    }

    fn chosen(&self, name: Option<&str>) -> String {
        name.unwrap_or(&self.last).to_owned()
    }

    fn connection(&mut self, name: &str) -> Result<&mut Connection, String> {
        self.open
            .get_mut(name)
            .ok_or(format!("no open connection '{name}'"))
    }

    fn note(&mut self, name: &str, what: &str) {
        self.transcript.push_str(&format!("{name} -- {what}\n"));
    }
}

impl Connection {
    /// The bytes asked for, and whether the time was over before they were complete.
    fn receive(&mut self, until: &Until, within: Duration) -> (Vec<u8>, bool) {
        let deadline = clock::now() + within;
        loop {
            if let Some(length) = self.complete(until) {
                return (self.pending.drain(..length).collect(), false);
            }
            if self.ended.is_some() {
                let early = !matches!(until, Until::Close | Until::Response | Until::Nothing);
                return (std::mem::take(&mut self.pending), early);
            }
            match socket::receive(&self.socket, &mut self.pending, deadline) {
                Received::Bytes => {}
                Received::Nothing => {
                    let late = *until != Until::Nothing;
                    return (std::mem::take(&mut self.pending), late);
                }
                end => self.ended = Some(end),
            }
        }
    }

    fn complete(&self, until: &Until) -> Option<usize> {
        let bytes = &self.pending;
        match until {
            Until::Response => {
                let head = http::head_length(bytes)?;
                let framing = if self.sent.starts_with(b"HEAD ") {
                    http::Framing::Length(0)
                } else {
                    http::response_framing(&bytes[..head])
                };
                Some(head + http::body_length(framing, &bytes[head..])?)
            }
            Until::Head => http::head_length(bytes),
            Until::Bytes(count) => (bytes.len() >= *count).then_some(*count),
            Until::Text(text) => bytes
                .windows(text.len().max(1))
                .position(|w| w == text.as_slice())
                .map(|at| at + text.len()),
            Until::Close | Until::Nothing => None,
        }
    }
}
