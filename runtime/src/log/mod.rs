//! Log lines: their targets, what stands before the message, and how they leave.
//!
//! A line is one datagram or one write of the worker that made it, and never waited for: what can't leave is counted.
//! A worker owns a [`Logger`] and its buffers, so that a line costs no allocation.

pub mod console;
pub mod feed;
mod header;
pub mod journal;
pub mod ring;
mod sink;

use std::{
    io,
    sync::Arc,
    sync::atomic::{AtomicU32, Ordering::Relaxed},
    time::SystemTime,
};

use locum_model::log::{LogSample, LogTarget};

pub use header::Identity;

use crate::sample::format::Format;
use header::{Dates, Line};
use ring::Ring;
use sink::{Route, Sockets};

/// How one proxy logs.
#[derive(Default)]
pub struct ProxyLog {
    /// Where lines go.
    pub targets: Box<[Target]>,
    /// What a line says; `None`: traffic isn't logged.
    pub format: Option<Format>,
    /// The structured data of lines in format rfc5424.
    pub structured: Option<Format>,
    /// What a line says about a client that no request could be had of; else `format`.
    pub error_format: Option<Format>,
    /// What is said when a session or a request begins, where there is no `format`.
    pub begin_format: Option<Format>,
    /// The tag before the pid.
    pub tag: Box<[u8]>,
}

/// A `log` line of one proxy. `log global` gives each proxy targets of its own: samples are counted per proxy.
#[derive(Debug)]
pub struct Target {
    settings: LogTarget,
    route: Route,
    /// Lines that have come by, for `sample`.
    seen: AtomicU32,
}

impl Target {
    /// Resolves a target; an inherited descriptor is taken over now. A ring has its own say on its lines.
    pub fn new(mut settings: LogTarget, rings: &[Arc<Ring>]) -> Self {
        let route = Route::of(&settings.sink, rings);
        if let Route::Ring(ring) = &route {
            settings.format = ring.settings.format;
            settings.max_length = settings.max_length.min(ring.settings.max_length);
        }
        Self {
            route,
            settings,
            seen: AtomicU32::new(0),
        }
    }

    /// As configured.
    pub fn settings(&self) -> &LogTarget {
        &self.settings
    }

    /// The level at which a line leaves, if it does.
    fn admits(&self, level: u8) -> Option<u8> {
        if level > self.settings.max_level {
            return None;
        }
        if let Some(sample) = &self.settings.sample
            && !self.is_sampled(sample)
        {
            return None;
        }
        Some(level.max(self.settings.min_level))
    }

    fn is_sampled(&self, sample: &LogSample) -> bool {
        let size = sample.size.max(1);
        let number = self.seen.fetch_add(1, Relaxed) % size + 1;
        let within = |&(first, last): &(u32, u32)| (first..=last).contains(&number);
        sample.ranges.iter().any(within)
    }
}

/// Syslog levels by their numbers (RFC 5424 §6.2.1).
pub mod level {
    /// The system is unusable.
    pub const EMERG: u8 = 0;
    /// Act at once.
    pub const ALERT: u8 = 1;
    /// Critical.
    pub const CRIT: u8 = 2;
    /// An error.
    pub const ERR: u8 = 3;
    /// A warning.
    pub const WARNING: u8 = 4;
    /// Normal but significant.
    pub const NOTICE: u8 = 5;
    /// Information: traffic.
    pub const INFO: u8 = 6;
    /// For debugging.
    pub const DEBUG: u8 = 7;
}

/// How the sending of one line to all its targets went.
#[derive(Debug, Default)]
#[must_use = "dropped lines are counted, and the first failure is told once"]
pub struct Sent {
    /// Targets that did not get it.
    pub dropped: u32,
    /// The first failure that isn't a full queue: the target's place in its proxy's list, from 1, and the reason.
    pub failure: Option<(usize, io::Error)>,
}

impl Sent {
    /// Another one's lines, too.
    pub fn add(&mut self, other: Sent) {
        self.dropped += other.dropped;
        self.failure = self.failure.take().or(other.failure);
    }

    /// A line of the target at `place`, from 0, could not leave.
    fn drop_line(&mut self, place: usize, error: io::Error) {
        self.dropped += 1;
        if error.kind() != io::ErrorKind::WouldBlock && self.failure.is_none() {
            self.failure = Some((place + 1, error));
        }
    }
}

/// What one line says, whatever its targets put before it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Words<'a> {
    /// Who says it; empty: the program.
    pub tag: &'a [u8],
    /// Structured data, for targets in format rfc5424; empty: none.
    pub structured: &'a [u8],
    /// The message.
    pub message: &'a [u8],
}

/// A worker's way to its log targets.
#[derive(Debug)]
pub struct Logger {
    identity: Identity,
    dates: Dates,
    sockets: Sockets,
    line: Vec<u8>,
}

impl Logger {
    /// For a worker of this process. The time zone is read here: make it before a chroot.
    pub fn new(identity: Identity) -> Self {
        Self {
            identity,
            dates: Dates::new(),
            sockets: Sockets::default(),
            line: Vec::new(),
        }
    }

    /// The process that lines are from has become another one (after a fork).
    pub fn set_pid(&mut self, pid: u32) {
        self.identity.pid = pid;
    }

    /// Sends a message to all targets that want its level, and what waited before it.
    pub fn send(
        &mut self,
        now: SystemTime,
        targets: &[Target],
        level: u8,
        tag: &[u8],
        message: &[u8],
    ) -> Sent {
        let words = Words {
            tag,
            message,
            ..Words::default()
        };
        let mut sent = self.queue(now, targets, level, words);
        self.sockets.flush(&mut sent);
        sent
    }

    /// Makes a message's lines for all targets that want its level. Datagrams wait for [`Self::flush`]. The line is cut
    /// at the target's length and ends with a newline, which isn't counted.
    pub fn queue(
        &mut self,
        now: SystemTime,
        targets: &[Target],
        level: u8,
        words: Words<'_>,
    ) -> Sent {
        let mut sent = Sent::default();
        for (place, target) in targets.iter().enumerate() {
            let Some(level) = target.admits(level) else {
                continue;
            };
            self.line.clear();
            let line = Line {
                format: target.settings.format,
                facility: target.settings.facility,
                level,
                tag: if words.tag.is_empty() {
                    self.identity.tag.as_bytes()
                } else {
                    words.tag
                },
                structured: words.structured,
            };
            header::write(line, now, &mut self.dates, &self.identity, &mut self.line);
            self.line.extend_from_slice(words.message);
            self.line.truncate(target.settings.max_length as usize);
            self.line.push(b'\n');
            self.sockets
                .send(place, &target.route, &self.line, &mut sent);
        }
        sent
    }

    /// Whether lines wait for [`Self::flush`].
    pub fn is_waiting(&self) -> bool {
        self.sockets.is_waiting()
    }

    /// Lets the waiting lines go.
    pub fn flush(&mut self) -> Sent {
        let mut sent = Sent::default();
        self.sockets.flush(&mut sent);
        sent
    }
}

impl Drop for Logger {
    fn drop(&mut self) {
        // Who would be told of those that can't leave now?
        let _ = self.flush();
    }
}

#[cfg(test)]
mod tests;
