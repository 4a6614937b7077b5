//! Opens a raw socket that receives adverts.

use std::{
    io,
    net::SocketAddr,
    os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd},
};

use socket2::{Domain, Socket, Type};

use super::{Protocol, Target};
use crate::socket_option::{
    set_ipv6_checksum_offset, set_receive_packet_info_v4, set_receive_packet_info_v6,
};

/// Where the checksum stands in an advert (RFC 5798 §5.1).
pub(super) const CHECKSUM_OFFSET: u16 = 6;

/// What a receiver listens to.
#[derive(Debug, Clone, Copy)]
pub struct Listen<'a> {
    /// Behind the IP header.
    pub protocol: Protocol,
    /// A group, or one of our addresses.
    pub target: Target,
    /// The only device it hears.
    pub device: Option<&'a str>,
    /// `SO_RCVBUF` in bytes (`vrrp_rx_bufs_policy`); the kernel's default otherwise.
    pub receive_buffer: Option<usize>,
}

/// A non-blocking raw socket that hears adverts; read it with a [`super::Batch`].
#[derive(Debug)]
pub struct Receiver {
    socket: Socket,
}

impl Receiver {
    /// Opens, joins the group and binds, in the reference's order.
    ///
    /// # Errors
    /// `PermissionDenied` without CAP_NET_RAW; `AddrNotAvailable` when a unicast source isn't (yet) ours; `ENODEV` when
    /// the interface went away.
    pub fn open(listen: &Listen<'_>) -> io::Result<Self> {
        let address = listen.target.address();
        let protocol = i32::from(listen.protocol.number()).into();
        let domain = if address.is_ipv4() {
            Domain::IPV4
        } else {
            Domain::IPV6
        };
        let socket = Socket::new(domain, Type::RAW.nonblocking().cloexec(), Some(protocol))?;
        if let Some(bytes) = listen.receive_buffer {
            socket.set_recv_buffer_size(bytes)?;
        }
        let scope = join(&socket, listen.target)?;
        let mut bound = SocketAddr::from((address, 0));
        if let SocketAddr::V6(bound) = &mut bound {
            bound.set_scope_id(scope);
        }
        socket.bind(&bound.into())?;
        if address.is_ipv4() {
            set_receive_packet_info_v4(&socket, true)?;
        } else {
            socket.set_recv_hoplimit_v6(true)?;
            set_receive_packet_info_v6(&socket, true)?;
        }
        socket.bind_device(listen.device.map(str::as_bytes))?;
        if address.is_ipv6() && listen.protocol == Protocol::Vrrp {
            set_ipv6_checksum_offset(&socket, CHECKSUM_OFFSET)?;
        }
        Ok(Self { socket })
    }
}

impl Receiver {
    /// `SO_RCVBUF` in bytes.
    ///
    /// # Errors
    /// The kernel's.
    pub fn set_receive_buffer(&self, bytes: usize) -> io::Result<()> {
        self.socket.set_recv_buffer_size(bytes)
    }
}

/// Joins the group and gives the scope to bind in; `MULTICAST_ALL` off keeps away what other sockets of this host joined.
fn join(socket: &Socket, target: Target) -> io::Result<u32> {
    match target.address() {
        std::net::IpAddr::V4(_) => socket.set_multicast_all_v4(false)?,
        std::net::IpAddr::V6(_) => socket.set_multicast_all_v6(false)?,
    }
    let (group, interface) = match target {
        Target::Multicast { group, interface } => (group, interface),
        Target::Unicast { interface, .. } => return Ok(interface.unwrap_or(0)),
    };
    match group {
        std::net::IpAddr::V4(group) => {
            socket
                .join_multicast_v4_n(&group, &socket2::InterfaceIndexOrAddress::Index(interface))?;
        }
        std::net::IpAddr::V6(group) => socket.join_multicast_v6(&group, interface)?,
    }
    Ok(interface)
}

impl AsFd for Receiver {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl AsRawFd for Receiver {
    fn as_raw_fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }
}
