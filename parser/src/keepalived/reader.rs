//! Line by line from the tree to words, as lowering asks for them.
//!
//! Lowering drives it because a line may change how later lines are read (`include_check`, `random_seed`). A
//! line waits on a stack until everything that it holds has been given out: the rounds of a `~SEQ`, the lines of
//! a parameter's value, the files of an `include`; each may hold the same again.

use super::comment::comment;
use super::definition::{Definitions, definition, parameter, replaced};
use super::include::{Include, IncludeCheck, include};
use super::line::Line;
use super::sequence::{Sequence, sequence};
use super::syntax::Syntax;
use super::text::{Text, is_space};
use crate::diagnostic::{Diagnostic, Prefix, Severity};
use crate::source::SourceFile;
use crate::span::Span;
use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};

/// What the text may ask about its surroundings.
pub trait Host {
    /// What `@id` lines are compared with (`-i`, else the host's name up to its first dot).
    fn config_id(&self) -> &[u8];

    /// `${_INSTANCE}`.
    fn instance(&self) -> &[u8];

    /// `${_RANDOM low high}`: a number between the two, which may be meant.
    fn random(&self, low: u32, high: u32) -> u32;

    /// The files that a pattern of glob(3) matches, in its order; the pattern has no alternatives in
    /// braces any more, and a relative one begins at `directory`.
    fn glob(&self, pattern: &[u8], directory: &Path) -> Vec<PathBuf>;

    /// The bytes of a file.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;
}

/// A host that gives away nothing: no file can be included.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sealed;

impl Host for Sealed {
    fn config_id(&self) -> &[u8] {
        b""
    }

    fn instance(&self) -> &[u8] {
        b""
    }

    fn random(&self, low: u32, _high: u32) -> u32 {
        low
    }

    fn glob(&self, _pattern: &[u8], _directory: &Path) -> Vec<PathBuf> {
        Vec::new()
    }

    fn read(&self, _path: &Path) -> io::Result<Vec<u8>> {
        Err(io::ErrorKind::NotFound.into())
    }
}

/// How far expansion goes before it is an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Included files, values of parameters and sequences within each other.
    pub depth: usize,
    /// Bytes of a line after replacement.
    pub line: usize,
    /// Bytes of all lines that expansion makes.
    pub total: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            depth: 100,
            line: 1 << 20,
            total: 1 << 30,
        }
    }
}

/// Reads a configuration: a file and those that it includes.
#[derive(Debug)]
pub struct Reader {
    limits: Limits,
    /// What is still to be read, the innermost last.
    stack: Vec<Source>,
    /// Lines that are cut and not yet given out.
    ready: VecDeque<Line>,
    definitions: Definitions,
    diagnostics: Vec<Diagnostic>,
    check: IncludeCheck,
    /// Blocks that are open.
    open: usize,
    /// Bytes expanded so far.
    expanded: usize,
    /// The file was given to the end, or reading was given up.
    finished: bool,
}

#[derive(Debug)]
enum Source {
    File {
        syntax: Syntax,
        next: usize,
        directory: PathBuf,
        /// The check to go back to behind the file.
        outer_check: IncludeCheck,
    },
    /// A line that expansion has made.
    Line(Place, Text),
    /// The rest of a line for each value.
    Sequence(Place, Sequence, Text),
}

/// Where a line was read.
#[derive(Clone, Debug)]
struct Place {
    file: SourceFile,
    number: usize,
}

impl Reader {
    /// Begins at the first line of a file.
    #[must_use]
    pub fn new(syntax: &Syntax) -> Self {
        Self::with_limits(syntax, Limits::default())
    }

    /// The same with other limits.
    #[must_use]
    pub fn with_limits(syntax: &Syntax, limits: Limits) -> Self {
        let mut reader = Self {
            limits,
            stack: Vec::new(),
            ready: VecDeque::new(),
            definitions: Definitions::default(),
            diagnostics: Vec::new(),
            check: IncludeCheck::default(),
            open: 0,
            expanded: 0,
            finished: false,
        };
        reader.push_file(syntax.clone());
        reader
    }

    /// The next line, or None behind the last. Messages gather meanwhile: take them with
    /// [`Self::take_diagnostics`] after each call, before dealing with the line.
    pub fn next_line(&mut self, host: &dyn Host) -> Option<Line> {
        loop {
            if let Some(line) = self.ready.pop_front() {
                self.count_braces(&line);
                return Some(line);
            }
            if self.finished {
                return None;
            }
            match self.next_text() {
                Some((place, text)) => self.expand(place, text, host),
                None => self.finish(),
            }
        }
    }

    /// The messages since the last call.
    pub fn take_diagnostics(&mut self) -> Vec<Diagnostic> {
        std::mem::take(&mut self.diagnostics)
    }

    /// `include_check` of global_defs, for the rest of the file that is being read and what it includes.
    pub fn set_include_check(&mut self, check: IncludeCheck) {
        self.check = check;
    }

    /// The check as it is now.
    #[must_use]
    pub fn include_check(&self) -> IncludeCheck {
        self.check
    }

    fn push_file(&mut self, syntax: Syntax) {
        let directory = Path::new(&**syntax.file().name())
            .parent()
            .map(Path::to_path_buf)
            .unwrap_or_default();
        self.stack.push(Source::File {
            syntax,
            next: 1,
            directory,
            outer_check: self.check,
        });
    }

    /// The next line before replacement: of the innermost source that has one.
    fn next_text(&mut self) -> Option<(Place, Text)> {
        loop {
            match self.stack.last_mut()? {
                Source::File { .. } => {
                    if let Some(read) = self.next_of_file() {
                        return Some(read);
                    }
                }
                Source::Sequence(place, sequence, rest) => {
                    let place = place.clone();
                    let rest = rest.clone();
                    match sequence.advance() {
                        Some(values) => {
                            for (name, value) in values {
                                self.definitions.define(&name, vec![value]);
                            }
                            return Some((place, rest));
                        }
                        None => {
                            self.stack.pop();
                        }
                    }
                }
                Source::Line(..) => {
                    if let Some(Source::Line(place, text)) = self.stack.pop() {
                        return Some((place, text));
                    }
                }
            }
        }
    }

    /// A line of the file on top without its comment, or None behind its last one.
    fn next_of_file(&mut self) -> Option<(Place, Text)> {
        let Some(Source::File {
            syntax,
            next,
            outer_check,
            ..
        }) = self.stack.last_mut()
        else {
            return None;
        };
        let number = *next;
        let Some(line) = syntax.line(number) else {
            self.check = *outer_check;
            self.stack.pop();
            return None;
        };
        *next += 1;
        let place = Place {
            file: syntax.file().clone(),
            number,
        };
        let whole = Text::of_file(line.content(), line.span.start);
        let text = self.uncommented(&place, &whole);
        Some((place, text))
    }

    /// Without comment and without white space at the ends.
    fn uncommented(&mut self, place: &Place, line: &Text) -> Text {
        let line = line.trimmed();
        let comment = comment(line.bytes());
        if comment.unterminated {
            let message = format!(
                "Unterminated quote '{}'",
                String::from_utf8_lossy(line.bytes())
            );
            self.report(place, &line, message);
        }
        line.slice(0..comment.start).trimmed()
    }

    /// Does what a line says about reading, or replaces its first parameter, or cuts it.
    fn expand(&mut self, place: Place, text: Text, host: &dyn Host) {
        self.expanded = self.expanded.saturating_add(text.len() + 1);
        if self.expanded > self.limits.total || text.len() > self.limits.line {
            return self.give_up(&place, &text, "The configuration expands to too much text");
        }
        if self.stack.len() > self.limits.depth {
            return self.give_up(
                &place,
                &text,
                "Includes, parameters or sequences are nested too deeply",
            );
        }
        if text.is_empty() {
            return;
        }
        if text.bytes().starts_with(b"@") {
            if let Some(rest) = condition(&text, host.config_id()) {
                self.stack.push(Source::Line(place, rest));
            }
            return;
        }
        if let Some(include) = include(&text) {
            return self.include(&place, &include, host);
        }
        if let Some((name, start)) = definition(text.bytes()) {
            let name = name.to_vec();
            return self.define(&place, &text, &name, start);
        }
        match sequence(text.bytes()) {
            Some(Ok((sequence, length))) => {
                let rest = text.slice(length..text.len()).trimmed();
                self.stack.push(Source::Sequence(place, sequence, rest));
                return;
            }
            Some(Err(_)) => {
                let message = format!(
                    "Invalid sequence '{}'",
                    String::from_utf8_lossy(text.bytes())
                );
                return self.report(&place, &text, message);
            }
            None => {}
        }
        if !self.replace(&place, &text, host) {
            self.cut(&place, &text);
        }
    }

    /// Replaces the first parameter that is known and puts the result back; false if there is none.
    fn replace(&mut self, place: &Place, text: &Text, host: &dyn Host) -> bool {
        let bytes = text.bytes();
        let found = (0..bytes.len())
            .filter(|at| bytes[*at] == b'$')
            .find_map(|at| {
                let parameter = parameter(&bytes[at..])?;
                let value = match self.definitions.value(parameter.name) {
                    Some(value) => value.to_vec(),
                    None => vec![self.predefined(parameter.name, parameter.arguments, host)?],
                };
                Some((at, parameter.length, value))
            });
        let Some((at, length, value)) = found else {
            return false;
        };
        let (first, more) = replaced(text, at, length, &value);
        for line in more.into_iter().rev() {
            self.stack.push(Source::Line(place.clone(), line.trimmed()));
        }
        self.stack
            .push(Source::Line(place.clone(), first.trimmed()));
        true
    }

    fn predefined(&self, name: &[u8], arguments: &[u8], host: &dyn Host) -> Option<Vec<u8>> {
        Some(match name {
            b"_PWD" => self.directory().as_os_str().as_encoded_bytes().to_vec(),
            b"_INSTANCE" => host.instance().to_vec(),
            b"_HASH" => b"#".to_vec(),
            b"_BANG" => b"!".to_vec(),
            b"_RANDOM" => {
                let mut numbers = std::str::from_utf8(arguments).ok()?.split_whitespace();
                let low = numbers.next().map_or(Some(0), |low| low.parse().ok())?;
                let high = numbers
                    .next()
                    .map_or(Some(32767), |high| high.parse().ok())?;
                host.random(low, high).to_string().into_bytes()
            }
            _ => return None,
        })
    }

    /// Learns a parameter; a backslash at the end goes on with the next line.
    fn define(&mut self, _place: &Place, text: &Text, name: &[u8], start: usize) {
        let mut lines = Vec::new();
        let mut value = text.slice(start..text.len());
        loop {
            let Some(continued) = value.bytes().strip_suffix(b"\\") else {
                lines.push(value.bytes().to_vec());
                break;
            };
            let line = value.slice(0..continued.len()).trimmed();
            if !(lines.is_empty() && line.is_empty()) {
                lines.push(line.bytes().to_vec());
            }
            match self.next_of_definition() {
                Some(next) => value = next,
                None => break,
            }
        }
        self.definitions.define(name, lines);
    }

    /// The next line of the innermost file or of the value that is being expanded.
    fn next_of_definition(&mut self) -> Option<Text> {
        if let Some(Source::File { .. }) = self.stack.last() {
            return self.next_of_file().map(|(_, text)| text);
        }
        None
    }

    fn include(&mut self, place: &Place, include: &Include, host: &dyn Host) {
        let directory = self.directory().to_path_buf();
        let paths = host.glob(include.pattern.bytes(), &directory);
        if paths.is_empty() {
            let message = format!(
                "Config files missing '{}'.",
                String::from_utf8_lossy(include.pattern.bytes())
            );
            return self.report(place, &include.pattern, message);
        }
        for path in paths.iter().rev() {
            match host.read(path) {
                Ok(bytes) => {
                    let file = SourceFile::new(path.to_string_lossy().into_owned(), bytes);
                    self.push_file(Syntax::parse(file));
                }
                Err(error) => {
                    let message = format!("Can't read '{}': {error}", path.display());
                    self.report(place, &include.pattern, message);
                }
            }
        }
    }

    fn directory(&self) -> &Path {
        self.stack
            .iter()
            .rev()
            .find_map(|source| match source {
                Source::File { directory, .. } => Some(directory.as_path()),
                _ => None,
            })
            .unwrap_or(Path::new(""))
    }

    /// Cuts at braces outside of double quotes.
    fn cut(&mut self, place: &Place, text: &Text) {
        let mut quoted = false;
        let mut start = 0;
        for (at, byte) in text.bytes().iter().enumerate() {
            match byte {
                b'"' => quoted = !quoted,
                b'{' | b'}' if !quoted => {
                    self.give(place, text.slice(start..at));
                    self.give(place, text.slice(at..at + 1));
                    start = at + 1;
                }
                _ => {}
            }
        }
        self.give(place, text.slice(start..text.len()));
    }

    fn give(&mut self, place: &Place, text: Text) {
        let text = text.trimmed();
        if text.is_empty() {
            return;
        }
        let (line, unmatched) = Line::of(place.file.clone(), place.number, text);
        if unmatched {
            let message = format!(
                "Unmatched quote: '{}'",
                String::from_utf8_lossy(line.text())
            );
            let diagnostic = line.diagnostic(Severity::Alert, usize::MAX, message);
            self.diagnostics.push(diagnostic);
        }
        if !line.words.is_empty() {
            self.ready.push_back(line);
        }
    }

    fn count_braces(&mut self, line: &Line) {
        if line.opens() {
            self.open += 1;
        } else if line.closes() {
            if self.open == 0 {
                let diagnostic = line.diagnostic(Severity::Alert, 0, "Extra '}' found".to_owned());
                self.diagnostics.push(diagnostic);
            }
            self.open = self.open.saturating_sub(1);
        }
    }

    fn finish(&mut self) {
        self.finished = true;
        if self.open > 0 {
            let message = format!("There are {} missing '}}'s or extra '{{'s", self.open);
            let file = SourceFile::new("", &b""[..]);
            let mut diagnostic = Diagnostic::new(Severity::Alert, &file, Span::default(), message);
            diagnostic.prefix = Prefix::None;
            self.diagnostics.push(diagnostic);
        }
    }

    /// Reports a limit and ends reading.
    fn give_up(&mut self, place: &Place, text: &Text, message: &str) {
        self.report(place, text, message.to_owned());
        self.stack.clear();
        self.finished = true;
    }

    fn report(&mut self, place: &Place, text: &Text, message: String) {
        let span = text.span(0..text.len());
        let mut diagnostic = Diagnostic::new(Severity::Alert, &place.file, span, message);
        diagnostic.prefix = Prefix::Line;
        diagnostic.line = place.number;
        self.diagnostics.push(diagnostic);
    }
}

/// What stands behind `@id` if the id is ours, or behind `@^id` if it isn't.
fn condition(text: &Text, config_id: &[u8]) -> Option<Text> {
    let bytes = text.bytes();
    let end = bytes.iter().position(|byte| is_space(*byte))?;
    let id = &bytes[1..end];
    let holds = match id.strip_prefix(b"^") {
        Some(id) => id != config_id,
        None => id == config_id,
    };
    holds.then(|| text.slice(end..text.len()).trimmed())
}
