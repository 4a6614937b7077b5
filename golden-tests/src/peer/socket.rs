//! One connected or listening socket over TCP or unix, by its textual address.

use socket2::{Domain, SockAddr, Socket, Type};
use std::io::{ErrorKind, Read};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// What a read that waited gave.
#[derive(Debug, PartialEq, Eq)]
pub enum Received {
    /// Some bytes were appended.
    Bytes,
    /// The peer closed.
    End,
    /// The peer reset the connection.
    Reset,
    /// Nothing within the time.
    Nothing,
}

/// `IP:PORT`, or the path of a unix socket, or `abstract:NAME`.
///
/// # Errors
/// Says which text is no address.
pub fn address(text: &str) -> Result<(Domain, SockAddr), String> {
    if let Ok(inet) = text.parse::<SocketAddr>() {
        return Ok((Domain::for_address(inet), inet.into()));
    }
    let path = match text.strip_prefix("abstract:") {
        Some(name) => format!("\0{name}"),
        None => text.to_owned(),
    };
    let unix = SockAddr::unix(path).map_err(|e| format!("'{text}': {e}"))?;
    Ok((Domain::UNIX, unix))
}

/// A listening stream socket.
///
/// # Errors
/// Names the address that can't be bound.
pub fn listen(text: &str, backlog: i32) -> Result<Socket, String> {
    let wrong = |e: std::io::Error| format!("listen on {text}: {e}");
    let (domain, address) = address(text)?;
    let socket = Socket::new(domain, Type::STREAM, None).map_err(wrong)?;
    if domain != Domain::UNIX {
        socket.set_reuse_address(true).map_err(wrong)?;
    }
    socket.bind(&address).map_err(wrong)?;
    socket.listen(backlog).map_err(wrong)?;
    Ok(socket)
}

/// A connection to `to`, from `from` (`IP` or `IP:PORT`) if given.
///
/// # Errors
/// Says which address refuses.
pub fn connect(to: &str, from: Option<&str>) -> Result<Socket, String> {
    let wrong = |e: std::io::Error| format!("connect to {to}: {e}");
    let (domain, target) = address(to)?;
    let socket = Socket::new(domain, Type::STREAM, None).map_err(wrong)?;
    if domain != Domain::UNIX {
        // One write is one segment: what a scenario sends arrives as it was sent.
        socket.set_tcp_nodelay(true).map_err(wrong)?;
    }
    if let Some(from) = from {
        let with_port = if from.parse::<SocketAddr>().is_ok() {
            from.to_owned()
        } else if from.contains(':') {
            format!("[{from}]:0")
        } else {
            format!("{from}:0")
        };
        socket.set_reuse_address(true).map_err(wrong)?;
        socket.bind(&address(&with_port)?.1).map_err(wrong)?;
    }
    // A connect in the background would also report a reset that came right behind the handshake.
    socket
        .set_write_timeout(Some(Duration::from_secs(3)))
        .map_err(wrong)?;
    socket.connect(&target).map_err(wrong)?;
    Ok(socket)
}

/// Waits until `deadline` for bytes and appends them to `buffer`.
pub fn receive(socket: &Socket, buffer: &mut Vec<u8>, deadline: Instant) -> Received {
    let left = deadline.saturating_duration_since(crate::clock::now());
    if left.is_zero() {
        return Received::Nothing;
    }
    if socket.set_read_timeout(Some(left)).is_err() {
        return Received::Reset;
    }
    let mut chunk = [0; 65536];
    let mut reader = socket;
    match reader.read(&mut chunk) {
        Ok(0) => Received::End,
        Ok(length) => {
            buffer.extend_from_slice(&chunk[..length]);
            Received::Bytes
        }
        Err(e) if e.kind() == ErrorKind::WouldBlock || e.kind() == ErrorKind::TimedOut => {
            Received::Nothing
        }
        Err(e) if e.kind() == ErrorKind::Interrupted => receive(socket, buffer, deadline),
        Err(_) => Received::Reset,
    }
}

/// Closes with a reset in place of an orderly end.
pub fn reset(socket: Socket) {
    let _already_gone = socket.set_linger(Some(Duration::ZERO));
    drop(socket);
}
