//! The program behind `keepalived`: from the command line to the end of the process.
//!
//! ```text
//! args ─ Outcome ─────────────────────────────▶ a text, a status
//!   ├ -t ─▶ testing: reads as every process does ▶ messages, a status
//!   └ parent: reads, [leaves the terminal], pid file, startup_script
//!       ├─ fork ▶ child: Healthcheck │ each reads the file for itself, has its own log identity, pid file,
//!       ├─ fork ▶ child: VRRP        │ scheduling and event loop; dies gracefully with the parent
//!       ├─ fork ▶ child: BFD         │
//!       └ waits for signals and children: forwards, reloads, respawns, stops
//! ```
//! The parent has one thread and no event loop, so that it can fork at any time.

mod child;
mod copy;
mod dumping;
mod log;
mod parent;
mod paths;
mod reading;
mod role;
mod testing;

use std::{ffi::OsString, io::Write};

use locum_runtime::process::{self, Exit, signals};

use crate::{
    args::{self, Outcome, Parsed},
    signal, version,
};

/// Runs the face with its command line (`argv[0]` included) and tells how the process is to end.
pub fn run(argv: &[OsString]) -> Exit {
    // Before any thread: signals wait until somebody looks for them.
    let steered = signals::block_all(signal::STEERING);
    if steered.is_err() {
        return Exit::Status(1);
    }
    let _ = process::set_name("keepalived");
    let Parsed { said, outcome } = args::parse(argv.get(1..).unwrap_or_default());
    let mut err = std::io::stderr();
    // A reader that has gone takes nothing from the status, here and below.
    let _ = err.write_all(said.as_bytes());
    match outcome {
        Outcome::Version => {
            let _ = err.write_all(version::text().as_bytes());
            Exit::Status(0)
        }
        Outcome::Help => {
            let name = argv.first().map(|name| name.to_string_lossy());
            let name = name.as_deref().unwrap_or("keepalived");
            let _ = write!(err, "Usage: {name} {}", args::USAGE);
            Exit::Status(0)
        }
        Outcome::Signal(number) => {
            let _ = writeln!(std::io::stdout(), "{number}");
            Exit::Status(0)
        }
        Outcome::Genhash => {
            let _ = writeln!(err, "genhash is not part of this program");
            Exit::Status(1)
        }
        Outcome::Wrong => Exit::Status(1),
        Outcome::Run(args) => {
            if let Some(complaint) = args.complaint() {
                let _ = std::io::stdout().write_all(complaint.as_bytes());
            }
            match &args.config_test {
                Some(file) => testing::run(&args, file.as_deref()),
                None => parent::run(*args, argv),
            }
        }
    }
}
