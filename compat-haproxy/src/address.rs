//! Addresses as `bind`, `server`, `source`, `log` and their kin write them (manual 11, "Address formats").
//!
//! ```text
//! :80  *:80  192.0.2.1:80-89  [::]:443  ipv4@host:80  unix@/run/x  /run/x  abns@x  fd@3
//! ```

use std::{
    borrow::Cow,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, ToSocketAddrs},
};

use locum_model::address::Address;
use locum_parser::haproxy::Host as _;

use crate::load::Environment;

/// What a place allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Allowed {
    /// A port must be given, and it must not be 0.
    pub port_required: bool,
    /// A port must not be given.
    pub port_forbidden: bool,
    /// `80-90`.
    pub range: bool,
    /// `+80` and `-80`.
    pub offset: bool,
    /// `fd@3`.
    pub descriptor: bool,
    /// Unix and abstract sockets.
    pub unix: bool,
    /// Datagrams rather than streams.
    pub datagram: bool,
    /// A name that isn't known is handed back instead of being an error.
    pub keep_unresolved: bool,
}

/// An address as read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parsed {
    /// The address with its first port; all zero while the name isn't resolved.
    pub address: Address,
    /// The last port of a range.
    pub last_port: u16,
    /// A port offset.
    pub offset: Option<i32>,
    /// The name that stood in place of a numeric address.
    pub hostname: Option<String>,
    /// The name couldn't be looked up.
    pub unresolved: bool,
    /// The family asked for by `ipv4@` and `ipv6@`.
    pub family: Family,
    /// Whether a port was written.
    pub has_port: bool,
}

/// Address family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Family {
    /// Either.
    #[default]
    Any,
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

const STREAM_PREFIXES: &[(&str, Family)] = &[
    ("stream+ipv4@", Family::V4),
    ("stream+ipv6@", Family::V6),
    ("tcp4@", Family::V4),
    ("tcp6@", Family::V6),
    ("tcp@", Family::Any),
    ("ipv4@", Family::V4),
    ("ipv6@", Family::V6),
];
const DATAGRAM_PREFIXES: &[(&str, Family)] = &[
    ("dgram+ipv4@", Family::V4),
    ("dgram+ipv6@", Family::V6),
    ("udp4@", Family::V4),
    ("udp6@", Family::V6),
    ("udp@", Family::Any),
];
const UNIX_STREAM_PREFIXES: &[&str] = &["stream+unix@", "uxst@", "unix@"];
const UNIX_DATAGRAM_PREFIXES: &[&str] = &["dgram+unix@", "uxdg@"];

/// Whether the prefix asks for a connection.
pub fn names_a_stream(text: &str) -> bool {
    let mut prefixes = STREAM_PREFIXES.iter().map(|(prefix, _)| *prefix);
    text.starts_with("uxst@")
        || prefixes.any(|prefix| !prefix.starts_with("ipv") && text.starts_with(prefix))
}

/// Longest path of a unix socket; the reference keeps ten bytes for its temporary suffix.
const MAX_PATH: usize = 97;
/// Longest abstract name.
const MAX_ABSTRACT: usize = 107;

/// The reference ends complaints about the form of an address with a line feed of their own, those about a port's value
/// not; `bind` is without it.
pub fn with_line_feed(reason: String) -> String {
    if reason.starts_with("invalid port '") || reason.starts_with("port range") {
        reason
    } else {
        format!("{reason}\n")
    }
}

/// Reads one address. Variables in it count without quotes too (`bind $HOST:${PORT}`), once, behind the quoting of the
/// line and whatever it says about them.
///
/// # Errors
/// The reference's wording without the place.
pub fn parse(text: &str, allowed: Allowed, environment: &Environment) -> Result<Parsed, String> {
    let expanded = expand(text, environment);
    if expanded.is_empty() {
        return Err(format!(
            "'{text}' resolves to an empty address (environment variable missing?)"
        ));
    }
    parse_expanded(&expanded, text, allowed)
}

/// `$NAME` and `${NAME}` by their values, or by nothing; a brace that isn't closed directly behind the name is no brace.
fn expand<'a>(text: &'a str, environment: &Environment) -> Cow<'a, str> {
    let Some((before, mut rest)) = text.split_once('$') else {
        return Cow::Borrowed(text);
    };
    let mut expanded = before.to_owned();
    loop {
        let (behind, braced) = match rest.strip_prefix('{') {
            Some(behind) => (behind, true),
            None => (rest, false),
        };
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let (name, behind) = behind.split_at(behind.find(|c| !is_part(c)).unwrap_or(behind.len()));
        if let Some(value) = environment.env(name) {
            expanded.push_str(&String::from_utf8_lossy(&value));
        }
        let behind = behind
            .strip_prefix('}')
            .filter(|_| braced)
            .unwrap_or(behind);
        let Some((between, next)) = behind.split_once('$') else {
            expanded.push_str(behind);
            return Cow::Owned(expanded);
        };
        expanded.push_str(between);
        rest = next;
    }
}

/// Reads what the variables became; `whole` is what the messages quote.
fn parse_expanded(text: &str, whole: &str, allowed: Allowed) -> Result<Parsed, String> {
    for prefix in UNIX_STREAM_PREFIXES.iter().chain(UNIX_DATAGRAM_PREFIXES) {
        if let Some(path) = text.strip_prefix(prefix) {
            return unix(path, whole, allowed);
        }
    }
    if text.starts_with('/') {
        return unix(text, whole, allowed);
    }
    if let Some(name) = text.strip_prefix("abns@") {
        if name.len() > MAX_ABSTRACT {
            return Err(format!(
                "socket path '{whole}' too long (max {MAX_ABSTRACT})"
            ));
        }
        return Ok(Parsed::local(Address::Abstract(name.to_owned())));
    }
    for prefix in ["fd@", "sockpair@"] {
        if let Some(number) = text.strip_prefix(prefix) {
            return descriptor(number, whole, allowed);
        }
    }
    for prefix in ["quic4@", "quic6@"] {
        if text.starts_with(prefix) {
            return Err(format!(
                "unsupported stream protocol for datagram family 2 address '{whole}'; QUIC is not compiled in if this is what you were looking for."
            ));
        }
    }
    let mut family = Family::Any;
    let mut rest = text;
    for (prefix, of) in DATAGRAM_PREFIXES {
        if let Some(behind) = text.strip_prefix(prefix) {
            if !allowed.datagram {
                return Err(format!("dgram-type address not acceptable in '{whole}'"));
            }
            (rest, family) = (behind, *of);
        }
    }
    for (prefix, of) in STREAM_PREFIXES {
        if let Some(behind) = text.strip_prefix(prefix) {
            (rest, family) = (behind, *of);
            break;
        }
    }
    ip(rest, family, whole, allowed)
}

impl Parsed {
    fn local(address: Address) -> Self {
        Self {
            address,
            last_port: 0,
            offset: None,
            hostname: None,
            unresolved: false,
            family: Family::Any,
            has_port: true,
        }
    }
}

fn unix(path: &str, text: &str, allowed: Allowed) -> Result<Parsed, String> {
    let _ = allowed;
    if path.len() > MAX_PATH {
        return Err(format!("socket path '{text}' too long (max {MAX_PATH})"));
    }
    Ok(Parsed::local(Address::Unix(path.into())))
}

fn descriptor(number: &str, text: &str, allowed: Allowed) -> Result<Parsed, String> {
    if !allowed.descriptor && text.starts_with("fd@") {
        return Err(format!(
            "a file descriptor is not acceptable here in '{text}'"
        ));
    }
    let Some(fd) = number.parse::<i32>().ok().filter(|fd| *fd >= 0) else {
        return Err(format!(
            "file descriptor '{number}' is not a valid integer in '{text}'"
        ));
    };
    Ok(Parsed::local(Address::Descriptor(fd)))
}

fn ip(rest: &str, family: Family, text: &str, allowed: Allowed) -> Result<Parsed, String> {
    let (host, port) = match rest.rfind(':') {
        // The last colon belongs to the address if that one is in brackets behind it.
        Some(colon) if !rest[colon..].contains(']') => (&rest[..colon], &rest[colon + 1..]),
        _ => (rest, ""),
    };
    let ports = ports(port, text, allowed)?;
    let host = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host);
    let mut parsed = Parsed {
        address: Address::Ip {
            ip: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            port: ports.first,
        },
        last_port: ports.last,
        offset: ports.offset,
        hostname: None,
        unresolved: false,
        family,
        has_port: !port.is_empty(),
    };
    let Some(ip) = literal(host, family) else {
        let shown = if host == rest { rest } else { host };
        parsed.hostname = Some(host.to_owned());
        if allowed.keep_unresolved {
            parsed.unresolved = true;
            return Ok(parsed);
        }
        let Some(ip) = resolve(host, family) else {
            return Err(format!("invalid address: '{shown}' in '{text}'"));
        };
        parsed.address = Address::Ip {
            ip,
            port: ports.first,
        };
        return Ok(parsed);
    };
    parsed.address = Address::Ip {
        ip,
        port: ports.first,
    };
    Ok(parsed)
}

/// A numeric address, or one of the forms for "any".
fn literal(host: &str, family: Family) -> Option<IpAddr> {
    if host.is_empty() || host == "*" {
        return Some(match family {
            Family::V6 => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
            Family::Any | Family::V4 => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        });
    }
    let ip: IpAddr = host.parse().ok()?;
    match (family, ip) {
        (Family::V4, IpAddr::V6(_)) | (Family::V6, IpAddr::V4(_)) => None,
        _ => Some(ip),
    }
}

/// Asks the system's resolver; the first address of the family counts, IPv4 first.
pub fn resolve(host: &str, family: Family) -> Option<IpAddr> {
    let found: Vec<IpAddr> = (host, 0)
        .to_socket_addrs()
        .ok()?
        .map(|address| address.ip())
        .collect();
    let first = |v4: bool| found.iter().find(|ip| ip.is_ipv4() == v4).copied();
    match family {
        Family::V4 => first(true),
        Family::V6 => first(false),
        Family::Any => first(true).or_else(|| first(false)),
    }
}

struct Ports {
    first: u16,
    last: u16,
    offset: Option<i32>,
}

fn ports(text: &str, whole: &str, allowed: Allowed) -> Result<Ports, String> {
    if text.is_empty() {
        if allowed.port_required {
            return Err(format!("missing port specification in '{whole}'"));
        }
        return Ok(Ports {
            first: 0,
            last: 0,
            offset: None,
        });
    }
    if allowed.port_forbidden {
        return Err(format!(
            "port specification not permitted here in '{whole}'"
        ));
    }
    match text.as_bytes()[0] {
        b'+' | b'-' if !allowed.offset => {
            Err(format!("port offset not permitted here in '{whole}'"))
        }
        sign @ (b'+' | b'-') => {
            let number = crate::load::lenient_number(&text.as_bytes()[1..]);
            let number = i32::try_from(number).unwrap_or(0);
            Ok(Ports {
                first: 0,
                last: 0,
                offset: Some(if sign == b'-' { -number } else { number }),
            })
        }
        first if first.is_ascii_digit() => {
            let (low, high) = match text.split_once('-') {
                Some(_) if !allowed.range => {
                    return Err(format!("port range not permitted here in '{whole}'"));
                }
                Some((low, high)) => (low, Some(high)),
                None => (text, None),
            };
            let first = port(low, allowed)?;
            let last = match high {
                Some(high) => port(high, allowed)?,
                None => first,
            };
            if first > last {
                return Err(format!("invalid port range '{first}-{last}'"));
            }
            Ok(Ports {
                first,
                last,
                offset: None,
            })
        }
        _ => {
            let bad = text.chars().next().unwrap_or(' ');
            Err(format!(
                "invalid character '{bad}' in port number '{text}' in '{whole}'"
            ))
        }
    }
}

/// Leading digits count; 0 is no port where one is required.
fn port(text: &str, allowed: Allowed) -> Result<u16, String> {
    let number = crate::load::lenient_number(text.as_bytes());
    match u16::try_from(number) {
        Ok(0) if allowed.port_required => Err(format!("invalid port '{text}'")),
        Ok(port) => Ok(port),
        Err(_) => Err(format!("invalid port '{text}'")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BIND: Allowed = Allowed {
        port_required: true,
        port_forbidden: false,
        range: true,
        offset: false,
        descriptor: true,
        unix: true,
        datagram: false,
        keep_unresolved: false,
    };

    #[test]
    fn every_form_of_any_address_is_understood() {
        for text in [":80", "*:80", "0.0.0.0:80", "ipv4@:80"] {
            assert_eq!(
                parse(text, BIND, &nothing_set())
                    .unwrap()
                    .address
                    .to_string(),
                "0.0.0.0:80",
                "{text}"
            );
        }
        for text in [":::80", "[::]:80", "ipv6@:80"] {
            assert_eq!(
                parse(text, BIND, &nothing_set())
                    .unwrap()
                    .address
                    .to_string(),
                ":::80",
                "{text}"
            );
        }
    }

    fn nothing_set() -> Environment {
        Environment::default()
    }

    /// As the reference echoes them in `invalid address: '…'`.
    #[test]
    fn variables_are_expanded_outside_quotes_too() {
        let mut set = Environment::default();
        set.set("A1", b"1.1.1.1");
        set.set("P", b"8401");
        set.set("AGAIN", b"$P");
        for (text, expanded) in [
            ("q$A1-", "q1.1.1.1-"),
            ("q${A1}${P}}}", "q1.1.1.18401}}"),
            ("${P-9}x}", "8401-9}x}"),
            ("q${${A1}}", "q1.1.1.1}"),
            ("q$$A1", "q1.1.1.1"),
            ("q$A1q.", "q."),
            ("q${}z", "qz"),
            ("$AGAIN", "$P"),
            ("$", ""),
            ("${A1", "1.1.1.1"),
        ] {
            assert_eq!(expand(text, &set), expanded, "{text}");
        }
    }

    #[test]
    fn ports_are_checked_in_the_references_words() {
        assert_eq!(
            parse("127.0.0.1", BIND, &nothing_set()).unwrap_err(),
            "missing port specification in '127.0.0.1'"
        );
        assert_eq!(
            parse("127.0.0.1:99999", BIND, &nothing_set()).unwrap_err(),
            "invalid port '99999'"
        );
        assert_eq!(
            parse("127.0.0.1:90-80", BIND, &nothing_set()).unwrap_err(),
            "invalid port range '90-80'"
        );
        assert_eq!(
            parse("::1", BIND, &nothing_set()).unwrap_err(),
            "invalid address: ':' in '::1'"
        );
    }
}
