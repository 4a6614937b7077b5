//! The lossless tree of a file: every byte, comment, blank and untaken branch.
//!
//! A file is a sequence of lines, a line a sequence of pieces that cover it without a gap. Conditional
//! blocks (manual 2.4) nest lines in [`Syntax::tree`]. Nothing is resolved here; printing a [`Syntax`]
//! gives the file back byte for byte.

use super::line::{is_blank, is_space};
use crate::source::SourceFile;
use crate::span::Span;
use nom::branch::alt;
use nom::bytes::complete::{tag, take, take_till, take_while1};
use nom::combinator::{map, recognize, rest, verify};
use nom::multi::many1_count;
use nom::sequence::preceded;
use nom::{IResult, Parser};

/// Conditional blocks nested deeper than this (more than the expander takes) are plain lines of the tree.
const MAX_TREE_DEPTH: usize = 100;

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
    /// A word as written, with its quotes, escapes and variables.
    Word,
    /// An unquoted `#` and what follows.
    Comment,
    /// A carriage return in a word and what follows it on the line: nobody reads it.
    Ignored,
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
    /// The whole line in the file, with its line feed.
    pub span: Span,
    /// Its bytes, with the line feed.
    pub bytes: &'a [u8],
}

/// A line or a conditional block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// The number of a line outside of any deeper block.
    Line(usize),
    /// `.if` to `.endif`.
    Conditional(Conditional),
}

/// A conditional block with all its branches, whichever is taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conditional {
    /// `.if`, each `.elif`, `.else`: the directive's line and what it governs.
    pub branches: Vec<Branch>,
    /// The line of `.endif`; None where the file ends before it.
    pub end: Option<usize>,
}

/// One branch of a conditional block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Branch {
    /// The line of the directive.
    pub directive: usize,
    /// What follows up to the next directive of the same level.
    pub body: Vec<Node>,
}

impl Syntax {
    /// Takes a file apart. It never fails: any sequence of bytes has lines.
    #[must_use]
    pub fn parse(file: SourceFile) -> Self {
        Self { file }
    }

    /// The file.
    #[must_use]
    pub fn file(&self) -> &SourceFile {
        &self.file
    }

    /// The line of that number (from 1).
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
        (1..=self.file.line_count()).filter_map(|number| self.line(number))
    }

    /// The lines, nested by their conditional blocks. Misplaced directives stay ordinary lines.
    #[must_use]
    pub fn tree(&self) -> Vec<Node> {
        let mut open: Vec<Conditional> = Vec::new();
        let mut top: Vec<Node> = Vec::new();
        let mut too_deep = 0_usize;
        for line in self.lines() {
            match line.directive() {
                Some(b".if") if open.len() == MAX_TREE_DEPTH => {
                    too_deep += 1;
                    body(&mut open, &mut top).push(Node::Line(line.number));
                }
                Some(directive) if too_deep > 0 => {
                    too_deep -= usize::from(directive == b".endif");
                    body(&mut open, &mut top).push(Node::Line(line.number));
                }
                Some(b".if") => open.push(Conditional {
                    branches: vec![Branch {
                        directive: line.number,
                        body: Vec::new(),
                    }],
                    end: None,
                }),
                Some(b".elif" | b".else") if !open.is_empty() => {
                    if let Some(conditional) = open.last_mut() {
                        conditional.branches.push(Branch {
                            directive: line.number,
                            body: Vec::new(),
                        });
                    }
                }
                Some(b".endif") if !open.is_empty() => {
                    close(&mut open, &mut top, Some(line.number))
                }
                _ => body(&mut open, &mut top).push(Node::Line(line.number)),
            }
        }
        while !open.is_empty() {
            close(&mut open, &mut top, None);
        }
        top
    }

    /// The file as it was read, put together from its pieces.
    #[must_use]
    pub fn print(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.file.bytes().len());
        for line in self.lines() {
            for piece in line.pieces() {
                out.extend_from_slice(self.file.slice(piece.span));
            }
        }
        out
    }
}

fn body<'a>(open: &'a mut [Conditional], top: &'a mut Vec<Node>) -> &'a mut Vec<Node> {
    match open
        .last_mut()
        .and_then(|conditional| conditional.branches.last_mut())
    {
        Some(branch) => &mut branch.body,
        None => top,
    }
}

fn close(open: &mut Vec<Conditional>, top: &mut Vec<Node>, end: Option<usize>) {
    if let Some(mut conditional) = open.pop() {
        conditional.end = end;
        body(open, top).push(Node::Conditional(conditional));
    }
}

impl<'a> SyntaxLine<'a> {
    /// The line without its line feed, as the word cutter wants it.
    #[must_use]
    pub fn content(&self) -> &'a [u8] {
        self.bytes.strip_suffix(b"\n").unwrap_or(self.bytes)
    }

    /// Whether the line has its line feed: the reference refuses a file whose last line has none.
    #[must_use]
    pub fn terminated(&self) -> bool {
        self.bytes.ends_with(b"\n")
    }

    /// The first word as written, if it begins with a dot.
    #[must_use]
    pub fn directive(&self) -> Option<&'a [u8]> {
        let start = self.bytes.iter().position(|byte| !is_space(*byte))?;
        let rest = &self.bytes[start..];
        if rest.first() != Some(&b'.') {
            return None;
        }
        let end = rest
            .iter()
            .position(|byte| is_blank(*byte) || matches!(byte, b'#' | b'\r' | b'\n'))
            .unwrap_or(rest.len());
        Some(&rest[..end])
    }

    /// The pieces of the line; together they cover it.
    #[must_use]
    pub fn pieces(&self) -> Vec<Piece> {
        let mut pieces: Vec<Piece> = Vec::new();
        let mut input = self.bytes;
        while !input.is_empty() {
            let in_word = pieces
                .last()
                .is_some_and(|piece| piece.kind == PieceKind::Word);
            let (remaining, kind) = piece(input, in_word).unwrap_or((&[], PieceKind::Ignored));
            let start = self.span.end - input.len();
            let end = self.span.end - remaining.len();
            pieces.push(Piece {
                kind,
                span: Span::new(start, end),
            });
            input = remaining;
        }
        pieces
    }
}

/// The next piece of a line, from a place outside of quotes; `in_word` right behind a word.
fn piece(input: &[u8], in_word: bool) -> IResult<&[u8], PieceKind> {
    if in_word && input.starts_with(b"\r") && ending(input).is_err() {
        return map(until_ending, |_| PieceKind::Ignored).parse(input);
    }
    alt((
        map(ending, |_| PieceKind::Ending),
        map(blank, |_| PieceKind::Blank),
        map(preceded(tag("#"), take_till(|byte| byte == b'\n')), |_| {
            PieceKind::Comment
        }),
        map(many1_count(fragment), |_| PieceKind::Word),
    ))
    .parse(input)
}

/// White space up to a word, a comment or the end of the line.
fn blank(input: &[u8]) -> IResult<&[u8], &[u8]> {
    let length = input
        .iter()
        .position(|byte| !is_space(*byte))
        .unwrap_or(input.len());
    let run = &input[..length];
    let length = match (length == input.len(), run) {
        (true, [before @ .., b'\r', b'\n'] | [before @ .., b'\n']) => before.len(),
        _ => length,
    };
    verify(take(length), |run: &[u8]| !run.is_empty()).parse(input)
}

/// The end of the line, which also is the end of the input.
fn ending(input: &[u8]) -> IResult<&[u8], &[u8]> {
    verify(rest, |end: &[u8]| end == b"\n" || end == b"\r\n").parse(input)
}

/// Whatever stands before the end of the line.
fn until_ending(input: &[u8]) -> IResult<&[u8], &[u8]> {
    let end = input.strip_suffix(b"\n").unwrap_or(input);
    take(end.strip_suffix(b"\r").unwrap_or(end).len()).parse(input)
}

/// A quoted part, an escape, or plain characters of a word.
fn fragment(input: &[u8]) -> IResult<&[u8], &[u8]> {
    alt((
        recognize(preceded(tag("\""), quoted(b'"', true))),
        recognize(preceded(tag("'"), quoted(b'\'', false))),
        recognize((
            tag("\\"),
            verify(take(1usize), |next: &[u8]| escapable(next[0])),
        )),
        tag("\\"),
        take_while1(|byte| {
            !is_blank(byte) && !matches!(byte, b'"' | b'\'' | b'\\' | b'#' | b'\r' | b'\n')
        }),
    ))
    .parse(input)
}

/// What a backslash protects from being a delimiter.
fn escapable(byte: u8) -> bool {
    matches!(byte, b'\\' | b' ' | b'"' | b'\'' | b'#')
}

/// The rest of a quoted part with its closing quote; an unmatched one reaches to the end of the line.
fn quoted(quote: u8, escapes: bool) -> impl Fn(&[u8]) -> IResult<&[u8], &[u8]> {
    move |input| {
        let end = input
            .iter()
            .position(|byte| matches!(byte, b'\n' | b'\r'))
            .unwrap_or(input.len());
        let last_brace = input[..end].iter().rposition(|byte| *byte == b'}');
        let mut at = 0;
        while at < end {
            match input[at] {
                b'\\' if escapes && input.get(at + 1).is_some_and(|next| escapable(*next)) => {
                    at += 2
                }
                // A variable's default value reaches to the next brace, over quotes.
                b'$' if escapes && last_brace.is_some_and(|brace| at < brace) => {
                    at += variable_length(&input[at..]);
                }
                byte if byte == quote => {
                    at += 1;
                    break;
                }
                _ => at += 1,
            }
        }
        take(at).parse(input)
    }
}

/// Length of `${NAME-default}` up to its brace, or of whatever else a dollar begins: 1.
fn variable_length(input: &[u8]) -> usize {
    let Some(name) = input.strip_prefix(b"${") else {
        return 1;
    };
    let length = name
        .iter()
        .position(|byte| !(byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.')))
        .unwrap_or(name.len());
    let behind = &name[length..];
    let behind = behind.strip_prefix(b"[*]").unwrap_or(behind);
    if behind.first() != Some(&b'-') {
        return 1;
    }
    match behind.iter().position(|byte| *byte == b'}') {
        Some(brace) => input.len() - behind.len() + brace + 1,
        None => 1,
    }
}
