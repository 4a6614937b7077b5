//! Stick counters: `track-sc0 KEY [table TABLE]` to `track-sc2`, `sc-inc-gpc(IDX,ID)`, `sc-inc-gpc0(ID)`,
//! `sc-inc-gpc1(ID)`, `sc-set-gpt(IDX,ID) VALUE`, `sc-set-gpt0(ID) VALUE` (manual 4.2).
//!
//! ```text
//! http-request track-sc0 src table limits
//! http-request sc-inc-gpc0(0) if { path_beg /admin }
//! ```

use locum_model::{expr::Arg, proxy::DataType};
use locum_runtime::{
    plan::args::Args,
    rules::{ActionView, Outcome},
    sample::value::{Type, Value, leading_int},
    stick::{
        COUNTERS, Tracked,
        general::{self, General},
        key::key_of,
        tracking::events,
    },
    vocab::{ActionDef, ActionFn, RuleSets},
};

use crate::lowering::{ActionWord, RuleWords, Track};

/// Rule sets of connections: what they track is the session's.
const SESSION: RuleSets = RuleSets::TCP_REQUEST_CONNECTION.union(RuleSets::TCP_REQUEST_SESSION);

/// All but `http-after-response`.
const COUNTING: RuleSets = SESSION
    .union(RuleSets::TCP_REQUEST_CONTENT)
    .union(RuleSets::TCP_RESPONSE_CONTENT)
    .union(RuleSets::HTTP_REQUEST)
    .union(RuleSets::HTTP_RESPONSE);

pub(super) static TRACK_SESSION: ActionWord = ActionWord {
    def: &ActionDef {
        name: "track-sc",
        rule_sets: SESSION,
        is_final: false,
        run: |view, args| {
            if let Some((number, tracked)) = begin(view, args) {
                view.session.tracking.set(number, tracked);
            }
            Outcome::Next
        },
    },
    parse: track,
};

pub(super) static TRACK_STREAM: ActionWord = ActionWord {
    def: &ActionDef {
        name: "track-sc",
        rule_sets: RuleSets::TCP_REQUEST_CONTENT
            .union(RuleSets::HTTP_REQUEST)
            .union(RuleSets::HTTP_RESPONSE),
        is_final: false,
        run: |view, args| {
            if let Some((number, tracked)) = begin(view, args) {
                catch_up(view, &tracked);
                view.stream.tracking.set(number, tracked);
            }
            Outcome::Next
        },
    },
    parse: track,
};

pub(super) static SC_INC_GPC: ActionWord = ActionWord {
    def: &counting("sc-inc-gpc", increment),
    parse: |words| index_and_id(words, "gpc"),
};

pub(super) static SC_INC_GPC0: ActionWord = ActionWord {
    def: &counting("sc-inc-gpc0", increment),
    parse: |words| Ok(vec![only_id(words)?, Arg::Word("first".to_owned())]),
};

pub(super) static SC_INC_GPC1: ActionWord = ActionWord {
    def: &counting("sc-inc-gpc1", increment),
    parse: |words| Ok(vec![only_id(words)?, Arg::Word("second".to_owned())]),
};

pub(super) static SC_SET_GPT: ActionWord = ActionWord {
    def: &counting("sc-set-gpt", tag),
    parse: |words| {
        let mut args = index_and_id(words, "gpt")?;
        args.push(tag_value(words)?);
        Ok(args)
    },
};

pub(super) static SC_SET_GPT0: ActionWord = ActionWord {
    def: &counting("sc-set-gpt0", tag),
    parse: |words| {
        let action = shown(words);
        let id = single_id(words.action()).map_err(|problem| {
            let expected = "Expects sc-set-gpt0(<Track ID>)";
            format!(
                "invalid stick table track ID '{action}'. {}",
                problem.told(expected)
            )
        })?;
        let tag = Arg::Word("first".to_owned());
        Ok(vec![id, tag, tag_value(words)?])
    },
};

const fn counting(name: &'static str, run: ActionFn) -> ActionDef {
    ActionDef {
        name,
        rule_sets: COUNTING,
        is_final: false,
        run,
    }
}

fn shown(words: &RuleWords<'_, '_>) -> String {
    String::from_utf8_lossy(words.action()).into_owned()
}

/// The number, the key, the table: without one that of the proxy.
fn track(words: &mut RuleWords<'_, '_>) -> Result<Vec<Arg>, String> {
    let word = shown(words);
    let in_tcp = !words
        .set
        .intersects(RuleSets::HTTP_REQUEST | RuleSets::HTTP_RESPONSE);
    track_words(words, &word, in_tcp).map_err(|reason| match rule_set(words.set) {
        Some(set) => format!("'tcp-request {set} {word}' : {reason}"),
        None => reason,
    })
}

fn rule_set(set: RuleSets) -> Option<&'static str> {
    match set {
        RuleSets::TCP_REQUEST_CONNECTION => Some("connection"),
        RuleSets::TCP_REQUEST_SESSION => Some("session"),
        RuleSets::TCP_REQUEST_CONTENT => Some("content"),
        _ => None,
    }
}

fn track_words(
    words: &mut RuleWords<'_, '_>,
    word: &str,
    in_tcp: bool,
) -> Result<Vec<Arg>, String> {
    let number = word.strip_prefix("track-sc").unwrap_or_default();
    if !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(format!("Wrong track-sc number '{number}'"));
    }
    let index: usize = if number.is_empty() {
        0
    } else {
        number.parse().unwrap_or(usize::MAX)
    };
    if index >= COUNTERS {
        let last = COUNTERS - 1;
        return Err(format!(
            "{number} track-sc number exceeding {last} (MAX_SESS_STKCTR-1) value"
        ));
    }
    let (key, output, points) = words.typed_expr()?;
    let mut table = words.place.proxy.to_owned();
    if words.peek() == b"table" {
        words.take();
        table = String::from_utf8_lossy(words.peek()).into_owned();
        if table.is_empty() && !in_tcp {
            return Err("missing table name".to_owned());
        }
        words.take();
    }
    words.place.notes.last_track_points = Some(points);
    words.place.notes.tracks.push(Track {
        table: table.clone(),
        word: format!("track-sc{index}"),
        output,
        proxy: words.place.proxy.to_owned(),
    });
    Ok(vec![
        Arg::Int(index as i64),
        Arg::Expr(key.value),
        Arg::Table(table),
    ])
}

/// Why there is no counter's number.
enum Problem {
    TooLarge,
    NoNumber,
}

impl Problem {
    fn told(&self, expected: &str) -> String {
        match self {
            Problem::TooLarge => format!("The max allowed ID is {}", COUNTERS - 1),
            Problem::NoNumber => expected.to_owned(),
        }
    }
}

/// The number that a text begins with, as C reads one, and what follows.
fn number(text: &[u8]) -> (i64, &[u8]) {
    let sign = usize::from(text.first() == Some(&b'-'));
    let digits = text[sign..]
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    if digits == 0 {
        return (0, text);
    }
    let (number, rest) = text.split_at(sign + digits);
    (leading_int(number).unwrap_or(0), rest)
}

/// `NAME(ID)`; without parentheses it is the first.
fn single_id(action: &[u8]) -> Result<Arg, Problem> {
    let Some(open) = action.iter().position(|byte| *byte == b'(') else {
        return Ok(Arg::Int(0));
    };
    let (id, rest) = number(&action[open + 1..]);
    checked_id(id, rest)
}

fn checked_id(id: i64, rest: &[u8]) -> Result<Arg, Problem> {
    match rest {
        [b')', ..] if id < COUNTERS as i64 => Ok(Arg::Int(id)),
        [b')', ..] => Err(Problem::TooLarge),
        _ => Err(Problem::NoNumber),
    }
}

fn only_id(words: &RuleWords<'_, '_>) -> Result<Arg, String> {
    single_id(words.action()).map_err(|problem| {
        let expected = format!("Expects {}(<Track ID>)", shown(words));
        format!("invalid stick table track ID. {}", problem.told(&expected))
    })
}

/// `NAME(INDEX,ID)`: the counter's number, then the element's.
fn index_and_id(words: &RuleWords<'_, '_>, what: &str) -> Result<Vec<Arg>, String> {
    let action = shown(words);
    let upper = what.to_uppercase();
    let stem = action.split('(').next().unwrap_or_default();
    let expected = format!("Expects {stem}(<{upper} ID>,<Track ID>)");
    let text = words.action();
    let Some(open) = text.iter().position(|byte| *byte == b'(') else {
        return Err(format!("invalid {what} ID '{action}'. {expected}"));
    };
    let (index, rest) = number(&text[open + 1..]);
    let Some(rest) = rest.strip_prefix(b",") else {
        return Err(format!("Missing {what} ID '{action}'. {expected}"));
    };
    let (id, rest) = number(rest);
    let id = checked_id(id, rest).map_err(|problem| {
        format!(
            "invalid stick table track ID '{action}'. {}",
            problem.told(&expected)
        )
    })?;
    Ok(vec![id, Arg::Int(index)])
}

/// A number, or an expression that gives one; nothing is 0.
fn tag_value(words: &mut RuleWords<'_, '_>) -> Result<Arg, String> {
    // No condition stands in its place (observed).
    if words.peek().is_empty() {
        return Ok(Arg::Int(0));
    }
    let (value, rest) = number(words.peek());
    if rest.is_empty() {
        words.take();
        return Ok(Arg::Int(value));
    }
    Ok(Arg::Expr(words.typed_expr()?.0.value))
}

/// Begins to track under a number that tracks nothing yet.
fn begin(view: &ActionView<'_>, args: &Args) -> Option<(usize, Tracked)> {
    let number = usize::try_from(args.int(0)?).ok()?;
    let shared = view.view();
    if shared.tracked(number).is_some() {
        return None;
    }
    let table = view.live.table(args.table(2)?);
    let value = args.expr(1)?.eval(&shared, view.arena).value()?;
    let key = key_of(table.settings.key, value, view.arena)?;
    let tracked = Tracked::begin(table, key, view.now.instant)?;
    Some((number, tracked))
}

/// What was counted of the exchange before is counted on the entry too.
fn catch_up(view: &ActionView<'_>, tracked: &Tracked) {
    let now = view.now.instant;
    let count = |events: (DataType, DataType)| {
        tracked.count(events.0, 1, now);
        tracked.count(events.1, 1, now);
    };
    if !view.stream.request_line.is_empty() {
        count(events::REQUEST);
    }
    if let Some(response) = &view.response
        && let Some(event) = events::of_status(response.status())
    {
        count(event);
    }
}

/// Which counter or tag the second argument names.
fn which(args: &Args, at: usize) -> Option<General> {
    if let Some(word) = args.word(at) {
        return Some(General::Single(word == "second"));
    }
    let index = args.int(at)?;
    Some(General::Element(u32::try_from(index).unwrap_or(u32::MAX)))
}

fn increment<'a>(view: &mut ActionView<'a>, args: &'a Args) -> Outcome<'a> {
    let shared = view.view();
    let number = args.int(0).and_then(|number| usize::try_from(number).ok());
    if let Some(tracked) = number.and_then(|number| shared.tracked(number))
        && let Some(which) = which(args, 1)
    {
        let table = tracked.table();
        let now_ms = table.milliseconds(view.now.instant);
        general::increment(table, tracked.entry(), which, now_ms);
    }
    Outcome::Next
}

fn tag<'a>(view: &mut ActionView<'a>, args: &'a Args) -> Outcome<'a> {
    let shared = view.view();
    let value = match args.expr(2) {
        None => args.int(2),
        Some(expr) => match expr.eval(&shared, view.arena).value() {
            Some(value) => match value.cast(Type::Int, view.arena) {
                Some(Value::Int(value)) => Some(value),
                _ => None,
            },
            None => None,
        },
    };
    let number = args.int(0).and_then(|number| usize::try_from(number).ok());
    if let Some(tracked) = number.and_then(|number| shared.tracked(number))
        && let (Some(which), Some(value)) = (which(args, 1), value)
    {
        let table = tracked.table();
        let now_ms = table.milliseconds(view.now.instant);
        general::tag(table, tracked.entry(), which, value as u64, now_ms);
    }
    Outcome::Next
}
