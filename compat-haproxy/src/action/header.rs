//! Headers: `add-header`, `del-header`, `early-hint`, `replace-header`, `replace-value`, `set-header` (manual 4.2).
//!
//! ```text
//! http-request  set-header x-client %[src]
//! http-request  del-header x-internal- -m beg
//! http-response replace-value cache-control ^private$ no-store
//! ```

use locum_model::{Text, expr::Arg};
use locum_runtime::{
    http::message::{Head, trim},
    plan::args::Args,
    rules::{ActionView, Outcome},
    sample::{
        regex::{Regex, expand},
        value::Arena,
    },
    vocab::{ActionDef, RuleSets},
};

use super::{ALL_HTTP, checked_regex};
use crate::lowering::{ActionWord, RuleWords};

/// What a field takes of a buffer besides its name and its value.
const FIELD: usize = 8;

pub(super) static ADD_HEADER: ActionWord = ActionWord {
    def: &ActionDef {
        name: "add-header",
        rule_sets: ALL_HTTP,
        is_final: false,
        run: |view, args| with_value(view, args, |_, _| {}),
    },
    parse: name_and_format,
};

pub(super) static EARLY_HINT: ActionWord = ActionWord {
    def: &ActionDef {
        name: "early-hint",
        rule_sets: RuleSets::HTTP_REQUEST,
        is_final: false,
        run: |view, args| {
            if let (Some(name), Some(format)) = (args.text(0), args.format(1)) {
                let value = view.write(format);
                view.hints.add(name, value);
            }
            Outcome::Next
        },
    },
    parse: name_and_format,
};

pub(super) static SET_HEADER: ActionWord = ActionWord {
    def: &ActionDef {
        name: "set-header",
        rule_sets: ALL_HTTP,
        is_final: false,
        // What was there goes, also if the new one has no room (observed).
        run: |view, args| {
            with_value(view, args, |head, name| {
                head.remove(name);
            })
        },
    },
    parse: name_and_format,
};

pub(super) static DEL_HEADER: ActionWord = ActionWord {
    def: &ActionDef {
        name: "del-header",
        rule_sets: ALL_HTTP,
        is_final: false,
        run: del_header,
    },
    parse: name_and_method,
};

pub(super) static REPLACE_HEADER: ActionWord = ActionWord {
    def: &ActionDef {
        name: "replace-header",
        rule_sets: ALL_HTTP,
        is_final: false,
        run: |view, args| replace(view, args, whole),
    },
    parse: name_regex_and_format,
};

pub(super) static REPLACE_VALUE: ActionWord = ActionWord {
    def: &ActionDef {
        name: "replace-value",
        rule_sets: ALL_HTTP,
        is_final: false,
        run: |view, args| replace(view, args, by_element),
    },
    parse: name_regex_and_format,
};

fn name_and_format(words: &mut RuleWords<'_, '_>) -> Result<Vec<Arg>, String> {
    if words.peek().is_empty() || words.peek_at(1).is_empty() {
        return Err("expects exactly 2 arguments".to_owned());
    }
    let name = Text::from(words.take());
    Ok(vec![Arg::Str(name), Arg::Format(words.format()?)])
}

fn name_regex_and_format(words: &mut RuleWords<'_, '_>) -> Result<Vec<Arg>, String> {
    if (0..3).any(|at| words.peek_at(at).is_empty()) {
        return Err("expects exactly 3 arguments".to_owned());
    }
    let name = Text::from(words.take());
    let regex = checked_regex(words.take())?;
    Ok(vec![Arg::Str(name), regex, Arg::Format(words.format()?)])
}

fn name_and_method(words: &mut RuleWords<'_, '_>) -> Result<Vec<Arg>, String> {
    if words.peek().is_empty() {
        return Err("expects at least 1 argument".to_owned());
    }
    let name = words.take();
    // Names in a head are in lower case.
    let folded = Arg::Str(Text::from(name.to_ascii_lowercase()));
    if words.peek() != b"-m" {
        return Ok(vec![folded, Arg::Word("str".to_owned())]);
    }
    words.take();
    if words.at_end() {
        return Err("-m flag expects exactly 1 argument".to_owned());
    }
    let method = String::from_utf8_lossy(words.take()).into_owned();
    let pattern = match method.as_str() {
        "str" | "beg" | "end" | "sub" => folded,
        // Against the name in lower case, as written (observed).
        "reg" => checked_regex(name)?,
        _ => return Err(format!("-m with unsupported matching method '{method}'")),
    };
    Ok(vec![pattern, Arg::Word(method)])
}

fn with_value<'a>(
    view: &mut ActionView<'a>,
    args: &'a Args,
    prepare: fn(&mut Head, &[u8]),
) -> Outcome<'a> {
    let (Some(name), Some(format)) = (args.text(0), args.format(1)) else {
        return Outcome::Next;
    };
    let value = view.write(format);
    if let Some(head) = view.message() {
        prepare(head, name);
    }
    if !view.has_room(FIELD + name.len() + value.len(), 0) {
        return view.no_room();
    }
    if let Some(head) = view.message() {
        head.add(name, value);
    }
    Outcome::Next
}

fn del_header<'a>(view: &mut ActionView<'a>, args: &'a Args) -> Outcome<'a> {
    let Some(head) = view.message() else {
        return Outcome::Next;
    };
    let pattern = args.text(0).unwrap_or_default();
    match (args.word(1), args.regex(0)) {
        (_, Some(regex)) => head.remove_where(|name, _| regex.is_match(name)),
        (Some("beg"), _) => head.remove_where(|name, _| name.starts_with(pattern)),
        (Some("end"), _) => head.remove_where(|name, _| name.ends_with(pattern)),
        (Some("sub"), _) => head.remove_where(|name, _| {
            pattern.is_empty() || name.windows(pattern.len()).any(|part| part == pattern)
        }),
        _ => {
            head.remove(pattern);
        }
    }
    Outcome::Next
}

/// What becomes of a header's value; `None`: it stays.
type Rewrite = for<'v> fn(&[u8], &Regex, &[u8], &'v Arena) -> Option<&'v [u8]>;

fn replace<'a>(view: &mut ActionView<'a>, args: &'a Args, rewrite: Rewrite) -> Outcome<'a> {
    let (Some(name), Some(regex), Some(format)) = (args.text(0), args.regex(1), args.format(2))
    else {
        return Outcome::Next;
    };
    let arena = view.arena;
    let by = view.write(format);
    let mut from = 0;
    while let Some(head) = view.message()
        && let Some(at) = head.position(name, from)
    {
        let before = head.value(at);
        if let Some(value) = rewrite(before, regex, by, arena) {
            let before = before.len();
            if !view.has_room(value.len(), before) {
                return view.no_room();
            }
            if let Some(head) = view.message() {
                head.replace_value(at, value);
            }
        }
        from = at + 1;
    }
    Outcome::Next
}

/// A match anywhere replaces the whole value.
pub(super) fn whole<'v>(
    value: &[u8],
    regex: &Regex,
    by: &[u8],
    arena: &'v Arena,
) -> Option<&'v [u8]> {
    let groups = regex.groups(value, 0)?;
    let mut out = Vec::with_capacity(by.len());
    expand(by, value, &groups, &mut out);
    Some(arena.alloc_slice_copy(&out))
}

/// Each comma-separated element for itself; the blanks around those that match go.
fn by_element<'v>(value: &[u8], regex: &Regex, by: &[u8], arena: &'v Arena) -> Option<&'v [u8]> {
    let mut out = Vec::with_capacity(value.len());
    let mut changed = false;
    for (at, part) in split_raw(value).enumerate() {
        if at > 0 {
            out.push(b',');
        }
        let element = trim(part);
        match regex.groups(element, 0) {
            Some(groups) => {
                expand(by, element, &groups, &mut out);
                changed = true;
            }
            None => out.extend_from_slice(part),
        }
    }
    changed.then(|| &*arena.alloc_slice_copy(&out))
}

/// The parts between commas that stand in no quotes, with the blanks around them.
fn split_raw(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut quoted = false;
    let mut escaped = false;
    value.split(move |&byte| {
        let was_escaped = std::mem::take(&mut escaped);
        match byte {
            b'"' if !was_escaped => quoted = !quoted,
            b'\\' if quoted && !was_escaped => escaped = true,
            _ => {}
        }
        byte == b',' && !quoted
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rewritten(rewrite: Rewrite, value: &str, regex: &str, by: &str) -> Option<String> {
        let arena = Arena::new();
        let regex = Regex::new(regex.as_bytes(), false).unwrap();
        let value = rewrite(value.as_bytes(), &regex, by.as_bytes(), &arena)?;
        Some(String::from_utf8_lossy(value).into_owned())
    }

    // Values recorded from the reference.
    #[test]
    fn a_match_replaces_the_whole_value_or_the_whole_element() {
        assert_eq!(rewritten(whole, "abbc,d", "b+", "X").as_deref(), Some("X"));
        assert_eq!(
            rewritten(whole, "xy", "^(.)(.)$", "<\\2\\1\\0>").as_deref(),
            Some("<yxxy>")
        );
        assert_eq!(
            rewritten(by_element, "a,b1 , b2,c", "^b(.)", "Y\\1").as_deref(),
            Some("a,Y1,Y2,c")
        );
        assert_eq!(
            rewritten(by_element, "p, q,,r", "(.*)", "[\\1]").as_deref(),
            Some("[p],[q],[],[r]")
        );
        assert_eq!(rewritten(by_element, "a, c", "b", "x"), None);
        assert_eq!(rewritten(whole, "xyz", "^(.)(.)$", "<\\2\\1\\0>"), None);
    }
}
