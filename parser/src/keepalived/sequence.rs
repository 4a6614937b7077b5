//! `~SEQ(…)`, `~SEQx(…)` and `~LST(…)`: the rest of the line once for each value (manual, "Sequence blocks").

use super::text::is_space;

/// What a line is repeated with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Sequence {
    /// Numbers up to and including `end`.
    Numbers {
        name: Vec<u8>,
        /// None behind the last.
        next: Option<i64>,
        step: i64,
        end: i64,
        hexadecimal: bool,
    },
    /// A row of values for each round, one value a name.
    List {
        names: Vec<Vec<u8>>,
        rows: Vec<Vec<Vec<u8>>>,
        next: usize,
    },
}

impl Sequence {
    /// The names and values of the next round, or None behind the last.
    pub(super) fn advance(&mut self) -> Option<Vec<(Vec<u8>, Vec<u8>)>> {
        match self {
            Self::Numbers {
                name,
                next,
                step,
                end,
                hexadecimal,
            } => {
                let value = (*next)?;
                *next = value
                    .checked_add(*step)
                    .filter(|next| if *step > 0 { next <= end } else { next >= end });
                let text = if *hexadecimal {
                    format!("{value:x}")
                } else {
                    value.to_string()
                };
                Some(vec![(name.clone(), text.into_bytes())])
            }
            Self::List { names, rows, next } => {
                let row = rows.get(*next)?;
                *next += 1;
                let values = row.iter().cloned().chain(std::iter::repeat(Vec::new()));
                Some(names.iter().cloned().zip(values).collect())
            }
        }
    }
}

/// A line that begins with a sequence, cut into its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header<'a> {
    pub(super) kind: Kind,
    /// What stands in the parentheses.
    pub(super) arguments: &'a [u8],
    /// Length of the whole.
    pub(super) length: usize,
}

/// Which sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Decimal,
    Hexadecimal,
    List,
}

/// Why a sequence can't be read; each is reported, and then that the specification is invalid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Malformed {
    Specification,
    Definition,
    Values,
    TooLong,
    Negative,
    TooManyValues,
}

impl Malformed {
    /// The reference's message, before the line in quotes.
    pub(super) fn message(self) -> Option<&'static str> {
        match self {
            Self::Specification => None,
            Self::Definition => Some("Invalid ~SEQ definition"),
            Self::Values => Some("Invalid ~SEQ values"),
            Self::TooLong => Some("~SEQ parameter strings too long"),
            Self::Negative => Some("~SEQx is only valid for positive numbers"),
            Self::TooManyValues => Some("~LST specification has too many values"),
        }
    }
}

/// Whether a line begins with a sequence, well-formed or not.
pub(super) fn is_sequence(line: &[u8]) -> bool {
    line.starts_with(b"~SEQ") || line.starts_with(b"~LST")
}

impl Kind {
    /// The kind's name for the message about an invalid specification.
    pub(super) fn name(line: &[u8]) -> &'static str {
        if line.starts_with(b"~LST") {
            "~LST"
        } else {
            "~SEQ"
        }
    }
}

/// Cuts a line for which [`is_sequence`] holds.
pub(super) fn header(line: &[u8]) -> Result<Header<'_>, Malformed> {
    let (kind, behind) = if let Some(behind) = line.strip_prefix(b"~LST") {
        (Kind::List, behind)
    } else if let Some(behind) = line.strip_prefix(b"~SEQx") {
        (Kind::Hexadecimal, behind)
    } else {
        let behind = line.strip_prefix(b"~SEQ").ok_or(Malformed::Specification)?;
        (Kind::Decimal, behind)
    };
    let behind = trim_start(behind)
        .strip_prefix(b"(")
        .ok_or(Malformed::Specification)?;
    let close = behind.iter().position(|byte| *byte == b')');
    let close = close.ok_or(match kind {
        Kind::List => Malformed::Specification,
        _ => Malformed::TooLong,
    })?;
    Ok(Header {
        kind,
        arguments: &behind[..close],
        length: line.len() - behind.len() + close + 1,
    })
}

/// What the arguments of a header mean; those of numbers with their parameters replaced.
pub(super) fn sequence(kind: Kind, arguments: &[u8]) -> Result<Sequence, Malformed> {
    match kind {
        Kind::List => list(arguments),
        Kind::Decimal => numbers(arguments, false),
        Kind::Hexadecimal => numbers(arguments, true),
    }
}

fn numbers(arguments: &[u8], hexadecimal: bool) -> Result<Sequence, Malformed> {
    let mut parts = arguments.split(|byte| *byte == b',');
    let name = trim(parts.next().unwrap_or_default());
    let numbers = parts
        .map(number)
        .collect::<Option<Vec<i64>>>()
        .ok_or(Malformed::Definition)?;
    let direction = |start: i64, end: i64| if end >= start { 1 } else { -1 };
    let (start, step, end) = match *numbers.as_slice() {
        [end] => {
            let start = if end < 0 { -1 } else { 1 };
            (start, direction(start, end), end)
        }
        [start, end] => (start, direction(start, end), end),
        [start, step, end] => (start, step, end),
        _ => return Err(Malformed::Definition),
    };
    if step == 0 || (start != end && (step > 0) != (end > start)) {
        return Err(Malformed::Values);
    }
    if hexadecimal && (start < 0 || end < 0) {
        return Err(Malformed::Negative);
    }
    Ok(Sequence::Numbers {
        name: name.to_vec(),
        next: Some(start),
        step,
        end,
        hexadecimal,
    })
}

/// A number as strtol(3) with base 0 reads it: decimal, `0x…`, or octal behind a zero; nothing is 0, and what is
/// too large is the largest.
fn number(text: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(trim(text)).ok()?;
    if text.is_empty() {
        return Some(0);
    }
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (digits, radix) = match digits
        .strip_prefix("0x")
        .or_else(|| digits.strip_prefix("0X"))
    {
        Some(digits) => (digits, 16),
        None if digits.len() > 1 && digits.starts_with('0') => (&digits[1..], 8),
        None => (digits, 10),
    };
    if digits.is_empty() || !digits.chars().all(|digit| digit.is_digit(radix)) {
        return None;
    }
    let value = i64::from_str_radix(digits, radix).unwrap_or(i64::MAX);
    Some(if negative { -value } else { value })
}

fn list(arguments: &[u8]) -> Result<Sequence, Malformed> {
    let (names, mut rest) = group(arguments).ok_or(Malformed::Specification)?;
    let mut rows = Vec::new();
    while let Some(behind) = rest.strip_prefix(b",") {
        let (row, behind) = group(behind).ok_or(Malformed::Specification)?;
        if row.len() > names.len() {
            return Err(Malformed::TooManyValues);
        }
        rows.push(row);
        rest = behind;
    }
    if rows.is_empty() || !rest.is_empty() {
        return Err(Malformed::Specification);
    }
    Ok(Sequence::List {
        names,
        rows,
        next: 0,
    })
}

/// A value or a `{…}` of values, with white space around, and what follows: a comma or nothing.
fn group(text: &[u8]) -> Option<(Vec<Vec<u8>>, &[u8])> {
    let text = trim_start(text);
    let Some(inner) = text.strip_prefix(b"{") else {
        let end = text
            .iter()
            .position(|byte| *byte == b',')
            .unwrap_or(text.len());
        return Some((vec![value(&text[..end])?], &text[end..]));
    };
    let close = inner.iter().position(|byte| *byte == b'}')?;
    let values = inner[..close]
        .split(|byte| *byte == b',')
        .map(value)
        .collect::<Option<_>>()?;
    Some((values, trim_start(&inner[close + 1..])))
}

/// A value has neither white space nor braces within; it may be empty.
fn value(text: &[u8]) -> Option<Vec<u8>> {
    let text = trim(text);
    let plain = !text
        .iter()
        .any(|byte| is_space(*byte) || matches!(byte, b'{' | b'}'));
    plain.then(|| text.to_vec())
}

fn trim_start(text: &[u8]) -> &[u8] {
    &text[text.iter().take_while(|byte| is_space(**byte)).count()..]
}

fn trim(text: &[u8]) -> &[u8] {
    let text = trim_start(text);
    &text[..text
        .iter()
        .rposition(|byte| !is_space(*byte))
        .map_or(0, |last| last + 1)]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The values of the first names, at most ten.
    fn values(line: &str) -> Result<String, Malformed> {
        let header = header(line.as_bytes())?;
        let mut sequence = sequence(header.kind, header.arguments)?;
        let rounds = std::iter::from_fn(|| sequence.advance())
            .take(10)
            .map(|round| {
                let values = round
                    .into_iter()
                    .map(|(_, value)| String::from_utf8_lossy(&value).into_owned());
                values.collect::<Vec<_>>().join("/")
            });
        Ok(rounds.collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn start_and_step_of_numbers_have_defaults() {
        assert_eq!(values("~SEQ(n,1,3)"), Ok("1 2 3".into()));
        assert_eq!(values("~SEQ( n , 3 )"), Ok("1 2 3".into()));
        assert_eq!(values("~SEQ(n,3,1)"), Ok("3 2 1".into()));
        assert_eq!(values("~SEQ(n,-2)"), Ok("-1 -2".into()));
        assert_eq!(values("~SEQ(n,0)"), Ok("1 0".into()));
        assert_eq!(values("~SEQ(n,)"), Ok("1 0".into()));
        assert_eq!(values("~SEQ(n,1,2,6)"), Ok("1 3 5".into()));
        assert_eq!(values("~SEQ (n,0x10,0x12)"), Ok("16 17 18".into()));
        assert_eq!(values("~SEQ(n,010,012)"), Ok("8 9 10".into()));
        assert_eq!(values("~SEQx(n,8,11)"), Ok("8 9 a b".into()));
        assert_eq!(values("~SEQ(n,1,1)"), Ok("1".into()));
    }

    #[test]
    fn numbers_at_the_end_of_their_range_end() {
        assert_eq!(
            values("~SEQ(n,9223372036854775806,9223372036854775807)"),
            Ok("9223372036854775806 9223372036854775807".into())
        );
    }

    #[test]
    fn what_numbers_cannot_be_is_told_apart() {
        assert_eq!(values("~SEQ(n)"), Err(Malformed::Definition));
        assert_eq!(values("~SEQ(n,a)"), Err(Malformed::Definition));
        assert_eq!(values("~SEQ(n,08,9)"), Err(Malformed::Definition));
        assert_eq!(values("~SEQ(n,1,2,3,4)"), Err(Malformed::Definition));
        assert_eq!(values("~SEQ(n,1,0,3)"), Err(Malformed::Values));
        assert_eq!(values("~SEQ(n,1,-1,3)"), Err(Malformed::Values));
        assert_eq!(values("~SEQx(n,-3,-1)"), Err(Malformed::Negative));
        assert_eq!(values("~SEQ(n,1,2"), Err(Malformed::TooLong));
        assert_eq!(values("~SEQX(n,1,2)"), Err(Malformed::Specification));
        assert_eq!(values("~SEQ"), Err(Malformed::Specification));
    }

    #[test]
    fn a_list_has_one_value_or_a_row_of_values_a_round() {
        assert_eq!(values("~LST(n, 1 , b)"), Ok("1 b".into()));
        assert_eq!(values("~LST({n, m}, {1,2} , {3,4})"), Ok("1/2 3/4".into()));
        assert_eq!(values("~LST({n,m},{1},5)"), Ok("1/ 5/".into()));
        assert_eq!(values("~LST(n,a,)"), Ok("a ".into()));
    }

    #[test]
    fn what_a_list_cannot_be_is_told_apart() {
        assert_eq!(values("~LST(n)"), Err(Malformed::Specification));
        assert_eq!(values("~LST()"), Err(Malformed::Specification));
        assert_eq!(values("~LST(n,a b)"), Err(Malformed::Specification));
        assert_eq!(values("~LST(n,${Z})"), Err(Malformed::Specification));
        assert_eq!(
            values("~LST({n,m},{1,2}{3,4})"),
            Err(Malformed::Specification)
        );
        assert_eq!(values("~LST(n,{1,2})"), Err(Malformed::TooManyValues));
        assert_eq!(values("~LST(n,a"), Err(Malformed::Specification));
    }
}
