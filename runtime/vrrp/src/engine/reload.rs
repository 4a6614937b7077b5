//! The start, and a reload that touches only what changed.
//!
//! An instance stays the same one if its interface, its family, its virtual router id and the kind of its destination stay;
//! its name may change. What another configuration takes away is removed first, then what it adds is added.

use std::{collections::HashSet, sync::Arc, time::Instant};

use locum_model::{
    keepalived::Configuration,
    vrrp::{self, Address, Route, Rule},
};

use super::{Engine, TimerKey, announce::Announcements};
use crate::{
    effect::{Effect, Effects, Line, Lines, NoticeState},
    event::{Event, FaultReason, GroupEvent, InstanceEvent},
    fsm::State,
    group::Group,
    identity::{GroupId, InstanceId},
    instance::{AllLines, Instance},
    track::effective_priority,
};

impl Engine {
    /// Starts all instances: what an earlier daemon left is removed, then each becomes what it can be.
    pub fn start(&mut self, now: Instant, out: &mut Effects) {
        let configuration = self.configuration.clone();
        for config in &configuration.instances {
            let id = self.add(Arc::new(config.clone()));
            self.order.push(id);
        }
        self.make_groups(&configuration);
        // All lines are known before a source is chosen: an address that was left behind is no source.
        for id in self.order.clone() {
            self.locate(id);
        }
        for id in self.order.clone() {
            self.prepare(now, id, out, false);
        }
        let order = self.order.clone();
        self.tell_assigned(&order, out);
        for &id in &order {
            if self
                .instance(id)
                .is_some_and(|instance| instance.faults > 0)
            {
                self.tell(id, InstanceEvent::StartsInFault, out);
                self.notify(id, NoticeState::Fault, out);
            }
        }
        for &id in &order {
            self.remove_lines(id, out);
        }
        self.started = true;
        let delay = configuration.global.vrrp_startup_delay;
        if delay.is_zero() {
            self.begin(now, out);
        } else {
            out.tell(Event::StartDelayed(delay));
            let Self { timers, start, .. } = self;
            timers.set(start, TimerKey::Start, now + delay);
        }
    }

    /// The (delayed) start of what may take part.
    pub(super) fn begin(&mut self, now: Instant, out: &mut Effects) {
        let order = self.order.clone();
        self.begin_these(now, &order, out);
    }

    fn begin_these(&mut self, now: Instant, ids: &[InstanceId], out: &mut Effects) {
        for group in self.group_order.clone() {
            let members: Vec<InstanceId> = self.members(group).collect();
            let faulty = members
                .iter()
                .any(|&id| self.instance(id).is_some_and(|i| i.faults > 0));
            let waits = members
                .iter()
                .any(|&id| self.instance(id).is_some_and(|i| i.awaited_scripts > 0));
            let new = members
                .iter()
                .any(|&id| self.instance(id).is_some_and(|i| i.state == State::Init));
            if !new || waits {
                continue;
            }
            let (state, notice) = match faulty {
                true => (State::Fault, NoticeState::Fault),
                false => (State::Backup, NoticeState::Backup),
            };
            if let Some(group) = self.group(group) {
                group.state = state;
            }
            self.notify_group(group, notice, out);
        }
        for &id in ids {
            self.begin_one(now, id, out);
        }
    }

    fn begin_one(&mut self, now: Instant, id: InstanceId, out: &mut Effects) {
        let Some(instance) = self
            .get(id)
            .filter(|instance| instance.state == State::Init)
        else {
            return;
        };
        if instance.faults > 0 {
            instance.state = State::Fault;
            instance.last_transition = Some(now);
            return;
        }
        if instance.awaited_scripts > 0 {
            return;
        }
        let group = instance.group;
        if let Some(group) = group
            && !self.members(group).all(|other| {
                self.instance(other)
                    .is_some_and(|other| other.faults == 0 && other.awaited_scripts == 0)
            })
        {
            if self
                .group(group)
                .is_some_and(|group| group.state == State::Fault)
                && let Some(instance) = self.get(id)
            {
                instance.state = State::Fault;
                self.notify(id, NoticeState::Fault, out);
            }
            return;
        }
        self.tell_empty_removal(id, out);
        if self.starts_as_master(id) {
            if let Some(instance) = self.get(id) {
                instance.state = State::Backup;
            }
            self.set_timer(id, now);
            return;
        }
        self.enter_backup(now, id, true, out);
    }

    /// The reference tells the removal of rules and routes once more.
    fn tell_empty_removal(&self, id: InstanceId, out: &mut Effects) {
        if let Some(instance) = self.instance(id) {
            if !instance.lines.rules.is_empty() {
                self.tell(id, InstanceEvent::RemovingRules, out);
            }
            if !instance.lines.routes.is_empty() {
                self.tell(id, InstanceEvent::RemovingRoutes, out);
            }
        }
    }

    fn tell_assigned(&self, ids: &[InstanceId], out: &mut Effects) {
        let mut told = HashSet::new();
        for instance in ids.iter().filter_map(|&id| self.instance(id)) {
            if let Some(address) = instance.source
                && instance.config.source.is_none()
                && told.insert((instance.sends_by, address))
            {
                out.tell(Event::AddressAssigned {
                    interface: self.name_of(instance.sends_by),
                    address,
                });
            }
        }
    }

    fn add(&mut self, config: Arc<vrrp::Instance>) -> InstanceId {
        let id = InstanceId(self.instances.len() as u32);
        self.instances
            .push(Some(Box::new(Instance::new(id, config))));
        id
    }

    /// Makes the groups of a configuration; one whose name stays keeps its number and what it is.
    fn make_groups(&mut self, configuration: &Configuration) {
        let old: Vec<(GroupId, Arc<str>, State)> = self
            .groups
            .iter()
            .flatten()
            .map(|group| (group.id, group.name.clone(), group.state))
            .collect();
        self.groups.iter_mut().for_each(|group| *group = None);
        self.group_order.clear();
        for config in &configuration.sync_groups {
            let config = Arc::new(config.clone());
            let before = old.iter().find(|(_, name, _)| **name == *config.name.value);
            let id = before.map_or(GroupId(self.groups.len() as u32), |(id, ..)| *id);
            let mut group = Group::new(id, config);
            if let Some((.., state)) = before {
                group.state = *state;
            }
            for name in &group.config.members {
                let found = self.order.iter().copied().find(|&id| {
                    self.instance(id)
                        .is_some_and(|instance| *instance.name == *name.value)
                });
                group.members.extend(found);
            }
            for &member in &group.members {
                if let Some(Some(instance)) = self.instances.get_mut(member.0 as usize) {
                    instance.group = Some(id);
                }
            }
            if before.is_none() {
                self.groups.push(None);
            }
            self.groups[id.0 as usize] = Some(group);
            self.group_order.push(id);
        }
    }

    /// Binds an instance to its interfaces, watches what it tracks, and counts its reasons to be in fault.
    fn prepare(&mut self, now: Instant, id: InstanceId, out: &mut Effects, reload: bool) {
        if let Some(instance) = self.get(id) {
            (instance.faults, instance.tracked, instance.awaited_scripts) = (0, 0, 0);
            instance.sourceless = false;
        }
        self.tell_long_delays(id, out);
        self.watch_all(id, out);
        // While it isn't started, reasons are counted and nothing is told.
        let started = std::mem::replace(&mut self.started, false);
        self.bind(now, id, out);
        self.started = started;
        let Some(instance) = self.get(id) else {
            return;
        };
        if instance.sourceless {
            let v6 = instance.config.family == vrrp::Family::Inet6;
            let reason = FaultReason::NoAddress { v6 };
            self.tell(id, InstanceEvent::FaultReason(reason), out);
        }
        let Some(instance) = self.get(id) else {
            return;
        };
        if instance.config.unicast_fault_no_peer
            && instance.config.unicast_configured
            && !instance.unicast()
        {
            instance.faults += 1;
            let reason = FaultReason::NoPeers;
            self.tell(id, InstanceEvent::FaultReason(reason), out);
        }
        if reload && let Some(instance) = self.get(id) {
            instance.priority = effective_priority(instance.base_priority, instance.tracked);
        }
        self.reprioritise(now, id, false, out);
    }

    /// A reload is asked for: masters advertise, so that backups wait while the configuration is read.
    pub fn on_reload(&mut self, now: Instant, out: &mut Effects) {
        self.retired.clear();
        for id in self.order.clone() {
            if self
                .instance(id)
                .is_some_and(|instance| instance.state == State::Master)
            {
                self.advertise(now, id, out);
            }
        }
    }

    /// Takes another configuration. Call [`on_reload`](Self::on_reload) and carry its effects out before.
    pub fn reload(&mut self, now: Instant, configuration: Arc<Configuration>, out: &mut Effects) {
        self.retired.clear();
        let before = std::mem::replace(&mut self.configuration, configuration.clone());
        if before.garp_groups != configuration.garp_groups
            || before.global.vrrp_garp_interval != configuration.global.vrrp_garp_interval
            || before.global.vrrp_gna_interval != configuration.global.vrrp_gna_interval
        {
            self.announcements = Announcements::new(&configuration);
        }
        let (order, kept) = self.match_instances(&configuration);
        for id in self.order.clone() {
            if !kept.contains(&id) {
                self.delete(now, id, out);
            }
        }
        self.order = order;
        self.forget_watches();
        let changed = self.reconfigure_all(&configuration, &kept);
        self.make_groups(&configuration);
        self.follow(now, &kept, changed, out);
        let new: Vec<InstanceId> = self
            .order
            .iter()
            .copied()
            .filter(|id| !kept.contains(id))
            .collect();
        for &id in &new {
            self.prepare(now, id, out, true);
            if self
                .instance(id)
                .is_some_and(|instance| instance.faults > 0)
            {
                self.tell(id, InstanceEvent::StartsInFault, out);
                self.notify(id, NoticeState::Fault, out);
            }
        }
        self.unite_groups(now, out);
        if self.start.due().is_none() {
            let order = self.order.clone();
            self.begin_these(now, &order, out);
        }
    }

    /// The instances of a new configuration in its order: those that stay, and new ones.
    fn match_instances(
        &mut self,
        configuration: &Configuration,
    ) -> (Vec<InstanceId>, HashSet<InstanceId>) {
        let (mut order, mut kept) = (Vec::new(), HashSet::new());
        let old = self.order.clone();
        for config in &configuration.instances {
            let same = |id: &&InstanceId| {
                !kept.contains(*id)
                    && self
                        .instance(**id)
                        .is_some_and(|instance| is_same(&instance.config, config))
            };
            let named = |id: &&InstanceId| {
                same(id)
                    && self
                        .instance(**id)
                        .is_some_and(|instance| *instance.name == *config.name.value)
            };
            let found = old
                .iter()
                .find(named)
                .or_else(|| old.iter().find(same))
                .copied();
            match found {
                Some(id) => {
                    kept.insert(id);
                    order.push(id);
                }
                None => order.push(self.add(Arc::new(config.clone()))),
            }
        }
        (order, kept)
    }

    /// An instance that the new configuration doesn't have.
    fn delete(&mut self, now: Instant, id: InstanceId, out: &mut Effects) {
        self.retire(now, id, out);
        let tells = self
            .instance(id)
            .is_some_and(|instance| instance.config.notify.tell_deleted);
        self.notify(
            id,
            if tells {
                NoticeState::Deleted
            } else {
                NoticeState::Fault
            },
            out,
        );
        self.detach(id, out);
        if let Some(instance) = self.instances.get_mut(id.0 as usize).and_then(Option::take) {
            self.retired.push(*instance);
        }
    }

    /// Nobody watches any more; what trackers say stays.
    fn forget_watches(&mut self) {
        self.trackers
            .values_mut()
            .for_each(|tracker| tracker.watches.clear());
    }

    /// Gives kept instances their new configuration; the lines that each had before come back.
    fn reconfigure_all(
        &mut self,
        configuration: &Configuration,
        kept: &HashSet<InstanceId>,
    ) -> Vec<(InstanceId, AllLines)> {
        let mut before = Vec::new();
        for (at, config) in configuration.instances.iter().enumerate() {
            let id = self.order[at];
            let Some(instance) = self.get(id) else {
                continue;
            };
            instance.group = None;
            if kept.contains(&id) {
                before.push((id, instance.lines.clone()));
                if *instance.config != *config {
                    instance.reconfigure(Arc::new(config.clone()));
                }
            }
        }
        before
    }

    /// Brings kept instances to what their configuration says now.
    fn follow(
        &mut self,
        now: Instant,
        kept: &HashSet<InstanceId>,
        before: Vec<(InstanceId, AllLines)>,
        out: &mut Effects,
    ) {
        for &(id, _) in &before {
            self.prepare(now, id, out, true);
        }
        let order: Vec<InstanceId> = self
            .order
            .iter()
            .copied()
            .filter(|id| kept.contains(id))
            .collect();
        self.tell_assigned(&order, out);
        for (id, lines) in &before {
            self.take_away(*id, lines, out);
        }
        for (id, lines) in before {
            self.continue_as(now, id, &lines, out);
        }
    }

    /// Lines that a kept instance doesn't have any more.
    fn take_away(&mut self, id: InstanceId, before: &AllLines, out: &mut Effects) {
        let Some(instance) = self.instance(id).filter(|instance| instance.lines_set) else {
            return;
        };
        let after = instance.lines.clone();
        self.disown(before);
        let rules = difference(&before.rules, &after.rules, |a: &Rule, b: &Rule| a == b);
        if !rules.is_empty() {
            if after.rules.is_empty() {
                self.tell(id, InstanceEvent::AllRulesGone, out);
            } else {
                for line in rules.iter() {
                    let rule = Box::new(line.value.value.clone());
                    self.tell(id, InstanceEvent::RuleNoLongerExists(rule), out);
                }
            }
            out.push(Effect::RemoveRules(rules));
        }
        let routes = difference(&before.routes, &after.routes, |a: &Route, b: &Route| a == b);
        if !routes.is_empty() {
            if after.routes.is_empty() {
                self.tell(id, InstanceEvent::AllRoutesGone, out);
            } else {
                for line in routes.iter() {
                    let route = Box::new(line.value.value.clone());
                    self.tell(id, InstanceEvent::RouteNoLongerExists(route), out);
                }
            }
            out.push(Effect::RemoveRoutes(routes));
        }
        for (old, new) in [
            (&before.addresses, &after.addresses),
            (&before.excluded, &after.excluded),
        ] {
            let gone = difference(old, new, |a: &Address, b: &Address| a == b);
            for line in gone.iter() {
                let event = InstanceEvent::AddressNoLongerExists {
                    address: Box::new(line.value.value.clone()),
                    interface: self.name_of(line.interface),
                };
                self.tell(id, event, out);
            }
            if !gone.is_empty() {
                out.push(Effect::RemoveAddresses(gone));
            }
        }
        self.own(&after);
    }

    /// A kept instance goes on as what it was, if it still can.
    fn continue_as(&mut self, now: Instant, id: InstanceId, before: &AllLines, out: &mut Effects) {
        let Some(instance) = self.instance(id) else {
            return;
        };
        match (
            instance.state,
            instance.faults > 0 || instance.awaited_scripts > 0,
        ) {
            (State::Master, false) => self.stay_master(now, id, before, out),
            (State::Backup, false) => self.wait_for_master(now, id),
            (State::Master | State::Backup, true) => {
                if instance.faults > 0 {
                    self.tell(id, InstanceEvent::StartsInFault, out);
                    self.notify(id, NoticeState::Fault, out);
                }
                self.step_down(now, id, State::Fault, out);
            }
            (State::Fault, false) => {
                if let Some(instance) = self.get(id) {
                    instance.state = State::Init;
                }
            }
            (State::Fault, true) | (State::Init, _) => {}
        }
    }

    fn stay_master(&mut self, now: Instant, id: InstanceId, before: &AllLines, out: &mut Effects) {
        let Some(instance) = self.instance(id) else {
            return;
        };
        let lines = instance.lines.clone();
        self.set_each(id, &lines, out);
        let added = !difference(
            &lines.addresses,
            &before.addresses,
            |a: &Address, b: &Address| a == b,
        )
        .is_empty()
            || !difference(
                &lines.excluded,
                &before.excluded,
                |a: &Address, b: &Address| a == b,
            )
            .is_empty();
        if added {
            let repeat = self
                .instance(id)
                .map_or(0, |instance| instance.config.garp.master_repeat);
            self.announce(now, id, repeat, out);
        }
        // The next advert tells the new configuration at once.
        self.set_timer(id, now);
    }

    /// Members of a group are one thing: a group that a reload changed begins anew where they differ.
    fn unite_groups(&mut self, now: Instant, out: &mut Effects) {
        for group in self.group_order.clone() {
            let members: Vec<InstanceId> = self.members(group).collect();
            let faulty = members
                .iter()
                .any(|&id| self.instance(id).is_some_and(|i| i.faults > 0));
            let masters = members
                .iter()
                .filter(|&&id| self.instance(id).is_some_and(|i| i.state == State::Master));
            let masters = masters.count();
            if faulty {
                for &id in &members {
                    self.follow_into_fault(now, group, id, out);
                }
                if let Some(group) = self.group(group) {
                    group.state = State::Fault;
                }
            } else if masters > 0 && masters < members.len() {
                for &id in &members {
                    if self
                        .instance(id)
                        .is_some_and(|instance| instance.state == State::Master)
                    {
                        self.step_down(now, id, State::Init, out);
                    }
                }
            }
        }
    }

    fn follow_into_fault(
        &mut self,
        now: Instant,
        group: GroupId,
        id: InstanceId,
        out: &mut Effects,
    ) {
        let Some(instance) = self.instance(id).filter(|instance| instance.faults == 0) else {
            return;
        };
        let name = instance.name.clone();
        if instance.state != State::Fault {
            self.tell_group(group, GroupEvent::SyncingMemberToFault(name), out);
            self.step_down(now, id, State::Fault, out);
        }
    }
}

/// Whether a configuration speaks of the instance that another one speaks of.
fn is_same(a: &vrrp::Instance, b: &vrrp::Instance) -> bool {
    let name = |i: &vrrp::Instance| i.interface.as_ref().map(|name| name.value.clone());
    a.vrid == b.vrid
        && a.family == b.family
        && name(a) == name(b)
        && a.unicast_peers.is_empty() == b.unicast_peers.is_empty()
        && (!a.unicast_peers.is_empty() || a.multicast == b.multicast)
        && a.vmac.is_some() == b.vmac.is_some()
}

/// The lines of `from` that `to` doesn't have.
fn difference<T: Clone>(from: &Lines<T>, to: &Lines<T>, same: impl Fn(&T, &T) -> bool) -> Lines<T> {
    let is_in = |line: &Line<T>| {
        to.iter().any(|other| {
            other.interface == line.interface && same(&other.value.value, &line.value.value)
        })
    };
    from.iter().filter(|line| !is_in(line)).cloned().collect()
}
