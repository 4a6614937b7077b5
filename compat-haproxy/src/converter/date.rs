//! Dates: `http_date([offset[,unit]])`, `ltime(format[,offset])`, `utime(format[,offset])` (manual 7.3.1).
//!
//! ```text
//! http-response set-header expires %[date(3600),http_date]
//! ```

use std::sync::LazyLock;

use jiff::{Timestamp, tz::TimeZone};
use locum_runtime::{
    plan::args::Args,
    sample::value::{Arena, Type, Value},
    vocab::ConverterDef,
};

use super::{calendar::Date, converter};
use crate::fetch::process::unit;

pub(super) static HTTP_DATE: ConverterDef = ConverterDef {
    check: Some(unit),
    ..converter(
        "http_date",
        Type::Int,
        Type::Str,
        |value, _, args, arena| {
            let scale = match args.word(1) {
                Some("us") => 1_000_000,
                Some("ms") => 1000,
                _ => 1,
            };
            // The offset is of the same unit.
            let number = value.as_int()?.wrapping_add(args.int(0).unwrap_or(0));
            let date = Date::new(in_range(number / scale), 0, "GMT");
            let mut text = date.format(b"%a, %d %b %Y %H:%M:%S");
            if scale > 1 {
                // Its zeros are missing (observed).
                text.extend_from_slice(format!(".{}", number % scale).as_bytes());
            }
            text.extend_from_slice(b" GMT");
            Some(Value::Str(arena.alloc_slice_copy(&text)))
        },
    )
};

pub(super) static LTIME: ConverterDef =
    converter("ltime", Type::Int, Type::Str, |value, _, args, arena| {
        let seconds = seconds(value, args)?;
        // Beyond what the zone knows it has the offset of the last year that it knows.
        let moment = Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX);
        let zone = LOCAL.to_offset_info(moment);
        let date = Date::new(seconds, zone.offset().seconds().into(), zone.abbreviation());
        Some(formatted(&date, args, arena))
    });

pub(super) static UTIME: ConverterDef =
    converter("utime", Type::Int, Type::Str, |value, _, args, arena| {
        let date = Date::new(seconds(value, args)?, 0, "GMT");
        Some(formatted(&date, args, arena))
    });

/// Read once: a chroot may hide it later.
pub(crate) static LOCAL: LazyLock<TimeZone> = LazyLock::new(TimeZone::system);

fn seconds(value: Value<'_>, args: &Args) -> Option<i64> {
    let offset = args.int(1).unwrap_or(0);
    Some(in_range(value.as_int()?).wrapping_add(offset))
}

/// Seconds have 55 bits: no year is longer than ten digits.
fn in_range(seconds: i64) -> i64 {
    seconds & ((1 << 55) - 1)
}

fn formatted<'a>(date: &Date, args: &Args, arena: &'a Arena) -> Value<'a> {
    let text = date.format(args.text(0).unwrap_or_default());
    Value::Str(arena.alloc_slice_copy(&text))
}
