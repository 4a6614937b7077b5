//! SIGHUP, and the reloads that a file schedules: the parent reads again, judges what can't change, and tells its
//! children to read for themselves.

use std::{fs, path::PathBuf};

use jiff::Timestamp;
use locum_model::keepalived::Global;
use locum_runtime::{clock, log::level, process::Exit};

use super::{Parent, Phase, reload_time::ReloadTime};
use crate::{
    face::{log::Log, paths::PID_DIR, role::Role},
    load::{Loaded, Process, Status},
    signal,
};

/// What is said when the parent doesn't even ask its children.
const ABANDONED: &str = "Reload abandoned: everything stays as it was";

impl Parent {
    /// Reads the configuration again. `Some`: this is a child that the new configuration needs, at its end.
    pub(super) fn reload(&mut self) -> Option<Exit> {
        if let Some(notifier) = &self.notifier {
            notifier.reloading();
        }
        if self.passes_check() {
            self.log.say("Reloading ...");
            if let Some(loaded) = self.read_again() {
                self.reading.keep();
                self.loaded = loaded;
                self.phase = Phase::Reloading;
                self.family.await_all();
                self.forward(signal::RELOAD, &Role::ALL);
                if let Some(exit) = self.start_children() {
                    return Some(exit);
                }
                self.watch_reload_time();
            }
        }
        if !self.family.awaits() {
            self.complete();
        }
        None
    }

    /// `reload_check_config`: whether the file would pass a configuration test.
    fn passes_check(&self) -> bool {
        let Some(check) = &self.loaded.configuration.global.reload_check_config else {
            return true;
        };
        let tested = self.reading.test();
        if tested.status == Status::Good {
            return true;
        }
        match Log::of_test(check.log_file.as_deref()) {
            Ok(log) if check.log_file.is_some() => {
                for message in &tested.messages {
                    log.say(&message.text);
                }
            }
            _ => {
                for message in &tested.messages {
                    self.log.say(&message.text);
                }
            }
        }
        self.log.say(match &check.log_file {
            Some(file) => format!(
                "New config failed validation, see {} for details",
                file.display()
            ),
            None => "New config failed validation, see above for details".into(),
        });
        false
    }

    /// The configuration as it is now; `None`: the daemon stays as it was, and why was told.
    fn read_again(&self) -> Option<Loaded> {
        if !self.reading.is_there() {
            self.log
                .say(format!("Config files missing '{}'.", self.reading.name()));
            self.log.at(level::ERR, ABANDONED);
            return None;
        }
        let marker = ReloadMarker::set(&self.loaded.configuration.global);
        self.log
            .detail(|| format!("Opening file '{}'.", self.reading.name()));
        self.log
            .say(format!("Configuration file {}", self.reading.name()));
        let loaded = self.reading.read(Process::Parent, &self.log);
        drop(marker);
        if self.changes_what_cannot(&loaded.configuration.global) {
            return None;
        }
        let refusals = loaded.refusals(&self.args.allowed);
        for reason in &refusals {
            self.log.at(level::ERR, reason);
        }
        if !refusals.is_empty() || loaded.status == Status::Missing {
            self.log.at(level::ERR, ABANDONED);
            return None;
        }
        Some(loaded)
    }

    /// Whether the new configuration changes what only a new start can; each such thing is told.
    fn changes_what_cannot(&self, new: &Global) -> bool {
        let old = &self.loaded.configuration.global;
        let named = |name: &Option<String>| self.args.namespace.clone().or(name.clone());
        let changes = [
            (
                named(&old.net_namespace) != named(&new.net_namespace),
                "network namespace",
            ),
            (
                old.net_namespace_ipvs != new.net_namespace_ipvs,
                "IPVS network namespace",
            ),
            (old.instance != new.instance, "instance name"),
            (
                old.tmp_config_directory != new.tmp_config_directory,
                "config_directory",
            ),
            (
                old.firewall.nftables != new.firewall.nftables,
                "nftables table name",
            ),
            (
                old.disable_local_igmp != new.disable_local_igmp,
                "disable_local_igmp",
            ),
        ];
        for (_, what) in changes.iter().filter(|(changed, _)| *changed) {
            self.log.say(format!(
                "Cannot change {what} at a reload - please restart keepalived"
            ));
        }
        changes.iter().any(|(changed, _)| *changed)
    }

    /// Watches the file that `reload_time_file` names now.
    pub(super) fn watch_reload_time(&mut self) {
        let global = &self.loaded.configuration.global;
        let Some(file) = &global.reload_time_file else {
            self.reload_time = None;
            return;
        };
        if self
            .reload_time
            .as_ref()
            .is_some_and(|watched| watched.file() == file)
        {
            return;
        }
        self.reload_time = match ReloadTime::new(file, global.reload_repeat, timestamp(), &self.log)
        {
            Ok(watched) => Some(watched),
            Err(error) => {
                self.log
                    .say(format!("Unable to monitor {}: {error}", file.display()));
                None
            }
        };
    }

    /// A change of the file, or its time has come. `Some`: as of [`Self::reload`].
    pub(super) fn look_at_reload_time(&mut self) -> Option<Exit> {
        let watched = self.reload_time.as_mut()?;
        watched.on_change(timestamp(), &self.log);
        if watched.due().is_none_or(|due| due > timestamp()) {
            return None;
        }
        watched.on_due(timestamp(), &self.log);
        self.reload()
    }
}

/// The calendar time.
pub(super) fn timestamp() -> Timestamp {
    Timestamp::try_from(clock::both().date).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// `reload_file`: a file that is there, empty, as long as the configuration is read.
struct ReloadMarker(Option<PathBuf>);

impl ReloadMarker {
    fn set(global: &Global) -> Self {
        let path = global.reload_file.as_ref().map(|marker| {
            marker.path.clone().unwrap_or_else(|| {
                let own = global.use_pid_dir || global.instance.is_some();
                PathBuf::from(if own { PID_DIR } else { "/run" }).join("keepalived.reload")
            })
        });
        if let Some(path) = &path {
            // Who waits for the file to go finds that it never came: then there is nothing to wait for.
            let _ = fs::File::create(path);
        }
        Self(path)
    }
}

impl Drop for ReloadMarker {
    fn drop(&mut self) {
        if let Some(path) = &self.0 {
            let _ = fs::remove_file(path);
        }
    }
}
