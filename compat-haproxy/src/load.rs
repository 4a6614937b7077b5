//! Files to model: reads sections line by line, then checks the whole (manual 2).
//!
//! ```text
//! bytes ─parse─> Syntax ─Expander─> Line ─section/*─> Draft ──check──> Model + messages + verdict
//!                           ^ setenv, .if
//! ```

mod draft;
mod environment;
mod facts;
mod line;
mod master_socket;
mod source;

pub use draft::{
    Capability, ContentTrack, DefaultsTable, Draft, FormatKind, RawFormat, ServerDraft,
};
pub use environment::{Environment, LOCAL_PEER};
pub use line::{Fault, Lowered, Negation, ProxyLine, SectionLine, lenient_number};
pub use source::{Source, read_sources, reason};

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    ffi::OsString,
    path::PathBuf,
};

use locum_model::{Model, Origin};
use locum_parser::{
    Severity, SourceFile,
    haproxy::{Expander, Line, Syntax},
};

use crate::{
    lowering::{Notes, Place, Points},
    message::{Level, Message},
    section::{GlobalFacts, Section},
};

/// How to load.
#[derive(Debug, Clone)]
pub struct LoadOptions {
    /// The version that the configuration may compare (`version_atleast`) and that messages show.
    pub version: String,
    /// The environment to begin with.
    pub environment: BTreeMap<String, Vec<u8>>,
    /// `-dW`: warnings are errors.
    pub zero_warning: bool,
    /// Words that the reference executes, we don't, and that may stand there all the same.
    pub allow_unexecuted: BTreeSet<String>,
    /// `--compat 2.6`: words of older versions are the errors that the reference gives.
    pub refuse_old_words: bool,
    /// Whether names of servers may be looked up.
    pub resolve: bool,
    /// `-dr`: a server whose name can't be resolved is disabled, and that is a warning.
    pub tolerate_unresolved: bool,
    /// `-p`: a `pidfile` in the configuration comes too late.
    pub pidfile: Option<PathBuf>,
    /// `-L`: the local peer's name.
    pub local_peer: Option<OsString>,
    /// `-W`.
    pub master_worker: bool,
    /// `-S`, in order.
    pub master_sockets: Vec<String>,
    /// The descriptor over which a master hands clients of its command socket to this worker.
    pub from_master: Option<i32>,
}

impl Default for LoadOptions {
    fn default() -> Self {
        Self {
            version: VERSION.to_owned(),
            environment: BTreeMap::new(),
            zero_warning: false,
            allow_unexecuted: BTreeSet::new(),
            refuse_old_words: false,
            resolve: true,
            tolerate_unresolved: false,
            pidfile: None,
            local_peer: None,
            master_worker: false,
            master_sockets: Vec::new(),
            from_master: None,
        }
    }
}

/// The version we answer as.
pub const VERSION: &str = "2.6.12-1+deb12u4";

/// After so many faulty lines the reference gives up.
const MAX_FATAL: usize = 50;

/// What loading gives.
#[derive(Debug)]
pub struct Loaded {
    /// The configuration; complete only if the verdict is not [`Verdict::Invalid`].
    pub model: Model,
    /// All messages in the reference's order.
    pub messages: Vec<Message>,
    /// Whether the configuration can be started.
    pub verdict: Verdict,
    /// What ends a start, though the configuration is valid to a check.
    pub start_alerts: Vec<String>,
    /// `quiet` in `global`: messages are not printed.
    pub quiet: bool,
    /// Names that existing files gave, for excerpts.
    pub sources: Vec<Source>,
}

/// What becomes of a configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It can be started.
    Valid,
    /// It has errors.
    Invalid,
    /// It has no errors, but nothing would listen.
    NoListener,
}

/// Loads the configuration that these files make up together.
pub fn load(files: &[Source], options: &LoadOptions) -> Loaded {
    let mut loader = Loader::new(options);
    let mut aborted = false;
    for file in files {
        if loader.read(file) {
            aborted = true;
            break;
        }
    }
    loader.finish_section();
    let quiet = loader.global_facts.quiet;
    if loader.shared.fatal && !aborted {
        loader
            .shared
            .alert_plain("Fatal errors found in configuration.");
    }
    let mut model = Model::default();
    let mut verdict = Verdict::Invalid;
    if !loader.shared.fatal && !aborted && master_socket::read(&mut loader) {
        facts::tell(&mut loader, files);
        verdict = crate::check::finish(&mut loader, &mut model);
    }
    Loaded {
        model,
        messages: loader.shared.messages,
        start_alerts: loader.start_alerts,
        verdict,
        quiet,
        sources: files.to_vec(),
    }
}

/// Everything that is known while files are read.
pub struct Loader<'o> {
    /// What all lines share.
    pub shared: Shared<'o>,
    /// The part of the model that isn't proxies.
    pub model: Model,
    /// Proxies in order.
    pub proxies: Vec<Draft>,
    /// `defaults` sections.
    pub defaults: DefaultsTable,
    /// Names of proxies with clients and of those with servers, each with its place in `proxies`.
    pub frontends: HashMap<String, usize>,
    /// See `frontends`.
    pub backends: HashMap<String, usize>,
    /// The section being read.
    pub section: Section,
    /// What lines of `global` leave behind.
    pub global_facts: GlobalFacts,
    /// Groups of each user list: name and users.
    pub groups: Vec<Vec<(String, Vec<String>)>>,
    /// Sections that are only recognised: word and name.
    pub named_sections: HashSet<(&'static str, String)>,
    /// `-dW`.
    pub zero_warning: bool,
    /// See [`Loaded`].
    pub start_alerts: Vec<String>,
    fatal_lines: usize,
}

/// What lines of all sections share.
pub struct Shared<'o> {
    /// How to load.
    pub options: &'o LoadOptions,
    /// Messages so far.
    pub messages: Vec<Message>,
    /// Whether any is an error.
    pub fatal: bool,
    /// What is left for later.
    pub notes: Notes,
    /// Errors to be told when all files were read.
    pub late_alerts: Vec<String>,
    /// Ids that lines gave to proxies, with what they were given to.
    pub proxy_ids: HashMap<u32, String>,
    /// Stick tables by name, with the kind of their section and their place.
    pub tables: HashMap<String, (&'static str, Origin)>,
    /// The environment.
    pub environment: Environment,
    /// The directory that relative paths begin in (`default-path`).
    pub default_path: DefaultPath,
}

/// `default-path` (manual 3.1).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum DefaultPath {
    /// The current directory.
    #[default]
    Current,
    /// The directory of the file being read.
    Config,
    /// The parent of that directory.
    Parent,
    /// Relative to this one.
    Origin(String),
}

impl Shared<'_> {
    /// A message without a place.
    pub fn alert_plain(&mut self, text: impl Into<String>) {
        self.fatal = true;
        self.messages.push(Message {
            level: Level::Alert,
            text: text.into(),
            at: None,
        });
    }

    /// An error about a place that its text names already.
    pub fn alert(&mut self, at: &Origin, text: impl Into<String>) {
        self.fatal = true;
        self.messages.push(Message {
            level: Level::Alert,
            text: text.into(),
            at: Some(at.clone()),
        });
    }

    /// A warning about a place that its text names already.
    pub fn warn(&mut self, at: &Origin, text: impl Into<String>) {
        self.messages.push(Message {
            level: Level::Warning,
            text: text.into(),
            at: Some(at.clone()),
        });
    }

    /// A warning about no place.
    pub fn warn_plain(&mut self, text: impl Into<String>) {
        self.messages.push(Message {
            level: Level::Warning,
            text: text.into(),
            at: None,
        });
    }

    /// A message for `-dD`.
    pub fn diag(&mut self, at: &Origin, text: impl Into<String>) {
        self.messages.push(Message {
            level: Level::Diag,
            text: text.into(),
            at: Some(at.clone()),
        });
    }

    /// A word that the reference executes and we don't.
    pub fn unexecuted(&mut self, word: impl Into<String>, at: &Origin) {
        self.notes.unexecuted.push((word.into(), at.clone()));
    }

    /// A word that is read but does nothing yet: mere tuning.
    pub fn tuning(&mut self, word: &str, at: &Origin) {
        if !self.options.allow_unexecuted.contains(word) {
            let text = format!("parsing [{at}] : '{word}' is known but has no effect yet.");
            self.warn(at, text);
        }
    }

    /// A word of older versions, which is executed: a warning that names the modern form.
    ///
    /// # Errors
    /// `error` under `--compat 2.6`.
    pub fn old_word(
        &mut self,
        at: &Origin,
        word: &str,
        modern: &str,
        error: impl FnOnce() -> Fault,
    ) -> Lowered {
        if self.options.refuse_old_words {
            return Err(error());
        }
        let text = format!(
            "parsing [{at}] : '{word}' is of older versions and executed as they did; today it is '{modern}'."
        );
        self.warn(at, text);
        Ok(())
    }

    /// Warnings that lowering left in the notes become messages.
    pub fn take_warnings(&mut self, at: &Origin) {
        for text in std::mem::take(&mut self.notes.warnings) {
            self.warn(at, text);
        }
    }

    /// A path as `default-path` and the file being read have it.
    pub fn resolve_path(&self, at: &Origin, path: &str) -> String {
        if path.starts_with('/') {
            return path.to_owned();
        }
        let of_file = || match at.file.rsplit_once('/') {
            Some((directory, _)) => directory.to_owned(),
            None => ".".to_owned(),
        };
        match &self.default_path {
            DefaultPath::Current => path.to_owned(),
            DefaultPath::Config => format!("{}/{path}", of_file()),
            DefaultPath::Parent => format!("{}/../{path}", of_file()),
            DefaultPath::Origin(origin) => format!("{origin}/{path}"),
        }
    }

    /// A place in `global` or wherever no proxy is.
    pub fn place<'p>(
        &'p mut self,
        acls: &'p HashMap<String, crate::lowering::AclFacts>,
        points: Points,
        at: &Origin,
    ) -> Place<'p> {
        Place {
            section: "global",
            proxy: "",
            points,
            at: at.clone(),
            surroundings: "",
            acls,
            notes: &mut self.notes,
        }
    }
}

impl<'o> Loader<'o> {
    fn new(options: &'o LoadOptions) -> Self {
        let mut environment =
            Environment::new(options.environment.clone(), options.version.clone());
        environment.begin(options.local_peer.as_deref());
        Self {
            shared: Shared {
                options,
                messages: Vec::new(),
                fatal: false,
                notes: Notes::default(),
                late_alerts: Vec::new(),
                proxy_ids: HashMap::new(),
                tables: HashMap::new(),
                environment,
                default_path: DefaultPath::default(),
            },
            model: Model::default(),
            proxies: Vec::new(),
            defaults: DefaultsTable::default(),
            frontends: HashMap::new(),
            backends: HashMap::new(),
            section: Section::None,
            global_facts: GlobalFacts::default(),
            groups: Vec::new(),
            named_sections: HashSet::new(),
            zero_warning: options.zero_warning,
            start_alerts: Vec::new(),
            fatal_lines: 0,
        }
    }

    /// Reads one file; true if reading must end here and now.
    fn read(&mut self, source: &Source) -> bool {
        let file = SourceFile::new(source.name.as_str(), source.bytes.clone());
        let syntax = Syntax::parse(file);
        let mut expander = Expander::new(&syntax);
        self.fatal_lines = 0;
        let mut aborted = false;
        let mut failed = false;
        // A section ends with its file.
        self.enter(Section::None);
        loop {
            let line = expander.next_line(&self.shared.environment);
            for diagnostic in expander.take_diagnostics() {
                failed |= diagnostic.severity == Severity::Alert;
                self.take_diagnostic(diagnostic);
            }
            let Some(line) = line else { break };
            let had = self.shared.fatal;
            self.shared.fatal = false;
            aborted = self.line(&line);
            let bad = self.shared.fatal;
            self.shared.fatal |= had;
            if bad {
                failed = true;
                self.fatal_lines += 1;
                if aborted {
                    break;
                }
                if self.fatal_lines >= MAX_FATAL {
                    let text = format!(
                        "parsing [{}:{}]: too many fatal errors ({MAX_FATAL}), stopping now.",
                        source.name, line.number
                    );
                    self.shared.alert_plain(text);
                    break;
                }
            }
        }
        self.enter(Section::None);
        aborted |= expander.aborted();
        if failed {
            self.shared.alert_plain(format!(
                "Error(s) found in configuration file : {}",
                source.name
            ));
        }
        aborted
    }

    fn take_diagnostic(&mut self, diagnostic: locum_parser::Diagnostic) {
        let level = match diagnostic.severity {
            Severity::Alert => Level::Alert,
            Severity::Warning => Level::Warning,
            Severity::Notice => Level::Notice,
            Severity::Diag => Level::Diag,
        };
        self.shared.fatal |= level == Level::Alert;
        let at = Origin {
            file: diagnostic.file.clone(),
            line: u32::try_from(diagnostic.line).unwrap_or(u32::MAX),
            column: u32::try_from(diagnostic.column).unwrap_or(1),
        };
        self.shared.messages.push(Message {
            level,
            text: diagnostic.to_string(),
            at: Some(at),
        });
    }

    fn line(&mut self, line: &Line) -> bool {
        let at = Origin {
            file: line.file.name().clone(),
            line: u32::try_from(line.number).unwrap_or(u32::MAX),
            column: line.words.first().map_or(1, |word| word.column),
        };
        crate::section::line(self, &line.words, &at)
    }

    fn finish_section(&mut self) {
        self.enter(Section::None);
    }

    /// Ends the section being read and begins another one.
    pub fn enter(&mut self, section: Section) {
        let old = std::mem::replace(&mut self.section, section);
        crate::section::leave(self, old);
        self.shared.environment.section = self.section.name(self).into_bytes();
    }
}
