//! Line by line from the tree to words, as lowering asks for them.
//!
//! Lowering drives it because a line may change what later lines expand to (`setenv`) and which
//! branches are taken. The [`Host`] answers what the text asks about its surroundings.

use super::directive::{self, Directives, Flow};
use super::line::{self, Variables, Word, WordErrorKind, Words};
use super::section;
use super::syntax::{Syntax, SyntaxLine};
use crate::diagnostic::{Diagnostic, Excerpt, Prefix, Severity};
use crate::source::SourceFile;
use crate::span::Span;

/// What the text may ask about the program that reads it (manual 2.3 and 2.4).
pub trait Host {
    /// The value of an environment variable as it is now.
    fn env(&self, name: &str) -> Option<Vec<u8>>;

    /// `.SECTION`: the name of the section being read, or its type if it has none; empty before the
    /// first one. The parser doesn't know which words open sections.
    fn section(&self) -> Vec<u8> {
        Vec::new()
    }

    /// `feature(NAME)`: whether the program was built with it. The reference also finds the empty name.
    fn feature(&self, name: &str) -> bool;

    /// The program's version as `-v` shows it, e.g. `2.6.12-1+deb12u4`.
    fn version(&self) -> String;

    /// The version of the TLS library, e.g. `3.0.17`; None when there is none.
    fn openssl_version(&self) -> Option<String> {
        None
    }

    /// The TLS library's name and version as `ssllib_name_startswith` compares it.
    fn ssl_library(&self) -> Option<String> {
        None
    }
}

/// A line with its words resolved; never a directive, never empty.
#[derive(Clone, Debug)]
pub struct Line {
    /// The file it stands in.
    pub file: SourceFile,
    /// Its number, from 1.
    pub number: usize,
    /// Where it stands, with its line feed.
    pub span: Span,
    /// Its words; the first one is not empty.
    pub words: Vec<Word>,
}

impl Line {
    /// The line as written, without its line feed.
    #[must_use]
    pub fn raw(&self) -> &[u8] {
        let bytes = self.file.slice(self.span);
        bytes.strip_suffix(b"\n").unwrap_or(bytes)
    }

    /// The words behind the first that count as arguments: an empty word ends them, as everywhere in
    /// the reference.
    #[must_use]
    pub fn arguments(&self) -> &[Word] {
        let arguments = self.words.get(1..).unwrap_or_default();
        let end = arguments
            .iter()
            .position(Word::is_empty)
            .unwrap_or(arguments.len());
        &arguments[..end]
    }

    /// A message about a column (from 1) of this line, with the prefix `parsing [file:line] : `.
    #[must_use]
    pub fn diagnostic(&self, severity: Severity, column: u32, message: String) -> Diagnostic {
        let column = usize::try_from(column).unwrap_or(usize::MAX);
        let start = self
            .span
            .start
            .saturating_add(column.saturating_sub(1))
            .min(self.span.end);
        let mut diagnostic = Diagnostic::new(
            severity,
            &self.file,
            Span::new(start, self.span.end),
            message,
        );
        diagnostic.line = self.number;
        diagnostic.prefix = Prefix::ParsingSpaced;
        diagnostic
    }
}

/// Walks a file.
#[derive(Debug)]
pub struct Expander<'a> {
    syntax: &'a Syntax,
    /// The number of the next line.
    next: usize,
    directives: Directives,
    diagnostics: Vec<Diagnostic>,
    /// What has to be said once the line that was given out has been dealt with.
    postponed: Option<Diagnostic>,
    state: State,
    /// After a wrong `[scope]` the reference reads only up to the next line that counts.
    scope_failed: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Reading,
    /// The file ended, or can't be read further; what is still open is reported next.
    Ended,
    Finished {
        aborted: bool,
    },
}

impl<'a> Expander<'a> {
    /// Begins at the first line of a file; conditional blocks don't reach over files.
    #[must_use]
    pub fn new(syntax: &'a Syntax) -> Self {
        Self {
            syntax,
            next: 1,
            directives: Directives::default(),
            diagnostics: Vec::new(),
            postponed: None,
            state: State::Reading,
            scope_failed: false,
        }
    }

    /// The next line that counts, or None behind the last. Messages gather meanwhile: take them with
    /// [`Self::take_diagnostics`] after each call, *before* dealing with the line, so that they come in
    /// the reference's order.
    pub fn next_line(&mut self, host: &dyn Host) -> Option<Line> {
        if let Some(postponed) = self.postponed.take() {
            self.diagnostics.push(postponed);
        }
        while self.state == State::Reading {
            let Some(line) = self.syntax.line(self.next) else {
                self.state = State::Ended;
                break;
            };
            self.next += 1;
            let found = self.read(&line, host);
            let broken = self.broken_line(&line);
            if broken.is_some() {
                self.stop_at_broken_line(broken, found.is_some());
            }
            if found.is_some() {
                if self.scope_failed {
                    self.state = State::Finished { aborted: true };
                }
                return found;
            }
        }
        self.finish();
        None
    }

    /// The messages since the last call.
    pub fn take_diagnostics(&mut self) -> Vec<Diagnostic> {
        std::mem::take(&mut self.diagnostics)
    }

    /// Whether reading was given up (a misused directive, `.alert`, an open `.if`). The reference then
    /// reads no further file either and omits its last line, "Fatal errors found in configuration.".
    #[must_use]
    pub fn aborted(&self) -> bool {
        self.state == State::Finished { aborted: true }
    }

    /// A line with a NUL, or without a line feed, is the last one that the reference reads.
    fn broken_line(&self, line: &SyntaxLine<'_>) -> Option<Diagnostic> {
        let nul = line.bytes.iter().position(|byte| *byte == 0);
        let last =
            line.span.end == self.syntax.file().bytes().len() || self.state != State::Reading;
        let message = match nul {
            // On the last line that it reads the reference takes it for a missing line feed.
            Some(at) if !last => format!("Stray NUL character at position {}.", at + 1),
            None if line.terminated() => return None,
            _ => format!(
                "Missing LF on last line, file might have been truncated at position {}.",
                nul.unwrap_or(line.bytes.len()) + 1
            ),
        };
        let start = line.span.start + nul.unwrap_or(line.bytes.len());
        let span = Span::new(start, line.span.end.max(start));
        let mut diagnostic = Diagnostic::new(Severity::Alert, self.syntax.file(), span, message);
        diagnostic.line = line.number;
        diagnostic.column = start - line.span.start + 1;
        Some(diagnostic)
    }

    fn stop_at_broken_line(&mut self, diagnostic: Option<Diagnostic>, line_given_out: bool) {
        if matches!(self.state, State::Finished { .. }) {
            return;
        }
        self.state = State::Ended;
        if line_given_out {
            self.postponed = diagnostic;
        } else {
            self.diagnostics.extend(diagnostic);
        }
    }

    fn read(&mut self, line: &SyntaxLine<'_>, host: &dyn Host) -> Option<Line> {
        let content = line.content();
        let content = &content[..content
            .iter()
            .position(|byte| *byte == 0)
            .unwrap_or(content.len())];
        if let Some(scope) = section::scope(content) {
            if let Err(message) = scope {
                let mut diagnostic =
                    Diagnostic::new(Severity::Alert, self.syntax.file(), line.span, message);
                diagnostic.prefix = Prefix::ParsingSpaced;
                self.diagnostics.push(diagnostic);
                self.scope_failed = true;
            }
            return None;
        }
        let variables = FileVariables {
            host,
            syntax: self.syntax,
            line: line.number,
        };
        let words = match line::words(content, &variables, true) {
            Ok(words) => words,
            Err(error) => {
                let diagnostic = self.word_error(line, content, &error);
                self.diagnostics.push(diagnostic);
                return None;
            }
        };
        let first = words.words.first().filter(|word| !word.is_empty())?;
        if first.text.starts_with(b".") {
            self.directive(line, &words, host);
            return None;
        }
        if self.directives.skipping() {
            return None;
        }
        Some(Line {
            file: self.syntax.file().clone(),
            number: line.number,
            span: line.span,
            words: words.words,
        })
    }

    fn directive(&mut self, line: &SyntaxLine<'_>, words: &Words, host: &dyn Host) {
        let outcome = self.directives.run(words, host);
        if let Some(report) = outcome.report {
            let column = report.column.saturating_sub(1);
            let start = line.span.start + column.min(line.bytes.len());
            let span = Span::new(start, line.span.end);
            let mut diagnostic =
                Diagnostic::new(report.severity, self.syntax.file(), span, report.message);
            diagnostic.line = line.number;
            diagnostic.excerpt = report.excerpt;
            self.diagnostics.push(diagnostic);
        }
        self.state = match outcome.flow {
            Flow::Continue => return,
            Flow::Stop | Flow::StopAll => State::Ended,
            Flow::Abort => State::Finished { aborted: true },
        };
    }

    fn word_error(
        &self,
        line: &SyntaxLine<'_>,
        content: &[u8],
        error: &line::WordError,
    ) -> Diagnostic {
        let start = match error.kind {
            WordErrorKind::TooManyWords(_) => line.span.start,
            _ => line.span.start + error.position,
        };
        let span = Span::new(start, line.span.end);
        let mut diagnostic =
            Diagnostic::new(Severity::Alert, self.syntax.file(), span, error.message());
        diagnostic.line = line.number;
        if matches!(error.kind, WordErrorKind::TooManyWords(_)) {
            return diagnostic;
        }
        let indent = content
            .iter()
            .take_while(|byte| line::is_space(**byte))
            .count();
        let visible = content.get(indent..error.visible_end).unwrap_or_default();
        diagnostic.with_excerpt(Excerpt::new(visible, error.position.saturating_sub(indent)))
    }

    /// Reports a block that is still open where reading ended.
    fn finish(&mut self) {
        if self.state != State::Ended {
            return;
        }
        let open = self.directives.depth() > 0;
        if open {
            let number = self.next.saturating_sub(1);
            let span = self
                .syntax
                .line(number)
                .map(|line| line.span)
                .unwrap_or_default();
            let message = directive::NON_TERMINATED.to_owned();
            let mut diagnostic =
                Diagnostic::new(Severity::Alert, self.syntax.file(), span, message);
            diagnostic.line = number;
            self.diagnostics.push(diagnostic);
        }
        self.state = State::Finished {
            aborted: open || self.scope_failed || self.directives.failed(),
        };
    }
}

/// The environment with the pseudo-variables of the line being read.
struct FileVariables<'a> {
    host: &'a dyn Host,
    syntax: &'a Syntax,
    line: usize,
}

impl Variables for FileVariables<'_> {
    fn variable(&self, name: &str) -> Option<Vec<u8>> {
        match name {
            ".FILE" => Some(self.syntax.file().name().as_bytes().to_vec()),
            ".LINE" => Some(self.line.to_string().into_bytes()),
            ".SECTION" => Some(self.host.section()),
            _ if name.starts_with('.') => None,
            _ => self.host.env(name),
        }
    }
}
