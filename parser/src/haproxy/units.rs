//! Times (`10s`, `500us`) and sizes (`4k`): manual 2.5.

/// The unit of a number that has none, and of the result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeUnit {
    /// `us`
    Microseconds,
    /// `ms`
    Milliseconds,
    /// `s`
    Seconds,
    /// `m`
    Minutes,
    /// `h`
    Hours,
    /// `d`
    Days,
}

impl TimeUnit {
    const fn in_microseconds(self) -> u128 {
        match self {
            Self::Microseconds => 1,
            Self::Milliseconds => 1_000,
            Self::Seconds => 1_000_000,
            Self::Minutes => 60_000_000,
            Self::Hours => 3_600_000_000,
            Self::Days => 86_400_000_000,
        }
    }
}

/// A time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Time {
    /// In the unit that was asked for, rounded up; at most `i32::MAX`.
    pub value: u32,
    /// What follows the unit: 2.6 warns about it, see [`Time::warning`].
    pub trailing: Option<u8>,
}

impl Time {
    /// The reference's warning about a character behind the unit.
    #[must_use]
    pub fn warning(&self, text: &str) -> Option<String> {
        let trailing = char::from(self.trailing?);
        Some(format!(
            "unexpected character '{trailing}' after the timer value '{text}', only (us=microseconds,ms=milliseconds,s=seconds,m=minutes,h=hours,d=days) are supported. This will be reported as an error in next versions."
        ))
    }
}

/// Why a text is no time. There is no underflow: what is not zero rounds up to one unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeError {
    /// Nothing is there.
    Empty,
    /// More than `i32::MAX` of the unit (24.8 days in milliseconds, 68 years in seconds).
    Overflow,
    /// This character is neither a digit nor begins a unit.
    Unexpected(u8),
}

/// Reads a time. A number without a unit counts in `unit`, and so does the result.
///
/// # Errors
/// See [`TimeError`].
pub fn time(text: &[u8], unit: TimeUnit) -> Result<Time, TimeError> {
    if text.is_empty() {
        return Err(TimeError::Empty);
    }
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (number, suffix) = text.split_at(digits);
    let (given, length) = match suffix {
        [] if digits > 0 => (unit, 0),
        [b'u', b's', ..] => (TimeUnit::Microseconds, 2),
        [b'm', b's', ..] => (TimeUnit::Milliseconds, 2),
        [b's', ..] => (TimeUnit::Seconds, 1),
        [b'm', ..] => (TimeUnit::Minutes, 1),
        [b'h', ..] => (TimeUnit::Hours, 1),
        [b'd', ..] => (TimeUnit::Days, 1),
        [found, ..] => return Err(TimeError::Unexpected(*found)),
        [] => return Err(TimeError::Empty),
    };
    if digits == 0 {
        return Err(TimeError::Unexpected(suffix[0]));
    }
    let number = number.iter().try_fold(0_u64, |number, digit| {
        number.checked_mul(10)?.checked_add(u64::from(digit - b'0'))
    });
    let microseconds = u128::from(number.ok_or(TimeError::Overflow)?) * given.in_microseconds();
    let value = microseconds.div_ceil(unit.in_microseconds());
    match u32::try_from(value) {
        Ok(value) if value <= i32::MAX.unsigned_abs() => Ok(Time {
            value,
            trailing: suffix.get(length).copied(),
        }),
        _ => Err(TimeError::Overflow),
    }
}

/// Why a text is no size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SizeError {
    /// Nothing is there.
    Empty,
    /// This character can't stand there, or it makes the number larger than 32 bits.
    Unexpected(u8),
}

/// Reads a size with an optional `k`, `m` or `g` in either case, for powers of 1024.
///
/// # Errors
/// See [`SizeError`].
pub fn size(text: &[u8]) -> Result<u32, SizeError> {
    let mut value = 0_u32;
    let mut digits = 0;
    for (index, byte) in text.iter().copied().enumerate() {
        let error = SizeError::Unexpected(byte);
        if byte.is_ascii_digit() {
            let next = value
                .checked_mul(10)
                .and_then(|value| value.checked_add(u32::from(byte - b'0')));
            value = next.ok_or(error)?;
            digits += 1;
            continue;
        }
        let factor = match byte.to_ascii_lowercase() {
            _ if digits == 0 => return Err(error),
            b'k' => 1 << 10,
            b'm' => 1 << 20,
            b'g' => 1 << 30,
            _ => return Err(error),
        };
        let value = value.checked_mul(factor).ok_or(error)?;
        return match text.get(index + 1) {
            None => Ok(value),
            Some(found) => Err(SizeError::Unexpected(*found)),
        };
    }
    if digits == 0 {
        Err(SizeError::Empty)
    } else {
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(text: &str) -> Result<u32, TimeError> {
        time(text.as_bytes(), TimeUnit::Milliseconds).map(|time| time.value)
    }

    #[test]
    fn times_have_six_units_and_a_default() {
        let cases = [
            ("7", 7),
            ("7ms", 7),
            ("7s", 7_000),
            ("7m", 420_000),
            ("1h", 3_600_000),
            ("1d", 86_400_000),
            ("00", 0),
        ];
        for (text, value) in cases {
            assert_eq!(ms(text), Ok(value), "{text}");
        }
        assert_eq!(
            time(b"90", TimeUnit::Seconds).map(|time| time.value),
            Ok(90)
        );
        assert_eq!(
            time(b"2m", TimeUnit::Seconds).map(|time| time.value),
            Ok(120)
        );
    }

    #[test]
    fn parts_of_a_unit_round_up() {
        assert_eq!(
            (ms("1us"), ms("1000us"), ms("1001us"), ms("0us")),
            (Ok(1), Ok(1), Ok(2), Ok(0))
        );
        assert_eq!(
            time(b"1500ms", TimeUnit::Seconds).map(|time| time.value),
            Ok(2)
        );
    }

    #[test]
    fn times_end_at_the_largest_signed_integer() {
        for text in ["2147483647", "2147483s", "596h", "24d", "2147483647000us"] {
            assert!(ms(text).is_ok(), "{text}");
        }
        for text in [
            "2147483648",
            "2147484s",
            "597h",
            "25d",
            "3000000s",
            "2147483647001us",
            "99999999999999999999us",
        ] {
            assert_eq!(ms(text), Err(TimeError::Overflow), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_names_the_character() {
        let cases = [
            ("5x", b'x'),
            ("s", b's'),
            ("-1", b'-'),
            ("+1", b'+'),
            ("1.5s", b'.'),
            ("1u", b'u'),
            ("1M", b'M'),
            ("1 ", b' '),
        ];
        for (text, found) in cases {
            assert_eq!(ms(text), Err(TimeError::Unexpected(found)), "{text}");
        }
        assert_eq!(ms(""), Err(TimeError::Empty));
    }

    #[test]
    fn a_character_behind_the_unit_is_worth_a_warning() {
        for (text, trailing) in [("1sx", b'x'), ("1us1", b'1'), ("1mss", b's')] {
            let time = time(text.as_bytes(), TimeUnit::Milliseconds).unwrap();
            assert_eq!(time.trailing, Some(trailing), "{text}");
            assert!(
                time.warning(text)
                    .unwrap()
                    .starts_with("unexpected character '")
            );
        }
    }

    #[test]
    fn sizes_have_three_units_and_thirty_two_bits() {
        assert_eq!(size(b"010"), Ok(10));
        assert_eq!(
            (size(b"1k"), size(b"1M"), size(b"3g")),
            (Ok(1024), Ok(1 << 20), Ok(3 << 30))
        );
        assert_eq!(
            (size(b"4294967295"), size(b"4194303k")),
            (Ok(u32::MAX), Ok(4_194_303 << 10))
        );
        assert_eq!(size(b""), Err(SizeError::Empty));
        let cases = [
            ("4294967296", b'6'),
            ("42949672961234", b'6'),
            ("4g", b'g'),
            ("1kb", b'b'),
            ("1x", b'x'),
            ("k", b'k'),
            ("-1", b'-'),
            ("1.5k", b'.'),
        ];
        for (text, found) in cases {
            assert_eq!(
                size(text.as_bytes()),
                Err(SizeError::Unexpected(found)),
                "{text}"
            );
        }
    }
}
