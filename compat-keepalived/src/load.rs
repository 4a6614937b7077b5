//! From a configuration file to the model, with the reference's messages and verdict.
//!
//! The reference reads a file once in its parent, which lowers `global_defs` and looks at nothing else, and once in
//! each child, which lowers its own blocks and passes over those of the others; `-t` does all of that one after another
//! in one process. [`load`] is one such reading, [`test`] is all of them. A reading's [`Loaded::configuration`]
//! always has the globals; the blocks are there as far as the process owns them.

pub mod number;
pub mod pass;
pub mod system;

use std::path::Path;

use locum_model::{Origin, keepalived::Configuration};

pub use crate::message::{Kind, Message, Status};
pub use pass::{Abort, Pass};
pub use system::System;

use crate::row::State;

/// A process of the daemon, in the order in which a configuration test plays them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Process {
    /// Reads `global_defs` and tells which children are needed.
    Parent,
    /// Virtual servers.
    Checkers,
    /// VRRP instances.
    Vrrp,
    /// BFD sessions.
    Bfd,
}

impl Process {
    /// All, in the order of a configuration test.
    pub const ALL: [Process; 4] = [
        Process::Parent,
        Process::Checkers,
        Process::Vrrp,
        Process::Bfd,
    ];
}

/// What is read and what is known when it is read.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// The file (`-f`).
    pub file: &'a Path,
    /// What `@id` lines are compared with (`-i`); `None`: the host's name up to its first dot.
    pub config_id: Option<&'a str>,
    /// `-t`: nothing that isn't there yet is waited for.
    pub testing: bool,
    /// The machine.
    pub system: &'a dyn System,
}

/// What a reading gave.
#[derive(Debug, Clone, Default)]
pub struct Loaded {
    /// The model, as far as the process owns it; complete only if `status` isn't [`Status::Missing`].
    pub configuration: Configuration,
    /// In order, as the reference words them, each a line.
    pub messages: Vec<Message>,
    /// The exit status of a configuration test.
    pub status: Status,
    /// The file has blocks of these children.
    pub present: Present,
    /// Words that are read and not executed, in order.
    pub unexecuted: Vec<Unexecuted>,
}

/// Which children a file asks for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Present {
    /// There is a `virtual_server`.
    pub checkers: bool,
    /// There is a `vrrp_instance` or something static.
    pub vrrp: bool,
    /// There is a `bfd_instance`.
    pub bfd: bool,
}

/// A word of the file that isn't executed yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unexecuted {
    /// The word.
    pub word: &'static str,
    /// Whether the start goes on without it.
    pub state: State,
    /// Where it stands.
    pub at: Origin,
}

impl Loaded {
    /// Why the daemon must not start: each refused word that `allowed` (`--allow-unexecuted=WORD`) doesn't name, once.
    pub fn refusals(&self, allowed: &[String]) -> Vec<String> {
        self.told(State::Refused, |word| {
            !allowed.iter().any(|name| name == word)
        })
    }

    /// What has no effect yet without harm: each word once.
    pub fn warnings(&self) -> Vec<String> {
        self.told(State::Accepted, |_| true)
    }

    fn told(&self, state: State, wanted: impl Fn(&str) -> bool) -> Vec<String> {
        let mut seen = Vec::new();
        let mut told = Vec::new();
        for found in self.unexecuted.iter().filter(|found| found.state == state) {
            if wanted(found.word) && !seen.contains(&found.word) {
                seen.push(found.word);
                let (at, word) = (&found.at, found.word);
                told.push(match state {
                    State::Refused => format!("{at}: '{word}' is known but not executed yet; --allow-unexecuted={word} starts without it"),
                    _ => format!("{at}: '{word}' is known but has no effect yet"),
                });
            }
        }
        told
    }
}

/// Reads the file as one process does.
pub fn load(request: &Request<'_>, process: Process) -> Loaded {
    Pass::new(*request, process).run()
}

/// `-t`: reads the file as every process does, until one gives up. The configuration has everything.
pub fn test(request: &Request<'_>) -> Loaded {
    let mut all = Loaded::default();
    for process in Process::ALL {
        let one = load(request, process);
        all.messages.extend(one.messages);
        all.status = all.status.max(one.status);
        if all.status == Status::Missing {
            break;
        }
        match process {
            Process::Parent => {
                all.configuration = one.configuration;
                all.present = one.present;
                all.unexecuted = one.unexecuted;
            }
            Process::Checkers => {
                all.configuration.lvs = one.configuration.lvs;
                all.unexecuted.extend(one.unexecuted);
            }
            Process::Vrrp => {
                let lvs = std::mem::take(&mut all.configuration.lvs);
                all.configuration = Configuration {
                    lvs,
                    ..one.configuration
                };
                all.unexecuted.extend(one.unexecuted);
            }
            Process::Bfd => {
                all.configuration.bfd = one.configuration.bfd;
                all.unexecuted.extend(one.unexecuted);
            }
        }
    }
    all
}
