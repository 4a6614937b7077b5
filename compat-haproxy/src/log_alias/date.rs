//! Dates: `%t %T %Tl %Ts %ms` of the moment the connection was accepted (or the previous exchange ended), `%tr %trg %trl`
//! of the request's first byte (manual 8.2.4).

use std::{
    cell::Cell,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use jiff::{Timestamp, civil, fmt::strtime, tz::TimeZone};
use locum_runtime::{
    sample::{format::Field, view::View},
    vocab::AliasDef,
};

use super::{alias, http_alias, time::before_request};
use crate::converter::date::LOCAL;

pub(super) static T: AliasDef = alias("t", |view, field| with_milliseconds(accepted(view), field));
pub(super) static T_GMT: AliasDef = alias("T", |view, field| {
    with_zone(accepted(view), &TimeZone::UTC, field)
});
pub(super) static T_LOCAL: AliasDef =
    alias("Tl", |view, field| with_zone(accepted(view), &LOCAL, field));
pub(super) static TS: AliasDef = alias("Ts", |view, field| {
    let seconds = since_epoch(accepted(view)).as_secs();
    field.number_or_hex(i64::try_from(seconds).unwrap_or(0), 0);
});
pub(super) static MS: AliasDef = alias("ms", |view, field| {
    let milliseconds = since_epoch(accepted(view)).subsec_millis();
    if field.flags().hex {
        return field.number_or_hex(i64::from(milliseconds), 2);
    }
    let mut text = [0; 3];
    digits(milliseconds as i32, &mut text);
    field.raw(&text);
});
pub(super) static TR: AliasDef =
    http_alias("tr", |view, field| with_milliseconds(started(view), field));
pub(super) static TRG: AliasDef = http_alias("trg", |view, field| {
    with_zone(started(view), &TimeZone::UTC, field)
});
pub(super) static TRL: AliasDef =
    http_alias("trl", |view, field| with_zone(started(view), &LOCAL, field));

/// When the request's first byte came.
fn started(view: &View<'_>) -> SystemTime {
    view.stream.map_or(view.session.accepted.date, |stream| {
        stream.timers.start.date
    })
}

/// When the wait for it began.
fn accepted(view: &View<'_>) -> SystemTime {
    let before = Duration::from_millis(u64::try_from(before_request(view)).unwrap_or(0));
    started(view).checked_sub(before).unwrap_or(UNIX_EPOCH)
}

fn since_epoch(date: SystemTime) -> Duration {
    date.duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// The moment of acceptance as `%t` shows it.
pub(super) fn write_accepted(view: &View<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(&text_with_milliseconds(accepted(view)));
}

fn with_milliseconds(date: SystemTime, field: &mut Field<'_>) {
    field.raw(&text_with_milliseconds(date));
}

/// `22/Nov/2026:15:22:32.529`, in local time.
fn text_with_milliseconds(date: SystemTime) -> [u8; 24] {
    thread_local! {
        /// The last second that was spelled, and its text: most lines are of the second of the line before.
        static SPELLED: Cell<(u64, [u8; 20])> = const { Cell::new((u64::MAX, [0; 20])) };
    }
    let date = since_epoch(date);
    let (mut second, mut spelled) = SPELLED.get();
    if second != date.as_secs() {
        second = date.as_secs();
        spell(&civil_in(date, &LOCAL), &mut spelled);
        SPELLED.set((second, spelled));
    }
    let mut text = [b'.'; 24];
    text[..20].copy_from_slice(&spelled);
    digits(date.subsec_millis() as i32, &mut text[21..24]);
    text
}

/// `22/Nov/2026:15:22:32 +0000`
fn with_zone(date: SystemTime, zone: &TimeZone, field: &mut Field<'_>) {
    let date = since_epoch(date);
    let Ok(timestamp) = Timestamp::from_second(i64::try_from(date.as_secs()).unwrap_or(0)) else {
        return;
    };
    let mut text = [0; 20];
    spell(&civil_in(date, zone), &mut text);
    field.raw(&text);
    field.raw(b" ");
    if let Ok(offset) = strtime::format("%z", &timestamp.to_zoned(zone.clone())) {
        field.raw(offset.as_bytes());
    }
}

fn civil_in(date: Duration, zone: &TimeZone) -> civil::DateTime {
    let seconds = i64::try_from(date.as_secs()).unwrap_or(0);
    zone.to_datetime(Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH))
}

const MONTHS: [&[u8; 3]; 12] = [
    b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec",
];

/// `22/Nov/2026:15:22:32` into the first 20 bytes.
fn spell(date: &civil::DateTime, text: &mut [u8]) {
    digits(i32::from(date.day()), &mut text[0..2]);
    text[2] = b'/';
    text[3..6].copy_from_slice(MONTHS[usize::from(date.month().unsigned_abs()).clamp(1, 12) - 1]);
    text[6] = b'/';
    digits(i32::from(date.year()), &mut text[7..11]);
    for (at, number) in [(11, date.hour()), (14, date.minute()), (17, date.second())] {
        text[at] = b':';
        digits(i32::from(number), &mut text[at + 1..at + 3]);
    }
}

fn digits(mut number: i32, text: &mut [u8]) {
    for digit in text.iter_mut().rev() {
        *digit = b'0' + (number % 10).unsigned_abs() as u8;
        number /= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use locum_model::expr::FormatFlags;
    use locum_runtime::sample::format::Style;

    #[test]
    fn dates_are_spelled_as_the_reference_does() {
        let date = UNIX_EPOCH + Duration::from_millis(1_795_360_952_529);
        let mut out = Vec::new();
        let mut field = Field::new(&mut out, "", FormatFlags::default(), Style::Log);
        with_zone(date, &TimeZone::UTC, &mut field);
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "22/Nov/2026:15:22:32 +0000"
        );
        let mut text = [0; 3];
        digits(7, &mut text);
        assert_eq!(&text, b"007");
    }
}
