//! Numbers: `add`, `and`, `bool`, `cpl`, `div`, `even`, `mod`, `mul`, `neg`, `not`, `odd`, `or`, `sub`, `xor`
//! (manual 7.3.1). Sums and products stop at the largest and smallest number.
//!
//! ```text
//! http-request set-header x-half %[int(7),div(2)]
//! ```

use locum_model::{Text, expr::Arg};
use locum_runtime::{
    plan::args::Args,
    sample::value::{Type, Value},
    vocab::{ConvertFn, ConverterDef},
};

use super::converter;

pub(super) static ADD: ConverterDef = binary("add", |value, _, args, _| {
    number(value, args, i64::saturating_add)
});
pub(super) static AND: ConverterDef =
    binary("and", |value, _, args, _| number(value, args, |a, b| a & b));
pub(super) static DIV: ConverterDef = binary("div", |value, _, args, _| {
    // By zero: the largest number, as the reference answers.
    number(value, args, |a, b| {
        if b == 0 {
            i64::MAX
        } else {
            a.saturating_div(b)
        }
    })
});
pub(super) static MOD: ConverterDef = binary("mod", |value, _, args, _| {
    number(
        value,
        args,
        |a, b| if b == 0 { 0 } else { a.wrapping_rem(b) },
    )
});
pub(super) static MUL: ConverterDef = binary("mul", |value, _, args, _| {
    number(value, args, i64::saturating_mul)
});
pub(super) static OR: ConverterDef =
    binary("or", |value, _, args, _| number(value, args, |a, b| a | b));
pub(super) static SUB: ConverterDef = binary("sub", |value, _, args, _| {
    number(value, args, i64::saturating_sub)
});
pub(super) static XOR: ConverterDef =
    binary("xor", |value, _, args, _| number(value, args, |a, b| a ^ b));

pub(super) static BOOL: ConverterDef = truth("bool", |value, _, _, _| test(value, |n| n != 0));
pub(super) static EVEN: ConverterDef = truth("even", |value, _, _, _| test(value, |n| n & 1 == 0));
pub(super) static NOT: ConverterDef = truth("not", |value, _, _, _| test(value, |n| n == 0));
pub(super) static ODD: ConverterDef = truth("odd", |value, _, _, _| test(value, |n| n & 1 == 1));

pub(super) static CPL: ConverterDef = converter("cpl", Type::Int, Type::Int, |value, _, _, _| {
    value.as_int().map(|n| Value::Int(!n))
});
pub(super) static NEG: ConverterDef = converter("neg", Type::Int, Type::Int, |value, _, _, _| {
    value.as_int().map(|n| Value::Int(n.wrapping_neg()))
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

fn number<'a>(value: Value<'a>, args: &Args, operate: fn(i64, i64) -> i64) -> Option<Value<'a>> {
    Some(Value::Int(operate(value.as_int()?, args.int(0)?)))
}

fn test<'a>(value: Value<'a>, test: fn(i64) -> bool) -> Option<Value<'a>> {
    value.as_int().map(|n| Value::Bool(test(n)))
}

/// The operand is a number; variables are not there yet.
fn operand(args: &mut [Arg]) -> Result<(), String> {
    let text = match args.first() {
        Some(Arg::Str(text)) => text.clone(),
        _ => Text::default(),
    };
    let number = if text.is_empty() {
        Some(0)
    } else {
        std::str::from_utf8(&text)
            .ok()
            .and_then(|text| text.parse().ok())
    };
    match number {
        Some(number) => {
            args[0] = Arg::Int(number);
            Ok(())
        }
        None => Err("expects an integer or a variable name".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use locum_runtime::plan::args::Arg as Compiled;

    fn result(def: &ConverterDef, a: i64, b: i64) -> i64 {
        let args = Args(Box::new([Compiled::Int(b)]));
        let operate = match def.name {
            "add" => number(Value::Int(a), &args, i64::saturating_add),
            "div" => number(Value::Int(a), &args, |a, b| {
                if b == 0 {
                    i64::MAX
                } else {
                    a.saturating_div(b)
                }
            }),
            _ => number(Value::Int(a), &args, |a, b| {
                if b == 0 { 0 } else { a.wrapping_rem(b) }
            }),
        };
        operate.and_then(|value| value.as_int()).unwrap()
    }

    // Values recorded from the reference.
    #[test]
    fn numbers_saturate_and_division_by_zero_has_an_answer() {
        assert_eq!(result(&ADD, i64::MAX, 1), i64::MAX);
        assert_eq!(result(&DIV, -7, 2), -3);
        assert_eq!(result(&DIV, 7, 0), i64::MAX);
        assert_eq!(result(&MOD, -7, 4), -3);
        assert_eq!(result(&MOD, 7, 0), 0);
    }

    #[test]
    fn an_operand_must_be_a_whole_number() {
        let mut args = [Arg::Str(Text::from("5x"))];
        assert_eq!(
            operand(&mut args).unwrap_err(),
            "expects an integer or a variable name"
        );
        let mut args = [Arg::Str(Text::from("-3"))];
        operand(&mut args).unwrap();
        assert_eq!(args[0], Arg::Int(-3));
    }
}
