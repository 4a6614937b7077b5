//! Numbers of JSON as the reference reads and writes them.

/// How long a well-formed number is.
pub(super) fn length(text: &[u8]) -> Option<usize> {
    let digits = |from: usize| {
        let rest = text.get(from..).unwrap_or_default();
        rest.iter().take_while(|byte| byte.is_ascii_digit()).count()
    };
    let start = usize::from(text.first() == Some(&b'-'));
    let mut end = start + digits(start);
    if text.get(end) == Some(&b'.') {
        let fraction = digits(end + 1);
        let goes_on = fraction > 0 || matches!(text.get(end + 1), Some(b'e' | b'E'));
        if goes_on {
            end += 1 + fraction;
        }
    }
    if end == start {
        return None;
    }
    if matches!(text.get(end), Some(b'e' | b'E')) {
        end += 1;
        end += usize::from(matches!(text.get(end), Some(b'+' | b'-')));
        end += digits(end);
    }
    Some(end)
}

/// The number that a text begins with; 0 if it begins with none.
pub(super) fn value(text: &[u8]) -> f64 {
    let mut at = 0;
    let sign = match text.first() {
        Some(b'-') => {
            at = 1;
            -1.0
        }
        Some(b'+') => {
            at = 1;
            1.0
        }
        _ => 1.0,
    };
    let start = at;
    let mut number = 0.0;
    while let Some(digit) = text.get(at).filter(|byte| byte.is_ascii_digit()) {
        number = number * 10.0 + f64::from(digit - b'0');
        at += 1;
    }
    if text.get(at) == Some(&b'.') {
        at += 1;
        // Summed in this order: the sixth digit may hang on it.
        let (mut fraction, mut place) = (0.0, 1.0);
        while let Some(digit) = text.get(at).filter(|byte| byte.is_ascii_digit()) {
            place /= 10.0;
            fraction += f64::from(digit - b'0') * place;
            at += 1;
        }
        number += fraction;
    }
    if at == start {
        // No digit, no sign.
        return 0.0;
    }
    if matches!(text.get(at), Some(b'e' | b'E')) {
        at += 1;
        let is_negative = text.get(at) == Some(&b'-');
        at += usize::from(matches!(text.get(at), Some(b'+' | b'-')));
        let mut exponent = 0i32;
        while let Some(digit) = text.get(at).filter(|byte| byte.is_ascii_digit()) {
            exponent = exponent
                .saturating_mul(10)
                .saturating_add(i32::from(digit - b'0'));
            at += 1;
        }
        let scale = 10f64.powi(exponent);
        number = if is_negative {
            number / scale
        } else {
            number * scale
        };
    }
    sign * number
}

/// The whole number that a text begins with, in octal behind `0`, in hexadecimal behind `0x`; `None` if it is too large.
pub(super) fn integer(text: &[u8]) -> Option<i64> {
    let (is_negative, digits) = match text.strip_prefix(b"-") {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    let (radix, digits) = match digits {
        [b'0', b'x' | b'X', rest @ ..] if rest.first().is_some_and(u8::is_ascii_hexdigit) => {
            (16, rest)
        }
        [b'0', ..] => (8, digits),
        _ => (10, digits),
    };
    let mut number = 0i64;
    for digit in digits
        .iter()
        .map_while(|&byte| char::from(byte).to_digit(radix))
    {
        number = number
            .checked_mul(i64::from(radix))?
            .checked_add(i64::from(digit))?;
    }
    Some(if is_negative { -number } else { number })
}

/// With six significant digits and no more, as printf(3)'s `%g` does.
pub(super) fn spelled(number: f64) -> String {
    if !number.is_finite() {
        let sign = if number.is_sign_negative() { "-" } else { "" };
        let name = if number.is_nan() { "nan" } else { "inf" };
        return format!("{sign}{name}");
    }
    let scientific = format!("{number:.5e}");
    let Some((digits, exponent)) = scientific.split_once('e') else {
        return scientific;
    };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let trimmed = |text: &str| match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text.to_owned(),
    };
    if (-4..6).contains(&exponent) {
        let places = usize::try_from(5 - exponent).unwrap_or(0);
        return trimmed(&format!("{number:.places$}"));
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{}e{sign}{:02}", trimmed(digits), exponent.abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    // Values recorded from the reference.
    #[test]
    fn numbers_have_six_digits() {
        let spelled = |text: &str| spelled(value(text.as_bytes()));
        let pairs = [
            ("1", "1"),
            ("1.5", "1.5"),
            ("1e3", "1000"),
            ("-0", "-0"),
            ("99999999999999999999", "1e+20"),
            ("9223372036854775807", "9.22337e+18"),
            ("1234567", "1.23457e+06"),
            ("999999.5", "1e+06"),
            ("0.0001", "0.0001"),
            ("0.00001", "1e-05"),
            ("123456.7", "123457"),
            ("1E400", "inf"),
            ("-1e309", "-inf"),
            ("1e-400", "0"),
            ("1234565", "1.23456e+06"),
            ("0.1234565", "0.123457"),
            ("3.14159265", "3.14159"),
            ("5e-324", "0"),
            ("-.5", "-0.5"),
            ("1.2.3", "1.2"),
            ("--1", "0"),
        ];
        for (text, shown) in pairs {
            assert_eq!(spelled(text), shown, "{text}");
        }
    }

    #[test]
    fn integers_know_octal_and_hexadecimal() {
        let integer = |text: &str| integer(text.as_bytes());
        assert_eq!(integer("010"), Some(8));
        assert_eq!(integer("0x1f"), Some(31));
        assert_eq!(integer("-0x10"), Some(-16));
        assert_eq!(integer("08"), Some(0));
        assert_eq!(integer("1e3"), Some(1));
        assert_eq!(integer("99999999999999999999"), None);
    }
}
