//! Keepalived's face. Its language and its VRRP runtime are not there yet: the face says so and refuses.

pub mod bfd;
pub mod block;
pub mod check;
pub mod draft;
pub mod event;
pub mod line;
pub mod load;
pub mod message;
pub mod row;

use std::{ffi::OsString, io::Write};

use locum_runtime::process::Exit;

/// Runs the face: refuses, since failing over without addresses being watched would be worse than not starting.
pub fn run(_argv: &[OsString]) -> Exit {
    let _ = writeln!(
        std::io::stderr(),
        "keepalived: this version of Locum doesn't run keepalived.conf yet; keep the original binary for it"
    );
    Exit::Status(1)
}
