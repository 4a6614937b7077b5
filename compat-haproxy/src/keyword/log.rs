//! `log TARGET …`, `log global`, `no log`, `log-tag`: where log lines go (manual 4.2, 3.1).
//!
//! ```text
//! log 127.0.0.1:514 local0 notice
//! log /dev/log len 2048 format rfc5424 sample 1-2:10 local1 info err
//! ```

use locum_model::{
    Located,
    address::Address,
    log::{LogLineFormat, LogSample, LogSink, LogTarget},
};

use super::{ProxyKeyword, Sections};
use crate::{
    address::{self, Allowed},
    load::{Fault, Lowered, ProxyLine, SectionLine},
};

/// Rows.
pub static ROWS: &[ProxyKeyword] = &[
    row("log", "global | <address> …", log),
    row("log-tag", "<string>", log_tag),
];

const fn row(
    name: &'static str,
    arguments: &'static str,
    lower: fn(&mut ProxyLine<'_, '_>) -> Lowered,
) -> ProxyKeyword {
    ProxyKeyword::executed(name, Sections::ALL, arguments, lower)
}

fn log(line: &mut ProxyLine<'_, '_>) -> Lowered {
    if line.line.negated.is_some() {
        if line.line.has(1) {
            return Err("log : 'no log' does not expect arguments".into());
        }
        line.draft.proxy.logs.clear();
        line.draft.log_global = None;
        return Ok(());
    }
    if line.line.bytes(1) == b"global" {
        if line.line.has(2) {
            return Err(format!("log : unknown log facility '{}'", line.line.text(2)).into());
        }
        line.draft.log_global = Some(line.line.at.clone());
        return Ok(());
    }
    let target = target(&mut line.line, "or global ")?;
    line.draft.proxy.logs.push(target);
    Ok(())
}

fn log_tag(line: &mut ProxyLine<'_, '_>) -> Lowered {
    if !line.line.has(1) {
        return Err("'log-tag' expects a tag for use in syslog.".into());
    }
    line.draft.proxy.log_tag = Some(line.line.text(1));
    Ok(())
}

/// The facilities by their numbers.
const FACILITIES: [&str; 24] = [
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "auth2",
    "ftp", "ntp", "audit", "alert", "cron2", "local0", "local1", "local2", "local3", "local4",
    "local5", "local6", "local7",
];

/// The levels by their numbers.
const LEVELS: [&str; 8] = [
    "emerg", "alert", "crit", "err", "warning", "notice", "info", "debug",
];

const FORMATS: &[(&str, LogLineFormat)] = &[
    ("iso", LogLineFormat::Iso),
    ("local", LogLineFormat::Local),
    ("priority", LogLineFormat::Priority),
    ("raw", LogLineFormat::Raw),
    ("rfc3164", LogLineFormat::Rfc3164),
    ("rfc5424", LogLineFormat::Rfc5424),
    ("short", LogLineFormat::Short),
    ("timed", LogLineFormat::Timed),
];

/// Reads a `log` line.
///
/// # Errors
/// The reference's wording.
pub fn target(line: &mut SectionLine<'_, '_>, or_global: &str) -> Result<LogTarget, Fault> {
    if !line.has(1) || !line.has(2) {
        // Without the alternative, the gap it leaves stays.
        let what = if or_global.is_empty() { " " } else { or_global };
        return Err(format!("log : expects <address> and <facility> {what}as arguments").into());
    }
    let sink = sink(line, &line.text(1))?;
    let mut target = LogTarget {
        sink,
        max_length: 1024,
        format: LogLineFormat::Unnamed,
        sample: None,
        facility: 16,
        max_level: 7,
        min_level: 0,
    };
    let at = settings(line, &mut target)?;
    let facility = line.text(at);
    target.facility = match FACILITIES.iter().position(|name| *name == facility) {
        Some(number) => u8::try_from(number).unwrap_or(16),
        None => return Err(format!("log : unknown log facility '{facility}'").into()),
    };
    let level = |text: &str| {
        LEVELS
            .iter()
            .position(|name| *name == text)
            .and_then(|n| u8::try_from(n).ok())
    };
    if line.has(at + 1) {
        let text = line.text(at + 1);
        target.max_level =
            level(&text).ok_or_else(|| format!("log : unknown optional log level '{text}'"))?;
    }
    if line.has(at + 2) {
        let text = line.text(at + 2);
        target.min_level = level(&text)
            .ok_or_else(|| format!("log : unknown optional minimum log level '{text}'"))?;
    }
    if let LogSink::Ring(name) = &target.sink {
        line.shared
            .notes
            .shape_ring(&name.value, target.format, target.max_length);
    }
    if line.has(at + 3) {
        return Err(format!(
            "log : cannot handle unexpected argument '{}'",
            line.text(at + 3)
        )
        .into());
    }
    Ok(target)
}

fn sink(line: &mut SectionLine<'_, '_>, text: &str) -> Result<LogSink, Fault> {
    match text {
        "stdout" => return Ok(LogSink::Stream(1)),
        "stderr" => return Ok(LogSink::Stream(2)),
        _ => {}
    }
    if let Some(name) = text.strip_prefix("ring@") {
        return Ok(LogSink::Ring(Located::new(
            name.to_owned(),
            line.at.clone(),
        )));
    }
    let allowed = Allowed {
        descriptor: true,
        unix: true,
        datagram: true,
        ..Allowed::default()
    };
    let parsed = address::parse(text, allowed, &line.shared.environment)
        .map_err(|reason| Fault::from(format!("log : {}", address::with_line_feed(reason))))?;
    if address::names_a_stream(text) {
        return Ok(LogSink::Ring(Located::new(
            line.shared.notes.ring_of(parsed.address, &line.at),
            line.at.clone(),
        )));
    }
    Ok(match parsed.address {
        Address::Descriptor(fd) => LogSink::Stream(fd),
        // Syslog's port, where none is given.
        Address::Ip { ip, port: 0 } => LogSink::Datagram(Address::Ip { ip, port: 514 }),
        address => LogSink::Datagram(address),
    })
}

/// `len`, `format` and `sample`, each at most once and in this order; tells at which word the facility stands.
fn settings(line: &SectionLine<'_, '_>, target: &mut LogTarget) -> Result<usize, Fault> {
    let mut at = 2;
    if line.bytes(at) == b"len" {
        let text = line.text(at + 1);
        target.max_length = match u32::try_from(line.lenient_number(at + 1)) {
            Ok(length @ 80..=65535) => length,
            _ => {
                return Err(format!(
                    "log : invalid log length '{text}', must be between 80 and 65535"
                )
                .into());
            }
        };
        at += 2;
    }
    if line.bytes(at) == b"format" {
        let text = line.text(at + 1);
        target.format =
            line_format(&text).ok_or_else(|| format!("log : unknown log format '{text}'"))?;
        at += 2;
    }
    if line.bytes(at) == b"sample" {
        target.sample = Some(sample(&line.text(at + 1))?);
        at += 2;
    }
    Ok(at)
}

/// The format of that name.
pub fn line_format(name: &str) -> Option<LogLineFormat> {
    let found = FORMATS.iter().find(|(known, _)| *known == name);
    found.map(|(_, format)| *format)
}

/// `RANGE[,RANGE …]:SIZE`, of numbers from 1.
fn sample(text: &str) -> Result<LogSample, Fault> {
    let Some((list, size_text)) = text.split_once(':') else {
        return Err("log : Missing sample size".into());
    };
    if list.is_empty() {
        return Err("log : no sampling ranges given".into());
    }
    let mut ranges: Vec<(u32, u32)> = Vec::new();
    let mut rest = list;
    while !rest.is_empty() {
        // A comma at the beginning belongs to what follows (observed).
        let comma = rest.char_indices().skip(1).find(|(_, c)| *c == ',');
        let (piece, behind) = match comma {
            Some((at, _)) => (&rest[..at], &rest[at + 1..]),
            None => (rest, ""),
        };
        let wrong = || Fault::from(format!("log : wrong sample range '{piece}'"));
        let (low, high) = match piece.split_once('-') {
            Some((low, high)) => (number(low), number(high)),
            None => (number(piece), number(piece)),
        };
        let (low, high) = low.zip(high).ok_or_else(wrong)?;
        if low == 0 || (low >= high && piece.contains('-')) {
            return Err(wrong());
        }
        let overlaps = |&(first, last): &(u32, u32)| low <= last && first <= high;
        if ranges.iter().any(overlaps) {
            return Err("log : ranges are overlapping".into());
        }
        ranges.push((low, high));
        rest = behind;
    }
    let highest = ranges.iter().map(|(_, high)| *high).max().unwrap_or(0);
    match number(size_text) {
        None | Some(0) => Err(format!(
            "log : wrong sample size '{size_text}' for sample range '{list}'"
        )
        .into()),
        Some(size) if size < highest => Err(format!(
            "log : sample size {size} should be greater or equal to {highest} the maximum of the high ranges limits"
        )
        .into()),
        Some(size) => Ok(LogSample { ranges, size }),
    }
}

/// Digits only; what is beyond 32 bits wraps (observed).
fn number(text: &str) -> Option<u32> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| {
        text.bytes().fold(0u32, |number, digit| {
            number
                .wrapping_mul(10)
                .wrapping_add(u32::from(digit - b'0'))
        })
    })
}
