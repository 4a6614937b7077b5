//! When checks are made: words that a virtual server, a real server and a checker share, each with its own way of
//! complaining.

use std::time::Duration;

use locum_model::lvs::Timing;
use locum_parser::keepalived::Line;

use crate::{
    load::{Abort, Pass, number},
    row::{Row, accepted},
};

/// Who says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    /// A virtual server.
    Virtual,
    /// A real server.
    Real,
    /// A checker.
    Checker,
}

pub(super) const VIRTUAL: &[Row] = &[
    accepted("connect_timeout", |pass, line| {
        connect_timeout(pass, line, Level::Virtual)
    }),
    accepted("delay_before_retry", |pass, line| {
        delay_before_retry(pass, line, Level::Virtual)
    }),
    accepted("delay_loop", |pass, line| {
        delay_loop(pass, line, Level::Virtual)
    }),
    accepted("retry", |pass, line| retry(pass, line, Level::Virtual)),
    accepted("warmup", |pass, line| warmup(pass, line, Level::Virtual)),
];

pub(super) const REAL: &[Row] = &[
    accepted("connect_timeout", |pass, line| {
        connect_timeout(pass, line, Level::Real)
    }),
    accepted("delay_before_retry", |pass, line| {
        delay_before_retry(pass, line, Level::Real)
    }),
    accepted("delay_loop", |pass, line| {
        delay_loop(pass, line, Level::Real)
    }),
    accepted("retry", |pass, line| retry(pass, line, Level::Real)),
    accepted("warmup", |pass, line| warmup(pass, line, Level::Real)),
];

/// Those of a checker; `connect_timeout` is only for some.
pub(crate) mod rows {
    use super::*;

    pub(crate) const CONNECT_TIMEOUT: Row = accepted("connect_timeout", |pass, line| {
        connect_timeout(pass, line, Level::Checker)
    });
    pub(crate) const COMMON: &[Row] = &[
        accepted("delay_before_retry", |pass, line| {
            delay_before_retry(pass, line, Level::Checker)
        }),
        accepted("delay_loop", |pass, line| {
            delay_loop(pass, line, Level::Checker)
        }),
        accepted("retry", |pass, line| retry(pass, line, Level::Checker)),
        accepted("warmup", |pass, line| warmup(pass, line, Level::Checker)),
    ];
}

/// Bounds in microseconds.
const MOST: u64 = 18_446_744_073_709_551_614;
const MOST_CONNECT_TIMEOUT: u64 = 4_294_967_295;

fn timing<'a>(pass: &'a mut Pass<'_>, level: Level) -> Option<&'a mut Timing> {
    let draft = &mut pass.draft.lvs;
    match level {
        Level::Virtual => Some(&mut draft.server.timing),
        Level::Real => draft.real.as_mut().map(|real| &mut real.timing),
        Level::Checker => draft.checker.as_mut().map(|checker| &mut checker.timing),
    }
}

fn connect_timeout(pass: &mut Pass<'_>, line: &Line, level: Level) -> Result<(), Abort> {
    let read = seconds(pass, line, 1, MOST_CONNECT_TIMEOUT, |text| match level {
        Level::Virtual => format!("virtual server connect_timeout {text} invalid - ignoring"),
        Level::Real => format!("real server connect_timeout {text} invalid - ignoring"),
        Level::Checker => format!("connect_timeout {text} invalid - ignoring"),
    })?;
    if let (Some(timing), Some(time)) = (timing(pass, level), read) {
        timing.connect_timeout = Some(time);
    }
    Ok(())
}

fn delay_before_retry(pass: &mut Pass<'_>, line: &Line, level: Level) -> Result<(), Abort> {
    let read = seconds(pass, line, 0, MOST, |text| match level {
        Level::Virtual => format!("virtual server delay before retry '{text}' invalid - ignoring"),
        Level::Real => format!("real server delay_before_retry '{text}' invalid - ignoring"),
        Level::Checker => format!("Invalid delay_before_retry connection value '{text}'"),
    })?;
    if let (Some(timing), Some(time)) = (timing(pass, level), read) {
        timing.delay_before_retry = Some(time);
    }
    Ok(())
}

fn delay_loop(pass: &mut Pass<'_>, line: &Line, level: Level) -> Result<(), Abort> {
    let read = seconds(pass, line, 1, MOST, |text| match level {
        Level::Virtual => format!("virtual server delay loop '{text}' invalid - ignoring"),
        Level::Real => format!("real server delay_loop '{text}' invalid - ignoring"),
        Level::Checker => format!("delay_loop '{text}' is invalid - ignoring"),
    })?;
    if let (Some(timing), Some(time)) = (timing(pass, level), read) {
        timing.delay_loop = Some(time);
    }
    Ok(())
}

fn warmup(pass: &mut Pass<'_>, line: &Line, level: Level) -> Result<(), Abort> {
    let read = seconds(pass, line, 0, MOST, |text| match level {
        Level::Virtual => format!("virtual server warmup '{text}' invalid - ignoring"),
        Level::Real => format!("real server warmup '{text}' invalid - ignoring"),
        Level::Checker => format!("Invalid warmup connection value '{text}'"),
    })?;
    if let (Some(timing), Some(time)) = (timing(pass, level), read) {
        timing.warmup = Some(time);
    }
    Ok(())
}

fn retry(pass: &mut Pass<'_>, line: &Line, level: Level) -> Result<(), Abort> {
    let text = pass.parameter(line, 1)?;
    let least = u32::from(level != Level::Checker);
    let number = pass.number(number::unsigned(&text, least, u32::MAX));
    match (timing(pass, level), number) {
        (Some(timing), Some(number)) => timing.retry = Some(number),
        _ if level == Level::Checker => {
            pass.error(format!("Invalid retry connection value '{text}'"))
        }
        _ => pass.error(format!("retry value invalid - {text}")),
    }
    Ok(())
}

/// Seconds within bounds in microseconds. What begins with a number within them is complained about and taken.
fn seconds(
    pass: &mut Pass<'_>,
    line: &Line,
    low: u64,
    high: u64,
    invalid: impl FnOnce(&str) -> String,
) -> Result<Option<Duration>, Abort> {
    let text = pass.parameter(line, 1)?;
    let read = number::seconds(&text, low, high);
    let lenient = read
        .malformed
        .then(|| number::seconds(beginning(&text), low, high).value)
        .flatten();
    let time = pass.number(read).or(lenient);
    if time.is_none() {
        pass.error(invalid(&text));
    }
    Ok(time)
}

/// The number that a text begins with; none is 0.
fn beginning(text: &str) -> &str {
    let mut dots = 0;
    let end = text.find(|one: char| {
        dots += usize::from(one == '.');
        !(one.is_ascii_digit() || one == '.' && dots < 2)
    });
    match &text[..end.unwrap_or(text.len())] {
        "" | "." => "0",
        number => number,
    }
}
