//! A virtual router at run time: what it is, what it waits for, and the packets it sends.

use std::{
    collections::VecDeque,
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
    time::{Duration, Instant},
};

use locum_model::vrrp::{self, Address, Family, OldChecksum, Route, Rule, Version};

use crate::{
    accept::{Checksum, Expected, Secret},
    effect::Lines,
    fsm::{Preempt, State, Timing},
    identity::{GroupId, InstanceId, Name, SocketId},
    packet::{
        self, Content, PROTOCOL, PseudoHeader,
        ah::{AH_BYTES, AH_PROTOCOL, IPV4_BYTES, seal},
    },
    statistics::Statistics,
    timers::Alarm,
};

/// The owner's priority (RFC 5798 §5.2.4).
pub const OWNER: u8 = 255;

/// A virtual router.
#[derive(Debug)]
pub struct Instance {
    /// Its number.
    pub id: InstanceId,
    /// Its name.
    pub name: Name,
    /// What the configuration says.
    pub config: Arc<vrrp::Instance>,
    /// The interface that its addresses are put on: its vmac if it has one. 0: doesn't exist.
    pub interface: u32,
    /// The interface that adverts leave by.
    pub sends_by: u32,
    /// Its sockets.
    pub socket: Option<SocketId>,
    /// The sockets it had before, for a last advert.
    pub last_socket: Option<SocketId>,
    /// The address that adverts come from.
    pub source: Option<IpAddr>,
    /// It has no such address: a reason to be in fault.
    pub sourceless: bool,
    /// Its sockets can't be had: another reason.
    pub mute: bool,
    /// What it is.
    pub state: State,
    /// When it became that.
    pub last_transition: Option<Instant>,
    /// In a group: its timer has run out, it waits for the others.
    pub wants_master: bool,
    /// The configured priority, or 254 where another owner was heard.
    pub base_priority: u8,
    /// The priority after tracking.
    pub priority: u8,
    /// What trackers add to the base priority, before it is bounded.
    pub tracked: i32,
    /// Reasons to be in fault.
    pub faults: u32,
    /// Tracking scripts without a result.
    pub awaited_scripts: u32,
    /// The master's interval, as far as known.
    pub master_interval: Duration,
    /// The master that was heard last, and its priority.
    pub master: Option<(IpAddr, u8)>,
    /// When the preempt delay is over.
    pub preempt_at: Option<Instant>,
    /// Its group.
    pub group: Option<GroupId>,
    /// Master: the next advert. Backup: the master is down.
    pub timer: Alarm,
    /// The second sets of announcements after becoming master.
    pub announce_again: Later,
    /// The second sets after a lower priority was heard: each advert has its own.
    pub announce_lower: Later,
    /// When announcements are due again while master.
    pub refresh_at: Option<Instant>,
    /// Announcements for the other interfaces that addresses are on.
    pub extra: Alarm,
    /// Whether lines are in the kernel.
    pub lines_set: bool,
    /// Its lines.
    pub lines: AllLines,
    /// What adverts must be.
    pub expected: Expected,
    /// Counters.
    pub statistics: Statistics,
    sequence: u32,
    identification: u16,
    packets: Vec<Packet>,
}

/// Times at which the same thing happens, the next one with an alarm.
#[derive(Debug, Default)]
pub struct Later {
    /// The next one's.
    pub alarm: Alarm,
    /// All of them.
    pub times: VecDeque<Instant>,
}

/// The lines of an instance's blocks.
#[derive(Debug, Clone)]
pub struct AllLines {
    /// Addresses that adverts carry.
    pub addresses: Lines<Address>,
    /// Those that they don't.
    pub excluded: Lines<Address>,
    /// Routes.
    pub routes: Lines<Route>,
    /// Rules.
    pub rules: Lines<Rule>,
}

impl Default for AllLines {
    fn default() -> Self {
        Self {
            addresses: Arc::new([]),
            excluded: Arc::new([]),
            routes: Arc::new([]),
            rules: Arc::new([]),
        }
    }
}

/// A packet ready to be sent, for one destination.
#[derive(Debug, Clone)]
struct Packet {
    destination: IpAddr,
    /// Where VRRP begins in `bytes`.
    vrrp: usize,
    bytes: Vec<u8>,
}

/// A packet to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outgoing<'a> {
    /// Whom to.
    pub destination: IpAddr,
    /// From which address; IPv6 sockets must be told.
    pub source: Option<IpAddr>,
    /// IPv4: the datagram with its header, whose checksum the kernel fills in. IPv6: what follows the header.
    pub bytes: &'a [u8],
    /// The TTL or hop limit.
    pub ttl: u8,
}

impl Instance {
    /// An instance that has done nothing yet.
    pub fn new(id: InstanceId, config: Arc<vrrp::Instance>) -> Self {
        Self {
            id,
            name: Arc::from(config.name.value.as_str()),
            interface: 0,
            sends_by: 0,
            socket: None,
            last_socket: None,
            source: None,
            sourceless: false,
            mute: false,
            state: State::Init,
            last_transition: None,
            wants_master: false,
            base_priority: config.priority,
            priority: config.priority,
            tracked: 0,
            faults: 0,
            awaited_scripts: 0,
            master_interval: config.advert_int,
            master: None,
            preempt_at: None,
            group: None,
            timer: Alarm::default(),
            announce_again: Later::default(),
            announce_lower: Later::default(),
            refresh_at: None,
            extra: Alarm::default(),
            lines_set: false,
            lines: AllLines::default(),
            expected: expectation(&config),
            statistics: Statistics::default(),
            sequence: 0,
            identification: 0,
            packets: Vec::new(),
            config,
        }
    }

    /// Takes another configuration; what depends on interfaces is the engine's to renew.
    pub fn reconfigure(&mut self, config: Arc<vrrp::Instance>) {
        self.name = Arc::from(config.name.value.as_str());
        self.expected = expectation(&config);
        self.base_priority = config.priority;
        self.master_interval = config.advert_int;
        self.packets.clear();
        self.config = config;
    }

    /// The address changed that adverts come from: packets are made anew.
    pub fn set_source(&mut self, source: Option<IpAddr>) {
        if self.source != source {
            self.source = source;
            self.packets.clear();
        }
    }

    /// What timers depend on.
    pub fn timing(&self) -> Timing {
        Timing {
            version: self.config.version,
            priority: self.priority,
            interval: self.config.advert_int,
            master_interval: match self.config.version {
                Version::V2 => self.config.advert_int,
                Version::V3 => self.master_interval,
            },
            down_adverts: self.config.down_timer_adverts,
        }
    }

    /// Whether and when a lower priority is taken over from.
    pub fn preempt(&self, now: Instant) -> Preempt {
        match (
            self.config.nopreempt,
            self.config.preempt_delay.is_zero(),
            self.preempt_at,
        ) {
            (true, _, _) => Preempt::Never,
            (false, true, _) => Preempt::AtOnce,
            (false, false, None) => Preempt::Later,
            (false, false, Some(at)) if now < at => Preempt::Waiting,
            (false, false, Some(_)) => Preempt::Waited,
        }
    }

    /// Whether its adverts go to peers.
    pub fn unicast(&self) -> bool {
        !self.config.unicast_peers.is_empty()
    }

    /// Whether the firewall keeps packets to its addresses away.
    pub fn drops_packets(&self) -> bool {
        !self.config.accept && self.base_priority != OWNER
    }

    /// The counter of authentication headers, which sending and receiving share, beside what a check needs.
    pub fn checks(&mut self) -> (&Expected, &mut u32, &mut Statistics) {
        (&self.expected, &mut self.sequence, &mut self.statistics)
    }

    /// Skips a sequence number of the authentication header; false: there is none.
    pub fn skip_sequence(&mut self) -> bool {
        let ah = matches!(self.expected.authentication, Secret::Ah(_));
        self.sequence = self.sequence.wrapping_add(u32::from(ah));
        ah
    }

    /// Gives the packets of this priority, one for each destination. Packets are made once; the priority is written over.
    pub fn adverts(&mut self, priority: u8, mut send: impl FnMut(Outgoing<'_>)) {
        if self.packets.is_empty() {
            self.make_packets();
        }
        let (ttl, v4) = (self.ttl(), self.config.family == Family::Inet);
        // One advert, however many peers: they share its numbers.
        self.identification = self.identification.checked_add(1).unwrap_or(1);
        if matches!(self.expected.authentication, Secret::Ah(_)) {
            self.sequence = self.sequence.wrapping_add(1);
        }
        for packet in &mut self.packets {
            packet::set_priority(&mut packet.bytes[packet.vrrp..], priority);
            if v4 {
                packet.bytes[4..6].copy_from_slice(&self.identification.to_be_bytes());
            }
            if let (Secret::Ah(key), Some(IpAddr::V4(source))) =
                (&self.expected.authentication, self.source)
            {
                seal(&mut packet.bytes, key, source, self.sequence);
            }
            send(Outgoing {
                destination: packet.destination,
                source: self.source,
                bytes: &packet.bytes,
                ttl,
            });
        }
    }

    fn ttl(&self) -> u8 {
        match (self.unicast(), self.config.unicast_ttl) {
            (true, Some(ttl)) => ttl,
            _ => 255,
        }
    }

    fn make_packets(&mut self) {
        let Some(source) = self.source else {
            return;
        };
        let destinations: Vec<IpAddr> = if self.unicast() {
            self.config
                .unicast_peers
                .iter()
                .map(|peer| peer.address)
                .collect()
        } else {
            vec![self.config.multicast]
        };
        let addresses: Vec<IpAddr> = self
            .config
            .addresses
            .iter()
            .map(|line| line.value.ip())
            .collect();
        self.packets.reserve_exact(destinations.len());
        for destination in destinations {
            let packet = self.make_packet(source, destination, &addresses);
            self.packets.push(packet);
        }
    }

    fn make_packet(&self, source: IpAddr, destination: IpAddr, addresses: &[IpAddr]) -> Packet {
        let mut bytes = Vec::new();
        let ah = matches!(self.expected.authentication, Secret::Ah(_));
        if let (IpAddr::V4(from), IpAddr::V4(to)) = (source, destination) {
            bytes.resize(IPV4_BYTES, 0);
            if ah {
                bytes.resize(IPV4_BYTES + AH_BYTES, 0);
            }
            let protocol = if ah { AH_PROTOCOL } else { PROTOCOL };
            write_ipv4(&mut bytes, from, to, protocol, self.ttl());
        }
        let vrrp = bytes.len();
        let summed = match (self.unicast(), self.config.old_unicast_checksum) {
            (true, OldChecksum::Always) => IpAddr::V4(vrrp::MULTICAST_V4),
            _ => destination,
        };
        packet::encode(
            &Content {
                version: self.config.version,
                vrid: self.config.vrid,
                priority: self.priority,
                addresses,
                interval: wire_interval(self.config.version, self.config.advert_int),
                authentication: match &self.expected.authentication {
                    Secret::None => packet::Authentication::None,
                    Secret::Pass(password) => packet::Authentication::Pass(*password),
                    Secret::Ah(_) => packet::Authentication::Ah,
                },
                pseudo: (self.config.version == Version::V3).then_some(PseudoHeader {
                    source,
                    destination: summed,
                }),
            },
            &mut bytes,
        );
        if self.config.family == Family::Inet {
            let length = bytes.len().min(0xffff) as u16;
            bytes[2..4].copy_from_slice(&length.to_be_bytes());
        }
        Packet {
            destination,
            vrrp,
            bytes,
        }
    }
}

/// TOS 0xc0: internetwork control. Fragments stay allowed, as the reference has it.
fn write_ipv4(header: &mut [u8], from: Ipv4Addr, to: Ipv4Addr, protocol: u8, ttl: u8) {
    header[0] = 0x45;
    header[1] = 0xc0;
    header[8] = ttl;
    header[9] = protocol;
    header[12..16].copy_from_slice(&from.octets());
    header[16..20].copy_from_slice(&to.octets());
}

/// The interval as a packet tells it.
fn wire_interval(version: Version, interval: Duration) -> u16 {
    let units = match version {
        Version::V2 => interval.as_secs(),
        Version::V3 => (interval.as_millis() / 10) as u64,
    };
    units.min(0x0fff) as u16
}

fn expectation(config: &vrrp::Instance) -> Expected {
    let mut addresses = Vec::new();
    for line in &config.addresses {
        match line.value.ip() {
            IpAddr::V4(v4) => addresses.extend(v4.octets()),
            IpAddr::V6(v6) => addresses.extend(v6.octets()),
        }
    }
    let authentication = match &config.authentication {
        _ if config.version == Version::V3 => Secret::None,
        vrrp::Authentication::None => Secret::None,
        vrrp::Authentication::Pass(text) => {
            let mut password = [0; 8];
            password
                .iter_mut()
                .zip(text.as_bytes())
                .for_each(|(to, from)| *to = *from);
            Secret::Pass(password)
        }
        vrrp::Authentication::Ah(text) => {
            Secret::Ah(text.as_bytes().iter().copied().take(8).collect())
        }
    };
    let unicast = !config.unicast_peers.is_empty();
    Expected {
        family: config.family,
        version: config.version,
        vrid: config.vrid,
        authentication,
        interval_seconds: wire_interval(Version::V2, config.advert_int).min(255) as u8,
        addresses,
        unicast,
        check_source: unicast && config.check_unicast_src,
        peers: config.unicast_peers.clone(),
        checksum: match (
            unicast && config.family == Family::Inet,
            config.old_unicast_checksum,
        ) {
            (true, OldChecksum::Always) => Checksum::Old,
            (true, OldChecksum::Detect) => Checksum::Detect,
            _ => Checksum::New,
        },
    }
}
