//! Messages of the FIX protocol: `fix_is_valid`, `fix_tag_value(tag)` (manual 7.3.1). A message is `tag=value` fields, each
//! ended by a byte 1.
//!
//! ```text
//! tcp-request content reject unless { req.payload(0,0),fix_is_valid }
//! ```

use locum_model::{Text, expr::Arg};
use locum_runtime::{
    sample::value::{Type, Value},
    vocab::ConverterDef,
};

use super::{bytes_of, converter};

pub(super) static FIX_IS_VALID: ConverterDef =
    converter("fix_is_valid", Type::Bin, Type::Bool, |value, _, _, _| {
        is_valid(bytes_of(value)?).map(Value::Bool)
    });

pub(super) static FIX_TAG_VALUE: ConverterDef = ConverterDef {
    check: Some(|args| {
        let name = match args.first() {
            Some(Arg::Str(name)) => name.clone(),
            _ => Text::default(),
        };
        let mut names = NAMES.iter();
        let named = names.find(|(known, _)| name.eq_ignore_ascii_case(known.as_bytes()));
        let number = named
            .map(|(_, number)| *number)
            .or_else(|| tag_number(&name));
        let shown = || format!("Unknown FIX tag name '{}'", String::from_utf8_lossy(&name));
        args[0] = Arg::Int(i64::from(number.ok_or_else(shown)?));
        Ok(())
    }),
    ..converter(
        "fix_tag_value",
        Type::Bin,
        Type::Bin,
        |value, _, args, _| {
            let wanted = args.int(0)?;
            let mut rest = bytes_of(value)?;
            loop {
                let Read::Field(field, behind) = read(rest) else {
                    return None;
                };
                if i64::from(field.tag) == wanted {
                    return Some(Value::Bin(field.value)).filter(|_| !field.value.is_empty());
                }
                if field.tag == CHECK_SUM {
                    return None;
                }
                rest = behind;
            }
        },
    )
};

const NAMES: [(&str, u32); 6] = [
    ("BeginString", BEGIN_STRING),
    ("BodyLength", BODY_LENGTH),
    ("MsgType", MESSAGE_TYPE),
    ("SenderCompID", 49),
    ("TargetCompID", 56),
    ("CheckSum", CHECK_SUM),
];
const BEGIN_STRING: u32 = 8;
const BODY_LENGTH: u32 = 9;
const MESSAGE_TYPE: u32 = 35;
const CHECK_SUM: u32 = 10;
const END: u8 = 1;
/// Nothing is said of less.
const SHORTEST: usize = 26;
const VERSIONS: [&[u8]; 6] = [
    b"FIX.4.0",
    b"FIX.4.1",
    b"FIX.4.2",
    b"FIX.4.3",
    b"FIX.4.4",
    b"FIXT.1.1",
];

struct Field<'m> {
    tag: u32,
    value: &'m [u8],
}

enum Read<'m> {
    /// A field, and what is behind it.
    Field(Field<'m>, &'m [u8]),
    /// Its end has not come.
    Incomplete,
    /// Its tag is no number.
    Wrong,
}

fn read(message: &[u8]) -> Read<'_> {
    let Some(equals) = message.iter().position(|&byte| byte == b'=') else {
        return Read::Incomplete;
    };
    let rest = &message[equals + 1..];
    let Some(end) = rest.iter().position(|&byte| byte == END) else {
        return Read::Incomplete;
    };
    let value = &rest[..end];
    match tag_number(&message[..equals]) {
        Some(tag) => Read::Field(Field { tag, value }, &rest[end + 1..]),
        None => Read::Wrong,
    }
}

/// Numbers beyond 32 bits wrap around, as the reference's do.
fn tag_number(digits: &[u8]) -> Option<u32> {
    let mut number = 0u32;
    for digit in digits {
        let digit = char::from(*digit).to_digit(10)?;
        number = number.wrapping_mul(10).wrapping_add(digit);
    }
    Some(number).filter(|&number| number != 0)
}

/// `None` until the message is whole, or wrong in what there is of it.
fn is_valid(message: &[u8]) -> Option<bool> {
    if message.len() < SHORTEST {
        return None;
    }
    let mut rest = message;
    let mut body = None;
    for number in 0.. {
        let before = rest;
        if before.first() == Some(&b'=') {
            return Some(false);
        }
        let field = match read(rest) {
            Read::Field(field, behind) => {
                rest = behind;
                field
            }
            Read::Incomplete => return None,
            Read::Wrong => return Some(false),
        };
        let is_right = match (number, field.tag) {
            (0, tag) => tag == BEGIN_STRING && VERSIONS.contains(&field.value),
            (1, tag) => {
                let length = length(field.value);
                body = length.map(|length| (rest.len(), length));
                tag == BODY_LENGTH && length.is_some()
            }
            (2, tag) => tag == MESSAGE_TYPE,
            (_, CHECK_SUM) => {
                let sum = message[..message.len() - before.len()]
                    .iter()
                    .fold(0u8, |sum, byte| sum.wrapping_add(*byte));
                let (start, length) = body?;
                let is_long = start - before.len() == length;
                return Some(is_long && field.value == format!("{sum:03}").as_bytes());
            }
            _ => true,
        };
        if !is_right {
            return Some(false);
        }
    }
    None
}

fn length(digits: &[u8]) -> Option<usize> {
    let is_number = digits.iter().all(u8::is_ascii_digit);
    let digits = std::str::from_utf8(digits).ok()?;
    let length = digits.parse().ok().filter(|_| is_number);
    length.filter(|&length| length > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    // Values recorded from the reference.
    #[test]
    fn a_message_is_judged_when_it_is_whole() {
        let valid = |message: &str| is_valid(message.replace('|', "\x01").as_bytes());
        assert_eq!(valid("8=FIX.4.2|9=5|35=0|10=161|"), Some(true));
        assert_eq!(valid("8=FIX.4.2|9=5|35=0|10=161|x"), Some(true));
        assert_eq!(valid("8=FIX.4.2|9=5|35=0|10=161"), None);
        assert_eq!(valid("8=FIX.4.2|9=4|35=A|10=177|"), Some(false));
        assert_eq!(valid("8=FIX.5.0|9=5|35=A|10=177|"), Some(false));
        assert_eq!(valid("8=FIX.4.2|9=5|35=A|11=178|"), None);
        assert_eq!(valid("8=FIX.4.2|9=6|035=A|10=227|"), Some(true));
    }
}
