//! `redirect { location | prefix | scheme } TARGET [code N] [drop-query] [append-slash] [ignore-empty] [set-cookie C]
//! [clear-cookie C]` (manual: "redirect").
//!
//! ```text
//! http-request redirect scheme https code 301 unless { ssl_fc }
//! ```

use locum_model::{Text, expr::Arg};
use locum_runtime::{
    http::message::Head,
    plan::args::Args,
    rules::{ActionView, Outcome, Respond, Verdict, reply::LocalReply},
    vocab::{ActionDef, RuleSets},
};

use crate::lowering::{ActionWord, RuleWords, lower_rule_format};

pub(super) static REDIRECT: ActionWord = ActionWord {
    def: &ActionDef {
        name: "redirect",
        rule_sets: RuleSets::HTTP_REQUEST.union(RuleSets::HTTP_RESPONSE),
        is_final: true,
        run: redirect,
    },
    parse,
};

/// Places of the arguments.
const KIND: usize = 0;
const TARGET: usize = 1;
const CODE: usize = 2;
const COOKIE: usize = 3;
const DROP_QUERY: usize = 4;
const APPEND_SLASH: usize = 5;
const IGNORE_EMPTY: usize = 6;

fn parse(words: &mut RuleWords<'_, '_>) -> Result<Vec<Arg>, String> {
    let mut args = vec![Arg::Absent; 7];
    args[CODE] = Arg::Int(302);
    while !words.at_end() {
        let word = words.take();
        let shown = String::from_utf8_lossy(word).into_owned();
        match word {
            b"location" | b"prefix" | b"scheme" => {
                let target = argument(words, &shown)?;
                args[TARGET] = match (word, &*target) {
                    // A prefix of a slash is none: it strips what stood before the path.
                    (b"prefix", b"/") => Arg::Absent,
                    _ => Arg::Format(lower_rule_format(&target, words.place)?),
                };
                args[KIND] = Arg::Word(shown);
            }
            b"set-cookie" => {
                let cookie = argument(words, &shown)?;
                args[COOKIE] = Arg::Str(Text::from([&cookie[..], b"; path=/;"].concat()));
            }
            b"clear-cookie" => {
                let cookie = argument(words, &shown)?;
                args[COOKIE] =
                    Arg::Str(Text::from([&cookie[..], b"; path=/; Max-Age=0;"].concat()));
            }
            b"code" => {
                let code = argument(words, &shown)?;
                args[CODE] = match &*code {
                    b"301" => Arg::Int(301),
                    b"302" => Arg::Int(302),
                    b"303" => Arg::Int(303),
                    b"307" => Arg::Int(307),
                    b"308" => Arg::Int(308),
                    _ => {
                        return Err(format!(
                            "'code': unsupported HTTP code '{code}' (must be one of 301, 302, 303, 307 or 308)"
                        ));
                    }
                };
            }
            b"drop-query" => args[DROP_QUERY] = Arg::Word(shown),
            b"append-slash" => args[APPEND_SLASH] = Arg::Word(shown),
            b"ignore-empty" => args[IGNORE_EMPTY] = Arg::Word(shown),
            _ => {
                return Err(format!(
                    "expects 'code', 'prefix', 'location', 'scheme', 'set-cookie', 'clear-cookie', 'drop-query', \
                     'ignore-empty' or 'append-slash' (was '{shown}')"
                ));
            }
        }
    }
    if args[KIND] == Arg::Absent {
        return Err("redirection type expected ('prefix', 'location', or 'scheme')".to_owned());
    }
    Ok(args)
}

fn argument(words: &mut RuleWords<'_, '_>, word: &str) -> Result<Text, String> {
    if words.peek().is_empty() {
        return Err(format!("missing argument for '{word}'"));
    }
    Ok(Text::from(words.take()))
}

fn redirect<'a>(view: &mut ActionView<'a>, args: &'a Args) -> Outcome<'a> {
    let target = args
        .format(TARGET)
        .map_or(&[][..], |format| view.write(format));
    let is_location = args.word(KIND) == Some("location");
    if target.is_empty() && is_location && args.word(IGNORE_EMPTY).is_some() {
        return Outcome::Next;
    }
    let Some(request) = view.request.as_deref() else {
        return Outcome::Next;
    };
    let location = location(request, target, args);
    let status = args
        .int(CODE)
        .and_then(|code| u16::try_from(code).ok())
        .unwrap_or(302);
    let reason: &[u8] = match status {
        301 => b"Moved Permanently",
        303 => b"See Other",
        307 => b"Temporary Redirect",
        308 => b"Permanent Redirect",
        _ => b"Found",
    };
    let mut reply = LocalReply::without_body(status, reason);
    reply.head.add(b"location", &location);
    if !matches!(status, 301 | 308) {
        reply.head.add(b"cache-control", b"no-cache");
    }
    if let Some(cookie) = args.text(COOKIE) {
        reply.head.add(b"set-cookie", cookie);
    }
    // A request with a body loses its connection, whether the body came or not (observed).
    let close = request.facts.chunked
        || request
            .facts
            .content_length
            .is_some_and(|length| length > 0);
    Outcome::Final(Verdict::Respond(Box::new(Respond { reply, close })))
}

fn location(request: &Head, target: &[u8], args: &Args) -> Vec<u8> {
    let mut location = match args.word(KIND) {
        Some("prefix") => target.to_vec(),
        Some("scheme") => [target, b"://", request.first(b"host").unwrap_or_default()].concat(),
        _ => return target.to_vec(),
    };
    let rest = match args.word(DROP_QUERY) {
        Some(_) => request.path(),
        None => request.target().path_and_query(),
    };
    // Without a path the request is for the root.
    location.extend_from_slice(if rest.is_empty() { b"/" } else { rest });
    if args.word(APPEND_SLASH).is_some() && !location.ends_with(b"/") {
        location.push(b'/');
    }
    location
}

#[cfg(test)]
mod tests {
    use super::*;
    use locum_runtime::{http::message::Version, plan::args::Arg as Compiled};

    fn to(uri: &str, kind: &str, target: &str, drop_query: bool, append_slash: bool) -> String {
        let mut head = Head::request(b"GET", uri.as_bytes(), Version::HTTP_11);
        head.add(b"host", b"h");
        let flag = |on: bool| {
            if on {
                Compiled::Word("x".into())
            } else {
                Compiled::Absent
            }
        };
        let args = Args(Box::new([
            Compiled::Word(kind.into()),
            Compiled::Absent,
            Compiled::Int(302),
            Compiled::Absent,
            flag(drop_query),
            flag(append_slash),
        ]));
        String::from_utf8(location(&head, target.as_bytes(), &args)).unwrap()
    }

    // Values recorded from the reference.
    #[test]
    fn locations_are_the_references() {
        assert_eq!(to("/a?b", "location", "/x", false, true), "/x");
        assert_eq!(
            to("/a?b", "prefix", "http://a", false, false),
            "http://a/a?b"
        );
        assert_eq!(
            to("/a?b", "prefix", "http://a/", true, false),
            "http://a//a"
        );
        assert_eq!(to("/a?b", "prefix", "", false, false), "/a?b");
        assert_eq!(to("http://u/6/", "prefix", "/pre", false, false), "/pre/6/");
        assert_eq!(to("/a?b", "scheme", "https", false, false), "https://h/a?b");
        assert_eq!(to("/a?c", "prefix", "/p", false, true), "/p/a?c/");
        assert_eq!(to("/a?c", "prefix", "/p", true, true), "/p/a/");
        assert_eq!(to("/a/?c", "prefix", "/p", true, true), "/p/a/");
    }
}
