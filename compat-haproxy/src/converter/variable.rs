//! `set-var(NAME[,CONDITION…])`, `unset-var(NAME)` (manual 7.3.1): they pass their input on.
//!
//! ```text
//! http-request set-header x-first %[req.hdr(x),set-var(txn.x),lower]
//! ```

use locum_model::expr::Arg;
use locum_runtime::{sample::value::Type, vocab::ConverterDef};

use crate::fetch::variable::{check_name, condition_words, conditions};

pub(super) static SET_VAR: ConverterDef = ConverterDef {
    name: "set-var",
    input: Type::Any,
    output: Type::Same,
    check: Some(|args| {
        check_name(args)?;
        let words = args.iter().skip(1).filter_map(|arg| match arg {
            Arg::Str(word) => Some(word.as_bytes()),
            _ => None,
        });
        condition_words(words).map(drop)
    }),
    run: |value, view, args, _| {
        // What isn't set has no value either.
        let is_set = view.set_variable(args.var(0)?, value, conditions(args, 1));
        is_set.then_some(value)
    },
};

pub(super) static UNSET_VAR: ConverterDef = ConverterDef {
    name: "unset-var",
    input: Type::Any,
    output: Type::Same,
    check: Some(check_name),
    run: |value, view, args, _| {
        if let Some(var) = args.var(0) {
            view.unset_variable(var);
        }
        Some(value)
    },
};
