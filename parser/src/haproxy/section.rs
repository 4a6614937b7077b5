//! Section headers: `frontend www from tcp-defaults`.
//!
//! Which words open a section is lowering's knowledge; this only takes a header line apart.

use super::expand::Line;
use super::line::{Word, is_space};

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

/// A line such as `[name]` opens a scope, which the reference accepts and ignores in its main
/// configuration (files of `filter spoe` use it). It is recognised before quotes and comments are, and
/// also in branches that aren't taken. None if the line is none; the error is the reference's message.
pub(crate) fn scope(content: &[u8]) -> Option<Result<(), String>> {
    let start = content.iter().position(|byte| !is_space(*byte))?;
    let name = content[start..].strip_prefix(b"[")?;
    let is_named =
        |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b':' | b'_');
    let length = name
        .iter()
        .position(|byte| !is_named(byte))
        .unwrap_or(name.len());
    let behind = match name.get(length) {
        Some(b']') if length > 0 => &name[length + 1..],
        Some(b']' | b'\r') | None => return Some(Err("empty scope name is forbidden.".to_owned())),
        Some(found) => {
            let found = String::from_utf8_lossy(&[*found]).into_owned();
            return Some(Err(format!(
                "character '{found}' is not permitted in a scope name."
            )));
        }
    };
    match behind.iter().find(|byte| !is_space(**byte)) {
        None | Some(b'#') => Some(Ok(())),
        Some(found) => {
            let found = String::from_utf8_lossy(&[*found]).into_owned();
            Some(Err(format!(
                "character '{found}' is not permitted after scope declaration."
            )))
        }
    }
}
