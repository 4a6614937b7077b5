//! The end: children are told, waited for, forced; what the daemon made is removed.

use std::{fs, os::fd::AsFd, path::Path, time::Instant};

use locum_runtime::{
    clock,
    process::{Exit, children, namespace},
};
use nix::{
    poll::{PollFd, PollFlags, poll},
    sys::resource::{UsageWho, getrusage},
};

use super::{
    LOG_PAUSE, Parent, shorter,
    start::{restore_core_pattern, run_script},
    until,
};
use crate::{face::paths::PID_DIR, signal, version};

impl Parent {
    /// Stops the children and ends with this status.
    pub(super) fn stop(mut self, status: u8) -> Exit {
        if let Some(notifier) = &self.notifier {
            notifier.stopping();
        }
        for (_, pid) in self.family.living() {
            children::signal(pid, signal::STOP);
        }
        let patience = self.loaded.configuration.global.child_wait_time;
        self.wait_for_children(clock::now() + patience);
        for (role, pid) in self.family.living() {
            self.log.say(format!(
                "{} process failed to die - forcing termination",
                role.short_name()
            ));
            children::signal(pid, nix::libc::SIGKILL);
        }
        for role in self.family.roles() {
            // One that was killed couldn't remove it.
            let _ = fs::remove_file(self.paths.child(role));
        }
        let global = &self.loaded.configuration.global;
        if let Some(script) = &global.shutdown_script {
            run_script(
                "shutdown",
                script,
                global.shutdown_script_timeout,
                &self.log,
            );
        }
        let _ = fs::remove_file(&self.paths.parent);
        match &self.namespace {
            Some(name) => namespace::remove_overlay(Path::new(PID_DIR), name),
            None => self.paths.remove_directory(),
        }
        restore_core_pattern(self.core_pattern.as_deref());
        self.log.detail(usage);
        self.log.say(format!("Stopped {}", version::NAME));
        // Who started a daemon that never served learns it from the status.
        Exit::Status(status)
    }

    fn wait_for_children(&mut self, deadline: Instant) {
        loop {
            while let Some((pid, _)) = children::reap() {
                if let Some(end) = self.family.on_end(pid, clock::now()) {
                    self.family.give_up(end.role);
                }
            }
            if self.family.living().next().is_none() || clock::now() >= deadline {
                return;
            }
            let mut ready = [PollFd::new(self.signals.as_fd(), PollFlags::POLLIN)];
            let mut timeout = until(deadline);
            self.log.catch_up();
            if self.log.is_behind() {
                timeout = shorter(timeout, LOG_PAUSE);
            }
            let _ = poll(&mut ready, timeout);
            // A second SIGTERM changes nothing.
            while let Ok(Some(_)) = self.signals.take() {}
        }
    }
}

/// `CPU usage (self/children) user: 0.000000/0.003726 system: 0.010361/0.000000`
pub(super) fn usage() -> String {
    let seconds =
        |time: nix::sys::time::TimeVal| format!("{}.{:06}", time.tv_sec(), time.tv_usec());
    let (Ok(own), Ok(children)) = (
        getrusage(UsageWho::RUSAGE_SELF),
        getrusage(UsageWho::RUSAGE_CHILDREN),
    ) else {
        return "CPU usage unknown".into();
    };
    format!(
        "CPU usage (self/children) user: {}/{} system: {}/{}",
        seconds(own.user_time()),
        seconds(children.user_time()),
        seconds(own.system_time()),
        seconds(children.system_time())
    )
}
