//! What happens to BFD sessions, as values. The face words them.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use super::packet::{Diagnostic, Malformed};
use crate::identity::Name;

/// Something happened.
#[derive(Debug, Clone)]
pub enum Event {
    /// To a session.
    Session {
        /// Its name.
        name: Name,
        /// What.
        event: SessionEvent,
    },
    /// The earliest timer was due this long ago when the driver woke (told from one second on).
    TimerLate(Duration),
    /// A datagram is dropped.
    Dropped {
        /// Who sent it.
        source: SocketAddr,
        /// Why.
        reason: Dropped,
    },
    /// Packets can't be received: the port is taken, or the kernel has no such sockets.
    NoReceiver(Arc<io::Error>),
}

/// Why a datagram is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dropped {
    /// It is longer than any packet.
    TooLong,
    /// It isn't a packet.
    Malformed(Malformed),
    /// No session has this discriminator or, where it is 0, this neighbour.
    NoSession {
        /// Your Discriminator.
        discriminator: u32,
    },
    /// It made more hops than it may.
    Ttl {
        /// Received.
        received: u8,
        /// Least.
        min: u8,
    },
    /// It is authenticated, which nothing here is.
    Authenticated,
}

/// What happens to a session.
#[derive(Debug, Clone)]
pub enum SessionEvent {
    /// The neighbour's parameters, or the interval that follows from them, changed.
    Parameters(Parameters),
    /// The detection time changed.
    DetectionTime {
        /// Before; zero: the neighbour wasn't heard before.
        from: Duration,
        /// Now.
        to: Duration,
    },
    /// It is up.
    EnteredUp,
    /// A poll sequence began: packets have P until the neighbour answers with F.
    PollStarted,
    /// Nothing was heard for the detection time.
    Expired {
        /// Since the last packet.
        silence: Duration,
        /// How late the timer is.
        overdue: Duration,
    },
    /// It was up and is down.
    EnteredDown {
        /// Why.
        local: Diagnostic,
        /// What the neighbour said.
        remote: Diagnostic,
    },
    /// It is out of use until the configuration is read again: its socket can't be opened.
    EnteredAdminDown {
        /// The call that failed.
        call: &'static str,
        /// Why.
        error: Arc<io::Error>,
    },
    /// A packet couldn't be sent. Told once until one leaves again.
    SendFailed(Arc<io::Error>),
}

/// What two neighbours agreed on, seen from both sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parameters {
    /// Ours.
    pub local: Side,
    /// The neighbour's.
    pub remote: Side,
}

/// One side's intervals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Side {
    /// How often it would like to send.
    pub min_tx: Duration,
    /// How often it can receive.
    pub min_rx: Duration,
    /// How often it sends, at most.
    pub tx_interval: Duration,
    /// Packets that may get lost.
    pub multiplier: u8,
    /// After what silence of the other it takes the session down.
    pub detection_time: Duration,
}
