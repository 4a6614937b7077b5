//! CONNECT and CONNACK of MQTT (3.1.1: sections 3.1 and 3.2; 5.0: the same, and 2.2.2 for properties).

/// Packet types.
pub(super) const CONNECT: u8 = 1;
pub(super) const CONNACK: u8 = 2;

/// What some bytes are.
pub(super) enum Read<'p> {
    Packet(Packet<'p>),
    /// More bytes are needed to tell.
    Incomplete,
    Malformed,
}

/// A packet's fields; those that it doesn't have are empty or 0.
#[derive(Default)]
pub(super) struct Packet<'p> {
    pub(super) kind: u8,
    pub(super) flags: u8,
    pub(super) version: u8,
    pub(super) reason: u8,
    pub(super) keep_alive: u16,
    pub(super) name: &'p [u8],
    pub(super) client: &'p [u8],
    /// Topic and payload.
    pub(super) will: Option<(&'p [u8], &'p [u8])>,
    pub(super) user: Option<&'p [u8]>,
    pub(super) password: Option<&'p [u8]>,
    properties: Vec<(u8, Property<'p>)>,
}

enum Property<'p> {
    Number(u32),
    Text(&'p [u8]),
    /// Two texts.
    Pair,
}

/// How a property is written.
#[derive(Clone, Copy, PartialEq)]
enum Shape {
    /// A byte that is 0 or 1.
    Flag,
    Two,
    Four,
    Text,
    Pair,
}

const AUTHENTICATION_METHOD: u8 = 21;
const AUTHENTICATION_DATA: u8 = 22;
const USER_PROPERTY: u8 = 38;
const OF_CONNECT: &[(u8, Shape)] = &[
    (17, Shape::Four),
    (21, Shape::Text),
    (22, Shape::Text),
    (23, Shape::Flag),
    (25, Shape::Flag),
    (33, Shape::Two),
    (34, Shape::Two),
    (USER_PROPERTY, Shape::Pair),
    (39, Shape::Four),
];
const OF_WILL: &[(u8, Shape)] = &[
    (1, Shape::Flag),
    (2, Shape::Four),
    (3, Shape::Text),
    (8, Shape::Text),
    (9, Shape::Text),
    (24, Shape::Four),
    (USER_PROPERTY, Shape::Pair),
];
const OF_CONNACK: &[(u8, Shape)] = &[
    (17, Shape::Four),
    (18, Shape::Text),
    (19, Shape::Two),
    (21, Shape::Text),
    (22, Shape::Text),
    (26, Shape::Text),
    (28, Shape::Text),
    (31, Shape::Text),
    (33, Shape::Two),
    (34, Shape::Two),
    (36, Shape::Flag),
    (37, Shape::Flag),
    (USER_PROPERTY, Shape::Pair),
    (39, Shape::Four),
    (40, Shape::Flag),
    (41, Shape::Flag),
    (42, Shape::Flag),
];
/// Properties that may not be 0: a receive maximum, the largest packet.
const NOT_ZERO: [u8; 2] = [33, 39];

fn shape(id: u8, allowed: &[(u8, Shape)]) -> Option<Shape> {
    let found = allowed.iter().find(|(known, _)| *known == id);
    found.map(|(_, shape)| *shape)
}

/// Whether packets of that type can have the property.
pub(super) fn is_property(kind: u8, id: u8) -> bool {
    match kind {
        CONNECT => shape(id, OF_CONNECT)
            .or_else(|| shape(id, OF_WILL))
            .is_some(),
        CONNACK => shape(id, OF_CONNACK).is_some(),
        _ => false,
    }
}

impl<'p> Packet<'p> {
    /// A property's text; a number that isn't there is 0 where it could be.
    pub(super) fn property<'a: 'p>(
        &self,
        id: u8,
        number: impl FnOnce(u32) -> Option<&'a [u8]>,
    ) -> Option<&'p [u8]> {
        if self.version != 5 {
            return None;
        }
        let found = self.properties.iter().find(|(known, _)| *known == id);
        if let Some((_, property)) = found {
            return match property {
                Property::Number(value) => number(*value).map(|text| text as &'p [u8]),
                Property::Text(text) => Some(*text).filter(|text| !text.is_empty()),
                Property::Pair => None,
            };
        }
        let shape = match self.kind {
            CONNECT => shape(id, OF_CONNECT).or_else(|| self.will.and_then(|_| shape(id, OF_WILL))),
            _ => shape(id, OF_CONNACK),
        }?;
        match shape {
            Shape::Flag | Shape::Two | Shape::Four => number(0).map(|text| text as &'p [u8]),
            Shape::Text | Shape::Pair => None,
        }
    }
}

/// Reads the packet that some bytes begin with.
pub(super) fn packet(bytes: &[u8]) -> Read<'_> {
    let [first, rest @ ..] = bytes else {
        return Read::Incomplete;
    };
    if rest.is_empty() {
        return Read::Incomplete;
    }
    // The low bits are reserved for these types.
    // The types and the flags that they have. Of a packet that is none the end isn't waited for.
    let flags = match first >> 4 {
        0 => return Read::Malformed,
        3 => 15,
        6 | 8 | 10 => 2,
        _ => 0,
    };
    if first & 15 != flags {
        return Read::Malformed;
    }
    let Some((length, rest)) = length(rest) else {
        return Read::Malformed;
    };
    let Some(body) = rest.get(..length) else {
        return Read::Incomplete;
    };
    let packet = match first {
        0x10 => connect(Body(body)),
        0x20 => connack(Body(body), rest.len() > length),
        _ => None,
    };
    packet.map_or(Read::Malformed, Read::Packet)
}

/// A length in one to four bytes. What of it isn't there counts for nothing (observed).
fn length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut length = 0;
    for (at, byte) in bytes.iter().take(4).enumerate() {
        length |= usize::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            return Some((length, &bytes[at + 1..]));
        }
    }
    (bytes.len() < 4).then_some((length, &[]))
}

/// What is left of a packet's body.
struct Body<'p>(&'p [u8]);

impl<'p> Body<'p> {
    fn bytes<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*taken)
    }

    fn text(&mut self) -> Option<&'p [u8]> {
        let length = usize::from(u16::from_be_bytes(self.bytes()?));
        let (text, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(text)
    }

    fn properties(
        &mut self,
        allowed: &[(u8, Shape)],
        into: &mut Vec<(u8, Property<'p>)>,
    ) -> Option<()> {
        let (length, rest) = length(self.0)?;
        let (inner, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        let mut inner = Body(inner);
        while !inner.0.is_empty() {
            let [id] = inner.bytes()?;
            let property = match shape(id, allowed)? {
                Shape::Flag => {
                    let [flag] = inner.bytes()?;
                    (flag <= 1).then_some(Property::Number(flag.into()))?
                }
                Shape::Two => Property::Number(u16::from_be_bytes(inner.bytes()?).into()),
                Shape::Four => Property::Number(u32::from_be_bytes(inner.bytes()?)),
                Shape::Text => Property::Text(inner.text()?),
                Shape::Pair => {
                    inner.text()?;
                    inner.text()?;
                    Property::Pair
                }
            };
            let is_zero = matches!(property, Property::Number(0)) && NOT_ZERO.contains(&id);
            let is_again = id != USER_PROPERTY && into.iter().any(|(known, _)| *known == id);
            if is_zero || is_again {
                return None;
            }
            into.push((id, property));
        }
        Some(())
    }
}

const RESERVED: u8 = 0x01;
const WILL: u8 = 0x04;
const PASSWORD: u8 = 0x40;
const USER: u8 = 0x80;

fn connect(mut body: Body<'_>) -> Option<Packet<'_>> {
    let mut packet = Packet {
        kind: CONNECT,
        name: body.text()?,
        ..Packet::default()
    };
    [packet.version, packet.flags] = body.bytes()?;
    // Any name with any version (observed).
    let is_known = matches!(packet.name, b"MQIsdp" | b"MQTT") && (3..=5).contains(&packet.version);
    if !is_known || packet.flags & RESERVED != 0 {
        return None;
    }
    packet.keep_alive = u16::from_be_bytes(body.bytes()?);
    if packet.version == 5 {
        body.properties(OF_CONNECT, &mut packet.properties)?;
        // Data of an authentication without its method (MQTT 5.0 section 3.1.2.11.10).
        let has = |wanted| packet.properties.iter().any(|(id, _)| *id == wanted);
        if has(AUTHENTICATION_DATA) && !has(AUTHENTICATION_METHOD) {
            return None;
        }
    }
    packet.client = body.text()?;
    if packet.flags & WILL != 0 {
        if packet.version == 5 {
            body.properties(OF_WILL, &mut packet.properties)?;
        }
        packet.will = Some((body.text()?, body.text()?));
    }
    if packet.flags & USER != 0 {
        packet.user = Some(body.text()?);
    }
    if packet.flags & PASSWORD != 0 {
        packet.password = Some(body.text()?);
    }
    body.0.is_empty().then_some(packet)
}

/// Bytes behind it make it one of version 5 as well (observed).
fn connack(mut body: Body<'_>, goes_on: bool) -> Option<Packet<'_>> {
    let mut packet = Packet {
        kind: CONNACK,
        // Properties, were there none of them, have a length all the same.
        version: if body.0.len() > 2 || goes_on { 5 } else { 4 },
        ..Packet::default()
    };
    [packet.flags, packet.reason] = body.bytes()?;
    if packet.version == 5 {
        body.properties(OF_CONNACK, &mut packet.properties)?;
    }
    (packet.flags <= 1 && body.0.is_empty()).then_some(packet)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(bytes: &[u8]) -> &'static str {
        match packet(bytes) {
            Read::Packet(_) => "valid",
            Read::Incomplete => "incomplete",
            Read::Malformed => "malformed",
        }
    }

    // Verdicts recorded from the reference.
    #[test]
    fn a_packet_is_judged_when_it_is_whole() {
        let connect = b"\x10\x0f\0\x04MQTT\x04\x02\0\x3c\0\x03cid";
        assert_eq!(verdict(connect), "valid");
        assert_eq!(verdict(&connect[..9]), "incomplete");
        assert_eq!(verdict(b""), "incomplete");
        assert_eq!(
            verdict(b"\x10\x0f\0\x04MQTX\x04\x02\0\x3c\0\x03cid"),
            "malformed"
        );
        assert_eq!(
            verdict(b"\x10\x10\0\x04MQTT\x04\x02\0\x3c\0\x03cidx"),
            "malformed"
        );
        assert_eq!(verdict(b"\x20\x02\0\x05"), "valid");
        assert_eq!(verdict(b"\x20\x02\x02\0"), "malformed");
        assert_eq!(verdict(b"\xc0\0"), "malformed");
    }

    #[test]
    fn properties_come_once_and_within_their_bounds() {
        let connect = |properties: &[u8]| {
            let mut body = b"\0\x04MQTT\x05\x02\0\x3c".to_vec();
            body.push(properties.len() as u8);
            body.extend_from_slice(properties);
            body.extend_from_slice(b"\0\x03cid");
            let mut bytes = vec![0x10, body.len() as u8];
            bytes.extend(body);
            verdict(&bytes)
        };
        assert_eq!(connect(b"\x21\0\x10"), "valid");
        assert_eq!(connect(b"\x21\0\x10\x21\0\x10"), "malformed");
        assert_eq!(connect(b"\x21\0\0"), "malformed");
        assert_eq!(connect(b"\x19\x02"), "malformed");
        assert_eq!(connect(b"\x18\0\0\0\x05"), "malformed");
        assert_eq!(connect(b"\x26\0\x01k\0\x01v\x26\0\x01k\0\x01v"), "valid");
    }
}
