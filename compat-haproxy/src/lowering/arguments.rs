//! Arguments of fetches and converters, typed as the reference's signature of the word asks.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use locum_model::{
    Text,
    address::Network,
    expr::{Arg, Regex},
};
use locum_parser::haproxy::expr::Call;

use super::{Place, Reference, ReferenceKind};

/// Whose arguments they are, for messages.
#[derive(Debug, Clone, Copy)]
pub enum Role<'a> {
    /// A fetch's.
    Fetch(&'a str),
    /// A converter's, behind this fetch.
    Converter {
        /// The converter.
        name: &'a str,
        /// The fetch of its expression.
        fetch: &'a str,
    },
}

impl Role<'_> {
    fn word(&self) -> &str {
        match self {
            Role::Fetch(name) | Role::Converter { name, .. } => name,
        }
    }

    /// Puts the word before a complaint about its n-th argument.
    fn complain(&self, number: usize, complaint: &str) -> String {
        match self {
            Role::Fetch(name) => format!("fetch method '{name}' : {complaint}"),
            Role::Converter { name, .. } => {
                format!("invalid arg {number} in converter '{name}' : {complaint}")
            }
        }
    }
}

/// Types the arguments of a call. `text` is the text its spans count in.
///
/// # Errors
/// The reference's wording: wrong type, missing or surplus arguments, an unclosed parenthesis.
pub fn lower_arguments(
    call: &Call,
    text: &[u8],
    signature: &str,
    required: usize,
    role: &Role<'_>,
    place: &mut Place<'_>,
) -> Result<Vec<Arg>, String> {
    let kinds: Vec<&str> = signature
        .split(',')
        .filter(|kind| !kind.is_empty())
        .collect();
    let written = call.args.as_ref();
    // `()` is no argument at all.
    let is_empty = written.is_none_or(|args| args.args.len() == 1 && args.args[0].span.is_empty());
    let given = if is_empty {
        &[][..]
    } else {
        written.map_or(&[][..], |args| &args.args)
    };

    let mut lowered = Vec::with_capacity(kinds.len());
    // An empty argument that is no text ends the list: what may be left out is then left out.
    let mut left_out = None;
    for (index, (arg, kind)) in given.iter().zip(&kinds).enumerate() {
        let number = index + 1;
        if arg.text.is_empty() && !is_text(kind) {
            left_out = Some(number);
            break;
        }
        match typed(&arg.text, kind, number, role, place) {
            Some(value) => lowered.push(value),
            None => {
                let shown = String::from_utf8_lossy(&arg.text);
                let complaint =
                    format!("failed to parse '{shown}' as type '{kind}' at position {number}");
                return Err(role.complain(number, &complaint));
            }
        }
    }
    if given.is_empty() && kinds.first().is_some_and(|kind| !is_text(kind)) {
        left_out = Some(1);
    }
    if let Some(number) = left_out.filter(|&number| number <= required) {
        let kind = kinds.get(number - 1).copied().unwrap_or("string");
        let complaint = format!("expected type '{kind}' at position {number}, but got nothing");
        return Err(role.complain(number, &complaint));
    }
    // A text that must be there may be missing all the same where it is the first: it is then empty, which the word's own
    // check judges.
    let is_empty_text = given.is_empty() && kinds.first().is_some_and(|kind| is_text(kind));
    let got = lowered.len().max(usize::from(is_empty_text));
    if let Some(surplus) = given.get(left_out.unwrap_or(kinds.len())) {
        // With no arguments allowed the complaint begins behind the parenthesis, else at the comma.
        let start = if kinds.is_empty() {
            surplus.span.start
        } else {
            surplus.span.start - 1
        };
        let rest = String::from_utf8_lossy(text.get(start..).unwrap_or_default());
        return Err(role.complain(stop(got), &format!("expected ')' before '{rest}'")));
    }
    if got < required {
        let kind = kinds.get(got).copied().unwrap_or("string");
        let complaint = format!("missing arguments (got {got}/{required}), type '{kind}' expected");
        return Err(role.complain(got + 1, &complaint));
    }
    if written.is_some_and(|args| !args.closed) {
        return Err(role.complain(stop(got), "expected ')'"));
    }
    // An empty name is looked for too: it stands for the proxy itself, or is missing. Of texts only the unit of a time
    // is looked at when it is empty (observed).
    let is_looked_at =
        |kind: &&&str| !matches!(**kind, "regex" | "string") || role.word().starts_with("fc_rtt");
    if is_empty_text
        && (required > 0 || written.is_some())
        && let Some(kind) = kinds.first().filter(is_looked_at)
    {
        lowered.extend(typed(b"", kind, 1, role, place));
    }
    lowered.resize_with(kinds.len(), || Arg::Absent);
    Ok(lowered)
}

/// The number of the argument behind which something is wrong (observed).
fn stop(got: usize) -> usize {
    match got {
        0 => 1,
        got => got.max(2),
    }
}

/// Kinds of arguments that may be empty.
fn is_text(kind: &str) -> bool {
    matches!(
        kind,
        "string" | "frontend" | "backend" | "server" | "table" | "user list" | "regex"
    )
}

fn typed(
    text: &[u8],
    kind: &str,
    number: usize,
    role: &Role<'_>,
    place: &mut Place<'_>,
) -> Option<Arg> {
    let string = String::from_utf8_lossy(text);
    Some(match kind {
        "integer" => Arg::Int(integer(text)?),
        "IPv4 address" => host(IpAddr::V4(string.parse().ok()?)),
        "IPv6 address" => host(IpAddr::V6(string.parse().ok()?)),
        "IPv4 mask" => host(IpAddr::V4(mask4(&string)?)),
        "IPv6 mask" => host(IpAddr::V6(mask6(&string)?)),
        "regex" => {
            refer(place, ReferenceKind::Regex, &string, number, role);
            Arg::Regex(Regex {
                pattern: Text::from(text),
                ignore_case: false,
            })
        }
        "Protocol buffers field number" => {
            crate::converter::protobuf::numbers(&string)?;
            Arg::Str(Text::from(text))
        }
        "frontend" => refer(place, ReferenceKind::Frontend, &string, number, role),
        "backend" => refer(place, ReferenceKind::Backend, &string, number, role),
        "table" => refer(place, ReferenceKind::Table, &string, number, role),
        "user list" => refer(place, ReferenceKind::Userlist, &string, number, role),
        "server" => refer(place, ReferenceKind::Server, &string, number, role),
        _ => Arg::Str(Text::from(text)),
    })
}

fn refer(
    place: &mut Place<'_>,
    kind: ReferenceKind,
    name: &str,
    number: usize,
    role: &Role<'_>,
) -> Arg {
    let is_proxy = matches!(
        kind,
        ReferenceKind::Frontend | ReferenceKind::Backend | ReferenceKind::Table
    );
    let is_own = is_proxy && name.is_empty();
    let name = if is_own {
        if place.proxy.is_empty() {
            return Arg::Absent;
        }
        place.proxy
    } else {
        name
    };
    place.notes.references.push(Reference {
        kind,
        name: name.to_owned(),
        is_own,
        argument: number,
        word: role.word().to_owned(),
        fetch: match role {
            Role::Fetch(_) => None,
            Role::Converter { fetch, .. } => Some((*fetch).to_owned()),
        },
        surroundings: place.surroundings.to_owned(),
        proxy: place.proxy.to_owned(),
        at: place.at.clone(),
    });
    match kind {
        ReferenceKind::Frontend | ReferenceKind::Backend => Arg::Proxy(name.to_owned()),
        ReferenceKind::Table => Arg::Table(name.to_owned()),
        ReferenceKind::Userlist => Arg::Userlist(name.to_owned()),
        ReferenceKind::Regex => Arg::Absent,
        ReferenceKind::Server => {
            let (backend, server) = name.split_once('/').unwrap_or(("", name));
            Arg::Server {
                backend: backend.to_owned(),
                server: server.to_owned(),
            }
        }
    }
}

/// A whole signed decimal number, or the greatest or smallest one where it is beyond them; a sign alone is 0 (observed).
fn integer(text: &[u8]) -> Option<i64> {
    let digits = match text {
        [b'+' | b'-', digits @ ..] => digits,
        digits => digits,
    };
    let edge = if text.starts_with(b"-") {
        i64::MIN
    } else {
        i64::MAX
    };
    let is_number = digits.iter().all(u8::is_ascii_digit);
    let text = std::str::from_utf8(text).ok().filter(|_| is_number)?;
    match digits {
        [] => Some(0),
        _ => Some(text.parse().unwrap_or(edge)),
    }
}

fn host(ip: IpAddr) -> Arg {
    let prefix = if ip.is_ipv4() { 32 } else { 128 };
    Arg::Net(Network { ip, prefix })
}

/// A prefix length, or the mask itself, whose bits may have gaps.
fn mask4(text: &str) -> Option<Ipv4Addr> {
    match text.parse::<u32>() {
        Ok(length @ 1..=32) => Some(Ipv4Addr::from_bits(u32::MAX << (32 - length))),
        Ok(0) => Some(Ipv4Addr::UNSPECIFIED),
        _ => text.parse().ok(),
    }
}

fn mask6(text: &str) -> Option<Ipv6Addr> {
    match text.parse::<u32>() {
        Ok(length @ 1..=128) => Some(Ipv6Addr::from_bits(u128::MAX << (128 - length))),
        Ok(0) => Some(Ipv6Addr::UNSPECIFIED),
        _ => text.parse().ok(),
    }
}
