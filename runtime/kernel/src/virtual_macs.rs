//! Interfaces with a virtual router's MAC (`use_vmac`), made and unmade with all that the reference changes for them.
//!
//! ```text
//! make: macvlan over the parent ─▶ all.rp_filter moves down to default and to the interfaces in use (IPv4)
//!       ─▶ arp_ignore, accept_local, rp_filter, promote_secondaries; the parent's arp_ignore, arp_filter (IPv4)
//!       ─▶ disable_ipv6 1 (IPv4) or 0 ─▶ no link-local address of the virtual MAC ─▶ up
//!       ─▶ the parent's link-local address too, deprecated (IPv6, unless adverts leave through the parent)
//! unmake: the interfaces go; restore: the settings are what they were
//! ```
//!
//! The firewall's part is [`crate::nft::Firewall::redirect_groups`].
//!
//! ```no_run
//! # fn main() -> std::io::Result<()> {
//! use locum_kernel::{netlink::{Netlink, MacVlanMode}, virtual_macs::{VirtualMacs, Wanted}};
//! let mut netlink = Netlink::open()?;
//! let mut virtual_macs = VirtualMacs::default();
//! let links = netlink.links()?;
//! let parent = links.iter().find(|link| link.name == "eth0").expect("eth0");
//! let made = virtual_macs.make(&mut netlink, &Wanted {
//!     name: "vrrp.51", parent, mac: locum_kernel::netlink::virtual_router_mac(false, 51),
//!     mode: MacVlanMode::Private, ipv6: false, link_local: None,
//! })?;
//! println!("{} has index {}; changed {:?}", "vrrp.51", made.index, made.changed);
//! virtual_macs.unmake(&mut netlink, made.index)?;
//! virtual_macs.restore(&mut netlink);
//! # Ok(()) }
//! ```

use std::{io, net::Ipv6Addr};

use crate::{
    netlink::{
        Address, AddressFlags, Ipv4Setting, Link, MacVlanMode, Netlink, create_macvlan, link,
        make_no_link_local,
    },
    sysctl::{Change, Setting, Settings},
};

/// The interface that is wanted.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// Its name: `vrrp.51`, or the configuration's.
    pub name: &'a str,
    /// What it stands on.
    pub parent: &'a Link,
    /// Its MAC.
    pub mac: [u8; 6],
    /// `private` unless the configuration says otherwise.
    pub mode: MacVlanMode,
    /// The instance's family.
    pub ipv6: bool,
    /// The parent's link-local address, to send IPv6 adverts from through the new interface.
    pub link_local: Option<Ipv6Addr>,
}

/// The interface that was made.
#[derive(Debug)]
pub struct Made {
    /// Its index.
    pub index: u32,
    /// The settings of `all` and `default` that were changed: the reference logs each.
    pub changed: Vec<Change>,
    /// Settings that could not be changed, as where /proc/sys is read-only.
    pub refused: Vec<(Setting, io::Error)>,
}

/// What was changed for all interfaces with virtual MACs, to be put back.
#[derive(Debug, Default)]
pub struct VirtualMacs {
    settings: Settings,
}

impl Wanted<'_> {
    /// Whether an interface that is there, left behind by an earlier process, is the wanted one.
    pub fn is(&self, link: &Link) -> bool {
        link.kind.as_deref() == Some("macvlan")
            && link.mac == Some(self.mac)
            && link.parent == Some(self.parent.index)
            && link.detail == Some(u32::from(self.mode))
    }
}

impl VirtualMacs {
    /// Makes the interface, or takes one that is the wanted one already, and sets it up.
    ///
    /// # Errors
    /// `AlreadyExists` when something else has the name; the kernel has no macvlan; `PermissionDenied`.
    pub fn make(&mut self, netlink: &mut Netlink, wanted: &Wanted<'_>) -> io::Result<Made> {
        let index = self.find_or_create(netlink, wanted)?;
        let (mut changed, mut refused) = (Vec::new(), Vec::new());
        if !wanted.ipv6 {
            let filtered = [
                (wanted.parent.name.as_str(), wanted.parent.index),
                (wanted.name, index),
            ];
            self.lower_reverse_path_filter(netlink, &filtered, &mut changed, &mut refused);
            self.set_arp(netlink, wanted, index, &mut refused);
        }
        // An IPv4 instance needs no IPv6 here, and the kernel would ask for routers by the virtual MAC.
        let disable = Setting::ipv6(wanted.name, "disable_ipv6");
        let value = if wanted.ipv6 { "0" } else { "1" };
        if let Err(error) = disable.write(value) {
            refused.push((disable, error));
        }
        netlink.carry_out_one(&make_no_link_local(index))?;
        netlink.carry_out_one(&link::set_up(index, true))?;
        if let Some(address) = wanted.link_local.filter(|_| wanted.ipv6) {
            let mut address = Address::new(index, address.into(), 64);
            address.flags = AddressFlags::Nodad;
            address.preferred_s = Some(0);
            match netlink.carry_out_one(&address.add()) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
                _ => {}
            }
        }
        Ok(Made {
            index,
            changed,
            refused,
        })
    }

    fn find_or_create(&self, netlink: &mut Netlink, wanted: &Wanted<'_>) -> io::Result<u32> {
        let create = create_macvlan(wanted.name, wanted.parent.index, wanted.mac, wanted.mode);
        let created = netlink.carry_out_one(&create);
        match (created, netlink.link(wanted.name)?) {
            (Ok(()), Some(link)) => Ok(link.index),
            (Err(error), Some(link)) if error.kind() == io::ErrorKind::AlreadyExists => {
                if wanted.is(&link) {
                    Ok(link.index)
                } else {
                    Err(error)
                }
            }
            (Err(error), _) => Err(error),
            // Made, and gone again.
            (Ok(()), None) => Err(io::Error::from_raw_os_error(libc::ENODEV)),
        }
    }

    /// The stricter of `all` and the interface's own counts: `all` must be 0 for one interface to be without. What it
    /// demanded goes to `default` and to the interfaces in use.
    fn lower_reverse_path_filter(
        &mut self,
        netlink: &mut Netlink,
        interfaces: &[(&str, u32)],
        changed: &mut Vec<Change>,
        refused: &mut Vec<(Setting, io::Error)>,
    ) {
        let all = Setting::ipv4("all", "rp_filter");
        let Some(level) = all.read_number().filter(|level| *level > 0) else {
            return;
        };
        let is_lower = |setting: &Setting| setting.read_number().is_none_or(|now| now < level);
        let default = Setting::ipv4("default", "rp_filter");
        if is_lower(&default) {
            self.set(default, level, changed, refused);
        }
        // The interfaces before `all`: no moment without a filter.
        for (name, index) in interfaces {
            let own = Setting::ipv4(name, "rp_filter");
            if is_lower(&own) {
                let filter = [(Ipv4Setting::ReversePathFilter, level)];
                let set = self.settings.set_ipv4(netlink, (name, *index), &filter);
                refused.extend(set.err().map(|error| (own, error)));
            }
        }
        self.set(all, 0, changed, refused);
    }

    fn set(
        &mut self,
        setting: Setting,
        value: u32,
        changed: &mut Vec<Change>,
        refused: &mut Vec<(Setting, io::Error)>,
    ) {
        match self.settings.set(setting.clone(), &value.to_string()) {
            Ok(change) => changed.extend(change),
            Err(error) => refused.push((setting, error)),
        }
    }

    fn set_arp(
        &mut self,
        netlink: &mut Netlink,
        wanted: &Wanted<'_>,
        index: u32,
        refused: &mut Vec<(Setting, io::Error)>,
    ) {
        let own = [
            (Ipv4Setting::ArpIgnore, 1),
            (Ipv4Setting::AcceptLocal, 1),
            (Ipv4Setting::ReversePathFilter, 0),
            (Ipv4Setting::PromoteSecondaries, 1),
        ];
        // The parent keeps silent about addresses of its virtual siblings.
        let parents = [(Ipv4Setting::ArpIgnore, 1), (Ipv4Setting::ArpFilter, 1)];
        let parent = (wanted.parent.name.as_str(), wanted.parent.index);
        for (interface, settings) in [((wanted.name, index), &own[..]), (parent, &parents[..])] {
            if let Err(error) = self.settings.set_ipv4(netlink, interface, settings) {
                refused.push((Setting::ipv4(interface.0, settings[0].0.name()), error));
            }
        }
    }

    /// Deletes an interface. One that is gone already is no error.
    ///
    /// # Errors
    /// The kernel's.
    pub fn unmake(&mut self, netlink: &mut Netlink, index: u32) -> io::Result<()> {
        match netlink.carry_out_one(&link::delete(index)) {
            Err(error) if error.raw_os_error() != Some(libc::ENODEV) => Err(error),
            _ => Ok(()),
        }
    }

    /// Puts all settings back, once no virtual MAC needs them; gives what was changed, and what could not be.
    pub fn restore(&mut self, netlink: &mut Netlink) -> (Vec<Change>, Vec<(Setting, io::Error)>) {
        self.settings.restore_with(netlink)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        in_namespace::{inside, ip, wire},
        netlink::virtual_router_mac,
    };

    fn setting(interface: &str, name: &'static str) -> u32 {
        let setting = Setting::ipv4(interface, name);
        setting.read_number().expect("a number")
    }

    fn parent(netlink: &mut Netlink) -> Link {
        let links = netlink.links().expect("a dump");
        let link = links.into_iter().find(|link| link.name == "va");
        link.expect("va")
    }

    #[test]
    fn settings_change_as_with_the_reference_and_are_put_back() {
        if !inside("virtual_macs::tests::settings_change_as_with_the_reference_and_are_put_back") {
            return;
        }
        wire();
        for (interface, value) in [("all", "2"), ("default", "1"), ("va", "0")] {
            Setting::ipv4(interface, "rp_filter")
                .write(value)
                .expect("set");
        }
        let mut netlink = Netlink::open().expect("a socket");
        let parent = parent(&mut netlink);
        let mut virtual_macs = VirtualMacs::default();
        let wanted = Wanted {
            name: "vrrp.57",
            parent: &parent,
            mac: virtual_router_mac(false, 57),
            mode: MacVlanMode::Private,
            ipv6: false,
            link_local: None,
        };
        let made = virtual_macs.make(&mut netlink, &wanted).expect("made");
        assert!(made.refused.is_empty(), "{:?}", made.refused);
        // Recorded: the reference logs these two, in this order.
        let logged: Vec<String> = made.changed.iter().map(ToString::to_string).collect();
        assert_eq!(
            logged,
            [
                "net.ipv4.conf.default.rp_filter from 1 to 2",
                "net.ipv4.conf.all.rp_filter from 2 to 0"
            ]
        );
        for (interface, name, value) in [
            ("all", "rp_filter", 0),
            ("default", "rp_filter", 2),
            ("va", "rp_filter", 2),
            ("vb", "rp_filter", 0),
            ("va", "arp_ignore", 1),
            ("va", "arp_filter", 1),
            ("vrrp.57", "rp_filter", 0),
            ("vrrp.57", "arp_ignore", 1),
            ("vrrp.57", "accept_local", 1),
            ("vrrp.57", "promote_secondaries", 1),
        ] {
            assert_eq!(setting(interface, name), value, "{interface} {name}");
        }
        assert!(Setting::ipv6("vrrp.57", "disable_ipv6").is_on());
        // Again is the same interface; another of the name isn't.
        let again = virtual_macs.make(&mut netlink, &wanted).expect("found");
        assert_eq!(again.index, made.index);
        let other = Wanted {
            mac: [2, 0, 0, 0, 0, 9],
            ..wanted
        };
        let error = virtual_macs.make(&mut netlink, &other).expect_err("not it");
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        virtual_macs
            .unmake(&mut netlink, made.index)
            .expect("unmade");
        virtual_macs
            .unmake(&mut netlink, made.index)
            .expect("gone already");
        let (_, refused) = virtual_macs.restore(&mut netlink);
        assert!(refused.is_empty(), "{refused:?}");
        for (interface, name, value) in [
            ("all", "rp_filter", 2),
            ("default", "rp_filter", 1),
            ("va", "rp_filter", 0),
            ("va", "arp_ignore", 0),
            ("va", "arp_filter", 0),
        ] {
            assert_eq!(setting(interface, name), value, "{interface} {name}");
        }
    }

    #[test]
    fn an_ipv6_interface_has_its_parent_s_link_local_address_deprecated() {
        if !inside(
            "virtual_macs::tests::an_ipv6_interface_has_its_parent_s_link_local_address_deprecated",
        ) {
            return;
        }
        wire();
        let before = (setting("va", "arp_ignore"), setting("va", "arp_filter"));
        let mut netlink = Netlink::open().expect("a socket");
        let parent = parent(&mut netlink);
        let mut virtual_macs = VirtualMacs::default();
        let wanted = Wanted {
            name: "myvmac",
            parent: &parent,
            mac: virtual_router_mac(true, 58),
            mode: MacVlanMode::Private,
            ipv6: true,
            link_local: "fe80::1".parse().ok(),
        };
        for _ in 0..2 {
            virtual_macs.make(&mut netlink, &wanted).expect("made");
        }
        let shown = ip("-6 addr show dev myvmac");
        assert!(
            shown.contains("inet6 fe80::1/64 scope link nodad deprecated"),
            "{shown}"
        );
        assert_eq!(shown.matches("inet6").count(), 1, "{shown}");
        let after = (setting("va", "arp_ignore"), setting("va", "arp_filter"));
        assert_eq!(before, after);
    }
}
