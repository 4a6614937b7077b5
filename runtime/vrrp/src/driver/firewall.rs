//! The firewall, opened when it is first needed: most configurations need none.

use std::io;

use locum_kernel::{
    netlink::Family as KernelFamily,
    nft::{Firewall, On, Options, Protected},
};
use locum_model::{
    keepalived::Firewall as Config,
    vrrp::{Address, Instance},
};

use super::face::{Face, Trouble};
use crate::effect::Line;

/// The tables, if there are any.
#[derive(Debug, Default)]
pub(super) struct Firewalls {
    options: Options,
    open: Option<Firewall>,
    /// Tables of an earlier process that were deleted, and not told of yet.
    replaced: Vec<KernelFamily>,
}

impl Firewalls {
    /// How tables made from now on are to be.
    pub(super) fn configure(&mut self, config: &Config) {
        let usual = Options::default();
        self.options = Options {
            table: config.nftables.clone().unwrap_or(usual.table),
            priority: config.nftables_priority.unwrap_or(usual.priority),
            counters: config.nftables_counters,
        };
    }

    /// The tables; what an earlier process left behind is replaced when the first is made.
    pub(super) fn get(&mut self) -> io::Result<&mut Firewall> {
        match &mut self.open {
            Some(firewall) => Ok(firewall),
            place => {
                let firewall = Firewall::open(self.options.clone())?;
                self.replaced.extend(firewall.stale());
                Ok(place.insert(firewall))
            }
        }
    }

    /// Drops packets to addresses, or does so no more. To stop when nothing was begun needs no tables.
    pub(super) fn protect(
        &mut self,
        instance: Option<&Instance>,
        lines: &[Line<Address>],
        interface_name: impl Fn(u32) -> String,
        drop: bool,
    ) -> io::Result<()> {
        if !drop && self.open.is_none() {
            return Ok(());
        }
        let by_name = instance.is_some_and(|instance| instance.dont_track_primary);
        let addresses: Vec<Protected> = lines
            .iter()
            .map(|line| Protected {
                address: line.value.value.network.ip,
                on: if by_name {
                    On::Name(interface_name(line.interface))
                } else {
                    On::Index(line.interface)
                },
            })
            .collect();
        let firewall = self.get()?;
        if drop {
            firewall.protect(&addresses)
        } else {
            firewall.unprotect(&addresses)
        }
    }

    /// Tells which tables of an earlier process were deleted.
    pub(super) fn tell_replaced(&mut self, face: &mut impl Face) {
        for family in std::mem::take(&mut self.replaced) {
            face.trouble(&Trouble::OldTable {
                v6: family == KernelFamily::V6,
                name: self.options.table.clone(),
            });
        }
    }

    /// Takes the tables away.
    pub(super) fn remove(&mut self) -> io::Result<()> {
        match self.open.take() {
            Some(mut firewall) => firewall.remove(),
            None => Ok(()),
        }
    }
}
