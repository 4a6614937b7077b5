//! The part of `docs/keywords.md` about this language, made from the rows.

use std::fmt::Write;

use crate::{
    block::ALL,
    row::{Row, State},
};

/// What the part begins with; what stands before it belongs to the other language.
pub const TITLE: &str = "# Keywords of keepalived.conf\n";

/// The whole part.
pub fn markdown() -> String {
    let mut out = format!(
        "{TITLE}\nMade from the rows of `compat-keepalived`; a test says when it is out of date.\n\n\
         *executed*: does what the manual says. *accepted*: read, has no effect yet, a warning at start says so. \
         *refused*: read, then the start is refused unless `--allow-unexecuted=WORD` names it. A configuration test \
         judges all of them.\n"
    );
    for block in ALL {
        let mut rows: Vec<&Row> = block.rows.iter().flat_map(|rows| rows.iter()).collect();
        rows.sort_by_key(|row| row.name);
        let count = |state: State| rows.iter().filter(|row| row.state == state).count();
        let _ = writeln!(
            out,
            "\n## {}\n\n{} words: {} executed, {} accepted, {} refused.\n\n| word | state |\n|---|---|",
            block.name,
            rows.len(),
            count(State::Executed),
            count(State::Accepted),
            count(State::Refused)
        );
        for row in rows {
            let state = match row.state {
                State::Executed => "executed",
                State::Accepted => "accepted",
                State::Refused => "refused",
            };
            let _ = writeln!(out, "| `{}` | {state} |", row.name);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_document_is_what_the_rows_say() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/keywords.md");
        let now = super::markdown();
        let whole = std::fs::read_to_string(path).unwrap_or_default();
        let start = whole.find(super::TITLE).unwrap_or(whole.len());
        let (others, written) = whole.split_at(start);
        if std::env::var_os("UPDATE_DOCS").is_some() {
            let others = others.trim_end();
            std::fs::write(path, format!("{others}\n\n{now}")).unwrap();
            return;
        }
        assert!(
            written == now,
            "docs/keywords.md is out of date: run the tests with UPDATE_DOCS=1"
        );
    }
}
