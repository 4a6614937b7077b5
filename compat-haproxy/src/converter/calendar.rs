//! Seconds since 1970 as a date of the proleptic Gregorian calendar, and strftime(3) in the C locale, as glibc spells it.

use std::fmt::Write as _;

/// A moment in one time zone.
pub(super) struct Date {
    seconds: i64,
    /// Seconds east of Greenwich.
    offset: i64,
    /// The zone's abbreviation.
    zone: String,
    year: i64,
    /// From 1.
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
    /// Sunday is 0.
    weekday: i64,
    /// From 0.
    day_of_year: i64,
}

const DAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
/// Fields are not made wider.
const WIDEST: usize = 1024;

impl Date {
    pub(super) fn new(seconds: i64, offset: i64, zone: &str) -> Self {
        let local = seconds.saturating_add(offset);
        let (days, rest) = (local.div_euclid(86_400), local.rem_euclid(86_400));
        // Years begin in March here, so that a leap day is the last of one; 400 years are one era.
        let shifted = days + 719_468;
        let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
        let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let from_march = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * from_march + 2) / 153;
        let month = if shifted_month < 10 {
            shifted_month + 3
        } else {
            shifted_month - 9
        };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        let before_march = 59 + i64::from(is_leap(year));
        Self {
            seconds,
            offset,
            zone: zone.to_owned(),
            year,
            month,
            day: from_march - (153 * shifted_month + 2) / 5 + 1,
            hour: rest / 3600,
            minute: rest / 60 % 60,
            second: rest % 60,
            weekday: (days + 4).rem_euclid(7),
            day_of_year: if month > 2 {
                from_march + before_march
            } else {
                from_march - 306
            },
        }
    }

    /// As strftime(3); what is no conversion stays as it is.
    pub(super) fn format(&self, format: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(format.len() * 2);
        let mut rest = format;
        while let Some((&byte, tail)) = rest.split_first() {
            rest = tail;
            if byte != b'%' {
                out.push(byte);
                continue;
            }
            let conversion = Conversion::read(rest);
            match conversion.spell(self) {
                Some(text) => {
                    out.extend_from_slice(text.as_bytes());
                    rest = &rest[conversion.length..];
                }
                // Not even the flags are taken: they come out as text.
                None => out.push(b'%'),
            }
        }
        out
    }

    /// The number of the week whose first day is `first`.
    fn week(&self, first: i64) -> i64 {
        (self.day_of_year + 7 - (self.weekday - first).rem_euclid(7)) / 7
    }

    /// ISO 8601's week and its year: the week that has the year's first Thursday is the first.
    fn iso_week(&self) -> (i64, i64) {
        let from_monday = (self.weekday + 6).rem_euclid(7);
        let week = (self.day_of_year - from_monday + 10).div_euclid(7);
        let weeks_of = |year: i64| {
            let last = |year: i64| {
                (year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400))
                    .rem_euclid(7)
            };
            52 + i64::from(last(year) == 4 || last(year - 1) == 3)
        };
        if week < 1 {
            (self.year - 1, weeks_of(self.year - 1))
        } else if week > weeks_of(self.year) {
            (self.year + 1, 1)
        } else {
            (self.year, week)
        }
    }
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// What stands behind a percent sign.
#[derive(Default)]
struct Conversion {
    /// What pads: `_` blanks, `-` nothing, `0` zeros.
    padding: Option<u8>,
    is_upper: bool,
    is_swapped: bool,
    width: usize,
    letter: u8,
    /// The bytes of all of it.
    length: usize,
}

impl Conversion {
    fn read(text: &[u8]) -> Self {
        let mut read = Self::default();
        let mut bytes = text.iter().copied().peekable();
        while let Some(&flag) = bytes.peek() {
            match flag {
                b'_' | b'-' | b'0' => read.padding = Some(flag),
                b'^' => read.is_upper = true,
                b'#' => read.is_swapped = true,
                _ => break,
            }
            bytes.next();
        }
        while let Some(digit) = bytes.peek().filter(|byte| byte.is_ascii_digit()) {
            read.width = (read.width * 10 + usize::from(digit - b'0')).min(WIDEST);
            bytes.next();
        }
        if matches!(bytes.peek(), Some(b'E' | b'O')) {
            bytes.next();
        }
        read.letter = bytes.next().unwrap_or(0);
        read.length = text.len() - bytes.len();
        read
    }

    fn spell(&self, date: &Date) -> Option<String> {
        let hour = if date.hour % 12 == 0 {
            12
        } else {
            date.hour % 12
        };
        let half = if date.hour < 12 { "AM" } else { "PM" };
        let composed = |format: &str| {
            let text = String::from_utf8_lossy(&date.format(format.as_bytes())).into_owned();
            Some(self.text(&text))
        };
        let (day, month) = (DAYS[date.weekday as usize], MONTHS[date.month as usize - 1]);
        Some(match self.letter {
            b'a' => self.text(&day[..3]),
            b'A' => self.text(day),
            b'b' | b'h' => self.text(&month[..3]),
            b'B' => self.text(month),
            b'c' => return composed("%a %b %e %H:%M:%S %Y"),
            b'C' => self.number(date.year.div_euclid(100), 2, b'0'),
            b'd' => self.number(date.day, 2, b'0'),
            b'D' | b'x' => return composed("%m/%d/%y"),
            b'e' => self.number(date.day, 2, b' '),
            b'F' => return composed("%Y-%m-%d"),
            b'g' => self.number(date.iso_week().0.rem_euclid(100), 2, b'0'),
            b'G' => self.number(date.iso_week().0, 1, b'0'),
            b'H' => self.number(date.hour, 2, b'0'),
            b'I' => self.number(hour, 2, b'0'),
            b'j' => self.number(date.day_of_year + 1, 3, b'0'),
            b'k' => self.number(date.hour, 2, b' '),
            b'l' => self.number(hour, 2, b' '),
            b'm' => self.number(date.month, 2, b'0'),
            b'M' => self.number(date.minute, 2, b'0'),
            b'n' => self.text("\n"),
            b'p' if self.is_swapped => self.text(&half.to_lowercase()),
            b'p' => self.text(half),
            b'P' => self.text(half).to_lowercase(),
            b'r' => return composed("%I:%M:%S %p"),
            b'R' => return composed("%H:%M"),
            b's' => self.number(date.seconds, 1, b' '),
            b'S' => self.number(date.second, 2, b'0'),
            b't' => self.text("\t"),
            b'T' | b'X' => return composed("%H:%M:%S"),
            b'u' => self.number((date.weekday + 6) % 7 + 1, 1, b'0'),
            b'U' => self.number(date.week(0), 2, b'0'),
            b'V' => self.number(date.iso_week().1, 2, b'0'),
            b'w' => self.number(date.weekday, 1, b'0'),
            b'W' => self.number(date.week(1), 2, b'0'),
            b'y' => self.number(date.year.rem_euclid(100), 2, b'0'),
            b'Y' => self.number(date.year, 1, b'0'),
            b'z' => {
                let minutes = date.offset / 60;
                let sign = if minutes < 0 { '-' } else { '+' };
                let minutes = minutes.abs();
                if self.padding == Some(b'-') {
                    return Some(format!("{sign}{}", minutes / 60 * 100 + minutes % 60));
                }
                format!("{sign}{:02}{:02}", minutes / 60, minutes % 60)
            }
            b'Z' if self.is_swapped => self.text(&date.zone.to_lowercase()),
            b'Z' => self.text(&date.zone),
            b'%' => self.text("%"),
            _ => return None,
        })
    }

    fn text(&self, text: &str) -> String {
        let text = match (self.is_upper, self.is_swapped) {
            (true, _) => text.to_uppercase(),
            (_, true)
                if !matches!(
                    self.letter,
                    b'p' | b'Z' | b'c' | b'r' | b'x' | b'X' | b'D' | b'F' | b'R' | b'T'
                ) =>
            {
                text.to_uppercase()
            }
            _ => text.to_owned(),
        };
        let pad = if self.padding == Some(b'0') { "0" } else { " " };
        let missing = self.width.saturating_sub(text.len());
        format!("{}{text}", pad.repeat(missing))
    }

    fn number(&self, number: i64, least: usize, pad: u8) -> String {
        let pad = match self.padding {
            Some(b'_') => b' ',
            Some(b'0') => b'0',
            // A width of its own is filled all the same.
            Some(_) => {
                let mut text = number.to_string();
                let missing = self.width.saturating_sub(text.len());
                text.insert_str(0, &"0".repeat(missing));
                return text;
            }
            None => pad,
        };
        let width = self.width.max(least);
        let mut text = String::new();
        // Writing to a string can't fail.
        let _ = match pad {
            b' ' => write!(text, "{number:width$}"),
            _ => write!(text, "{number:0width$}"),
        };
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spelled(seconds: i64, format: &str) -> String {
        String::from_utf8(Date::new(seconds, 0, "GMT").format(format.as_bytes())).unwrap()
    }

    // Values recorded from the reference.
    #[test]
    fn conversions_are_spelled_as_strftime_does() {
        let pairs = [
            (
                "%a %A %b %B %c",
                "Sun Sunday Nov November Sun Nov  6 08:49:37 1994",
            ),
            ("%C %d %D %e %F", "19 06 11/06/94  6 1994-11-06"),
            ("%g %G %h %H", "94 1994 Nov 08"),
            ("%I %j %k %l", "08 310  8  8"),
            ("%m %M %n|%p %P", "11 49 \n|AM am"),
            ("%r %R %s %S", "08:49:37 AM 08:49 784111777 37"),
            ("%t|%T %u %U", "\t|08:49:37 7 45"),
            ("%V %w %W %x", "44 0 44 11/06/94"),
            ("%X %y %Y %z %Z", "08:49:37 94 1994 +0000 GMT"),
            ("%% %+ %E %Q", "% %+ %E %Q"),
            ("%Ey %Od %_d %-d %0e %^a %#Z", "94 06  6 6 06 SUN gmt"),
            ("%10Y|%5d", "0000001994|00006"),
            ("%", "%"),
        ];
        for (format, text) in pairs {
            assert_eq!(spelled(784_111_777, format), text, "{format}");
        }
    }

    #[test]
    fn years_may_be_long() {
        let format = "%a, %d %b %Y %H:%M:%S";
        assert_eq!(spelled(0, format), "Thu, 01 Jan 1970 00:00:00");
        assert_eq!(
            spelled(253_402_300_800, format),
            "Sat, 01 Jan 10000 00:00:00"
        );
        assert_eq!(
            spelled(36_028_797_018_963_967, format),
            "Sun, 13 Jun 1141709097 06:26:07"
        );
        assert_eq!(spelled(951_782_400, "%F %j"), "2000-02-29 060");
        assert_eq!(spelled(1_230_768_000, "%G-%V %U %W"), "2009-01 00 00");
    }
}
