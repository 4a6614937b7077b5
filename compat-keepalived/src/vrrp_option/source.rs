//! Where adverts come from and go to: source and destination addresses, unicast peers.

use std::net::IpAddr;

use locum_model::vrrp::{Family, OldChecksum, Peer};
use locum_parser::keepalived::Line;

use super::{agrees, current, name, required_number};
use crate::{
    load::{Abort, Pass, number, value},
    row::{Row, row},
};

pub(super) const ROWS: &[Row] = &[
    row("check_unicast_src", |pass, _| {
        let model = &mut current(pass).model;
        model.check_unicast_src = true;
        model.unicast_configured = true;
        Ok(())
    }),
    row("mcast_dst_ip", mcast_dst_ip),
    row("mcast_src_ip", source),
    row("old_unicast_checksum", old_unicast_checksum),
    row("track_src_ip", |pass, _| {
        current(pass).model.track_src_ip = true;
        Ok(())
    }),
    row("unicast_fault_no_peer", |pass, _| {
        current(pass).model.unicast_fault_no_peer = true;
        Ok(())
    }),
    row("unicast_peer", unicast_peer),
    row("unicast_src_ip", |pass, line| {
        current(pass).model.unicast_configured = true;
        source(pass, line)
    }),
    row("unicast_ttl", |pass, line| {
        let ttl = required_number(pass, line, (0, 255), |name, text| {
            format!("({name}): TTL '{text}' not valid - must be between 0 & 255")
        })?;
        if let Some(ttl) = ttl {
            current(pass).model.unicast_ttl = u8::try_from(ttl).ok();
        }
        Ok(())
    }),
];

fn source(pass: &mut Pass<'_>, line: &Line) -> Result<(), Abort> {
    let text = pass.parameter(line, 1)?;
    let name = name(pass);
    let Ok(ip) = text.parse::<IpAddr>() else {
        pass.error(format!(
            "Configuration error: VRRP instance[{name}] malformed src address[{text}]. Skipping..."
        ));
        return Ok(());
    };
    if !agrees(current(pass), Family::of(ip)) {
        pass.error(format!("Configuration error: VRRP instance[{name}] and src address[{text}] MUST be of the same family !!! Skipping..."));
        return Ok(());
    }
    current(pass).model.source = Some(ip);
    Ok(())
}

fn mcast_dst_ip(pass: &mut Pass<'_>, line: &Line) -> Result<(), Abort> {
    let text = pass.parameter(line, 1)?;
    let name = name(pass);
    let Ok(ip) = text.parse::<IpAddr>() else {
        pass.error(format!(
            "({name}) malformed mcast dest address {text}. Skipping..."
        ));
        return Ok(());
    };
    // The family is taken even from an address that is then skipped.
    if !agrees(current(pass), Family::of(ip)) {
        pass.error(format!(
            "({name}) mcast dest address {text} and address family must match. Skipping..."
        ));
        return Ok(());
    }
    if !value::is_multicast(ip) {
        pass.error(format!(
            "({name}) mcast_dst_ip {text} not multicast. Skipping..."
        ));
        return Ok(());
    }
    if let IpAddr::V6(six) = ip
        && six.segments()[0] & 0xf != 2
    {
        pass.error(format!(
            "({name}) mcast_dst_ip {text} not link-local multicast. Skipping..."
        ));
        return Ok(());
    }
    current(pass).multicast = Some(ip);
    Ok(())
}

fn old_unicast_checksum(pass: &mut Pass<'_>, line: &Line) -> Result<(), Abort> {
    let name = name(pass);
    let mode = match value::word(line, 1).as_deref() {
        None => Some(OldChecksum::Always),
        Some("never") => Some(OldChecksum::Never),
        Some(other) => {
            pass.error(format!(
                "({name}) Unknown old_unicast_chksum mode {other} - ignoring"
            ));
            None
        }
    };
    let model = &mut current(pass).model;
    model.unicast_configured = true;
    model.old_unicast_checksum = mode.unwrap_or(model.old_unicast_checksum);
    Ok(())
}

fn unicast_peer(pass: &mut Pass<'_>, line: &Line) -> Result<(), Abort> {
    pass.no_parameters(line);
    current(pass).model.unicast_configured = true;
    pass.lines(peer)
}

/// `ADDRESS [min_ttl N] [max_ttl N]`
fn peer(pass: &mut Pass<'_>, line: &Line) -> Result<(), Abort> {
    let text = pass.parameter(line, 0)?;
    let name = name(pass);
    let Ok(address) = text.parse::<IpAddr>() else {
        pass.error(format!("Configuration error: VRRP instance[{name}] malformed unicast peer address[{text}]. Skipping..."));
        return Ok(());
    };
    if !agrees(current(pass), Family::of(address)) {
        pass.error(format!("Configuration error: VRRP instance[{name}] and unicast peer address[{text}] MUST be of the same family !!! Skipping..."));
        return Ok(());
    }
    let mut peer = Peer {
        address,
        min_ttl: 0,
        max_ttl: 255,
    };
    let mut checked = false;
    let mut index = 1;
    while let Some(option) = value::word(line, index) {
        let Some(text) = value::word(line, index + 1) else {
            pass.error(format!("({name}) {option} is missing a value"));
            break;
        };
        index += 2;
        let field = match option.as_str() {
            "min_ttl" => &mut peer.min_ttl,
            "max_ttl" => &mut peer.max_ttl,
            _ => {
                pass.error(format!("({name}) unknown unicast_peer option {option}"));
                break;
            }
        };
        let Some(ttl) = pass.number(number::unsigned(&text, 0, 255)) else {
            break;
        };
        *field = u8::try_from(ttl).unwrap_or(255);
        checked = true;
    }
    if peer.min_ttl > peer.max_ttl {
        pass.error(format!(
            "({name}) min_ttl {} > max_ttl {} - all packets will be discarded",
            peer.min_ttl, peer.max_ttl
        ));
    }
    let model = &mut current(pass).model;
    model.check_unicast_src |= checked;
    model.unicast_peers.push(peer);
    Ok(())
}
