//! Interfaces that are ours: macvlans with the virtual router's MAC, and ipvlans; made, kept over a reload, unmade.

use std::{collections::HashSet, io, net::IpAddr};

use locum_kernel::{
    netlink::{
        Address, Family as KernelFamily, IpVlanFlags, IpVlanMode, Link, Netlink, create_ipvlan,
        link,
    },
    virtual_macs::{VirtualMacs, Wanted},
};
use locum_model::{
    keepalived::Configuration,
    vrrp::{Family, IpvlanMode},
};

use super::{
    devices::{self, Device},
    face::{DeviceChange, Face, Trouble},
    firewall::Firewalls,
};
use crate::{
    device::{self, Devices, Wish},
    identity::Name,
};

/// All of them, and what was changed for them.
#[derive(Debug, Default)]
pub(super) struct VirtualLinks {
    macs: VirtualMacs,
    made: Vec<Made>,
    /// What the configuration in force wants; the others go.
    wanted: HashSet<Name>,
    /// What there is to tell of an instance's, when its turn comes.
    news: Vec<(Name, Trouble)>,
}

/// One of them.
#[derive(Debug)]
struct Made {
    name: Name,
    instance: Name,
    index: u32,
    parent: u32,
    family: Family,
    /// IGMP and MLD leave by the parent.
    redirected: bool,
}

impl VirtualLinks {
    /// Makes those that a configuration wants and that aren't there, and gives the names of all. Without its parent one
    /// isn't made: its instance is in fault then.
    pub(super) fn make(
        &mut self,
        configuration: &Configuration,
        netlink: &mut Netlink,
        firewalls: &mut Firewalls,
        face: &mut impl Face,
    ) -> io::Result<Devices> {
        let wishes = device::wishes(configuration);
        let mut names = Devices::default();
        self.wanted.clear();
        if wishes.is_empty() {
            return Ok(names);
        }
        let links = netlink.links()?;
        let devices = devices::assign(&wishes, &configuration.global, &links);
        for (wish, device) in wishes.iter().zip(devices) {
            names.insert(wish, device.name.clone(), !device.fits);
            self.wanted.insert(device.name.clone());
            if let Some(parent) = links.iter().find(|link| link.name == wish.parent) {
                self.take(wish, &device, parent, netlink, firewalls, face);
            }
        }
        Ok(names)
    }

    fn take(
        &mut self,
        wish: &Wish<'_>,
        device: &Device,
        parent: &Link,
        netlink: &mut Netlink,
        firewalls: &mut Firewalls,
        face: &mut impl Face,
    ) {
        let instance = Name::from(wish.instance.name.value.as_str());
        let (name, told) = (device.name.clone(), instance.clone());
        let trouble = |change| Trouble::Device {
            instance: told.clone(),
            name: name.clone(),
            change,
        };
        if device.fits {
            face.trouble(&trouble(DeviceChange::Found));
            if let Some(given) = wish.given_name().filter(|given| *given != &*name) {
                let given = Name::from(given);
                face.trouble(&trouble(DeviceChange::KeepsName { given }));
            }
        }
        let made = if wish.is_macvlan() {
            self.make_macvlan(device, wish, parent, netlink, firewalls, face)
        } else {
            make_ipvlan(&device.name, wish, parent, netlink).map(|index| (index, false))
        };
        match made {
            Ok((index, redirected)) => {
                self.made.retain(|made| made.name != device.name);
                self.made.push(Made {
                    name: device.name.clone(),
                    instance,
                    index,
                    parent: parent.index,
                    family: wish.family,
                    redirected,
                });
            }
            Err(error) => face.trouble(&trouble(DeviceChange::Refused {
                ipvlan: !wish.is_macvlan(),
                error,
            })),
        }
    }

    fn make_macvlan(
        &mut self,
        device: &Device,
        wish: &Wish<'_>,
        parent: &Link,
        netlink: &mut Netlink,
        firewalls: &mut Firewalls,
        face: &mut impl Face,
    ) -> io::Result<(u32, bool)> {
        let instance = Name::from(wish.instance.name.value.as_str());
        let ipv6 = wish.family == Family::Inet6;
        let link_local = if ipv6 && !(wish.own && wish.instance.vmac_xmit_base) {
            link_local_of(parent.index, netlink)?
        } else {
            None
        };
        if !device.fits && self.clear_the_place(device, netlink)? {
            face.trouble(&Trouble::Device {
                instance: instance.clone(),
                name: device.name.clone(),
                change: DeviceChange::Incompatible,
            });
        }
        let wanted = Wanted {
            name: &device.name,
            parent,
            mac: devices::mac_of(wish),
            mode: devices::mode_of(wish),
            ipv6,
            link_local,
        };
        let made = self.macs.make(netlink, &wanted)?;
        if !device.fits {
            let trouble = Trouble::Device {
                instance: instance.clone(),
                name: device.name.clone(),
                change: DeviceChange::Made,
            };
            self.news.push((instance.clone(), trouble));
        }
        for change in made.changed {
            let trouble = Trouble::SettingChanged(change.to_string());
            self.news.push((instance.clone(), trouble));
        }
        for (setting, error) in made.refused {
            face.trouble(&Trouble::SettingRefused {
                setting: setting.to_string(),
                error,
            });
        }
        let family = kernel_family(wish.family);
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
        Ok((made.index, redirected))
    }

    /// A macvlan that has the name but isn't what is wanted goes; anything else of that name stays.
    fn clear_the_place(&mut self, device: &Device, netlink: &mut Netlink) -> io::Result<bool> {
        let there = netlink.link(&device.name)?;
        let Some(link) = there.filter(|link| link.kind.as_deref() == Some("macvlan")) else {
            return Ok(false);
        };
        self.macs.unmake(netlink, link.index)?;
        Ok(true)
    }

    /// Tells what there is to tell of an instance's devices.
    pub(super) fn tell_of(&mut self, instance: &str, face: &mut impl Face) {
        let its = |(name, _): &mut (Name, Trouble)| **name == *instance;
        for (_, trouble) in self.news.extract_if(.., its) {
            face.trouble(&trouble);
        }
    }

    /// Whether an interface is one of them.
    pub(super) fn has(&self, index: u32) -> bool {
        self.made.iter().any(|made| made.index == index)
    }

    /// Deletes those that the configuration doesn't want any more: of an instance, or all.
    pub(super) fn clear_away(
        &mut self,
        instance: Option<&str>,
        netlink: &mut Netlink,
        firewalls: &mut Firewalls,
        face: &mut impl Face,
    ) {
        let wanted = &self.wanted;
        let goes = |made: &mut Made| {
            instance.is_none_or(|instance| *made.instance == *instance)
                && !wanted.contains(&made.name)
        };
        let gone: Vec<Made> = self.made.extract_if(.., goes).collect();
        for made in gone {
            self.unmake(made, netlink, firewalls, face);
        }
    }

    /// Puts settings back, and deletes all.
    pub(super) fn finish(
        &mut self,
        netlink: &mut Netlink,
        firewalls: &mut Firewalls,
        face: &mut impl Face,
    ) {
        let (changed, refused) = self.macs.restore(netlink);
        for change in changed {
            face.trouble(&Trouble::SettingRestored {
                setting: change.setting.to_string(),
                to: change.to,
            });
        }
        for (setting, error) in refused {
            face.trouble(&Trouble::SettingRefused {
                setting: setting.to_string(),
                error,
            });
        }
        for made in std::mem::take(&mut self.made) {
            self.unmake(made, netlink, firewalls, face);
        }
    }

    fn unmake(
        &mut self,
        made: Made,
        netlink: &mut Netlink,
        firewalls: &mut Firewalls,
        face: &mut impl Face,
    ) {
        if made.redirected {
            let family = kernel_family(made.family);
            let done = firewalls.get().and_then(|firewall| {
                firewall.redirect_groups_no_more(family, made.index, made.parent)
            });
            if let Err(error) = done {
                face.trouble(&Trouble::Firewall(error));
            }
        }
        let change = match self.macs.unmake(netlink, made.index) {
            Ok(()) => DeviceChange::Gone,
            Err(error) => DeviceChange::Stays(error),
        };
        face.trouble(&Trouble::Device {
            instance: made.instance,
            name: made.name,
            change,
        });
    }
}

fn make_ipvlan(
    name: &Name,
    wish: &Wish<'_>,
    parent: &Link,
    netlink: &mut Netlink,
) -> io::Result<u32> {
    let config = wish.instance.ipvlan.clone().unwrap_or_default();
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
    Ok(index)
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
