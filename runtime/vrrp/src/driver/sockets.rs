//! The sockets that adverts come in and leave by, as the engine numbers them.

use std::{io, net::IpAddr, os::fd::AsRawFd};

use locum_kernel::raw::{
    self, Batch, Listen, PACKET_BYTES, Packet, Protocol, Receiver, Sender, Target, Transmit,
};
use locum_model::vrrp::Family;

use super::{
    face::Trouble,
    poll::{PollSet, Source},
};
use crate::{
    effect::{Hears, Socket},
    identity::SocketId,
    input::Received,
    instance::Outgoing,
};

/// The most packets of one socket in a turn, in batches: the others wait then.
pub(super) const BATCHES: usize = 64;

/// All of them.
#[derive(Debug)]
pub(super) struct Sockets {
    pairs: Vec<Option<Pair>>,
    batch: Option<Batch>,
}

#[derive(Debug)]
struct Pair {
    receiver: Receiver,
    sender: Sender,
    /// IPv6 unicast: the hop limit set last.
    hops: Option<u8>,
    interface: u32,
    family: Family,
    protocol: u8,
    group: Option<IpAddr>,
    source: Option<IpAddr>,
}

impl Pair {
    fn shown(&self) -> Trouble {
        Trouble::SocketOpened {
            interface: self.interface,
            family: self.family,
            protocol: self.protocol,
            hears_by: self.receiver.as_raw_fd(),
            sends_by: self.sender.as_raw_fd(),
            group: self.group,
            source: self.source,
        }
    }
}

impl Sockets {
    pub(super) fn new() -> Self {
        Self {
            pairs: Vec::new(),
            batch: None,
        }
    }

    /// Opens the sockets that the engine describes. `device` is the name of their interface.
    pub(super) fn open(
        &mut self,
        id: SocketId,
        socket: &Socket,
        device: Option<&str>,
        receive_buffer: Option<usize>,
        poll: &PollSet,
    ) -> io::Result<Trouble> {
        let protocol = if socket.protocol == Protocol::AuthenticationHeader.number() {
            Protocol::AuthenticationHeader
        } else {
            Protocol::Vrrp
        };
        let (target, group, source) = match socket.hears {
            Hears::Group(group) => {
                let target = Target::Multicast {
                    group,
                    interface: socket.interface,
                };
                (target, Some(group), None)
            }
            Hears::Own(own) => {
                let any: IpAddr = match socket.family {
                    Family::Inet => std::net::Ipv4Addr::UNSPECIFIED.into(),
                    Family::Inet6 => std::net::Ipv6Addr::UNSPECIFIED.into(),
                };
                let source = own.unwrap_or(any);
                let interface = (socket.interface != 0).then_some(socket.interface);
                (Target::Unicast { source, interface }, None, own)
            }
        };
        let receiver = Receiver::open(&Listen {
            protocol,
            target,
            device,
            receive_buffer,
        })?;
        let sender = Sender::open(&Transmit {
            protocol,
            target,
            device,
        })?;
        poll.add(&receiver, Source::Socket(id.0))?;
        let place = id.0 as usize;
        if self.pairs.len() <= place {
            self.pairs.resize_with(place + 1, || None);
        }
        let pair = Pair {
            receiver,
            sender,
            hops: None,
            interface: socket.interface,
            family: socket.family,
            protocol: socket.protocol,
            group,
            source,
        };
        let opened = pair.shown();
        self.pairs[place] = Some(pair);
        Ok(opened)
    }

    /// All that stand.
    pub(super) fn all(&self) -> impl Iterator<Item = Trouble> + '_ {
        self.pairs.iter().flatten().map(Pair::shown)
    }

    /// Which there are.
    pub(super) fn ids(&self) -> impl Iterator<Item = SocketId> + use<> {
        (0..self.pairs.len() as u32).map(SocketId)
    }

    /// Another size for what hears; a socket that can't have it keeps its own.
    pub(super) fn set_receive_buffer(&self, id: SocketId, bytes: usize) {
        if let Some(Some(pair)) = self.pairs.get(id.0 as usize) {
            let _ = pair.receiver.set_receive_buffer(bytes);
        }
    }

    /// What hears and what sends.
    pub(super) fn descriptors(&self, id: SocketId) -> Option<(i32, i32)> {
        let pair = self.pairs.get(id.0 as usize)?.as_ref()?;
        Some((pair.receiver.as_raw_fd(), pair.sender.as_raw_fd()))
    }

    /// Closes them; closed ones are left alone.
    pub(super) fn close(&mut self, id: SocketId) {
        if let Some(pair) = self.pairs.get_mut(id.0 as usize) {
            *pair = None;
        }
    }

    /// Receives some of what waits in a socket; `None`: nothing waits. Give the batch back after use.
    pub(super) fn receive(&mut self, id: SocketId) -> Option<Batch> {
        let pair = self.pairs.get(id.0 as usize)?.as_ref()?;
        let mut batch = self
            .batch
            .take()
            .unwrap_or_else(|| Batch::new(PACKET_BYTES));
        match batch.receive(&pair.receiver) {
            Ok(count) if count > 0 => Some(batch),
            // What a socket has to report (its interface went down) netlink tells, too.
            _ => {
                self.batch = Some(batch);
                None
            }
        }
    }

    /// The buffers are used again.
    pub(super) fn give_back(&mut self, batch: Batch) {
        self.batch = Some(batch);
    }

    /// Sends a packet. Without sockets it is lost, as on a wire that is cut.
    pub(super) fn send(&mut self, id: SocketId, packet: &Outgoing<'_>) -> io::Result<()> {
        let Some(Some(pair)) = self.pairs.get_mut(id.0 as usize) else {
            return Err(io::ErrorKind::NotConnected.into());
        };
        let source = match packet.source {
            Some(IpAddr::V6(source)) => Some(source),
            _ => None,
        };
        if packet.destination.is_ipv6()
            && !packet.destination.is_multicast()
            && pair.hops != Some(packet.ttl)
        {
            pair.sender.set_unicast_hops(packet.ttl)?;
            pair.hops = Some(packet.ttl);
        }
        pair.sender.send(&raw::Outgoing {
            to: packet.destination,
            source,
            bytes: packet.bytes,
        })
    }
}

/// A packet as the engine takes it.
pub(super) fn received<'a>(packet: &Packet<'a>) -> Received<'a> {
    Received {
        source: packet.source,
        destination: packet.destination,
        hop_limit: packet.hop_limit,
        header: packet.header,
        payload: packet.payload,
    }
}
