//! Where the comment of a line begins (manual, DESCRIPTION).

/// Where the comment that `#` or `!` begins stands, and whether a double quote stays open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Comment {
    /// Offset of the `#` or `!`, or the length of the line.
    pub(super) start: usize,
    /// A double quote has no partner.
    pub(super) unterminated: bool,
}

/// Looks for the comment of a line. Double quotes protect, single ones don't; a backslash protects the
/// next character anywhere.
pub(super) fn comment(line: &[u8]) -> Comment {
    let mut quoted = false;
    let mut at = 0;
    while let Some(byte) = line.get(at) {
        match byte {
            b'\\' => at += 1,
            b'"' => quoted = !quoted,
            b'#' | b'!' if !quoted => break,
            _ => {}
        }
        at += 1;
    }
    Comment {
        start: at.min(line.len()),
        unterminated: quoted,
    }
}
