//! The engine as it stands, for dumps.

use std::{
    net::IpAddr,
    time::{Instant, SystemTime},
};

use locum_model::vrrp::InitialState;

use super::Engine;
use crate::{
    effect::Hears,
    fsm::State,
    identity::SocketId,
    instance::Instance,
    packet::ah::AH_PROTOCOL,
    snapshot::{
        GroupStatus, InstanceStatus, InterfaceStatus, ProcessStatus, ScriptStatus, Snapshot,
        SocketStatus,
    },
    track::{Kind, Reading, Script},
};

/// Flags of interfaces (netdevice(7)).
mod iff {
    pub(super) const BROADCAST: u32 = 0x2;
    pub(super) const LOOPBACK: u32 = 0x8;
    pub(super) const POINTOPOINT: u32 = 0x10;
    pub(super) const NOARP: u32 = 0x80;
    pub(super) const MULTICAST: u32 = 0x1000;
}

impl Engine {
    /// What the engine knows. `descriptors` gives the receiving and the sending descriptor of sockets; what only the
    /// driver knows of scripts, processes and interfaces it fills in afterwards.
    pub fn snapshot(
        &self,
        now: (Instant, SystemTime),
        descriptors: impl Fn(SocketId) -> (i32, i32),
    ) -> Snapshot {
        let configuration = &self.configuration;
        let binary = |kind, name: &str| self.reading(kind, name) == Some(Reading::Binary(true));
        Snapshot {
            now,
            instances: self
                .instances()
                .map(|instance| self.instance_status(instance, instance.socket.map(&descriptors)))
                .collect(),
            groups: self
                .groups()
                .map(|group| {
                    let of = |test: fn(&Instance) -> bool| {
                        let members = group.members.iter();
                        let members = members.filter_map(|&id| self.instance(id));
                        members.filter(|instance| test(instance)).count() as u32
                    };
                    GroupStatus {
                        config: group.config.clone(),
                        state: group.state,
                        faults: of(|instance| instance.faults > 0),
                        inits: of(|instance| instance.awaited_scripts > 0),
                    }
                })
                .collect(),
            scripts: configuration
                .scripts
                .iter()
                .map(|script| script_status(self.reading(Kind::Script, &script.name.value)))
                .collect(),
            files: configuration
                .track_files
                .iter()
                .map(|file| match self.reading(Kind::File, &file.name.value) {
                    Some(Reading::Number(number)) => number,
                    _ => 0,
                })
                .collect(),
            processes: configuration
                .track_processes
                .iter()
                .map(|process| ProcessStatus {
                    count: 0,
                    up: binary(Kind::Process, &process.name.value),
                    fork_at: None,
                    terminate_at: None,
                })
                .collect(),
            bfd: configuration
                .bfd
                .iter()
                .map(|bfd| binary(Kind::Bfd, &bfd.name.value))
                .collect(),
            sockets: self.socket_statuses(descriptors),
            interfaces: self.interface_statuses(),
            static_addresses: vec![self.started; configuration.static_addresses.len()],
            static_routes: vec![self.started; configuration.static_routes.len()],
            static_rules: vec![self.started; configuration.static_rules.len()],
        }
    }

    fn instance_status(&self, instance: &Instance, sockets: Option<(i32, i32)>) -> InstanceStatus {
        let config = &instance.config;
        let name_of = |index| self.links.get(&index).map(|link| link.name.clone());
        let own = super::device_name(config, &self.configuration.global.vmac_prefix);
        let configured = config.interface.as_ref().map(|name| name.value.as_str());
        let interface = own
            .clone()
            .or_else(|| name_of(instance.interface))
            .unwrap_or_else(|| configured.unwrap_or_default().into());
        let wishes = instance.wants_master
            || (config.state == InitialState::Master && instance.master.is_none());
        InstanceStatus {
            group: config_group(self, instance),
            state: instance.state,
            wanted: match instance.state {
                State::Backup if wishes => State::Master,
                state => state,
            },
            master: instance.master,
            config_faults: u32::from(
                config.unicast_fault_no_peer
                    && config.unicast_configured
                    && config.unicast_peers.is_empty(),
            ),
            faults: instance.faults,
            awaited_scripts: instance.awaited_scripts,
            last_transition: instance.last_transition,
            deadline: instance.timer.due(),
            master_down: instance.timing().master_down(),
            base: own.as_ref().and(configured).map(Into::into),
            own_interface_up: own.is_some()
                && self
                    .links
                    .get(&instance.interface)
                    .is_some_and(|link| link.facts.up),
            interface,
            interface_index: instance.interface,
            source: instance.source,
            priority: instance.priority,
            total_priority: i32::from(instance.base_priority) + instance.tracked,
            master_interval: instance.master_interval,
            lines_set: instance.lines_set,
            addresses_set: vec![instance.lines_set; config.addresses.len()],
            excluded_set: vec![instance.lines_set; config.excluded_addresses.len()],
            sockets,
            statistics: instance.statistics,
            config: instance.config.clone(),
        }
    }

    fn socket_statuses(&self, descriptors: impl Fn(SocketId) -> (i32, i32)) -> Vec<SocketStatus> {
        let ids = (0..self.sockets.len()).map(|id| SocketId(id as u32));
        ids.filter_map(|id| {
            let socket = self.socket(id)?;
            let (input, output) = descriptors(id);
            let config = |instance: &Instance| instance.config.kernel_rx_buf_size.unwrap_or(0);
            Some(SocketStatus {
                input,
                output,
                interface: self.name_of(socket.interface),
                family: socket.family,
                ah: socket.protocol == AH_PROTOCOL,
                unicast: match socket.hears {
                    Hears::Own(address) => {
                        address.or_else(|| self.users(id).find_map(|user| user.source))
                    }
                    Hears::Group(_) => None,
                },
                receive_buffer: self.users(id).map(config).max().unwrap_or(0),
                instances: self
                    .users(id)
                    .map(|user| (user.name.clone(), user.config.vrid))
                    .collect(),
            })
        })
        .collect()
    }

    fn interface_statuses(&self) -> Vec<InterfaceStatus> {
        let links = self.links.values();
        links
            .map(|link| {
                let facts = &link.facts;
                let ours = |ip: &IpAddr| self.owners.contains_key(&(facts.index, *ip));
                let foreign = link.addresses.iter().filter(|ip| !ours(ip));
                let has = |flag| facts.flags & flag != 0;
                let mut status = InterfaceStatus {
                    name: facts.name.clone(),
                    index: facts.index,
                    up: facts.up,
                    running: facts.running,
                    can_broadcast: has(iff::BROADCAST),
                    loopback: has(iff::LOOPBACK),
                    point_to_point: has(iff::POINTOPOINT),
                    no_arp: has(iff::NOARP),
                    can_multicast: has(iff::MULTICAST),
                    seen_up: facts.up,
                    debouncing: link.debounce.due().is_some(),
                    mtu: facts.mtu,
                    tracked_by: self.watchers(&facts.name),
                    ..InterfaceStatus::default()
                };
                for ip in foreign {
                    match *ip {
                        IpAddr::V4(ip) => status.ipv4.push(ip),
                        IpAddr::V6(ip) if ip.is_unicast_link_local() => status.ipv6.push(ip),
                        IpAddr::V6(_) => {}
                    }
                }
                let mut delays = self.configuration.up_down_delays.iter();
                if let Some(delay) = delays.find(|delay| delay.interface.value == facts.name) {
                    (status.up_delay, status.down_delay) = (delay.up, delay.down);
                }
                status
            })
            .collect()
    }

    /// Who watches an interface; one's own without a weight, with the reference's 255 where it doesn't matter.
    fn watchers(&self, name: &str) -> Vec<(crate::identity::Name, i32, bool)> {
        let key = self
            .trackers
            .iter()
            .find(|(key, _)| key.kind == Kind::Interface && &*key.name == name);
        let watches = key.map_or(&[][..], |(_, tracker)| &tracker.watches);
        let mut by: Vec<_> = watches
            .iter()
            .filter_map(|watch| {
                let instance = self.instance(watch.instance)?;
                let weight = watch.weight;
                Some((instance.name.clone(), weight.value, weight.reverse))
            })
            .collect();
        for instance in self.instances() {
            let own = instance.config.interface.as_ref();
            if instance.config.dont_track_primary && own.is_some_and(|own| own.value == name) {
                by.push((instance.name.clone(), 255, false));
            }
        }
        by
    }
}

fn config_group(engine: &Engine, instance: &Instance) -> Option<crate::identity::Name> {
    let id = instance.group?;
    let group = engine.groups.get(id.0 as usize)?.as_ref()?;
    Some(group.name.clone())
}

fn script_status(reading: Option<Reading>) -> ScriptStatus {
    let result = |script: Script, up: bool| {
        if up {
            (script.rise + script.fall).saturating_sub(1 + script.against)
        } else {
            script.against
        }
    };
    let (up, result) = match reading {
        Some(Reading::Script(script, up)) => (Some(up), result(script, up)),
        _ => (None, 0),
    };
    ScriptStatus {
        up,
        result,
        running: false,
        insecure: false,
    }
}
