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
    fetch::is_executed,
    lowering::known::{
        CONVERTERS, FETCHES, Kind, acl_word, expected_actions, known_converter, known_fetch,
    },
    matcher::MATCHERS,
};
use locum_runtime::vocab::RuleSets;

/// Fetches that are known and not executed: a name, or the beginning of names; why.
const FETCHES_NOT_EXECUTED: &[(&str, &str)] = &[
    ("cpu_", "the reference's profiling of its tasks"),
    ("fcgi.", "FastCGI applications are not executed yet"),
    (
        "internal.",
        "for the reference's developers (manual 7.3.7): its own form of messages",
    ),
    ("lat_", "the reference's profiling of its tasks"),
    ("res.cache_", "the cache is not executed yet"),
    ("res.comp", "compression is not executed yet"),
];

/// Converters that are known and not executed, the same way.
const CONVERTERS_NOT_EXECUTED: &[(&str, &str)] = &[(
    "wt6",
    "its function is described nowhere but in the reference's source",
)];

/// Actions that are known and not executed in any rule set.
const ACTIONS_NOT_EXECUTED: &[(&str, &str)] = &[
    ("cache-", "the cache is not executed yet"),
    ("do-resolve", "needs resolvers, which are not executed yet"),
    (
        "expect-netscaler-cip",
        "follows accept-netscaler-cip, which is not executed yet",
    ),
    (
        "ot-group",
        "a filter for tracing that Debian's reference lacks",
    ),
    ("send-spoe-group", "needs SPOE, which is not executed yet"),
    ("use-service", "needs services, which are not executed yet"),
];

const REFERENCE_CRASHES: &str = "the reference ends by a segmentation fault";

/// Words of any kind that no scenario shows yet.
const NOT_SHOWN: &[(&str, &str)] = &[
    (
        "action set-mark",
        "packets' marks need CAP_NET_ADMIN; a unit test reads the socket's",
    ),
    ("fetch src_clr_gpc", REFERENCE_CRASHES),
    ("fetch src_inc_gpc", REFERENCE_CRASHES),
];

#[test]
fn words_that_are_not_executed_have_a_reason_and_others_have_none() {
    let fetches = FETCHES.iter().map(|row| row.name);
    let converters = CONVERTERS.iter().map(|row| row.name);
    let is_converter = |name: &str| converter::definition(name).is_some();
    reasons_are_right(fetches, is_executed, FETCHES_NOT_EXECUTED);
    reasons_are_right(converters, is_converter, CONVERTERS_NOT_EXECUTED);
    let actions = RULE_SETS.iter().flat_map(|set| expected_actions(*set));
    let actions = actions.map(|name| name.trim_end_matches("(*)"));
    reasons_are_right(actions, is_action, ACTIONS_NOT_EXECUTED);
}

/// Each word that isn't executed has a reason, and each reason such a word.
fn reasons_are_right<'n>(
    names: impl Iterator<Item = &'n str>,
    is_executed: impl Fn(&str) -> bool,
    reasons: &[(&str, &str)],
) {
    let missing: BTreeSet<&str> = names.filter(|name| !is_executed(name)).collect();
    let has_reason = |name: &&&str| reasons.iter().any(|(start, _)| name.starts_with(start));
    let without: Vec<_> = missing.iter().filter(|name| !has_reason(name)).collect();
    assert!(without.is_empty(), "not executed, and why? {without:?}");
    let stale: Vec<_> = reasons
        .iter()
        .filter(|(start, _)| !missing.iter().any(|name| name.starts_with(start)))
        .collect();
    assert!(
        stale.is_empty(),
        "no such word, or it is executed: {stale:?}"
    );
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
    let stale: Vec<&&str> = excused
        .iter()
        .filter(|word| !all.contains(**word) || shown.contains(**word))
        .collect();
    assert!(stale.is_empty(), "shown, or not executed: {stale:?}");
}

const RULE_SETS: [RuleSets; 7] = [
    RuleSets::HTTP_REQUEST,
    RuleSets::HTTP_RESPONSE,
    RuleSets::HTTP_AFTER_RESPONSE,
    RuleSets::TCP_REQUEST_CONNECTION,
    RuleSets::TCP_REQUEST_SESSION,
    RuleSets::TCP_REQUEST_CONTENT,
    RuleSets::TCP_RESPONSE_CONTENT,
];

fn is_action(name: &str) -> bool {
    ACTIONS.iter().any(|word| word.def.name == name)
}

/// `fetch NAME`, `converter NAME`, `matcher NAME`, `action NAME` of all that played configurations use.
fn shown() -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../golden-tests/scenarios/haproxy");
    let mut shown = BTreeSet::new();
    for topic in children(&root) {
        for scenario in children(&topic).into_iter().filter(|path| is_played(path)) {
            let files = children(&scenario).into_iter();
            for file in files.filter(|path| path.is_file() && !path.ends_with("scenario.toml")) {
                let is_configuration = file.extension().is_some_and(|kind| kind == "cfg");
                let text = fs::read(&file).unwrap_or_default();
                for line in String::from_utf8_lossy(&text).lines() {
                    if is_configuration {
                        look_at(line.trim(), &mut shown);
                    }
                    // The content of a reply may be a format in a file of its own.
                    look_at_format(line, &mut shown);
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
}

fn look_at_format(line: &str, shown: &mut BTreeSet<String>) {
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
