//! Policy rules, with everything that a `virtual_rules` line can say of them.

use std::{
    cell::RefCell,
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use netlink_packet_route::{
    IpProtocol, RouteNetlinkMessage,
    rule::{
        RuleAction as Action, RuleAttribute, RuleFlags, RuleMessage, RulePortRange, RuleUidRange,
    },
};

use super::{
    Family, Netlink, Request,
    message::{attributes, ip_of, text_of, u8_of, u32_of},
    route::{KEEPALIVED, Network, realm},
};

/// `struct fib_rule_hdr` (linux/fib_rules.h).
const FIXED_BYTES: usize = 12;
const FRA_DST: u16 = 1;
const FRA_SRC: u16 = 2;
const FRA_IIFNAME: u16 = 3;
const FRA_GOTO: u16 = 4;
const FRA_PRIORITY: u16 = 6;
const FRA_FWMARK: u16 = 10;
const FRA_FLOW: u16 = 11;
const FRA_SUPPRESS_IFGROUP: u16 = 13;
const FRA_SUPPRESS_PREFIXLEN: u16 = 14;
const FRA_TABLE: u16 = 15;
const FRA_FWMASK: u16 = 16;
const FRA_OIFNAME: u16 = 17;
const FRA_L3MDEV: u16 = 19;
const FRA_PROTOCOL: u16 = 21;
const FRA_IP_PROTO: u16 = 22;

/// A rule: to be added or deleted, or found there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Of which packets.
    pub family: Family,
    /// `not`: all others.
    pub invert: bool,
    /// Where from.
    pub from: Option<Network>,
    /// Where to.
    pub to: Option<Network>,
    /// `preference`: the lowest comes first.
    pub priority: u32,
    /// `iif`.
    pub input: Option<String>,
    /// `oif`.
    pub output: Option<String>,
    /// `fwmark`.
    pub mark: Option<u32>,
    /// Which of its bits count.
    pub mark_mask: Option<u32>,
    /// Type of service.
    pub tos: u8,
    /// What happens.
    pub action: RuleAction,
    /// `realms`: source in the upper 16 bits, destination in the lower.
    pub realms: Option<u32>,
    /// `suppress_prefixlength`: routes of at most so many bits don't count.
    pub suppress_prefixlength: Option<u32>,
    /// `suppress_ifgroup`: routes through interfaces of this group don't count.
    pub suppress_ifgroup: Option<u32>,
    /// `tunnel-id`.
    pub tunnel_id: Option<u64>,
    /// `l3mdev`: the table of the packet's VRF.
    pub l3mdev: bool,
    /// `uidrange`, inclusive.
    pub uids: Option<(u32, u32)>,
    /// Who made it.
    pub protocol: u8,
    /// `ipproto`.
    pub ip_protocol: Option<u8>,
    /// `sport`, inclusive.
    pub source_ports: Option<(u16, u16)>,
    /// `dport`, inclusive.
    pub destination_ports: Option<(u16, u16)>,
}

/// What a rule does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuleAction {
    /// Looks in a table.
    Lookup(u32),
    /// Goes on with the rule of this priority.
    Goto(u32),
    /// Nothing.
    Nop,
    /// Drops.
    Blackhole,
    /// Refuses: network unreachable.
    Unreachable,
    /// Refuses: administratively prohibited.
    Prohibit,
    /// Looks in the table of the packet's VRF (`l3mdev`).
    Unspecified,
}

impl Rule {
    /// A rule with nothing special, of the reference's protocol number.
    pub fn new(family: Family, priority: u32, action: RuleAction) -> Self {
        Self {
            family,
            invert: false,
            from: None,
            to: None,
            priority,
            input: None,
            output: None,
            mark: None,
            mark_mask: None,
            tos: 0,
            action,
            realms: None,
            suppress_prefixlength: None,
            suppress_ifgroup: None,
            tunnel_id: None,
            l3mdev: false,
            uids: None,
            protocol: KEEPALIVED,
            ip_protocol: None,
            source_ports: None,
            destination_ports: None,
        }
    }

    /// Adds it. The outcome is `AlreadyExists` when the same is there.
    pub fn add(&self) -> Request {
        Request::create_new(RouteNetlinkMessage::NewRule(self.message()))
    }

    /// Deletes it. The outcome is `NotFound` when it isn't there.
    pub fn delete(&self) -> Request {
        Request::plain(RouteNetlinkMessage::DelRule(self.message()))
    }

    fn message(&self) -> RuleMessage {
        let mut message = RuleMessage::default();
        let header = &mut message.header;
        header.family = self.family.into();
        header.src_len = self.from.map_or(0, |(_, prefix)| prefix);
        header.dst_len = self.to.map_or(0, |(_, prefix)| prefix);
        header.tos = self.tos;
        if self.invert {
            header.flags = RuleFlags::Invert;
        }
        header.action = match self.action {
            RuleAction::Lookup(_) => Action::ToTable,
            RuleAction::Goto(_) => Action::Goto,
            RuleAction::Nop => Action::Nop,
            RuleAction::Blackhole => Action::Blackhole,
            RuleAction::Unreachable => Action::Unreachable,
            RuleAction::Prohibit => Action::Prohibit,
            // The kernel finds the table, and still wants to hear that there is to be one.
            RuleAction::Unspecified => Action::ToTable,
        };
        let all = &mut message.attributes;
        if let RuleAction::Lookup(table) = self.action {
            header.table = u8::try_from(table).unwrap_or(0);
            if header.table == 0 {
                all.push(RuleAttribute::Table(table));
            }
        }
        if let RuleAction::Goto(priority) = self.action {
            all.push(RuleAttribute::Goto(priority));
        }
        all.extend(self.from.map(|(ip, _)| RuleAttribute::Source(ip)));
        all.extend(self.to.map(|(ip, _)| RuleAttribute::Destination(ip)));
        all.push(RuleAttribute::Priority(self.priority));
        all.extend(self.mark.map(RuleAttribute::FwMark));
        all.extend(self.mark_mask.map(RuleAttribute::FwMask));
        all.extend(
            self.realms
                .map(|realms| RuleAttribute::Realm(realm(realms))),
        );
        let prefix = self.suppress_prefixlength;
        all.extend(prefix.map(RuleAttribute::SuppressPrefixLen));
        all.extend(self.suppress_ifgroup.map(RuleAttribute::SuppressIfGroup));
        all.extend(self.input.clone().map(RuleAttribute::Iifname));
        all.extend(self.output.clone().map(RuleAttribute::Oifname));
        all.extend(self.tunnel_id.map(RuleAttribute::TunId));
        let uids = self.uids.map(|(start, end)| RuleUidRange { start, end });
        all.extend(uids.map(RuleAttribute::UidRange));
        all.extend(self.l3mdev.then_some(RuleAttribute::L3MDev(true)));
        all.push(RuleAttribute::Protocol(self.protocol.into()));
        let protocol = self
            .ip_protocol
            .map(|number| IpProtocol::from(i32::from(number)));
        all.extend(protocol.map(RuleAttribute::IpProtocol));
        let range = |(start, end)| RulePortRange { start, end };
        let ports = self.source_ports.map(range);
        all.extend(ports.map(RuleAttribute::SourcePortRange));
        let ports = self.destination_ports.map(range);
        all.extend(ports.map(RuleAttribute::DestinationPortRange));
        message
    }

    /// Reads RTM_NEWRULE and RTM_DELRULE of IPv4 and IPv6; ports, users and tunnels aren't read.
    pub(super) fn decode(payload: &[u8]) -> Option<Self> {
        let fixed: &[u8; FIXED_BYTES] = payload.first_chunk()?;
        let (family, any): (_, IpAddr) = match i32::from(fixed[0]) {
            libc::AF_INET => (Family::V4, Ipv4Addr::UNSPECIFIED.into()),
            libc::AF_INET6 => (Family::V6, Ipv6Addr::UNSPECIFIED.into()),
            _ => return None,
        };
        let mut rule = Self::new(family, 0, RuleAction::Unspecified);
        rule.to = (fixed[1] > 0).then_some((any, fixed[1]));
        rule.from = (fixed[2] > 0).then_some((any, fixed[2]));
        rule.tos = fixed[3];
        rule.protocol = 0;
        rule.invert = u32_of(&fixed[8..])? & RuleFlags::Invert.bits() != 0;
        let (mut table, mut goto) = (u32::from(fixed[4]), 0);
        for (kind, value) in attributes(payload, FIXED_BYTES) {
            let number = u32_of(value);
            match kind {
                FRA_DST => rule.to = rule.to.and_then(|(_, bits)| Some((ip_of(value)?, bits))),
                FRA_SRC => rule.from = rule.from.and_then(|(_, bits)| Some((ip_of(value)?, bits))),
                FRA_IIFNAME => rule.input = text_of(value),
                FRA_OIFNAME => rule.output = text_of(value),
                FRA_GOTO => goto = number?,
                FRA_PRIORITY => rule.priority = number?,
                FRA_FWMARK => rule.mark = number,
                FRA_FWMASK => rule.mark_mask = number,
                FRA_FLOW => rule.realms = number,
                // The kernel says -1 where none is set.
                FRA_SUPPRESS_IFGROUP => {
                    rule.suppress_ifgroup = number.filter(|group| *group != u32::MAX)
                }
                FRA_SUPPRESS_PREFIXLEN => {
                    rule.suppress_prefixlength = number.filter(|bits| *bits != u32::MAX);
                }
                FRA_TABLE => table = number?,
                FRA_L3MDEV => rule.l3mdev = u8_of(value) == Some(1),
                FRA_PROTOCOL => rule.protocol = u8_of(value)?,
                FRA_IP_PROTO => rule.ip_protocol = u8_of(value),
                _ => {}
            }
        }
        rule.action = match Action::from(fixed[7]) {
            Action::ToTable if rule.l3mdev => RuleAction::Unspecified,
            Action::ToTable => RuleAction::Lookup(table),
            Action::Goto => RuleAction::Goto(goto),
            Action::Nop => RuleAction::Nop,
            Action::Blackhole => RuleAction::Blackhole,
            Action::Unreachable => RuleAction::Unreachable,
            Action::Prohibit => RuleAction::Prohibit,
            _ => RuleAction::Unspecified,
        };
        Some(rule)
    }
}

impl Netlink {
    /// All rules of both families.
    ///
    /// # Errors
    /// The socket failed.
    pub fn rules(&mut self) -> io::Result<Vec<Rule>> {
        let mut found = Vec::new();
        for family in [Family::V4, Family::V6] {
            let some = RefCell::new(Vec::new());
            let mut message = RuleMessage::default();
            message.header.family = family.into();
            self.dump(
                &RouteNetlinkMessage::GetRule(message),
                &mut |_, payload| some.borrow_mut().extend(Rule::decode(payload)),
                &mut || some.borrow_mut().clear(),
            )?;
            found.append(&mut some.into_inner());
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::in_namespace::{inside, ip, wire};

    fn from(network: [u8; 4], prefix: u8, priority: u32, action: RuleAction) -> Rule {
        let mut rule = Rule::new(Family::V4, priority, action);
        rule.from = Some((network.into(), prefix));
        rule
    }

    /// The rules of a reference's configuration with every word, and what `ip rule` showed of each.
    fn recorded() -> Vec<(Rule, &'static str)> {
        let main = RuleAction::Lookup(254);
        let mut rows = vec![(
            from([192, 0, 2, 0], 24, 16384, RuleAction::Lookup(100)),
            "16384:\tfrom 192.0.2.0/24 lookup 100 proto keepalived",
        )];
        let mut rule = Rule::new(Family::V4, 500, RuleAction::Lookup(101));
        (rule.invert, rule.to) = (true, Some(([198, 51, 100, 0].into(), 24)));
        (rule.mark, rule.mark_mask, rule.tos) = (Some(5), Some(0xff), 8);
        rows.push((rule, "500:\tnot from all to 198.51.100.0/24 tos 0x08 fwmark 0x5/0xff lookup 101 proto keepalived"));
        let mut rule = Rule::new(Family::V4, 400, RuleAction::Goto(32766));
        rule.input = Some("va".to_owned());
        rows.push((rule, "400:\tfrom all iif va goto 32766 proto keepalived"));
        let mut rule = Rule::new(Family::V4, 401, RuleAction::Blackhole);
        rule.output = Some("va".to_owned());
        rows.push((rule, "401:\tfrom all oif va blackhole proto keepalived"));
        for (priority, action, text) in [
            (
                402,
                RuleAction::Prohibit,
                "402:\tfrom 10.0.0.0/8 prohibit proto keepalived",
            ),
            (
                403,
                RuleAction::Unreachable,
                "403:\tfrom 10.0.0.0/8 unreachable proto keepalived",
            ),
            (
                404,
                RuleAction::Nop,
                "404:\tfrom 10.0.0.0/8 nop proto keepalived",
            ),
        ] {
            rows.push((from([10, 0, 0, 0], 8, priority, action), text));
        }
        let mut rule = from([10, 1, 0, 0], 16, 405, main);
        (rule.suppress_prefixlength, rule.suppress_ifgroup) = (Some(8), Some(3));
        rows.push((rule, "405:\tfrom 10.1.0.0/16 lookup main suppress_prefixlength 8 suppress_ifgroup 3 proto keepalived"));
        // The only user of the test's namespace is 0.
        let mut rule = from([10, 1, 0, 0], 16, 406, RuleAction::Lookup(102));
        (rule.uids, rule.ip_protocol, rule.source_ports) = (Some((0, 0)), Some(6), Some((80, 90)));
        rule.destination_ports = Some((443, 444));
        rows.push((rule, "406:\tfrom 10.1.0.0/16 uidrange 0-0 ipproto tcp sport 80-90 dport 443-444 lookup 102 proto keepalived"));
        let mut rule = from([10, 2, 0, 0], 16, 408, RuleAction::Lookup(1000));
        (rule.tunnel_id, rule.realms) = (Some(7), Some(5 << 16 | 6));
        rows.push((
            rule,
            "408:\tfrom 10.2.0.0/16 tun_id 7 lookup 1000 realms 5/6 proto keepalived",
        ));
        let mut rule = Rule::new(Family::V6, 409, RuleAction::Lookup(104));
        rule.from = Some(("2001:db8::".parse().expect("an address"), 32));
        rows.push((rule, "409:\tfrom 2001:db8::/32 lookup 104 proto keepalived"));
        rows
    }

    #[test]
    fn every_word_of_a_rule_reaches_the_kernel_as_the_reference_s_does() {
        if !inside(
            "netlink::rule::tests::every_word_of_a_rule_reaches_the_kernel_as_the_reference_s_does",
        ) {
            return;
        }
        wire();
        let rows = recorded();
        let mut netlink = Netlink::open().expect("a socket");
        for (rule, text) in &rows {
            let outcome = netlink.carry_out_one(&rule.add());
            outcome.unwrap_or_else(|error| panic!("{text}: {error}"));
            let error = netlink.carry_out_one(&rule.add()).expect_err("it is there");
            assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        }
        let shown = ip("-d rule") + &ip("-6 -d rule");
        for (_, text) in &rows {
            assert!(shown.contains(text), "{text}\n{shown}");
        }
        let found = netlink.rules().expect("a dump");
        for (rule, text) in &rows {
            let mut found = found
                .iter()
                .find(|found| found.priority == rule.priority)
                .cloned();
            let found = found.as_mut().unwrap_or_else(|| panic!("{text}"));
            // What isn't read back.
            found.uids = rule.uids;
            found.source_ports = rule.source_ports;
            found.destination_ports = rule.destination_ports;
            found.tunnel_id = rule.tunnel_id;
            assert_eq!(*found, *rule);
        }
        for (rule, text) in &rows {
            let outcome = netlink.carry_out_one(&rule.delete());
            outcome.unwrap_or_else(|error| panic!("{text}: {error}"));
            let error = netlink
                .carry_out_one(&rule.delete())
                .expect_err("it is gone");
            assert_eq!(error.kind(), io::ErrorKind::NotFound);
        }
    }

    #[test]
    fn a_rule_of_vrfs_has_no_table_of_its_own() {
        if !inside("netlink::rule::tests::a_rule_of_vrfs_has_no_table_of_its_own") {
            return;
        }
        let mut rule = Rule::new(Family::V4, 1000, RuleAction::Unspecified);
        rule.l3mdev = true;
        let mut netlink = Netlink::open().expect("a socket");
        match netlink.carry_out_one(&rule.add()) {
            // A kernel without VRFs refuses the attribute.
            Err(error) => assert_eq!(error.raw_os_error(), Some(libc::EOPNOTSUPP)),
            Ok(()) => {
                assert!(
                    ip("rule").contains("1000:\tfrom all lookup [l3mdev-table] proto keepalived")
                );
                netlink.carry_out_one(&rule.delete()).expect("deleted");
            }
        }
    }
}
