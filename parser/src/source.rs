//! A configuration file as it was read: its name, its bytes, and where each line begins.

use crate::span::Span;
use std::fmt;
use std::sync::Arc;

/// A source file; cloning it shares the bytes.
#[derive(Clone)]
pub struct SourceFile {
    inner: Arc<Inner>,
}

struct Inner {
    name: Arc<str>,
    bytes: Arc<[u8]>,
    line_starts: Vec<usize>,
}

impl SourceFile {
    /// Takes the name as messages shall spell it and the file's bytes.
    #[must_use]
    pub fn new(name: impl Into<Arc<str>>, bytes: impl Into<Arc<[u8]>>) -> Self {
        let bytes: Arc<[u8]> = bytes.into();
        let line_starts = line_starts(&bytes);
        Self {
            inner: Arc::new(Inner {
                name: name.into(),
                bytes,
                line_starts,
            }),
        }
    }

    /// The name as given on the command line.
    #[must_use]
    pub fn name(&self) -> &Arc<str> {
        &self.inner.name
    }

    /// Every byte of the file.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.inner.bytes
    }

    /// The bytes of a span of this file; what lies outside of the file is left out.
    #[must_use]
    pub fn slice(&self, span: Span) -> &[u8] {
        let bytes = self.bytes();
        let end = span.end.min(bytes.len());
        bytes.get(span.start.min(end)..end).unwrap_or_default()
    }

    /// Number of lines; a file that ends without a line feed counts its last piece as a line.
    #[must_use]
    pub fn line_count(&self) -> usize {
        self.inner.line_starts.len()
    }

    /// The span of a line (counted from 1) with its line feed, or None behind the last line.
    #[must_use]
    pub fn line_span(&self, number: usize) -> Option<Span> {
        let index = number.checked_sub(1)?;
        let start = *self.inner.line_starts.get(index)?;
        let end = self
            .inner
            .line_starts
            .get(number)
            .copied()
            .unwrap_or(self.inner.bytes.len());
        Some(Span::new(start, end))
    }

    /// Line and column, both counted from 1 and in bytes, of an offset.
    #[must_use]
    pub fn position(&self, offset: usize) -> (usize, usize) {
        let starts = &self.inner.line_starts;
        let line = starts.partition_point(|start| *start <= offset).max(1);
        let start = starts.get(line - 1).copied().unwrap_or(0);
        (line, offset.saturating_sub(start) + 1)
    }
}

impl fmt::Debug for SourceFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SourceFile")
            .field("name", &self.inner.name)
            .field("bytes", &self.inner.bytes.len())
            .finish()
    }
}

fn line_starts(bytes: &[u8]) -> Vec<usize> {
    let mut starts = Vec::with_capacity(bytes.len() / 24 + 1);
    if bytes.is_empty() {
        return starts;
    }
    starts.push(0);
    for (index, byte) in bytes.iter().enumerate() {
        if *byte == b'\n' && index + 1 < bytes.len() {
            starts.push(index + 1);
        }
    }
    starts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_lines_and_columns_from_one() {
        let file = SourceFile::new("a.cfg", b"ab\n\ncd".as_slice());
        assert_eq!(file.line_count(), 3);
        assert_eq!(file.position(0), (1, 1));
        assert_eq!(file.position(2), (1, 3));
        assert_eq!(file.position(3), (2, 1));
        assert_eq!(file.position(5), (3, 2));
        assert_eq!(file.line_span(3), Some(Span::new(4, 6)));
        assert_eq!(file.line_span(4), None);
    }

    #[test]
    fn an_empty_file_has_no_line() {
        let file = SourceFile::new("a.cfg", b"".as_slice());
        assert_eq!(file.line_count(), 0);
        assert_eq!(file.position(0), (1, 1));
    }
}
