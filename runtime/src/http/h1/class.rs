//! Byte classes of the HTTP/1 grammar, as one table.

/// May stand in a token: methods and field names (RFC 9110 §5.6.2).
pub(in crate::http) const TOKEN: u8 = 1;
/// May stand in a request target: visible ASCII but `#`.
pub(in crate::http) const TARGET: u8 = 2;
/// May stand in a request target of a lenient peer: everything but controls and the space.
pub(in crate::http) const LENIENT_TARGET: u8 = 4;
/// May stand in a version.
pub(in crate::http) const VERSION: u8 = 8;
/// May stand in a name of a lenient peer: everything but the colon and line ends.
pub(in crate::http) const LENIENT_NAME: u8 = 16;

pub(super) static CLASS: [u8; 256] = table();

const fn table() -> [u8; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let b = byte as u8;
        if b.is_ascii_graphic()
            && !matches!(b, b'"' | b'(' | b')' | b',' | b'/' | b':'..=b'@' | b'['..=b']' | b'{' | b'}')
        {
            table[byte] |= TOKEN;
        }
        if b.is_ascii_graphic() && b != b'#' {
            table[byte] |= TARGET;
        }
        if b > b' ' {
            table[byte] |= LENIENT_TARGET;
        }
        if b.is_ascii_uppercase() || b.is_ascii_digit() || matches!(b, b'/' | b'.') {
            table[byte] |= VERSION;
        }
        if !matches!(b, b':' | b'\r' | b'\n') {
            table[byte] |= LENIENT_NAME;
        }
        byte += 1;
    }
    table
}

/// Position of the first byte at or after `from` that is not of `class`; the length if there is none.
#[inline]
pub(in crate::http) fn end_of(class: u8, bytes: &[u8], from: usize) -> usize {
    match bytes.get(from..) {
        Some(rest) => {
            from + rest
                .iter()
                .position(|&byte| CLASS[byte as usize] & class == 0)
                .unwrap_or(rest.len())
        }
        None => bytes.len(),
    }
}
