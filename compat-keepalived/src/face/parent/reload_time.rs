//! `reload_time_file`: a file whose first line says when to reload (keepalived.conf(5)).
//!
//! ```text
//! 23:59:00                 today, or tomorrow if that has gone by
//! 26-11-22 23:59:00Z       a date too, and UTC
//! 2026-11-22 23:59:00
//! ```

use std::{
    ffi::OsStr,
    fs, io,
    os::fd::{AsFd, BorrowedFd},
    path::{Path, PathBuf},
};

use jiff::{
    Timestamp, ToSpan,
    civil::{DateTime, Time},
    tz::TimeZone,
};
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};

use crate::face::log::Log;

/// The file under watch, and what it said.
#[derive(Debug)]
pub(super) struct ReloadTime {
    file: PathBuf,
    repeat: bool,
    zone: TimeZone,
    watch: Inotify,
    due: Option<Timestamp>,
}

/// What a line said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Said {
    At(Timestamp),
    Past,
    Nonsense,
}

impl ReloadTime {
    /// Watches the file's directory and reads the file if it is there.
    ///
    /// # Errors
    /// The directory can't be watched.
    pub(super) fn new(file: &Path, repeat: bool, now: Timestamp, log: &Log) -> io::Result<Self> {
        let watch = Inotify::init(InitFlags::IN_CLOEXEC | InitFlags::IN_NONBLOCK)?;
        let directory = file.parent().unwrap_or(Path::new("/"));
        // A file that is only created says nothing yet: what counts is that it was written.
        let flags = AddWatchFlags::IN_CLOSE_WRITE
            | AddWatchFlags::IN_MOVED_TO
            | AddWatchFlags::IN_MOVED_FROM
            | AddWatchFlags::IN_DELETE;
        watch.add_watch(directory, flags)?;
        let mut this = Self {
            file: file.to_owned(),
            repeat,
            zone: TimeZone::system(),
            watch,
            due: None,
        };
        this.read(now, log);
        Ok(this)
    }

    /// The file that is watched.
    pub(super) fn file(&self) -> &Path {
        &self.file
    }

    /// When to reload.
    pub(super) fn due(&self) -> Option<Timestamp> {
        self.due
    }

    /// Takes what happened in the directory.
    pub(super) fn on_change(&mut self, now: Timestamp, log: &Log) {
        let name = self.file.file_name().map(OsStr::to_owned);
        let mut ours = false;
        while let Ok(events) = self.watch.read_events() {
            ours |= events.iter().any(|event| event.name == name);
        }
        if ours {
            self.read(now, log);
        }
    }

    fn read(&mut self, now: Timestamp, log: &Log) {
        let before = self.due.take();
        let Ok(text) = fs::read_to_string(&self.file) else {
            if let Some(before) = before {
                log.say(format!(
                    "Cancelling reload scheduled for {}",
                    self.spell(before)
                ));
            }
            return;
        };
        let line = text.lines().next().unwrap_or_default();
        match said(line, now, &self.zone) {
            Said::At(due) => {
                self.due = Some(due);
                log.say(format!("Scheduling reload for {}", self.spell(due)));
            }
            Said::Past => {
                log.say(format!("Reload time {line} is in the past - ignoring"));
                log.say("Reload date/time is in the past - ignoring");
            }
            Said::Nonsense => {
                log.say(format!("Reload time {line} format is incorrect - ignoring"));
                log.say(format!("Invalid reload time '{line}' specified - ignoring"));
            }
        }
    }

    /// The time has come. The file goes, or is read again for the next day.
    pub(super) fn on_due(&mut self, now: Timestamp, log: &Log) {
        self.due = None;
        if self.repeat {
            let text = fs::read_to_string(&self.file).unwrap_or_default();
            // One with a date is in the past now: nothing more to say about it.
            if let Said::At(due) = said(text.lines().next().unwrap_or_default(), now, &self.zone) {
                self.due = Some(due);
                log.say(format!("Scheduling reload for {}", self.spell(due)));
            }
        } else if let Err(error) = fs::remove_file(&self.file) {
            log.say(format!("Unable to remove {}: {error}", self.file.display()));
        }
    }

    fn spell(&self, at: Timestamp) -> String {
        at.to_zoned(self.zone.clone())
            .strftime("%Y-%m-%d %H:%M:%S")
            .to_string()
    }
}

impl AsFd for ReloadTime {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.watch.as_fd()
    }
}

fn said(line: &str, now: Timestamp, zone: &TimeZone) -> Said {
    let (text, zone) = match line.strip_suffix('Z') {
        Some(text) => (text, &TimeZone::UTC),
        None => (line, zone),
    };
    let digits = |text: &str, shape: &str| {
        text.len() == shape.len()
            && text
                .bytes()
                .zip(shape.bytes())
                .all(|(have, want)| match want {
                    b'0' => have.is_ascii_digit(),
                    other => have == other,
                })
    };
    let when = if digits(text, "00:00:00") {
        let Ok(time) = Time::strptime("%H:%M:%S", text) else {
            return Said::Nonsense;
        };
        let today = now.to_zoned(zone.clone()).date();
        match today.to_datetime(time).to_zoned(zone.clone()) {
            Ok(at) if at.timestamp() > now => Ok(at),
            Ok(at) => at.checked_add(1.day()),
            Err(error) => Err(error),
        }
    } else {
        let century = if digits(text, "00-00-00 00:00:00") {
            "20"
        } else if digits(text, "0000-00-00 00:00:00") {
            ""
        } else {
            return Said::Nonsense;
        };
        DateTime::strptime("%Y-%m-%d %H:%M:%S", format!("{century}{text}"))
            .and_then(|at| at.to_zoned(zone.clone()))
    };
    match when {
        Ok(at) if at.timestamp() > now => Said::At(at.timestamp()),
        Ok(_) => Said::Past,
        Err(_) => Said::Nonsense,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn the_formats_of_the_manual_and_no_others() {
        let now = at("2026-11-22T12:00:00Z");
        let zone = TimeZone::fixed(jiff::tz::offset(2));
        let read = |line| said(line, now, &zone);
        assert_eq!(read("15:00:00"), Said::At(at("2026-11-22T13:00:00Z")));
        assert_eq!(read("13:00:00"), Said::At(at("2026-11-23T11:00:00Z")));
        assert_eq!(read("13:00:00Z"), Said::At(at("2026-11-22T13:00:00Z")));
        let date = Said::At(at("2026-12-01T08:09:10Z"));
        assert_eq!(read("26-12-01 08:09:10Z"), date);
        assert_eq!(read("2026-12-01 10:09:10"), date);
        assert_eq!(read("2020-01-01 00:00:00Z"), Said::Past);
        for line in [
            "",
            "foo",
            "1:00:00",
            " 13:00:00",
            "13:00:00 ",
            "25:00:00",
            "2026-13-01 00:00:00",
            "26-12-01  08:09:10",
            "26-12-01 08:09",
        ] {
            assert_eq!(read(line), Said::Nonsense, "{line}");
        }
    }
}
