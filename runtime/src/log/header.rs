//! What stands before a message in each log format (manual 3.1 "log", `format`), with dates made once per second.

use std::time::{SystemTime, UNIX_EPOCH};

use jiff::{Timestamp, Zoned, tz::TimeZone};
use locum_model::log::LogLineFormat;

/// Who is logging.
#[derive(Debug, Clone, Default)]
pub struct Identity {
    /// The process that serves.
    pub pid: u32,
    /// The host's name where one is sent (`log-send-hostname`).
    pub hostname: Option<String>,
    /// The tag of lines that have none of their own: the program's name as launched.
    pub tag: String,
}

/// Dates of the current second, as texts.
#[derive(Debug)]
pub(super) struct Dates {
    zone: TimeZone,
    second: Option<u64>,
    /// `Nov 22 15:19:56`
    bsd: String,
    /// `2026-11-22T15:19:56`
    iso: String,
    /// `+00:00`
    offset: String,
}

impl Dates {
    /// In the system's time zone, read now: a chroot may hide it later.
    pub(super) fn new() -> Self {
        Self {
            zone: TimeZone::system(),
            second: None,
            bsd: String::new(),
            iso: String::new(),
            offset: String::new(),
        }
    }

    /// Brings the texts up to `now`; returns the microseconds within the second.
    fn refresh(&mut self, now: SystemTime) -> u32 {
        let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        if self.second != Some(since.as_secs()) {
            self.second = Some(since.as_secs());
            let seconds = i64::try_from(since.as_secs()).unwrap_or(0);
            let date = Timestamp::from_second(seconds)
                .unwrap_or(Timestamp::UNIX_EPOCH)
                .to_zoned(self.zone.clone());
            self.spell(&date);
        }
        since.subsec_micros()
    }

    fn spell(&mut self, date: &Zoned) {
        self.bsd = date.strftime("%b %d %H:%M:%S").to_string();
        self.iso = date.strftime("%Y-%m-%dT%H:%M:%S").to_string();
        self.offset = date.strftime("%:z").to_string();
    }

    /// `2026-11-22T15:19:56.432597+00:00`
    fn write_iso(&self, micros: u32, out: &mut Vec<u8>) {
        out.extend_from_slice(self.iso.as_bytes());
        out.push(b'.');
        let mut digits = [b'0'; 6];
        let mut rest = micros;
        for digit in digits.iter_mut().rev() {
            *digit = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        out.extend_from_slice(&digits);
        out.extend_from_slice(self.offset.as_bytes());
    }
}

/// One line's particulars.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line<'a> {
    pub(super) format: LogLineFormat,
    pub(super) facility: u8,
    pub(super) level: u8,
    pub(super) tag: &'a [u8],
    /// Structured data; empty: none.
    pub(super) structured: &'a [u8],
}

/// Appends the header of a line.
pub(super) fn write(
    line: Line<'_>,
    now: SystemTime,
    dates: &mut Dates,
    identity: &Identity,
    out: &mut Vec<u8>,
) {
    let micros = dates.refresh(now);
    let priority = u32::from(line.facility) * 8 + u32::from(line.level);
    match line.format {
        LogLineFormat::Unnamed | LogLineFormat::Local | LogLineFormat::Rfc3164 => {
            bracketed(priority, out);
            out.extend_from_slice(dates.bsd.as_bytes());
            out.push(b' ');
            match (&identity.hostname, line.format) {
                (_, LogLineFormat::Local) => {}
                (Some(name), _) => word(name.as_bytes(), out),
                (None, LogLineFormat::Rfc3164) => word(b"localhost", out),
                _ => {}
            }
            out.extend_from_slice(line.tag);
            out.push(b'[');
            number(identity.pid, out);
            out.extend_from_slice(b"]: ");
        }
        LogLineFormat::Rfc5424 => {
            bracketed(priority, out);
            out.extend_from_slice(b"1 ");
            dates.write_iso(micros, out);
            out.push(b' ');
            word(identity.hostname.as_deref().unwrap_or("-").as_bytes(), out);
            word(line.tag, out);
            number(identity.pid, out);
            out.extend_from_slice(b" - ");
            word(
                if line.structured.is_empty() {
                    b"-"
                } else {
                    line.structured
                },
                out,
            );
        }
        LogLineFormat::Priority => bracketed(priority, out),
        LogLineFormat::Short => bracketed(u32::from(line.level), out),
        LogLineFormat::Timed => {
            bracketed(u32::from(line.level), out);
            dates.write_iso(micros, out);
            out.push(b' ');
        }
        LogLineFormat::Iso => {
            dates.write_iso(micros, out);
            out.push(b' ');
        }
        LogLineFormat::Raw => {}
    }
}

fn word(word: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(word);
    out.push(b' ');
}

fn number(number: u32, out: &mut Vec<u8>) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

fn bracketed(value: u32, out: &mut Vec<u8>) {
    out.push(b'<');
    number(value, out);
    out.push(b'>');
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn header(format: LogLineFormat, hostname: Option<&str>) -> String {
        header_with(format, hostname, b"")
    }

    fn header_with(format: LogLineFormat, hostname: Option<&str>, structured: &[u8]) -> String {
        let mut dates = Dates {
            zone: TimeZone::UTC,
            ..Dates::new()
        };
        let identity = Identity {
            pid: 10103,
            hostname: hostname.map(str::to_owned),
            tag: String::new(),
        };
        let line = Line {
            format,
            facility: 16,
            level: 6,
            tag: b"haproxy",
            structured,
        };
        let now = UNIX_EPOCH + Duration::from_micros(1_795_360_796_032_597);
        let mut out = Vec::new();
        write(line, now, &mut dates, &identity, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn each_format_has_the_header_of_the_reference() {
        use LogLineFormat::*;
        for (format, expected) in [
            (Local, "<134>Nov 22 15:19:56 haproxy[10103]: "),
            (Unnamed, "<134>Nov 22 15:19:56 haproxy[10103]: "),
            (Rfc3164, "<134>Nov 22 15:19:56 localhost haproxy[10103]: "),
            (
                Rfc5424,
                "<134>1 2026-11-22T15:19:56.032597+00:00 - haproxy 10103 - - ",
            ),
            (Priority, "<134>"),
            (Short, "<6>"),
            (Timed, "<6>2026-11-22T15:19:56.032597+00:00 "),
            (Iso, "2026-11-22T15:19:56.032597+00:00 "),
            (Raw, ""),
        ] {
            assert_eq!(header(format, None), expected);
        }
        assert_eq!(header(Local, Some("vm")), header(Local, None));
        assert_eq!(header(Unnamed, Some("vm")), header(Rfc3164, Some("vm")));
        assert_eq!(
            header(Rfc3164, Some("vm")),
            "<134>Nov 22 15:19:56 vm haproxy[10103]: "
        );
        assert_eq!(
            header(Rfc5424, Some("vm")),
            "<134>1 2026-11-22T15:19:56.032597+00:00 vm haproxy 10103 - - "
        );
        assert_eq!(header(Local, Some("vm")), header(Local, None));
        assert_eq!(
            header_with(Rfc5424, None, b"[a@1 b=\"c\"]"),
            "<134>1 2026-11-22T15:19:56.032597+00:00 - haproxy 10103 - [a@1 b=\"c\"] "
        );
        assert_eq!(header_with(Rfc3164, None, b"[a@1]"), header(Rfc3164, None));
    }
}
