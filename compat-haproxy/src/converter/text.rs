//! Text: `bytes`, `cut_crlf`, `host_only`, `iif`, `length`, `lower`, `ltrim`, `port_only`, `rtrim`, `upper`
//! (manual 7.3.1).
//!
//! ```text
//! http-request set-header x-host %[req.hdr(host),host_only,lower]
//! ```

use locum_runtime::{
    sample::value::{Type, Value},
    vocab::ConverterDef,
};

use super::{bytes_of, converter};

pub(super) static BYTES: ConverterDef =
    converter("bytes", Type::Bin, Type::Bin, |value, _, args, _| {
        let bytes = bytes_of(value)?;
        let from = usize::try_from(args.int(0)?)
            .ok()
            .filter(|&from| from < bytes.len());
        // A start beyond the end gives nothing, which is still a value.
        let rest = from.map_or(&[][..], |from| &bytes[from..]);
        let length = match args.int(1) {
            // A negative one is all of them.
            Some(length) => usize::try_from(length).unwrap_or(rest.len()),
            None => rest.len(),
        };
        Some(Value::Bin(&rest[..length.min(rest.len())]))
    });

pub(super) static CUT_CRLF: ConverterDef =
    converter("cut_crlf", Type::Str, Type::Str, |value, _, _, _| {
        let text = bytes_of(value)?;
        let end = text.iter().position(|byte| matches!(byte, b'\r' | b'\n'));
        Some(Value::Str(&text[..end.unwrap_or(text.len())]))
    });

pub(super) static HOST_ONLY: ConverterDef =
    converter("host_only", Type::Str, Type::Str, |value, _, _, arena| {
        let host = arena.alloc_slice_copy(host_and_port(bytes_of(value)?).0);
        host.make_ascii_lowercase();
        Some(Value::Str(host))
    });

pub(super) static IIF: ConverterDef =
    converter("iif", Type::Bool, Type::Str, |value, _, args, _| {
        let Value::Bool(truth) = value else {
            return None;
        };
        args.text(if truth { 0 } else { 1 }).map(Value::Str)
    });

pub(super) static LENGTH: ConverterDef =
    converter("length", Type::Str, Type::Int, |value, _, _, _| {
        Some(Value::Int(bytes_of(value)?.len() as i64))
    });

pub(super) static LOWER: ConverterDef =
    converter("lower", Type::Str, Type::Str, |value, _, _, arena| {
        let text = bytes_of(value)?;
        if !text.iter().any(u8::is_ascii_uppercase) {
            return Some(Value::Str(text));
        }
        let lower = arena.alloc_slice_copy(text);
        lower.make_ascii_lowercase();
        Some(Value::Str(lower))
    });

pub(super) static LTRIM: ConverterDef =
    converter("ltrim", Type::Str, Type::Str, |value, _, args, _| {
        let (text, set) = (bytes_of(value)?, args.text(0).unwrap_or_default());
        let start = text.iter().position(|byte| !set.contains(byte));
        Some(Value::Str(&text[start.unwrap_or(text.len())..]))
    });

pub(super) static PORT_ONLY: ConverterDef =
    converter("port_only", Type::Str, Type::Int, |value, _, _, _| {
        let port = host_and_port(bytes_of(value)?).1;
        // Any byte is taken for a digit (observed).
        let port = port.iter().fold(0u32, |port, &byte| {
            let digit = u32::from(byte).wrapping_sub(u32::from(b'0'));
            port.wrapping_mul(10).wrapping_add(digit)
        });
        Some(Value::Int(i64::from(port)))
    });

pub(super) static RTRIM: ConverterDef =
    converter("rtrim", Type::Str, Type::Str, |value, _, args, _| {
        let (text, set) = (bytes_of(value)?, args.text(0).unwrap_or_default());
        let end = text.iter().rposition(|byte| !set.contains(byte));
        Some(Value::Str(&text[..end.map_or(0, |end| end + 1)]))
    });

pub(super) static UPPER: ConverterDef =
    converter("upper", Type::Str, Type::Str, |value, _, _, arena| {
        let text = bytes_of(value)?;
        if !text.iter().any(u8::is_ascii_lowercase) {
            return Some(Value::Str(text));
        }
        let upper = arena.alloc_slice_copy(text);
        upper.make_ascii_uppercase();
        Some(Value::Str(upper))
    });

/// The port is behind the last colon, unless a bracket comes after that.
fn host_and_port(text: &[u8]) -> (&[u8], &[u8]) {
    match text.iter().rposition(|byte| matches!(byte, b':' | b']')) {
        Some(at) if text[at] == b':' => (&text[..at], &text[at + 1..]),
        _ => (text, b""),
    }
}
