//! `docs/keywords.md`, made from the rows: each word, where it is valid, and what we do with it.

use std::fmt::Write;

use locum_runtime::vocab::RuleSets;

use super::{GLOBAL_FAMILIES, PROXY_FAMILIES, Sections, State};
use crate::{
    action, bind_option, converter, fetch, lowering::known, matcher::MATCHERS, option,
    server_option,
};

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
    rules_and_samples(&mut out);
    out
}

/// Sample fetches, converters, match methods, and the actions of each rule set.
fn rules_and_samples(out: &mut String) {
    let state = |is_executed| match is_executed {
        true => State::Executed,
        false => State::Unexecuted,
    };
    let fetches = known::FETCHES.iter().map(|row| row.name);
    let fetches = fetches.map(|name| (name, "", state(fetch::is_executed(name))));
    section(out, "sample fetches", fetches);
    let converters = known::CONVERTERS.iter().map(|row| row.name);
    let is_converter = |name: &str| converter::definition(name).is_some();
    let converters = converters.map(|name| (name, "", state(is_converter(name))));
    section(out, "converters", converters);
    let matchers = MATCHERS.iter().map(|row| (row.name, "", State::Executed));
    section(out, "match methods", matchers);
    for (title, set) in RULE_SETS {
        let actions = known::expected_actions(set).iter();
        let actions = actions.map(|name| name.trim_end_matches("(*)"));
        let is_action = |name: &str| action::definition(name, set).is_some();
        section(
            out,
            title,
            actions.map(|name| (name, "", state(is_action(name)))),
        );
    }
}

const RULE_SETS: [(&str, RuleSets); 7] = [
    ("http-request", RuleSets::HTTP_REQUEST),
    ("http-response", RuleSets::HTTP_RESPONSE),
    ("http-after-response", RuleSets::HTTP_AFTER_RESPONSE),
    ("tcp-request connection", RuleSets::TCP_REQUEST_CONNECTION),
    ("tcp-request session", RuleSets::TCP_REQUEST_SESSION),
    ("tcp-request content", RuleSets::TCP_REQUEST_CONTENT),
    ("tcp-response content", RuleSets::TCP_RESPONSE_CONTENT),
];

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
