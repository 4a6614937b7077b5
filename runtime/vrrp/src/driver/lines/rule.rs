//! A rule line as the kernel gets it.

use locum_kernel::netlink::{Family as KernelFamily, KEEPALIVED, Rule as KernelRule, RuleAction};
use locum_model::vrrp::{
    Family,
    rule::{Rule, RuleAction as Action},
};

use super::pair;
use crate::effect::Line;

/// A rule line.
pub(in crate::driver) fn rule(line: &Line<Rule>) -> KernelRule {
    let value = &line.value.value;
    let family = match value.family {
        Family::Inet => KernelFamily::V4,
        Family::Inet6 => KernelFamily::V6,
    };
    let action = match value.action {
        Action::Lookup(table) => RuleAction::Lookup(table),
        Action::Goto(priority) => RuleAction::Goto(priority),
        Action::Nop => RuleAction::Nop,
        Action::Blackhole => RuleAction::Blackhole,
        Action::Unreachable => RuleAction::Unreachable,
        Action::Prohibit => RuleAction::Prohibit,
        Action::Unspecified => RuleAction::Unspecified,
    };
    let mut rule = KernelRule::new(family, value.priority, action);
    rule.invert = value.invert;
    rule.from = value.from.map(pair);
    rule.to = value.to.map(pair);
    rule.input = value.iif.clone();
    rule.output = value.oif.clone();
    rule.mark = value.fwmark.map(|mark| mark.mark);
    rule.mark_mask = value.fwmark.and_then(|mark| mark.mask);
    rule.tos = value.tos.unwrap_or(0);
    rule.realms = value.realms;
    rule.suppress_prefixlength = value.suppress_prefixlength;
    rule.suppress_ifgroup = value.suppress_ifgroup;
    rule.tunnel_id = value.tunnel_id;
    rule.l3mdev = value.l3mdev;
    rule.uids = value.uid_range;
    rule.protocol = value.protocol.unwrap_or(KEEPALIVED);
    rule.ip_protocol = value.ip_protocol;
    rule.source_ports = value.sport;
    rule.destination_ports = value.dport;
    rule
}
