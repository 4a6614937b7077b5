//! Dates: `http_date`, `ltime`, `utime` (manual 7.3.1).
//!
//! ```text
//! http-response set-header expires %[date(3600),http_date]
//! ```

use std::sync::LazyLock;

use jiff::{Timestamp, fmt::strtime, tz::TimeZone};
use locum_runtime::{
    plan::args::Args,
    sample::value::{Arena, Type, Value},
    vocab::ConverterDef,
};

use super::converter;
use crate::fetch::process::unit;

pub(super) static HTTP_DATE: ConverterDef = ConverterDef {
    check: Some(unit),
    ..converter(
        "http_date",
        Type::Int,
        Type::Str,
        |value, _, args, arena| {
            let (number, offset) = (value.as_int()?, args.int(0).unwrap_or(0));
            let (scale, digits) = match args.word(1) {
                Some("us") => (1_000_000, 6),
                Some("ms") => (1000, 3),
                _ => (1, 0),
            };
            let seconds = number.div_euclid(scale).checked_add(offset)?;
            let date = spell(seconds, &TimeZone::UTC, b"%a, %d %b %Y %H:%M:%S")?;
            let part = number.rem_euclid(scale);
            let text = match digits {
                0 => format!("{date} GMT"),
                digits => format!("{date}.{part:0digits$} GMT"),
            };
            Some(Value::Str(arena.alloc_slice_copy(text.as_bytes())))
        },
    )
};

pub(super) static LTIME: ConverterDef =
    converter("ltime", Type::Int, Type::Str, |value, _, args, arena| {
        formatted(value, args, &LOCAL, arena)
    });

pub(super) static UTIME: ConverterDef =
    converter("utime", Type::Int, Type::Str, |value, _, args, arena| {
        formatted(value, args, &TimeZone::UTC, arena)
    });

/// Read once: a chroot may hide it later.
pub(crate) static LOCAL: LazyLock<TimeZone> = LazyLock::new(TimeZone::system);

fn formatted<'a>(
    value: Value<'a>,
    args: &Args,
    zone: &TimeZone,
    arena: &'a Arena,
) -> Option<Value<'a>> {
    let seconds = value.as_int()?.checked_add(args.int(1).unwrap_or(0))?;
    let text = spell(seconds, zone, args.text(0)?)?;
    Some(Value::Str(arena.alloc_slice_copy(text.as_bytes())))
}

fn spell(seconds: i64, zone: &TimeZone, format: &[u8]) -> Option<String> {
    let date = Timestamp::from_second(seconds).ok()?.to_zoned(zone.clone());
    strtime::format(format, &date).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    // Values recorded from the reference.
    #[test]
    fn dates_are_spelled_as_strftime_does() {
        let spelled = |format: &str| spell(784_111_777, &TimeZone::UTC, format.as_bytes()).unwrap();
        assert_eq!(spelled("%d/%b/%Y:%H"), "06/Nov/1994:08");
        assert_eq!(spelled("%s-%T%z"), "784111777-08:49:37+0000");
        assert_eq!(
            spelled("%a, %d %b %Y %H:%M:%S"),
            "Sun, 06 Nov 1994 08:49:37"
        );
    }
}
