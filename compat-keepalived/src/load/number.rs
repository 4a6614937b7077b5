//! Numbers as the reference reads them: strict about what follows, lenient about what precedes.
//!
//! ```text
//! number '256' outside range [1, 255]
//! invalid number '100;'
//! negative number '-1'
//! number '1.1234567' has too many decimal places
//! ```

use std::time::Duration;

/// What a number was, and what there is to say about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read<T> {
    /// The value, unless it can't be used.
    pub value: Option<T>,
    /// What the reference says.
    pub messages: Vec<String>,
    /// There are no digits, or something follows them.
    pub malformed: bool,
}

impl<T> Read<T> {
    fn good(value: T) -> Self {
        Self {
            value: Some(value),
            messages: Vec::new(),
            malformed: false,
        }
    }

    fn bad(message: String) -> Self {
        Self {
            value: None,
            messages: vec![message],
            malformed: false,
        }
    }

    fn malformed(text: &str) -> Self {
        Self {
            malformed: true,
            ..Self::bad(format!("invalid number '{text}'"))
        }
    }
}

/// A number without sign in decimal digits.
pub fn unsigned(text: &str, low: u32, high: u32) -> Read<u32> {
    if text.trim_start().starts_with('-') {
        let Some(_) = integer(text) else {
            return Read::malformed(text);
        };
        return Read::bad(format!("negative number '{text}'"));
    }
    let Some(value) = integer(text) else {
        return Read::malformed(text);
    };
    let Ok(number) = u32::try_from(value) else {
        return Read::bad(format!("number '{text}' outside unsigned integer range"));
    };
    if number < low || number > high {
        return Read::bad(format!("number '{text}' outside range [{low}, {high}]"));
    }
    Read::good(number)
}

/// A number with sign in decimal digits.
pub fn signed(text: &str, low: i32, high: i32) -> Read<i32> {
    let Some(value) = integer(text) else {
        return Read::malformed(text);
    };
    let Ok(number) = i32::try_from(value) else {
        return Read::bad(format!("number '{text}' outside integer range"));
    };
    if number < low || number > high {
        return Read::bad(format!("number '{text}' outside range [{low}, {high}]"));
    }
    Read::good(number)
}

/// What strtol(3) makes of it if nothing follows; the empty text is 0 and what is too large is as large as can be.
pub fn integer(text: &str) -> Option<i128> {
    let text = text.trim_start_matches([' ', '\t', '\n', '\r', '\u{b}', '\u{c}']);
    if text.is_empty() {
        return Some(0);
    }
    let (sign, digits) = match text.as_bytes()[0] {
        b'-' => (-1, &text[1..]),
        b'+' => (1, &text[1..]),
        _ => (1, text),
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let value = digits.parse::<i128>().unwrap_or(i128::from(i64::MAX));
    Some(sign * value)
}

/// A decimal number of seconds with up to six places, within bounds in microseconds.
pub fn seconds(text: &str, low: u64, high: u64) -> Read<Duration> {
    decimal(text, 6, low, high).map(Duration::from_micros)
}

/// A decimal number of milliseconds with up to three places, within bounds in microseconds.
pub fn milliseconds(text: &str, low: u64, high: u64) -> Read<Duration> {
    decimal(text, 3, low, high).map(Duration::from_micros)
}

impl<T> Read<T> {
    fn map<U>(self, f: impl FnOnce(T) -> U) -> Read<U> {
        Read {
            value: self.value.map(f),
            messages: self.messages,
            malformed: self.malformed,
        }
    }
}

/// A decimal number as an integer of its smallest unit, `places` places behind the point.
pub fn decimal(text: &str, places: u32, low: u64, high: u64) -> Read<u64> {
    let scale = 10u64.pow(places);
    let Some((negative, whole, fraction)) = split(text) else {
        return Read::malformed(text);
    };
    if negative {
        return Read::bad(format!("negative number '{text}'"));
    }
    let mut messages = Vec::new();
    let used = usize::try_from(places).unwrap_or(0);
    let mut value = whole
        .parse::<u64>()
        .or_else(|error| match error.kind() {
            std::num::IntErrorKind::Empty => Ok(0),
            _ => Err(error),
        })
        .ok()
        .and_then(|whole| whole.checked_mul(scale))
        .unwrap_or(u64::MAX);
    let kept: String = fraction
        .chars()
        .chain(std::iter::repeat('0'))
        .take(used)
        .collect();
    value = value.saturating_add(kept.parse().unwrap_or(0));
    if fraction.len() > used {
        messages.push(format!("number '{text}' has too many decimal places"));
        if fraction.as_bytes()[used] >= b'5' {
            value = value.saturating_add(1);
        }
    }
    if value < low || value > high {
        let shown = |value: u64| format!("{}.{:0used$}", value / scale, value % scale);
        messages.push(format!(
            "number '{text}' outside range [{}, {}]",
            shown(low),
            shown(high)
        ));
        return Read {
            value: None,
            messages,
            malformed: false,
        };
    }
    Read {
        value: Some(value),
        messages,
        malformed: false,
    }
}

/// Sign, digits before and behind the point; `None` if it isn't a number.
fn split(text: &str) -> Option<(bool, &str, &str)> {
    let rest = text.trim_start_matches([' ', '\t', '\n', '\r', '\u{b}', '\u{c}']);
    let (negative, rest) = match rest.as_bytes().first() {
        Some(b'-') => (true, &rest[1..]),
        Some(b'+') => (false, &rest[1..]),
        _ => (false, rest),
    };
    let (whole, fraction) = rest.split_once('.').unwrap_or((rest, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let some = !whole.is_empty() || !fraction.is_empty();
    (some && digits(whole) && digits(fraction)).then_some((negative, whole, fraction))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said<T>(read: Read<T>) -> String {
        read.messages.join(" | ")
    }

    #[test]
    fn numbers_are_decimal_and_nothing_may_follow() {
        assert_eq!(unsigned("010", 1, 255).value, Some(10));
        assert_eq!(unsigned(" +5", 1, 255).value, Some(5));
        assert_eq!(said(unsigned("0x10", 1, 255)), "invalid number '0x10'");
        assert_eq!(said(unsigned("-0", 0, 255)), "negative number '-0'");
        assert_eq!(
            said(unsigned("", 1, 255)),
            "number '' outside range [1, 255]"
        );
        assert_eq!(
            said(unsigned("18446744073709551616", 1, 255)),
            "number '18446744073709551616' outside unsigned integer range"
        );
        assert_eq!(said(signed("-1", 2, 3)), "number '-1' outside range [2, 3]");
    }

    #[test]
    fn seconds_are_rounded_to_microseconds() {
        let read = seconds("1.1234567", 10_000, 255_000_000);
        assert_eq!(read.value, Some(Duration::from_micros(1_123_457)));
        assert_eq!(said(read), "number '1.1234567' has too many decimal places");
        assert_eq!(
            said(seconds("0", 10_000, 255_000_000)),
            "number '0' outside range [0.010000, 255.000000]"
        );
        assert_eq!(
            seconds(".5", 0, 1_000_000).value,
            Some(Duration::from_millis(500))
        );
        assert_eq!(said(seconds("1e1", 0, 1)), "invalid number '1e1'");
    }
}
