//! `log TARGET …`, `log global`, `no log`, `log-tag`: where log lines go (manual 4.2, 3.1).
//!
//! ```text
//! log 127.0.0.1:514 local0 notice
//! log /dev/log len 2048 format rfc5424 sample 1-2:10 local1 info err
//! ```

use locum_model::{
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
        line.draft.proxy.logs.clear();
        line.draft.log_global = false;
        return Ok(());
    }
    if line.line.bytes(1) == b"global" {
        match line.line.has(2) {
            true => {
                return Err(format!("log : unknown log facility '{}'", line.line.text(2)).into());
            }
            false => line.draft.log_global = true,
        }
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
    let default_format = match &sink {
        LogSink::Stream(_) => LogLineFormat::Raw,
        LogSink::Datagram(_) | LogSink::Ring(_) => LogLineFormat::Unnamed,
    };
    let mut target = LogTarget {
        sink,
        max_length: 1024,
        format: default_format,
        sample: None,
        facility: 16,
        max_level: 7,
        min_level: 0,
    };
    let mut at = 2;
    loop {
        match line.bytes(at) {
            b"len" => {
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
            b"format" => {
                let text = line.text(at + 1);
                target.format = match FORMATS.iter().find(|(name, _)| *name == text) {
                    Some((_, format)) => *format,
                    None => return Err(format!("log : unknown log format '{text}'").into()),
                };
                at += 2;
            }
            b"sample" => {
                target.sample = Some(sample(&line.text(at + 1))?);
                at += 2;
            }
            _ => break,
        }
    }
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
        line.shared.unexecuted("ring@", &line.at);
        return Ok(LogSink::Ring(name.to_owned()));
    }
    let allowed = Allowed {
        descriptor: true,
        unix: true,
        datagram: true,
        ..Allowed::default()
    };
    let parsed = address::parse(text, allowed, &line.shared.environment)
        .map_err(|reason| Fault::from(format!("log : {}", address::with_line_feed(reason))))?;
    Ok(match parsed.address {
        Address::Descriptor(fd) => LogSink::Stream(fd),
        // Syslog's port, where none is given.
        Address::Ip { ip, port: 0 } => LogSink::Datagram(Address::Ip { ip, port: 514 }),
        address => LogSink::Datagram(address),
    })
}

fn sample(text: &str) -> Result<LogSample, Fault> {
    let Some((ranges, size)) = text.split_once(':') else {
        return Err(format!("log : missing sample size in '{text}'").into());
    };
    let number = |text: &str| text.parse::<u32>().ok();
    let parsed: Option<Vec<(u32, u32)>> = ranges
        .split(',')
        .map(|range| {
            let (low, high) = range.split_once('-').unwrap_or((range, range));
            number(low).zip(number(high))
        })
        .collect();
    match (parsed, number(size)) {
        (Some(ranges), Some(size)) => Ok(LogSample { ranges, size }),
        _ => Err(format!("log : error while parsing sample range '{text}'").into()),
    }
}
