//! Blocks about interfaces: `interface_up_down_delays`, `linkbeat_interfaces`.

use locum_model::keepalived::{LinkbeatInterface, LinkbeatMethod, UpDownDelay};
use locum_parser::keepalived::Line;

use crate::{
    load::{Abort, Pass, Process, number, value},
    row::{Row, refused, row},
};

pub(super) const ROWS: &[Row] = &[
    row("interface_up_down_delays", |pass, line| {
        of_vrrp(pass, line, delay)
    }),
    refused("linkbeat_interfaces", |pass, line| {
        of_vrrp(pass, line, linkbeat)
    }),
];

fn of_vrrp(
    pass: &mut Pass<'_>,
    line: &Line,
    each: fn(&mut Pass<'_>, &Line) -> Result<(), Abort>,
) -> Result<(), Abort> {
    if pass.process != Process::Vrrp {
        pass.skip_block();
        return Ok(());
    }
    pass.no_parameters(line);
    pass.lines(each)
}

/// `NAME DOWN [UP]`, in seconds up to 255.
fn delay(pass: &mut Pass<'_>, line: &Line) -> Result<(), Abort> {
    let name = pass.parameter(line, 0)?;
    if !pass.interface_is_usable(&name) {
        pass.fatal_error(format!(
            "unknown interface {name} specified for up/down delay"
        ));
        return Ok(());
    }
    let read = |pass: &mut Pass<'_>, index: usize| {
        let text = value::word(line, index)?;
        pass.number(number::seconds(&text, 0, 255_000_000))
    };
    let Some(down) = read(pass, 1) else {
        return Ok(());
    };
    let up = read(pass, 2).unwrap_or(down);
    let interface = pass.located(name);
    pass.draft.configuration.up_down_delays.push(UpDownDelay {
        interface,
        down,
        up,
    });
    Ok(())
}

/// `NAME [MII|ETHTOOL|IOCTL]`
fn linkbeat(pass: &mut Pass<'_>, line: &Line) -> Result<(), Abort> {
    let name = pass.parameter(line, 0)?;
    if !pass.interface_is_usable(&name) {
        pass.fatal_error(format!(
            "unknown interface {name} specified for linkbeat interface"
        ));
        return Ok(());
    }
    let method = match value::word(line, 1).as_deref() {
        None => None,
        Some("MII") => Some(LinkbeatMethod::Mii),
        Some("ETHTOOL") => Some(LinkbeatMethod::Ethtool),
        Some("IOCTL") => Some(LinkbeatMethod::Ioctl),
        Some(other) => {
            pass.error(format!("extra characters {other} in linkbeat interface"));
            None
        }
    };
    // With more words than two the reference names the first of them.
    if let (Some(_), Some(first), true) = (method, value::word(line, 1), line.words.len() > 2) {
        pass.error(format!("extra characters {first} in linkbeat interface"));
    }
    let interface = pass.located(name);
    let linkbeat = LinkbeatInterface { interface, method };
    pass.draft.configuration.linkbeat_interfaces.push(linkbeat);
    Ok(())
}
