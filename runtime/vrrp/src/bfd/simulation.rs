//! Two neighbours on a network that loses, delays and reorders: minutes of it in microseconds.

use std::{
    collections::BTreeSet,
    net::IpAddr,
    time::{Duration, Instant},
};

use locum_model::{Located, bfd::Instance, track::Weight};

use super::{
    event::{Event, SessionEvent},
    packet::{Diagnostic, Packet, State},
    session::Chance,
    sessions::{Effect, Received, Sessions},
};

/// A small generator: what matters is that a test is the same each time.
#[derive(Clone, Copy)]
struct Dice(u64);

impl Chance for Dice {
    fn next_u32(&mut self) -> u32 {
        self.0 = self
            .0
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (self.0 >> 33) as u32
    }
}

const MS: Duration = Duration::from_millis(1);

fn instance(neighbor: &str, source: &str) -> Instance {
    Instance {
        name: Located::built_in("B1".to_owned()),
        neighbor: neighbor.parse().unwrap(),
        source: Some(source.parse().unwrap()),
        min_rx: 50 * MS,
        min_tx: 50 * MS,
        idle_tx: 1000 * MS,
        multiplier: 3,
        passive: false,
        ttl: 255,
        max_hops: 0,
        weight: Weight::default(),
        vrrp: true,
        checker: true,
    }
}

struct Node {
    sessions: Sessions,
    address: IpAddr,
    /// What trackers heard, with the time.
    reports: Vec<(Duration, bool)>,
    events: Vec<(Duration, SessionEvent)>,
    sent: Vec<(Duration, Packet)>,
    dropped: usize,
    /// Doesn't run: its packets queue up.
    stopped: bool,
    queue: Vec<Vec<u8>>,
}

struct World {
    start: Instant,
    now: Instant,
    nodes: [Node; 2],
    /// On the way: when, in which order, to whom, what.
    wire: BTreeSet<(Instant, u64, usize, Vec<u8>)>,
    count: u64,
    dice: Dice,
    /// In thousandths.
    loss: u32,
    /// At most.
    delay: Duration,
    cut: bool,
}

impl World {
    #[allow(clippy::disallowed_methods, reason = "some time to count from")]
    fn new(a: Instance, b: Instance) -> World {
        let start = Instant::now();
        let node = |seed: u64, instance: &Instance| Node {
            sessions: Sessions::new(Box::new(Dice(seed))),
            address: instance.source.unwrap(),
            reports: Vec::new(),
            events: Vec::new(),
            sent: Vec::new(),
            dropped: 0,
            stopped: false,
            queue: Vec::new(),
        };
        let mut world = World {
            start,
            now: start,
            nodes: [node(1, &a), node(2, &b)],
            wire: BTreeSet::new(),
            count: 0,
            dice: Dice(3),
            loss: 0,
            delay: MS,
            cut: false,
        };
        world.configure(0, vec![a]);
        world.configure(1, vec![b]);
        world
    }

    fn pair() -> World {
        World::new(
            instance("192.0.2.2", "192.0.2.1"),
            instance("192.0.2.1", "192.0.2.2"),
        )
    }

    fn configure(&mut self, node: usize, instances: Vec<Instance>) {
        let mut effects = Vec::new();
        self.nodes[node].sessions.configure(instances, &mut effects);
        self.carry_out(node, effects);
    }

    fn carry_out(&mut self, node: usize, effects: Vec<Effect>) {
        let time = self.now - self.start;
        for effect in effects {
            let this = &mut self.nodes[node];
            match effect {
                Effect::Open { session, .. } => {
                    let mut more = Vec::new();
                    this.sessions.on_open(self.now, session, Ok(()), &mut more);
                    self.carry_out(node, more);
                }
                Effect::Send { packet, .. } => {
                    this.sent.push((time, packet));
                    if !self.cut && self.dice.next_u32() % 1000 >= self.loss {
                        let delay = self
                            .delay
                            .mul_f64(f64::from(self.dice.next_u32() % 1000) / 1e3);
                        self.count += 1;
                        self.wire.insert((
                            self.now + delay,
                            self.count,
                            1 - node,
                            packet.encode().to_vec(),
                        ));
                    }
                }
                Effect::Report(report) => this.reports.push((time, report.up)),
                Effect::Event(Event::Session { event, .. }) => this.events.push((time, event)),
                Effect::Event(Event::Dropped { .. }) => this.dropped += 1,
                Effect::Event(_) | Effect::Close(_) => {}
            }
        }
    }

    fn deliver(&mut self, to: usize, bytes: Vec<u8>) {
        if self.nodes[to].stopped {
            return self.nodes[to].queue.push(bytes);
        }
        let mut effects = Vec::new();
        let received = Received {
            source: (self.nodes[1 - to].address, 50_000).into(),
            destination: Some(self.nodes[to].address),
            ttl: Some(255),
            truncated: false,
            bytes: &bytes,
        };
        self.nodes[to]
            .sessions
            .on_datagram(self.now, received, &mut effects);
        self.carry_out(to, effects);
    }

    fn run(&mut self, time: Duration) {
        let end = self.now + time;
        loop {
            let packet = self.wire.first().map(|(at, ..)| *at);
            let timers = [0, 1].map(|n| {
                let node = &self.nodes[n];
                node.sessions.deadline().filter(|_| !node.stopped)
            });
            let next = [packet, timers[0], timers[1]].into_iter().flatten().min();
            let Some(at) = next.filter(|at| *at <= end) else {
                self.now = end;
                return;
            };
            self.now = self.now.max(at);
            if packet == Some(at) {
                if let Some((_, _, to, bytes)) = self.wire.pop_first() {
                    self.deliver(to, bytes);
                }
                continue;
            }
            for (node, timer) in timers.into_iter().enumerate() {
                if timer.is_some_and(|at| at <= self.now) {
                    self.wake(node);
                }
            }
            self.check();
        }
    }

    fn wake(&mut self, node: usize) {
        let mut effects = Vec::new();
        self.nodes[node].sessions.on_timer(self.now, &mut effects);
        self.carry_out(node, effects);
    }

    /// What must hold at any moment.
    fn check(&self) {
        for node in &self.nodes {
            for (_, session) in node.sessions.snapshot() {
                assert_eq!(
                    session.expire_at.is_some(),
                    matches!(session.state, State::Init | State::Up),
                    "silence is watched exactly while there is something to lose"
                );
                assert!(session.discriminator != 0);
                if session.state == State::Up {
                    assert!(session.remote.discriminator != 0);
                    assert!(session.expire_at <= Some(self.now + session.detection_time));
                }
            }
            assert!(
                node.reports.windows(2).all(|w| w[0].1 != w[1].1),
                "trackers are told changes, not states"
            );
        }
    }

    fn states(&self) -> [State; 2] {
        [0, 1].map(|n| self.nodes[n].sessions.snapshot()[0].1.state)
    }

    fn is_up(&self, node: usize) -> bool {
        self.nodes[node].reports.last().is_some_and(|r| r.1)
    }
}

#[test]
fn two_neighbours_come_up_and_agree_on_the_slower_wish() {
    let mut a = instance("192.0.2.2", "192.0.2.1");
    (a.min_rx, a.min_tx) = (50 * MS, 40 * MS);
    let mut b = instance("192.0.2.1", "192.0.2.2");
    (b.min_rx, b.min_tx) = (70 * MS, 30 * MS);
    let mut world = World::new(a, b);
    world.run(5000 * MS);
    assert_eq!(world.states(), [State::Up, State::Up]);
    let [a, b] = [0, 1].map(|n| world.nodes[n].sessions.snapshot().remove(0).1);
    assert_eq!((a.tx_interval, b.tx_interval), (70 * MS, 50 * MS));
    assert_eq!((a.detection_time, b.detection_time), (150 * MS, 210 * MS));
    assert!(!a.polling && !b.polling, "both polls were answered");
    for (node, interval) in [(0, 70 * MS), (1, 50 * MS)] {
        let times: Vec<_> = world.nodes[node]
            .sent
            .iter()
            .filter(|(at, p)| *at > 3000 * MS && !p.is_final)
            .map(|(at, _)| *at)
            .collect();
        for gap in times.windows(2).map(|w| w[1] - w[0]) {
            assert!(
                gap >= interval * 3 / 4 && gap <= interval * 9 / 10,
                "{gap:?}"
            );
        }
    }
}

#[test]
fn a_cut_is_noticed_within_the_detection_time_and_only_once() {
    let mut world = World::pair();
    world.run(5000 * MS);
    world.cut = true;
    let cut_at = world.now - world.start;
    world.run(3000 * MS);
    for node in &world.nodes {
        let (at, up) = *node.reports.last().unwrap();
        assert!(!up);
        assert!(at - cut_at <= 151 * MS, "{:?}", at - cut_at);
        assert_eq!(node.reports.len(), 3);
        let expired = node
            .events
            .iter()
            .filter(|(_, e)| matches!(e, SessionEvent::Expired { .. }));
        assert_eq!(expired.count(), 1);
    }
    world.cut = false;
    world.run(4000 * MS);
    assert!(world.is_up(0) && world.is_up(1));
}

#[test]
fn single_losses_never_take_a_session_down() {
    let mut world = World::pair();
    world.run(5000 * MS);
    // With a multiplier of 3 and packets at 75 to 90 %, any two in a row may get lost.
    for _ in 0..2000 {
        world.loss = 1000;
        world.run(40 * MS);
        world.loss = 0;
        world.run(100 * MS);
    }
    assert!(world.nodes.iter().all(|n| n.reports.len() == 2));
}

#[test]
fn a_lossy_reordering_network_leaves_both_sides_agreeing_when_it_heals() {
    for seed in 0..40 {
        let mut world = World::pair();
        world.dice = Dice(seed);
        (world.loss, world.delay) = (400, 120 * MS);
        world.run(60_000 * MS);
        (world.loss, world.delay) = (0, MS);
        world.run(10_000 * MS);
        assert_eq!(world.states(), [State::Up, State::Up], "seed {seed}");
        let changes = world.nodes[0].reports.len();
        world.run(60_000 * MS);
        assert_eq!(
            world.nodes[0].reports.len(),
            changes,
            "seed {seed}: quiet afterwards"
        );
    }
}

#[test]
fn a_flapping_link_is_told_as_often_as_it_flaps() {
    let mut world = World::pair();
    world.run(5000 * MS);
    for _ in 0..100 {
        world.cut = true;
        world.run(1000 * MS);
        assert!(!world.is_up(0) && !world.is_up(1));
        world.cut = false;
        world.run(4000 * MS);
        assert!(world.is_up(0) && world.is_up(1));
    }
    assert_eq!(world.nodes[0].reports.len(), 2 + 200);
}

#[test]
fn a_restarted_neighbour_is_another_session() {
    let mut world = World::pair();
    world.run(5000 * MS);
    let before = world.nodes[0].sessions.snapshot()[0].1.discriminator;
    world.nodes[1].sessions = Sessions::new(Box::new(Dice(99)));
    world.configure(1, vec![instance("192.0.2.1", "192.0.2.2")]);
    world.nodes[1].reports.clear();
    world.nodes[1].reports.push((Duration::ZERO, false));
    world.run(100 * MS);
    let (_, event) = world.nodes[0]
        .events
        .iter()
        .rfind(|(_, e)| matches!(e, SessionEvent::EnteredDown { .. }))
        .unwrap();
    assert!(matches!(
        event,
        SessionEvent::EnteredDown {
            local: Diagnostic::NeighborSignaledDown,
            ..
        }
    ));
    world.run(5000 * MS);
    assert_eq!(world.states(), [State::Up, State::Up]);
    assert_ne!(
        world.nodes[0].sessions.snapshot()[0].1.discriminator,
        before
    );
}

#[test]
fn who_was_stopped_hears_what_waits_before_it_believes_its_timers() {
    let mut world = World::pair();
    world.run(5000 * MS);
    world.nodes[0].stopped = true;
    world.run(100 * MS);
    // The neighbour's silence timer isn't due yet; ours is long overdue when we go on.
    world.now += 30 * MS;
    let waiting = std::mem::take(&mut world.nodes[0].queue);
    assert!(!waiting.is_empty());
    world.nodes[0].stopped = false;
    for bytes in waiting {
        world.deliver(0, bytes);
    }
    world.run(2000 * MS);
    assert_eq!(world.states(), [State::Up, State::Up]);
    assert_eq!(world.nodes[0].reports.len(), 2, "nothing happened");
}

#[test]
fn two_passive_neighbours_stay_silent_and_one_is_enough_to_come_up() {
    let mut a = instance("192.0.2.2", "192.0.2.1");
    let mut b = instance("192.0.2.1", "192.0.2.2");
    (a.passive, b.passive) = (true, true);
    let mut world = World::new(a.clone(), b.clone());
    world.run(10_000 * MS);
    assert!(world.nodes.iter().all(|n| n.sent.is_empty()));
    b.passive = false;
    let mut world = World::new(a, b);
    world.run(5000 * MS);
    assert_eq!(world.states(), [State::Up, State::Up]);
    world.cut = true;
    world.run(3000 * MS);
    let passive_until = world.nodes[0].sent.last().unwrap().0;
    world.run(5000 * MS);
    assert_eq!(world.nodes[0].sent.last().unwrap().0, passive_until);
}

#[test]
fn new_intervals_hold_from_the_answer_to_the_poll_on() {
    let mut world = World::pair();
    world.run(5000 * MS);
    let mut slower = instance("192.0.2.2", "192.0.2.1");
    slower.min_tx = 400 * MS;
    world.cut = true;
    world.nodes[0].reports.clear();
    world.configure(0, vec![slower]);
    let (_, first) = *world.nodes[0].sent.last().unwrap();
    assert!(first.poll && first.desired_min_tx == 400_000);
    assert_eq!(
        world.nodes[0].sessions.snapshot()[0].1.tx_interval,
        50 * MS,
        "the neighbour doesn't know yet"
    );
    world.cut = false;
    world.run(1000 * MS);
    let snapshot = world.nodes[0].sessions.snapshot().remove(0).1;
    assert_eq!(snapshot.tx_interval, 400 * MS);
    assert!(!snapshot.polling);
    assert_eq!(
        world.nodes[1].sessions.snapshot()[0].1.detection_time,
        1200 * MS
    );
    world.run(20_000 * MS);
    assert_eq!(world.nodes[1].reports.len(), 2, "it never went down");
}

#[test]
fn a_neighbour_that_is_taken_down_on_purpose_is_not_reported() {
    let mut world = World::pair();
    world.run(5000 * MS);
    let session = world.nodes[1].sessions.snapshot().remove(0).1;
    let mut last = world.nodes[1].sent.last().unwrap().1;
    last.state = State::AdminDown;
    last.diagnostic = Diagnostic::AdministrativelyDown;
    last.my_discriminator = session.discriminator;
    world.nodes[1].stopped = true;
    world.deliver(0, last.encode().to_vec());
    assert_eq!(world.states()[0], State::Down);
    assert_eq!(world.nodes[0].reports.len(), 2);
    assert!(world.is_up(0), "as far as trackers know");
}

#[test]
fn a_removed_session_ends_and_a_socket_that_fails_is_tried_again() {
    let mut sessions = Sessions::new(Box::new(Dice(7)));
    let mut effects = Vec::new();
    let mut world = World::pair();
    sessions.configure(vec![instance("192.0.2.2", "192.0.2.1")], &mut effects);
    let Some(Effect::Open { session, .. }) = effects.pop() else {
        panic!("a socket is wanted");
    };
    let error = std::sync::Arc::new(std::io::ErrorKind::AddrNotAvailable.into());
    sessions.on_open(world.now, session, Err(("bind", error)), &mut effects);
    assert!(matches!(effects[1], Effect::Report(ref r) if !r.up));
    assert_eq!(sessions.snapshot()[0].1.state, State::AdminDown);
    effects.clear();
    world.now += Duration::from_secs(60);
    assert_eq!(sessions.deadline(), Some(world.now));
    sessions.on_timer(world.now, &mut effects);
    assert!(matches!(effects.pop(), Some(Effect::Open { .. })));
    sessions.on_open(world.now, session, Ok(()), &mut effects);
    assert!(
        matches!(effects[0], Effect::Send { packet, .. } if packet.diagnostic == Diagnostic::AdministrativelyDown && packet.state == State::Down)
    );
    effects.clear();
    sessions.configure(Vec::new(), &mut effects);
    assert!(matches!(effects[..], [Effect::Close(id)] if id == session));
    assert_eq!(sessions.deadline(), None);
}
