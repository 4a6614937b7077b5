//! Runs a test again in a user and a network namespace of its own, where it is root and the network is empty.

use std::{
    io::Write,
    process::{Command, Stdio},
};

const INSIDE: &str = "LOCUM_KERNEL_TEST_INSIDE";

/// Whether this is the process in the namespace. In the other one it runs the test of this name (module path and
/// function) inside, fails with it, and gives `false`.
///
/// Where namespaces can't be made, the test is not run: stderr says so, past the harness' capture.
pub(crate) fn inside(test: &str) -> bool {
    if std::env::var_os(INSIDE).is_some() {
        return true;
    }
    let unshare = |command: &mut Command| {
        command
            .args(["--user", "--map-root-user", "--net", "--mount", "--"])
            .stdin(Stdio::null());
    };
    let mut trial = Command::new("unshare");
    unshare(&mut trial);
    let can = trial.args(["ip", "link", "set", "lo", "up"]).output();
    if !can.as_ref().is_ok_and(|output| output.status.success()) {
        let mut stderr = std::io::stderr().lock();
        let _ = writeln!(stderr, "!!! NOT RUN: {test}: no namespaces here: {can:?}");
        return false;
    }
    let mut command = Command::new("unshare");
    unshare(&mut command);
    let this = std::env::current_exe().expect("this program's path");
    let output = command
        .arg(this)
        .args([test, "--exact", "--nocapture", "--test-threads=1"])
        .env(INSIDE, "1")
        .output()
        .expect("unshare runs");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && text.contains("1 passed"),
        "{text}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    false
}

/// Runs `ip` with these words and gives its output.
pub(crate) fn ip(words: &str) -> String {
    run("ip", words)
}

/// Runs a program with these words and gives its output.
pub(crate) fn run(program: &str, words: &str) -> String {
    let output = Command::new(program)
        .args(words.split_whitespace())
        .output()
        .expect("the program runs");
    assert!(
        output.status.success(),
        "{program} {words}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Another network namespace, with a name, beside the one of the test.
pub(crate) struct Host {
    name: String,
}

impl Host {
    /// Makes it; /run becomes a folder of this test's own.
    pub(crate) fn new(name: &str) -> Self {
        run("mount", "-t tmpfs tmpfs /run");
        ip(&format!("netns add {name}"));
        Self {
            name: name.to_owned(),
        }
    }

    /// Runs a program with its words in it.
    pub(crate) fn run(&self, words: &str) -> String {
        ip(&format!("netns exec {} {words}", self.name))
    }

    /// Calls something in it, on a thread; sockets that are opened there stay there.
    pub(crate) fn inside<T: Send>(&self, call: impl FnOnce() -> T + Send) -> T {
        let path = format!("/run/netns/{}", self.name);
        std::thread::scope(|scope| {
            let thread = scope.spawn(|| {
                let namespace = std::fs::File::open(path).expect("the namespace");
                nix::sched::setns(namespace, nix::sched::CloneFlags::CLONE_NEWNET)
                    .expect("entered");
                call()
            });
            thread.join().expect("the call")
        })
    }
}

/// Waits until it is true, and no longer than five seconds: the kernel tells of carriers with a delay.
pub(crate) fn until(mut check: impl FnMut() -> bool) {
    for _ in 0..500 {
        if check() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("it didn't become true within five seconds");
}

/// The index of an interface.
pub(crate) fn index(interface: &str) -> u32 {
    nix::net::if_::if_nametoindex(interface).expect("the interface")
}

/// Two interfaces with a wire between them, up, with IPv6 addresses that need no duplicate detection.
pub(crate) fn wire() -> (u32, u32) {
    ip("link add va address 02:00:00:00:00:01 type veth peer name vb address 02:00:00:00:00:02");
    for (interface, last) in [("va", 1), ("vb", 2)] {
        ip(&format!("link set {interface} addrgenmode none"));
        ip(&format!("link set {interface} up"));
        ip(&format!("addr add 192.0.2.{last}/24 dev {interface}"));
        ip(&format!("addr add fe80::{last}/64 dev {interface} nodad"));
    }
    (index("va"), index("vb"))
}
