//! Lists of patterns: what access lists and maps match against, from a file or a line, each loaded once however many
//! use it (manual 7.1; management.txt 9.3 "show acl", "show map").

use std::{collections::BTreeMap, net::IpAddr};

use serde::{Deserialize, Serialize};

use crate::{Located, Text};

/// A list of patterns that commands and actions can change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PatternList {
    /// The number by which commands call it.
    pub id: i64,
    /// Where it comes from.
    pub source: PatternSource,
    /// What matches against it, in the order of the configuration; none for a line's list that nothing was said to.
    pub uses: Vec<Located<PatternUse>>,
    /// Names among its patterns that stand for addresses, as they were when the configuration was read.
    pub resolved: BTreeMap<String, IpAddr>,
}

/// Where patterns come from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum PatternSource {
    /// A file.
    File {
        /// Its name as written.
        path: String,
        /// What was in it; `None` where it was only named by an action that changes it and never loaded.
        text: Option<Text>,
        /// Whether a line is a key and a value (`map`, `-M`) or one pattern.
        two_columns: bool,
    },
    /// The words of a line.
    Line {
        /// The access list's first word without its arguments.
        word: Located<String>,
        /// The patterns; numbers with operators are ranges here.
        patterns: Vec<Text>,
    },
}

/// One use of a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PatternUse {
    /// The canonical name of the match method (`str`, `beg`, `ip`, `int`, `reg`, `found` …).
    pub matcher: String,
    /// `-i`: letters match without regard to case.
    pub ignore_case: bool,
    /// `-n`: names are no addresses.
    pub no_dns: bool,
    /// What a map makes of the value; `None`: only an access list.
    pub value: Option<MapValue>,
}

/// What a map gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum MapValue {
    /// Text.
    Str,
    /// Text with the groups of the regular expression that matched put in its place (`map_regm`).
    Groups,
    /// A number.
    Int,
    /// An address.
    Ip,
}

/// Which list, counted from 0 in [`crate::Model::pattern_lists`], and which of its uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PatternRef {
    /// The list.
    pub list: usize,
    /// The use.
    pub by: usize,
}

/// A line of a file, without what doesn't count: `#` at its very beginning makes a comment, leading blanks and empty
/// lines are skipped, a carriage return at the end is dropped; of two columns the second is the rest of the line
/// without trailing blanks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PatternLine<'t> {
    /// Its number, from 1.
    pub number: usize,
    /// The pattern.
    pub key: &'t [u8],
    /// The value; empty with one column.
    pub value: &'t [u8],
}

/// The lines of a pattern file that count.
pub fn lines(text: &[u8], two_columns: bool) -> impl Iterator<Item = PatternLine<'_>> {
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    text.split(|byte| *byte == b'\n')
        .enumerate()
        .filter_map(move |(at, line)| {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if line.first() == Some(&b'#') {
                return None;
            }
            let start = line.iter().position(|byte| !is_blank(byte))?;
            let line = &line[start..];
            let number = at + 1;
            if !two_columns {
                return Some(PatternLine {
                    number,
                    key: line,
                    value: b"",
                });
            }
            let (key, rest) = line.split_at(line.iter().position(is_blank).unwrap_or(line.len()));
            let value = rest
                .iter()
                .position(|byte| !is_blank(byte))
                .map_or(&b""[..], |start| &rest[start..]);
            let end = value.iter().rposition(|byte| !is_blank(byte));
            let value = &value[..end.map_or(0, |end| end + 1)];
            Some(PatternLine { number, key, value })
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_begin_at_the_first_column_and_values_end_before_blanks() {
        let text = b"# no\n  # yes it is\n\t\n\na 1\r\nb two words  \nc\n";
        let all: Vec<_> = lines(text, true)
            .map(|line| (line.number, line.key, line.value))
            .collect();
        assert_eq!(
            all,
            [
                (2, &b"#"[..], &b"yes it is"[..]),
                (5, b"a", b"1"),
                (6, b"b", b"two words"),
                (7, b"c", b""),
            ]
        );
        let keys: Vec<_> = lines(b" x  \r\n", false).map(|line| line.key).collect();
        assert_eq!(keys, [b"x  "]);
    }
}
