//! `var(NAME[,DEFAULT])` (manual 7.3.2), and what names of variables look like.
//!
//! ```text
//! http-response set-header x-path %[var(txn.path)]
//! ```

use locum_model::{
    Text,
    expr::{Arg, Var, VarScope},
};
use locum_runtime::{
    plan::args::Args,
    sample::{
        value::{Type, Value},
        variables::SetWhen,
    },
    vocab::FetchDef,
};

pub(super) static VAR: FetchDef = FetchDef {
    name: "var",
    output: Type::Any,
    check: Some(check_name),
    run: |view, args, arena| {
        let value = args.var(0).and_then(|var| view.variable(var, arena));
        value.or_else(|| args.text(1).map(Value::Str)).into()
    },
    each: None,
};

/// Turns the first argument into a variable.
pub(crate) fn check_name(args: &mut [Arg]) -> Result<(), String> {
    let name = match args.first() {
        Some(Arg::Str(name)) => name.clone(),
        _ => Text::default(),
    };
    if name.is_empty() {
        return Err("Empty variable name cannot be accepted".to_owned());
    }
    let var = parse_name(name.as_bytes(), "")?;
    if let Some(first) = args.first_mut() {
        *first = Arg::Var(var);
    }
    Ok(())
}

/// Reads `txn.name`; `behind` is what follows the name in the line.
pub(crate) fn parse_name(name: &[u8], behind: &str) -> Result<Var, String> {
    let shown = String::from_utf8_lossy(name);
    let no_scope = || {
        format!(
            "invalid variable name '{shown}'. A variable name must be start by its scope. The scope can be 'proc', \
             'sess', 'txn', 'req', 'res' or 'check'"
        )
    };
    let (scope, own) = shown
        .split_once('.')
        .filter(|(_, own)| !own.is_empty())
        .ok_or_else(no_scope)?;
    let scope = match scope {
        "proc" => VarScope::Proc,
        "sess" => VarScope::Sess,
        "txn" => VarScope::Txn,
        "req" => VarScope::Req,
        "res" => VarScope::Res,
        "check" => VarScope::Check,
        _ => return Err(no_scope()),
    };
    let wrong = own.find(|found: char| !(found.is_ascii_alphanumeric() || "._".contains(found)));
    if let Some(at) = wrong {
        return Err(format!("invalid syntax at char '{}{behind}'", &own[at..]));
    }
    Ok(Var {
        scope,
        name: own.to_owned(),
    })
}

/// The words of `set-var`'s conditions as arguments.
pub(crate) fn condition_words<'w>(
    words: impl Iterator<Item = &'w [u8]>,
) -> Result<Vec<Arg>, String> {
    let word = |word: &[u8]| {
        let word = String::from_utf8_lossy(word).into_owned();
        let mut when = SetWhen::default();
        if apply(&word, &mut when) {
            Ok(Arg::Word(word))
        } else {
            Err(format!("unknown condition \"{word}\""))
        }
    };
    words.map(word).collect()
}

/// Conditions from the argument `from` on.
pub(crate) fn conditions(args: &Args, from: usize) -> SetWhen {
    let mut when = SetWhen::default();
    for at in from..args.0.len() {
        let word = args
            .text(at)
            .and_then(|word| std::str::from_utf8(word).ok());
        apply(word.unwrap_or_default(), &mut when);
    }
    when
}

fn apply(word: &str, when: &mut SetWhen) -> bool {
    match word {
        "ifexists" => when.exists = Some(true),
        "ifnotexists" => when.exists = Some(false),
        "ifempty" => when.empty = Some(true),
        "ifnotempty" => when.empty = Some(false),
        "ifset" => when.set = Some(true),
        "ifnotset" => when.set = Some(false),
        "ifgt" => when.greater = true,
        "iflt" => when.less = true,
        _ => return false,
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    // Messages recorded from the reference.
    #[test]
    fn names_begin_with_their_scope() {
        let var = parse_name(b"txn.a.b_1", "").unwrap();
        assert_eq!((var.scope, &*var.name), (VarScope::Txn, "a.b_1"));
        let wrong = parse_name(b"txn.a-b", ")").unwrap_err();
        assert_eq!(wrong, "invalid syntax at char '-b)'");
        for name in [&b"foo"[..], b"xx.foo", b"txn."] {
            let said = parse_name(name, "").unwrap_err();
            assert!(said.starts_with("invalid variable name '"), "{said}");
        }
    }
}
