//! Actions over the lines of a head, as versions up to 2.0 had them: `reqrep`, `reqdel`, `reqdeny`, `rspadd` and their kin.
//!
//! A rule looks at the start line and at every field before the next rule does; a match anywhere in a line is one. A
//! rewritten message has to be one still: what another implementation would read otherwise is refused.
//!
//! ```text
//! reqrep  ^([^\ ]*)\ /static/(.*)  \1\ /\2
//! rspidel ^Server:
//! ```

use locum_runtime::{
    http::message::{Head, NotALine},
    plan::args::Args,
    rules::{ActionView, Outcome, Verdict},
    sample::regex::{Regex, expand},
    vocab::{ActionDef, ActionFn, RuleSets},
};

/// All of them, sorted; words that match without case have the same row.
pub(super) static LINE_ACTIONS: &[&ActionDef] = &[
    &row("reqadd", REQUEST, false, add),
    &row("reqallow", REQUEST, false, allow),
    &row("reqdel", REQUEST, false, delete),
    &row("reqdeny", REQUEST, true, deny),
    &row("reqpass", REQUEST, false, |_, _| Outcome::Next),
    &row("reqrep", REQUEST, false, replace),
    &row("reqsetbe", REQUEST, false, switch),
    &row("reqtarpit", REQUEST, true, tarpit),
    &row("rspadd", RESPONSE, false, add),
    &row("rspdel", RESPONSE, false, delete),
    &row("rspdeny", RESPONSE, true, deny),
    &row("rsprep", RESPONSE, false, replace),
];

const REQUEST: RuleSets = RuleSets::REQUEST_LINES;
const RESPONSE: RuleSets = RuleSets::RESPONSE_LINES;

const fn row(name: &'static str, rule_sets: RuleSets, is_final: bool, run: ActionFn) -> ActionDef {
    ActionDef {
        name,
        rule_sets,
        is_final,
        run,
    }
}

/// Appends its lines.
fn add<'a>(view: &mut ActionView<'a>, args: &'a Args) -> Outcome<'a> {
    let text = args.text(0).unwrap_or_default();
    let Some(head) = view.message() else {
        return Outcome::Next;
    };
    let added = pieces(text).try_for_each(|line| head.insert_line(head.len(), line));
    match added {
        Ok(()) => Outcome::Next,
        Err(NotALine) => refuse(view),
    }
}

fn allow<'a>(view: &mut ActionView<'a>, args: &'a Args) -> Outcome<'a> {
    if matches(view, args) {
        view.stream.lines_allowed = true;
    }
    Outcome::Next
}

fn deny<'a>(view: &mut ActionView<'a>, args: &'a Args) -> Outcome<'a> {
    if view.stream.lines_allowed || !matches(view, args) {
        return Outcome::Next;
    }
    let status = if view.response.is_some() { 502 } else { 403 };
    Outcome::Final(Verdict::Deny {
        status,
        reply: None,
    })
}

fn tarpit<'a>(view: &mut ActionView<'a>, args: &'a Args) -> Outcome<'a> {
    if view.stream.lines_allowed || !matches(view, args) {
        return Outcome::Next;
    }
    Outcome::Final(Verdict::Tarpit {
        status: 500,
        reply: None,
    })
}

/// The first rule that matches decides.
fn switch<'a>(view: &mut ActionView<'a>, args: &'a Args) -> Outcome<'a> {
    if view.stream.line_backend.is_none() && matches(view, args) {
        view.stream.line_backend = args.proxy(1);
    }
    Outcome::Next
}

/// Fields only: a message can't lose its start line.
fn delete<'a>(view: &mut ActionView<'a>, args: &'a Args) -> Outcome<'a> {
    let Some((regex, head)) = args.regex(0).zip(view.message()) else {
        return Outcome::Next;
    };
    let mut line = Vec::new();
    let mut index = 0;
    while index < head.len() {
        head.field_line(index, &mut line);
        match regex.is_match(&line) {
            true => head.remove_at(index),
            false => index += 1,
        }
    }
    Outcome::Next
}

fn replace<'a>(view: &mut ActionView<'a>, args: &'a Args) -> Outcome<'a> {
    let most = view.plan.tune.bufsize;
    let (Some(regex), Some(by)) = (args.regex(0), args.text(1)) else {
        return Outcome::Next;
    };
    let Some(head) = view.message() else {
        return Outcome::Next;
    };
    match replace_in(head, regex, by, most) {
        Ok(()) => Outcome::Next,
        Err(NotALine) => refuse(view),
    }
}

/// A line that matches becomes the string, with `\0` to `\9` for the match and its groups: the start line, or else each
/// field (observed: a rule that rewrote the start line leaves the fields alone). Line ends that the configuration wrote
/// into the string make several lines.
fn replace_in(head: &mut Head, regex: &Regex, by: &[u8], most: usize) -> Result<(), NotALine> {
    let (mut line, mut new) = (Vec::new(), Vec::new());
    head.start_line(&mut line);
    if rewritten(regex, &line, by, &mut new) {
        let mut parts = pieces(&new);
        head.replace_start_line(parts.next().unwrap_or_default())?;
        return parts
            .enumerate()
            .try_for_each(|(index, part)| head.insert_line(index, part));
    }
    let mut index = 0;
    while index < head.len() {
        head.field_line(index, &mut line);
        if rewritten(regex, &line, by, &mut new) {
            if new.len() > most {
                return Err(NotALine);
            }
            let mut parts = pieces(&new);
            head.replace_field_line(index, parts.next().unwrap_or_default())?;
            for part in parts {
                index += 1;
                head.insert_line(index, part)?;
            }
        }
        index += 1;
    }
    Ok(())
}

fn rewritten(regex: &Regex, line: &[u8], by: &[u8], new: &mut Vec<u8>) -> bool {
    let Some(groups) = regex.groups(line, 0) else {
        return false;
    };
    new.clear();
    expand(by, line, &groups, new);
    true
}

/// The lines of a text of the configuration; an end behind the last one makes no further line.
fn pieces(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    text.split(|&byte| byte == b'\n')
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
}

/// Whether any line of the message matches.
fn matches(view: &mut ActionView<'_>, args: &Args) -> bool {
    let Some((regex, head)) = args.regex(0).zip(view.message()) else {
        return false;
    };
    let mut line = Vec::new();
    head.start_line(&mut line);
    regex.is_match(&line)
        || (0..head.len()).any(|index| {
            head.field_line(index, &mut line);
            regex.is_match(&line)
        })
}

/// A message that rules made into something else than a message goes nowhere.
fn refuse<'a>(view: &ActionView<'a>) -> Outcome<'a> {
    let status = if view.response.is_some() { 502 } else { 400 };
    Outcome::Final(Verdict::Deny {
        status,
        reply: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use locum_runtime::http::Version;

    fn replaced(regex: &str, by: &str) -> Result<Vec<String>, NotALine> {
        let mut head = Head::request(b"GET", b"/a", Version::HTTP_11);
        head.add(b"host", b"t");
        head.add(b"x-a", b"1");
        let regex = Regex::new(regex.as_bytes(), true).unwrap();
        replace_in(&mut head, &regex, by.as_bytes(), 64)?;
        let mut line = Vec::new();
        head.start_line(&mut line);
        let mut lines = vec![String::from_utf8(line.clone()).unwrap()];
        for index in 0..head.len() {
            head.field_line(index, &mut line);
            lines.push(String::from_utf8(line.clone()).unwrap());
        }
        Ok(lines)
    }

    #[test]
    fn a_match_anywhere_replaces_the_whole_line() {
        assert_eq!(replaced("x-", "X-B: <\\0>").unwrap()[2], "x-b: <x->");
        assert_eq!(replaced("/a", "bar"), Err(NotALine));
        assert_eq!(replaced("x-a", ""), Err(NotALine));
    }

    #[test]
    fn line_ends_of_the_configuration_make_several_lines() {
        assert_eq!(
            replaced("^(GET) (.*)", "\\1 /b HTTP/1.0\r\nX-New: \\2\r\n").unwrap(),
            ["GET /b HTTP/1.0", "x-new: /a HTTP/1.1", "host: t", "x-a: 1"]
        );
        assert_eq!(
            replaced("^x-a: (.*)", "X-A: \\1\nX-B: 2").unwrap()[2..],
            ["x-a: 1", "x-b: 2"]
        );
        assert_eq!(
            replaced("^x-a", "X-A: 1\r\n\r\nGET / HTTP/1.1"),
            Err(NotALine)
        );
    }

    #[test]
    fn a_rule_that_rewrote_the_start_line_leaves_the_fields_alone() {
        assert_eq!(replaced("^(\\S+) (/a|t)", "\\1 /z").unwrap_err(), NotALine);
        assert_eq!(
            replaced("^(\\S+) (/a|t)(.*)", "\\1 /z\\3").unwrap(),
            ["GET /z HTTP/1.1", "host: t", "x-a: 1"]
        );
    }

    #[test]
    fn a_line_stays_within_a_buffer() {
        let long = format!("X-A: {}", "y".repeat(80));
        assert_eq!(replaced("^x-a", &long), Err(NotALine));
    }

    #[test]
    fn the_list_is_sorted() {
        assert!(LINE_ACTIONS.is_sorted_by(|a, b| a.name < b.name));
    }
}
