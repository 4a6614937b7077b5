//! A daemon's own log: lines to the system's log, to the console, to a file, and never a wait for any of them.
//!
//! A target that doesn't take a line loses it. Lost lines are counted, and the next line that the target takes is
//! preceded by one that tells how many are missing.
//!
//! ```text
//! system's log   <30>Nov 22 21:09:13 Ident[57]: message        a datagram, unconnected and non-blocking
//! console, file  Sun Nov 22 21:09:13 2026: message             a write to a description of our own, non-blocking
//! bare           message                                       the same without the date
//! ```

mod way;

use std::{
    fs::OpenOptions,
    io,
    os::unix::fs::OpenOptionsExt,
    path::Path,
    time::{SystemTime, UNIX_EPOCH},
};

use jiff::{Timestamp, tz::TimeZone};
use locum_model::log::LogLineFormat;

use super::{
    Identity,
    header::{self, Dates, Line},
};
use way::Way;

/// What stands before a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Priority, date, identity.
    System,
    /// The date as asctime(3) has it.
    Dated,
    /// Nothing.
    Bare,
}

/// The targets of a process and what it has lost on the way to them.
#[derive(Debug)]
pub struct Journal {
    identity: Identity,
    facility: u8,
    dates: Dates,
    calendar: Calendar,
    outlets: Vec<Outlet>,
    /// How the loss of so many lines is told.
    loss: fn(u64) -> String,
    line: Vec<u8>,
}

#[derive(Debug)]
struct Outlet {
    style: Style,
    way: Way,
    lost: u64,
}

impl Journal {
    /// A log without targets. The time zone is read here. `facility` is the number of syslog(3), not shifted; `loss`
    /// words a line about lines that are missing.
    pub fn new(identity: Identity, facility: u8, loss: fn(u64) -> String) -> Self {
        Self {
            identity,
            facility,
            dates: Dates::new(),
            calendar: Calendar::new(),
            outlets: Vec::new(),
            loss,
            line: Vec::new(),
        }
    }

    /// Adds the socket of the system's log. It may be missing now, and may come and go.
    ///
    /// # Errors
    /// No descriptor left, or a path that no socket can have.
    pub fn add_system(&mut self, path: &Path) -> io::Result<()> {
        let way = Way::datagram(path)?;
        self.add(Style::System, way);
        Ok(())
    }

    /// Adds standard error. Its open file keeps its mode: others share it.
    ///
    /// # Errors
    /// It isn't open.
    pub fn add_console(&mut self, style: Style) -> io::Result<()> {
        let way = Way::console()?;
        self.add(style, way);
        Ok(())
    }

    /// Adds a file, which is appended to, or begun anew with `truncate`; it is created with mode 0644 less the umask.
    ///
    /// # Errors
    /// It can't be opened.
    pub fn add_file(&mut self, path: &Path, style: Style, truncate: bool) -> io::Result<()> {
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .append(!truncate)
            .truncate(truncate)
            .mode(0o644)
            .open(path)?;
        self.add(style, Way::Direct(file));
        Ok(())
    }

    fn add(&mut self, style: Style, way: Way) {
        self.outlets.push(Outlet {
            style,
            way,
            lost: 0,
        });
    }

    /// Lines are from another identity from now on (after a fork, in a namespace).
    pub fn set_identity(&mut self, identity: Identity) {
        self.identity = identity;
    }

    /// Who lines are from.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Closes all targets.
    pub fn clear(&mut self) {
        self.outlets.clear();
    }

    /// Leaves regular files to a thread: a disk can make a write wait however it was opened. To be called when no fork
    /// comes any more. Dropping the journal then waits a second at most for what is queued.
    ///
    /// # Errors
    /// The thread can't be started; the file is written to as before.
    pub fn write_behind(&mut self) -> io::Result<()> {
        self.outlets
            .iter_mut()
            .try_for_each(|outlet| outlet.way.write_behind())
    }

    /// Sends a message to every target.
    pub fn write(&mut self, now: SystemTime, level: u8, message: &[u8]) {
        for outlet in &mut self.outlets {
            if outlet.lost > 0 {
                compose(
                    &mut self.line,
                    outlet.style,
                    Line {
                        format: LogLineFormat::Local,
                        facility: self.facility,
                        level: super::level::WARNING,
                        tag: self.identity.tag.as_bytes(),
                    },
                    now,
                    (&mut self.dates, &mut self.calendar, &self.identity),
                    (self.loss)(outlet.lost).as_bytes(),
                );
                if outlet.way.send(&self.line).is_ok() {
                    outlet.lost = 0;
                }
            }
            compose(
                &mut self.line,
                outlet.style,
                Line {
                    format: LogLineFormat::Local,
                    facility: self.facility,
                    level,
                    tag: self.identity.tag.as_bytes(),
                },
                now,
                (&mut self.dates, &mut self.calendar, &self.identity),
                message,
            );
            if outlet.lost > 0 || outlet.way.send(&self.line).is_err() {
                outlet.lost = outlet.lost.saturating_add(1);
            }
        }
    }
}

/// Makes a line. A stream's ends with a newline and is short enough to be taken whole or not at all (PIPE_BUF).
fn compose(
    out: &mut Vec<u8>,
    style: Style,
    line: Line<'_>,
    now: SystemTime,
    (dates, calendar, identity): (&mut Dates, &mut Calendar, &Identity),
    message: &[u8],
) {
    const WHOLE: usize = 4096;
    out.clear();
    match style {
        Style::System => header::write(line, now, dates, identity, out),
        Style::Dated => {
            out.extend_from_slice(calendar.date(now).as_bytes());
            out.extend_from_slice(b": ");
        }
        Style::Bare => {}
    }
    out.extend_from_slice(message);
    if style != Style::System {
        out.truncate(WHOLE - 1);
        out.push(b'\n');
    }
}

/// The date as asctime(3) has it, made once per second.
#[derive(Debug)]
struct Calendar {
    zone: TimeZone,
    second: Option<u64>,
    text: String,
}

impl Calendar {
    fn new() -> Self {
        Self {
            zone: TimeZone::system(),
            second: None,
            text: String::new(),
        }
    }

    fn date(&mut self, now: SystemTime) -> &str {
        let second = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        if self.second != Some(second) {
            self.second = Some(second);
            let date = i64::try_from(second)
                .ok()
                .and_then(|second| Timestamp::from_second(second).ok())
                .unwrap_or(Timestamp::UNIX_EPOCH)
                .to_zoned(self.zone.clone());
            self.text = date.strftime("%a %b %e %H:%M:%S %Y").to_string();
        }
        &self.text
    }
}

#[cfg(test)]
mod tests;
