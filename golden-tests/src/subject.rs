//! The two programs: ours, built by the harness, and the reference, found on the machine.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

/// A program that scenarios run.
#[derive(Debug, Clone)]
pub struct Subject {
    /// `ours` or the reference's version, for messages and for the head of snapshots.
    pub label: String,
    /// The executable.
    pub path: PathBuf,
}

/// Ours: `$LOCUM_BIN`, or `cargo build --bin locum` in the profile and target folder that this test was built in.
///
/// # Errors
/// Says why there is no binary.
pub fn ours() -> Result<Subject, String> {
    let path = match std::env::var_os("LOCUM_BIN") {
        Some(path) => PathBuf::from(path),
        None => build()?,
    };
    let path = path
        .canonicalize()
        .map_err(|e| format!("{}: {e}", path.display()))?;
    Ok(Subject {
        label: "ours".to_owned(),
        path,
    })
}

fn build() -> Result<PathBuf, String> {
    // …/target/<profile>/deps/golden-<hash>
    let exe = std::env::current_exe().map_err(|e| e.to_string())?;
    let profile_folder = exe
        .ancestors()
        .nth(2)
        .ok_or("the test binary does not lie in a target folder; set LOCUM_BIN")?;
    let target = profile_folder
        .parent()
        .ok_or("the test binary does not lie in a target folder; set LOCUM_BIN")?;
    let profile = match profile_folder.file_name().and_then(|n| n.to_str()) {
        Some("debug") | None => "dev",
        Some(other) => other,
    };
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.toml");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args(["build", "--quiet", "--bin", "locum", "--profile", profile])
        .arg("--manifest-path")
        .arg(workspace)
        .arg("--target-dir")
        .arg(target)
        .status()
        .map_err(|e| format!("cargo build --bin locum: {e}"))?;
    if !status.success() {
        return Err(format!("cargo build --bin locum: {status}"));
    }
    Ok(profile_folder.join("locum"))
}

/// HAProxy's reference: `$HAPROXY_REF` or /usr/sbin/haproxy; none when it isn't installed, and never ours, which answers
/// `-v` as the reference does: nothing of ours may become what is expected.
#[must_use]
pub fn reference() -> Option<Subject> {
    let path = installed("HAPROXY_REF", "/usr/sbin/haproxy")?;
    let output = Command::new(&path).arg("-v").output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let version = text.split_whitespace().nth(2)?.to_owned();
    Some(Subject {
        label: format!("HAProxy {version}"),
        path,
    })
}

/// Keepalived's reference: `$KEEPALIVED_REF` or /usr/sbin/keepalived, and as little ours.
#[must_use]
pub fn keepalived_reference() -> Option<Subject> {
    let path = installed("KEEPALIVED_REF", "/usr/sbin/keepalived")?;
    // It says so on stderr: Keepalived v2.2.7 (01/16,2022)
    let output = Command::new(&path).arg("--version").output().ok()?;
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let version = text.split_whitespace().nth(1)?.trim_start_matches('v');
    Some(Subject {
        label: format!("Keepalived {version}"),
        path,
    })
}

fn installed(variable: &str, default: &str) -> Option<PathBuf> {
    let path = std::env::var_os(variable).map_or_else(|| PathBuf::from(default), PathBuf::from);
    let path = path.canonicalize().ok()?;
    (path.file_name()? != "locum").then_some(path)
}

/// `path (built 12 s ago)`, so that nobody tests an old binary unknowingly.
#[must_use]
#[allow(
    clippy::disallowed_methods,
    reason = "the age of a file on the wall clock"
)]
pub fn path_and_age(subject: &Subject) -> String {
    let age = std::fs::metadata(&subject.path)
        .and_then(|m| m.modified())
        .ok()
        .and_then(|t| SystemTime::now().duration_since(t).ok());
    match age {
        Some(age) => format!("{} ({} s old)", subject.path.display(), age.as_secs()),
        None => subject.path.display().to_string(),
    }
}
