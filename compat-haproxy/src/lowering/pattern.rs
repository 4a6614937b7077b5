//! The patterns of access lists: checked and brought to one form per match method (manual 7.1).

use std::{collections::BTreeMap, net::IpAddr};

use locum_model::{Text, pattern::PatternUse};
use locum_runtime::rules::pattern::is_network;

/// Match methods that `-m` takes.
pub const METHODS: &[&str] = &[
    "found", "bool", "int", "ip", "bin", "len", "str", "beg", "sub", "dir", "dom", "end", "reg",
];

/// Brings a line's patterns to the form that lists keep: numbers (`int`, `len`) behind an operator become ranges, all
/// others stay as written.
///
/// # Errors
/// The reference's wording for the first one that is wrong.
pub fn lower(method: &str, words: &[&[u8]]) -> Result<Vec<Text>, String> {
    if !matches!(method, "int" | "len") {
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

/// Checks one pattern for a use; `resolved` has the names that stand for addresses.
///
/// # Errors
/// The reference's wording.
pub fn check(
    pattern: &[u8],
    by: &PatternUse,
    resolved: &BTreeMap<String, IpAddr>,
) -> Result<(), String> {
    let shown = || String::from_utf8_lossy(pattern).into_owned();
    let known = |name: &str| resolved.get(name).copied();
    match by.matcher.as_str() {
        "int" | "len" => number(pattern),
        "ip" if !is_network(pattern, (!by.no_dns).then_some(&known)) => {
            Err(format!("'{}' is not a valid IPv4 or IPv6 address", shown()))
        }
        "reg" => super::regex::check(pattern, false),
        "bin" if !pattern.len().is_multiple_of(2) => {
            Err("an even number of hex digit is expected".to_owned())
        }
        "bin" => match pattern.iter().find(|byte| !byte.is_ascii_hexdigit()) {
            Some(wrong) => Err(format!(
                "an hex digit is expected (found '{}')",
                char::from(*wrong)
            )),
            None => Ok(()),
        },
        _ => Ok(()),
    }
}

/// A number, or two with a colon, one of which may be missing; only a lone number may be negative (observed).
fn number(pattern: &[u8]) -> Result<(), String> {
    let text = String::from_utf8_lossy(pattern);
    let Some((low, high)) = text.split_once(':') else {
        let digits = text.strip_prefix('-').unwrap_or(&text);
        return match is_unsigned(digits) && text.parse::<i64>().is_ok() {
            true => Ok(()),
            false => Err(format!("'{text}' is not a number")),
        };
    };
    let bound = |part: &str, open| match part {
        "" => Some(open),
        part => part.parse::<i64>().ok().filter(|_| is_unsigned(part)),
    };
    let ordered = bound(low, i64::MIN)
        .zip(bound(high, i64::MAX))
        .is_some_and(|(low, high)| low <= high);
    if ordered && text.len() > 1 {
        Ok(())
    } else {
        Err(format!("'{text}' is not a valid number range"))
    }
}

fn is_unsigned(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A number of a line as a range; an operator doesn't touch a range, nor a number with a sign, which is one: `-5` is all
/// up to 5 (observed). Behind an operator other than `eq`
/// another operator could have stood in its place.
fn listed(operator: &str, text: &str) -> Result<String, String> {
    let is_signed = text.strip_prefix('-').is_some_and(is_unsigned);
    if operator == "eq" || is_signed || text.contains(':') {
        number(text.as_bytes())?;
        return Ok(text.to_owned());
    }
    let number: i64 = text
        .parse()
        .map_err(|_| format!("'{text}' is neither a number nor a supported operator"))?;
    Ok(match operator {
        "ge" => format!("{number}:"),
        "gt" => format!("{}:", number.saturating_add(1)),
        "le" => format!(":{number}"),
        _ => format!(":{}", number.saturating_sub(1)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lowered(words: &[&str]) -> Result<Vec<String>, String> {
        let words: Vec<&[u8]> = words.iter().map(|word| word.as_bytes()).collect();
        let lowered = lower("int", &words)?;
        Ok(lowered.iter().map(ToString::to_string).collect())
    }

    // Recorded from the reference.
    #[test]
    fn numbers_behind_operators_become_ranges() {
        assert_eq!(lowered(&["5", "7:9"]).unwrap(), ["5", "7:9"]);
        let words = ["ge", "5", "lt", "2", "3:4", "gt", "9", "le", ":7", "8"];
        assert_eq!(
            lowered(&words).unwrap(),
            ["5:", ":1", "3:4", "10:", ":7", ":8"]
        );
        assert_eq!(lowered(&["gt", "-3"]).unwrap(), ["-3"]);
        assert_eq!(lowered(&["eq", "x"]).unwrap_err(), "'x' is not a number");
        let said = "'x' is neither a number nor a supported operator";
        assert_eq!(lowered(&["gt", "x"]).unwrap_err(), said);
    }

    #[test]
    fn ranges_are_of_unsigned_numbers() {
        for right in ["-3", "010", "5:", ":5", "1:9"] {
            assert_eq!(number(right.as_bytes()), Ok(()), "{right}");
        }
        for wrong in [":", "5:4", "-3:5", "3:+5", "1:2:3", "1.2:1.5"] {
            let said = format!("'{wrong}' is not a valid number range");
            assert_eq!(number(wrong.as_bytes()), Err(said));
        }
        for wrong in ["", "+3", "0x10", "1.2", "5 ", "9223372036854775808"] {
            let said = format!("'{wrong}' is not a number");
            assert_eq!(number(wrong.as_bytes()), Err(said));
        }
    }
}
