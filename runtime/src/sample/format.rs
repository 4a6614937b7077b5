//! Compiled log formats: text, aliases and expressions, written into a buffer.

use std::{io::Write as _, net::IpAddr};

use locum_model::expr::FormatFlags;

use super::{expr::Expr, value::Arena, view::View};
use crate::vocab::AliasDef;

/// What a format is written for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Style {
    /// Header values, targets, bodies: control characters of expressions become `%XX`, what is absent is nothing.
    #[default]
    Http,
    /// Log lines: expressions go out as they are, what is absent is `-`.
    Log,
    /// Unique identifiers: as HTTP's, but blanks of the text merge as a log line's do.
    Identifier,
}

/// A compiled log format.
#[derive(Debug, Default)]
pub struct Format {
    /// What it is written for.
    pub style: Style,
    /// Its parts in order.
    pub parts: Box<[Part]>,
}

/// A part of a format.
pub enum Part {
    /// Literal text.
    Text(Box<[u8]>),
    /// Blanks of a log format: one, and none at the start or behind another one (so that empty fields leave no gap).
    Separator,
    /// An alias, its argument and flags.
    Alias(&'static AliasDef, Box<str>, FormatFlags),
    /// An expression.
    Expr(Expr, FormatFlags),
}

impl std::fmt::Debug for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Part::Text(text) => write!(f, "{:?}", String::from_utf8_lossy(text)),
            Part::Separator => f.write_str("_"),
            Part::Alias(def, _, _) => write!(f, "%{}", def.name),
            Part::Expr(expr, _) => write!(f, "%[{expr:?}]"),
        }
    }
}

/// What must not stand as it is; each such byte becomes `#XX`, in HTTP `%XX`. `#` itself is such a byte in logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Control characters, non-ASCII bytes and `"`: the request line and its parts.
    Url,
    /// These and `{`, `|`, `}`, which delimit captured headers.
    Header,
    /// Control characters but the tab: what expressions give to headers and bodies.
    Http,
}

impl Encoding {
    const fn allows(self, byte: u8) -> bool {
        match (self, byte) {
            (Encoding::Http, _) => byte == b'\t' || !byte.is_ascii_control(),
            (_, b'"' | b'#') => false,
            (_, b'{' | b'|' | b'}') => matches!(self, Encoding::Url),
            _ => 0x20 <= byte && byte < 0x7f,
        }
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }

    fn keeps(self, byte: u8) -> bool {
        KEPT[usize::from(byte)] & self.bit() != 0
    }
}

/// Which encodings keep a byte as it is, one bit each.
static KEPT: [u8; 256] = {
    let all = [Encoding::Url, Encoding::Header, Encoding::Http];
    let mut table = [0; 256];
    let mut at = 0;
    while at < all.len() * 256 {
        let (encoding, byte) = (all[at / 256], at % 256);
        if encoding.allows(byte as u8) {
            table[byte] |= encoding.bit();
        }
        at += 1;
    }
    table
};

/// Where one alias writes its value: applies the flags (quotes, escapes, hexadecimal, `-` for what is absent).
pub struct Field<'o> {
    out: &'o mut Vec<u8>,
    /// The alias' argument in braces.
    pub arg: &'o str,
    flags: FormatFlags,
    style: Style,
}

impl<'o> Field<'o> {
    /// A field that writes to the end of `out`.
    pub fn new(out: &'o mut Vec<u8>, arg: &'o str, flags: FormatFlags, style: Style) -> Self {
        Self {
            out,
            arg,
            flags,
            style,
        }
    }

    /// The value is absent.
    pub fn absent(&mut self) {
        let text: &[u8] = match (self.style, self.flags.quote) {
            (Style::Http | Style::Identifier, _) => b"",
            (Style::Log, true) => b"\"\"",
            (Style::Log, false) => b"-",
        };
        self.out.extend_from_slice(text);
    }

    /// The value is text that goes out as it is, but for what `+Q` and `+E` ask for.
    pub fn text(&mut self, text: &[u8]) {
        self.quoted(|field| field.push(text, None));
    }

    /// Text, or nothing.
    pub fn optional(&mut self, text: Option<&[u8]>) {
        match text {
            Some(text) => self.text(text),
            None => self.absent(),
        }
    }

    /// Text from the wire, with the bytes encoded that would break the line.
    pub fn encoded(&mut self, text: &[u8], encoding: Encoding) {
        self.quoted(|field| field.push(text, Some(encoding)));
    }

    /// Writes a composed value between the quotes of `+Q`.
    pub fn quoted(&mut self, write: impl FnOnce(&mut Self)) {
        if self.flags.quote {
            self.out.push(b'"');
        }
        write(self);
        if self.flags.quote {
            self.out.push(b'"');
        }
    }

    /// Appends text without quotes: a part of a composed value.
    pub fn push(&mut self, text: &[u8], encoding: Option<Encoding>) {
        let keeps = |byte| encoding.is_none_or(|encoding| encoding.keeps(byte));
        if !self.flags.escape && text.iter().all(|&byte| keeps(byte)) {
            return self.out.extend_from_slice(text);
        }
        for &byte in text {
            if !keeps(byte) {
                let digits = [HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]];
                let mark = if encoding == Some(Encoding::Http) {
                    b'%'
                } else {
                    b'#'
                };
                self.out.extend_from_slice(&[mark, digits[0], digits[1]]);
            } else {
                if self.flags.escape && matches!(byte, b'"' | b'\\' | b']') {
                    self.out.push(b'\\');
                }
                self.out.push(byte);
            }
        }
    }

    /// The value is a decimal number; no flag changes it.
    pub fn number(&mut self, number: i64) {
        match number {
            // Most numbers of most lines.
            0..=9 => self.out.push(b'0' + number as u8),
            _ => self
                .out
                .extend_from_slice(itoa::Buffer::new().format(number).as_bytes()),
        }
    }

    /// The value is a number that `+X` turns into hexadecimal of at least `width` digits.
    pub fn number_or_hex(&mut self, number: i64, width: usize) {
        if !self.flags.hex {
            return self.number(number);
        }
        let significant = 16 - number.leading_zeros() as usize / 4;
        for digit in (0..significant.max(width).max(1)).rev() {
            self.out.push(HEX[(number >> (4 * digit)) as usize & 15]);
        }
    }

    /// The value is an address, which `+Q` quotes and `+X` turns into hexadecimal, never quoted (observed).
    pub fn ip(&mut self, ip: IpAddr) {
        match ip {
            IpAddr::V4(ip) if self.flags.hex => self.hex_bytes(&ip.octets()),
            IpAddr::V6(ip) if self.flags.hex => self.hex_bytes(&ip.octets()),
            IpAddr::V4(ip) => self.quoted(|field| field.dotted(ip.octets())),
            // Writing to a vector can't fail.
            IpAddr::V6(ip) => self.quoted(|field| drop(write!(field.out, "{ip}"))),
        }
    }

    /// An IPv4 address in one piece: the formatting machinery takes its time over each of its numbers.
    fn dotted(&mut self, octets: [u8; 4]) {
        let mut text = [b'.'; 15];
        let mut length = 0;
        for octet in octets {
            let mut digits = itoa::Buffer::new();
            let digits = digits.format(octet).as_bytes();
            text[length..length + digits.len()].copy_from_slice(digits);
            length += digits.len() + 1;
        }
        self.out.extend_from_slice(&text[..length - 1]);
    }

    fn hex_bytes(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.out.push(HEX[usize::from(byte >> 4)]);
            self.out.push(HEX[usize::from(byte & 15)]);
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

const HEX: &[u8; 16] = b"0123456789ABCDEF";

impl Format {
    /// Writes the format to the end of `out`.
    pub fn write(&self, view: &View<'_>, arena: &Arena, out: &mut Vec<u8>) {
        let mut separated = true;
        for part in &self.parts {
            let before = out.len();
            match part {
                Part::Text(text) => match &**text {
                    // What most aliases are parted by.
                    [one] => out.push(*one),
                    text => out.extend_from_slice(text),
                },
                Part::Separator => {
                    if !separated {
                        out.push(b' ');
                        separated = true;
                    }
                    continue;
                }
                Part::Alias(def, arg, flags) => {
                    (def.run)(view, &mut Field::new(out, arg, *flags, self.style));
                }
                Part::Expr(expr, flags) => self.write_expr(expr, *flags, view, arena, out),
            }
            // An identifier's empty field parts blanks all the same (observed).
            separated &= out.len() == before && self.style == Style::Log;
        }
    }

    fn write_expr(
        &self,
        expr: &Expr,
        flags: FormatFlags,
        view: &View<'_>,
        arena: &Arena,
        out: &mut Vec<u8>,
    ) {
        let mut field = Field::new(out, "", flags, self.style);
        match (expr.eval(view, arena).value(), self.style) {
            // An empty text looks as if there was none (observed).
            (Some(value), Style::Log) => match before_nul(value.to_text(arena)) {
                [] => field.absent(),
                text => field.text(text),
            },
            // No quotes here, whatever the flags say (observed).
            (Some(value), Style::Http | Style::Identifier) => {
                field.push(before_nul(value.to_text(arena)), Some(Encoding::Http))
            }
            (None, _) => field.absent(),
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

/// Formats write texts, which end at their first NUL (observed).
fn before_nul(text: &[u8]) -> &[u8] {
    let end = memchr::memchr(0, text);
    end.map_or(text, |end| &text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(flags: &str, write: impl FnOnce(&mut Field<'_>)) -> String {
        let style = if flags.contains('H') {
            Style::Http
        } else {
            Style::Log
        };
        let flags = FormatFlags {
            quote: flags.contains('Q'),
            hex: flags.contains('X'),
            escape: flags.contains('E'),
            mandatory: false,
        };
        let mut out = Vec::new();
        write(&mut Field::new(&mut out, "", flags, style));
        String::from_utf8(out).unwrap()
    }

    // All values recorded from the reference.
    #[test]
    fn request_lines_and_headers_are_encoded_and_escaped() {
        let line = b"GET /p?q=\"x\\]{|} HTTP/1.1";
        let url = |flags| written(flags, |f| f.encoded(line, Encoding::Url));
        assert_eq!(url(""), "GET /p?q=#22x\\]{|} HTTP/1.1");
        assert_eq!(url("QE"), "\"GET /p?q=#22x\\\\\\]{|} HTTP/1.1\"");
        let header = b"x\"y\\z]\xe9\tq{|}";
        let hash = written("", |f| f.encoded(b"/a#b", Encoding::Url));
        assert_eq!(hash, "/a#23b");
        let captured = |flags| written(flags, |f| f.encoded(header, Encoding::Header));
        assert_eq!(captured("X"), "x#22y\\z]#E9#09q#7B#7C#7D");
        assert_eq!(captured("E"), "x#22y\\\\z\\]#E9#09q#7B#7C#7D");
        assert_eq!(written("E", |f| f.text(b"C=k\"1")), "C=k\\\"1");
    }

    #[test]
    fn what_is_absent_is_a_dash_in_logs_and_empty_quotes_where_quoted() {
        assert_eq!(written("", |f| f.absent()), "-");
        assert_eq!(written("Q", |f| f.absent()), "\"\"");
        assert_eq!(written("H", |f| f.absent()), "");
        let control = written("HE", |f| f.push(b"\"\\]\n\t\x7f", Some(Encoding::Http)));
        assert_eq!(control, "\\\"\\\\\\]%0A\t%7F");
    }

    #[test]
    fn hexadecimal_has_a_least_width() {
        assert_eq!(written("X", |f| f.number_or_hex(1, 4)), "0001");
        assert_eq!(written("X", |f| f.number_or_hex(46364, 0)), "B51C");
        assert_eq!(written("X", |f| f.ip([127, 0, 0, 1].into())), "7F000001");
        assert_eq!(written("XQ", |f| f.ip([127, 0, 0, 1].into())), "7F000001");
        assert_eq!(
            written("Q", |f| f.ip([127, 0, 0, 1].into())),
            "\"127.0.0.1\""
        );
        assert_eq!(written("X", |f| f.number_or_hex(0, 0)), "0");
    }
}
