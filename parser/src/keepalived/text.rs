//! Text on its way through expansion: every byte remembers where in its file it came from.

use crate::span::Span;
use std::fmt;
use std::ops::Range;

/// Bytes with the offset in the file that each one stands for. What a parameter was replaced by stands
/// for the place of the replacement, where the reader of a message will look.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Text {
    bytes: Vec<u8>,
    origins: Vec<usize>,
}

impl Text {
    /// Bytes as they stand in a file from `start` on.
    pub(super) fn of_file(bytes: &[u8], start: usize) -> Self {
        Self {
            bytes: bytes.to_vec(),
            origins: (start..start + bytes.len()).collect(),
        }
    }

    /// Bytes that all stand for one place.
    pub(super) fn placed(bytes: &[u8], at: usize) -> Self {
        Self {
            bytes: bytes.to_vec(),
            origins: vec![at; bytes.len()],
        }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// A stretch of it; what lies outside is left out.
    pub(super) fn slice(&self, range: Range<usize>) -> Self {
        let end = range.end.min(self.bytes.len());
        let start = range.start.min(end);
        Self {
            bytes: self.bytes[start..end].to_vec(),
            origins: self.origins[start..end].to_vec(),
        }
    }

    pub(super) fn push(&mut self, other: &Self) {
        self.bytes.extend_from_slice(&other.bytes);
        self.origins.extend_from_slice(&other.origins);
    }

    /// Where a stretch stands in the file: from its first byte to behind its last one.
    pub(super) fn span(&self, range: Range<usize>) -> Span {
        let Some(stretch) = self
            .origins
            .get(range)
            .filter(|stretch| !stretch.is_empty())
        else {
            let end = self.origins.last().map_or(0, |last| last + 1);
            return Span::new(end, end);
        };
        let start = stretch.iter().copied().min().unwrap_or(0);
        let end = stretch.iter().copied().max().unwrap_or(0) + 1;
        Span::new(start, end)
    }

    /// Where the byte at `index` stands in the file, or where the text ends.
    pub(super) fn origin(&self, index: usize) -> usize {
        self.span(index..index + 1).start
    }

    /// Without blanks at both ends.
    pub(super) fn trimmed(&self) -> Self {
        let end = self.bytes.iter().rposition(|byte| !is_blank(*byte));
        self.slice(0..end.map_or(0, |last| last + 1))
            .trimmed_start()
    }

    /// Without blanks at the beginning.
    pub(super) fn trimmed_start(&self) -> Self {
        let start = self
            .bytes
            .iter()
            .take_while(|byte| is_blank(**byte))
            .count();
        self.slice(start..self.bytes.len())
    }
}

/// The text for a message; what isn't UTF-8 is replaced.
impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.bytes))
    }
}

/// White space at the ends of a line and behind a parameter.
pub(super) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// White space between words: that of C's isspace().
pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | 0x0b | 0x0c | b'\r')
}
