//! Addresses and networks: one hash table per prefix length, so that the time depends on lengths, not on entries.

use std::{
    cmp::Reverse,
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use locum_model::address::Network;
use smallvec::SmallVec;

use super::Found;

/// At most so many networks.
const FEW: usize = 4;

/// Networks of both families, each with the place of its pattern.
#[derive(Debug)]
pub(super) struct Networks {
    /// IPv4 networks when there are only a few, from the longest prefix on: comparing with each is faster than look-ups.
    few: SmallVec<[(u32, u32, u32); FEW]>,
    /// The others.
    v4: ByPrefix<u32>,
    v6: ByPrefix<u128>,
    /// IPv4 masks with holes, which no prefix length can say.
    odd: Box<[(u32, u32, u32)]>,
}

/// An address with the bits that count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Masked {
    /// IPv4 address and mask.
    V4(u32, u32),
    /// IPv6 network.
    V6(Network),
}

/// Networks by mask, from the longest prefix on; each with its patterns in order.
#[derive(Debug)]
struct ByPrefix<B>(Box<[(B, Table<B>)]>);

type Table<B> = HashMap<B, SmallVec<[u32; 2]>, RandomState>;

impl<B: Copy + Ord + std::hash::Hash + std::ops::BitAnd<Output = B>> ByPrefix<B> {
    fn new(networks: impl Iterator<Item = (B, B, u32)>) -> Self {
        let mut tables: BTreeMap<B, Table<B>> = BTreeMap::new();
        for (net, mask, at) in networks {
            let table = tables.entry(mask).or_default();
            table.entry(net & mask).or_default().push(at);
        }
        Self(tables.into_iter().rev().collect())
    }

    /// The first pattern of the longest prefix, and its mask.
    fn find(&self, ip: B, accepts: &impl Fn(u32) -> bool) -> Option<(B, u32)> {
        self.0.iter().find_map(|(mask, table)| {
            let at = table.get(&(ip & *mask))?.iter().find(|at| accepts(**at))?;
            Some((*mask, *at))
        })
    }
}

/// Ranks above those of the address's other family.
pub(super) const OWN_FAMILY: usize = 256;
/// The rank of masks with holes, below all prefixes.
pub(super) const ODD: usize = 1;

impl Networks {
    pub(super) fn new(patterns: &[Masked]) -> Self {
        let patterns = (0u32..).zip(patterns);
        let v4 = patterns.clone().filter_map(|(at, pattern)| match *pattern {
            Masked::V4(ip, mask) => Some((ip, mask, at)),
            Masked::V6(_) => None,
        });
        let whole = |mask: u32| mask.leading_ones() == mask.count_ones();
        let v6 = patterns.filter_map(|(at, pattern)| match *pattern {
            Masked::V6(net) => Some((bits6(net.ip), mask6(net.prefix), at)),
            Masked::V4(..) => None,
        });
        let masked = |(ip, mask, at): (u32, u32, u32)| (ip & mask, mask, at);
        let odd = v4.clone().filter(|(_, mask, _)| !whole(*mask));
        let v4 = v4.filter(|(_, mask, _)| whole(*mask));
        let is_few = v4.clone().nth(FEW).is_none();
        let mut few: SmallVec<[_; FEW]> = v4.clone().filter(|_| is_few).map(masked).collect();
        few.sort_by_key(|(_, mask, _)| Reverse(*mask));
        Self {
            odd: odd.map(masked).collect(),
            few,
            v4: ByPrefix::new(v4.filter(|_| !is_few)),
            v6: ByPrefix::new(v6),
        }
    }

    /// The longest network that the address is in; of equal ones the first. An IPv4 address is also looked for among
    /// IPv6 networks as a mapped one; an IPv6 address that holds an IPv4 one (mapped, compatible, 6to4), among IPv4
    /// networks. What is of the same family comes first, whatever its length (observed).
    pub(super) fn find(&self, ip: IpAddr, accepts: &impl Fn(u32) -> bool) -> Option<Found> {
        match ip {
            IpAddr::V4(ip) => self
                .find_v4(ip.to_bits(), OWN_FAMILY, accepts)
                .or_else(|| self.find_v6(ip.to_ipv6_mapped().to_bits(), 0, accepts)),
            IpAddr::V6(ip) => self
                .find_v6(ip.to_bits(), OWN_FAMILY, accepts)
                .or_else(|| self.find_v4(inner_v4(ip)?, 0, accepts)),
        }
    }

    fn find_v4(&self, ip: u32, above: usize, accepts: &impl Fn(u32) -> bool) -> Option<Found> {
        let mut few = self.few.iter();
        let few = few.find(|(net, mask, at)| ip & mask == *net && accepts(*at));
        let found = few.map(|&(_, mask, at)| (mask, at));
        if let Some((mask, at)) = found.or_else(|| self.v4.find(ip, accepts)) {
            let rank = above + 2 + mask.count_ones() as usize;
            return Some(Found { rank, at });
        }
        let mut odd = self.odd.iter();
        odd.find(|(net, mask, at)| ip & mask == *net && accepts(*at))
            .map(|&(_, _, at)| Found {
                rank: above + ODD,
                at,
            })
    }

    fn find_v6(&self, ip: u128, above: usize, accepts: &impl Fn(u32) -> bool) -> Option<Found> {
        let (mask, at) = self.v6.find(ip, accepts)?;
        let rank = above + 2 + mask.count_ones() as usize;
        Some(Found { rank, at })
    }
}

fn bits6(ip: IpAddr) -> u128 {
    match ip {
        IpAddr::V6(ip) => ip.to_bits(),
        IpAddr::V4(ip) => ip.to_ipv6_mapped().to_bits(),
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

/// `address[/prefix]` or `address/mask`; what isn't an address is one that `resolved` knows. Without it (`-n`) an
/// address is written in full.
pub(super) fn parse(text: &[u8], resolved: Option<super::Names<'_>>) -> Option<Masked> {
    let text = std::str::from_utf8(text).ok()?;
    let (host, mask) = match text.split_once('/') {
        Some((host, mask)) => (host, Some(mask)),
        None => (text, None),
    };
    let written = match host.parse().ok() {
        None if resolved.is_some() => {
            dotted(host).map(|bits| IpAddr::V4(Ipv4Addr::from_bits(bits)))
        }
        full => full,
    };
    match written.or_else(|| resolved?(host))? {
        ip @ IpAddr::V6(_) => {
            let prefix = match mask {
                None => 128,
                Some(mask) => digits(mask)?.parse().ok().filter(|&prefix| prefix <= 128)?,
            };
            Some(Masked::V6(Network { ip, prefix }))
        }
        IpAddr::V4(ip) => {
            let mask = match mask {
                None => u32::MAX,
                Some(mask) => match digits(mask).map(str::parse::<u32>) {
                    Some(Ok(prefix)) if prefix <= 32 => {
                        u32::MAX.checked_shl(32 - prefix).unwrap_or(0)
                    }
                    Some(_) => return None,
                    None => mask.parse::<Ipv4Addr>().ok()?.to_bits(),
                },
            };
            Some(Masked::V4(ip.to_bits(), mask))
        }
    }
}

/// A number that is nothing but digits.
fn digits(text: &str) -> Option<&str> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then_some(text)
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
    let text = digits(text)?;
    match text.strip_prefix('0') {
        Some(octal) if !octal.is_empty() => u32::from_str_radix(octal, 8).ok(),
        _ => text.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Option<Masked> {
        parse(text.as_bytes(), Some(&|_| None))
    }

    fn find(networks: &[&str], ip: &str) -> Option<u32> {
        let patterns: Vec<Masked> = networks.iter().map(|net| parsed(net).unwrap()).collect();
        Networks::new(&patterns)
            .find(ip.parse().unwrap(), &|_| true)
            .map(|found| found.at)
    }

    fn contains(networks: &[&str], ip: &str) -> bool {
        find(networks, ip).is_some()
    }

    #[test]
    fn the_longest_network_of_the_same_family_wins() {
        let networks = [
            "10.0.0.0/8",
            "10.1.0.0/16",
            "0.0.0.0/0",
            "::ffff:10.1.1.1/128",
            "10.1/255.255.0.255",
        ];
        assert_eq!(find(&networks, "10.1.1.1"), Some(1));
        assert_eq!(find(&networks, "::ffff:10.1.1.1"), Some(3));
        assert_eq!(find(&networks, "::ffff:10.1.1.2"), Some(1));
        assert_eq!(find(&networks, "9.9.9.9"), Some(2));
        let more = ["11.0.0.0/8", "11.1.0.0/16", "11.1.1.0/24"];
        let many: Vec<&str> = networks.iter().chain(&more).copied().collect();
        for (ip, at) in [("10.1.1.1", 1), ("::ffff:10.1.1.2", 1), ("9.9.9.9", 2)] {
            assert_eq!(find(&many, ip), Some(at), "{ip}");
        }
        assert_eq!(find(&["192.168.0.0/255.255.0.255"], "192.168.7.0"), Some(0));
    }

    #[test]
    fn names_are_looked_up_unless_addresses_must_be_written_in_full() {
        let known = |name: &str| (name == "me").then(|| IpAddr::from([10, 0, 0, 1]));
        assert_eq!(
            parse(b"me/8", Some(&known)),
            Some(Masked::V4(0x0a00_0001, 0xff00_0000))
        );
        assert_eq!(parse(b"you", Some(&known)), None);
        assert!(parse(b"10", Some(&known)).is_some() && parse(b"10", None).is_none());
        for wrong in [
            "0x0a.1.1.1",
            "10.0.0.0/",
            "::1/",
            "[::1]",
            "/8",
            "1.2.3.4/255.255",
        ] {
            assert_eq!(parsed(wrong), None, "{wrong}");
        }
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
        assert!(parsed("10.0.0.0/33").is_none() && parsed("1.2.3.4.5").is_none());
    }
}
