//! What the parsers have to say about a file: severity, place, the reference's wording, an excerpt.

use crate::source::SourceFile;
use crate::span::Span;
use std::fmt;
use std::sync::Arc;

/// How bad it is; the faces give each one its prefix and its effect on the verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Shown only in diagnostic mode; never changes the verdict.
    Diag,
    /// Information.
    Notice,
    /// Suspicious, but the configuration is usable.
    Warning,
    /// An error.
    Alert,
}

/// How the reference names the place before a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Prefix {
    /// `parsing [file:line]: `
    #[default]
    Parsing,
    /// `parsing [file:line] : `
    ParsingSpaced,
    /// `Parsing [file:line]: `
    ParsingCapital,
    /// `[file:line] : `
    Place,
    /// `(file: Line 3) `, as Keepalived's children name the place; its parent leaves the file out.
    Line,
    /// Nothing.
    None,
}

/// The line that a message points into, cut to the width the reference uses, and the caret's place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excerpt {
    /// One line of printable text.
    pub text: String,
    /// Offset of the caret in `text`, in bytes (the text is ASCII).
    pub caret: usize,
}

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// Name of the file.
    pub file: Arc<str>,
    /// Line, counted from 1.
    pub line: usize,
    /// Column in bytes, counted from 1.
    pub column: usize,
    /// Bytes of the file that are meant.
    pub span: Span,
    /// How the message begins.
    pub prefix: Prefix,
    /// The message in the reference's words, without its prefix.
    pub message: String,
    /// The excerpt that the reference prints under the message.
    pub excerpt: Option<Excerpt>,
    /// What we add to the reference's message, for interactive use.
    pub help: Option<String>,
}

impl Diagnostic {
    /// A message about `span` of `file`.
    #[must_use]
    pub fn new(severity: Severity, file: &SourceFile, span: Span, message: String) -> Self {
        let (line, column) = file.position(span.start);
        Self {
            severity,
            file: Arc::clone(file.name()),
            line,
            column,
            span,
            prefix: Prefix::default(),
            message,
            excerpt: None,
            help: None,
        }
    }

    /// The same with an excerpt under it.
    #[must_use]
    pub fn with_excerpt(mut self, excerpt: Excerpt) -> Self {
        self.excerpt = Some(excerpt);
        self
    }
}

/// Prefix and message, and the excerpt with its caret on two more lines.
impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (file, line) = (&self.file, self.line);
        match self.prefix {
            Prefix::Parsing => write!(f, "parsing [{file}:{line}]: ")?,
            Prefix::ParsingSpaced => write!(f, "parsing [{file}:{line}] : ")?,
            Prefix::ParsingCapital => write!(f, "Parsing [{file}:{line}]: ")?,
            Prefix::Place => write!(f, "[{file}:{line}] : ")?,
            Prefix::Line => write!(f, "({file}: Line {line}) ")?,
            Prefix::None => {}
        }
        f.write_str(&self.message)?;
        if let Some(excerpt) = &self.excerpt {
            write!(
                f,
                "\n  {}\n  {:caret$}^",
                excerpt.text,
                "",
                caret = excerpt.caret
            )?;
        }
        Ok(())
    }
}

/// Width of an excerpt: the reference cuts its lines to 80 characters.
const EXCERPT_WIDTH: usize = 80;
/// Where the caret stands when the beginning of the line had to be cut off.
const EXCERPT_CARET: usize = 40;
const ELLIPSIS: &str = "...";

impl Excerpt {
    /// Cuts `line` so that the byte at `caret` is seen, as the reference does: a caret within the first
    /// 80 bytes shows these 80 bytes as they are; a later one is centred between two ellipses (the
    /// second one stands there even when nothing was cut).
    #[must_use]
    pub fn new(line: &[u8], caret: usize) -> Self {
        if caret < EXCERPT_WIDTH {
            let end = line.len().min(EXCERPT_WIDTH);
            return Self {
                text: printable(&line[..end]),
                caret,
            };
        }
        let start = (caret + ELLIPSIS.len() - EXCERPT_CARET).min(line.len());
        let end = line.len().min(start + EXCERPT_WIDTH - 2 * ELLIPSIS.len());
        Self {
            text: format!("{ELLIPSIS}{}{ELLIPSIS}", printable(&line[start..end])),
            caret: EXCERPT_CARET,
        }
    }
}

/// White space becomes a space and whatever else is not printable ASCII a question mark.
fn printable(bytes: &[u8]) -> String {
    bytes
        .iter()
        .map(|byte| match byte {
            0x20..=0x7e => char::from(*byte),
            b'\t' | b'\n' | 0x0b | 0x0c | b'\r' => ' ',
            _ => '?',
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_early_caret_shows_the_first_eighty_bytes() {
        let mut line = vec![b'a'; 79];
        line.extend_from_slice(b"\"bbb");
        let excerpt = Excerpt::new(&line, 79);
        assert_eq!(excerpt.text.len(), 80);
        assert!(excerpt.text.ends_with('"'));
        assert_eq!(excerpt.caret, 79);
    }

    #[test]
    fn a_late_caret_is_centred_between_two_ellipses() {
        let mut line = vec![b'a'; 80];
        line.extend_from_slice(b"\"bbb");
        let excerpt = Excerpt::new(&line, 80);
        assert_eq!(excerpt.text, format!("...{}\"bbb...", "a".repeat(37)));
        assert_eq!(excerpt.caret, 40);
        line.extend_from_slice(&[b'c'; 200]);
        assert_eq!(Excerpt::new(&line, 80).text.len(), 80);
    }

    #[test]
    fn unprintable_bytes_are_masked() {
        assert_eq!(Excerpt::new(b"a\x80\x1b\tz", 0).text, "a?? z");
    }
}
