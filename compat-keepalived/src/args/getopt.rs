//! A command line taken apart as getopt_long(3) does: combined short options, abbreviated long ones, arguments attached
//! or following, options behind other words, and `--` as their end.

use std::{
    ffi::{OsStr, OsString},
    os::unix::ffi::{OsStrExt, OsStringExt},
};

/// Whether an option takes an argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Argument {
    /// It doesn't.
    None,
    /// It does: attached or the next word.
    Required,
    /// Only an attached one.
    Optional,
}

/// An option. `id` is what the caller knows it by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row<Id> {
    /// The option.
    pub id: Id,
    /// Its letter.
    pub short: Option<u8>,
    /// Its name.
    pub long: &'static str,
    /// Its argument.
    pub argument: Argument,
}

/// What was found, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found<Id> {
    /// An option with its argument.
    Option(Id, Option<OsString>),
    /// A letter that is no option.
    UnknownShort(u8),
    /// A name that is no option, or that abbreviates several: the word as given.
    UnknownLong(OsString),
    /// An argument is missing of this letter.
    MissingShort(u8),
    /// An argument is missing of the option of this name, in full.
    MissingLong(&'static str),
    /// A word that is no option.
    Word(OsString),
}

/// Takes all words apart; the words that are no options come last.
pub(super) fn take_apart<Id: Copy + PartialEq>(
    rows: &[Row<Id>],
    words: &[OsString],
) -> Vec<Found<Id>> {
    let mut found = Vec::new();
    let mut others = Vec::new();
    let mut rest = words.iter();
    while let Some(word) = rest.next() {
        let bytes = word.as_bytes();
        match bytes {
            b"--" => {
                others.extend(rest.by_ref().cloned().map(Found::Word));
            }
            [b'-', b'-', ..] => found.push(long(rows, word, &mut rest)),
            [b'-', _, ..] => short(rows, &bytes[1..], &mut rest, &mut found),
            _ => others.push(Found::Word(word.clone())),
        }
    }
    found.append(&mut others);
    found
}

fn long<'a, Id: Copy + PartialEq>(
    rows: &[Row<Id>],
    word: &OsStr,
    rest: &mut impl Iterator<Item = &'a OsString>,
) -> Found<Id> {
    let bytes = &word.as_bytes()[2..];
    let (name, attached) = match bytes.iter().position(|byte| *byte == b'=') {
        Some(at) => (&bytes[..at], Some(&bytes[at + 1..])),
        None => (bytes, None),
    };
    let Some(row) = by_name(rows, name) else {
        return Found::UnknownLong(word.to_owned());
    };
    let attached = attached.map(|value| OsString::from_vec(value.to_vec()));
    match (row.argument, attached) {
        (Argument::None, Some(_)) => Found::UnknownLong(word.to_owned()),
        (Argument::Required, None) => match rest.next() {
            Some(value) => Found::Option(row.id, Some(value.clone())),
            None => Found::MissingLong(row.long),
        },
        (_, attached) => Found::Option(row.id, attached),
    }
}

/// The option of that name, or the only one whose name begins so.
fn by_name<'a, Id>(rows: &'a [Row<Id>], name: &[u8]) -> Option<&'a Row<Id>> {
    if let Some(row) = rows.iter().find(|row| row.long.as_bytes() == name) {
        return Some(row);
    }
    let mut candidates = rows
        .iter()
        .filter(|row| row.long.as_bytes().starts_with(name));
    match (candidates.next(), candidates.next()) {
        (Some(row), None) => Some(row),
        _ => None,
    }
}

fn short<'a, Id: Copy>(
    rows: &[Row<Id>],
    letters: &[u8],
    rest: &mut impl Iterator<Item = &'a OsString>,
    found: &mut Vec<Found<Id>>,
) {
    for (at, letter) in letters.iter().enumerate() {
        let Some(row) = rows.iter().find(|row| row.short == Some(*letter)) else {
            found.push(Found::UnknownShort(*letter));
            continue;
        };
        let attached = &letters[at + 1..];
        let attached = (!attached.is_empty()).then(|| OsString::from_vec(attached.to_vec()));
        match (row.argument, attached) {
            (Argument::None, _) => found.push(Found::Option(row.id, None)),
            (Argument::Required, None) => {
                return found.push(match rest.next() {
                    Some(value) => Found::Option(row.id, Some(value.clone())),
                    None => Found::MissingShort(*letter),
                });
            }
            (_, attached) => return found.push(Found::Option(row.id, attached)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROWS: &[Row<char>] = &[
        Row {
            id: 'n',
            short: Some(b'n'),
            long: "dont-fork",
            argument: Argument::None,
        },
        Row {
            id: 'f',
            short: Some(b'f'),
            long: "use-file",
            argument: Argument::Required,
        },
        Row {
            id: 't',
            short: Some(b't'),
            long: "config-test",
            argument: Argument::Optional,
        },
        Row {
            id: 'i',
            short: Some(b'i'),
            long: "config-id",
            argument: Argument::Required,
        },
    ];

    fn found(line: &str) -> Vec<Found<char>> {
        let words: Vec<OsString> = line.split_whitespace().map(OsString::from).collect();
        take_apart(ROWS, &words)
    }

    fn option(id: char, value: Option<&str>) -> Found<char> {
        Found::Option(id, value.map(OsString::from))
    }

    #[test]
    fn letters_combine_and_the_rest_of_a_word_is_an_argument() {
        assert_eq!(found("-nfx"), [option('n', None), option('f', Some("x"))]);
        assert_eq!(found("-nt"), [option('n', None), option('t', None)]);
        assert_eq!(found("-tn"), [option('t', Some("n"))]);
        assert_eq!(found("-t x"), [option('t', None), Found::Word("x".into())]);
        assert_eq!(found("-Zn"), [Found::UnknownShort(b'Z'), option('n', None)]);
        assert_eq!(found("-nf"), [option('n', None), Found::MissingShort(b'f')]);
    }

    #[test]
    fn names_may_be_abbreviated_as_long_as_they_are_unique() {
        assert_eq!(found("--use=x"), [option('f', Some("x"))]);
        assert_eq!(found("--use-file x"), [option('f', Some("x"))]);
        assert_eq!(found("--config-t"), [option('t', None)]);
        assert_eq!(found("--config"), [Found::UnknownLong("--config".into())]);
        assert_eq!(
            found("--dont-fork=1"),
            [Found::UnknownLong("--dont-fork=1".into())]
        );
        assert_eq!(found("--use-file"), [Found::MissingLong("use-file")]);
    }

    #[test]
    fn other_words_come_last_and_two_dashes_end_the_options() {
        assert_eq!(
            found("a -n - -- -n"),
            [
                option('n', None),
                Found::Word("a".into()),
                Found::Word("-".into()),
                Found::Word("-n".into())
            ]
        );
    }
}
