//! Which macvlan or ipvlan each wish gets: one that is there and fits, else a name that is free.
//!
//! An interface that an earlier process, or the configuration before a reload, left behind is taken by what it is (parent,
//! MAC, mode), whatever its name. Names that the configuration gives go before those that are made: `vrrp.51`, for IPv6
//! `vrrp6.51` when that is taken, then `vrrp1.51`, `vrrp2.51` … (observed).

use std::collections::HashSet;

use locum_kernel::netlink::{Link, MacVlanMode, virtual_router_mac};
use locum_model::{
    keepalived::Global,
    vrrp::{Family, MacvlanMode},
};

use crate::{device::Wish, identity::Name};

/// What a wish gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Device {
    /// Its name.
    pub(super) name: Name,
    /// It is there already and is what is wanted.
    pub(super) fits: bool,
}

/// The devices of all wishes, in their order.
pub(super) fn assign(wishes: &[Wish<'_>], global: &Global, links: &[Link]) -> Vec<Device> {
    let mut taken: HashSet<String> = HashSet::new();
    let mut names: Vec<Option<(String, bool)>> = vec![None; wishes.len()];
    for (wish, name) in wishes.iter().zip(&mut names) {
        let mut fitting = links.iter().filter(|link| fits(wish, link, links));
        if let Some(link) = fitting.find(|link| !taken.contains(&link.name)) {
            taken.insert(link.name.clone());
            *name = Some((link.name.clone(), true));
        }
    }
    for (wish, name) in wishes.iter().zip(&mut names) {
        if let (None, Some(given)) = (&name, wish.given_name())
            && taken.insert(given.to_owned())
        {
            *name = Some((given.to_owned(), false));
        }
    }
    taken.extend(links.iter().map(|link| link.name.clone()));
    let mut devices = Vec::with_capacity(wishes.len());
    for (wish, name) in wishes.iter().zip(names) {
        let (name, fits) = name.unwrap_or_else(|| (free_name(wish, global, &taken), false));
        taken.insert(name.clone());
        devices.push(Device {
            name: name.into(),
            fits,
        });
    }
    devices
}

/// The MAC of a wish's macvlan.
pub(super) fn mac_of(wish: &Wish<'_>) -> [u8; 6] {
    let own = wish.instance.vmac.as_ref().filter(|_| wish.own);
    own.and_then(|vmac| vmac.mac)
        .unwrap_or_else(|| virtual_router_mac(wish.family == Family::Inet6, wish.instance.vrid))
}

/// Its mode.
pub(super) fn mode_of(wish: &Wish<'_>) -> MacVlanMode {
    match wish.instance.vmac.as_ref().map(|vmac| vmac.mode) {
        None | Some(MacvlanMode::Private) => MacVlanMode::Private,
        Some(MacvlanMode::Vepa) => MacVlanMode::Vepa,
        Some(MacvlanMode::Bridge) => MacVlanMode::Bridge,
        Some(MacvlanMode::Passthru) => MacVlanMode::Passthrough,
    }
}

fn fits(wish: &Wish<'_>, link: &Link, links: &[Link]) -> bool {
    let parent = links.iter().find(|link| link.name == wish.parent);
    if link.parent.is_none() || link.parent_elsewhere || link.parent != parent.map(|it| it.index) {
        return false;
    }
    if !wish.is_macvlan() {
        // All have their parent's MAC: the name is what tells them apart.
        return link.kind.as_deref() == Some("ipvlan") && wish.given_name() == Some(&link.name);
    }
    link.kind.as_deref() == Some("macvlan")
        && link.mac == Some(mac_of(wish))
        && link.detail == Some(u32::from(mode_of(wish)))
}

fn free_name(wish: &Wish<'_>, global: &Global, taken: &HashSet<String>) -> String {
    let elsewhere = global.vmac_addr_prefix.as_deref().filter(|_| !wish.own);
    let prefix = elsewhere.or(global.vmac_prefix.as_deref());
    let (prefix, vrid) = (prefix.unwrap_or("vrrp"), wish.instance.vrid);
    let first = format!("{prefix}.{vrid}");
    let sixth = (wish.family == Family::Inet6).then(|| format!("{prefix}6.{vrid}"));
    // One more name than there are taken ones: the last is free.
    let numbered = (1..=taken.len()).map(|number| format!("{prefix}{number}.{vrid}"));
    let mut names = std::iter::once(first.clone()).chain(sixth).chain(numbered);
    names.find(|name| !taken.contains(name)).unwrap_or(first)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use locum_model::{
        Located,
        address::Network,
        keepalived::Configuration,
        vrrp::{Address, Instance, Vmac},
    };

    use super::*;
    use crate::device::wishes;

    fn link(index: u32, name: &str, parent: Option<u32>, mac: [u8; 6]) -> Link {
        Link {
            index,
            name: name.to_owned(),
            mac: Some(mac),
            parent,
            kind: parent.map(|_| "macvlan".to_owned()),
            detail: parent.map(|_| 1),
            ..Link::default()
        }
    }

    fn on(name: &str, interface: &str, address: &str) -> Instance {
        let ip = address.parse().expect("an address");
        let mut instance = Instance::new(Located::built_in(name.into()));
        instance.interface = Some(Located::built_in(interface.into()));
        instance.vrid = 53;
        instance.vmac = Some(Vmac::default());
        instance.family = Family::of(ip);
        let address = Address::bare(Network { ip, prefix: 24 });
        instance.addresses = vec![Located::built_in(address)];
        instance
    }

    #[test]
    fn names_that_are_taken_get_a_number_and_ipv6_its_own() {
        let mut elsewhere = on("VI_4", "eth1", "192.0.2.4");
        elsewhere.vrid = 54;
        elsewhere.vmac = Some(Vmac {
            name: Some("mine".to_owned()),
            ..Vmac::default()
        });
        elsewhere.use_vmac_addr = true;
        elsewhere.addresses[0].value.dev = Some("eth0".to_owned());
        let configuration = Configuration {
            instances: [
                on("VI_1", "eth0", "192.0.2.1"),
                on("VI_2", "eth1", "198.51.100.1"),
                on("VI_3", "eth0", "fe80::53"),
                elsewhere,
            ]
            .map(Arc::new)
            .to_vec(),
            ..Configuration::default()
        };
        let links = [
            link(2, "eth0", None, [2; 6]),
            link(3, "eth1", None, [4; 6]),
            link(4, "left", Some(2), virtual_router_mac(false, 54)),
            link(5, "vrrp.53", Some(3), [6; 6]),
        ];
        let wishes = wishes(&configuration);
        let devices = assign(&wishes, &configuration.global, &links);
        let names: Vec<(&str, bool)> = (devices.iter())
            .map(|device| (&*device.name, device.fits))
            .collect();
        assert_eq!(
            names,
            [
                ("vrrp1.53", false),
                ("vrrp2.53", false),
                ("vrrp6.53", false),
                ("mine", false),
                ("left", true),
            ]
        );
    }
}
