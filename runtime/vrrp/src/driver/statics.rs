//! Addresses, routes and rules that stay as long as the daemon runs (`static_ipaddress`, `static_routes`, `static_rules`).
//!
//! What somebody takes away is set again, and so is what an interface lost while it was down or away; not lines with
//! `no_track`, and routes and rules only while we hear of any (observed).

use std::{collections::BTreeSet, sync::Arc};

use locum_kernel::netlink::{Address as KernelAddress, Route as KernelRoute, Rule as KernelRule};
use locum_model::{
    Located,
    keepalived::Configuration,
    vrrp::{Address, Route, Rule},
};

use super::{
    lines,
    links::{Known, Links},
};
use crate::{
    effect::{Effect, Line},
    event::{Event, InstanceEvent},
    identity::{Block, LineId},
};

/// Those in force.
#[derive(Debug, Default)]
pub(super) struct Statics {
    addresses: Vec<Line<Address>>,
    routes: Vec<Line<Route>>,
    rules: Vec<Line<Rule>>,
    /// Where addresses go whose line names no interface.
    default: String,
    /// Interfaces that are up.
    up: BTreeSet<u32>,
}

/// Lines that are to be set again.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Lost {
    /// Addresses.
    pub(super) addresses: Vec<Line<Address>>,
    /// Routes, after them.
    pub(super) routes: Vec<Line<Route>>,
    /// Rules.
    pub(super) rules: Vec<Line<Rule>>,
}

impl Statics {
    /// Those of a configuration. Lines whose interface doesn't exist wait until it does.
    pub(super) fn of(configuration: &Configuration, links: &Links) -> Self {
        let default = configuration.global.default_interface().to_owned();
        let index = |name: &str| links.index_of(name).unwrap_or(0);
        Self {
            addresses: numbered(&configuration.static_addresses, Block::Addresses, |line| {
                index(line.dev.as_deref().unwrap_or(&default))
            }),
            // A route that names no interface finds its own.
            routes: numbered(&configuration.static_routes, Block::Routes, |line| {
                line.dev.as_deref().map_or(0, index)
            }),
            rules: numbered(&configuration.static_rules, Block::Rules, |_| 0),
            up: links
                .all()
                .filter(|(_, known)| is_up(known))
                .map(|(index, _)| index)
                .collect(),
            default,
        }
    }

    /// What has to be done first: rules of an earlier daemon would stand twice.
    pub(super) fn clear_rules(&self) -> Effect {
        Effect::RemoveRules(self.rules.clone().into())
    }

    /// Sets all, in the order in which they need each other.
    pub(super) fn set(&self) -> [Effect; 3] {
        [
            Effect::AddAddresses(self.addresses.clone().into()),
            Effect::AddRoutes(self.routes.clone().into()),
            Effect::AddRules(self.rules.clone().into()),
        ]
    }

    /// Takes away what `next` doesn't have, in the reverse order.
    pub(super) fn remove_but(&self, next: &Self) -> [Effect; 3] {
        [
            Effect::RemoveRules(missing(&self.rules, &next.rules)),
            Effect::RemoveRoutes(missing(&self.routes, &next.routes)),
            Effect::RemoveAddresses(missing(&self.addresses, &next.addresses)),
        ]
    }

    /// What a reload tells of lines that `next` doesn't have.
    pub(super) fn gone(&self, next: &Self, links: &Links) -> Vec<Event> {
        let mut events = Vec::new();
        let rules = missing(&self.rules, &next.rules);
        if !rules.is_empty() && next.rules.is_empty() {
            events.push(InstanceEvent::AllRulesGone);
        } else {
            let rules = rules.iter().map(|line| Box::new(line.value.value.clone()));
            events.extend(rules.map(InstanceEvent::RuleNoLongerExists));
        }
        let routes = missing(&self.routes, &next.routes);
        if !routes.is_empty() && next.routes.is_empty() {
            events.push(InstanceEvent::AllRoutesGone);
        } else {
            let routes = routes.iter().map(|line| Box::new(line.value.value.clone()));
            events.extend(routes.map(InstanceEvent::RouteNoLongerExists));
        }
        let addresses = missing(&self.addresses, &next.addresses);
        events.extend(
            addresses
                .iter()
                .map(|line| InstanceEvent::AddressNoLongerExists {
                    address: Box::new(line.value.value.clone()),
                    interface: links.name(line.interface),
                }),
        );
        events.into_iter().map(Event::Static).collect()
    }

    /// The line of an address that somebody has removed.
    pub(super) fn lost_address(&self, gone: &KernelAddress) -> Lost {
        let line = self.line_of(gone);
        let line = line.filter(|line| !line.value.value.no_track);
        Lost {
            addresses: line.into_iter().cloned().collect(),
            ..Lost::default()
        }
    }

    /// The line of an address.
    pub(super) fn line_of(&self, address: &KernelAddress) -> Option<&Line<Address>> {
        self.addresses.iter().find(|line| {
            let own = lines::address(line);
            own.interface == address.interface
                && own.local == address.local
                && own.prefix == address.prefix
        })
    }

    /// The line of a route that somebody has removed. What goes with its interface comes back with it.
    pub(super) fn lost_route(&self, gone: &KernelRoute, links: &Links) -> Lost {
        let is_it = |line: &&Line<Route>| {
            let own = lines::route(line, |name| links.index_of(name));
            !line.value.value.no_track
                && self.up.contains(&line.interface)
                && lines::is_same_route(&own, gone)
        };
        let line = self.routes.iter().find(is_it);
        Lost {
            routes: line.into_iter().cloned().collect(),
            ..Lost::default()
        }
    }

    /// The line of a rule that somebody has removed.
    pub(super) fn lost_rule(&self, gone: &KernelRule) -> Lost {
        let is_it = |line: &&Line<Rule>| !line.value.value.no_track && lines::rule(line) == *gone;
        let line = self.rules.iter().find(is_it);
        Lost {
            rules: line.into_iter().cloned().collect(),
            ..Lost::default()
        }
    }

    /// An interface is like this now; the lines that it lost while it was down or away.
    pub(super) fn on_interface(&mut self, index: u32, known: &Known) -> Lost {
        let name = &*known.name;
        for line in &mut self.addresses {
            if line.value.value.dev.as_deref().unwrap_or(&self.default) == name {
                line.interface = index;
            }
        }
        for line in &mut self.routes {
            if line.value.value.dev.as_deref() == Some(name) {
                line.interface = index;
            }
        }
        if !is_up(known) {
            self.up.remove(&index);
            return Lost::default();
        }
        if !self.up.insert(index) {
            return Lost::default();
        }
        let addresses = self.addresses.iter();
        let addresses =
            addresses.filter(|line| line.interface == index && !line.value.value.no_track);
        let routes = self.routes.iter();
        let routes = routes.filter(|line| line.interface == index && !line.value.value.no_track);
        Lost {
            addresses: addresses.cloned().collect(),
            routes: routes.cloned().collect(),
            ..Lost::default()
        }
    }

    /// An interface is gone: its number may be another one's next time.
    pub(super) fn on_interface_gone(&mut self, index: u32) {
        self.up.remove(&index);
        let addresses = self.addresses.iter_mut().map(|line| &mut line.interface);
        let routes = self.routes.iter_mut().map(|line| &mut line.interface);
        for interface in addresses.chain(routes).filter(|own| **own == index) {
            *interface = 0;
        }
    }
}

fn is_up(known: &Known) -> bool {
    known.link.up && known.link.running
}

fn numbered<T: Clone>(
    all: &[Located<T>],
    block: Block,
    interface: impl Fn(&T) -> u32,
) -> Vec<Line<T>> {
    all.iter()
        .enumerate()
        .map(|(at, value)| Line {
            id: LineId {
                instance: None,
                block,
                line: at as u32,
            },
            interface: interface(&value.value),
            value: value.clone(),
        })
        .collect()
}

fn missing<T: Clone + PartialEq>(old: &[Line<T>], new: &[Line<T>]) -> Arc<[Line<T>]> {
    let stays = |line: &&Line<T>| {
        new.iter()
            .any(|other| other.value == line.value && other.interface == line.interface)
    };
    old.iter().filter(|line| !stays(line)).cloned().collect()
}
