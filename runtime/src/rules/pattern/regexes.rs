//! Many regular expressions: texts that any match must contain are searched for all at once, and only expressions whose
//! text is there are run. Those without such a text are run one by one, in the order of the list.

use std::sync::OnceLock;

use aho_corasick::AhoCorasick;
use regex_syntax::hir::{Hir, HirKind, literal::Extractor};
use smallvec::SmallVec;

use super::{Found, PatternError, entry::Entries, first};
use crate::sample::regex::Regex;

/// Lists up to this length are compiled at once and run one by one: faster than a search before it.
const FEW: usize = 12;

/// Expressions in the order of their list.
#[derive(Debug)]
pub(super) struct Regexes {
    /// Compiled when first needed in long lists, of which most are never run.
    compiled: Box<[OnceLock<Option<Regex>>]>,
    ignore_case: bool,
    /// Texts to look for, in long lists.
    filter: Option<Filter>,
}

#[derive(Debug)]
struct Filter {
    texts: AhoCorasick,
    /// The expression of each text.
    owners: Box<[u32]>,
    /// Expressions that may match without any text.
    always: Box<[u32]>,
}

impl Regexes {
    pub(super) fn new(entries: &Entries, ignore_case: bool) -> Result<Self, PatternError> {
        let set = Self {
            compiled: (0..entries.len()).map(|_| OnceLock::new()).collect(),
            ignore_case,
            filter: (entries.len() > FEW).then(|| filter(entries)).flatten(),
        };
        if set.filter.is_none() {
            for (place, slot) in (0u32..).zip(&set.compiled) {
                let key = entries.key(place);
                let regex = Regex::new(key, ignore_case)
                    .map_err(|error| PatternError::Regex(key.into(), error))?;
                slot.get_or_init(|| Some(regex));
            }
        }
        Ok(set)
    }

    /// The first expression that matches.
    #[inline(never)]
    pub(super) fn find(
        &self,
        entries: &Entries,
        text: &[u8],
        accepts: &impl Fn(u32) -> bool,
    ) -> Option<Found> {
        let matches = |at: &u32| {
            accepts(*at)
                && self
                    .regex(entries, *at)
                    .is_some_and(|regex| regex.is_match(text))
        };
        let Some(filter) = &self.filter else {
            return (0..self.compiled.len() as u32)
                .find(matches)
                .map(Found::listed);
        };
        let hits = filter.texts.find_overlapping_iter(text);
        let mut candidates: SmallVec<[u32; 32]> = hits
            .filter_map(|hit| filter.owners.get(hit.pattern().as_usize()).copied())
            .collect();
        candidates.sort_unstable();
        candidates.dedup();
        let found = candidates.into_iter().find(matches);
        let before = found.unwrap_or(u32::MAX);
        let always = filter
            .always
            .iter()
            .take_while(|at| **at < before)
            .find(|at| matches(at));
        first(always.copied().into_iter().chain(found))
    }

    /// The compiled expression of a pattern.
    pub(super) fn regex(&self, entries: &Entries, at: u32) -> Option<&Regex> {
        let slot = self.compiled.get(at as usize)?;
        slot.get_or_init(|| Regex::new(entries.key(at), self.ignore_case).ok())
            .as_ref()
    }
}

/// `None` where searching for texts would not help: no expression needs one, or the automaton would be too large.
fn filter(entries: &Entries) -> Option<Filter> {
    let mut texts: Vec<Box<[u8]>> = Vec::new();
    let (mut owners, mut always) = (Vec::new(), Vec::new());
    for at in 0..entries.len() as u32 {
        match needed_texts(entries.key(at)) {
            Some(needed) => {
                owners.extend(needed.iter().map(|_| at));
                texts.extend(needed);
            }
            None => always.push(at),
        }
    }
    // Folding all of them costs a longer search at most: the expression itself decides.
    let texts = AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .build(&texts)
        .ok()?;
    Some(Filter {
        texts,
        owners: owners.into(),
        always: always.into(),
    })
}

/// Texts of which one is in whatever the expression matches, without regard to case.
fn needed_texts(pattern: &[u8]) -> Option<Vec<Box<[u8]>>> {
    let pattern = std::str::from_utf8(pattern).ok()?;
    let hir = regex_syntax::ParserBuilder::new()
        .unicode(false)
        .utf8(false)
        .build()
        .parse(pattern)
        .ok()?;
    best(&hir).filter(|texts| shortest(texts) > 1)
}

fn best(hir: &Hir) -> Option<Vec<Box<[u8]>>> {
    let of_parts = match hir.kind() {
        HirKind::Concat(parts) => parts
            .iter()
            .filter_map(best)
            .max_by_key(|texts| shortest(texts)),
        HirKind::Capture(group) => best(&group.sub),
        HirKind::Repetition(repetition) if repetition.min > 0 => best(&repetition.sub),
        _ => None,
    };
    let prefixes = Extractor::new().extract(hir);
    let of_whole = prefixes.literals().map(|literals| {
        let texts = literals.iter().map(|literal| literal.as_bytes().into());
        texts.collect::<Vec<Box<[u8]>>>()
    });
    let all = [of_parts, of_whole].into_iter().flatten();
    all.filter(|texts| shortest(texts) > 0)
        .max_by_key(|texts| shortest(texts))
}

fn shortest(texts: &[Box<[u8]>]) -> usize {
    texts.iter().map(|text| text.len()).min().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(patterns: &[String], ignore_case: bool, text: &str) -> Option<u32> {
        let entries = Entries::of_keys(patterns.iter().map(|text| text.as_bytes()));
        let set = Regexes::new(&entries, ignore_case).unwrap();
        set.find(&entries, text.as_bytes(), &|_| true)
            .map(|found| found.at)
    }

    fn many(first: &[&str]) -> Vec<String> {
        let first = first.iter().map(ToString::to_string);
        first
            .chain((0..100).map(|n| format!("^/path/{n}/[a-z]+$")))
            .collect()
    }

    #[test]
    fn the_first_of_a_long_list_matches() {
        assert_eq!(find(&many(&[]), false, "/path/42/abc"), Some(42));
        assert_eq!(find(&many(&[]), false, "/path/42/0"), None);
        assert_eq!(find(&many(&["(?=/path)"]), false, "/path/42/abc"), Some(0));
        assert_eq!(
            find(&many(&["c$", "[0-9]/abc"]), false, "/path/42/abc"),
            Some(0)
        );
        assert_eq!(
            find(&many(&["X$", "[0-9]/abc"]), false, "/path/42/abc"),
            Some(1)
        );
        assert_eq!(find(&many(&["X$"]), true, "/PATH/7/x"), Some(0));
        assert_eq!(find(&many(&["Y$"]), true, "/PATH/7/x"), Some(8));
        assert_eq!(find(&many(&["(?i)HELLO"]), false, "say hello"), Some(0));
    }
}
