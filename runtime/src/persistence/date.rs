//! Dates in a persistence cookie (manual: "cookie", maxidle and maxlife): `value|LAST|FIRST`.
//!
//! Each is five base64 digits: 30 bits of seconds since 1970 in steps of four. `AAAAA` says nothing.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Dates further in the future than this are as bad as expired ones.
const FUTURE: i32 = 24 * 3600;

/// Seconds since 1970, modulo 2³².
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Date(u32);

impl Date {
    /// The date of a moment.
    pub fn of(moment: SystemTime) -> Self {
        let since = moment.duration_since(UNIX_EPOCH).unwrap_or_default();
        Self(since.as_secs() as u32)
    }

    /// Reads five digits; what follows them doesn't count. `None`: too short, no digits, or zero.
    pub fn read(text: &[u8]) -> Option<Self> {
        let mut steps = 0;
        for byte in text.get(..5)? {
            steps = steps << 6 | digit(*byte)?;
        }
        (steps != 0).then_some(Self(steps << 2))
    }

    /// Appends its five digits, rounded up so that a cookie just sent isn't older than now.
    pub fn write(self, out: &mut Vec<u8>) {
        let steps = self.0.wrapping_add(3) >> 2;
        out.extend([24, 18, 12, 6, 0].map(|shift| DIGITS[(steps >> shift & 63) as usize]));
    }

    /// Seconds from it to `now`; negative if it lies in the future. Right for 68 years to either side.
    pub fn age(self, now: Self) -> i32 {
        now.0.wrapping_sub(self.0) as i32
    }

    /// Whether it is older than `limit`, or too far in the future to be true.
    pub fn is_expired(self, now: Self, limit: Duration) -> bool {
        let age = self.age(now);
        age < -FUTURE || i64::from(age) > i64::try_from(limit.as_secs()).unwrap_or(i64::MAX)
    }
}

fn digit(byte: u8) -> Option<u32> {
    Some(u32::from(match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Date {
        Date::of(UNIX_EPOCH + Duration::from_secs(seconds))
    }

    fn text(date: Date) -> String {
        let mut out = Vec::new();
        date.write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn dates_are_written_as_the_reference_wrote_them() {
        assert_eq!(text(at(1_795_362_044)), "awMM/");
        assert_eq!(text(at(1_795_362_092)), "awMNL");
        assert_eq!(text(at(1_795_362_093)), "awMNM");
        assert_eq!(text(at(1_795_362_096)), "awMNM");
        assert_eq!(Date::read(b"awMNLxyz"), Some(at(1_795_362_092)));
        for missing in [&b""[..], b"AAAA", b"AAAAA", b"aw-NL", b"!!!!!", b"AAAA|"] {
            assert_eq!(Date::read(missing), None);
        }
    }

    #[test]
    fn a_date_expires_one_second_after_its_limit_and_a_day_and_a_second_ahead() {
        let six = Duration::from_secs(6);
        let now = at(1_795_362_092);
        assert!(!at(1_795_362_086).is_expired(now, six));
        assert!(at(1_795_362_085).is_expired(now, six));
        assert!(!at(1_795_362_092 + 86_400).is_expired(now, six));
        assert!(at(1_795_362_092 + 86_401).is_expired(now, six));
        assert!(!at(5).is_expired(now, Duration::MAX));
    }
}
