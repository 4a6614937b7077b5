//! The command socket: a client sends lines, each a chain of commands, and reads one answer per command.
//!
//! Commands are rows ([`CommandDef`]) of a face. They run at once on the thread that serves the socket; what only the
//! workers know (their sessions) is gathered through [`Control`].

pub mod control;
mod line;
pub mod listen;
mod session;

use std::{future::Future, pin::Pin, rc::Rc, sync::Arc, time::Duration};

use locum_model::proxy::StatsLevel;

pub(crate) use line::{payload_start, split};
pub use session::serve;

use crate::{
    event::Event,
    live::Live,
    log::ring::Ring,
    plan::{Plan, ProxyId, ServerId},
    vocab::Now,
};

/// A command.
pub struct CommandDef {
    /// The words that call it.
    pub words: &'static [&'static str],
    /// Its words and arguments, for the list of commands.
    pub usage: &'static str,
    /// What it does, for the list of commands.
    pub summary: &'static str,
    /// Who may run it.
    pub level: StatsLevel,
    /// Runs it, with the words behind its own.
    pub run: CommandFn,
}

/// Runs a command.
pub type CommandFn = fn(&CommandView<'_>, &[&str]) -> Reply;

/// What a command sees.
#[derive(Clone, Copy)]
pub struct CommandView<'a> {
    /// The moment.
    pub now: Now,
    /// The configuration.
    pub plan: &'a Plan,
    /// What it may look at and change.
    pub live: &'a Live,
    /// What the client may do.
    pub level: StatsLevel,
    /// The lines behind `<<`.
    pub payload: Option<&'a str>,
    /// All commands.
    pub commands: &'a [&'static CommandDef],
    /// The rest of the process.
    pub control: &'a dyn Control,
}

/// What a command answers.
pub enum Reply {
    /// This text, which ends with a newline unless it is empty.
    Text(String),
    /// Needs the sessions of all workers first.
    Sessions(Box<dyn FnOnce(Vec<SessionRow>) -> String>),
    /// Sessions end; then this text.
    Kill(Kill, fn(usize) -> String),
    /// The lines of a ring.
    Events(Events),
    /// The client's level becomes this.
    Level(StatsLevel),
    /// Answers wait this long for the next line from now on.
    Timeout(Duration),
    /// Interactive mode on or off.
    TogglePrompt,
    /// The connection ends.
    Quit,
}

/// Lines of a ring to be shown.
pub struct Events {
    /// The ring.
    pub ring: Arc<Ring>,
    /// Where the first of them stands.
    pub position: u64,
    /// Whether those that are still to come are waited for.
    pub waits: bool,
}

impl Reply {
    /// Nothing to say: done.
    pub fn done() -> Self {
        Reply::Text(String::new())
    }

    /// One line; its newline is added.
    pub fn line(text: impl Into<String>) -> Self {
        let mut text = text.into();
        text.push('\n');
        Reply::Text(text)
    }
}

/// Which sessions a command ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kill {
    /// The one of this number.
    Stream(u64),
    /// All of a server.
    Server(ServerId),
}

/// A session as `show sess` tells it.
#[derive(Debug, Clone)]
pub struct SessionRow {
    /// Its stream's number.
    pub number: u64,
    /// The client's address; `None`: a unix socket.
    pub source: Option<std::net::SocketAddr>,
    /// Who accepted it; `None`: the command socket.
    pub frontend: Option<ProxyId>,
    /// The backend, once chosen.
    pub backend: Option<ProxyId>,
    /// The server, once chosen.
    pub server: Option<ServerId>,
    /// Since it was accepted.
    pub age: Duration,
    /// Until its timeout.
    pub expires: Option<Duration>,
    /// The worker that serves it.
    pub worker: usize,
}

/// A future on the thread that serves the socket.
pub type LocalFuture<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// What commands need of the rest of the process.
pub trait Control {
    /// Has an event worded and logged.
    fn emit(&self, event: Event);
    /// Pauses a frontend's sockets, or takes them up again.
    fn listen(&self, frontend: ProxyId, on: bool);
    /// Stops a frontend for good.
    fn stop(&self, frontend: ProxyId);
    /// Waits until all workers have done what the calls before asked for.
    fn settled(&self) -> LocalFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
    /// The sessions of all workers; the asking client's own is added behind them.
    fn sessions(&self) -> LocalFuture<'_, Vec<SessionRow>>;
    /// Ends sessions; tells how many.
    fn kill(&self, which: Kill) -> LocalFuture<'_, usize>;
}

/// How a face words what isn't a command's own.
#[derive(Clone, Copy)]
pub struct Wording {
    /// The answer to words that are no command.
    pub unknown: fn(&CommandView<'_>, &[&str]) -> String,
    /// The answer to a command beyond the client's level.
    pub denied: &'static str,
    /// What asks for the next line in interactive mode.
    pub prompt: &'static str,
}

/// A command socket's surroundings.
pub struct Admin {
    /// The configuration.
    pub plan: Arc<Plan>,
    /// Live state.
    pub live: Arc<Live>,
    /// The face's commands, sorted by their words.
    pub commands: &'static [&'static CommandDef],
    /// The face's texts.
    pub wording: Wording,
    /// The rest of the process.
    pub control: Rc<dyn Control>,
    /// `stats timeout`: how long a client may be silent.
    pub timeout: Duration,
}

/// How long a client may be silent where nothing was said.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

/// Clients at once where nothing was said (`stats maxconn`).
pub const DEFAULT_MAXCONN: u32 = 10;

impl Admin {
    fn view<'a>(
        &'a self,
        level: StatsLevel,
        payload: Option<&'a str>,
        now: Now,
    ) -> CommandView<'a> {
        CommandView {
            now,
            plan: &self.plan,
            live: &self.live,
            level,
            payload,
            commands: self.commands,
            control: &*self.control,
        }
    }

    /// The command that the words call, the most specific one, and the words behind.
    fn find<'w>(&self, words: &'w [&'w str]) -> Option<(&'static CommandDef, &'w [&'w str])> {
        let calls = |def: &&&'static CommandDef| words.starts_with(def.words);
        let found = self
            .commands
            .iter()
            .filter(calls)
            .max_by_key(|def| def.words.len())?;
        Some((found, words.get(found.words.len()..)?))
    }
}
