//! The parent's table of children: which live, which wait to be started again, whom it still waits for. No process is
//! touched here, and time is an argument.

use std::time::{Duration, Instant};

use locum_runtime::process::children::Respawn;

use crate::face::role::Role;

/// All children that were ever wanted.
#[derive(Debug, Default)]
pub(super) struct Family {
    members: Vec<Member>,
}

/// A child's place.
#[derive(Debug)]
struct Member {
    role: Role,
    state: State,
    respawn: Respawn,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// It lives.
    Running {
        pid: i32,
        since: Instant,
        /// It hasn't told yet that it is ready.
        awaited: bool,
    },
    /// It has ended and is to be started again then.
    Waiting { until: Instant },
    /// It has ended for good.
    Gone,
}

/// What follows from a child's end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct End {
    /// Which one.
    pub role: Role,
    /// Its successor waits so long; `None`: it is due at once, and nothing is said about it.
    pub wait: Option<Duration>,
}

impl Family {
    /// Whether this child was ever started and hasn't ended for good.
    pub(super) fn has(&self, role: Role) -> bool {
        self.members
            .iter()
            .any(|member| member.role == role && member.state != State::Gone)
    }

    /// A child was started. Its readiness is awaited.
    pub(super) fn on_start(&mut self, role: Role, pid: i32, now: Instant) {
        let state = State::Running {
            pid,
            since: now,
            awaited: true,
        };
        match self.members.iter_mut().find(|member| member.role == role) {
            Some(member) => member.state = state,
            None => self.members.push(Member {
                role,
                state,
                respawn: Respawn::default(),
            }),
        }
    }

    /// A child couldn't be started: tried again later.
    pub(super) fn on_failure(&mut self, role: Role, now: Instant) {
        let until = now + Duration::from_secs(1);
        if let Some(member) = self.members.iter_mut().find(|member| member.role == role) {
            member.state = State::Waiting { until };
        }
    }

    /// A process ended. `None`: it wasn't a child of the table.
    pub(super) fn on_end(&mut self, pid: i32, now: Instant) -> Option<End> {
        let member = self
            .members
            .iter_mut()
            .find(|member| matches!(member.state, State::Running { pid: own, .. } if own == pid))?;
        let State::Running { since, .. } = member.state else {
            return None;
        };
        let wait = member.respawn.on_end(now, since);
        member.state = State::Waiting {
            until: now + wait.unwrap_or_default(),
        };
        Some(End {
            role: member.role,
            wait,
        })
    }

    /// No successor is wanted.
    pub(super) fn give_up(&mut self, role: Role) {
        if let Some(member) = self.members.iter_mut().find(|member| member.role == role) {
            member.state = State::Gone;
        }
    }

    /// The child of that role has told that it is ready. True when that was the last one awaited.
    pub(super) fn on_ready(&mut self, role: Role) -> bool {
        let mut changed = false;
        for member in &mut self.members {
            if member.role == role
                && let State::Running { awaited, .. } = &mut member.state
            {
                changed |= std::mem::replace(awaited, false);
            }
        }
        changed && !self.awaits()
    }

    /// All that live are awaited again (a reload).
    pub(super) fn await_all(&mut self) {
        for member in &mut self.members {
            if let State::Running { awaited, .. } = &mut member.state {
                *awaited = true;
            }
        }
    }

    /// Some child is awaited.
    pub(super) fn awaits(&self) -> bool {
        let awaited =
            |member: &Member| matches!(member.state, State::Running { awaited: true, .. });
        self.members.iter().any(awaited)
    }

    /// Who lives, with its pid, in the order of starting.
    pub(super) fn living(&self) -> impl Iterator<Item = (Role, i32)> {
        self.members.iter().filter_map(|member| match member.state {
            State::Running { pid, .. } => Some((member.role, pid)),
            _ => None,
        })
    }

    /// Who was ever started.
    pub(super) fn roles(&self) -> impl Iterator<Item = Role> {
        self.members.iter().map(|member| member.role)
    }

    /// The child that is due to be started again.
    pub(super) fn due(&self, now: Instant) -> Option<Role> {
        self.members.iter().find_map(|member| match member.state {
            State::Waiting { until } if until <= now => Some(member.role),
            _ => None,
        })
    }

    /// When the next one is due.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.members
            .iter()
            .filter_map(|member| match member.state {
                State::Waiting { until } => Some(until),
                _ => None,
            })
            .min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[allow(clippy::disallowed_methods, reason = "any instant will do")]
    fn start() -> Instant {
        Instant::now()
    }

    #[test]
    fn a_child_that_ends_is_due_again_after_its_wait() {
        let now = start();
        let mut family = Family::default();
        family.on_start(Role::Vrrp, 10, now);
        assert_eq!(family.on_end(11, now), None);
        let end = family.on_end(10, now).unwrap();
        assert_eq!((end.role, end.wait), (Role::Vrrp, Some(Duration::ZERO)));
        assert_eq!(family.due(now), Some(Role::Vrrp));
        family.on_start(Role::Vrrp, 12, now);
        assert_eq!(family.due(now), None);
        let end = family.on_end(12, now).unwrap();
        assert_eq!(end.wait, Some(Duration::from_secs(1)));
        assert_eq!(family.due(now), None);
        assert_eq!(family.deadline(), Some(now + Duration::from_secs(1)));
        assert!(family.has(Role::Vrrp));
        family.give_up(Role::Vrrp);
        assert!(!family.has(Role::Vrrp));
        assert_eq!(family.deadline(), None);
    }

    #[test]
    fn the_start_is_complete_when_the_last_child_is_ready() {
        let now = start();
        let mut family = Family::default();
        family.on_start(Role::Vrrp, 10, now);
        family.on_start(Role::Bfd, 11, now);
        assert!(!family.on_ready(Role::Bfd));
        assert!(family.awaits());
        assert!(family.on_ready(Role::Vrrp));
        assert!(!family.on_ready(Role::Vrrp), "it said so before");
        family.await_all();
        assert!(!family.on_ready(Role::Vrrp));
        assert!(family.on_ready(Role::Bfd));
        let living: Vec<_> = family.living().collect();
        assert_eq!(living, [(Role::Vrrp, 10), (Role::Bfd, 11)]);
    }
}
