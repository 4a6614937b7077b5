//! Servers of rings (manual 3.9 "server"): each gets a copy of the lines over TCP, from the oldest one that is kept.

use std::{io, rc::Rc, sync::Arc, time::Duration};

use locum_model::{
    address::Address,
    log::{LogProtocol, RingServer},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpStream, UnixStream},
    task::spawn_local,
    time::timeout,
};

use super::ring::Ring;
use crate::worker::Worker;

/// Between two attempts to connect.
const PAUSE: Duration = Duration::from_millis(200);

/// Where no timeout was said.
const NEVER: Duration = Duration::from_secs(86400);

/// Bytes of lines that leave with one write.
const BATCH: usize = 16384;

/// Feeds the servers of all rings until the worker ends.
pub fn start(worker: &Rc<Worker>) {
    for ring in &worker.plan.rings {
        for place in 0..ring.settings.servers.len() {
            spawn_local(feed(ring.clone(), place));
        }
    }
}

async fn feed(ring: Arc<Ring>, place: usize) {
    let Some(server) = ring.settings.servers.get(place) else {
        return;
    };
    let mut position = 0;
    loop {
        let before = position;
        let connecting = timeout(
            ring.settings.connect_timeout.unwrap_or(NEVER),
            connect(&server.address),
        );
        if let Ok(Ok(stream)) = connecting.await {
            // A connection that ends is made again; lines under way are lost, as nobody acknowledges them.
            let _ = pass_on(&ring, server, stream, &mut position).await;
        }
        if position == before {
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// A connection, whatever carries it.
trait Carrier: AsyncRead + AsyncWrite + Unpin {}
impl<T: AsyncRead + AsyncWrite + Unpin> Carrier for T {}

async fn connect(address: &Address) -> io::Result<Box<dyn Carrier>> {
    Ok(match address {
        Address::Ip { ip, port } => Box::new(TcpStream::connect((*ip, *port)).await?),
        Address::Unix(path) => Box::new(UnixStream::connect(path).await?),
        _ => return Err(io::ErrorKind::Unsupported.into()),
    })
}

async fn pass_on(
    ring: &Ring,
    server: &RingServer,
    mut stream: Box<dyn Carrier>,
    position: &mut u64,
) -> io::Result<()> {
    let mut batch = Vec::new();
    loop {
        batch.clear();
        let behind = ring.read(*position, BATCH, |line| {
            frame(server.protocol, line, &mut batch);
        });
        if batch.is_empty() {
            let mut answer = [0; 512];
            tokio::select! {
                () = ring.wait_beyond(behind) => {}
                read = stream.read(&mut answer) => match read {
                    Ok(0) | Err(_) => return Ok(()),
                    Ok(_) => {}
                },
            }
            continue;
        }
        let limit = ring.settings.server_timeout.unwrap_or(NEVER);
        timeout(limit, stream.write_all(&batch)).await??;
        *position = behind;
    }
}

/// One line on the wire (RFC 6587 §3.4).
fn frame(protocol: LogProtocol, line: &[u8], out: &mut Vec<u8>) {
    if protocol == LogProtocol::OctetCount {
        out.extend_from_slice(itoa::Buffer::new().format(line.len()).as_bytes());
        out.push(b' ');
    }
    out.extend_from_slice(line);
    if protocol == LogProtocol::Legacy {
        out.push(b'\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_or_are_counted() {
        let framed = |protocol| {
            let mut out = Vec::new();
            frame(protocol, b"<134>a", &mut out);
            frame(protocol, b"bc", &mut out);
            out
        };
        assert_eq!(framed(LogProtocol::Legacy), b"<134>a\nbc\n");
        assert_eq!(framed(LogProtocol::OctetCount), b"6 <134>a2 bc");
    }
}
