//! The request line: `replace-path`, `replace-pathq`, `replace-uri`, `set-method`, `set-path`, `set-pathq`, `set-query`,
//! `set-uri` (manual 4.2).
//!
//! ```text
//! http-request replace-path /old/(.*) /new/\1
//! ```

use locum_model::expr::Arg;
use locum_runtime::{
    http::message::Head,
    plan::args::Args,
    rules::{ActionView, Outcome},
    vocab::{ActionDef, RuleSets},
};

use super::{checked_regex, header::whole};
use crate::lowering::{ActionWord, RuleWords};

pub(super) static REPLACE_PATH: ActionWord = word(
    &action("replace-path", |view, args| {
        replace(view, args, Head::path, Head::set_path)
    }),
    regex_and_format,
);
pub(super) static REPLACE_PATHQ: ActionWord = word(
    &action("replace-pathq", |view, args| {
        replace(view, args, path_and_query, Head::set_path_and_query)
    }),
    regex_and_format,
);
pub(super) static REPLACE_URI: ActionWord = word(
    &action("replace-uri", |view, args| {
        replace(view, args, Head::uri, set_uri)
    }),
    regex_and_format,
);
pub(super) static SET_METHOD: ActionWord = word(
    &action("set-method", |view, args| set(view, args, Head::set_method)),
    format,
);
pub(super) static SET_PATH: ActionWord = word(
    &action("set-path", |view, args| set(view, args, Head::set_path)),
    format,
);
pub(super) static SET_PATHQ: ActionWord = word(
    &action("set-pathq", |view, args| {
        set(view, args, Head::set_path_and_query)
    }),
    format,
);
pub(super) static SET_QUERY: ActionWord = word(
    &action("set-query", |view, args| set(view, args, set_query)),
    format,
);
pub(super) static SET_URI: ActionWord = word(
    &action("set-uri", |view, args| set(view, args, set_uri)),
    format,
);

const fn action(name: &'static str, run: locum_runtime::vocab::ActionFn) -> ActionDef {
    ActionDef {
        name,
        rule_sets: RuleSets::HTTP_REQUEST,
        is_final: false,
        run,
    }
}

const fn word(def: &'static ActionDef, parse: crate::lowering::rule::ParseAction) -> ActionWord {
    ActionWord { def, parse }
}

fn format(words: &mut RuleWords<'_, '_>) -> Result<Vec<Arg>, String> {
    let surplus = !matches!(words.peek_at(1), b"" | b"if" | b"unless");
    if words.peek().is_empty() || surplus {
        return Err("expects exactly 1 argument <format>".to_owned());
    }
    Ok(vec![Arg::Format(words.format()?)])
}

fn regex_and_format(words: &mut RuleWords<'_, '_>) -> Result<Vec<Arg>, String> {
    let surplus = !matches!(words.peek_at(2), b"" | b"if" | b"unless");
    if words.peek().is_empty() || words.peek_at(1).is_empty() || surplus {
        return Err("expects exactly 2 arguments <match-regex> and <replace-format>".to_owned());
    }
    let regex = checked_regex(words.take())
        .map_err(|reason| format!("failed to parse the regex : {reason}"))?;
    Ok(vec![regex, Arg::Format(words.format()?)])
}

fn set<'a>(view: &mut ActionView<'a>, args: &'a Args, put: fn(&mut Head, &[u8])) -> Outcome<'a> {
    if let Some(format) = args.format(0) {
        let text = view.write(format);
        return rewrite(view, text, put);
    }
    Outcome::Next
}

/// Puts something into the request line, if it has room.
fn rewrite<'a>(view: &mut ActionView<'a>, text: &[u8], put: fn(&mut Head, &[u8])) -> Outcome<'a> {
    // One that has room in any case, or what was there to go back to.
    let arena = view.arena;
    let before = match (view.has_room(text.len() + 1, 0), view.request.as_deref()) {
        (false, Some(head)) => Some((
            arena.alloc_slice_copy(head.method()),
            arena.alloc_slice_copy(head.uri()),
        )),
        _ => None,
    };
    if let Some(head) = view.request.as_deref_mut() {
        put(head, text);
    }
    if let Some((method, uri)) = before
        && !view.has_room(0, 0)
    {
        if let Some(head) = view.request.as_deref_mut() {
            head.set_method(method);
            head.set_uri(uri);
        }
        return view.no_room();
    }
    Outcome::Next
}

fn replace<'a>(
    view: &mut ActionView<'a>,
    args: &'a Args,
    part: fn(&Head) -> &[u8],
    put: fn(&mut Head, &[u8]),
) -> Outcome<'a> {
    let (Some(regex), Some(format)) = (args.regex(0), args.format(1)) else {
        return Outcome::Next;
    };
    let arena = view.arena;
    let by = view.write(format);
    if let Some(head) = view.request.as_deref()
        && let Some(text) = whole(part(head), regex, by, arena)
    {
        return rewrite(view, text, put);
    }
    Outcome::Next
}

fn path_and_query(head: &Head) -> &[u8] {
    head.target().path_and_query()
}

/// The question mark is there even before an empty query, as the reference leaves it.
fn set_query(head: &mut Head, query: &[u8]) {
    let mut text = head.path().to_vec();
    text.push(b'?');
    text.extend_from_slice(query);
    head.set_path_and_query(&text);
}

/// A target with an authority changes the Host header with it.
fn set_uri(head: &mut Head, uri: &[u8]) {
    head.set_uri(uri);
    if let Some(authority) = head.target().authority.map(<[u8]>::to_vec)
        && let Some(at) = head.position(b"host", 0)
    {
        head.replace_value(at, &authority);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use locum_runtime::http::message::Version;

    // Values recorded from the reference.
    #[test]
    fn a_new_target_takes_the_host_header_along() {
        let mut head = Head::request(b"GET", b"/a?b", Version::HTTP_11);
        head.add(b"host", b"h");
        set_uri(&mut head, b"http://x/u?v");
        assert_eq!(
            (head.uri(), head.first(b"host")),
            (&b"http://x/u?v"[..], Some(&b"x"[..]))
        );
        set_uri(&mut head, b"/plain");
        assert_eq!(head.first(b"host"), Some(&b"x"[..]));
        set_query(&mut head, b"");
        assert_eq!(head.uri(), b"/plain?");
        set_query(&mut head, b"?a");
        assert_eq!(head.uri(), b"/plain??a");
    }
}
