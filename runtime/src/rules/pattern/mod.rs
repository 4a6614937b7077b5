//! Patterns: what values are matched against, in sets that stay fast with many thousands of entries (manual 7.1).
//!
//! ```text
//! numbers, lengths     a hash table, and a tree of ranges one look-up, and as many steps as the tree is deep
//! addresses            one hash table per prefix length   as many look-ups as there are lengths
//! whole text, methods  a hash table                       one look-up; up to eight are compared one by one
//! beginnings, ends     a hash table                       as many look-ups as there are lengths
//! parts between / . :  a hash table                       the same at each delimiter
//! parts anywhere       an Aho-Corasick automaton          one pass
//! regular expressions  an automaton of texts they need    one pass, then those whose text was there
//! ```
//!
//! A [`Reference`] is a list of patterns with such an index for each way in which it is used, and what commands change;
//! access lists ([`Patterns`]) and maps ([`Map`]) look in it.

mod entry;
mod few;
mod ip;
mod keyed;
mod keys;
mod map;
mod number;
mod reference;
mod regexes;
mod segment;
mod substrings;

use std::sync::Arc;

use locum_model::Text;
use smallvec::SmallVec;

pub use entry::Entry;
pub use map::{Map, is_value};
pub use reference::{AddError, FindMatcher, Hit, Reference, Shape, Versions, Which, number};

use reference::Search;

use crate::sample::{
    regex::RegexError,
    value::{Arena, Type, Value},
};

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
    pub fn input(self) -> Type {
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

/// What an access list matches against: its lists, any of which is enough.
#[derive(Debug)]
pub struct Patterns {
    method: Method,
    lists: SmallVec<[Search; 1]>,
}

/// A pattern that its method doesn't take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PatternError {
    /// Not of the method's form.
    Malformed(Text),
    /// Not a regular expression.
    Regex(Text, RegexError),
    /// Too many or too large for one index.
    TooLarge,
    /// There is no such method.
    Method(Text),
}

impl Patterns {
    /// The lists, each with the number of its use, under one method.
    pub fn new(method: Method, lists: impl Iterator<Item = (Arc<Reference>, usize)>) -> Self {
        let lists = lists.map(|(list, by)| Search::new(list, by));
        Self {
            method,
            lists: lists.collect(),
        }
    }

    /// Whether a value matches any of them.
    pub fn matches<'a>(&self, value: &Value<'a>, arena: &'a Arena) -> bool {
        // Nearly all values are of the type already. Each is made anew here, so that none is copied in memory.
        match (self.method, *value) {
            (Method::Found, _) => true,
            (Method::Bool, Value::Bool(truth)) => truth,
            (Method::Int, Value::Int(number)) => self.any(Value::Int(number)),
            (Method::Ip, Value::Ip(address)) => self.any(Value::Ip(address)),
            (Method::HttpMethod, Value::Method(text)) => self.any(Value::Method(text)),
            (method, Value::Str(text)) if method.input() == Type::Str => self.any(Value::Str(text)),
            _ => self.matches_cast(value, arena),
        }
    }

    /// A value of another type.
    #[inline(never)]
    fn matches_cast<'a>(&self, value: &Value<'a>, arena: &'a Arena) -> bool {
        match value.cast(self.method.input(), arena) {
            Some(Value::Bool(truth)) => truth,
            Some(value) => self.any(value),
            None => false,
        }
    }

    #[inline(always)]
    fn any(&self, value: Value<'_>) -> bool {
        let mut lists = self.lists.iter();
        lists.any(|list| list.find(value, |_| ()).is_some())
    }
}

/// Knows the addresses of names.
pub type Names<'n> = &'n dyn Fn(&str) -> Option<std::net::IpAddr>;

/// Whether a pattern of [`Method::Ip`] can be read; `names` knows those that stand for addresses, without it an address
/// is written in full.
pub fn is_network(text: &[u8], names: Option<Names<'_>>) -> bool {
    ip::parse(text, names).is_some()
}

/// The place of a pattern that a value matched, among those of its segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Found {
    /// Of several segments that of the highest rank wins, then that of the oldest one.
    rank: usize,
    at: u32,
}

impl Found {
    /// One of a list, of which the first wins.
    fn listed(at: u32) -> Self {
        Self { rank: 0, at }
    }

    /// Whether it is an IPv4 network whose mask has holes.
    fn is_of_odd_mask(self) -> bool {
        self.rank == ip::ODD || self.rank == ip::OWN_FAMILY + ip::ODD
    }
}

/// The first pattern of the list.
fn first(found: impl Iterator<Item = u32>) -> Option<Found> {
    found.min().map(Found::listed)
}

#[cfg(test)]
mod tests {
    use locum_model::{
        Located, Origin,
        pattern::{MapValue, PatternList, PatternSource, PatternUse},
    };

    use super::*;

    static METHODS: &[MatcherDef] = &[
        method("str", Method::Str),
        method("beg", Method::Beginning),
        method("end", Method::End),
        method("sub", Method::Substring),
        method("reg", Method::Regex),
        method("len", Method::Len),
        method("dom", Method::Domain),
        method("int", Method::Int),
        method("ip", Method::Ip),
        method("bin", Method::Bin),
        method("bool", Method::Bool),
        method("found", Method::Found),
    ];

    const fn method(name: &'static str, method: Method) -> MatcherDef {
        MatcherDef { name, method }
    }

    /// A list with one use.
    pub(super) fn list(
        method: Method,
        ignore_case: bool,
        value: Option<MapValue>,
        text: &str,
    ) -> Arc<Reference> {
        let matcher = METHODS.iter().find(|def| def.method == method).unwrap();
        let list = PatternList {
            id: 0,
            source: PatternSource::File {
                path: "list".to_owned(),
                text: Some(Text::from(text.as_bytes())),
                two_columns: value.is_some(),
            },
            uses: vec![Located::new(
                PatternUse {
                    matcher: matcher.name.to_owned(),
                    ignore_case,
                    no_dns: false,
                    value,
                },
                Origin::default(),
            )],
            resolved: Default::default(),
        };
        let find = |name: &str| METHODS.iter().find(|def| def.name == name);
        Arc::new(Reference::new(&list, find).unwrap())
    }

    fn matches(method: Method, ignore_case: bool, patterns: &[&str], value: Value<'_>) -> bool {
        let arena = Arena::new();
        // The arena's borrow must not outlive the value's, so that both are shortened here.
        fn run<'a>(patterns: &Patterns, value: Value<'a>, arena: &'a Arena) -> bool {
            patterns.matches(&value, arena)
        }
        let list = list(method, ignore_case, None, &patterns.join("\n"));
        let set = Patterns::new(method, [(list, 0)].into_iter());
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
