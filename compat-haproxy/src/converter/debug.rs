//! `debug([prefix[,destination]])`: tells a sample on `stdout` or `stderr` and passes it on (manual 7.3.1). The default
//! destination, the ring `buf0`, keeps nothing yet.
//!
//! ```text
//! http-request set-header x-key %[path,debug(path,stderr),lower]
//! ```

use locum_model::{Text, expr::Arg};
use locum_runtime::{
    log::console,
    sample::value::{Arena, Type, Value},
    vocab::ConverterDef,
};

use super::bytes_of;

pub(super) static DEBUG: ConverterDef = ConverterDef {
    name: "debug",
    input: Type::Any,
    output: Type::Same,
    check: Some(|args| {
        let sink = match args.get(1) {
            Some(Arg::Str(sink)) => sink.clone(),
            _ => Text::default(),
        };
        match sink.as_bytes() {
            b"" | b"buf0" | b"stdout" | b"stderr" => Ok(()),
            sink => Err(format!("No such sink '{}'", String::from_utf8_lossy(sink))),
        }
    }),
    run: |value, _, args, arena| {
        match args.text(1) {
            Some(b"stderr") => {
                console::print(&line(args.text(0).unwrap_or_default(), value, arena));
            }
            Some(b"stdout") => {
                console::print_out(&line(args.text(0).unwrap_or_default(), value, arena));
            }
            _ => {}
        }
        Some(value)
    },
};

/// The bytes of a line before its end.
const LONGEST: usize = 1023;

fn line(prefix: &[u8], value: Value<'_>, arena: &Arena) -> Vec<u8> {
    let kind = match value.kind() {
        Type::Bool => "bool",
        Type::Int => "sint",
        Type::Ip | Type::Ipv4 => "ipv4",
        Type::Ipv6 => "ipv6",
        Type::Bin => "bin",
        Type::Method => "meth",
        Type::Str | Type::Any | Type::Same => "str",
    };
    let text = value.cast(Type::Str, arena).and_then(bytes_of);
    let mut line = b"[debug] ".to_vec();
    line.extend_from_slice(prefix);
    line.extend_from_slice(format!(": type={kind} <").as_bytes());
    let printable = |byte: &u8| match byte {
        b' '..=b'~' => *byte,
        _ => b'.',
    };
    line.extend(text.unwrap_or_default().iter().map(printable));
    line.push(b'>');
    line.truncate(LONGEST);
    line.push(b'\n');
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    // Lines recorded from the reference.
    #[test]
    fn a_line_tells_prefix_type_and_text() {
        let line =
            |prefix: &[u8], value| String::from_utf8(line(prefix, value, &Arena::new())).unwrap();
        assert_eq!(
            line(b"pfx", Value::Str(b"a\tb")),
            "[debug] pfx: type=str <a.b>\n"
        );
        assert_eq!(line(b"", Value::Int(5)), "[debug] : type=sint <5>\n");
        assert_eq!(line(b"x", Value::Bin(b"A\0B")), "[debug] x: type=bin <A>\n");
    }
}
