//! Regular expressions in PCRE syntax: the linear-time engine where it can, PCRE2 for the rest.

use regex_syntax::hir::{HirKind, Look};

/// A compiled regular expression over bytes.
pub struct Regex {
    pattern: Box<[u8]>,
    engine: Engine,
    /// What every text that matches begins with: comparing that first spares most runs of an anchored expression.
    prefix: Box<[u8]>,
}

enum Engine {
    /// No look-around, no back-references: linear time.
    Linear(regex::bytes::Regex),
    /// Everything else of PCRE.
    Pcre(pcre2::bytes::Regex),
}

/// Byte ranges of the whole match and its groups.
pub type Groups = smallvec::SmallVec<[Option<std::ops::Range<usize>>; 10]>;

impl Regex {
    /// Compiles a pattern.
    ///
    /// # Errors
    /// PCRE2's message, and the offset in the pattern, when neither engine takes it.
    pub fn new(pattern: &[u8], ignore_case: bool) -> Result<Self, RegexError> {
        let text = std::str::from_utf8(pattern).ok();
        let linear = text.and_then(|text| {
            regex::bytes::RegexBuilder::new(text)
                .case_insensitive(ignore_case)
                .unicode(false)
                .build()
                .ok()
        });
        let engine = match linear {
            Some(regex) => Engine::Linear(regex),
            None => Engine::Pcre(
                pcre2::bytes::RegexBuilder::new()
                    .caseless(ignore_case)
                    .jit_if_available(true)
                    .build(&String::from_utf8_lossy(pattern))
                    .map_err(|error| RegexError {
                        message: error.to_string(),
                        offset: error.offset().unwrap_or(0),
                    })?,
            ),
        };
        Ok(Self {
            pattern: pattern.into(),
            engine,
            prefix: text
                .and_then(|text| prefix(text, ignore_case))
                .unwrap_or_default(),
        })
    }

    /// The pattern as written.
    pub fn pattern(&self) -> &[u8] {
        &self.pattern
    }

    /// Whether it matches anywhere.
    pub fn is_match(&self, text: &[u8]) -> bool {
        if !text.starts_with(&self.prefix) {
            return false;
        }
        match &self.engine {
            Engine::Linear(regex) => regex.is_match(text),
            Engine::Pcre(regex) => regex.is_match(text).unwrap_or(false),
        }
    }

    /// The first match at or after `start`, with groups.
    pub fn groups(&self, text: &[u8], start: usize) -> Option<Groups> {
        match &self.engine {
            Engine::Linear(regex) => {
                let mut locations = regex.capture_locations();
                regex.captures_read_at(&mut locations, text, start)?;
                Some(
                    (0..locations.len())
                        .map(|i| locations.get(i).map(|(a, b)| a..b))
                        .collect(),
                )
            }
            Engine::Pcre(regex) => {
                let mut locations = regex.capture_locations();
                regex.captures_read_at(&mut locations, text, start).ok()??;
                Some(
                    (0..locations.len())
                        .map(|i| locations.get(i).map(|(a, b)| a..b))
                        .collect(),
                )
            }
        }
    }
}

/// The text behind the `^` that an expression begins with. One that only PCRE reads has none.
fn prefix(pattern: &str, ignore_case: bool) -> Option<Box<[u8]>> {
    let hir = regex_syntax::ParserBuilder::new()
        .case_insensitive(ignore_case)
        .unicode(false)
        .utf8(false)
        .build()
        .parse(pattern)
        .ok()?;
    let HirKind::Concat(parts) = hir.kind() else {
        return None;
    };
    match [parts.first()?.kind(), parts.get(1)?.kind()] {
        [HirKind::Look(Look::Start), HirKind::Literal(text)] => Some(text.0.clone()),
        _ => None,
    }
}

/// Writes a substitution: `\0` to `\9` stand for the match and its groups, `\xHH` for a byte, a backslash before
/// anything else for that.
pub fn expand(substitution: &[u8], text: &[u8], groups: &Groups, out: &mut Vec<u8>) {
    let mut rest = substitution;
    while let [byte, tail @ ..] = rest {
        rest = tail;
        if *byte != b'\\' {
            out.push(*byte);
            continue;
        }
        match *rest {
            [digit @ b'0'..=b'9', ref tail @ ..] => {
                if let Some(Some(range)) = groups.get(usize::from(digit - b'0')) {
                    out.extend_from_slice(&text[range.clone()]);
                }
                rest = tail;
            }
            [b'x', high, low, ref tail @ ..] if let Some(byte) = hex_byte(high, low) => {
                out.push(byte);
                rest = tail;
            }
            [other, ref tail @ ..] => {
                out.push(other);
                rest = tail;
            }
            [] => out.push(b'\\'),
        }
    }
}

fn hex_byte(high: u8, low: u8) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(high)? << 4 | digit(low)?).ok()
}

impl std::fmt::Debug for Regex {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "/{}/", String::from_utf8_lossy(&self.pattern))
    }
}

/// Why a pattern was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegexError {
    /// PCRE2's message.
    pub message: String,
    /// Where in the pattern.
    pub offset: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn look_around_goes_to_pcre() {
        let regex = Regex::new(b"^a(?=b)", false).unwrap();
        assert!(regex.is_match(b"ab"));
        assert!(!regex.is_match(b"ac"));
    }

    #[test]
    fn what_an_anchored_expression_begins_with_is_compared_first() {
        let prefix = |pattern| prefix(pattern, false).unwrap_or_default();
        assert_eq!(*prefix("^/v5/[a-z]+$"), *b"/v5/");
        assert_eq!(*prefix("^ab*c"), *b"a");
        for none in [
            "/v5", "^a|b", "^(a|b)c", "(?m)^a", "^[ab]c", "^a?b", "(?i)^a",
        ] {
            assert_eq!(*prefix(none), *b"", "{none}");
        }
        assert!(super::prefix("^abc", true).is_none());
        let digits = Regex::new(b"^12", true).unwrap();
        assert!(digits.is_match(b"123") && !digits.is_match(b"012"));
    }

    #[test]
    fn groups_are_ranges() {
        let regex = Regex::new(b"(\\d+)-(x)?", false).unwrap();
        let groups = regex.groups(b"ab 12-", 0).unwrap();
        assert_eq!(groups[0], Some(3..6));
        assert_eq!(groups[1], Some(3..5));
        assert_eq!(groups[2], None);
    }
}
