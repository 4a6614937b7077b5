//! Gratuitous ARPs and unsolicited neighbour advertisements: how many, when, and how far apart.
//!
//! A new master announces each address some times at once, and again after a delay; so does one that heard a lower priority.
//! Where a link wants them spaced, what comes too early is queued: the queue gives one at a time.

use std::{
    collections::VecDeque,
    net::IpAddr,
    time::{Duration, Instant},
};

use locum_model::{keepalived::Configuration, vrrp::Family};

use super::{Engine, TimerKey};
use crate::{
    effect::{Effect, Effects},
    event::{Event, InstanceEvent},
    fsm::State,
    identity::InstanceId,
    instance::{Instance, Later},
    timers::Alarm,
};

/// Second sets that may be pending for an instance; adverts beyond add none.
const MAX_PENDING: usize = 32;

/// The spacings of links, and what waits for its turn.
#[derive(Debug, Default)]
pub(super) struct Announcements {
    spacings: Vec<Spacing>,
    /// By interface name: the spacing it shares.
    named: Vec<(String, usize)>,
    /// What holds for all others: an interface gets a spacing of its own when it is first used.
    arp: Duration,
    na: Duration,
    own: Vec<(u32, usize)>,
}

/// Links that are spaced together.
#[derive(Debug, Default)]
struct Spacing {
    arp: Duration,
    na: Duration,
    next_arp: Option<Instant>,
    next_na: Option<Instant>,
    queue: VecDeque<Queued>,
    alarm: Alarm,
}

/// An announcement of an address that waits.
#[derive(Debug, Clone, Copy)]
struct Queued {
    instance: InstanceId,
    /// Its place among the instance's addresses: the queue keeps the order of the configuration.
    place: usize,
    interface: u32,
    address: IpAddr,
}

impl Announcements {
    pub(super) fn new(configuration: &Configuration) -> Self {
        let global = &configuration.global;
        let mut made = Self {
            arp: global.vrrp_garp_interval,
            na: global.vrrp_gna_interval,
            ..Self::default()
        };
        for group in &configuration.garp_groups {
            let at = made.spacings.len();
            made.spacings.push(Spacing {
                arp: group.garp_interval.unwrap_or(made.arp),
                na: group.gna_interval.unwrap_or(made.na),
                ..Spacing::default()
            });
            made.named
                .extend(group.interfaces.iter().map(|name| (name.value.clone(), at)));
        }
        made
    }

    pub(super) fn alarm(&mut self, spacing: u32) -> Option<&mut Alarm> {
        self.spacings
            .get_mut(spacing as usize)
            .map(|spacing| &mut spacing.alarm)
    }

    /// The spacing of an interface; `None`: nothing is spaced there.
    fn of(&mut self, interface: u32, name: &str) -> Option<usize> {
        if let Some((_, at)) = self.named.iter().find(|(named, _)| named == name) {
            return Some(*at);
        }
        if self.arp.is_zero() && self.na.is_zero() {
            return None;
        }
        if let Some((_, at)) = self.own.iter().find(|(index, _)| *index == interface) {
            return Some(*at);
        }
        self.spacings.push(Spacing {
            arp: self.arp,
            na: self.na,
            ..Spacing::default()
        });
        self.own.push((interface, self.spacings.len() - 1));
        Some(self.spacings.len() - 1)
    }
}

impl Spacing {
    /// Whether one may leave now; if so, the next has to wait.
    fn admits(&mut self, now: Instant, address: IpAddr) -> bool {
        let (interval, next) = match Family::of(address) {
            Family::Inet => (self.arp, &mut self.next_arp),
            Family::Inet6 => (self.na, &mut self.next_na),
        };
        if interval.is_zero() {
            return true;
        }
        if next.is_some_and(|next| now < next) {
            return false;
        }
        *next = Some(now + interval);
        true
    }

    /// An address waits once, however often it was to be announced: the last of many isn't late for the repeats of the
    /// first (observed).
    fn enqueue(&mut self, queued: Queued) {
        let is_it = |q: &Queued| q.interface == queued.interface && q.address == queued.address;
        if !self.queue.iter().any(is_it) {
            let before = |q: &Queued| (q.instance, q.place) <= (queued.instance, queued.place);
            let at = self.queue.partition_point(before);
            self.queue.insert(at, queued);
        }
    }

    /// When the first of the queue may leave.
    fn due(&self) -> Option<Instant> {
        match Family::of(self.queue.front()?.address) {
            Family::Inet => self.next_arp,
            Family::Inet6 => self.next_na,
        }
    }
}

impl Engine {
    /// The sets of a new master.
    pub(super) fn announce_as_new_master(
        &mut self,
        now: Instant,
        id: InstanceId,
        out: &mut Effects,
    ) {
        let Some(instance) = self.get(id) else {
            return;
        };
        let garp = instance.config.garp;
        instance.refresh_at = (!garp.master_refresh.is_zero()).then_some(now + garp.master_refresh);
        self.announce(now, id, garp.master_repeat, out);
        if !garp.master_delay.is_zero() {
            self.later(id, now + garp.master_delay, TimerKey::AnnounceAgain, |i| {
                &mut i.announce_again
            });
        }
        if !garp.extra_if.is_zero() {
            self.rearm_extra(id, now + garp.extra_if);
        }
    }

    /// The sets after a lower priority was heard.
    pub(super) fn announce_against_lower(
        &mut self,
        now: Instant,
        id: InstanceId,
        out: &mut Effects,
    ) {
        let Some(instance) = self.instance(id) else {
            return;
        };
        let garp = instance.config.garp;
        if garp.lower_prio_repeat == 0 {
            return;
        }
        self.announce(now, id, garp.lower_prio_repeat, out);
        if !garp.lower_prio_delay.is_zero() {
            self.later(
                id,
                now + garp.lower_prio_delay,
                TimerKey::AnnounceLower,
                |i| &mut i.announce_lower,
            );
        }
    }

    /// The second set of a master.
    pub(super) fn announce_again(&mut self, now: Instant, id: InstanceId, out: &mut Effects) {
        self.next_later(now, id, TimerKey::AnnounceAgain, |i| &mut i.announce_again);
        let repeat = self
            .instance(id)
            .map_or(0, |instance| instance.config.garp.master_repeat);
        self.announce_if_master(now, id, repeat, out);
    }

    /// The second set after a lower priority.
    pub(super) fn announce_lower_again(&mut self, now: Instant, id: InstanceId, out: &mut Effects) {
        self.next_later(now, id, TimerKey::AnnounceLower, |i| &mut i.announce_lower);
        let repeat = self
            .instance(id)
            .map_or(0, |instance| instance.config.garp.lower_prio_repeat);
        self.announce_if_master(now, id, repeat, out);
    }

    /// What is due again while master; looked at when an advert leaves.
    pub(super) fn refresh(&mut self, now: Instant, id: InstanceId, out: &mut Effects) {
        let Some(instance) = self.get(id) else {
            return;
        };
        if instance.refresh_at.is_some_and(|at| now >= at) {
            let garp = instance.config.garp;
            instance.refresh_at = Some(now + garp.master_refresh);
            self.announce(now, id, garp.master_refresh_repeat, out);
        }
    }

    /// One announcement for each other interface that addresses are on.
    pub(super) fn announce_extra(&mut self, now: Instant, id: InstanceId, out: &mut Effects) {
        let Some(instance) = self
            .instance(id)
            .filter(|instance| instance.state == State::Master)
        else {
            return;
        };
        let garp = instance.config.garp;
        if garp.extra_if.is_zero() {
            return;
        }
        let mut done = Vec::new();
        for (interface, address) in addresses_of(instance) {
            let counts = garp.extra_if_all
                || self
                    .links
                    .get(&interface)
                    .is_some_and(|link| link.facts.base.is_some());
            if interface != instance.interface
                && counts
                && !done.iter().any(|(other, _)| *other == interface)
            {
                done.push((interface, address));
            }
        }
        self.announce_each(now, id, &done, 1, out);
        self.rearm_extra(id, now + garp.extra_if);
    }

    fn rearm_extra(&mut self, id: InstanceId, at: Instant) {
        if let Some(Some(instance)) = self.instances.get_mut(id.0 as usize) {
            self.timers
                .set(&mut instance.extra, TimerKey::AnnounceExtra(id), at);
        }
    }

    fn announce_if_master(&mut self, now: Instant, id: InstanceId, repeat: u32, out: &mut Effects) {
        if self
            .instance(id)
            .is_some_and(|instance| instance.state == State::Master)
        {
            self.announce(now, id, repeat, out);
        }
    }

    /// Announces all addresses of an instance `repeat` times: each round once around.
    pub(super) fn announce(
        &mut self,
        now: Instant,
        id: InstanceId,
        repeat: u32,
        out: &mut Effects,
    ) {
        if let Some(instance) = self.instance(id) {
            let addresses: Vec<_> = addresses_of(instance).collect();
            self.announce_each(now, id, &addresses, repeat, out);
        }
    }

    fn announce_each(
        &mut self,
        now: Instant,
        id: InstanceId,
        addresses: &[(u32, IpAddr)],
        repeat: u32,
        out: &mut Effects,
    ) {
        for round in 0..repeat {
            for (place, &(interface, address)) in addresses.iter().enumerate() {
                if round == 0 {
                    let event = InstanceEvent::QueueingAnnouncements {
                        interface: self.name_of(interface),
                        address,
                    };
                    self.tell(id, event, out);
                }
                self.announce_one(now, (id, place), interface, address, out);
            }
        }
    }

    fn announce_one(
        &mut self,
        now: Instant,
        (instance, place): (InstanceId, usize),
        interface: u32,
        address: IpAddr,
        out: &mut Effects,
    ) {
        let name = self.name_of(interface);
        let Some(at) = self.announcements.of(interface, &name) else {
            self.send_announcement(interface, address, out);
            return;
        };
        let Some(spacing) = self.announcements.spacings.get_mut(at) else {
            return;
        };
        if spacing.queue.is_empty() && spacing.admits(now, address) {
            self.send_announcement(interface, address, out);
            return;
        }
        spacing.enqueue(Queued {
            instance,
            place,
            interface,
            address,
        });
        self.rearm_spacing(at);
    }

    fn send_announcement(&self, interface: u32, address: IpAddr, out: &mut Effects) {
        out.tell(Event::Announcing {
            interface: self.name_of(interface),
            address,
        });
        out.push(Effect::Announce { interface, address });
    }

    fn rearm_spacing(&mut self, at: usize) {
        let Self {
            announcements,
            timers,
            ..
        } = self;
        let Some(spacing) = announcements.spacings.get_mut(at) else {
            return;
        };
        match spacing.due() {
            Some(due) => timers.set(&mut spacing.alarm, TimerKey::Spacing(at as u32), due),
            None => spacing.alarm.stop(),
        }
    }

    /// The next of a queue.
    pub(super) fn announce_queued(&mut self, now: Instant, spacing: u32, out: &mut Effects) {
        let at = spacing as usize;
        let Some(spacing) = self.announcements.spacings.get_mut(at) else {
            return;
        };
        let Some(front) = spacing.queue.front().copied() else {
            return;
        };
        if spacing.admits(now, front.address) {
            spacing.queue.pop_front();
            self.send_announcement(front.interface, front.address, out);
        }
        self.rearm_spacing(at);
    }

    /// An instance that isn't master any more announces nothing.
    pub(super) fn forget_announcements(&mut self, id: InstanceId) {
        for spacing in &mut self.announcements.spacings {
            spacing.queue.retain(|queued| queued.instance != id);
        }
    }

    fn later(
        &mut self,
        id: InstanceId,
        at: Instant,
        key: fn(InstanceId) -> TimerKey,
        of: fn(&mut Instance) -> &mut Later,
    ) {
        let Some(Some(instance)) = self.instances.get_mut(id.0 as usize) else {
            return;
        };
        let later = of(instance);
        if later.times.len() >= MAX_PENDING {
            return;
        }
        later.times.push_back(at);
        if later.times.len() == 1 {
            self.timers.set(&mut later.alarm, key(id), at);
        }
    }

    /// Takes one time out and sets the alarm to the next.
    fn next_later(
        &mut self,
        now: Instant,
        id: InstanceId,
        key: fn(InstanceId) -> TimerKey,
        of: fn(&mut Instance) -> &mut Later,
    ) {
        let Some(Some(instance)) = self.instances.get_mut(id.0 as usize) else {
            return;
        };
        let later = of(instance);
        later.times.pop_front();
        if let Some(&at) = later.times.front() {
            self.timers.set(&mut later.alarm, key(id), at.max(now));
        } else {
            // Most instances never need the room again.
            later.times = VecDeque::new();
        }
    }
}

/// The addresses that an instance announces, in their order.
fn addresses_of(instance: &Instance) -> impl Iterator<Item = (u32, IpAddr)> + '_ {
    let lines = &instance.lines;
    lines
        .addresses
        .iter()
        .chain(lines.excluded.iter())
        .map(|line| (line.interface, line.value.value.ip()))
}
