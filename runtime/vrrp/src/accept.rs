//! Whether an advert is sound and meant for an instance: the checks in the reference's order, the first that fails decides.
//!
//! ```text
//! length ─▶ TTL (multicast) ─▶ version ─▶ authentication ─▶ interval (v2) ─▶ type ─▶ address count ─▶ checksum
//!        ─▶ counted as received ─▶ addresses ─▶ sender and its TTL (unicast)
//! ```

use std::net::IpAddr;

use locum_model::vrrp::{Family, MULTICAST_V4, Peer, Version};

use crate::{
    event::Rejection,
    input::Received,
    packet::{
        ADVERTISEMENT, Advert, PseudoHeader, address_bytes,
        ah::{AH_BYTES, AuthenticationHeader},
        checksum,
    },
    statistics::Statistics,
};

/// What an instance expects of the adverts it hears.
#[derive(Debug, Clone)]
pub struct Expected {
    /// IPv4 or IPv6.
    pub family: Family,
    /// Version.
    pub version: Version,
    /// Virtual router id.
    pub vrid: u8,
    /// Authentication.
    pub authentication: Secret,
    /// Version 2: the interval in seconds.
    pub interval_seconds: u8,
    /// Our addresses as the packet has them.
    pub addresses: Vec<u8>,
    /// Adverts come from peers, from any distance.
    pub unicast: bool,
    /// They must be these peers.
    pub check_source: bool,
    /// The peers.
    pub peers: Vec<Peer>,
    /// How peers make the checksum of version 3.
    pub checksum: Checksum,
}

/// What authenticates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Secret {
    /// Nothing.
    None,
    /// A password, padded with zeros.
    Pass([u8; 8]),
    /// A key.
    Ah(Vec<u8>),
}

/// How the checksum of version 3 is made by peers over IPv4.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Checksum {
    /// With the addresses of the packet (RFC 5798 §5.2.8).
    New,
    /// With the multicast group in place of the destination, as old versions of the reference did.
    Old,
    /// The new way, until one is heard that is made the old way.
    Detect,
}

/// What changes an instance's expectation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Learned {
    /// The peer makes checksums the old way.
    pub old_checksum: bool,
}

/// Checks a packet. `sequence` is the instance's AH counter, `skip_addresses` leaves the list alone because the sender is
/// the master whose list was compared before. `Err(None)`: too short to say anything.
pub fn accept<'a>(
    expected: &Expected,
    received: &Received<'a>,
    sequence: &mut u32,
    skip_addresses: bool,
    statistics: &mut Statistics,
) -> Result<(Advert<'a>, Learned), Option<Rejection>> {
    let verdict = check(expected, received, sequence, skip_addresses, statistics);
    if let Err(Some(rejection)) = verdict {
        count(statistics, rejection);
    }
    verdict
}

fn check<'a>(
    expected: &Expected,
    received: &Received<'a>,
    sequence: &mut u32,
    skip_addresses: bool,
    statistics: &mut Statistics,
) -> Result<(Advert<'a>, Learned), Option<Rejection>> {
    let family = expected.family;
    let (header, payload) = split(expected, received).ok_or(None)?;
    let advert = Advert::decode(payload).ok_or(None)?;
    let before = received.header.len() + if header.is_some() { AH_BYTES } else { 0 };
    let length = advert.expected_bytes(family);
    if payload.len() != length {
        return Err(Some(Rejection::Length {
            received: before + payload.len(),
            expected: before + length,
        }));
    }
    let ttl = received.hop_limit.unwrap_or(0);
    if !expected.unicast && ttl != 255 {
        return Err(Some(Rejection::Ttl(ttl)));
    }
    let ours = match expected.version {
        Version::V2 => 2,
        Version::V3 => 3,
    };
    if advert.version() != ours {
        return Err(Some(Rejection::Version {
            received: advert.version(),
            expected: expected.version,
        }));
    }
    if expected.version == Version::V2 {
        authenticate(expected, received, header, &advert, sequence).map_err(Some)?;
        if advert.interval_seconds() != expected.interval_seconds {
            return Err(Some(Rejection::Interval {
                received: advert.interval_seconds(),
                ours: expected.interval_seconds,
            }));
        }
    }
    if advert.kind() != ADVERTISEMENT {
        return Err(Some(Rejection::Type(advert.kind())));
    }
    let count = expected.addresses.len() / address_bytes(family);
    if usize::from(advert.count()) != count {
        return Err(Some(Rejection::AddressCount {
            received: advert.count(),
            expected: count,
        }));
    }
    let learned =
        sum(expected, received, payload).ok_or(Some(Rejection::Checksum(expected.version)))?;
    statistics.adverts_received += 1;
    if !skip_addresses && let Some(missing) = first_missing(expected, &advert) {
        return Err(Some(Rejection::AddressMissing {
            vrid: expected.vrid,
            address: missing,
        }));
    }
    if expected.check_source {
        sender(expected, received.source, ttl).map_err(Some)?;
    }
    Ok((advert, learned))
}

/// Takes the authentication header off where the instance uses one.
fn split<'a>(
    expected: &Expected,
    received: &Received<'a>,
) -> Option<(Option<AuthenticationHeader<'a>>, &'a [u8])> {
    match expected.authentication {
        Secret::Ah(_) => AuthenticationHeader::decode(received.payload)
            .map(|(header, rest)| (Some(header), rest)),
        Secret::None | Secret::Pass(_) => Some((None, received.payload)),
    }
}

fn authenticate(
    expected: &Expected,
    received: &Received<'_>,
    header: Option<AuthenticationHeader<'_>>,
    advert: &Advert<'_>,
    sequence: &mut u32,
) -> Result<(), Rejection> {
    let theirs = advert.auth_type();
    let ours = match expected.authentication {
        Secret::None => 0,
        Secret::Pass(_) => 1,
        Secret::Ah(_) => 2,
    };
    if theirs > 2 {
        return Err(Rejection::AuthType(theirs));
    }
    if theirs != ours {
        return Err(Rejection::AuthMismatch {
            received: theirs,
            expected: ours,
        });
    }
    match &expected.authentication {
        Secret::None => Ok(()),
        Secret::Pass(password) if advert.auth_data(expected.family) == password => Ok(()),
        Secret::Pass(_) => Err(Rejection::Password),
        Secret::Ah(key) => {
            let (Some(header), IpAddr::V4(source)) = (header, received.source) else {
                return Err(Rejection::Digest);
            };
            if header.spi() != source.to_bits() {
                return Err(Rejection::Spi {
                    received: header.spi(),
                    expected: source.to_bits(),
                });
            }
            if !header.verify(key, received.header, advert.bytes()) {
                return Err(Rejection::Digest);
            }
            if header.sequence() <= *sequence {
                return Err(Rejection::Replay {
                    received: header.sequence(),
                    last: *sequence,
                });
            }
            *sequence = header.sequence();
            Ok(())
        }
    }
}

/// `None`: the checksum is wrong.
fn sum(expected: &Expected, received: &Received<'_>, payload: &[u8]) -> Option<Learned> {
    if expected.version == Version::V2 {
        return (checksum(payload, None) == 0).then(Learned::default);
    }
    let destination = received.destination.or(match expected.family {
        Family::Inet => destination_of(received.header),
        Family::Inet6 => None,
    });
    let fits = |destination| {
        checksum(
            payload,
            Some(PseudoHeader {
                source: received.source,
                destination,
            }),
        ) == 0
    };
    let new = || destination.is_some_and(&fits);
    let old = || fits(IpAddr::V4(MULTICAST_V4));
    match expected.checksum {
        Checksum::New => new().then(Learned::default),
        Checksum::Old => old().then(Learned::default),
        Checksum::Detect if new() => Some(Learned::default()),
        Checksum::Detect => old().then_some(Learned { old_checksum: true }),
    }
}

fn destination_of(ipv4_header: &[u8]) -> Option<IpAddr> {
    let bytes: [u8; 4] = ipv4_header.get(16..20)?.try_into().ok()?;
    Some(IpAddr::from(bytes))
}

/// Our first address that the advert doesn't have. The order of addresses doesn't matter.
fn first_missing(expected: &Expected, advert: &Advert<'_>) -> Option<IpAddr> {
    let theirs = advert.addresses(expected.family);
    if theirs == expected.addresses {
        return None;
    }
    let size = address_bytes(expected.family);
    expected
        .addresses
        .chunks_exact(size)
        .find(|ours| !theirs.chunks_exact(size).any(|their| their == *ours))
        .and_then(address_of)
}

fn address_of(bytes: &[u8]) -> Option<IpAddr> {
    if let Ok(v4) = <[u8; 4]>::try_from(bytes) {
        return Some(IpAddr::from(v4));
    }
    <[u8; 16]>::try_from(bytes).ok().map(IpAddr::from)
}

fn sender(expected: &Expected, source: IpAddr, ttl: u8) -> Result<(), Rejection> {
    let Some(peer) = expected.peers.iter().find(|peer| peer.address == source) else {
        return Err(Rejection::NotAPeer(source));
    };
    if (peer.min_ttl..=peer.max_ttl).contains(&ttl) {
        return Ok(());
    }
    Err(Rejection::PeerTtl {
        received: ttl,
        min: peer.min_ttl,
        max: peer.max_ttl,
    })
}

fn count(statistics: &mut Statistics, rejection: Rejection) {
    let counter = match rejection {
        Rejection::Length { .. } => &mut statistics.length_errors,
        Rejection::Ttl(_) | Rejection::PeerTtl { .. } => &mut statistics.ttl_errors,
        Rejection::Version { .. } => &mut statistics.version_errors,
        Rejection::AuthType(_) => &mut statistics.invalid_auth_type,
        Rejection::AuthMismatch { .. } => &mut statistics.auth_type_mismatch,
        Rejection::Password
        | Rejection::Spi { .. }
        | Rejection::Digest
        | Rejection::Replay { .. } => &mut statistics.auth_failures,
        // The reference has a counter for intervals and never moves it.
        Rejection::Interval { .. } | Rejection::NotAPeer(_) => return,
        Rejection::Type(_) => &mut statistics.invalid_type,
        Rejection::AddressCount { .. } | Rejection::AddressMissing { .. } => {
            &mut statistics.address_list_errors
        }
        Rejection::Checksum(_) => &mut statistics.checksum_errors,
    };
    *counter += 1;
}
