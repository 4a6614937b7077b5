//! Programs under test: started, watched, stopped; what they wrote and how they ended.

use crate::clock;
use crate::holder::{BIN, OUTPUT};
use nix::fcntl::{FcntlArg, fcntl};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{PipeReader, pipe};
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

/// How a program is called, beside its arguments.
#[derive(Debug)]
pub struct Setting {
    /// The link that it is called through: its name is what the program is.
    pub program: &'static str,
    /// Environment in addition to PATH, TZ and LANG.
    pub env: BTreeMap<String, String>,
    /// The limit of descriptors, soft and hard.
    pub descriptors: Option<u64>,
    /// An address that descriptor 0 listens on.
    pub stdin_listens: Option<String>,
    /// `closed` or `unread`: standard output is such a pipe, not a file.
    pub stdout: Option<String>,
}

impl Default for Setting {
    fn default() -> Self {
        Self {
            program: BIN,
            env: BTreeMap::new(),
            descriptors: None,
            stdin_listens: None,
            stdout: None,
        }
    }
}

/// A started program.
pub struct Running {
    /// Its name in the scenario.
    pub name: String,
    /// The process that we started (of a daemon: the parent that ended).
    child: Child,
    status: Option<ExitStatus>,
    /// Started with -W or -Ws.
    master: bool,
    /// The end of a pipe that nobody reads.
    _unread: Option<PipeReader>,
}

/// Splits arguments at blanks; "double quotes" keep blanks.
#[must_use]
pub fn words(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut word: Option<String> = None;
    let mut quoted = false;
    for c in text.chars() {
        match c {
            '"' => {
                quoted = !quoted;
                word.get_or_insert_default();
            }
            ' ' if !quoted => out.extend(word.take()),
            other => word.get_or_insert_default().push(other),
        }
    }
    out.extend(word);
    out
}

fn command(arguments: &str, setting: &Setting) -> Result<Command, String> {
    let mut command = match setting.descriptors {
        None => Command::new(setting.program),
        // Lowering our own hard limit could not be undone; a shell lowers its own and becomes the program.
        Some(limit) => {
            let mut shell = Command::new("/bin/sh");
            let script = format!("ulimit -n {limit}; exec \"$0\" \"$@\"");
            shell.args(["-c", &script, setting.program]);
            shell
        }
    };
    command
        .args(words(arguments))
        .env_clear()
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .env("TZ", "UTC")
        .env("LANG", "C")
        .env("HOME", "/root")
        .envs(&setting.env);
    match &setting.stdin_listens {
        Some(at) => {
            let listener = crate::peer::socket::listen(at, 128)?;
            command.stdin(Stdio::from(OwnedFd::from(listener)));
        }
        None => {
            command.stdin(Stdio::null());
        }
    }
    Ok(command)
}

/// Runs the program to its end and shows status, stdout and stderr.
///
/// # Errors
/// It can't be started, or doesn't end.
pub fn run(arguments: &str, setting: &Setting, within: Duration) -> Result<Finished, String> {
    let mut command = command(arguments, setting)?;
    let (out, err) = (output("run.out", true)?, output("run.err", true)?);
    let mut child = command
        .stdout(out)
        .stderr(err)
        .spawn()
        .map_err(|e| format!("{}: {e}", setting.program))?;
    let mut status = None;
    clock::poll_until(within, || {
        status = child.try_wait().ok().flatten();
        status.is_some()
    });
    if status.is_none() {
        let _already_gone = child.kill();
        let _reaped = child.wait();
    }
    Ok(Finished {
        status: status.map_or("DID NOT END".to_owned(), ended),
        stdout: written("run.out"),
        stderr: written("run.err"),
    })
}

/// What a program left behind.
#[derive(Debug)]
pub struct Finished {
    /// `exit 0` or `signal 2`.
    pub status: String,
    /// What it wrote to stdout.
    pub stdout: String,
    /// What it wrote to stderr.
    pub stderr: String,
}

impl Finished {
    /// As a snapshot shows it; empty streams are left out.
    #[must_use]
    pub fn shown(&self) -> String {
        let mut out = String::new();
        for (title, text) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            if !text.is_empty() {
                out.push_str(&format!("----- {title}\n{text}"));
                if !text.ends_with('\n') {
                    out.push_str("(no newline)\n");
                }
            }
        }
        out.push_str(&format!("----- {}\n", self.status));
        out
    }
}

impl Running {
    /// Starts the program with its output in files of its own.
    ///
    /// # Errors
    /// It can't be executed.
    pub fn start(name: &str, arguments: &str, setting: &Setting) -> Result<Self, String> {
        let mut command = command(arguments, setting)?;
        let (stdout, unread) = match setting.stdout.as_deref() {
            None => (Stdio::from(output(&format!("{name}.out"), false)?), None),
            Some(kind) => pipe_to_nobody(kind == "unread")?,
        };
        let child = command
            .stdout(stdout)
            .stderr(output(&format!("{name}.err"), false)?)
            .spawn()
            .map_err(|e| format!("{}: {e}", setting.program))?;
        Ok(Self {
            name: name.to_owned(),
            child,
            status: None,
            master: arguments.contains("-W"),
            _unread: unread,
        })
    }

    /// The process id, of the process that was started.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Whether it has ended.
    pub fn has_ended(&mut self) -> bool {
        if self.status.is_none() {
            self.status = self.child.try_wait().ok().flatten();
        }
        self.status.is_some()
    }

    /// Sends a signal by its name without SIG.
    ///
    /// # Errors
    /// There is no such signal.
    pub fn signal(&self, name: &str) -> Result<(), String> {
        let signal: Signal = format!("SIG{name}")
            .parse()
            .map_err(|_| format!("no signal SIG{name}"))?;
        let pid = i32::try_from(self.child.id()).map_err(|e| e.to_string())?;
        // A process that has just been executed would die of it: wait until it handles the signal, or holds it back.
        // (A single process leaves SIGTERM and SIGINT to the kernel.)
        if self.master || !matches!(signal, Signal::SIGTERM | Signal::SIGINT) {
            clock::poll_until(Duration::from_millis(500), || {
                is_gone(self.child.id()) || heeds(self.child.id(), signal)
            });
        }
        let _already_gone = kill(Pid::from_raw(pid), signal);
        Ok(())
    }

    /// Its status and what it wrote so far.
    #[must_use]
    pub fn finished(&self) -> Finished {
        Finished {
            status: self.status.map_or("STILL RUNNING".to_owned(), ended),
            stdout: written(&format!("{}.out", self.name)),
            stderr: written(&format!("{}.err", self.name)),
        }
    }
}

/// Every process of this namespace but ourselves that isn't a zombie.
#[must_use]
pub fn others() -> Vec<i32> {
    let own = std::process::id();
    let Ok(entries) = std::fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .filter_map(Result::ok)
        .filter_map(|e| e.file_name().to_str()?.parse::<u32>().ok())
        .filter(|pid| *pid != own && !is_gone(*pid))
        .filter_map(|pid| i32::try_from(pid).ok())
        .collect()
}

/// Collects what has ended and was left to us as process 1, so that its id is free again; `kept` are waited for
/// elsewhere.
pub fn reap(kept: &[u32]) {
    let own = std::process::id().to_string();
    let Ok(entries) = std::fs::read_dir("/proc") else {
        return;
    };
    for name in entries.filter_map(|e| e.ok()?.file_name().into_string().ok()) {
        let Ok(pid) = name.parse::<u32>() else {
            continue;
        };
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let parent_and_state = stat.rsplit_once(") ").map(|(_, rest)| {
            let mut cells = rest.split(' ');
            (cells.next(), cells.next())
        });
        if parent_and_state == Some((Some("Z"), Some(&own)))
            && !kept.contains(&pid)
            && let Ok(pid) = i32::try_from(pid)
        {
            let _reaped = nix::sys::wait::waitpid(
                Pid::from_raw(pid),
                Some(nix::sys::wait::WaitPidFlag::WNOHANG),
            );
        }
    }
}

/// Whether a process has ended, reaped or not.
#[must_use]
pub fn is_gone(pid: u32) -> bool {
    match std::fs::read_to_string(format!("/proc/{pid}/stat")) {
        Ok(stat) => stat
            .rsplit_once(") ")
            .is_some_and(|(_, rest)| rest.starts_with('Z')),
        Err(_) => true,
    }
}

/// Whether a process catches a signal, or blocks it until it can.
fn heeds(pid: u32, signal: Signal) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let bit = 1u64 << (signal as i32 - 1);
    status
        .lines()
        .filter_map(|line| {
            line.strip_prefix("SigCgt:")
                .or(line.strip_prefix("SigBlk:"))
        })
        .filter_map(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .any(|mask| mask & bit != 0)
}

fn ended(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit {code}"),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => "ended".to_owned(),
    }
}

fn output(name: &str, fresh: bool) -> Result<File, String> {
    let path = format!("{OUTPUT}/{name}");
    if fresh {
        let _was_not_there = std::fs::remove_file(&path);
    }
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(&path)
        .map_err(|e| format!("{path}: {e}"))
}

/// A pipe without a reader, or with one (kept by the caller) that never reads. It holds one page, so that it is soon full.
fn pipe_to_nobody(keep_reader: bool) -> Result<(Stdio, Option<PipeReader>), String> {
    let wrong = |e: std::io::Error| format!("pipe: {e}");
    let (reader, writer) = pipe().map_err(wrong)?;
    fcntl(&writer, FcntlArg::F_SETPIPE_SZ(4096)).map_err(|e| wrong(e.into()))?;
    Ok((Stdio::from(writer), keep_reader.then_some(reader)))
}

/// Sets the soft descriptor limit of a running process; the hard one stays, so that it can be given back.
///
/// # Errors
/// What prlimit(1) says.
pub fn limit_descriptors(pid: u32, limit: u64) -> Result<(), String> {
    let (pid, limit) = (pid.to_string(), format!("--nofile={limit}:"));
    let mut prlimit = Command::new("prlimit");
    let done = prlimit.args(["--pid", &pid, &limit]).output();
    let done = done.map_err(|e| format!("prlimit: {e}"))?;
    match done.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&done.stderr).into_owned()),
    }
}

/// The most memory that a running process has ever had resident, in KiB.
///
/// # Errors
/// The process is gone.
pub fn peak_memory_kib(pid: u32) -> Result<u64, String> {
    let path = format!("/proc/{pid}/status");
    let status = std::fs::read_to_string(&path).map_err(|e| format!("{path}: {e}"))?;
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"));
    let figure = line.and_then(|l| l.trim().trim_end_matches(" kB").parse().ok());
    figure.ok_or(format!("{path}: no VmHWM"))
}

fn written(name: &str) -> String {
    let bytes = std::fs::read(format!("{OUTPUT}/{name}")).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_keep_blanks_in_an_argument() {
        assert_eq!(
            words("-cc \"version_atleast(2.6) \" -q"),
            ["-cc", "version_atleast(2.6) ", "-q"]
        );
        assert_eq!(words("-f \"\""), ["-f", ""]);
    }
}
