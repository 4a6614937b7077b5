//! Failover in a pair of nodes, ours and the reference's: rolling swaps, crowds of instances, a log that stalls
//! (docs/performance.md).
//!
//! `FAILOVER_ONLY=swap,crowd,stall`, `FAILOVER_CROWDS=250,1000` (instances), `FAILOVER_SECONDS=20` (each crowd is watched),
//! `FAILOVER_RUNS=3`. Runs itself again in namespaces of its own, so it needs root or user namespaces; and iproute2.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the table is what this program is for"
)]

mod crowd;
mod lab;
mod node;
mod ping;
mod stall;
mod swap;

use golden_tests::subject;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, exit};

/// In the environment of the run inside the namespaces.
const INSIDE: &str = "FAILOVER_INSIDE";

/// The two programs, and what is to be done with them.
struct Bench {
    /// A link named `keepalived` to ours.
    ours: PathBuf,
    /// The reference.
    theirs: PathBuf,
    /// Configurations, logs and FIFOs.
    folder: tempfile::TempDir,
    runs: usize,
}

fn main() {
    let result = match std::env::var_os(INSIDE) {
        Some(_) => all(),
        None => enter(),
    };
    if let Err(problem) = result {
        eprintln!("failover: {problem}");
        exit(1);
    }
}

/// Runs this program again with its own network, mounts and processes.
fn enter() -> Result<(), String> {
    // Built out here, where there is a network.
    let ours = subject::ours()?;
    let program = std::env::current_exe().map_err(|e| e.to_string())?;
    let error = Command::new("unshare")
        .args(["--user", "--map-root-user", "--net", "--mount", "--pid"])
        .args(["--fork", "--mount-proc", "--kill-child"])
        .arg(program)
        .arg("--bench")
        .env(INSIDE, "1")
        .env("LOCUM_BIN", ours.path)
        .exec();
    Err(format!("unshare: {error}"))
}

fn all() -> Result<(), String> {
    let bench = Bench::prepare()?;
    lab::prepare()?;
    let only = std::env::var("FAILOVER_ONLY").ok();
    let has = |name| only.as_deref().is_none_or(|only| only.contains(name));
    if has("swap") {
        swap::run(&bench)?;
    }
    if has("crowd") {
        crowd::run(&bench)?;
    }
    if has("stall") {
        stall::run(&bench)?;
    }
    Ok(())
}

impl Bench {
    fn prepare() -> Result<Self, String> {
        let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
        let ours = folder.path().join("keepalived");
        let binary = subject::ours()?;
        println!("ours: {}", subject::path_and_age(&binary));
        std::os::unix::fs::symlink(binary.path, &ours).map_err(|e| e.to_string())?;
        Ok(Self {
            ours,
            theirs: PathBuf::from("/usr/sbin/keepalived"),
            folder,
            runs: number("FAILOVER_RUNS", 3)?,
        })
    }

    fn program(&self, kind: Kind) -> &PathBuf {
        match kind {
            Kind::Ours => &self.ours,
            Kind::Theirs => &self.theirs,
        }
    }
}

/// Whose program a node runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Ours,
    Theirs,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Kind::Ours => "ours",
            Kind::Theirs => "reference",
        }
    }
}

/// A number from the environment.
fn number(name: &str, otherwise: usize) -> Result<usize, String> {
    match std::env::var(name) {
        Err(_) => Ok(otherwise),
        Ok(text) => text.parse().map_err(|_| format!("{name}: not a number")),
    }
}
