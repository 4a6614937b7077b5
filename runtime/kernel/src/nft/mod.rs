//! The firewall of virtual addresses: drops packets of addresses that are not to be accepted, and sends IGMP and MLD of
//! virtual MAC interfaces through their parent, by nf_tables.
//!
//! The ruleset is the reference's, name by name and in its order (`nft list ruleset` shows the same):
//!
//! ```text
//! table ip keepalived                      table ip6 keepalived: in, out as in ip, and
//!   map vmac_map   vmac -> parent            set vmac_set             vmacs, whose router solicitations are dropped
//!   set vips       addresses                 set neighbor-discovery   always accepted
//!   chain out      hook output, -1           set vips_link_local      address . interface index
//!   chain in       hook input, -1            set vips_link_local_name address . interface name
//!                                            chain in_link_local, out_link_local
//! ```
//!
//! A table is made when it is first needed, by one batch that is carried out as a whole or not at all. One that an
//! earlier process left behind goes in the same batch.
//!
//! ```no_run
//! # fn main() -> std::io::Result<()> {
//! use locum_kernel::{netlink::Family, nft::{Firewall, On, Options, Protected}};
//! let mut firewall = Firewall::open(Options::default())?;
//! firewall.redirect_groups(Family::V4, 7, 2)?;              // vrrp.51 and its parent, by their indexes
//! let address = Protected { address: "192.0.2.100".parse().unwrap(), on: On::Index(7) };
//! firewall.protect(&[address.clone()])?;
//! firewall.unprotect(&[address])?;
//! firewall.remove()?;
//! # Ok(()) }
//! ```

mod attribute;
mod batch;
mod expression;
mod table;

use std::{
    collections::BTreeSet,
    io,
    net::{IpAddr, Ipv6Addr},
};

use batch::{Batch, Socket};

use crate::netlink::Family;

/// How the tables are to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Their name (`nftables NAME`).
    pub table: String,
    /// Of the chains (`nftables_priority`).
    pub priority: i32,
    /// Rules count packets (`nftables_counters`).
    pub counters: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            table: "keepalived".to_owned(),
            priority: -1,
            counters: false,
        }
    }
}

/// An address that takes and sends no packets.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Protected {
    /// The address.
    pub address: IpAddr,
    /// Its interface, which only link-local addresses need.
    pub on: On,
}

/// How an interface is told: an index is quicker, a name outlives the interface (`dont_track_primary`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum On {
    /// By its index.
    Index(u32),
    /// By its name.
    Name(String),
}

/// The tables of both families.
#[derive(Debug)]
pub struct Firewall {
    socket: Socket,
    options: Options,
    /// Left behind by an earlier process, not yet deleted.
    stale: Vec<Family>,
    v4: State,
    v6: State,
}

/// What of a table is made.
#[derive(Debug, Default, Clone)]
struct State {
    table: bool,
    redirects: bool,
    protection: bool,
    by_index: bool,
    by_name: bool,
    vmacs: BTreeSet<(u32, u32)>,
    addresses: BTreeSet<Protected>,
}

impl Firewall {
    /// Opens the socket in the network namespace of this thread and looks what is there of an earlier process. Nothing
    /// is changed yet.
    ///
    /// # Errors
    /// The kernel has no nf_tables; `PermissionDenied` without CAP_NET_ADMIN.
    pub fn open(options: Options) -> io::Result<Self> {
        let mut socket = Socket::open()?;
        let mut stale = Vec::new();
        for family in [Family::V4, Family::V6] {
            if socket.has_table(family, &options.table)? {
                stale.push(family);
            }
        }
        Ok(Self {
            socket,
            options,
            stale,
            v4: State::default(),
            v6: State::default(),
        })
    }

    /// Of which families an earlier process left a table behind that hasn't been replaced yet.
    pub fn stale(&self) -> &[Family] {
        &self.stale
    }

    /// Group memberships of a virtual MAC interface are reported through its parent, so that switches learn no path by
    /// the virtual MAC of a backup.
    ///
    /// # Errors
    /// The kernel's; nothing was changed then.
    pub fn redirect_groups(&mut self, family: Family, vmac: u32, parent: u32) -> io::Result<()> {
        let mut state = self.state(family).clone();
        if !state.vmacs.insert((vmac, parent)) {
            return Ok(());
        }
        let mut batch = self.batch(family, &mut state);
        if !state.redirects {
            table::add_redirects(&mut batch, &self.options);
            state.redirects = true;
        }
        table::vmac_elements(&mut batch, &self.options, vmac, parent, true);
        self.commit(batch, state)
    }

    /// No more.
    ///
    /// # Errors
    /// The kernel's; nothing was changed then.
    pub fn redirect_groups_no_more(
        &mut self,
        family: Family,
        vmac: u32,
        parent: u32,
    ) -> io::Result<()> {
        let mut state = self.state(family).clone();
        if !state.vmacs.remove(&(vmac, parent)) {
            return Ok(());
        }
        let mut batch = self.batch(family, &mut state);
        table::vmac_elements(&mut batch, &self.options, vmac, parent, false);
        self.commit(batch, state)
    }

    /// Packets to and from these addresses are dropped; neighbour discovery isn't. Those that are so already stay so.
    ///
    /// # Errors
    /// The kernel's; of the failed family nothing was changed.
    pub fn protect(&mut self, addresses: &[Protected]) -> io::Result<()> {
        for (family, some) in by_family(addresses) {
            let mut state = self.state(family).clone();
            let new: Vec<Protected> = some
                .into_iter()
                .filter(|address| state.addresses.insert(address.clone()))
                .collect();
            if new.is_empty() {
                continue;
            }
            let mut batch = self.batch(family, &mut state);
            if !state.protection {
                table::add_protection(&mut batch, &self.options);
                state.protection = true;
            }
            let link_local = |by_name: bool| {
                let mut all = new.iter();
                all.any(|new| {
                    is_link_local(new.address) && matches!(new.on, On::Name(_)) == by_name
                })
            };
            if link_local(false) && !state.by_index {
                table::add_link_local(&mut batch, &self.options, false);
                state.by_index = true;
            }
            if link_local(true) && !state.by_name {
                table::add_link_local(&mut batch, &self.options, true);
                state.by_name = true;
            }
            table::address_elements(&mut batch, &self.options, &new, true);
            self.commit(batch, state)?;
        }
        Ok(())
    }

    /// They are dropped no more.
    ///
    /// # Errors
    /// The kernel's; of the failed family nothing was changed.
    pub fn unprotect(&mut self, addresses: &[Protected]) -> io::Result<()> {
        for (family, some) in by_family(addresses) {
            let mut state = self.state(family).clone();
            let old: Vec<Protected> = some
                .into_iter()
                .filter(|address| state.addresses.remove(address))
                .collect();
            if old.is_empty() {
                continue;
            }
            let mut batch = self.batch(family, &mut state);
            table::address_elements(&mut batch, &self.options, &old, false);
            self.commit(batch, state)?;
        }
        Ok(())
    }

    /// Deletes the tables, and those of an earlier process.
    ///
    /// # Errors
    /// The kernel's; nothing was changed then.
    pub fn remove(&mut self) -> io::Result<()> {
        let mut batch = Batch::new(Family::V4);
        for family in [Family::V4, Family::V6] {
            if self.stale.contains(&family) || self.state(family).table {
                batch.delete_table(family, &self.options.table);
            }
        }
        if !batch.is_empty() {
            self.socket.carry_out(batch)?;
        }
        self.stale.clear();
        (self.v4, self.v6) = (State::default(), State::default());
        Ok(())
    }

    fn state(&self, family: Family) -> &State {
        match family {
            Family::V4 => &self.v4,
            Family::V6 => &self.v6,
        }
    }

    /// A batch that begins with what is missing: away with old tables, and a new one.
    fn batch(&self, family: Family, state: &mut State) -> Batch {
        let mut batch = Batch::new(family);
        for family in &self.stale {
            batch.delete_table(*family, &self.options.table);
        }
        if !state.table {
            table::add(&mut batch, &self.options);
            state.table = true;
        }
        batch
    }

    fn commit(&mut self, batch: Batch, state: State) -> io::Result<()> {
        let family = batch.family();
        self.socket.carry_out(batch)?;
        self.stale.clear();
        match family {
            Family::V4 => self.v4 = state,
            Family::V6 => self.v6 = state,
        }
        Ok(())
    }
}

fn by_family(addresses: &[Protected]) -> [(Family, Vec<Protected>); 2] {
    [Family::V4, Family::V6].map(|family| {
        let some = addresses
            .iter()
            .filter(|protected| Family::of(protected.address) == family);
        (family, some.cloned().collect())
    })
}

fn is_link_local(address: IpAddr) -> bool {
    matches!(address, IpAddr::V6(address) if Ipv6Addr::is_unicast_link_local(&address))
}

#[cfg(test)]
mod tests;
