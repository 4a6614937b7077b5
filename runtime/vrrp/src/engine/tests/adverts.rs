//! What adverts do to an instance, and what its own are.

use super::*;

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
fn peers_share_the_numbers_of_an_advert() {
    let mut unicast = config("VI_1", 51);
    unicast.unicast_peers = [12, 13]
        .map(|last| Peer {
            address: IpAddr::from([192, 0, 2, last]),
            min_ttl: 0,
            max_ttl: 255,
        })
        .to_vec();
    let mut bench = Bench::of(vec![unicast]);
    let mut numbers = Vec::new();
    for _ in 0..2 {
        bench.engine.adverts(InstanceId(0), 100, |_, out| {
            numbers.push((out.destination, out.bytes[5]))
        });
    }
    let peer = |last| IpAddr::from([192, 0, 2, last]);
    assert_eq!(
        numbers,
        [(peer(12), 1), (peer(13), 1), (peer(12), 2), (peer(13), 2)]
    );
}
