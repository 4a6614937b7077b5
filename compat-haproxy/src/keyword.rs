//! Keywords of `global` and of proxies: one file a word or tight family, one row a word, rows in sorted lists.
//!
//! A row says where the word is valid, what it takes, whether it is executed, and how it becomes part of the model. The
//! lists also give `docs/keywords.md` and the "did you mean" hints.

pub mod accepted;
pub mod acl;
pub mod balance;
pub mod bind;
pub mod capture;
pub mod cookie;
pub mod counts;
pub mod environment;
pub mod errorfile;
pub mod filter;
pub mod global_log;
pub mod http_check;
pub mod http_error;
pub mod http_rules;
pub mod identity;
pub mod limits;
pub mod lines;
pub mod log;
pub mod log_format;
pub mod mode;
pub mod monitor;
pub mod name_case;
pub mod old;
pub mod option;
pub mod persistence;
pub mod process;
pub mod redirect;
pub mod removed;
pub mod server;
pub mod source;
pub mod stats;
pub mod stats_socket;
pub mod stick_table;
pub mod switching;
pub mod table;
pub mod tcp_rules;
pub mod timeout;
pub mod tune;
pub mod unexecuted;

use crate::{
    load::{Lowered, ProxyLine},
    section::GlobalLine,
};

/// What we do with a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It is executed.
    Executed,
    /// It is read, does nothing yet, and a warning says so: leaving it out changes no verdict over traffic.
    Tuning,
    /// It is read and then refused unless allowed by name: ignoring it could fail open.
    Unexecuted,
}

/// Sections in which a word is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sections(pub u8);

impl Sections {
    /// `defaults`
    pub const DEFAULTS: u8 = 1;
    /// `frontend`
    pub const FRONTEND: u8 = 2;
    /// `listen`
    pub const LISTEN: u8 = 4;
    /// `backend`
    pub const BACKEND: u8 = 8;

    /// Everywhere.
    pub const ALL: Sections = Sections(15);
    /// All but `defaults`.
    pub const PROXIES: Sections = Sections(14);
    /// Wherever clients are.
    pub const CLIENTS: Sections = Sections(7);
    /// Wherever clients are, but not in `defaults`.
    pub const CLIENTS_ONLY: Sections = Sections(6);
    /// Wherever servers are.
    pub const SERVERS: Sections = Sections(13);
    /// Wherever servers are, but not in `defaults`.
    pub const SERVERS_ONLY: Sections = Sections(12);

    /// Whether a section of that kind is among them.
    pub fn has(self, section: u8) -> bool {
        self.0 & section != 0
    }
}

/// A keyword of proxies.
pub struct ProxyKeyword {
    /// The word.
    pub name: &'static str,
    /// Where it is valid (manual 4.1).
    pub sections: Sections,
    /// Its arguments, as the manual writes them.
    pub arguments: &'static str,
    /// What we do with it.
    pub state: State,
    /// Reads a line.
    pub lower: fn(&mut ProxyLine<'_, '_>) -> Lowered,
}

impl ProxyKeyword {
    /// The row of a word that is executed.
    pub(crate) const fn executed(
        name: &'static str,
        sections: Sections,
        arguments: &'static str,
        lower: fn(&mut ProxyLine<'_, '_>) -> Lowered,
    ) -> Self {
        Self {
            name,
            sections,
            arguments,
            state: State::Executed,
            lower,
        }
    }
}

/// A keyword of `global`.
pub struct GlobalKeyword {
    /// The word.
    pub name: &'static str,
    /// Its arguments, as the manual writes them.
    pub arguments: &'static str,
    /// What we do with it.
    pub state: State,
    /// Reads a line.
    pub lower: fn(&mut GlobalLine<'_, '_>) -> Lowered,
}

impl GlobalKeyword {
    /// The row of a word that is executed.
    pub(crate) const fn executed(
        name: &'static str,
        arguments: &'static str,
        lower: fn(&mut GlobalLine<'_, '_>) -> Lowered,
    ) -> Self {
        Self {
            name,
            arguments,
            state: State::Executed,
            lower,
        }
    }
}

/// Keywords of proxies, family by family.
pub static PROXY_FAMILIES: &[&[ProxyKeyword]] = &[
    accepted::PROXY,
    acl::ROWS,
    balance::ROWS,
    bind::ROWS,
    capture::ROWS,
    cookie::ROWS,
    counts::ROWS,
    errorfile::ROWS,
    filter::ROWS,
    http_check::ROWS,
    http_error::ROWS,
    http_rules::ROWS,
    identity::ROWS,
    lines::ROWS,
    log::ROWS,
    log_format::ROWS,
    mode::ROWS,
    monitor::ROWS,
    old::PROXY,
    option::ROWS,
    persistence::ROWS,
    redirect::ROWS,
    removed::PROXY,
    server::ROWS,
    source::ROWS,
    stats::ROWS,
    stick_table::ROWS,
    switching::ROWS,
    tcp_rules::ROWS,
    timeout::ROWS,
    unexecuted::PROXY,
];

/// Keywords of `global`, family by family.
pub static GLOBAL_FAMILIES: &[&[GlobalKeyword]] = &[
    accepted::GLOBAL,
    environment::ROWS,
    global_log::ROWS,
    limits::ROWS,
    name_case::ROWS,
    old::GLOBAL,
    process::ROWS,
    removed::GLOBAL,
    stats_socket::ROWS,
    tune::ROWS,
    unexecuted::GLOBAL,
];

/// The row of a proxy's keyword.
pub fn proxy_keyword(name: &str) -> Option<&'static ProxyKeyword> {
    use std::{collections::HashMap, sync::LazyLock};
    static INDEX: LazyLock<HashMap<&'static str, &'static ProxyKeyword>> = LazyLock::new(|| {
        PROXY_FAMILIES
            .iter()
            .flat_map(|rows| rows.iter())
            .map(|row| (row.name, row))
            .collect()
    });
    INDEX.get(name).copied()
}

/// The row of a keyword of `global`.
pub fn global_keyword(name: &str) -> Option<&'static GlobalKeyword> {
    GLOBAL_FAMILIES
        .iter()
        .flat_map(|rows| rows.iter())
        .find(|row| row.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_sorted_and_names_come_once() {
        let mut names = std::collections::BTreeSet::new();
        for rows in PROXY_FAMILIES {
            assert!(
                rows.is_sorted_by(|a, b| a.name < b.name),
                "{:?}",
                rows.first().map(|row| row.name)
            );
            for row in *rows {
                assert!(names.insert(row.name), "{} comes twice", row.name);
            }
        }
        let mut names = std::collections::BTreeSet::new();
        for rows in GLOBAL_FAMILIES {
            assert!(
                rows.is_sorted_by(|a, b| a.name < b.name),
                "{:?}",
                rows.first().map(|row| row.name)
            );
            for row in *rows {
                assert!(names.insert(row.name), "{} comes twice", row.name);
            }
        }
    }
}
