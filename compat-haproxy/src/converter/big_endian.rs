//! Numbers in network order: `be2dec`, `be2hex` (manual 7.3.1). Bytes are taken in chunks, with a separator between them;
//! the last argument drops what is left behind the last whole chunk.
//!
//! ```text
//! http-request set-header x-ip %[src,be2dec(.,1)]
//! ```

use locum_model::expr::Arg;
use locum_runtime::{
    plan::args::Args,
    sample::value::{Arena, Type, Value},
    vocab::ConverterDef,
};

use super::{bytes_of, converter, encoding::DIGITS};

pub(super) static BE2DEC: ConverterDef = ConverterDef {
    check: Some(|args| {
        let size = size(args);
        if !(1..=8).contains(&size) {
            return Err(format!("chunk_size out of [1..8] range ({size})"));
        }
        truncate(args)
    }),
    ..converter("be2dec", Type::Bin, Type::Str, |value, _, args, arena| {
        chunked(value, args, arena, |chunk, out| {
            let number = chunk.iter().fold(0u64, |n, &byte| n << 8 | u64::from(byte));
            out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
        })
    })
};

pub(super) static BE2HEX: ConverterDef = ConverterDef {
    check: Some(|args| {
        let separator = matches!(args.first(), Some(Arg::Str(text)) if !text.is_empty());
        let truncates = matches!(args.get(2), Some(Arg::Int(truncate)) if *truncate != 0);
        let size = size(args);
        if size < 0 || (size == 0 && (separator || truncates)) {
            return Err(format!("chunk_size needs to be positive ({size})"));
        }
        truncate(args)
    }),
    ..converter("be2hex", Type::Bin, Type::Str, |value, _, args, arena| {
        chunked(value, args, arena, |chunk, out| {
            for byte in chunk {
                out.push(DIGITS[usize::from(byte >> 4)]);
                out.push(DIGITS[usize::from(byte & 15)]);
            }
        })
    })
};

fn size(args: &[Arg]) -> i64 {
    match args.get(1) {
        Some(Arg::Int(size)) => *size,
        _ => 0,
    }
}

fn truncate(args: &mut [Arg]) -> Result<(), String> {
    match args.get(2) {
        Some(Arg::Int(truncate)) if !matches!(truncate, 0 | 1) => {
            Err(format!("Unsupported truncate value ({truncate})"))
        }
        _ => Ok(()),
    }
}

fn chunked<'a>(
    value: Value<'a>,
    args: &Args,
    arena: &'a Arena,
    write: fn(&[u8], &mut bumpalo::collections::Vec<'_, u8>),
) -> Option<Value<'a>> {
    let bytes = bytes_of(value)?;
    let separator = args.text(0).unwrap_or_default();
    let size = args.int(1).and_then(|size| usize::try_from(size).ok());
    // Without a size it is all one chunk.
    let size = size.filter(|&size| size > 0).unwrap_or(usize::MAX);
    let bytes = if args.int(2) == Some(1) {
        &bytes[..bytes.len() / size * size]
    } else {
        bytes
    };
    let mut out = bumpalo::collections::Vec::with_capacity_in(bytes.len() * 2, arena);
    for (at, chunk) in bytes.chunks(size).enumerate() {
        if at > 0 {
            out.extend_from_slice(separator);
        }
        write(chunk, &mut out);
    }
    Some(Value::Str(out.into_bump_slice()))
}
