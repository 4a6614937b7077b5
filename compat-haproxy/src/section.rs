//! Sections: which word opens which, and who reads their lines (manual 2 to 4).

mod defaults;
mod global;
mod http_errors;
mod proxy;
pub(crate) mod ring;
mod unexecuted;
mod userlist;

pub use global::{GlobalFacts, GlobalLine};

use locum_model::Origin;
use locum_parser::haproxy::Word;

use crate::load::{Fault, Loader, Lowered, SectionLine};

/// The section being read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Section {
    /// Nothing yet.
    #[default]
    None,
    /// `global`.
    Global,
    /// A proxy, by its place.
    Proxy(usize),
    /// A proxy whose header was wrong: its lines have no home.
    Broken,
    /// A `defaults` section, by its place.
    Defaults(usize),
    /// A list of users, by its place; a duplicated one is read and forgotten.
    Userlist(Option<usize>),
    /// Error pages, by their place.
    HttpErrors(Option<usize>),
    /// A ring buffer, by its place; one with a faulty header has none.
    Ring(Option<usize>),
    /// A section that is recognised only: its word and its name.
    Unexecuted(&'static str, String),
}

impl Section {
    /// What `.SECTION` expands to.
    pub fn name(&self, loader: &Loader<'_>) -> String {
        let of = |name: &str, word: &str| {
            if name.is_empty() {
                word.to_owned()
            } else {
                name.to_owned()
            }
        };
        match self {
            Section::None => String::new(),
            Section::Global => "global".to_owned(),
            Section::Broken => String::new(),
            Section::Proxy(at) => loader
                .proxies
                .get(*at)
                .map_or(String::new(), |draft| draft.name().to_owned()),
            Section::Defaults(at) => loader
                .defaults
                .sections
                .get(*at)
                .map_or(String::new(), |draft| of(draft.name(), "defaults")),
            Section::Userlist(at) => at
                .and_then(|at| loader.model.userlists.get(at))
                .map_or(String::new(), |list| list.name.value.clone()),
            Section::HttpErrors(at) => at
                .and_then(|at| loader.model.error_pages.get(at))
                .map_or(String::new(), |pages| pages.name.value.clone()),
            Section::Ring(at) => at
                .and_then(|at| loader.model.rings.get(at))
                .map_or(String::new(), |ring| ring.name.clone()),
            Section::Unexecuted(word, name) => of(name, word),
        }
    }
}

/// Reads one line; true if reading must end.
pub fn line(loader: &mut Loader<'_>, words: &[Word], at: &Origin) -> bool {
    let Some(first) = words.first() else {
        return false;
    };
    let result = match first.text.as_slice() {
        b"global" => global::open(loader, words, at),
        b"defaults" => defaults::open(loader, words, at),
        b"frontend" => proxy::open(loader, "frontend", words, at),
        b"backend" => proxy::open(loader, "backend", words, at),
        b"listen" => proxy::open(loader, "listen", words, at),
        b"userlist" => userlist::open(loader, words, at),
        b"ring" => ring::open(loader, words, at),
        b"http-errors" => http_errors::open(loader, words, at),
        word => match unexecuted::section(word) {
            Some(section) => unexecuted::open(loader, section, words, at),
            None => body(loader, words, at),
        },
    };
    match result {
        Ok(()) => false,
        Err(fault) => fault.report(&mut loader.shared, at),
    }
}

fn body(loader: &mut Loader<'_>, words: &[Word], at: &Origin) -> Lowered {
    match loader.section.clone() {
        Section::None => Err(Fault::Tight(format!(
            "unknown keyword '{}' out of section.",
            words[0].as_str()
        ))),
        Section::Global => global::line(loader, words, at),
        Section::Broken => Err("'listen' or 'defaults' expected.".into()),
        Section::Proxy(index) => proxy::line(loader, index, words, at),
        Section::Defaults(index) => defaults::line(loader, index, words, at),
        Section::Userlist(list) => userlist::line(loader, list, words, at),
        Section::HttpErrors(pages) => http_errors::line(loader, pages, words, at),
        Section::Ring(ring) => ring::line(loader, ring, words, at),
        Section::Unexecuted(section, name) => unexecuted::line(loader, section, &name, words, at),
    }
}

/// Looks at a section once more when it is complete.
pub fn leave(loader: &mut Loader<'_>, section: Section) {
    if let Section::Userlist(Some(at)) = section {
        userlist::leave(loader, at);
    }
}

/// A line outside of proxies, for the files here.
fn section_line<'l, 'o>(
    shared: &'l mut crate::load::Shared<'o>,
    words: &'l [Word],
    at: &Origin,
) -> SectionLine<'l, 'o> {
    SectionLine {
        words,
        at: at.clone(),
        shared,
        negated: None,
    }
}

/// The first character of a name that names may not have.
pub fn bad_name_character(name: &str) -> Option<char> {
    name.chars()
        .find(|c| !(c.is_ascii_alphanumeric() || matches!(c, '.' | ':' | '_' | '-')))
}

/// Takes `no` and `default` off the beginning of a line.
pub(crate) fn negation<'w>(
    shared: &mut crate::load::Shared<'_>,
    words: &'w [Word],
    at: &Origin,
) -> (Option<crate::load::Negation>, &'w [Word]) {
    use crate::load::Negation;
    let negation = match words.first().map(|word| word.text.as_slice()) {
        Some(b"no") => Negation::No,
        Some(b"default") => Negation::Default,
        _ => return (None, words),
    };
    let rest = &words[1..];
    let word = rest.first().map_or(&[][..], |word| &word.text);
    let allowed: &[&[u8]] = &[
        b"option",
        b"log",
        b"busy-polling",
        b"set-dumpable",
        b"strict-limits",
        b"insecure-fork-wanted",
        b"numa-cpu-mapping",
    ];
    if !allowed.contains(&word) {
        let text = "negation/default currently supported only for options, log, busy-polling, set-dumpable, strict-limits, insecure-fork-wanted and numa-cpu-mapping.";
        Fault::tight(text).report(shared, at);
        return (None, rest);
    }
    (Some(negation), rest)
}
