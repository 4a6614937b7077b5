//! Stops a listening TCP socket without closing it: connect(2) to the family "unspecified".
//!
//! The port is free for another process then, and listen(2) on the same socket takes it again; the reference pauses
//! its listeners on SIGTTOU in this way.

use std::{
    io,
    os::fd::{AsFd, AsRawFd},
};

/// Leaves the listening state. Connections that nobody accepted yet are reset. A socket that was bound to port 0
/// loses its number too: only a port that was asked for stays the socket's.
pub fn disconnect(socket: impl AsFd) -> io::Result<()> {
    let unspecified = libc::sockaddr {
        sa_family: libc::AF_UNSPEC as libc::sa_family_t,
        sa_data: [0; 14],
    };
    let length = size_of::<libc::sockaddr>() as libc::socklen_t;
    // SAFETY: the descriptor is borrowed and open; the address is a local of the length that is passed.
    let result =
        unsafe { libc::connect(socket.as_fd().as_raw_fd(), &raw const unspecified, length) };
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use nix::sys::socket::{Backlog, listen};

    use super::*;

    #[test]
    fn a_disconnected_listener_refuses_and_listens_again_on_the_same_port() {
        let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = free.local_addr().expect("address");
        drop(free);
        let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None)
            .expect("socket");
        socket.set_reuse_address(true).expect("reuse");
        socket.bind(&address.into()).expect("bind");
        socket.listen(8).expect("listen");
        let listener = TcpListener::from(socket);
        disconnect(&listener).expect("paused");
        assert!(TcpStream::connect(address).is_err());
        listen(&listener, Backlog::new(8).expect("small")).expect("resumed");
        assert_eq!(listener.local_addr().expect("address"), address);
        TcpStream::connect(address).expect("listens again");
    }
}
