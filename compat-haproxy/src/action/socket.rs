//! Options of the client's socket: `set-mark`, `set-tos` (manual 4.2).
//!
//! ```text
//! http-request set-tos 0x28 if { src 10.0.0.0/8 }
//! ```

use locum_model::expr::Arg;
use locum_runtime::{
    rules::Outcome,
    vocab::{ActionDef, ActionFn, RuleSets},
};

use crate::lowering::{ActionWord, RuleWords};

pub(super) static SET_MARK: ActionWord = ActionWord {
    def: &action("set-mark", |view, args| {
        if let Some(mark) = args.int(0) {
            view.session.set_mark(mark as u32);
        }
        Outcome::Next
    }),
    parse: number,
};

pub(super) static SET_TOS: ActionWord = ActionWord {
    def: &action("set-tos", |view, args| {
        if let Some(tos) = args.int(0) {
            view.session.set_tos(tos as u32);
        }
        Outcome::Next
    }),
    parse: number,
};

const fn action(name: &'static str, run: ActionFn) -> ActionDef {
    ActionDef {
        name,
        rule_sets: RuleSets::TCP_REQUEST_CONNECTION
            .union(RuleSets::TCP_REQUEST_SESSION)
            .union(RuleSets::TCP_REQUEST_CONTENT)
            .union(RuleSets::TCP_RESPONSE_CONTENT)
            .union(RuleSets::HTTP_REQUEST)
            .union(RuleSets::HTTP_RESPONSE),
        is_final: false,
        run,
    }
}

fn number(words: &mut RuleWords<'_, '_>) -> Result<Vec<Arg>, String> {
    let text = words.take();
    if text.is_empty() {
        return Err("expects exactly 1 argument (integer/hex value)".to_owned());
    }
    match unsigned(text) {
        Ok(number) => Ok(vec![Arg::Int(number.into())]),
        Err(rest) => Err(format!(
            "invalid character starting at '{}' (integer/hex value expected)",
            String::from_utf8_lossy(rest)
        )),
    }
}

/// A number as C's `strtoul` reads it in any base, of which the low 32 bits count; or the text behind it (observed).
fn unsigned(text: &[u8]) -> Result<u32, &[u8]> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    let (base, digits) = match digits {
        [b'0', b'x' | b'X', rest @ ..] if rest.first().is_some_and(u8::is_ascii_hexdigit) => {
            (16, rest)
        }
        [b'0', ..] => (8, digits),
        _ => (10, digits),
    };
    let digit = |byte: &u8| char::from(*byte).to_digit(base).map(u64::from);
    let length = digits
        .iter()
        .take_while(|byte| digit(byte).is_some())
        .count();
    match digits.split_at(length) {
        ([], _) => Err(text),
        (number, []) => {
            let number = number
                .iter()
                .filter_map(digit)
                .try_fold(0u64, |number, digit| {
                    number.checked_mul(base.into())?.checked_add(digit)
                });
            let number = number.unwrap_or(u64::MAX) as u32;
            Ok(if negative {
                number.wrapping_neg()
            } else {
                number
            })
        }
        (_, rest) => Err(rest),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_c_reads_them() {
        let read = |text: &'static str| unsigned(text.as_bytes());
        assert_eq!(read("16"), Ok(16));
        assert_eq!(read("0x10"), Ok(16));
        assert_eq!(read("010"), Ok(8));
        assert_eq!(read("-1"), Ok(u32::MAX));
        assert_eq!(read("99999999999"), Ok(1_215_752_191));
        assert_eq!(read("08"), Err(&b"8"[..]));
        assert_eq!(read("0x"), Err(&b"x"[..]));
        assert_eq!(read("1x"), Err(&b"x"[..]));
        assert_eq!(read("x"), Err(&b"x"[..]));
    }
}
