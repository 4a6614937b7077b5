//! `keepalived` as a user meets it: command lines with the answers recorded from the reference, and a daemon's life as
//! far as anybody may run it.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test; clippy only knows those that are #[test] themselves"
)]

use std::{
    fs,
    io::Read,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    thread::sleep,
    time::Duration,
};

const LOCUM: &str = env!("CARGO_BIN_EXE_locum");

fn keepalived(words: &[&str]) -> Command {
    let mut command = Command::new(LOCUM);
    command.arg("keepalived").args(words).stdin(Stdio::null());
    command
}

fn output(words: &[&str]) -> Output {
    keepalived(words).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn command_lines_are_answered() {
    for (words, status, stdout, stderr) in [
        (&["-Z"][..], 1, "", "Unknown option -Z\n"),
        (&["--bogus"], 1, "", "Unknown option --bogus\n"),
        (&["--version=3"], 1, "", "Unknown option --version=3\n"),
        (&["--config"], 1, "", "Unknown option --config\n"),
        (&["-f"], 1, "", "Missing parameter for option -f\n"),
        (
            &["--use-file"],
            1,
            "",
            "Missing parameter for option --use-file\n",
        ),
        (&["--pid="], 1, "", "Missing parameter for option --pid\n"),
        (
            &["--signum"],
            1,
            "",
            "Missing parameter for option --signum\n",
        ),
        (&["--signum=STOP"], 0, "15\n", ""),
        (&["--sig", "JSON"], 0, "36\n", ""),
        (&["--signum=STATS_CLEAR", "-Z"], 0, "63\n", ""),
        (&["--signum=TDATA"], 1, "", "Unknown sigfunc TDATA\n"),
        (
            &["-S", "foo", "--signum=RELOAD"],
            0,
            "1\n",
            "Invalid log facility 'foo'\n",
        ),
    ] {
        let output = output(words);
        assert_eq!(output.status.code(), Some(status), "{words:?}");
        assert_eq!(text(&output.stdout), stdout, "{words:?}");
        assert_eq!(text(&output.stderr), stderr, "{words:?}");
    }
}

#[test]
fn version_and_help_go_to_standard_error() {
    let version = output(&["-v"]);
    assert_eq!(version.status.code(), Some(0));
    assert!(version.stdout.is_empty());
    assert!(text(&version.stderr).starts_with("Keepalived v2.2.7"));
    let help = output(&["-nlh", "--bogus"]);
    assert_eq!(help.status.code(), Some(0));
    assert!(text(&help.stderr).starts_with("Usage: keepalived [OPTION...]\n"));
}

#[test]
fn the_example_passes_the_test_and_a_missing_file_does_not() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let file = examples.join("keepalived.conf");
    let tested = output(&["-t", "-i", "a", "-f", file.to_str().unwrap()]);
    let said = text(&tested.stderr);
    // Where the test runs there may be no eth0, which is all that can be said about it.
    let only_interface = said.lines().all(|line| line.contains("interface"));
    assert!(only_interface, "{said}");
    assert!(tested.stdout.is_empty());
    let missing = output(&["-t", "extra", "-f", "/nonexistent/keepalived.conf"]);
    assert_eq!(text(&missing.stdout), "Unexpected argument(s): extra \n");
    assert!(text(&missing.stderr).contains("/nonexistent/keepalived.conf"));
    assert_ne!(missing.status.code(), Some(0));
}

#[test]
fn the_log_of_a_configuration_test_may_be_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bad.conf");
    let log = folder.path().join("log");
    fs::write(&file, "bogus\n").unwrap();
    let option = format!("-t{}", log.display());
    let tested = output(&[&option, "-f", file.to_str().unwrap()]);
    assert_eq!(tested.status.code(), Some(5));
    assert!(tested.stderr.is_empty(), "{}", text(&tested.stderr));
    let said = fs::read_to_string(&log).unwrap();
    assert!(
        said.starts_with("(Line 1) Unknown keyword 'bogus'\n"),
        "{said}"
    );
    let refused = output(&["-t/nonexistent/log", "-f", file.to_str().unwrap()]);
    assert_eq!(refused.status.code(), Some(1));
    assert_eq!(
        text(&refused.stderr),
        "Unable to open config-test log file /nonexistent/log 2 - No such file or directory\n"
    );
}

/// A folder with everything that a daemon writes, and a configuration that gives it nothing to do.
struct Room {
    folder: tempfile::TempDir,
}

impl Room {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("k.conf"), "! nothing\n").unwrap();
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A daemon that logs to a file and stays within the folder.
    fn daemon(&self, more: &[&str]) -> Command {
        let mut command = keepalived(&["-G"]);
        for (option, name) in [
            ("-f", "k.conf"),
            ("-p", "k.pid"),
            ("-r", "v.pid"),
            ("-c", "c.pid"),
            ("-b", "b.pid"),
            ("-g", "k.log"),
        ] {
            command.arg(option).arg(self.path(name));
        }
        command.args(more);
        command
    }

    fn log(&self) -> String {
        fs::read_to_string(self.path("k.log")).unwrap_or_default()
    }

    fn wait_for(&self, what: &str) {
        until(
            || self.log().contains(what),
            || format!("{what}: {}", self.log()),
        );
    }

    fn pid(&self, name: &str) -> String {
        let path = self.path(name);
        until(
            || fs::read_to_string(&path).is_ok_and(|text| text.ends_with('\n')),
            || format!("no {name}: {}", self.log()),
        );
        fs::read_to_string(path).unwrap().trim().to_owned()
    }
}

fn until(mut true_now: impl FnMut() -> bool, why: impl Fn() -> String) {
    for _ in 0..2000 {
        if true_now() {
            return;
        }
        sleep(Duration::from_millis(10));
    }
    panic!("{}", why());
}

fn kill(signal: &str, pid: &str) {
    let status = Command::new("kill").args([signal, pid]).status().unwrap();
    assert!(status.success());
}

/// A process that is killed at the end of the test.
struct Guard(Child);

impl Guard {
    fn pid(&self) -> String {
        self.0.id().to_string()
    }

    fn status(&mut self) -> Option<i32> {
        let mut status = None;
        until(
            || {
                status = self.0.try_wait().unwrap();
                status.is_some()
            },
            || "it doesn't end".into(),
        );
        status.and_then(|status| status.code())
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_daemon_keeps_a_pid_file_reloads_and_takes_it_away_at_the_end() {
    let room = Room::new();
    let mut daemon = Guard(room.daemon(&["-n"]).spawn().unwrap());
    assert_eq!(room.pid("k.pid"), daemon.pid());
    room.wait_for("Warning - keepalived has no configuration to run");
    let second = room.daemon(&["-n"]).output().unwrap();
    assert_eq!(second.status.code(), Some(0));
    room.wait_for("daemon is already running");
    kill("-HUP", &daemon.pid());
    room.wait_for("Reloading ...");
    kill("-TERM", &daemon.pid());
    assert_eq!(daemon.status(), Some(0));
    room.wait_for("Stopped Keepalived v2.2.7");
    assert!(!room.path("k.pid").exists());
}

#[test]
fn leaving_the_terminal_returns_when_the_daemon_runs() {
    let room = Room::new();
    let started = room.daemon(&[]).output().unwrap();
    assert_eq!(started.status.code(), Some(0));
    let pid = room.pid("k.pid");
    kill("-INT", &pid);
    room.wait_for("Stopped Keepalived");
    assert!(!room.path("k.pid").exists());
}

#[test]
fn a_missing_file_ends_a_start_with_6_and_a_pid_file_out_of_reach_with_0() {
    let room = Room::new();
    let missing = room.daemon(&["-n", "-f", "/nonexistent"]).output().unwrap();
    assert_eq!(missing.status.code(), Some(6));
    room.wait_for("Config files missing '/nonexistent'.");
    let unreachable = room.daemon(&["-n", "-p", "/nonexistent/pid"]).output();
    assert_eq!(unreachable.unwrap().status.code(), Some(0));
    room.wait_for("pidfile_write : Cannot open /nonexistent/pid pidfile");
}

#[test]
fn a_child_that_dies_is_started_again_and_ends_with_its_parent() {
    let room = Room::new();
    let mut daemon = Guard(room.daemon(&["-n", "-C", "-B", "--all"]).spawn().unwrap());
    room.wait_for("Startup complete");
    let first = room.pid("c.pid");
    kill("-KILL", &first);
    room.wait_for("Healthcheck child process(");
    room.wait_for("Restart of Healthcheck process delayed 0 seconds to limit respawn rate");
    until(|| room.pid("c.pid") != first, || room.log());
    kill("-TERM", &daemon.pid());
    assert_eq!(daemon.status(), Some(0));
    assert!(!room.path("c.pid").exists());
}

#[test]
fn a_parent_that_is_killed_takes_its_children_along() {
    let room = Room::new();
    let mut daemon = Guard(room.daemon(&["-n", "-C", "-B", "--all"]).spawn().unwrap());
    room.wait_for("Startup complete");
    room.pid("c.pid");
    kill("-KILL", &daemon.pid());
    daemon.status();
    // The last thing that a child does which ends gracefully.
    until(|| !room.path("c.pid").exists(), || room.log());
}

#[test]
fn a_console_that_nobody_reads_stops_nothing() {
    let room = Room::new();
    let mut daemon = room.daemon(&["-n", "-l"]);
    let mut daemon = Guard(daemon.stderr(Stdio::piped()).spawn().unwrap());
    room.wait_for("no configuration to run");
    // Some 100 bytes each time, into a pipe of 64 KiB.
    for turn in 1..=1200 {
        kill("-HUP", &daemon.pid());
        if turn % 100 == 0 {
            let done = || room.log().matches("Reloading ...").count();
            let before = done();
            kill("-HUP", &daemon.pid());
            until(|| done() > before, || "it is stuck".into());
        }
    }
    kill("-TERM", &daemon.pid());
    assert_eq!(daemon.status(), Some(0));
    let mut read = Vec::new();
    daemon
        .0
        .stderr
        .take()
        .unwrap()
        .read_to_end(&mut read)
        .unwrap();
    let console = text(&read);
    assert!(console.contains(": Starting Keepalived"), "{console}");
    assert!(read.len() < 80_000, "{} bytes", read.len());
}
