//! The way of a received packet: which instance it is for, whether it is sound, what it changes.

use std::{
    collections::BTreeMap,
    net::IpAddr,
    time::{Duration, Instant},
};

use locum_model::vrrp::{Family, Version};

use super::Engine;
use super::sockets::Opened;
use crate::{
    accept::{Checksum, accept},
    effect::{Effect, Effects, NoticeState, Socket},
    event::{Event, InstanceEvent},
    fsm::{self, BackupChoice, Heard, MasterChoice, State},
    identity::{InstanceId, SocketId},
    input::Received,
    instance::OWNER,
    packet::{
        Advert, HEADER_BYTES, PROTOCOL,
        ah::{AH_BYTES, AH_PROTOCOL},
    },
};

/// Sockets and who listens to them.
#[derive(Debug)]
pub(super) struct Pool {
    /// What they are.
    pub(super) socket: Socket,
    /// Instances by virtual router id; with peers that differ several may have one id.
    pub(super) routers: BTreeMap<u8, Vec<InstanceId>>,
    /// Whether they could be had.
    pub(super) state: Opened,
    /// Ids without an instance that were told of.
    unknown: [u64; 4],
}

impl Pool {
    pub(super) fn new(socket: Socket) -> Self {
        Self {
            socket,
            routers: BTreeMap::new(),
            state: Opened::NotYet,
            unknown: [0; 4],
        }
    }

    /// True the first time.
    fn note_unknown(&mut self, vrid: u8) -> bool {
        let (word, bit) = (&mut self.unknown[usize::from(vrid >> 6)], 1 << (vrid & 63));
        let first = *word & bit == 0;
        *word |= bit;
        first
    }
}

impl Engine {
    /// A packet came in by these sockets.
    pub fn on_packet(
        &mut self,
        now: Instant,
        socket: SocketId,
        received: &Received<'_>,
        out: &mut Effects,
    ) {
        self.retired.clear();
        let Some(Some(pool)) = self.sockets.get_mut(socket.0 as usize) else {
            return;
        };
        let before = if pool.socket.protocol == PROTOCOL {
            0
        } else {
            AH_BYTES
        };
        let Some(vrrp) = received
            .payload
            .get(before..)
            .filter(|vrrp| vrrp.len() >= HEADER_BYTES)
        else {
            out.tell(Event::PacketTooShort {
                v6: pool.socket.family == Family::Inet6,
                length: received.header.len() + received.payload.len(),
            });
            return;
        };
        let vrid = vrrp[1];
        let Some(id) = choose(
            pool,
            vrid,
            |id| self.instances.get(id.0 as usize)?.as_deref(),
            received.source,
        ) else {
            if self.configuration.global.log_unknown_vrids && pool.note_unknown(vrid) {
                let interface = pool.socket.interface;
                out.tell(Event::UnknownRouter {
                    interface: self.name_of(interface),
                    vrid,
                    source: received.source,
                });
            }
            return;
        };
        self.hear(now, id, received, out);
    }

    fn hear(&mut self, now: Instant, id: InstanceId, received: &Received<'_>, out: &mut Effects) {
        let Some(instance) = self.get(id) else {
            return;
        };
        let state = instance.state;
        if matches!(state, State::Init | State::Fault) {
            return;
        }
        let same_master = instance.config.skip_check_adv_addr
            && instance
                .master
                .is_some_and(|(address, _)| address == received.source);
        let (expected, sequence, statistics) = instance.checks();
        match accept(expected, received, sequence, same_master, statistics) {
            Ok((advert, learned)) => {
                if learned.old_checksum {
                    instance.expected.checksum = Checksum::Old;
                    self.tell(id, InstanceEvent::OldChecksum, out);
                }
                let heard = Heard {
                    source: received.source,
                    priority: advert.priority(),
                };
                if heard.priority == 0
                    && let Some(instance) = self.get(id)
                {
                    instance.statistics.priority_zero_received += 1;
                }
                match state {
                    State::Master => self.master_hears(now, id, heard, &advert, out),
                    _ => self.backup_hears(now, id, heard, &advert, out),
                }
            }
            Err(Some(rejection)) => self.tell(id, InstanceEvent::Rejected(rejection), out),
            Err(None) => {}
        }
    }

    fn backup_hears(
        &mut self,
        now: Instant,
        id: InstanceId,
        heard: Heard,
        advert: &Advert<'_>,
        out: &mut Effects,
    ) {
        let Some(instance) = self.get(id) else {
            return;
        };
        let choice = fsm::backup_hears(heard, instance.priority, instance.preempt(now));
        match choice {
            BackupChoice::MasterLeaves => {
                let skew = instance.timing().skew();
                let at = self.wait_begins(now) + skew;
                self.tell(id, InstanceEvent::BackupHeardZero, out);
                self.set_timer(id, at);
            }
            BackupChoice::Discard => {
                let event = InstanceEvent::LowerDiscarded {
                    source: heard.source,
                    theirs: heard.priority,
                };
                self.tell(id, event, out);
            }
            BackupChoice::ObeyAndStartDelay => {
                let delay = instance.config.preempt_delay;
                instance.preempt_at = Some(now + delay);
                self.tell(id, InstanceEvent::PreemptDelayStarted { delay }, out);
                self.obey(now, id, heard, advert, out);
            }
            BackupChoice::Obey => {
                if heard.priority >= instance.priority && instance.preempt_at.take().is_some() {
                    self.tell(id, InstanceEvent::PreemptDelayStopped, out);
                }
                self.obey(now, id, heard, advert, out);
            }
        }
    }

    fn obey(
        &mut self,
        now: Instant,
        id: InstanceId,
        heard: Heard,
        advert: &Advert<'_>,
        out: &mut Effects,
    ) {
        self.learn_interval(id, advert, out);
        if let Some(instance) = self.get(id) {
            instance.master = Some((heard.source, heard.priority));
            instance.wants_master = false;
        }
        self.wait_for_master(now, id);
    }

    /// Version 3: the master's interval holds (RFC 5798 §6.4.2).
    fn learn_interval(&mut self, id: InstanceId, advert: &Advert<'_>, out: &mut Effects) {
        let Some(instance) = self.get(id) else {
            return;
        };
        let theirs = Duration::from_millis(u64::from(advert.interval_hundredths()) * 10);
        let ours = instance.master_interval;
        if instance.config.version == Version::V3 && theirs != ours {
            instance.master_interval = theirs;
            self.tell(
                id,
                InstanceEvent::IntervalLearned {
                    from: ours,
                    to: theirs,
                },
                out,
            );
        }
    }

    fn master_hears(
        &mut self,
        now: Instant,
        id: InstanceId,
        heard: Heard,
        advert: &Advert<'_>,
        out: &mut Effects,
    ) {
        let Some(instance) = self.get(id) else {
            return;
        };
        let (source, theirs) = (heard.source, heard.priority);
        let mut choice = fsm::master_hears(heard, instance.priority, instance.source);
        if theirs == OWNER && instance.priority == OWNER {
            // Two owners: the reference makes ours a mere 254, until the configuration is read again.
            instance.base_priority = OWNER - 1;
            instance.priority = OWNER - 1;
            self.tell(id, InstanceEvent::OwnerConflict, out);
            choice = MasterChoice::GiveWayToPriority;
        }
        let Some(instance) = self.get(id) else {
            return;
        };
        let ours = instance.priority;
        match choice {
            MasterChoice::Answer => {
                self.tell(id, InstanceEvent::MasterHeardZero, out);
                self.advertise(now, id, out);
            }
            MasterChoice::Stand => {
                let answered = !instance.config.lower_prio_no_advert;
                self.tell(
                    id,
                    InstanceEvent::LowerPriority {
                        source,
                        theirs,
                        ours,
                        answered,
                    },
                    out,
                );
                if answered {
                    if self
                        .get(id)
                        .is_some_and(|instance| instance.skip_sequence())
                    {
                        self.tell(id, InstanceEvent::SequenceSynced, out);
                    }
                    self.advertise(now, id, out);
                }
                self.announce_against_lower(now, id, out);
                self.notify(id, NoticeState::MasterRxLowerPri, out);
            }
            MasterChoice::GiveWayToPriority | MasterChoice::GiveWayToAddress => {
                if instance.config.higher_prio_send_advert {
                    self.send_advert(id, out);
                }
                let event = match choice {
                    MasterChoice::GiveWayToAddress => InstanceEvent::SamePriorityHigherAddress {
                        source,
                        priority: theirs,
                    },
                    _ => InstanceEvent::HigherPriority {
                        source,
                        theirs,
                        ours,
                    },
                };
                self.tell(id, event, out);
                self.learn_interval(id, advert, out);
                if let Some(instance) = self.get(id) {
                    instance.master = Some((source, theirs));
                }
                self.give_way(now, id, out);
            }
        }
    }

    /// Gives an instance the sockets it needs, shared with those that need the same ones; closes those that nobody needs.
    pub(super) fn attach(&mut self, id: InstanceId, wanted: Option<Socket>, out: &mut Effects) {
        let Some(instance) = self.instance(id) else {
            return;
        };
        let (had, vrid) = (instance.socket, instance.config.vrid);
        let has = had.and_then(|socket| self.socket(socket));
        if has.is_some() && has == wanted.as_ref() && self.listens(had, vrid, id) {
            return;
        }
        self.detach(id, out);
        let Some(wanted) = wanted else {
            return;
        };
        let found = self
            .sockets
            .iter()
            .position(|pool| pool.as_ref().is_some_and(|pool| pool.socket == wanted));
        let socket = SocketId(found.unwrap_or(self.sockets.len()) as u32);
        if found.is_none() {
            self.sockets.push(Some(Pool::new(wanted)));
            out.push(Effect::OpenSocket(socket));
        }
        if let Some(Some(pool)) = self.sockets.get_mut(socket.0 as usize) {
            pool.routers.entry(vrid).or_default().push(id);
        }
        if let Some(instance) = self.get(id) {
            instance.socket = Some(socket);
        }
    }

    fn listens(&self, socket: Option<SocketId>, vrid: u8, id: InstanceId) -> bool {
        socket
            .and_then(|socket| self.sockets.get(socket.0 as usize)?.as_ref())
            .is_some_and(|pool| pool.routers.get(&vrid).is_some_and(|ids| ids.contains(&id)))
    }

    /// Takes an instance off its sockets.
    pub(super) fn detach(&mut self, id: InstanceId, out: &mut Effects) {
        let Some(instance) = self.get(id) else {
            return;
        };
        let Some(socket) = instance.socket.take() else {
            return;
        };
        instance.last_socket = Some(socket);
        let Some(slot) = self.sockets.get_mut(socket.0 as usize) else {
            return;
        };
        if let Some(pool) = slot {
            pool.routers.retain(|_, ids| {
                ids.retain(|&other| other != id);
                !ids.is_empty()
            });
            if pool.routers.is_empty() {
                *slot = None;
                out.push(Effect::CloseSocket(socket));
            }
        }
    }

    /// The protocol of an instance's packets.
    pub(super) fn protocol_of(ah: bool) -> u8 {
        if ah { AH_PROTOCOL } else { PROTOCOL }
    }
}

/// The instance of a virtual router id; of several the one whose peer sent the packet.
fn choose<'a>(
    pool: &Pool,
    vrid: u8,
    find: impl Fn(InstanceId) -> Option<&'a crate::instance::Instance>,
    source: IpAddr,
) -> Option<InstanceId> {
    let ids = pool.routers.get(&vrid)?;
    if let [only] = ids.as_slice() {
        return Some(*only);
    }
    ids.iter()
        .copied()
        .find(|&id| {
            find(id).is_some_and(|instance| {
                instance
                    .config
                    .unicast_peers
                    .iter()
                    .any(|peer| peer.address == source)
            })
        })
        .or(ids.first().copied())
}
