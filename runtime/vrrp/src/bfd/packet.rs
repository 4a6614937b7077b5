//! A control packet on the wire (RFC 5880 §4.1): 24 bytes, sent to UDP port 3784.
//!
//! ```text
//!  0                   1                   2                   3
//! |Vers |  Diag   |Sta|P|F|C|A|D|M|  Detect Mult  |    Length     |
//! |                       My Discriminator                        |
//! |                      Your Discriminator                       |
//! |                    Desired Min TX Interval                    |
//! |                   Required Min RX Interval                    |
//! |                 Required Min Echo RX Interval                 |
//! ```

/// Bytes of a packet without authentication, which is all that is ever sent.
pub const LENGTH: usize = 24;

/// How many bytes a receiver takes of a datagram, as the reference does. A longer one is cut by the kernel and dropped.
pub const LONGEST: usize = 32;

/// The version that is spoken.
pub const VERSION: u8 = 1;

/// What a session thinks of itself (RFC 5880 §4.1, Sta).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum State {
    /// Taken down by its administrator.
    AdminDown,
    /// Nothing was heard, or not enough.
    #[default]
    Down,
    /// The neighbour was heard, and doesn't hear us yet.
    Init,
    /// Both hear each other.
    Up,
}

impl State {
    fn from_bits(bits: u8) -> State {
        match bits & 3 {
            0 => State::AdminDown,
            1 => State::Down,
            2 => State::Init,
            _ => State::Up,
        }
    }
}

/// Why a session went down last (RFC 5880 §4.1, Diag).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Diagnostic {
    /// 0.
    #[default]
    None,
    /// 1: nothing was heard for the detection time.
    DetectionTimeExpired,
    /// 2.
    EchoFailed,
    /// 3: the neighbour said that it is down.
    NeighborSignaledDown,
    /// 4.
    ForwardingPlaneReset,
    /// 5.
    PathDown,
    /// 6.
    ConcatenatedPathDown,
    /// 7.
    AdministrativelyDown,
    /// 8.
    ReverseConcatenatedPathDown,
}

impl Diagnostic {
    const ALL: [Diagnostic; 9] = [
        Diagnostic::None,
        Diagnostic::DetectionTimeExpired,
        Diagnostic::EchoFailed,
        Diagnostic::NeighborSignaledDown,
        Diagnostic::ForwardingPlaneReset,
        Diagnostic::PathDown,
        Diagnostic::ConcatenatedPathDown,
        Diagnostic::AdministrativelyDown,
        Diagnostic::ReverseConcatenatedPathDown,
    ];
}

/// A control packet. Intervals are microseconds, as on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packet {
    /// Diag.
    pub diagnostic: Diagnostic,
    /// Sta.
    pub state: State,
    /// P: the receiver is to answer at once.
    pub poll: bool,
    /// F: the answer to a poll.
    pub is_final: bool,
    /// C: the sender's forwarding doesn't share the fate of its control plane.
    pub independent: bool,
    /// A: an authentication section follows.
    pub authenticated: bool,
    /// D: the sender would rather not get periodic packets.
    pub demand: bool,
    /// Detect Mult: packets in a row that may get lost; not 0.
    pub multiplier: u8,
    /// The sender's discriminator; not 0.
    pub my_discriminator: u32,
    /// The receiver's as the sender knows it; 0: it doesn't.
    pub your_discriminator: u32,
    /// How often the sender would like to send, in microseconds.
    pub desired_min_tx: u32,
    /// How often it can receive, in microseconds.
    pub required_min_rx: u32,
    /// How often it can receive echoes, in microseconds; 0: not at all.
    pub required_min_echo_rx: u32,
}

/// What is wrong with the bytes of a datagram (RFC 5880 §6.8.6), in the order in which the reference looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Malformed {
    /// Fewer bytes than the mandatory section has.
    TooSmall {
        /// Received.
        bytes: usize,
    },
    /// The length field doesn't say how many bytes came.
    Length {
        /// The field.
        field: u8,
        /// Received.
        bytes: usize,
    },
    /// A version that isn't spoken.
    Version(u8),
    /// Detect Mult is 0.
    ZeroMultiplier,
    /// M, which is reserved for extensions.
    Multipoint,
    /// My Discriminator is 0.
    ZeroMyDiscriminator,
    /// Your Discriminator is 0 in a state that the sender can't reach without having heard us.
    ZeroYourDiscriminator,
    /// P and F in one packet.
    PollAndFinal,
    /// A diagnostic that no RFC names.
    Diagnostic(u8),
}

impl Packet {
    /// Reads the payload of a datagram.
    pub fn decode(bytes: &[u8]) -> Result<Packet, Malformed> {
        let Some((&[first, flags, multiplier, length], body)) = bytes.split_first_chunk() else {
            return Err(Malformed::TooSmall { bytes: bytes.len() });
        };
        let Some((words, _)) = body.split_first_chunk::<20>() else {
            return Err(Malformed::TooSmall { bytes: bytes.len() });
        };
        if usize::from(length) != bytes.len() {
            return Err(Malformed::Length {
                field: length,
                bytes: bytes.len(),
            });
        }
        let word = |i: usize| {
            u32::from_be_bytes([
                words[4 * i],
                words[4 * i + 1],
                words[4 * i + 2],
                words[4 * i + 3],
            ])
        };
        if first >> 5 != VERSION {
            return Err(Malformed::Version(first >> 5));
        }
        if multiplier == 0 {
            return Err(Malformed::ZeroMultiplier);
        }
        if flags & flag::MULTIPOINT != 0 {
            return Err(Malformed::Multipoint);
        }
        let state = State::from_bits(flags >> 6);
        if word(0) == 0 {
            return Err(Malformed::ZeroMyDiscriminator);
        }
        if word(1) == 0 && !matches!(state, State::Down | State::AdminDown) {
            return Err(Malformed::ZeroYourDiscriminator);
        }
        if flags & flag::POLL != 0 && flags & flag::FINAL != 0 {
            return Err(Malformed::PollAndFinal);
        }
        let diagnostic = *Diagnostic::ALL
            .get(usize::from(first & 0x1f))
            .ok_or(Malformed::Diagnostic(first & 0x1f))?;
        Ok(Packet {
            diagnostic,
            state,
            poll: flags & flag::POLL != 0,
            is_final: flags & flag::FINAL != 0,
            independent: flags & flag::INDEPENDENT != 0,
            authenticated: flags & flag::AUTHENTICATED != 0,
            demand: flags & flag::DEMAND != 0,
            multiplier,
            my_discriminator: word(0),
            your_discriminator: word(1),
            desired_min_tx: word(2),
            required_min_rx: word(3),
            required_min_echo_rx: word(4),
        })
    }

    /// The bytes to send. An authentication section isn't among them.
    pub fn encode(&self) -> [u8; LENGTH] {
        let mut bytes = [0; LENGTH];
        let set = |on: bool, flag: u8| if on { flag } else { 0 };
        bytes[0] = (VERSION << 5) | self.diagnostic as u8;
        bytes[1] = ((self.state as u8) << 6)
            | set(self.poll, flag::POLL)
            | set(self.is_final, flag::FINAL)
            | set(self.independent, flag::INDEPENDENT)
            | set(self.authenticated, flag::AUTHENTICATED)
            | set(self.demand, flag::DEMAND);
        bytes[2] = self.multiplier;
        bytes[3] = LENGTH as u8;
        let words = [
            self.my_discriminator,
            self.your_discriminator,
            self.desired_min_tx,
            self.required_min_rx,
            self.required_min_echo_rx,
        ];
        for (to, word) in bytes[4..].chunks_exact_mut(4).zip(words) {
            to.copy_from_slice(&word.to_be_bytes());
        }
        bytes
    }
}

/// The second byte behind the state.
mod flag {
    pub(super) const POLL: u8 = 0x20;
    pub(super) const FINAL: u8 = 0x10;
    pub(super) const INDEPENDENT: u8 = 0x08;
    pub(super) const AUTHENTICATED: u8 = 0x04;
    pub(super) const DEMAND: u8 = 0x02;
    pub(super) const MULTIPOINT: u8 = 0x01;
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Recorded from the reference: an answer to a poll.
    const RECORDED: [u8; LENGTH] = [
        0x20, 0xd0, 3, 24, 0x23, 0xee, 0x21, 0xd0, 0x37, 0xdd, 0x44, 0xd9, 0, 0, 0x9c, 0x40, 0, 0,
        0xc3, 0x50, 0, 0, 0, 0,
    ];

    #[test]
    fn a_packet_of_the_reference_is_read_and_written_back() {
        let packet = Packet::decode(&RECORDED).unwrap();
        assert_eq!(packet.state, State::Up);
        assert!(packet.is_final && !packet.poll);
        assert_eq!(
            (packet.my_discriminator, packet.your_discriminator),
            (0x23ee_21d0, 0x37dd_44d9)
        );
        assert_eq!(
            (packet.desired_min_tx, packet.required_min_rx),
            (40_000, 50_000)
        );
        assert_eq!(packet.encode(), RECORDED);
    }

    /// The reference's order, seen by packets with two faults.
    #[test]
    fn faults_are_found_in_the_order_of_the_reference() {
        let fault = |edit: &dyn Fn(&mut Vec<u8>)| {
            let mut bytes = RECORDED.to_vec();
            edit(&mut bytes);
            Packet::decode(&bytes).unwrap_err()
        };
        assert_eq!(
            fault(&|b| b.truncate(23)),
            Malformed::TooSmall { bytes: 23 }
        );
        assert_eq!(fault(&|b| b.clear()), Malformed::TooSmall { bytes: 0 });
        assert_eq!(
            fault(&|b| (b[0], b[3]) = (0, 22)),
            Malformed::Length {
                field: 22,
                bytes: 24
            }
        );
        assert_eq!(
            fault(&|b| b.push(0)),
            Malformed::Length {
                field: 24,
                bytes: 25
            }
        );
        assert_eq!(fault(&|b| (b[0], b[2]) = (9, 0)), Malformed::Version(0));
        assert_eq!(
            fault(&|b| (b[1], b[2]) = (0xf1, 0)),
            Malformed::ZeroMultiplier
        );
        assert_eq!(
            fault(&|b| {
                b[1] = 0xf1;
                b[4..8].fill(0);
            }),
            Malformed::Multipoint
        );
        assert_eq!(fault(&|b| b[4..12].fill(0)), Malformed::ZeroMyDiscriminator);
        assert_eq!(
            fault(&|b| {
                b[1] = 0xf0;
                b[8..12].fill(0);
            }),
            Malformed::ZeroYourDiscriminator
        );
        assert_eq!(
            fault(&|b| (b[0], b[1]) = (0x3f, 0xf0)),
            Malformed::PollAndFinal
        );
        assert_eq!(fault(&|b| b[0] = 0x29), Malformed::Diagnostic(9));
    }

    #[test]
    fn a_neighbour_that_never_heard_us_may_be_down_or_administratively_down() {
        for (flags, sound) in [(0x00, true), (0x40, true), (0x80, false), (0xc0, false)] {
            let mut bytes = RECORDED;
            bytes[1] = flags;
            bytes[8..12].fill(0);
            assert_eq!(Packet::decode(&bytes).is_ok(), sound);
        }
    }
}
