//! From a configuration file to the model, with the reference's messages and verdict.
//!
//! The reference reads a file once in its parent, which lowers `global_defs` and looks at nothing else, and once in
//! each child, which lowers its own blocks and passes over those of the others; `-t` does all of that one after another
//! in one process. [`load`] is one such reading, [`test`] is all of them. A reading's [`Loaded::configuration`]
//! always has the globals; the blocks are there as far as the process owns them.

pub mod number;
pub mod pass;
pub mod system;
pub mod value;

use std::path::Path;

use locum_model::{Origin, keepalived::Configuration};

pub use crate::message::{Kind, Message, Status};
pub use pass::{Abort, Inherited, Pass};
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

/// What is read and what is known when it is read.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// The file (`-f`).
    pub file: &'a Path,
    /// What `@id` lines are compared with (`-i`); `None`: the host's name up to its first dot.
    pub config_id: Option<&'a str>,
    /// `-e`: a file that is missing or can't be read is an error (status 6), as with `include_check`.
    pub all_config: bool,
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
    /// The daemon must not start with this: the child that read it ends with a permanent error.
    pub fatal: bool,
    /// A file that must be there (`-e`, `include_check`, the letters of an include) isn't: the daemon doesn't start.
    pub file_missing: bool,
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
    /// How many words stand in the block that it opens. They aren't listed: what is refused is refused as a whole.
    pub within: usize,
}

impl Unexecuted {
    fn is_same(&self, other: &Self) -> bool {
        self.word == other.word && self.at == other.at
    }
}

impl Loaded {
    /// Why the daemon must not start: each refused word that `allowed` (`--allow-unexecuted=WORD`) doesn't name, once.
    pub fn refusals(&self, allowed: &[String]) -> Vec<String> {
        let refused = |found: &Unexecuted| {
            found.state == State::Refused && !allowed.iter().any(|name| name == found.word)
        };
        self.told(refused, |word| {
            format!(" is known but not executed yet; --allow-unexecuted={word} starts without it")
        })
    }

    /// What has no effect: words whose absence does no harm, and those that `allowed` names. Each word once.
    pub fn warnings(&self, allowed: &[String]) -> Vec<String> {
        let harmless = |found: &Unexecuted| {
            found.state == State::Accepted || allowed.iter().any(|name| name == found.word)
        };
        self.told(harmless, |_| " is known but has no effect yet".to_owned())
    }

    /// `FILE:LINE: 'virtual_server' (2 of them, with 14 words) …`, in the order in which words first appear.
    fn told(
        &self,
        wanted: impl Fn(&Unexecuted) -> bool,
        verdict: impl Fn(&str) -> String,
    ) -> Vec<String> {
        let mut lines: Vec<(&Unexecuted, usize, usize)> = Vec::new();
        for found in self.unexecuted.iter().filter(|found| wanted(found)) {
            match lines
                .iter_mut()
                .find(|(first, ..)| first.word == found.word)
            {
                Some((_, count, within)) => {
                    *count += 1;
                    *within += found.within;
                }
                None => lines.push((found, 1, found.within)),
            }
        }
        let line = |(first, count, within): (&Unexecuted, usize, usize)| {
            let (at, word) = (&first.at, first.word);
            let much = match (count, within) {
                (1, 0) => String::new(),
                (1, within) => format!(" (with {} in it)", words(within)),
                (count, 0) => format!(" ({count} times)"),
                (count, within) => format!(" ({count} of them, with {})", words(within)),
            };
            format!("{at}: '{word}'{much}{}", verdict(word))
        };
        lines.into_iter().map(line).collect()
    }
}

fn words(count: usize) -> String {
    match count {
        1 => "1 word".to_owned(),
        count => format!("{count} words"),
    }
}

/// Reads the file as one process does. A child's globals come from a reading of the parent's, whose messages are left
/// to the parent, and so is what the parent has to tell of words without effect.
pub fn load(request: &Request<'_>, process: Process) -> Loaded {
    let (parent, inherited) = Pass::new(*request, Process::Parent, Inherited::default()).run();
    if process == Process::Parent {
        return parent;
    }
    let mut child = Pass::new(*request, process, inherited).run().0;
    child
        .unexecuted
        .retain(|word| !parent.unexecuted.iter().any(|told| told.is_same(word)));
    child
}

/// `-t`: reads the file as every process does, until one gives up. The configuration has everything.
pub fn test(request: &Request<'_>) -> Loaded {
    let (mut all, inherited) = Pass::new(*request, Process::Parent, Inherited::default()).run();
    for process in [Process::Checkers, Process::Vrrp, Process::Bfd] {
        if all.status == Status::Missing {
            break;
        }
        let (one, _) = Pass::new(*request, process, inherited.clone()).run();
        all.messages.extend(one.messages);
        all.status = all.status.max(one.status);
        all.fatal |= one.fatal;
        match process {
            Process::Parent => {}
            Process::Checkers => all.configuration.lvs = one.configuration.lvs,
            Process::Vrrp => {
                let lvs = std::mem::take(&mut all.configuration.lvs);
                all.configuration = Configuration {
                    lvs,
                    ..one.configuration
                };
            }
            Process::Bfd => all.configuration.bfd = one.configuration.bfd,
        }
        // Words outside of children's blocks were noted by the parent's reading.
        let noted = all.unexecuted.len();
        for word in one.unexecuted {
            if !all.unexecuted[..noted].iter().any(|one| one.is_same(&word)) {
                all.unexecuted.push(word);
            }
        }
    }
    all
}
