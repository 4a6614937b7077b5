//! Texts by their bytes: whole ones, beginnings, ends, parts between delimiters. One hash table; what is searched in a
//! longer text costs as many look-ups as there are lengths of patterns. A few patterns are compared one by one instead.

use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use smallvec::SmallVec;

use super::{Found, entry::Entries, few::Few, first};

/// Delimiters of `dir`.
pub(super) const OF_DIRECTORIES: &[u8] = b"/?";
/// Delimiters of `dom`.
pub(super) const OF_DOMAINS: &[u8] = b"/?.:";

/// Patterns by their bytes.
#[derive(Debug)]
pub(super) enum Keyed {
    /// Whole texts, beginnings or ends.
    Few(Few),
    /// The same, or parts.
    Many(Box<Many>),
}

/// A hash table of patterns.
#[derive(Debug)]
pub(super) struct Many {
    /// The first pattern of each text.
    table: HashTable<u32>,
    /// The next pattern of the same text, for each; empty where no text comes twice.
    next: Box<[u32]>,
    /// Lengths of patterns, from the shortest on.
    lengths: Box<[usize]>,
    ignore_case: bool,
    keys: Keys,
    hasher: RandomState,
}

/// What of a pattern counts.
#[derive(Debug)]
enum Keys {
    /// All of it.
    Whole,
    /// All but delimiters around it: a part has some anyway.
    Trimmed(&'static [u8]),
    /// The bytes that its hexadecimal digits say.
    Decoded(Box<[Box<[u8]>]>),
}

const NONE: u32 = u32::MAX;

impl Keyed {
    /// Whole texts, beginnings or ends.
    pub(super) fn new(entries: &Entries, ignore_case: bool) -> Self {
        Self::with(entries, ignore_case, Keys::Whole)
    }

    /// Parts between delimiters.
    pub(super) fn parts(entries: &Entries, ignore_case: bool, delimiters: &'static [u8]) -> Self {
        Self::with(entries, ignore_case, Keys::Trimmed(delimiters))
    }

    /// Bytes written in hexadecimal.
    pub(super) fn decoded(entries: &Entries, bytes: Box<[Box<[u8]>]>) -> Self {
        Self::with(entries, false, Keys::Decoded(bytes))
    }

    fn with(entries: &Entries, ignore_case: bool, keys: Keys) -> Self {
        let places = 0..u32::try_from(entries.len()).unwrap_or(NONE);
        let few = match keys {
            Keys::Trimmed(_) => None,
            _ => Few::new(places.map(|at| key_of(&keys, entries, at)), ignore_case),
        };
        match few {
            Some(few) => Self::Few(few),
            None => Self::Many(Box::new(Many::new(entries, ignore_case, keys))),
        }
    }

    /// The first pattern that is the whole text.
    #[inline(never)]
    pub(super) fn whole(
        &self,
        entries: &Entries,
        text: &[u8],
        accepts: &impl Fn(u32) -> bool,
    ) -> Option<Found> {
        match self {
            Self::Few(few) => {
                let whole = |length| (text.len() == length).then_some(text);
                few.that_are(accepts, whole).next().map(few_listed)
            }
            Self::Many(many) => many.whole(entries, text, accepts),
        }
    }

    /// A pattern that the text begins with: the longest one, or the first one where case doesn't count (observed: only
    /// the former are kept in a tree).
    #[inline(never)]
    pub(super) fn beginning(
        &self,
        entries: &Entries,
        text: &[u8],
        accepts: &impl Fn(u32) -> bool,
    ) -> Option<Found> {
        match self {
            Self::Few(few) => {
                let mut all = few.that_are(accepts, |length| text.get(..length));
                let best = if few.ignore_case {
                    all.next()
                } else {
                    // Of equal texts the first one.
                    all.min_by_key(|(_, length)| std::cmp::Reverse(*length))
                };
                best.map(|(at, length)| found_beginning(few.ignore_case, at, length))
            }
            Self::Many(many) => many.beginning(entries, text, accepts),
        }
    }

    /// The first pattern that the text ends with.
    #[inline(never)]
    pub(super) fn end(
        &self,
        entries: &Entries,
        text: &[u8],
        accepts: &impl Fn(u32) -> bool,
    ) -> Option<Found> {
        match self {
            Self::Few(few) => {
                let end = |length| text.get(text.len().checked_sub(length)?..);
                few.that_are(accepts, end).next().map(few_listed)
            }
            Self::Many(many) => many.end(entries, text, accepts),
        }
    }

    /// The first pattern that is a part of the text between delimiters, and may hold delimiters itself.
    pub(super) fn part(
        &self,
        entries: &Entries,
        text: &[u8],
        accepts: &impl Fn(u32) -> bool,
    ) -> Option<Found> {
        match self {
            Self::Few(_) => None,
            Self::Many(many) => many.part(entries, text, accepts),
        }
    }
}

impl Many {
    fn new(entries: &Entries, ignore_case: bool, keys: Keys) -> Self {
        let mut set = Self {
            table: HashTable::with_capacity(entries.len()),
            next: Box::default(),
            lengths: Box::default(),
            ignore_case,
            keys,
            hasher: RandomState::default(),
        };
        let mut lengths = Vec::new();
        let mut repeated = Vec::new();
        for at in 0..u32::try_from(entries.len()).unwrap_or(NONE) {
            let key = set.key(entries, at);
            if !lengths.contains(&key.len()) {
                lengths.push(key.len());
            }
            let key: SmallVec<[u8; 64]> = set.fold(key);
            let hash = set.hasher.hash_one(&key[..]);
            if let Some(&known) = set.table.find(hash, |&other| set.is(entries, other, &key)) {
                repeated.push((known, at));
                continue;
            }
            let keys = (&set.keys, set.ignore_case, &set.hasher);
            set.table.insert_unique(hash, at, |&other| {
                let key = key_of(keys.0, entries, other);
                keys.2.hash_one(&folded(key, keys.1)[..])
            });
        }
        lengths.sort_unstable();
        set.lengths = lengths.into();
        set.chain(entries.len(), &repeated);
        set
    }

    /// Ties patterns of the same text together, in order.
    fn chain(&mut self, length: usize, repeated: &[(u32, u32)]) {
        if repeated.is_empty() {
            return;
        }
        let mut next = vec![NONE; length];
        let mut last: hashbrown::HashMap<u32, u32, RandomState> = hashbrown::HashMap::default();
        for &(head, at) in repeated {
            let before = last.insert(head, at).unwrap_or(head);
            next[before as usize] = at;
        }
        self.next = next.into();
    }

    fn key<'e>(&'e self, entries: &'e Entries, at: u32) -> &'e [u8] {
        key_of(&self.keys, entries, at)
    }

    fn fold<const N: usize>(&self, text: &[u8]) -> SmallVec<[u8; N]>
    where
        [u8; N]: smallvec::Array<Item = u8>,
    {
        let mut folded = SmallVec::from_slice(text);
        if self.ignore_case {
            folded.make_ascii_lowercase();
        }
        folded
    }

    fn is(&self, entries: &Entries, at: u32, text: &[u8]) -> bool {
        let key = self.key(entries, at);
        if self.ignore_case {
            key.eq_ignore_ascii_case(text)
        } else {
            key == text
        }
    }

    /// The first accepted pattern that is this text, which is folded already.
    fn first_of(
        &self,
        entries: &Entries,
        text: &[u8],
        accepts: &impl Fn(u32) -> bool,
    ) -> Option<u32> {
        let hash = self.hasher.hash_one(text);
        let mut at = *self
            .table
            .find(hash, |&other| self.is(entries, other, text))?;
        while !accepts(at) {
            at = *self.next.get(at as usize).filter(|next| **next != NONE)?;
        }
        Some(at)
    }

    #[inline(never)]
    fn whole(
        &self,
        entries: &Entries,
        text: &[u8],
        accepts: &impl Fn(u32) -> bool,
    ) -> Option<Found> {
        let found = if self.ignore_case {
            let text: SmallVec<[u8; 256]> = self.fold(text);
            self.first_of(entries, &text, accepts)
        } else {
            self.first_of(entries, text, accepts)
        };
        found.map(Found::listed)
    }

    #[inline(never)]
    fn beginning(
        &self,
        entries: &Entries,
        text: &[u8],
        accepts: &impl Fn(u32) -> bool,
    ) -> Option<Found> {
        let text: SmallVec<[u8; 256]> = self.fold(text);
        let lengths = self.lengths.iter().filter(|length| **length <= text.len());
        let mut all = lengths.rev().filter_map(|&length| {
            let at = self.first_of(entries, &text[..length], accepts)?;
            Some(found_beginning(self.ignore_case, at, length))
        });
        if self.ignore_case {
            all.min_by_key(|found| found.at)
        } else {
            all.next()
        }
    }

    #[inline(never)]
    fn end(&self, entries: &Entries, text: &[u8], accepts: &impl Fn(u32) -> bool) -> Option<Found> {
        let text: SmallVec<[u8; 256]> = self.fold(text);
        let ends = self
            .lengths
            .iter()
            .filter_map(|length| text.get(text.len().checked_sub(*length)?..));
        first(ends.filter_map(|end| self.first_of(entries, end, accepts)))
    }

    #[inline(never)]
    fn part(
        &self,
        entries: &Entries,
        text: &[u8],
        accepts: &impl Fn(u32) -> bool,
    ) -> Option<Found> {
        let Keys::Trimmed(delimiters) = self.keys else {
            return None;
        };
        let text: SmallVec<[u8; 256]> = self.fold(text);
        let delimits = |at: usize| text.get(at).is_none_or(|byte| delimiters.contains(byte));
        let starts = (0..=text.len()).filter(|&at| at == 0 || delimits(at - 1));
        let parts = starts.flat_map(|start| {
            let lengths = self.lengths.iter();
            lengths
                .map(move |length| start..start + length)
                .take_while(|part| part.end <= text.len())
                .filter(|part| delimits(part.end))
        });
        first(parts.filter_map(|part| self.first_of(entries, &text[part], accepts)))
    }
}

/// A longer beginning is of a higher rank where they are kept in a tree.
fn found_beginning(ignore_case: bool, at: u32, length: usize) -> Found {
    let rank = if ignore_case { 0 } else { length + 1 };
    Found { rank, at }
}

fn few_listed((at, _): (u32, usize)) -> Found {
    Found::listed(at)
}

fn key_of<'e>(keys: &'e Keys, entries: &'e Entries, at: u32) -> &'e [u8] {
    match keys {
        Keys::Whole => entries.key(at),
        Keys::Trimmed(delimiters) => trim(entries.key(at), delimiters),
        Keys::Decoded(bytes) => bytes.get(at as usize).map_or(&[], |bytes| bytes),
    }
}

fn folded(text: &[u8], ignore_case: bool) -> SmallVec<[u8; 64]> {
    let mut folded = SmallVec::from_slice(text);
    if ignore_case {
        folded.make_ascii_lowercase();
    }
    folded
}

fn trim<'t>(text: &'t [u8], delimiters: &[u8]) -> &'t [u8] {
    let counts = |byte: &u8| !delimiters.contains(byte);
    let Some(start) = text.iter().position(counts) else {
        return b"";
    };
    let end = text.iter().rposition(counts).unwrap_or(start);
    &text[start..=end]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(texts: &[&str]) -> Entries {
        Entries::of_keys(texts.iter().map(|text| text.as_bytes()))
    }

    /// The same texts as they are kept when they are few, and when they are many.
    fn both(entries: &Entries, ignore_case: bool) -> [Keyed; 2] {
        let many = Many::new(entries, ignore_case, Keys::Whole);
        [
            Keyed::new(entries, ignore_case),
            Keyed::Many(Box::new(many)),
        ]
    }

    fn part(patterns: &[&str], delimiters: &'static [u8], text: &str) -> Option<u32> {
        let entries = entries(patterns);
        let set = Keyed::parts(&entries, false, delimiters);
        set.part(&entries, text.as_bytes(), &|_| true)
            .map(|found| found.at)
    }

    #[test]
    fn a_directory_is_a_part_between_slashes() {
        assert_eq!(part(&["img"], OF_DIRECTORIES, "/a/img/x"), Some(0));
        assert_eq!(part(&["/img/"], OF_DIRECTORIES, "/img"), Some(0));
        assert_eq!(part(&["img"], OF_DIRECTORIES, "/images"), None);
        assert_eq!(part(&["img"], OF_DIRECTORIES, "/a-img/"), None);
        assert_eq!(part(&["a/b"], OF_DIRECTORIES, "/x/a/b?q"), Some(0));
    }

    #[test]
    fn a_domain_is_a_part_between_dots_and_the_first_pattern_wins() {
        let hosts = ["example.com", "www.example.com", "com"];
        assert_eq!(part(&hosts, OF_DOMAINS, "www.example.com:80"), Some(0));
        assert_eq!(part(&hosts, OF_DOMAINS, "www.myexample.com"), Some(2));
        assert_eq!(part(&hosts[..2], OF_DOMAINS, "www.myexample.com"), None);
    }

    #[test]
    fn the_longest_beginning_wins_unless_case_is_ignored() {
        let entries = entries(&["a", "abc", "ab", "ab"]);
        let find = |ignore_case| {
            let sets = both(&entries, ignore_case);
            sets.map(|set| set.beginning(&entries, b"abx", &|_| true).map(|f| f.at))
        };
        assert_eq!((find(false), find(true)), ([Some(2); 2], [Some(0); 2]));
    }

    #[test]
    fn a_pattern_that_does_not_count_leaves_its_place_to_the_next_of_its_text() {
        let entries = entries(&["a", "b", "A", "a"]);
        let find = |ignore_case, gone: &[u32]| {
            both(&entries, ignore_case).map(|set| {
                let found = set.whole(&entries, b"a", &|at| !gone.contains(&at));
                found.map(|found| found.at)
            })
        };
        assert_eq!(find(false, &[]), [Some(0); 2]);
        assert_eq!(find(false, &[0]), [Some(3); 2]);
        assert_eq!(find(true, &[0]), [Some(2); 2]);
        assert_eq!(find(false, &[0, 3]), [None; 2]);
    }

    #[test]
    fn the_first_end_wins() {
        let entries = entries(&["c", "bc", "BC", "d"]);
        let find = |ignore_case, text: &[u8]| {
            let sets = both(&entries, ignore_case);
            sets.map(|set| set.end(&entries, text, &|at| at > 0).map(|f| f.at))
        };
        assert_eq!(find(false, b"abc"), [Some(1); 2]);
        assert_eq!(find(false, b"aBC"), [Some(2); 2]);
        assert_eq!(find(true, b"aBC"), [Some(1); 2]);
        assert_eq!(find(true, b"b"), [None; 2]);
    }
}
