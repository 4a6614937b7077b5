//! A range of bytes inside one source file.

use std::ops::Range;

/// A half-open range of byte offsets, counted from the beginning of the file (or of the text that
/// the producing function was given; each one says which).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Span {
    /// Offset of the first byte.
    pub start: usize,
    /// Offset behind the last byte.
    pub end: usize,
}

impl Span {
    /// The range from `start` up to, but not including, `end`.
    #[must_use]
    pub const fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }

    /// Number of bytes in the range.
    #[must_use]
    pub const fn len(self) -> usize {
        self.end.saturating_sub(self.start)
    }

    /// Whether the range holds no byte.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.end <= self.start
    }

    /// The same range as the standard library spells it.
    #[must_use]
    pub const fn range(self) -> Range<usize> {
        self.start..self.end
    }
}
