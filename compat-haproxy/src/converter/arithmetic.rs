//! Numbers: `add`, `and`, `bool`, `cpl`, `div`, `even`, `mod`, `mul`, `neg`, `not`, `odd`, `or`, `sub`, `xor`
//! (manual 7.3.1). Sums and products stop at the largest and smallest number; the operand may be a variable.
//!
//! ```text
//! http-request set-header x-half %[int(7),div(2)]
//! ```

use locum_model::{Text, expr::Arg};
use locum_runtime::{
    plan::args::Args,
    sample::{
        value::{Arena, Type, Value, leading_int},
        view::View,
    },
    vocab::{ConvertFn, ConverterDef},
};

use super::converter;
use crate::fetch::variable::parse_name;

pub(super) static ADD: ConverterDef = binary("add", |value, view, args, arena| {
    number(value, view, args, arena, sum)
});
pub(super) static AND: ConverterDef = binary("and", |value, view, args, arena| {
    number(value, view, args, arena, |a, b| a & b)
});
pub(super) static DIV: ConverterDef = binary("div", |value, view, args, arena| {
    number(value, view, args, arena, quotient)
});
pub(super) static MOD: ConverterDef = binary("mod", |value, view, args, arena| {
    number(value, view, args, arena, remainder)
});
pub(super) static MUL: ConverterDef = binary("mul", |value, view, args, arena| {
    number(value, view, args, arena, i64::saturating_mul)
});
pub(super) static OR: ConverterDef = binary("or", |value, view, args, arena| {
    number(value, view, args, arena, |a, b| a | b)
});
pub(super) static SUB: ConverterDef = binary("sub", |value, view, args, arena| {
    number(value, view, args, arena, difference)
});
pub(super) static XOR: ConverterDef = binary("xor", |value, view, args, arena| {
    number(value, view, args, arena, |a, b| a ^ b)
});

pub(super) static BOOL: ConverterDef = truth("bool", |value, _, _, _| test(value, |n| n != 0));
pub(super) static EVEN: ConverterDef = truth("even", |value, _, _, _| test(value, |n| n & 1 == 0));
pub(super) static NOT: ConverterDef = truth("not", |value, _, _, _| test(value, |n| n == 0));
pub(super) static ODD: ConverterDef = truth("odd", |value, _, _, _| test(value, |n| n & 1 == 1));

pub(super) static CPL: ConverterDef = converter("cpl", Type::Int, Type::Int, |value, _, _, _| {
    value.as_int().map(|n| Value::Int(!n))
});
pub(super) static NEG: ConverterDef = converter("neg", Type::Int, Type::Int, |value, _, _, _| {
    value.as_int().map(|n| Value::Int(n.saturating_neg()))
});

const fn binary(name: &'static str, run: ConvertFn) -> ConverterDef {
    ConverterDef {
        check: Some(operand),
        ..converter(name, Type::Int, Type::Int, run)
    }
}

const fn truth(name: &'static str, run: ConvertFn) -> ConverterDef {
    converter(name, Type::Int, Type::Bool, run)
}

/// Two negative numbers give the largest number, or the smallest where they are below it: so does the reference.
fn sum(a: i64, b: i64) -> i64 {
    match a.checked_add(b) {
        Some(_) if a < 0 && b < 0 => i64::MAX,
        Some(sum) => sum,
        None if a < 0 => i64::MIN,
        None => i64::MAX,
    }
}

fn difference(a: i64, b: i64) -> i64 {
    match b.checked_neg() {
        Some(negative) => sum(a, negative),
        None => a.saturating_sub(b),
    }
}

/// By zero: the largest number, as the reference answers.
fn quotient(a: i64, b: i64) -> i64 {
    if b == 0 {
        i64::MAX
    } else {
        a.saturating_div(b)
    }
}

fn remainder(a: i64, b: i64) -> i64 {
    if b == 0 { 0 } else { a.wrapping_rem(b) }
}

/// A variable that isn't set, or that has no number in it, leaves no value.
fn number<'a>(
    value: Value<'a>,
    view: &View<'a>,
    args: &'a Args,
    arena: &'a Arena,
    operate: fn(i64, i64) -> i64,
) -> Option<Value<'a>> {
    let operand = match args.var(0) {
        Some(var) => view.variable(var, arena)?.as_int()?,
        None => args.int(0)?,
    };
    Some(Value::Int(operate(value.as_int()?, operand)))
}

fn test<'a>(value: Value<'a>, test: fn(i64) -> bool) -> Option<Value<'a>> {
    value.as_int().map(|n| Value::Bool(test(n)))
}

/// The operand is a number, too large a one the largest, or a variable's name.
fn operand(args: &mut [Arg]) -> Result<(), String> {
    let text = match args.first() {
        Some(Arg::Str(text)) => text.clone(),
        _ => Text::default(),
    };
    let digits = text.strip_prefix(b"-").or_else(|| text.strip_prefix(b"+"));
    let is_number = digits.unwrap_or(&text).iter().all(u8::is_ascii_digit);
    args[0] = if is_number {
        Arg::Int(leading_int(&text).unwrap_or(0))
    } else {
        let var = parse_name(&text, "");
        Arg::Var(var.map_err(|_| "expects an integer or a variable name".to_owned())?)
    };
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    // Values recorded from the reference.
    #[test]
    fn numbers_saturate_and_division_by_zero_has_an_answer() {
        assert_eq!(sum(i64::MAX, 1), i64::MAX);
        assert_eq!(sum(i64::MIN, -1), i64::MIN);
        assert_eq!(sum(-7, -1), i64::MAX);
        assert_eq!(sum(-7, 1), -6);
        assert_eq!(difference(-7, 3), i64::MAX);
        assert_eq!(difference(7, -3), 10);
        assert_eq!(quotient(-7, 2), -3);
        assert_eq!(quotient(7, 0), i64::MAX);
        assert_eq!(quotient(i64::MIN, -1), i64::MAX);
        assert_eq!(remainder(-7, 4), -3);
        assert_eq!(remainder(7, 0), 0);
        assert_eq!(remainder(i64::MIN, -1), 0);
    }

    #[test]
    fn an_operand_is_a_whole_number_or_a_variable() {
        let mut args = [Arg::Str(Text::from("5x"))];
        assert_eq!(
            operand(&mut args).unwrap_err(),
            "expects an integer or a variable name"
        );
        let mut args = [Arg::Str(Text::from("-3"))];
        operand(&mut args).unwrap();
        assert_eq!(args[0], Arg::Int(-3));
        let mut args = [Arg::Str(Text::from("txn.x"))];
        operand(&mut args).unwrap();
        assert!(matches!(&args[0], Arg::Var(var) if &*var.name == "x"));
    }
}
