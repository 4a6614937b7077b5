//! What happens, as values: each variant has what a log line about it needs. The face words them.

use std::{net::IpAddr, time::Duration};

use locum_model::vrrp::{Address, Route, Rule, Version};

use crate::identity::{GroupId, InstanceId, Name};

/// Something happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// To an instance.
    Instance {
        /// Which.
        id: InstanceId,
        /// Its name.
        name: Name,
        /// What.
        event: InstanceEvent,
    },
    /// To lines of the daemon's own, told as an instance's are.
    Static(InstanceEvent),
    /// To a sync group.
    Group {
        /// Which.
        id: GroupId,
        /// Its name.
        name: Name,
        /// What.
        event: GroupEvent,
    },
    /// At the start: what each instance tracks is known, what an earlier daemon left is removed next.
    Prepared,
    /// Instances start after this time.
    StartDelayed(Duration),
    /// The earliest timer was due this long ago when the driver woke (told from one second on).
    TimerLate(Duration),
    /// A packet is too short for a VRRP header: which family, and its length in bytes (IPv4: with the IP header).
    PacketTooShort {
        /// IPv6.
        v6: bool,
        /// Bytes received.
        length: usize,
    },
    /// An advert for a virtual router that isn't configured on the interface.
    UnknownRouter {
        /// The interface.
        interface: Name,
        /// The virtual router's id.
        vrid: u8,
        /// Who sent it.
        source: IpAddr,
    },
    /// An interface's carrier or flags changed.
    Interface {
        /// Its name.
        interface: Name,
        /// What.
        change: InterfaceChange,
    },
    /// A gratuitous ARP or an unsolicited neighbour advertisement leaves.
    Announcing {
        /// The interface.
        interface: Name,
        /// For which address.
        address: IpAddr,
    },
    /// A virtual address was removed from an interface by somebody else.
    AddressRemoved {
        /// The interface.
        interface: Name,
        /// The address.
        address: IpAddr,
    },
    /// An interface got its first address, which instances can send from.
    AddressAssigned {
        /// The interface.
        interface: Name,
        /// The address.
        address: IpAddr,
    },
    /// An interface lost the address that instances sent from.
    AddressDeassigned {
        /// The interface.
        interface: Name,
        /// The address.
        address: IpAddr,
    },
    /// A tracking script's state changed, or one of its runs failed differently.
    Script {
        /// Its name.
        script: Name,
        /// What.
        event: ScriptEvent,
    },
}

/// What happens to an instance.
#[derive(Debug, Clone, PartialEq)]
pub enum InstanceEvent {
    /// It is backup now.
    EnteredBackup {
        /// At start.
        initial: bool,
    },
    /// It is master now.
    EnteredMaster,
    /// It is in fault now.
    EnteredFault,
    /// No advert came in time.
    AdvertTimeout,
    /// An advert of priority 0 left.
    SentPriorityZero,
    /// Addresses are being put on interfaces.
    SettingAddresses,
    /// Excluded addresses are.
    SettingExcludedAddresses,
    /// Routes are being added.
    SettingRoutes,
    /// Rules are.
    SettingRules,
    /// Addresses are being removed.
    RemovingAddresses,
    /// Excluded addresses are.
    RemovingExcludedAddresses,
    /// Routes are.
    RemovingRoutes,
    /// Rules are.
    RemovingRules,
    /// Announcements of an address are sent, or queued where they are spaced.
    QueueingAnnouncements {
        /// The interface.
        interface: Name,
        /// The address.
        address: IpAddr,
    },
    /// A master heard a lower priority.
    LowerPriority {
        /// From whom.
        source: IpAddr,
        /// Theirs.
        theirs: u8,
        /// Ours.
        ours: u8,
        /// It is answered by an advert.
        answered: bool,
    },
    /// A backup waits no longer: it heard a lower priority, which it doesn't obey.
    LowerDiscarded {
        /// From whom.
        source: IpAddr,
        /// Theirs.
        theirs: u8,
    },
    /// A master heard a higher priority and gives way.
    HigherPriority {
        /// From whom.
        source: IpAddr,
        /// Theirs.
        theirs: u8,
        /// Ours.
        ours: u8,
    },
    /// A master heard its own priority from a higher address and gives way.
    SamePriorityHigherAddress {
        /// From whom.
        source: IpAddr,
        /// The priority.
        priority: u8,
    },
    /// A master heard priority 0.
    MasterHeardZero,
    /// A backup heard priority 0.
    BackupHeardZero,
    /// The interval was taken over from the master (version 3).
    IntervalLearned {
        /// Before.
        from: Duration,
        /// Now.
        to: Duration,
    },
    /// As master, the configured interval holds again (version 3).
    IntervalRestored {
        /// Before.
        from: Duration,
        /// Now.
        to: Duration,
    },
    /// A backup leaves a lower priority be for a while before it takes over.
    PreemptDelayStarted {
        /// How long.
        delay: Duration,
    },
    /// It heard one that isn't lower: the delay is over.
    PreemptDelayStopped,
    /// Another router owns the addresses too: ours becomes 254.
    OwnerConflict,
    /// An authenticated advert of a lower priority moved our sequence number on (AH).
    SequenceSynced,
    /// Version 3 to peers: the other makes its checksum the old way, which is what we take from now on.
    OldChecksum,
    /// An advert couldn't be sent (drivers tell this).
    SendFailed {
        /// The system's error number.
        errno: i32,
    },
    /// The effective priority changed.
    PriorityChanged {
        /// Before.
        from: u8,
        /// Now.
        to: u8,
    },
    /// The effective priority when a tracked file takes the instance out of fault.
    PrioritySet(u8),
    /// A reason to be in fault at start or after a reload.
    FaultReason(FaultReason),
    /// It is in fault from the start.
    StartsInFault,
    /// A tracked file's number means fault, or no longer.
    TrackedFile {
        /// The file.
        file: Name,
        /// It means fault.
        fault: bool,
    },
    /// A tracked process's number of runs means fault, or no longer.
    TrackedProcess {
        /// The process.
        process: Name,
        /// It means fault.
        fault: bool,
    },
    /// A tracked BFD session came up, or went down.
    TrackedBfd {
        /// The session.
        session: Name,
        /// It is up.
        up: bool,
    },
    /// A reload brought another address list: this one goes.
    AddressNoLongerExists {
        /// What its line said.
        address: Box<Address>,
        /// The interface it was on.
        interface: Name,
    },
    /// The delays of its interface's changes were as long as two intervals or longer: they are shortened.
    DelaysShortened {
        /// The interface.
        interface: Name,
    },
    /// This rule goes, others stay.
    RuleNoLongerExists(Box<Rule>),
    /// This route goes, others stay.
    RouteNoLongerExists(Box<Route>),
    /// All rules go.
    AllRulesGone,
    /// All routes go.
    AllRoutesGone,
    /// The firewall's drop rules are set.
    SettingFirewall,
    /// They are removed.
    RemovingFirewall,
    /// An advert is dropped.
    Rejected(Rejection),
}

/// Why an advert is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rejection {
    /// Its length isn't that of its version and address count (with the headers before it, in bytes).
    Length {
        /// Received.
        received: usize,
        /// Expected.
        expected: usize,
    },
    /// The TTL or hop limit isn't 255.
    Ttl(u8),
    /// The TTL or hop limit of a peer is out of range.
    PeerTtl {
        /// Received.
        received: u8,
        /// Least.
        min: u8,
        /// Most.
        max: u8,
    },
    /// Another version.
    Version {
        /// Received.
        received: u8,
        /// Ours.
        expected: Version,
    },
    /// An authentication that doesn't exist.
    AuthType(u8),
    /// Another authentication than ours.
    AuthMismatch {
        /// Received.
        received: u8,
        /// Ours.
        expected: u8,
    },
    /// A wrong password.
    Password,
    /// An authentication header whose index isn't the sender's address (AH).
    Spi {
        /// Received.
        received: u32,
        /// The sender's address.
        expected: u32,
    },
    /// A wrong authentication value (AH).
    Digest,
    /// A sequence number that was used before (AH).
    Replay {
        /// Received.
        received: u32,
        /// The last one.
        last: u32,
    },
    /// Another interval (version 2), in seconds.
    Interval {
        /// Received.
        received: u8,
        /// Ours.
        ours: u8,
    },
    /// Not an advert.
    Type(u8),
    /// Another number of addresses.
    AddressCount {
        /// Received.
        received: u8,
        /// Ours.
        expected: usize,
    },
    /// A wrong checksum.
    Checksum(Version),
    /// An address of ours isn't in it.
    AddressMissing {
        /// The virtual router's id.
        vrid: u8,
        /// The address.
        address: IpAddr,
    },
    /// Not from a peer.
    NotAPeer(IpAddr),
}

/// What happens to a sync group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupEvent {
    /// All are being moved to backup.
    SyncingToBackup,
    /// All are being moved to master.
    SyncingToMaster,
    /// All are being moved to fault.
    SyncingToFault,
    /// At the start: the first member that is in fault, which all others follow. At a reload: a member that follows.
    SyncingMemberToFault(Name),
}

/// Why an instance is in fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FaultReason {
    /// Its interface, or a tracked one, is down.
    InterfaceDown(Name),
    /// Its interface, or a tracked one, doesn't exist.
    InterfaceMissing(Name),
    /// Its interface has no address of its family to send from.
    NoAddress {
        /// IPv6.
        v6: bool,
    },
    /// The configured address to send from isn't there.
    SourceMissing,
    /// Its sockets can't be had.
    NoSocket,
    /// Unicast without peers.
    NoPeers,
    /// A tracked process doesn't have its quorum.
    Process(Name),
    /// A tracked file says so.
    File {
        /// The file.
        file: Name,
        /// Its number times its weight.
        status: i64,
    },
}

/// What an interface became.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InterfaceChange {
    /// Up.
    Up,
    /// Down.
    Down,
    /// It appeared.
    Added,
    /// It is gone.
    Removed {
        /// Instances used or tracked it.
        used: bool,
    },
    /// Its flags changed, which counts only if it lasts.
    Debounced {
        /// Flags before.
        from: u32,
        /// Flags now.
        to: u32,
        /// How long it must last.
        delay: Duration,
    },
}

/// What happens to a tracking script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScriptEvent {
    /// It exits with another status than the last time.
    NowReturns(i32),
    /// It has succeeded often enough.
    Up,
    /// It has failed often enough; how its last run ended.
    Down(crate::input::ScriptResult),
}
