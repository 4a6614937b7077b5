//! Every word that we execute is shown by a golden scenario: a configuration that is played, not just checked, uses it,
//! so that `expected/` has what the reference made of it. What isn't executed yet, or not shown yet, stands here with a
//! reason.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use crate::{
    action::ACTIONS,
    converter,
    fetch::{canonical, definition},
    lowering::known::{CONVERTERS, FETCHES, Kind, acl_word, known_converter, known_fetch},
    matcher::MATCHERS,
};

/// Fetches that are known and not executed: a name, or the beginning of names; why.
const FETCHES_NOT_EXECUTED: &[(&str, &str)] = &[
    ("cpu_", "the reference's profiling of its tasks"),
    ("cur_", "follows set-timeout, which is not executed yet"),
    ("fcgi.", "FastCGI applications are not executed yet"),
    (
        "internal.",
        "for the reference's developers (manual 7.3.7): its own form of messages",
    ),
    ("lat_", "the reference's profiling of its tasks"),
    (
        "prio_",
        "follows set-priority-class and -offset, which are not executed yet",
    ),
    ("res.cache_", "the cache is not executed yet"),
    ("res.comp", "compression is not executed yet"),
];

const RESPONSE_BYTES: &str = "rules on responses see no body and no bytes yet";

const REFERENCE_CRASHES: &str = "the reference ends by a segmentation fault";

/// Words of any kind that no scenario shows yet.
const NOT_SHOWN: &[(&str, &str)] = &[
    ("action silent-drop", "the scenario of that name rejects"),
    ("converter and", "shown by unit tests only"),
    ("converter b64dec", "shown by unit tests only"),
    ("converter base64", "shown by unit tests only"),
    ("converter bool", "shown by unit tests only"),
    ("converter bytes", "shown by unit tests only"),
    ("converter cpl", "shown by unit tests only"),
    ("converter cut_crlf", "shown by unit tests only"),
    ("converter even", "shown by unit tests only"),
    ("converter hex2i", "shown by unit tests only"),
    ("converter host_only", "shown by unit tests only"),
    ("converter htonl", "shown by unit tests only"),
    ("converter http_date", "shown by unit tests only"),
    ("converter iif", "shown by unit tests only"),
    ("converter ltime", "shown by unit tests only"),
    ("converter ltrim", "shown by unit tests only"),
    ("converter mod", "shown by unit tests only"),
    ("converter mul", "shown by unit tests only"),
    ("converter neg", "shown by unit tests only"),
    ("converter not", "shown by unit tests only"),
    ("converter odd", "shown by unit tests only"),
    ("converter or", "shown by unit tests only"),
    ("converter port_only", "shown by unit tests only"),
    ("converter rtrim", "shown by unit tests only"),
    ("converter set-var", "shown by unit tests only"),
    ("converter sub", "shown by unit tests only"),
    ("converter unset-var", "shown by unit tests only"),
    ("converter url_enc", "shown by unit tests only"),
    ("converter utime", "shown by unit tests only"),
    ("converter word", "shown by unit tests only"),
    ("converter xor", "shown by unit tests only"),
    ("fetch rep_ssl_hello_type", RESPONSE_BYTES),
    ("fetch res.body", RESPONSE_BYTES),
    ("fetch res.body_len", RESPONSE_BYTES),
    ("fetch res.body_size", RESPONSE_BYTES),
    ("fetch res.len", RESPONSE_BYTES),
    ("fetch res.payload", RESPONSE_BYTES),
    ("fetch res.payload_lv", RESPONSE_BYTES),
    ("fetch res.ssl_hello_type", RESPONSE_BYTES),
    ("fetch src_clr_gpc", REFERENCE_CRASHES),
    ("fetch src_inc_gpc", REFERENCE_CRASHES),
];

#[test]
fn fetches_that_are_not_executed_have_a_reason() {
    for row in FETCHES.iter().filter(|row| !is_executed(row.name)) {
        let has_reason = FETCHES_NOT_EXECUTED
            .iter()
            .any(|(name, _)| row.name.starts_with(name));
        assert!(has_reason, "{} is not executed: why?", row.name);
    }
}

#[test]
fn every_executed_word_is_shown_by_a_scenario() {
    let shown = shown();
    let fetches = FETCHES
        .iter()
        .map(|row| row.name)
        .filter(|name| is_executed(name))
        .map(|name| format!("fetch {name}"));
    let converters = CONVERTERS
        .iter()
        .filter(|row| converter::definition(row.name).is_some())
        .map(|row| format!("converter {}", row.name));
    let matchers = MATCHERS.iter().map(|row| format!("matcher {}", row.name));
    let actions = ACTIONS
        .iter()
        .map(|word| format!("action {}", word.def.name));
    let all: BTreeSet<String> = fetches
        .chain(converters)
        .chain(matchers)
        .chain(actions)
        .collect();
    let excused: BTreeSet<&str> = NOT_SHOWN.iter().map(|row| row.0).collect();
    let missing: Vec<&String> = all
        .iter()
        .filter(|word| !shown.contains(*word) && !excused.contains(word.as_str()))
        .collect();
    assert!(missing.is_empty(), "no scenario shows {missing:?}");
}

fn is_executed(name: &str) -> bool {
    definition(canonical(name).unwrap_or(name)).is_some()
}

/// `fetch NAME`, `converter NAME`, `matcher NAME`, `action NAME` of all that played configurations use.
fn shown() -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../golden-tests/scenarios/haproxy");
    let mut shown = BTreeSet::new();
    for topic in children(&root) {
        for scenario in children(&topic).into_iter().filter(|path| is_played(path)) {
            let files = children(&scenario).into_iter();
            for file in files.filter(|path| path.extension().is_some_and(|kind| kind == "cfg")) {
                let text = fs::read(&file).unwrap_or_default();
                for line in String::from_utf8_lossy(&text).lines() {
                    look_at(line.trim(), &mut shown);
                }
            }
        }
    }
    shown
}

/// Whether traffic is recorded, rather than a verdict on the configuration alone.
fn is_played(scenario: &Path) -> bool {
    let recorded = children(&scenario.join("expected"));
    recorded.iter().any(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        !name.starts_with("commands") && !name.starts_with("process-")
    })
}

fn children(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    entries.flatten().map(|entry| entry.path()).collect()
}

/// Words in front of an expression.
const BEFORE_EXPRESSIONS: [&str; 10] = [
    "capture",
    "hash",
    "match",
    "on",
    "set-dst",
    "set-dst-port",
    "set-src",
    "set-src-port",
    "store-request",
    "store-response",
];

fn look_at(line: &str, shown: &mut BTreeSet<String>) {
    if line.starts_with('#') {
        return;
    }
    let words: Vec<&str> = line.split_whitespace().collect();
    let action = match words.as_slice() {
        [
            "http-request" | "http-response" | "http-after-response",
            action,
            ..,
        ] => Some(action),
        ["tcp-request" | "tcp-response", _, action, ..] => Some(action),
        ["redirect", ..] => words.first(),
        _ => None,
    };
    if let Some(action) = action {
        let name = action.split('(').next().unwrap_or_default();
        // `track-sc0` to `track-sc2` are one word.
        let name = if name.starts_with("track-sc") {
            "track-sc"
        } else {
            name
        };
        shown.insert(format!("action {name}"));
    }
    if let ["acl", _, test @ ..] = words.as_slice() {
        look_at_test(test, shown);
    }
    if words.contains(&"WAIT_END") {
        shown.insert("fetch wait_end".to_owned());
    }
    for (at, word) in words.iter().enumerate() {
        let next = words.get(at + 1..).unwrap_or_default();
        if *word == "{" {
            let end = next.iter().position(|word| *word == "}");
            look_at_test(&next[..end.unwrap_or(next.len())], shown);
        }
        let leads = BEFORE_EXPRESSIONS.contains(word)
            || word.starts_with("set-var(")
            || word.starts_with("track-sc");
        if leads && let Some(next) = next.first() {
            look_at_expression(next, shown);
        }
    }
    let mut rest = line;
    while let Some(at) = rest.find("%[").or_else(|| rest.find("}[")) {
        rest = &rest[at + 2..];
        look_at_expression(&rest[..end_of_expression(rest)], shown);
    }
}

/// An access list's expression and how it is matched.
fn look_at_test(words: &[&str], shown: &mut BTreeSet<String>) {
    let Some((method, output)) = words
        .first()
        .and_then(|text| look_at_expression(text, shown))
    else {
        return;
    };
    let said = words.iter().position(|word| *word == "-m");
    let said = said.and_then(|at| words.get(at + 1)).copied();
    let method = said.or(method).unwrap_or(match output {
        Kind::Bool => "bool",
        Kind::Int => "int",
        Kind::Ip | Kind::Ipv4 | Kind::Ipv6 => "ip",
        Kind::Method => "meth",
        Kind::Any | Kind::Str | Kind::Bin => "str",
    });
    shown.insert(format!("matcher {method}"));
}

/// Notes the words of an expression. Gives the match method that the first of them implies, and the type of it all.
fn look_at_expression(
    text: &str,
    shown: &mut BTreeSet<String>,
) -> Option<(Option<&'static str>, Kind)> {
    let mut calls = calls(text.trim_matches(['"', '\''])).into_iter();
    let word = calls.next()?;
    let (fetch, method) = match acl_word(word) {
        Some((fetch, method)) => (fetch, Some(method)),
        None => (word, None),
    };
    let mut output = known_fetch(fetch)?.output;
    shown.insert(format!("fetch {word}"));
    shown.insert(format!("fetch {fetch}"));
    for name in calls {
        shown.insert(format!("converter {name}"));
        match known_converter(name).map_or(Kind::Any, |row| row.output) {
            Kind::Any => {}
            changed => output = changed,
        }
    }
    Some((method, output))
}

/// The names of `fetch(arguments),converter(arguments),…`.
fn calls(text: &str) -> Vec<&str> {
    let (mut depth, mut start, mut names) = (0, 0, Vec::new());
    let ends = text.char_indices().chain([(text.len(), ',')]);
    for (at, found) in ends {
        match found {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth <= 0 => {
                let call = &text[start..at];
                names.push(call.split('(').next().unwrap_or_default());
                start = at + 1;
            }
            _ => {}
        }
    }
    names
}

/// The closing bracket, which may stand in the arguments too.
fn end_of_expression(text: &str) -> usize {
    let mut depth = 0;
    for (at, found) in text.char_indices() {
        match found {
            '(' => depth += 1,
            ')' => depth -= 1,
            ']' if depth <= 0 => return at,
            _ => {}
        }
    }
    text.len()
}
