//! Single engines against recorded behaviour: what they do, in which order, and when.

use std::{
    net::IpAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use locum_model::{
    Located,
    address::Network,
    keepalived::Configuration,
    track::{TrackScript, Tracked, Weight},
    vrrp::{Address, Authentication, InitialState, Instance as Config, Peer, SyncGroup, Version},
};

use super::Engine;
use crate::{
    effect::{Effect, Effects, NoticeState, Subject},
    event::{Event, InstanceEvent, Rejection},
    fsm::State,
    identity::{InstanceId, SocketId},
    input::{Interface, Received, ScriptResult},
    packet::{self, Content},
};

pub(super) fn instant() -> Instant {
    #[expect(clippy::disallowed_methods, reason = "any instant will do")]
    Instant::now()
}

pub(super) fn config(name: &str, vrid: u8) -> Config {
    let mut config = Config::new(Located::built_in(name.into()));
    config.interface = Some(Located::built_in("eth0".into()));
    config.vrid = vrid;
    let ip = IpAddr::from([192, 0, 2, vrid]);
    config.addresses = vec![Located::built_in(Address::bare(Network { ip, prefix: 24 }))];
    config
}

pub(super) fn link(index: u32, name: &str, up: bool) -> Interface {
    Interface {
        index,
        name: name.into(),
        up,
        running: up,
        flags: u32::from(up),
        base: None,
        mtu: 1500,
    }
}

/// An engine with one interface, and the time.
struct Bench {
    engine: Engine,
    now: Instant,
    start: Instant,
    out: Effects,
    log: Vec<(u64, String)>,
}

impl Bench {
    fn new(configuration: Configuration) -> Self {
        let now = instant();
        let mut bench = Self {
            engine: Engine::new(Arc::new(configuration)),
            now,
            start: now,
            out: Effects::new(),
            log: Vec::new(),
        };
        bench
            .engine
            .on_interface(now, link(2, "eth0", true), &mut bench.out);
        bench
            .engine
            .on_interface(now, link(3, "v1", true), &mut bench.out);
        bench
            .engine
            .on_address(now, 2, IpAddr::from([192, 0, 2, 211]), true, &mut bench.out);
        bench.engine.start(now, &mut bench.out);
        bench.settle();
        bench
    }

    fn of(instances: Vec<Config>) -> Self {
        Self::new(Configuration {
            instances,
            ..Configuration::default()
        })
    }

    /// Writes effects down and runs what is due.
    fn settle(&mut self) {
        loop {
            let ms = (self.now - self.start).as_millis() as u64;
            for effect in self.out.drain().collect::<Vec<_>>() {
                if let Some(text) = describe(&effect) {
                    self.log.push((ms, text));
                }
            }
            if self.engine.deadline().is_none_or(|at| at > self.now) {
                return;
            }
            self.engine.on_timer(self.now, &mut self.out);
        }
    }

    fn run(&mut self, ms: u64) {
        let end = self.now + Duration::from_millis(ms);
        while let Some(at) = self.engine.deadline().filter(|&at| at <= end) {
            self.now = at.max(self.now);
            self.settle();
        }
        self.now = end;
    }

    fn hear(&mut self, vrid: u8, priority: u8, last: u8) {
        let ip = IpAddr::from([192, 0, 2, vrid]);
        self.hear_with(
            last,
            |content| {
                *content = Content {
                    vrid,
                    priority,
                    ..*content
                }
            },
            &[ip],
        );
    }

    fn hear_with(&mut self, last: u8, change: impl FnOnce(&mut Content<'_>), addresses: &[IpAddr]) {
        let mut content = Content {
            version: Version::V2,
            vrid: 51,
            priority: 90,
            addresses,
            interval: 1,
            authentication: packet::Authentication::None,
            pseudo: None,
        };
        change(&mut content);
        let mut payload = Vec::new();
        packet::encode(&content, &mut payload);
        let received = Received {
            source: IpAddr::from([192, 0, 2, last]),
            destination: None,
            hop_limit: Some(255),
            header: &[0; 20],
            payload: &payload,
        };
        self.engine
            .on_packet(self.now, SocketId(0), &received, &mut self.out);
        self.settle();
    }

    fn take(&mut self) -> Vec<String> {
        std::mem::take(&mut self.log)
            .into_iter()
            .map(|(_, text)| text)
            .collect()
    }

    fn times(&mut self, of: &str) -> Vec<u64> {
        self.log
            .iter()
            .filter(|(_, text)| text == of)
            .map(|(ms, _)| *ms)
            .collect()
    }

    fn state(&self, id: u32) -> State {
        self.engine.instance(InstanceId(id)).unwrap().state
    }
}

/// The effects that tests look at, short.
fn describe(effect: &Effect) -> Option<String> {
    Some(match effect {
        Effect::SendAdvert { instance, priority } => format!("advert {} {priority}", instance.0),
        Effect::AddAddresses(lines) => format!("add {}", lines.len()),
        Effect::RemoveAddresses(lines) => format!("remove {}", lines.len()),
        Effect::Announce { address, .. } => format!("announce {address}"),
        Effect::Notify(notice) => match notice.subject {
            Subject::Instance(_) => {
                format!("{} {:?} {}", notice.name, notice.state, notice.priority)
            }
            Subject::Group(_) => format!("group {} {:?}", notice.name, notice.state),
        },
        Effect::Tell(Event::Instance { name, event, .. }) => match event {
            InstanceEvent::EnteredBackup { initial } => {
                format!("{name} enters backup, initial {initial}")
            }
            InstanceEvent::EnteredMaster => format!("{name} enters master"),
            InstanceEvent::EnteredFault => format!("{name} enters fault"),
            InstanceEvent::SentPriorityZero => format!("{name} sent zero"),
            InstanceEvent::AdvertTimeout => format!("{name} times out"),
            InstanceEvent::PriorityChanged { from, to } => format!("{name} {from}->{to}"),
            InstanceEvent::LowerDiscarded { theirs, .. } => format!("{name} discards {theirs}"),
            InstanceEvent::Rejected(rejection) => format!("{name} rejects {rejection:?}"),
            InstanceEvent::OwnerConflict => format!("{name} owner conflict"),
            _ => return None,
        },
        Effect::Tell(Event::Group { name, event, .. }) => format!("{name} {event:?}"),
        _ => return None,
    })
}

#[test]
fn a_lone_backup_becomes_master_after_the_recorded_time_in_the_recorded_order() {
    let mut bench = Bench::of(vec![config("VI_1", 51)]);
    assert_eq!(
        bench.take(),
        [
            "remove 1",
            "VI_1 enters backup, initial true",
            "VI_1 Backup 100"
        ]
    );
    bench.run(3608);
    assert_eq!(bench.state(0), State::Backup);
    bench.run(2);
    assert_eq!(
        bench.take(),
        [
            "VI_1 times out",
            "advert 0 100",
            "VI_1 enters master",
            "add 1",
            "announce 192.0.2.51",
            "announce 192.0.2.51",
            "announce 192.0.2.51",
            "announce 192.0.2.51",
            "announce 192.0.2.51",
            "VI_1 Master 100"
        ]
    );
    bench.run(5000);
    assert_eq!(bench.times("advert 0 100").len(), 5);
    assert_eq!(bench.times("announce 192.0.2.51"), [8609; 5]);
}

#[test]
fn priority_zero_lets_a_backup_wait_the_skew_only() {
    let mut bench = Bench::of(vec![config("VI_1", 51)]);
    bench.run(1000);
    bench.hear(51, 200, 12);
    bench.run(1000);
    bench.hear(51, 0, 12);
    bench.run(3000);
    assert_eq!(bench.times("VI_1 enters master"), [2609]);
}

#[test]
fn a_master_gives_way_to_a_higher_priority_without_saying_good_bye() {
    let mut bench = Bench::of(vec![config("VI_1", 51)]);
    bench.run(4000);
    bench.take();
    bench.hear(51, 110, 12);
    assert_eq!(
        bench.take(),
        [
            "VI_1 enters backup, initial false",
            "remove 1",
            "VI_1 Backup 100"
        ]
    );
    bench.run(3610);
    assert_eq!(bench.state(0), State::Master);
}

#[test]
fn a_master_answers_a_lower_priority_and_announces_now_and_later_for_each() {
    let mut bench = Bench::of(vec![config("VI_1", 51)]);
    bench.run(9000);
    bench.take();
    bench.hear(51, 90, 12);
    bench.run(500);
    bench.hear(51, 100, 9);
    assert_eq!(bench.times("advert 0 100"), [9000, 9500]);
    bench.run(5600);
    assert_eq!(bench.times("announce 192.0.2.51").len(), 20);
    assert_eq!(bench.times("VI_1 MasterRxLowerPri 100"), [9000, 9500]);
}

#[test]
fn an_address_that_vanishes_makes_the_master_elect_again() {
    let mut bench = Bench::of(vec![config("VI_1", 51)]);
    bench.run(5000);
    bench.take();
    bench.engine.on_address(
        bench.now,
        2,
        IpAddr::from([192, 0, 2, 51]),
        false,
        &mut bench.out,
    );
    bench.settle();
    assert_eq!(
        bench.take(),
        [
            "VI_1 enters backup, initial false",
            "advert 0 0",
            "VI_1 sent zero",
            "remove 1",
            "VI_1 Backup 100"
        ]
    );
    bench.run(700);
    assert_eq!(bench.times("VI_1 enters master"), [5609]);
}

#[test]
fn a_link_that_fails_is_a_fault_and_the_return_of_it_a_backup() {
    let mut bench = Bench::of(vec![config("VI_1", 51)]);
    bench.run(5000);
    bench.take();
    bench
        .engine
        .on_interface(bench.now, link(2, "eth0", false), &mut bench.out);
    bench.settle();
    assert_eq!(
        bench.take(),
        [
            "VI_1 enters fault",
            "advert 0 0",
            "advert 0 0",
            "VI_1 sent zero",
            "remove 1",
            "VI_1 Fault 100"
        ]
    );
    bench.run(10000);
    assert_eq!(bench.take(), [""; 0]);
    bench
        .engine
        .on_interface(bench.now, link(2, "eth0", true), &mut bench.out);
    bench.settle();
    assert_eq!(
        bench.take(),
        ["VI_1 enters backup, initial false", "VI_1 Backup 100"]
    );
}

#[test]
fn a_stalled_backup_that_hears_what_waited_stays_backup() {
    let mut bench = Bench::of(vec![config("VI_1", 51)]);
    bench.hear(51, 200, 12);
    bench.now += Duration::from_secs(6);
    bench.engine.on_wake(bench.now, &mut bench.out);
    assert!(
        matches!(bench.out.as_slice(), [Effect::Tell(Event::TimerLate(late))] if late.as_secs() == 2)
    );
    bench.hear(51, 200, 12);
    bench.run(3000);
    assert_eq!(bench.state(0), State::Backup);
}

fn group(members: &[&str]) -> SyncGroup {
    SyncGroup {
        name: Located::built_in("G1".into()),
        members: members
            .iter()
            .map(|name| Located::built_in((*name).into()))
            .collect(),
        tracks: Default::default(),
        notify: Default::default(),
        smtp_alert: false,
        notify_priority_changes: false,
        tracking_weight: false,
    }
}

fn tracked(name: &str, value: i32) -> Tracked {
    Tracked {
        name: Located::built_in(name.into()),
        weight: Weight {
            value,
            reverse: false,
        },
    }
}

#[test]
fn a_group_becomes_master_when_the_last_member_times_out_and_fails_as_one() {
    let mut first = config("VI_1", 51);
    first.tracks.interfaces = vec![tracked("v1", 0)];
    let mut bench = Bench::new(Configuration {
        instances: vec![first, config("VI_2", 52)],
        sync_groups: vec![group(&["VI_1", "VI_2"])],
        ..Configuration::default()
    });
    bench.run(1000);
    bench.hear(52, 200, 12);
    bench.take();
    bench.run(3600);
    assert_eq!(bench.take(), ["VI_1 times out"]);
    bench.run(1000);
    let log = bench.take();
    let order: Vec<&str> = log
        .iter()
        .map(String::as_str)
        .filter(|text| !text.starts_with("announce") && !text.starts_with("add"))
        .collect();
    assert_eq!(
        order,
        [
            "VI_2 times out",
            "advert 1 100",
            "VI_2 enters master",
            "VI_2 Master 100",
            "G1 SyncingToMaster",
            "advert 0 100",
            "VI_1 enters master",
            "VI_1 Master 100",
            "group G1 Master"
        ]
    );
    bench
        .engine
        .on_interface(bench.now, link(3, "v1", false), &mut bench.out);
    bench.settle();
    assert_eq!(
        bench.take().split_off(4)[..],
        [
            "remove 1",
            "VI_1 Fault 100",
            "G1 SyncingToFault",
            "VI_2 enters fault",
            "advert 1 0",
            "remove 1",
            "VI_2 Fault 100",
            "group G1 Fault"
        ]
    );
    bench
        .engine
        .on_interface(bench.now, link(3, "v1", true), &mut bench.out);
    bench.settle();
    assert_eq!(
        bench.take(),
        [
            "VI_1 enters backup, initial false",
            "VI_1 Backup 100",
            "G1 SyncingToBackup",
            "VI_2 enters backup, initial false",
            "VI_2 Backup 100",
            "group G1 Backup"
        ]
    );
}

fn script(name: &str, rise: u32, fall: u32) -> TrackScript {
    TrackScript {
        name: Located::built_in(name.into()),
        script: locum_model::script::Script {
            argv: Vec::new(),
            account: Default::default(),
        },
        interval: Duration::from_secs(1),
        timeout: None,
        rise,
        fall,
        weight: Weight::default(),
        init_fail: false,
    }
}

#[test]
fn an_instance_waits_for_the_first_result_of_its_script_and_a_weight_moves_its_priority() {
    let mut first = config("VI_1", 51);
    first.tracks.scripts = vec![tracked("up", 0), tracked("weight", -20)];
    first.notify_priority_changes = true;
    let mut bench = Bench::new(Configuration {
        instances: vec![first],
        scripts: vec![script("up", 1, 2), script("weight", 1, 1)],
        ..Configuration::default()
    });
    bench.run(2000);
    assert_eq!(
        (bench.take(), bench.state(0)),
        (vec!["remove 1".into()], State::Init)
    );
    let run = |bench: &mut Bench, name: &str, status| {
        bench.engine.on_script(
            bench.now,
            name,
            ScriptResult::Exited(status),
            &mut bench.out,
        );
        bench.settle();
        bench.take()
    };
    assert_eq!(
        run(&mut bench, "up", 0),
        ["VI_1 enters backup, initial false", "VI_1 Backup 100"]
    );
    bench.run(1000);
    assert_eq!(
        run(&mut bench, "weight", 1),
        ["VI_1 100->80", "VI_1 BackupPriority 80"]
    );
    bench.run(2700);
    assert_eq!(bench.times("VI_1 enters master"), [2000 + 3687]);
    bench.take();
    assert_eq!(run(&mut bench, "up", 1), [""; 0]);
    assert_eq!(run(&mut bench, "up", 1)[0], "VI_1 enters fault");
}

#[test]
fn an_owner_that_says_master_is_master_at_once_and_yields_ownership_to_another_owner() {
    let mut owner = config("VI_1", 51);
    (owner.priority, owner.state) = (255, InitialState::Master);
    let mut bench = Bench::of(vec![owner]);
    assert_eq!(bench.times("VI_1 enters master"), [0]);
    bench.take();
    bench.hear(51, 255, 9);
    assert_eq!(
        bench.take(),
        [
            "VI_1 owner conflict",
            "VI_1 enters backup, initial false",
            "remove 1",
            "VI_1 Backup 254"
        ]
    );
}

#[test]
fn the_preempt_delay_obeys_a_lower_priority_for_its_time_and_then_no_more() {
    let mut delayed = config("VI_1", 51);
    delayed.preempt_delay = Duration::from_secs(4);
    let mut bench = Bench::of(vec![delayed]);
    for _ in 0..12 {
        bench.run(900);
        bench.hear(51, 50, 12);
    }
    // Obeyed until 4.5 s; then 3.609 s of silence, as it takes it.
    assert_eq!(bench.times("VI_1 enters master"), [4500 + 3609]);
    assert_eq!(bench.times("VI_1 discards 50"), [5400, 6300, 7200, 8100]);
}

#[test]
fn nopreempt_obeys_a_lower_priority_for_ever() {
    let mut meek = config("VI_1", 51);
    meek.nopreempt = true;
    let mut bench = Bench::of(vec![meek]);
    for _ in 0..20 {
        bench.run(900);
        bench.hear(51, 1, 12);
    }
    assert_eq!(bench.state(0), State::Backup);
}

#[test]
fn bad_packets_are_rejected_for_the_recorded_reason() {
    let mut guarded = config("VI_1", 51);
    guarded.authentication = Authentication::Pass(locum_model::Text::from(b"secret".to_vec()));
    let mut bench = Bench::of(vec![guarded]);
    let ip = [IpAddr::from([192, 0, 2, 51])];
    let pass = packet::Authentication::Pass(*b"secret\0\0");
    let mut reject = |change: fn(&mut Content<'_>), addresses: &[IpAddr]| {
        bench.take();
        bench.hear_with(
            12,
            |content| {
                content.authentication = pass;
                change(content);
            },
            addresses,
        );
        bench.take().join("")
    };
    assert_eq!(reject(|c| c.priority = 200, &ip), "");
    let no_password = Rejection::AuthMismatch {
        received: 0,
        expected: 1,
    };
    assert_eq!(
        reject(|c| c.authentication = packet::Authentication::None, &ip),
        format!("VI_1 rejects {no_password:?}")
    );
    assert_eq!(
        reject(
            |c| c.authentication = packet::Authentication::Pass(*b"secreT\0\0"),
            &ip
        ),
        "VI_1 rejects Password"
    );
    assert_eq!(
        reject(|c| c.interval = 3, &ip),
        format!(
            "VI_1 rejects {:?}",
            Rejection::Interval {
                received: 3,
                ours: 1
            }
        )
    );
    let wrong = Rejection::Version {
        received: 3,
        expected: Version::V2,
    };
    assert_eq!(
        reject(|c| c.version = Version::V3, &ip),
        format!("VI_1 rejects {wrong:?}")
    );
    let count = Rejection::AddressCount {
        received: 0,
        expected: 1,
    };
    assert_eq!(reject(|_| (), &[]), format!("VI_1 rejects {count:?}"));
    let missing = Rejection::AddressMissing {
        vrid: 51,
        address: ip[0],
    };
    assert_eq!(
        reject(|_| (), &[IpAddr::from([192, 0, 2, 5])]),
        format!("VI_1 rejects {missing:?}")
    );
    let statistics = bench.engine.instance(InstanceId(0)).unwrap().statistics;
    assert_eq!(
        (
            statistics.adverts_received,
            statistics.address_list_errors,
            statistics.auth_failures
        ),
        (2, 2, 1)
    );
}

#[test]
fn adverts_are_the_recorded_bytes() {
    let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
    let frames = |config: Config| {
        let mut bench = Bench::of(vec![config]);
        let mut frames = Vec::new();
        bench
            .engine
            .adverts(InstanceId(0), 100, |_, out| frames.push(hex(out.bytes)));
        bench.engine.adverts(InstanceId(0), 0, |_, out| {
            frames.push(hex(&out.bytes[20..]))
        });
        frames
    };
    let mut v2 = config("VI_1", 51);
    let ip = IpAddr::from([192, 0, 2, 1]);
    v2.addresses = vec![Located::built_in(Address::bare(Network { ip, prefix: 24 }))];
    v2.source = Some(IpAddr::from([192, 0, 2, 11]));
    assert_eq!(
        frames(v2.clone()),
        [
            "45c0002800010000ff700000c000020be000001221336401\
             0001b8c8c00002010000000000000000",
            "213300010001\
             1cc9c00002010000000000000000"
        ]
    );
    let mut v3 = v2.clone();
    v3.version = Version::V3;
    v3.unicast_peers = vec![Peer {
        address: IpAddr::from([192, 0, 2, 12]),
        min_ttl: 0,
        max_ttl: 255,
    }];
    let peers = frames(v3.clone());
    assert_eq!(&peers[0][40..], "31336401006423d1c0000201");
    assert_eq!(peers[1], "31330001006487d1c0000201");
    v3.old_unicast_checksum = locum_model::vrrp::OldChecksum::Always;
    assert_eq!(&frames(v3)[0][40..], "31336401006405cbc0000201");
    v2.authentication = Authentication::Pass(locum_model::Text::from(b"secret12".to_vec()));
    assert_eq!(frames(v2)[1], "213300010101ae4ac00002017365637265743132");
}

#[test]
fn a_reload_touches_only_what_changed() {
    let mut bench = Bench::of(vec![
        config("VI_1", 51),
        config("VI_2", 52),
        config("VI_3", 53),
    ]);
    bench.run(5000);
    bench.take();
    let mut second = config("renamed", 52);
    let ip = IpAddr::from([192, 0, 2, 152]);
    second
        .addresses
        .push(Located::built_in(Address::bare(Network { ip, prefix: 24 })));
    let next = Configuration {
        instances: vec![config("VI_1", 51), second, config("VI_4", 54)],
        ..Default::default()
    };
    bench
        .engine
        .reload(bench.now, Arc::new(next), &mut bench.out);
    let effects = bench.out.as_slice();
    assert!(effects.iter().any(
        |e| matches!(e, Effect::Notify(n) if &*n.name == "VI_3" && n.state == NoticeState::Fault)
    ));
    assert_eq!(
        effects
            .iter()
            .filter(|e| matches!(e, Effect::RemoveAddresses(_)))
            .count(),
        1
    );
    bench.settle();
    let log = bench.take();
    assert!(
        log.contains(&"announce 192.0.2.152".into())
            && !log.contains(&"announce 192.0.2.51".into())
    );
    assert_eq!(
        (bench.state(0), bench.state(1)),
        (State::Master, State::Master)
    );
    assert_eq!(log.last().map(String::as_str), Some("advert 1 100"));
    bench.run(3610);
    assert_eq!(bench.state(3), State::Master);
}

#[test]
fn lateness_is_that_of_what_is_due_and_not_of_what_was_put_off() {
    let mut bench = Bench::of(vec![config("VI_1", 51)]);
    for _ in 0..3 {
        bench.now += Duration::from_millis(900);
        bench.hear(51, 200, 12);
    }
    // Due at 2.7 + 3.609375 s.
    bench.now += Duration::from_millis(4_500);
    bench.engine.on_wake(bench.now, &mut bench.out);
    assert!(bench.out.is_empty());
    bench.now += Duration::from_millis(500);
    bench.engine.on_wake(bench.now, &mut bench.out);
    let late = Duration::from_micros(1_390_625);
    assert_eq!(bench.out.as_slice(), [Effect::Tell(Event::TimerLate(late))]);
}

#[test]
fn a_deleted_master_says_good_bye_by_the_sockets_it_had() {
    let mut bench = Bench::of(vec![config("VI_1", 51)]);
    bench.run(5000);
    bench.engine.reload(
        bench.now,
        Arc::new(Configuration::default()),
        &mut bench.out,
    );
    let sends = bench
        .out
        .as_slice()
        .iter()
        .position(|e| matches!(e, Effect::SendAdvert { priority: 0, .. }));
    let closes = bench
        .out
        .as_slice()
        .iter()
        .position(|e| matches!(e, Effect::CloseSocket(_)));
    assert!(sends.is_some() && sends < closes);
    let mut sockets = Vec::new();
    bench
        .engine
        .adverts(InstanceId(0), 0, |socket, _| sockets.push(socket));
    assert_eq!(sockets, [Some(SocketId(0))]);
}

#[test]
fn spaced_announcements_leave_one_by_one_address_after_address() {
    let mut first = config("VI_1", 51);
    first.garp.master_repeat = 2;
    let ip = IpAddr::from([192, 0, 2, 151]);
    first
        .addresses
        .push(Located::built_in(Address::bare(Network { ip, prefix: 24 })));
    let mut configuration = Configuration {
        instances: vec![first],
        ..Configuration::default()
    };
    configuration.global.vrrp_garp_interval = Duration::from_millis(50);
    let mut bench = Bench::new(configuration);
    bench.run(3999);
    assert_eq!(bench.times("announce 192.0.2.51"), [3609, 3659]);
    assert_eq!(bench.times("announce 192.0.2.151"), [3709, 3759]);
}

#[test]
fn a_short_loss_of_a_debounced_link_is_not_noticed_and_a_long_one_late() {
    let mut configuration = Configuration {
        instances: vec![config("VI_1", 51)],
        ..Configuration::default()
    };
    configuration.up_down_delays = vec![locum_model::keepalived::UpDownDelay {
        interface: Located::built_in("eth0".into()),
        down: Duration::from_millis(1500),
        up: Duration::from_secs(2),
    }];
    let mut bench = Bench::new(configuration);
    bench.run(5000);
    let link = |bench: &mut Bench, up| {
        bench
            .engine
            .on_interface(bench.now, link(2, "eth0", up), &mut bench.out);
        bench.settle();
    };
    link(&mut bench, false);
    bench.run(1000);
    link(&mut bench, true);
    bench.run(4000);
    assert_eq!(bench.state(0), State::Master);
    link(&mut bench, false);
    bench.run(4000);
    assert_eq!(bench.times("VI_1 enters fault"), [11_500]);
    link(&mut bench, true);
    bench.run(4000);
    // Two seconds are two intervals: a little is taken off.
    assert_eq!(bench.times("VI_1 enters backup, initial false"), [15_996]);
}

#[test]
fn the_interval_of_the_master_is_learned_in_version_3() {
    let mut third = config("VI_1", 51);
    third.version = Version::V3;
    let mut bench = Bench::of(vec![third]);
    bench.run(300);
    let source = IpAddr::from([192, 0, 2, 12]);
    let destination = IpAddr::from([224, 0, 0, 18]);
    let ip = [IpAddr::from([192, 0, 2, 51])];
    let content = Content {
        version: Version::V3,
        vrid: 51,
        priority: 200,
        addresses: &ip,
        interval: 200,
        authentication: packet::Authentication::None,
        pseudo: Some(packet::PseudoHeader {
            source,
            destination,
        }),
    };
    let mut payload = Vec::new();
    packet::encode(&content, &mut payload);
    let received = Received {
        source,
        destination: Some(destination),
        hop_limit: Some(255),
        header: &[0; 20],
        payload: &payload,
    };
    bench
        .engine
        .on_packet(bench.now, SocketId(0), &received, &mut bench.out);
    bench.settle();
    bench.run(10_000);
    assert_eq!(bench.times("VI_1 enters master"), [300 + 7218]);
    assert_eq!(bench.times("advert 0 100")[..2], [7518, 8518]);
}

#[test]
fn stopping_says_good_bye_and_takes_everything_back() {
    let mut bench = Bench::of(vec![config("VI_1", 51), config("VI_2", 52)]);
    bench.run(5000);
    bench.hear(52, 200, 12);
    bench.take();
    bench.engine.stop(bench.now, &mut bench.out);
    bench.settle();
    assert_eq!(
        bench.take(),
        [
            "advert 0 0",
            "VI_1 sent zero",
            "remove 1",
            "VI_1 Stop 100",
            "VI_2 Stop 100"
        ]
    );
    bench.run(10000);
    assert_eq!(bench.take(), [""; 0]);
}
