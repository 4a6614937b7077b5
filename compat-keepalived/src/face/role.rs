//! The children of the daemon: what they are called where.

use locum_model::keepalived::{ChildProcess, Global};

use crate::{
    args::{PidFiles, Selection},
    load::{Present, Process},
};

/// A child, in the order in which they are started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Health checks and the virtual servers.
    Checkers,
    /// VRRP instances.
    Vrrp,
    /// BFD sessions.
    Bfd,
}

impl Role {
    /// All, in the order in which they are started.
    pub(super) const ALL: [Role; 3] = [Role::Checkers, Role::Vrrp, Role::Bfd];

    /// As the parent's messages call it: `Starting VRRP child process`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Checkers => "Healthcheck",
            Self::Vrrp => "VRRP",
            Self::Bfd => "BFD",
        }
    }

    /// As the parent calls it when it doesn't end.
    pub(super) fn short_name(self) -> &'static str {
        match self {
            Self::Checkers => "checker",
            Self::Vrrp => "vrrp",
            Self::Bfd => "bfd",
        }
    }

    /// The identity of its log lines.
    pub(super) fn ident(self) -> &'static str {
        match self {
            Self::Checkers => "Keepalived_healthcheckers",
            Self::Vrrp => "Keepalived_vrrp",
            Self::Bfd => "Keepalived_bfd",
        }
    }

    /// The beginning of its pid file's name.
    pub(super) fn pid_name(self) -> &'static str {
        match self {
            Self::Checkers => "checkers",
            Self::Vrrp => "vrrp",
            Self::Bfd => "bfd",
        }
    }

    /// What is put into the name of its log file.
    pub(super) fn log_name(self) -> &'static str {
        match self {
            Self::Checkers => "_healthcheckers",
            Self::Vrrp => "_vrrp",
            Self::Bfd => "_bfd",
        }
    }

    /// How the configuration wants it scheduled and called.
    pub(super) fn settings(self, global: &Global) -> &ChildProcess {
        match self {
            Self::Checkers => &global.checker_process,
            Self::Vrrp => &global.vrrp_process,
            Self::Bfd => &global.bfd_process,
        }
    }

    /// Whose reading of the configuration is its.
    pub(super) fn reading(self) -> Process {
        match self {
            Self::Checkers => Process::Checkers,
            Self::Vrrp => Process::Vrrp,
            Self::Bfd => Process::Bfd,
        }
    }

    /// The pid file that the command line names for it.
    pub(super) fn named_pid_file(self, named: &PidFiles) -> Option<&std::path::Path> {
        match self {
            Self::Checkers => named.checkers.as_deref(),
            Self::Vrrp => named.vrrp.as_deref(),
            Self::Bfd => named.bfd.as_deref(),
        }
    }

    /// Whether it is to run: `-P` and `-C` alone keep the other one out, and without `--all` so does having nothing to do.
    pub(super) fn is_wanted(self, selection: &Selection, present: &Present) -> bool {
        let (allowed, configured) = match self {
            Self::Checkers => (selection.check || !selection.vrrp, present.checkers),
            Self::Vrrp => (selection.vrrp || !selection.check, present.vrrp),
            Self::Bfd => (!selection.no_bfd, present.bfd),
        };
        allowed && (configured || selection.all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(selection: Selection, present: Present) -> Vec<Role> {
        Role::ALL
            .into_iter()
            .filter(|role| role.is_wanted(&selection, &present))
            .collect()
    }

    #[test]
    fn a_child_runs_when_it_is_allowed_and_has_something_to_do() {
        let all = Present {
            checkers: true,
            vrrp: true,
            bfd: true,
        };
        let none = Present::default();
        let selection = Selection::default();
        assert_eq!(wanted(selection, all), Role::ALL);
        assert_eq!(wanted(selection, none), []);
        let vrrp = Selection {
            vrrp: true,
            ..selection
        };
        assert_eq!(wanted(vrrp, all), [Role::Vrrp, Role::Bfd]);
        let check = Selection {
            check: true,
            no_bfd: true,
            ..selection
        };
        assert_eq!(wanted(check, all), [Role::Checkers]);
        let both = Selection {
            vrrp: true,
            check: true,
            all: true,
            ..selection
        };
        assert_eq!(wanted(both, none), Role::ALL);
    }
}
