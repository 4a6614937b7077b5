//! `normalize-uri NORMALIZER`: one spelling of targets that mean the same (manual 4.2, RFC 3986 §6).
//!
//! ```text
//! http-request normalize-uri percent-decode-unreserved strict
//! http-request normalize-uri path-strip-dotdot full
//! ```

use std::borrow::Cow;

use locum_model::expr::Arg;
use locum_runtime::{
    http::message::Head,
    plan::args::Args,
    rules::{ActionView, Outcome, Verdict},
    vocab::{ActionDef, RuleSets},
};

use crate::lowering::{ActionWord, RuleWords};

pub(super) static NORMALIZE_URI: ActionWord = ActionWord {
    def: &ActionDef {
        name: "normalize-uri",
        rule_sets: RuleSets::HTTP_REQUEST,
        is_final: false,
        run: normalize,
    },
    parse: normalizer,
};

/// What of the target a normalizer works on.
enum Of {
    /// The path.
    Path(fn(&[u8]) -> Vec<u8>),
    /// The query.
    Query(fn(&[u8]) -> Vec<u8>),
    /// The path and all that follows; `None`: a percent sign without two hexadecimal digits behind it is an error.
    Rest(fn(&[u8], Strict) -> Option<Vec<u8>>),
}

/// Whether wrong sequences are an error.
type Strict = bool;

struct Normalizer {
    name: &'static str,
    /// The word that may follow.
    option: Option<&'static str>,
    of: Of,
    /// With the option, where that is another function.
    full: Option<Of>,
}

const fn plain(name: &'static str, of: Of) -> Normalizer {
    Normalizer {
        name,
        option: None,
        of,
        full: None,
    }
}

static NORMALIZERS: &[Normalizer] = &[
    plain(
        "fragment-encode",
        Of::Rest(|rest, _| {
            Some(
                rest.split(|&byte| byte == b'#')
                    .collect::<Vec<_>>()
                    .join(&b"%23"[..]),
            )
        }),
    ),
    plain(
        "fragment-strip",
        Of::Rest(|rest, _| rest.split(|&byte| byte == b'#').next().map(<[u8]>::to_vec)),
    ),
    plain("path-merge-slashes", Of::Path(merge_slashes)),
    plain("path-strip-dot", Of::Path(strip_dot)),
    Normalizer {
        name: "path-strip-dotdot",
        option: Some("full"),
        of: Of::Path(|path| strip_dotdot(path, false)),
        full: Some(Of::Path(|path| strip_dotdot(path, true))),
    },
    Normalizer {
        name: "percent-decode-unreserved",
        option: Some("strict"),
        of: Of::Rest(decode_unreserved),
        full: None,
    },
    Normalizer {
        name: "percent-to-uppercase",
        option: Some("strict"),
        of: Of::Rest(to_uppercase),
        full: None,
    },
    plain("query-sort-by-name", Of::Query(sort_by_name)),
];

fn normalizer(words: &mut RuleWords<'_, '_>) -> Result<Vec<Arg>, String> {
    let name = String::from_utf8_lossy(words.take());
    if name.is_empty() {
        return Err("missing argument <normalizer>".to_owned());
    }
    let Some(at) = NORMALIZERS.iter().position(|known| known.name == name) else {
        return Err(format!("unknown normalizer '{name}'"));
    };
    let mut with_option = 0;
    if let Some(option) = NORMALIZERS[at].option
        && !words.at_end()
    {
        let found = String::from_utf8_lossy(words.take());
        if found != option {
            return Err(format!(
                "unknown argument '{found}' for '{name}' normalizer"
            ));
        }
        with_option = 1;
    }
    Ok(vec![Arg::Int(at as i64), Arg::Int(with_option)])
}

fn normalize<'a>(view: &mut ActionView<'a>, args: &'a Args) -> Outcome<'a> {
    let normalizer = args
        .int(0)
        .and_then(|at| NORMALIZERS.get(usize::try_from(at).ok()?));
    let with_option = args.int(1) == Some(1);
    let (Some(normalizer), Some(head)) = (normalizer, view.request.as_deref_mut()) else {
        return Outcome::Next;
    };
    let target = head.target();
    if !target.path.starts_with(b"/") {
        return Outcome::Next;
    }
    let of = match &normalizer.full {
        Some(full) if with_option => full,
        _ => &normalizer.of,
    };
    let (before, after) = match of {
        Of::Path(change) => (target.path, Some(change(target.path))),
        Of::Query(change) => match target.query {
            Some(query) => (query, Some(change(query))),
            None => return Outcome::Next,
        },
        Of::Rest(change) => {
            let rest = target.path_and_query();
            (rest, change(rest, with_option))
        }
    };
    let Some(after) = after else {
        return Outcome::Final(Verdict::Malformed);
    };
    if before != after {
        let path_and_query = match (of, target.query) {
            (Of::Path(_), None) | (Of::Rest(_), _) => Cow::Borrowed(&after[..]),
            (Of::Path(_), Some(query)) => Cow::Owned([&after[..], b"?", query].concat()),
            (Of::Query(_), _) => Cow::Owned([target.path, b"?", &after].concat()),
        };
        let path_and_query = view.arena.alloc_slice_copy(&path_and_query);
        Head::set_path_and_query(head, path_and_query);
    }
    Outcome::Next
}

fn merge_slashes(path: &[u8]) -> Vec<u8> {
    let mut merged = path.to_vec();
    merged.dedup_by(|next, before| *next == b'/' && *before == b'/');
    merged
}

/// The segments of a path that begins with a slash, and whether one is the last.
fn segments(path: &[u8]) -> impl Iterator<Item = (&[u8], bool)> {
    let mut segments = path
        .get(1..)
        .unwrap_or_default()
        .split(|&byte| byte == b'/')
        .peekable();
    std::iter::from_fn(move || {
        let segment = segments.next()?;
        Some((segment, segments.peek().is_none()))
    })
}

fn joined(segments: &[&[u8]]) -> Vec<u8> {
    let mut path = Vec::new();
    for segment in segments {
        path.push(b'/');
        path.extend_from_slice(segment);
    }
    path
}

fn strip_dot(path: &[u8]) -> Vec<u8> {
    let mut kept: Vec<&[u8]> = Vec::new();
    for (segment, is_last) in segments(path) {
        match segment {
            b"." if is_last => kept.push(b""),
            b"." => {}
            other => kept.push(other),
        }
    }
    joined(&kept)
}

/// `..` takes the segment before it away. Those that have none stay at the beginning, unless they are to go, too.
fn strip_dotdot(path: &[u8], full: bool) -> Vec<u8> {
    let mut kept: Vec<&[u8]> = Vec::new();
    for (segment, is_last) in segments(path) {
        if segment != b".." {
            kept.push(segment);
            continue;
        }
        match kept.last() {
            Some(before) if *before != b".." => {
                kept.pop();
            }
            _ if full => {}
            _ => kept.push(segment),
        }
        if is_last {
            kept.push(b"");
        }
    }
    joined(&kept)
}

/// The byte that a percent sign and two digits stand for.
fn decoded(sequence: &[u8]) -> Option<u8> {
    let [b'%', high, low, ..] = sequence else {
        return None;
    };
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(*high)? << 4 | digit(*low)?).ok()
}

fn decode_unreserved(rest: &[u8], strict: Strict) -> Option<Vec<u8>> {
    sequences(rest, strict, |byte, sequence, out| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(byte);
        } else {
            out.extend_from_slice(sequence);
        }
    })
}

fn to_uppercase(rest: &[u8], strict: Strict) -> Option<Vec<u8>> {
    sequences(rest, strict, |_, sequence, out| {
        out.extend(sequence.iter().map(u8::to_ascii_uppercase));
    })
}

fn sequences(rest: &[u8], strict: Strict, write: fn(u8, &[u8], &mut Vec<u8>)) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(rest.len());
    let mut at = 0;
    while let Some(&byte) = rest.get(at) {
        match decoded(&rest[at..]) {
            Some(byte) => {
                write(byte, &rest[at..at + 3], &mut out);
                at += 3;
            }
            None if byte == b'%' && strict => return None,
            None => {
                out.push(byte);
                at += 1;
            }
        }
    }
    Some(out)
}

fn sort_by_name(query: &[u8]) -> Vec<u8> {
    let mut parameters: Vec<&[u8]> = query.split(|&byte| byte == b'&').collect();
    // An empty one at the end is none (observed).
    parameters.pop_if(|last| last.is_empty());
    parameters.sort_by_key(|parameter| parameter.split(|&byte| byte == b'=').next());
    parameters.join(&b'&')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_of_dots_go() {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        assert_eq!(text(strip_dot(b"/.//.")), "//");
        assert_eq!(text(strip_dot(b"/a/.")), "/a/");
        let dotdot = |path: &str, full| text(strip_dotdot(path.as_bytes(), full));
        assert_eq!(dotdot("/a///..", false), "/a//");
        assert_eq!(dotdot("/a/b/../../..", false), "/../");
        assert_eq!(dotdot("/..//a", true), "//a");
        assert_eq!(dotdot("/../../a", false), "/../../a");
        assert_eq!(text(sort_by_name(b"&b&a&")), "&a&b");
    }
}
