//! What goes wrong with scripts, FIFOs and mail, and how mail fares, in the reference's words.

use std::{ffi::OsString, fmt, io, net::SocketAddr, path::PathBuf};

use locum_runtime::{
    alert::{Event, Phase},
    log::level,
};

use crate::line::errno;

/// Something to be logged.
#[derive(Debug)]
pub enum Message {
    /// A program could not be executed.
    NotExecuted {
        /// Its path.
        program: OsString,
        /// Why.
        errno: i32,
    },
    /// No process could be made for a program.
    NotStarted {
        /// Its path.
        program: OsString,
        /// Why.
        error: io::Error,
    },
    /// The reader of a FIFO has ended by itself.
    ReaderEnded,
    /// A FIFO could not be made.
    FifoMake {
        /// Its path.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A FIFO could not be opened.
    FifoOpen {
        /// Its path.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A FIFO could not be written to.
    FifoWrite {
        /// Its path.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A mail's way.
    Mail {
        /// The server.
        server: SocketAddr,
        /// What happened.
        event: Event,
    },
}

impl Message {
    /// Its level (syslog(3)): alert for what the reference's child says before it gives up, else information.
    pub fn level(&self) -> u8 {
        match self {
            Self::NotExecuted { .. } => level::ALERT,
            _ => level::INFO,
        }
    }
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotExecuted {
                program,
                errno: number,
            } => write!(
                f,
                "Error exec-ing command '{}', error {number}: {}",
                program.display(),
                errno(&io::Error::from_raw_os_error(*number))
            ),
            Self::NotStarted { program, error } => {
                write!(
                    f,
                    "Failed fork process for '{}': {}",
                    program.display(),
                    errno(error)
                )
            }
            Self::ReaderEnded => f.write_str("vrrp notify fifo script terminated"),
            Self::FifoMake { path, error } => write!(
                f,
                "Unable to create FIFO {}: {}",
                path.display(),
                errno(error)
            ),
            Self::FifoOpen { path, error } => {
                write!(
                    f,
                    "Unable to open FIFO {}: {}",
                    path.display(),
                    errno(error)
                )
            }
            Self::FifoWrite { path, error } => {
                write!(
                    f,
                    "Unable to write to FIFO {}: {}",
                    path.display(),
                    errno(error)
                )
            }
            Self::Mail { server, event } => mail(f, *server, *event),
        }
    }
}

fn mail(f: &mut fmt::Formatter<'_>, server: SocketAddr, event: Event) -> fmt::Result {
    let server = format!("[{}]:{}", server.ip(), server.port());
    match event {
        Event::Connected => write!(f, "Remote SMTP server {server} connected."),
        Event::Sent => f.write_str("SMTP alert successfully sent."),
        Event::Refused { phase, code } => write!(
            f,
            "Error processing {} cmd on SMTP server {server}. SMTP status code = {code}",
            command(phase)
        ),
        Event::ConnectTimedOut => write!(f, "Timeout connecting SMTP server {server}."),
        Event::AnswerTimedOut => {
            write!(f, "Timeout reading data to remote SMTP server {server}.")
        }
        Event::WriteTimedOut => {
            write!(f, "Timeout writing data to remote SMTP server {server}.")
        }
        Event::Unreachable => write!(f, "smtp connection to {server} returned write error"),
        Event::Closed => write!(f, "Remote SMTP server {server} has closed the connection."),
        Event::Overflow => write!(
            f,
            "Received buffer from remote SMTP server {server} overflow our get read buffer length."
        ),
    }
}

fn command(phase: Phase) -> &'static str {
    match phase {
        Phase::Banner => "(E)SMTP",
        Phase::Helo => "HELO",
        Phase::Mail => "MAIL",
        Phase::Rcpt => "RCPT",
        Phase::Data => "DATA",
        Phase::Body => "BODY",
        Phase::Quit => "QUIT",
    }
}
