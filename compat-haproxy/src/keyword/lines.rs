//! `reqadd`, `reqrep`, `reqdeny`, `rspidel` and their kin: rules over the lines of heads, as versions up to 2.0 had them
//! (manual of 1.5, 4.2). An `i` in the name matches letters without regard to case.
//!
//! ```text
//! reqirep ^Host:\ www\.(.*)   Host:\ \1
//! reqideny ^User-Agent:.*evil unless trusted
//! rspadd  X-Via:\ here
//! ```

use locum_model::{
    Located, Text,
    expr::{Arg, Regex},
    rule::Rule,
};

use super::{ProxyKeyword, Sections, http_rules::points, removed};
use crate::{
    load::{Capability, Lowered, ProxyLine},
    lowering::{ConditionError, Point, Points, Reference, ReferenceKind, lower_condition, regex},
};

/// Rows.
pub static ROWS: &[ProxyKeyword] = &[
    row("reqadd", STRING),
    row("reqallow", SEARCH),
    row("reqdel", SEARCH),
    row("reqdeny", SEARCH),
    row("reqiallow", SEARCH),
    row("reqidel", SEARCH),
    row("reqideny", SEARCH),
    row("reqipass", SEARCH),
    row("reqirep", REPLACE),
    row("reqisetbe", SWITCH),
    row("reqitarpit", SEARCH),
    row("reqpass", SEARCH),
    row("reqrep", REPLACE),
    row("reqsetbe", SWITCH),
    row("reqtarpit", SEARCH),
    row("rspadd", STRING),
    row("rspdel", SEARCH),
    row("rspdeny", SEARCH),
    row("rspidel", SEARCH),
    row("rspideny", SEARCH),
    row("rspirep", REPLACE),
    row("rsprep", REPLACE),
];

const STRING: &str = "<string> [{ if | unless } <condition>]";
const SEARCH: &str = "<search> [{ if | unless } <condition>]";
const REPLACE: &str = "<search> <string> [{ if | unless } <condition>]";
const SWITCH: &str = "<search> <backend> [{ if | unless } <condition>]";

const fn row(name: &'static str, arguments: &'static str) -> ProxyKeyword {
    ProxyKeyword::executed(name, Sections::PROXIES, arguments, lower)
}

fn lower(line: &mut ProxyLine<'_, '_>) -> Lowered {
    let word = line.line.text(0);
    line.old_word(removed::modern(&word), removed::fault)?;
    line.not_in_defaults(&word)?;
    let (action, ignore_case) = action(&word);
    let (args, behind) = arguments(line, &word, &action, ignore_case)?;
    let is_request = word.starts_with("req");
    let requests = points(
        line.draft,
        Point::FrontendHttpRequest,
        Point::BackendHttpRequest,
    );
    let points = match is_request {
        true => requests,
        // The request is still there.
        false => requests.or(points(
            line.draft,
            Point::FrontendHttpResponse,
            Point::BackendHttpResponse,
        )),
    };
    let rule = Rule {
        condition: condition(line, &word, behind, points)?,
        action,
        args,
    };
    line.warn_lines_order(&word);
    let rules = &mut line.draft.proxy.rules;
    let rules = match is_request {
        true => &mut rules.request_lines,
        false => &mut rules.response_lines,
    };
    let appends = |action: &str| action.ends_with("add");
    // What appends comes last, wherever it stands.
    let place = match appends(&rule.action) {
        true => rules.len(),
        false => rules
            .iter()
            .position(|other| appends(&other.value.action))
            .unwrap_or(rules.len()),
    };
    rules.insert(place, Located::new(rule, line.line.at.clone()));
    Ok(())
}

/// The action of a word, and whether it matches without regard to case.
fn action(word: &str) -> (String, bool) {
    let (kind, what) = word.split_at(3);
    match what.strip_prefix('i') {
        Some(what) => (format!("{kind}{what}"), true),
        None => (word.to_owned(), false),
    }
}

/// The arguments, and the index of the word behind them.
fn arguments(
    line: &mut ProxyLine<'_, '_>,
    word: &str,
    action: &str,
    ignore_case: bool,
) -> Result<(Vec<Arg>, usize), crate::load::Fault> {
    if !line.line.has(1) {
        let what = if action.ends_with("add") {
            "<header>"
        } else {
            "<search>"
        };
        return Err(format!("'{word}' expects {what} as an argument.").into());
    }
    let first = line.line.bytes(1).to_vec();
    if action.ends_with("add") {
        return Ok((vec![Arg::Str(Text::from(first))], 2));
    }
    regex::check(&first, ignore_case).map_err(|reason| {
        let shown = String::from_utf8_lossy(&first);
        format!("'{word}' : regular expression '{shown}' : {reason}")
    })?;
    let search = Arg::Regex(Regex {
        pattern: Text::from(first),
        ignore_case,
    });
    let needs_second = matches!(action, "reqrep" | "rsprep" | "reqsetbe");
    if !needs_second {
        return Ok((vec![search], 2));
    }
    if line.line.words.len() < 3 {
        return Err(format!("'{word}' expects <search> and <string> as arguments.").into());
    }
    let second = line.line.text(2);
    if action == "reqsetbe" {
        line.lacks(Capability::Frontend, word);
        let reference = Reference {
            kind: ReferenceKind::Backend,
            name: second.clone(),
            is_own: false,
            argument: 2,
            word: word.to_owned(),
            fetch: None,
            surroundings: "a rule over lines".to_owned(),
            proxy: line.draft.name().to_owned(),
            at: line.line.at.clone(),
        };
        line.line.shared.notes.references.push(reference);
        return Ok((vec![search, Arg::Proxy(second)], 3));
    }
    let string = line.line.bytes(2);
    if let Some(near) = bad_escape(string) {
        let near = String::from_utf8_lossy(near);
        return Err(format!(
            "'{word}' : invalid character or unterminated sequence in replacement string near '{near}'."
        )
        .into());
    }
    Ok((vec![search, Arg::Str(Text::from(string))], 3))
}

/// What stands from the first backslash on that begins no escape.
fn bad_escape(string: &[u8]) -> Option<&[u8]> {
    let mut rest = string;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        rest = &rest[at..];
        let length = match *rest {
            [_, b'x', high, low, ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => 4,
            [_, b'0'..=b'9' | b'\\', ..] => 2,
            _ => return Some(rest),
        };
        rest = &rest[length..];
    }
    None
}

fn condition(
    line: &mut ProxyLine<'_, '_>,
    word: &str,
    behind: usize,
    points: Points,
) -> Result<Option<locum_model::acl::Condition>, crate::load::Fault> {
    let words = line.line.words.get(behind..).unwrap_or_default();
    let place = &mut line.place(points, "a rule over lines");
    lower_condition(words, place).map_err(|error| match error {
        ConditionError::Unexpected(found) => format!(
            "'{word}' expects either 'if' or 'unless' followed by a condition but found '{found}'."
        )
        .into(),
        ConditionError::Wrong(reason) => {
            format!("error detected while parsing a '{word}' condition : {reason}.").into()
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_of_the_word_takes_case_away() {
        assert_eq!(action("reqirep"), ("reqrep".to_owned(), true));
        assert_eq!(action("reqrep"), ("reqrep".to_owned(), false));
        assert_eq!(action("rspidel"), ("rspdel".to_owned(), true));
    }

    #[test]
    fn escapes_of_a_string_are_digits_bytes_and_the_backslash() {
        assert_eq!(bad_escape(b"a\\0\\9\\\\\\x41"), None);
        assert_eq!(bad_escape(b"GET \\1\\"), Some(&b"\\"[..]));
        assert_eq!(bad_escape(b"a\\q"), Some(&b"\\q"[..]));
        assert_eq!(bad_escape(b"\\x4"), Some(&b"\\x4"[..]));
    }
}
