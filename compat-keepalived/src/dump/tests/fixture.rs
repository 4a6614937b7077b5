//! The interfaces of the machine that the recordings were made on.

use std::{net::Ipv6Addr, time::Instant};

use locum_vrrp::{
    identity::Name,
    snapshot::{InterfaceStatus, Stacked},
};

pub(super) fn interfaces(now: Instant) -> Vec<InterfaceStatus> {
    let ethernet = |name: &str, index, link_local: Option<&str>, mac: [u8; 6]| InterfaceStatus {
        name: name.into(),
        index,
        ipv6: link_local
            .map(|text| text.parse::<Ipv6Addr>().unwrap())
            .into_iter()
            .collect(),
        mac: mac.into(),
        broadcast: vec![0xff; 6],
        up: true,
        running: true,
        can_broadcast: true,
        can_multicast: true,
        seen_up: true,
        mtu: 1500,
        hardware: 1,
        ..InterfaceStatus::default()
    };
    let tracked = |names: &[(&str, i32)]| {
        names
            .iter()
            .map(|(name, weight)| (Name::from(*name), *weight, false))
            .collect()
    };
    let loopback = InterfaceStatus {
        name: "lo".into(),
        index: 1,
        ipv4: vec![[127, 0, 0, 1].into()],
        up: true,
        running: true,
        loopback: true,
        seen_up: true,
        mtu: 65536,
        hardware: 772,
        ..InterfaceStatus::default()
    };
    let v1 = InterfaceStatus {
        tracked_by: tracked(&[("VI_2", 0)]),
        ..ethernet(
            "v1",
            2,
            Some("fe80::805c:9dff:fe8a:7960"),
            [0x82, 0x5c, 0x9d, 0x8a, 0x79, 0x60],
        )
    };
    let v0 = InterfaceStatus {
        ipv4: vec![[192, 0, 2, 250].into(), [192, 0, 2, 251].into()],
        arp_users: 1,
        arp_ignore: 1,
        arp_filter: 1,
        rp_filter: Some(0),
        forwards_ipv6: Some((false, now)),
        tracked_by: tracked(&[("VI_1", 0), ("VI_2", 5)]),
        ..ethernet(
            "v0",
            3,
            Some("fe80::5899:5fff:fe38:3ea1"),
            [0x5a, 0x99, 0x5f, 0x38, 0x3e, 0xa1],
        )
    };
    let v3 = ethernet(
        "v3",
        4,
        Some("fe80::ecf3:ff:fe15:2710"),
        [0xee, 0xf3, 0, 0x15, 0x27, 0x10],
    );
    let v2 = InterfaceStatus {
        ipv4: vec![[198, 51, 100, 250].into()],
        tracked_by: tracked(&[("VI_2", 0)]),
        ..ethernet(
            "v2",
            5,
            Some("fe80::74a5:9ff:fefc:809"),
            [0x76, 0xa5, 0x09, 0xfc, 0x08, 0x09],
        )
    };
    let vmac = InterfaceStatus {
        stacked: Some(Stacked {
            ipvlan: false,
            mode: "private",
            base: "v0".into(),
            base_up: true,
            base_running: true,
        }),
        ours: true,
        arp_ignore: 1,
        rp_filter: Some(0),
        promote_secondaries: 1,
        tracked_by: tracked(&[("VI_1", 0)]),
        ..ethernet("vrrp.51", 6, None, [0, 0, 0x5e, 0, 1, 0x33])
    };
    vec![loopback, v1, v0, v3, v2, vmac]
}
