//! Where the comment of a line begins (manual, DESCRIPTION).

use nom::branch::alt;
use nom::bytes::complete::{is_not, tag, take};
use nom::combinator::{eof, recognize};
use nom::multi::many0_count;
use nom::sequence::{delimited, preceded};
use nom::{IResult, Parser};
use std::ops::Range;

/// What is left of a line without its comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Uncommented {
    /// The stretches that stay: a backslash that protects a `#` or `!` goes.
    pub(super) kept: Vec<Range<usize>>,
    /// Offset of the `#` or `!` that begins the comment, or the length of the line.
    pub(super) end: usize,
    /// A double quote has no partner; no comment is looked for behind it.
    pub(super) unterminated: bool,
}

/// Looks for the comment of a line. Double quotes and a backslash protect `#` and `!`, single quotes don't; a
/// backslash protects a quote, too.
pub(super) fn uncommented(line: &[u8]) -> Uncommented {
    let mut kept = Vec::new();
    let (mut start, mut end) = (0, 0);
    while let Ok((behind, piece)) = piece(&line[end..]) {
        if matches!(piece, b"\\#" | b"\\!") {
            kept.push(start..end);
            start = end + 1;
        }
        end = line.len() - behind.len();
    }
    let unterminated = line.get(end) == Some(&b'"');
    if unterminated {
        end = line.len();
    }
    kept.push(start..end);
    Uncommented {
        kept,
        end,
        unterminated,
    }
}

fn piece(input: &[u8]) -> IResult<&[u8], &[u8]> {
    alt((is_not("\"\\#!"), quoted, escaped)).parse(input)
}

fn quoted(input: &[u8]) -> IResult<&[u8], &[u8]> {
    let pair = recognize(preceded(tag("\\"), take(1usize)));
    let inner = many0_count(alt((is_not("\"\\"), pair)));
    recognize(delimited(tag("\""), inner, tag("\""))).parse(input)
}

/// A backslash with the character that it protects.
fn escaped(input: &[u8]) -> IResult<&[u8], &[u8]> {
    recognize(preceded(tag("\\"), alt((take(1usize), eof)))).parse(input)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(line: &str) -> String {
        let kept = uncommented(line.as_bytes()).kept;
        kept.into_iter().map(|range| &line[range]).collect()
    }

    #[test]
    fn a_comment_begins_anywhere_but_in_double_quotes() {
        assert_eq!(kept("a b # c"), "a b ");
        assert_eq!(kept("a!b"), "a");
        assert_eq!(kept(r#"a "b # c" d"#), r#"a "b # c" d"#);
        assert_eq!(kept("a 'b # c'"), "a 'b ");
    }

    #[test]
    fn a_backslash_protects_and_goes_before_a_comment_sign() {
        assert_eq!(kept(r#"a\" b # c"#), r#"a\" b "#);
        assert_eq!(kept(r#""a\" # b" c"#), r#""a\" # b" c"#);
        assert_eq!(kept(r"a\#b\!c d#"), "a#b!c d");
        assert_eq!(kept(r"a\\#b"), r"a\\");
        assert_eq!(kept(r"a\b#c"), r"a\b");
        assert_eq!(kept(r"a\"), r"a\");
    }

    #[test]
    fn nothing_behind_an_open_quote_is_a_comment() {
        let found = uncommented(br#"a "b # c"#);
        assert_eq!((found.end, found.unterminated), (8, true));
    }
}
