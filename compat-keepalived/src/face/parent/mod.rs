//! The parent: starts the daemon, supervises its children, and ends last.

mod family;
mod reload;
mod reload_time;
mod start;
mod stop;

use std::{
    ffi::OsString,
    io::{PipeReader, PipeWriter, Read},
    os::fd::AsFd,
    time::{Duration, Instant},
};

use locum_runtime::{
    clock,
    log::level,
    process::{
        Exit, Signal,
        children::{self, Ended, Started},
        daemonise::Announcement,
        memory,
        notify::Notifier,
        signal_queue::SignalQueue,
    },
};
use nix::{
    fcntl::OFlag,
    poll::{PollFd, PollFlags, PollTimeout, poll},
};

use super::{child, dumping, log::Log, paths::PidPaths, reading::Reading, role::Role};
use crate::{args::Args, dump, load::Loaded, signal};
use family::Family;
use reload_time::ReloadTime;
pub(super) use start::UMASK;

/// What a child exits with when a successor would fail in the same way: the parent stops everything.
pub(super) const FATAL: u8 = 1;
/// The same; the configuration is the reason.
pub(super) const CONFIG: u8 = 2;

/// How soon a reader of the log that was busy is asked again.
const LOG_PAUSE: Duration = Duration::from_millis(5);

/// Runs the daemon; in a child too this returns how the process ends.
pub(super) fn run(args: Args, argv: &[OsString]) -> Exit {
    match start::start(args, argv) {
        Ok(parent) => parent.supervise(),
        Err(exit) => exit,
    }
}

/// A daemon that has been started, but for its children.
struct Parent {
    args: Args,
    reading: Reading,
    log: Log,
    paths: PidPaths,
    loaded: Loaded,
    family: Family,
    signals: SignalQueue,
    /// Children write their role's byte here when they are ready.
    ready: (PipeReader, PipeWriter),
    /// Who started the daemon waits for this; `None` with `-n` and later.
    announcement: Option<Announcement>,
    notifier: Option<Notifier>,
    /// What is under way, for the line that tells its end.
    phase: Phase,
    /// Something is complete: from here on the parent waits, and needs next to nothing for that.
    rests: bool,
    reload_time: Option<ReloadTime>,
    reports: child::Reports,
    /// The namespace that the daemon is in.
    namespace: Option<String>,
    /// core_pattern as it was.
    core_pattern: Option<Vec<u8>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Starting,
    Reloading,
    Steady,
}

/// What ends the loop.
enum Verdict {
    /// Stop all children and end with this status.
    Stop(u8),
    /// The same without a word: the reason was told.
    StopSilently(u8),
    /// This is a child, and this is how it ended.
    Child(Exit),
}

impl Parent {
    fn supervise(mut self) -> Exit {
        let verdict = match self.start_children() {
            Some(exit) => Verdict::Child(exit),
            None => {
                self.watch_reload_time();
                self.run_until_stopped()
            }
        };
        match verdict {
            Verdict::Child(exit) => exit,
            Verdict::Stop(status) => {
                self.log.say("Stopping");
                self.stop(status)
            }
            Verdict::StopSilently(status) => self.stop(status),
        }
    }

    /// Forks what is wanted and doesn't run. `Some`: this is a child, at its end.
    fn start_children(&mut self) -> Option<Exit> {
        for role in Role::ALL {
            let wanted = role.is_wanted(&self.args.selection, &self.loaded.present);
            if wanted
                && !self.family.has(role)
                && let Some(exit) = self.start_child(role)
            {
                return Some(exit);
            }
        }
        if self.family.living().next().is_none() && self.phase == Phase::Starting {
            self.log
                .say("Warning - keepalived has no configuration to run");
            self.phase = Phase::Steady;
            self.complete();
        }
        None
    }

    fn start_child(&mut self, role: Role) -> Option<Exit> {
        match children::start() {
            Ok(Started::Parent(pid)) => {
                self.family.on_start(role, pid, clock::now());
                self.log
                    .say(format!("Starting {} child process, pid={pid}", role.name()));
                None
            }
            Ok(Started::Child) => Some(self.become_child(role)),
            Err(error) => {
                self.log.at(
                    level::ERR,
                    format!("{} child process: fork error({error})", role.name()),
                );
                self.family.on_failure(role, clock::now());
                None
            }
        }
    }

    fn become_child(&mut self, role: Role) -> Exit {
        let exit = child::run(child::Birth {
            role,
            args: &self.args,
            reading: &self.reading,
            log: &self.log,
            ident_suffix: start::ident_suffix(&self.args, &self.loaded),
            global: &self.loaded.configuration.global,
            pid_file: self.paths.child(role),
            ready: &self.ready.1,
            reports: &self.reports,
        });
        // Nothing of the parent's may be torn down in a child: the process ends here.
        self.log.close();
        exit.leave()
    }

    fn run_until_stopped(&mut self) -> Verdict {
        loop {
            if std::mem::take(&mut self.rests) {
                memory::give_back();
            }
            self.wait();
            if let Some(verdict) = self.take_signals() {
                return verdict;
            }
            self.take_news();
            if let Some(exit) = self.look_at_reload_time() {
                return Verdict::Child(exit);
            }
            let now = clock::now();
            if let Some(role) = self.family.due(now)
                && let Some(exit) = self.start_child(role)
            {
                return Verdict::Child(exit);
            }
        }
    }

    /// Until something happened or is due.
    fn wait(&self) {
        let mut timeout = self.family.deadline().map_or(PollTimeout::NONE, until);
        self.log.catch_up();
        if self.log.is_behind() {
            timeout = shorter(timeout, LOG_PAUSE);
        }
        let mut ready = vec![
            PollFd::new(self.signals.as_fd(), PollFlags::POLLIN),
            PollFd::new(self.ready.0.as_fd(), PollFlags::POLLIN),
        ];
        if let Some(watched) = &self.reload_time {
            ready.push(PollFd::new(watched.as_fd(), PollFlags::POLLIN));
            if watched.due().is_some() {
                // The calendar may be set meanwhile, so that a wait for a date isn't one for a duration.
                timeout = shorter(timeout, Duration::from_secs(1));
            }
        }
        // An interruption is an event like others: whatever it was is looked for.
        let _ = poll(&mut ready, timeout);
    }

    fn take_signals(&mut self) -> Option<Verdict> {
        while let Ok(Some(arrival)) = self.signals.take() {
            match arrival.number {
                signal::STOP | signal::INTERRUPT => return Some(Verdict::Stop(0)),
                signal::CHILD => {
                    if let Some(verdict) = self.bury() {
                        return Some(verdict);
                    }
                }
                signal::RELOAD => {
                    if let Some(exit) = self.reload() {
                        return Some(Verdict::Child(exit));
                    }
                }
                signal::DATA => {
                    self.log.say(format!(
                        "Printing parent data for process({}) on signal",
                        std::process::id()
                    ));
                    self.dump();
                    self.forward(signal::DATA, &Role::ALL);
                }
                number => self.forward(number, &[Role::Vrrp]),
            }
        }
        None
    }

    fn dump(&self) {
        let configuration = &self.loaded.configuration;
        let facts = dumping::facts(&self.args, configuration, None);
        let bytes = dump::parent(configuration, &facts).into_bytes();
        let suffix = start::ident_suffix(&self.args, &self.loaded);
        let kind = dump::file::Kind::Parent;
        dumping::write(&self.log, kind, configuration, &facts, &suffix, bytes);
    }

    fn forward(&self, number: i32, roles: &[Role]) {
        for (role, pid) in self.family.living() {
            if roles.contains(&role) {
                children::signal(pid, number);
            }
        }
    }

    /// Takes the children that have ended off the system's table.
    fn bury(&mut self) -> Option<Verdict> {
        while let Some((pid, ended)) = children::reap() {
            let Some(end) = self.family.on_end(pid, clock::now()) else {
                continue;
            };
            let name = end.role.name();
            match ended {
                Ended::Exited(status) if is_permanent(status) => {
                    let kind = if status == i32::from(CONFIG) {
                        "CONFIG"
                    } else {
                        "FATAL"
                    };
                    self.log.say(format!(
                        "pid {pid} exited with permanent error {kind}. Terminating"
                    ));
                    self.family.give_up(end.role);
                    let status = u8::try_from(status).unwrap_or(FATAL);
                    return Some(Verdict::StopSilently(status));
                }
                Ended::Exited(_) => {}
                Ended::Signaled(signal) => self.log.say(cause(pid, signal)),
            }
            if self.args.dont_respawn {
                self.log.at(
                    level::ALERT,
                    format!("{name} child process({pid}) died: Exiting"),
                );
                self.family.give_up(end.role);
                return Some(Verdict::Stop(0));
            }
            self.log.at(
                level::ALERT,
                format!("{name} child process({pid}) died: Respawning"),
            );
            if let Some(wait) = end.wait {
                self.log.say(format!(
                    "Restart of {name} process delayed {} seconds to limit respawn rate",
                    wait.as_secs()
                ));
            }
        }
        None
    }

    /// Children that have got ready.
    fn take_news(&mut self) {
        let mut bytes = [0; 16];
        while let Ok(count @ 1..) = self.ready.0.read(&mut bytes) {
            for byte in &bytes[..count] {
                let number = byte & !child::ABANDONED;
                let Some(role) = Role::ALL.into_iter().find(|role| *role as u8 == number) else {
                    continue;
                };
                if *byte != number {
                    self.phase = Phase::Steady;
                    self.log.at(
                        level::ERR,
                        format!(
                            "Reload abandoned: the {} process goes on with the configuration that it had",
                            role.short_name()
                        ),
                    );
                }
                if self.family.on_ready(role) {
                    self.complete();
                }
            }
        }
    }

    /// Whatever was under way has come to its end.
    fn complete(&mut self) {
        match std::mem::replace(&mut self.phase, Phase::Steady) {
            Phase::Starting => self.log.say("Startup complete"),
            Phase::Reloading => self.log.say("Reload complete"),
            Phase::Steady => {}
        }
        if let Some(announcement) = self.announcement.take() {
            // Who started us has gone: then nobody waits.
            let _ = announcement.serving();
        }
        if let Some(notifier) = &self.notifier {
            notifier.ready(locum_runtime::process::pid());
        }
        self.rests = true;
    }
}

/// Until an instant, rounded up so that it has come when the wait ends.
fn until(instant: Instant) -> PollTimeout {
    let left = instant.saturating_duration_since(clock::now());
    PollTimeout::try_from(left + Duration::from_millis(1)).unwrap_or(PollTimeout::MAX)
}

/// The shorter one of two waits.
fn shorter(timeout: PollTimeout, most: Duration) -> PollTimeout {
    let most = PollTimeout::try_from(most).unwrap_or(PollTimeout::MAX);
    // The crate's own conversion to a duration panics for a wait without an end.
    if timeout.is_none() || i32::from(timeout) > i32::from(most) {
        most
    } else {
        timeout
    }
}

fn is_permanent(status: i32) -> bool {
    status == i32::from(FATAL) || status == i32::from(CONFIG)
}

/// Why a signal has ended a child, as far as one can guess.
fn cause(pid: i32, signal: Signal) -> String {
    match signal {
        Signal::SIGSEGV => format!("pid {pid} exited due to segmentation fault (SIGSEGV)."),
        Signal::SIGKILL => {
            format!("pid {pid} exited due to signal 9 (Killed) - has rlimit_rttime been exceeded?")
        }
        Signal::SIGXCPU => format!(
            "pid {pid} exited due to signal {} ({}) - has rlimit_rttime been exceeded?",
            signal as i32,
            signal.as_str()
        ),
        _ => format!("pid {pid} exited due to signal {}", signal as i32),
    }
}

/// A pipe whose ends never wait.
fn unblocked_pipe() -> std::io::Result<(PipeReader, PipeWriter)> {
    let (reader, writer) = nix::unistd::pipe2(OFlag::O_CLOEXEC | OFlag::O_NONBLOCK)?;
    Ok((reader.into(), writer.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_waits_the_shorter_one_holds_and_one_without_an_end_is_the_longest() {
        let ms = |count| PollTimeout::try_from(Duration::from_millis(count)).expect("it fits");
        let second = Duration::from_secs(1);
        assert_eq!(shorter(PollTimeout::NONE, second), ms(1000));
        assert_eq!(shorter(ms(20), second), ms(20));
        assert_eq!(shorter(ms(2000), second), ms(1000));
    }
}
