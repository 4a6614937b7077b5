//! A host that runs one of the programs: started with a configuration, watched by its FIFO, stopped.

use crate::{Bench, Kind, lab};
use golden_tests::clock;
use golden_tests::load::usage::{self, Cpu};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader};
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// How long a start, a takeover or an end may last.
pub(crate) const LIMIT: Duration = Duration::from_secs(20);

/// What a host's FIFO said, with the time of reading.
pub(crate) type Lines = Arc<Mutex<Vec<(Instant, String)>>>;

/// A running program on a host. Killed with all its children when dropped.
pub(crate) struct Node {
    /// Whose program.
    pub(crate) kind: Kind,
    child: Child,
}

/// A host's FIFO, which outlives the programs on it.
pub(crate) struct Fifo {
    /// Where it is.
    pub(crate) path: String,
    /// What came out.
    pub(crate) lines: Lines,
}

impl Fifo {
    /// Makes the FIFO of a host and a thread that reads it.
    ///
    /// # Errors
    /// No FIFO.
    pub(crate) fn make(bench: &Bench, name: &str) -> Result<Self, String> {
        let path = bench.folder.path().join(name);
        nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).map_err(|e| e.to_string())?;
        // Open at both ends: it never comes to its end.
        let file = OpenOptions::new().read(true).write(true).open(&path);
        let file = file.map_err(|e| e.to_string())?;
        let lines = Lines::default();
        let kept = lines.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(file).lines().map_while(Result::ok) {
                if let Ok(mut kept) = kept.lock() {
                    kept.push((clock::now(), line));
                }
            }
        });
        let path = path.to_string_lossy().into_owned();
        Ok(Self { path, lines })
    }

    /// How often the FIFO told this state since then.
    pub(crate) fn count(&self, state: &str, since: Instant) -> usize {
        let lines = self.lines.lock().map(|lines| lines.clone());
        let of_state = |line: &str| line.split(' ').nth(2) == Some(state);
        lines.map_or(0, |lines| {
            let since = lines.iter().filter(|(at, _)| *at >= since);
            since.filter(|(_, line)| of_state(line)).count()
        })
    }
}

impl Node {
    /// Starts a program on a host. Its output goes to a file, or to `output`.
    ///
    /// # Errors
    /// It can't be started.
    pub(crate) fn start(
        bench: &Bench,
        (host, kind): (usize, Kind),
        configuration: &str,
        output: Option<OwnedFd>,
    ) -> Result<Self, String> {
        let name = lab::HOSTS[host].0;
        let file = |suffix: &str| bench.folder.path().join(format!("{name}.{suffix}"));
        fs::write(file("conf"), configuration).map_err(|e| e.to_string())?;
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(file("log"));
        let log: File = log.map_err(|e| e.to_string())?;
        let output = output.map_or(log, File::from);
        let errors = output.try_clone().map_err(|e| e.to_string())?;
        // One that was killed leaves its pid files, and here nobody reaps its children.
        for left in ["pid", "vrrp.pid", "checkers.pid"] {
            let _ = fs::remove_file(file(left));
        }
        let child = Command::new("ip")
            .args(["netns", "exec", name])
            .arg(bench.program(kind))
            .args(["-n", "-l", "-D", "-G", "-f"])
            .arg(file("conf"))
            .arg("-p")
            .arg(file("pid"))
            .arg("-r")
            .arg(file("vrrp.pid"))
            .arg("-c")
            .arg(file("checkers.pid"))
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            .spawn()
            .map_err(|e| format!("ip netns exec: {e}"))?;
        Ok(Self { kind, child })
    }

    /// Asks it to end and waits for that.
    ///
    /// # Errors
    /// It doesn't end.
    pub(crate) fn stop(mut self) -> Result<(), String> {
        self.signal(Signal::SIGTERM);
        let ended = clock::poll_until(LIMIT, || matches!(self.child.try_wait(), Ok(Some(_))));
        ended
            .then_some(())
            .ok_or_else(|| format!("{} did not end after SIGTERM", self.kind.name()))
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        let _ = kill(Pid::from_raw(self.child.id().cast_signed()), signal);
    }

    /// The program and all below it.
    pub(crate) fn processes(&self) -> Vec<u32> {
        let mut found = vec![self.child.id()];
        let mut next = 0;
        while let Some(pid) = found.get(next).copied() {
            next += 1;
            let path = format!("/proc/{pid}/task/{pid}/children");
            let children = fs::read_to_string(path).unwrap_or_default();
            found.extend(
                children
                    .split_whitespace()
                    .filter_map(|c| c.parse::<u32>().ok()),
            );
        }
        found
    }

    /// CPU time so far, of the whole tree.
    pub(crate) fn cpu(&self) -> Duration {
        let of = |pid: &u32| usage::cpu(*pid).unwrap_or_default();
        self.processes()
            .iter()
            .map(of)
            .map(|Cpu { user, system }| user + system)
            .sum()
    }

    /// Proportional memory in MiB, of the whole tree.
    pub(crate) fn pss(&self) -> f64 {
        let of = |pid: &u32| usage::memory(*pid).unwrap_or_default().pss;
        self.processes().iter().map(of).sum::<u64>() as f64 / 1024.0
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        for pid in self.processes() {
            let _ = kill(Pid::from_raw(pid.cast_signed()), Signal::SIGKILL);
        }
        let _ = self.child.wait();
    }
}
