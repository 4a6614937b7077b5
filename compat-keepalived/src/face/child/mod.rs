//! A child of the daemon: becomes a process of its own, reads the configuration for itself, runs its event loop.

mod bfd;
mod checkers;
mod signals;
mod vrrp;

use std::{fs, io::PipeWriter, os::unix::net::UnixDatagram, path::Path};

use locum_model::keepalived::Global;
use locum_runtime::process::{
    self, Exit, memory,
    pidfile::Pidfile,
    scheduling::{self, Refused, Scheduling},
};
use nix::sys::{
    resource::{UsageWho, getrusage},
    stat::{Mode, umask},
    time::TimeVal,
};

use super::{
    dumping,
    log::Log,
    parent::{CONFIG, FATAL},
    reading::Reading,
    role::Role,
};
use crate::{
    args::Args,
    load::{Loaded, Status},
};
use signals::Signals;

/// A child that tells its role with this bit is ready, but has not taken over the configuration.
pub(super) const ABANDONED: u8 = 0x80;

/// What the parent hands to a child.
pub(super) struct Birth<'a> {
    /// What it is.
    pub role: Role,
    /// The command line.
    pub args: &'a Args,
    /// How the configuration is read.
    pub reading: &'a Reading,
    /// The log, still the parent's.
    pub log: &'a Log,
    /// What stands behind the identity of its lines.
    pub ident_suffix: String,
    /// The parent's reading.
    pub global: &'a Global,
    /// Its pid file.
    pub pid_file: &'a Path,
    /// Where it tells that it is ready.
    pub ready: &'a PipeWriter,
    /// The reports of BFD sessions, as far as this child writes or reads them.
    pub reports: &'a Reports,
}

/// Both ends of the ways that BFD sessions are reported on: a child that is started again gets the same ones.
#[derive(Debug)]
pub(super) struct Reports {
    /// From the BFD process to the VRRP process; `None`: the system had no descriptors left.
    pub to_vrrp: Option<(UnixDatagram, UnixDatagram)>,
    /// From the BFD process to the checkers.
    pub to_checkers: Option<(UnixDatagram, UnixDatagram)>,
}

impl Reports {
    /// Makes them.
    pub(super) fn new() -> Self {
        Self {
            to_vrrp: locum_vrrp::bfd::report::pair().ok(),
            to_checkers: locum_vrrp::bfd::report::pair().ok(),
        }
    }
}

/// Lives as a child, and tells how the process is to end.
pub(super) fn run(birth: Birth<'_>) -> Exit {
    let child = Child(birth);
    let Birth {
        role,
        log,
        pid_file,
        ..
    } = &child.0;
    let ident = format!("{}{}", role.ident(), child.0.ident_suffix);
    log.become_child(child.0.args, *role, &ident);
    let name = role.settings(child.0.global).name.as_deref();
    let _ = process::set_name(name.unwrap_or("keepalived"));
    if write_pid(pid_file).is_err() {
        log.say(format!(
            "pidfile_write : Cannot open {} pidfile",
            pid_file.display()
        ));
        return Exit::Status(FATAL);
    }
    let exit = child.live();
    let _ = fs::remove_file(pid_file);
    child.take_leave();
    exit
}

fn write_pid(path: &Path) -> std::io::Result<()> {
    let before = umask(Mode::from_bits_truncate(0o133));
    let written = Pidfile::replace(path).and_then(|mut file| file.write(process::pid()));
    umask(before);
    written
}

/// A child that lives.
pub(super) struct Child<'a>(Birth<'a>);

impl Child<'_> {
    fn live(&self) -> Exit {
        if self.0.role == Role::Vrrp {
            for what in ["reflector", "command channel"] {
                self.log()
                    .detail(|| format!("Registering Kernel netlink {what}"));
            }
        }
        let Some(loaded) = self.read() else {
            return Exit::Status(CONFIG);
        };
        self.schedule(&loaded);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let runtime = match runtime {
            Ok(runtime) => runtime,
            Err(error) => {
                self.log().say(format!("No event loop: {error}"));
                return Exit::Status(FATAL);
            }
        };
        runtime.block_on(async {
            let mut signals = match Signals::open() {
                Ok(signals) => signals,
                Err(error) => {
                    self.log()
                        .say(format!("Unable to wait for signals: {error}"));
                    return Exit::Status(FATAL);
                }
            };
            match self.0.role {
                Role::Checkers => checkers::serve(self, loaded, &mut signals).await,
                Role::Vrrp => vrrp::serve(self, loaded, &mut signals).await,
                Role::Bfd => bfd::serve(self, loaded, &mut signals).await,
            }
        })
    }

    fn log(&self) -> &Log {
        self.0.log
    }

    /// The configuration as it is now; `None`: nothing can be run with it.
    fn read(&self) -> Option<Loaded> {
        let loaded = self.0.reading.read(self.0.role.reading(), self.log());
        (loaded.status != Status::Missing && !loaded.fatal).then_some(loaded)
    }

    /// The same for a reload. `None`: this process goes on as it was, and the parent knows.
    fn read_again(&self) -> Option<Loaded> {
        self.log().say("Reloading");
        let loaded = self.read();
        if loaded.is_none() {
            self.tell_parent(self.0.role as u8 | ABANDONED);
        }
        loaded
    }

    /// Writes a dump behind the event loop's back.
    fn write_dump(
        &self,
        kind: crate::dump::file::Kind,
        configuration: &locum_model::keepalived::Configuration,
        facts: &crate::dump::Facts,
        bytes: Vec<u8>,
    ) {
        let suffix = &self.0.ident_suffix;
        dumping::write(self.log(), kind, configuration, facts, suffix, bytes);
    }

    /// Tells the parent that the start or a reload of a child is complete that waits for events from here on.
    fn rest(&self) {
        self.tell_ready();
        memory::give_back();
    }

    /// Tells the parent that the start or a reload is complete.
    fn tell_ready(&self) {
        self.tell_parent(self.0.role as u8);
    }

    fn tell_parent(&self, byte: u8) {
        // A pipe that is full has not been read for thousands of these: then nobody counts them.
        let _ = nix::unistd::write(self.0.ready, &[byte]);
    }

    fn schedule(&self, loaded: &Loaded) {
        let settings = self.0.role.settings(&loaded.configuration.global);
        let wanted = Scheduling {
            nice: settings.priority.map(i32::from),
            realtime: settings.rt_priority.map(i32::from),
            realtime_limit: settings.rlimit_rttime,
            no_swap: settings.no_swap,
            processors: settings.cpu_affinity.clone(),
        };
        scheduling::apply(&wanted, |refused| {
            self.log().say(match refused {
                Refused::Nice(_) => "Unable to set child process priority".into(),
                Refused::Realtime(error) => {
                    format!("child process cannot set realtime priority - {error}")
                }
                Refused::RealtimeLimit(_) => "child process cannot set realtime rlimit".into(),
                Refused::Processors(error) => format!("Unable to set cpu affinity - {error}"),
                Refused::NoSwap(error) => format!("Unable to lock process in memory - {error}"),
            });
        });
    }

    fn take_leave(&self) {
        let log = self.log();
        if !log.is_detailed() {
            return log.say("Stopped");
        }
        let seconds = |time: TimeVal| format!("{}.{:06}", time.tv_sec(), time.tv_usec());
        let usage = |who| getrusage(who).map(|usage| [usage.user_time(), usage.system_time()]);
        let zero = TimeVal::new(0, 0);
        let text = match (
            usage(UsageWho::RUSAGE_SELF).map(|times| times.map(seconds)),
            usage(UsageWho::RUSAGE_CHILDREN),
        ) {
            (Ok([user, system]), Ok(children)) if children != [zero, zero] => {
                let [user_of, system_of] = children.map(seconds);
                format!(
                    "Stopped - used (self/children) {user}/{user_of} user time, {system}/{system_of} system time"
                )
            }
            (Ok([user, system]), _) => {
                format!("Stopped - used {user} user time, {system} system time")
            }
            (Err(_), _) => "Stopped".to_owned(),
        };
        log.say(text);
    }
}
