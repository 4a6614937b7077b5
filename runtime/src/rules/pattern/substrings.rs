//! Parts anywhere in a text: one pass of an automaton over all patterns.

use aho_corasick::AhoCorasick;

use super::{Found, PatternError, entry::Entries, first};

/// An automaton over all patterns.
#[derive(Debug)]
pub(super) struct Substrings(AhoCorasick);

impl Substrings {
    pub(super) fn new(entries: &Entries, ignore_case: bool) -> Result<Self, PatternError> {
        AhoCorasick::builder()
            .ascii_case_insensitive(ignore_case)
            .build(entries.keys())
            .map(Self)
            .map_err(|_| PatternError::TooLarge)
    }

    /// The first pattern that is in the text.
    #[inline(never)]
    pub(super) fn find(&self, text: &[u8], accepts: &impl Fn(u32) -> bool) -> Option<Found> {
        let hits = self.0.find_overlapping_iter(text);
        first(
            hits.map(|hit| hit.pattern().as_u32())
                .filter(|at| accepts(*at)),
        )
    }
}
