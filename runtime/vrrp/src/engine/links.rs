//! Interfaces and their addresses: which are up, which address adverts come from, what vanished.

use std::{
    net::{IpAddr, Ipv6Addr},
    time::{Duration, Instant},
};

use locum_model::{keepalived::UpDownDelay, vrrp::Family};

use super::{Engine, TimerKey, tracking::key};
use crate::{
    device::Devices,
    effect::{Effects, Hears, Socket},
    event::{Event, FaultReason, InstanceEvent, InterfaceChange},
    fsm::State,
    identity::{InstanceId, LineId, Name},
    input::Interface,
    instance::Instance,
    timers::Alarm,
    track::{Kind, Reading},
};

/// An interface.
#[derive(Debug)]
pub(super) struct Link {
    /// As it was told last.
    pub(super) facts: Interface,
    pub(super) name: Name,
    /// As it counts: changes that must last first count late.
    pub(super) up: bool,
    /// Addresses in the order of their coming.
    pub(super) addresses: Vec<IpAddr>,
    /// Runs while a change has to last.
    pub(super) debounce: Alarm,
}

fn is_up(facts: &Interface) -> bool {
    facts.up && facts.running
}

impl Engine {
    /// An interface is like this now: a new one, or one that changed.
    pub fn on_interface(&mut self, now: Instant, facts: Interface, out: &mut Effects) {
        self.retired.clear();
        let index = facts.index;
        let renamed = self
            .links
            .get(&index)
            .is_some_and(|link| *link.name != *facts.name);
        if renamed {
            self.on_interface_gone(now, index, out);
        }
        let Some(link) = self.links.get_mut(&index) else {
            self.interface_appears(now, facts, out);
            return;
        };
        let (before, after) = (link.facts.flags, facts.flags);
        let up = is_up(&facts);
        link.facts = facts;
        if up == link.up {
            link.debounce.stop();
            return;
        }
        let name = link.name.clone();
        let delay = self.delay_of(&name, up);
        if delay.is_zero() {
            self.link_counts_as(now, index, up, out);
            return;
        }
        let change = InterfaceChange::Debounced {
            from: before,
            to: after,
            delay,
        };
        out.tell(Event::Interface {
            interface: name,
            change,
        });
        let Self { links, timers, .. } = self;
        if let Some(link) = links.get_mut(&index)
            && link.debounce.due().is_none()
        {
            timers.set(&mut link.debounce, TimerKey::Link(index), now + delay);
        }
    }

    fn interface_appears(&mut self, now: Instant, facts: Interface, out: &mut Effects) {
        let (index, name, up) = (facts.index, Name::from(facts.name.as_str()), is_up(&facts));
        let link = Link {
            name: name.clone(),
            up: false,
            addresses: Vec::new(),
            debounce: Alarm::default(),
            facts,
        };
        self.links.insert(index, link);
        if !self.started {
            if let Some(link) = self.links.get_mut(&index) {
                link.up = up;
            }
            return;
        }
        if !self.devices.has(&name) {
            out.tell(Event::Interface {
                interface: name.clone(),
                change: InterfaceChange::Added,
            });
        }
        for id in self.order.clone() {
            self.bind(now, id, out);
        }
        if up {
            self.link_counts_as(now, index, true, out);
        }
    }

    /// An interface is gone.
    pub fn on_interface_gone(&mut self, now: Instant, index: u32, out: &mut Effects) {
        self.retired.clear();
        self.link_counts_as(now, index, false, out);
        let Some(link) = self.links.remove(&index) else {
            return;
        };
        if !self.started {
            return;
        }
        if let Some(&address) = link.addresses.first()
            && self.order.iter().any(|&id| self.sends_from(id) == index)
        {
            out.tell(Event::AddressDeassigned {
                interface: link.name.clone(),
                address,
            });
        }
        let used = self.is_used(index, &link.name);
        out.tell(Event::Interface {
            interface: link.name,
            change: InterfaceChange::Removed { used },
        });
        for id in self.order.clone() {
            self.bind(now, id, out);
        }
    }

    /// A change of an interface has lasted long enough.
    pub(super) fn debounced(&mut self, now: Instant, index: u32, out: &mut Effects) {
        if let Some(up) = self.links.get(&index).map(|link| is_up(&link.facts)) {
            self.link_counts_as(now, index, up, out);
        }
    }

    /// How long a change must last, always less than a master may be silent.
    fn delay_of(&self, name: &str, up: bool) -> Duration {
        let Some(delays) = self.delays_of(name) else {
            return Duration::ZERO;
        };
        let delay = if up { delays.up } else { delays.down };
        let watches = self
            .trackers
            .get(&key(Kind::Interface, name))
            .map(|tracker| tracker.watches.as_slice());
        let watchers = watches
            .unwrap_or_default()
            .iter()
            .filter_map(|watch| self.instance(watch.instance));
        watchers
            .map(longest_delay)
            .min()
            .map_or(delay, |longest| delay.min(longest))
    }

    fn delays_of(&self, name: &str) -> Option<&UpDownDelay> {
        self.configuration
            .up_down_delays
            .iter()
            .find(|delay| delay.interface.value == *name)
    }

    /// Tells when the delays of an instance's interface are longer than they may be.
    pub(super) fn tell_long_delays(&self, id: InstanceId, out: &mut Effects) {
        let Some(instance) = self.instance(id) else {
            return;
        };
        let Some(name) = &instance.config.interface else {
            return;
        };
        let least = instance.config.advert_int * 2;
        if self
            .delays_of(&name.value)
            .is_some_and(|delays| delays.up >= least || delays.down >= least)
        {
            let interface = Name::from(name.value.as_str());
            self.tell(id, InstanceEvent::DelaysShortened { interface }, out);
        }
    }

    fn link_counts_as(&mut self, now: Instant, index: u32, up: bool, out: &mut Effects) {
        let Some(link) = self.links.get_mut(&index) else {
            return;
        };
        link.debounce.stop();
        if link.up == up {
            return;
        }
        link.up = up;
        let name = link.name.clone();
        if self.is_used(index, &name) {
            let change = if up {
                InterfaceChange::Up
            } else {
                InterfaceChange::Down
            };
            out.tell(Event::Interface {
                interface: name.clone(),
                change,
            });
        }
        let key = key(Kind::Interface, &name);
        if self.trackers.contains_key(&key) {
            self.read(now, key, Reading::Binary(up), out);
        }
    }

    /// Whether an instance sends from an interface, or somebody tracks it.
    fn is_used(&self, index: u32, name: &Name) -> bool {
        self.trackers.contains_key(&key(Kind::Interface, name))
            || self.order.iter().any(|&id| self.sends_from(id) == index)
    }

    /// An address came to an interface, or went. Changes that our own commands asked for are not told, but what the kernel
    /// took along with them is.
    pub fn on_address(
        &mut self,
        now: Instant,
        interface: u32,
        address: IpAddr,
        present: bool,
        out: &mut Effects,
    ) {
        self.retired.clear();
        if let Some(line) = self.owner_of(interface, address) {
            if !present {
                self.address_vanished(now, line, interface, address, out);
            }
            return;
        }
        let family = match address {
            IpAddr::V4(_) => Family::Inet,
            IpAddr::V6(_) => Family::Inet6,
        };
        let before = self.first_address(interface, family);
        let Some(link) = self.links.get_mut(&interface) else {
            return;
        };
        match link.addresses.iter().position(|&other| other == address) {
            Some(_) if present => return,
            None if !present => return,
            Some(at) => drop(link.addresses.remove(at)),
            None => link.addresses.push(address),
        }
        if !self.started {
            return;
        }
        self.tell_assignment(
            interface,
            before,
            self.first_address(interface, family),
            out,
        );
        for id in self.order.clone() {
            let own = self
                .instance(id)
                .and_then(|instance| instance.config.source);
            if self.sends_from(id) == interface || own == Some(address) {
                self.choose_source(now, id, out);
            }
        }
    }

    fn address_vanished(
        &mut self,
        now: Instant,
        line: LineId,
        interface: u32,
        address: IpAddr,
        out: &mut Effects,
    ) {
        if self.is_untracked(line) {
            return;
        }
        out.tell(Event::AddressRemoved {
            interface: self.name_of(interface),
            address,
        });
        self.on_line_removed(now, line, out);
    }

    /// A route or a rule of ours vanished, and it wasn't us.
    pub fn on_line_removed(&mut self, now: Instant, line: LineId, out: &mut Effects) {
        self.retired.clear();
        let Some(id) = line.instance.filter(|_| !self.is_untracked(line)) else {
            return;
        };
        if self
            .instance(id)
            .is_some_and(|instance| instance.state == State::Master && instance.lines_set)
        {
            self.lost_a_line(now, id, out);
        }
    }

    /// Tells which macvlans and ipvlans instances use: before a start or a reload, and before an interface that is one of
    /// them is told of.
    pub fn set_devices(&mut self, devices: Devices) {
        self.devices = devices;
    }

    /// The macvlan or ipvlan that an instance runs on, if it has one.
    pub fn device_of(&self, config: &locum_model::vrrp::Instance) -> Option<Name> {
        let prefix = self.configuration.global.vmac_prefix.as_deref();
        self.devices.of_instance(config, prefix)
    }

    pub(super) fn index_of(&self, name: &str) -> u32 {
        self.links
            .values()
            .find(|link| *link.name == *name)
            .map_or(0, |link| link.facts.index)
    }

    pub(super) fn is_up(&self, name: &str) -> bool {
        self.links
            .values()
            .find(|link| *link.name == *name)
            .is_some_and(|link| link.up)
    }

    /// Finds the interfaces of an instance, its lines, its sockets and its source anew, if anything of them changed.
    pub(super) fn bind(&mut self, now: Instant, id: InstanceId, out: &mut Effects) {
        self.locate(id);
        self.choose_source(now, id, out);
        self.open(id, out);
        self.has_sockets(now, id, out);
    }

    /// Finds the interfaces of an instance and its lines.
    pub(super) fn locate(&mut self, id: InstanceId) {
        let Some(config) = self.instance(id).map(|instance| instance.config.clone()) else {
            return;
        };
        let base = config
            .interface
            .as_ref()
            .map_or(0, |name| self.index_of(&name.value));
        let own = match self.device_of(&config) {
            Some(name) => self.index_of(&name),
            None => base,
        };
        if let Some(instance) = self.get(id) {
            instance.interface = own;
            instance.sends_by = if config.vmac_xmit_base { base } else { own };
        }
        let lines = self.place_lines(id);
        if let Some(instance) = self.get(id) {
            instance.lines = lines;
        }
    }

    /// Opens the sockets of an instance whose interface exists.
    pub(super) fn open(&mut self, id: InstanceId, out: &mut Effects) {
        let wanted = self.instance(id).and_then(wanted_socket);
        self.attach(id, wanted, out);
    }

    /// The interface whose addresses adverts may come from: that below a vmac, which has none of its own.
    pub(super) fn sends_from(&self, id: InstanceId) -> u32 {
        let Some(instance) = self.instance(id) else {
            return 0;
        };
        if instance.config.vmac.is_none() {
            return instance.sends_by;
        }
        match self
            .links
            .get(&instance.sends_by)
            .and_then(|link| link.facts.base)
        {
            Some(base) => base,
            None => instance.sends_by,
        }
    }

    /// The configured address, else the first of the interface that isn't a virtual one; without one it is in fault.
    pub(super) fn choose_source(&mut self, now: Instant, id: InstanceId, out: &mut Effects) {
        let from = self.sends_from(id);
        let Some(instance) = self.instance(id) else {
            return;
        };
        let family = instance.config.family;
        let own = match family {
            Family::Inet6 if instance.sends_by != from => {
                self.first_address(instance.sends_by, family)
            }
            _ => None,
        };
        let first = own.or_else(|| self.first_address(from, family));
        let source = instance.config.source.or(first);
        let gone = instance.config.track_src_ip
            && instance
                .config
                .source
                .is_some_and(|own| !self.is_anywhere(own));
        let (was, is) = (instance.sourceless, source.is_none() || gone);
        if let Some(instance) = self.get(id) {
            // The last packet of one that lost its address still tells it.
            if source.is_some() {
                instance.set_source(source);
            }
            instance.sourceless = is;
        }
        if was == is {
            return;
        }
        if is {
            if gone && self.started {
                let reason = FaultReason::SourceMissing;
                self.tell(id, InstanceEvent::FaultReason(reason), out);
            }
            self.fault_begins(now, id, out);
        } else {
            self.fault_ends(now, id, out);
        }
    }

    /// Tells that the first address of an interface is another one, if an instance uses or tracks the interface.
    fn tell_assignment(
        &self,
        interface: u32,
        before: Option<IpAddr>,
        after: Option<IpAddr>,
        out: &mut Effects,
    ) {
        let name = self.name_of(interface);
        if before == after || !self.is_used(interface, &name) {
            return;
        }
        if let Some(address) = before {
            out.tell(Event::AddressDeassigned {
                interface: name.clone(),
                address,
            });
        }
        if let Some(address) = after {
            out.tell(Event::AddressAssigned {
                interface: name,
                address,
            });
        }
    }

    /// The address that adverts may come from: no virtual one.
    fn is_anywhere(&self, address: IpAddr) -> bool {
        self.links
            .values()
            .any(|link| link.addresses.contains(&address))
    }

    pub(super) fn first_address(&self, interface: u32, family: Family) -> Option<IpAddr> {
        self.sources(interface, family)
            .find(|ip| !self.is_virtual(interface, *ip))
    }

    /// The first one, virtual or not.
    pub(super) fn first_of_all(&self, interface: u32, family: Family) -> Option<IpAddr> {
        self.sources(interface, family).next()
    }

    fn sources(&self, interface: u32, family: Family) -> impl Iterator<Item = IpAddr> {
        let fits = move |address: &IpAddr| match address {
            IpAddr::V4(_) => family == Family::Inet,
            // Adverts come from link-local addresses (RFC 5798 §5.1.2.1).
            IpAddr::V6(v6) => family == Family::Inet6 && is_link_local(*v6),
        };
        let link = self.links.get(&interface).into_iter();
        link.flat_map(|link| link.addresses.iter().copied())
            .filter(fits)
    }

    /// Whether it is one of the addresses that instances put there, now or later.
    pub fn is_virtual(&self, interface: u32, address: IpAddr) -> bool {
        if self.owners.contains_key(&(interface, address)) {
            return true;
        }
        self.instances().any(|instance| {
            let lines = &instance.lines;
            let mut all = lines.addresses.iter().chain(lines.excluded.iter());
            all.any(|line| line.interface == interface && line.value.value.ip() == address)
        })
    }
}

/// A little less than two intervals.
fn longest_delay(instance: &Instance) -> Duration {
    let interval = instance.config.advert_int;
    interval * 2 - interval / 256
}

fn is_link_local(address: Ipv6Addr) -> bool {
    address.segments()[0] & 0xffc0 == 0xfe80
}

/// The sockets an instance uses; `None` while its interface doesn't exist.
fn wanted_socket(instance: &Instance) -> Option<Socket> {
    let config = &instance.config;
    if instance.sends_by == 0 && config.interface.is_some() {
        return None;
    }
    let ah = matches!(
        instance.expected.authentication,
        crate::accept::Secret::Ah(_)
    );
    Some(Socket {
        family: config.family,
        protocol: Engine::protocol_of(ah),
        interface: instance.sends_by,
        hears: if instance.unicast() {
            Hears::Own(instance.source)
        } else {
            Hears::Group(config.multicast)
        },
    })
}
