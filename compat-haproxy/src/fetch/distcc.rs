//! Messages of distcc: `distcc_param`, `distcc_body` (manual 7.3.5).
//!
//! A message is a row of tokens: four letters, eight hexadecimal digits, and for most tokens so many bytes.
//!
//! ```text
//! tcp-request content accept if { distcc_param(DOTI) -m found }
//! use_backend big if { distcc_param(DOTI) gt 1000000 }
//! ```

use locum_model::expr::Arg;
use locum_runtime::{
    plan::args::Args,
    sample::{
        value::{Fetched, Type, Value},
        view::View,
    },
    vocab::FetchDef,
};

use super::{fetch_checked, raw_bytes};

pub(super) static DISTCC_BODY: FetchDef =
    fetch_checked("distcc_body", Type::Bin, token, |view, args, _| {
        fetched(view, args, |token| Value::Bin(token.body))
    });

pub(super) static DISTCC_PARAM: FetchDef =
    fetch_checked("distcc_param", Type::Int, token, |view, args, _| {
        fetched(view, args, |token| Value::Int(i64::from(token.param)))
    });

/// Tokens whose number is no length (observed).
const BARE: [&[u8]; 5] = [b"ARGC", b"DIST", b"DONE", b"NFIL", b"STAT"];

struct Token<'a> {
    param: u32,
    /// What has come of it.
    body: &'a [u8],
}

fn fetched<'a>(
    view: &View<'a>,
    args: &Args,
    value: impl FnOnce(Token<'a>) -> Value<'a>,
) -> Fetched<'a> {
    let Some(bytes) = raw_bytes(view) else {
        return Fetched::Absent;
    };
    let name = args.text(0).unwrap_or_default();
    let nth = args.int(1).filter(|nth| *nth > 0).unwrap_or(1);
    match find(bytes.bytes, name, nth) {
        Ok(Some(token)) => Fetched::Value(value(token)),
        Ok(None) => Fetched::Absent,
        Err(Incomplete) if bytes.complete || view.last_look => Fetched::Absent,
        Err(Incomplete) => Fetched::NotYet,
    }
}

struct Incomplete;

/// The n-th token of a name; `None` where the message isn't one.
fn find<'a>(
    mut rest: &'a [u8],
    name: &[u8],
    mut nth: i64,
) -> Result<Option<Token<'a>>, Incomplete> {
    loop {
        let Some((head, behind)) = rest.split_at_checked(12) else {
            return Err(Incomplete);
        };
        let (found, digits) = head.split_at(4);
        let Some(param) = hexadecimal(digits) else {
            return Ok(None);
        };
        let length = if BARE.contains(&found) {
            0
        } else {
            param as usize
        };
        let body = &behind[..length.min(behind.len())];
        if found == name {
            nth -= 1;
            if nth == 0 {
                return Ok(Some(Token { param, body }));
            }
        }
        rest = behind.get(length..).ok_or(Incomplete)?;
    }
}

fn hexadecimal(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0u32, |number, digit| {
        Some(number << 4 | char::from(*digit).to_digit(16)?)
    })
}

fn token(args: &mut [Arg]) -> Result<(), String> {
    match args.first() {
        Some(Arg::Str(name)) if name.len() == 4 => Ok(()),
        _ => Err("token name must be exactly 4 characters".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn param(message: &[u8], name: &[u8], nth: i64) -> Option<(u32, Vec<u8>)> {
        find(message, name, nth)
            .ok()
            .flatten()
            .map(|token| (token.param, token.body.to_vec()))
    }

    // Values recorded from the reference.
    #[test]
    fn tokens_are_passed_over_with_their_bodies() {
        let message = b"DIST00000001ARGC00000002ARGV00000002gcARGV00000003-c DOTI0000000Aab";
        assert_eq!(param(message, b"DIST", 1), Some((1, vec![])));
        assert_eq!(param(message, b"ARGV", 2), Some((3, b"-c ".to_vec())));
        assert_eq!(param(message, b"DOTI", 1), Some((10, b"ab".to_vec())));
        assert_eq!(param(message, b"DONE", 1), None);
        assert_eq!(param(b"DIST00000001ARGC0000z002", b"ARGC", 1), None);
        assert_eq!(param(b"DOTIffffffffabc", b"SERR", 1), None);
    }
}
