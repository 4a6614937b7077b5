//! `virtual_server_group NAME { … }`: addresses, ranges and marks that virtual servers share.
//!
//! ```text
//! virtual_server_group web {
//!     192.0.2.10-12 80
//!     192.0.2.64/29 80
//!     fwmark 5 inet
//! }
//! ```

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use locum_model::{
    lvs::{Group, GroupEntry},
    vrrp::Family,
};
use locum_parser::keepalived::Line;

use super::port;
use crate::load::{Abort, Pass, number, value};

pub(super) fn group(pass: &mut Pass<'_>, line: &Line) -> Result<(), Abort> {
    let name = pass.parameter(line, 1)?;
    let mut group = Group {
        name: pass.located(name.clone()),
        entries: Vec::new(),
    };
    pass.lines(|pass, line| {
        group.entries.extend(entry(pass, line, &name)?);
        Ok(())
    })?;
    if group.entries.is_empty() {
        pass.error(format!(
            "virtual server group {name} has no entries - removing"
        ));
    } else {
        pass.draft.configuration.lvs.groups.push(group);
    }
    Ok(())
}

fn entry(pass: &mut Pass<'_>, line: &Line, group: &str) -> Result<Option<GroupEntry>, Abort> {
    let first = value::word(line, 0).unwrap_or_default();
    if first == "fwmark" {
        return mark(pass, line, group);
    }
    let word = value::word(line, 1);
    let port = match &word {
        None => Some(0),
        Some(word) => port(pass, word),
    };
    let Some(port) = port else {
        let word = word.unwrap_or_default();
        pass.error(format!(
            "Invalid virtual server group IP address {first} /port/{word} - skipping"
        ));
        return Ok(None);
    };
    Ok(match range(&first) {
        Ok((first, last)) => Some(GroupEntry::Range { first, last, port }),
        Err(text) => {
            pass.error(text);
            None
        }
    })
}

fn mark(pass: &mut Pass<'_>, line: &Line, group: &str) -> Result<Option<GroupEntry>, Abort> {
    let text = pass.parameter(line, 1)?;
    let Some(mark) = pass.number(number::unsigned(&text, 0, u32::MAX)) else {
        pass.error(format!(
            "({group}): fwmark '{text}' must be in [0, {}] - ignoring",
            u32::MAX
        ));
        return Ok(None);
    };
    let family = match value::word(line, 2).as_deref() {
        None => None,
        Some("inet") => Some(Family::Inet),
        Some("inet6") => Some(Family::Inet6),
        Some(other) => {
            pass.error(format!(
                "({group}): fwmark '{text}' family {other} unknown - ignoring"
            ));
            return Ok(None);
        }
    };
    Ok(Some(GroupEntry::Mark { mark, family }))
}

/// An address, `FIRST-LAST` (the last whole or its last part), or a network; or what is wrong with it.
fn range(text: &str) -> Result<(IpAddr, IpAddr), String> {
    if let Some((address, length)) = text.split_once('/') {
        let invalid = || format!("Invalid netmask - {text} - skipping");
        let first: IpAddr = address.parse().map_err(|_| invalid())?;
        let length: u32 = length.parse().map_err(|_| invalid())?;
        return network(first, length).ok_or_else(invalid);
    }
    let (start, end) = match text.split_once('-') {
        Some((start, end)) => (start, Some(end)),
        None => (text, None),
    };
    let unknown = || format!("Invalid virtual server group IP address {text}  - skipping");
    let first: IpAddr = start.parse().map_err(|_| unknown())?;
    let Some(end) = end else {
        return Ok((first, first));
    };
    let last = match end.parse::<IpAddr>() {
        Ok(last) => last,
        Err(_) => last_part(first, end)
            .ok_or_else(|| format!("Virtual server group range '{text}' end '{end}' too large"))?,
    };
    if last <= first || last.is_ipv4() != first.is_ipv4() {
        return Err(format!(
            "Address range end is not greater than address range start - {text} - skipping"
        ));
    }
    Ok((first, last))
}

/// The address with another last part: decimal for IPv4, hexadecimal for IPv6.
fn last_part(first: IpAddr, end: &str) -> Option<IpAddr> {
    Some(match first {
        IpAddr::V4(first) => {
            let [a, b, c, _] = first.octets();
            IpAddr::V4(Ipv4Addr::new(a, b, c, end.parse().ok()?))
        }
        IpAddr::V6(first) => {
            let mut parts = first.segments();
            parts[7] = u16::from_str_radix(end, 16).ok()?;
            IpAddr::V6(Ipv6Addr::from(parts))
        }
    })
}

/// The first and last address behind the host's bits; None if the length can't be.
fn network(first: IpAddr, length: u32) -> Option<(IpAddr, IpAddr)> {
    Some(match first {
        IpAddr::V4(first) => {
            let hosts = u32::MAX.checked_shr(length).unwrap_or(0);
            (length <= 32).then_some(())?;
            let last = Ipv4Addr::from_bits(first.to_bits() | hosts);
            (IpAddr::V4(first), IpAddr::V4(last))
        }
        IpAddr::V6(first) => {
            let hosts = u128::MAX.checked_shr(length).unwrap_or(0);
            (length <= 128).then_some(())?;
            let last = Ipv6Addr::from_bits(first.to_bits() | hosts);
            (IpAddr::V6(first), IpAddr::V6(last))
        }
    })
}
