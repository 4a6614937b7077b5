//! A host: a thread in network, mount and host-name namespaces of its own, which does there what it is told.
//!
//! Sockets and processes that the thread makes belong to its host. /run, /tmp and /dev are the host's own, too.

use crate::clock;
use crate::holder::{OTHER, PROGRAM, WORKDIR, private_dev, tmpfs};
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

type Task = Box<dyn FnOnce() + Send>;

/// A running host thread.
pub struct Host {
    /// The letter.
    pub name: char,
    tasks: Sender<Task>,
    /// The thread's id: names its namespaces in /proc.
    pub thread: i32,
    /// What /proc/…/ns/net of its processes shows.
    pub net: String,
}

impl Host {
    /// Starts the thread and makes its namespaces; the scenario's `files` lie in its working directory.
    ///
    /// # Errors
    /// The machine gives no namespaces.
    pub fn start(name: char, files: &[(String, Vec<u8>)]) -> Result<Self, String> {
        let (tasks, inbox) = channel::<Task>();
        let (ready, started) = channel();
        let files = files.to_vec();
        std::thread::spawn(move || {
            let done = enter(name).and_then(|()| {
                files
                    .iter()
                    .try_for_each(|(path, bytes)| write(path, bytes, None))
            });
            let net = std::fs::read_link("/proc/thread-self/ns/net").unwrap_or_default();
            let own = nix::unistd::gettid().as_raw();
            let _the_player_is_gone = ready.send((done, own, net.to_string_lossy().into_owned()));
            for task in inbox {
                task();
            }
        });
        let (done, thread, net) = started.recv().map_err(|e| e.to_string())?;
        done.map_err(|e| format!("host {name}: {e}"))?;
        Ok(Self {
            name,
            tasks,
            thread,
            net,
        })
    }

    /// Does something on the host and waits for its result.
    ///
    /// # Errors
    /// What the task says, with the host's name.
    pub fn run<T: Send + 'static>(
        &self,
        task: impl FnOnce() -> Result<T, String> + Send + 'static,
    ) -> Result<T, String> {
        let (send, receive) = channel();
        let task: Task = Box::new(move || {
            let _nobody_waits = send.send(task());
        });
        self.tasks.send(task).map_err(|e| e.to_string())?;
        let result = receive.recv().map_err(|e| e.to_string())?;
        result.map_err(|e| format!("host {}: {e}", self.name))
    }

    /// ip(8) with these lines, at one go.
    ///
    /// # Errors
    /// What it says.
    pub fn ip(&self, lines: &[String]) -> Result<(), String> {
        let text = lines.join("\n") + "\n";
        self.run(move || ip_batch(&text))
    }

    /// Waits until every interface that is up has a carrier and its addresses are no longer tentative; one whose other end is down never will: then not for long.
    ///
    /// # Errors
    /// There is no shell.
    pub fn wait_for_carrier(&self) -> Result<(), String> {
        let mut outcome = Ok(());
        clock::poll_until(Duration::from_secs(2), || {
            // The kernel tells a carrier with a delay.
            let down = "ip -o link show up | grep -Eq 'state (DOWN|LOWERLAYERDOWN)' \
                || ip -o addr show tentative | grep -q .";
            match self.sh(down) {
                Ok((is_down, _)) => !is_down,
                Err(e) => {
                    outcome = Err(e);
                    true
                }
            }
        });
        outcome
    }

    /// A shell command's output and whether it went well.
    ///
    /// # Errors
    /// There is no shell.
    pub fn sh(&self, script: &str) -> Result<(bool, String), String> {
        let script = script.to_owned();
        self.run(move || {
            let done = Command::new("/bin/sh")
                .args(["-c", &script])
                .env_clear()
                .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
                .env("LANG", "C")
                .stdin(Stdio::null())
                .output()
                .map_err(|e| format!("sh: {e}"))?;
            let mut text = String::from_utf8_lossy(&done.stdout).into_owned();
            text.push_str(&String::from_utf8_lossy(&done.stderr));
            Ok((done.status.success(), text))
        })
    }

    /// Every living process in the host's network namespace, without the harness.
    #[must_use]
    pub fn processes(&self) -> Vec<i32> {
        let mut found = crate::process::others();
        found.retain(|pid| {
            std::fs::read_link(format!("/proc/{pid}/ns/net"))
                // Of a process that is just ending nothing can be read any more.
                .map_or(true, |net| net.to_string_lossy() == self.net)
        });
        found
    }
}

fn enter(name: char) -> Result<(), String> {
    let spaces = CloneFlags::CLONE_NEWNET | CloneFlags::CLONE_NEWNS | CloneFlags::CLONE_NEWUTS;
    unshare(spaces).map_err(|e| format!("this machine gives no namespaces: {e}"))?;
    nix::unistd::sethostname(format!("host-{name}")).map_err(|e| format!("host name: {e}"))?;
    let nothing: Option<&str> = None;
    let wrong = |what: &'static str| move |e: nix::Error| format!("{what}: {e}");
    mount(
        nothing,
        "/",
        nothing,
        MsFlags::MS_REC | MsFlags::MS_PRIVATE,
        nothing,
    )
    .map_err(wrong("private mounts"))?;
    // A /run of its own that keeps the program under test and the folder of outputs.
    let make = |path: &str| std::fs::create_dir_all(path).map_err(|e| format!("{path}: {e}"));
    make("/run/new")?;
    tmpfs("/run/new")?;
    make("/run/new/golden")?;
    mount(
        Some("/run/golden"),
        "/run/new/golden",
        nothing,
        MsFlags::MS_BIND | MsFlags::MS_REC,
        nothing,
    )
    .map_err(wrong("/run/golden"))?;
    mount(Some("/run/new"), "/run", nothing, MsFlags::MS_MOVE, nothing).map_err(wrong("/run"))?;
    std::fs::set_permissions("/run", PermissionsExt::from_mode(0o755))
        .map_err(|e| e.to_string())?;
    if name != 'a' && Path::new(OTHER).exists() {
        mount(Some(OTHER), PROGRAM, nothing, MsFlags::MS_BIND, nothing)
            .map_err(wrong("the other program"))?;
    }
    tmpfs("/tmp")?;
    private_dev()?;
    make(WORKDIR)?;
    std::env::set_current_dir(WORKDIR).map_err(|e| e.to_string())?;
    // A burst of log lines waits in the socket's queue, as it does on machines with systemd. Only root may say so; else
    // the queue has 10.
    let _not_ours_to_say = std::fs::write("/proc/sys/net/unix/max_dgram_qlen", "512");
    for scope in ["all", "default"] {
        // Addresses are there at once, without a search for duplicates.
        let path = format!("/proc/sys/net/ipv6/conf/{scope}/accept_dad");
        std::fs::write(&path, "0").map_err(|e| format!("{path}: {e}"))?;
        // A new namespace may take these from the machine's.
        for name in [
            "rp_filter",
            "arp_ignore",
            "arp_filter",
            "arp_announce",
            "accept_local",
        ] {
            let path = format!("/proc/sys/net/ipv4/conf/{scope}/{name}");
            std::fs::write(&path, "0").map_err(|e| format!("{path}: {e}"))?;
        }
    }
    ip_batch("link set lo up\n")
}

/// One ip(8) for many lines.
///
/// # Errors
/// What it says.
pub fn ip_batch(text: &str) -> Result<(), String> {
    use std::io::Write;
    let mut ip = Command::new("ip")
        .args(["-batch", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|e| format!("ip: {e}"))?;
    if let Some(mut stdin) = ip.stdin.take() {
        stdin
            .write_all(text.as_bytes())
            .map_err(|e| format!("ip: {e}"))?;
    }
    let done = ip.wait_with_output().map_err(|e| format!("ip: {e}"))?;
    match done.status.success() {
        true => Ok(()),
        false => Err(format!(
            "ip: {}: {text}",
            String::from_utf8_lossy(&done.stderr).trim()
        )),
    }
}

/// Writes a file below the working directory; programs become executable. A regular file is replaced by a new one, as
/// an editor does; what else is there is written into.
///
/// # Errors
/// Names the file.
pub fn write(path: &str, bytes: &[u8], mode: Option<u32>) -> Result<(), String> {
    let path = Path::new(WORKDIR).join(path);
    let wrong = |e: std::io::Error| format!("{}: {e}", path.display());
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(wrong)?;
    }
    if path.exists() && (!path.is_file() || path.starts_with("/proc")) {
        return std::fs::write(&path, bytes).map_err(wrong);
    }
    let default = if bytes.starts_with(b"#!") {
        0o755
    } else {
        0o644
    };
    let new = path.with_extension("golden-new");
    std::fs::write(&new, bytes).map_err(wrong)?;
    std::fs::set_permissions(&new, PermissionsExt::from_mode(mode.unwrap_or(default)))
        .map_err(wrong)?;
    std::fs::rename(&new, &path).map_err(wrong)
}
