//! Compiled log formats: text, aliases and expressions, written into a buffer.

use locum_model::expr::FormatFlags;

use super::{expr::Expr, value::Arena, view::View};
use crate::vocab::AliasDef;

/// A compiled log format.
#[derive(Debug, Default)]
pub struct Format {
    /// Its parts in order.
    pub parts: Box<[Part]>,
}

/// A part of a format.
pub enum Part {
    /// Literal text.
    Text(Box<[u8]>),
    /// An alias, its argument and flags.
    Alias(&'static AliasDef, Box<str>, FormatFlags),
    /// An expression.
    Expr(Expr, FormatFlags),
}

impl std::fmt::Debug for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Part::Text(text) => write!(f, "{:?}", String::from_utf8_lossy(text)),
            Part::Alias(def, _, _) => write!(f, "%{}", def.name),
            Part::Expr(expr, _) => write!(f, "%[{expr:?}]"),
        }
    }
}

/// Where one alias writes its value: applies the flags (quotes, escapes, hexadecimal, `-` for what is absent).
pub struct Field<'o> {
    out: &'o mut Vec<u8>,
    /// The alias' argument in braces.
    pub arg: &'o str,
    flags: FormatFlags,
}

impl<'o> Field<'o> {
    /// A field that writes to the end of `out`.
    pub fn new(out: &'o mut Vec<u8>, arg: &'o str, flags: FormatFlags) -> Self {
        Self { out, arg, flags }
    }

    /// The value is absent.
    pub fn absent(&mut self) {
        self.out
            .extend_from_slice(match (self.flags.quote, self.flags.mandatory) {
                (true, _) => b"\"\"".as_slice(),
                (false, true) => b"-",
                (false, false) => b"",
            });
    }

    /// The value is text.
    pub fn text(&mut self, text: &[u8]) {
        if text.is_empty() {
            return self.absent();
        }
        if self.flags.quote {
            self.out.push(b'"');
        }
        encode_text(self.out, text, self.flags);
        if self.flags.quote {
            self.out.push(b'"');
        }
    }

    /// The value is a number.
    pub fn number(&mut self, number: i64) {
        if self.flags.hex {
            self.out
                .extend_from_slice(format!("{number:02X}").as_bytes());
        } else {
            self.out
                .extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
        }
    }

    /// Writes bytes as they are: separators of composed fields.
    pub fn raw(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
    }

    /// The flags, for aliases that treat them in their own way.
    pub fn flags(&self) -> FormatFlags {
        self.flags
    }
}

/// Copies text with what logs must not carry encoded: control characters, non-ASCII bytes, and `"` as `#XX`.
fn encode_text(out: &mut Vec<u8>, text: &[u8], flags: FormatFlags) {
    for &byte in text {
        let unsafe_byte = byte < 0x20 || byte >= 0x7f || (byte == b'"' && !flags.escape);
        if flags.escape && matches!(byte, b'"' | b'\\' | b']') {
            out.extend_from_slice(&[b'\\', byte]);
        } else if unsafe_byte {
            out.extend_from_slice(&[
                b'#',
                HEX[usize::from(byte >> 4)],
                HEX[usize::from(byte & 15)],
            ]);
        } else {
            out.push(byte);
        }
    }
}

const HEX: &[u8; 16] = b"0123456789ABCDEF";

impl Format {
    /// Writes the format to the end of `out`.
    pub fn write(&self, view: &View<'_>, arena: &Arena, out: &mut Vec<u8>) {
        for part in &self.parts {
            match part {
                Part::Text(text) => out.extend_from_slice(text),
                Part::Alias(def, arg, flags) => (def.run)(view, &mut Field::new(out, arg, *flags)),
                Part::Expr(expr, flags) => {
                    let mut field = Field::new(out, "", *flags);
                    match expr.eval(view, arena).value() {
                        Some(value) => field.text(value.to_text(arena)),
                        None => field.absent(),
                    }
                }
            }
        }
    }

    /// The text of a format that is nothing but text.
    pub fn as_constant(&self) -> Option<&[u8]> {
        match &*self.parts {
            [] => Some(b""),
            [Part::Text(text)] => Some(text),
            _ => None,
        }
    }
}
