//! Line by line from the tree to words, as lowering asks for them.
//!
//! Lowering drives it because a line may change how later lines are read (`include_check`, `random_seed`). What is
//! still to be read waits on a stack: files, the rest of a parameter's lines, the rounds of a `~SEQ`; each line of
//! theirs may put more on it.

use super::comment::uncommented;
use super::definition::{Definitions, definition};
use super::host::{FileKind, Host, Limits};
use super::include::{self, IncludeCheck, include};
use super::line::Line;
use super::replace::{self, Replaced};
use super::sequence::{self, Malformed, Sequence};
use super::syntax::Syntax;
use super::text::{Text, is_space};
use crate::diagnostic::{Diagnostic, Prefix, Severity};
use crate::source::SourceFile;
use crate::span::Span;
use std::collections::VecDeque;
use std::path::{Path, PathBuf};

/// Who reads; the reference's children get a copy of what its parent has read, so that they complain about the
/// text but not once more about files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The first to read.
    Parent,
    /// Reads again: messages about files are left out.
    Child,
}

/// Reads a configuration: a file and those that it includes.
#[derive(Debug)]
pub struct Reader {
    role: Role,
    limits: Limits,
    /// What is still to be read, the innermost last.
    stack: Vec<Source>,
    /// Lines that are cut and not yet given out.
    ready: VecDeque<Line>,
    definitions: Definitions,
    diagnostics: Vec<Diagnostic>,
    check: IncludeCheck,
    check_failed: bool,
    /// Where the last line of a file was read.
    last: Option<Place>,
    /// Blocks that are open.
    open: usize,
    /// Bytes that still may be expanded.
    left: usize,
    finished: bool,
}

#[derive(Debug)]
enum Source {
    File(File),
    /// Matches of an `include`.
    Matches {
        paths: VecDeque<PathBuf>,
        directory: PathBuf,
        check: IncludeCheck,
    },
    /// A line that is to be looked at again.
    Line(Place, Text),
    /// Lines that a parameter's value still has.
    Lines(Place, VecDeque<Text>),
    /// The rest of a line, for each value that is left.
    Sequence(Place, Sequence, Text),
}

#[derive(Debug)]
struct File {
    syntax: Syntax,
    next: usize,
    directory: PathBuf,
    /// The check to go back to behind the file.
    outer_check: IncludeCheck,
}

/// Where a line was read.
#[derive(Clone, Debug)]
struct Place {
    file: SourceFile,
    number: usize,
}

impl Reader {
    /// Reads a file whose bytes are at hand.
    #[must_use]
    pub fn new(syntax: &Syntax) -> Self {
        let directory = Path::new(&**syntax.file().name()).parent();
        let file = Source::File(File {
            syntax: syntax.clone(),
            next: 1,
            directory: directory.map(Path::to_path_buf).unwrap_or_default(),
            outer_check: IncludeCheck::default(),
        });
        Self::of(vec![file], Role::Parent)
    }

    /// Reads what a name or pattern leads to (`-f`), once the first line is asked for.
    #[must_use]
    pub fn open(pattern: &[u8], role: Role, host: &dyn Host) -> Self {
        let mut reader = Self::of(Vec::new(), role);
        reader.find(None, pattern, Path::new(""), IncludeCheck::default(), host);
        reader
    }

    fn of(stack: Vec<Source>, role: Role) -> Self {
        let limits = Limits::default();
        Self {
            role,
            limits,
            stack,
            ready: VecDeque::new(),
            definitions: Definitions::default(),
            diagnostics: Vec::new(),
            check: IncludeCheck::default(),
            check_failed: false,
            last: None,
            open: 0,
            left: limits.total,
            finished: false,
        }
    }

    /// The same with other limits.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self.left = limits.total;
        self
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
            match self.next_text(host) {
                Some((place, text)) => self.expand(place, text, host),
                None => self.finish(),
            }
        }
    }

    /// The messages since the last call: [`Severity::Alert`] is an error, [`Severity::Notice`] information.
    pub fn take_diagnostics(&mut self) -> Vec<Diagnostic> {
        std::mem::take(&mut self.diagnostics)
    }

    /// `include_check` of global_defs, for the rest of the file that is being read and for what it includes.
    pub fn set_include_check(&mut self, check: IncludeCheck) {
        self.check = check;
    }

    /// The check as it is now.
    #[must_use]
    pub fn include_check(&self) -> IncludeCheck {
        self.check
    }

    /// Whether an `include` has failed a check.
    #[must_use]
    pub fn include_check_failed(&self) -> bool {
        self.check_failed
    }

    /// The next line before replacement: of the innermost source that has one.
    fn next_text(&mut self, host: &dyn Host) -> Option<(Place, Text)> {
        loop {
            let found = match self.stack.last_mut()? {
                Source::File(_) => self.next_of_file(),
                Source::Matches { paths, .. } => {
                    if let Some(path) = paths.pop_front() {
                        self.open_match(&path, host);
                        continue;
                    }
                    None
                }
                Source::Line(..) => match self.stack.pop() {
                    Some(Source::Line(place, text)) => Some((place, text)),
                    _ => None,
                },
                Source::Lines(place, lines) => lines.pop_front().map(|line| (place.clone(), line)),
                Source::Sequence(place, sequence, rest) => sequence.advance().map(|values| {
                    for (name, value) in values {
                        self.definitions.define(&name, vec![value]);
                    }
                    (place.clone(), rest.clone())
                }),
            };
            match found {
                Some((place, text)) if self.afford(&text) => return Some((place, text)),
                Some((place, text)) => {
                    self.give_up(&place, &text, "The configuration expands to too much text");
                    return None;
                }
                None => {
                    if let Some(Source::File(file)) = self.stack.pop() {
                        self.check = file.outer_check;
                    }
                }
            }
        }
    }

    /// Pays for a line, if there is enough left.
    fn afford(&mut self, text: &Text) -> bool {
        let cost = text.len() + Limits::LINE_COST;
        let enough = self.left >= cost;
        self.left = self.left.saturating_sub(cost);
        enough
    }

    /// A line of the file on top without its comment, or None behind its last one.
    fn next_of_file(&mut self) -> Option<(Place, Text)> {
        let Some(Source::File(file)) = self.stack.last_mut() else {
            return None;
        };
        let line = file.syntax.line(file.next)?;
        file.next += 1;
        let place = Place {
            file: file.syntax.file().clone(),
            number: line.number,
        };
        let whole = Text::of_file(line.content(), line.span.start);
        self.last = Some(place.clone());
        let (mut text, mut complaint) = stripped(&whole);
        if self.role == Role::Child {
            (text, complaint) = stripped(&text);
        }
        self.complain(&place, &text, complaint);
        Some((place, text))
    }

    fn complain(&mut self, place: &Place, text: &Text, complaint: Option<String>) {
        if let Some(message) = complaint {
            self.error(place, text, message);
        }
    }

    /// Does what a line says about reading, or cuts it into words.
    fn expand(&mut self, place: Place, text: Text, host: &dyn Host) {
        if self.stack.len() > self.limits.depth {
            return self.give_up(
                &place,
                &text,
                "Includes, parameters or sequences within each other have no end",
            );
        }
        let Some(text) = condition(text, host.config_id()) else {
            return;
        };
        if text.is_empty() {
            return;
        }
        if let Some((name, start)) = definition(text.bytes()) {
            return self.define(name, &text, start);
        }
        if sequence::is_sequence(text.bytes()) {
            return self.sequence(place, &text, host);
        }
        match replace::replaced(&text, &self.definitions, &self.parameters(host)) {
            Replaced::Nothing => {}
            Replaced::Text(text, lines) => return self.look_again(place, &text, lines),
            Replaced::Endless => {
                let message = format!("The parameters of '{text}' have no end");
                return self.error(&place, &text, message);
            }
        }
        match include(&text) {
            Some(include) => {
                let directory = self.directory().to_path_buf();
                let check = self.check.with(include.check);
                self.find(
                    Some(&place),
                    include.pattern.bytes(),
                    &directory,
                    check,
                    host,
                );
            }
            None => self.cut(&place, &text),
        }
    }

    /// Puts back a line whose parameters are replaced: it may have become a comment, a condition, a sequence.
    fn look_again(&mut self, place: Place, text: &Text, lines: Vec<Text>) {
        if !lines.is_empty() {
            self.stack.push(Source::Lines(place.clone(), lines.into()));
        }
        let (text, complaint) = stripped(text);
        self.complain(&place, &text, complaint);
        self.stack.push(Source::Line(place, text));
    }

    fn parameters<'a>(&'a self, host: &'a dyn Host) -> replace::Surroundings<'a> {
        replace::Surroundings {
            host,
            directory: self.directory(),
            limits: self.limits,
        }
    }

    /// Learns a parameter. A backslash at the end goes on with the next line of the file, whatever that is.
    fn define(&mut self, name: &[u8], text: &Text, start: usize) {
        let mut lines = Vec::new();
        let mut value = text.slice(start..text.len());
        while let Some(continued) = value.bytes().strip_suffix(b"\\") {
            let line = value.slice(0..continued.len()).trimmed();
            if !line.is_empty() {
                lines.push(line.bytes().to_vec());
            }
            match self.next_of_file() {
                Some((_, next)) if self.afford(&next) => value = next,
                _ => return self.definitions.define(name, or_empty(lines)),
            }
        }
        lines.push(value.trimmed().bytes().to_vec());
        self.definitions.define(name, lines);
    }

    fn sequence(&mut self, place: Place, text: &Text, host: &dyn Host) {
        match self.sequence_of(text, host) {
            Ok((sequence, rest)) => self.stack.push(Source::Sequence(place, sequence, rest)),
            Err(malformed) => {
                if let Some(message) = malformed.message() {
                    self.error(&place, text, format!("{message} '{text}'"));
                }
                let kind = sequence::Kind::name(text.bytes());
                self.error(
                    &place,
                    text,
                    format!("Invalid {kind} specification '{text}'"),
                );
            }
        }
    }

    fn sequence_of(&self, text: &Text, host: &dyn Host) -> Result<(Sequence, Text), Malformed> {
        let header = sequence::header(text.bytes())?;
        let rest = text.slice(header.length..text.len()).trimmed();
        let arguments = match header.kind {
            sequence::Kind::List => header.arguments.to_vec(),
            _ => {
                let arguments = Text::placed(header.arguments, 0);
                match replace::replaced(&arguments, &self.definitions, &self.parameters(host)) {
                    Replaced::Text(text, lines) if lines.is_empty() => text.bytes().to_vec(),
                    _ => header.arguments.to_vec(),
                }
            }
        };
        Ok((sequence::sequence(header.kind, &arguments)?, rest))
    }

    /// Looks for what a name or pattern leads to, and puts it on the stack.
    fn find(
        &mut self,
        place: Option<&Place>,
        pattern: &[u8],
        directory: &Path,
        check: IncludeCheck,
        host: &dyn Host,
    ) {
        let found = include::find(pattern, directory, check, host);
        if let Some(complaint) = found.complaint {
            let severity = if complaint.outright {
                Severity::Alert
            } else {
                Severity::Notice
            };
            self.about_file(place, severity, complaint.fails, complaint.message);
        }
        if place.is_none() && found.paths.len() > 1 {
            let pattern = String::from_utf8_lossy(pattern);
            let first = found.paths[0].display();
            let message = format!(
                "WARNING, multiple configuration file matches of {pattern}, starting with {first}"
            );
            self.about_file(None, Severity::Notice, false, message);
        }
        self.stack.push(Source::Matches {
            paths: found.paths.into(),
            directory: directory.to_path_buf(),
            check,
        });
    }

    /// Opens a match of the `include` on top.
    fn open_match(&mut self, path: &Path, host: &dyn Host) {
        let Some(Source::Matches {
            directory, check, ..
        }) = self.stack.last()
        else {
            return;
        };
        let name = path.strip_prefix(directory).unwrap_or(path);
        let problem = match host.kind(path) {
            FileKind::Directory => include::not_a_file(&name.join(""), "is a directory", *check),
            FileKind::Other => {
                include::not_a_file(name, "is not a regular non-executable file", *check)
            }
            FileKind::Configuration => match host.read(path) {
                Ok(bytes) => {
                    let file = File {
                        syntax: Syntax::parse(SourceFile::new(name.to_string_lossy(), bytes)),
                        next: 1,
                        directory: host.directory(path),
                        outer_check: self.check,
                    };
                    return self.stack.push(Source::File(file));
                }
                Err(error) => include::not_a_file(name, &format!("open problem ({error})"), *check),
            },
        };
        let (message, fails) = problem;
        let place = self.last.clone();
        // Without the main file nothing is read at all.
        let severity = if place.is_none() {
            Severity::Alert
        } else {
            Severity::Notice
        };
        self.about_file(place.as_ref(), severity, fails, message);
    }

    fn directory(&self) -> &Path {
        let directories = self.stack.iter().rev().filter_map(|source| match source {
            Source::File(file) => Some(file.directory.as_path()),
            _ => None,
        });
        directories.into_iter().next().unwrap_or(Path::new(""))
    }

    /// Cuts at the first brace outside of double quotes; what follows is looked at like a line of its own.
    fn cut(&mut self, place: &Place, text: &Text) {
        let mut quoted = false;
        let brace = text.bytes().iter().position(|byte| {
            quoted ^= *byte == b'"';
            !quoted && matches!(byte, b'{' | b'}')
        });
        let Some(at) = brace else {
            return self.give(place, text.clone());
        };
        self.give(place, text.slice(0..at));
        self.give(place, text.slice(at..at + 1));
        let behind = text.slice(at + 1..text.len()).trimmed();
        if !behind.is_empty() {
            self.stack.push(Source::Line(place.clone(), behind));
        }
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
            self.diagnostics
                .push(line.diagnostic(Severity::Alert, usize::MAX, message));
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
                let message = "Extra '}' found".to_owned();
                self.diagnostics
                    .push(line.diagnostic(Severity::Alert, 0, message));
            }
            self.open = self.open.saturating_sub(1);
        }
    }

    fn finish(&mut self) {
        self.finished = true;
        if self.open > 0 {
            let message = format!("There are {} missing '}}'s or extra '{{'s", self.open);
            self.report(None, Severity::Alert, Span::default(), message);
        }
    }

    /// Reports a limit and ends reading.
    fn give_up(&mut self, place: &Place, text: &Text, message: &str) {
        self.error(place, text, message.to_owned());
        self.stack.clear();
        self.finished = true;
    }

    fn error(&mut self, place: &Place, text: &Text, message: String) {
        self.report(
            Some(place),
            Severity::Alert,
            text.span(0..text.len()),
            message,
        );
    }

    /// Says something about a file, to whom reads first.
    fn about_file(
        &mut self,
        place: Option<&Place>,
        severity: Severity,
        fails: bool,
        message: String,
    ) {
        if self.role == Role::Parent {
            self.check_failed |= fails;
            let severity = if fails { Severity::Alert } else { severity };
            let span = place
                .and_then(|place| place.file.line_span(place.number))
                .unwrap_or_default();
            self.report(place, severity, span, message);
        }
    }

    fn report(&mut self, place: Option<&Place>, severity: Severity, span: Span, message: String) {
        let (file, number, prefix) = match place {
            Some(place) => (place.file.clone(), place.number, Prefix::Line),
            None => (SourceFile::new("", &b""[..]), 1, Prefix::None),
        };
        let mut diagnostic = Diagnostic::new(severity, &file, span, message);
        diagnostic.prefix = prefix;
        diagnostic.line = number;
        self.diagnostics.push(diagnostic);
    }
}

/// A line without comment and without white space at its ends, and what there is to say about its quotes. A
/// backslash at the very end stays, even behind a comment.
fn stripped(line: &Text) -> (Text, Option<String>) {
    let line = line.trimmed_start();
    let backslashes = line
        .bytes()
        .iter()
        .rev()
        .take_while(|byte| **byte == b'\\')
        .count();
    let continued = backslashes % 2 == 1;
    let end = line.len() - usize::from(continued);
    let inner = line.slice(0..end);
    let uncommented = uncommented(inner.bytes());
    let mut text = Text::default();
    for range in uncommented.kept {
        text.push(&inner.slice(range));
    }
    let complaint = uncommented
        .unterminated
        .then(|| format!("Unterminated quote '{text}'"));
    let mut text = text.trimmed();
    if continued {
        text.push(&line.slice(end..line.len()));
    }
    (text, complaint)
}

/// The line, or what stands behind its `@id` if the id is ours or behind `@^id` if it isn't; None if it isn't for us.
fn condition(text: Text, config_id: &[u8]) -> Option<Text> {
    let Some(condition) = text.bytes().strip_prefix(b"@") else {
        return Some(text);
    };
    let length = condition
        .iter()
        .position(|byte| is_space(*byte))
        .unwrap_or(condition.len());
    let id = &condition[..length];
    let holds = match id.strip_prefix(b"^") {
        Some(id) => id != config_id,
        None => id == config_id,
    };
    holds.then(|| text.slice(length + 1..text.len()).trimmed())
}

/// A value has at least one line.
fn or_empty(lines: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    if lines.is_empty() {
        vec![Vec::new()]
    } else {
        lines
    }
}
