//! Numbers that have names: routing tables, protocols, scopes, realms (ip-route(8), /etc/iproute2).

use std::path::Path;

use crate::load::System;

/// `table`
pub fn table(system: &dyn System, text: &str) -> Option<u32> {
    const KNOWN: &[(&str, u32)] = &[("default", 253), ("main", 254), ("local", 255)];
    lookup(system, text, KNOWN, "rt_tables", u32::MAX)
}

/// `protocol` of a route.
pub fn route_protocol(system: &dyn System, text: &str) -> Option<u8> {
    const KNOWN: &[(&str, u32)] = &[
        ("none", 0),
        ("redirect", 1),
        ("kernel", 2),
        ("boot", 3),
        ("static", 4),
        ("gated", 8),
        ("ra", 9),
        ("mrt", 10),
        ("zebra", 11),
        ("bird", 12),
        ("dnrouted", 13),
        ("xorp", 14),
        ("ntk", 15),
        ("dhcp", 16),
        ("mrouted", 17),
        ("keepalived", 18),
        ("babel", 42),
        ("bgp", 186),
        ("isis", 187),
        ("ospf", 188),
        ("rip", 189),
        ("eigrp", 192),
    ];
    small(lookup(system, text, KNOWN, "rt_protos", 255))
}

/// `scope` of an address or a route.
pub fn scope(system: &dyn System, text: &str) -> Option<u8> {
    const KNOWN: &[(&str, u32)] = &[
        ("global", 0),
        ("site", 200),
        ("link", 253),
        ("host", 254),
        ("nowhere", 255),
    ];
    small(lookup(system, text, KNOWN, "rt_scopes", 255))
}

/// `tos`, `dsfield`: numbers are hexadecimal, as ip(8) has it.
pub fn tos(system: &dyn System, text: &str) -> Option<u8> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    if let Ok(number) = u32::from_str_radix(digits, 16) {
        return u8::try_from(number).ok();
    }
    small(in_file(system, text, "rt_dsfield"))
}

/// `realms [FROM/]TO`
pub fn realms(system: &dyn System, text: &str) -> Option<u32> {
    let one = |text: &str| lookup(system, text, &[], "rt_realms", 0xffff);
    match text.split_once('/') {
        Some((from, to)) => Some(one(from)? << 16 | one(to)?),
        None => one(text),
    }
}

/// A group of interfaces.
pub fn interface_group(system: &dyn System, text: &str) -> Option<u32> {
    lookup(system, text, &[("default", 0)], "group", u32::MAX)
}

/// A protocol above IP, by name or number.
pub fn ip_protocol(system: &dyn System, text: &str) -> Option<u8> {
    const KNOWN: &[(&str, u8)] = &[
        ("icmp", 1),
        ("igmp", 2),
        ("tcp", 6),
        ("udp", 17),
        ("dccp", 33),
        ("gre", 47),
        ("esp", 50),
        ("ah", 51),
        ("ipv6-icmp", 58),
        ("vrrp", 112),
        ("sctp", 132),
        ("udplite", 136),
    ];
    if let Ok(number) = text.parse() {
        return Some(number);
    }
    let known = KNOWN.iter().find(|(name, _)| *name == text);
    known.map(|(_, number)| *number).or_else(|| {
        let file = system.read(Path::new("/etc/protocols")).ok()?;
        String::from_utf8_lossy(&file).lines().find_map(|line| {
            let mut words = line.split_whitespace();
            let name = words.next()?;
            let number = words.next()?.parse().ok()?;
            (name == text || words.next() == Some(text)).then_some(number)
        })
    })
}

fn small(number: Option<u32>) -> Option<u8> {
    number.and_then(|number| u8::try_from(number).ok())
}

/// A number in C's notation up to `high`, a name that everybody knows, or one of the file's.
fn lookup(
    system: &dyn System,
    text: &str,
    known: &[(&str, u32)],
    file: &str,
    high: u32,
) -> Option<u32> {
    if text.starts_with(|first: char| first.is_ascii_digit()) {
        return c_number(text).filter(|number| *number <= high);
    }
    let known = known.iter().find(|(name, _)| *name == text);
    known
        .map(|(_, number)| *number)
        .or_else(|| in_file(system, text, file))
}

/// A name of a file under /etc/iproute2 or where newer packages keep them.
fn in_file(system: &dyn System, name: &str, file: &str) -> Option<u32> {
    ["/etc/iproute2", "/usr/share/iproute2"]
        .iter()
        .find_map(|folder| {
            let bytes = system.read(&Path::new(folder).join(file)).ok()?;
            String::from_utf8_lossy(&bytes).lines().find_map(|line| {
                let mut words = line.split('#').next()?.split_whitespace();
                let number = c_number(words.next()?)?;
                (words.next()? == name).then_some(number)
            })
        })
}

/// Decimal, octal behind a 0, hexadecimal behind 0x.
pub fn c_number(text: &str) -> Option<u32> {
    if let Some(digits) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        return u32::from_str_radix(digits, 16).ok();
    }
    match text.strip_prefix('0') {
        Some("") => Some(0),
        Some(digits) => u32::from_str_radix(digits, 8).ok(),
        None => text.parse().ok(),
    }
}
