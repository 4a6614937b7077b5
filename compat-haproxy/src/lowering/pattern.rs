//! The patterns of access lists: checked and brought to one form per match method (manual 7.1).

use std::net::IpAddr;

use locum_model::Text;

/// Match methods that `-m` takes.
pub const METHODS: &[&str] = &[
    "found", "bool", "int", "ip", "bin", "len", "str", "beg", "sub", "dir", "dom", "end", "reg",
];

/// Brings patterns to the form the model keeps: numbers (`int`, `len`) become `low:high`, either of which may be
/// missing; all others stay as written.
///
/// # Errors
/// The reference's wording for the first one that is wrong.
pub fn lower(method: &str, words: &[&[u8]]) -> Result<Vec<Text>, String> {
    if !matches!(method, "int" | "len") {
        for word in words {
            check(method, word)?;
        }
        return Ok(words.iter().map(|word| Text::from(*word)).collect());
    }
    let mut operator = "eq";
    let mut ranges = Vec::new();
    for word in words {
        let text = String::from_utf8_lossy(word);
        match OPERATORS.iter().find(|known| **known == text) {
            Some(known) => operator = known,
            None => ranges.push(Text::from(listed(operator, &text)?.into_bytes())),
        }
    }
    Ok(ranges)
}

const OPERATORS: [&str; 5] = ["eq", "ge", "gt", "le", "lt"];

/// Checks one pattern.
///
/// # Errors
/// The reference's wording.
pub fn check(method: &str, pattern: &[u8]) -> Result<(), String> {
    let shown = || String::from_utf8_lossy(pattern).into_owned();
    match method {
        "int" | "len" => range("eq", &shown()).map(|_| ()),
        "ip" if address(&shown()).is_none() => {
            Err(format!("'{}' is not a valid IPv4 or IPv6 address", shown()))
        }
        "reg" => super::regex::check(pattern, false),
        "bin" if !pattern.len().is_multiple_of(2) => {
            Err("an even number of hex digit is expected".to_owned())
        }
        "bin" if !pattern.iter().all(u8::is_ascii_hexdigit) => {
            Err(format!("an hex digit is expected (found '{}')", shown()))
        }
        _ => Ok(()),
    }
}

/// A number of a line; behind an operator other than `eq` another operator could have stood in its place.
fn listed(operator: &str, text: &str) -> Result<String, String> {
    range(operator, text).map_err(|said| match operator {
        "eq" => said,
        _ => format!("'{text}' is neither a number nor a supported operator"),
    })
}

/// `5`, `5:9`, `:9`, `5:` under an operator, as `low:high`.
fn range(operator: &str, text: &str) -> Result<String, String> {
    let bad = || format!("'{text}' is not a number");
    let bound = |part: &str| match part {
        "" => Ok(None),
        part => part.parse::<i64>().map(Some).map_err(|_| bad()),
    };
    let (low, high) = match text.split_once(':') {
        Some((low, high)) => (bound(low)?, bound(high)?),
        None => {
            let number = bound(text)?;
            if number.is_none() {
                return Err(bad());
            }
            (number, number)
        }
    };
    let (low, high) = match operator {
        "ge" => (low, None),
        "gt" => (low.map(|low| low.saturating_add(1)), None),
        "le" => (None, high),
        "lt" => (None, high.map(|high| high.saturating_sub(1))),
        _ => (low, high),
    };
    let shown = |bound: Option<i64>| bound.map(|bound| bound.to_string()).unwrap_or_default();
    Ok(format!("{}:{}", shown(low), shown(high)))
}

/// An address with an optional prefix length or mask. Names are looked up, as the reference does without `-n`.
fn address(text: &str) -> Option<()> {
    let (host, mask) = match text.split_once('/') {
        Some((host, mask)) => (host, Some(mask)),
        None => (text, None),
    };
    // A short form such as 10.0/16 stands for 10.0.0.0/16.
    let padded = match host.bytes().filter(|byte| *byte == b'.').count() {
        dots @ 0..=2
            if !host.contains(':') && host.bytes().all(|b| b.is_ascii_digit() || b == b'.') =>
        {
            format!("{host}{}", ".0".repeat(3 - dots))
        }
        _ => host.to_owned(),
    };
    let ip: IpAddr = padded.parse().ok()?;
    match (ip, mask) {
        (_, None) => Some(()),
        (IpAddr::V4(_), Some(mask)) => {
            let length = mask.parse::<u8>().is_ok_and(|length| length <= 32);
            (length || mask.parse::<std::net::Ipv4Addr>().is_ok()).then_some(())
        }
        (IpAddr::V6(_), Some(mask)) => mask
            .parse::<u8>()
            .is_ok_and(|length| length <= 128)
            .then_some(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lowered(words: &[&str]) -> Result<Vec<String>, String> {
        let words: Vec<&[u8]> = words.iter().map(|word| word.as_bytes()).collect();
        Ok(lower("int", &words)?
            .iter()
            .map(ToString::to_string)
            .collect())
    }

    #[test]
    fn numbers_become_ranges() {
        assert_eq!(lowered(&["5", "7:9"]).unwrap(), ["5:5", "7:9"]);
        assert_eq!(lowered(&["ge", "5", "lt", "2"]).unwrap(), ["5:", ":1"]);
        assert_eq!(lowered(&["eq", "x"]).unwrap_err(), "'x' is not a number");
    }

    #[test]
    fn addresses_take_masks_and_short_forms() {
        for text in [
            "10.0.0.1",
            "10.0.0.0/8",
            "10/8",
            "10.0.0.0/255.0.0.0",
            "::1",
            "2001:db8::/32",
        ] {
            assert!(check("ip", text.as_bytes()).is_ok(), "{text}");
        }
        assert!(check("ip", b"300.1.2.3").is_err());
    }
}
