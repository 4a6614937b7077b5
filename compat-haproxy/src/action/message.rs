//! Small changes: `set-log-level`, `set-nice`, `set-status`, `wait-for-body` (manual 4.2).
//!
//! ```text
//! http-request set-log-level silent if { path /health }
//! http-response set-status 503 reason "Come back later"
//! ```

use std::time::Duration;

use locum_model::{Text, expr::Arg};
use locum_parser::haproxy::units::{self, SizeError, Time, TimeError, TimeUnit};
use locum_runtime::{
    plan::args::Args,
    rules::{ActionView, Outcome, Resumed, Wait, reason::reason},
    sample::value::leading_int,
    vocab::{ActionDef, RuleSets},
};

use crate::lowering::{ActionWord, RuleWords};

pub(super) static SET_LOG_LEVEL: ActionWord = ActionWord {
    def: &ActionDef {
        name: "set-log-level",
        rule_sets: RuleSets::HTTP_REQUEST
            .union(RuleSets::HTTP_RESPONSE)
            .union(RuleSets::TCP_REQUEST_CONTENT)
            .union(RuleSets::TCP_RESPONSE_CONTENT),
        is_final: false,
        run: |view, args| {
            view.stream.log_level = Some(args.int(0).and_then(|level| u8::try_from(level).ok()));
            Outcome::Next
        },
    },
    parse: level,
};

/// Priorities of tasks are the scheduler's own here.
pub(super) static SET_NICE: ActionWord = ActionWord {
    def: &ActionDef {
        name: "set-nice",
        rule_sets: RuleSets::HTTP_REQUEST
            .union(RuleSets::HTTP_RESPONSE)
            .union(RuleSets::TCP_REQUEST_CONTENT)
            .union(RuleSets::TCP_RESPONSE_CONTENT),
        is_final: false,
        run: |_, _| Outcome::Next,
    },
    parse: |words| {
        if words.peek().is_empty() {
            return Err("expects exactly 1 argument (integer value)".to_owned());
        }
        let nice = leading_int(words.take()).unwrap_or(0);
        Ok(vec![Arg::Int(nice.clamp(-1024, 1024))])
    },
};

pub(super) static SET_STATUS: ActionWord = ActionWord {
    def: &ActionDef {
        name: "set-status",
        rule_sets: RuleSets::HTTP_RESPONSE.union(RuleSets::HTTP_AFTER_RESPONSE),
        is_final: false,
        run: set_status,
    },
    parse: status,
};

pub(super) static WAIT_FOR_BODY: ActionWord = ActionWord {
    def: &ActionDef {
        name: "wait-for-body",
        rule_sets: RuleSets::HTTP_REQUEST.union(RuleSets::HTTP_RESPONSE),
        is_final: false,
        run: wait_for_body,
    },
    parse: time_and_bytes,
};

const LEVELS: [&[u8]; 8] = [
    b"emerg", b"alert", b"crit", b"err", b"warning", b"notice", b"info", b"debug",
];

fn level(words: &mut RuleWords<'_, '_>) -> Result<Vec<Arg>, String> {
    let word = words.take();
    if word == b"silent" {
        return Ok(vec![Arg::Absent]);
    }
    match LEVELS.iter().position(|level| *level == word) {
        Some(level) => Ok(vec![Arg::Int(level as i64)]),
        None => Err("expects exactly 1 argument (log level name or 'silent')".to_owned()),
    }
}

fn status(words: &mut RuleWords<'_, '_>) -> Result<Vec<Arg>, String> {
    if words.peek().is_empty() {
        return Err(
            "expects 1 argument: <status>; or 3 arguments: <status> reason <fmt>".to_owned(),
        );
    }
    let status = match leading_int(words.take()) {
        Some(status @ 100..=999) => status,
        _ => return Err("expects an integer status code between 100 and 999".to_owned()),
    };
    let has_reason = words.peek() == b"reason" && !words.peek_at(1).is_empty();
    let reason = if has_reason {
        words.take();
        Arg::Str(Text::from(words.take()))
    } else {
        Arg::Absent
    };
    Ok(vec![Arg::Int(status), reason])
}

fn set_status<'a>(view: &mut ActionView<'a>, args: &'a Args) -> Outcome<'a> {
    let status = args.int(0).and_then(|status| u16::try_from(status).ok());
    if let (Some(status), Some(head)) = (status, view.response.as_deref_mut()) {
        head.set_status(
            status,
            args.text(1).unwrap_or_else(|| reason(status).as_bytes()),
        );
    }
    Outcome::Next
}

fn time_and_bytes(words: &mut RuleWords<'_, '_>) -> Result<Vec<Arg>, String> {
    let (mut time, mut bytes) = (None, 0);
    while let word @ (b"time" | b"at-least") = words.peek() {
        words.take();
        let text = words.take();
        if text.is_empty() {
            let word = String::from_utf8_lossy(word);
            return Err(format!("missing argument for '{word}'"));
        }
        if word == b"time" {
            time = Some(milliseconds(text)?);
        } else {
            bytes = units::size(text).map_err(|error| match error {
                SizeError::Empty => unexpected(b' '),
                SizeError::Unexpected(byte) => unexpected(byte),
            })?;
        }
    }
    let time = time.ok_or("expects time <time> [ at-least <bytes> ]")?;
    Ok(vec![
        Arg::Time(Duration::from_millis(time)),
        Arg::Int(bytes.into()),
    ])
}

fn unexpected(byte: u8) -> String {
    format!("unexpected character '{}'", char::from(byte))
}

/// A time in milliseconds with an optional unit (manual 2.5).
fn milliseconds(text: &[u8]) -> Result<u64, String> {
    match units::time(text, TimeUnit::Milliseconds) {
        Ok(Time {
            trailing: Some(byte),
            ..
        })
        | Err(TimeError::Unexpected(byte)) => Err(unexpected(byte)),
        Ok(time) => Ok(time.value.into()),
        Err(TimeError::Empty) => Err(unexpected(b' ')),
        Err(TimeError::Overflow) => Err("timer overflow".to_owned()),
    }
}

fn wait_for_body<'a>(view: &mut ActionView<'a>, args: &'a Args) -> Outcome<'a> {
    let body = view.response_body.unwrap_or(view.request_body);
    let wanted = args
        .int(1)
        .and_then(|bytes| usize::try_from(bytes).ok())
        .filter(|&bytes| bytes > 0);
    let there = body.complete || wanted.is_some_and(|wanted| body.bytes.len() >= wanted);
    let is_request = view.response.is_none();
    let no_body = view.request.as_deref().is_some_and(|head| {
        is_request && !head.facts.chunked && head.facts.content_length.unwrap_or(0) == 0
    });
    if there || no_body || view.resumed == Some(Resumed::TimedOut) {
        return Outcome::Next;
    }
    let until = view.now.instant + args.time(0).unwrap_or_default();
    Outcome::Suspend(if is_request {
        Wait::RequestBody(until)
    } else {
        Wait::ResponseBody(until)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_units() {
        assert_eq!(milliseconds(b"1s"), Ok(1000));
        assert_eq!(milliseconds(b"250"), Ok(250));
        assert_eq!(
            milliseconds(b"x"),
            Err("unexpected character 'x'".to_owned())
        );
        assert_eq!(
            milliseconds(b"1y"),
            Err("unexpected character 'y'".to_owned())
        );
    }
}
