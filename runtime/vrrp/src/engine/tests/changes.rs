//! What links, addresses, trackers, groups and reloads do to instances.

use super::*;
use crate::device::{Devices, wishes};

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
        instances: [first, config("VI_2", 52)].map(Arc::new).to_vec(),
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
        instances: [first].map(Arc::new).to_vec(),
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
        instances: [config("VI_1", 51), second, config("VI_4", 54)]
            .map(Arc::new)
            .to_vec(),
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
fn spaced_announcements_leave_one_by_one_and_each_address_waits_once() {
    let mut first = config("VI_1", 51);
    first.garp.master_repeat = 2;
    let ip = IpAddr::from([192, 0, 2, 151]);
    first
        .addresses
        .push(Located::built_in(Address::bare(Network { ip, prefix: 24 })));
    let mut configuration = Configuration {
        instances: [first].map(Arc::new).to_vec(),
        ..Configuration::default()
    };
    configuration.global.vrrp_garp_interval = Duration::from_millis(50);
    let mut bench = Bench::new(configuration);
    bench.run(3999);
    assert_eq!(bench.times("announce 192.0.2.51"), [3609, 3659]);
    assert_eq!(bench.times("announce 192.0.2.151"), [3709]);
}

#[test]
fn a_short_loss_of_a_debounced_link_is_not_noticed_and_a_long_one_late() {
    let mut configuration = Configuration {
        instances: [config("VI_1", 51)].map(Arc::new).to_vec(),
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
fn an_instance_on_a_vmac_sends_from_the_address_below_and_fails_with_either() {
    let mut virtual_mac = config("VI_1", 51);
    virtual_mac.vmac = Some(Default::default());
    let now = instant();
    let configuration = Configuration {
        instances: [virtual_mac].map(Arc::new).to_vec(),
        ..Configuration::default()
    };
    let mut bench = Bench {
        engine: Engine::new(Arc::new(configuration)),
        now,
        start: now,
        out: Effects::new(),
        log: Vec::new(),
    };
    let base = IpAddr::from([192, 0, 2, 211]);
    bench
        .engine
        .on_interface(now, link(2, "eth0", true), &mut bench.out);
    bench.engine.on_address(now, 2, base, true, &mut bench.out);
    let vmac = |up| Interface {
        base: Some(2),
        ..link(7, "vrrp.51", up)
    };
    let mut devices = Devices::default();
    let configuration = bench.engine.configuration().clone();
    for wish in wishes(&configuration) {
        devices.insert(&wish, "vrrp.51".into(), true);
    }
    bench.engine.set_devices(devices);
    bench.engine.on_interface(now, vmac(true), &mut bench.out);
    bench.engine.start(now, &mut bench.out);
    bench.settle();
    assert_eq!(
        bench.take(),
        ["VI_1 enters backup, initial true", "VI_1 Backup 100"]
    );
    bench.run(4000);
    let instance = bench.engine.instance(InstanceId(0)).unwrap();
    assert_eq!(
        (instance.source, instance.interface, instance.state),
        (Some(base), 7, State::Master)
    );
    bench
        .engine
        .on_interface(bench.now, vmac(false), &mut bench.out);
    bench.settle();
    assert_eq!(bench.state(0), State::Fault);
    bench.engine.on_interface_gone(bench.now, 7, &mut bench.out);
    bench.engine.on_interface(
        bench.now,
        Interface {
            index: 8,
            ..vmac(true)
        },
        &mut bench.out,
    );
    bench.settle();
    let instance = bench.engine.instance(InstanceId(0)).unwrap();
    assert_eq!((instance.interface, instance.state), (8, State::Backup));
    assert_eq!(instance.lines.addresses[0].interface, 8);
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

#[test]
fn without_sockets_an_instance_is_in_fault_until_they_stand() {
    let mut bench = Bench::of(vec![config("VI_1", 51)]);
    let (now, socket) = (bench.now, SocketId(0));
    bench
        .engine
        .on_socket(now, socket, Opening::Refused, &mut bench.out);
    bench.run(20_000);
    let state = |bench: &Bench| bench.engine.instance(InstanceId(0)).map(|one| one.state);
    assert_eq!(state(&bench), Some(State::Fault));
    // It is tried again all the time.
    let now = bench.now + Duration::from_secs(2);
    bench.engine.on_timer(now, &mut bench.out);
    let tries = bench
        .out
        .drain()
        .filter(|e| matches!(e, Effect::OpenSocket(id) if *id == socket));
    assert_eq!(tries.count(), 1);
    bench
        .engine
        .on_socket(now, socket, Opening::Done, &mut bench.out);
    bench.now = now;
    bench.run(5000);
    assert_eq!(state(&bench), Some(State::Master));
}

#[test]
fn a_tracked_source_that_is_removed_means_fault() {
    let source = IpAddr::from([192, 0, 2, 77]);
    let mut tracked = config("VI_1", 51);
    (tracked.source, tracked.track_src_ip) = (Some(source), true);
    let mut bench = Bench::of(vec![tracked]);
    let state = |bench: &Bench| bench.engine.instance(InstanceId(0)).map(|one| one.state);
    assert_eq!(state(&bench), Some(State::Fault));
    let now = bench.now;
    // Any interface will do.
    bench
        .engine
        .on_address(now, 3, source, true, &mut bench.out);
    bench.run(5000);
    assert_eq!(state(&bench), Some(State::Master));
    let now = bench.now;
    bench
        .engine
        .on_address(now, 3, source, false, &mut bench.out);
    bench.settle();
    assert_eq!(state(&bench), Some(State::Fault));
}

#[test]
fn a_delayed_start_listens_at_once_and_waits_for_a_master_only_afterwards() {
    let delayed = || {
        let mut configuration = Configuration {
            instances: vec![config("VI_1", 51).into()],
            ..Configuration::default()
        };
        configuration.global.vrrp_startup_delay = Duration::from_secs(2);
        Bench::new(configuration)
    };
    let mut bench = delayed();
    assert_eq!(bench.state(0), State::Backup);
    bench.run(2000 + 3608);
    assert_eq!(bench.state(0), State::Backup);
    bench.run(2);
    assert_eq!(bench.state(0), State::Master);
    // An advert of the delay prolongs nothing, one after it does.
    let mut bench = delayed();
    bench.run(1000);
    bench.hear(51, 200, 212);
    bench.run(1500);
    bench.hear(51, 200, 212);
    bench.run(3608);
    assert_eq!(bench.state(0), State::Backup);
    bench.run(2);
    assert_eq!(bench.state(0), State::Master);
}
