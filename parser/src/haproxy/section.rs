//! Section headers: `frontend www from tcp-defaults`.
//!
//! Which words open a section is lowering's knowledge; this only takes a header line apart.

use super::expand::Line;
use super::line::Word;

/// A header line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header<'a> {
    /// The word that opens the section.
    pub keyword: &'a Word,
    /// The section's name, if it has one.
    pub name: Option<&'a Word>,
    /// The word behind `from`.
    pub from: From<'a>,
    /// What follows and belongs to none of them.
    pub rest: &'a [Word],
}

/// Whether the header names a defaults section to start from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From<'a> {
    /// There is no `from`.
    Absent,
    /// `from` without a name behind it; the word is `from` itself.
    Unnamed(&'a Word),
    /// `from NAME`.
    Named(&'a Word),
}

impl<'a> Header<'a> {
    /// Takes a line apart whose first word opens a section. `from` counts behind a name; where a section
    /// may be anonymous (`defaults from base`) it may also stand in the name's place.
    #[must_use]
    pub fn of(line: &'a Line, may_be_anonymous: bool) -> Option<Self> {
        let keyword = line.words.first()?;
        let arguments = line.arguments();
        let (name, behind) = match arguments {
            [from, behind @ ..]
                if may_be_anonymous
                    && *from == "from"
                    && behind.first().is_none_or(|word| *word != "from") =>
            {
                (None, arguments)
            }
            [name, behind @ ..] => (Some(name), behind),
            [] => (None, arguments),
        };
        let (from, rest) = match behind {
            [from, name, rest @ ..] if *from == "from" => (From::Named(name), rest),
            [from, rest @ ..] if *from == "from" => (From::Unnamed(from), rest),
            rest => (From::Absent, rest),
        };
        Some(Self {
            keyword,
            name,
            from,
            rest,
        })
    }
}
