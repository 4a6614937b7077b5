//! Engines against each other over a network that loses, delays, reorders and splits, on machines that stall and links that
//! fail: thousands of simulated seconds. After every event the invariants hold; when the network is whole again, so does
//! the promise of the protocol: one master.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use locum_model::{
    Located,
    keepalived::Configuration,
    track::{Tracked, Weight},
    vrrp::{SyncGroup, Version},
};
use proptest::prelude::*;

use super::{
    Engine,
    tests::{config, instant, link},
};
use crate::{
    effect::{Effect, Effects},
    event::{Event, InstanceEvent},
    fsm::State,
    identity::InstanceId,
    input::{Opening, Received, ScriptResult},
};

const NODES: usize = 3;
/// Long enough for a delayed preemption, a group and everybody's timers.
const SETTLING: Duration = Duration::from_secs(20);

/// More frames in a second than instances have reason to send.
const STORM: u64 = 1000;

/// A stream of numbers (splitmix64): the same seed gives the same history.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.roll(100) < percent
    }
}

/// A machine: its engine, and what its kernel has.
struct Node {
    engine: Engine,
    configuration: Configuration,
    out: Effects,
    held: BTreeSet<(u32, IpAddr)>,
    sockets: BTreeSet<u32>,
    /// Sockets that couldn't be had.
    refused: BTreeSet<u32>,
    /// None can be had.
    refuses: bool,
    link_up: bool,
    stalled_until: Option<Instant>,
    stopped: bool,
}

struct World {
    nodes: Vec<Node>,
    now: Instant,
    dice: Dice,
    /// Frames under way: when, a number that keeps them apart, to whom, the bytes.
    air: BTreeMap<(Instant, u64), (usize, IpAddr, Vec<u8>)>,
    sent: u64,
    /// A second, and how many had been sent when it began.
    second: (Instant, u64),
    loss_percent: u64,
    jitter_ms: u64,
    /// Sides of a split network; equal: connected.
    sides: [u8; NODES],
}

/// How a history's instances are configured.
#[derive(Debug, Clone, Copy)]
struct Shape {
    version3: bool,
    grouped: bool,
    nopreempt: bool,
    preempt_delay: bool,
    weighted: bool,
}

fn configuration(node: usize, shape: Shape) -> Configuration {
    let instances = (0..3u8)
        .map(|at| {
            let mut config = config(&format!("VI_{at}"), 51 + at);
            config.priority = 100 + 10 * node as u8;
            if shape.version3 {
                config.version = Version::V3;
                config.advert_int = Duration::from_millis(500);
            }
            config.nopreempt = shape.nopreempt;
            if shape.preempt_delay {
                config.preempt_delay = Duration::from_secs(2);
            }
            if shape.weighted && at == 2 {
                let weight = Weight {
                    value: -50,
                    reverse: false,
                };
                config.tracks.scripts = vec![Tracked {
                    name: Located::built_in("check".into()),
                    weight,
                }];
            }
            Arc::new(config)
        })
        .collect();
    let sync_groups = if shape.grouped {
        vec![SyncGroup {
            name: Located::built_in("G".into()),
            members: ["VI_0", "VI_1"]
                .map(|name| Located::built_in(name.into()))
                .to_vec(),
            tracks: Default::default(),
            notify: Default::default(),
            smtp_alert: false,
            notify_priority_changes: false,
            tracking_weight: false,
        }]
    } else {
        Vec::new()
    };
    Configuration {
        instances,
        sync_groups,
        ..Configuration::default()
    }
}

fn address_of(node: usize) -> IpAddr {
    IpAddr::from([192, 0, 2, 200 + node as u8])
}

impl World {
    fn new(seed: u64, shape: Shape) -> Self {
        let now = instant();
        let nodes = (0..NODES)
            .map(|at| Node::new(now, at, configuration(at, shape)))
            .collect();
        let mut world = Self {
            nodes,
            now,
            dice: Dice(seed),
            air: BTreeMap::new(),
            sent: 0,
            second: (now, 0),
            loss_percent: 0,
            jitter_ms: 0,
            sides: [0; NODES],
        };
        for at in 0..NODES {
            world.carry_out(at);
        }
        world
    }

    /// Does what an engine wants, and looks whether it may want that.
    fn carry_out(&mut self, at: usize) {
        let node = &mut self.nodes[at];
        let effects: Vec<Effect> = node.out.drain().collect();
        let mut told: Option<InstanceId> = None;
        let (mut frames, mut openings) = (Vec::new(), Vec::new());
        for effect in effects {
            match effect {
                Effect::Tell(Event::Instance { id, event, .. }) => {
                    let tells_removal = matches!(
                        event,
                        InstanceEvent::RemovingAddresses
                            | InstanceEvent::RemovingExcludedAddresses
                            | InstanceEvent::AddressNoLongerExists { .. }
                    );
                    told = tells_removal.then_some(id);
                }
                Effect::AddAddresses(lines) => {
                    node.held.extend(
                        lines
                            .iter()
                            .map(|line| (line.interface, line.value.value.ip())),
                    );
                }
                Effect::RemoveAddresses(lines) => {
                    assert_eq!(
                        told, lines[0].id.instance,
                        "addresses are given up silently"
                    );
                    for line in lines.iter() {
                        node.held.remove(&(line.interface, line.value.value.ip()));
                    }
                }
                Effect::SendAdvert { instance, priority } => {
                    node.engine
                        .adverts(instance, priority, |_, out| frames.push(out.bytes.to_vec()));
                }
                Effect::OpenSocket(socket) => {
                    let opening = if node.refuses {
                        node.refused.insert(socket.0);
                        Opening::Refused
                    } else {
                        node.refused.remove(&socket.0);
                        assert!(node.sockets.insert(socket.0));
                        Opening::Done
                    };
                    openings.push((socket, opening));
                }
                Effect::CloseSocket(socket) => {
                    let had = node.sockets.remove(&socket.0);
                    assert!(had || node.refused.remove(&socket.0));
                }
                _ => {}
            }
        }
        for (socket, opening) in openings {
            node.engine
                .on_socket(self.now, socket, opening, &mut node.out);
        }
        node.check();
        let carries = node.link_up;
        for frame in frames.into_iter().filter(|_| carries) {
            self.broadcast(at, &frame);
        }
        if !self.nodes[at].out.as_slice().is_empty() {
            self.carry_out(at);
        }
    }

    fn broadcast(&mut self, from: usize, frame: &[u8]) {
        let (began, before) = self.second;
        if self.now - began >= Duration::from_secs(1) {
            self.second = (self.now, self.sent);
        } else {
            // Else a history would never end.
            assert!(self.sent - before < STORM, "adverts answer adverts");
        }
        for to in (0..NODES).filter(|&to| to != from) {
            let cut = self.sides[from] != self.sides[to] || !self.nodes[to].link_up;
            if cut || self.dice.chance(self.loss_percent) {
                continue;
            }
            let delay = Duration::from_micros(100 + 1000 * self.dice.roll(self.jitter_ms + 1));
            self.sent += 1;
            self.air.insert(
                (self.now + delay, self.sent),
                (to, address_of(from), frame.to_vec()),
            );
        }
    }

    /// Lets time pass, event by event.
    fn run(&mut self, span: Duration) {
        let end = self.now + span;
        while let Some(at) = self.next().filter(|&at| at <= end) {
            self.now = at.max(self.now);
            self.step();
        }
        self.now = end;
    }

    fn next(&self) -> Option<Instant> {
        let timers = self
            .nodes
            .iter()
            .filter_map(|node| match node.stalled_until {
                Some(until) => Some(until),
                None => node.engine.deadline(),
            });
        let frames = self
            .air
            .iter()
            .filter(|(_, (to, ..))| self.nodes[*to].stalled_until.is_none())
            .map(|((at, _), _)| *at)
            .take(1);
        timers.chain(frames).min()
    }

    /// Frames before timers, as a driver does it.
    fn step(&mut self) {
        for node in &mut self.nodes {
            if node.stalled_until.is_some_and(|until| until <= self.now) {
                node.stalled_until = None;
            }
        }
        let due: Vec<(Instant, u64)> = self
            .air
            .range(..=(self.now, u64::MAX))
            .map(|(key, _)| *key)
            .collect();
        for key in due {
            let to = self.air[&key].0;
            if self.nodes[to].stalled_until.is_some() {
                continue;
            }
            if let Some((to, source, bytes)) = self.air.remove(&key) {
                self.nodes[to].hear(self.now, source, &bytes);
                self.carry_out(to);
            }
        }
        for at in 0..NODES {
            let node = &mut self.nodes[at];
            if node.stalled_until.is_none()
                && node.engine.deadline().is_some_and(|due| due <= self.now)
            {
                node.engine.on_timer(self.now, &mut node.out);
                assert!(
                    node.engine.deadline().is_none_or(|due| due > self.now),
                    "a timer that never lets go"
                );
                self.carry_out(at);
            }
        }
    }

    /// Something goes wrong somewhere.
    fn misfortune(&mut self, shape: Shape) {
        let at = self.dice.roll(NODES as u64) as usize;
        let now = self.now;
        match self.dice.roll(10) {
            0 => self.loss_percent = self.dice.roll(60),
            1 => self.jitter_ms = self.dice.roll(1500),
            2 => self.sides[at] = self.dice.roll(2) as u8,
            3 => {
                let ms = self.dice.roll(8000);
                self.nodes[at].stalled_until = Some(now + Duration::from_millis(ms));
            }
            4 | 5 => {
                let up = !self.nodes[at].link_up;
                self.nodes[at].set_link(now, up);
            }
            6 => {
                let node = &mut self.nodes[at];
                if let Some(&(interface, address)) = node.held.iter().next() {
                    node.held.remove(&(interface, address));
                    node.engine
                        .on_address(now, interface, address, false, &mut node.out);
                }
            }
            7 => {
                let status = self.dice.roll(2) as i32;
                let node = &mut self.nodes[at];
                node.engine
                    .on_script(now, "check", ScriptResult::Exited(status), &mut node.out);
            }
            8 => {
                let priority = 1 + self.dice.roll(200) as u8;
                self.nodes[at].reload(now, at, shape, Some(priority));
            }
            _ => {
                let node = &mut self.nodes[at];
                if node.stopped {
                    *node = Node::new(now, at, configuration(at, shape));
                    node.refuses = self.dice.chance(30);
                } else {
                    node.engine.stop(now, &mut node.out);
                    node.stopped = true;
                }
            }
        }
        self.carry_out(at);
    }

    /// The network is whole, all machines run and are configured as at first.
    fn heal(&mut self, shape: Shape) {
        (self.loss_percent, self.jitter_ms, self.sides) = (0, 0, [0; NODES]);
        let now = self.now;
        for at in 0..NODES {
            let node = &mut self.nodes[at];
            node.stalled_until = None;
            node.refuses = false;
            if node.stopped {
                *node = Node::new(now, at, configuration(at, shape));
            }
            node.set_link(now, true);
            node.engine
                .on_script(now, "check", ScriptResult::Exited(0), &mut node.out);
            self.carry_out(at);
            let node = &mut self.nodes[at];
            node.reload(now, at, shape, None);
            self.carry_out(at);
        }
    }

    fn masters(&self, vrid: u8) -> Vec<usize> {
        let is_master = |node: &Node| {
            node.engine
                .instances()
                .any(|i| i.config.vrid == vrid && i.state == State::Master)
        };
        (0..NODES)
            .filter(|&at| is_master(&self.nodes[at]))
            .collect()
    }
}

impl Node {
    fn new(now: Instant, at: usize, configuration: Configuration) -> Self {
        let mut node = Self {
            engine: Engine::new(Arc::new(configuration.clone())),
            configuration,
            out: Effects::new(),
            held: BTreeSet::new(),
            sockets: BTreeSet::new(),
            refused: BTreeSet::new(),
            refuses: false,
            link_up: true,
            stalled_until: None,
            stopped: false,
        };
        node.engine
            .on_interface(now, link(2, "eth0", true), &mut node.out);
        node.engine
            .on_address(now, 2, address_of(at), true, &mut node.out);
        node.engine.start(now, &mut node.out);
        node
    }

    fn set_link(&mut self, now: Instant, up: bool) {
        self.link_up = up;
        self.engine
            .on_interface(now, link(2, "eth0", up), &mut self.out);
    }

    fn reload(&mut self, now: Instant, at: usize, shape: Shape, priority: Option<u8>) {
        if self.stopped {
            return;
        }
        self.configuration = configuration(at, shape);
        if let Some(priority) = priority {
            // One virtual router goes for a while, the others get another priority.
            self.configuration.instances.truncate(2);
            self.configuration
                .instances
                .iter_mut()
                .for_each(|instance| Arc::make_mut(instance).priority = priority);
        }
        self.engine
            .reload(now, Arc::new(self.configuration.clone()), &mut self.out);
    }

    fn hear(&mut self, now: Instant, source: IpAddr, bytes: &[u8]) {
        let own = self.engine.instances().find_map(|instance| instance.socket);
        let Some(socket) = own.filter(|id| self.sockets.contains(&id.0)) else {
            return;
        };
        let (header, payload) = bytes.split_at(20);
        let received = Received {
            source,
            destination: None,
            hop_limit: Some(bytes[8]),
            header,
            payload,
        };
        self.engine.on_packet(now, socket, &received, &mut self.out);
    }

    /// What holds after every event.
    fn check(&self) {
        for instance in self.engine.instances() {
            let holds = instance
                .lines
                .addresses
                .iter()
                .all(|line| self.held.contains(&(line.interface, line.value.value.ip())));
            match instance.state {
                State::Master => {
                    assert!(holds, "{} is master without its addresses", instance.name);
                    assert_eq!(instance.faults, 0, "{} is master in fault", instance.name);
                    let hears = instance
                        .socket
                        .is_some_and(|id| self.sockets.contains(&id.0));
                    assert!(hears, "{} is master and hears nobody", instance.name);
                }
                _ => assert!(
                    !holds,
                    "{} keeps addresses as {:?}",
                    instance.name, instance.state
                ),
            }
            assert!(!self.stopped || instance.state == State::Init);
        }
        for group in self.engine.groups() {
            let masters = group
                .members
                .iter()
                .filter(|&&id| self.engine.instance(id).unwrap().state == State::Master)
                .count();
            assert!(
                masters == 0 || masters == group.members.len(),
                "half a group is master"
            );
        }
    }
}

/// A history: misfortunes, then health; one master for each virtual router, of the highest priority unless nobody preempts.
fn history(seed: u64, shape: Shape, misfortunes: usize) {
    let mut world = World::new(seed, shape);
    for _ in 0..misfortunes {
        let pause = Duration::from_millis(world.dice.roll(4000));
        world.run(pause);
        world.misfortune(shape);
    }
    world.heal(shape);
    world.run(SETTLING);
    for vrid in 51..54 {
        let masters = world.masters(vrid);
        assert_eq!(
            masters.len(),
            1,
            "masters of {vrid}: {masters:?} (seed {seed}, {shape:?})"
        );
        assert!(
            shape.nopreempt || masters == [NODES - 1],
            "the highest priority preempts (seed {seed}, {shape:?})"
        );
    }
    // And it stays so.
    let before: Vec<_> = (51..54).map(|vrid| world.masters(vrid)).collect();
    for _ in 0..50 {
        world.run(Duration::from_millis(500));
        assert_eq!(
            (51..54).map(|vrid| world.masters(vrid)).collect::<Vec<_>>(),
            before
        );
    }
}

fn shape() -> impl Strategy<Value = Shape> {
    any::<[bool; 5]>().prop_map(
        |[version3, grouped, nopreempt, preempt_delay, weighted]| Shape {
            version3,
            grouped,
            nopreempt,
            preempt_delay,
            weighted,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, max_shrink_iters: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn after_any_history_there_is_one_master(seed in any::<u64>(), shape in shape(), misfortunes in 0usize..60) {
        history(seed, shape, misfortunes);
    }
}

#[test]
fn three_thousand_seconds_of_misfortune_end_with_one_master() {
    let shape = Shape {
        version3: false,
        grouped: true,
        nopreempt: false,
        preempt_delay: false,
        weighted: true,
    };
    history(1, shape, 1500);
}
