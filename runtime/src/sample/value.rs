//! A sample: a typed piece of the traffic, or of what we know about it (manual 7.1).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Scratch memory of one evaluation. Values borrow from it, from the message, or from the plan; nothing is freed
/// before the whole arena is reset.
pub type Arena = bumpalo::Bump;

/// A sample's value. Copying it copies at most a fat pointer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value<'a> {
    /// `bool`
    Bool(bool),
    /// `sint`: a signed 64-bit number.
    Int(i64),
    /// `ipv4` and `ipv6`
    Ip(IpAddr),
    /// `str`: text, in any encoding.
    Str(&'a [u8]),
    /// `bin`: bytes, which are text as they are when text is asked for.
    Bin(&'a [u8]),
    /// `meth`: an HTTP method.
    Method(&'a [u8]),
}

/// The type of a sample, as definition rows declare it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Type {
    /// Any type: only known when it runs (`var`).
    Any,
    /// A converter's output that is of the type of its input.
    Same,
    /// Truth.
    Bool,
    /// Number.
    Int,
    /// IPv4 or IPv6.
    Ip,
    /// IPv4.
    Ipv4,
    /// IPv6.
    Ipv6,
    /// Text.
    Str,
    /// Bytes.
    Bin,
    /// Method.
    Method,
}

/// What a fetch or a whole expression gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fetched<'a> {
    /// A value.
    Value(Value<'a>),
    /// A value that may still change with bytes to come: a test that holds for it holds, one that fails waits for them.
    SoFar(Value<'a>),
    /// There is none, and there will be none.
    Absent,
    /// It depends on bytes that have not come yet (manual 7.3.5, `inspect-delay`).
    NotYet,
}

impl<'a> Fetched<'a> {
    /// The value if there is one.
    pub fn value(self) -> Option<Value<'a>> {
        match self {
            Fetched::Value(value) | Fetched::SoFar(value) => Some(value),
            Fetched::Absent | Fetched::NotYet => None,
        }
    }
}

impl<'a> From<Option<Value<'a>>> for Fetched<'a> {
    fn from(value: Option<Value<'a>>) -> Self {
        value.map_or(Fetched::Absent, Fetched::Value)
    }
}

impl<'a> Value<'a> {
    /// The value's own type.
    pub fn kind(&self) -> Type {
        match self {
            Value::Bool(_) => Type::Bool,
            Value::Int(_) => Type::Int,
            Value::Ip(IpAddr::V4(_)) => Type::Ipv4,
            Value::Ip(IpAddr::V6(_)) => Type::Ipv6,
            Value::Str(_) => Type::Str,
            Value::Bin(_) => Type::Bin,
            Value::Method(_) => Type::Method,
        }
    }

    /// The implicit conversion to `wanted` (the manual's matrix in 7.1: a failed one makes the sample absent).
    pub fn cast(self, wanted: Type, arena: &'a Arena) -> Option<Value<'a>> {
        match wanted {
            Type::Any | Type::Same => Some(self),
            Type::Bool => self.as_int().map(|n| Value::Bool(n != 0)),
            Type::Int => self.as_int().map(Value::Int),
            Type::Ip | Type::Ipv4 | Type::Ipv6 => self.as_ip(wanted).map(Value::Ip),
            // Texts end where C's do.
            Type::Str => Some(Value::Str(match self {
                Value::Bin(bytes) => bytes.split(|&byte| byte == 0).next().unwrap_or_default(),
                _ => self.to_text(arena),
            })),
            Type::Bin => Some(match self {
                Value::Bin(bytes) => Value::Bin(bytes),
                Value::Ip(IpAddr::V4(ip)) => Value::Bin(arena.alloc_slice_copy(&ip.octets())),
                Value::Ip(IpAddr::V6(ip)) => Value::Bin(arena.alloc_slice_copy(&ip.octets())),
                Value::Bool(_) | Value::Int(_) => {
                    Value::Bin(arena.alloc_slice_copy(&self.as_int().unwrap_or(0).to_be_bytes()))
                }
                Value::Str(_) | Value::Method(_) => Value::Bin(self.to_text(arena)),
            }),
            Type::Method => Some(Value::Method(self.to_text(arena))),
        }
    }

    /// As a number: the one that text begins with (0 for other text, none for no text), an IPv4 address' 32 bits.
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Value::Bool(b) => Some(i64::from(*b)),
            Value::Int(n) => Some(*n),
            Value::Ip(IpAddr::V4(ip)) => Some(i64::from(ip.to_bits())),
            Value::Ip(IpAddr::V6(_)) => None,
            Value::Str(text) => leading_int(text),
            Value::Bin(_) | Value::Method(_) => None,
        }
    }

    /// As an address of the wanted family: IPv4 maps into IPv6, and back where it was mapped.
    pub fn as_ip(&self, wanted: Type) -> Option<IpAddr> {
        let ip = match self {
            Value::Ip(ip) => *ip,
            // The low 32 bits.
            Value::Int(n) => IpAddr::V4(Ipv4Addr::from_bits(*n as u32)),
            Value::Str(text) => match leading_ipv4(text) {
                Some(ip) => IpAddr::V4(ip),
                None => std::str::from_utf8(text).ok()?.parse().ok()?,
            },
            Value::Bin(bytes) => match bytes.len() {
                4 => IpAddr::V4(Ipv4Addr::from(<[u8; 4]>::try_from(*bytes).ok()?)),
                16 => IpAddr::V6(Ipv6Addr::from(<[u8; 16]>::try_from(*bytes).ok()?)),
                _ => return None,
            },
            Value::Bool(_) | Value::Method(_) => return None,
        };
        match (wanted, ip) {
            (Type::Ipv4, IpAddr::V6(v6)) => v6.to_ipv4_mapped().map(IpAddr::V4),
            (Type::Ipv6, IpAddr::V4(v4)) => Some(IpAddr::V6(v4.to_ipv6_mapped())),
            _ => Some(ip),
        }
    }

    /// As text: numbers in decimal, booleans as 0 and 1, bytes as they are.
    pub fn to_text(&self, arena: &'a Arena) -> &'a [u8] {
        match self {
            Value::Str(text) | Value::Method(text) | Value::Bin(text) => text,
            Value::Bool(b) => {
                if *b {
                    b"1"
                } else {
                    b"0"
                }
            }
            Value::Int(n) => arena.alloc_slice_copy(itoa::Buffer::new().format(*n).as_bytes()),
            Value::Ip(ip) => bumpalo::format!(in arena, "{}", ip)
                .into_bump_str()
                .as_bytes(),
        }
    }
}

/// The number that a text begins with, with an optional sign; what follows it doesn't count, a text that begins
/// otherwise is 0, too large a number is the largest (observed). An empty text is none.
pub fn leading_int(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [] => return None,
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    let number =
        digits
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .fold(0i64, |number, byte| {
                let digit = i64::from(byte - b'0');
                let number = number.saturating_mul(10);
                if negative {
                    number.saturating_sub(digit)
                } else {
                    number.saturating_add(digit)
                }
            });
    Some(number)
}

/// The IPv4 address that a text begins with: what follows doesn't count, unless it is another dot; numbers may have
/// leading zeros (observed).
fn leading_ipv4(text: &[u8]) -> Option<Ipv4Addr> {
    let mut octets = [0u8; 4];
    let mut rest = text;
    for (at, octet) in octets.iter_mut().enumerate() {
        if at > 0 {
            rest = rest.strip_prefix(b".")?;
        }
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (number, behind) = rest.split_at(digits);
        *octet = std::str::from_utf8(number).ok()?.parse().ok()?;
        rest = behind;
    }
    (rest.first() != Some(&b'.')).then(|| Ipv4Addr::from(octets))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn casts_follow_the_manuals_matrix() {
        let arena = Arena::new();
        let cast = |value: Value<'static>, to| value.cast(to, Box::leak(Box::new(Arena::new())));
        assert_eq!(cast(Value::Int(5), Type::Str), Some(Value::Str(b"5")));
        assert_eq!(
            cast(Value::Str(b"10.0.0.1"), Type::Ip),
            Some(Value::Ip([10, 0, 0, 1].into()))
        );
        let ints: [(&[u8], i64); 6] = [
            (b"x", 0),
            (b"5x", 5),
            (b"-5", -5),
            (b"+5", 5),
            (b"99999999999999999999", i64::MAX),
            (b"-99999999999999999999", i64::MIN),
        ];
        for (text, number) in ints {
            assert_eq!(cast(Value::Str(text), Type::Int), Some(Value::Int(number)));
        }
        assert_eq!(cast(Value::Str(b""), Type::Int), None);
        assert_eq!(Value::Bin(b"\x0f\xa0").to_text(&arena), b"\x0f\xa0");
        assert_eq!(cast(Value::Bool(true), Type::Int), Some(Value::Int(1)));
    }
}
