//! The master of `-W`: never parses traffic, starts workers by executing the program again, passes signals on.
//!
//! ```text
//!        SIGUSR2, SIGHUP                    exec of argv[0]'s path
//!   ──────────────────────▶ master ────────────────────────────────▶ new worker: load, check, bind, serve
//!                             │  ▲   configuration in a memfd,           │
//!                             │  │   listeners over the channel          │
//!                             │  └───────────────────────────────────────┘ "serving" with copies of its listeners
//!                             └──▶ SIGUSR1 to the old worker; or nothing, when the new one ended first
//! ```
//! One thread that polls a signalfd and the channel of the worker that is starting.

use std::{
    ffi::{OsStr, OsString},
    io::{self, Write},
    os::{
        fd::{AsFd, AsRawFd},
        unix::net::UnixStream,
    },
    path::PathBuf,
    time::{Duration, Instant},
};

use locum_kernel::spawn::{Spawn, spawn};
use locum_model::proxy::StatsLevel;
use nix::{
    errno::Errno,
    fcntl::{FcntlArg, SealFlag, fcntl},
    poll::{PollFd, PollFlags, PollTimeout, poll},
    sys::{
        memfd::{MFdFlags, memfd_create},
        signal::{Signal, kill},
        signalfd::{SfdFlags, SignalFd},
        wait::{WaitPidFlag, WaitStatus, waitpid},
    },
    unistd::Pid,
};

use super::{
    Control, Exit,
    console::{self, Act, Console, Dialogue, Door, House, Resident, Surroundings},
    handover::{self, Listener},
    inherited::MARKER,
    notify::Notifier,
    signals,
};
use crate::clock;

/// How a master runs.
#[derive(Debug, Default)]
pub struct Master {
    /// The program's path, as `argv[0]` led to it: an upgraded file takes effect at the next reload.
    pub program: PathBuf,
    /// The worker's arguments, `argv[0]` included.
    pub arguments: Vec<OsString>,
    /// The service manager, with `-Ws`.
    pub notifier: Option<Notifier>,
    /// A worker that fails doesn't end everything.
    pub survive_failure: bool,
    /// Reloads after which a worker that still lingers is terminated.
    pub max_reloads: Option<u32>,
}

/// The face's part of a master.
pub trait Supervision {
    /// Reads the configuration again: what the next worker gets. `None` keeps the old worker; the reason was told.
    fn configuration(&mut self) -> Option<Vec<u8>>;

    /// Tells what happened.
    fn told(&mut self, event: &MasterEvent);

    /// The first worker serves: a daemon's parent may end now.
    fn serving(&mut self);

    /// Judges a command of a client of the master's command socket.
    fn command(&mut self, _dialogue: &mut Dialogue, _command: &str, _house: &House) -> Act {
        Act::Quit(String::new())
    }

    /// What asks such a client for its next line.
    fn prompt(&self, _dialogue: &Dialogue, _house: &House) -> String {
        String::new()
    }
}

/// What a master tells.
#[derive(Debug)]
pub enum MasterEvent {
    /// A worker was started.
    WorkerStarted(i32),
    /// It serves.
    Loaded,
    /// A reload begins.
    Reloading,
    /// The new worker ended before it served, or couldn't be started; the old one goes on.
    LoadFailed(Option<io::Error>),
    /// A worker ended; 128 and more tell its signal.
    WorkerExited {
        /// Its pid.
        pid: i32,
        /// Its status.
        status: u8,
        /// It was the one that serves, not one that was leaving.
        current: bool,
    },
    /// A stop was asked for.
    Stopping,
    /// The serving worker failed: the others are terminated.
    ExitOnFailure,
    /// All workers have ended.
    AllExited(u8),
}

#[derive(Debug)]
struct Worker {
    pid: i32,
    channel: UnixStream,
    /// Where clients of the command socket are handed to it.
    commands: UnixStream,
    reloads: u32,
    since: Instant,
}

struct Supervisor<'a, S> {
    master: &'a Master,
    face: &'a mut S,
    current: Option<Worker>,
    starting: Option<Worker>,
    leaving: Vec<Worker>,
    listeners: Vec<Listener>,
    reload_wanted: bool,
    stopping: bool,
    status: Option<u8>,
    console: Console,
    since: Instant,
    reloads: u32,
    failed_reloads: u32,
}

/// How long a worker that announced itself may take to send its listeners.
const PATIENCE: Duration = Duration::from_secs(2);

/// Supervises until all workers have ended. Signals are blocked and there is one thread. `listeners` are those that
/// came from a process before (`-x`), `doors` the master's command sockets.
pub fn supervise<S: Supervision>(
    master: &Master,
    listeners: Vec<Listener>,
    doors: Vec<Door>,
    face: &mut S,
) -> Exit {
    let Ok(console) = Console::new(doors) else {
        return Exit::Status(1);
    };
    let mut supervisor = Supervisor {
        master,
        face,
        current: None,
        starting: None,
        leaving: Vec::new(),
        listeners,
        reload_wanted: false,
        stopping: false,
        status: None,
        console,
        since: clock::now(),
        reloads: 0,
        failed_reloads: 0,
    };
    match supervisor.run() {
        Ok(exit) => exit,
        Err(_) => {
            supervisor.signal_all(Signal::SIGTERM);
            Exit::Status(1)
        }
    }
}

impl<S: Supervision> Supervisor<'_, S> {
    fn run(&mut self) -> io::Result<Exit> {
        let flags = SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK;
        let news = SignalFd::with_flags(&signals::taken(), flags)?;
        self.notify(Notifier::reloading);
        self.start_worker();
        loop {
            if let Some(exit) = self.ended() {
                return Ok(exit);
            }
            self.poll(&news)?;
            self.hear_clients();
            while let Some(signal) = news.read_signal()? {
                if let Some(control) = signals::control_of(signal.ssi_signo) {
                    self.on_control(control);
                }
            }
            if self.reload_wanted && self.starting.is_none() && !self.stopping {
                self.reload_wanted = false;
                self.reload();
            }
        }
    }

    /// Waits for a signal or for news of the starting worker.
    fn poll(&mut self, news: &SignalFd) -> io::Result<()> {
        let mut fds = vec![PollFd::new(news.as_fd(), PollFlags::POLLIN)];
        if let Some(worker) = &self.starting {
            fds.push(PollFd::new(worker.channel.as_fd(), PollFlags::POLLIN));
        }
        let interests = self.console.interests();
        fds.extend(
            interests
                .into_iter()
                .map(|(fd, flags)| PollFd::new(fd, flags)),
        );
        match poll(&mut fds, PollTimeout::NONE) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno.into()),
        }
        let spoke = fds
            .get(1)
            .and_then(PollFd::revents)
            .is_some_and(|events| !events.is_empty());
        if spoke && self.starting.is_some() {
            self.hear_starting_worker();
        }
        Ok(())
    }

    fn hear_clients(&mut self) {
        let mut console = std::mem::take(&mut self.console);
        self.reload_wanted |= console.step(&mut Desk {
            house: self.house(),
            supervisor: self,
        });
        self.console = console;
    }

    fn house(&self) -> House {
        let now = clock::now();
        let resident = |worker: &Worker, leaving| Resident {
            pid: worker.pid,
            reloads: worker.reloads,
            uptime: now.saturating_duration_since(worker.since),
            leaving,
        };
        let serving = self.current.iter().map(|worker| resident(worker, false));
        let leaving = self
            .leaving
            .iter()
            .rev()
            .map(|worker| resident(worker, true));
        House {
            pid: super::start::pid(),
            reloads: self.reloads,
            failed_reloads: self.failed_reloads,
            uptime: now.saturating_duration_since(self.since),
            workers: serving.chain(leaving).collect(),
        }
    }

    /// The starting worker serves, or its end of the channel closed because it ended.
    fn hear_starting_worker(&mut self) {
        let Some(worker) = self.starting.take() else {
            return;
        };
        let _ = worker.channel.set_read_timeout(Some(PATIENCE));
        match handover::take(&worker.channel) {
            Ok(listeners) => {
                self.listeners = if self.stopping { Vec::new() } else { listeners };
                if let Some(old) = self.current.replace(worker) {
                    send(old.pid, Signal::SIGUSR1);
                    self.leaving.push(old);
                }
                self.failed_reloads = 0;
                self.face.told(&MasterEvent::Loaded);
                self.face.serving();
                self.notify(|n| n.ready(super::start::pid()));
            }
            Err(_) => {
                self.load_failed(None);
                self.reap_failed(&worker);
            }
        }
    }

    fn reap_failed(&mut self, worker: &Worker) {
        let status = await_end(worker.pid);
        if self.current.is_none() && self.leaving.is_empty() {
            self.status = Some(status.max(1));
        } else {
            // The service goes on as it was.
            self.notify(|n| n.ready(super::start::pid()));
        }
    }

    fn load_failed(&mut self, error: Option<io::Error>) {
        self.failed_reloads += 1;
        self.face.told(&MasterEvent::LoadFailed(error));
    }

    fn start_worker(&mut self) {
        let Some(configuration) = self.face.configuration() else {
            if self.current.is_none() {
                self.status = Some(1);
            }
            self.load_failed(None);
            return;
        };
        match self.execute(&configuration) {
            Ok(worker) => {
                self.face.told(&MasterEvent::WorkerStarted(worker.pid));
                // One that ended already closes its end of the channel, which is heard in the loop.
                let _ = handover::offer(&worker.channel, &self.listeners);
                self.starting = Some(worker);
            }
            Err(error) => {
                if self.current.is_none() {
                    self.status = Some(1);
                }
                self.load_failed(Some(error));
            }
        }
    }

    fn execute(&self, configuration: &[u8]) -> io::Result<Worker> {
        let flags = MFdFlags::MFD_CLOEXEC | MFdFlags::MFD_ALLOW_SEALING;
        let memory = memfd_create(c"configuration", flags)?;
        let mut file = std::fs::File::from(memory);
        file.write_all(configuration)?;
        fcntl(
            &file,
            FcntlArg::F_ADD_SEALS(
                SealFlag::F_SEAL_SHRINK
                    | SealFlag::F_SEAL_GROW
                    | SealFlag::F_SEAL_WRITE
                    | SealFlag::F_SEAL_SEAL,
            ),
        )?;
        let (ours, theirs) = UnixStream::pair()?;
        let (commands, their_commands) = UnixStream::pair()?;
        // A worker that doesn't look keeps nobody here waiting.
        commands.set_nonblocking(true)?;
        let numbers = [
            theirs.as_raw_fd(),
            file.as_raw_fd(),
            their_commands.as_raw_fd(),
        ];
        let marker = numbers.map(|number| number.to_string()).join(",");
        let environment: Vec<(OsString, OsString)> = std::env::vars_os()
            .filter(|(name, _)| name != MARKER)
            .chain([(MARKER.into(), marker.into())])
            .collect();
        let environment: Vec<(&OsStr, &OsStr)> = environment
            .iter()
            .map(|(name, value)| (name.as_os_str(), value.as_os_str()))
            .collect();
        let arguments: Vec<&OsStr> = self
            .master
            .arguments
            .iter()
            .map(|a| a.as_os_str())
            .collect();
        let pid = spawn(&Spawn {
            path: self.master.program.as_os_str(),
            arguments: &arguments,
            environment: &environment,
            keep: &[theirs.as_fd(), file.as_fd(), their_commands.as_fd()],
        })?;
        Ok(Worker {
            pid,
            channel: ours,
            commands,
            reloads: 0,
            since: clock::now(),
        })
    }

    fn on_control(&mut self, control: Control) {
        match control {
            Control::Reload | Control::Dump => self.reload_wanted = true,
            Control::SoftStop => self.stop(Signal::SIGUSR1),
            Control::HardStop => self.stop(Signal::SIGTERM),
            Control::Interrupt => self.stop(Signal::SIGINT),
            Control::ReleasePorts => self.tell_current(Signal::SIGTTOU),
            Control::ResumePorts => self.tell_current(Signal::SIGTTIN),
            Control::DumpMemory => self.tell_current(Signal::SIGQUIT),
            Control::Child => self.reap(),
        }
    }

    fn reload(&mut self) {
        self.reloads += 1;
        // The reference becomes a new program here, which ends them.
        self.console.dismiss();
        self.face.told(&MasterEvent::Reloading);
        self.notify(Notifier::reloading);
        for worker in self.leaving.iter_mut().chain(&mut self.current) {
            worker.reloads += 1;
            if self
                .master
                .max_reloads
                .is_some_and(|max| worker.reloads > max)
            {
                send(worker.pid, Signal::SIGTERM);
            }
        }
        self.start_worker();
        if self.starting.is_none() {
            self.notify(|n| n.ready(super::start::pid()));
        }
    }

    fn stop(&mut self, signal: Signal) {
        if !self.stopping {
            self.face.told(&MasterEvent::Stopping);
            self.notify(Notifier::stopping);
        }
        self.stopping = true;
        // Copies here would keep the ports open.
        self.listeners.clear();
        self.signal_all(signal);
    }

    fn signal_all(&self, signal: Signal) {
        let workers = self
            .current
            .iter()
            .chain(&self.starting)
            .chain(&self.leaving);
        for worker in workers {
            send(worker.pid, signal);
        }
    }

    fn tell_current(&self, signal: Signal) {
        if let Some(worker) = &self.current {
            send(worker.pid, signal);
        }
    }

    fn reap(&mut self) {
        // The starting worker is waited for where its channel ends, so that its failure is told in order.
        let known: Vec<i32> = self
            .current
            .iter()
            .chain(&self.leaving)
            .map(|w| w.pid)
            .collect();
        for pid in known {
            if let Ok(status @ (WaitStatus::Exited(..) | WaitStatus::Signaled(..))) =
                waitpid(Pid::from_raw(pid), Some(WaitPidFlag::WNOHANG))
            {
                self.on_exit(pid, code(&status));
            }
        }
    }

    fn on_exit(&mut self, pid: i32, status: u8) {
        let current = self.current.as_ref().is_some_and(|w| w.pid == pid);
        self.face.told(&MasterEvent::WorkerExited {
            pid,
            status,
            current,
        });
        self.leaving.retain(|worker| worker.pid != pid);
        if !current {
            return;
        }
        self.current = None;
        self.status = Some(status);
        // Ended by SIGINT or SIGTERM is asked for; anything else is a failure.
        let failed = !matches!(status, 0 | 130 | 143);
        if failed && self.master.survive_failure {
            self.status = None;
        } else if failed {
            self.face.told(&MasterEvent::ExitOnFailure);
            self.stopping = true;
            self.signal_all(Signal::SIGTERM);
        }
    }

    fn ended(&mut self) -> Option<Exit> {
        let gone = self.current.is_none() && self.starting.is_none() && self.leaving.is_empty();
        // A worker that ended by SIGTERM counts as success, as the reference has it; by SIGINT it gives 130.
        let status = match self.status {
            Some(143) => 0,
            Some(status) => status,
            None if self.stopping => 0,
            None => return None,
        };
        if !gone {
            return None;
        }
        self.face.told(&MasterEvent::AllExited(status));
        Some(Exit::Status(status))
    }

    fn notify(&self, tell: impl FnOnce(&Notifier)) {
        if let Some(notifier) = &self.master.notifier {
            tell(notifier);
        }
    }
}

/// The master as its clients see it.
struct Desk<'d, 'a, S> {
    house: House,
    supervisor: &'d mut Supervisor<'a, S>,
}

impl<S: Supervision> Surroundings for Desk<'_, '_, S> {
    fn command(&mut self, dialogue: &mut Dialogue, command: &str) -> Act {
        self.supervisor.face.command(dialogue, command, &self.house)
    }

    fn prompt(&self, dialogue: &Dialogue) -> String {
        self.supervisor.face.prompt(dialogue, &self.house)
    }

    fn connect(&self, pid: i32, level: StatsLevel) -> io::Result<UnixStream> {
        let supervisor = &*self.supervisor;
        let mut workers = supervisor.current.iter().chain(&supervisor.leaving);
        let worker = workers.find(|worker| worker.pid == pid);
        console::open(&worker.ok_or(io::ErrorKind::NotFound)?.commands, level)
    }
}

fn send(pid: i32, signal: Signal) {
    let _ = kill(Pid::from_raw(pid), signal);
}

/// Waits for a worker that closed its channel: it is about to end, and is killed if it doesn't.
fn await_end(pid: i32) -> u8 {
    const STEP: Duration = Duration::from_millis(5);
    let pid = Pid::from_raw(pid);
    let mut waited = Duration::ZERO;
    loop {
        match waitpid(pid, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::StillAlive) if waited < PATIENCE => {
                std::thread::sleep(STEP);
                waited += STEP;
            }
            Ok(WaitStatus::StillAlive) => {
                let _ = kill(pid, Signal::SIGKILL);
                return waitpid(pid, None).map_or(1, |status| code(&status));
            }
            Ok(status) => return code(&status),
            Err(_) => return 1,
        }
    }
}

fn code(status: &WaitStatus) -> u8 {
    match status {
        WaitStatus::Exited(_, status) => *status as u8,
        WaitStatus::Signaled(_, signal, _) => 128 + *signal as u8,
        _ => 1,
    }
}
