//! Opens a connection to a server: a non-blocking socket with the options, the source address and the interface that
//! the configuration asks for, still connecting when it is returned.

use std::{
    fmt, io,
    net::{IpAddr, SocketAddr},
    os::fd::OwnedFd,
    time::Duration,
};

use locum_model::{address::Address, proxy::TcpKeepalive};
use nix::sys::socket::{setsockopt, sockopt};
use socket2::{Domain, SockAddr, Socket, Type};

use super::listener::abstract_address;

/// What a connection to a server needs besides its address.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Where it comes from.
    pub source: Option<Source>,
    /// `interface` of a `source` line.
    pub interface: Option<String>,
    /// `option srvtcpka`: the kernel's keep-alive, with these parameters.
    pub keepalive: Option<TcpKeepalive>,
    /// `tcp-ut`.
    pub user_timeout: Option<Duration>,
    /// `tfo`, where data are ready to go with the SYN.
    pub fast_open: bool,
    /// No early ACK: data will follow the handshake at once (a PROXY header; `option tcp-smart-connect`).
    pub delay_ack: bool,
    /// `tune.rcvbuf.server`.
    pub receive_buffer: Option<u32>,
    /// `tune.sndbuf.server`.
    pub send_buffer: Option<u32>,
}

/// The local end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source {
    /// Address and port; port 0 lets the kernel choose, late.
    pub address: SocketAddr,
    /// The address need not be the machine's own (`usesrc`).
    pub transparent: bool,
}

/// A connection under way; it stands once it is writable and `take_error` says nothing.
#[derive(Debug)]
pub enum Connecting {
    /// Over IP.
    Tcp(std::net::TcpStream),
    /// Over IP, and it stands: a near server answers before `connect(2)` is back.
    Connected(std::net::TcpStream),
    /// Over a unix socket: connected already, since the kernel never makes one wait.
    Unix(std::os::unix::net::UnixStream),
}

/// Why a connection was not made.
#[derive(Debug)]
pub struct ConnectError {
    /// Which kind of failure, for the retry logic and the counters.
    pub kind: Failure,
    /// What the kernel said.
    pub error: io::Error,
    /// The local end that the attempt had, if it got that far.
    pub source: Option<SocketAddr>,
}

/// Kinds of connection failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// Nobody listens, or a middlebox said no.
    Refused,
    /// No way there, or nobody answered the kernel.
    Unreachable,
    /// No free local port, or the source address is not ours.
    NoSource,
    /// The process has no descriptor left.
    ProcessDescriptors,
    /// The system has no descriptor left.
    SystemDescriptors,
    /// No memory for buffers.
    Memory,
    /// Not permitted to use the source address, the interface, or to go there.
    NotPermitted,
    /// A unix listener's queue is full.
    QueueFull,
    /// The address can't be connected to.
    Unsupported,
    /// Anything else.
    Other,
}

impl ConnectError {
    /// Names the kind of what the kernel said: for `connect` and for the error that a connecting socket ends with.
    pub fn of(error: io::Error) -> Self {
        use nix::libc;
        let kind = match error.raw_os_error() {
            Some(libc::ECONNREFUSED | libc::ECONNRESET | libc::ENOENT) => Failure::Refused,
            Some(libc::EHOSTUNREACH | libc::ENETUNREACH | libc::ETIMEDOUT | libc::ENETDOWN) => {
                Failure::Unreachable
            }
            Some(libc::EADDRINUSE | libc::EADDRNOTAVAIL) => Failure::NoSource,
            Some(libc::EMFILE) => Failure::ProcessDescriptors,
            Some(libc::ENFILE) => Failure::SystemDescriptors,
            Some(libc::ENOBUFS | libc::ENOMEM) => Failure::Memory,
            Some(libc::EPERM | libc::EACCES) => Failure::NotPermitted,
            Some(libc::EAGAIN) => Failure::QueueFull,
            Some(libc::EAFNOSUPPORT | libc::EPROTONOSUPPORT | libc::EINVAL) => Failure::Unsupported,
            _ => Failure::Other,
        };
        Self {
            kind,
            error,
            source: None,
        }
    }
}

impl From<io::Error> for ConnectError {
    fn from(error: io::Error) -> Self {
        Self::of(error)
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.kind, self.error)
    }
}

impl std::error::Error for ConnectError {}

/// Begins to connect.
///
/// # Errors
/// What the kernel says at once; what it says later (a refusal, usually) comes with the socket's readiness.
pub fn connect(to: &Address, options: &Options) -> Result<Connecting, ConnectError> {
    match to {
        Address::Ip { ip, port } => tcp(SocketAddr::new(*ip, *port), options),
        Address::Unix(path) => unix(&SockAddr::unix(path)?).map(Connecting::Unix),
        Address::Abstract(name) => unix(&abstract_address(name)?).map(Connecting::Unix),
        Address::Descriptor(_) => Err(io::Error::from_raw_os_error(nix::libc::EAFNOSUPPORT).into()),
    }
}

fn tcp(to: SocketAddr, options: &Options) -> Result<Connecting, ConnectError> {
    let kind = Type::STREAM.nonblocking().cloexec();
    let socket = Socket::new(Domain::for_address(to), kind, None)?;
    // Options that only tune are not worth failing for.
    let _ = socket.set_tcp_nodelay(true);
    if let Some(keepalive) = &options.keepalive {
        let _ = set_keepalive(&socket, keepalive);
    }
    if let Some(source) = options.source {
        bind_source(&socket, to, source, options.interface.as_deref())?;
    } else if let Some(interface) = &options.interface {
        let _ = socket.bind_device(Some(interface.as_bytes()));
    }
    if options.delay_ack {
        let _ = socket.set_tcp_quickack(false);
    }
    if let Some(timeout) = options.user_timeout {
        let _ = socket.set_tcp_user_timeout(Some(timeout));
    }
    if options.fast_open {
        let _ = setsockopt(&socket, sockopt::TcpFastOpenConnect, &true);
    }
    if let Some(bytes) = options.send_buffer {
        let _ = socket.set_send_buffer_size(bytes as usize);
    }
    if let Some(bytes) = options.receive_buffer {
        let _ = socket.set_recv_buffer_size(bytes as usize);
    }
    match socket.connect(&SockAddr::from(to)) {
        Ok(()) => {}
        Err(error) if error.raw_os_error() == Some(nix::libc::EINPROGRESS) => {}
        Err(error) => return Err(error.into()),
    }
    // With TFO sending would begin the handshake, and without the data that are to go with it.
    let source = || socket.local_addr().ok()?.as_socket();
    let stands = !options.fast_open
        && stands(&socket).map_err(|error| ConnectError {
            source: source(),
            ..ConnectError::of(error)
        })?;
    let socket = OwnedFd::from(socket).into();
    Ok(match stands {
        true => Connecting::Connected(socket),
        false => Connecting::Tcp(socket),
    })
}

/// Whether a connection that was begun just now stands already: then sending nothing succeeds. Asking costs less than
/// an event of the reactor does.
fn stands(socket: &Socket) -> io::Result<bool> {
    match socket.send_with_flags(&[], nix::libc::MSG_NOSIGNAL) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
        Err(error) => Err(error),
    }
}

/// Switches the kernel's keep-alive on; also for clients (`option clitcpka`).
pub fn set_keepalive(socket: &Socket, keepalive: &TcpKeepalive) -> io::Result<()> {
    socket.set_keepalive(true)?;
    let mut params = socket2::TcpKeepalive::new();
    if let Some(count) = keepalive.count {
        params = params.with_retries(count);
    }
    if let Some(idle) = keepalive.idle {
        params = params.with_time(idle);
    }
    if let Some(interval) = keepalive.interval {
        params = params.with_interval(interval);
    }
    if *keepalive != TcpKeepalive::default() {
        socket.set_tcp_keepalive(&params)?;
    }
    Ok(())
}

/// Binds the local end. Without a port the kernel chooses one when it connects, so that one port can serve several
/// destinations; with a port the port is the one asked for, or the connection fails.
fn bind_source(
    socket: &Socket,
    to: SocketAddr,
    source: Source,
    interface: Option<&str>,
) -> Result<(), ConnectError> {
    if let Some(interface) = interface {
        let _ = socket.bind_device(Some(interface.as_bytes()));
    }
    if source.address.port() == 0 || source.transparent {
        let _ = setsockopt(socket, sockopt::IpBindAddressNoPort, &true);
    }
    if source.transparent {
        match to {
            SocketAddr::V4(_) => socket.set_ip_transparent_v4(true)?,
            SocketAddr::V6(_) => socket.set_ip_transparent_v6(true)?,
        }
    }
    let _ = socket.set_reuse_address(true);
    if source.address.port() == 0 && is_any(source.address.ip()) && !source.transparent {
        return Ok(());
    }
    socket
        .bind(&SockAddr::from(source.address))
        .map_err(ConnectError::of)
}

fn is_any(ip: IpAddr) -> bool {
    ip.is_unspecified()
}

fn unix(to: &SockAddr) -> Result<std::os::unix::net::UnixStream, ConnectError> {
    let socket = Socket::new(Domain::UNIX, Type::STREAM.nonblocking().cloexec(), None)?;
    socket.connect(to)?;
    Ok(OwnedFd::from(socket).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    fn ip(address: SocketAddr) -> Address {
        Address::Ip {
            ip: address.ip(),
            port: address.port(),
        }
    }

    /// Waits until the connection stands or failed.
    fn outcome(connecting: Connecting) -> io::Result<SocketAddr> {
        let (Connecting::Tcp(stream) | Connecting::Connected(stream)) = connecting else {
            unreachable!("asked for TCP")
        };
        let mut fds = [nix::poll::PollFd::new(
            std::os::fd::AsFd::as_fd(&stream),
            nix::poll::PollFlags::POLLOUT,
        )];
        nix::poll::poll(&mut fds, 5000u16).unwrap();
        match stream.take_error()? {
            Some(error) => Err(error),
            None => stream.local_addr(),
        }
    }

    #[test]
    fn a_connection_comes_from_its_source_address_and_port() {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let to = ip(server.local_addr().unwrap());
        let mut options = Options {
            keepalive: Some(TcpKeepalive {
                count: Some(3),
                ..TcpKeepalive::default()
            }),
            ..Options::default()
        };
        options.source = Some(Source {
            address: "127.0.0.9:0".parse().unwrap(),
            transparent: false,
        });
        let from = outcome(connect(&to, &options).unwrap()).unwrap();
        assert_eq!(from.ip().to_string(), "127.0.0.9");
        let free = TcpListener::bind("127.0.0.8:0")
            .unwrap()
            .local_addr()
            .unwrap();
        options.source = Some(Source {
            address: free,
            transparent: false,
        });
        let from = outcome(connect(&to, &options).unwrap()).unwrap();
        assert_eq!(from, free);
    }

    #[test]
    fn what_stands_at_once_is_told_from_what_nobody_has_answered() {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let to = ip(server.local_addr().unwrap());
        let begun = |to: &Address, fast_open| {
            let options = Options {
                fast_open,
                ..Options::default()
            };
            connect(to, &options).unwrap()
        };
        assert!(matches!(begun(&to, false), Connecting::Connected(_)));
        assert!(matches!(begun(&to, true), Connecting::Tcp(_)));
        // A listener whose queue is full doesn't answer.
        let deaf = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
        deaf.bind(&any.into()).unwrap();
        deaf.listen(0).unwrap();
        let to = ip(deaf.local_addr().unwrap().as_socket().unwrap());
        let all: Vec<_> = (0..4).map(|_| begun(&to, false)).collect();
        assert!(matches!(all.last(), Some(Connecting::Tcp(_))));
    }

    #[test]
    fn failures_have_their_kinds() {
        let free = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        let error = match connect(&ip(free), &Options::default()) {
            Ok(connecting) => ConnectError::of(outcome(connecting).unwrap_err()),
            Err(error) => error,
        };
        assert_eq!(error.kind, Failure::Refused);
        let options = Options {
            source: Some(Source {
                address: "192.0.2.77:0".parse().unwrap(),
                transparent: false,
            }),
            ..Options::default()
        };
        let error = connect(&ip(free), &options).unwrap_err();
        assert_eq!(error.kind, Failure::NoSource);
        let error = connect(&Address::Unix("/nonexistent/s".into()), &Options::default());
        assert_eq!(error.unwrap_err().kind, Failure::Refused);
        let error = connect(&Address::Descriptor(3), &Options::default());
        assert_eq!(error.unwrap_err().kind, Failure::Unsupported);
    }
}
