//! Sockets that can't be had: whoever needs them is in fault, for it would not hear who is master.

use std::time::{Duration, Instant};

use super::{Engine, TimerKey};
use crate::{
    effect::{Effect, Effects},
    event::{FaultReason, InstanceEvent},
    identity::{InstanceId, SocketId},
    input::Opening,
};

/// How soon sockets that couldn't be had are tried again: an IPv6 address that is still being checked for duplicates is
/// usable a second later.
const AGAIN: Duration = Duration::from_secs(1);

/// What became of sockets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Opened {
    /// The driver has not tried.
    NotYet,
    /// They stand.
    Stand,
    /// They couldn't be had; it is tried again.
    Failed,
}

impl Engine {
    /// What became of sockets that an effect wanted.
    pub fn on_socket(&mut self, now: Instant, id: SocketId, opening: Opening, out: &mut Effects) {
        let Some(Some(pool)) = self.sockets.get_mut(id.0 as usize) else {
            return;
        };
        pool.state = match opening {
            Opening::Done => Opened::Stand,
            Opening::SourceMissing | Opening::Refused => Opened::Failed,
        };
        let failed = pool.state == Opened::Failed;
        let users: Vec<InstanceId> = self.users(id).map(|instance| instance.id).collect();
        for id in users {
            if failed {
                self.loses_sockets(now, id, opening, out);
            } else {
                self.has_sockets(now, id, out);
            }
        }
        if failed {
            let Self {
                timers,
                sockets_again,
                ..
            } = self;
            timers.set(sockets_again, TimerKey::Sockets, now + AGAIN);
        }
    }

    fn loses_sockets(&mut self, now: Instant, id: InstanceId, opening: Opening, out: &mut Effects) {
        let Some(instance) = self.get(id).filter(|instance| !instance.mute) else {
            return;
        };
        instance.mute = true;
        let reason = match opening {
            Opening::SourceMissing => FaultReason::SourceMissing,
            _ => FaultReason::NoSocket,
        };
        let told = instance.sourceless && reason == FaultReason::SourceMissing;
        if !told {
            self.tell(id, InstanceEvent::FaultReason(reason), out);
        }
        self.fault_begins(now, id, out);
    }

    /// An instance whose sockets stand, its own or those it now shares, is no longer in fault for the lack of them.
    pub(super) fn has_sockets(&mut self, now: Instant, id: InstanceId, out: &mut Effects) {
        let stand = |engine: &Self| {
            let socket = engine.instance(id)?.socket?;
            let pool = engine.sockets.get(socket.0 as usize)?.as_ref()?;
            Some(pool.state == Opened::Stand)
        };
        if stand(self) != Some(true) {
            return;
        }
        if let Some(instance) = self.get(id).filter(|instance| instance.mute) {
            instance.mute = false;
            self.fault_ends(now, id, out);
        }
    }

    /// Tries those that couldn't be had again.
    pub(super) fn open_again(&mut self, now: Instant, out: &mut Effects) {
        let mut any = false;
        for (at, pool) in self.sockets.iter().enumerate() {
            if pool
                .as_ref()
                .is_some_and(|pool| pool.state == Opened::Failed)
            {
                out.push(Effect::OpenSocket(SocketId(at as u32)));
                any = true;
            }
        }
        // A driver that says nothing is asked again all the same.
        if any {
            let Self {
                timers,
                sockets_again,
                ..
            } = self;
            timers.set(sockets_again, TimerKey::Sockets, now + AGAIN);
        }
    }
}
