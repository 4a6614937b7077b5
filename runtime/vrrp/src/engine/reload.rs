//! A reload that touches only what changed.
//!
//! An instance stays the same one if its interface, its family, its virtual router id and the kind of its destination stay;
//! its name may change. What another configuration takes away is removed first, then what it adds is added.

use std::{collections::HashSet, sync::Arc, time::Instant};

use locum_model::{
    keepalived::Configuration,
    vrrp::{self, Address, Route, Rule},
};

use super::{Engine, announce::Announcements};
use crate::{
    effect::{Effect, Effects, Line, Lines, NoticeState},
    event::{GroupEvent, InstanceEvent},
    fsm::State,
    identity::{GroupId, InstanceId},
    instance::AllLines,
};

impl Engine {
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
        for &id in order.iter().filter(|id| !kept.contains(*id)) {
            self.locate(id);
        }
        self.tell_assigned(&order, out);
        for id in self.order.clone() {
            if !kept.contains(&id) {
                self.delete(now, id, out);
            }
        }
        self.order = order;
        self.forget_watches();
        let changed = self.reconfigure_all(&configuration, &kept);
        self.make_groups(&configuration);
        self.follow(now, changed, out);
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
        let order = self.order.clone();
        self.begin_these(now, &order, out);
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
                None => order.push(self.add(config.clone())),
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
        out.push(Effect::RemoveDevices(id));
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
                if *instance.config != **config {
                    instance.reconfigure(config.clone());
                } else {
                    // The same, but the old one is to go with its configuration.
                    instance.config = config.clone();
                }
            }
        }
        before
    }

    /// Brings kept instances to what their configuration says now.
    fn follow(&mut self, now: Instant, before: Vec<(InstanceId, AllLines)>, out: &mut Effects) {
        for &(id, _) in &before {
            self.prepare(now, id, out, true);
        }
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
