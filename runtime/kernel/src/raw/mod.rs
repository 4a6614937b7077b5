//! Raw sockets of VRRP, and the frames that tell a link who has an address now.
//!
//! ```text
//! Receiver ── recvmmsg ─▶ Batch ─▶ Packet { payload, source, destination, hop limit, interface }
//! Sender   ◀─ sendmmsg ── Outgoing { to, source, bytes }
//! LinkSender ◀─ arp::gratuitous(..), ndisc::unsolicited(..)         (AF_PACKET)
//! ```
//!
//! Each interface, family and protocol has one receiver and one sender, shared by its instances, as the reference has
//! them: a receiver is bound to the group (or to the unicast source) and to the device, and a sender never receives.
//!
//! ```no_run
//! # fn main() -> std::io::Result<()> {
//! use locum_kernel::raw::{self, Batch, Listen, Outgoing, Protocol, Sender, Target, Transmit};
//! let target = Target::Multicast { group: "224.0.0.18".parse().unwrap(), interface: 2 };
//! let receiver = raw::Receiver::open(&Listen { protocol: Protocol::Vrrp, target, device: Some("eth0"), receive_buffer: None })?;
//! let mut batch = Batch::new(raw::PACKET_BYTES);
//! while batch.receive(&receiver)? > 0 {          // WouldBlock when nothing waits
//!     for packet in batch.packets() {
//!         println!("{} bytes from {} with {:?}", packet.payload.len(), packet.source, packet.hop_limit);
//!     }
//! }
//! let sender = Sender::open(&Transmit { protocol: Protocol::Vrrp, target, device: Some("eth0") })?;
//! let header = raw::Ipv4Header { source: "192.0.2.1".parse().unwrap(), destination: "224.0.0.18".parse().unwrap(),
//!     protocol: Protocol::Vrrp, ttl: 255, identification: 1, tos: 0xc0 };
//! let advert = [0u8; 20];
//! let packet = [&header.bytes(advert.len())[..], &advert].concat();
//! sender.send(&Outgoing { to: header.destination.into(), source: None, bytes: &packet })?;
//! # Ok(()) }
//! ```

pub mod arp;
mod batch;
mod header;
mod link_sender;
pub mod ndisc;
mod receiver;
mod sender;

use std::net::IpAddr;

pub use batch::{Batch, Packet};
pub use header::Ipv4Header;
pub use link_sender::LinkSender;
pub use receiver::{Listen, Receiver};
pub use sender::{Outgoing, Sender, Transmit};

/// Room for a packet with its IP header: more than 255 addresses of an IPv6 advert take (8 + 255 × 16), and an IPv4
/// header with options and an authentication header before it.
pub const PACKET_BYTES: usize = 4608;

/// What follows the IP header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// VRRP itself (RFC 5798 §5.1.1.4).
    Vrrp,
    /// VRRP behind an authentication header (RFC 2338 §5.3.6.3): `auth_type AH`.
    AuthenticationHeader,
}

impl Protocol {
    /// Its number in an IP header.
    pub fn number(self) -> u8 {
        match self {
            Self::Vrrp => 112,
            Self::AuthenticationHeader => 51,
        }
    }
}

/// Whom a socket talks with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Target {
    /// A group on an interface.
    Multicast {
        /// Its address: 224.0.0.18 or ff02::12, unless `vrrp_mcast_group4`/`6` say otherwise.
        group: IpAddr,
        /// The index of the interface that joins it.
        interface: u32,
    },
    /// Peers by their addresses, from this one of ours (`unicast_src_ip`).
    Unicast {
        /// Ours.
        source: IpAddr,
        /// The index of the instance's interface, which link-local addresses need.
        interface: Option<u32>,
    },
}

impl Target {
    fn address(self) -> IpAddr {
        match self {
            Self::Multicast { group, .. } => group,
            Self::Unicast { source, .. } => source,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io,
        net::{Ipv4Addr, Ipv6Addr},
        os::fd::AsFd,
    };

    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

    use super::*;
    use crate::in_namespace::{Host, index, inside, ip, wire};

    const GROUP_V4: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 18);
    const GROUP_V6: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0x12);

    fn multicast(group: impl Into<IpAddr>, device: &str) -> Target {
        Target::Multicast {
            group: group.into(),
            interface: index(device),
        }
    }

    fn unicast(source: IpAddr, device: &str) -> Target {
        Target::Unicast {
            source,
            interface: Some(index(device)),
        }
    }

    fn pair(protocol: Protocol, from: (Target, &str), to: (Target, &str)) -> (Sender, Receiver) {
        let sender = Sender::open(&Transmit {
            protocol,
            target: from.0,
            device: Some(from.1),
        });
        let receiver = Receiver::open(&Listen {
            protocol,
            target: to.0,
            device: Some(to.1),
            receive_buffer: Some(100_000),
        });
        (sender.expect("a sender"), receiver.expect("a receiver"))
    }

    fn ipv4_packet(protocol: Protocol, destination: Ipv4Addr, payload: &[u8]) -> Vec<u8> {
        let header = Ipv4Header {
            source: Ipv4Addr::new(192, 0, 2, 9),
            destination,
            protocol,
            ttl: 255,
            identification: 7,
            tos: 0xc0,
        };
        [&header.bytes(payload.len()), payload].concat()
    }

    /// Waits until `count` packets came, and no longer than a second for each.
    fn received(batch: &mut Batch, receiver: &Receiver, count: usize) -> Vec<Vec<u8>> {
        let mut payloads = Vec::new();
        while payloads.len() < count {
            let mut descriptors = [PollFd::new(receiver.as_fd(), PollFlags::POLLIN)];
            let ready = poll(&mut descriptors, PollTimeout::from(1000u16)).expect("poll");
            assert_eq!(ready, 1, "{} of {count} came", payloads.len());
            batch.receive(receiver).expect("received");
            payloads.extend(batch.packets().map(|packet| packet.payload.to_vec()));
        }
        payloads
    }

    #[test]
    fn multicast_adverts_arrive_with_all_that_is_to_be_known() {
        if !inside("raw::tests::multicast_adverts_arrive_with_all_that_is_to_be_known") {
            return;
        }
        let (_, vb) = wire();
        for protocol in [Protocol::Vrrp, Protocol::AuthenticationHeader] {
            let (sender, receiver) = pair(
                protocol,
                (multicast(GROUP_V4, "va"), "va"),
                (multicast(GROUP_V4, "vb"), "vb"),
            );
            let mut batch = Batch::new(PACKET_BYTES);
            let error = batch.receive(&receiver).expect_err("nothing yet");
            assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
            let bytes = ipv4_packet(protocol, GROUP_V4, b"twenty bytes payload");
            let packet = Outgoing {
                to: GROUP_V4.into(),
                source: None,
                bytes: &bytes,
            };
            sender.send(&packet).expect("sent");
            received(&mut batch, &receiver, 1);
            let packet = batch.packets().next().expect("a packet");
            assert_eq!(packet.header[..4], bytes[..4]);
            assert_eq!(packet.payload, b"twenty bytes payload");
            assert_eq!(packet.source, Ipv4Addr::new(192, 0, 2, 9));
            assert_eq!(packet.destination, Some(GROUP_V4.into()));
            assert_eq!((packet.hop_limit, packet.interface), (Some(255), Some(vb)));
            assert!(!packet.truncated);
        }
    }

    #[test]
    fn many_packets_leave_with_one_call_and_keep_their_order() {
        if !inside("raw::tests::many_packets_leave_with_one_call_and_keep_their_order") {
            return;
        }
        wire();
        let (sender, receiver) = pair(
            Protocol::Vrrp,
            (multicast(GROUP_V4, "va"), "va"),
            (multicast(GROUP_V4, "vb"), "vb"),
        );
        let packets: Vec<_> = (0..70u8)
            .map(|place| ipv4_packet(Protocol::Vrrp, GROUP_V4, &[place; 20]))
            .collect();
        let mut rest = &packets[..];
        while !rest.is_empty() {
            let outgoing = rest.iter().map(|bytes| Outgoing {
                to: GROUP_V4.into(),
                source: None,
                bytes,
            });
            let sent = sender.send_many(outgoing).expect("sent");
            rest = &rest[sent..];
        }
        let mut batch = Batch::new(PACKET_BYTES);
        let places: Vec<u8> = received(&mut batch, &receiver, 70)
            .iter()
            .map(|payload| payload[0])
            .collect();
        assert_eq!(places, (0..70).collect::<Vec<u8>>());
    }

    #[test]
    fn ipv6_adverts_get_their_checksum_and_the_source_that_was_asked_for() {
        if !inside("raw::tests::ipv6_adverts_get_their_checksum_and_the_source_that_was_asked_for")
        {
            return;
        }
        let (_, vb) = wire();
        ip("addr add fe80::77/64 dev va nodad");
        let (sender, receiver) = pair(
            Protocol::Vrrp,
            (multicast(GROUP_V6, "va"), "va"),
            (multicast(GROUP_V6, "vb"), "vb"),
        );
        let source = "fe80::77".parse().expect("an address");
        let bytes = *b"\x31\x35\x64\x01\x00\x64\x00\x00\xfe\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\x35";
        let packet = Outgoing {
            to: GROUP_V6.into(),
            source: Some(source),
            bytes: &bytes,
        };
        sender.send(&packet).expect("sent");
        let mut batch = Batch::new(PACKET_BYTES);
        received(&mut batch, &receiver, 1);
        let packet = batch.packets().next().expect("a packet");
        assert_eq!((packet.source, packet.header), (source.into(), &[][..]));
        assert_eq!(packet.destination, Some(GROUP_V6.into()));
        assert_eq!((packet.hop_limit, packet.interface), (Some(255), Some(vb)));
        assert_eq!(
            (&packet.payload[..6], &packet.payload[8..]),
            (&bytes[..6], &bytes[8..])
        );
        assert_ne!(
            packet.payload[6..8],
            [0, 0],
            "the kernel filled in the checksum"
        );
    }

    #[test]
    fn unicast_adverts_go_from_host_to_host() {
        if !inside("raw::tests::unicast_adverts_go_from_host_to_host") {
            return;
        }
        wire();
        let peer = Host::new("peer");
        ip("link set vb netns peer");
        peer.run("ip addr add 192.0.2.2/24 dev vb");
        peer.run("ip addr add fe80::2/64 dev vb nodad");
        peer.run("ip link set vb up");
        let v4 = |last| IpAddr::from([192, 0, 2, last]);
        let v6 = |last| IpAddr::from([0xfe80, 0, 0, 0, 0, 0, 0, last]);
        for (ours, theirs, hops) in [(v4(1), v4(2), 255), (v6(1), v6(2), 40)] {
            let sender = Sender::open(&Transmit {
                protocol: Protocol::Vrrp,
                target: unicast(ours, "va"),
                device: Some("va"),
            });
            let sender = sender.expect("a sender");
            let listen = |source| Listen {
                protocol: Protocol::Vrrp,
                target: unicast(source, "vb"),
                device: Some("vb"),
                receive_buffer: None,
            };
            let receiver = peer.inside(|| {
                let error = Receiver::open(&listen(IpAddr::from([203, 0, 113, 1])));
                let error = error.expect_err("not an address of it");
                assert_eq!(error.kind(), io::ErrorKind::AddrNotAvailable);
                Receiver::open(&listen(theirs)).expect("a receiver")
            });
            let bytes = match theirs {
                IpAddr::V4(to) => ipv4_packet(Protocol::Vrrp, to, b"unicast!"),
                IpAddr::V6(_) => {
                    sender.set_unicast_hops(hops).expect("set");
                    b"unicast!".to_vec()
                }
            };
            let packet = Outgoing {
                to: theirs,
                source: None,
                bytes: &bytes,
            };
            sender.send(&packet).expect("sent");
            let mut batch = Batch::new(PACKET_BYTES);
            received(&mut batch, &receiver, 1);
            let packet = batch.packets().next().expect("a packet");
            assert_eq!(packet.payload[..6], *b"unicas");
            assert_eq!(
                (packet.destination, packet.hop_limit),
                (Some(theirs), Some(hops))
            );
        }
    }

    #[test]
    fn an_interface_that_is_gone_or_down_is_an_error() {
        if !inside("raw::tests::an_interface_that_is_gone_or_down_is_an_error") {
            return;
        }
        let (va, _) = wire();
        let target = multicast(GROUP_V4, "va");
        let (sender, _receiver) = pair(Protocol::Vrrp, (target, "va"), (target, "va"));
        let link = LinkSender::arp().expect("a link sender");
        let frame = arp::gratuitous([2, 0, 0, 0, 0, 1], Ipv4Addr::new(192, 0, 2, 1));
        link.send(va, &frame).expect("sent");
        ip("link set va down");
        let error = link.send(va, &frame).expect_err("down");
        assert_eq!(error.raw_os_error(), Some(libc::ENETDOWN));
        ip("link delete va");
        let error = link.send(va, &frame).expect_err("gone");
        assert_eq!(error.raw_os_error(), Some(libc::ENXIO));
        let bytes = ipv4_packet(Protocol::Vrrp, GROUP_V4, b"unheard");
        let packet = Outgoing {
            to: GROUP_V4.into(),
            source: None,
            bytes: &bytes,
        };
        assert!(sender.send(&packet).is_err());
        let error = Sender::open(&Transmit {
            protocol: Protocol::Vrrp,
            target,
            device: Some("va"),
        });
        assert_eq!(error.expect_err("gone").raw_os_error(), Some(libc::ENODEV));
    }
}
