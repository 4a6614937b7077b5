//! A word of the configuration: one row in a sorted list, from which reading, `docs/keywords.md` and hints come.

use locum_parser::keepalived::Line;

use crate::load::{Abort, Pass};

/// What we do with a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It does what the manual says.
    Executed,
    /// It is read and has no effect yet; a warning at start says so.
    Accepted,
    /// It is read, and the start is refused unless `--allow-unexecuted=WORD` names it: ignoring it would change where
    /// addresses or traffic go.
    Refused,
}

/// How a line becomes part of the draft.
pub type Lower = fn(&mut Pass<'_>, &Line) -> Result<(), Abort>;

/// A word of a block.
#[derive(Clone, Copy)]
pub struct Row {
    /// The word.
    pub name: &'static str,
    /// What we do with it.
    pub state: State,
    /// Reads a line that begins with it; a block's row reads the block too.
    pub lower: Lower,
}

/// A row of a word that is executed.
pub const fn row(name: &'static str, lower: Lower) -> Row {
    Row {
        name,
        state: State::Executed,
        lower,
    }
}

/// A row of a word that has no effect yet, which is harmless.
pub const fn accepted(name: &'static str, lower: Lower) -> Row {
    Row {
        name,
        state: State::Accepted,
        lower,
    }
}

/// A row of a word that must not be ignored and isn't executed yet.
pub const fn refused(name: &'static str, lower: Lower) -> Row {
    Row {
        name,
        state: State::Refused,
        lower,
    }
}

/// The words of a block: families of rows, each sorted.
pub type Rows = &'static [&'static [Row]];

/// The row of a word.
pub fn find(rows: Rows, word: &[u8]) -> Option<&'static Row> {
    rows.iter()
        .flat_map(|family| family.iter())
        .find(|row| row.name.as_bytes() == word)
}
