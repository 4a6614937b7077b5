//! The BFD process' only IO: one socket to receive, one per session to send, timers, and reports to other processes.
//! Everything happens on one event loop; nothing here waits for a disk or a log.

use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    io,
    net::{self, IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6},
    os::{fd::AsRawFd, unix::net::UnixDatagram},
    sync::Arc,
    time::Instant,
};

use locum_model::bfd::Instance;
use locum_runtime::clock;
use nix::{
    errno::Errno,
    sys::socket::{ControlMessageOwned, MsgFlags, SockaddrIn6, recvmsg, setsockopt, sockopt},
};
use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use tokio::{
    io::Interest,
    net::UdpSocket,
    sync::{mpsc, oneshot},
};

use super::{
    event::Event,
    packet,
    report::Writer,
    session::{Chance, Snapshot},
    sessions::{Effect, Received, SessionId, Sessions},
};

/// Where control packets go (RFC 5881 §4).
pub const PORT: u16 = 3784;

/// Where they come from (RFC 5881 §4).
const SOURCE_PORTS: std::ops::RangeInclusive<u16> = 49152..=65535;

/// How many packets are taken before timers get their turn.
const BURST: usize = 256;

/// What the process is told.
#[derive(Debug)]
pub enum Command {
    /// The configuration was read again.
    Reload(Vec<Instance>),
    /// What stands in a dump.
    Snapshot(oneshot::Sender<Status>),
    /// The process ends. Neighbours notice by silence, as they do with the reference.
    Stop,
}

/// The driver and its sessions as they stand.
#[derive(Debug, Clone)]
pub struct Status {
    /// The descriptor that receives; −1: there is none.
    pub receiver: i32,
    /// The sessions and their sending descriptors (−1: none), in the order of the configuration.
    pub sessions: Vec<(Snapshot, i32)>,
    /// When this was true.
    pub now: Instant,
}

/// Runs sessions until told to stop.
///
/// `vrrp` and `checker` are the writing ends of [`super::report::pair`]; `tell` gets every event as it happens and must
/// not block. Must run within a tokio runtime.
pub async fn run(
    instances: Vec<Instance>,
    vrrp: Option<UnixDatagram>,
    checker: Option<UnixDatagram>,
    mut commands: mpsc::Receiver<Command>,
    tell: impl FnMut(Event),
) -> io::Result<()> {
    let mut driver = Driver {
        sessions: Sessions::new(Box::new(Random::default())),
        senders: HashMap::new(),
        vrrp: vrrp.map(Writer::new).transpose()?,
        checker: checker.map(Writer::new).transpose()?,
        tell,
        random: Random::default(),
        effects: Vec::new(),
    };
    let receiver = match receiver() {
        Ok(socket) => Some(UdpSocket::from_std(socket.into())?),
        Err(error) => {
            (driver.tell)(Event::NoReceiver(Arc::new(error)));
            None
        }
    };
    driver.configure(instances);
    loop {
        let deadline = driver.sessions.deadline();
        tokio::select! {
            biased;
            command = commands.recv() => match command {
                None | Some(Command::Stop) => return Ok(()),
                Some(Command::Reload(instances)) => driver.configure(instances),
                Some(Command::Snapshot(answer)) => {
                    let receiver = receiver.as_ref().map_or(-1, AsRawFd::as_raw_fd);
                    // Whoever asked may have gone.
                    let _ = answer.send(driver.status(receiver));
                }
            },
            () = readable(&receiver) => {}
            () = flush(&mut driver.vrrp) => {}
            () = flush(&mut driver.checker) => {}
            () = until(deadline) => {}
        }
        // Packets first, always: what came in time must be heard before a timer that is due is believed.
        while let Some(receiver) = &receiver
            && driver.receive(receiver)
        {
            tokio::task::yield_now().await;
        }
        driver.sessions.on_timer(clock::now(), &mut driver.effects);
        driver.carry_out();
    }
}

struct Driver<T> {
    sessions: Sessions,
    senders: HashMap<SessionId, (net::UdpSocket, SocketAddr)>,
    vrrp: Option<Writer>,
    checker: Option<Writer>,
    tell: T,
    random: Random,
    effects: Vec<Effect>,
}

impl<T: FnMut(Event)> Driver<T> {
    fn configure(&mut self, instances: Vec<Instance>) {
        self.sessions.configure(instances, &mut self.effects);
        self.carry_out();
    }

    /// Takes what waits; `true`: there may be more.
    fn receive(&mut self, socket: &UdpSocket) -> bool {
        for _ in 0..BURST {
            let mut bytes = [0; packet::LONGEST];
            // The socket itself is asked, whatever the reactor has heard of it yet; what it heard is taken back only by
            // a reading that it watches.
            let taken = match take(socket, &mut bytes) {
                Err(Errno::EAGAIN) => socket
                    .try_io(Interest::READABLE, || Ok(take(socket, &mut bytes)?))
                    .map_err(|_| Errno::EAGAIN),
                taken => taken,
            };
            match taken {
                Ok(Some(taken)) => {
                    let received = Received {
                        source: taken.source,
                        destination: taken.destination,
                        ttl: taken.ttl,
                        truncated: taken.truncated,
                        bytes: &bytes[..taken.length],
                    };
                    self.sessions
                        .on_datagram(clock::now(), received, &mut self.effects);
                    self.carry_out();
                }
                Ok(None) | Err(Errno::EINTR) => {}
                // Nothing waits, or an error that reading took off the socket.
                Err(_) => return false,
            }
        }
        true
    }

    fn carry_out(&mut self) {
        while !self.effects.is_empty() {
            for effect in std::mem::take(&mut self.effects) {
                self.carry_out_one(effect);
            }
        }
    }

    fn carry_out_one(&mut self, effect: Effect) {
        match effect {
            Effect::Open {
                session,
                source,
                neighbor,
                ttl,
            } => {
                self.senders.remove(&session);
                let result = match sender(source, neighbor, ttl, &mut self.random) {
                    Ok(socket) => {
                        let to = SocketAddr::new(neighbor, PORT);
                        self.senders.insert(session, (socket, to));
                        Ok(())
                    }
                    Err((call, error)) => Err((call, Arc::new(error))),
                };
                let now = clock::now();
                self.sessions
                    .on_open(now, session, result, &mut self.effects);
            }
            Effect::Close(session) => {
                self.senders.remove(&session);
            }
            Effect::Send { session, packet } => {
                let Some((socket, to)) = self.senders.get(&session) else {
                    return;
                };
                let result = socket.send_to(&packet.encode(), to).map(drop);
                self.sessions.on_sent(session, result, &mut self.effects);
            }
            Effect::Report(report) => {
                for (wanted, writer) in [
                    (report.vrrp, &mut self.vrrp),
                    (report.checker, &mut self.checker),
                ] {
                    if let (true, Some(writer)) = (wanted, writer) {
                        writer.write(&report.name, report.up);
                    }
                }
            }
            Effect::Event(event) => (self.tell)(event),
        }
    }

    fn status(&self, receiver: i32) -> Status {
        let descriptor = |id: &SessionId| self.senders.get(id).map_or(-1, |(s, _)| s.as_raw_fd());
        Status {
            receiver,
            sessions: self
                .sessions
                .snapshot()
                .into_iter()
                .map(|(id, snapshot)| (snapshot, descriptor(&id)))
                .collect(),
            now: clock::now(),
        }
    }
}

/// Waits until a packet may wait.
async fn readable(receiver: &Option<UdpSocket>) {
    if let Some(receiver) = receiver
        && receiver.readable().await.is_ok()
    {
        return;
    }
    std::future::pending().await
}

async fn flush(writer: &mut Option<Writer>) {
    match writer {
        Some(writer) if writer.is_waiting() => writer.flush().await,
        _ => std::future::pending().await,
    }
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(at) => tokio::time::sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}

/// The socket of both families that receives for all sessions, and tells addresses and hops.
fn receiver() -> io::Result<Socket> {
    let socket = Socket::new(Domain::IPV6, Type::DGRAM.nonblocking(), Some(Protocol::UDP))?;
    socket.set_only_v6(false)?;
    setsockopt(&socket, sockopt::Ipv4RecvTtl, &true)?;
    setsockopt(&socket, sockopt::Ipv6RecvHopLimit, &true)?;
    setsockopt(&socket, sockopt::Ipv6RecvPacketInfo, &true)?;
    let any = SocketAddrV6::new(Ipv6Addr::UNSPECIFIED, PORT, 0, 0);
    socket.bind(&SockAddr::from(any))?;
    Ok(socket)
}

/// A datagram and what the kernel tells about it.
struct Taken {
    source: SocketAddr,
    destination: Option<IpAddr>,
    ttl: Option<u8>,
    truncated: bool,
    length: usize,
}

/// Takes one datagram without waiting; `None`: it came from nowhere.
fn take(socket: &UdpSocket, bytes: &mut [u8; packet::LONGEST]) -> Result<Option<Taken>, Errno> {
    let mut control = nix::cmsg_space!(nix::libc::in6_pktinfo, i32, i32);
    let mut slices = [io::IoSliceMut::new(bytes)];
    let message = recvmsg::<SockaddrIn6>(
        socket.as_raw_fd(),
        &mut slices,
        Some(&mut control),
        MsgFlags::MSG_DONTWAIT,
    )?;
    let Some(from) = message.address else {
        return Ok(None);
    };
    let mut taken = Taken {
        source: SocketAddr::new(from.ip().to_canonical(), from.port()),
        destination: None,
        ttl: None,
        truncated: message.flags.contains(MsgFlags::MSG_TRUNC),
        length: message.bytes,
    };
    for told in message.cmsgs()? {
        match told {
            ControlMessageOwned::Ipv6PacketInfo(info) => {
                let to = Ipv6Addr::from(info.ipi6_addr.s6_addr);
                taken.destination = Some(to.to_canonical());
            }
            ControlMessageOwned::Ipv4Ttl(hops) | ControlMessageOwned::Ipv6HopLimit(hops) => {
                taken.ttl = u8::try_from(hops).ok();
            }
            _ => {}
        }
    }
    Ok(Some(taken))
}

/// A socket that sends to one neighbour, or the call that failed.
fn sender(
    source: Option<IpAddr>,
    neighbor: IpAddr,
    ttl: u8,
    random: &mut Random,
) -> Result<net::UdpSocket, (&'static str, io::Error)> {
    let named = |call| move |error| (call, error);
    let kind = Type::DGRAM.nonblocking();
    let socket = Socket::new(Domain::for_address((neighbor, 0).into()), kind, None)
        .map_err(named("socket"))?;
    let any: IpAddr = match neighbor {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    bind(&socket, source.unwrap_or(any), random).map_err(named("bind"))?;
    match neighbor {
        IpAddr::V4(_) => socket.set_ttl_v4(ttl.into()),
        IpAddr::V6(_) => socket.set_unicast_hops_v6(ttl.into()),
    }
    .map_err(named("setsockopt"))?;
    Ok(socket.into())
}

/// Binds to a port of the range that RFC 5881 §4 wants, from a random one on to the first that is free.
fn bind(socket: &Socket, source: IpAddr, random: &mut Random) -> io::Result<()> {
    let count = SOURCE_PORTS.len() as u32;
    let first = random.next_u32() % count;
    let mut last = Ok(());
    for port in (0..count).map(|i| *SOURCE_PORTS.start() + ((first + i) % count) as u16) {
        last = socket.bind(&SockAddr::from(SocketAddr::new(source, port)));
        match &last {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
            _ => break,
        }
    }
    last
}

/// Numbers that others can't guess: the hash of a counter under keys that the system gave.
#[derive(Debug, Default)]
struct Random {
    keys: RandomState,
    count: u64,
}

impl Chance for Random {
    fn next_u32(&mut self) -> u32 {
        self.count += 1;
        self.keys.hash_one(self.count) as u32
    }
}
