//! Lines of `virtual_ipaddress`, `virtual_routes` and `virtual_rules` and their static kin, as dumps word them.

use std::fmt::Write;

use locum_model::vrrp::{
    Address, Family, Route, Rule,
    address::{Broadcast, PreferredLifetime},
    route::{Encap, Metrics, RouteType},
    rule::RuleAction,
};

use super::text::network;

/// The protocol of routes and rules that are ours.
const KEEPALIVED: u8 = 18;

/// `192.0.2.1/24 dev v0 scope global set`. `dev` is the interface that holds it.
pub fn address(line: &Address, dev: &str, set: bool) -> String {
    let mut text = match &line.peer {
        Some(_) => line.network.ip.to_string(),
        None => network(&line.network),
    };
    match (line.broadcast, line.network.ip) {
        (Some(Broadcast::Address(address)), _) => {
            push(&mut text, format_args!(" brd {address}"));
        }
        (Some(kind), std::net::IpAddr::V4(ip)) => {
            let hosts = u32::MAX.checked_shr(u32::from(line.network.prefix));
            let hosts = hosts.unwrap_or(0);
            let bits = match kind {
                Broadcast::HostBitsSet => ip.to_bits() | hosts,
                _ => ip.to_bits() & !hosts,
            };
            let broadcast = std::net::Ipv4Addr::from_bits(bits);
            push(&mut text, format_args!(" brd {broadcast}"));
        }
        _ => {}
    }
    push(&mut text, format_args!(" dev {dev}"));
    let v6 = line.network.ip.is_ipv6();
    flag(&mut text, line.use_vmac, "use_vmac");
    push(&mut text, format_args!(" scope {}", scope(line.scope)));
    if let Some(label) = &line.label {
        push(&mut text, format_args!(" label {label}"));
    }
    if let Some(peer) = &line.peer {
        push(&mut text, format_args!(" peer {}/{}", peer.ip, peer.prefix));
    }
    flag(&mut text, line.home, "home");
    flag(&mut text, v6 && line.dad, "-nodad");
    flag(&mut text, line.mngtmpaddr, "mngtmpaddr");
    flag(&mut text, line.noprefixroute, "noprefixroute");
    flag(&mut text, line.autojoin, "autojoin");
    if v6 {
        match line.preferred_lft {
            Some(PreferredLifetime::Seconds(0)) => text.push_str(" deprecated"),
            Some(PreferredLifetime::Seconds(seconds)) => {
                push(&mut text, format_args!(" preferred_lft {seconds}"));
            }
            None if line.network.prefix == 128 => text.push_str(" deprecated"),
            Some(PreferredLifetime::Forever) | None => text.push_str(" preferred_lft forever"),
        }
    }
    flag(&mut text, line.no_track, "no_track");
    if let Some(group) = &line.track_group {
        push(&mut text, format_args!(" track_group {group}"));
    }
    flag(&mut text, set, "set");
    text
}

/// `prepend 203.0.113.0/24 via inet 192.0.2.9 dev v0 proto 18`.
pub fn route(line: &Route) -> String {
    let mut text = String::from(match (line.kind, line.append) {
        (RouteType::Unicast, true) => "append ",
        (RouteType::Unicast, false) => "prepend ",
        _ => "add ",
    });
    if line.kind != RouteType::Unicast {
        push(&mut text, format_args!("{} ", route_type(line.kind)));
    }
    push(
        &mut text,
        format_args!("{}/{}", line.destination.ip, line.destination.prefix),
    );
    if let Some(from) = &line.from {
        push(&mut text, format_args!(" from {}/{}", from.ip, from.prefix));
    }
    option(&mut text, "tos", line.tos);
    if let Some(encap) = &line.encap {
        tunnel(&mut text, encap);
    }
    option(&mut text, "src", line.src);
    if let Some(via) = line.via {
        push(&mut text, format_args!(" via {} {via}", family(via)));
    }
    option(&mut text, "dev", line.dev.as_ref());
    option(&mut text, "table", line.table);
    option(&mut text, "scope", line.scope);
    // A line whose removal nobody notices isn't marked as ours; those without an interface are found out to be such
    // only after they were marked.
    if !line.no_track || line.dev.is_none() {
        option(
            &mut text,
            "proto",
            Some(line.protocol.unwrap_or(KEEPALIVED)),
        );
    }
    option(&mut text, "metric", line.metric);
    if let Some(realms) = line.realms {
        push(&mut text, format_args!(" realms {}", realms_text(realms)));
    }
    flag(&mut text, line.onlink, "onlink");
    if let Some(expires) = line.expires {
        push(&mut text, format_args!(" expires {expires}sec"));
    }
    metrics(&mut text, &line.metrics);
    if let Some(pref) = line.pref {
        let name = match pref {
            1 => "high",
            3 => "low",
            _ => "medium",
        };
        push(&mut text, format_args!(" pref {name}"));
    }
    if let Some(on) = line.ttl_propagate {
        let state = if on { "enabled" } else { "disabled" };
        push(&mut text, format_args!(" ttl-propagate {state}"));
    }
    for hop in &line.nexthops {
        text.push_str(" nexthop");
        if let Some(encap) = &hop.encap {
            tunnel(&mut text, encap);
        }
        if let Some(via) = hop.via {
            push(&mut text, format_args!(" via {} {via}", family(via)));
        }
        option(&mut text, "dev", hop.dev.as_ref());
        option(&mut text, "weight", hop.weight);
        flag(&mut text, hop.onlink, "onlink");
        if let Some(realms) = hop.realms {
            push(&mut text, format_args!(" realm {}", realms_text(realms)));
        }
    }
    flag(&mut text, line.no_track, "no_track");
    if let Some(group) = &line.track_group {
        push(&mut text, format_args!(" track_group {group}"));
    }
    text
}

/// `from all to 203.0.113.0/24 priority 5 tos 0x0 protocol 18 lookup 5`.
pub fn rule(line: &Rule) -> String {
    let mut text = String::new();
    if line.invert {
        text.push_str("not ");
    }
    match &line.from {
        Some(from) => push(&mut text, format_args!("from {}", network(from))),
        None => text.push_str("from all"),
    }
    if let Some(to) = &line.to {
        push(&mut text, format_args!(" to {}", network(to)));
    }
    push(
        &mut text,
        format_args!(
            " priority {} tos {:#x}",
            line.priority,
            line.tos.unwrap_or(0)
        ),
    );
    if let Some(mark) = line.fwmark {
        push(&mut text, format_args!(" fwmark {:#x}", mark.mark));
        if let Some(mask) = mark.mask {
            push(&mut text, format_args!("/{mask:#x}"));
        }
    }
    option(&mut text, "iif", line.iif.as_ref());
    option(&mut text, "oif", line.oif.as_ref());
    option(&mut text, "suppress_prefixlen", line.suppress_prefixlength);
    option(&mut text, "suppress_ifgroup", line.suppress_ifgroup);
    option(&mut text, "tunnel-id", line.tunnel_id);
    if let Some((first, last)) = line.uid_range {
        push(&mut text, format_args!(" uidrange {first}-{last}"));
    }
    flag(&mut text, line.l3mdev, "l3mdev");
    if !line.no_track {
        option(
            &mut text,
            "protocol",
            Some(line.protocol.unwrap_or(KEEPALIVED)),
        );
    }
    option(&mut text, "ipproto", line.ip_protocol);
    if let Some((first, last)) = line.sport {
        push(&mut text, format_args!(" sport {first}-{last}"));
    }
    if let Some((first, last)) = line.dport {
        push(&mut text, format_args!(" dport {first}-{last}"));
    }
    if let Some(realms) = line.realms {
        push(&mut text, format_args!(" realms {}", realms_text(realms)));
    }
    match line.action {
        RuleAction::Lookup(table) => option(&mut text, "lookup", Some(table)),
        RuleAction::Goto(priority) => option(&mut text, "goto", Some(priority)),
        RuleAction::Nop => text.push_str(" nop"),
        RuleAction::Blackhole => text.push_str(" type blackhole"),
        RuleAction::Unreachable => text.push_str(" type unreachable"),
        RuleAction::Prohibit => text.push_str(" type prohibit"),
        RuleAction::Unspecified => text.push_str(" lookup 0"),
    }
    flag(&mut text, line.no_track, "no_track");
    if let Some(group) = &line.track_group {
        push(&mut text, format_args!(" track_group {group}"));
    }
    text
}

/// Metrics in the reference's order, each with `lock` where it is locked.
fn metrics(text: &mut String, metrics: &Metrics) {
    let lock = |number: u32| {
        if metrics.lock & (1 << number) != 0 {
            "lock "
        } else {
            ""
        }
    };
    if let Some(name) = &metrics.congctl {
        // The space is missing in the reference, too.
        push(text, format_args!(" congctl {name}{}", lock(CONGCTL)));
    }
    for (name, value, number) in [
        ("rtt", metrics.rtt_ms, 4),
        ("rttvar", metrics.rttvar_ms, 5),
        ("rto_min", metrics.rto_min_ms, 13),
    ] {
        if let Some(ms) = value {
            push(text, format_args!(" {name} {}{}", lock(number), time(ms)));
        }
    }
    if metrics.ecn {
        text.push_str(" features ecn");
    }
    for (name, value, number) in [
        ("mtu", metrics.mtu, 2),
        ("window", metrics.window, 3),
        ("ssthresh", metrics.ssthresh, 6),
        ("cwnd", metrics.cwnd, 7),
        ("advmss", metrics.advmss, 8),
        ("reordering", metrics.reordering, 9),
        ("hoplimit", metrics.hoplimit, 10),
        ("initcwnd", metrics.initcwnd, 11),
        ("initrwnd", metrics.initrwnd, 14),
        ("quickack", metrics.quickack.map(u32::from), 15),
        (
            "fastopen_no_cookie",
            metrics.fastopen_no_cookie.map(u32::from),
            17,
        ),
    ] {
        if let Some(value) = value {
            push(text, format_args!(" {name} {}{value}", lock(number)));
        }
    }
}

/// RTAX_CC_ALGO.
const CONGCTL: u32 = 16;

/// Milliseconds, as seconds where they are whole ones.
fn time(ms: u32) -> String {
    if ms.is_multiple_of(1000) {
        format!("{}s", ms / 1000)
    } else {
        format!("{ms}ms")
    }
}

fn tunnel(text: &mut String, encap: &Encap) {
    match encap {
        Encap::Mpls { labels } => {
            // As they stand in a packet: label, bottom of stack, TTL 0 (RFC 3032 §2.1).
            let stack: Vec<String> = labels
                .iter()
                .enumerate()
                .map(|(i, label)| {
                    let bottom = u32::from(i + 1 == labels.len()) << 8;
                    format!("{:x}", (label << 12) | bottom)
                })
                .collect();
            push(text, format_args!(" encap mpls {}", stack.join("/")));
        }
        Encap::Ip {
            family,
            id,
            dst,
            src,
            tos,
            ttl,
            flags,
        } => {
            let (name, tos_name, ttl_name) = match family {
                Family::Inet => ("ip", "tos", "ttl"),
                Family::Inet6 => ("ip6", "tc", "hoplimit"),
            };
            push(text, format_args!(" encap {name}"));
            option(text, "id", *id);
            option(text, "dst", *dst);
            option(text, "src", *src);
            option(text, tos_name, *tos);
            option(text, ttl_name, *ttl);
            if let Some(flags) = flags {
                push(text, format_args!(" flags {flags:#x}"));
            }
        }
        Encap::Ila { .. } => text.push_str(" encap ila"),
    }
}

fn route_type(kind: RouteType) -> &'static str {
    match kind {
        RouteType::Unicast => "unicast",
        RouteType::Local => "local",
        RouteType::Broadcast => "broadcast",
        RouteType::Anycast => "anycast",
        RouteType::Multicast => "multicast",
        RouteType::Blackhole => "blackhole",
        RouteType::Unreachable => "unreachable",
        RouteType::Prohibit => "prohibit",
        RouteType::Throw => "throw",
        RouteType::Nat => "nat",
    }
}

/// A scope by the name that iproute2 gives it.
fn scope(scope: u8) -> String {
    match scope {
        0 => "global".to_owned(),
        200 => "site".to_owned(),
        253 => "link".to_owned(),
        254 => "host".to_owned(),
        255 => "nowhere".to_owned(),
        other => other.to_string(),
    }
}

fn realms_text(realms: u32) -> String {
    match (realms >> 16, realms & 0xffff) {
        (0, to) => to.to_string(),
        (from, to) => format!("{from}/{to}"),
    }
}

fn family(address: std::net::IpAddr) -> &'static str {
    match address {
        std::net::IpAddr::V4(_) => "inet",
        std::net::IpAddr::V6(_) => "inet6",
    }
}

fn option(text: &mut String, name: &str, value: Option<impl std::fmt::Display>) {
    if let Some(value) = value {
        push(text, format_args!(" {name} {value}"));
    }
}

fn flag(text: &mut String, on: bool, name: &str) {
    if on {
        push(text, format_args!(" {name}"));
    }
}

fn push(text: &mut String, pieces: std::fmt::Arguments<'_>) {
    // A String takes whatever is written.
    let _ = text.write_fmt(pieces);
}

#[cfg(test)]
mod tests {
    use super::*;
    use locum_model::{address::Network, vrrp::rule::FirewallMark};

    fn net(text: &str) -> Network {
        let (ip, prefix) = text.split_once('/').unwrap();
        Network {
            ip: ip.parse().unwrap(),
            prefix: prefix.parse().unwrap(),
        }
    }

    /// Recorded from the reference, as is all that follows.
    #[test]
    fn addresses() {
        let mut line = Address::bare(net("192.0.2.21/24"));
        (line.broadcast, line.label) = (Some(Broadcast::HostBitsSet), Some("v2:x".into()));
        line.scope = 253;
        assert_eq!(
            address(&line, "v2", false),
            "192.0.2.21/24 brd 192.0.2.255 dev v2 scope link label v2:x"
        );
        let mut line = Address::bare(net("192.0.2.35/24"));
        line.broadcast = Some(Broadcast::HostBitsCleared);
        assert_eq!(
            address(&line, "v0", true),
            "192.0.2.35/24 brd 192.0.2.0 dev v0 scope global set"
        );
        let mut line = Address::bare(net("192.0.2.33/32"));
        line.peer = Some(net("192.0.2.34/32"));
        assert_eq!(
            address(&line, "v0", true),
            "192.0.2.33 dev v0 scope global peer 192.0.2.34/32 set"
        );
        let mut line = Address::bare(net("2001:db8::77/128"));
        (line.home, line.dad) = (true, true);
        assert_eq!(
            address(&line, "v0", true),
            "2001:db8::77 dev v0 scope global home -nodad deprecated set"
        );
        let line = Address::bare(net("2001:db8::61/64"));
        assert_eq!(
            address(&line, "v0", false),
            "2001:db8::61/64 dev v0 scope global preferred_lft forever"
        );
        let mut line = Address::bare(net("192.0.2.8/32"));
        line.use_vmac = true;
        assert_eq!(
            address(&line, "vrrp.51@v2", false),
            "192.0.2.8 dev vrrp.51@v2 use_vmac scope global"
        );
    }

    #[test]
    fn routes() {
        let mut line = Route::to(Family::Inet, net("198.51.106.0/24"));
        (line.dev, line.realms) = (Some("v0".into()), Some((1 << 16) | 2));
        line.metrics = Metrics {
            mtu: Some(1400),
            window: Some(5000),
            rtt_ms: Some(500),
            rttvar_ms: Some(200),
            rto_min_ms: Some(2000),
            advmss: Some(1300),
            quickack: Some(true),
            congctl: Some("cubic".into()),
            ecn: true,
            ..Metrics::default()
        };
        assert_eq!(
            route(&line),
            "prepend 198.51.106.0/24 dev v0 proto 18 realms 1/2 congctl cubic rtt 500ms rttvar 200ms rto_min 2s \
             features ecn mtu 1400 window 5000 advmss 1300 quickack 1"
        );
        let mut line = Route::to(Family::Inet, net("198.51.107.0/24"));
        (line.dev, line.metric) = (Some("v0".into()), Some(7));
        line.metrics = Metrics {
            mtu: Some(1400),
            advmss: Some(1300),
            congctl: Some("reno".into()),
            lock: 1 << 2 | 1 << 8 | 1 << 16,
            ..Metrics::default()
        };
        assert_eq!(
            route(&line),
            "prepend 198.51.107.0/24 dev v0 proto 18 metric 7 congctl renolock  mtu lock 1400 advmss lock 1300"
        );
        let mut line = Route::to(Family::Inet, net("198.51.110.0/24"));
        line.dev = Some("v0".into());
        line.encap = Some(Encap::Mpls {
            labels: vec![100, 200],
        });
        assert_eq!(
            route(&line),
            "prepend 198.51.110.0/24 encap mpls 64000/c8100 dev v0 proto 18"
        );
        let mut line = Route::to(Family::Inet, net("198.51.102.0/24"));
        (line.dev, line.via) = (Some("v0".into()), Some([192, 0, 2, 9].into()));
        (line.tos, line.table, line.scope) = (Some(16), Some(100), Some(253));
        line.no_track = true;
        assert_eq!(
            route(&line),
            "prepend 198.51.102.0/24 tos 16 via inet 192.0.2.9 dev v0 table 100 scope 253 no_track"
        );
        let mut line = Route::to(Family::Inet, net("198.51.103.0/24"));
        (line.kind, line.no_track) = (RouteType::Blackhole, true);
        assert_eq!(
            route(&line),
            "add blackhole 198.51.103.0/24 proto 18 no_track"
        );
        let mut line = Route::to(Family::Inet6, net("2001:db8:2::/48"));
        (line.dev, line.metric, line.expires) = (Some("v0".into()), Some(5), Some(100));
        assert_eq!(
            route(&line),
            "prepend 2001:db8:2::/48 dev v0 proto 18 metric 5 expires 100sec"
        );
    }

    #[test]
    fn rules() {
        let blank = Rule {
            family: Family::Inet,
            invert: false,
            from: None,
            to: None,
            priority: 5,
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
            no_track: false,
            track_group: None,
        };
        let line = Rule {
            to: Some(net("203.0.113.0/24")),
            ..blank.clone()
        };
        assert_eq!(
            rule(&line),
            "from all to 203.0.113.0/24 priority 5 tos 0x0 protocol 18 lookup 5"
        );
        let line = Rule {
            from: Some(net("192.0.2.0/24")),
            priority: 16383,
            tos: Some(16),
            fwmark: Some(FirewallMark {
                mark: 3,
                mask: Some(255),
            }),
            iif: Some("v0".into()),
            oif: Some("v2".into()),
            action: RuleAction::Lookup(254),
            no_track: true,
            ..blank.clone()
        };
        assert_eq!(
            rule(&line),
            "from 192.0.2.0/24 priority 16383 tos 0x10 fwmark 0x3/0xff iif v0 oif v2 lookup 254 no_track"
        );
        let line = Rule {
            from: Some(net("192.0.6.0/24")),
            priority: 60,
            uid_range: Some((1, 5)),
            ip_protocol: Some(6),
            sport: Some((10, 20)),
            dport: Some((30, 31)),
            action: RuleAction::Lookup(8),
            ..blank.clone()
        };
        assert_eq!(
            rule(&line),
            "from 192.0.6.0/24 priority 60 tos 0x0 uidrange 1-5 protocol 18 ipproto 6 sport 10-20 dport 30-31 lookup 8"
        );
        let line = Rule {
            invert: true,
            from: Some(net("192.0.5.0/24")),
            priority: 16380,
            suppress_prefixlength: Some(8),
            suppress_ifgroup: Some(9),
            action: RuleAction::Lookup(7),
            ..blank
        };
        assert_eq!(
            rule(&line),
            "not from 192.0.5.0/24 priority 16380 tos 0x0 suppress_prefixlen 8 suppress_ifgroup 9 protocol 18 lookup 7"
        );
    }
}
