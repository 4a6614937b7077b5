//! `~SEQ(…)`, `~SEQx(…)` and `~LST(…)`: the rest of the line once for each value (manual, "Sequence blocks").

/// What a line is repeated with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Sequence {
    /// Numbers from `next` by `step` up to and including `end`.
    Numbers {
        name: Vec<u8>,
        next: i64,
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
    /// The values of the next round, or None behind the last.
    pub(super) fn advance(&mut self) -> Option<Vec<(Vec<u8>, Vec<u8>)>> {
        match self {
            Self::Numbers {
                name,
                next,
                step,
                end,
                hexadecimal,
            } => {
                let value = *next;
                if (*step > 0 && value > *end) || (*step < 0 && value < *end) || *step == 0 {
                    return None;
                }
                *next = value.checked_add(*step)?;
                let text = match (*hexadecimal, value < 0) {
                    (false, _) => value.to_string(),
                    (true, false) => format!("{value:x}"),
                    (true, true) => format!("-{:x}", value.unsigned_abs()),
                };
                Some(vec![(name.clone(), text.into_bytes())])
            }
            Self::List { names, rows, next } => {
                let row = rows.get(*next)?;
                *next += 1;
                Some(names.iter().cloned().zip(row.iter().cloned()).collect())
            }
        }
    }
}

/// Why a sequence can't be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed;

/// The sequence that a line begins with and its length; None if the line begins otherwise.
pub(super) fn sequence(line: &[u8]) -> Option<Result<(Sequence, usize), Malformed>> {
    let (kind, behind) = [&b"~SEQ("[..], b"~SEQx(", b"~LST("]
        .into_iter()
        .enumerate()
        .find_map(|(kind, tag)| Some((kind, line.strip_prefix(tag)?)))?;
    let Some(close) = behind.iter().position(|byte| *byte == b')') else {
        return Some(Err(Malformed));
    };
    let inner = &behind[..close];
    let length = line.len() - behind.len() + close + 1;
    let sequence = match kind {
        2 => list(inner),
        _ => numbers(inner, kind == 1),
    };
    Some(sequence.map(|sequence| (sequence, length)))
}

fn numbers(inner: &[u8], hexadecimal: bool) -> Result<Sequence, Malformed> {
    let parts: Vec<&[u8]> = inner
        .split(|byte| *byte == b',')
        .map(<[u8]>::trim_ascii)
        .collect();
    let (name, numbers) = parts.split_first().ok_or(Malformed)?;
    let numbers = numbers
        .iter()
        .map(|part| number(part))
        .collect::<Result<Vec<i64>, _>>()?;
    let (start, step, end) = match *numbers.as_slice() {
        [end] => (if end >= 0 { 1 } else { -1 }, None, end),
        [start, end] => (start, None, end),
        [start, step, end] => (start, Some(step), end),
        _ => return Err(Malformed),
    };
    Ok(Sequence::Numbers {
        name: name.to_vec(),
        next: start,
        step: step.unwrap_or(if end >= start { 1 } else { -1 }),
        end,
        hexadecimal,
    })
}

/// A number as strtol(3) with base 0 reads it: decimal, `0x…`, or octal behind a leading zero.
fn number(text: &[u8]) -> Result<i64, Malformed> {
    let text = std::str::from_utf8(text).map_err(|_| Malformed)?;
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (digits, radix) = match digits
        .strip_prefix("0x")
        .or_else(|| digits.strip_prefix("0X"))
    {
        Some(digits) => (digits, 16),
        None if digits.len() > 1 && digits.starts_with('0') => (digits, 8),
        None => (digits, 10),
    };
    let value = i64::from_str_radix(digits, radix).map_err(|_| Malformed)?;
    if value < 0 {
        return Err(Malformed);
    }
    Ok(if negative { -value } else { value })
}

fn list(inner: &[u8]) -> Result<Sequence, Malformed> {
    let mut parts = groups(inner)?.into_iter();
    let names = parts.next().ok_or(Malformed)?;
    let rows: Vec<Vec<Vec<u8>>> = parts.collect();
    if rows.is_empty() || rows.iter().any(|row| row.len() != names.len()) {
        return Err(Malformed);
    }
    Ok(Sequence::List {
        names,
        rows,
        next: 0,
    })
}

/// Cuts `a, {b, c}` at its outer commas; each part is a group of one value or of those in its braces.
fn groups(inner: &[u8]) -> Result<Vec<Vec<Vec<u8>>>, Malformed> {
    let mut groups = Vec::new();
    let mut rest = inner.trim_ascii_start();
    loop {
        let (group, behind) = match rest.strip_prefix(b"{") {
            Some(braced) => {
                let close = braced
                    .iter()
                    .position(|byte| *byte == b'}')
                    .ok_or(Malformed)?;
                (&braced[..close], braced[close + 1..].trim_ascii_start())
            }
            None => rest.split_at(
                rest.iter()
                    .position(|byte| *byte == b',')
                    .unwrap_or(rest.len()),
            ),
        };
        groups.push(
            group
                .split(|byte| *byte == b',')
                .map(|value| value.trim_ascii().to_vec())
                .collect(),
        );
        match behind.split_first() {
            None => return Ok(groups),
            Some((b',', behind)) => rest = behind.trim_ascii_start(),
            Some(_) => return Err(Malformed),
        }
    }
}
