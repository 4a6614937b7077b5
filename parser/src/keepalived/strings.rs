//! Strings with both quotes and escapes, as scripts are written (manual, "Quoted strings").

use super::text::is_space;
use std::fmt;

/// Why a line can't be cut into strings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StringError {
    /// The quote that has no partner.
    MissingTerminator(char),
    /// A backslash ends the line.
    MissingEscape,
}

/// As the reference words it behind the string that it names.
impl fmt::Display for StringError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MissingTerminator(quote) => write!(f, "missing terminating {quote}"),
            Self::MissingEscape => f.write_str("Missing escape char at end"),
        }
    }
}

/// Cuts a text at white space. Quotes of either kind may stand within a word; they go, and what they hold stays
/// together. Escapes count everywhere: `\a \b \E \f \n \r \t \v`, `\nnn` (octal), `\xXX…`, `\cC`; any other
/// escaped character stands for itself.
pub fn strings(text: &[u8]) -> Result<Vec<Vec<u8>>, StringError> {
    let mut strings = Vec::new();
    let mut word: Option<Vec<u8>> = None;
    let mut quote = None;
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        at += 1;
        match byte {
            b'\\' => {
                let (escaped, length) = escape(&text[at..]).ok_or(StringError::MissingEscape)?;
                word.get_or_insert_default().push(escaped);
                at += length;
            }
            b'"' | b'\'' if quote == Some(byte) => quote = None,
            b'"' | b'\'' if quote.is_none() => {
                quote = Some(byte);
                word.get_or_insert_default();
            }
            _ if quote.is_none() && is_space(byte) => strings.extend(word.take()),
            _ => word.get_or_insert_default().push(byte),
        }
    }
    if let Some(quote) = quote {
        return Err(StringError::MissingTerminator(char::from(quote)));
    }
    strings.extend(word);
    Ok(strings)
}

/// What stands behind a backslash: the byte it means, and its length. None at the end of the text.
fn escape(text: &[u8]) -> Option<(u8, usize)> {
    let first = *text.first()?;
    Some(match first {
        b'a' => (0x07, 1),
        b'b' => (0x08, 1),
        b'E' => (0x1b, 1),
        b'f' => (0x0c, 1),
        b'n' => (b'\n', 1),
        b'r' => (b'\r', 1),
        b't' => (b'\t', 1),
        b'v' => (0x0b, 1),
        b'0'..=b'7' => number(text, 8, 3),
        b'x' if text.get(1).is_some_and(u8::is_ascii_hexdigit) => {
            let (value, length) = number(&text[1..], 16, usize::MAX);
            (value, length + 1)
        }
        b'c' if text.len() > 1 => (text[1] & 0x1f, 2),
        other => (other, 1),
    })
}

/// A number of up to `most` digits; only its low byte counts.
fn number(text: &[u8], radix: u32, most: usize) -> (u8, usize) {
    let mut value = 0u32;
    let mut length = 0;
    for digit in text
        .iter()
        .take(most)
        .map_while(|byte| char::from(*byte).to_digit(radix))
    {
        value = (value.wrapping_mul(radix)).wrapping_add(digit) & 0xff;
        length += 1;
    }
    (value.to_le_bytes()[0], length)
}
