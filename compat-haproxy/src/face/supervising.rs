//! `-W`: the master that never parses traffic, and the worker's side of it.

use std::{io::Write, os::fd::AsRawFd};

use locum_model::Model;
use locum_runtime::process::{
    Exit, Inherited, Master, MasterEvent, Supervision, Trouble, change_environment,
    console::{Act, Dialogue, House},
    daemonise::{self, Announcement, Role},
    limits,
    notify::Notifier,
    pidfile::Pidfile,
    predecessors::Predecessors,
    supervise,
};

use super::{Configuration, Face, console, plain, serving};
use crate::{
    load::Verdict,
    message::{self, Level, Message},
    words as wording,
};

/// Runs the master.
pub(super) fn master(face: Face, first: Configuration, model: Model) -> Exit {
    let process = &model.process;
    // Too few descriptors end the master at once, as the reference's; workers inherit what it has raised.
    let demand = serving::demand(&model, true);
    let told = |error| {
        let trouble = Trouble::Limit(error);
        let level = wording::trouble_level(&trouble, demand.strict);
        face.tell_from_main_at(level, &wording::trouble(&trouble));
    };
    if limits::obtain(&demand, told).is_none() {
        return Exit::Status(1);
    }
    let doors = match console::bind(&process.master_sockets) {
        Ok(doors) => doors,
        Err(text) => {
            face.tell(&[plain(text)]);
            face.tell_from_main("Some protocols failed to start their listeners! Exiting.");
            return Exit::Status(1);
        }
    };
    let mut announcement = None;
    let mut pidfile = None;
    if let Some(path) = &process.pidfile {
        match Pidfile::create(path) {
            Ok(file) => pidfile = Some(file),
            Err(_) => {
                face.tell_from_main(&format!("Cannot create pidfile {}", path.display()));
                return Exit::Status(1);
            }
        }
    }
    if process.daemon == Some(true) {
        match daemonise::split() {
            Ok(Role::Child(announced)) => announcement = Some(announced),
            Ok(Role::Parent(waiting)) => {
                let child = waiting.child();
                if let Err(exit) = waiting.wait() {
                    return exit;
                }
                if let Some(file) = &mut pidfile {
                    let _ = file.write(child);
                }
                return Exit::Status(0);
            }
            Err(error) => {
                face.tell_from_main(&format!("Cannot fork: {error}"));
                return Exit::Status(1);
            }
        }
    } else if let Some(file) = &mut pidfile {
        let _ = file.write(locum_runtime::process::pid());
    }
    let settings = process.master_worker.unwrap_or_default();
    let master = Master {
        program: program(&face),
        arguments: face.argv.clone(),
        notifier: if settings.notify {
            Notifier::from_environment()
        } else {
            None
        },
        survive_failure: settings.survive_failure,
        max_reloads: process.max_reloads,
    };
    let predecessors = Predecessors {
        pids: face.args.old.pids.clone(),
        finish: face.args.old.finish,
    };
    let mut supervising = Supervising {
        face,
        first: Some(first),
        announcement,
        predecessors,
        changes: process.environment.clone(),
    };
    supervise(&master, Vec::new(), doors, &mut supervising)
}

/// The program's path, looked up as the shell did.
fn program(face: &Face) -> std::path::PathBuf {
    if face.program.components().count() > 1 {
        return face.program.clone();
    }
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&paths)
        .map(|path| path.join(&face.program))
        .find(|path| path.is_file());
    found
        .or_else(|| std::env::current_exe().ok())
        .unwrap_or_else(|| face.program.clone())
}

struct Supervising {
    face: Face,
    first: Option<Configuration>,
    announcement: Option<Announcement>,
    predecessors: Predecessors,
    /// What the configuration that the worker was started with changes in the environment.
    changes: Vec<(String, Option<String>)>,
}

impl Supervision for Supervising {
    fn configuration(&mut self) -> Option<Vec<u8>> {
        if let Some(first) = self.first.take() {
            return Some(first.encode());
        }
        match Configuration::read(&self.face.args) {
            Ok(configuration) => {
                let loaded = self.face.load(&configuration, None);
                self.face.print_messages(&loaded);
                self.changes = loaded.model.process.environment;
                (loaded.verdict == Verdict::Valid).then(|| configuration.encode())
            }
            Err(messages) => {
                self.face.tell(&messages);
                None
            }
        }
    }

    fn told(&mut self, event: &MasterEvent) {
        if matches!(event, MasterEvent::WorkerStarted(_)) {
            // The worker began where this load did; the next one begins where it ended, as when the reference becomes a
            // new program. A variable that can't be set is missed by nobody here.
            let _ = change_environment(&std::mem::take(&mut self.changes));
        }
        let (level, text) = words(event);
        if matches!(event, MasterEvent::Reloading) {
            // The reference executes itself again for a reload: it introduces itself anew.
            self.face.introduced.set(false);
        }
        self.face.tell(&[Message {
            level,
            text,
            at: None,
        }]);
        if matches!(event, MasterEvent::LoadFailed(_) | MasterEvent::Loaded) {
            // And once more when it has done so.
            self.face.introduced.set(false);
        }
    }

    fn command(&mut self, dialogue: &mut Dialogue, command: &str, house: &House) -> Act {
        console::command(dialogue, command, house)
    }

    fn prompt(&self, dialogue: &Dialogue, house: &House) -> String {
        console::prompt(dialogue, house)
    }

    fn serving(&mut self) {
        if let Some(announcement) = self.announcement.take() {
            let _ = announcement.serving();
        }
        if !self.predecessors.pids.is_empty() {
            self.predecessors.dismiss();
            self.predecessors.pids.clear();
        }
    }
}

/// What the master says.
fn words(event: &MasterEvent) -> (Level, String) {
    match event {
        MasterEvent::WorkerStarted(pid) => (Level::Notice, format!("New worker ({pid}) forked")),
        MasterEvent::Loaded => (Level::Notice, "Loading success.".to_owned()),
        MasterEvent::Reloading => (Level::Notice, "Reloading HAProxy".to_owned()),
        MasterEvent::LoadFailed(_) => (Level::Warning, "Loading failure!".to_owned()),
        MasterEvent::Stopping => (Level::Warning, "Exiting Master process...".to_owned()),
        MasterEvent::ExitOnFailure => (
            Level::Alert,
            "exit-on-failure: killing every processes with SIGTERM".to_owned(),
        ),
        MasterEvent::AllExited(status) => (
            Level::Warning,
            format!("All workers exited. Exiting... ({status})"),
        ),
        MasterEvent::WorkerExited {
            pid,
            status,
            current,
        } => worker_exited(*pid, *status, *current),
    }
}

/// A former worker is expected to end, also by SIGTERM; the current one only after a soft stop.
fn worker_exited(pid: i32, status: u8, current: bool) -> (Level, String) {
    let which = if current { "Current" } else { "Former" };
    let asked_for = match status {
        0 => true,
        130 | 143 => !current,
        _ => false,
    };
    let level = if asked_for {
        Level::Warning
    } else {
        Level::Alert
    };
    let how = exit_name(status);
    let text = format!("{which} worker ({pid}) exited with code {status} ({how})");
    (level, text)
}

/// `Exit`, or the signal as strsignal(3) names it.
fn exit_name(status: u8) -> &'static str {
    match status.checked_sub(128) {
        Some(1) => "Hangup",
        Some(2) => "Interrupt",
        Some(3) => "Quit",
        Some(4) => "Illegal instruction",
        Some(5) => "Trace/breakpoint trap",
        Some(6) => "Aborted",
        Some(7) => "Bus error",
        Some(8) => "Floating point exception",
        Some(9) => "Killed",
        Some(10) => "User defined signal 1",
        Some(11) => "Segmentation fault",
        Some(12) => "User defined signal 2",
        Some(13) => "Broken pipe",
        Some(14) => "Alarm clock",
        Some(15) => "Terminated",
        _ => "Exit",
    }
}

/// Runs a worker that a master started.
pub(super) fn worker(face: Face, inherited: Inherited) -> Exit {
    let (bytes, listeners, to_master) = inherited.into_parts();
    let Some(configuration) = Configuration::decode(&bytes) else {
        return Exit::Status(1);
    };
    let from_master = to_master.commands().as_raw_fd();
    let loaded = face.load(&configuration, Some(from_master));
    if loaded.verdict != Verdict::Valid {
        let text = message::render(&loaded.messages, &face.printing(), &|_| None);
        let _ = std::io::stderr().write_all(text.as_bytes());
        return Exit::Status(1);
    }
    serving::start(face, loaded.model, listeners, Some(to_master))
}
