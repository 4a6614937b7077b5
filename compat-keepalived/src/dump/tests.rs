//! Whole dumps beside the reference's, under the same configuration in the same state.

use std::{
    net::IpAddr,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant, UNIX_EPOCH},
};

use locum_model::{
    Located, Text as Word,
    address::{Address as Endpoint, Network},
    bfd,
    keepalived::{
        Configuration, DynamicInterfaces, LvsFlushOnStop, LvsSyncDaemon, LvsTimeouts, NftablesIpvs,
        ReceiveBufferPolicy, ReloadCheck, ReloadFile,
    },
    script::{Account, Script},
    track::{TrackFile, TrackProcess, TrackScript, Tracked, Weight},
    vrrp::{
        self, Address, Authentication, Family, Instance, Peer, Route, Rule, SyncGroup, Version,
        Vmac, rule::RuleAction,
    },
};
use locum_vrrp::{
    fsm::State,
    identity::Name,
    snapshot::{GroupStatus, InstanceStatus, ProcessStatus, ScriptStatus, Snapshot, SocketStatus},
    statistics::Statistics,
};

use super::*;

mod fixture;

use fixture::interfaces;

fn located(name: &str) -> Located<String> {
    Located::built_in(name.to_owned())
}

fn net(text: &str) -> Network {
    let (ip, prefix) = text.split_once('/').unwrap();
    Network {
        ip: ip.parse().unwrap(),
        prefix: prefix.parse().unwrap(),
    }
}

fn facts(vrrp: bool) -> Facts {
    Facts {
        vrrp,
        firewall: vrrp,
        hostname: "vm".into(),
        user: "root".into(),
        namespace: None,
        realtime: None,
        umask: 0o177,
    }
}

fn tracked(name: &str, value: i32) -> Tracked {
    Tracked {
        name: located(name),
        weight: Weight {
            value,
            reverse: false,
        },
    }
}

/// The lines of a dump, without what the clock says.
fn timeless(text: &str) -> Vec<String> {
    text.lines()
        .map(|line| {
            let cut = ["Last transition = ", "Read timeout = ", "Last checked "]
                .iter()
                .find_map(|mark| line.find(mark).map(|at| at + mark.len()));
            cut.map_or(line, |at| &line[..at]).to_owned()
        })
        .collect()
}

#[track_caller]
fn same(ours: Vec<u8>, recorded: &str) {
    let ours = timeless(&String::from_utf8(ours).unwrap());
    let recorded = timeless(recorded);
    for (i, (ours, recorded)) in ours.iter().zip(&recorded).enumerate() {
        assert_eq!(ours, recorded, "line {}", i + 1);
    }
    assert_eq!(ours.len(), recorded.len());
}

fn script(words: &[&str]) -> Script {
    Script {
        argv: words
            .iter()
            .map(|word| Word::from(word.as_bytes().to_vec()))
            .collect(),
        account: Account { uid: 0, gid: 0 },
    }
}

/// Two instances in a group, one on a vmac, with something of everything.
fn configuration() -> Configuration {
    let mut first = Instance::new(located("VI_1"));
    (first.vrid, first.nopreempt) = (51, true);
    first.interface = Some(located("v0"));
    first.vmac = Some(Vmac::default());
    first.authentication = Authentication::Pass(Word::from(b"x".to_vec()));
    first.tracks.processes = vec![tracked("p2", -1)];
    first.addresses = vec![Located::built_in(Address::bare(net("192.0.2.1/24")))];
    first.excluded_addresses = ["192.0.2.5/32", "2001:db8::5/128"]
        .map(|text| Located::built_in(Address::bare(net(text))))
        .into();
    let mut routes = ["203.0.113.0/24", "203.0.114.0/24", "203.0.115.0/24"]
        .map(|text| Route::to(Family::Inet, net(text)));
    routes[0].dev = Some("v0".into());
    (routes[1].via, routes[1].no_track) = (Some([192, 0, 2, 9].into()), true);
    (routes[2].dev, routes[2].no_track) = (Some("v2".into()), true);
    first.routes = routes.map(Located::built_in).into();
    let rule = |from, to, priority, no_track| Rule {
        family: Family::Inet,
        invert: false,
        from,
        to,
        priority,
        iif: None,
        oif: None,
        fwmark: None,
        tos: None,
        action: RuleAction::Lookup(5),
        realms: None,
        suppress_prefixlength: None,
        suppress_ifgroup: None,
        tunnel_id: None,
        l3mdev: false,
        uid_range: None,
        protocol: None,
        ip_protocol: None,
        sport: None,
        dport: None,
        no_track,
        track_group: None,
    };
    first.rules = vec![
        Located::built_in(rule(None, Some(net("203.0.113.0/24")), 5, false)),
        Located::built_in(rule(Some(net("192.0.2.0/24")), None, 6, true)),
    ];
    let mut second = Instance::new(located("VI_2"));
    (second.vrid, second.priority) = (52, 90);
    second.interface = Some(located("v2"));
    (second.version, second.advert_int) = (Version::V3, Duration::from_millis(500));
    second.tracks.interfaces = vec![tracked("v0", 0), tracked("v1", 0)];
    second.addresses = ["198.51.100.1/32", "198.51.100.2/24"]
        .map(|text| Located::built_in(Address::bare(net(text))))
        .into();
    let process = |name: &str, program: &str, weight, quorum| TrackProcess {
        name: located(name),
        process: Word::from(program.as_bytes().to_vec()),
        parameters: Vec::new(),
        param_match: None,
        weight: Weight {
            value: weight,
            reverse: false,
        },
        quorum,
        quorum_max: None,
        fork_delay: Duration::ZERO,
        terminate_delay: Duration::ZERO,
        full_command: false,
    };
    let mut group = SyncGroup {
        name: located("G1"),
        members: vec![located("VI_1"), located("VI_2")],
        tracks: Default::default(),
        notify: Default::default(),
        smtp_alert: false,
        notify_priority_changes: false,
        tracking_weight: false,
    };
    group.tracks.scripts = vec![tracked("s1", 2)];
    group.tracks.files = vec![tracked("f1", 1)];
    group.tracks.processes = vec![tracked("p1", 3)];
    group.tracks.bfd = vec![tracked("b1", 5)];
    Configuration {
        instances: [first, second].map(Arc::new).to_vec(),
        sync_groups: vec![group],
        scripts: vec![TrackScript {
            name: located("s1"),
            script: script(&["/usr/bin/true"]),
            interval: Duration::from_secs(1),
            timeout: Some(Duration::from_secs(3)),
            rise: 1,
            fall: 1,
            weight: Weight {
                value: 2,
                reverse: false,
            },
            init_fail: false,
        }],
        track_files: vec![TrackFile {
            name: located("f1"),
            path: PathBuf::from("/tmp/f1x"),
            weight: Weight {
                value: 1,
                reverse: false,
            },
            init: None,
        }],
        track_processes: vec![
            process("p1", "keepalived", 3, 1),
            process("p2", "nosuchx", -1, 2),
        ],
        bfd: vec![session()],
        ..Configuration::default()
    }
}

fn session() -> bfd::Instance {
    bfd::Instance {
        name: located("b1"),
        neighbor: [192, 0, 2, 9].into(),
        source: Some([192, 0, 2, 250].into()),
        min_rx: bfd::default::MIN_RX,
        min_tx: bfd::default::MIN_TX,
        idle_tx: bfd::default::IDLE_TX,
        multiplier: bfd::default::MULTIPLIER,
        passive: false,
        ttl: bfd::default::TTL,
        max_hops: 0,
        weight: Weight::default(),
        vrrp: true,
        checker: true,
    }
}

#[allow(clippy::disallowed_methods, reason = "some time to count from")]
fn now() -> (Instant, std::time::SystemTime) {
    let at = UNIX_EPOCH + Duration::from_micros(1_795_385_592_506_561);
    (Instant::now(), at)
}

fn master(config: &Instance, now: Instant, interface: &str) -> InstanceStatus {
    InstanceStatus {
        group: Some("G1".into()),
        state: State::Master,
        wanted: State::Master,
        master: None,
        config_faults: 0,
        faults: 0,
        awaited_scripts: 0,
        last_transition: Some(now),
        deadline: Some(now),
        master_down: Duration::from_micros(3_593_750),
        interface: interface.into(),
        base: None,
        own_interface_up: true,
        source: Some([192, 0, 2, 250].into()),
        priority: 104,
        total_priority: 104,
        master_interval: config.advert_int,
        interface_index: 5,
        lines_set: true,
        addresses_set: vec![true; config.addresses.len()],
        excluded_set: vec![true; config.excluded_addresses.len()],
        sockets: Some((16, 17)),
        statistics: Statistics {
            adverts_sent: 3,
            became_master: 1,
            ..Statistics::default()
        },
        config: Arc::new(config.clone()),
    }
}

fn snapshot(configuration: &Configuration) -> Snapshot {
    let now = now();
    let mut first = master(&configuration.instances[0], now.0, "vrrp.51");
    first.base = Some("v0".into());
    let mut second = master(&configuration.instances[1], now.0, "v2");
    second.last_transition = Some(now.0 + Duration::from_micros(12_272));
    second.master_down = Duration::from_micros(1_804_687);
    (second.source, second.priority) = (Some([198, 51, 100, 250].into()), 100);
    (second.total_priority, second.sockets) = (100, Some((18, 19)));
    second.statistics.adverts_sent = 6;
    let socket = |interface: &str, (input, output), name: &str, vrid| SocketStatus {
        input,
        output,
        interface: interface.into(),
        family: Family::Inet,
        ah: false,
        unicast: None,
        receive_buffer: 0,
        instances: vec![(Name::from(name), vrid)],
    };
    let process = ProcessStatus {
        count: 0,
        up: false,
        fork_at: None,
        terminate_at: None,
    };
    Snapshot {
        now,
        groups: vec![GroupStatus {
            config: Arc::new(configuration.sync_groups[0].clone()),
            state: State::Master,
            faults: 0,
            inits: 0,
        }],
        scripts: vec![ScriptStatus {
            up: Some(true),
            result: 1,
            running: false,
            insecure: false,
        }],
        files: vec![3],
        processes: vec![process; 2],
        bfd: vec![false],
        sockets: vec![
            socket("vrrp.51", (16, 17), "VI_1", 51),
            socket("v2", (18, 19), "VI_2", 52),
        ],
        interfaces: interfaces(now.0),
        static_addresses: Vec::new(),
        static_routes: Vec::new(),
        static_rules: Vec::new(),
        instances: vec![first, second],
    }
}

#[test]
fn the_vrrp_process_dumps_what_the_reference_dumps() {
    let configuration = configuration();
    let snapshot = snapshot(&configuration);
    same(
        vrrp(&configuration, &snapshot, &facts(true)).into_bytes(),
        include_str!("recorded/vrrp.data"),
    );
    same(
        statistics(&snapshot).into_bytes(),
        include_str!("recorded/vrrp.stats"),
    );
    let json = json::write(&configuration, &snapshot);
    assert_eq!(
        String::from_utf8(json).unwrap(),
        include_str!("recorded/vrrp.json")
    );
}

#[test]
fn a_backup_with_peers_that_never_heard_a_master() {
    let mut configuration = Configuration::default();
    let mut instance = Instance::new(located("VI_1"));
    instance.vrid = 51;
    instance.interface = Some(located("v0"));
    instance.source = Some([192, 0, 2, 250].into());
    instance.addresses = vec![Located::built_in(Address::bare(net("192.0.2.1/24")))];
    instance.unicast_configured = true;
    instance.check_unicast_src = true;
    let peer = |last, min_ttl, max_ttl| Peer {
        address: IpAddr::from([192, 0, 2, last]),
        min_ttl,
        max_ttl,
    };
    instance.unicast_peers = vec![peer(99, 0, 255), peer(98, 5, 9)];
    configuration.instances = vec![Arc::new(instance)];
    let now = now();
    let mut status = master(&configuration.instances[0], now.0, "v0");
    (status.group, status.state) = (None, State::Backup);
    (status.wanted, status.sockets) = (State::Backup, Some((12, 13)));
    (status.priority, status.total_priority) = (100, 100);
    status.master_down = Duration::from_micros(3_609_375);
    status.addresses_set = vec![false];
    let snapshot = Snapshot {
        instances: vec![status],
        sockets: Vec::new(),
        interfaces: Vec::new(),
        groups: Vec::new(),
        ..snapshot(&self::configuration())
    };
    let whole = super::vrrp(&configuration, &snapshot, &facts(true)).into_bytes();
    let whole = String::from_utf8(whole).unwrap();
    let at = whole.find("------< VRRP Topology").unwrap();
    same(
        whole.as_bytes()[at..].to_vec(),
        include_str!("recorded/unicast.data"),
    );
}

#[test]
fn the_parent_dumps_all_globals() {
    let mut configuration = Configuration::default();
    let global = &mut configuration.global;
    global.process_name = Some("pp".into());
    global.vrrp_process.name = Some("keepalived_vrrp".into());
    global.checker_process.name = Some("keepalived_lvs".into());
    global.bfd_process.name = Some("keepalived_bfd".into());
    global.router_id = Some("LB1".into());
    global.smtp.server = Some(Endpoint::Ip {
        ip: [192, 0, 2, 9].into(),
        port: 2525,
    });
    global.smtp.helo_name = Some("helo.example".into());
    global.smtp.connect_timeout = Duration::from_secs(17);
    global.smtp.from = Some("k@example.com".into());
    global.smtp.to = vec!["a@example.com".into(), "b@example.com".into()];
    global.smtp.no_email_faults = true;
    global.reload_check_config = Some(ReloadCheck {
        log_file: Some("/tmp/rl".into()),
    });
    (global.reload_time_file, global.reload_repeat) = (Some("/tmp/rt".into()), true);
    global.reload_file = Some(ReloadFile {
        path: Some("/tmp/rf".into()),
    });
    global.tmp_config_directory = Some("/tmp".into());
    global.data_use_instance = true;
    global.dynamic_interfaces = DynamicInterfaces::AllowChanges;
    global.lvs_timeouts = Some(LvsTimeouts {
        tcp: Some(100),
        tcp_fin: Some(200),
        udp: Some(300),
    });
    global.lvs_sync_daemon = Some(LvsSyncDaemon {
        interface: "v0".into(),
        instance: Some("VI_1".into()),
        id: Some(5),
        maxlen: Some(1400),
        port: Some(8848),
        ttl: Some(3),
        group: Some([224, 1, 1, 1].into()),
    });
    global.lvs_flush_on_stop = LvsFlushOnStop::VirtualServers;
    global.vrrp_garp.extra_if = Duration::from_secs(10);
    global.firewall.nftables = Some("keepalived".into());
    global.firewall.nftables_ifindex = true;
    global.firewall.nftables_counters = true;
    global.nftables_ipvs = Some(NftablesIpvs {
        table: "kt".into(),
        priority: None,
        start_fwmark: None,
    });
    global.max_auto_priority = Some(50);
    global.vrrp_process.cpu_affinity = vec![0, 1];
    global.vrrp_process.rlimit_rttime = Duration::from_millis(20);
    global.checker_process.cpu_affinity = vec![1];
    global.bfd_process.cpu_affinity = vec![0];
    global.script_security = true;
    global.vrrp_rx_bufs_policy = Some(ReceiveBufferPolicy::Advert);
    global.log_unknown_vrids = true;
    global.vmac_prefix = Some("vm.".into());
    global.vmac_addr_prefix = Some("va.".into());
    same(
        parent(&configuration, &facts(false)).into_bytes(),
        include_str!("recorded/parent.data"),
    );
}

#[test]
fn the_bfd_process_dumps_its_sessions() {
    use locum_vrrp::bfd::{
        driver::Status,
        session::{Chance, Session},
    };
    struct Nothing;
    impl Chance for Nothing {
        fn next_u32(&mut self) -> u32 {
            0
        }
    }
    let (at, date) = now();
    let mut session = Session::new(session(), 0x1234_5678);
    session.start(at, &mut Nothing, &mut Vec::new());
    let status = Status {
        receiver: 8,
        sessions: vec![(session.snapshot(), 10)],
        now: at,
    };
    let mut text = Text::default();
    super::bfd::write(&mut text, &status, date);
    // Where timers are in memory is nobody's business, and discriminators are random.
    let steady = |text: &str| {
        let lines = text.lines().map(|line| match line.find(" 0x") {
            Some(at) if !line.contains("remote disc") && !line.ends_with("(nil)") => &line[..at],
            _ => line,
        });
        lines.collect::<Vec<_>>().join("\n")
    };
    let ours = String::from_utf8(text.into_bytes()).unwrap();
    assert_eq!(
        steady(&ours),
        steady(include_str!("recorded/bfd.data").trim_end())
    );
}

#[test]
fn ipv6_and_version_3_have_lines_of_their_own() {
    let mut configuration = Configuration::default();
    let mut instance = Instance::new(located("VI_6"));
    (instance.family, instance.version) = (Family::Inet6, Version::V3);
    (instance.vrid, instance.advert_int) = (61, Duration::from_millis(700));
    instance.multicast = vrrp::MULTICAST_V6.into();
    instance.interface = Some(located("v0"));
    configuration.instances = vec![Arc::new(instance)];
    let mut status = master(&configuration.instances[0], now().0, "v0");
    (status.group, status.state) = (None, State::Backup);
    (status.source, status.interface_index) = (Some("fe80::1".parse().unwrap()), 3);
    let snapshot = Snapshot {
        instances: vec![status],
        ..snapshot(&self::configuration())
    };
    let mut text = Text::default();
    super::vrrp::instances(
        &mut text,
        &configuration.global,
        &snapshot,
        super::Moment::Running,
    );
    let text = String::from_utf8(text.into_bytes()).unwrap();
    for line in [
        "   Using Native IPv6",
        "   Master advert int = 0.70 sec",
        "   Using src_ip = fe80::1",
        "   Multicast address ff02::12, ifindex 3",
        "   Advert interval = 700 milli-sec",
        "   Master advert interval = 700 milli-sec",
    ] {
        assert!(text.lines().any(|l| l == line), "{line} in {text}");
    }
    assert!(!text.contains("Authentication"));
}
