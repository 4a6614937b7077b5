//! Arguments between parentheses: the second level of quoting (manual 2.2).
//!
//! `name(first,"sec,ond")`: arguments end at an unprotected comma or closing parenthesis. There is no
//! nesting: an opening parenthesis is an ordinary character.

use crate::span::Span;

/// One argument after its quotes and escapes were resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arg {
    /// The resolved text.
    pub text: Vec<u8>,
    /// Where it stands, as written, in the text that holds it.
    pub span: Span,
}

/// What stands between two parentheses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Args {
    /// At least one, which is empty for `()`.
    pub args: Vec<Arg>,
    /// Whether the closing parenthesis is there.
    pub closed: bool,
    /// Offset behind the closing parenthesis, or the text's length.
    pub end: usize,
}

/// Reads the arguments behind the parenthesis that stands before `start`.
#[must_use]
pub fn args(text: &[u8], start: usize) -> Args {
    let mut args = Vec::new();
    let mut at = start;
    loop {
        let (arg, quote_closed) = argument(text, at);
        at = arg.span.end;
        args.push(arg);
        match text.get(at) {
            Some(b',') if quote_closed => at += 1,
            Some(b')') if quote_closed => {
                return Args {
                    args,
                    closed: true,
                    end: at + 1,
                };
            }
            _ => {
                return Args {
                    args,
                    closed: false,
                    end: text.len(),
                };
            }
        }
    }
}

fn argument(text: &[u8], start: usize) -> (Arg, bool) {
    let mut resolved = Vec::new();
    let mut quote = None;
    let mut at = start;
    while let Some(byte) = text.get(at).copied() {
        at += 1;
        match (byte, quote) {
            (b',' | b')', None) => {
                at -= 1;
                break;
            }
            (b'"' | b'\'', None) => quote = Some(byte),
            (byte, Some(open)) if byte == open => quote = None,
            (b'\\', None | Some(b'"')) => match text.get(at).copied().and_then(escaped) {
                Some(escaped) => {
                    resolved.push(escaped);
                    at += 1;
                }
                None => resolved.push(b'\\'),
            },
            (byte, _) => resolved.push(byte),
        }
    }
    let arg = Arg {
        text: resolved,
        span: Span::new(start, at),
    };
    (arg, quote.is_none())
}

/// What a backslash makes of the next byte; None where it stands for itself.
fn escaped(byte: u8) -> Option<u8> {
    match byte {
        b'n' => Some(b'\n'),
        b'r' => Some(b'\r'),
        b't' => Some(b'\t'),
        b'\\' | b'\'' | b'"' | b' ' => Some(byte),
        _ => None,
    }
}
