//! The program behind `haproxy`: from the command line to the end of the process.
//!
//! ```text
//! args ─ Ending ──────────────────────────────▶ a text, a status
//!   │ -cc ─▶ condition                          │
//!   ├ read -f, load, judge ── -c ──────────────▶┤
//!   ├ master-worker ─▶ supervise: workers are this program again, with the bytes in a memfd
//!   └ start::run(Serving) ── bind, daemonise, privileges, serve
//! ```

mod configuration;
pub(crate) mod console;
mod serving;
mod supervising;

use std::{
    cell::Cell,
    collections::BTreeSet,
    ffi::OsString,
    io::{IsTerminal, Write},
    path::{Path, PathBuf},
};

use locum_runtime::process::{self, Exit, Inherited, signals};

use crate::{
    args::{self, Args, Ending},
    load::{self, Loaded, Verdict},
    message::{self, Level, Message, Printing},
    version, word_list, words,
};
use configuration::Configuration;

/// Runs the face with its command line (`argv[0]` included) and tells how the process is to end.
pub fn run(argv: &[OsString]) -> Exit {
    run_beside(argv, None)
}

/// What begins in the same process when it is about to serve: until then there is one thread, as forks and changes of
/// the environment need.
pub type Beside = Box<dyn FnOnce() -> std::io::Result<()>>;

/// As [`run`], with something of the caller's beside it.
pub fn run_beside(argv: &[OsString], beside: Option<Beside>) -> Exit {
    // Before any thread: signals wait until somebody looks for them.
    if signals::block().is_err() {
        return Exit::Status(1);
    }
    let _ = process::set_name("haproxy");
    let inherited = match Inherited::from_environment() {
        Ok(inherited) => inherited,
        Err(_) => return Exit::Status(1),
    };
    let program = argv
        .first()
        .map_or_else(|| PathBuf::from("haproxy"), PathBuf::from);
    let parsed = take_own(argv.get(1..).unwrap_or_default())
        .and_then(|(own, rest)| Ok((own, args::parse(&rest)?)));
    let face = match parsed {
        Ok((own, args)) => Face {
            args,
            own,
            program,
            argv: argv.to_vec(),
            introduced: Cell::new(false),
            beside: Cell::new(beside),
        },
        Err(ending) => return end_with(&ending, &program),
    };
    face.run(inherited)
}

/// Options that the reference doesn't have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Own {
    /// `--allow-unexecuted=WORD`: words that may stand though they are not executed.
    allowed: BTreeSet<String>,
    /// `--compat 2.6`: words of older versions are errors.
    refuses_old_words: bool,
}

/// Splits our own options off.
fn take_own(words: &[OsString]) -> Result<(Own, Vec<OsString>), Ending> {
    let mut own = Own::default();
    let mut rest = Vec::with_capacity(words.len());
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let text = word.to_str().unwrap_or_default();
        let version = match text.strip_prefix("--compat") {
            Some("") => words.next().and_then(|version| version.to_str()),
            Some(version) => version.strip_prefix('='),
            None => {
                match text.strip_prefix("--allow-unexecuted=") {
                    Some(name) => drop(own.allowed.insert(name.to_owned())),
                    None => rest.push(word.clone()),
                }
                continue;
            }
        };
        own.refuses_old_words = match version {
            Some("2.6") => true,
            Some("1.5") => false,
            _ => {
                return Err(Ending::Refused {
                    alert: "--compat expects 1.5 or 2.6.".to_owned(),
                });
            }
        };
    }
    Ok((own, rest))
}

fn end_with(ending: &Ending, program: &Path) -> Exit {
    let (mut out, mut err) = (std::io::stdout(), std::io::stderr());
    let name = program.file_name().unwrap_or_default().to_string_lossy();
    // A reader that has gone takes nothing from the status.
    let _ = match ending {
        Ending::Version { detailed: false } => {
            out.write_all(version::short(&words::system()).as_bytes())
        }
        Ending::Version { detailed: true } => {
            out.write_all(version::detailed(&words::system()).as_bytes())
        }
        Ending::MemoryDebugHelp => out.write_all(args::MEMORY_DEBUG_HELP.as_bytes()),
        Ending::Usage { alert } => out
            .write_all(version::short(&words::system()).as_bytes())
            .and_then(|()| err.write_all(alert.unwrap_or_default().as_bytes()))
            .and_then(|()| err.write_all(version::usage(&name, 0).as_bytes())),
        Ending::Refused { alert } => {
            let text = message::render(&[plain(alert)], &printing(program), &|_| None);
            err.write_all(text.replace(" : config : ", " : ").as_bytes())
        }
    };
    Exit::Status(ending.status())
}

/// The command line and what was read by it.
struct Face {
    args: Args,
    own: Own,
    program: PathBuf,
    argv: Vec<OsString>,
    /// The version and the path were told already.
    introduced: Cell<bool>,
    /// Begins when it is about to serve.
    beside: Cell<Option<Beside>>,
}

impl Face {
    fn run(self, inherited: Option<Inherited>) -> Exit {
        if let Some(condition) = &self.args.condition {
            return self.judge_condition(condition);
        }
        if let Some(directory) = &self.args.directory
            && let Err(error) = std::env::set_current_dir(directory)
        {
            let reason = load::reason(&error);
            self.tell(&[plain(format!(
                "Could not change to directory {} : {reason}",
                directory.display()
            ))]);
            return Exit::Status(1);
        }
        match inherited {
            Some(inherited) => supervising::worker(self, inherited),
            None => {
                let warning = |text: &&str| Message {
                    level: Level::Warning,
                    ..plain(*text)
                };
                let warnings: Vec<_> = self.args.warnings.iter().map(warning).collect();
                self.tell(&warnings);
                self.fresh()
            }
        }
    }

    fn fresh(self) -> Exit {
        let sources = match Configuration::read(&self.args) {
            Ok(sources) => sources,
            Err(messages) => {
                let _ = std::io::stderr().write_all(self.rendered(&messages).as_bytes());
                return Exit::Status(1);
            }
        };
        let loaded = self.load(&sources, None);
        if loaded.verdict != Verdict::Invalid {
            self.list_words();
        }
        if self.args.check {
            return self.report(&loaded);
        }
        if let Some(exit) = self.refuse(&loaded) {
            return exit;
        }
        if !loaded.start_alerts.is_empty() {
            let alerts = loaded.start_alerts.iter();
            let alerts: Vec<_> = alerts
                .map(|text| plain(format!("config : {text}")))
                .collect();
            self.tell(&alerts);
            return Exit::Status(1);
        }
        if self.args.master_worker || loaded.model.process.master_worker.is_some() {
            supervising::master(self, sources, loaded.model)
        } else {
            serving::start(self, loaded.model, Vec::new(), None)
        }
    }

    /// Loads the configuration, with what the command line says laid over it.
    /// `from_master` is the descriptor of a worker's way to its master.
    fn load(&self, sources: &Configuration, from_master: Option<i32>) -> Loaded {
        let mut loaded = load::load(&sources.files, &sources.options(self, from_master));
        configuration::overlay(&self.args, &mut loaded.model);
        loaded
    }

    /// `-dK`: lists words.
    fn list_words(&self) {
        let classes = self.args.dump_keywords.as_deref().unwrap_or_default();
        let _ = std::io::stdout().write_all(word_list::list(classes).as_bytes());
    }

    /// `-c`: prints the verdict.
    fn report(&self, loaded: &Loaded) -> Exit {
        let quiet = self.args.quiet || loaded.quiet;
        self.print_messages(loaded);
        let warned = loaded
            .messages
            .iter()
            .any(|message| message.level == Level::Warning)
            || !self.args.warnings.is_empty();
        let (text, status) = match loaded.verdict {
            Verdict::Invalid => ("", 1),
            Verdict::Valid => ("Configuration file is valid\n", 0),
            Verdict::NoListener => (
                "Configuration file has no error but will not start (no listener) => exit(2).\n",
                2,
            ),
        };
        if !quiet && status != 1 {
            let mut out = std::io::stdout();
            let warning = if warned { "Warnings were found.\n" } else { "" };
            let _ = write!(out, "{warning}{text}");
        }
        Exit::Status(status)
    }

    /// Before a start: prints the messages; a configuration that can't be started ends here.
    fn refuse(&self, loaded: &Loaded) -> Option<Exit> {
        self.print_messages(loaded);
        match loaded.verdict {
            Verdict::Valid => None,
            Verdict::Invalid => Some(Exit::Status(1)),
            Verdict::NoListener => {
                self.tell_from_main(
                    "No enabled listener found (check for 'bind' directives) ! Exiting.",
                );
                Some(Exit::Status(2))
            }
        }
    }

    fn print_messages(&self, loaded: &Loaded) {
        let printing = Printing {
            quiet: self.args.quiet || loaded.quiet,
            ..self.printing()
        };
        let file = |name: &str| {
            loaded
                .sources
                .iter()
                .find(|source| source.name == name)
                .map(|source| source.bytes.to_vec())
        };
        let text = message::render(&loaded.messages, &printing, &file);
        let severe = |message: &Message| message.level > Level::Notice;
        let severe = loaded.messages.iter().any(severe);
        self.introduced.set(printing.introduced || severe);
        let _ = std::io::stderr().write_all(text.as_bytes());
    }

    /// Says something outside of the configuration's messages.
    fn tell(&self, messages: &[Message]) {
        let text = self.rendered(messages).replace(" : config : ", " : ");
        let _ = std::io::stderr().write_all(text.as_bytes());
    }

    /// Renders messages that no file is at hand for; the first severe ones bring the introduction.
    fn rendered(&self, messages: &[Message]) -> String {
        let printing = self.printing();
        let severe = messages.iter().any(|message| message.level > Level::Notice);
        self.introduced.set(printing.introduced || severe);
        message::render(messages, &printing, &|_| None)
    }

    /// An alert as the reference's main function says it: behind its name.
    fn tell_from_main(&self, text: &str) {
        self.tell_from_main_at(Level::Alert, text);
    }

    fn tell_from_main_at(&self, level: Level, text: &str) {
        let program = self.program.display();
        let message = plain(format!("[{program}.main()] {text}"));
        self.tell(&[Message { level, ..message }]);
    }

    fn printing(&self) -> Printing {
        Printing {
            quiet: self.args.quiet,
            diagnostics: self.args.diagnostics,
            excerpts: std::io::stderr().is_terminal(),
            introduced: self.introduced.get(),
            ..printing(&self.program)
        }
    }

    fn judge_condition(&self, condition: &OsString) -> Exit {
        use std::os::unix::ffi::OsStrExt;
        let mut environment =
            load::Environment::new(configuration::environment(), load::VERSION.to_owned());
        environment.begin(self.args.local_peer.as_deref());
        match locum_parser::haproxy::evaluate_argument(condition.as_bytes(), &environment) {
            Ok(holds) => Exit::Status(u8::from(!holds)),
            Err(text) => {
                let message = Message {
                    level: Level::Alert,
                    text,
                    at: None,
                };
                let rendered = message::render(&[message], &self.printing(), &|_| None);
                let _ = std::io::stderr().write_all(rendered.as_bytes());
                Exit::Status(2)
            }
        }
    }
}

/// What messages say of the process: its id, the version, and the path that was executed.
fn printing(program: &Path) -> Printing {
    let path = process::executed_path();
    let path = path.as_deref().unwrap_or(program);
    Printing {
        pid: u32::try_from(process::pid()).unwrap_or(0),
        version: load::VERSION.to_owned(),
        executable: path.to_string_lossy().into_owned(),
        ..Printing::default()
    }
}

fn plain(text: impl Into<String>) -> Message {
    Message {
        level: Level::Alert,
        text: text.into(),
        at: None,
    }
}
