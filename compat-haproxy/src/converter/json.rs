//! `json([input-code])`: text escaped for a JSON string (manual 7.3.1, RFC 8259 section 7).
//!
//! ```text
//! log-format '{"agent":"%[capture.req.hdr(0),json(utf8s)]"}'
//! ```

use std::io::Write as _;

use locum_model::expr::Arg;
use locum_runtime::{
    sample::value::{Type, Value},
    vocab::ConverterDef,
};

use super::{bytes_of, converter};

pub(super) static JSON: ConverterDef = ConverterDef {
    check: Some(|args| {
        let code = match args.first() {
            Some(Arg::Str(code)) => String::from_utf8_lossy(code).into_owned(),
            _ => String::new(),
        };
        if !matches!(&*code, "" | "ascii" | "utf8" | "utf8s" | "utf8p" | "utf8ps") {
            return Err(
                "Unexpected input code type. Allowed value are 'ascii', 'utf8', 'utf8s', 'utf8p' and 'utf8ps'"
                    .to_owned(),
            );
        }
        args[0] = Arg::Word(code);
        Ok(())
    }),
    ..converter("json", Type::Str, Type::Str, |value, _, args, arena| {
        let out = escaped(bytes_of(value)?, args.word(0).unwrap_or_default())?;
        Some(Value::Str(arena.alloc_slice_copy(&out)))
    })
};

/// What stands at the start of some bytes.
enum Decoded {
    /// A character in that many bytes.
    Character(u32, usize),
    /// A character in more bytes than it needs.
    Overlong(u32, usize),
    /// Something else that takes that many bytes.
    Wrong(usize),
}

fn escaped(mut text: &[u8], code: &str) -> Option<Vec<u8>> {
    let (is_silent, is_permissive) = (code.ends_with('s'), code.contains('p'));
    let mut out = Vec::with_capacity(text.len());
    while let Some(&first) = text.first() {
        let decoded = if code.starts_with("utf8") {
            decode(text)
        } else {
            Decoded::Character(u32::from(first), 1)
        };
        let (character, length) = match decoded {
            Decoded::Character(character, length) => (Some(character), length),
            Decoded::Overlong(character, length) => (is_permissive.then_some(character), length),
            Decoded::Wrong(length) => (None, length),
        };
        match character.filter(|&character| is_allowed(character)) {
            Some(character) => escape(character, &mut out),
            None if is_silent => {}
            None => return None,
        }
        text = &text[length..];
    }
    Some(out)
}

/// Four hexadecimal digits name no more; surrogates and the two that are no characters are none.
fn is_allowed(character: u32) -> bool {
    !matches!(character, 0xd800..=0xdfff | 0xfffe.. )
}

fn escape(character: u32, out: &mut Vec<u8>) {
    let letter = match character {
        0x22 | 0x2f | 0x5c => character as u8,
        0x08 => b'b',
        0x09 => b't',
        0x0a => b'n',
        0x0c => b'f',
        0x0d => b'r',
        0x20..0x7f => return out.push(character as u8),
        _ => {
            // Writing to a vector can't fail.
            let _ = write!(out, "\\u{character:04x}");
            return;
        }
    };
    out.extend_from_slice(&[b'\\', letter]);
}

/// UTF-8 as RFC 2279 had it, in up to six bytes; a sequence ends where a byte doesn't continue it.
fn decode(text: &[u8]) -> Decoded {
    let first = text[0];
    let length = first.leading_ones() as usize;
    let least = match length {
        0 => return Decoded::Character(u32::from(first), 1),
        2 => 0x80,
        3 => 0x800,
        4 => 0x1_0000,
        5 => 0x20_0000,
        6 => 0x400_0000,
        _ => return Decoded::Wrong(1),
    };
    let rest = text[1..].iter().take(length - 1);
    let rest = rest.take_while(|&&byte| byte & 0xc0 == 0x80);
    let (mut character, mut taken) = (u32::from(first) & (0x7f >> length), 1);
    for byte in rest {
        character = character << 6 | u32::from(byte & 0x3f);
        taken += 1;
    }
    if taken < length {
        Decoded::Wrong(taken)
    } else if character < least {
        Decoded::Overlong(character, taken)
    } else {
        Decoded::Character(character, taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &[u8], code: &str) -> Option<String> {
        escaped(text, code).map(|text| String::from_utf8(text).unwrap())
    }

    // Values recorded from the reference.
    #[test]
    fn each_code_treats_errors_in_its_own_way() {
        assert_eq!(json(b"\xc3\xa9", "").as_deref(), Some("\\u00c3\\u00a9"));
        assert_eq!(
            json(b"\xc3\xa9/\"\t\x7f", "utf8").as_deref(),
            Some("\\u00e9\\/\\\"\\t\\u007f")
        );
        for code in ["utf8", "utf8p"] {
            assert_eq!(json(b"a\xffb", code), None);
            assert_eq!(json(b"\xf0\x9f\x98\x80", code), None);
            assert_eq!(json(b"\xed\xa0\x80", code), None);
        }
        assert_eq!(
            json(b"a\xe2b\xc3\xa9c", "utf8s").as_deref(),
            Some("ab\\u00e9c")
        );
        assert_eq!(json(b"\xc0\xaf", "utf8s").as_deref(), Some(""));
        assert_eq!(json(b"\xc0\xaf", "utf8ps").as_deref(), Some("\\/"));
    }
}
