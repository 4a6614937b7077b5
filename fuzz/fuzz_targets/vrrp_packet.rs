//! The engine takes any packet: the decoder and the checks never panic, what was made by us is accepted by us, and what is
//! rejected never moves an instance.
#![no_main]

use std::{net::IpAddr, sync::Arc, time::Instant};

use libfuzzer_sys::{
    arbitrary::{self, Arbitrary},
    fuzz_target,
};
use locum_model::{
    Located, Text,
    address::Network,
    keepalived::Configuration,
    vrrp::{Address, Authentication, Family, Instance, MULTICAST_V6, Peer, Version},
};
use locum_vrrp::{
    accept::accept,
    effect::{Effect, Effects},
    engine::Engine,
    event::{Event, InstanceEvent},
    identity::{InstanceId, SocketId},
    input::{Interface, Received},
    packet::{self, Advert, PseudoHeader},
};

#[derive(Debug, Arbitrary)]
struct Input<'a> {
    shape: u8,
    source: [u8; 4],
    hop_limit: Option<u8>,
    /// The packet is given a checksum that fits.
    mend: bool,
    header: &'a [u8],
    payload: &'a [u8],
}

fn configuration(shape: u8) -> Instance {
    let mut instance = Instance::new(Located::built_in("VI".into()));
    instance.interface = Some(Located::built_in("eth0".into()));
    instance.vrid = 51;
    let v6 = shape & 8 != 0;
    if shape & 1 != 0 || v6 {
        instance.version = Version::V3;
    }
    let text = || Text::from(b"secret".to_vec());
    instance.authentication = match shape & 6 {
        2 => Authentication::Pass(text()),
        4 => Authentication::Ah(text()),
        _ => Authentication::None,
    };
    let ip: IpAddr = if v6 { "fe80::51".parse() } else { "192.0.2.51".parse() }.expect("an address");
    if v6 {
        (instance.family, instance.multicast) = (Family::Inet6, MULTICAST_V6.into());
    }
    instance.addresses = vec![Located::built_in(Address::bare(Network { ip, prefix: 24 }))];
    if shape & 16 != 0 {
        let address = if v6 { "fe80::2".parse() } else { "192.0.2.2".parse() }.expect("an address");
        instance.unicast_peers = vec![Peer { address, min_ttl: 1, max_ttl: 254 }];
        instance.check_unicast_src = shape & 32 != 0;
    }
    instance.skip_check_adv_addr = shape & 64 != 0;
    instance
}

fn mended(payload: &[u8], received: &Received<'_>, version: Version) -> Vec<u8> {
    let mut bytes = payload.to_vec();
    if bytes.len() >= packet::HEADER_BYTES {
        bytes[1] = 51;
        bytes[6..8].fill(0);
        let pseudo = received.destination.filter(|_| version == Version::V3);
        let sum = packet::checksum(&bytes, pseudo.map(|destination| PseudoHeader { source: received.source, destination }));
        bytes[6..8].copy_from_slice(&sum.to_be_bytes());
    }
    bytes
}

fuzz_target!(|input: Input<'_>| {
    if let Some(advert) = Advert::decode(input.payload) {
        for family in [Family::Inet, Family::Inet6] {
            assert!(advert.addresses(family).len() <= input.payload.len());
            assert!(advert.auth_data(family).len() <= packet::AUTH_BYTES);
        }
    }
    let config = configuration(input.shape);
    let (family, version) = (config.family, config.version);
    let own: IpAddr = if family == Family::Inet6 { "fe80::1".parse() } else { "192.0.2.1".parse() }.expect("an address");
    let now = Instant::now();
    let mut engine = Engine::new(Arc::new(Configuration { instances: vec![Arc::new(config)], ..Configuration::default() }));
    let mut out = Effects::new();
    let link = Interface { index: 2, name: "eth0".into(), up: true, running: true, flags: 1, base: None, mtu: 1500 };
    engine.on_interface(now, link, &mut out);
    engine.on_address(now, 2, own, true, &mut out);
    engine.start(now, &mut out);
    out.drain();

    let mut received = Received {
        source: IpAddr::from(input.source),
        destination: Some(own),
        hop_limit: input.hop_limit,
        header: input.header,
        payload: input.payload,
    };
    let bytes = mended(input.payload, &received, version);
    if input.mend {
        received.payload = &bytes;
    }
    let before = engine.deadline();
    engine.on_packet(now, SocketId(0), &received, &mut out);
    let rejected = out.drain().any(|effect| {
        matches!(effect, Effect::Tell(Event::Instance { event: InstanceEvent::Rejected(_), .. } | Event::PacketTooShort { .. }))
    });
    if rejected {
        assert_eq!(engine.deadline(), before, "what is rejected moves nothing");
    }

    // What we send, our equal takes.
    let mut sent = Vec::new();
    engine.adverts(InstanceId(0), 100, |_, outgoing| sent.push((outgoing.destination, outgoing.bytes.to_vec())));
    let Some(instance) = engine.instance(InstanceId(0)) else {
        return;
    };
    for (destination, bytes) in sent {
        let (header, payload) = bytes.split_at(if family == Family::Inet { 20 } else { 0 });
        let own = Received { source: own, destination: Some(destination), hop_limit: Some(255), header, payload };
        let mut expected = instance.expected.clone();
        expected.check_source = false;
        let taken = accept(&expected, &own, &mut 0, false, &mut Default::default());
        assert!(taken.is_ok(), "{taken:?}");
    }
});
