//! What the kernel knows about a TCP connection: `TCP_INFO` (tcp(7)).

use std::{io, mem, os::fd::RawFd};

/// Figures of a connection; times in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TcpInfo {
    /// Smoothed round trip time, in µs.
    pub rtt: u32,
    /// Its variance, in µs.
    pub rtt_variance: u32,
    /// Segments sent and not acknowledged.
    pub unacked: u32,
    /// Segments acknowledged selectively.
    pub sacked: u32,
    /// Segments taken for lost.
    pub lost: u32,
    /// Segments sent again.
    pub retrans: u32,
    /// Forward acknowledgements, of kernels that count them.
    pub fackets: u32,
    /// How far segments may overtake each other before one is taken for lost.
    pub reordering: u32,
}

/// The figures of the connection behind a descriptor.
///
/// # Errors
/// It is no TCP socket, or none at all.
pub fn of(descriptor: RawFd) -> io::Result<TcpInfo> {
    // SAFETY: the structure is plain integers, for which zeros are values.
    let mut info: libc::tcp_info = unsafe { mem::zeroed() };
    let mut length = mem::size_of_val(&info) as libc::socklen_t;
    // SAFETY: `info` and `length` outlive the call, and the kernel writes at most `length` bytes. A number that is no
    // descriptor, or another one, is answered with an error or with that one's figures.
    let result = unsafe {
        libc::getsockopt(
            descriptor,
            libc::IPPROTO_TCP,
            libc::TCP_INFO,
            (&raw mut info).cast(),
            &mut length,
        )
    };
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(TcpInfo {
        rtt: info.tcpi_rtt,
        rtt_variance: info.tcpi_rttvar,
        unacked: info.tcpi_unacked,
        sacked: info.tcpi_sacked,
        lost: info.tcpi_lost,
        retrans: info.tcpi_retrans,
        fackets: info.tcpi_fackets,
        reordering: info.tcpi_reordering,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        net::{TcpListener, TcpStream},
        os::fd::AsRawFd as _,
    };

    #[test]
    fn a_connection_has_figures_and_a_file_has_none() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        assert!(of(client.as_raw_fd()).unwrap().reordering > 0);
        let file = std::fs::File::open("/dev/null").unwrap();
        assert!(of(file.as_raw_fd()).is_err());
        assert!(of(-1).is_err());
    }
}
