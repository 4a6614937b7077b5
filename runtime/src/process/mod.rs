//! How a daemon lives as processes: start, privileges, signals, master and workers, hand-over of listeners.
//!
//! ```text
//! one process                                            with a master (-W)
//! ───────────                                            ──────────────────
//! face: block signals, load, check, read all by path      master: block signals, [daemonise], read the files
//!   │                                                       │  memfd + channel + old listeners
//! start::run                                                ├────▶ worker (exec): Inherited::from_environment,
//!   ├ limits::raise        "can't raise" ends here          │        load, check, start::run as on the left,
//!   ├ Service::bind        SIGTTOU/SIGTTIN to the old       │        with `daemon` off
//!   ├ pid file opened                                       ◀──── ToMaster::serving(listeners)
//!   ├ fork (-D) ──────── parent waits ──────────┐           │ SIGUSR1 to the old worker, READY=1
//!   ├ chroot, setgroups, setgid, setuid,        │           │
//!   │ no_new_privs                              │           └ SIGUSR2/SIGHUP: the same again; a worker that ends
//!   ├ Service::serve: threads, event loops      │             before it serves leaves the old one in place
//!   │   └ Running::serving ─────── one byte ───▶│
//!   │                                           ├ writes the pid, SIGUSR1/SIGTERM to the old, exit 0
//!   └ Exit: a status, or death by a signal
//! ```
//!
//! Whatever can fail does so before the parent ends, before READY=1 and before old processes are signalled. No event
//! loop exists before [`Service::serve`], so none crosses a fork.
//!
//! A soft stop ([`Control::SoftStop`]) belongs to the serving runtime: it closes (or with `grace` keeps for a while)
//! the listeners, lets streams end, and ends the process when the last one has; `hard_stop_after` cuts that short.
//! [`Control::ReleasePorts`] disconnects listening sockets (`locum_kernel::disconnect`) without closing them, and
//! [`Control::ResumePorts`] listens on them again.
//!
//! ```no_run
//! use locum_runtime::process::{self, *};
//! # struct Face; struct Listeners;
//! impl Service for Face {
//!     type Bound = Listeners;
//!     type BindError = String;
//!     fn bind(&mut self, _: &limits::Limits) -> Result<Listeners, BindFailure<String>> { Ok(Listeners) }
//!     fn bind_failed(&mut self, error: String) { /* "cannot bind socket ..." */ }
//!     fn trouble(&mut self, trouble: &Trouble, fatal: bool) { /* words for it */ }
//!     fn serve(self, bound: Listeners, running: Running) -> Exit {
//!         let (events, control) = std::sync::mpsc::channel();
//!         let _ = signals::listen(move |event| { let _ = events.send(event); });
//!         // ... start worker threads, each with its event loop, and once they accept:
//!         let _ = running.serving();
//!         loop {
//!             match control.recv() {
//!                 Ok(Control::SoftStop) => return Exit::Status(0), // after the last stream
//!                 Ok(Control::HardStop) => return Exit::Signal(Signal::SIGTERM),
//!                 Ok(Control::Interrupt) => return Exit::Signal(Signal::SIGINT),
//!                 _ => {}
//!             }
//!         }
//!     }
//! }
//! signals::block().expect("no other thread");
//! process::run(Start { daemon: true, ..Start::default() }, Face).leave()
//! ```

pub mod children;
pub mod console;
pub mod daemonise;
pub mod handover;
pub mod inherited;
pub mod limits;
pub mod master;
pub mod memory;
pub mod namespace;
pub mod notify;
pub mod pidfile;
pub mod ports;
pub mod predecessors;
pub mod privileges;
pub mod scheduling;
pub mod signals;
pub mod start;

pub use inherited::{Inherited, ToMaster};
pub use locum_kernel::{readable::Readable, signal_queue};
pub use master::{Master, MasterEvent, Supervision, supervise};
pub use nix::sys::signal::Signal;
pub use predecessors::{BindFailure, Predecessors};
pub use privileges::Privileges;
pub use signals::Control;
pub use start::{Running, Service, Start, Trouble, pid, run};

/// The path that was executed, whatever `argv[0]` says.
pub fn executed_path() -> Option<std::path::PathBuf> {
    locum_kernel::executed::path()
}

/// Sets (`Some`) and removes (`None`) environment variables, in order. Called with one thread; a name or value that no
/// variable can have is left out.
pub fn change_environment(changes: &[(String, Option<String>)]) -> std::io::Result<()> {
    for (name, value) in changes {
        let changed = match value {
            Some(value) => locum_kernel::environment::set(name.as_ref(), value.as_ref()),
            None => locum_kernel::environment::remove(name.as_ref()),
        };
        match changed {
            Err(error) if error.kind() != std::io::ErrorKind::InvalidInput => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// Names the process as the tools show it (`pidof`, `killall`, the kernel's messages): the face, whatever file was
/// executed. Called with one thread. At most 15 bytes are kept.
pub fn set_name(name: &str) -> std::io::Result<()> {
    let name = std::ffi::CString::new(name).map_err(std::io::Error::other)?;
    Ok(nix::sys::prctl::set_name(&name)?)
}

/// How a process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// With a status.
    Status(u8),
    /// By the default action of a signal: who waits for the process sees the signal.
    Signal(Signal),
}

impl Exit {
    /// Ends the process.
    pub fn leave(self) -> ! {
        match self {
            Self::Status(status) => std::process::exit(i32::from(status)),
            Self::Signal(signal) => locum_kernel::die::die_by(signal),
        }
    }
}
