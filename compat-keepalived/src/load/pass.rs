//! One reading of a file: lines from the reader, blocks, messages.
//!
//! A row's function gets the pass and its line, puts what it read into [`Pass::draft`] and says what it has to say;
//! only a missing parameter ends the reading ([`Abort`]).

use std::{
    collections::HashMap,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

use locum_model::{Located, Origin, keepalived::Global};
use locum_parser::{
    Diagnostic, Severity,
    diagnostic::Prefix,
    keepalived::{FileKind, Host, IncludeCheck, Line, Reader, Role},
};

use super::{
    Kind, Loaded, Message, Present, Process, Request, Status, System, Unexecuted, number::Read,
    system::Interface,
};
use crate::{
    block, check,
    draft::Draft,
    row::{self, Rows, State},
};

/// Reading ends: a parameter is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Abort;

/// What children take over from the parent's reading.
#[derive(Debug, Clone, Default)]
pub struct Inherited {
    /// `global_defs`.
    pub global: Global,
    /// `script_user` couldn't be had.
    pub script_user_failed: bool,
}

/// A reading under way.
pub struct Pass<'a> {
    /// Whose reading it is.
    pub process: Process,
    /// What was asked for.
    pub request: Request<'a>,
    /// What has been read.
    pub draft: Draft,
    /// Which children the file asks for, as far as it has been read.
    pub present: Present,
    /// The daemon must not start with this.
    pub fatal: bool,
    reader: Reader,
    main_file: String,
    /// A line that was looked at and put back.
    held: Option<Line>,
    /// Where the last line stands; messages name it.
    place: Origin,
    messages: Vec<Message>,
    status: Status,
    unexecuted: Vec<Unexecuted>,
    /// How many lines were read that aren't braces.
    words: usize,
    /// The last word that had a row.
    last_word: &'static str,
    /// The machine's interfaces, once somebody asked.
    interfaces: Option<Option<HashMap<String, Interface>>>,
}

impl<'a> Pass<'a> {
    /// Begins to read; a file that can't be read gives a message and nothing else.
    pub fn new(request: Request<'a>, process: Process, inherited: Inherited) -> Self {
        let host = Surroundings {
            request: &request,
            instance: None,
            host_name: "",
        };
        let role = match process {
            Process::Parent => Role::Parent,
            _ => Role::Child,
        };
        let mut reader = Reader::open(request.file.as_os_str().as_bytes(), role, &host);
        if request.all_config {
            reader.set_include_check(IncludeCheck::ALL);
        }
        let mut draft = Draft {
            host_name: request.system.host_name(),
            script_user_failed: inherited.script_user_failed,
            ..Draft::default()
        };
        draft.configuration.global = inherited.global;
        Self {
            process,
            request,
            draft,
            present: Present::default(),
            fatal: false,
            reader,
            main_file: request.file.to_string_lossy().into_owned(),
            held: None,
            place: Origin::nowhere(),
            messages: Vec::new(),
            status: Status::Good,
            unexecuted: Vec::new(),
            words: 0,
            last_word: "",
            interfaces: None,
        }
    }

    /// Reads to the end, checks what only shows then, and gives the result.
    pub fn run(mut self) -> (Loaded, Inherited) {
        let read = self.top();
        if read.is_ok() {
            check::finish(&mut self);
        }
        let inherited = Inherited {
            global: self.draft.configuration.global.clone(),
            script_user_failed: self.draft.script_user_failed,
        };
        let fatal = self.fatal || matches!(self.status, Status::Fatal | Status::Missing);
        let loaded = Loaded {
            configuration: self.draft.configuration,
            messages: self.messages,
            status: self.status,
            fatal,
            file_missing: self.reader.include_check_failed(),
            present: self.present,
            unexecuted: self.unexecuted,
        };
        (loaded, inherited)
    }

    /// The machine.
    pub fn system(&self) -> &'a dyn System {
        self.request.system
    }

    /// The interface of this name.
    pub fn interface(&mut self, name: &str) -> Option<Interface> {
        let system = self.request.system;
        let all = self.interfaces.get_or_insert_with(|| system.interfaces());
        match all {
            Some(all) => all.get(name).copied(),
            None => system.interface(name),
        }
    }

    fn top(&mut self) -> Result<(), Abort> {
        while let Some(line) = self.next() {
            self.word(block::ROOT, &line)?;
        }
        Ok(())
    }

    /// A block in braces. Without its brace the reference complains and takes the next lines for its content.
    pub fn block(&mut self, rows: Rows) -> Result<(), Abort> {
        match self.next() {
            Some(line) if line.opens() => {}
            Some(line) => {
                self.error("Missing '{' at beginning of configuration block");
                self.held = Some(line);
            }
            None => return Ok(()),
        }
        while let Some(line) = self.next() {
            if line.closes() {
                break;
            }
            self.word(rows, &line)?;
        }
        Ok(())
    }

    /// A block of lines that begin with no keyword (addresses, names), each given to `each`.
    pub fn lines(
        &mut self,
        mut each: impl FnMut(&mut Self, &Line) -> Result<(), Abort>,
    ) -> Result<(), Abort> {
        let mut first = true;
        while let Some(line) = self.next() {
            if line.closes() {
                break;
            }
            if !(first && line.opens()) {
                each(self, &line)?;
            }
            first = false;
        }
        Ok(())
    }

    /// Passes over a block that belongs to another process, braces and all. The parent looks for words in it that keep
    /// the daemon from starting: children would find them too late.
    pub fn skip_block(&mut self) {
        let block = self.last_word;
        let Some(line) = self.next() else {
            return;
        };
        if !line.opens() {
            self.held = Some(line);
            return;
        }
        let mut depth = 1usize;
        while depth > 0 {
            let Some(line) = self.next() else {
                return;
            };
            if line.opens() {
                depth += 1;
            } else if line.closes() {
                depth -= 1;
            } else if self.process == Process::Parent {
                self.look_into(block, depth, &line);
            }
        }
    }

    /// Notes what is refused in a line of a block that is passed over.
    fn look_into(&mut self, block: &str, depth: usize, line: &Line) {
        let rows = block::rows_of(block).filter(|_| depth == 1);
        let first = line.words.first();
        let row = first.and_then(|first| row::find(rows?, &first.text));
        if let Some(row) = row.filter(|row| row.state == State::Refused) {
            self.note(row.name, row.state);
        }
    }

    /// Passes over lines up to a closing brace, which is left to the block around.
    pub fn skip_to_closing(&mut self) {
        while let Some(line) = self.next() {
            if line.closes() {
                self.held = Some(line);
                return;
            }
        }
    }

    fn word(&mut self, rows: Rows, line: &Line) -> Result<(), Abort> {
        let Some(first) = line.words.first() else {
            return Ok(());
        };
        match row::find(rows, &first.text) {
            Some(row) => {
                self.note(row.name, row.state);
                self.last_word = row.name;
                let (noted, words) = (self.unexecuted.len(), self.words);
                let read = (row.lower)(self, line);
                if row.state == State::Refused {
                    self.unexecuted.truncate(noted);
                    let within = self.words - words;
                    if let Some(block) = self.unexecuted.last_mut() {
                        block.within = within;
                    }
                }
                read
            }
            None if line.opens() => {
                self.error("Unexpected '{' - ignoring");
                Ok(())
            }
            None => {
                self.error(format!("Unknown keyword '{}'", first.lossy()));
                Ok(())
            }
        }
    }

    /// Notes a word that isn't executed, also one inside a line.
    pub fn note(&mut self, word: &'static str, state: State) {
        if state != State::Executed {
            let at = self.place.clone();
            self.unexecuted.push(Unexecuted {
                word,
                state,
                at,
                within: 0,
            });
        }
    }

    /// The next line; what the reader says on the way becomes messages.
    fn next(&mut self) -> Option<Line> {
        let line = match self.held.take() {
            Some(line) => Some(line),
            None => {
                let host = Surroundings {
                    request: &self.request,
                    instance: self.draft.configuration.global.instance.as_deref(),
                    host_name: &self.draft.host_name,
                };
                let line = self.reader.next_line(&host);
                for diagnostic in self.reader.take_diagnostics() {
                    self.take(diagnostic);
                }
                let is_word = |line: &Line| !line.opens() && !line.closes();
                self.words += usize::from(line.as_ref().is_some_and(is_word));
                line
            }
        };
        if let Some(line) = &line {
            self.place = Origin {
                file: line.file.name().clone(),
                line: u32::try_from(line.number).unwrap_or(u32::MAX),
                column: 1,
            };
        }
        line
    }

    fn take(&mut self, diagnostic: Diagnostic) {
        let kind = match diagnostic.severity {
            Severity::Notice => Kind::Information,
            _ => Kind::Error,
        };
        if self.reader.include_check_failed() {
            self.status = self.status.max(Status::Insecure);
        }
        if diagnostic.prefix == Prefix::None {
            return self.push(kind, diagnostic.message, None);
        }
        let at = Origin {
            file: diagnostic.file.clone(),
            line: u32::try_from(diagnostic.line).unwrap_or(u32::MAX),
            column: u32::try_from(diagnostic.column).unwrap_or(u32::MAX),
        };
        let text = format!("{}{}", self.prefix(&at), diagnostic.message);
        self.push(kind, text, Some(at));
    }

    fn prefix(&self, at: &Origin) -> String {
        if self.process == Process::Parent && *at.file == *self.main_file {
            format!("(Line {}) ", at.line)
        } else {
            format!("({}: Line {}) ", at.file, at.line)
        }
    }

    fn push(&mut self, kind: Kind, text: String, at: Option<Origin>) {
        if kind == Kind::Log && self.request.testing {
            return;
        }
        self.status = self.status.max(Status::of(kind));
        self.messages.push(Message { kind, text, at });
    }

    /// An error about the current line.
    pub fn error(&mut self, text: impl AsRef<str>) {
        self.say(Kind::Error, text);
    }

    /// A message about the current line that may mean nothing for the verdict.
    pub fn say(&mut self, kind: Kind, text: impl AsRef<str>) {
        let at = self.place.clone();
        let text = format!("{}{}", self.prefix(&at), text.as_ref());
        self.push(kind, text, Some(at));
    }

    /// An error about the current line that keeps the daemon from starting.
    pub fn fatal_error(&mut self, text: impl AsRef<str>) {
        self.say(Kind::Fatal, text);
    }

    /// A message that names no line.
    pub fn tell(&mut self, kind: Kind, text: impl Into<String>) {
        self.push(kind, text.into(), None);
    }

    /// The value of a number, after telling what there is to tell.
    pub fn number<T>(&mut self, read: Read<T>) -> Option<T> {
        for message in &read.messages {
            self.error(message);
        }
        read.value
    }

    /// A word's parameter, counted from 1; a missing one ends the reading.
    pub fn parameter(&mut self, line: &Line, index: usize) -> Result<String, Abort> {
        if let Some(word) = line.words.get(index) {
            return Ok(word.lossy().into_owned());
        }
        let first = line.words.first().map(|word| word.lossy().into_owned());
        let first = first.unwrap_or_default();
        let keyword = line.words.get(index.saturating_sub(1));
        let keyword = keyword.map_or_else(|| first.clone(), |word| word.lossy().into_owned());
        let at = self.place.clone();
        let text = format!(
            "{}*** Configuration line starting `{first}` is missing a parameter after keyword `{keyword}` at word position {}",
            self.prefix(&at),
            index + 1
        );
        self.push(Kind::Missing, text, Some(at));
        Err(Abort)
    }

    /// Complains about words behind a block's name.
    pub fn no_parameters(&mut self, line: &Line) {
        if let (Some(name), Some(extra)) = (line.words.first(), line.words.get(1)) {
            let text = format!(
                "Block {} has extra parameters {} ...",
                name.lossy(),
                extra.lossy()
            );
            self.error(text);
        }
    }

    /// A value together with where the current line stands.
    pub fn located<T>(&self, value: T) -> Located<T> {
        Located::new(value, self.place.clone())
    }

    /// Where the current line stands.
    pub fn place(&self) -> &Origin {
        &self.place
    }

    /// `include_check`.
    pub fn reader(&mut self) -> &mut Reader {
        &mut self.reader
    }
}

/// `st_mode` (inode(7)): the bits of the type, two types, and the bits by which anybody may execute.
const FILE_TYPE: u32 = 0o170_000;
const DIRECTORY: u32 = 0o040_000;
const REGULAR: u32 = 0o100_000;
const MAY_EXECUTE: u32 = 0o111;

/// What the language may ask.
struct Surroundings<'a, 'b> {
    request: &'b Request<'a>,
    instance: Option<&'b str>,
    host_name: &'b str,
}

impl Host for Surroundings<'_, '_> {
    fn config_id(&self) -> &[u8] {
        match self.request.config_id {
            Some(id) => id.as_bytes(),
            None => self
                .host_name
                .split('.')
                .next()
                .unwrap_or_default()
                .as_bytes(),
        }
    }

    fn instance(&self) -> &[u8] {
        self.instance.unwrap_or_default().as_bytes()
    }

    fn random(&self, low: u32, high: u32) -> u32 {
        self.request.system.random(low, high)
    }

    fn glob(&self, pattern: &[u8], directory: &Path) -> Vec<PathBuf> {
        self.request.system.glob(pattern, directory)
    }

    fn kind(&self, path: &Path) -> FileKind {
        match self.request.system.file(path).map(|facts| facts.mode) {
            Ok(mode) if mode & FILE_TYPE == DIRECTORY => FileKind::Directory,
            Ok(mode) if mode & FILE_TYPE != REGULAR || mode & MAY_EXECUTE != 0 => FileKind::Other,
            _ => FileKind::Configuration,
        }
    }

    fn directory(&self, path: &Path) -> PathBuf {
        let real = self.request.system.real_path(path);
        let path = real.as_deref().unwrap_or(path);
        path.parent().map(Path::to_path_buf).unwrap_or_default()
    }

    fn read(&self, path: &Path) -> std::io::Result<Vec<u8>> {
        self.request.system.read(path)
    }
}
