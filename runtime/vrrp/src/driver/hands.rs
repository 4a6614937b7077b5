//! Carries effects out: what the engine wants becomes packets, netlink requests and calls of the face.

use std::{io, net::IpAddr, sync::Arc};

use locum_kernel::netlink::{Address as KernelAddress, Groups, Netlink, Request, Route, Rule};
use locum_model::keepalived::Configuration;

use super::{
    announce::Announcer,
    buffer,
    face::{Face, Trouble},
    firewall::Firewalls,
    lines,
    links::{Links, News},
    poll::PollSet,
    settings::HostSettings,
    sockets::Sockets,
    statics::Lost,
    virtual_links::VirtualLinks,
};
use crate::{
    device::{self, Devices},
    effect::{Effect, Line, Lines},
    engine::Engine,
    identity::{InstanceId, LineId, SocketId},
    input::Opening,
};

/// The sockets and netlink.
#[derive(Debug)]
pub(super) struct Hands {
    netlink: Netlink,
    pub(super) links: Links,
    sockets: Sockets,
    announcer: Announcer,
    requests: Vec<Request>,
    virtual_links: VirtualLinks,
    firewalls: Firewalls,
    settings: HostSettings,
    /// Routes and rules of instances that are in the kernel.
    set_routes: Vec<(LineId, Route)>,
    set_rules: Vec<(LineId, Rule)>,
    /// Addresses that we have removed and netlink hasn't told of yet.
    removed: Vec<(u32, IpAddr)>,
    /// Sockets that stand and haven't been told of.
    opened: Vec<Trouble>,
    /// What became of sockets since the engine was told.
    openings: Vec<(SocketId, Opening)>,
}

impl Hands {
    pub(super) fn open(configuration: &Configuration) -> io::Result<Self> {
        let global = &configuration.global;
        // Listening begins before the first dump: nothing in between is missed.
        let links = Links::open()?;
        buffer::of_netlink(global.vrrp_netlink_monitor_rcv_bufs, |bytes, force| {
            links.monitor().set_receive_buffer(bytes, force)
        })?;
        let netlink = Netlink::open()?;
        buffer::of_netlink(global.vrrp_netlink_cmd_rcv_bufs, |bytes, force| {
            netlink.set_receive_buffer(bytes, force)
        })?;
        Ok(Self {
            links,
            netlink,
            sockets: Sockets::new(),
            announcer: Announcer::default(),
            requests: Vec::new(),
            removed: Vec::new(),
            opened: Vec::new(),
            openings: Vec::new(),
            set_routes: Vec::new(),
            set_rules: Vec::new(),
            virtual_links: VirtualLinks::default(),
            firewalls: Firewalls::default(),
            settings: HostSettings::default(),
        })
    }

    /// Makes what a configuration needs before its instances start; the names of the devices.
    pub(super) fn prepare(
        &mut self,
        configuration: &Configuration,
        face: &mut impl Face,
    ) -> io::Result<Devices> {
        self.firewalls.configure(&configuration.global.firewall);
        self.links.hear_of_lines(heard_lines(configuration))?;
        let Self {
            netlink, firewalls, ..
        } = self;
        self.virtual_links
            .make(configuration, None, netlink, firewalls, face)
    }

    /// Makes the devices that are wanted over an interface which has come; `None`: there is nothing to be made.
    pub(super) fn make_devices_over(
        &mut self,
        interface: u32,
        configuration: &Configuration,
        face: &mut impl Face,
    ) -> Option<Devices> {
        let name = self.links.get(interface)?.name.clone();
        let wishes = device::wishes(configuration);
        let mut wishes = wishes.iter().filter(|wish| *wish.parent == *name);
        if self.virtual_links.stand_on(interface) || wishes.next().is_none() {
            return None;
        }
        let Self {
            netlink, firewalls, ..
        } = self;
        let made = self
            .virtual_links
            .make(configuration, Some(&name), netlink, firewalls, face);
        for instance in &configuration.instances {
            self.virtual_links.tell_of(&instance.name.value, face);
        }
        made.inspect_err(|error| {
            let error = io::Error::from(error.kind());
            face.trouble(&Trouble::Netlink(error));
        })
        .ok()
    }

    /// An interface is gone, maybe one of our devices.
    pub(super) fn forget_device(&mut self, interface: u32, face: &mut impl Face) {
        self.virtual_links
            .forget(interface, &mut self.firewalls, face);
    }

    /// What became of sockets since this was called last.
    pub(super) fn openings(&mut self) -> Vec<(SocketId, Opening)> {
        std::mem::take(&mut self.openings)
    }

    /// Tells which sockets stand: after a start or a reload, as the reference does.
    pub(super) fn tell_opened(&mut self, face: &mut impl Face) {
        for opened in self.opened.drain(..) {
            face.trouble(&opened);
        }
    }

    /// Tells of all sockets after a reload: the reference opens them anew, ours stay.
    pub(super) fn tell_all_sockets(&mut self, face: &mut impl Face) {
        self.opened.clear();
        for socket in self.sockets.all() {
            face.trouble(&socket);
        }
    }

    /// Takes away what a configuration that was reloaded doesn't need any more.
    pub(super) fn clear_away(&mut self, face: &mut impl Face) {
        self.virtual_links
            .clear_away(None, &mut self.netlink, &mut self.firewalls, face);
    }

    /// Takes back everything at the end.
    pub(super) fn finish(&mut self, face: &mut impl Face) {
        self.settings.restore(&mut self.netlink);
        self.virtual_links
            .finish(&mut self.netlink, &mut self.firewalls, face);
        if let Err(error) = self.firewalls.remove() {
            face.trouble(&Trouble::Firewall(error));
        }
        self.firewalls.tell_replaced(face);
    }

    /// What instances ask of the network stack (see [`HostSettings`]).
    pub(super) fn set_up_host(&mut self, configuration: &Configuration, face: &mut impl Face) {
        self.settings
            .promote_secondaries(configuration, &self.links, &mut self.netlink, face);
        self.settings.local_igmp(configuration, face);
    }

    /// Sockets that stayed over a reload get the buffers that hold now.
    pub(super) fn size_buffers(&mut self, engine: &Engine) {
        for id in self.sockets.ids() {
            let bytes = buffer::adverts(engine, &self.links, id);
            if bytes != 0 {
                self.sockets.set_receive_buffer(id, bytes as usize);
            }
        }
    }

    /// The descriptors of sockets that are open.
    pub(super) fn descriptors(&self, id: SocketId) -> Option<(i32, i32)> {
        self.sockets.descriptors(id)
    }

    /// Sets lines again that somebody took away.
    pub(super) fn restore(&mut self, lost: Lost, engine: &Engine, face: &mut impl Face) {
        for line in &lost.addresses {
            face.trouble(&Trouble::AddressRestored {
                address: Box::new(line.value.value.clone()),
                interface: self.links.name(line.interface),
            });
        }
        if !lost.addresses.is_empty() {
            self.addresses(&lost.addresses.into(), true, face);
        }
        for line in &lost.routes {
            let route = Box::new(line.value.value.clone());
            face.trouble(&Trouble::RouteRestored(route));
        }
        if !lost.routes.is_empty() {
            self.routes(&lost.routes.into(), true, engine, face);
        }
        for line in &lost.rules {
            let rule = Box::new(line.value.value.clone());
            face.trouble(&Trouble::RuleRestored(rule));
        }
        if !lost.rules.is_empty() {
            self.rules(&lost.rules.into(), true, engine, face);
        }
    }

    /// Whether we have made an interface.
    pub(super) fn is_ours(&self, index: u32) -> bool {
        self.virtual_links.has(index)
    }

    /// Whether an address that is gone was removed by us, which counts once.
    pub(super) fn we_removed(&mut self, address: &KernelAddress) -> bool {
        let is_it = |(interface, ip): &(u32, IpAddr)| {
            *interface == address.interface && *ip == address.local
        };
        match self.removed.iter().position(is_it) {
            Some(at) => {
                self.removed.swap_remove(at);
                true
            }
            None => false,
        }
    }

    /// The line of a route that is gone though it should be there.
    pub(super) fn line_of_route(&mut self, gone: &Route) -> Option<LineId> {
        take(&mut self.set_routes, |own| lines::is_same_route(own, gone))
    }

    /// The line of a rule that is gone though it should be there.
    pub(super) fn line_of_rule(&mut self, gone: &Rule) -> Option<LineId> {
        take(&mut self.set_rules, |own| own == gone)
    }

    pub(super) fn read_links_again(&mut self) -> io::Result<Vec<News>> {
        self.links.read_again(&mut self.netlink)
    }

    pub(super) fn sockets(&mut self) -> &mut Sockets {
        &mut self.sockets
    }

    /// Carries out one effect.
    pub(super) fn carry_out(
        &mut self,
        effect: Effect,
        engine: &mut Engine,
        poll: &PollSet,
        face: &mut impl Face,
    ) {
        match effect {
            Effect::Tell(event) => face.tell(&event),
            Effect::Notify(notice) => face.notify(&notice),
            Effect::SendAdvert { instance, priority } => {
                self.send_advert(instance, priority, engine, face);
            }
            Effect::OpenSocket(id) => self.open_socket(id, engine, poll, face),
            Effect::CloseSocket(id) => self.sockets.close(id),
            Effect::AddAddresses(lines) => self.addresses(&lines, true, face),
            Effect::RemoveAddresses(lines) => self.addresses(&lines, false, face),
            Effect::AddRoutes(lines) => self.routes(&lines, true, engine, face),
            Effect::RemoveRoutes(lines) => self.routes(&lines, false, engine, face),
            Effect::AddRules(lines) => self.rules(&lines, true, engine, face),
            Effect::RemoveRules(lines) => self.rules(&lines, false, engine, face),
            Effect::Announce { interface, address } => self.announce(interface, address, face),
            Effect::Firewall {
                instance,
                drop,
                lines,
            } => {
                let config = engine.instance(instance).map(|instance| &*instance.config);
                let name = |index| self.links.name(index).to_string();
                if let Err(error) = self.firewalls.protect(config, &lines, name, drop) {
                    face.trouble(&Trouble::Firewall(error));
                }
                self.firewalls.tell_replaced(face);
            }
            Effect::TellDevices(id) => {
                if let Some(instance) = engine.instance(id) {
                    self.virtual_links.tell_of(&instance.name, face);
                }
            }
            Effect::RemoveDevices(id) => {
                if let Some(instance) = engine.instance(id) {
                    self.virtual_links.clear_away(
                        Some(&instance.name),
                        &mut self.netlink,
                        &mut self.firewalls,
                        face,
                    );
                }
            }
        }
    }

    fn open_socket(&mut self, id: SocketId, engine: &Engine, poll: &PollSet, face: &mut impl Face) {
        let Some(socket) = engine.socket(id) else {
            return;
        };
        let device = self
            .links
            .get(socket.interface)
            .map(|known| known.name.clone());
        let buffer = buffer::adverts(engine, &self.links, id) as usize;
        let buffer = (buffer != 0).then_some(buffer);
        match self
            .sockets
            .open(id, socket, device.as_deref(), buffer, poll)
        {
            Ok(opened) => {
                self.opened.push(opened);
                self.openings.push((id, Opening::Done));
            }
            Err(error) => {
                let opening = match error.kind() {
                    std::io::ErrorKind::AddrNotAvailable => Opening::SourceMissing,
                    _ => Opening::Refused,
                };
                self.openings.push((id, opening));
                // Those that are tried again are told once.
                if engine.users(id).any(|instance| !instance.mute) {
                    face.trouble(&Trouble::Socket {
                        interface: self.links.name(socket.interface),
                        hears: socket.hears,
                        error,
                    });
                }
            }
        }
    }

    fn send_advert(
        &mut self,
        id: InstanceId,
        priority: u8,
        engine: &mut Engine,
        face: &mut impl Face,
    ) {
        let mut failure = None;
        engine.adverts(id, priority, |socket, packet| {
            let Some(socket) = socket else {
                return;
            };
            if let Err(error) = self.sockets.send(socket, &packet) {
                failure = Some(error);
            }
        });
        // A good-bye that can't leave, since the interface is down, isn't worth a word.
        if let (Some(error), Some(instance)) =
            (failure.filter(|_| priority != 0), engine.instance(id))
        {
            face.trouble(&Trouble::Send {
                instance: instance.name.clone(),
                error,
            });
        }
    }

    fn addresses(
        &mut self,
        lines: &Lines<locum_model::vrrp::Address>,
        adding: bool,
        face: &mut impl Face,
    ) {
        let on_links = lines.iter().filter(|line| line.interface != 0);
        self.requests.clear();
        self.requests.extend(on_links.clone().map(|line| {
            let address = lines::address(line);
            if adding {
                address.add()
            } else {
                address.delete()
            }
        }));
        let benign = if adding {
            io::ErrorKind::AlreadyExists
        } else {
            io::ErrorKind::AddrNotAvailable
        };
        let failures = self.ask(on_links.clone(), face);
        if !adding {
            let ok =
                on_links.filter(|line| !failures.iter().any(|(failed, _)| failed.id == line.id));
            self.removed
                .extend(ok.map(|line| (line.interface, line.value.value.network.ip)));
        }
        for (line, error) in failures {
            // What is gone with its interface needn't be removed.
            let is_away = !adding && error.raw_os_error() == Some(nix::libc::ENODEV);
            if error.kind() != benign && !is_away {
                face.trouble(&Trouble::Address {
                    address: line.value.value.network.ip,
                    interface: self.links.name(line.interface),
                    adding,
                    error,
                });
            }
        }
    }

    fn routes(
        &mut self,
        lines: &Lines<locum_model::vrrp::Route>,
        adding: bool,
        engine: &Engine,
        face: &mut impl Face,
    ) {
        self.requests.clear();
        // One whose interface is missing would find another one.
        let has_interface = |line: &&Line<locum_model::vrrp::Route>| {
            line.interface != 0 || line.value.value.dev.is_none()
        };
        for line in lines.iter().filter(has_interface) {
            let route = lines::route(line, |name| self.links.index_of(name));
            self.requests
                .push(if adding { route.add() } else { route.delete() });
            self.set_routes.retain(|(id, _)| *id != line.id);
            if adding && line.id.instance.is_some() {
                self.set_routes.push((line.id, route));
            }
        }
        let lines = lines.iter().filter(has_interface);
        self.tell_failures(lines.clone(), true, adding, engine, face);
        if adding {
            let own = lines.filter(|line| line.id.instance.is_some());
            for _ in own.filter(|line| line.value.value.dev.is_none()) {
                face.trouble(&Trouble::RouteWithoutInterface);
            }
        }
    }

    fn rules(
        &mut self,
        lines: &Lines<locum_model::vrrp::Rule>,
        adding: bool,
        engine: &Engine,
        face: &mut impl Face,
    ) {
        self.requests.clear();
        for line in lines.iter() {
            let rule = lines::rule(line);
            self.requests
                .push(if adding { rule.add() } else { rule.delete() });
            self.set_rules.retain(|(id, _)| *id != line.id);
            if adding && line.id.instance.is_some() {
                self.set_rules.push((line.id, rule));
            }
        }
        self.tell_failures(lines.iter(), false, adding, engine, face);
    }

    fn tell_failures<'a, T: 'a>(
        &mut self,
        lines: impl Iterator<Item = &'a Line<T>>,
        route: bool,
        adding: bool,
        engine: &Engine,
        face: &mut impl Face,
    ) {
        for (line, error) in self.ask(lines, face) {
            // Taking back what isn't there is what happens at every start.
            if adding && error.kind() != io::ErrorKind::AlreadyExists {
                let instance = line.id.instance.and_then(|id| engine.instance(id));
                face.trouble(&Trouble::Line {
                    route,
                    adding,
                    instance: instance.map(|instance| instance.name.clone()),
                    error,
                });
            }
        }
    }

    /// Sends the prepared requests, one for each line, and gives the lines that failed.
    fn ask<'a, T: 'a>(
        &mut self,
        lines: impl Iterator<Item = &'a Line<T>>,
        face: &mut impl Face,
    ) -> Vec<(&'a Line<T>, io::Error)> {
        if self.requests.is_empty() {
            return Vec::new();
        }
        match self.netlink.carry_out(&self.requests) {
            Ok(outcomes) => lines
                .zip(outcomes)
                .filter_map(|(line, outcome)| Some((line, outcome.err()?)))
                .collect(),
            Err(error) => {
                face.trouble(&Trouble::Netlink(error));
                Vec::new()
            }
        }
    }

    fn announce(&mut self, interface: u32, address: IpAddr, face: &mut impl Face) {
        let Some(known) = self.links.get(interface) else {
            return;
        };
        let Some(mac) = known.link.mac else {
            return;
        };
        if known.link.no_arp && address.is_ipv4() {
            return;
        }
        let router = address.is_ipv6() && forwards_ipv6(&known.name);
        if let Err(error) = self.announcer.announce(interface, mac, address, router) {
            face.trouble(&Trouble::Announce {
                interface: Arc::clone(&known.name),
                address,
                error,
            });
        }
    }
}

/// What there is to be heard of routes and rules: static ones count when a `track_group` watches one of their kind.
fn heard_lines(configuration: &Configuration) -> Groups {
    let instances = || configuration.instances.iter();
    let has_routes = instances().flat_map(|one| &one.routes);
    let has_routes = has_routes.map(|line| line.value.no_track).any(|no| !no);
    let has_rules = instances().flat_map(|one| &one.rules);
    let has_rules = has_rules.map(|line| line.value.no_track).any(|no| !no);
    let mut routes = configuration.static_routes.iter();
    let mut rules = configuration.static_rules.iter();
    let mut heard = Groups::NONE;
    if has_routes || routes.any(|line| line.value.track_group.is_some()) {
        heard = heard | Groups::ROUTES;
    }
    if has_rules || rules.any(|line| line.value.track_group.is_some()) {
        heard = heard | Groups::RULES;
    }
    heard
}

fn take<T>(set: &mut Vec<(LineId, T)>, is_it: impl Fn(&T) -> bool) -> Option<LineId> {
    let at = set.iter().position(|(_, own)| is_it(own))?;
    Some(set.swap_remove(at).0)
}

/// The router flag of an advertisement is the interface's own (RFC 4861 §4.4).
fn forwards_ipv6(interface: &str) -> bool {
    let path = format!("/proc/sys/net/ipv6/conf/{interface}/forwarding");
    std::fs::read(path).is_ok_and(|value| value.first() != Some(&b'0'))
}
