//! What the reference's vocabulary looks like from outside: every fetch, converter and access-list word of 2.6 with its
//! arguments and types, executed by us or not.
//!
//! The verdict on a configuration needs all of them; what they do is in the word's own file.

mod acl_words;
mod actions;
mod converters;
mod fetches;

pub use acl_words::ACL_WORDS;
pub use actions::{expected_actions, known_action};
pub use converters::CONVERTERS;
pub use fetches::FETCHES;

use super::Points;

/// A type as the configuration sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Whatever comes.
    Any,
    /// Truth.
    Bool,
    /// A number.
    Int,
    /// An address of either family.
    Ip,
    /// An IPv4 address.
    Ipv4,
    /// An IPv6 address.
    Ipv6,
    /// Text.
    Str,
    /// Bytes.
    Bin,
    /// An HTTP method.
    Method,
}

/// A sample fetch of the reference.
#[derive(Debug)]
pub struct KnownFetch {
    /// The word.
    pub name: &'static str,
    /// Its arguments in the reference's words, separated by commas.
    pub signature: &'static str,
    /// How many of them must be there.
    pub required: usize,
    /// The type of its value.
    pub output: Kind,
    /// Where it has a value.
    pub points: Points,
    /// What it is taken from, in the reference's words.
    pub needs: &'static str,
}

/// A converter of the reference.
#[derive(Debug)]
pub struct KnownConverter {
    /// The word.
    pub name: &'static str,
    /// Its arguments in the reference's words, separated by commas.
    pub signature: &'static str,
    /// How many of them must be there.
    pub required: usize,
    /// What it takes.
    pub input: Kind,
    /// What it gives.
    pub output: Kind,
}

impl KnownFetch {
    /// Whether it looks at a channel's bytes, which HTTP mode doesn't show.
    pub fn is_raw(&self) -> bool {
        self.needs.contains(" buffer")
    }
}

const fn fetch(
    name: &'static str,
    signature: &'static str,
    required: usize,
    output: Kind,
    points: u32,
    needs: &'static str,
) -> KnownFetch {
    KnownFetch {
        name,
        signature,
        required,
        output,
        points: Points(points),
        needs,
    }
}

const fn converter(
    name: &'static str,
    signature: &'static str,
    required: usize,
    input: Kind,
    output: Kind,
) -> KnownConverter {
    KnownConverter {
        name,
        signature,
        required,
        input,
        output,
    }
}

/// The fetch of that name.
pub fn known_fetch(name: &str) -> Option<&'static KnownFetch> {
    let at = FETCHES.binary_search_by(|row| row.name.cmp(name)).ok()?;
    FETCHES.get(at)
}

/// The converter of that name.
pub fn known_converter(name: &str) -> Option<&'static KnownConverter> {
    let at = CONVERTERS.binary_search_by(|row| row.name.cmp(name)).ok()?;
    CONVERTERS.get(at)
}

/// The fetch and the match method that an access-list word stands for.
pub fn acl_word(name: &str) -> Option<(&'static str, &'static str)> {
    let at = ACL_WORDS.binary_search_by(|row| row.0.cmp(name)).ok()?;
    ACL_WORDS.get(at).map(|row| (row.1, row.2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_sorted() {
        assert!(FETCHES.is_sorted_by(|a, b| a.name < b.name));
        assert!(CONVERTERS.is_sorted_by(|a, b| a.name < b.name));
        assert!(ACL_WORDS.is_sorted_by(|a, b| a.0 < b.0));
    }

    #[test]
    fn words_are_found_by_name() {
        assert_eq!(known_fetch("req.hdr").map(|fetch| fetch.required), Some(0));
        assert_eq!(
            known_converter("field").map(|converter| converter.required),
            Some(2)
        );
        assert_eq!(acl_word("path_beg"), Some(("path", "beg")));
        assert!(known_fetch("nosuch").is_none());
    }
}
