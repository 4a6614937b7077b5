//! Frames -> text: VRRP, gratuitous ARP, unsolicited neighbour advertisements, BFD. Everything else is the kernel's.

use super::forge::checksum;
use std::fmt::Write as _;
use std::net::{Ipv4Addr, Ipv6Addr};

/// What kind of frame it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A VRRP packet, with the interval that it announces, in milliseconds.
    Advert {
        /// 0: the sender leaves.
        priority: u8,
        /// 0 if it says none.
        interval_ms: u32,
    },
    /// A gratuitous ARP or an unsolicited neighbour advertisement.
    Announcement,
    /// BFD control.
    Bfd,
}

/// A frame as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// What it is.
    pub kind: Kind,
    /// One line.
    pub text: String,
    /// Behind the line: Ethernet addresses and the VRRP part in hex, which say more than the fields do.
    pub bytes: String,
}

/// The line of a frame, or none if a capture doesn't show such frames.
#[must_use]
pub fn decode(frame: &[u8]) -> Option<Shown> {
    let ethernet = format!(
        "{} > {}",
        colons(frame.get(6..12)?),
        colons(frame.get(..6)?)
    );
    let body = frame.get(14..)?;
    let mut shown = match frame.get(12..14)? {
        [8, 0] => ipv4(body),
        // To one receiver only it is the kernel's answer to somebody's announcement.
        [8, 6] if *frame.first()? == 0xff => arp(body),
        [0x86, 0xdd] => ipv6(body),
        _ => None,
    }?;
    shown.bytes = format!("{ethernet} {}", shown.bytes).trim_end().to_owned();
    Some(shown)
}

fn ipv4(packet: &[u8]) -> Option<Shown> {
    let header = usize::from(packet.first()? & 15) * 4;
    let total = usize::from(u16::from_be_bytes([*packet.get(2)?, *packet.get(3)?]));
    let payload = packet.get(header..total.min(packet.len()))?;
    let (src, dst) = (v4(packet.get(12..16)?)?, v4(packet.get(16..20)?)?);
    let (flags, ttl) = (*packet.get(6)?, *packet.get(8)?);
    let head = format!("{src} > {dst} ttl {ttl}");
    let tos = *packet.get(1)?;
    let odd = match (tos, flags, header) {
        (0xc0, 0, 20) => String::new(),
        _ => format!(" tos {tos:02x} flags {flags:02x} header {header}"),
    };
    let pseudo = |protocol: u8, length: usize| {
        let mut out = [src.octets(), dst.octets()].concat();
        out.extend([0, protocol]);
        out.extend(u16::try_from(length).unwrap_or(0).to_be_bytes());
        out
    };
    match *packet.get(9)? {
        112 => vrrp(
            &format!("{head}{odd}"),
            payload,
            &pseudo(112, payload.len()),
            4,
        ),
        51 => {
            // The sequence goes on with each advert and the digest with it.
            let inner = payload.get(24..)?;
            let spi = v4(payload.get(4..8)?)?;
            let title = format!("{head}{odd} ah spi {spi}");
            vrrp(&title, inner, &pseudo(112, inner.len()), 4)
        }
        17 => bfd(&head, payload),
        _ => None,
    }
}

fn ipv6(packet: &[u8]) -> Option<Shown> {
    let payload = packet.get(40..)?;
    let (src, dst) = (v6(packet.get(8..24)?)?, v6(packet.get(24..40)?)?);
    let class = (packet.first()? << 4) | (packet.get(1)? >> 4);
    let mut head = format!("{src} > {dst} ttl {}", packet.get(7)?);
    match *packet.get(6)? {
        112 => {
            if class != 0xc0 {
                let _infallible = write!(head, " class {class:02x}");
            }
            let mut pseudo = [src.octets(), dst.octets()].concat();
            pseudo.extend(u32::try_from(payload.len()).unwrap_or(0).to_be_bytes());
            pseudo.extend([0, 0, 0, 112]);
            vrrp(&head, payload, &pseudo, 16)
        }
        58 if *payload.first()? == 136 => announcement(&head, payload),
        17 => bfd(&head, payload),
        _ => None,
    }
}

fn vrrp(head: &str, packet: &[u8], pseudo: &[u8], family: usize) -> Option<Shown> {
    let (first, vrid) = (*packet.first()?, *packet.get(1)?);
    let (priority, count) = (*packet.get(2)?, usize::from(*packet.get(3)?));
    let (version, kind) = (first >> 4, first & 15);
    let mut text = format!("vrrp {head} v{version} vrid {vrid} prio {priority}");
    if kind != 1 {
        let _infallible = write!(text, " type {kind}");
    }
    let fields = [*packet.get(4)?, *packet.get(5)?];
    let interval_ms = if version == 3 {
        let hundredths = u32::from(u16::from_be_bytes(fields) & 0xfff);
        let _infallible = write!(text, " int {}.{:02}s", hundredths / 100, hundredths % 100);
        hundredths * 10
    } else {
        let _infallible = write!(text, " int {}s", fields[1]);
        u32::from(fields[1]) * 1000
    };
    let addresses_end = 8 + count * family;
    if version != 3 {
        let data = packet.get(addresses_end..).unwrap_or_default();
        let word = String::from_utf8_lossy(data);
        let word = word.trim_end_matches('\0');
        match fields[0] {
            0 => text.push_str(" auth none"),
            1 => {
                let _infallible = write!(text, " auth pass '{word}'");
            }
            other => {
                let _infallible = write!(text, " auth {other}");
            }
        }
    }
    text.push_str(" vips");
    for address in packet.get(8..addresses_end)?.chunks(family) {
        let _infallible = match (v4(address), v6(address)) {
            (Some(a), _) if family == 4 => write!(text, " {a}"),
            (_, Some(a)) => write!(text, " {a}"),
            _ => Ok(()),
        };
    }
    let summed = match version {
        3 => [pseudo, packet].concat(),
        _ => packet.to_vec(),
    };
    if checksum(&summed) != [0, 0] {
        let plain = version == 3 && checksum(packet) == [0, 0];
        text.push_str(if plain {
            " CHECKSUM WITHOUT PSEUDO HEADER"
        } else {
            " WRONG CHECKSUM"
        });
    }
    Some(Shown {
        kind: Kind::Advert {
            priority,
            interval_ms,
        },
        text,
        bytes: hex(packet),
    })
}

fn arp(packet: &[u8]) -> Option<Shown> {
    let (sender, target) = (v4(packet.get(14..18)?)?, v4(packet.get(24..28)?)?);
    if sender != target {
        return None;
    }
    let operation = match packet.get(6..8)? {
        [0, 1] => "request",
        [0, 2] => "reply",
        _ => "other",
    };
    let text = format!(
        "arp {operation} {sender} is-at {} target {}",
        colons(packet.get(8..14)?),
        colons(packet.get(18..24)?)
    );
    Some(announced(text))
}

fn announcement(head: &str, packet: &[u8]) -> Option<Shown> {
    let target = v6(packet.get(8..24)?)?;
    let flags = packet.get(4)? >> 5;
    let names = [(4, "router "), (2, "solicited "), (1, "override ")];
    let mut text = format!("na {head} target {target} ");
    for (bit, name) in names {
        if flags & bit != 0 {
            text.push_str(name);
        }
    }
    match packet.get(24..32) {
        Some([2, 1, mac @ ..]) => {
            let _infallible = write!(text, "is-at {}", colons(mac));
        }
        _ => text.push_str("without option"),
    }
    Some(announced(text))
}

fn announced(text: String) -> Shown {
    Shown {
        kind: Kind::Announcement,
        text,
        bytes: String::new(),
    }
}

/// RFC 5880 §4.1 on port 3784; discriminators are drawn by lot, so only whether they are known is shown.
fn bfd(head: &str, datagram: &[u8]) -> Option<Shown> {
    if datagram.get(2..4)? != [0x0e, 0xc8] {
        return None;
    }
    let packet = datagram.get(8..)?;
    let word = |at: usize| {
        let bytes: [u8; 4] = packet.get(at..at + 4)?.try_into().ok()?;
        Some(u32::from_be_bytes(bytes))
    };
    let state = ["AdminDown", "Down", "Init", "Up"][usize::from(packet.get(1)? >> 6)];
    let mut text = format!(
        "bfd {head} v{} diag {} {state} mult {}",
        packet.first()? >> 5,
        packet.first()? & 31,
        packet.get(2)?
    );
    let flags = packet.get(1)?;
    for (bit, name) in [
        (32, "poll"),
        (16, "final"),
        (8, "cpi"),
        (4, "auth"),
        (2, "demand"),
    ] {
        if flags & bit != 0 {
            let _infallible = write!(text, " {name}");
        }
    }
    let known = if word(8)? == 0 { "unknown" } else { "known" };
    let _infallible = write!(
        text,
        " peer {known} tx {}us rx {}us echo {}us length {}",
        word(12)?,
        word(16)?,
        word(20)?,
        packet.get(3)?
    );
    Some(Shown {
        kind: Kind::Bfd,
        text,
        bytes: String::new(),
    })
}

fn v4(bytes: &[u8]) -> Option<Ipv4Addr> {
    let octets: [u8; 4] = bytes.try_into().ok()?;
    Some(octets.into())
}

fn v6(bytes: &[u8]) -> Option<Ipv6Addr> {
    let octets: [u8; 16] = bytes.try_into().ok()?;
    Some(octets.into())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// An Ethernet address with its colons.
#[must_use]
pub fn mac(bytes: [u8; 6]) -> String {
    colons(&bytes)
}

fn colons(bytes: &[u8]) -> String {
    let parts: Vec<String> = bytes.iter().map(|b| format!("{b:02x}")).collect();
    parts.join(":")
}
