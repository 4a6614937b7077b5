//! The log of a process: which targets it has, and what its lines are called there.

use std::{cell::RefCell, path::Path, rc::Rc};

use locum_runtime::{
    clock,
    log::{
        Identity,
        journal::{Journal, Style},
        level,
    },
    process,
};

use super::{paths, role::Role};
use crate::{args::Args, line::Line};

/// The socket of the system's log.
const SYSTEM: &str = "/dev/log";

/// The log of this process. Clones write to the same targets.
#[derive(Debug, Clone)]
pub(super) struct Log(Rc<Inner>);

#[derive(Debug)]
struct Inner {
    journal: RefCell<Journal>,
    detailed: bool,
}

impl Log {
    /// The parent's log.
    pub(super) fn open(args: &Args) -> Self {
        let mut journal = Journal::new(identity("Keepalived"), args.log_facility, loss);
        add_targets(&mut journal, args, None);
        Self(Rc::new(Inner {
            journal: RefCell::new(journal),
            detailed: args.log_detail,
        }))
    }

    /// The log of a configuration test: bare lines on standard error or in a file.
    ///
    /// # Errors
    /// The file can't be opened.
    pub(super) fn of_test(file: Option<&Path>) -> std::io::Result<Self> {
        let mut journal = Journal::new(identity("Keepalived"), 0, loss);
        match file {
            Some(file) => journal.add_file(file, Style::Bare, true)?,
            None => journal.add_console(Style::Bare)?,
        }
        Ok(Self(Rc::new(Inner {
            journal: RefCell::new(journal),
            detailed: false,
        })))
    }

    /// This process is a child from now on: lines are its own.
    pub(super) fn become_child(&self, args: &Args, role: Role, ident: &str) {
        let mut journal = self.0.journal.borrow_mut();
        journal.disown();
        journal.set_identity(identity(ident));
        if args.log_file.is_some() {
            journal.clear();
            add_targets(&mut journal, args, Some(role));
        }
        // Else a file is written to directly: that is how it was until now.
        let _ = journal.write_behind();
    }

    /// The end of a process that leaves without returning: what waits to be written is, within a second.
    pub(crate) fn close(&self) {
        self.0.journal.borrow_mut().clear();
    }

    /// Whether lines wait for a reader: somebody has to call [`Log::catch_up`] then.
    pub(super) fn is_behind(&self) -> bool {
        self.0.journal.borrow().is_behind()
    }

    /// Writes what waits, as far as readers take it.
    pub(super) fn catch_up(&self) {
        self.0.journal.borrow_mut().catch_up();
    }

    /// Writes what waits, however long readers take.
    pub(super) fn finish(&self) {
        self.0.journal.borrow_mut().finish();
    }

    /// This process goes on in the place of the one that it was forked from, which writes what waits.
    pub(super) fn leave_terminal(&self) {
        self.0.journal.borrow_mut().disown();
        self.rename(&self.ident());
    }

    /// Lines are under another name.
    pub(super) fn rename(&self, ident: &str) {
        self.0.journal.borrow_mut().set_identity(identity(ident));
    }

    /// The name under which lines are.
    pub(super) fn ident(&self) -> String {
        self.0.journal.borrow().identity().tag.clone()
    }

    /// A line of information.
    pub(super) fn say(&self, text: impl AsRef<str>) {
        self.at(level::INFO, text);
    }

    /// A line of information that `-D` asks for.
    pub(super) fn detail(&self, text: impl FnOnce() -> String) {
        if self.0.detailed {
            self.at(level::INFO, text());
        }
    }

    /// The lines of an event.
    pub(super) fn tell(&self, lines: impl IntoIterator<Item = Line>) {
        for line in lines {
            if self.0.detailed || !line.detail {
                self.at(line.level, line.text);
            }
        }
    }

    /// Whether `-D` was given.
    pub(super) fn is_detailed(&self) -> bool {
        self.0.detailed
    }

    /// A line of this level (syslog(3)).
    pub(super) fn at(&self, level: u8, text: impl AsRef<str>) {
        self.0
            .journal
            .borrow_mut()
            .write(clock::both().date, level, text.as_ref().as_bytes());
    }
}

fn add_targets(journal: &mut Journal, args: &Args, role: Option<Role>) {
    // A target that can't be had is no reason not to run; those that can get the lines.
    if !args.no_syslog {
        let _ = journal.add_system(Path::new(SYSTEM));
    }
    if args.log_console {
        let _ = journal.add_console(Style::Dated);
    }
    if let Some(path) = &args.log_file {
        let _ = journal.add_file(&paths::log_file(path, role), Style::Dated, false);
    }
}

fn identity(tag: &str) -> Identity {
    Identity {
        pid: u32::try_from(process::pid()).unwrap_or(0),
        hostname: None,
        tag: tag.into(),
    }
}

fn loss(lines: u64) -> String {
    format!("{lines} log lines were lost since nobody took them")
}
