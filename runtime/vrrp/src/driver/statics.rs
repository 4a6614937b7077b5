//! Addresses, routes and rules that stay as long as the daemon runs (`static_ipaddress`, `static_routes`, `static_rules`).

use std::sync::Arc;

use locum_kernel::netlink::Address as KernelAddress;
use locum_model::{
    Located,
    keepalived::Configuration,
    vrrp::{Address, Route, Rule},
};

use super::{lines, links::Links};
use crate::{
    effect::{Effect, Line},
    identity::{Block, LineId},
};

/// Those in force.
#[derive(Debug, Default)]
pub(super) struct Statics {
    addresses: Vec<Line<Address>>,
    routes: Vec<Line<Route>>,
    rules: Vec<Line<Rule>>,
}

impl Statics {
    /// Those of a configuration. Lines whose interface doesn't exist wait until the next reload.
    pub(super) fn of(configuration: &Configuration, links: &Links) -> Self {
        let default = configuration.global.default_interface.as_ref();
        let default = default.map_or("eth0", |name| name.value.as_str());
        let index = |name: Option<&str>| links.index_of(name.unwrap_or(default)).unwrap_or(0);
        Self {
            addresses: numbered(&configuration.static_addresses, Block::Addresses, |line| {
                index(line.dev.as_deref())
            }),
            // A route that names no interface finds its own.
            routes: numbered(&configuration.static_routes, Block::Routes, |line| {
                line.dev.as_deref().map_or(0, |name| index(Some(name)))
            }),
            rules: numbered(&configuration.static_rules, Block::Rules, |_| 0),
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

    /// The line of an address that somebody has removed.
    pub(super) fn line_of(&self, gone: &KernelAddress) -> Option<&Line<Address>> {
        self.addresses.iter().find(|line| {
            let own = lines::address(line);
            own.interface == gone.interface && own.local == gone.local && own.prefix == gone.prefix
        })
    }
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
