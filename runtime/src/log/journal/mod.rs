//! A daemon's own log: lines to the system's log, to the console, to a file, and never a long wait for any of them.
//!
//! Lines that a reader doesn't take at once are queued, up to a bound for each target. A process with one thread writes
//! them by [`Journal::catch_up`] and before the next line; behind [`Journal::write_behind`] a thread does. What the
//! queue doesn't take is lost and counted, and the next line that it takes is preceded by one that tells how many are
//! missing. The end of the process gives readers a second.
//!
//! ```text
//! system's log   <30>Nov 22 21:09:13 Ident[57]: message        a datagram, unconnected
//! console, file  Sun Nov 22 21:09:13 2026: message             a write to a description of our own, non-blocking
//! bare           message                                       the same without the date
//! ```

mod behind;
mod queue;
mod way;

use std::{
    fs::OpenOptions,
    io,
    os::unix::fs::OpenOptionsExt,
    path::Path,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use jiff::{Timestamp, tz::TimeZone};
use locum_model::log::LogLineFormat;

use super::{
    Identity,
    header::{self, Dates, Line},
};
use behind::Behind;
use queue::{Entry, Queue};
use way::Way;

/// How long the end of a process waits for readers.
const PATIENCE: Duration = Duration::from_secs(1);
/// Between two tries.
const PAUSE: Duration = Duration::from_millis(1);

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
    target: Target,
    lost: u64,
}

#[derive(Debug)]
enum Target {
    /// Written to by whoever logs.
    Here(Way, Queue),
    /// Written to by a thread.
    Behind(Behind),
}

impl Outlet {
    /// Queues a line that tells the loss of so many (0: an ordinary one), and writes what the target takes.
    fn send(&mut self, line: &[u8], tells: u64) -> io::Result<()> {
        let entry = Entry {
            line: line.to_vec(),
            tells,
        };
        let taken = match &mut self.target {
            Target::Here(_, queue) => queue.push(entry),
            Target::Behind(behind) => behind.send(entry),
        };
        self.catch_up();
        taken
    }

    /// Writes what the target takes now, and counts what it has refused.
    fn catch_up(&mut self) {
        let refused = match &mut self.target {
            Target::Here(way, queue) => queue.drain(way),
            Target::Behind(behind) => behind.take_refused(),
        };
        self.lost = self.lost.saturating_add(refused);
    }
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
            target: Target::Here(way, Queue::default()),
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

    /// Closes all targets; those that are busy are given a second.
    pub fn clear(&mut self) {
        for mut outlet in std::mem::take(&mut self.outlets) {
            if let Target::Here(way, queue) = &mut outlet.target {
                queue.finish(way);
            }
        }
    }

    /// Whether lines wait here for somebody to call [`Journal::catch_up`].
    pub fn is_behind(&self) -> bool {
        let waits =
            |outlet: &Outlet| matches!(&outlet.target, Target::Here(_, queue) if !queue.is_empty());
        self.outlets.iter().any(waits)
    }

    /// Writes what waits here, as far as the targets take it now.
    pub fn catch_up(&mut self) {
        self.outlets.iter_mut().for_each(Outlet::catch_up);
    }

    /// Writes what waits here, however long its readers take: for a process that has nothing else to do.
    pub fn finish(&mut self) {
        for outlet in &mut self.outlets {
            if let Target::Here(way, queue) = &mut outlet.target {
                for entry in queue.take() {
                    // One that is refused has nobody left to be told to.
                    let _ = way.send_waiting(&entry.line);
                }
            }
        }
    }

    /// What waits here is another process' to write: this one has just been forked from it.
    pub fn disown(&mut self) {
        for outlet in &mut self.outlets {
            if let Target::Here(_, queue) = &mut outlet.target {
                drop(queue.take());
            }
            outlet.lost = 0;
        }
    }

    /// Leaves each target to a thread of its own. To be called when no fork comes any more. Dropping the journal then
    /// waits a second at most for what is queued.
    ///
    /// # Errors
    /// A thread can't be started; its target is lost.
    pub fn write_behind(&mut self) -> io::Result<()> {
        for outlet in std::mem::take(&mut self.outlets) {
            let target = match outlet.target {
                Target::Here(way, mut queue) => Behind::start(way, queue.take())?,
                Target::Behind(behind) => behind,
            };
            self.outlets.push(Outlet {
                target: Target::Behind(target),
                ..outlet
            });
        }
        Ok(())
    }

    /// Sends a message to every target.
    pub fn write(&mut self, now: SystemTime, level: u8, message: &[u8]) {
        for outlet in &mut self.outlets {
            outlet.catch_up();
            let stamp = Stamp {
                now,
                facility: self.facility,
                identity: &self.identity,
            };
            let tools = (&mut self.dates, &mut self.calendar);
            if outlet.lost > 0 {
                let loss = (self.loss)(outlet.lost);
                let warning = super::level::WARNING;
                compose(
                    &mut self.line,
                    outlet.style,
                    &stamp,
                    warning,
                    tools,
                    loss.as_bytes(),
                );
                let lost = std::mem::take(&mut outlet.lost);
                if outlet.send(&self.line, lost).is_err() {
                    outlet.lost = outlet.lost.saturating_add(lost);
                }
            }
            let tools = (&mut self.dates, &mut self.calendar);
            compose(&mut self.line, outlet.style, &stamp, level, tools, message);
            if outlet.lost > 0 || outlet.send(&self.line, 0).is_err() {
                outlet.lost = outlet.lost.saturating_add(1);
            }
        }
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.clear();
    }
}

/// What all lines of a moment have in common.
struct Stamp<'a> {
    now: SystemTime,
    facility: u8,
    identity: &'a Identity,
}

/// Makes a line. A stream's ends with a newline and is short enough to be taken whole or not at all (PIPE_BUF).
fn compose(
    out: &mut Vec<u8>,
    style: Style,
    stamp: &Stamp<'_>,
    level: u8,
    (dates, calendar): (&mut Dates, &mut Calendar),
    message: &[u8],
) {
    const WHOLE: usize = 4096;
    out.clear();
    match style {
        Style::System => {
            let line = Line {
                format: LogLineFormat::Local,
                facility: stamp.facility,
                level,
                tag: stamp.identity.tag.as_bytes(),
                structured: b"",
            };
            header::write(line, stamp.now, dates, stamp.identity, out);
        }
        Style::Dated => {
            out.extend_from_slice(calendar.date(stamp.now).as_bytes());
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
