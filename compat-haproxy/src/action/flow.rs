//! How a request goes on its way: `disable-l7-retry`, `expect-proxy`, `set-priority-class`, `set-priority-offset`,
//! `set-timeout`, `strict-mode`, `switch-mode`, `wait-for-handshake` (manual 4.2).
//!
//! ```text
//! http-request set-priority-class int(-1) if { path /health }
//! tcp-request connection expect-proxy layer4 if { src -f balancers.lst }
//! ```

use locum_model::expr::Arg;
use locum_parser::haproxy::units::{self, Time, TimeError, TimeUnit};
use locum_runtime::{
    plan::args::Args,
    rules::{ActionView, Outcome, Verdict},
    sample::value::{Type, Value},
    vocab::{ActionDef, ActionFn, RuleSets},
};

use super::ALL_HTTP;
use crate::lowering::{ActionWord, RuleWords};

pub(super) static DISABLE_L7_RETRY: ActionWord = ActionWord {
    def: &action("disable-l7-retry", RuleSets::HTTP_REQUEST, |view, _| {
        view.stream.keeps_to_its_answer = true;
        Outcome::Next
    }),
    parse: |_| Ok(Vec::new()),
};

pub(super) static STRICT_MODE: ActionWord = ActionWord {
    def: &action("strict-mode", ALL_HTTP, |view, args| {
        view.stream.lenient_rewrites = args.int(0) == Some(0);
        Outcome::Next
    }),
    parse: |words| match words.take() {
        b"on" => Ok(vec![Arg::Int(1)]),
        b"off" => Ok(vec![Arg::Int(0)]),
        b"" => Err("expects exactly 1 arguments".to_owned()),
        found => Err(format!(
            "Unexpected value '{}'. Only 'on' and 'off' are supported",
            String::from_utf8_lossy(found)
        )),
    },
};

/// Bytes become requests. What is HTTP already stays so; the rules behind it are not evaluated either way (observed).
pub(super) static SWITCH_MODE: ActionWord = ActionWord {
    def: &ActionDef {
        name: "switch-mode",
        rule_sets: RuleSets::TCP_REQUEST_CONTENT,
        is_final: true,
        run: |_, _| Outcome::Final(Verdict::Upgrade),
    },
    parse: mode,
};

fn mode(words: &mut RuleWords<'_, '_>) -> Result<Vec<Arg>, String> {
    let rule = "'tcp-request switch-mode'";
    if words.place.section == "backend" {
        return Err(format!(
            "{rule} not allowed because {} has no frontend capability",
            words.place.proxy_shown()
        ));
    }
    match words.take() {
        b"http" => {}
        b"" => return Err(format!("{rule} expects a mode as argument.")),
        found => {
            let found = String::from_utf8_lossy(found);
            return Err(format!("{rule} expects a valid mode (got '{found}')."));
        }
    }
    if words.peek() != b"proto" {
        return Ok(Vec::new());
    }
    words.take();
    match words.take() {
        b"h1" => Ok(Vec::new()),
        b"h2" => Ok(vec![Arg::Word("h2".to_owned())]),
        b"fcgi" => Ok(vec![Arg::Word("fcgi".to_owned())]),
        b"" => Err(format!("{rule}: 'proto' expects a protocol as argument.")),
        found => Err(format!(
            "{rule}: 'proto' expects a valid MUX protocol, if specified (got '{}')",
            String::from_utf8_lossy(found)
        )),
    }
}

/// There is no handshake to wait for: nothing of a request comes before it.
pub(super) static WAIT_FOR_HANDSHAKE: ActionWord = ActionWord {
    def: &action("wait-for-handshake", RuleSets::HTTP_REQUEST, |_, _| {
        Outcome::Next
    }),
    parse: |_| Ok(Vec::new()),
};

pub(super) static EXPECT_PROXY: ActionWord = ActionWord {
    def: &action(
        "expect-proxy",
        RuleSets::TCP_REQUEST_CONNECTION,
        |view, _| {
            view.session.expects_proxy_header = true;
            Outcome::Next
        },
    ),
    parse: |words| {
        let found = words.take();
        if found == b"layer4" {
            return Ok(Vec::new());
        }
        Err(format!(
            "'tcp-request connection expect-proxy' only supports 'layer4' in {} (got '{}')",
            words.place.proxy_shown(),
            String::from_utf8_lossy(found)
        ))
    },
};

/// Rule sets whose requests have not been queued yet.
const BEFORE_THE_QUEUE: RuleSets = RuleSets::HTTP_REQUEST.union(RuleSets::TCP_REQUEST_CONTENT);

/// Most that a class may be, and an offset in milliseconds; least is the same below 0 (manual: "set-priority-class").
const CLASSES: i64 = 2047;
const OFFSETS: i64 = 524_287;

pub(super) static SET_PRIORITY_CLASS: ActionWord = ActionWord {
    def: &action("set-priority-class", BEFORE_THE_QUEUE, |view, args| {
        if let Some(class) = number(view, args, 0, CLASSES) {
            view.stream.priority.class = class as i16;
        }
        Outcome::Next
    }),
    parse: expression,
};

pub(super) static SET_PRIORITY_OFFSET: ActionWord = ActionWord {
    def: &action("set-priority-offset", BEFORE_THE_QUEUE, |view, args| {
        if let Some(offset) = number(view, args, 0, OFFSETS) {
            view.stream.priority.offset_ms = offset;
        }
        Outcome::Next
    }),
    parse: expression,
};

pub(super) static SET_TIMEOUT: ActionWord = ActionWord {
    def: &action("set-timeout", RuleSets::HTTP_REQUEST, |view, args| {
        let timeout = match args.int(1) {
            Some(milliseconds) => Some(milliseconds),
            None => number(view, args, 2, i64::MAX),
        };
        if let (Some(which), Some(timeout)) = (args.int(0), timeout) {
            let which = usize::from(which != 0);
            // The low 32 bits count (observed).
            view.stream.chosen_timeouts[which] = timeout as i32;
        }
        Outcome::Next
    }),
    parse: timeout,
};

/// Which one, then a number of milliseconds or an expression.
fn timeout(words: &mut RuleWords<'_, '_>) -> Result<Vec<Arg>, String> {
    if words.place.section == "frontend" {
        let name = words.place.proxy;
        return Err(format!("proxy '{name}' has no backend capability"));
    }
    if words.peek().is_empty() || words.peek_at(1).is_empty() {
        return Err("expects exactly 2 arguments".to_owned());
    }
    let word = String::from_utf8_lossy(words.take());
    let which = match word.as_ref() {
        "server" => 0,
        "tunnel" => 1,
        _ => {
            return Err(format!(
                "'set-timeout' rule supports 'server'/'tunnel' (got '{word}')"
            ));
        }
    };
    if let Ok((expr, ..)) = words.expr_anywhere() {
        return Ok(vec![Arg::Int(which), Arg::Absent, Arg::Expr(expr.value)]);
    }
    let rule = format!("rule 'set-timeout {word}'");
    let text = String::from_utf8_lossy(words.take());
    let unexpected = |byte| format!("unexpected character '{}' in {rule}", char::from(byte));
    match units::time(text.as_bytes(), TimeUnit::Milliseconds) {
        Ok(Time {
            trailing: Some(byte),
            ..
        })
        | Err(TimeError::Unexpected(byte)) => Err(unexpected(byte)),
        Ok(Time { value: 0, .. }) => Err(format!(
            "null value is not valid for a 'set-timeout {word}' rule"
        )),
        Ok(time) => Ok(vec![Arg::Int(which), Arg::Int(time.value.into())]),
        Err(TimeError::Empty) => Err(unexpected(b' ')),
        Err(TimeError::Overflow) => Err(format!(
            "timer overflow in argument '{text}' to {rule} (maximum value is 2147483647 ms or ~24.8 days)"
        )),
    }
}

const fn action(name: &'static str, rule_sets: RuleSets, run: ActionFn) -> ActionDef {
    ActionDef {
        name,
        rule_sets,
        is_final: false,
        run,
    }
}

fn expression(words: &mut RuleWords<'_, '_>) -> Result<Vec<Arg>, String> {
    Ok(vec![Arg::Expr(words.expr()?.value)])
}

/// The number of the expression at that place, cut to a range.
fn number(view: &ActionView<'_>, args: &Args, at: usize, most: i64) -> Option<i64> {
    let shared = view.view();
    let value = args.expr(at)?.eval(&shared, view.arena).value()?;
    match value.cast(Type::Int, view.arena)? {
        Value::Int(number) => Some(number.clamp(-most, most)),
        _ => None,
    }
}
