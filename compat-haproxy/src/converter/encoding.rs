//! Encodings: `b64dec`, `base64`, `hex`, `hex2i`, `htonl`, `ub64dec`, `ub64enc`, `url_dec`, `url_enc` (manual 7.3.1).
//!
//! ```text
//! http-request set-header x-id %[unique-id,base64]
//! ```

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use locum_model::expr::Arg;
use locum_runtime::{
    sample::value::{Arena, Type, Value},
    vocab::ConverterDef,
};

use super::{bytes_of, converter};

pub(super) static B64DEC: ConverterDef =
    converter("b64dec", Type::Str, Type::Bin, |value, _, _, arena| {
        decoded(bytes_of(value)?, arena).map(Value::Bin)
    });

/// Each group of four may end in padding, not only the last one (observed).
pub(super) fn decoded<'a>(text: &[u8], arena: &'a Arena) -> Option<&'a [u8]> {
    let groups = text.chunks_exact(4);
    if !groups.remainder().is_empty() {
        return None;
    }
    let mut out = bumpalo::collections::Vec::with_capacity_in(text.len() / 4 * 3, arena);
    for group in groups {
        let digits = group.iter().rposition(|&byte| byte != b'=')? + 1;
        let mut bits = 0;
        for &byte in &group[..digits] {
            bits = bits << 6 | six_bits(byte, [b'+', b'/'])?;
        }
        let bytes = (bits << (6 * (4 - digits))).to_be_bytes();
        out.extend_from_slice(&bytes[1..digits]);
    }
    Some(out.into_bump_slice())
}

/// The value of one digit, with the last two of the alphabet.
fn six_bits(byte: u8, [plus, slash]: [u8; 2]) -> Option<u32> {
    Some(u32::from(match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        _ if byte == plus => 62,
        _ if byte == slash => 63,
        _ => return None,
    }))
}

pub(super) static BASE64: ConverterDef =
    converter("base64", Type::Bin, Type::Str, |value, _, _, arena| {
        let bytes = bytes_of(value)?;
        let out = arena.alloc_slice_fill_copy(bytes.len().div_ceil(3) * 4, 0u8);
        let length = STANDARD.encode_slice(bytes, out).ok()?;
        Some(Value::Str(&out[..length]))
    });

pub(super) static HEX: ConverterDef =
    converter("hex", Type::Bin, Type::Str, |value, _, _, arena| {
        let bytes = bytes_of(value)?;
        let out = arena.alloc_slice_fill_copy(bytes.len() * 2, 0u8);
        for (pair, byte) in out.chunks_exact_mut(2).zip(bytes) {
            pair[0] = DIGITS[usize::from(byte >> 4)];
            pair[1] = DIGITS[usize::from(byte & 15)];
        }
        Some(Value::Str(out))
    });

pub(super) static HEX2I: ConverterDef =
    converter("hex2i", Type::Str, Type::Int, |value, _, _, _| {
        let digits = std::str::from_utf8(bytes_of(value)?).ok()?;
        if digits.is_empty() {
            return Some(Value::Int(0));
        }
        if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        // More than 64 bits lose their upper ones.
        let low = &digits[digits.len().saturating_sub(16)..];
        u64::from_str_radix(low, 16)
            .ok()
            .map(|number| Value::Int(number as i64))
    });

pub(super) static HTONL: ConverterDef =
    converter("htonl", Type::Int, Type::Bin, |value, _, _, arena| {
        let number = value.as_int()? as u32;
        Some(Value::Bin(arena.alloc_slice_copy(&number.to_be_bytes())))
    });

pub(super) static UB64DEC: ConverterDef =
    converter("ub64dec", Type::Str, Type::Bin, |value, _, _, arena| {
        url_decoded(bytes_of(value)?, arena).map(Value::Bin)
    });

/// Base64url without padding (RFC 4648 section 5). A `=` is taken for the last digit, as the reference does.
pub(super) fn url_decoded<'a>(text: &[u8], arena: &'a Arena) -> Option<&'a [u8]> {
    let mut out = bumpalo::collections::Vec::with_capacity_in(text.len(), arena);
    for group in text.chunks(4) {
        let mut bits = 0;
        for &byte in group {
            let byte = if byte == b'=' { b'_' } else { byte };
            bits = bits << 6 | six_bits(byte, [b'-', b'_'])?;
        }
        let bytes = (bits << (6 * (4 - group.len()))).to_be_bytes();
        // One digit alone is not a byte.
        out.extend_from_slice(
            bytes
                .get(1..group.len())
                .filter(|bytes| !bytes.is_empty())?,
        );
    }
    Some(out.into_bump_slice())
}

pub(super) static UB64ENC: ConverterDef =
    converter("ub64enc", Type::Bin, Type::Str, |value, _, _, arena| {
        let bytes = bytes_of(value)?;
        let out = arena.alloc_slice_fill_copy(bytes.len().div_ceil(3) * 4, 0u8);
        let length = URL_SAFE_NO_PAD.encode_slice(bytes, out).ok()?;
        Some(Value::Str(&out[..length]))
    });

pub(super) static URL_DEC: ConverterDef =
    converter("url_dec", Type::Str, Type::Str, |value, _, args, arena| {
        let text = bytes_of(value)?;
        // A plus is a blank behind the question mark, or everywhere when the argument says so.
        let mut in_form = args.int(0).is_some_and(|form| form != 0);
        let mut out = bumpalo::collections::Vec::with_capacity_in(text.len(), arena);
        let mut rest = text;
        while let [byte, tail @ ..] = rest {
            rest = tail;
            match byte {
                b'%' => {
                    let digits = std::str::from_utf8(rest.get(..2)?).ok()?;
                    if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
                        return None;
                    }
                    out.push(u8::from_str_radix(digits, 16).ok()?);
                    rest = &rest[2..];
                }
                b'+' if in_form => out.push(b' '),
                byte => {
                    in_form |= *byte == b'?';
                    out.push(*byte);
                }
            }
        }
        Some(Value::Str(out.into_bump_slice()))
    });

pub(super) static URL_ENC: ConverterDef = ConverterDef {
    check: Some(only_query),
    ..converter("url_enc", Type::Str, Type::Str, |value, _, _, arena| {
        let text = bytes_of(value)?;
        let mut out = bumpalo::collections::Vec::with_capacity_in(text.len(), arena);
        for &byte in text {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                out.push(byte);
            } else {
                let digits = [
                    DIGITS[usize::from(byte >> 4)],
                    DIGITS[usize::from(byte & 15)],
                ];
                out.extend_from_slice(&[b'%', digits[0], digits[1]]);
            }
        }
        Some(Value::Str(out.into_bump_slice()))
    })
};

pub(super) const DIGITS: &[u8; 16] = b"0123456789ABCDEF";

fn only_query(args: &mut [Arg]) -> Result<(), String> {
    match args.first() {
        Some(Arg::Str(text)) if &**text != b"query" => {
            Err("Unexpected encode type. Allowed value is 'query'".to_owned())
        }
        _ => Ok(()),
    }
}
