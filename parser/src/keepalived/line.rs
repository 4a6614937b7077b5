//! What lowering gets: a line of words, or a lone brace.

use super::strings::{StringError, strings};
use super::text::{Text, is_space};
use crate::diagnostic::{Diagnostic, Prefix, Severity};
use crate::source::SourceFile;
use crate::span::Span;
use std::borrow::Cow;
use std::ops::Range;

/// A line of words, or a lone brace; never empty.
#[derive(Clone, Debug)]
pub struct Line {
    /// The file it was read from.
    pub file: SourceFile,
    /// The number, from 1, that the reference's messages give: of the line that is being read. What a
    /// parameter's value holds counts as the line that uses it.
    pub number: usize,
    /// Where it stands in the file.
    pub span: Span,
    /// Its words, cut at white space and double quotes.
    pub words: Vec<Word>,
    text: Text,
}

/// A word of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// Without its double quotes.
    pub text: Vec<u8>,
    /// It stood in double quotes.
    pub quoted: bool,
    /// Where it stands in the file, with its quotes; of a replaced parameter, the place where it was used.
    pub span: Span,
    /// Where it begins in the text of the line, with its quotes.
    start: usize,
}

impl Word {
    /// The word for a message; what isn't UTF-8 is replaced.
    #[must_use]
    pub fn lossy(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.text)
    }

    /// The word, if it is UTF-8.
    #[must_use]
    pub fn utf8(&self) -> Option<&str> {
        std::str::from_utf8(&self.text).ok()
    }

    /// Whether it reads exactly so.
    #[must_use]
    pub fn is(&self, text: &str) -> bool {
        self.text == text.as_bytes()
    }
}

impl Line {
    /// Cuts a text, which isn't blank; the flag tells of a double quote without partner, whose word is dropped.
    pub(super) fn of(file: SourceFile, number: usize, text: Text) -> (Self, bool) {
        let (words, unmatched) = words(&text);
        let span = text.span(0..text.len());
        let line = Self {
            file,
            number,
            span,
            words,
            text,
        };
        (line, unmatched)
    }

    /// Whether it is a lone `{`.
    #[must_use]
    pub fn opens(&self) -> bool {
        matches!(self.words.as_slice(), [word] if word.is("{"))
    }

    /// Whether it is a lone `}`.
    #[must_use]
    pub fn closes(&self) -> bool {
        matches!(self.words.as_slice(), [word] if word.is("}"))
    }

    /// The whole line after expansion, with its quotes, without comment.
    #[must_use]
    pub fn text(&self) -> &[u8] {
        self.text.bytes()
    }

    /// The text from a word (counted from 0) to the end of the line, with its quotes; empty behind the last.
    #[must_use]
    pub fn rest(&self, word: usize) -> &[u8] {
        let start = self
            .words
            .get(word)
            .map_or(self.text.len(), |word| word.start);
        &self.text.bytes()[start..]
    }

    /// The line cut as strings: both quotes and escapes count (manual, "Quoted strings").
    pub fn strings(&self) -> Result<Vec<Vec<u8>>, StringError> {
        strings(self.text.bytes())
    }

    /// A message about a word (counted from 0) or, behind the last, about the whole line.
    #[must_use]
    pub fn diagnostic(&self, severity: Severity, word: usize, message: String) -> Diagnostic {
        let span = self.words.get(word).map_or(self.span, |word| word.span);
        let mut diagnostic = Diagnostic::new(severity, &self.file, span, message);
        diagnostic.prefix = Prefix::Line;
        diagnostic.line = self.number;
        diagnostic
    }
}

/// Cuts at white space and at double quotes: a quote ends the word before it as white space does.
fn words(text: &Text) -> (Vec<Word>, bool) {
    let bytes = text.bytes();
    let mut words = Vec::new();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        if is_space(*byte) {
            at += 1;
            continue;
        }
        let quoted = *byte == b'"';
        let (inner, next) = if quoted {
            let Some(length) = bytes[at + 1..].iter().position(|byte| *byte == b'"') else {
                return (words, true);
            };
            (at + 1..at + 1 + length, at + length + 2)
        } else {
            let length = bytes[at..]
                .iter()
                .position(|byte| is_space(*byte) || *byte == b'"')
                .unwrap_or(bytes.len() - at);
            (at..at + length, at + length)
        };
        words.push(word(text, at..next, inner, quoted));
        at = next;
    }
    (words, false)
}

fn word(text: &Text, outer: Range<usize>, inner: Range<usize>, quoted: bool) -> Word {
    Word {
        text: text.bytes()[inner].to_vec(),
        quoted,
        span: text.span(outer.clone()),
        start: outer.start,
    }
}
