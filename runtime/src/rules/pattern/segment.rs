//! A run of a list's patterns with all that is needed to search it: never changes once made.

use std::{net::IpAddr, sync::Arc};

use smallvec::SmallVec;

use super::{
    Found, Method, PatternError,
    entry::{Entries, Entry},
    ip::Networks,
    keyed::{Keyed, OF_DIRECTORIES, OF_DOMAINS},
    number::Numbers,
    regexes::Regexes,
    substrings::Substrings,
};
use crate::sample::{
    regex::{Groups, Regex},
    value::Value,
};

/// How patterns are searched: lists of one way share an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Way {
    pub(super) method: Method,
    pub(super) ignore_case: bool,
    pub(super) no_dns: bool,
}

/// Names that stand for addresses.
pub(super) type Names<'n> = &'n dyn Fn(&str) -> Option<IpAddr>;

/// Patterns in order, and an index for each way.
#[derive(Debug)]
pub(super) struct Segment {
    pub(super) entries: Entries,
    indexes: SmallVec<[Index; 1]>,
}

#[derive(Debug)]
enum Index {
    /// The value alone decides.
    Nothing,
    Numbers(Numbers),
    Lengths(Numbers),
    Networks(Networks),
    Whole(Keyed),
    Beginnings(Keyed),
    Ends(Keyed),
    Parts(Keyed),
    Substrings(Substrings),
    Regexes(Regexes),
}

impl Segment {
    pub(super) fn new(
        entries: Vec<Arc<Entry>>,
        ways: &[Way],
        names: Names<'_>,
    ) -> Result<Self, PatternError> {
        let entries = Entries::new(entries).ok_or(PatternError::TooLarge)?;
        let indexes: Result<SmallVec<_>, PatternError> = ways
            .iter()
            .map(|way| index(&entries, *way, names))
            .collect();
        Ok(Self {
            indexes: indexes?,
            entries,
        })
    }

    /// The pattern that a value, which is of the way's type already, matches.
    #[inline]
    pub(super) fn find(
        &self,
        way: usize,
        value: Value<'_>,
        accepts: &impl Fn(&Entry) -> bool,
    ) -> Option<Found> {
        let entries = &self.entries;
        let accepts = &|at: u32| entries.get(at).is_some_and(|entry| accepts(entry));
        match (self.indexes.get(way)?, value) {
            (Index::Numbers(numbers), Value::Int(number)) => numbers.find(number, accepts),
            (Index::Networks(networks), Value::Ip(ip)) => networks.find(ip, accepts),
            (index, Value::Str(text) | Value::Bin(text) | Value::Method(text)) => match index {
                Index::Whole(set) => set.whole(entries, text, accepts),
                Index::Beginnings(set) => set.beginning(entries, text, accepts),
                Index::Ends(set) => set.end(entries, text, accepts),
                Index::Parts(set) => set.part(entries, text, accepts),
                Index::Substrings(set) => set.find(text, accepts),
                Index::Regexes(set) => set.find(entries, text, accepts),
                Index::Lengths(lengths) => lengths.find(i64::try_from(text.len()).ok()?, accepts),
                Index::Nothing | Index::Numbers(_) | Index::Networks(_) => None,
            },
            _ => None,
        }
    }

    /// The groups of the regular expression at a place in a text.
    pub(super) fn groups(&self, way: usize, at: u32, text: &[u8]) -> Option<Groups> {
        match self.indexes.get(way)? {
            Index::Regexes(set) => set.regex(&self.entries, at)?.groups(text, 0),
            _ => None,
        }
    }
}

fn index(entries: &Entries, way: Way, names: Names<'_>) -> Result<Index, PatternError> {
    let Way {
        method,
        ignore_case,
        ..
    } = way;
    Ok(match method {
        Method::Found | Method::Bool => Index::Nothing,
        Method::Int => Index::Numbers(numbers(entries)?),
        Method::Len => Index::Lengths(numbers(entries)?),
        Method::Ip => {
            let networks = entries.keys().map(|text| network(text, way, names));
            let networks: Result<Vec<_>, _> = networks.collect();
            Index::Networks(Networks::new(&networks?))
        }
        Method::Bin => {
            let bytes = entries
                .keys()
                .map(|text| hex(text).ok_or_else(|| malformed(text)));
            let bytes: Result<Box<[_]>, _> = bytes.collect();
            Index::Whole(Keyed::decoded(entries, bytes?))
        }
        Method::Str => Index::Whole(Keyed::new(entries, ignore_case)),
        // Methods count with their case, whatever the flags say (observed).
        Method::HttpMethod => Index::Whole(Keyed::new(entries, false)),
        Method::Beginning => Index::Beginnings(Keyed::new(entries, ignore_case)),
        Method::End => Index::Ends(Keyed::new(entries, ignore_case)),
        Method::Directory => Index::Parts(Keyed::parts(entries, ignore_case, OF_DIRECTORIES)),
        Method::Domain => Index::Parts(Keyed::parts(entries, ignore_case, OF_DOMAINS)),
        Method::Substring => Index::Substrings(Substrings::new(entries, ignore_case)?),
        Method::Regex => Index::Regexes(Regexes::new(entries, ignore_case)?),
    })
}

/// Whether a pattern is of the form that its way needs.
pub(super) fn check(text: &[u8], way: Way, names: Names<'_>) -> Result<(), PatternError> {
    match way.method {
        Method::Int | Method::Len => super::number::parse(text).map(|_| ()),
        Method::Ip => return network(text, way, names).map(|_| ()),
        Method::Bin => hex(text).map(|_| ()),
        Method::Regex => {
            return Regex::new(text, way.ignore_case)
                .map(|_| ())
                .map_err(|error| PatternError::Regex(text.into(), error));
        }
        _ => Some(()),
    }
    .ok_or_else(|| malformed(text))
}

fn network(text: &[u8], way: Way, names: Names<'_>) -> Result<super::ip::Masked, PatternError> {
    let names = (!way.no_dns).then_some(names);
    super::ip::parse(text, names).ok_or_else(|| malformed(text))
}

fn numbers(entries: &Entries) -> Result<Numbers, PatternError> {
    let ranges = entries
        .keys()
        .map(|text| super::number::parse(text).ok_or_else(|| malformed(text)));
    Ok(Numbers::new(&ranges.collect::<Result<Vec<_>, _>>()?))
}

fn malformed(text: &[u8]) -> PatternError {
    PatternError::Malformed(text.into())
}

fn hex(text: &[u8]) -> Option<Box<[u8]>> {
    let digit = |byte: u8| {
        char::from(byte)
            .to_digit(16)
            .and_then(|n| u8::try_from(n).ok())
    };
    let (pairs, rest) = text.as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    pairs
        .iter()
        .map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?))
        .collect()
}
