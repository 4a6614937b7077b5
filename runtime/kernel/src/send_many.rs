//! Sends several datagrams with one call: sendmmsg(2).
//!
//! Safe wrappers elsewhere allocate their headers for each call; here they are on the stack, which is the point.

use std::{
    io,
    os::fd::{AsFd, AsRawFd},
};

use socket2::SockAddr;

/// One datagram and where it goes.
#[derive(Debug, Clone, Copy)]
pub struct Datagram<'a> {
    /// Its receiver.
    pub to: &'a SockAddr,
    /// All of it.
    pub bytes: &'a [u8],
}

/// The most that leave with one call.
pub const MOST: usize = 32;

/// Sends datagrams in order and returns how many left, at most [`MOST`]. No SIGPIPE is raised.
///
/// # Errors
/// The first one could not leave; nothing was sent.
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
    let mut count = 0;
    for ((datagram, piece), header) in datagrams.zip(&mut pieces).zip(&mut headers) {
        piece.iov_base = datagram.bytes.as_ptr().cast_mut().cast();
        piece.iov_len = datagram.bytes.len();
        header.msg_hdr.msg_name = datagram.to.as_ptr().cast_mut().cast();
        header.msg_hdr.msg_namelen = datagram.to.len();
        header.msg_hdr.msg_iov = piece;
        header.msg_hdr.msg_iovlen = 1;
        count += 1;
    }
    // SAFETY: the first `count` headers point to addresses and bytes that are borrowed for 'a and to pieces that live
    // in this frame; sendmmsg writes to nothing but the headers' lengths.
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
        });
        assert_eq!(send_many(&sender, datagrams).expect("sent"), 3);
        let mut bytes = [0; 16];
        for (receiver, expected) in [(0, "one"), (1, "two"), (0, "three")] {
            let length = receivers[receiver].recv(&mut bytes).expect("received");
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
        };
        let sent = send_many(&sender, [0, 1, 0].into_iter().map(datagram));
        assert_eq!(sent.expect("the first left"), 1);
        let error = send_many(&sender, [1, 0].into_iter().map(datagram)).expect_err("nowhere");
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        drop(receiver);
    }
}
