//! Addresses, routes and rules of an instance: where they go, and when.

use std::{net::IpAddr, sync::Arc};

use locum_model::{
    Located,
    vrrp::{Address, Route, Rule},
};

use super::{Engine, holds_addresses};
use crate::{
    effect::{Effect, Effects, Line, Lines},
    event::InstanceEvent,
    identity::{Block, InstanceId, LineId},
    instance::AllLines,
};

impl Engine {
    /// Puts an instance's lines into the kernel.
    pub(super) fn set_lines(&mut self, id: InstanceId, out: &mut Effects) {
        let Some(instance) = self.get(id) else {
            return;
        };
        instance.lines_set = true;
        let (lines, drops) = (instance.lines.clone(), instance.drops_packets());
        self.own(&lines);
        if drops {
            self.tell(id, InstanceEvent::SettingFirewall, out);
            let lines = both(&lines);
            out.push(Effect::Firewall {
                instance: id,
                drop: true,
                lines,
            });
        }
        self.set_each(id, &lines, out);
    }

    /// The lines alone, without the firewall.
    pub(super) fn set_each(&self, id: InstanceId, lines: &AllLines, out: &mut Effects) {
        if !lines.addresses.is_empty() {
            self.tell(id, InstanceEvent::SettingAddresses, out);
            out.push(Effect::AddAddresses(lines.addresses.clone()));
        }
        if !lines.excluded.is_empty() {
            self.tell(id, InstanceEvent::SettingExcludedAddresses, out);
            out.push(Effect::AddAddresses(lines.excluded.clone()));
        }
        if !lines.routes.is_empty() {
            self.tell(id, InstanceEvent::SettingRoutes, out);
            out.push(Effect::AddRoutes(lines.routes.clone()));
        }
        if !lines.rules.is_empty() {
            self.tell(id, InstanceEvent::SettingRules, out);
            out.push(Effect::AddRules(lines.rules.clone()));
        }
    }

    /// Takes them out, in the opposite order of kinds. Whatever is removed is told.
    pub(super) fn remove_lines(&mut self, id: InstanceId, out: &mut Effects) {
        let Some(instance) = self.get(id) else {
            return;
        };
        let was_set = std::mem::replace(&mut instance.lines_set, false);
        let (lines, drops) = (instance.lines.clone(), instance.drops_packets());
        self.disown(&lines);
        if !lines.rules.is_empty() {
            self.tell(id, InstanceEvent::RemovingRules, out);
            if was_set {
                out.push(Effect::RemoveRules(lines.rules.clone()));
            }
        }
        if !lines.routes.is_empty() {
            self.tell(id, InstanceEvent::RemovingRoutes, out);
            if was_set {
                out.push(Effect::RemoveRoutes(lines.routes.clone()));
            }
        }
        // Addresses are removed even when we didn't set them: a daemon that was killed left them behind.
        if !lines.addresses.is_empty() {
            self.tell(id, InstanceEvent::RemovingAddresses, out);
            out.push(Effect::RemoveAddresses(lines.addresses.clone()));
        }
        if !lines.excluded.is_empty() {
            self.tell(id, InstanceEvent::RemovingExcludedAddresses, out);
            out.push(Effect::RemoveAddresses(lines.excluded.clone()));
        }
        if drops {
            self.tell(id, InstanceEvent::RemovingFirewall, out);
            if was_set {
                out.push(Effect::Firewall {
                    instance: id,
                    drop: false,
                    lines: both(&lines),
                });
            }
        }
    }

    /// Notes whose addresses these are, so that their removal by others is noticed.
    pub(super) fn own(&mut self, lines: &AllLines) {
        for line in lines.addresses.iter().chain(lines.excluded.iter()) {
            self.owners
                .insert((line.interface, line.value.value.ip()), line.id);
        }
    }

    pub(super) fn disown(&mut self, lines: &AllLines) {
        for line in lines.addresses.iter().chain(lines.excluded.iter()) {
            let key = (line.interface, line.value.value.ip());
            if self
                .owners
                .get(&key)
                .is_some_and(|owner| owner.instance == line.id.instance)
            {
                self.owners.remove(&key);
            }
        }
    }

    /// Finds the interfaces of an instance's lines.
    pub(super) fn place_lines(&self, id: InstanceId) -> AllLines {
        let Some(instance) = self.instance(id) else {
            return AllLines::default();
        };
        let config = &instance.config;
        let prefix = self.configuration.global.vmac_prefix.as_deref();
        let of_address = |line: &Address| {
            let name = self.devices.of_address(config, line, prefix);
            name.map_or(0, |name| self.index_of(&name))
        };
        // A route that names no interface finds its own.
        let of_route = |line: &Route| line.dev.as_deref().map_or(0, |name| self.index_of(name));
        AllLines {
            addresses: place(id, Block::Addresses, &config.addresses, of_address),
            excluded: place(
                id,
                Block::ExcludedAddresses,
                &config.excluded_addresses,
                of_address,
            ),
            routes: place(id, Block::Routes, &config.routes, of_route),
            rules: place(id, Block::Rules, &config.rules, |_: &Rule| 0),
        }
    }
    /// Whether a line may vanish without consequence.
    pub(super) fn is_untracked(&self, line: LineId) -> bool {
        let Some(instance) = line.instance.and_then(|id| self.instance(id)) else {
            return true;
        };
        let (lines, at) = (&instance.lines, line.line as usize);
        match line.block {
            Block::Addresses => lines
                .addresses
                .get(at)
                .is_none_or(|l| l.value.value.no_track),
            Block::ExcludedAddresses => lines
                .excluded
                .get(at)
                .is_none_or(|l| l.value.value.no_track),
            Block::Routes => lines.routes.get(at).is_none_or(|l| l.value.value.no_track),
            Block::Rules => lines.rules.get(at).is_none_or(|l| l.value.value.no_track),
        }
    }

    /// Whose address it is, if an instance has put it there.
    pub(super) fn owner_of(&self, interface: u32, address: IpAddr) -> Option<LineId> {
        self.owners
            .get(&(interface, address))
            .copied()
            .filter(|line| holds_addresses(line.block))
    }
}

/// The addresses of both blocks.
pub(super) fn both(lines: &AllLines) -> Lines<Address> {
    if lines.excluded.is_empty() {
        return lines.addresses.clone();
    }
    Arc::from_iter(lines.addresses.iter().chain(lines.excluded.iter()).cloned())
}

fn place<T: Clone>(
    id: InstanceId,
    block: Block,
    lines: &[Located<T>],
    interface: impl Fn(&T) -> u32,
) -> Lines<T> {
    let lines = lines.iter().enumerate();
    lines
        .map(|(line, value)| Line {
            id: LineId {
                instance: Some(id),
                block,
                line: line as u32,
            },
            interface: interface(&value.value),
            value: value.clone(),
        })
        .collect()
}
