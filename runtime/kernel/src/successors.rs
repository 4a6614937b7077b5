//! Leaves new connections to the sockets that began to listen on the same port later: SO_ATTACH_REUSEPORT_CBPF.
//!
//! Of the sockets that share a port the kernel picks one for each connection by a hash; closing a socket breaks the
//! handshakes that it was picked for. A filter of two instructions picks another one instead, so that the one that is
//! to be closed gets no more (socket(7): sockets are numbered in the order in which they began to listen; where the
//! filter names none, the hash decides as before).

use std::{
    io,
    os::fd::{AsFd, AsRawFd},
};

/// Has the port's connections go to sockets behind the first `ours` ones, where there are any.
///
/// # Errors
/// The kernel doesn't know it, or the socket doesn't share its port.
pub fn leave_to_successors(socket: impl AsFd, ours: u32) -> io::Result<()> {
    let step = |code: u32, k: u32| libc::sock_filter {
        code: code as u16,
        jt: 0,
        jf: 0,
        k,
    };
    // The first of them behind ours: whoever replaces a process has as many sockets as it had, or one is as good.
    let mut filter = [step(libc::BPF_RET | libc::BPF_K, ours)];
    let program = libc::sock_fprog {
        len: filter.len() as u16,
        filter: filter.as_mut_ptr(),
    };
    // SAFETY: the program and its filter are locals that outlive the call, which copies them; the length is the
    // program's own.
    let result = unsafe {
        libc::setsockopt(
            socket.as_fd().as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_ATTACH_REUSEPORT_CBPF,
            (&raw const program).cast(),
            size_of::<libc::sock_fprog>() as libc::socklen_t,
        )
    };
    match result {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

#[cfg(test)]
mod tests {
    use std::net::{SocketAddr, TcpListener, TcpStream};

    use socket2::{Domain, Socket, Type};

    use super::*;

    fn listener(address: SocketAddr) -> TcpListener {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        socket.set_reuse_port(true).expect("shared");
        socket.bind(&address.into()).expect("bound");
        socket.listen(64).expect("listening");
        socket.set_nonblocking(true).expect("nonblocking");
        socket.into()
    }

    fn waiting(listener: &TcpListener) -> usize {
        std::iter::from_fn(|| listener.accept().ok()).count()
    }

    #[test]
    fn a_successor_gets_all_connections_and_keeps_them_when_it_is_alone() {
        let old = listener(([127, 0, 0, 1], 0).into());
        let address = old.local_addr().expect("an address");
        leave_to_successors(&old, 1).expect("attached");
        let connect = || {
            let clients: Vec<_> = (0..20).map(|_| TcpStream::connect(address)).collect();
            assert!(clients.iter().all(Result::is_ok));
            clients
        };
        let _first = connect();
        assert_eq!(waiting(&old), 20, "there is no successor yet");
        let new = listener(address);
        let _second = connect();
        assert_eq!((waiting(&old), waiting(&new)), (0, 20));
        drop(old);
        let _third = connect();
        assert_eq!(waiting(&new), 20);
    }
}
