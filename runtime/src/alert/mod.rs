//! Mail that tells of changes: one SMTP conversation for each (RFC 5321), which nobody waits for.
//!
//! ```text
//! S 220 …            banner
//! C HELO name        S 250
//! C MAIL FROM:<…>    S 250
//! C RCPT TO:<…>      S 250     for each recipient
//! C DATA             S 354
//! C the message .    S 250     it is sent
//! C QUIT             S 221
//! ```
//! Any other answer ends it with QUIT. [`conversation`] is that table, without IO; [`send()`] drives one over a socket.

mod conversation;
mod host_name;
mod message;
mod send;

use std::{net::SocketAddr, time::Duration};

pub use conversation::Phase;
pub use host_name::canonical;
pub use send::send;

/// A mail and how it leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// Whom it is given to.
    pub server: SocketAddr,
    /// Bound on the connection and on every answer.
    pub timeout: Duration,
    /// Our name in HELO.
    pub helo_name: String,
    /// Sender.
    pub from: String,
    /// Recipients.
    pub to: Vec<String>,
    /// Subject.
    pub subject: String,
    /// What made it (the X-Mailer header).
    pub mailer: &'static str,
    /// Text, without its last line end.
    pub body: String,
}

/// What happened to a mail; only [`Event::Sent`] means that the server has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// The connection stands.
    Connected,
    /// The server has taken it.
    Sent,
    /// An answer that isn't the one of that phase.
    Refused {
        /// Where.
        phase: Phase,
        /// The answer's code; 0 if it had none.
        code: u16,
    },
    /// Connecting took too long.
    ConnectTimedOut,
    /// No answer came in time.
    AnswerTimedOut,
    /// What we say isn't taken.
    WriteTimedOut,
    /// No connection can be had, or writing failed.
    Unreachable,
    /// The server closed the connection, or reading failed.
    Closed,
    /// An answer longer than [`LONGEST_ANSWER`].
    Overflow,
}

/// Bound on an answer, all its lines together.
pub const LONGEST_ANSWER: usize = 512;
