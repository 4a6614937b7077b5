//! The way from a checked configuration to a serving process, for one process (no master).
//!
//! The order is what matters here: whatever can fail does so before the parent of a daemon ends and before the
//! predecessors are told to leave.

use std::{
    io::{self, PipeReader, PipeWriter, Read, Write},
    path::PathBuf,
};

use locum_kernel::fork::{Fork, fork};
use nix::{
    sys::wait::waitpid,
    unistd::{Pid, getpid},
};

use super::{
    Exit,
    daemonise::{self, Announcement, Role},
    limits::{self, Demand, LimitError, Limits},
    pidfile::Pidfile,
    predecessors::{BindFailure, Predecessors},
    privileges::{PrivilegeError, Privileges},
};

/// What a start needs to know.
#[derive(Debug, Default)]
pub struct Start {
    /// Leave the terminal.
    pub daemon: bool,
    /// Where a daemon's pid is written.
    pub pidfile: Option<PathBuf>,
    /// What to become.
    pub privileges: Privileges,
    /// What the descriptor limit has to allow.
    pub demand: Demand,
    /// Who is replaced.
    pub predecessors: Predecessors,
}

/// What the face does at the stages; the words for what happened are its own.
pub trait Service: Sized {
    /// What binding results in: listeners, not yet known to any event loop.
    type Bound;
    /// Why binding failed.
    type BindError;

    /// Binds all addresses. It may be called again after a failure; what is bound already may be kept in `self`.
    fn bind(&mut self, limits: &Limits) -> Result<Self::Bound, BindFailure<Self::BindError>>;

    /// Tells that binding failed for good.
    fn bind_failed(&mut self, error: Self::BindError);

    /// Tells what prevents the start, or only disturbs it where `fatal` is false.
    fn trouble(&mut self, trouble: &Trouble, fatal: bool);

    /// Serves, with all privileges given up: starts threads and event loops, calls [`Running::serving`] when clients
    /// are served, and returns how the process is to end.
    fn serve(self, bound: Self::Bound, running: Running) -> Exit;
}

/// What can go wrong before serving, apart from binding.
#[derive(Debug)]
pub enum Trouble {
    /// The descriptor limit.
    Limit(LimitError),
    /// The pid file can't be made or written.
    Pidfile(PathBuf, io::Error),
    /// No process can be made.
    Fork(io::Error),
    /// Privileges can't be given up.
    Privileges(PrivilegeError),
}

/// Handed to [`Service::serve`].
#[derive(Debug)]
pub struct Running {
    /// The limits that hold.
    pub limits: Limits,
    privileges: Privileges,
    predecessors: Predecessors,
    waiting: Option<Announcement>,
    herald: Option<Herald>,
}

impl Running {
    /// Clients are served: the parent of a daemon ends with success, the predecessors are told to leave, and no
    /// process or thread can be made any more.
    pub fn serving(self) -> io::Result<()> {
        self.privileges.forbid_processes();
        match (self.waiting, self.herald) {
            (Some(announcement), _) => announcement.serving(),
            (None, Some(herald)) => herald.go(),
            (None, None) => {
                self.predecessors.dismiss();
                Ok(())
            }
        }
    }
}

/// Brings the service up and runs it to its end. The caller has blocked the signals and has one thread.
pub fn run<S: Service>(start: Start, mut service: S) -> Exit {
    match prepare(start, &mut service) {
        Ok((bound, running)) => service.serve(bound, running),
        Err(exit) => exit,
    }
}

fn prepare<S: Service>(start: Start, service: &mut S) -> Result<(S::Bound, Running), Exit> {
    let limits = raise_limits(&start.demand, service)?;
    let bound = match start.predecessors.bind(|| service.bind(&limits)) {
        Ok(bound) => bound,
        Err(error) => {
            service.bind_failed(error);
            return Err(Exit::Status(1));
        }
    };
    let mut running = Running {
        limits,
        privileges: start.privileges,
        predecessors: start.predecessors,
        waiting: None,
        herald: None,
    };
    if start.daemon {
        running.waiting = Some(leave_terminal(
            start.pidfile,
            &running.predecessors,
            service,
        )?);
    } else if running.privileges.changes_user() && !running.predecessors.pids.is_empty() {
        let herald = Herald::new(&running.predecessors);
        running.herald = Some(herald.map_err(|e| fail(service, Trouble::Fork(e)))?);
    }
    running
        .privileges
        .apply()
        .map_err(|error| fail(service, Trouble::Privileges(error)))?;
    Ok((bound, running))
}

fn fail(service: &mut impl Service, trouble: Trouble) -> Exit {
    service.trouble(&trouble, true);
    Exit::Status(1)
}

fn raise_limits(demand: &Demand, service: &mut impl Service) -> Result<Limits, Exit> {
    limits::obtain(demand, |error| {
        service.trouble(&Trouble::Limit(error), demand.strict)
    })
    .ok_or(Exit::Status(1))
}

/// Only the child returns `Ok`: the parent waits for it, then writes its pid and dismisses the predecessors with the
/// privileges that the child has given up.
fn leave_terminal(
    path: Option<PathBuf>,
    predecessors: &Predecessors,
    service: &mut impl Service,
) -> Result<Announcement, Exit> {
    let mut pidfile = None;
    if let Some(path) = path {
        match Pidfile::create(&path) {
            Ok(file) => pidfile = Some((file, path)),
            Err(error) => return Err(fail(service, Trouble::Pidfile(path, error))),
        }
    }
    match daemonise::split().map_err(|e| fail(service, Trouble::Fork(e)))? {
        Role::Child(announcement) => Ok(announcement),
        Role::Parent(waiting) => {
            let child = waiting.child();
            waiting.wait()?;
            if let Some((mut file, path)) = pidfile
                && let Err(error) = file.write(child)
            {
                service.trouble(&Trouble::Pidfile(path, error), false);
            }
            predecessors.dismiss();
            Err(Exit::Status(0))
        }
    }
}

/// A short-lived process that keeps the privileges until this one serves, to signal predecessors of another user.
#[derive(Debug)]
struct Herald {
    pid: i32,
    word: PipeWriter,
}

impl Herald {
    fn new(predecessors: &Predecessors) -> io::Result<Self> {
        let (mut reader, word): (PipeReader, PipeWriter) = io::pipe()?;
        match fork()? {
            Fork::Parent { child } => Ok(Self {
                pid: child.get(),
                word,
            }),
            Fork::Child => {
                drop(word);
                // No byte: the start failed, and the predecessors stay.
                if reader.read_exact(&mut [0]).is_ok() {
                    predecessors.dismiss();
                }
                std::process::exit(0)
            }
        }
    }

    fn go(mut self) -> io::Result<()> {
        self.word.write_all(&[1])?;
        drop(self.word);
        waitpid(Pid::from_raw(self.pid), None)?;
        Ok(())
    }
}

/// The pid of this process, for messages.
pub fn pid() -> i32 {
    getpid().as_raw()
}
