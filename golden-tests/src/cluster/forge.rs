//! Forged packets: fields of a scenario -> the bytes of an Ethernet frame. Every field may be wrong on purpose.

use serde::{Deserialize, Serialize};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A VRRP packet; what isn't said is as a well-behaved neighbour `b` (192.0.2.12, fe80::ff:fe00:b) sends it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Packet {
    /// 2 (default) or 3, or what doesn't exist.
    pub version: Option<u8>,
    /// The packet's type, default 1 (advertisement).
    #[serde(rename = "type")]
    pub kind: Option<u8>,
    /// The virtual router id; default 51.
    pub vrid: Option<u8>,
    /// Default 100.
    pub priority: Option<u8>,
    /// The virtual addresses; default 192.0.2.1 (IPv6: fe80::51).
    pub addresses: Option<Vec<IpAddr>>,
    /// How many addresses the header claims, if it lies.
    pub claims: Option<u8>,
    /// Between adverts, in the unit of the version: seconds (2, default 1) or hundredths (3, default 10).
    pub interval: Option<u16>,
    /// v2: `pass TEXT`, `ah` (a header with a digest of zeros), or a bare number of a type. Default: none.
    pub auth: Option<String>,
    /// `wrong`, `zero`, or `plain` (version 3 without the pseudo header).
    pub checksum: Option<String>,
    /// Sender; an IPv6 address makes an IPv6 packet.
    pub src: Option<IpAddr>,
    /// Default: the multicast group.
    pub dst: Option<IpAddr>,
    /// Default 255.
    pub ttl: Option<u8>,
    /// Default 0xc0.
    pub tos: Option<u8>,
    /// The IP protocol; default 112.
    pub protocol: Option<u8>,
    /// The sender's Ethernet address; default 02:00:00:00:00:0b.
    pub mac: Option<String>,
    /// The receiver's Ethernet address; default: the group's, or of a unicast address its host's.
    pub to_mac: Option<String>,
    /// The VRRP part is cut to so many bytes.
    pub cut: Option<usize>,
    /// So many zero bytes follow.
    pub extra: Option<usize>,
    /// Four bytes of IP options (no-operation) are in the IPv4 header.
    #[serde(default)]
    pub ip_options: bool,
    /// This in place of the VRRP part: bytes in hex.
    pub raw: Option<String>,
}

/// The Ethernet address of host `letter`'s eth0.
#[must_use]
pub fn host_mac(letter: char) -> [u8; 6] {
    [2, 0, 0, 0, 0, letter as u8 - b'a' + 10]
}

/// The last part of host `letter`'s addresses: 11 for a, 12 for b …
#[must_use]
pub fn host_number(letter: char) -> u8 {
    letter as u8 - b'a' + 11
}

#[cfg(test)]
const NEIGHBOUR6: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0xff, 0xfe00, 0xb);

impl Packet {
    /// The whole frame.
    ///
    /// # Errors
    /// Says which field can't be read.
    pub fn frame(&self) -> Result<Vec<u8>, String> {
        let src = self.src.unwrap_or(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 12)));
        let dst = self.dst.unwrap_or(match src {
            IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::new(224, 0, 0, 18)),
            IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0x12)),
        });
        let mut payload = match &self.raw {
            Some(hex) => from_hex(hex)?,
            None => self.vrrp(src, dst)?,
        };
        if let Some(length) = self.cut {
            payload.truncate(length);
        }
        payload.resize(payload.len() + self.extra.unwrap_or(0), 0);
        let mut protocol = self.protocol.unwrap_or(112);
        if self.auth.as_deref() == Some("ah") {
            // RFC 2402: next header, length in words - 2, reserved, SPI (the source address), sequence, 96 bits of digest.
            let mut header = vec![protocol, 4, 0, 0];
            header.extend(octets(src));
            header.extend([0, 0, 0, 1]);
            header.extend([0; 12]);
            header.extend(&payload);
            (payload, protocol) = (header, 51);
        }
        let mut frame = Vec::new();
        frame.extend(match &self.to_mac {
            Some(text) => mac(text)?,
            None => mac_of(dst),
        });
        frame.extend(match &self.mac {
            Some(text) => mac(text)?,
            None => host_mac('b'),
        });
        match (src, dst) {
            (IpAddr::V4(src), IpAddr::V4(dst)) => {
                frame.extend([8, 0]);
                frame.extend(self.ipv4(src, dst, protocol, payload.len()));
            }
            (IpAddr::V6(src), IpAddr::V6(dst)) => {
                frame.extend([0x86, 0xdd]);
                frame.extend([0x6c, 0, 0, 0]); // class 0xc0
                frame.extend(length(payload.len()));
                frame.extend([protocol, self.ttl.unwrap_or(255)]);
                frame.extend(src.octets());
                frame.extend(dst.octets());
            }
            _ => return Err("src and dst are of different families".to_owned()),
        }
        frame.extend(payload);
        Ok(frame)
    }

    fn ipv4(&self, src: Ipv4Addr, dst: Ipv4Addr, protocol: u8, payload: usize) -> Vec<u8> {
        let words: u8 = if self.ip_options { 6 } else { 5 };
        let mut header = vec![0x40 | words, self.tos.unwrap_or(0xc0)];
        header.extend(length(usize::from(words) * 4 + payload));
        header.extend([0x12, 0x34, 0, 0, self.ttl.unwrap_or(255), protocol, 0, 0]);
        header.extend(src.octets());
        header.extend(dst.octets());
        if self.ip_options {
            header.extend([1, 1, 1, 0]);
        }
        let sum = checksum(&header);
        header[10..12].copy_from_slice(&sum);
        header
    }

    fn vrrp(&self, src: IpAddr, dst: IpAddr) -> Result<Vec<u8>, String> {
        let version = self.version.unwrap_or(if src.is_ipv6() { 3 } else { 2 });
        let addresses = match &self.addresses {
            Some(given) => given.clone(),
            None if src.is_ipv4() => vec![IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1))],
            None => vec![IpAddr::V6(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0x51))],
        };
        let count = u8::try_from(addresses.len()).map_err(|e| e.to_string())?;
        let (auth_type, auth_data) = self.authentication()?;
        let mut out = vec![
            version << 4 | self.kind.unwrap_or(1),
            self.vrid.unwrap_or(51),
            self.priority.unwrap_or(100),
            self.claims.unwrap_or(count),
        ];
        if version == 3 {
            out.extend((self.interval.unwrap_or(10) & 0xfff).to_be_bytes());
        } else {
            let interval = u8::try_from(self.interval.unwrap_or(1)).map_err(|e| e.to_string())?;
            out.extend([auth_type, interval]);
        }
        out.extend([0, 0]);
        for address in addresses {
            out.extend(octets(address));
        }
        if version != 3 {
            out.extend(auth_data);
        }
        let mut summed = Vec::new();
        if version == 3 && self.checksum.as_deref() != Some("plain") {
            summed.extend(octets(src));
            summed.extend(octets(dst));
            match src {
                IpAddr::V4(_) => summed.extend([0, 112]),
                IpAddr::V6(_) => summed.extend([0, 0]),
            }
            summed.extend(length(out.len()));
            if src.is_ipv6() {
                summed.extend([0, 0, 0, 112]);
            }
        }
        summed.extend(&out);
        let mut sum = checksum(&summed);
        match self.checksum.as_deref() {
            Some("wrong") => sum[1] ^= 0x55,
            Some("zero") => sum = [0, 0],
            Some("plain") | None => (),
            Some(other) => return Err(format!("checksum = '{other}'")),
        }
        out[6..8].copy_from_slice(&sum);
        Ok(out)
    }

    fn authentication(&self) -> Result<(u8, [u8; 8]), String> {
        let mut data = [0; 8];
        match self.auth.as_deref() {
            None => Ok((0, data)),
            Some("ah") => Ok((2, data)),
            Some(text) => match text.strip_prefix("pass ") {
                Some(word) => {
                    for (to, from) in data.iter_mut().zip(word.bytes()) {
                        *to = from;
                    }
                    Ok((1, data))
                }
                None => match text.parse() {
                    Ok(number) => Ok((number, data)),
                    Err(_) => Err(format!("auth = '{text}'")),
                },
            },
        }
    }
}

fn octets(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(a) => a.octets().to_vec(),
        IpAddr::V6(a) => a.octets().to_vec(),
    }
}

fn length(bytes: usize) -> [u8; 2] {
    u16::try_from(bytes).unwrap_or(u16::MAX).to_be_bytes()
}

/// RFC 1071.
#[must_use]
pub fn checksum(bytes: &[u8]) -> [u8; 2] {
    let mut sum: u32 = 0;
    for pair in bytes.chunks(2) {
        let low = pair.get(1).copied().unwrap_or(0);
        sum += u32::from(u16::from_be_bytes([pair[0], low]));
    }
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    let folded = u16::try_from(sum).unwrap_or(u16::MAX);
    (!folded).to_be_bytes()
}

fn mac_of(address: IpAddr) -> [u8; 6] {
    match address {
        IpAddr::V4(a) => {
            let [_, second, third, last] = a.octets();
            if a.is_multicast() {
                [1, 0, 0x5e, second & 0x7f, third, last]
            } else {
                [2, 0, 0, 0, 0, last.wrapping_sub(1)]
            }
        }
        IpAddr::V6(a) => {
            let o = a.octets();
            if a.is_multicast() {
                [0x33, 0x33, o[12], o[13], o[14], o[15]]
            } else {
                [2, 0, 0, 0, 0, o[15]]
            }
        }
    }
}

fn mac(text: &str) -> Result<[u8; 6], String> {
    let bytes = from_hex(&text.replace(':', ""))?;
    bytes
        .try_into()
        .map_err(|_| format!("'{text}' is no Ethernet address"))
}

fn from_hex(text: &str) -> Result<Vec<u8>, String> {
    let digits: String = text.split_whitespace().collect();
    let pairs = digits.as_bytes().chunks(2);
    pairs
        .map(|pair| {
            let pair = std::str::from_utf8(pair).map_err(|e| e.to_string())?;
            u8::from_str_radix(pair, 16).map_err(|e| format!("'{text}': {e}"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::frame;

    #[test]
    fn a_packet_without_fields_is_an_advert_of_the_neighbour() {
        let frame = Packet::default().frame().expect("its fields are right");
        let shown = frame::decode(&frame).expect("it is VRRP");
        assert_eq!(
            shown.text,
            "vrrp 192.0.2.12 > 224.0.0.18 ttl 255 v2 vrid 51 prio 100 int 1s auth none vips 192.0.2.1"
        );
    }

    #[test]
    fn a_wrong_checksum_shows() {
        let packet = Packet {
            checksum: Some("wrong".to_owned()),
            version: Some(3),
            ..Packet::default()
        };
        let shown = frame::decode(&packet.frame().expect("its fields are right"));
        assert!(shown.is_some_and(|s| s.text.contains("WRONG CHECKSUM")));
    }

    #[test]
    fn version_3_over_ipv6_sums_the_pseudo_header() {
        let packet = Packet {
            src: Some(IpAddr::V6(NEIGHBOUR6)),
            ..Packet::default()
        };
        let shown = frame::decode(&packet.frame().expect("its fields are right"));
        let text = shown.map(|s| s.text).unwrap_or_default();
        assert!(
            text.contains("int 0.10s vips fe80::51") && !text.contains("WRONG"),
            "{text}"
        );
    }
}
