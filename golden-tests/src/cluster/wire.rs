//! The wire: a bridge in a namespace of its own. What hosts send is seen on their ports, in one queue, so in order,
//! each frame with the kernel's time stamp; forged frames enter through a port of their own.

use super::forge::{host_mac, host_number};
use super::frame::{Shown, decode};
use super::host::Host;
use nix::ifaddrs::getifaddrs;
use nix::sys::socket::sockopt::{RcvBuf, ReceiveTimestampns};
use nix::sys::socket::{
    AddressFamily, ControlMessageOwned, LinkAddr, MsgFlags, SockFlag, SockProtocol, SockType,
    recvmsg, sendto, setsockopt, socket,
};
use std::collections::BTreeMap;
use std::io::IoSliceMut;
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::{Arc, Mutex, PoisonError};
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

/// The bridge and what passed it.
pub struct Wire {
    host: Host,
    seen: Arc<Mutex<Vec<Seen>>>,
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
        let seen = Arc::new(Mutex::new(Vec::new()));
        let names: Vec<char> = hosts.iter().map(|h| h.name).collect();
        let sender = host.run({
            let seen = Arc::clone(&seen);
            move || watch(&names, seen)
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
        Ok(Self {
            host,
            seen,
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
        self.seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
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
fn watch(hosts: &[char], seen: Arc<Mutex<Vec<Seen>>>) -> Result<(OwnedFd, LinkAddr), String> {
    let wrong = |e: nix::Error| format!("packet socket: {e}");
    let mut links = BTreeMap::new();
    for interface in getifaddrs().map_err(wrong)? {
        let link = interface.address.as_ref().and_then(|a| a.as_link_addr());
        if let Some(link) = link {
            links.insert(interface.interface_name, *link);
        }
    }
    let ports: BTreeMap<usize, char> = hosts
        .iter()
        .filter_map(|name| Some((links.get(&format!("p{name}"))?.ifindex(), *name)))
        .collect();
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
                Ok(Some(frame)) => seen
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(frame),
                Ok(None) => (),
                // A port that goes down says so once.
                Err(nix::Error::ENETDOWN | nix::Error::EINTR) => (),
                Err(_) => return,
            }
        }
    });
    let link = links.get("t0").ok_or("no t0")?;
    // Without a protocol it receives nothing.
    Ok((open(None)?, *link))
}

fn receive(socket: &OwnedFd, ports: &BTreeMap<usize, char>) -> Result<Option<Seen>, nix::Error> {
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
    let shown = frame.get(..length).and_then(decode);
    Ok(match (host, shown) {
        (Some(host), Some(shown)) => Some(Seen {
            at: stamp.unwrap_or_default(),
            host: *host,
            shown,
        }),
        _ => None,
    })
}
