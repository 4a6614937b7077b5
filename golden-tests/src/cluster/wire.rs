//! The wire: a bridge in a namespace of its own. What hosts send is seen on their ports, in one queue, so in order,
//! each frame with the kernel's time stamp; forged frames enter through a port of their own.

use super::forge::{host_mac, host_number};
use super::frame::{Shown, decode};
use super::host::Host;
use crate::clock;
use nix::ifaddrs::getifaddrs;
use nix::sys::socket::sockopt::{RcvBuf, ReceiveTimestampns};
use nix::sys::socket::{
    AddressFamily, ControlMessageOwned, LinkAddr, MsgFlags, SockFlag, SockProtocol, SockType,
    recvmsg, sendto, setsockopt, socket,
};
use std::collections::BTreeMap;
use std::io::IoSliceMut;
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A frame that a host sent.
#[derive(Debug, Clone)]
pub struct Seen {
    /// When the kernel had it: time since 1970.
    pub at: Duration,
    /// Who sent it.
    pub host: char,
    /// What it says.
    pub shown: Shown,
}

/// What the watching thread has written down.
#[derive(Debug, Default)]
struct Record {
    seen: Vec<Seen>,
    /// How many of our own marks passed.
    marks: usize,
    /// Why it watches no more.
    ended: Option<String>,
}

/// An experimental Ethernet type (IEEE 802): our marks, which no host answers.
const MARK: [u8; 2] = [0x88, 0xb5];

/// The bridge and what passed it.
pub struct Wire {
    host: Host,
    record: Arc<Mutex<Record>>,
    sender: Arc<(OwnedFd, LinkAddr)>,
}

impl Wire {
    /// Builds the bridge, joins the hosts, and watches from then on.
    ///
    /// # Errors
    /// What ip(8) or the kernel says.
    pub fn start(hosts: &[Host]) -> Result<Self, String> {
        let host = Host::start('w', &[])?;
        let mut lines = vec![
            "link add br0 type bridge stp_state 0 forward_delay 0 mcast_snooping 0".to_owned(),
            "link add pt type veth peer name t0".to_owned(),
            "link set pt master br0".to_owned(),
        ];
        for one in hosts {
            let (name, thread, mac) = (one.name, one.thread, super::frame::mac(host_mac(one.name)));
            lines.push(format!(
                "link add p{name} type veth peer name eth0 address {mac} netns {thread}"
            ));
            lines.push(format!("link set p{name} master br0"));
        }
        host.run(|| {
            // Nothing of the wire's own kernel is to be seen on it.
            let path = "/proc/sys/net/ipv6/conf/default/disable_ipv6";
            std::fs::write(path, "1").map_err(|e| format!("{path}: {e}"))
        })?;
        host.ip(&lines)?;
        let record = Arc::new(Mutex::new(Record::default()));
        let names: Vec<char> = hosts.iter().map(|h| h.name).collect();
        let sender = host.run({
            let record = Arc::clone(&record);
            move || watch(&names, record)
        })?;
        let mut up: Vec<String> = ["br0", "pt", "t0"]
            .iter()
            .map(|l| format!("link set {l} up"))
            .collect();
        up.extend(hosts.iter().map(|h| format!("link set p{} up", h.name)));
        host.ip(&up)?;
        for one in hosts {
            let number = host_number(one.name);
            one.ip(&[
                "link set eth0 up".to_owned(),
                format!("addr add 192.0.2.{number}/24 dev eth0"),
                format!("addr add 2001:db8::{number}/64 dev eth0"),
            ])?;
        }
        for one in hosts {
            one.wait_for_carrier()?;
        }
        Ok(Self {
            host,
            record,
            sender: Arc::new(sender),
        })
    }

    /// The host that the bridge is in.
    #[must_use]
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// What was seen so far, in order.
    #[must_use]
    pub fn seen(&self) -> Vec<Seen> {
        lock(&self.record).seen.clone()
    }

    /// Waits until everything that was sent before has been seen: a mark is sent behind it.
    ///
    /// # Errors
    /// Nobody watches any more.
    pub fn drain(&self) -> Result<(), String> {
        let before = lock(&self.record).marks;
        let mut mark = vec![0xff; 6];
        mark.extend([2, 0, 0, 0, 0, 1]);
        mark.extend(MARK);
        mark.resize(60, 0);
        self.send(&mark)?;
        let passed =
            clock::poll_until(Duration::from_secs(5), || lock(&self.record).marks > before);
        match (&lock(&self.record).ended, passed) {
            (None, true) => Ok(()),
            (None, false) => Err("the wire is not watched in time".to_owned()),
            (Some(reason), _) => Err(format!("the wire is watched no more: {reason}")),
        }
    }

    /// Sends a frame to all ports.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn send(&self, frame: &[u8]) -> Result<(), String> {
        let (socket, at) = &*self.sender;
        sendto(socket.as_raw_fd(), frame, at, MsgFlags::empty())
            .map(drop)
            .map_err(|e| format!("forged packet: {e}"))
    }

    /// A way to send for another thread.
    pub fn sender(&self) -> impl Fn(&[u8]) + Send + 'static {
        let sender = Arc::clone(&self.sender);
        move |frame| {
            let (socket, at) = &*sender;
            let _port_is_down = sendto(socket.as_raw_fd(), frame, at, MsgFlags::empty());
        }
    }
}

/// Opens the watching socket and the sending one, in the namespace of the calling thread.
fn watch(hosts: &[char], record: Arc<Mutex<Record>>) -> Result<(OwnedFd, LinkAddr), String> {
    let wrong = |e: nix::Error| format!("packet socket: {e}");
    let mut links = BTreeMap::new();
    for interface in getifaddrs().map_err(wrong)? {
        let link = interface.address.as_ref().and_then(|a| a.as_link_addr());
        if let Some(link) = link {
            links.insert(interface.interface_name, *link);
        }
    }
    let mut ports: BTreeMap<usize, char> = BTreeMap::new();
    for (port, name) in hosts
        .iter()
        .map(|name| (format!("p{name}"), *name))
        .chain([("pt".to_owned(), MARKER)])
    {
        let link = links.get(&port).ok_or(format!("no port {port}"))?;
        ports.insert(link.ifindex(), name);
    }
    let open = |protocol: Option<SockProtocol>| {
        socket(
            AddressFamily::Packet,
            SockType::Raw,
            SockFlag::SOCK_CLOEXEC,
            protocol,
        )
        .map_err(wrong)
    };
    let watching = open(Some(SockProtocol::EthAll))?;
    setsockopt(&watching, ReceiveTimestampns, &true).map_err(wrong)?;
    setsockopt(&watching, RcvBuf, &(8 << 20)).map_err(wrong)?;
    std::thread::spawn(move || {
        loop {
            match receive(&watching, &ports) {
                Ok(Some(Passed::Frame(frame))) => lock(&record).seen.push(*frame),
                Ok(Some(Passed::Mark)) => lock(&record).marks += 1,
                Ok(None) => (),
                // A port that goes down says so once.
                Err(nix::Error::ENETDOWN | nix::Error::EINTR) => (),
                Err(reason) => {
                    lock(&record).ended = Some(reason.to_string());
                    return;
                }
            }
        }
    });
    let link = links.get("t0").ok_or("no t0")?;
    // Without a protocol it receives nothing.
    Ok((open(None)?, *link))
}

fn lock(record: &Mutex<Record>) -> MutexGuard<'_, Record> {
    record.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Stands for a host at the port where forged packets come in.
const MARKER: char = '-';

enum Passed {
    Frame(Box<Seen>),
    Mark,
}

fn receive(socket: &OwnedFd, ports: &BTreeMap<usize, char>) -> Result<Option<Passed>, nix::Error> {
    const OUTGOING: u8 = 4; // packet(7): PACKET_OUTGOING, from the bridge to the host
    let mut frame = [0u8; 2048];
    let mut control = nix::cmsg_space!(nix::sys::time::TimeSpec);
    let mut parts = [IoSliceMut::new(&mut frame)];
    let message = recvmsg::<LinkAddr>(
        socket.as_raw_fd(),
        &mut parts,
        Some(&mut control),
        MsgFlags::empty(),
    )?;
    let stamp = message.cmsgs()?.find_map(|c| match c {
        ControlMessageOwned::ScmTimestampns(time) => Some(Duration::from(time)),
        _ => None,
    });
    let (length, link) = (message.bytes, message.address);
    let host = link
        .filter(|l| l.pkttype() != OUTGOING)
        .and_then(|l| ports.get(&l.ifindex()));
    if host == Some(&MARKER) {
        return Ok((frame.get(12..14) == Some(&MARK)).then_some(Passed::Mark));
    }
    let shown = frame.get(..length).and_then(decode);
    Ok(match (host, shown) {
        (Some(host), Some(shown)) => Some(Passed::Frame(Box::new(Seen {
            at: stamp.unwrap_or_default(),
            host: *host,
            shown,
        }))),
        _ => None,
    })
}
