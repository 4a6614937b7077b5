//! What tells entries of a table apart: a value of the traffic as the bytes of a key.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use locum_model::proxy::KeyType;

use crate::sample::value::{Arena, Type, Value, leading_int};

/// The bytes of a key of that type. `None`: the value can't be one. Keys of one table sort as the reference lists them.
pub fn key_of<'a>(kind: KeyType, value: Value<'a>, arena: &'a Arena) -> Option<&'a [u8]> {
    match kind {
        KeyType::Ip => match address(value, Type::Ipv4, arena)? {
            IpAddr::V4(ip) => Some(arena.alloc_slice_copy(&ip.octets())),
            IpAddr::V6(_) => None,
        },
        KeyType::Ipv6 => match address(value, Type::Ipv6, arena)? {
            IpAddr::V6(ip) => Some(arena.alloc_slice_copy(&ip.octets())),
            IpAddr::V4(_) => None,
        },
        KeyType::Integer => {
            let number = match value {
                Value::Str(text) => leading_int(text)?,
                other => match other.cast(Type::Int, arena)? {
                    Value::Int(number) => number,
                    _ => return None,
                },
            };
            // Only 32 bits are kept, and entries are listed in the order of these bytes (observed).
            Some(arena.alloc_slice_copy(&(number as u32).to_ne_bytes()))
        }
        KeyType::String(length) => {
            let text = value.to_text(arena);
            Some(&text[..text.len().min(length as usize)])
        }
        KeyType::Binary(length) => {
            let Value::Bin(bytes) = value.cast(Type::Bin, arena)? else {
                return None;
            };
            let length = length as usize;
            if bytes.len() >= length {
                return Some(&bytes[..length]);
            }
            let padded = arena.alloc_slice_fill_copy(length, 0);
            padded[..bytes.len()].copy_from_slice(bytes);
            Some(padded)
        }
    }
}

/// A text is an address only of the family that is asked for; other values convert as they do anywhere.
fn address<'a>(value: Value<'a>, wanted: Type, arena: &'a Arena) -> Option<IpAddr> {
    if let Value::Str(text) = value {
        let text = std::str::from_utf8(text).ok()?;
        return match wanted {
            Type::Ipv4 => leading_ipv4(text).map(IpAddr::V4),
            _ => text.parse::<Ipv6Addr>().ok().map(IpAddr::V6),
        };
    }
    match value.cast(wanted, arena)? {
        Value::Ip(ip) => Some(ip),
        _ => None,
    }
}

/// The address that a text begins with: four numbers up to 255, whatever follows but a fifth (observed).
fn leading_ipv4(text: &str) -> Option<Ipv4Addr> {
    let mut octets = [0; 4];
    let mut rest = text;
    for (at, octet) in octets.iter_mut().enumerate() {
        if at > 0 {
            rest = rest.strip_prefix('.')?;
        }
        let end = rest
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(rest.len());
        *octet = rest[..end].parse().ok()?;
        rest = &rest[end..];
    }
    (!rest.starts_with('.')).then(|| Ipv4Addr::from(octets))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_become_keys_as_in_the_reference() {
        let arena = Arena::new();
        let key = |kind, value| key_of(kind, value, &arena);
        let mapped: IpAddr = "::ffff:1.2.3.4".parse().expect("an address");
        assert_eq!(key(KeyType::Ip, Value::Ip(mapped)), Some(&[1, 2, 3, 4][..]));
        assert_eq!(
            key(KeyType::Ip, Value::Str(b"1.2.3.4")),
            Some(&[1, 2, 3, 4][..])
        );
        for text in ["1.2.3.4x", "001.2.03.4", "1.2.3.4:80"] {
            let value = Value::Str(text.as_bytes());
            assert_eq!(key(KeyType::Ip, value), Some(&[1, 2, 3, 4][..]));
        }
        for text in [
            "1.2.3.4.5",
            "1.2.3.256",
            "1.2.3.",
            "1..2.3",
            "+1.2.3.4",
            "1.2.3",
            "",
        ] {
            assert_eq!(
                key(KeyType::Ip, Value::Str(text.as_bytes())),
                None,
                "{text}"
            );
        }
        assert_eq!(key(KeyType::Ipv6, Value::Str(b"1.2.3.4")), None);
        let integers: [(&[u8], u32); 5] = [
            (b"12", 12),
            (b"abc", 0),
            (b"-5", 4_294_967_291),
            (b"5000000000", 705_032_704),
            (b"1.2.3.4", 1),
        ];
        for (text, number) in integers {
            assert_eq!(
                key(KeyType::Integer, Value::Str(text)),
                Some(&number.to_ne_bytes()[..])
            );
        }
        assert_eq!(
            key(KeyType::String(6), Value::Str(b"/abcdef")),
            Some(&b"/abcde"[..])
        );
        assert_eq!(key(KeyType::String(6), Value::Str(b"")), Some(&b""[..]));
        assert_eq!(
            key(KeyType::Binary(4), Value::Str(b"/")),
            Some(&b"/\0\0\0"[..])
        );
        assert_eq!(
            key(KeyType::Binary(4), Value::Str(b"/abcd")),
            Some(&b"/abc"[..])
        );
    }
}
