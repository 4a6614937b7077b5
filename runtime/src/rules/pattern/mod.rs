//! Patterns: what values are matched against, in sets that stay fast with many thousands of entries (manual 7.1).
//!
//! ```text
//! numbers, lengths     sorted ranges                      one binary search
//! addresses            one hash set per prefix length     as many look-ups as there are lengths
//! whole text, methods  a hash set                         one look-up
//! beginnings, ends     one hash set per length            as many look-ups as there are lengths
//! parts between / . :  one hash set per length            the same at each delimiter
//! parts anywhere       an Aho-Corasick automaton          one pass
//! regular expressions  one after the other
//! ```

mod ip;
mod range;
mod text;

use locum_model::Text;

use crate::sample::{
    regex::{Regex, RegexError},
    value::{Arena, Type, Value},
};
use ip::Networks;
use range::Ranges;
use text::{Affixes, Delimited, Folded, Substrings};

/// How values are matched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// There is a value.
    Found,
    /// It isn't zero; no patterns.
    Bool,
    /// Number ranges.
    Int,
    /// Addresses and networks.
    Ip,
    /// Equal bytes; patterns are hexadecimal.
    Bin,
    /// Ranges of the text's length.
    Len,
    /// Equal text.
    Str,
    /// Text begins so.
    Beginning,
    /// Text has that in it.
    Substring,
    /// A part between slashes.
    Directory,
    /// A part between dots, slashes and colons.
    Domain,
    /// Text ends so.
    End,
    /// A regular expression.
    Regex,
    /// An HTTP method.
    HttpMethod,
}

/// A match method's row: the word that `-m` takes.
pub struct MatcherDef {
    /// The word.
    pub name: &'static str,
    /// What it does.
    pub method: Method,
}

impl Method {
    /// The type that values are cast to before they are matched.
    fn input(self) -> Type {
        match self {
            Method::Found => Type::Any,
            Method::Bool => Type::Bool,
            Method::Int => Type::Int,
            Method::Ip => Type::Ip,
            Method::Bin => Type::Bin,
            Method::HttpMethod => Type::Method,
            _ => Type::Str,
        }
    }
}

/// A compiled set of patterns under one method.
#[derive(Debug)]
pub struct Patterns {
    method: Method,
    ignore_case: bool,
    set: Set,
}

#[derive(Debug)]
enum Set {
    None,
    Ranges(Ranges),
    Networks(Networks),
    Exact(Folded),
    Beginnings(Affixes),
    Ends(Affixes),
    Substrings(Substrings),
    Delimited(Delimited),
    Regexes(Box<[Regex]>),
}

/// A pattern that its method doesn't take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PatternError {
    /// Not of the method's form.
    Malformed(Text),
    /// Not a regular expression.
    Regex(Text, RegexError),
    /// Too many or too large for one automaton.
    TooLarge,
}

impl Patterns {
    /// Compiles patterns. Numbers and lengths come as `low:high`, either of which may be missing; addresses with an
    /// optional `/prefix` or `/mask`; bytes in hexadecimal.
    ///
    /// # Errors
    /// The first one that its method doesn't take.
    pub fn new<'p>(
        method: Method,
        ignore_case: bool,
        patterns: impl Iterator<Item = &'p [u8]>,
    ) -> Result<Self, PatternError> {
        let malformed = |text: &[u8]| PatternError::Malformed(Text::from(text));
        let set = match method {
            Method::Found | Method::Bool => Set::None,
            Method::Int | Method::Len => {
                let ranges: Result<Vec<_>, _> = patterns
                    .map(|text| range::parse(text).ok_or_else(|| malformed(text)))
                    .collect();
                Set::Ranges(Ranges::new(ranges?))
            }
            Method::Ip => {
                let networks: Result<Vec<_>, _> = patterns
                    .map(|text| ip::parse(text).ok_or_else(|| malformed(text)))
                    .collect();
                Set::Networks(Networks::new(&networks?))
            }
            Method::Bin => {
                let bytes: Result<Vec<_>, _> = patterns
                    .map(|text| hex(text).ok_or_else(|| malformed(text)))
                    .collect();
                Set::Exact(Folded::new(bytes?.iter().map(Vec::as_slice), false))
            }
            Method::Str => Set::Exact(Folded::new(patterns, ignore_case)),
            // Methods count with their case, whatever the flags say (observed).
            Method::HttpMethod => Set::Exact(Folded::new(patterns, false)),
            Method::Beginning => Set::Beginnings(Affixes::new(patterns, ignore_case)),
            Method::End => Set::Ends(Affixes::new(patterns, ignore_case)),
            Method::Substring => Set::Substrings(
                Substrings::new(patterns, ignore_case).ok_or(PatternError::TooLarge)?,
            ),
            Method::Directory => Set::Delimited(Delimited::new(patterns, ignore_case, b"/?")),
            Method::Domain => Set::Delimited(Delimited::new(patterns, ignore_case, b"/?.:")),
            Method::Regex => {
                let regexes: Result<Vec<_>, _> = patterns
                    .map(|text| {
                        Regex::new(text, ignore_case)
                            .map_err(|error| PatternError::Regex(Text::from(text), error))
                    })
                    .collect();
                Set::Regexes(regexes?.into())
            }
        };
        Ok(Self {
            method,
            ignore_case: ignore_case && method != Method::HttpMethod,
            set,
        })
    }

    /// Whether a value matches any of them.
    pub fn matches<'a>(&self, value: Value<'a>, arena: &'a Arena) -> bool {
        let Some(value) = value.cast(self.method.input(), arena) else {
            return false;
        };
        match (&self.set, value) {
            (Set::None, Value::Bool(truth)) if self.method == Method::Bool => truth,
            (Set::None, _) => self.method == Method::Found,
            (Set::Ranges(ranges), Value::Int(number)) => ranges.contains(number),
            (Set::Networks(networks), Value::Ip(ip)) => networks.contains(ip),
            (set, Value::Str(text) | Value::Bin(text) | Value::Method(text)) => {
                self.matches_text(set, text, arena)
            }
            _ => false,
        }
    }

    fn matches_text(&self, set: &Set, text: &[u8], arena: &Arena) -> bool {
        let folded = |text: &[u8]| -> bool {
            match set {
                Set::Exact(set) => set.contains(text),
                Set::Beginnings(set) => set.begins(text),
                Set::Ends(set) => set.ends(text),
                Set::Delimited(set) => set.is_part_of(text),
                _ => false,
            }
        };
        match set {
            Set::Ranges(ranges) => {
                i64::try_from(text.len()).is_ok_and(|length| ranges.contains(length))
            }
            Set::Substrings(set) => set.is_in(text),
            Set::Regexes(regexes) => regexes.iter().any(|regex| regex.is_match(text)),
            _ if self.ignore_case && text.iter().any(u8::is_ascii_uppercase) => {
                let lower = arena.alloc_slice_copy(text);
                lower.make_ascii_lowercase();
                folded(lower)
            }
            _ => folded(text),
        }
    }
}

/// Whether a pattern of [`Method::Ip`] can be read.
pub fn is_network(text: &[u8]) -> bool {
    ip::parse(text).is_some()
}

fn hex(text: &[u8]) -> Option<Vec<u8>> {
    let digits = std::str::from_utf8(text).ok()?;
    if !digits.len().is_multiple_of(2) || !digits.is_ascii() {
        return None;
    }
    (0..digits.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(method: Method, ignore_case: bool, patterns: &[&str], value: Value<'_>) -> bool {
        let arena = Arena::new();
        // The arena's borrow must not outlive the value's, so that both are shortened here.
        fn run<'a>(patterns: &Patterns, value: Value<'a>, arena: &'a Arena) -> bool {
            patterns.matches(value, arena)
        }
        let set =
            Patterns::new(method, ignore_case, patterns.iter().map(|p| p.as_bytes())).unwrap();
        run(&set, value, &arena)
    }

    fn text(method: Method, pattern: &str, value: &str) -> bool {
        matches(method, false, &[pattern], Value::Str(value.as_bytes()))
    }

    #[test]
    fn text_is_matched_whole_or_in_parts() {
        assert!(text(Method::Str, "abc", "abc") && !text(Method::Str, "abc", "ABC"));
        assert!(text(Method::Beginning, "/a", "/abc") && !text(Method::Beginning, "/a", "/"));
        assert!(text(Method::End, ".gif", "/x.gif") && !text(Method::End, ".gif", "gif"));
        assert!(text(Method::Substring, "b", "abc") && !text(Method::Substring, "x", "abc"));
        assert!(text(Method::Regex, "^/[a-z]+$", "/abc"));
        assert!(text(Method::Len, "3:", "abc") && !text(Method::Len, ":2", "abc"));
    }

    #[test]
    fn case_is_ignored_where_asked() {
        for method in [
            Method::Str,
            Method::Beginning,
            Method::End,
            Method::Substring,
            Method::Regex,
            Method::Domain,
        ] {
            assert!(
                matches(method, true, &["aBc"], Value::Str(b"AbC")),
                "{method:?}"
            );
            assert!(
                !matches(method, false, &["aBc"], Value::Str(b"AbC")),
                "{method:?}"
            );
        }
    }

    #[test]
    fn numbers_and_truths_convert() {
        assert!(matches(
            Method::Int,
            false,
            &["5:", ":-3"],
            Value::Str(b"7")
        ));
        assert!(!matches(Method::Int, false, &["5:"], Value::Str(b"x")));
        assert!(matches(Method::Bool, false, &[], Value::Int(2)));
        assert!(matches(
            Method::Bin,
            false,
            &["0a0B"],
            Value::Bin(b"\x0a\x0b")
        ));
        assert!(matches(Method::Found, false, &[], Value::Str(b"")));
    }

    #[test]
    fn a_hundred_thousand_patterns_are_one_look_up() {
        let many: Vec<String> = (0..100_000)
            .map(|n| format!("host{n}.example.org"))
            .collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert!(matches(
            Method::Str,
            false,
            &many,
            Value::Str(b"host99999.example.org")
        ));
        assert!(!matches(
            Method::Str,
            false,
            &many,
            Value::Str(b"host100000.example.org")
        ));
    }
}
