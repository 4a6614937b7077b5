//! The start: instances, their groups, and what each can be at first.

use std::{collections::HashSet, sync::Arc, time::Instant};

use locum_model::{
    keepalived::Configuration,
    vrrp::{self, Family},
};

use super::Engine;
use crate::{
    effect::{Effect, Effects, NoticeState},
    event::{Event, FaultReason, GroupEvent, InstanceEvent},
    fsm::State,
    group::Group,
    identity::{GroupId, InstanceId},
    instance::Instance,
    track::effective_priority,
};

impl Engine {
    /// Makes all instances, finds out what they track and opens their sockets; [`start`](Self::start) does the rest. A driver
    /// tells in between which sockets can't be had.
    pub fn arrange(&mut self, now: Instant, out: &mut Effects) {
        let configuration = self.configuration.clone();
        let delay = configuration.global.vrrp_startup_delay;
        if !delay.is_zero() {
            out.tell(Event::StartDelayed(delay));
            self.waits_from = Some(now + delay);
        }
        for config in &configuration.instances {
            let id = self.add(config.clone());
            self.order.push(id);
        }
        self.make_groups(&configuration);
        // All lines are known before a source is chosen: an address that was left behind is no source.
        for id in self.order.clone() {
            self.locate(id);
        }
        let order = self.order.clone();
        self.tell_assigned(&order, out);
        for &id in &order {
            self.prepare(now, id, out, false);
        }
    }

    /// Starts all instances: what an earlier daemon left is removed, then each becomes what it can be.
    pub fn start(&mut self, now: Instant, out: &mut Effects) {
        if self.order.is_empty() {
            self.arrange(now, out);
        }
        self.hold_groups(now, out);
        let order = self.order.clone();
        for &id in &order {
            let faulty =
                |instance: &Instance| instance.faults > 0 || instance.state == State::Fault;
            if self.instance(id).is_some_and(faulty) {
                self.tell(id, InstanceEvent::StartsInFault, out);
                self.notify(id, NoticeState::Fault, out);
            }
        }
        out.tell(Event::Prepared);
        for &id in &order {
            // A device that was just made has nothing to be removed.
            let is_new = |instance: &Instance| self.devices.is_new(&instance.config);
            if !self.instance(id).is_some_and(is_new) {
                self.remove_lines(id, out);
            }
        }
        self.started = true;
        self.begin_these(now, &order, out);
    }

    /// Who is in a group with a faulty member starts in fault, too. The first of those members is named.
    fn hold_groups(&mut self, now: Instant, out: &mut Effects) {
        for group in self.group_order.clone() {
            let members: Vec<InstanceId> = self.members(group).collect();
            let of = |id: &InstanceId| self.instance(*id);
            if members
                .iter()
                .filter_map(of)
                .any(|one| one.awaited_scripts > 0)
            {
                continue;
            }
            let first = members.iter().filter_map(of).find(|one| one.faults > 0);
            let Some(name) = first.map(|one| one.name.clone()) else {
                continue;
            };
            self.tell_group(group, GroupEvent::SyncingMemberToFault(name), out);
            for id in members {
                if let Some(instance) = self.get(id).filter(|instance| instance.faults == 0) {
                    instance.state = State::Fault;
                    instance.last_transition = Some(now);
                }
            }
        }
    }

    /// The start of what may take part.
    pub(super) fn begin_these(&mut self, now: Instant, ids: &[InstanceId], out: &mut Effects) {
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
            self.set_timer(id, self.wait_begins(now));
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

    /// The addresses that adverts may come from, once for each interface, whatever the family of its instances.
    pub(super) fn tell_assigned(&self, ids: &[InstanceId], out: &mut Effects) {
        let mut told = HashSet::from([0]);
        for &id in ids {
            let base = self.sends_from(id);
            if told.insert(base) {
                self.tell_addresses_of(base, out);
            }
            out.push(Effect::TellDevices(id));
            let own = self.instance(id).map_or(0, |instance| instance.interface);
            if told.insert(own) {
                self.tell_addresses_of(own, out);
            }
        }
    }

    /// At the start, addresses that an earlier daemon left behind count among them.
    fn tell_addresses_of(&self, interface: u32, out: &mut Effects) {
        for family in [Family::Inet, Family::Inet6] {
            let first = match self.started {
                true => self.first_address(interface, family),
                false => self.first_of_all(interface, family),
            };
            if let Some(address) = first {
                out.tell(Event::AddressAssigned {
                    interface: self.name_of(interface),
                    address,
                });
            }
        }
    }

    pub(super) fn add(&mut self, config: Arc<vrrp::Instance>) -> InstanceId {
        let id = InstanceId(self.instances.len() as u32);
        self.instances
            .push(Some(Box::new(Instance::new(id, config))));
        id
    }

    /// Makes the groups of a configuration; one whose name stays keeps its number and what it is.
    pub(super) fn make_groups(&mut self, configuration: &Configuration) {
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
    pub(super) fn prepare(
        &mut self,
        now: Instant,
        id: InstanceId,
        out: &mut Effects,
        reload: bool,
    ) {
        if let Some(instance) = self.get(id) {
            (instance.faults, instance.tracked, instance.awaited_scripts) = (0, 0, 0);
            instance.sourceless = false;
            instance.faults += u32::from(instance.mute);
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
            let reason = match instance.config.source {
                Some(_) => FaultReason::SourceMissing,
                None => FaultReason::NoAddress { v6 },
            };
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
        self.reprioritise(now, id, out);
    }
}
