//! Results of trackers, and what they do to those who watch.

use std::{sync::Arc, time::Instant};

use locum_model::{
    track::{Tracked, Tracks, Weight},
    vrrp,
};

use super::Engine;
use crate::{
    effect::{Effects, NoticeState},
    event::{Event, FaultReason, InstanceEvent, ScriptEvent},
    fsm::State,
    identity::{InstanceId, Name},
    input::ScriptResult,
    track::{Key, Kind, Meaning, Reading, Script, Tracker, Watch, effective_priority},
};

impl Engine {
    /// A tracking script has run.
    pub fn on_script(&mut self, now: Instant, name: &str, result: ScriptResult, out: &mut Effects) {
        self.retired.clear();
        let key = key(Kind::Script, name);
        let Some(tracker) = self.trackers.get_mut(&key) else {
            return;
        };
        let known = !matches!(tracker.reading, Reading::Unknown(_));
        if let (ScriptResult::Exited(status), Reading::Unknown(script) | Reading::Script(script, _)) =
            (result, &mut tracker.reading)
            && script.last_status != status
        {
            script.last_status = status;
            out.tell(Event::Script {
                script: key.name.clone(),
                event: ScriptEvent::NowReturns(status),
            });
        }
        if !tracker.reading.result(result) {
            return;
        }
        let event = match result {
            ScriptResult::Exited(0) => ScriptEvent::Up,
            _ => ScriptEvent::Down(result),
        };
        out.tell(Event::Script {
            script: key.name.clone(),
            event,
        });
        self.reevaluate(now, &key, !known, out);
    }

    /// A tracked file's number is this; `None`: it doesn't exist, which counts as 0.
    pub fn on_file(&mut self, now: Instant, name: &str, number: Option<i64>, out: &mut Effects) {
        self.retired.clear();
        self.read(
            now,
            key(Kind::File, name),
            Reading::Number(number.unwrap_or(0)),
            out,
        );
    }

    /// A tracked process has its quorum, or not.
    pub fn on_process(&mut self, now: Instant, name: &str, up: bool, out: &mut Effects) {
        self.retired.clear();
        self.read(now, key(Kind::Process, name), Reading::Binary(up), out);
    }

    /// A BFD session is up, or not.
    pub fn on_bfd(&mut self, now: Instant, name: &str, up: bool, out: &mut Effects) {
        self.retired.clear();
        self.read(now, key(Kind::Bfd, name), Reading::Binary(up), out);
    }

    /// The names of what is tracked of a kind: what nobody watches need not be run.
    pub fn tracked(&self, kind: Kind) -> impl Iterator<Item = &str> {
        self.trackers
            .iter()
            .filter(move |(key, tracker)| key.kind == kind && !tracker.watches.is_empty())
            .map(|(key, _)| &*key.name)
    }

    /// What a tracker says; `None`: nobody watches it.
    pub fn reading(&self, kind: Kind, name: &str) -> Option<Reading> {
        self.trackers
            .get(&key(kind, name))
            .map(|tracker| tracker.reading)
    }

    /// Before the start nobody watches yet: what is read then is kept for those who will.
    pub(super) fn read(&mut self, now: Instant, key: Key, reading: Reading, out: &mut Effects) {
        let tracker = self.trackers.entry(key.clone()).or_insert_with(|| Tracker {
            reading,
            watches: Vec::new(),
        });
        if tracker.reading != reading {
            tracker.reading = reading;
            self.reevaluate(now, &key, false, out);
        }
    }

    /// Carries a tracker's state to all who watch it.
    fn reevaluate(&mut self, now: Instant, key: &Key, first: bool, out: &mut Effects) {
        let count = self
            .trackers
            .get(key)
            .map_or(0, |tracker| tracker.watches.len());
        for at in 0..count {
            let Some(tracker) = self.trackers.get_mut(key) else {
                return;
            };
            let reading = tracker.reading;
            let Some(watch) = tracker.watches.get_mut(at) else {
                return;
            };
            let before = watch.meaning;
            watch.meaning = reading.meaning(watch.weight, before);
            let watch = *watch;
            if let (Kind::Bfd, Reading::Binary(up)) = (key.kind, reading) {
                let session = key.name.clone();
                self.tell(
                    watch.instance,
                    InstanceEvent::TrackedBfd { session, up },
                    out,
                );
            }
            if first
                && watch.weight.value == 0
                && let Some(instance) = self.get(watch.instance)
            {
                instance.awaited_scripts = instance.awaited_scripts.saturating_sub(1);
            }
            self.means(now, key, watch, before, out);
            if first && watch.weight.value == 0 && !watch.meaning.fault {
                self.recover(now, watch.instance, out);
            }
        }
    }

    fn means(&mut self, now: Instant, key: &Key, watch: Watch, before: Meaning, out: &mut Effects) {
        let (id, meaning) = (watch.instance, watch.meaning);
        let fault_changed = meaning.fault != before.fault;
        if fault_changed {
            self.tell_tracked(id, key, meaning.fault, out);
        }
        if let Some(instance) = self.get(id) {
            let change = meaning.priority - before.priority;
            instance.tracked = instance.tracked.saturating_add(change);
        }
        if fault_changed && !meaning.fault && watch.weight.value != 0 {
            self.set_priority(id, meaning.priority != 0, out);
        } else if meaning.priority != before.priority {
            self.reprioritise(now, id, out);
        }
        if fault_changed && meaning.fault {
            self.fault_begins(now, id, out);
        } else if fault_changed {
            self.fault_ends(now, id, out);
        }
    }

    /// Files and processes tell each instance why.
    fn tell_tracked(&self, id: InstanceId, key: &Key, fault: bool, out: &mut Effects) {
        match key.kind {
            Kind::File => self.tell(
                id,
                InstanceEvent::TrackedFile {
                    file: key.name.clone(),
                    fault,
                },
                out,
            ),
            Kind::Process => self.tell(
                id,
                InstanceEvent::TrackedProcess {
                    process: key.name.clone(),
                    fault,
                },
                out,
            ),
            Kind::Interface | Kind::Script | Kind::Bfd => {}
        }
    }

    /// As a file takes its instance out of fault, the effective priority is set, not changed: nobody is notified.
    fn set_priority(&mut self, id: InstanceId, tells: bool, out: &mut Effects) {
        if let Some(instance) = self.get(id) {
            let priority = effective_priority(instance.base_priority, instance.tracked);
            instance.priority = priority;
            if tells {
                self.tell(id, InstanceEvent::PrioritySet(priority), out);
            }
        }
    }

    /// Makes the effective priority what trackers say.
    pub(super) fn reprioritise(&mut self, now: Instant, id: InstanceId, out: &mut Effects) {
        let Some(instance) = self.get(id) else {
            return;
        };
        let (from, to) = (
            instance.priority,
            effective_priority(instance.base_priority, instance.tracked),
        );
        instance.priority = to;
        if from == to {
            return;
        }
        let (state, tells) = (instance.state, instance.config.notify_priority_changes);
        self.tell(id, InstanceEvent::PriorityChanged { from, to }, out);
        if tells {
            let notice = match state {
                State::Master => NoticeState::MasterPriority,
                _ => NoticeState::BackupPriority,
            };
            self.notify(id, notice, out);
        }
        if state == State::Backup {
            self.shift_wait(now, id, from);
        }
    }

    /// A backup's wait depends on its priority: what it heard counts from when it heard it.
    fn shift_wait(&mut self, now: Instant, id: InstanceId, from: u8) {
        let Some(instance) = self.instance(id) else {
            return;
        };
        let after = instance.timing().skew();
        let before = crate::fsm::Timing {
            priority: from,
            ..instance.timing()
        }
        .skew();
        if let Some(at) = instance
            .timer
            .due()
            .and_then(|due| (due + after).checked_sub(before))
        {
            self.set_timer(id, at.max(now));
        }
    }

    /// Begins to watch everything that an instance and its group track. Scripts keep their state over a reload.
    pub(super) fn watch_all(&mut self, id: InstanceId, out: &mut Effects) {
        let Some(instance) = self.instance(id) else {
            return;
        };
        let config = instance.config.clone();
        let group = instance
            .group
            .and_then(|group| self.groups.get(group.0 as usize)?.as_ref());
        let group_tracks = group.map(|group| group.config.tracks.clone());
        for name in self.watched_interfaces(&config) {
            self.watch(id, key(Kind::Interface, &name), Weight::default(), out);
        }
        self.watch_tracks(id, &config.tracks, out);
        if let Some(tracks) = group_tracks {
            self.watch_tracks(id, &tracks, out);
        }
    }

    /// The interfaces without which an instance can't do its work: its own, its vmac's, and those of its addresses and
    /// routes.
    fn watched_interfaces(&self, config: &vrrp::Instance) -> Vec<Name> {
        let prefix = self.configuration.global.vmac_prefix.as_deref();
        let base = config.interface.as_ref();
        let base = base.map(|name| Name::from(name.value.as_str()));
        let own: Vec<Name> = base.into_iter().chain(self.device_of(config)).collect();
        let mut names = own.clone();
        if config.dont_track_primary {
            names.clear();
        }
        let addresses = config.addresses.iter().chain(&config.excluded_addresses);
        let addresses = addresses.filter(|line| !line.value.no_track);
        names.extend(
            addresses.filter_map(|line| self.devices.of_address(config, &line.value, prefix)),
        );
        let routes = config.routes.iter().filter(|line| !line.value.no_track);
        names.extend(routes.filter_map(|line| line.value.dev.as_deref().map(Name::from)));
        names.extend(self.static_interfaces(&config.name.value).map(Name::from));
        let mut seen: Vec<Name> = Vec::new();
        for name in names {
            let skip = config.dont_track_primary && own.contains(&name);
            if !skip && !seen.contains(&name) {
                seen.push(name);
            }
        }
        seen
    }

    /// The interfaces of static lines whose `track_group` an instance is in.
    fn static_interfaces<'a>(&'a self, instance: &str) -> impl Iterator<Item = &'a str> {
        let configuration = &self.configuration;
        let groups = configuration.track_groups.iter();
        let groups: Vec<&str> = groups
            .filter(|group| group.instances.iter().any(|name| name.value == instance))
            .map(|group| group.name.value.as_str())
            .collect();
        let addresses = configuration.static_addresses.iter().map(|line| {
            let dev = line.value.dev.as_deref();
            let dev = dev.unwrap_or_else(|| configuration.global.default_interface());
            (&line.value.track_group, Some(dev))
        });
        let routes = configuration.static_routes.iter();
        let routes = routes.map(|line| (&line.value.track_group, line.value.dev.as_deref()));
        let rules = configuration.static_rules.iter();
        let rules = rules.map(|line| (&line.value.track_group, line.value.iif.as_deref()));
        let all = addresses.chain(routes).chain(rules);
        all.filter_map(move |(group, interface)| {
            let group = group.as_deref()?;
            interface.filter(|_| groups.contains(&group))
        })
    }

    fn watch_tracks(&mut self, id: InstanceId, tracks: &Tracks, out: &mut Effects) {
        let kinds = [
            (Kind::Interface, &tracks.interfaces),
            (Kind::Script, &tracks.scripts),
            (Kind::File, &tracks.files),
            (Kind::Process, &tracks.processes),
            (Kind::Bfd, &tracks.bfd),
        ];
        for (kind, list) in kinds {
            for Tracked { name, weight } in list {
                self.watch(id, key(kind, &name.value), *weight, out);
            }
        }
    }

    fn watch(&mut self, id: InstanceId, key: Key, weight: Weight, out: &mut Effects) {
        if let Some(tracker) = self.trackers.get(&key)
            && tracker
                .watches
                .iter()
                .any(|watch| watch.instance == id && watch.weight == weight)
        {
            return;
        }
        let unread = self.unread(&key);
        let tracker = self.trackers.entry(key.clone()).or_insert_with(|| Tracker {
            reading: unread,
            watches: Vec::new(),
        });
        let reading = tracker.reading;
        let meaning = reading.meaning(weight, Meaning::default());
        let unknown = matches!(reading, Reading::Unknown(_));
        tracker.watches.push(Watch {
            instance: id,
            weight,
            meaning,
        });
        if let Some(instance) = self.get(id) {
            instance.tracked = instance.tracked.saturating_add(meaning.priority);
            instance.awaited_scripts += u32::from(unknown && weight.value == 0);
        }
        if !meaning.fault {
            return;
        }
        if let Some(instance) = self.get(id) {
            instance.faults += 1;
        }
        let reason = match key.kind {
            Kind::Interface if self.index_of(&key.name) == 0 => {
                FaultReason::InterfaceMissing(key.name)
            }
            Kind::Interface => FaultReason::InterfaceDown(key.name),
            Kind::File => FaultReason::File {
                file: key.name,
                status: reading.fault_status(weight),
            },
            Kind::Process => FaultReason::Process(key.name),
            Kind::Bfd | Kind::Script => return,
        };
        self.tell(id, InstanceEvent::FaultReason(reason), out);
    }

    /// What a tracker says before it has said anything.
    fn unread(&self, key: &Key) -> Reading {
        match key.kind {
            Kind::Interface => Reading::Binary(self.is_up(&key.name)),
            Kind::Script => {
                let script = self
                    .configuration
                    .scripts
                    .iter()
                    .find(|script| script.name.value == *key.name);
                let (rise, fall) = script.map_or((1, 1), |script| (script.rise, script.fall));
                Reading::Unknown(Script {
                    rise,
                    fall,
                    ..Script::default()
                })
            }
            Kind::File => Reading::Number(0),
            // A process runs until the first count says otherwise; a session is down until it comes up.
            Kind::Process => Reading::Binary(true),
            Kind::Bfd => Reading::Binary(false),
        }
    }
}

pub(super) fn key(kind: Kind, name: &str) -> Key {
    Key {
        kind,
        name: Arc::from(name),
    }
}
