//! Giving up privileges: chroot, supplementary groups, group, user, no new privileges — in this order.
//!
//! Names are looked up by [`Privileges::prepare`], while the system's files can still be read.

use std::path::PathBuf;

use locum_model::process::{Principal, Process};
use nix::{
    errno::Errno,
    sys::{
        prctl,
        resource::{Resource, setrlimit},
    },
    unistd::{Gid, Group, Uid, User, chdir, chroot, setgid, setgroups, setuid},
};

/// What the process becomes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Privileges {
    /// The jail.
    pub chroot: Option<PathBuf>,
    /// The group.
    pub gid: Option<u32>,
    /// The user.
    pub uid: Option<u32>,
    /// Core dumps stay possible.
    pub dumpable: bool,
    /// Other programs may be started (otherwise no process can be created any more).
    pub may_fork: bool,
    /// Programs started may gain privileges by their set-user-id bit.
    pub may_gain: bool,
}

/// What went wrong on the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PrivilegeError {
    /// No such user.
    UnknownUser(String),
    /// No such group.
    UnknownGroup(String),
    /// The jail can't be entered.
    Chroot(PathBuf, Errno),
    /// The supplementary groups can't be given up. The reference goes on with a warning when it isn't root.
    Groups(Errno),
    /// The group can't be taken.
    Gid(u32, Errno),
    /// The user can't be taken.
    Uid(u32, Errno),
    /// Dumps can't be allowed.
    Dumpable(Errno),
}

impl Privileges {
    /// Looks the names up.
    pub fn prepare(process: &Process) -> Result<Self, PrivilegeError> {
        let uid = process.user.as_ref().map(user_id).transpose()?;
        let gid = process.group.as_ref().map(group_id).transpose()?;
        Ok(Self {
            chroot: process.chroot.clone(),
            gid,
            uid,
            dumpable: process.set_dumpable.unwrap_or(false),
            may_fork: process.insecure_fork.unwrap_or(false),
            may_gain: process.insecure_setuid.unwrap_or(false),
        })
    }

    /// Whether the process will be another user than now, and may then be unable to signal its predecessors.
    pub fn changes_user(&self) -> bool {
        self.uid
            .is_some_and(|uid| uid != 0 && uid != Uid::effective().as_raw())
    }

    /// Gives everything up. On an error some of it is done already: the process must end.
    pub fn apply(&self) -> Result<(), PrivilegeError> {
        self.enter_chroot()?;
        self.take_group()?;
        self.take_user()?;
        if self.dumpable {
            // Changing the user made the process undumpable.
            prctl::set_dumpable(true).map_err(PrivilegeError::Dumpable)?;
        }
        if !self.may_gain {
            // Old kernels lack it; the reference doesn't mind either.
            let _ = prctl::set_no_new_privs();
        }
        Ok(())
    }

    /// Forbids new processes, once all threads run: Linux counts a user's threads against this limit too, and only
    /// *creating* one is refused. It says nothing to root.
    pub fn forbid_processes(&self) {
        if !self.may_fork && !Uid::effective().is_root() {
            let _ = setrlimit(Resource::RLIMIT_NPROC, 0, 0);
        }
    }

    fn enter_chroot(&self) -> Result<(), PrivilegeError> {
        let Some(jail) = &self.chroot else {
            return Ok(());
        };
        chroot(jail)
            .and_then(|()| chdir("/"))
            .map_err(|errno| PrivilegeError::Chroot(jail.clone(), errno))
    }

    fn take_group(&self) -> Result<(), PrivilegeError> {
        // Without a group or user asked for, or where nothing could be given up, the groups stay as they are.
        if (self.uid.is_some() || self.gid.is_some()) && Uid::effective().is_root() {
            setgroups(&[]).map_err(PrivilegeError::Groups)?;
        }
        match self.gid {
            Some(gid) => {
                setgid(Gid::from_raw(gid)).map_err(|errno| PrivilegeError::Gid(gid, errno))
            }
            None => Ok(()),
        }
    }

    fn take_user(&self) -> Result<(), PrivilegeError> {
        match self.uid {
            Some(uid) => {
                setuid(Uid::from_raw(uid)).map_err(|errno| PrivilegeError::Uid(uid, errno))
            }
            None => Ok(()),
        }
    }
}

/// The number of a user.
pub fn user_id(user: &Principal) -> Result<u32, PrivilegeError> {
    match user {
        Principal::Id(id) => Ok(*id),
        Principal::Name(name) => match User::from_name(name) {
            Ok(Some(user)) => Ok(user.uid.as_raw()),
            _ => Err(PrivilegeError::UnknownUser(name.clone())),
        },
    }
}

/// The number of a group.
pub fn group_id(group: &Principal) -> Result<u32, PrivilegeError> {
    match group {
        Principal::Id(id) => Ok(*id),
        Principal::Name(name) => match Group::from_name(name) {
            Ok(Some(group)) => Ok(group.gid.as_raw()),
            _ => Err(PrivilegeError::UnknownGroup(name.clone())),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_looked_up_and_unknown_ones_are_named_in_the_error() {
        let mut process = Process {
            user: Some(Principal::Name("root".into())),
            group: Some(Principal::Id(7)),
            ..Process::default()
        };
        let prepared = Privileges::prepare(&process).expect("root exists");
        assert_eq!((prepared.uid, prepared.gid), (Some(0), Some(7)));
        process.user = Some(Principal::Name("no-such-user-here".into()));
        assert_eq!(
            Privileges::prepare(&process),
            Err(PrivilegeError::UnknownUser("no-such-user-here".into()))
        );
    }
}
