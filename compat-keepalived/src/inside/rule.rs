//! Lines of `virtual_rules` and `static_rules`.
//!
//! ```text
//! from 192.0.2.0/24 table 100 priority 500 no_track
//! ```

use locum_model::{
    address::Network,
    vrrp::{
        Family,
        rule::{FirewallMark, Rule, RuleAction},
    },
};
use locum_parser::keepalived::Line;

use super::{
    Owner, names,
    route::{KEEPALIVED, Usable},
    track_group,
};
use crate::load::{Abort, Pass, number, value};

/// The preference of the first rule that has none of its own; each further one comes before it.
const FIRST_PREFERENCE: u32 = 16_384;

/// A rule, unless it is bad enough to be left out.
pub fn read(pass: &mut Pass<'_>, line: &Line, owner: Owner) -> Result<Option<Rule>, Abort> {
    let rule = Rule {
        family: Family::Inet,
        invert: false,
        from: None,
        to: None,
        priority: 0,
        iif: None,
        oif: None,
        fwmark: None,
        tos: None,
        action: RuleAction::Unspecified,
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
    let mut reading = Reading {
        pass,
        line,
        owner,
        rule,
        family: None,
        preference: None,
        action: None,
        index: 0,
    };
    while let Some(word) = value::word(line, reading.index) {
        reading.index += 1;
        if reading.word(&word)? == Usable::No {
            return Ok(None);
        }
    }
    Ok(reading.finish())
}

struct Reading<'r, 'a> {
    pass: &'r mut Pass<'a>,
    line: &'r Line,
    owner: Owner,
    rule: Rule,
    family: Option<Family>,
    preference: Option<u32>,
    action: Option<RuleAction>,
    index: usize,
}

const ACTIONS: [(&str, RuleAction); 4] = [
    ("blackhole", RuleAction::Blackhole),
    ("nop", RuleAction::Nop),
    ("prohibit", RuleAction::Prohibit),
    ("unreachable", RuleAction::Unreachable),
];

/// Types of routes that are no actions of rules.
const ROUTE_TYPES: [&str; 7] = [
    "unicast",
    "local",
    "broadcast",
    "anycast",
    "multicast",
    "throw",
    "nat",
];

impl Reading<'_, '_> {
    fn word(&mut self, word: &str) -> Result<Usable, Abort> {
        if let Some((_, action)) = ACTIONS.iter().find(|(name, _)| *name == word) {
            return Ok(self.act(*action, "/l3mdev"));
        }
        match word {
            "from" => {
                let text = self.parameter()?;
                let Some(from) = self.network("from", &text) else {
                    return Ok(Usable::No);
                };
                self.rule.from = from;
            }
            "to" => {
                let text = self.parameter()?;
                let Some(to) = self.network("to", &text) else {
                    return Ok(Usable::No);
                };
                self.rule.to = to;
            }
            "not" => self.rule.invert = true,
            "no_track" => self.rule.no_track = true,
            "preference" | "priority" | "order" => {
                let text = self.parameter()?;
                self.preference = self.pass.number(number::unsigned(&text, 0, u32::MAX));
                return Ok(self.good(self.preference.is_some(), || {
                    format!("Invalid rule preference {word} specified")
                }));
            }
            "dev" | "iif" | "oif" => {
                let name = self.parameter()?;
                self.pass.interface_named(&name, || {
                    format!("WARNING - interface {name} for rule doesn't exist")
                });
                if word == "oif" {
                    self.rule.oif = Some(name);
                } else {
                    self.rule.iif = Some(name);
                }
            }
            "fwmark" => {
                let text = self.parameter()?;
                self.rule.fwmark = firewall_mark(&text);
                return Ok(self.good(self.rule.fwmark.is_some(), || {
                    format!("Invalid rule fwmark {text} specified")
                }));
            }
            "tos" | "dsfield" => {
                let text = self.parameter()?;
                self.rule.tos = names::tos(self.pass.system(), &text);
                return Ok(self.good(self.rule.tos.is_some(), || {
                    format!("TOS value {text} is invalid")
                }));
            }
            "table" | "lookup" => return self.table(),
            "goto" => {
                let text = self.parameter()?;
                let Some(target) = self.pass.number(number::unsigned(&text, 0, u32::MAX)) else {
                    self.pass.error("Invalid target goto specified");
                    return Ok(Usable::No);
                };
                return Ok(self.act(RuleAction::Goto(target), "/l3mdev"));
            }
            "type" => {
                let text = self.parameter()?;
                if ROUTE_TYPES.contains(&text.as_str()) {
                    self.pass.error(format!("Invalid rule action {text}"));
                    return Ok(Usable::No);
                }
                return self.word(&text);
            }
            _ => return self.rarer(word),
        }
        Ok(Usable::Yes)
    }

    fn rarer(&mut self, word: &str) -> Result<Usable, Abort> {
        match word {
            "inet" => Ok(self.forced(Family::Inet, word)),
            "inet6" => Ok(self.forced(Family::Inet6, word)),
            "l3mdev" => {
                if self.action.is_some() {
                    self.pass.error("Cannot specify l3mdev with other action");
                    return Ok(Usable::No);
                }
                self.rule.l3mdev = true;
                Ok(Usable::Yes)
            }
            "track_group" if self.owner == Owner::Static => {
                let before = self.rule.track_group.take();
                self.rule.track_group = track_group(self.pass, self.line, self.index, before);
                self.index += 1;
                Ok(Usable::Yes)
            }
            "realms" => {
                let text = self.parameter()?;
                self.rule.realms = names::realms(self.pass.system(), &text);
                Ok(self.good(self.rule.realms.is_some(), || {
                    format!("invalid realms {text} for rule")
                }))
            }
            "suppress_prefixlength" | "sup_pl" => {
                let text = self.parameter()?;
                let length = self
                    .pass
                    .number(number::unsigned(&text, 0, i32::MAX as u32));
                self.rule.suppress_prefixlength = length;
                Ok(self.good(length.is_some(), || {
                    format!("Invalid suppress_prefixlength {word} specified")
                }))
            }
            "suppress_ifgroup" | "sup_group" => {
                let text = self.parameter()?;
                self.rule.suppress_ifgroup = names::interface_group(self.pass.system(), &text);
                Ok(self.good(self.rule.suppress_ifgroup.is_some(), || {
                    format!("suppress_group {text} is invalid")
                }))
            }
            "tunnel-id" => {
                let text = self.parameter()?;
                let id = self.pass.number(number::unsigned(&text, 0, u32::MAX));
                self.rule.tunnel_id = id.map(u64::from);
                Ok(self.good(id.is_some(), || {
                    format!("Invalid tunnel-id {word} specified")
                }))
            }
            "uidrange" => {
                let text = self.parameter()?;
                self.rule.uid_range = range(&text);
                Ok(self.good(self.rule.uid_range.is_some(), || {
                    format!("Invalid uidrange {word} specified")
                }))
            }
            "protocol" => {
                let text = self.parameter()?;
                let protocol = self.pass.number(number::unsigned(&text, 0, 255));
                self.rule.protocol = protocol.and_then(|number| u8::try_from(number).ok());
                Ok(self.good(protocol.is_some(), || format!("Invalid protocol {text}")))
            }
            "ipproto" => {
                let text = self.parameter()?;
                self.rule.ip_protocol = names::ip_protocol(self.pass.system(), &text);
                Ok(self.good(self.rule.ip_protocol.is_some(), || {
                    format!("Invalid ipproto {text}")
                }))
            }
            "sport" => {
                let text = self.parameter()?;
                self.rule.sport = ports(&text);
                self.good(self.rule.sport.is_some(), || {
                    format!("invalid sport range {text}")
                });
                Ok(Usable::Yes)
            }
            "dport" => {
                let text = self.parameter()?;
                self.rule.dport = ports(&text);
                self.good(self.rule.dport.is_some(), || {
                    format!("invalid dport range {text}")
                });
                Ok(Usable::Yes)
            }
            _ => {
                self.pass.error(format!("Unknown rule option {word}"));
                Ok(Usable::No)
            }
        }
    }

    fn parameter(&mut self) -> Result<String, Abort> {
        let text = self.pass.parameter(self.line, self.index)?;
        self.index += 1;
        Ok(text)
    }

    fn good(&mut self, good: bool, complaint: impl FnOnce() -> String) -> Usable {
        if good {
            return Usable::Yes;
        }
        self.pass.error(complaint());
        Usable::No
    }

    /// An address that decides on the family, or all of them; `None`: the rule goes.
    fn network(&mut self, which: &str, text: &str) -> Option<Option<Network>> {
        let all = matches!(text, "all" | "any" | "default");
        let network = if all {
            None
        } else {
            let network = value::network(self.pass, text);
            if network.is_none() {
                self.pass
                    .error(format!("Invalid rule {which} address {text}"));
                return None;
            }
            network
        };
        let family = network.map(|network| Family::of(network.ip));
        match (self.family, family) {
            (None, _) => self.family = family,
            (Some(before), Some(family)) if before == family => {}
            // Behind an address of a family the reference takes "all" for one of another.
            _ => {
                self.pass
                    .error("rule specification has mixed IPv4 and IPv6");
                return None;
            }
        }
        Some(network)
    }

    fn act(&mut self, action: RuleAction, more: &str) -> Usable {
        if self.action.is_some() || (self.rule.l3mdev && !more.is_empty()) {
            self.pass.error(format!("Cannot specify more than one of table/nop/goto/blackhole/prohibit/unreachable{more} for rule"));
            return Usable::No;
        }
        self.action = Some(action);
        Usable::Yes
    }

    fn table(&mut self) -> Result<Usable, Abort> {
        let text = self.parameter()?;
        let Some(table) = names::table(self.pass.system(), &text) else {
            self.pass
                .error(format!("Routing table {text} not found for rule"));
            return Ok(Usable::No);
        };
        if table == 0 {
            self.pass.error("Table 0 is not valid");
            return Ok(Usable::No);
        }
        Ok(self.act(RuleAction::Lookup(table), ""))
    }

    fn forced(&mut self, family: Family, word: &str) -> Usable {
        if *self.family.get_or_insert(family) != family {
            let other = if family == Family::Inet {
                "IPv6"
            } else {
                "IPv4"
            };
            self.pass
                .error(format!("{word} specified for {other} rule"));
            return Usable::No;
        }
        Usable::Yes
    }

    fn finish(mut self) -> Option<Rule> {
        if self.action.is_none() && !self.rule.l3mdev {
            self.pass.error("No action specified for rule - ignoring");
            return None;
        }
        if let Some(RuleAction::Goto(target)) = self.action {
            match self.preference {
                None => {
                    self.pass.error(format!(
                        "Invalid rule - goto target {target} specified without preference"
                    ));
                    return None;
                }
                Some(preference) if preference >= target => {
                    self.pass.error(format!(
                        "Invalid rule - preference {preference} >= goto target {target}"
                    ));
                    return None;
                }
                Some(_) => {}
            }
        }
        let six = usize::from(self.family == Some(Family::Inet6));
        self.rule.priority = self.preference.unwrap_or_else(|| {
            let before = &mut self.pass.draft.rules_without_preference[six];
            let preference = FIRST_PREFERENCE.saturating_sub(*before);
            *before += 1;
            self.pass.error(format!("Rule has no preference specified - setting to {preference}. This is probably not what you want."));
            preference
        });
        if !self.rule.no_track
            && self
                .rule
                .protocol
                .is_some_and(|number| number != KEEPALIVED)
        {
            self.pass.error("Rule cannot be tracked if protocol is not RTPROT_KEEPALIVED(18), resetting protocol");
            self.rule.protocol = None;
        }
        if self.rule.iif.is_none() && self.rule.track_group.take().is_some() {
            self.pass
                .error("Static rule cannot have track_group if dev/iif not specified");
        }
        self.rule.family = self.family.unwrap_or(Family::Inet);
        self.rule.action = self.action.unwrap_or(RuleAction::Unspecified);
        Some(self.rule)
    }
}

/// `MARK[/MASK]` in C's notation.
fn firewall_mark(text: &str) -> Option<FirewallMark> {
    let (mark, mask) = match text.split_once('/') {
        Some((mark, mask)) => (mark, Some(names::c_number(mask)?)),
        None => (text, None),
    };
    let mark = names::c_number(mark)?;
    Some(FirewallMark { mark, mask })
}

/// `LOW-HIGH`
fn range(text: &str) -> Option<(u32, u32)> {
    let (low, high) = text.split_once('-')?;
    Some((low.parse().ok()?, high.parse().ok()?))
}

fn ports(text: &str) -> Option<(u16, u16)> {
    let (low, high) = range(text)?;
    Some((u16::try_from(low).ok()?, u16::try_from(high).ok()?))
}
