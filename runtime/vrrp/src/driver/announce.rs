//! Gratuitous ARPs and unsolicited neighbour advertisements leave by here.

use std::{io, net::IpAddr};

use locum_kernel::raw::{LinkSender, arp, ndisc};

/// Sockets for both, opened when first needed.
#[derive(Debug, Default)]
pub(super) struct Announcer {
    arp: Option<LinkSender>,
    ipv6: Option<LinkSender>,
}

impl Announcer {
    /// Tells the link of an interface that an address is at this MAC. `router`: the interface forwards IPv6.
    pub(super) fn announce(
        &mut self,
        interface: u32,
        mac: [u8; 6],
        address: IpAddr,
        router: bool,
    ) -> io::Result<()> {
        match address {
            IpAddr::V4(address) => opened(&mut self.arp, LinkSender::arp)?
                .send(interface, &arp::gratuitous(mac, address)),
            IpAddr::V6(address) => opened(&mut self.ipv6, LinkSender::ipv6)?
                .send(interface, &ndisc::unsolicited(mac, address, router)),
        }
    }
}

fn opened(
    place: &mut Option<LinkSender>,
    open: fn() -> io::Result<LinkSender>,
) -> io::Result<&LinkSender> {
    match place {
        Some(socket) => Ok(socket),
        None => Ok(place.insert(open()?)),
    }
}
