//! Receive buffers of sockets (`vrrp_rx_bufs_…`, `…_rcv_bufs`).

use locum_model::keepalived::{Global, ReceiveBuffer, ReceiveBufferPolicy};
use locum_parser::keepalived::Line;

use super::named_switch;
use crate::{
    load::{Abort, Pass, number, value},
    row::{Row, accepted, row},
};

pub(super) const ROWS: &[Row] = &[
    accepted("lvs_netlink_cmd_rcv_bufs", |pass, line| {
        size(pass, line, |global| &mut global.lvs_netlink_cmd_rcv_bufs)
    }),
    accepted("lvs_netlink_cmd_rcv_bufs_force", |pass, line| {
        force(pass, line, |global| &mut global.lvs_netlink_cmd_rcv_bufs)
    }),
    accepted("lvs_netlink_monitor_rcv_bufs", |pass, line| {
        size(pass, line, |global| {
            &mut global.lvs_netlink_monitor_rcv_bufs
        })
    }),
    accepted("lvs_netlink_monitor_rcv_bufs_force", |pass, line| {
        force(pass, line, |global| {
            &mut global.lvs_netlink_monitor_rcv_bufs
        })
    }),
    row("process_monitor_rcv_bufs", |pass, line| {
        size(pass, line, |global| &mut global.process_monitor_rcv_bufs)
    }),
    row("process_monitor_rcv_bufs_force", |pass, line| {
        force(pass, line, |global| &mut global.process_monitor_rcv_bufs)
    }),
    row("vrrp_netlink_cmd_rcv_bufs", |pass, line| {
        size(pass, line, |global| &mut global.vrrp_netlink_cmd_rcv_bufs)
    }),
    row("vrrp_netlink_cmd_rcv_bufs_force", |pass, line| {
        force(pass, line, |global| &mut global.vrrp_netlink_cmd_rcv_bufs)
    }),
    row("vrrp_netlink_monitor_rcv_bufs", |pass, line| {
        size(pass, line, |global| {
            &mut global.vrrp_netlink_monitor_rcv_bufs
        })
    }),
    row("vrrp_netlink_monitor_rcv_bufs_force", |pass, line| {
        force(pass, line, |global| {
            &mut global.vrrp_netlink_monitor_rcv_bufs
        })
    }),
    row("vrrp_rx_bufs_multiplier", multiplier),
    row("vrrp_rx_bufs_policy", policy),
];

type Field = fn(&mut Global) -> &mut ReceiveBuffer;

fn size(pass: &mut Pass<'_>, line: &Line, field: Field) -> Result<(), Abort> {
    let name = value::word(line, 0).unwrap_or_default();
    let Some(text) = value::word(line, 1) else {
        pass.error(format!("{name} size missing"));
        return Ok(());
    };
    match pass.number(number::unsigned(&text, 0, u32::MAX)) {
        Some(bytes) => field(&mut pass.draft.configuration.global).bytes = bytes,
        None => pass.error(format!("{name} size ({text}) invalid")),
    }
    Ok(())
}

fn force(pass: &mut Pass<'_>, line: &Line, field: Field) -> Result<(), Abort> {
    let name = value::word(line, 0).unwrap_or_default();
    if let Some(on) = named_switch(pass, line, &name) {
        field(&mut pass.draft.configuration.global).force = on;
    }
    Ok(())
}

fn multiplier(pass: &mut Pass<'_>, line: &Line) -> Result<(), Abort> {
    let (Some(text), None) = (value::word(line, 1), value::word(line, 2)) else {
        pass.error("Invalid vrrp_rx_bufs_multiplier");
        return Ok(());
    };
    match pass.number(number::unsigned(&text, 1, u32::MAX)) {
        Some(times) => pass.draft.configuration.global.vrrp_rx_bufs_multiplier = times,
        None => pass.error(format!("Invalid vrrp_rx_bufs_multiplier {text}")),
    }
    Ok(())
}

fn policy(pass: &mut Pass<'_>, line: &Line) -> Result<(), Abort> {
    let Some(text) = value::word(line, 1) else {
        pass.error("vrrp_rx_bufs_policy missing");
        return Ok(());
    };
    let policy = match text.as_str() {
        "MTU" => ReceiveBufferPolicy::Mtu,
        "ADVERT" => ReceiveBufferPolicy::Advert,
        _ => match pass.number(number::unsigned(&text, 0, u32::MAX)) {
            Some(bytes) => ReceiveBufferPolicy::Bytes(bytes),
            None => {
                pass.error(format!("Invalid vrrp_rx_bufs_policy {text}"));
                return Ok(());
            }
        },
    };
    pass.draft.configuration.global.vrrp_rx_bufs_policy = Some(policy);
    Ok(())
}
