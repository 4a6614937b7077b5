//! Where pid files and log files of the processes are.
//!
//! ```text
//! /run/keepalived.pid  /run/vrrp.pid                              as it comes
//! /run/keepalived/vrrp.pid                                        use_pid_dir, or in a namespace
//! /run/keepalived/vrrp_NAME.pid                                   instance NAME
//! /var/log/daemon_vrrp.log                                        -g /var/log/daemon.log
//! ```

use std::{
    ffi::OsString,
    fs,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

use locum_model::keepalived::Global;

use super::role::Role;
use crate::args::Args;

/// Where pid files are unless they get a directory of their own.
const RUN: &str = "/run";
/// The directory of their own.
pub(super) const PID_DIR: &str = "/run/keepalived";

/// The pid files of all processes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PidPaths {
    /// The directory that is to be made, and to be removed at the end.
    pub directory: Option<PathBuf>,
    /// The parent's.
    pub parent: PathBuf,
    children: [PathBuf; 3],
}

impl PidPaths {
    /// As command line and configuration want them.
    pub(super) fn of(args: &Args, global: &Global, in_namespace: bool) -> Self {
        let own = global.use_pid_dir || global.instance.is_some() || in_namespace;
        let base = Path::new(if own { PID_DIR } else { RUN });
        let suffix = global
            .instance
            .as_deref()
            .map_or(String::new(), |name| format!("_{name}"));
        let default = |name: &str| base.join(format!("{name}{suffix}.pid"));
        Self {
            directory: own.then(|| PID_DIR.into()),
            parent: args
                .pid_files
                .parent
                .clone()
                .unwrap_or_else(|| default("keepalived")),
            children: Role::ALL.map(|role| {
                role.named_pid_file(&args.pid_files)
                    .map_or_else(|| default(role.pid_name()), Path::to_owned)
            }),
        }
    }

    /// A child's.
    pub(super) fn child(&self, role: Role) -> &Path {
        &self.children[role as usize]
    }

    /// All, the parent's first.
    pub(super) fn all(&self) -> impl Iterator<Item = &Path> {
        std::iter::once(self.parent.as_path()).chain(self.children.iter().map(PathBuf::as_path))
    }

    /// Makes the directory; one that can't be made is noticed when a file in it can't.
    pub(super) fn make_directory(&self) {
        if let Some(directory) = &self.directory {
            let _ = fs::DirBuilder::new().mode(0o755).create(directory);
        }
    }

    /// Removes the directory unless another instance has files there.
    pub(super) fn remove_directory(&self) {
        if let Some(directory) = &self.directory {
            let _ = fs::remove_dir(directory);
        }
    }
}

/// The log file of a child: its name is put before the last dot of the file's name.
pub(super) fn log_file(path: &Path, role: Option<Role>) -> PathBuf {
    let Some(role) = role else {
        return path.to_owned();
    };
    let mut name = OsString::from(path.file_stem().unwrap_or_default());
    name.push(role.log_name());
    if let Some(extension) = path.extension() {
        name.push(".");
        name.push(extension);
    }
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pid_files_move_with_instances_and_directories() {
        let mut global = Global::default();
        let mut args = Args::default();
        let paths = PidPaths::of(&args, &global, false);
        assert_eq!(paths.parent, Path::new("/run/keepalived.pid"));
        assert_eq!(paths.child(Role::Checkers), Path::new("/run/checkers.pid"));
        assert_eq!(paths.directory, None);
        global.use_pid_dir = true;
        let paths = PidPaths::of(&args, &global, false);
        assert_eq!(
            paths.child(Role::Vrrp),
            Path::new("/run/keepalived/vrrp.pid")
        );
        global.instance = Some("one".into());
        args.pid_files.bfd = Some("/tmp/b.pid".into());
        let paths = PidPaths::of(&args, &global, false);
        assert_eq!(
            paths.parent,
            Path::new("/run/keepalived/keepalived_one.pid")
        );
        assert_eq!(paths.child(Role::Bfd), Path::new("/tmp/b.pid"));
        assert_eq!(paths.all().count(), 4);
    }

    #[test]
    fn a_log_file_has_the_process_before_its_suffix() {
        let named = |path: &str, role| log_file(Path::new(path), role);
        assert_eq!(named("/var/log/k.log", None), Path::new("/var/log/k.log"));
        assert_eq!(
            named("/var/log/k.a.log", Some(Role::Vrrp)),
            Path::new("/var/log/k.a_vrrp.log")
        );
        assert_eq!(
            named("k", Some(Role::Checkers)),
            Path::new("k_healthcheckers")
        );
    }
}
