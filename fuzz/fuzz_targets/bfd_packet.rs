//! The BFD packet's decoder takes any bytes and reads back what it writes; sessions take any row of packets and waits.
#![no_main]

use std::time::{Duration, Instant};

use libfuzzer_sys::fuzz_target;
use locum_model::{Located, bfd::Instance, track::Weight};
use locum_vrrp::bfd::{
    packet::{LENGTH, Packet, State},
    session::Chance,
    sessions::{Effect, Received, Sessions},
};

struct Counter(u32);

impl Chance for Counter {
    fn next_u32(&mut self) -> u32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        self.0
    }
}

fuzz_target!(|bytes: &[u8]| {
    if let Ok(packet) = Packet::decode(bytes) {
        let again = packet.encode();
        assert_eq!(again[..2], bytes[..2]);
        if bytes.len() == LENGTH {
            assert_eq!(again, bytes);
        }
    }
    let mut sessions = Sessions::new(Box::new(Counter(1)));
    let mut effects = Vec::new();
    let mut now = Instant::now();
    let first = bytes.first().copied().unwrap_or(0);
    sessions.configure(vec![instance(first & 1 != 0)], &mut effects);
    for piece in bytes.chunks(LENGTH + 2) {
        for effect in std::mem::take(&mut effects) {
            if let Effect::Open { session, .. } = effect {
                sessions.on_open(now, session, Ok(()), &mut effects);
            }
        }
        let (wait, packet) = piece.split_at(piece.len().min(2));
        now += Duration::from_millis(wait.iter().fold(0, |sum, &b| sum * 16 + u64::from(b)));
        let mut packet = packet.to_vec();
        // Else no packet would ever find its session.
        if packet.len() == LENGTH && packet[8..12] == [1; 4] {
            let ours = sessions.snapshot()[0].1.discriminator;
            packet[8..12].copy_from_slice(&ours.to_be_bytes());
        }
        let received = Received {
            source: ([192, 0, 2, 2], 50_000).into(),
            destination: None,
            ttl: Some(255),
            truncated: false,
            bytes: &packet,
        };
        sessions.on_datagram(now, received, &mut effects);
        sessions.on_timer(now, &mut effects);
        assert!(
            sessions.deadline().is_none_or(|at| at > now),
            "what was due has run"
        );
        let session = &sessions.snapshot()[0].1;
        assert_eq!(
            session.expire_at.is_some(),
            matches!(session.state, State::Init | State::Up)
        );
        assert!(session.discriminator != 0);
    }
});

fn instance(passive: bool) -> Instance {
    Instance {
        name: Located::built_in("B1".to_owned()),
        neighbor: [192, 0, 2, 2].into(),
        source: None,
        min_rx: Duration::from_millis(10),
        min_tx: Duration::from_millis(10),
        idle_tx: Duration::from_secs(1),
        multiplier: 5,
        passive,
        ttl: 255,
        max_hops: 0,
        weight: Weight::default(),
        vrrp: true,
        checker: true,
    }
}
