//! Fields of protocol buffers: `protobuf(path[,type])`, and of gRPC messages: `ungrpc(path[,type])` (manual 7.3.1).
//!
//! ```text
//! http-request set-var(txn.latitude) req.body,ungrpc(48.59.1,int32)
//! ```

use locum_model::expr::Arg;
use locum_runtime::{
    plan::args::{Arg as Compiled, Args},
    sample::value::{Type, Value},
    vocab::{ConvertFn, ConverterDef},
};

use super::{bytes_of, converter};

pub(super) static PROTOBUF: ConverterDef = word("protobuf", |value, _, args, _| {
    find(
        bytes_of(value)?,
        path(args)?,
        args.word(1).unwrap_or_default(),
    )
    .found()
});

pub(super) static UNGRPC: ConverterDef = word("ungrpc", |value, _, args, _| {
    let mut rest = bytes_of(value)?;
    let path = path(args)?;
    // One byte says whether it is compressed, four how long the message is.
    while let Some((prefix, behind)) = rest.split_first_chunk::<5>() {
        let [_, length @ ..] = *prefix;
        let (message, behind) = behind.split_at_checked(u32::from_be_bytes(length) as usize)?;
        match find(message, path, args.word(1).unwrap_or_default()) {
            Found::Nothing => rest = behind,
            found => return found.found(),
        }
    }
    None
});

const fn word(name: &'static str, run: ConvertFn) -> ConverterDef {
    ConverterDef {
        check: Some(check),
        ..converter(name, Type::Bin, Type::Bin, run)
    }
}

/// Wire types (protocol buffers' encoding).
const VARINT: u64 = 0;
const BITS_64: u64 = 1;
const BYTES: u64 = 2;
const BITS_32: u64 = 5;

/// The types of the second argument and how they are carried.
fn wire_type(kind: &str) -> Option<u64> {
    Some(match kind {
        "int32" | "uint32" | "sint32" | "int64" | "uint64" | "sint64" | "bool" | "enum" => VARINT,
        "fixed64" | "sfixed64" | "double" => BITS_64,
        "fixed32" | "sfixed32" | "float" => BITS_32,
        _ => return None,
    })
}

fn check(args: &mut [Arg]) -> Result<(), String> {
    let path = match args.first() {
        Some(Arg::Str(path)) => String::from_utf8_lossy(path).into_owned(),
        _ => String::new(),
    };
    args[0] = Arg::List(numbers(&path).unwrap_or_default());
    if let Some(Arg::Str(kind)) = args.get(1) {
        let kind = String::from_utf8_lossy(kind).into_owned();
        if wire_type(&kind).is_none() {
            return Err(format!("Wrong protocol buffer type '{kind}'"));
        }
        args[1] = Arg::Word(kind);
    }
    Ok(())
}

/// The numbers of a dotted path; what is between two dots, or before the first, may be missing.
pub(crate) fn numbers(path: &str) -> Option<Vec<Arg>> {
    if path.is_empty() || path.ends_with('.') {
        return None;
    }
    let number = |part: &str| {
        let digits = part.bytes().map(|byte| char::from(byte).to_digit(10));
        let number = digits.into_iter().try_fold(0u64, |number, digit| {
            Some(number.wrapping_mul(10).wrapping_add(u64::from(digit?)))
        });
        number.map(|number| Arg::Int(number as i64))
    };
    path.split('.').map(number).collect()
}

fn path(args: &Args) -> Option<&[Compiled]> {
    args.list(0)
}

enum Found<'a> {
    Value(Value<'a>),
    /// The message has no such field.
    Nothing,
    /// The field is not what was asked for, or the message is not well-formed.
    Wrong,
}

impl<'a> Found<'a> {
    fn found(self) -> Option<Value<'a>> {
        match self {
            Found::Value(value) => Some(value),
            Found::Nothing | Found::Wrong => None,
        }
    }
}

/// Looks for the field in one message; the depth is the path's.
fn find<'a>(mut message: &'a [u8], path: &[Compiled], kind: &str) -> Found<'a> {
    let Some((&Compiled::Int(wanted), inner)) = path.split_first() else {
        return Found::Nothing;
    };
    while !message.is_empty() {
        let Some((key, content)) = field(&mut message) else {
            return Found::Wrong;
        };
        if key >> 3 != wanted as u64 {
            continue;
        }
        if inner.is_empty() {
            let other = if content.is_empty() {
                Found::Nothing
            } else {
                Found::Wrong
            };
            return value(key & 7, content, kind).map_or(other, Found::Value);
        }
        if key & 7 != BYTES {
            // No more is looked for in this message.
            return Found::Nothing;
        }
        match find(content, inner, kind) {
            Found::Nothing => {}
            found => return found,
        }
    }
    Found::Nothing
}

/// Takes a field off: its key and its content.
fn field<'a>(message: &mut &'a [u8]) -> Option<(u64, &'a [u8])> {
    let (key, length) = varint(message)?;
    let rest = &message[length..];
    let (start, length) = match key & 7 {
        VARINT => (0, varint(rest)?.1),
        BITS_64 => (0, 8),
        BITS_32 => (0, 4),
        BYTES => {
            let (length, start) = varint(rest)?;
            (start, usize::try_from(length).ok()?)
        }
        _ => return None,
    };
    let content = rest.get(start..start.checked_add(length)?)?;
    *message = &rest[start + length..];
    Some((key, content))
}

/// A number and how many bytes it takes, ten at most. At the end of a message it is 0 in none (observed).
fn varint(bytes: &[u8]) -> Option<(u64, usize)> {
    let mut number = 0u64;
    for (at, byte) in bytes.iter().take(10).enumerate() {
        number |= u64::from(byte & 0x7f).wrapping_shl(7 * at as u32);
        if byte & 0x80 == 0 {
            return Some((number, at + 1));
        }
    }
    bytes.is_empty().then_some((0, 0))
}

fn value<'a>(wire: u64, content: &'a [u8], kind: &str) -> Option<Value<'a>> {
    if kind.is_empty() {
        return Some(Value::Bin(content));
    }
    if wire_type(kind) != Some(wire) {
        return None;
    }
    let four = || content.first_chunk::<4>().copied();
    let eight = || content.first_chunk::<8>().copied();
    Some(Value::Int(match kind {
        "sint32" | "sint64" => {
            let number = varint(content)?.0;
            (number >> 1) as i64 ^ -((number & 1) as i64)
        }
        "fixed32" => i64::from(u32::from_le_bytes(four()?)),
        "sfixed32" => i64::from(i32::from_le_bytes(four()?)),
        // The low 32 bits of the whole number.
        "float" => i64::from(whole(f64::from(f32::from_le_bytes(four()?))) as u32),
        "fixed64" | "sfixed64" => i64::from_le_bytes(eight()?),
        "double" => unsigned(f64::from_le_bytes(eight()?)),
        _ => varint(content)?.0 as i64,
    }))
}

const TWO_TO_63: f64 = 9_223_372_036_854_775_808.0;

/// What has no whole number in 64 bits is the smallest one.
fn whole(number: f64) -> i64 {
    if (-TWO_TO_63..TWO_TO_63).contains(&number) {
        number as i64
    } else {
        i64::MIN
    }
}

/// As an unsigned number; beyond all of them it is 0.
fn unsigned(number: f64) -> i64 {
    if number >= TWO_TO_63 {
        whole(number - TWO_TO_63) ^ i64::MIN
    } else {
        whole(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found<'a>(message: &'a [u8], path: &[i64], kind: &str) -> Option<Value<'a>> {
        let path: Vec<Compiled> = path.iter().copied().map(Compiled::Int).collect();
        find(message, &path, kind).found()
    }

    // Values recorded from the reference.
    #[test]
    fn a_field_is_found_by_its_path() {
        let nested = b"\x0a\x02\x18\x07\x0a\x02\x10\x08";
        assert_eq!(found(nested, &[1, 2], "int32"), Some(Value::Int(8)));
        assert_eq!(found(nested, &[1], ""), Some(Value::Bin(b"\x18\x07")));
        assert_eq!(found(nested, &[1], "int32"), None);
        assert_eq!(found(b"\x08\x09\x0a\x02\x10\x07", &[1, 2], "int32"), None);
        assert_eq!(found(b"\x08", &[1], "int32"), Some(Value::Int(0)));
    }

    #[test]
    fn numbers_are_read_by_their_type() {
        assert_eq!(found(b"\x08\x01", &[1], "sint32"), Some(Value::Int(-1)));
        let float = |bytes: [u8; 4]| {
            found(&[&[0x0d][..], &bytes].concat(), &[1], "float").map(|value| value.as_int())
        };
        assert_eq!(float((-1.5f32).to_le_bytes()), Some(Some(0xffff_ffff)));
        assert_eq!(float(f32::NAN.to_le_bytes()), Some(Some(0)));
        assert_eq!(unsigned(1e300), 0);
        assert_eq!(unsigned(f64::NAN), i64::MIN);
        assert_eq!(unsigned(-2.0), -2);
    }
}
