//! The lossless tree of a file: every byte, comment and blank.
//!
//! A file is a sequence of lines, a line a sequence of pieces that cover it without a gap. Nothing is resolved
//! here; printing a [`Syntax`] gives the file back byte for byte.

use super::comment::uncommented;
use super::text::is_space;
use crate::source::SourceFile;
use crate::span::Span;
use nom::branch::alt;
use nom::bytes::complete::{tag, take, take_till, take_while1};
use nom::combinator::{map, recognize, rest, verify};
use nom::sequence::{preceded, terminated};
use nom::{IResult, Parser};

/// A file with its lines.
#[derive(Clone, Debug)]
pub struct Syntax {
    file: SourceFile,
}

/// What a stretch of a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PieceKind {
    /// White space before, between or behind words.
    Blank,
    /// A word as written, outside of quotes.
    Word,
    /// A stretch in double quotes, with them; one without partner reaches to the end of the line.
    Quoted,
    /// `{` outside of quotes and of `${…}`.
    Open,
    /// `}` outside of quotes and of `${…}`.
    Close,
    /// A backslash that ends the line: in a definition the next line goes on with the value.
    Continuation,
    /// An unquoted `#` or `!` and what follows.
    Comment,
    /// A line feed, or a carriage return and a line feed.
    Ending,
}

/// A stretch of a line; its span counts in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// What it is.
    pub kind: PieceKind,
    /// Where it stands.
    pub span: Span,
}

/// A line of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SyntaxLine<'a> {
    /// Counted from 1.
    pub number: usize,
    /// Where it stands, with its ending.
    pub span: Span,
    /// Its bytes, with its ending.
    pub bytes: &'a [u8],
}

impl SyntaxLine<'_> {
    /// The bytes without the line's ending.
    #[must_use]
    pub fn content(&self) -> &[u8] {
        let content = self.bytes.strip_suffix(b"\n").unwrap_or(self.bytes);
        content.strip_suffix(b"\r").unwrap_or(content)
    }

    /// Its pieces, without a gap.
    #[must_use]
    pub fn pieces(&self) -> Vec<Piece> {
        let content = self.content();
        let commented = uncommented(content).end;
        let mut pieces = Vec::new();
        let mut push = |kind, start: usize, end: usize| {
            let span = Span::new(self.span.start + start, self.span.start + end);
            pieces.push(Piece { kind, span });
        };
        let mut at = 0;
        while at < commented {
            let Ok((behind, kind)) = piece(&content[at..commented]) else {
                break;
            };
            let end = commented - behind.len();
            push(kind, at, end);
            at = end;
        }
        if commented < content.len() {
            push(PieceKind::Comment, commented, content.len());
        }
        if content.len() < self.bytes.len() {
            push(PieceKind::Ending, content.len(), self.bytes.len());
        }
        pieces
    }
}

impl Syntax {
    /// Takes any bytes; nothing is an error here.
    #[must_use]
    pub fn parse(file: SourceFile) -> Self {
        Self { file }
    }

    /// The file.
    #[must_use]
    pub fn file(&self) -> &SourceFile {
        &self.file
    }

    /// A line, counted from 1, or None behind the last.
    #[must_use]
    pub fn line(&self, number: usize) -> Option<SyntaxLine<'_>> {
        let span = self.file.line_span(number)?;
        Some(SyntaxLine {
            number,
            span,
            bytes: self.file.slice(span),
        })
    }

    /// All lines in order.
    pub fn lines(&self) -> impl Iterator<Item = SyntaxLine<'_>> {
        (1..=self.file.line_count()).map_while(|number| self.line(number))
    }

    /// The file, byte for byte, from its pieces.
    #[must_use]
    pub fn print(&self) -> Vec<u8> {
        self.lines()
            .flat_map(|line| line.pieces())
            .flat_map(|piece| self.file.slice(piece.span).iter().copied())
            .collect()
    }
}

fn piece(input: &[u8]) -> IResult<&[u8], PieceKind> {
    alt((
        map(take_while1(is_space), |_| PieceKind::Blank),
        map(tag("{"), |_| PieceKind::Open),
        map(tag("}"), |_| PieceKind::Close),
        map(quoted, |_| PieceKind::Quoted),
        map(verify(rest, |end: &[u8]| end == b"\\"), |_| {
            PieceKind::Continuation
        }),
        map(word, |_| PieceKind::Word),
    ))
    .parse(input)
}

/// A stretch in double quotes; it may lack the second one.
fn quoted(input: &[u8]) -> IResult<&[u8], &[u8]> {
    let inner = || preceded(tag("\""), take_till(|byte| byte == b'"'));
    alt((
        recognize(terminated(inner(), tag("\""))),
        recognize(inner()),
    ))
    .parse(input)
}

/// Whatever is neither blank, quote nor brace; the braces of `${…}` belong to it.
fn word(input: &[u8]) -> IResult<&[u8], &[u8]> {
    let mut at = 0;
    while let Some(byte) = input.get(at) {
        match byte {
            b'$' => at += parameter(&input[at..]),
            b'"' | b'{' | b'}' => break,
            byte if is_space(*byte) => break,
            b'\\' if at > 0 && at + 1 == input.len() => break,
            _ => at += 1,
        }
    }
    take(at.max(1)).parse(input)
}

/// Length of `${…}`, or of a dollar alone.
fn parameter(input: &[u8]) -> usize {
    let braced: IResult<&[u8], &[u8]> = recognize((
        tag("${"),
        take_till(|byte| matches!(byte, b'}' | b'{' | b'"')),
        tag("}"),
    ))
    .parse(input);
    braced.map_or(1, |(_, whole)| whole.len())
}
