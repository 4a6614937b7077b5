//! Opens a raw socket that sends adverts, and sends many with one call: sendmmsg(2).

use std::{
    io,
    net::{IpAddr, Ipv6Addr, SocketAddr},
    os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd},
};

use socket2::{Domain, SockAddr, SockFilter, Socket, Type};

use super::{Protocol, Target, receiver::CHECKSUM_OFFSET};
use crate::socket_option::{set_ipv6_checksum_offset, set_multicast_interface_v4};

/// The most packets of one call.
const MOST: usize = 32;
/// Room for an `in6_pktinfo` with its header, aligned.
const CONTROL_WORDS: usize = 5;
/// Precedence "internetwork control", also as traffic class.
const TOS: u32 = 0xc0;

/// What a sender sends, and through what.
#[derive(Debug, Clone, Copy)]
pub struct Transmit<'a> {
    /// Behind the IP header.
    pub protocol: Protocol,
    /// A group, or peers that hear us from one of our addresses.
    pub target: Target,
    /// The only device it uses.
    pub device: Option<&'a str>,
}

/// A packet and where it goes.
#[derive(Debug, Clone, Copy)]
pub struct Outgoing<'a> {
    /// The group or a peer.
    pub to: IpAddr,
    /// IPv6 only: the source address, which must be one of the device's. IPv4 has it in the header.
    pub source: Option<Ipv6Addr>,
    /// IPv4: header and payload. IPv6: the payload, whose checksum the kernel fills in.
    pub bytes: &'a [u8],
}

/// A non-blocking raw socket that sends adverts and receives nothing.
#[derive(Debug)]
pub struct Sender {
    socket: Socket,
    /// The interface of link-local addresses.
    scope: u32,
    flags: i32,
}

impl Sender {
    /// Opens, with the reference's options in its order: own IPv4 headers, device, group's interface, no loop, TOS,
    /// and a filter that drops what would come in.
    ///
    /// # Errors
    /// `PermissionDenied` without CAP_NET_RAW; `ENODEV` when the interface went away.
    pub fn open(transmit: &Transmit<'_>) -> io::Result<Self> {
        let v4 = transmit.target.address().is_ipv4();
        let protocol = i32::from(transmit.protocol.number()).into();
        let domain = if v4 { Domain::IPV4 } else { Domain::IPV6 };
        let socket = Socket::new(domain, Type::RAW.nonblocking().cloexec(), Some(protocol))?;
        socket.set_recv_buffer_size(0)?;
        let (interface, flags) = match transmit.target {
            // The link is the group's whole world: no route is asked.
            Target::Multicast { interface, .. } => (Some(interface), libc::MSG_DONTROUTE),
            Target::Unicast { .. } => (None, 0),
        };
        let device = transmit.device.map(str::as_bytes);
        if v4 {
            socket.set_multicast_all_v4(false)?;
            socket.set_header_included_v4(true)?;
            socket.bind_device(device)?;
            if let Some(interface) = interface {
                set_multicast_interface_v4(&socket, interface)?;
                socket.set_multicast_loop_v4(false)?;
            }
            socket.set_tos_v4(TOS)?;
        } else {
            socket.set_multicast_all_v6(false)?;
            if transmit.protocol == Protocol::Vrrp {
                set_ipv6_checksum_offset(&socket, CHECKSUM_OFFSET)?;
            }
            if let Some(interface) = interface {
                socket.set_multicast_hops_v6(255)?;
                socket.bind_device(device)?;
                socket.set_multicast_if_v6(interface)?;
                socket.set_multicast_loop_v6(false)?;
            } else {
                socket.bind_device(device)?;
            }
            socket.set_tclass_v6(TOS)?;
        }
        drop_all_input(&socket)?;
        Ok(Self {
            socket,
            scope: match transmit.target {
                Target::Multicast { interface, .. } => interface,
                Target::Unicast { interface, .. } => interface.unwrap_or(0),
            },
            flags,
        })
    }

    /// The hop limit of the unicast IPv6 packets from now on (`unicast_ttl`); the header of IPv4 ones has it. Unless it
    /// is set they leave with the kernel's default, 64: so do the reference's without `unicast_ttl`.
    ///
    /// # Errors
    /// The socket isn't one of IPv6.
    pub fn set_unicast_hops(&self, hops: u8) -> io::Result<()> {
        self.socket.set_unicast_hops_v6(u32::from(hops))
    }

    /// Sends one.
    ///
    /// # Errors
    /// It could not leave: `ENETDOWN` and `ENODEV` with the interface, `WouldBlock` when the queue is full,
    /// `AddrNotAvailable` for an IPv6 source that isn't the device's.
    pub fn send(&self, packet: &Outgoing<'_>) -> io::Result<()> {
        self.send_many(std::iter::once(*packet)).map(|_| ())
    }

    /// Sends in order and returns how many left, at most 32: call again with the rest.
    ///
    /// # Errors
    /// The first one could not leave, see [`Self::send`]; nothing was sent.
    pub fn send_many<'a>(&self, packets: impl Iterator<Item = Outgoing<'a>>) -> io::Result<usize> {
        let mut pieces = [NO_PIECE; MOST];
        let mut headers = [NO_HEADER; MOST];
        let mut controls = [[0u64; CONTROL_WORDS]; MOST];
        let mut names: [Option<SockAddr>; MOST] = [const { None }; MOST];
        let mut count = 0;
        let places = pieces.iter_mut().zip(&mut headers).zip(&mut controls);
        for ((packet, ((piece, header), control)), name) in packets.zip(places).zip(&mut names) {
            let name = name.insert(self.name(packet.to));
            piece.iov_base = packet.bytes.as_ptr().cast_mut().cast();
            piece.iov_len = packet.bytes.len();
            header.msg_hdr.msg_name = name.as_ptr().cast_mut().cast();
            header.msg_hdr.msg_namelen = name.len();
            header.msg_hdr.msg_iov = piece;
            header.msg_hdr.msg_iovlen = 1;
            if let Some(source) = packet.source {
                header.msg_hdr.msg_controllen = write_source(control, source, self.scope);
                header.msg_hdr.msg_control = control.as_mut_ptr().cast();
            }
            count += 1;
        }
        // SAFETY: the first `count` headers point to bytes that are borrowed for 'a and to names, pieces and control
        // messages that live in this frame; sendmmsg writes to nothing but the headers' lengths.
        let sent = unsafe {
            libc::sendmmsg(
                self.socket.as_raw_fd(),
                headers.as_mut_ptr(),
                count,
                self.flags | libc::MSG_NOSIGNAL,
            )
        };
        usize::try_from(sent).map_err(|_| io::Error::last_os_error())
    }

    fn name(&self, to: IpAddr) -> SockAddr {
        let mut name = SocketAddr::from((to, 0));
        if let SocketAddr::V6(name) = &mut name {
            name.set_scope_id(self.scope);
        }
        name.into()
    }
}

const NO_PIECE: libc::iovec = libc::iovec {
    iov_base: std::ptr::null_mut(),
    iov_len: 0,
};
const NO_HEADER: libc::mmsghdr = libc::mmsghdr {
    msg_hdr: libc::msghdr {
        msg_name: std::ptr::null_mut(),
        msg_namelen: 0,
        msg_iov: std::ptr::null_mut(),
        msg_iovlen: 0,
        msg_control: std::ptr::null_mut(),
        msg_controllen: 0,
        msg_flags: 0,
    },
    msg_len: 0,
};

/// A control message with the source address (RFC 3542 §6.2); returns the length of the control data.
fn write_source(
    control: &mut [u64; CONTROL_WORDS],
    source: Ipv6Addr,
    interface: u32,
) -> libc::size_t {
    let info = libc::in6_pktinfo {
        ipi6_addr: libc::in6_addr {
            s6_addr: source.octets(),
        },
        ipi6_ifindex: interface,
    };
    // SAFETY: CMSG_LEN and CMSG_SPACE only calculate. The control buffer holds 40 aligned bytes: a header of 16 and the
    // 20 of the structure, which is CMSG_SPACE of it.
    unsafe {
        let header: *mut libc::cmsghdr = control.as_mut_ptr().cast();
        (*header).cmsg_len = libc::CMSG_LEN(size_of_val(&info) as u32) as libc::size_t;
        (*header).cmsg_level = libc::IPPROTO_IPV6;
        (*header).cmsg_type = libc::IPV6_PKTINFO;
        libc::CMSG_DATA(header)
            .cast::<libc::in6_pktinfo>()
            .write_unaligned(info);
        libc::CMSG_SPACE(size_of_val(&info) as u32) as libc::size_t
    }
}

/// A filter of one instruction, "return 0": a raw socket gets a copy of every packet of its protocol otherwise.
pub(super) fn drop_all_input(socket: &Socket) -> io::Result<()> {
    const RETURN_CONSTANT: u16 = 0x06;
    socket.attach_filter(&[SockFilter::new(RETURN_CONSTANT, 0, 0, 0)])
}

impl AsFd for Sender {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl AsRawFd for Sender {
    fn as_raw_fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }
}
