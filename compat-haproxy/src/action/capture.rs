//! `capture EXPRESSION len LENGTH` or `id SLOT`: a sample for the log (manual 4.2).
//!
//! ```text
//! http-request capture req.hdr(x-request-id) len 40
//! ```

use locum_model::expr::Arg;
use locum_runtime::{
    plan::args::Args,
    rules::{ActionView, Outcome},
    sample::value::{Fetched, leading_int},
    vocab::{ActionDef, RuleSets},
};

use super::ALL_HTTP;
use crate::lowering::{ActionWord, CaptureSlot, RuleWords};

pub(super) static CAPTURE: ActionWord = ActionWord {
    def: &ActionDef {
        name: "capture",
        rule_sets: ALL_HTTP.union(RuleSets::TCP_REQUEST_CONTENT),
        is_final: false,
        run: capture,
    },
    parse: |words| match words.set {
        RuleSets::TCP_REQUEST_CONTENT => sample_and_length(words)
            .map_err(|reason| format!("'tcp-request content capture' : {reason}")),
        _ => sample_and_slot(words),
    },
};

/// In TCP a capture declares its slot itself.
fn sample_and_length(words: &mut RuleWords<'_, '_>) -> Result<Vec<Arg>, String> {
    let (expr, ..) = words.typed_expr()?;
    if words.peek() != b"len" {
        return Err("a positive 'len' argument is mandatory".to_owned());
    }
    words.take();
    Ok(vec![
        Arg::Expr(expr.value),
        Arg::Absent,
        Arg::Int(length(words)?),
    ])
}

fn sample_and_slot(words: &mut RuleWords<'_, '_>) -> Result<Vec<Arg>, String> {
    let is_request = words.set == RuleSets::HTTP_REQUEST;
    let (usage, wanted) = if is_request {
        (
            "expects <expression> [ 'len' <length> | id <idx> ]",
            "'len' or 'id'",
        )
    } else {
        ("expects <expression> id <idx>", "'id'")
    };
    let lacks = |at| matches!(words.peek_at(at), b"" | b"if" | b"unless");
    if (0..3).any(lacks) {
        return Err(usage.to_owned());
    }
    let expr = Arg::Expr(words.expr()?.value);
    match words.take() {
        b"len" if is_request => Ok(vec![expr, Arg::Absent, Arg::Int(length(words)?)]),
        b"id" => {
            let text = String::from_utf8_lossy(words.take());
            let slot: i64 = text
                .parse()
                .map_err(|_| format!("cannot parse id '{text}'"))?;
            let place = &mut *words.place;
            place.notes.capture_slots.push(CaptureSlot {
                slot,
                is_request,
                proxy: place.proxy.to_owned(),
            });
            Ok(vec![expr, Arg::Int(slot), Arg::Absent])
        }
        other => Err(format!(
            "expects {wanted}, found '{}'",
            String::from_utf8_lossy(other)
        )),
    }
}

fn length(words: &mut RuleWords<'_, '_>) -> Result<i64, String> {
    let length = leading_int(words.take()).unwrap_or(0);
    if length > 0 {
        Ok(length)
    } else {
        Err("length must be > 0".to_owned())
    }
}

fn capture<'a>(view: &mut ActionView<'a>, args: &'a Args) -> Outcome<'a> {
    let slot = args.int(1).and_then(|slot| usize::try_from(slot).ok());
    let (Some(expr), Some(slot)) = (args.expr(0), slot) else {
        return Outcome::Next;
    };
    if !view.last_look && expr.eval(&view.view(), view.arena) == Fetched::NotYet {
        return Outcome::NeedMore;
    }
    let Some(text) = view.text(expr) else {
        return Outcome::Next;
    };
    let is_response = view.response.is_some();
    let declared = view.plan.proxy(view.session.frontend).frontend.as_ref();
    let declared = declared.and_then(|frontend| {
        let captures = if is_response {
            &frontend.response_captures
        } else {
            &frontend.request_captures
        };
        captures.get(slot)
    });
    let length = declared.map_or(0, |capture| capture.length as usize);
    let captures = if is_response {
        view.stream.response_captures.get_mut()
    } else {
        view.stream.request_captures.get_mut()
    };
    if declared.is_some() {
        if captures.len() <= slot {
            captures.resize(slot + 1, None);
        }
        // What is captured is a text: it ends at its first NUL (observed).
        let text = text.split(|&byte| byte == 0).next().unwrap_or_default();
        captures[slot] = Some(text[..text.len().min(length)].to_vec());
    }
    Outcome::Next
}
