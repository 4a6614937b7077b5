//! Lines of `virtual_routes` and `static_routes`.
//!
//! ```text
//! src 192.0.2.1 to 198.51.100.0/24 via 192.0.2.254 dev eth0 table 100 metric 5
//! ```

mod metric;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use locum_model::{
    address::Network,
    vrrp::{
        Family,
        route::{NextHop, Route, RouteType},
    },
};
use locum_parser::keepalived::Line;

use super::{Owner, encap, names, track_group};
use crate::load::{Abort, Pass, number, value};

/// A route, unless it is bad enough to be left out.
pub fn read(pass: &mut Pass<'_>, line: &Line, owner: Owner) -> Result<Option<Route>, Abort> {
    let any = Network {
        ip: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        prefix: 0,
    };
    let mut reading = Reading {
        pass,
        line,
        owner,
        route: Route::to(Family::Inet, any),
        family: None,
        destination: Destination::None,
        index: 0,
    };
    match reading.words()? {
        Usable::Yes => Ok(reading.finish()),
        Usable::No => Ok(None),
    }
}

/// Whether a line makes a route at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Usable {
    Yes,
    No,
}

enum Destination {
    None,
    /// `default`: the family shows later.
    Any(String),
    Network(Network, String),
}

struct Reading<'r, 'a> {
    pass: &'r mut Pass<'a>,
    line: &'r Line,
    owner: Owner,
    route: Route,
    family: Option<Family>,
    destination: Destination,
    index: usize,
}

const TYPES: [(&str, RouteType); 10] = [
    ("unicast", RouteType::Unicast),
    ("local", RouteType::Local),
    ("broadcast", RouteType::Broadcast),
    ("anycast", RouteType::Anycast),
    ("multicast", RouteType::Multicast),
    ("throw", RouteType::Throw),
    ("unreachable", RouteType::Unreachable),
    ("prohibit", RouteType::Prohibit),
    ("blackhole", RouteType::Blackhole),
    ("nat", RouteType::Nat),
];

const CONGESTION_LOCK: u32 = 16;

impl Reading<'_, '_> {
    fn words(&mut self) -> Result<Usable, Abort> {
        while let Some(word) = value::word(self.line, self.index) {
            self.index += 1;
            if self.word(&word)? == Usable::No {
                return Ok(Usable::No);
            }
        }
        Ok(Usable::Yes)
    }

    fn word(&mut self, word: &str) -> Result<Usable, Abort> {
        if let Some((_, kind)) = TYPES.iter().find(|(name, _)| *name == word) {
            self.route.kind = *kind;
            return Ok(Usable::Yes);
        }
        if metric::is_metric(word) {
            return self.metric(word);
        }
        match word {
            "src" => self.source(),
            "from" => self.from(),
            "to" => {
                let text = self.parameter()?;
                if text == "inet" || text == "inet6" {
                    return Ok(Usable::Yes);
                }
                Ok(self.destination(text, false))
            }
            "via" => self.via(),
            "gw" => {
                self.pass
                    .error("\"gw\" for routes is deprecated. Please use \"via\"");
                self.via()
            }
            "or" => self.or(),
            "nexthop" => self.nexthops(),
            "dev" | "oif" => {
                let name = self.parameter()?;
                self.interface(&name);
                self.route.dev = Some(name);
                Ok(Usable::Yes)
            }
            "table" => self.table(),
            "scope" => {
                let text = self.parameter()?;
                let scope = names::scope(self.pass.system(), &text);
                self.route.scope = scope;
                Ok(self.good(scope.is_some(), || {
                    format!("Scope {text} not found or invalid for route")
                }))
            }
            "metric" | "priority" | "preference" => {
                let text = self.parameter()?;
                let metric = self.pass.number(number::unsigned(&text, 0, u32::MAX));
                self.route.metric = metric;
                Ok(self.good(metric.is_some(), || {
                    format!("Invalid metric {text} specified for route")
                }))
            }
            "tos" | "dsfield" => {
                let text = self.parameter()?;
                self.route.tos = names::tos(self.pass.system(), &text);
                Ok(self.good(self.route.tos.is_some(), || {
                    format!("TOS value {text} is invalid")
                }))
            }
            "protocol" => {
                let text = self.parameter()?;
                self.route.protocol = names::route_protocol(self.pass.system(), &text);
                Ok(self.good(self.route.protocol.is_some(), || {
                    format!("Protocol {text} not found or invalid for route")
                }))
            }
            "realms" => {
                let text = self.parameter()?;
                self.route.realms = names::realms(self.pass.system(), &text);
                Ok(self.good(self.route.realms.is_some(), || {
                    format!("Invalid realms {text} for route")
                }))
            }
            _ => self.rarer(word),
        }
    }

    fn rarer(&mut self, word: &str) -> Result<Usable, Abort> {
        match word {
            "inet" | "inet6" => {
                let family = if word == "inet" {
                    Family::Inet
                } else {
                    Family::Inet6
                };
                // At the beginning the reference swallows the destination with it.
                if self.index == 1 {
                    self.index += 1;
                }
                return Ok(self.forced(family, word));
            }
            "no_track" => self.route.no_track = true,
            "append" => self.route.append = true,
            "onlink" => self.route.onlink = true,
            "track_group" if self.owner == Owner::Static => {
                let before = self.route.track_group.take();
                self.route.track_group = track_group(self.pass, self.line, self.index, before);
                self.index += 1;
            }
            "as" => {
                self.pass.error("\"as to\" for MPLS only - ignoring");
                if value::word(self.line, self.index).as_deref() == Some("to") {
                    self.index += 1;
                }
                self.index += 1;
            }
            "vrf" => {
                let text = self.parameter()?;
                let table = self.pass.interface(&text).and_then(|found| found.vrf_table);
                self.route.table = table.or(self.route.table);
                return Ok(self.good(table.is_some(), || {
                    format!("Route specified VRF {text} is not a VRF")
                }));
            }
            "quickack" => {
                let on = self.flag("quickack")?;
                self.route.metrics.quickack = on;
            }
            "fastopen_no_cookie" => {
                let on = self.flag("fastopen_no_cookie")?;
                self.route.metrics.fastopen_no_cookie = on;
            }
            "features" => {
                let text = self.parameter()?;
                if text == "ecn" {
                    self.route.metrics.ecn = true;
                } else {
                    self.pass.error(format!("feature {text} not supported"));
                }
            }
            "congctl" => {
                let mut text = self.parameter()?;
                if text == "lock" {
                    self.route.metrics.lock |= 1 << CONGESTION_LOCK;
                    text = self.parameter()?;
                }
                self.route.metrics.congctl = Some(text);
            }
            "expires" => {
                let text = self.parameter()?;
                if self.family != Some(Family::Inet6) {
                    self.pass.error("expires is only valid for IPv6");
                    return Ok(Usable::No);
                }
                self.route.expires = self.pass.number(number::unsigned(&text, 0, u32::MAX));
            }
            "pref" => return self.router_preference(),
            "ttl-propagate" => {
                let text = self.parameter()?;
                match text.as_str() {
                    "enabled" => self.route.ttl_propagate = Some(true),
                    "disabled" => self.route.ttl_propagate = Some(false),
                    _ => self
                        .pass
                        .error(format!("ttl-propagate value {text} not recognised")),
                }
            }
            "encap" => {
                let (read, index) = encap::read(self.pass, self.line, self.index)?;
                self.index = index;
                self.route.encap = read;
            }
            _ => return Ok(self.destination(word.to_owned(), true)),
        }
        Ok(Usable::Yes)
    }

    fn parameter(&mut self) -> Result<String, Abort> {
        let text = self.pass.parameter(self.line, self.index)?;
        self.index += 1;
        Ok(text)
    }

    /// Complains about a bad value, which makes the route unusable.
    fn good(&mut self, good: bool, complaint: impl FnOnce() -> String) -> Usable {
        if good {
            return Usable::Yes;
        }
        self.pass.error(complaint());
        Usable::No
    }

    fn interface(&mut self, name: &str) {
        self.pass.interface_named(name, || {
            format!("WARNING - interface {name} for VROUTE nexthop doesn't exist")
        });
    }

    /// Takes an address' family for the route's unless that is another one.
    fn agrees(&mut self, family: Family) -> bool {
        let same = *self.family.get_or_insert(family) == family;
        if !same {
            self.pass
                .error("Cannot mix IPv4 and IPv6 addresses for route");
        }
        same
    }

    fn forced(&mut self, family: Family, word: &str) -> Usable {
        if *self.family.get_or_insert(family) != family {
            let other = if family == Family::Inet {
                "IPv6"
            } else {
                "IPv4"
            };
            self.pass
                .error(format!("{word} specified for {other} route"));
            return Usable::No;
        }
        Usable::Yes
    }

    fn destination(&mut self, text: String, bare: bool) -> Usable {
        if text == "default" {
            self.destination = Destination::Any(text);
            return Usable::Yes;
        }
        let Some(network) = value::network(self.pass, &text) else {
            if bare {
                self.pass.error(format!("unknown route keyword {text}"));
            } else {
                self.pass.error(format!("invalid route to address {text}"));
            }
            return Usable::No;
        };
        if !self.agrees(Family::of(network.ip)) {
            return Usable::No;
        }
        self.destination = Destination::Network(network, text);
        Usable::Yes
    }

    fn source(&mut self) -> Result<Usable, Abort> {
        let text = self.parameter()?;
        let Some(network) = value::network(self.pass, &text) else {
            self.pass.error(format!("invalid route src address {text}"));
            return Ok(Usable::No);
        };
        if !self.agrees(Family::of(network.ip)) {
            return Ok(Usable::No);
        }
        self.route.src = Some(network.ip);
        Ok(Usable::Yes)
    }

    fn from(&mut self) -> Result<Usable, Abort> {
        let text = self.parameter()?;
        let Some(network) = value::network(self.pass, &text) else {
            self.pass
                .error(format!("invalid route from address {text}"));
            return Ok(Usable::No);
        };
        if network.ip.is_ipv4() {
            self.pass.error(format!(
                "route from address only supported with IPv6 ({text})"
            ));
            return Ok(Usable::No);
        }
        self.route.from = Some(network);
        Ok(Usable::Yes)
    }

    fn via(&mut self) -> Result<Usable, Abort> {
        let mut text = self.parameter()?;
        if text == "inet" || text == "inet6" {
            text = self.parameter()?;
        }
        let Some(ip) = self.gateway(&text) else {
            return Ok(Usable::No);
        };
        self.route.via = Some(ip);
        Ok(Usable::Yes)
    }

    fn gateway(&mut self, text: &str) -> Option<IpAddr> {
        let Some(network) = value::network(self.pass, text) else {
            self.pass.error(format!("invalid route via address {text}"));
            return None;
        };
        self.agrees(Family::of(network.ip)).then_some(network.ip)
    }

    /// The old way to name a second gateway.
    fn or(&mut self) -> Result<Usable, Abort> {
        self.pass
            .error("\"or\" for routes is deprecated. Please use \"nexthop\"");
        let text = self.parameter()?;
        let Some(ip) = self.gateway(&text) else {
            return Ok(Usable::No);
        };
        let first = NextHop {
            via: self.route.via.take(),
            ..NextHop::default()
        };
        let second = NextHop {
            via: Some(ip),
            ..NextHop::default()
        };
        self.route.nexthops.extend([first, second]);
        Ok(Usable::Yes)
    }

    /// `nexthop via … dev … weight … onlink encap … realms …`, until the end of the line.
    fn nexthops(&mut self) -> Result<Usable, Abort> {
        let mut hop = NextHop::default();
        while let Some(word) = value::word(self.line, self.index) {
            self.index += 1;
            match word.as_str() {
                "nexthop" => self.route.nexthops.push(std::mem::take(&mut hop)),
                "via" => {
                    let mut text = self.parameter()?;
                    if text == "inet" || text == "inet6" {
                        text = self.parameter()?;
                    }
                    let Some(ip) = self.gateway(&text) else {
                        return Ok(Usable::No);
                    };
                    hop.via = Some(ip);
                }
                "dev" | "oif" => {
                    let name = self.parameter()?;
                    self.interface(&name);
                    hop.dev = Some(name);
                }
                "weight" => {
                    let text = self.parameter()?;
                    let weight = self.pass.number(number::unsigned(&text, 0, 256));
                    hop.weight = weight.and_then(|weight| u16::try_from(weight).ok());
                    if weight.is_none() {
                        self.pass
                            .error(format!("Invalid weight {text} specified for route"));
                    }
                }
                "onlink" => hop.onlink = true,
                "realms" => {
                    let text = self.parameter()?;
                    hop.realms = names::realms(self.pass.system(), &text);
                }
                "encap" => {
                    let (read, index) = encap::read(self.pass, self.line, self.index)?;
                    self.index = index;
                    hop.encap = read;
                }
                // What isn't a word of the gateway's belongs to the route again.
                _ => {
                    self.index -= 1;
                    break;
                }
            }
        }
        self.route.nexthops.push(hop);
        Ok(Usable::Yes)
    }

    fn table(&mut self) -> Result<Usable, Abort> {
        let text = self.parameter()?;
        let table = names::table(self.pass.system(), &text);
        self.route.table = table;
        Ok(self.good(table.is_some(), || {
            format!("Routing table {text} not found for route")
        }))
    }

    fn flag(&mut self, name: &str) -> Result<Option<bool>, Abort> {
        let text = self.parameter()?;
        let value = self.pass.number(number::unsigned(&text, 0, 1));
        if value.is_none() {
            self.pass
                .error(format!("Invalid {name} value {text} specified for route"));
        }
        Ok(value.map(|value| value == 1))
    }

    fn finish(mut self) -> Option<Route> {
        let family = self.family.unwrap_or(Family::Inet);
        let (network, text) = match std::mem::replace(&mut self.destination, Destination::None) {
            Destination::Network(network, text) => (network, text),
            Destination::Any(text) => {
                let ip = match family {
                    Family::Inet => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
                    Family::Inet6 => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
                };
                (Network { ip, prefix: 0 }, text)
            }
            Destination::None => {
                self.pass.error("Route must have a destination");
                return None;
            }
        };
        let mut route = self.route;
        route.family = family;
        route.destination = network;
        // Netlink's messages about removed routes are matched by interface and by who made them.
        let tracked = !route.no_track;
        if tracked && route.dev.is_none() {
            self.pass.error(format!(
                "Warning - cannot track route {text} with no interface specified, not tracking"
            ));
            route.no_track = true;
        }
        if route.dev.is_none() && route.track_group.take().is_some() {
            self.pass
                .error("Static route cannot have track group if no oif specified");
        }
        if !route.no_track
            && route
                .protocol
                .is_some_and(|protocol| protocol != KEEPALIVED)
        {
            self.pass.error("Route cannot be tracked if protocol is not RTPROT_KEEPALIVED(18), resetting protocol");
            route.protocol = None;
        }
        Some(route)
    }
}

/// RTPROT_KEEPALIVED.
pub(super) const KEEPALIVED: u8 = 18;
