//! The first packet of an MQTT client or server: `mqtt_is_valid`, `mqtt_field_value(type,field)` (manual 7.3.1; MQTT 3.1,
//! 3.1.1 and 5.0).
//!
//! ```text
//! tcp-request content reject unless { req.payload(0,0),mqtt_is_valid }
//! tcp-request content set-var(txn.user) req.payload(0,0),mqtt_field_value(connect,username)
//! ```

use locum_model::expr::Arg;
use locum_runtime::{
    plan::args::Args,
    sample::value::{Arena, Type, Value},
    vocab::ConverterDef,
};

use super::{
    bytes_of, converter,
    mqtt_packet::{CONNACK, CONNECT, Packet, Read, is_property, packet},
};

pub(super) static MQTT_IS_VALID: ConverterDef = converter(
    "mqtt_is_valid",
    Type::Bin,
    Type::Bool,
    |value, _, _, _| match packet(bytes_of(value)?) {
        Read::Packet(_) => Some(Value::Bool(true)),
        Read::Malformed => Some(Value::Bool(false)),
        Read::Incomplete => None,
    },
);

pub(super) static MQTT_FIELD_VALUE: ConverterDef = ConverterDef {
    check: Some(check),
    ..converter(
        "mqtt_field_value",
        Type::Bin,
        Type::Str,
        |value, _, args, arena| {
            let Read::Packet(packet) = packet(bytes_of(value)?) else {
                return None;
            };
            if args.int(0)? != i64::from(packet.kind) {
                return None;
            }
            field(&packet, args, arena).map(Value::Str)
        },
    )
};

/// The packets' names in the order of their numbers, from 1 on.
const KINDS: [&str; 15] = [
    "CONNECT",
    "CONNACK",
    "PUBLISH",
    "PUBACK",
    "PUBREC",
    "PUBREL",
    "PUBCOMP",
    "SUBSCRIBE",
    "SUBACK",
    "UNSUBSCRIBE",
    "UNSUBACK",
    "PINGREQ",
    "PINGRESP",
    "DISCONNECT",
    "AUTH",
];
const CONNECT_FIELDS: [&str; 9] = [
    "flags",
    "protocol_name",
    "protocol_version",
    "client_identifier",
    "will_topic",
    "will_payload",
    "username",
    "password",
    "keepalive",
];
const CONNACK_FIELDS: [&str; 3] = ["flags", "protocol_version", "reason_code"];

/// The packet becomes its number, the field a word or a property's number.
fn check(args: &mut [Arg]) -> Result<(), String> {
    let text = |at: usize| match args.get(at) {
        Some(Arg::Str(text)) => String::from_utf8_lossy(text).into_owned(),
        _ => String::new(),
    };
    let (kind, name) = (text(0), text(1));
    let named = KINDS
        .iter()
        .position(|known| known.eq_ignore_ascii_case(&kind));
    let number = match named {
        Some(at) => at + 1,
        None => kind
            .parse()
            .ok()
            .filter(|number| (1..=15).contains(number))
            .ok_or_else(|| format!("Unknown MQTT type '{kind}'"))?,
    };
    let fields: &[&str] = match number {
        1 => &CONNECT_FIELDS,
        2 => &CONNACK_FIELDS,
        _ => &[],
    };
    let known = fields
        .iter()
        .find(|known| known.eq_ignore_ascii_case(&name));
    let property = name
        .parse::<u8>()
        .ok()
        .filter(|&id| is_property(number as u8, id));
    let field = match (known, property) {
        (Some(known), _) => Arg::Word((*known).to_owned()),
        (None, Some(id)) => Arg::Int(i64::from(id)),
        (None, None) => {
            return Err(format!(
                "Unknown MQTT field name '{name}' for packet type '{kind}'"
            ));
        }
    };
    args[0] = Arg::Int(number as i64);
    args[1] = field;
    Ok(())
}

/// An empty text is none.
fn field<'a>(packet: &Packet<'a>, args: &Args, arena: &'a Arena) -> Option<&'a [u8]> {
    let number = |number: u32| {
        let mut digits = itoa::Buffer::new();
        Some(&*arena.alloc_slice_copy(digits.format(number).as_bytes()))
    };
    let text = match (packet.kind, args.word(1)) {
        (CONNECT | CONNACK, Some("flags")) => return number(packet.flags.into()),
        (CONNECT | CONNACK, Some("protocol_version")) => return number(packet.version.into()),
        (CONNECT, Some("keepalive")) => return number(packet.keep_alive.into()),
        (CONNACK, Some("reason_code")) => return number(packet.reason.into()),
        (CONNECT, Some("protocol_name")) => Some(packet.name),
        (CONNECT, Some("client_identifier")) => Some(packet.client),
        (CONNECT, Some("will_topic")) => packet.will.map(|(topic, _)| topic),
        (CONNECT, Some("will_payload")) => packet.will.map(|(_, payload)| payload),
        (CONNECT, Some("username")) => packet.user,
        (CONNECT, Some("password")) => packet.password,
        _ => return packet.property(u8::try_from(args.int(1)?).ok()?, number),
    };
    text.filter(|text| !text.is_empty())
}
