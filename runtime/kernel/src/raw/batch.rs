//! Receives several packets with one call, into buffers that are kept: recvmmsg(2).

use std::{
    io,
    mem::MaybeUninit,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    os::fd::{AsFd, AsRawFd},
};

/// The most packets of one call.
const MOST: usize = 32;
/// Room for the control messages of a packet: packet information and hop limit.
const CONTROL_WORDS: usize = 16;

/// Buffers for the packets of one call.
pub struct Batch {
    bytes_each: usize,
    bytes: Vec<u8>,
    arrivals: Vec<Arrival>,
}

/// What a packet came with.
#[derive(Debug, Clone, Copy)]
struct Arrival {
    length: usize,
    truncated: bool,
    source: IpAddr,
    destination: Option<IpAddr>,
    hop_limit: Option<u8>,
    interface: Option<u32>,
}

/// One received packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packet<'a> {
    /// The IPv4 header with its options; empty for IPv6, whose sockets don't give it.
    pub header: &'a [u8],
    /// What follows the IP header. With [`super::Protocol::AuthenticationHeader`] it begins with that one.
    pub payload: &'a [u8],
    /// The sender.
    pub source: IpAddr,
    /// The group, or one of our addresses.
    pub destination: Option<IpAddr>,
    /// TTL, or IPv6's hop limit.
    pub hop_limit: Option<u8>,
    /// The index of the interface it came in by.
    pub interface: Option<u32>,
    /// It was longer than a buffer.
    pub truncated: bool,
}

impl Batch {
    /// Buffers of so many bytes each.
    pub fn new(bytes_each: usize) -> Self {
        Self {
            bytes_each,
            bytes: vec![0; bytes_each * MOST],
            arrivals: Vec::with_capacity(MOST),
        }
    }

    /// Receives what waits, at most 32 packets, in place of those of the last call. Fewer than 32 doesn't mean that
    /// none is left.
    ///
    /// # Errors
    /// `WouldBlock` when nothing waits; what the socket has to report (`ENETDOWN`).
    pub fn receive(&mut self, socket: impl AsFd) -> io::Result<usize> {
        self.arrivals.clear();
        let mut names = [const { MaybeUninit::<libc::sockaddr_storage>::zeroed() }; MOST];
        let mut controls = [[0u64; CONTROL_WORDS]; MOST];
        let mut pieces = [libc::iovec {
            iov_base: std::ptr::null_mut(),
            iov_len: 0,
        }; MOST];
        // SAFETY: the structure is made of pointers and integers, for which zero is a value.
        let mut headers: [libc::mmsghdr; MOST] = unsafe { std::mem::zeroed() };
        let buffers = self.bytes.chunks_exact_mut(self.bytes_each);
        let places = headers.iter_mut().zip(&mut pieces).zip(&mut names);
        for (((header, piece), name), (buffer, control)) in places.zip(buffers.zip(&mut controls)) {
            piece.iov_base = buffer.as_mut_ptr().cast();
            piece.iov_len = buffer.len();
            header.msg_hdr.msg_iov = piece;
            header.msg_hdr.msg_iovlen = 1;
            header.msg_hdr.msg_name = name.as_mut_ptr().cast();
            header.msg_hdr.msg_namelen = size_of::<libc::sockaddr_storage>() as libc::socklen_t;
            header.msg_hdr.msg_control = control.as_mut_ptr().cast();
            header.msg_hdr.msg_controllen = size_of_val(control);
        }
        // SAFETY: every header points to a name, a piece and control words of this frame and to its own part of the
        // bytes, all borrowed mutably here, with their lengths.
        let count = unsafe {
            libc::recvmmsg(
                socket.as_fd().as_raw_fd(),
                headers.as_mut_ptr(),
                MOST as u32,
                libc::MSG_DONTWAIT,
                std::ptr::null_mut(),
            )
        };
        let count = usize::try_from(count).map_err(|_| io::Error::last_os_error())?;
        for (header, name) in headers[..count].iter().zip(&names) {
            // SAFETY: zeroed at first, and the kernel wrote a name into it: initialised either way.
            let source = source_of(unsafe { name.assume_init_ref() });
            self.arrivals.push(arrival(header, source));
        }
        Ok(count)
    }

    /// Whether the last call filled every buffer: there may well be more.
    pub fn is_full(&self) -> bool {
        self.arrivals.len() == MOST
    }

    /// The packets of the last call, in the order of their arrival.
    pub fn packets(&self) -> impl Iterator<Item = Packet<'_>> {
        let buffers = self.bytes.chunks_exact(self.bytes_each);
        self.arrivals
            .iter()
            .zip(buffers)
            .map(|(arrival, buffer)| packet(arrival, &buffer[..arrival.length]))
    }
}

impl std::fmt::Debug for Batch {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Batch")
            .field("bytes_each", &self.bytes_each)
            .field("arrivals", &self.arrivals)
            .finish_non_exhaustive()
    }
}

/// A raw IPv4 socket gives the header too: it tells more than the control messages.
fn packet<'a>(arrival: &Arrival, bytes: &'a [u8]) -> Packet<'a> {
    let (mut destination, mut hop_limit) = (arrival.destination, arrival.hop_limit);
    let mut header_bytes = 0;
    if arrival.source.is_ipv4() && bytes.len() >= 20 {
        header_bytes = usize::from(bytes[0] & 0x0f) * 4;
        hop_limit = Some(bytes[8]);
        destination = Some(Ipv4Addr::new(bytes[16], bytes[17], bytes[18], bytes[19]).into());
    }
    let (header, payload) = bytes.split_at(header_bytes.min(bytes.len()));
    Packet {
        header,
        payload,
        source: arrival.source,
        destination,
        hop_limit,
        interface: arrival.interface,
        truncated: arrival.truncated,
    }
}

fn arrival(header: &libc::mmsghdr, source: IpAddr) -> Arrival {
    let mut arrival = Arrival {
        length: header.msg_len as usize,
        truncated: header.msg_hdr.msg_flags & libc::MSG_TRUNC != 0,
        source,
        destination: None,
        hop_limit: None,
        interface: None,
    };
    // SAFETY: the kernel wrote the control messages and their length; CMSG_FIRSTHDR and CMSG_NXTHDR stay within them,
    // and each message's data is as long as its type says.
    unsafe {
        let mut message = libc::CMSG_FIRSTHDR(&raw const header.msg_hdr);
        while !message.is_null() {
            let data = libc::CMSG_DATA(message);
            match ((*message).cmsg_level, (*message).cmsg_type) {
                (libc::IPPROTO_IP, libc::IP_PKTINFO) => {
                    let info = data.cast::<libc::in_pktinfo>().read_unaligned();
                    arrival.interface = u32::try_from(info.ipi_ifindex).ok();
                }
                (libc::IPPROTO_IPV6, libc::IPV6_PKTINFO) => {
                    let info = data.cast::<libc::in6_pktinfo>().read_unaligned();
                    arrival.interface = Some(info.ipi6_ifindex);
                    arrival.destination = Some(Ipv6Addr::from(info.ipi6_addr.s6_addr).into());
                }
                (libc::IPPROTO_IPV6, libc::IPV6_HOPLIMIT) => {
                    arrival.hop_limit = u8::try_from(data.cast::<i32>().read_unaligned()).ok();
                }
                _ => {}
            }
            message = libc::CMSG_NXTHDR(&raw const header.msg_hdr, message);
        }
    }
    arrival
}

fn source_of(name: &libc::sockaddr_storage) -> IpAddr {
    if i32::from(name.ss_family) == libc::AF_INET6 {
        // SAFETY: an address of this family is a sockaddr_in6, which the storage is large and aligned enough for.
        let name = unsafe { &*std::ptr::from_ref(name).cast::<libc::sockaddr_in6>() };
        Ipv6Addr::from(name.sin6_addr.s6_addr).into()
    } else {
        // SAFETY: as above for sockaddr_in; a storage of zeros reads as 0.0.0.0.
        let name = unsafe { &*std::ptr::from_ref(name).cast::<libc::sockaddr_in>() };
        Ipv4Addr::from(u32::from_be(name.sin_addr.s_addr)).into()
    }
}
