//! The state of everything in one go, for whoever dumps it.

use std::{net::IpAddr, sync::Arc, time::Duration};

use locum_kernel::sysctl::Setting;
use locum_model::{
    keepalived::{Configuration, LinkbeatMethod},
    vrrp::{Family, InitialState},
};
use locum_runtime::clock;

use super::{Driver, buffer, hands::Hands, links::Known};
use crate::{
    effect::Hears,
    engine::Engine,
    fsm::State,
    identity::SocketId,
    instance::Instance,
    snapshot::{
        AnnouncementDelays, GroupStatus, InstanceStatus, InterfaceStatus, ProcessStatus,
        ScriptStatus, Snapshot, SocketStatus, Stacked,
    },
    track::{Kind, Reading},
};

impl Driver {
    /// Everything that runs, as it is now.
    pub(super) fn snapshot(&self) -> Snapshot {
        let now = clock::both();
        let configuration = self.engine.configuration();
        Snapshot {
            now: (now.instant, now.date),
            instances: self
                .engine
                .instances()
                .map(|instance| self.instance(instance))
                .collect(),
            groups: self.groups(),
            scripts: self.tracking_scripts(configuration),
            files: (configuration.track_files.iter())
                .map(
                    |file| match self.engine.reading(Kind::File, &file.name.value) {
                        Some(Reading::Number(number)) => number,
                        _ => 0,
                    },
                )
                .collect(),
            processes: (configuration.track_processes.iter())
                .map(|process| {
                    let unknown = ProcessStatus {
                        count: 0,
                        up: false,
                        fork_at: None,
                        terminate_at: None,
                    };
                    self.processes
                        .status(&process.name.value)
                        .unwrap_or(unknown)
                })
                .collect(),
            bfd: (configuration.bfd.iter())
                .map(|bfd| {
                    let reading = self.engine.reading(Kind::Bfd, &bfd.name.value);
                    matches!(reading, Some(Reading::Binary(true)))
                })
                .collect(),
            sockets: sockets(&self.engine, &self.hands),
            interfaces: self
                .hands
                .links
                .all()
                .map(|(index, known)| self.interface(index, known))
                .collect(),
            static_addresses: vec![true; configuration.static_addresses.len()],
            static_routes: vec![true; configuration.static_routes.len()],
            static_rules: vec![true; configuration.static_rules.len()],
        }
    }

    fn instance(&self, instance: &Instance) -> InstanceStatus {
        let config = &instance.config;
        let stacked = config.vmac.is_some() || config.ipvlan.is_some();
        let base = config.interface.as_ref().filter(|_| stacked);
        let name = match instance.interface {
            0 => (self.engine.device_of(config))
                .or_else(|| {
                    config
                        .interface
                        .as_ref()
                        .map(|name| name.value.as_str().into())
                })
                .unwrap_or_else(|| Arc::from("")),
            index => self.hands.links.name(index),
        };
        // `state MASTER` is a wish until a master is heard.
        let wishes = config.state == InitialState::Master && instance.master.is_none();
        let wants_master = match instance.state {
            State::Master => true,
            State::Backup => instance.wants_master || wishes,
            State::Init | State::Fault => false,
        };
        InstanceStatus {
            config: config.clone(),
            group: instance.group.and_then(|id| {
                let mut groups = self.engine.groups();
                groups
                    .find(|group| group.id == id)
                    .map(|group| group.name.clone())
            }),
            state: instance.state,
            wanted: if wants_master {
                State::Master
            } else {
                instance.state
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
            base: base.map(|name| name.value.as_str().into()),
            own_interface_up: stacked
                && (self.hands.links.get(instance.interface))
                    .is_some_and(|known| known.link.up && known.link.running),
            interface: name,
            source: instance.source,
            priority: instance.priority,
            total_priority: i32::from(instance.base_priority).saturating_add(instance.tracked),
            master_interval: instance.master_interval,
            interface_index: instance.interface,
            lines_set: instance.lines_set,
            addresses_set: vec![instance.lines_set; config.addresses.len()],
            excluded_set: vec![instance.lines_set; config.excluded_addresses.len()],
            sockets: instance
                .socket
                .and_then(|socket| self.hands.descriptors(socket)),
            statistics: instance.statistics,
        }
    }

    fn groups(&self) -> Vec<GroupStatus> {
        self.engine
            .groups()
            .map(|group| {
                let members = || {
                    group
                        .members
                        .iter()
                        .filter_map(|id| self.engine.instance(*id))
                };
                let count = |is: fn(&Instance) -> bool| members().filter(|i| is(i)).count() as u32;
                GroupStatus {
                    config: group.config.clone(),
                    state: group.state,
                    faults: count(|instance| instance.faults > 0),
                    inits: count(|instance| instance.awaited_scripts > 0),
                }
            })
            .collect()
    }

    fn tracking_scripts(&self, configuration: &Configuration) -> Vec<ScriptStatus> {
        let scripts = configuration.scripts.iter();
        scripts
            .map(|script| {
                let name = script.name.value.as_str();
                let (up, result) = match self.engine.reading(Kind::Script, name) {
                    // Up, it is as far above `rise` as failures are missing; down, as many successes are there.
                    Some(Reading::Script(counters, true)) => {
                        let top = script.rise + script.fall - 1;
                        (Some(true), top.saturating_sub(counters.against))
                    }
                    Some(Reading::Script(counters, false)) => (Some(false), counters.against),
                    _ => (None, 0),
                };
                ScriptStatus {
                    up,
                    result,
                    running: self.scripts.is_running(name),
                    insecure: false,
                }
            })
            .collect()
    }

    fn interface(&self, index: u32, known: &Known) -> InterfaceStatus {
        let link = &known.link;
        let number = |name| Setting::ipv4(&link.name, name).read_number().unwrap_or(0);
        let base = (link.parent)
            .filter(|_| matches!(link.kind.as_deref(), Some("macvlan" | "ipvlan")))
            .and_then(|parent| self.hands.links.get(parent));
        let ours = self.hands.is_ours(index);
        let mac = link.mac.filter(|_| !link.loopback);
        let mut status = InterfaceStatus {
            name: link.name.clone(),
            index,
            ipv4: (known.addresses.iter())
                .filter_map(|address| match address.local {
                    IpAddr::V4(ip)
                        if !self.engine.is_virtual(index, address.local)
                            && self.statics.line_of(address).is_none() =>
                    {
                        Some(ip)
                    }
                    _ => None,
                })
                .collect(),
            ipv6: (known.addresses.iter())
                .filter_map(|address| match address.local {
                    IpAddr::V6(ip) if ip.is_unicast_link_local() => Some(ip),
                    _ => None,
                })
                .collect(),
            mac: mac.map_or_else(Vec::new, |mac| mac.to_vec()),
            broadcast: mac.map_or_else(Vec::new, |_| vec![0xff; 6]),
            up: link.up,
            running: link.running,
            can_broadcast: link.flags & BROADCAST != 0,
            loopback: link.loopback,
            point_to_point: link.point_to_point,
            no_arp: link.no_arp,
            can_multicast: link.multicast,
            seen_up: link.up && link.running,
            stacked: base.map(|base| Stacked {
                ipvlan: link.kind.as_deref() == Some("ipvlan"),
                mode: mode(link.detail),
                base: base.link.name.clone(),
                base_up: base.link.up,
                base_running: base.link.running,
            }),
            ours,
            mtu: link.mtu,
            hardware: link.layer,
            arp_ignore: number("arp_ignore"),
            arp_filter: number("arp_filter"),
            promote_secondaries: number("promote_secondaries"),
            tracked_by: self.engine.interface_watchers(&link.name),
            ..InterfaceStatus::default()
        };
        configured(self.engine.configuration(), &link.name, &mut status);
        status
    }
}

/// IFF_BROADCAST (netdevice(7)).
const BROADCAST: u32 = 2;

fn sockets(engine: &Engine, hands: &Hands) -> Vec<SocketStatus> {
    let mut ids: Vec<_> = engine.instances().filter_map(|i| i.socket).collect();
    ids.sort_unstable();
    ids.dedup();
    ids.into_iter()
        .filter_map(|id| {
            let socket = engine.socket(id)?;
            let (input, output) = hands.descriptors(id).unwrap_or((-1, -1));
            Some(SocketStatus {
                input,
                output,
                interface: hands.links.name(socket.interface),
                family: socket.family,
                ah: socket.protocol == crate::packet::ah::AH_PROTOCOL,
                unicast: match socket.hears {
                    Hears::Group(_) => None,
                    Hears::Own(own) => {
                        Some(own.or(source(engine, id)).unwrap_or(match socket.family {
                            Family::Inet => std::net::Ipv4Addr::UNSPECIFIED.into(),
                            Family::Inet6 => std::net::Ipv6Addr::UNSPECIFIED.into(),
                        }))
                    }
                },
                receive_buffer: buffer::adverts(engine, &hands.links, id),
                instances: engine
                    .users(id)
                    .map(|instance| (instance.name.clone(), instance.config.vrid))
                    .collect(),
            })
        })
        .collect()
}

/// The address of the first instance that uses sockets.
fn source(engine: &Engine, id: SocketId) -> Option<IpAddr> {
    engine.users(id).find_map(|instance| instance.source)
}

/// What a configuration says of an interface by its name.
fn configured(configuration: &Configuration, name: &str, status: &mut InterfaceStatus) {
    let mut delays = configuration.up_down_delays.iter();
    if let Some(delay) = delays.find(|delay| delay.interface.value == name) {
        (status.up_delay, status.down_delay) = (delay.up, delay.down);
    }
    let instances = || {
        let all = configuration.instances.iter();
        all.filter(|i| i.interface.as_ref().is_some_and(|own| own.value == name))
    };
    let mut polled = configuration.linkbeat_interfaces.iter();
    status.linkbeat = match polled.find(|line| line.interface.value == name) {
        Some(line) => line.method.or(Some(LinkbeatMethod::Ethtool)),
        None if configuration.global.linkbeat_use_polling
            || instances().any(|instance| instance.linkbeat_use_polling) =>
        {
            Some(LinkbeatMethod::Ethtool)
        }
        None => None,
    };
    status.arp_users = instances().filter(|i| i.vmac.is_some()).count() as u32;
    status.promote_users = instances().filter(|i| i.promote_secondaries).count() as u32;
    let aggregated = configuration.garp_groups.iter().scan(0, |count, group| {
        *count += u32::from(group.interfaces.len() > 1);
        Some((group, *count))
    });
    let mut aggregated =
        aggregated.filter(|(group, _)| group.interfaces.iter().any(|one| one.value == name));
    let given = |interval: Duration| (!interval.is_zero()).then_some(interval);
    let global = &configuration.global;
    status.announcements = match aggregated.next() {
        Some((group, number)) => Some(AnnouncementDelays {
            garp: group.garp_interval,
            gna: group.gna_interval,
            group: (group.interfaces.len() > 1).then_some(number),
        }),
        None => Some(AnnouncementDelays {
            garp: given(global.vrrp_garp_interval),
            gna: given(global.vrrp_gna_interval),
            group: None,
        })
        .filter(|_| instances().next().is_some()),
    };
}

/// The kernel's number of a macvlan's mode.
fn mode(detail: Option<u32>) -> &'static str {
    match detail {
        Some(2) => "vepa",
        Some(4) => "bridge",
        Some(8) => "passthru",
        _ => "private",
    }
}
