//! Sections that are recognised but not executed: peers, resolvers, mailers, cache, program, fcgi-app, log-forward
//! (manual 3.5 to 3.7, 3.10, 6, 10).
//!
//! Their headers are checked as the reference checks them. What they stand for changes where traffic or log lines go, so
//! the section refuses the start unless its word is allowed by name; `mailers` only informs others and warns.

use locum_model::Origin;
use locum_parser::haproxy::Word;

use super::{Section, section_line};
use crate::load::{Fault, Loader, Lowered};

/// A section that we know by name.
pub(super) struct SectionWord {
    /// The word that opens it.
    pub(super) name: &'static str,
    /// What the reference says when the name is missing.
    missing: &'static str,
    /// That ends reading.
    aborts: bool,
    /// Its keywords.
    keywords: &'static [&'static str],
}

/// All of them, sorted.
pub(super) static SECTIONS: &[SectionWord] = &[
    SectionWord {
        name: "cache",
        missing: "'cache' expects a <name> argument",
        aborts: true,
        keywords: &[
            "max-age",
            "max-object-size",
            "max-secondary-entries",
            "process-vary",
            "total-max-size",
        ],
    },
    SectionWord {
        name: "fcgi-app",
        missing: "'fcgi-app' expects <name> as argument.",
        aborts: false,
        keywords: &[
            "acl",
            "docroot",
            "index",
            "log-stderr",
            "option",
            "no",
            "pass-header",
            "path-info",
            "set-param",
        ],
    },
    SectionWord {
        name: "log-forward",
        missing: "missing name for ip-forward section.",
        aborts: true,
        keywords: &["backlog", "bind", "dgram-bind", "log", "maxconn", "timeout"],
    },
    SectionWord {
        name: "mailers",
        missing: "missing name for mailers section.",
        aborts: true,
        keywords: &["mailer", "timeout"],
    },
    SectionWord {
        name: "peers",
        missing: "missing name for peers section.",
        aborts: true,
        keywords: &[
            "bind",
            "default-bind",
            "default-server",
            "disabled",
            "enabled",
            "log",
            "peer",
            "server",
            "table",
        ],
    },
    SectionWord {
        name: "program",
        missing: "'program' expects an <id> argument",
        aborts: true,
        keywords: &["command", "group", "no", "option", "user"],
    },
    SectionWord {
        name: "resolvers",
        missing: "missing name for resolvers section.",
        aborts: true,
        keywords: &[
            "accepted_payload_size",
            "hold",
            "nameserver",
            "parse-resolv-conf",
            "resolve_retries",
            "timeout",
        ],
    },
];

/// The section that a word opens.
pub(super) fn section(word: &[u8]) -> Option<&'static SectionWord> {
    SECTIONS
        .iter()
        .find(|section| section.name.as_bytes() == word)
}

/// Opens it.
pub(super) fn open(
    loader: &mut Loader<'_>,
    section: &'static SectionWord,
    words: &[Word],
    at: &Origin,
) -> Lowered {
    let line = section_line(&mut loader.shared, words, at);
    let name = line.text(1);
    loader.enter(Section::Unexecuted(section.name, name.clone()));
    if name.is_empty() {
        let fault = match section.name {
            "fcgi-app" => Fault::tight(section.missing),
            _ => Fault::from(section.missing),
        };
        return Err(if section.aborts {
            fault.aborting()
        } else {
            fault
        });
    }
    if section.name == "peers" {
        section_line(&mut loader.shared, words, at).at_most(1, 1)?;
    }
    match section.name {
        // Without it nobody is written to, but no traffic goes another way.
        "mailers" => loader.shared.tuning(section.name, at),
        _ => loader.shared.unexecuted(section.name, at),
    }
    loader.named_sections.insert((section.name, name));
    Ok(())
}

/// A line of it.
pub(super) fn line(
    loader: &mut Loader<'_>,
    section: &'static str,
    _name: &str,
    words: &[Word],
    at: &Origin,
) -> Lowered {
    let line = section_line(&mut loader.shared, words, at);
    let word = line.text(0);
    let known = SECTIONS.iter().find(|known| known.name == section);
    if known.is_some_and(|known| known.keywords.contains(&word.as_str())) {
        return Ok(());
    }
    Err(match section {
        "log-forward" => {
            Fault::from(format!("unknown keyword '{word}' in log-forward section.")).aborting()
        }
        _ => Fault::from(format!("unknown keyword '{word}' in '{section}' section")),
    })
}
