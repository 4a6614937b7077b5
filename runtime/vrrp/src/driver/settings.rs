//! Settings of the network stack that a configuration asks for (keepalived.conf(5), `promote_secondaries`,
//! `disable_local_igmp`): they hold from the start to the stop, and then are what they were.

use std::collections::{BTreeSet, HashMap};

use locum_kernel::{
    netlink::{Ipv4Setting, Netlink},
    sysctl::{Setting, Settings},
};
use locum_model::keepalived::Configuration;

use super::{
    face::{Face, Trouble},
    links::Links,
};

/// What has been changed.
#[derive(Debug, Default)]
pub(super) struct HostSettings {
    /// Interfaces whose secondary addresses are promoted for us.
    promoting: HashMap<u32, Settings>,
    /// What `disable_local_igmp` has changed.
    igmp: Settings,
}

impl HostSettings {
    /// Has the kernel keep secondary addresses whose primary goes, on the interfaces of instances that ask for it: from
    /// the start to the stop, whatever their state (observed). Those that nobody asks for any more get back what they had.
    pub(super) fn promote_secondaries(
        &mut self,
        configuration: &Configuration,
        links: &Links,
        netlink: &mut Netlink,
        face: &mut impl Face,
    ) {
        let asking = configuration.instances.iter();
        let asking = asking.filter(|instance| instance.promote_secondaries);
        let wanted: BTreeSet<u32> = asking
            .filter_map(|instance| links.index_of(&instance.interface.as_ref()?.value))
            .collect();
        for (_, mut settings) in self
            .promoting
            .extract_if(|interface, _| !wanted.contains(interface))
        {
            settings.restore_with(netlink);
        }
        for interface in wanted {
            if self.promoting.contains_key(&interface) {
                continue;
            }
            let name = links.name(interface);
            let settings = self.promoting.entry(interface).or_default();
            let value = [(Ipv4Setting::PromoteSecondaries, 1)];
            if let Err(error) = settings.set_ipv4(netlink, (&name, interface), &value) {
                face.trouble(&Trouble::SettingRefused {
                    setting: format!("{}.{name}", Ipv4Setting::PromoteSecondaries.name()),
                    error,
                });
            }
        }
    }

    /// `disable_local_igmp`: no reports about 224.0.0.0/24 by this host until the stop.
    pub(super) fn local_igmp(&mut self, configuration: &Configuration, face: &mut impl Face) {
        if !configuration.global.disable_local_igmp {
            return;
        }
        let setting = Setting::ipv4_of_all("igmp_link_local_mcast_reports");
        let shown = setting.to_string();
        if let Err(error) = self.igmp.set(setting, "0") {
            face.trouble(&Trouble::SettingRefused {
                setting: shown,
                error,
            });
        }
    }

    /// Puts all back.
    pub(super) fn restore(&mut self, netlink: &mut Netlink) {
        for (_, mut settings) in std::mem::take(&mut self.promoting) {
            settings.restore_with(netlink);
        }
        self.igmp.restore();
    }
}
