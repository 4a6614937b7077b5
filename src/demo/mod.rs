//! `locum demo`: an embedded configuration in front of three origins inside the process.

use std::{ffi::OsString, io::Write};

use locum_runtime::process::Exit;

/// Serves until it is interrupted.
pub fn run(_words: &[OsString]) -> Exit {
    let _ = writeln!(std::io::stderr(), "locum demo: soon");
    Exit::Status(1)
}
