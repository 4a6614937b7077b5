//! Sends whole Ethernet frames: packet(7).

use std::{
    io,
    os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd},
};

use socket2::{Domain, Socket, Type};

use super::sender::drop_all_input;

/// A non-blocking AF_PACKET socket that sends frames through any interface and receives nothing.
#[derive(Debug)]
pub struct LinkSender {
    socket: Socket,
    protocol: u16,
}

impl LinkSender {
    /// For gratuitous ARP.
    ///
    /// # Errors
    /// `PermissionDenied` without CAP_NET_RAW.
    pub fn arp() -> io::Result<Self> {
        Self::open(libc::ETH_P_ARP as u16)
    }

    /// For neighbour advertisements.
    ///
    /// # Errors
    /// `PermissionDenied` without CAP_NET_RAW.
    pub fn ipv6() -> io::Result<Self> {
        Self::open(libc::ETH_P_IPV6 as u16)
    }

    fn open(protocol: u16) -> io::Result<Self> {
        // Protocol 0 binds to nothing: such a socket isn't asked about incoming packets at all.
        let socket = Socket::new(Domain::PACKET, Type::RAW.nonblocking().cloexec(), None)?;
        drop_all_input(&socket)?;
        Ok(Self { socket, protocol })
    }

    /// Sends a frame, with its Ethernet header, through an interface.
    ///
    /// # Errors
    /// `ENETDOWN` when the interface is down, `ENXIO` or `ENODEV` when it is gone, `WouldBlock` when its queue is full.
    pub fn send(&self, interface: u32, frame: &[u8]) -> io::Result<()> {
        // SAFETY: a structure of integers, for which zero is a value.
        let mut name: libc::sockaddr_ll = unsafe { std::mem::zeroed() };
        name.sll_family = libc::AF_PACKET as u16;
        name.sll_protocol = self.protocol.to_be();
        name.sll_ifindex = interface.cast_signed();
        // SAFETY: the frame and the name are borrowed for the call and passed with their lengths.
        let sent = unsafe {
            libc::sendto(
                self.socket.as_raw_fd(),
                frame.as_ptr().cast(),
                frame.len(),
                libc::MSG_NOSIGNAL,
                (&raw const name).cast(),
                size_of_val(&name) as libc::socklen_t,
            )
        };
        if sent < 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(())
    }
}

impl AsFd for LinkSender {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl AsRawFd for LinkSender {
    fn as_raw_fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }
}
