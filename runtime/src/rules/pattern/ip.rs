//! Addresses and networks: one hash set per prefix length, so that the time depends on lengths, not on entries.

use std::{
    collections::{BTreeMap, HashSet},
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use locum_model::address::Network;

/// A set of networks of both families.
#[derive(Debug)]
pub(super) struct Networks {
    v4: Box<[(u32, HashSet<u32>)]>,
    v6: Box<[(u128, HashSet<u128>)]>,
    /// IPv4 masks with holes, which no prefix length can say.
    odd: Box<[(u32, u32)]>,
}

/// An address with the bits that count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Masked {
    /// IPv4 address and mask.
    V4(u32, u32),
    /// IPv6 network.
    V6(Network),
}

impl Networks {
    pub(super) fn new(entries: &[Masked]) -> Self {
        let mut v4: BTreeMap<u32, HashSet<u32>> = BTreeMap::new();
        let mut v6: BTreeMap<u128, HashSet<u128>> = BTreeMap::new();
        let mut odd = Vec::new();
        for entry in entries {
            match *entry {
                Masked::V4(ip, mask) if mask.leading_ones() == mask.count_ones() => {
                    v4.entry(mask).or_default().insert(ip & mask);
                }
                Masked::V4(ip, mask) => odd.push((ip & mask, mask)),
                Masked::V6(net) => {
                    let mask = mask6(net.prefix);
                    let bits = match net.ip {
                        IpAddr::V6(ip) => ip.to_bits(),
                        IpAddr::V4(ip) => ip.to_ipv6_mapped().to_bits(),
                    };
                    v6.entry(mask).or_default().insert(bits & mask);
                }
            }
        }
        Self {
            v4: v4.into_iter().collect(),
            v6: v6.into_iter().collect(),
            odd: odd.into(),
        }
    }

    /// Whether an address is in any of them. An IPv4 address is also looked for among IPv6 networks as a mapped one; an
    /// IPv6 address that holds an IPv4 one (mapped, compatible, 6to4), among IPv4 networks (observed).
    pub(super) fn contains(&self, ip: IpAddr) -> bool {
        match ip {
            IpAddr::V4(ip) => {
                self.contains_v4(ip.to_bits()) || self.contains_v6(ip.to_ipv6_mapped().to_bits())
            }
            IpAddr::V6(ip) => {
                self.contains_v6(ip.to_bits())
                    || inner_v4(ip).is_some_and(|ip| self.contains_v4(ip))
            }
        }
    }

    fn contains_v4(&self, ip: u32) -> bool {
        self.v4.iter().any(|(mask, set)| set.contains(&(ip & mask)))
            || self.odd.iter().any(|(net, mask)| ip & mask == *net)
    }

    fn contains_v6(&self, ip: u128) -> bool {
        self.v6.iter().any(|(mask, set)| set.contains(&(ip & mask)))
    }
}

/// The IPv4 address in an IPv6 one: `::ffff:a.b.c.d`, `::a.b.c.d`, `2002:aabb:ccdd::`.
fn inner_v4(ip: Ipv6Addr) -> Option<u32> {
    let bits = ip.to_bits();
    match bits >> 32 {
        0 | 0xffff => Some(bits as u32),
        _ if bits >> 112 == 0x2002 => Some((bits >> 80) as u32),
        _ => None,
    }
}

fn mask6(prefix: u8) -> u128 {
    u128::MAX
        .checked_shl(128 - u32::from(prefix.min(128)))
        .unwrap_or(0)
}

/// `address[/prefix]` or `address/mask`.
pub(super) fn parse(text: &[u8]) -> Option<Masked> {
    let text = std::str::from_utf8(text).ok()?;
    let (host, mask) = match text.split_once('/') {
        Some((host, mask)) => (host, Some(mask)),
        None => (text, None),
    };
    if host.contains(':') {
        let ip = host.parse::<Ipv6Addr>().ok()?;
        let prefix = match mask {
            None => 128,
            Some(mask) => mask.parse().ok().filter(|&prefix| prefix <= 128)?,
        };
        let ip = IpAddr::V6(ip);
        return Some(Masked::V6(Network { ip, prefix }));
    }
    let ip = dotted(host)?;
    let mask = match mask {
        None => u32::MAX,
        Some(mask) => match mask.parse::<u32>() {
            Ok(prefix) if prefix <= 32 => u32::MAX.checked_shl(32 - prefix).unwrap_or(0),
            Ok(_) => return None,
            Err(_) => mask.parse::<Ipv4Addr>().ok()?.to_bits(),
        },
    };
    Some(Masked::V4(ip, mask))
}

/// An IPv4 address as inet_aton(3) reads it: one to four numbers, the last of which fills what is left (`10.1` is
/// 10.0.0.1); a leading zero makes a number octal, `0x` hexadecimal.
fn dotted(text: &str) -> Option<u32> {
    let parts: Vec<&str> = text.split('.').collect();
    let (last, first) = parts.split_last()?;
    if first.len() > 3 {
        return None;
    }
    let mut ip: u32 = 0;
    for part in first {
        ip = ip << 8 | u32::from(u8::try_from(number(part)?).ok()?);
    }
    let left = 32 - 8 * first.len() as u32;
    let last = number(last)?;
    if u64::from(last) >> left != 0 {
        return None;
    }
    Some(ip.checked_shl(left).unwrap_or(0) | last)
}

fn number(text: &str) -> Option<u32> {
    if let Some(hex) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        return u32::from_str_radix(hex, 16).ok();
    }
    match text.strip_prefix('0') {
        Some(octal) if !octal.is_empty() => u32::from_str_radix(octal, 8).ok(),
        _ => text.parse().ok().filter(|_| !text.starts_with('+')),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contains(networks: &[&str], ip: &str) -> bool {
        let entries: Vec<Masked> = networks
            .iter()
            .map(|net| parse(net.as_bytes()).unwrap())
            .collect();
        Networks::new(&entries).contains(ip.parse().unwrap())
    }

    // Recorded from the reference.
    #[test]
    fn networks_contain_what_shares_their_prefix() {
        assert!(contains(&["10.0.0.0/8", "192.0.2.1"], "10.9.9.9"));
        assert!(contains(&["10.1/16"], "10.0.5.5") && !contains(&["10.1/16"], "10.1.5.5"));
        assert!(contains(&["10"], "0.0.0.10") && contains(&["010.0.0.1"], "8.0.0.1"));
        assert!(contains(&["10.1.2"], "10.1.0.2") && contains(&["10/8"], "0.2.0.0"));
        assert!(contains(&["0.0.0.0/0"], "192.0.2.1"));
        assert!(contains(&["2001:db8::/32"], "2001:db8:1::1") && !contains(&["::1"], "::2"));
        assert!(contains(&["10.0.0.1/255.0.0.255"], "10.5.6.1"));
    }

    #[test]
    fn mapped_addresses_meet_their_ipv4_networks() {
        assert!(contains(&["10.0.0.0/8"], "::ffff:10.1.1.1"));
        assert!(contains(&["10.0.0.0/8"], "::10.1.2.3"));
        assert!(contains(&["10.0.0.0/8"], "2002:0a01:0203::1"));
        assert!(!contains(&["2002:0a01:0203::/48"], "10.1.2.3"));
        assert!(contains(&["::ffff:10.0.0.0/104"], "10.1.1.1"));
        assert!(parse(b"10.0.0.0/33").is_none() && parse(b"1.2.3.4.5").is_none());
    }
}
