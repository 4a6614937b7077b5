//! What netlink tells of interfaces and addresses, as the engine wants to hear it.

use std::{collections::BTreeMap, io, sync::Arc};

use locum_kernel::netlink::{Address, Event, Groups, Link, Monitor, Netlink, Route, Rule};

use crate::{identity::Name, input::Interface};

/// What the kernel has told so far.
#[derive(Debug)]
pub(super) struct Links {
    monitor: Monitor,
    known: BTreeMap<u32, Known>,
    waiting: Vec<Event>,
    heard_lines: Groups,
}

/// An interface, with what only the driver needs.
#[derive(Debug)]
pub(super) struct Known {
    /// Its name.
    pub(super) name: Name,
    /// As the kernel told it last.
    pub(super) link: Link,
    /// Its addresses.
    pub(super) addresses: Vec<Address>,
}

/// A piece of news for the engine.
#[derive(Debug)]
pub(super) enum News {
    /// An interface is there, or changed.
    Interface(Interface),
    /// It is gone.
    InterfaceGone(u32),
    /// It has an address.
    Address(Address),
    /// It has it no more.
    AddressGone(Address),
    /// A route is gone.
    RouteGone(Box<Route>),
    /// A rule is gone.
    RuleGone(Box<Rule>),
    /// News were lost: ask [`Links::read_again`].
    Overrun,
}

/// How often old news are read at most: a kernel that never falls silent must not hold us.
const MOST_BATCHES: usize = 4096;

/// Room for the news of a second of a busy machine.
const RECEIVE_BUFFER: usize = 1 << 20;

impl Links {
    /// Starts to listen; nothing is known yet.
    pub(super) fn open() -> io::Result<Self> {
        Ok(Self {
            monitor: Monitor::open(Groups::LINKS | Groups::ADDRESSES, RECEIVE_BUFFER)?,
            known: BTreeMap::new(),
            waiting: Vec::new(),
            heard_lines: Groups::NONE,
        })
    }

    /// Routes and rules change often on a router: they are heard of only while some of ours might vanish.
    pub(super) fn hear_of_lines(&mut self, wanted: Groups) -> io::Result<()> {
        let before = std::mem::replace(&mut self.heard_lines, wanted);
        self.monitor.watch(wanted - before)?;
        self.monitor.ignore(before - wanted)
    }

    pub(super) fn monitor(&self) -> &Monitor {
        &self.monitor
    }

    /// An interface by its number.
    pub(super) fn get(&self, index: u32) -> Option<&Known> {
        self.known.get(&index)
    }

    /// All of them, by their numbers.
    pub(super) fn all(&self) -> impl Iterator<Item = (u32, &Known)> {
        self.known.iter().map(|(index, known)| (*index, known))
    }

    /// An interface by its name.
    pub(super) fn index_of(&self, name: &str) -> Option<u32> {
        let mut known = self.known.iter();
        known
            .find(|(_, known)| &*known.name == name)
            .map(|(index, _)| *index)
    }

    /// Its name, or its number in place of one.
    pub(super) fn name(&self, index: u32) -> Name {
        self.get(index)
            .map_or_else(|| Arc::from(index.to_string()), |known| known.name.clone())
    }

    /// Reads everything; the news are the differences to what was known.
    pub(super) fn read_again(&mut self, netlink: &mut Netlink) -> io::Result<Vec<News>> {
        self.forget_what_waits()?;
        let links = netlink.links()?;
        let addresses = netlink.addresses()?;
        let mut news = Vec::new();
        let gone: Vec<u32> = self
            .known
            .keys()
            .copied()
            .filter(|index| !links.iter().any(|link| link.index == *index))
            .collect();
        for index in gone {
            self.known.remove(&index);
            news.push(News::InterfaceGone(index));
        }
        for link in links {
            news.push(self.learn(link));
        }
        for (index, known) in &mut self.known {
            known.addresses.retain(|old| {
                let stays = addresses
                    .iter()
                    .any(|new| new.interface == *index && same(new, old));
                if !stays {
                    news.push(News::AddressGone(old.clone()));
                }
                stays
            });
        }
        for address in addresses {
            news.extend(self.learn_address(address));
        }
        Ok(news)
    }

    /// News of links and addresses that wait are older than the dump that follows: heard after it, they would look like
    /// changes back, as of a device that we have just made and set up. Nothing else is dumped, so the others stay.
    fn forget_what_waits(&mut self) -> io::Result<()> {
        let mut old = std::mem::take(&mut self.waiting);
        old.reverse();
        for _ in 0..MOST_BATCHES {
            match self.monitor.receive(&mut old) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        old.retain(|event| matches!(event, Event::RouteGone(_) | Event::RuleGone(_)));
        old.reverse();
        self.waiting = old;
        Ok(())
    }

    /// What has been told since; `None`: nothing waits.
    pub(super) fn next(&mut self) -> io::Result<Option<News>> {
        loop {
            if self.waiting.is_empty() {
                match self.monitor.receive(&mut self.waiting) {
                    Ok(()) => self.waiting.reverse(),
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
                    Err(error) => return Err(error),
                }
            }
            let news = match self.waiting.pop() {
                None => None,
                Some(Event::Link(link)) => Some(self.learn(link)),
                Some(Event::LinkGone(link)) => self
                    .known
                    .remove(&link.index)
                    .map(|_| News::InterfaceGone(link.index)),
                Some(Event::Address(address)) => self.learn_address(address),
                Some(Event::AddressGone(address)) => self.forget_address(address),
                Some(Event::RouteGone(route)) => Some(News::RouteGone(route)),
                Some(Event::RuleGone(rule)) => Some(News::RuleGone(rule)),
                Some(Event::Overrun) => {
                    self.waiting.clear();
                    Some(News::Overrun)
                }
                Some(_) => None,
            };
            if news.is_some() {
                return Ok(news);
            }
        }
    }

    fn learn(&mut self, link: Link) -> News {
        match self.known.get_mut(&link.index) {
            Some(known) => {
                if *known.name != *link.name {
                    known.name = Arc::from(link.name.as_str());
                }
                known.link = link.clone();
            }
            None => {
                let known = Known {
                    name: Arc::from(link.name.as_str()),
                    link: link.clone(),
                    addresses: Vec::new(),
                };
                self.known.insert(link.index, known);
            }
        }
        // A VLAN stands on another interface too, but is a link of its own to VRRP.
        let stands_on = matches!(link.kind.as_deref(), Some("macvlan" | "ipvlan"));
        News::Interface(Interface {
            index: link.index,
            up: link.up,
            running: link.running,
            flags: link.flags,
            base: link.parent.filter(|_| stands_on && !link.parent_elsewhere),
            mtu: link.mtu,
            name: link.name,
        })
    }

    /// One that isn't known was told of before, by a dump that overtook its event.
    fn forget_address(&mut self, address: Address) -> Option<News> {
        let known = self.known.get_mut(&address.interface)?;
        let at = known.addresses.iter().position(|old| same(old, &address))?;
        known.addresses.swap_remove(at);
        Some(News::AddressGone(address))
    }

    /// Lifetimes and flags of an address that is known change often; that is no news.
    fn learn_address(&mut self, address: Address) -> Option<News> {
        let known = self.known.get_mut(&address.interface)?;
        match known.addresses.iter_mut().find(|old| same(old, &address)) {
            Some(old) => {
                *old = address;
                None
            }
            None => {
                known.addresses.push(address.clone());
                Some(News::Address(address))
            }
        }
    }
}

fn same(one: &Address, other: &Address) -> bool {
    one.local == other.local && one.prefix == other.prefix && one.peer == other.peer
}
