//! How a request goes on its way: `disable-l7-retry`, `expect-proxy`, `set-priority-class`, `set-priority-offset`,
//! `wait-for-handshake` (manual 4.2).
//!
//! ```text
//! http-request set-priority-class int(-1) if { path /health }
//! tcp-request connection expect-proxy layer4 if { src -f balancers.lst }
//! ```

use locum_model::expr::Arg;
use locum_runtime::{
    plan::args::Args,
    rules::{ActionView, Outcome},
    sample::value::{Type, Value},
    vocab::{ActionDef, ActionFn, RuleSets},
};

use crate::lowering::{ActionWord, RuleWords};

pub(super) static DISABLE_L7_RETRY: ActionWord = ActionWord {
    def: &action("disable-l7-retry", RuleSets::HTTP_REQUEST, |view, _| {
        view.stream.keeps_to_its_answer = true;
        Outcome::Next
    }),
    parse: |_| Ok(Vec::new()),
};

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
        if let Some(class) = number(view, args, CLASSES) {
            view.stream.priority.class = class as i16;
        }
        Outcome::Next
    }),
    parse: expression,
};

pub(super) static SET_PRIORITY_OFFSET: ActionWord = ActionWord {
    def: &action("set-priority-offset", BEFORE_THE_QUEUE, |view, args| {
        if let Some(offset) = number(view, args, OFFSETS) {
            view.stream.priority.offset_ms = offset;
        }
        Outcome::Next
    }),
    parse: expression,
};

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

/// The expression's number, cut to a range.
fn number(view: &ActionView<'_>, args: &Args, most: i64) -> Option<i64> {
    let shared = view.view();
    let value = args.expr(0)?.eval(&shared, view.arena).value()?;
    match value.cast(Type::Int, view.arena)? {
        Value::Int(number) => Some(number.clamp(-most, most)),
        _ => None,
    }
}
