//! A proxy under load: started on its processors, known to listen, looked at and stopped.

use crate::clock;
use crate::load::cores::{Cores, pin};
use crate::subject::Subject;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A running proxy; it is killed when this is dropped.
pub struct Proxy {
    child: Child,
    cli: PathBuf,
    errors: PathBuf,
}

impl Proxy {
    /// Starts `program` with `arguments` on the subject's processors and waits until it listens on `port`.
    /// Its files (`NAME.cli`, `NAME.err`) lie in `folder`; the configuration is expected to name `NAME.cli`.
    ///
    /// # Errors
    /// It ends, or doesn't listen, with what it said.
    pub fn start(
        program: &Path,
        arguments: &[&str],
        (folder, name): (&Path, &str),
        port: u16,
        cores: &Cores,
    ) -> Result<Self, String> {
        let errors = folder.join(format!("{name}.err"));
        let file = File::create(&errors).map_err(|e| format!("{}: {e}", errors.display()))?;
        let out = file.try_clone().map_err(|e| e.to_string())?;
        // Affinity is inherited: the caller lends its own for a moment.
        pin(&cores.subject)?;
        let child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(file)
            .spawn();
        pin(&cores.load)?;
        let mut proxy = Self {
            child: child.map_err(|e| format!("{}: {e}", program.display()))?,
            cli: folder.join(format!("{name}.cli")),
            errors,
        };
        let mut ended = false;
        let listens = clock::poll_until(Duration::from_secs(20), || {
            ended = proxy.has_ended();
            ended || listens(proxy.pid(), port)
        });
        if ended || !listens {
            let state = if ended { "ended" } else { "does not listen" };
            return Err(format!(
                "{} {}: {state}\n{}",
                program.display(),
                arguments.join(" "),
                proxy.said()
            ));
        }
        Ok(proxy)
    }

    /// Its process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Whether it has ended.
    pub fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        if let Ok(pid) = i32::try_from(self.pid()) {
            let _already_gone = kill(Pid::from_raw(pid), signal);
        }
    }

    /// What it wrote to stdout and stderr.
    #[must_use]
    pub fn said(&self) -> String {
        fs::read_to_string(&self.errors).unwrap_or_default()
    }

    /// The answer to a command on its stats socket; none when it has no such socket.
    #[must_use]
    pub fn ask(&self, command: &str) -> Option<String> {
        let mut stream = UnixStream::connect(&self.cli).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(2))).ok()?;
        stream.write_all(format!("{command}\n").as_bytes()).ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        Some(answer)
    }

    /// Log lines that it could not send: `DroppedLogs` of `show info`.
    #[must_use]
    pub fn dropped_logs(&self) -> Option<u64> {
        let info = self.ask("show info")?;
        let line = info.lines().find_map(|l| l.strip_prefix("DroppedLogs:"))?;
        line.trim().parse().ok()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _already_gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// A symlink `haproxy` to the subject in a folder of its own, as users swap it in. It leads to a copy: else PSS would
/// depend on how many others run the same file.
///
/// # Errors
/// It can't be made.
pub fn link(subject: &Subject, folder: &Path) -> Result<PathBuf, String> {
    let name: String = subject
        .label
        .chars()
        .filter(|c| c.is_ascii_alphanumeric())
        .collect();
    let link = folder.join(name).join("haproxy");
    let copy = link.with_file_name("program");
    let parent = link.parent().unwrap_or(folder);
    fs::create_dir_all(parent)
        .and_then(|()| fs::copy(&subject.path, &copy))
        .and_then(|_| symlink(&copy, &link))
        .map_err(|e| format!("{}: {e}", link.display()))?;
    Ok(link)
}

/// Whether a process has a listening TCP socket on this port.
#[must_use]
pub fn listens(pid: u32, port: u16) -> bool {
    const LISTEN: &str = "0A";
    let wanted = format!(":{port:04X}");
    let Ok(table) = File::open("/proc/net/tcp") else {
        return false;
    };
    // Listening sockets come first: the tens of thousands behind them, waiting out their time, need not be printed.
    let inodes: Vec<String> = BufReader::new(table)
        .lines()
        .skip(1)
        .map_while(Result::ok)
        .map(|line| {
            line.split_whitespace()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        })
        .take_while(|fields| fields.get(3).is_some_and(|state| state == LISTEN))
        .filter(|fields| fields[1].ends_with(&wanted))
        .filter_map(|fields| Some(format!("socket:[{}]", fields.get(9)?)))
        .collect();
    let Ok(descriptors) = fs::read_dir(format!("/proc/{pid}/fd")) else {
        return false;
    };
    descriptors
        .filter_map(Result::ok)
        .filter_map(|d| fs::read_link(d.path()).ok())
        .any(|target| {
            inodes
                .iter()
                .any(|inode| target.as_os_str() == inode.as_str())
        })
}

/// A port that is free now and isn't one that the kernel gives to outgoing connections.
///
/// # Errors
/// There is none.
pub fn free_port() -> Result<u16, String> {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let (low, high) = (10_000, 32_000);
    for _ in low..high {
        let step = NEXT.fetch_add(1, Ordering::Relaxed);
        let at = low + (std::process::id() * 97 + step) % (high - low);
        let port = u16::try_from(at).map_err(|e| e.to_string())?;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return Ok(port);
        }
    }
    Err("no free port".to_owned())
}
