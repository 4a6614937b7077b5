//! Interfaces that instances run on and that are ours: macvlans with the virtual router's MAC, and ipvlans.

use std::{collections::HashMap, io, net::IpAddr, sync::Arc};

use locum_kernel::{
    netlink::{
        Address, Family as KernelFamily, IpVlanFlags, IpVlanMode, Link, MacVlanMode, Netlink,
        create_ipvlan, link, virtual_router_mac,
    },
    virtual_macs::{VirtualMacs, Wanted},
};
use locum_model::{
    keepalived::Configuration,
    vrrp::{self, Family, IpvlanMode, MacvlanMode},
};

use super::{
    face::{Face, Trouble},
    firewall::Firewalls,
};
use crate::{engine::device_name, identity::Name};

/// All of them, and what was changed for them.
#[derive(Debug, Default)]
pub(super) struct VirtualLinks {
    macs: VirtualMacs,
    made: HashMap<Name, Made>,
}

/// One of them.
#[derive(Debug)]
struct Made {
    index: u32,
    parent: u32,
    family: Family,
    /// IGMP and MLD leave by the parent.
    redirected: bool,
}

impl VirtualLinks {
    /// Makes those that a configuration wants and that aren't there. Without its parent one isn't made: its instance is
    /// in fault then.
    pub(super) fn make(
        &mut self,
        configuration: &Configuration,
        netlink: &mut Netlink,
        firewalls: &mut Firewalls,
        face: &mut impl Face,
    ) -> io::Result<()> {
        if !wanted(configuration).any(|_| true) {
            return Ok(());
        }
        let links = netlink.links()?;
        for (name, instance) in wanted(configuration) {
            let parent = instance.interface.as_ref().and_then(|parent| {
                let mut links = links.iter();
                links.find(|link| link.name == parent.value)
            });
            let Some(parent) = parent else {
                continue;
            };
            let is_there = |made: &Made| links.iter().any(|link| link.index == made.index);
            if self.made.get(&name).is_some_and(is_there) {
                continue;
            }
            let made = if instance.ipvlan.is_some() {
                make_ipvlan(&name, instance, parent, netlink)
            } else {
                self.make_macvlan(&name, instance, parent, netlink, firewalls, face)
            };
            match made {
                Ok(made) => {
                    self.made.insert(name, made);
                }
                Err(error) => face.trouble(&Trouble::VirtualLink { name, error }),
            }
        }
        Ok(())
    }

    fn make_macvlan(
        &mut self,
        name: &Name,
        instance: &vrrp::Instance,
        parent: &Link,
        netlink: &mut Netlink,
        firewalls: &mut Firewalls,
        face: &mut impl Face,
    ) -> io::Result<Made> {
        let config = instance.vmac.clone().unwrap_or_default();
        let ipv6 = instance.family == Family::Inet6;
        let link_local = if ipv6 && !instance.vmac_xmit_base {
            link_local_of(parent.index, netlink)?
        } else {
            None
        };
        let made = self.macs.make(
            netlink,
            &Wanted {
                name,
                parent,
                mac: config
                    .mac
                    .unwrap_or_else(|| virtual_router_mac(ipv6, instance.vrid)),
                mode: match config.mode {
                    MacvlanMode::Private => MacVlanMode::Private,
                    MacvlanMode::Vepa => MacVlanMode::Vepa,
                    MacvlanMode::Bridge => MacVlanMode::Bridge,
                    MacvlanMode::Passthru => MacVlanMode::Passthrough,
                },
                ipv6,
                link_local,
            },
        )?;
        face.trouble(&Trouble::VirtualLinkMade {
            name: name.clone(),
            instance: instance.name.value.as_str().into(),
            parent: parent.name.as_str().into(),
        });
        for change in made.changed {
            face.trouble(&Trouble::SettingChanged(change.to_string()));
        }
        for (setting, error) in made.refused {
            face.trouble(&Trouble::SettingRefused {
                setting: setting.to_string(),
                error,
            });
        }
        let family = kernel_family(instance.family);
        let redirected = match firewalls
            .get()
            .and_then(|firewall| firewall.redirect_groups(family, made.index, parent.index))
        {
            Ok(()) => true,
            Err(error) => {
                face.trouble(&Trouble::Firewall(error));
                false
            }
        };
        Ok(Made {
            index: made.index,
            parent: parent.index,
            family: instance.family,
            redirected,
        })
    }

    /// Whether an interface is one of them.
    pub(super) fn has(&self, index: u32) -> bool {
        self.made.values().any(|made| made.index == index)
    }

    /// Deletes those that a configuration doesn't want any more.
    pub(super) fn clear_away(
        &mut self,
        configuration: &Configuration,
        netlink: &mut Netlink,
        firewalls: &mut Firewalls,
        face: &mut impl Face,
    ) {
        let gone: Vec<Name> = self
            .made
            .keys()
            .filter(|name| !wanted(configuration).any(|(other, _)| other == **name))
            .cloned()
            .collect();
        for name in gone {
            self.unmake(&name, netlink, firewalls, face);
        }
    }

    /// Deletes all, and puts settings back.
    pub(super) fn finish(
        &mut self,
        netlink: &mut Netlink,
        firewalls: &mut Firewalls,
        face: &mut impl Face,
    ) {
        let all: Vec<Name> = self.made.keys().cloned().collect();
        for name in all {
            self.unmake(&name, netlink, firewalls, face);
        }
        let (changed, refused) = self.macs.restore(netlink);
        for change in changed {
            face.trouble(&Trouble::SettingChanged(change.to_string()));
        }
        for (setting, error) in refused {
            face.trouble(&Trouble::SettingRefused {
                setting: setting.to_string(),
                error,
            });
        }
    }

    fn unmake(
        &mut self,
        name: &Name,
        netlink: &mut Netlink,
        firewalls: &mut Firewalls,
        face: &mut impl Face,
    ) {
        let Some(made) = self.made.remove(name) else {
            return;
        };
        if made.redirected {
            let family = kernel_family(made.family);
            let done = firewalls.get().and_then(|firewall| {
                firewall.redirect_groups_no_more(family, made.index, made.parent)
            });
            if let Err(error) = done {
                face.trouble(&Trouble::Firewall(error));
            }
        }
        if let Err(error) = self.macs.unmake(netlink, made.index) {
            let name = name.clone();
            face.trouble(&Trouble::VirtualLink { name, error });
        }
    }
}

/// The interfaces that a configuration wants, each once, with the instance that says how.
fn wanted(configuration: &Configuration) -> impl Iterator<Item = (Name, &vrrp::Instance)> {
    let prefix = &configuration.global.vmac_prefix;
    configuration
        .instances
        .iter()
        .map(Arc::as_ref)
        .filter_map(move |instance| Some((device_name(instance, prefix)?, instance)))
}

fn make_ipvlan(
    name: &Name,
    instance: &vrrp::Instance,
    parent: &Link,
    netlink: &mut Netlink,
) -> io::Result<Made> {
    let config = instance.ipvlan.clone().unwrap_or_default();
    let flags = match config.mode {
        IpvlanMode::Bridge => IpVlanFlags::empty(),
        IpvlanMode::Private => IpVlanFlags::Private,
        IpvlanMode::Vepa => IpVlanFlags::Vepa,
    };
    let create = create_ipvlan(name, parent.index, IpVlanMode::L2, flags);
    match netlink.carry_out_one(&create) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    let index = netlink
        .link(name)?
        .ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?
        .index;
    if let Some(network) = config.address {
        let address = Address::new(index, network.ip, network.prefix);
        match netlink.carry_out_one(&address.add()) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
    }
    netlink.carry_out_one(&link::set_up(index, true))?;
    Ok(Made {
        index,
        parent: parent.index,
        family: instance.family,
        redirected: false,
    })
}

fn link_local_of(interface: u32, netlink: &mut Netlink) -> io::Result<Option<std::net::Ipv6Addr>> {
    let addresses = netlink.addresses()?;
    Ok(addresses.iter().find_map(|address| match address.local {
        IpAddr::V6(ip) if address.interface == interface && ip.is_unicast_link_local() => Some(ip),
        _ => None,
    }))
}

pub(super) fn kernel_family(family: Family) -> KernelFamily {
    match family {
        Family::Inet => KernelFamily::V4,
        Family::Inet6 => KernelFamily::V6,
    }
}
