//! From the command line to a parent that may fork its children: log, configuration, terminal, pid file.

use std::{ffi::OsString, fs, path::Path, time::Duration};

use locum_model::script::Script;
use locum_runtime::{
    process::{
        self, Exit, children,
        daemonise::{self, Role as Half},
        namespace,
        notify::Notifier,
        pidfile::Pidfile,
        signal_queue::SignalQueue,
    },
    script::{self, Command, Ended},
};
use nix::sys::{
    resource::{RLIM_INFINITY, Resource, setrlimit},
    stat::{Mode, umask},
};

use super::{CONFIG, FATAL, Family, Parent, Phase, unblocked_pipe};
use crate::{
    args::Args,
    face::{
        child::Reports,
        log::Log,
        paths::{PID_DIR, PidPaths},
        reading::Reading,
    },
    load::{Loaded, Process, Status},
    signal, version,
};

/// What the daemon's files are created without, unless `-u` or `umask` say otherwise.
pub(in crate::face) const UMASK: u32 = 0o177;
/// A command line that is longer is told in several lines.
const WIDTH: usize = 100;
/// There is no configuration file, or not all of them.
const MISSING: u8 = 6;

/// Starts the daemon. In the process that was called by hand this returns its end when the daemon serves.
pub(super) fn start(args: Args, argv: &[OsString]) -> Result<Parent, Exit> {
    set_umask(args.umask.unwrap_or(UMASK));
    let log = Log::open(&args);
    introduce(&log, argv);
    let reading = Reading::of(&args);
    let loaded = read(&args, &reading, &log)?;
    let global = &loaded.configuration.global;
    rename_log(&args, &loaded, &log);
    if args.umask.is_none()
        && let Some(mask) = global.umask
    {
        set_umask(mask);
    }
    if let Some(name) = &global.process_name {
        let _ = process::set_name(name);
    }
    let namespace = args.namespace.as_ref().or(global.net_namespace.as_ref());
    let paths = PidPaths::of(&args, global, namespace.is_some());
    paths.make_directory();
    if let Some(name) = namespace
        && let Err(error) = enter(name)
    {
        log.say(format!("Unable to enter network namespace {name}: {error}"));
        paths.remove_directory();
        return Err(end(&log, FATAL));
    }
    let namespace = namespace.cloned();
    if someone_runs(&paths, &log) {
        return Err(Exit::Status(0));
    }
    let core_pattern = dump_cores(&args, &log);
    let announcement = leave_terminal(&args, &log)?;
    if let Err(exit) = write_pid(&paths, &log) {
        paths.remove_directory();
        return Err(exit);
    }
    if global.max_auto_priority.unwrap_or(0) == 0 {
        log.say("NOTICE: setting config option max_auto_priority should result in better keepalived performance");
    }
    let (signals, ready) = match (SignalQueue::open(signal::STEERING), unblocked_pipe()) {
        (Ok(signals), Ok(ready)) => (signals, ready),
        (Err(error), _) | (_, Err(error)) => {
            log.say(format!("Unable to wait for signals: {error}"));
            return Err(end(&log, FATAL));
        }
    };
    // Without it the ends of grandchildren aren't noticed, which nothing depends on.
    let _ = children::adopt_orphans();
    run_startup_script(&loaded, &log);
    Ok(Parent {
        args,
        reading,
        log,
        paths,
        loaded,
        family: Family::default(),
        signals,
        ready,
        announcement,
        reload_time: None,
        reports: Reports::new(),
        namespace,
        notifier: Notifier::from_environment(),
        phase: Phase::Starting,
        rests: false,
        core_pattern,
    })
}

fn introduce(log: &Log, argv: &[OsString]) {
    log.say(format!("Starting {}", version::NAME));
    log.say(format!("Running on {}", version::running_on()));
    let words: Vec<_> = argv
        .iter()
        .map(|word| format!("'{}'", word.to_string_lossy()))
        .collect();
    let mut line = "Command line:".to_owned();
    for word in words {
        if line.len() + 1 + word.len() > WIDTH && !line.trim_end().ends_with(':') {
            log.say(&line);
            line = " ".repeat("Command line:".len());
        }
        line.push(' ');
        line.push_str(&word);
    }
    log.say(line);
}

/// A last line, and a status.
fn end(log: &Log, status: u8) -> Exit {
    log.detail(super::stop::usage);
    log.say(format!("Stopped {}", version::NAME));
    Exit::Status(status)
}

fn read(args: &Args, reading: &Reading, log: &Log) -> Result<Loaded, Exit> {
    if !reading.is_there() {
        log.say(format!("Config files missing '{}'.", reading.name()));
        return Err(end(log, MISSING));
    }
    log.detail(|| format!("Opening file '{}'.", reading.name()));
    log.say(format!("Configuration file {}", reading.name()));
    let loaded = reading.read(Process::Parent, log);
    if loaded.file_missing {
        return Err(end(log, MISSING));
    }
    if loaded.status == Status::Missing {
        return Err(end(log, CONFIG));
    }
    for option in args.without_effect() {
        log.say(format!("option {option} is known but has no effect yet"));
    }
    let refusals = loaded.refusals(&args.allowed);
    if !refusals.is_empty() {
        for reason in refusals {
            log.say(&reason);
            if !args.log_console {
                // Who started the daemon looks at the terminal, not into the log.
                locum_runtime::log::console::print(format!("{reason}\n").as_bytes());
            }
        }
        return Err(end(log, CONFIG));
    }
    reading.keep();
    Ok(loaded)
}

/// In a namespace or as one of several instances, lines tell which.
fn rename_log(args: &Args, loaded: &Loaded, log: &Log) {
    let suffix = ident_suffix(args, loaded);
    if !suffix.is_empty() {
        let ident = format!("Keepalived{suffix}");
        log.say(format!("Changing syslog ident to {ident}"));
        log.rename(&ident);
    }
}

/// What stands behind every process' identity in the log.
pub(super) fn ident_suffix(args: &Args, loaded: &Loaded) -> String {
    let global = &loaded.configuration.global;
    let namespace = args.namespace.as_ref().or(global.net_namespace.as_ref());
    [namespace, global.instance.as_ref()]
        .into_iter()
        .flatten()
        .map(|name| format!("_{name}"))
        .collect()
}

fn enter(name: &str) -> std::io::Result<()> {
    namespace::enter(name)?;
    namespace::overlay(Path::new(PID_DIR), name)
}

/// Whether a pid file of ours names a process that lives. Those of dead ones are removed.
fn someone_runs(paths: &PidPaths, log: &Log) -> bool {
    for path in paths.all() {
        let Some(pid) = Pidfile::read(path) else {
            continue;
        };
        if pid != process::pid() && children::exists(pid) {
            log.say("daemon is already running");
            return true;
        }
        log.say(format!("Remove a zombie pid file {}", path.display()));
        let _ = fs::remove_file(path);
    }
    false
}

/// `-m`, `-M`. Returns core_pattern as it was, if it was changed.
fn dump_cores(args: &Args, log: &Log) -> Option<Vec<u8>> {
    const PATTERN: &str = "/proc/sys/kernel/core_pattern";
    if args.core_dump
        && let Err(error) = setrlimit(Resource::RLIMIT_CORE, RLIM_INFINITY, RLIM_INFINITY)
    {
        log.say(format!("Failed to set core file size: {error}"));
    }
    let pattern = args.core_dump_pattern.as_ref()?;
    let before = fs::read(PATTERN).ok()?;
    fs::write(PATTERN, pattern.as_encoded_bytes()).ok()?;
    Some(before)
}

/// Puts core_pattern back.
pub(super) fn restore_core_pattern(before: Option<&[u8]>) {
    if let Some(before) = before {
        let _ = fs::write("/proc/sys/kernel/core_pattern", before);
    }
}

/// Without `-n`: the process that was called stays until the daemon serves, and this goes on in another one.
fn leave_terminal(args: &Args, log: &Log) -> Result<Option<daemonise::Announcement>, Exit> {
    if args.dont_fork {
        return Ok(None);
    }
    match daemonise::split() {
        Ok(Half::Parent(waiting)) => Err(waiting.wait().err().unwrap_or(Exit::Status(0))),
        Ok(Half::Child(announcement)) => {
            log.leave_terminal();
            let _ = std::env::set_current_dir("/");
            Ok(Some(announcement))
        }
        Err(error) => {
            log.say(format!("Unable to leave the terminal: {error}"));
            Err(end(log, FATAL))
        }
    }
}

fn write_pid(paths: &PidPaths, log: &Log) -> Result<(), Exit> {
    let before = umask(Mode::from_bits_truncate(0o133));
    let written = Pidfile::replace(&paths.parent).and_then(|mut file| file.write(process::pid()));
    umask(before);
    written.map_err(|_| {
        log.say(format!(
            "pidfile_write : Cannot open {} pidfile",
            paths.parent.display()
        ));
        end(log, 0)
    })
}

fn set_umask(mask: u32) {
    umask(Mode::from_bits_truncate(mask));
}

fn run_startup_script(loaded: &Loaded, log: &Log) {
    let global = &loaded.configuration.global;
    if let Some(script) = &global.startup_script {
        run_script("startup", script, global.startup_script_timeout, log);
    }
}

/// Runs a script that everything waits for.
pub(super) fn run_script(kind: &str, script: &Script, limit: Duration, log: &Log) {
    let command = Command::of(script, &[]);
    log.detail(|| {
        let program = command.argv.first().cloned().unwrap_or_default();
        format!("Running {kind} script {}", program.display())
    });
    let ended = match script::once::run(&command, limit) {
        Ok(outcome) if outcome.timed_out => {
            return log.say(format!("{kind} script timed out"));
        }
        Ok(outcome) => outcome.ended,
        Err(error) => return log.say(format!("{kind} script failed to run - {error}")),
    };
    match ended {
        Ended::Exited(0) => log.detail(|| format!("{kind} script script succeeded")),
        Ended::Exited(status) => log.say(format!("{kind} script script failed, status {status}")),
        Ended::Signaled(signal) => {
            log.say(format!("{kind} script script killed by signal {signal}"));
        }
        Ended::NotExecuted(errno) => log.say(format!(
            "{kind} script failed to run - {}",
            nix::errno::Errno::from_raw(errno).desc()
        )),
    }
}
