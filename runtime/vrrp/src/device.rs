//! Interfaces of an instance's own: the macvlan or ipvlan that it runs on (`use_vmac`, `use_ipvlan`), and macvlans for
//! addresses elsewhere (`use_vmac_addr`, `use_vmac` in an address line).
//!
//! What is wanted follows from the configuration alone; names depend on what the machine has, so drivers find them and tell
//! the engine.

use std::{collections::HashMap, sync::Arc};

use locum_model::{
    keepalived::Configuration,
    vrrp::{Address, Family, Instance},
};

use crate::identity::Name;

/// A device that a configuration wants.
#[derive(Debug, Clone, Copy)]
pub struct Wish<'a> {
    /// For whom.
    pub instance: &'a Instance,
    /// Over which interface.
    pub parent: &'a str,
    /// The MAC is that of this family.
    pub family: Family,
    /// The instance runs on it, else only addresses do.
    pub own: bool,
}

/// What a wish is known by.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    instance: String,
    parent: String,
    family: Family,
}

/// The names of all devices.
#[derive(Debug, Clone, Default)]
pub struct Devices {
    all: HashMap<Key, Device>,
}

#[derive(Debug, Clone)]
struct Device {
    name: Name,
    is_new: bool,
}

/// What a configuration wants: for each instance its own device, then those of its addresses, each once.
pub fn wishes(configuration: &Configuration) -> Vec<Wish<'_>> {
    let mut wishes = Vec::new();
    for instance in &configuration.instances {
        let first = wishes.len();
        if let Some(parent) = base(instance).filter(|_| has_own(instance)) {
            wishes.push(Wish {
                instance,
                parent,
                family: instance.family,
                own: true,
            });
        }
        for line in instance
            .addresses
            .iter()
            .chain(&instance.excluded_addresses)
        {
            let Some((parent, Place::Device)) = place(instance, &line.value) else {
                continue;
            };
            let family = Family::of(line.value.network.ip);
            let is_it = |wish: &Wish<'_>| wish.parent == parent && wish.family == family;
            if !wishes[first..].iter().any(is_it) {
                wishes.push(Wish {
                    instance,
                    parent,
                    family,
                    own: false,
                });
            }
        }
    }
    wishes
}

impl Wish<'_> {
    /// It has the virtual router's MAC; an ipvlan has its parent's.
    pub fn is_macvlan(&self) -> bool {
        !self.own || self.instance.vmac.is_some()
    }

    /// The name that the configuration gives it.
    pub fn given_name(&self) -> Option<&str> {
        match (&self.instance.vmac, &self.instance.ipvlan) {
            _ if !self.own => None,
            (Some(vmac), _) => vmac.name.as_deref(),
            (None, Some(ipvlan)) => ipvlan.name.as_deref(),
            (None, None) => None,
        }
    }
}

impl Devices {
    /// Notes the name of a device, and whether it was made just now.
    pub fn insert(&mut self, wish: &Wish<'_>, name: Name, is_new: bool) {
        let key = Key::of(wish.instance, wish.parent, wish.family);
        self.all.insert(key, Device { name, is_new });
    }

    /// The device that an instance runs on, if it has one of its own. Until a driver has told names, it is the usual one.
    pub fn of_instance(&self, instance: &Instance, prefix: Option<&str>) -> Option<Name> {
        let key = Key::of_own(instance)?;
        let known = self.all.get(&key).map(|device| device.name.clone());
        known.or_else(|| Some(usual_name(instance, prefix)))
    }

    /// Whether an instance runs on a device that was made just now: it has nothing of an earlier process.
    pub fn is_new(&self, instance: &Instance) -> bool {
        let device = Key::of_own(instance).and_then(|key| self.all.get(&key));
        device.is_some_and(|device| device.is_new)
    }

    /// The interface of an address of an instance.
    pub fn of_address<'a>(
        &self,
        instance: &'a Instance,
        line: &'a Address,
        prefix: Option<&str>,
    ) -> Option<Name> {
        let (parent, place) = place(instance, line)?;
        match place {
            Place::Parent => Some(Arc::from(parent)),
            Place::Own => self.of_instance(instance, prefix),
            Place::Device => {
                let key = Key::of(instance, parent, Family::of(line.network.ip));
                self.all.get(&key).map(|device| device.name.clone())
            }
        }
    }

    /// Whether it is the name of one of them.
    pub fn has(&self, name: &str) -> bool {
        self.all.values().any(|device| *device.name == *name)
    }
}

impl Key {
    fn of_own(instance: &Instance) -> Option<Self> {
        let parent = base(instance).filter(|_| has_own(instance))?;
        Some(Self::of(instance, parent, instance.family))
    }

    fn of(instance: &Instance, parent: &str, family: Family) -> Self {
        Self {
            instance: instance.name.value.clone(),
            parent: parent.to_owned(),
            family,
        }
    }
}

/// Where an address goes.
enum Place {
    /// The interface that is named, or the instance's.
    Parent,
    /// The device that the instance runs on.
    Own,
    /// A device of its own on that interface.
    Device,
}

/// An address on the instance's interface goes to the instance's device, also where the line names the interface; one of
/// the other family doesn't, where it would have the wrong MAC (observed).
fn place<'a>(instance: &'a Instance, line: &'a Address) -> Option<(&'a str, Place)> {
    let base = base(instance);
    let parent = line.dev.as_deref().or(base)?;
    let alike = Some(parent) == base && Family::of(line.network.ip) == instance.family;
    let place = if alike && has_own(instance) {
        Place::Own
    } else if line.use_vmac || (instance.use_vmac_addr && !alike) {
        Place::Device
    } else {
        Place::Parent
    };
    Some((parent, place))
}

fn base(instance: &Instance) -> Option<&str> {
    instance.interface.as_ref().map(|name| name.value.as_str())
}

fn has_own(instance: &Instance) -> bool {
    instance.vmac.is_some() || instance.ipvlan.is_some()
}

fn usual_name(instance: &Instance, prefix: Option<&str>) -> Name {
    let given = match (&instance.vmac, &instance.ipvlan) {
        (Some(vmac), _) => vmac.name.as_deref(),
        (None, ipvlan) => ipvlan.as_ref().and_then(|ipvlan| ipvlan.name.as_deref()),
    };
    match given {
        Some(name) => Arc::from(name),
        None => Arc::from(format!("{}.{}", prefix.unwrap_or("vrrp"), instance.vrid)),
    }
}
