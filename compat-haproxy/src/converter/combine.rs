//! With variables: `add_item`, `concat`, `secure_memcmp`, `strcmp` (manual 7.3.1).
//!
//! ```text
//! http-request set-header x-from %[src,concat(:,txn.port)]
//! ```

use locum_model::{Text, expr::Arg};
use locum_runtime::{
    plan::args::Args,
    sample::{
        value::{Arena, Type, Value},
        view::View,
    },
    vocab::ConverterDef,
};

use super::{bytes_of, converter};
use crate::fetch::variable::parse_name;

pub(super) static ADD_ITEM: ConverterDef = ConverterDef {
    check: Some(|args| {
        let is_empty = |arg: Option<&Arg>| match arg {
            Some(Arg::Str(text)) => text.is_empty(),
            _ => true,
        };
        if is_empty(args.get(1)) && is_empty(args.get(2)) {
            return Err("one of the optional arguments has to be nonempty".to_owned());
        }
        optional_variable(args, 1)
    }),
    ..converter(
        "add_item",
        Type::Str,
        Type::Str,
        |value, view, args, arena| {
            let (item, suffix) = (variable(view, args, arena), part(args, 2));
            let text = bytes_of(value)?;
            // Only between two things that are there.
            let adds_something = !item.is_empty() || !suffix.is_empty();
            let is_between = adds_something && !text.is_empty();
            let delimiter = if is_between { part(args, 0) } else { b"" };
            Some(joined(&[text, delimiter, item, suffix], arena))
        },
    )
};

pub(super) static CONCAT: ConverterDef = ConverterDef {
    check: Some(|args| optional_variable(args, 1)),
    ..converter(
        "concat",
        Type::Str,
        Type::Str,
        |value, view, args, arena| {
            let pieces = [
                bytes_of(value)?,
                part(args, 0),
                variable(view, args, arena),
                part(args, 2),
            ];
            Some(joined(&pieces, arena))
        },
    )
};

pub(super) static SECURE_MEMCMP: ConverterDef = ConverterDef {
    check: Some(required_variable),
    ..converter(
        "secure_memcmp",
        Type::Bin,
        Type::Bool,
        |value, view, args, arena| {
            let other = view.variable(args.var(0)?, arena)?.cast(Type::Bin, arena)?;
            let same = aws_lc_rs::constant_time::verify_slices_are_equal(
                bytes_of(value)?,
                bytes_of(other)?,
            );
            Some(Value::Bool(same.is_ok()))
        },
    )
};

pub(super) static STRCMP: ConverterDef = ConverterDef {
    check: Some(required_variable),
    ..converter(
        "strcmp",
        Type::Str,
        Type::Int,
        |value, view, args, arena| {
            let other = view.variable(args.var(0)?, arena)?.cast(Type::Str, arena)?;
            Some(Value::Int(difference(bytes_of(value)?, bytes_of(other)?)))
        },
    )
};

/// The first different bytes' difference; a text that goes on behind the other's end is 1 greater.
fn difference(a: &[u8], b: &[u8]) -> i64 {
    let different = a.iter().zip(b).find(|(a, b)| a != b);
    match different {
        Some((a, b)) => i64::from(*a) - i64::from(*b),
        None => a.len().cmp(&b.len()) as i64,
    }
}

fn part(args: &Args, at: usize) -> &[u8] {
    args.text(at).unwrap_or_default()
}

/// The variable's text; one that isn't set has none.
fn variable<'a>(view: &View<'a>, args: &Args, arena: &'a Arena) -> &'a [u8] {
    let value = args.var(1).and_then(|var| view.variable(var, arena));
    let text = value.and_then(|value| value.cast(Type::Str, arena));
    text.and_then(bytes_of).unwrap_or_default()
}

fn joined<'a>(pieces: &[&[u8]], arena: &'a Arena) -> Value<'a> {
    let length = pieces.iter().map(|piece| piece.len()).sum();
    let mut out = bumpalo::collections::Vec::with_capacity_in(length, arena);
    for piece in pieces {
        out.extend_from_slice(piece);
    }
    Value::Str(out.into_bump_slice())
}

fn optional_variable(args: &mut [Arg], at: usize) -> Result<(), String> {
    match args.get_mut(at) {
        Some(arg @ Arg::Str(_)) => register(arg),
        _ => Ok(()),
    }
}

fn required_variable(args: &mut [Arg]) -> Result<(), String> {
    match args.first_mut() {
        Some(arg @ Arg::Str(_)) if *arg != Arg::Str(Text::default()) => register(arg),
        _ => Err("missing variable name".to_owned()),
    }
}

/// Turns a name into its variable; an empty name is none.
fn register(arg: &mut Arg) -> Result<(), String> {
    let Arg::Str(name) = &*arg else { return Ok(()) };
    *arg = if name.is_empty() {
        Arg::Absent
    } else {
        let wrong = |_| {
            let shown = String::from_utf8_lossy(name);
            format!("failed to register variable name '{shown}'")
        };
        Arg::Var(parse_name(name, "").map_err(wrong)?)
    };
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    // Values recorded from the reference.
    #[test]
    fn texts_differ_by_their_first_different_bytes() {
        assert_eq!(difference(b"12x", b"7"), -6);
        assert_eq!(difference(b"12x", b"12x"), 0);
        assert_eq!(difference(b"zzabc", b"zz"), 1);
        assert_eq!(difference(b"z", b"zz"), -1);
        assert_eq!(difference(b"\xff", b"zz"), 133);
    }
}
