//! `set-var(NAME[,CONDITION…]) EXPRESSION`, `set-var-fmt(NAME) FORMAT`, `unset-var(NAME)` (manual 4.2).
//!
//! ```text
//! http-request set-var(txn.path) path,lower
//! ```

use locum_model::expr::Arg;
use locum_runtime::{
    plan::args::Args,
    rules::{ActionView, Outcome},
    sample::value::Value,
    vocab::{ActionDef, RuleSets},
};

use super::ALL_HTTP;
use crate::{
    fetch::variable::{condition_words, conditions, parse_name},
    lowering::{ActionWord, RuleWords},
};

/// Every rule set.
const ALL: RuleSets = ALL_HTTP
    .union(RuleSets::TCP_REQUEST_CONNECTION)
    .union(RuleSets::TCP_REQUEST_SESSION)
    .union(RuleSets::TCP_REQUEST_CONTENT)
    .union(RuleSets::TCP_RESPONSE_CONTENT);

pub(super) static SET_VAR: ActionWord = ActionWord {
    def: &ActionDef {
        name: "set-var",
        rule_sets: ALL,
        is_final: false,
        run: set_var,
    },
    parse: |words| {
        let mut args = name_and_conditions(words)?;
        args.insert(1, Arg::Expr(words.expr()?.value));
        Ok(args)
    },
};

pub(super) static SET_VAR_FMT: ActionWord = ActionWord {
    def: &ActionDef {
        name: "set-var-fmt",
        rule_sets: ALL,
        is_final: false,
        run: set_var,
    },
    parse: |words| {
        let mut args = name_and_conditions(words)?;
        args.insert(1, Arg::Format(words.format()?));
        Ok(args)
    },
};

pub(super) static UNSET_VAR: ActionWord = ActionWord {
    def: &ActionDef {
        name: "unset-var",
        rule_sets: ALL,
        is_final: false,
        run: |view, args| {
            if let Some(var) = args.var(0) {
                view.view().unset_variable(var);
            }
            Outcome::Next
        },
    },
    parse: name_and_conditions,
};

/// The variable, then its conditions.
fn name_and_conditions(words: &mut RuleWords<'_, '_>) -> Result<Vec<Arg>, String> {
    let action = String::from_utf8_lossy(words.action()).into_owned();
    let usage =
        "Expects 'set-var(<var-name>)', 'set-var-fmt(<var-name>)' or 'unset-var(<var-name>)'";
    if !action.contains('(') {
        return Err(format!("invalid or incomplete action '{action}'. {usage}"));
    }
    let Some(inner) = words.parenthesised() else {
        return Err(format!(
            "incomplete argument after action '{action}'. {usage}"
        ));
    };
    let mut parts = inner.split(|byte| *byte == b',');
    let name = parts.next().unwrap_or_default();
    if name.is_empty() {
        return Err("Empty variable name cannot be accepted".to_owned());
    }
    // The complaint about a wrong character shows what follows it, the parenthesis included.
    let var = parse_name(name, ")")?;
    let mut args = vec![Arg::Var(var)];
    args.extend(condition_words(parts)?);
    Ok(args)
}

fn set_var<'a>(view: &mut ActionView<'a>, args: &'a Args) -> Outcome<'a> {
    let Some(var) = args.var(0) else {
        return Outcome::Next;
    };
    let when = conditions(args, 2);
    if let Some(format) = args.format(1) {
        let text = view.write(format);
        view.view().set_variable(var, Value::Str(text), when);
    } else if let Some(expr) = args.expr(1) {
        let shared = view.view();
        if let Some(value) = expr.eval(&shared, view.arena).value() {
            shared.set_variable(var, value, when);
        }
    }
    Outcome::Next
}
