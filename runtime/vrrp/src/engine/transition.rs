//! How instances and their groups change what they are. The order of effects is the reference's: adverts before addresses,
//! addresses before announcements, notifications last.

use std::time::{Duration, Instant};

use super::Engine;
use crate::{
    effect::{Effect, Effects, NoticeState},
    event::{GroupEvent, InstanceEvent},
    fsm::State,
    identity::{GroupId, InstanceId},
    instance::OWNER,
};
use locum_model::vrrp::{InitialState, Version};

/// No master advertises more often.
const LEAST_INTERVAL: Duration = Duration::from_millis(1);

impl Engine {
    /// The own timer of an instance: a master's next advert, a backup's wait.
    pub(super) fn timer_of(&mut self, now: Instant, id: InstanceId, out: &mut Effects) {
        match self.instance(id).map(|instance| instance.state) {
            Some(State::Master) => self.advertise(now, id, out),
            Some(State::Backup) => self.master_is_down(now, id, out),
            Some(State::Init | State::Fault) | None => {}
        }
    }

    /// A master tells that it is there, and when it will again.
    pub(super) fn advertise(&mut self, now: Instant, id: InstanceId, out: &mut Effects) {
        self.send_advert(id, out);
        self.refresh(now, id, out);
        self.expect_next_advert(now, id);
    }

    fn expect_next_advert(&mut self, now: Instant, id: InstanceId) {
        if let Some(instance) = self.instance(id) {
            // An interval of nothing would never let go of the timers.
            let at = now + instance.config.advert_int.max(LEAST_INTERVAL);
            self.set_timer(id, at);
        }
    }

    /// An advert of the effective priority.
    pub(super) fn send_advert(&mut self, id: InstanceId, out: &mut Effects) {
        if let Some(instance) = self.get(id) {
            instance.statistics.adverts_sent += 1;
            let priority = instance.priority;
            out.push(Effect::SendAdvert {
                instance: id,
                priority,
            });
        }
    }

    /// An advert of priority 0, which is told and counted.
    fn say_good_bye(&mut self, id: InstanceId, out: &mut Effects) {
        if let Some(instance) = self.get(id) {
            instance.statistics.adverts_sent += 1;
            instance.statistics.priority_zero_sent += 1;
            out.push(Effect::SendAdvert {
                instance: id,
                priority: 0,
            });
            self.tell(id, InstanceEvent::SentPriorityZero, out);
        }
    }

    /// A backup heard nothing in time. In a group it waits until all members have; meanwhile it waits anew.
    fn master_is_down(&mut self, now: Instant, id: InstanceId, out: &mut Effects) {
        self.tell(id, InstanceEvent::AdvertTimeout, out);
        let Some(instance) = self.get(id) else {
            return;
        };
        let (group, wait) = (instance.group, instance.timing().master_down());
        instance.wants_master = true;
        let Some(group) = group else {
            self.become_master(now, id, out);
            return;
        };
        if !self.others_are_ready(group, id) {
            self.set_timer(id, now + wait);
            return;
        }
        self.become_master(now, id, out);
        self.sync_to_master(now, group, out);
    }

    fn others_are_ready(&self, group: GroupId, id: InstanceId) -> bool {
        self.members(group)
            .filter(|&other| other != id)
            .filter_map(|other| self.instance(other))
            .all(|other| {
                other.state == State::Master
                    || (other.wants_master && other.state == State::Backup && other.faults == 0)
            })
    }

    pub(super) fn members(&self, group: GroupId) -> impl Iterator<Item = InstanceId> + use<'_> {
        self.groups
            .get(group.0 as usize)
            .and_then(Option::as_ref)
            .into_iter()
            .flat_map(|g| g.members.iter().copied())
    }

    fn sync_to_master(&mut self, now: Instant, group: GroupId, out: &mut Effects) {
        self.tell_group(group, GroupEvent::SyncingToMaster, out);
        for id in self.members(group).collect::<Vec<_>>() {
            if self
                .instance(id)
                .is_some_and(|instance| instance.state != State::Master)
            {
                self.become_master(now, id, out);
            }
        }
        self.group_became(group, State::Master, NoticeState::Master, out);
    }

    fn group_became(
        &mut self,
        group: GroupId,
        state: State,
        notice: NoticeState,
        out: &mut Effects,
    ) {
        if let Some(group) = self.group(group) {
            group.state = state;
        }
        self.notify_group(group, notice, out);
    }

    /// Takes the addresses. The caller syncs the group.
    pub(super) fn become_master(&mut self, now: Instant, id: InstanceId, out: &mut Effects) {
        self.send_advert(id, out);
        self.tell(id, InstanceEvent::EnteredMaster, out);
        let Some(instance) = self.get(id) else {
            return;
        };
        instance.state = State::Master;
        instance.last_transition = Some(now);
        instance.wants_master = true;
        instance.preempt_at = None;
        instance.statistics.became_master += 1;
        let (learned, ours) = (instance.master_interval, instance.config.advert_int);
        instance.master_interval = ours;
        if instance.config.version == Version::V3 && learned != ours {
            self.tell(
                id,
                InstanceEvent::IntervalRestored {
                    from: learned,
                    to: ours,
                },
                out,
            );
        }
        self.set_lines(id, out);
        self.announce_as_new_master(now, id, out);
        self.notify(id, NoticeState::Master, out);
        self.expect_next_advert(now, id);
    }

    /// A master gives way to another one, and its group with it.
    pub(super) fn give_way(&mut self, now: Instant, id: InstanceId, out: &mut Effects) {
        self.leave_to_backup(now, id, out);
        let Some(group) = self.instance(id).and_then(|instance| instance.group) else {
            return;
        };
        self.tell_group(group, GroupEvent::SyncingToBackup, out);
        for other in self.members(group).collect::<Vec<_>>() {
            if self
                .instance(other)
                .is_some_and(|instance| instance.state == State::Master)
            {
                self.leave_to_backup(now, other, out);
            }
        }
        self.group_became(group, State::Backup, NoticeState::Backup, out);
    }

    fn leave_to_backup(&mut self, now: Instant, id: InstanceId, out: &mut Effects) {
        self.tell(id, InstanceEvent::EnteredBackup { initial: false }, out);
        self.released(now, id, State::Backup);
        self.remove_lines(id, out);
        self.notify(id, NoticeState::Backup, out);
        self.wait_for_master(now, id);
    }

    fn released(&mut self, now: Instant, id: InstanceId, state: State) {
        if let Some(instance) = self.get(id) {
            if instance.state == State::Master {
                instance.statistics.released_master += 1;
            }
            instance.state = state;
            instance.last_transition = Some(now);
            instance.wants_master = false;
            instance.preempt_at = None;
            instance.timer.stop();
            instance.extra.stop();
        }
        self.forget_announcements(id);
    }

    /// Sets a backup's timer.
    pub(super) fn wait_for_master(&mut self, now: Instant, id: InstanceId) {
        if let Some(instance) = self.instance(id) {
            let at = self.wait_begins(now) + instance.timing().master_down();
            self.set_timer(id, at);
        }
    }

    /// Somebody took an address, a route or a rule of a master away: it says good-bye and elects again, with its group.
    pub(super) fn lost_a_line(&mut self, now: Instant, id: InstanceId, out: &mut Effects) {
        self.elect_again(now, id, out);
        let Some(group) = self.instance(id).and_then(|instance| instance.group) else {
            return;
        };
        for other in self.members(group).collect::<Vec<_>>() {
            if self
                .instance(other)
                .is_some_and(|instance| instance.state == State::Master)
            {
                self.elect_again(now, other, out);
            }
        }
    }

    fn elect_again(&mut self, now: Instant, id: InstanceId, out: &mut Effects) {
        self.tell(id, InstanceEvent::EnteredBackup { initial: false }, out);
        self.say_good_bye(id, out);
        self.released(now, id, State::Backup);
        self.remove_lines(id, out);
        self.notify(id, NoticeState::Backup, out);
        if let Some(instance) = self.instance(id) {
            let at = now + instance.timing().skew();
            self.set_timer(id, at);
        }
    }

    /// One more reason to be in fault.
    pub(super) fn fault_begins(&mut self, now: Instant, id: InstanceId, out: &mut Effects) {
        let Some(instance) = self.get(id) else {
            return;
        };
        instance.faults += 1;
        if instance.faults > 1 || !self.started || self.stopped {
            return;
        }
        self.enter_fault(now, id, out);
    }

    fn enter_fault(&mut self, now: Instant, id: InstanceId, out: &mut Effects) {
        let state = self.instance(id).map(|instance| instance.state);
        match state {
            Some(State::Master) => {
                self.tell(id, InstanceEvent::EnteredFault, out);
                // The reference sends two, and counts and tells one.
                out.push(Effect::SendAdvert {
                    instance: id,
                    priority: 0,
                });
                self.say_good_bye(id, out);
                self.released(now, id, State::Fault);
                self.remove_lines(id, out);
            }
            Some(State::Backup) => {
                self.tell(id, InstanceEvent::EnteredFault, out);
                self.released(now, id, State::Fault);
            }
            Some(State::Init) => self.released(now, id, State::Fault),
            Some(State::Fault) | None => return,
        }
        self.notify(id, NoticeState::Fault, out);
        if let Some(group) = self.instance(id).and_then(|instance| instance.group) {
            self.sync_to_fault(now, group, out);
        }
    }

    fn sync_to_fault(&mut self, now: Instant, group: GroupId, out: &mut Effects) {
        if self
            .group(group)
            .is_none_or(|group| group.state == State::Fault)
        {
            return;
        }
        self.tell_group(group, GroupEvent::SyncingToFault, out);
        for id in self.members(group).collect::<Vec<_>>() {
            match self.instance(id).map(|instance| instance.state) {
                Some(State::Master) => {
                    self.tell(id, InstanceEvent::EnteredFault, out);
                    out.push(Effect::SendAdvert {
                        instance: id,
                        priority: 0,
                    });
                    self.released(now, id, State::Fault);
                    self.remove_lines(id, out);
                }
                // The reference says nothing of those that weren't master.
                Some(State::Backup | State::Init) => self.released(now, id, State::Fault),
                Some(State::Fault) | None => continue,
            }
            self.notify(id, NoticeState::Fault, out);
        }
        self.group_became(group, State::Fault, NoticeState::Fault, out);
    }

    /// One reason less.
    pub(super) fn fault_ends(&mut self, now: Instant, id: InstanceId, out: &mut Effects) {
        if let Some(instance) = self.get(id) {
            instance.faults = instance.faults.saturating_sub(1);
            self.recover(now, id, out);
        }
    }

    /// An instance that may take part does so, when its whole group may.
    pub(super) fn recover(&mut self, now: Instant, id: InstanceId, out: &mut Effects) {
        if !self.started || self.stopped || !self.may_take_part(id) {
            return;
        }
        let Some(group) = self.instance(id).and_then(|instance| instance.group) else {
            self.enter_backup(now, id, false, out);
            return;
        };
        if !self
            .members(group)
            .all(|other| self.may_take_part(other) || self.takes_part(other))
        {
            return;
        }
        self.enter_backup(now, id, false, out);
        self.tell_group(group, GroupEvent::SyncingToBackup, out);
        let mut at = now;
        for other in self.members(group).collect::<Vec<_>>() {
            if self.may_take_part(other) {
                // Who was moved later is out of patience later, and finds the others ready: it becomes master first.
                at += Duration::from_nanos(1);
                self.enter_backup(at, other, false, out);
            }
        }
        self.group_became(group, State::Backup, NoticeState::Backup, out);
    }

    /// Nothing hinders it, and it isn't listening yet.
    pub(super) fn may_take_part(&self, id: InstanceId) -> bool {
        self.instance(id).is_some_and(|instance| {
            instance.faults == 0
                && instance.awaited_scripts == 0
                && matches!(instance.state, State::Init | State::Fault)
        })
    }

    fn takes_part(&self, id: InstanceId) -> bool {
        self.instance(id)
            .is_some_and(|instance| matches!(instance.state, State::Backup | State::Master))
    }

    pub(super) fn enter_backup(
        &mut self,
        now: Instant,
        id: InstanceId,
        initial: bool,
        out: &mut Effects,
    ) {
        self.tell(id, InstanceEvent::EnteredBackup { initial }, out);
        if let Some(instance) = self.get(id) {
            instance.state = State::Backup;
            instance.last_transition = Some(now);
            instance.wants_master = false;
        }
        self.notify(id, NoticeState::Backup, out);
        self.wait_for_master(now, id);
    }

    /// Whether it is master from its first moment: it owns the addresses and says so (keepalived.conf(5), "state").
    pub(super) fn starts_as_master(&self, id: InstanceId) -> bool {
        let owns = |id| {
            self.instance(id).is_some_and(|instance| {
                instance.base_priority == OWNER && instance.config.state == InitialState::Master
            })
        };
        let group = self.instance(id).and_then(|instance| instance.group);
        owns(id) && group.is_none_or(|group| self.members(group).all(owns))
    }

    /// An instance that a reload deletes.
    pub(super) fn retire(&mut self, now: Instant, id: InstanceId, out: &mut Effects) {
        if self
            .instance(id)
            .is_some_and(|instance| instance.state == State::Master)
        {
            self.say_good_bye(id, out);
            self.remove_lines(id, out);
        }
        self.released(now, id, State::Init);
    }

    /// After a reload an instance can't go on as what it was. It says nothing to others.
    pub(super) fn step_down(
        &mut self,
        now: Instant,
        id: InstanceId,
        state: State,
        out: &mut Effects,
    ) {
        if self
            .instance(id)
            .is_some_and(|instance| instance.state == State::Master)
        {
            self.remove_lines(id, out);
        }
        self.released(now, id, state);
    }

    /// Gives up everything: masters say good-bye. Nothing happens afterwards.
    pub fn stop(&mut self, now: Instant, out: &mut Effects) {
        if self.stopped {
            return;
        }
        self.stopped = true;
        let order = self.order.clone();
        for &id in &order {
            if self
                .instance(id)
                .is_some_and(|instance| instance.state == State::Master)
            {
                self.say_good_bye(id, out);
                self.released(now, id, State::Init);
                self.remove_lines(id, out);
            } else {
                self.released(now, id, State::Init);
            }
        }
        for &id in &order {
            self.notify(id, NoticeState::Stop, out);
        }
        for group in self.group_order.clone() {
            self.notify_group(group, NoticeState::Stop, out);
        }
    }
}
