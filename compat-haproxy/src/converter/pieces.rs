//! Pieces of text between separators: `field`, `word` (manual 7.3.1). Both count from 1, or with a negative number from
//! the end; `word` knows no empty pieces. The third argument is how many pieces are taken, with what stands between them.
//!
//! ```text
//! http-request set-header x-first %[path,field(2,/)]
//! ```

use std::ops::Range;

use locum_model::expr::Arg;
use locum_runtime::{
    plan::args::Args,
    sample::value::{Type, Value},
    vocab::ConverterDef,
};

use super::{bytes_of, converter};

pub(super) static FIELD: ConverterDef = ConverterDef {
    check: Some(check),
    ..converter("field", Type::Str, Type::Str, |value, _, args, _| {
        take(bytes_of(value)?, args, |_| true).map(Value::Str)
    })
};

pub(super) static WORD: ConverterDef = ConverterDef {
    check: Some(check),
    ..converter("word", Type::Str, Type::Str, |value, _, args, _| {
        // No such word is an empty one.
        let word = take(bytes_of(value)?, args, |piece| !piece.is_empty());
        Some(Value::Str(word.unwrap_or_default()))
    })
};

fn check(args: &mut [Arg]) -> Result<(), String> {
    if matches!(args.first(), Some(Arg::Int(0))) {
        return Err("Unexpected value 0 for index".to_owned());
    }
    match args.get(1) {
        Some(Arg::Str(separators)) if !separators.is_empty() => Ok(()),
        _ => Err("Empty separators list".to_owned()),
    }
}

/// The piece of the first argument, and as many more as the third asks for (0: all). Where there are fewer, what stands
/// before the first or behind the last piece belongs to it.
fn take<'a>(text: &'a [u8], args: &Args, counts: fn(&Range<usize>) -> bool) -> Option<&'a [u8]> {
    let (index, separators) = (args.int(0)?, args.text(1)?);
    let more = match args.int(2) {
        Some(0) => usize::MAX,
        Some(count) => usize::try_from(count).unwrap_or(1).saturating_sub(1),
        None => 0,
    };
    let mut pieces = pieces(text, separators).filter(counts);
    if index > 0 {
        let first = pieces.nth(usize::try_from(index).ok()? - 1)?;
        let end = match more {
            0 => first.end,
            more => pieces.nth(more - 1).map_or(text.len(), |last| last.end),
        };
        return text.get(first.start..end);
    }
    // From the end, the count too: `field(-1,-,2)` of a-b-c-d is c-d.
    let all: Vec<Range<usize>> = pieces.collect();
    let last = all.len().checked_sub(usize::try_from(-index).ok()?)?;
    let start = match last.checked_sub(more) {
        Some(first) => all.get(first)?.start,
        None => 0,
    };
    text.get(start..all.get(last)?.end)
}

/// Where the pieces between any of the separators stand.
fn pieces(text: &[u8], separators: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let mut start = 0;
    let mut done = false;
    std::iter::from_fn(move || {
        if done {
            return None;
        }
        let end = text[start..]
            .iter()
            .position(|byte| separators.contains(byte));
        let piece = match end {
            Some(length) => start..start + length,
            None => {
                done = true;
                start..text.len()
            }
        };
        start = piece.end + 1;
        Some(piece)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use locum_runtime::plan::args::Arg as Compiled;

    fn taken(
        text: &str,
        index: i64,
        separators: &str,
        count: Option<i64>,
        words: bool,
    ) -> Option<String> {
        let mut args = vec![
            Compiled::Int(index),
            Compiled::Str(separators.as_bytes().into()),
        ];
        args.extend(count.map(Compiled::Int));
        let counts: fn(&Range<usize>) -> bool = if words {
            |piece| !piece.is_empty()
        } else {
            |_| true
        };
        let found = take(text.as_bytes(), &Args(args.into()), counts);
        found.map(|text| String::from_utf8_lossy(text).into_owned())
    }

    // Values recorded from the reference.
    #[test]
    fn fields_count_from_either_end() {
        let field = |text, index, separators, count| taken(text, index, separators, count, false);
        assert_eq!(field("a-b-c-d", 2, "-", None).as_deref(), Some("b"));
        assert_eq!(field("a-b-c-d", -1, "-", None).as_deref(), Some("d"));
        assert_eq!(field("a-b-c-d", 2, "-", Some(2)).as_deref(), Some("b-c"));
        assert_eq!(field("a-b-c-d", 2, "-", Some(0)).as_deref(), Some("b-c-d"));
        assert_eq!(field("a-b-c-d", -1, "-", Some(2)).as_deref(), Some("c-d"));
        assert_eq!(field("a-b-c-d", 9, "-", None), None);
        assert_eq!(field("a--b", 2, "-", None).as_deref(), Some(""));
        assert_eq!(field("a-b_c", 2, "-_", None).as_deref(), Some("b"));
    }

    #[test]
    fn words_are_never_empty() {
        let word = |text, index, separators, count| taken(text, index, separators, count, true);
        assert_eq!(word("--a--b", 2, "-", None).as_deref(), Some("b"));
        assert_eq!(word("a--b-c", 1, "-", Some(2)).as_deref(), Some("a--b"));
        assert_eq!(word("a--b-c", -2, "-", Some(2)).as_deref(), Some("a--b"));
        assert_eq!(word("a--b-c", 9, "-", None), None);
        assert_eq!(word("--a--", 1, "-", Some(2)).as_deref(), Some("a--"));
        assert_eq!(word("--a--b-", -1, "-", Some(3)).as_deref(), Some("--a--b"));
    }
}
