//! Text patterns: whole, at either end, between delimiters, anywhere.

use std::collections::{BTreeMap, HashSet};

/// Whole texts. Without regard to case, patterns are kept in lower case and the caller lowers what it looks for.
#[derive(Debug)]
pub(super) struct Folded(TextSet);

impl Folded {
    pub(super) fn new<'p>(patterns: impl Iterator<Item = &'p [u8]>, ignore_case: bool) -> Self {
        Self(patterns.map(|text| fold(text, ignore_case)).collect())
    }

    pub(super) fn contains(&self, text: &[u8]) -> bool {
        self.0.contains(text)
    }
}

fn fold(text: &[u8], ignore_case: bool) -> Box<[u8]> {
    if ignore_case {
        text.to_ascii_lowercase().into()
    } else {
        text.into()
    }
}

type TextSet = HashSet<Box<[u8]>>;

/// Texts by length, for comparisons with a piece of a longer text.
#[derive(Debug)]
struct ByLength(Box<[(usize, TextSet)]>);

impl ByLength {
    fn new(texts: impl Iterator<Item = Box<[u8]>>) -> Self {
        let mut lengths: BTreeMap<usize, TextSet> = BTreeMap::new();
        for text in texts {
            lengths.entry(text.len()).or_default().insert(text);
        }
        Self(lengths.into_iter().collect())
    }

    /// Whether any text is the piece of its length that `piece` cuts.
    fn any<'t>(&self, mut piece: impl FnMut(usize) -> Option<&'t [u8]>) -> bool {
        self.0
            .iter()
            .map_while(|(length, set)| Some((piece(*length)?, set)))
            .any(|(piece, set)| set.contains(piece))
    }
}

/// Beginnings or ends.
#[derive(Debug)]
pub(super) struct Affixes(ByLength);

impl Affixes {
    pub(super) fn new<'p>(patterns: impl Iterator<Item = &'p [u8]>, ignore_case: bool) -> Self {
        Self(ByLength::new(patterns.map(|text| fold(text, ignore_case))))
    }

    pub(super) fn begins(&self, text: &[u8]) -> bool {
        self.0.any(|length| text.get(..length))
    }

    pub(super) fn ends(&self, text: &[u8]) -> bool {
        self.0
            .any(|length| text.get(text.len().checked_sub(length)?..))
    }
}

/// Parts between delimiters; a part may hold delimiters itself.
#[derive(Debug)]
pub(super) struct Delimited {
    parts: ByLength,
    delimiters: &'static [u8],
}

impl Delimited {
    pub(super) fn new<'p>(
        patterns: impl Iterator<Item = &'p [u8]>,
        ignore_case: bool,
        delimiters: &'static [u8],
    ) -> Self {
        // Delimiters around a pattern say nothing: the part has some anyway.
        let parts = patterns.map(|text| {
            let is_delimiter = |byte: &u8| delimiters.contains(byte);
            let start = text.iter().take_while(|byte| is_delimiter(byte)).count();
            let text = &text[start..];
            let end = text
                .iter()
                .rev()
                .take_while(|byte| is_delimiter(byte))
                .count();
            fold(&text[..text.len() - end], ignore_case)
        });
        Self {
            parts: ByLength::new(parts),
            delimiters,
        }
    }

    pub(super) fn is_part_of(&self, text: &[u8]) -> bool {
        let is_delimiter = |at: usize| {
            text.get(at)
                .is_none_or(|byte| self.delimiters.contains(byte))
        };
        let starts = (0..=text.len()).filter(|&at| at == 0 || is_delimiter(at - 1));
        for start in starts {
            let rest = &text[start..];
            let found = self
                .parts
                .0
                .iter()
                .take_while(|(length, _)| *length <= rest.len())
                .any(|(length, set)| {
                    is_delimiter(start + length) && set.contains(&rest[..*length])
                });
            if found {
                return true;
            }
        }
        false
    }
}

/// Parts anywhere.
#[derive(Debug)]
pub(super) struct Substrings(aho_corasick::AhoCorasick);

impl Substrings {
    /// `None` when the automaton would be too large.
    pub(super) fn new<'p>(
        patterns: impl Iterator<Item = &'p [u8]>,
        ignore_case: bool,
    ) -> Option<Self> {
        aho_corasick::AhoCorasick::builder()
            .ascii_case_insensitive(ignore_case)
            .build(patterns)
            .ok()
            .map(Self)
    }

    pub(super) fn is_in(&self, text: &[u8]) -> bool {
        self.0.is_match(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delimited(pattern: &str, delimiters: &'static [u8], text: &str) -> bool {
        Delimited::new([pattern.as_bytes()].into_iter(), false, delimiters)
            .is_part_of(text.as_bytes())
    }

    #[test]
    fn a_directory_is_a_part_between_slashes() {
        assert!(delimited("img", b"/?", "/a/img/x") && delimited("/img/", b"/?", "/img"));
        assert!(!delimited("img", b"/?", "/images") && !delimited("img", b"/?", "/a-img/"));
        assert!(delimited("a/b", b"/?", "/x/a/b?q"));
    }

    #[test]
    fn a_domain_is_a_part_between_dots() {
        assert!(delimited("example.com", b"/?.:", "www.example.com:80"));
        assert!(!delimited("example.com", b"/?.:", "www.myexample.com"));
    }

    #[test]
    fn an_affix_may_be_as_long_as_the_text() {
        let set = Affixes::new([&b"ab"[..], b"abc"].into_iter(), false);
        assert!(set.begins(b"abc") && set.ends(b"ab") && !set.begins(b"a"));
    }
}
