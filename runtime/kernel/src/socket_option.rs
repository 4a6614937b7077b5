//! setsockopt(2) for integer options that `socket2` and `nix` have no setter for.

use std::{
    io,
    os::fd::{AsFd, AsRawFd, RawFd},
};

/// Wakes the listener only when data arrived, or after so many seconds (`defer-accept`; tcp(7)).
pub fn set_tcp_defer_accept(socket: impl AsFd, seconds: i32) -> io::Result<()> {
    set(socket, libc::IPPROTO_TCP, libc::TCP_DEFER_ACCEPT, seconds)
}

/// Accepts data in the SYN, with at most `pending` such requests waiting (`tfo` on a bind line; RFC 7413).
pub fn set_tcp_fastopen(socket: impl AsFd, pending: i32) -> io::Result<()> {
    set(socket, libc::IPPROTO_TCP, libc::TCP_FASTOPEN, pending)
}

/// Sends data in the SYN where the peer's cookie is known (`tfo` on a server line).
pub fn set_tcp_fastopen_connect(socket: impl AsFd, on: bool) -> io::Result<()> {
    set(
        socket,
        libc::IPPROTO_TCP,
        libc::TCP_FASTOPEN_CONNECT,
        i32::from(on),
    )
}

/// Acknowledges at once, or waits for data to send with the acknowledgement.
pub fn set_tcp_quickack(socket: impl AsFd, on: bool) -> io::Result<()> {
    set(socket, libc::IPPROTO_TCP, libc::TCP_QUICKACK, i32::from(on))
}

/// In repair mode a connection is closed without a packet; needs CAP_NET_ADMIN (tcp(7)).
pub fn set_tcp_repair(socket: impl AsFd, on: bool) -> io::Result<()> {
    set(socket, libc::IPPROTO_TCP, libc::TCP_REPAIR, i32::from(on))
}

/// Traffic class of IPv6 packets, which is what IPv4's TOS is.
pub fn set_ipv6_traffic_class(socket: impl AsFd, class: u8) -> io::Result<()> {
    set(
        socket,
        libc::IPPROTO_IPV6,
        libc::IPV6_TCLASS,
        i32::from(class),
    )
}

/// IPv4's type of service of what is sent on the connection of this number; the kernel takes the low byte.
pub fn set_tos_of(descriptor: RawFd, tos: u32) -> io::Result<()> {
    set_raw(descriptor, libc::IPPROTO_IP, libc::IP_TOS, tos)
}

/// The same for IPv6, where more than a byte is refused.
pub fn set_traffic_class_of(descriptor: RawFd, class: u32) -> io::Result<()> {
    set_raw(descriptor, libc::IPPROTO_IPV6, libc::IPV6_TCLASS, class)
}

/// The mark that the kernel gives to packets of the connection of this number (socket(7)).
pub fn set_mark_of(descriptor: RawFd, mark: u32) -> io::Result<()> {
    set_raw(descriptor, libc::SOL_SOCKET, libc::SO_MARK, mark)
}

/// The kernel writes and checks the checksum at `offset` of the payload of this raw IPv6 socket (RFC 3542 §3.1): what
/// comes with a wrong one is dropped by it.
pub fn set_ipv6_checksum_offset(socket: impl AsFd, offset: u16) -> io::Result<()> {
    set(
        socket,
        libc::IPPROTO_IPV6,
        libc::IPV6_CHECKSUM,
        i32::from(offset),
    )
}

/// Each received packet tells its interface and destination: `IP_PKTINFO` (ip(7)).
pub fn set_receive_packet_info_v4(socket: impl AsFd, on: bool) -> io::Result<()> {
    set(socket, libc::IPPROTO_IP, libc::IP_PKTINFO, i32::from(on))
}

/// Each received packet tells its interface and destination: `IPV6_RECVPKTINFO` (RFC 3542 §6).
pub fn set_receive_packet_info_v6(socket: impl AsFd, on: bool) -> io::Result<()> {
    set(
        socket,
        libc::IPPROTO_IPV6,
        libc::IPV6_RECVPKTINFO,
        i32::from(on),
    )
}

/// The interface that multicast leaves through, by its index: an interface need not have an address.
pub fn set_multicast_interface_v4(socket: impl AsFd, interface: u32) -> io::Result<()> {
    let request = libc::ip_mreqn {
        imr_multiaddr: libc::in_addr { s_addr: 0 },
        imr_address: libc::in_addr { s_addr: 0 },
        imr_ifindex: interface.cast_signed(),
    };
    set(socket, libc::IPPROTO_IP, libc::IP_MULTICAST_IF, request)
}

/// The receive buffer in bytes (the kernel doubles it), with `force` beyond `net.core.rmem_max` where the caller may.
pub fn set_receive_buffer(socket: impl AsFd, bytes: usize, force: bool) -> io::Result<()> {
    let bytes = i32::try_from(bytes).unwrap_or(i32::MAX);
    if force && set(&socket, libc::SOL_SOCKET, libc::SO_RCVBUFFORCE, bytes).is_ok() {
        return Ok(());
    }
    set(&socket, libc::SOL_SOCKET, libc::SO_RCVBUF, bytes)
}

fn set<T: Copy>(socket: impl AsFd, level: i32, name: i32, value: T) -> io::Result<()> {
    set_raw(socket.as_fd().as_raw_fd(), level, name, value)
}

fn set_raw<T: Copy>(descriptor: RawFd, level: i32, name: i32, value: T) -> io::Result<()> {
    // SAFETY: the value is a local plain one of the length that is passed. A number that is no descriptor is answered
    // with an error.
    let result = unsafe {
        libc::setsockopt(
            descriptor,
            level,
            name,
            (&raw const value).cast(),
            size_of::<T>() as libc::socklen_t,
        )
    };
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn a_connection_has_the_type_of_service_that_was_set() {
        let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None);
        let socket = socket.expect("socket");
        set_tos_of(socket.as_raw_fd(), 0x128).expect("tos");
        // The kernel keeps the bits of congestion notification of TCP to itself.
        assert_eq!(socket.tos_v4().expect("tos"), 0x28);
        let six = socket2::Socket::new(socket2::Domain::IPV6, socket2::Type::STREAM, None);
        let six = six.expect("socket");
        set_traffic_class_of(six.as_raw_fd(), 0x28).expect("class");
        assert!(set_traffic_class_of(six.as_raw_fd(), 0x128).is_err());
        match set_mark_of(socket.as_raw_fd(), 7) {
            Ok(()) => assert_eq!(socket.mark().expect("mark"), 7),
            Err(error) => assert_eq!(error.raw_os_error(), Some(libc::EPERM)),
        }
        assert!(set_mark_of(-1, 7).is_err());
    }

    #[test]
    fn options_of_a_listener_are_accepted_and_a_pipe_refuses_them() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("bind");
        set_tcp_defer_accept(&listener, 3).expect("defer accept");
        set_tcp_fastopen(&listener, 16).expect("fast open");
        set_tcp_quickack(&listener, false).expect("quick ack");
        let (pipe, _end) = io::pipe().expect("pipe");
        assert!(set_tcp_defer_accept(&pipe, 3).is_err());
    }
}
