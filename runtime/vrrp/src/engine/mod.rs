//! All instances, groups and trackers together: inputs in, effects out, no IO and no clock.
//!
//! Work per input is bounded by whom it concerns: an advert touches one instance, a timer the one it belongs to, a tracker
//! those that watch it.

mod announce;
mod lines;
mod links;
mod packets;
mod reload;
mod sockets;
mod start;
mod tracking;
mod transition;

#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, HashMap},
    net::IpAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use locum_model::keepalived::Configuration;

use self::{announce::Announcements, links::Link, packets::Pool};
use crate::{
    device::Devices,
    effect::{Effect, Effects, Notice, NoticeState, Socket, Subject},
    event::{Event, GroupEvent, InstanceEvent},
    fsm::State,
    group::Group,
    identity::{Block, GroupId, InstanceId, LineId, Name, SocketId},
    input::Interface,
    instance::{Instance, Outgoing},
    statistics::Statistics,
    timers::{Alarm, Ring, Timers},
    track::{Key, Tracker},
};

/// A wake-up this late is told of.
const LATE: Duration = Duration::from_secs(1);

/// Everything that VRRP is at run time.
#[derive(Debug)]
pub struct Engine {
    configuration: Arc<Configuration>,
    instances: Vec<Option<Box<Instance>>>,
    /// In the order of the configuration.
    order: Vec<InstanceId>,
    /// Instances that the last input removed: their last adverts may still have to be sent.
    retired: Vec<Instance>,
    groups: Vec<Option<Group>>,
    group_order: Vec<GroupId>,
    links: BTreeMap<u32, Link>,
    /// Macvlans and ipvlans of instances, as they are called.
    devices: Devices,
    sockets: Vec<Option<Pool>>,
    trackers: BTreeMap<Key, Tracker>,
    /// Whose address it is, as an interface has it.
    owners: HashMap<(u32, IpAddr), LineId>,
    announcements: Announcements,
    timers: Timers<TimerKey>,
    /// When sockets that couldn't be had are tried again.
    sockets_again: Alarm,
    /// `vrrp_startup_delay`: no wait for a master begins earlier.
    waits_from: Option<Instant>,
    started: bool,
    stopped: bool,
}

/// Whose timer it is; timers of one time run in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum TimerKey {
    /// Sockets that couldn't be had are tried again.
    Sockets,
    /// A debounced interface.
    Link(u32),
    /// An instance's advert or its master's being down.
    Instance(InstanceId),
    /// The second set of announcements.
    AnnounceAgain(InstanceId),
    /// The second set after a lower priority.
    AnnounceLower(InstanceId),
    /// Announcements on other interfaces.
    AnnounceExtra(InstanceId),
    /// Spaced announcements.
    Spacing(u32),
}

impl Engine {
    /// An engine for a configuration. Tell it all interfaces with [`on_interface`](Self::on_interface) and
    /// [`on_address`](Self::on_address), then [`start`](Self::start) it.
    pub fn new(configuration: Arc<Configuration>) -> Self {
        Self {
            announcements: Announcements::new(&configuration),
            configuration,
            instances: Vec::new(),
            order: Vec::new(),
            retired: Vec::new(),
            groups: Vec::new(),
            group_order: Vec::new(),
            links: BTreeMap::new(),
            devices: Devices::default(),
            sockets: Vec::new(),
            trackers: BTreeMap::new(),
            owners: HashMap::new(),
            timers: Timers::default(),
            sockets_again: Alarm::default(),
            waits_from: None,
            started: false,
            stopped: false,
        }
    }

    /// When [`on_timer`](Self::on_timer) wants to be called; at times a little early, never late.
    pub fn deadline(&self) -> Option<Instant> {
        self.timers.earliest().map(|(at, _)| at)
    }

    /// The driver woke up: call it before anything else. Tells when timers were long due, as after a stall.
    pub fn on_wake(&mut self, now: Instant, out: &mut Effects) {
        let late = |at: Instant| now.checked_duration_since(at).filter(|late| *late >= LATE);
        if self.deadline().and_then(late).is_none() {
            return;
        }
        self.settle_heap();
        if let Some(late) = self.deadline().and_then(late) {
            out.tell(Event::TimerLate(late));
        }
    }

    /// Moves entries on whose alarms were put off, until the earliest is one that goes off.
    fn settle_heap(&mut self) {
        let Self {
            instances,
            timers,
            links,
            announcements,
            sockets_again,
            ..
        } = self;
        while let Some(entry) = timers.earliest() {
            let alarm = alarm_of(instances, links, announcements, sockets_again, entry.1);
            if alarm.as_ref().is_some_and(|alarm| alarm.is_at(entry.0)) {
                return;
            }
            timers.take(entry.0);
            if let Some(alarm) = alarm {
                timers.ring(alarm, entry, entry.0);
            }
        }
    }

    /// Runs what is due. Hand over all packets that wait first.
    pub fn on_timer(&mut self, now: Instant, out: &mut Effects) {
        self.retired.clear();
        while let Some(entry) = self.timers.take(now) {
            self.ring(entry, now, out);
        }
    }

    fn ring(&mut self, entry: (Instant, TimerKey), now: Instant, out: &mut Effects) {
        let Self {
            instances,
            timers,
            links,
            announcements,
            sockets_again,
            ..
        } = self;
        let key = entry.1;
        let Some(alarm) = alarm_of(instances, links, announcements, sockets_again, key) else {
            return;
        };
        if timers.ring(alarm, entry, now) == Ring::NotYet {
            return;
        }
        match key {
            TimerKey::Sockets => self.open_again(now, out),
            TimerKey::Link(index) => self.debounced(now, index, out),
            TimerKey::Instance(id) => self.timer_of(now, id, out),
            TimerKey::AnnounceAgain(id) => self.announce_again(now, id, out),
            TimerKey::AnnounceLower(id) => self.announce_lower_again(now, id, out),
            TimerKey::AnnounceExtra(id) => self.announce_extra(now, id, out),
            TimerKey::Spacing(spacing) => self.announce_queued(now, spacing, out),
        }
    }

    /// An instance.
    pub fn instance(&self, id: InstanceId) -> Option<&Instance> {
        self.instances.get(id.0 as usize)?.as_deref()
    }

    /// All instances, in the order of the configuration.
    pub fn instances(&self) -> impl Iterator<Item = &Instance> {
        self.order.iter().filter_map(|&id| self.instance(id))
    }

    /// All groups, in the order of the configuration.
    pub fn groups(&self) -> impl Iterator<Item = &Group> {
        self.group_order
            .iter()
            .filter_map(|id| self.groups.get(id.0 as usize)?.as_ref())
    }

    /// All interfaces that were told, with their addresses.
    pub fn interfaces(&self) -> impl Iterator<Item = (&Interface, &[IpAddr])> {
        self.links
            .values()
            .map(|link| (&link.facts, link.addresses.as_slice()))
    }

    /// Who watches an interface, with which weight and whether reversed.
    pub fn interface_watchers(&self, interface: &str) -> Vec<(Name, i32, bool)> {
        let key = Key {
            kind: crate::track::Kind::Interface,
            name: Arc::from(interface),
        };
        let watches = self
            .trackers
            .get(&key)
            .map(|tracker| tracker.watches.as_slice());
        watches
            .unwrap_or_default()
            .iter()
            .filter_map(|watch| {
                let instance = self.instance(watch.instance)?;
                Some((
                    instance.name.clone(),
                    watch.weight.value,
                    watch.weight.reverse,
                ))
            })
            .collect()
    }

    /// The configuration in force.
    pub fn configuration(&self) -> &Arc<Configuration> {
        &self.configuration
    }

    /// What an effect's sockets are; `None`: they are closed.
    pub fn socket(&self, id: SocketId) -> Option<&Socket> {
        self.sockets
            .get(id.0 as usize)?
            .as_ref()
            .map(|pool| &pool.socket)
    }

    /// Who sends by sockets.
    pub fn users(&self, id: SocketId) -> impl Iterator<Item = &Instance> {
        self.instances()
            .filter(move |instance| instance.socket == Some(id))
    }

    /// Gives the packets that an effect wants sent, and the sockets to send them by: carry it out before the next input.
    pub fn adverts(
        &mut self,
        id: InstanceId,
        priority: u8,
        mut send: impl FnMut(Option<SocketId>, Outgoing<'_>),
    ) {
        let running = self
            .instances
            .get_mut(id.0 as usize)
            .and_then(Option::as_deref_mut);
        let Some(instance) =
            running.or_else(|| self.retired.iter_mut().find(|instance| instance.id == id))
        else {
            return;
        };
        let socket = instance.socket.or(instance.last_socket);
        instance.adverts(priority, |outgoing| send(socket, outgoing));
    }

    /// Sets all counters to zero.
    pub fn clear_statistics(&mut self) {
        for instance in self.instances.iter_mut().flatten() {
            instance.statistics = Statistics::default();
        }
    }

    /// The interface's name, or a number in its place.
    fn name_of(&self, interface: u32) -> Name {
        match self.links.get(&interface) {
            Some(link) => link.name.clone(),
            None => Arc::from(interface.to_string()),
        }
    }

    fn get(&mut self, id: InstanceId) -> Option<&mut Instance> {
        self.instances.get_mut(id.0 as usize)?.as_deref_mut()
    }

    fn group(&mut self, id: GroupId) -> Option<&mut Group> {
        self.groups.get_mut(id.0 as usize)?.as_mut()
    }

    fn tell(&self, id: InstanceId, event: InstanceEvent, out: &mut Effects) {
        if let Some(instance) = self.instance(id) {
            out.tell(Event::Instance {
                id,
                name: instance.name.clone(),
                event,
            });
        }
    }

    fn tell_group(&self, id: GroupId, event: GroupEvent, out: &mut Effects) {
        if let Some(Some(group)) = self.groups.get(id.0 as usize) {
            out.tell(Event::Group {
                id,
                name: group.name.clone(),
                event,
            });
        }
    }

    fn notify(&self, id: InstanceId, state: NoticeState, out: &mut Effects) {
        if let Some(instance) = self.instance(id) {
            out.push(Effect::Notify(Notice {
                subject: Subject::Instance(id),
                name: instance.name.clone(),
                state,
                priority: instance.priority,
            }));
        }
    }

    fn notify_group(&self, id: GroupId, state: NoticeState, out: &mut Effects) {
        if let Some(Some(group)) = self.groups.get(id.0 as usize) {
            out.push(Effect::Notify(Notice {
                subject: Subject::Group(id),
                name: group.name.clone(),
                state,
                priority: 0,
            }));
        }
    }

    /// From when a wait for a master counts: after a delayed start, not before it.
    fn wait_begins(&self, now: Instant) -> Instant {
        self.waits_from.map_or(now, |from| from.max(now))
    }

    /// What a reload leaves as it is: groups, and instances that aren't master (observed: the reference leaves those out).
    pub fn standing(&self) -> Vec<Notice> {
        let groups = self.groups().map(|group| Notice {
            subject: Subject::Group(group.id),
            name: group.name.clone(),
            state: noticed(group.state),
            priority: 0,
        });
        let instances = self.instances().filter(|one| one.state != State::Master);
        let instances = instances.map(|instance| Notice {
            subject: Subject::Instance(instance.id),
            name: instance.name.clone(),
            state: noticed(instance.state),
            priority: instance.priority,
        });
        groups.chain(instances).collect()
    }

    /// Sets an instance's own timer.
    fn set_timer(&mut self, id: InstanceId, at: Instant) {
        if let Some(Some(instance)) = self.instances.get_mut(id.0 as usize) {
            self.timers
                .set(&mut instance.timer, TimerKey::Instance(id), at);
        }
    }
}

/// A state as notifications call it.
fn noticed(state: State) -> NoticeState {
    match state {
        State::Master => NoticeState::Master,
        State::Backup => NoticeState::Backup,
        _ => NoticeState::Fault,
    }
}

/// The alarm of a key, if its owner still exists.
fn alarm_of<'a>(
    instances: &'a mut [Option<Box<Instance>>],
    links: &'a mut BTreeMap<u32, Link>,
    announcements: &'a mut Announcements,
    sockets_again: &'a mut Alarm,
    key: TimerKey,
) -> Option<&'a mut Alarm> {
    let (TimerKey::Instance(id)
    | TimerKey::AnnounceAgain(id)
    | TimerKey::AnnounceLower(id)
    | TimerKey::AnnounceExtra(id)) = key
    else {
        return match key {
            TimerKey::Link(index) => links.get_mut(&index).map(|link| &mut link.debounce),
            TimerKey::Spacing(spacing) => announcements.alarm(spacing),
            TimerKey::Sockets => Some(sockets_again),
            _ => None,
        };
    };
    let instance = instances.get_mut(id.0 as usize)?.as_deref_mut()?;
    Some(match key {
        TimerKey::AnnounceAgain(_) => &mut instance.announce_again.alarm,
        TimerKey::AnnounceLower(_) => &mut instance.announce_lower.alarm,
        TimerKey::AnnounceExtra(_) => &mut instance.extra,
        _ => &mut instance.timer,
    })
}

/// The blocks whose lines are addresses.
fn holds_addresses(block: Block) -> bool {
    matches!(block, Block::Addresses | Block::ExcludedAddresses)
}
