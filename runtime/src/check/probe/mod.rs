//! What a check does on the wire: one file per kind of probe. These are drivers: they read the clock and do the IO.

pub mod http;
pub mod tcp_connect;

use std::{io, net::SocketAddr, path::PathBuf, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt},
    net::{TcpSocket, TcpStream, UnixStream},
};

use super::{CheckInfo, CheckResult, CheckStatus};
use crate::net::proxy_protocol::{Endpoints, Outgoing, encode_v1, encode_v2};

/// Where a probe connects to and how.
#[derive(Debug, Clone)]
pub struct Target {
    /// The address.
    pub address: TargetAddress,
    /// Local address to connect from.
    pub source: Option<SocketAddr>,
    /// PROXY header that is sent first.
    pub proxy_header: Option<ProxyHeader>,
    /// Bound on the connection.
    pub connect_timeout: Duration,
    /// Bound on what follows; `None`: the bound on the connection bounds the whole.
    pub exchange_timeout: Option<Duration>,
}

/// What a probe sends before anything else (`check-send-proxy`).
#[derive(Debug, Clone)]
pub enum ProxyHeader {
    /// These bytes.
    Fixed(Vec<u8>),
    /// A header of version 1 that names the ends of the probe's own connection.
    OwnEnds,
    /// One of version 2 that does so instead of being LOCAL (manual: "pp2-never-send-local").
    OwnEndsBinary,
}

/// A resolved address.
#[derive(Debug, Clone)]
pub enum TargetAddress {
    /// Over IP.
    Ip(SocketAddr),
    /// Over a Unix socket.
    Unix(PathBuf),
}

/// A connection of a probe.
pub(super) trait Wire: AsyncRead + AsyncWrite + Unpin {
    /// Closing resets the connection instead of leaving it in TIME_WAIT.
    fn reset_on_close(&self) {}

    /// Its ends, if it has IP addresses.
    fn ends(&self) -> Option<Endpoints> {
        None
    }
}

impl Wire for UnixStream {}

impl Wire for TcpStream {
    fn reset_on_close(&self) {
        // Failing to set it costs a socket in TIME_WAIT, no more.
        let _ = socket2::SockRef::from(self).set_linger(Some(Duration::ZERO));
    }

    fn ends(&self) -> Option<Endpoints> {
        Some(Endpoints {
            source: self.local_addr().ok()?,
            destination: self.peer_addr().ok()?,
        })
    }
}

/// Connects, without a bound of time.
pub(super) async fn connect(target: &Target) -> io::Result<Box<dyn Wire>> {
    match &target.address {
        TargetAddress::Unix(path) => Ok(Box::new(UnixStream::connect(path).await?)),
        TargetAddress::Ip(address) => {
            let socket = match address {
                SocketAddr::V4(_) => TcpSocket::new_v4()?,
                SocketAddr::V6(_) => TcpSocket::new_v6()?,
            };
            if let Some(source) = target.source {
                socket.set_reuseaddr(true)?;
                socket.bind(source)?;
            }
            // The peer needn't wait for a FIN exchange of something that was only a question.
            socket.set_nodelay(true)?;
            Ok(Box::new(socket.connect(*address).await?))
        }
    }
}

/// Sends the PROXY header, if there is one.
pub(super) async fn announce(target: &Target, wire: &mut Box<dyn Wire>) -> io::Result<()> {
    match &target.proxy_header {
        None => Ok(()),
        Some(ProxyHeader::Fixed(bytes)) => wire.write_all(bytes).await,
        Some(ProxyHeader::OwnEnds) => {
            let mut line = Vec::new();
            encode_v1(wire.ends(), &mut line);
            wire.write_all(&line).await
        }
        Some(ProxyHeader::OwnEndsBinary) => {
            let mut header = Vec::new();
            let outgoing = Outgoing {
                endpoints: wire.ends(),
                ..Outgoing::default()
            };
            encode_v2(&outgoing, &mut header);
            wire.write_all(&header).await
        }
    }
}

/// The result of an IO error: before the connection stands it is the peer's or the network's, later the socket's.
pub(super) fn io_failure(error: &io::Error, connecting: bool, duration: Duration) -> CheckResult {
    let status = match error.kind() {
        _ if !connecting => CheckStatus::SocketError,
        io::ErrorKind::TimedOut => CheckStatus::L4Timeout,
        io::ErrorKind::AddrInUse | io::ErrorKind::AddrNotAvailable => CheckStatus::SocketError,
        io::ErrorKind::PermissionDenied => CheckStatus::SocketError,
        _ => CheckStatus::L4Connection,
    };
    let info = error.raw_os_error().map_or(CheckInfo::None, CheckInfo::Os);
    CheckResult::new(status, duration).with(info)
}
