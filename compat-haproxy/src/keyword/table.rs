//! `docs/keywords.md`, made from the rows: each word, where it is valid, and what we do with it.

use std::fmt::Write;

use super::{GLOBAL_FAMILIES, PROXY_FAMILIES, Sections, State};
use crate::{bind_option, option, server_option};

/// The whole document.
pub fn markdown() -> String {
    let mut out = String::from(
        "# Keywords\n\nMade from the rows of `compat-haproxy`; a test says when it is out of date.\n\n\
         *executed*: does what the manual says. *accepted*: read, has no effect yet, a warning says so. *refused*: read, \
         then the start is refused unless `--allow-unexecuted=WORD` names it.\n",
    );
    section(
        &mut out,
        "global",
        GLOBAL_FAMILIES
            .iter()
            .flat_map(|rows| rows.iter())
            .map(|row| (row.name, "", row.state)),
    );
    let proxies = PROXY_FAMILIES.iter().flat_map(|rows| rows.iter());
    section(
        &mut out,
        "proxies",
        proxies.map(|row| (row.name, letters(row.sections), row.state)),
    );
    let switches = option::SWITCHES.iter().map(|row| (row.name, "", row.state));
    let special = option::SPECIAL.iter().map(|row| (row.name, "", row.state));
    section(&mut out, "option", switches.chain(special));
    section(
        &mut out,
        "bind",
        bind_option::ROWS
            .iter()
            .map(|row| (row.name, "", row.state)),
    );
    section(
        &mut out,
        "server",
        server_option::ROWS
            .iter()
            .map(|row| (row.name, "", row.state)),
    );
    out
}

fn section<'r>(
    out: &mut String,
    title: &str,
    rows: impl Iterator<Item = (&'r str, &'r str, State)>,
) {
    let mut rows: Vec<_> = rows.collect();
    rows.sort_by_key(|row| row.0);
    let count = |state: State| rows.iter().filter(|row| row.2 == state).count();
    let _ = writeln!(
        out,
        "\n## {title}\n\n{} words: {} executed, {} accepted, {} refused.\n\n| word | sections | state |\n|---|---|---|",
        rows.len(),
        count(State::Executed),
        count(State::Tuning),
        count(State::Unexecuted)
    );
    for (name, sections, state) in rows {
        let state = match state {
            State::Executed => "executed",
            State::Tuning => "accepted",
            State::Unexecuted => "refused",
        };
        let _ = writeln!(out, "| `{name}` | {sections} | {state} |");
    }
}

/// Sections by their first letters: defaults, frontend, listen, backend.
fn letters(sections: Sections) -> &'static str {
    match sections {
        Sections::ALL => "D F L B",
        Sections::PROXIES => "F L B",
        Sections::CLIENTS => "D F L",
        Sections::CLIENTS_ONLY => "F L",
        Sections::SERVERS => "D L B",
        _ => "L B",
    }
}

#[cfg(test)]
mod tests {
    /// Behind our part stands that of the other language.
    const NEXT: &str = "\n# Keywords of keepalived.conf\n";

    #[test]
    fn the_document_is_what_the_rows_say() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/keywords.md");
        let now = super::markdown();
        let whole = std::fs::read_to_string(path).unwrap_or_default();
        let end = whole.find(NEXT).unwrap_or(whole.len());
        let (written, others) = whole.split_at(end);
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(path, format!("{now}{others}")).unwrap();
            return;
        }
        assert!(
            written == now,
            "docs/keywords.md is out of date: run the tests with UPDATE_DOCS=1"
        );
    }
}
