//! Constants: `always_true`, `always_false`, `bin`, `bool`, `env`, `int`, `ipv4`, `ipv6`, `meth`, `str` (manual 7.3.2).
//!
//! ```text
//! http-request set-header x-node %[env(NODE)]
//! ```

use std::{collections::HashMap, sync::LazyLock};

use locum_model::{Text, expr::Arg};
use locum_runtime::{
    sample::value::{Fetched, Type, Value},
    vocab::FetchDef,
};

use super::{fetch, fetch_checked};

pub(super) static ALWAYS_FALSE: FetchDef = fetch("always_false", Type::Bool, |_, _, _| {
    Fetched::Value(Value::Bool(false))
});

pub(super) static ALWAYS_TRUE: FetchDef = fetch("always_true", Type::Bool, |_, _, _| {
    Fetched::Value(Value::Bool(true))
});

pub(super) static BIN: FetchDef = fetch_checked("bin", Type::Bin, hexadecimal, |_, args, _| {
    args.text(0).map(Value::Bin).into()
});

pub(super) static BOOL: FetchDef = fetch_checked("bool", Type::Bool, truth, |_, args, _| {
    args.int(0).map(|truth| Value::Bool(truth != 0)).into()
});

pub(super) static ENV: FetchDef = fetch("env", Type::Str, |_, args, _| {
    let name = args.text(0).unwrap_or_default();
    let value = ENVIRONMENT.get(name);
    value.map(|value| Value::Str(value)).into()
});

pub(super) static INT: FetchDef = fetch("int", Type::Int, |_, args, _| {
    args.int(0).map(Value::Int).into()
});

pub(super) static IPV4: FetchDef = fetch("ipv4", Type::Ipv4, |_, args, _| {
    args.net(0).map(|net| Value::Ip(net.ip)).into()
});

pub(super) static IPV6: FetchDef = fetch("ipv6", Type::Ipv6, |_, args, _| {
    args.net(0).map(|net| Value::Ip(net.ip)).into()
});

pub(super) static METH: FetchDef = fetch_checked("meth", Type::Method, token, |_, args, _| {
    args.text(0).map(Value::Method).into()
});

pub(super) static STR: FetchDef = fetch("str", Type::Str, |_, args, _| {
    Fetched::Value(Value::Str(args.text(0).unwrap_or_default()))
});

fn text(args: &[Arg]) -> &[u8] {
    match args.first() {
        Some(Arg::Str(text)) => text,
        _ => &[],
    }
}

fn truth(args: &mut [Arg]) -> Result<(), String> {
    let truth = match text(args) {
        b"true" | b"1" => 1,
        b"false" | b"0" => 0,
        _ => return Err("Expects 'true', 'false', '0' or '1'".to_owned()),
    };
    args[0] = Arg::Int(truth);
    Ok(())
}

/// A method is a token of RFC 9110 section 5.6.2.
fn token(args: &mut [Arg]) -> Result<(), String> {
    let is_token = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    match text(args).iter().all(is_token) {
        true => Ok(()),
        false => Err("expects valid method.".to_owned()),
    }
}

/// The digits become the bytes they stand for.
fn hexadecimal(args: &mut [Arg]) -> Result<(), String> {
    let digits = text(args);
    if digits.is_empty() {
        // The reference has no words for it.
        return Err("(null)".to_owned());
    }
    if !digits.len().is_multiple_of(2) {
        return Err("an even number of hex digit is expected".to_owned());
    }
    let mut bytes = Vec::with_capacity(digits.len() / 2);
    for pair in digits.chunks(2) {
        let mut byte = 0;
        for &digit in pair {
            let value = char::from(digit).to_digit(16).ok_or_else(|| {
                format!("an hex digit is expected (found '{}')", char::from(digit))
            })?;
            byte = byte << 4 | value as u8;
        }
        bytes.push(byte);
    }
    if let Some(arg) = args.first_mut() {
        *arg = Arg::Str(Text::from(bytes));
    }
    Ok(())
}

/// The environment that the process serves with. What sets it has ended before the first client comes.
static ENVIRONMENT: LazyLock<HashMap<Vec<u8>, Vec<u8>>> = LazyLock::new(|| {
    use std::os::unix::ffi::OsStringExt as _;
    std::env::vars_os()
        .map(|(name, value)| (name.into_vec(), value.into_vec()))
        .collect()
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_checked_in_the_references_words() {
        let mut args = [Arg::Str(Text::from("0a0B"))];
        hexadecimal(&mut args).unwrap();
        assert_eq!(args[0], Arg::Str(Text::from(*b"\x0a\x0b")));
        let bad = |text: &str| hexadecimal(&mut [Arg::Str(Text::from(text))]).unwrap_err();
        assert_eq!(bad("0"), "an even number of hex digit is expected");
        assert_eq!(bad("zz"), "an hex digit is expected (found 'z')");
        assert_eq!(
            truth(&mut [Arg::Str(Text::from("maybe"))]).unwrap_err(),
            "Expects 'true', 'false', '0' or '1'"
        );
    }
}
