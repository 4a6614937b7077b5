//! Sends several datagrams with one call: sendmmsg(2). Those that follow each other to one receiver and have one length
//! pass the kernel's network layers as one (UDP_SEGMENT, udp(7)), which are most of what a datagram costs.
//!
//! Safe wrappers elsewhere allocate their headers for each call; here they are on the stack, which is the point.

use std::{
    io,
    os::fd::{AsFd, AsRawFd},
};

use socket2::SockAddr;

/// One datagram, or several of one length, and where they go.
#[derive(Debug, Clone, Copy)]
pub struct Datagram<'a> {
    /// The receiver.
    pub to: &'a SockAddr,
    /// All bytes, of several datagrams one behind the other.
    pub bytes: &'a [u8],
    /// Bytes of each of several datagrams, of which the last may be shorter. Only for a socket that [`segments`].
    pub each: Option<u16>,
}

/// The most that leave with one call.
pub const MOST: usize = 32;

/// The most datagrams that one [`Datagram`] may stand for: the kernel's limit, of old ones, too.
pub const MOST_SEGMENTS: usize = 64;

/// Whether the kernel cuts what is sent by this socket into datagrams. One that doesn't know how would send them as one.
pub fn segments(socket: impl AsFd) -> bool {
    nix::sys::socket::getsockopt(&socket, nix::sys::socket::sockopt::UdpGsoSegment).is_ok()
}

/// Bytes of a control message that holds a length of datagrams.
// SAFETY: CMSG_SPACE only computes.
const CONTROL_BYTES: usize = unsafe { libc::CMSG_SPACE(size_of::<u16>() as u32) } as usize;

/// Room for such a control message, aligned like its header.
type Control = [u64; CONTROL_BYTES.div_ceil(size_of::<u64>())];

const _: () = assert!(align_of::<Control>() >= align_of::<libc::cmsghdr>());

/// Sends datagrams in order and returns how many left, at most [`MOST`]; several of one length count as one and leave
/// all or not at all. No SIGPIPE is raised.
///
/// # Errors
/// The first one could not leave; nothing was sent. Several of one length may leave where each on its own does not, and
/// the other way round.
pub fn send_many<'a>(
    socket: impl AsFd,
    datagrams: impl Iterator<Item = Datagram<'a>>,
) -> io::Result<usize> {
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
    let mut pieces = [NO_PIECE; MOST];
    let mut headers = [NO_HEADER; MOST];
    let mut controls = [Control::default(); MOST];
    let mut count = 0;
    for (((datagram, piece), header), control) in datagrams
        .zip(&mut pieces)
        .zip(&mut headers)
        .zip(&mut controls)
    {
        piece.iov_base = datagram.bytes.as_ptr().cast_mut().cast();
        piece.iov_len = datagram.bytes.len();
        header.msg_hdr.msg_name = datagram.to.as_ptr().cast_mut().cast();
        header.msg_hdr.msg_namelen = datagram.to.len();
        header.msg_hdr.msg_iov = piece;
        header.msg_hdr.msg_iovlen = 1;
        if let Some(each) = datagram.each {
            header.msg_hdr.msg_control = control.as_mut_ptr().cast();
            header.msg_hdr.msg_controllen = CONTROL_BYTES as _;
            // SAFETY: the control message's header and its two bytes lie within the room that was just named, which is
            // aligned for the header; the bytes need not be aligned.
            unsafe {
                let message = libc::CMSG_FIRSTHDR(&raw const header.msg_hdr);
                (*message).cmsg_level = libc::SOL_UDP;
                (*message).cmsg_type = libc::UDP_SEGMENT;
                (*message).cmsg_len = libc::CMSG_LEN(size_of::<u16>() as u32) as _;
                libc::CMSG_DATA(message).cast::<u16>().write_unaligned(each);
            }
        }
        count += 1;
    }
    // SAFETY: the first `count` headers point to addresses and bytes that are borrowed for 'a and to pieces and control
    // messages that live in this frame; sendmmsg writes to nothing but the headers' lengths.
    let sent = unsafe {
        libc::sendmmsg(
            socket.as_fd().as_raw_fd(),
            headers.as_mut_ptr(),
            count,
            libc::MSG_NOSIGNAL,
        )
    };
    usize::try_from(sent).map_err(|_| io::Error::last_os_error())
}

#[cfg(test)]
mod tests {
    use std::{net::UdpSocket, os::unix::net::UnixDatagram};

    use super::*;

    #[test]
    fn datagrams_arrive_in_their_order_each_at_its_receiver() {
        let receivers = [0, 1].map(|_| UdpSocket::bind("127.0.0.1:0").expect("a port"));
        let addresses: Vec<SockAddr> = receivers
            .iter()
            .map(|receiver| receiver.local_addr().expect("an address").into())
            .collect();
        let sender = UdpSocket::bind("127.0.0.1:0").expect("a port");
        let texts = ["one", "two", "three"];
        let datagrams = texts.iter().enumerate().map(|(place, text)| Datagram {
            to: &addresses[place % 2],
            bytes: text.as_bytes(),
            each: None,
        });
        assert_eq!(send_many(&sender, datagrams).expect("sent"), 3);
        let mut bytes = [0; 16];
        for (receiver, expected) in [(0, "one"), (1, "two"), (0, "three")] {
            let length = receivers[receiver].recv(&mut bytes).expect("received");
            assert_eq!(&bytes[..length], expected.as_bytes());
        }
    }

    #[test]
    fn several_of_one_length_arrive_as_datagrams_of_their_own() {
        let receiver = UdpSocket::bind("127.0.0.1:0").expect("a port");
        let to: SockAddr = receiver.local_addr().expect("an address").into();
        let sender = UdpSocket::bind("127.0.0.1:0").expect("a port");
        assert!(segments(&sender), "Linux does since 4.18");
        let datagram = |text: &'static str, each| Datagram {
            to: &to,
            bytes: text.as_bytes(),
            each,
        };
        let datagrams = [
            datagram("first", None),
            datagram("onetwotri4", Some(3)),
            datagram("last", None),
        ];
        assert_eq!(send_many(&sender, datagrams.into_iter()).expect("sent"), 3);
        let mut bytes = [0; 16];
        for expected in ["first", "one", "two", "tri", "4", "last"] {
            let length = receiver.recv(&mut bytes).expect("received");
            assert_eq!(&bytes[..length], expected.as_bytes());
        }
    }

    #[test]
    fn what_comes_behind_a_datagram_that_can_not_leave_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        let there = folder.path().join("there");
        let receiver = UnixDatagram::bind(&there).expect("bound");
        let addresses = [there, folder.path().join("nowhere")]
            .map(|path| SockAddr::unix(path).expect("an address"));
        let sender = UnixDatagram::unbound().expect("a socket");
        let datagram = |place: usize| Datagram {
            to: &addresses[place],
            bytes: b"text",
            each: None,
        };
        let sent = send_many(&sender, [0, 1, 0].into_iter().map(datagram));
        assert_eq!(sent.expect("the first left"), 1);
        let error = send_many(&sender, [1, 0].into_iter().map(datagram)).expect_err("nowhere");
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        drop(receiver);
    }
}
