//! A line of the log: what event words give, and the log of a process writes.

use std::io;

use locum_runtime::log::level;

/// A line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its level (syslog(3)).
    pub level: u8,
    /// It is only written with `-D`.
    pub detail: bool,
    /// Its text, without a line feed.
    pub text: String,
}

impl Line {
    /// A line of information.
    pub fn info(text: impl Into<String>) -> Line {
        Line::at(level::INFO, text)
    }

    /// A warning.
    pub fn warning(text: impl Into<String>) -> Line {
        Line::at(level::WARNING, text)
    }

    /// An error.
    pub fn error(text: impl Into<String>) -> Line {
        Line::at(level::ERR, text)
    }

    /// A line of this level.
    pub fn at(level: u8, text: impl Into<String>) -> Line {
        Line {
            level,
            detail: false,
            text: text.into(),
        }
    }

    /// The same, only with `-D`.
    pub fn detail(self) -> Line {
        Line {
            detail: true,
            ..self
        }
    }
}

/// An error as C's `%m` prints it.
pub fn errno(error: &io::Error) -> String {
    match error.raw_os_error() {
        Some(number) => nix::errno::Errno::from_raw(number).desc().to_owned(),
        None => error.to_string(),
    }
}
