//! What virtual servers share: flushing, the sync daemon, timeouts, nftables for groups.

use std::net::IpAddr;

use locum_model::keepalived::{LvsFlushOnStop, LvsSyncDaemon, LvsTimeouts, NftablesIpvs};
use locum_parser::keepalived::Line;

use super::{named_switch, plain_switch};
use crate::{
    load::{Abort, Pass, number, value},
    row::{Row, accepted, refused},
};

pub(super) const ROWS: &[Row] = &[
    accepted("checker_log_all_failures", |pass, line| {
        if let Some(on) = plain_switch(pass, line, "checker_log_all_failures") {
            pass.draft.configuration.global.checker_log_all_failures = on;
        }
        Ok(())
    }),
    accepted("lvs_flush", |pass, _| {
        pass.draft.configuration.global.lvs_flush = true;
        Ok(())
    }),
    accepted("lvs_flush_on_stop", flush_on_stop),
    accepted("lvs_flush_onstop", flush_on_stop),
    refused("lvs_sync_daemon", sync_daemon),
    accepted("lvs_timeouts", timeouts),
    accepted("nftables_ipvs", |pass, line| {
        let table = value::word(line, 1).unwrap_or_else(|| "keepalived_ipvs".to_owned());
        nftables(pass).table = table;
        Ok(())
    }),
    accepted("nftables_ipvs_priority", |pass, line| {
        let text = pass.parameter(line, 1)?;
        match pass.number(number::signed(&text, i32::MIN, i32::MAX)) {
            Some(priority) => nftables(pass).priority = Some(priority),
            None => pass.error(format!("invalid ipvs nftables chain priority '{text}'")),
        }
        Ok(())
    }),
    accepted("nftables_ipvs_start_fwmark", |pass, line| {
        let text = pass.parameter(line, 1)?;
        match pass.number(number::unsigned(&text, 1, u32::MAX)) {
            Some(mark) => nftables(pass).start_fwmark = Some(mark),
            None => pass.error(format!(
                "invalid ipvs nftables start_fwmark priority '{text}'"
            )),
        }
        Ok(())
    }),
    accepted("rs_init_notifies", |pass, line| {
        if let Some(on) = named_switch(pass, line, "rs_init_notifies") {
            pass.draft.configuration.global.rs_init_notifies = on;
        }
        Ok(())
    }),
];

fn nftables<'a>(pass: &'a mut Pass<'_>) -> &'a mut NftablesIpvs {
    let global = &mut pass.draft.configuration.global;
    global.nftables_ipvs.get_or_insert_with(|| NftablesIpvs {
        table: "keepalived_ipvs".to_owned(),
        priority: None,
        start_fwmark: None,
    })
}

fn flush_on_stop(pass: &mut Pass<'_>, line: &Line) -> Result<(), Abort> {
    let how = match value::word(line, 1).as_deref() {
        None => LvsFlushOnStop::Full,
        Some("VS") => LvsFlushOnStop::VirtualServers,
        Some(other) => {
            pass.error(format!("Unknown lvs_flush_on_stop type {other}"));
            return Ok(());
        }
    };
    pass.draft.configuration.global.lvs_flush_on_stop = how;
    Ok(())
}

/// `lvs_sync_daemon INTERFACE [[inst] INSTANCE] [id ID] [maxlen N] [port N] [ttl N] [group ADDRESS]`
fn sync_daemon(pass: &mut Pass<'_>, line: &Line) -> Result<(), Abort> {
    let Some(interface) = value::word(line, 1) else {
        pass.error("lvs_sync_daemon requires interface");
        return Ok(());
    };
    let mut daemon = LvsSyncDaemon {
        interface,
        instance: None,
        id: None,
        maxlen: None,
        port: None,
        ttl: None,
        group: None,
    };
    let is_option =
        |text: &str| matches!(text, "id" | "maxlen" | "port" | "ttl" | "group" | "inst");
    let mut index = 2;
    if value::word(line, 2).is_some_and(|text| !is_option(&text)) {
        daemon.instance = value::word(line, 2);
        index = 3;
    }
    while let Some(option) = value::word(line, index) {
        if !is_option(&option) {
            id_without_word(pass, &mut daemon, &option);
            index += 1;
            continue;
        }
        let text = pass.parameter(line, index + 1)?;
        index += 2;
        let small = |value: Option<u32>| value.and_then(|value| u16::try_from(value).ok());
        match option.as_str() {
            "inst" => daemon.instance = Some(text),
            "id" => {
                let id = pass.number(number::unsigned(&text, 0, 255));
                daemon.id = id.and_then(|id| u8::try_from(id).ok());
                if id.is_none() {
                    pass.error(format!("Invalid syncid ({text}) - defaulting to vrid"));
                }
            }
            "maxlen" => daemon.maxlen = small(bounded(pass, "maxlen", &text, 65_507)),
            "port" => daemon.port = small(bounded(pass, "port", &text, 65_535)),
            "ttl" => {
                let ttl = bounded(pass, "ttl", &text, 255);
                daemon.ttl = ttl.and_then(|ttl| u8::try_from(ttl).ok());
            }
            _ => daemon.group = group(pass, &text),
        }
    }
    pass.draft.configuration.global.lvs_sync_daemon = Some(daemon);
    Ok(())
}

fn id_without_word(pass: &mut Pass<'_>, daemon: &mut LvsSyncDaemon, text: &str) {
    match pass.number(number::unsigned(text, 0, 255)) {
        Some(id) => {
            pass.error("Please use keyword \"id\" before lvs_sync_daemon SYNCID");
            daemon.id = u8::try_from(id).ok();
        }
        None => pass.error(format!("Invalid syncid ({text}) - defaulting to vrid")),
    }
}

fn bounded(pass: &mut Pass<'_>, name: &str, text: &str, high: u32) -> Option<u32> {
    let value = pass.number(number::unsigned(text, 1, high));
    if value.is_none() {
        pass.error(format!(
            "Invalid lvs_sync_daemon {name} ({text}) - ignoring"
        ));
    }
    value
}

fn group(pass: &mut Pass<'_>, text: &str) -> Option<IpAddr> {
    let Ok(ip) = text.parse::<IpAddr>() else {
        pass.error(format!("Invalid lvs_sync_daemon group ({text}) - ignoring"));
        return None;
    };
    if !value::is_multicast(ip) {
        pass.error(format!(
            "lvs_sync_daemon group address {text} is not multicast - ignoring"
        ));
        return None;
    }
    Some(ip)
}

/// `lvs_timeouts [tcp N] [tcpfin N] [udp N]`
fn timeouts(pass: &mut Pass<'_>, line: &Line) -> Result<(), Abort> {
    if line.words.len() < 3 {
        pass.error("lvs_timeouts requires at least one option");
        return Ok(());
    }
    let mut timeouts = LvsTimeouts::default();
    let mut index = 1;
    while let Some(option) = value::word(line, index) {
        index += 1;
        let field = match option.as_str() {
            "tcp" => &mut timeouts.tcp,
            "tcpfin" => &mut timeouts.tcp_fin,
            "udp" => &mut timeouts.udp,
            _ => {
                pass.error(format!(
                    "Unknown option {option} specified for lvs_timeouts"
                ));
                continue;
            }
        };
        let Some(text) = value::word(line, index) else {
            pass.error(format!(
                "No value specified for lvs_timout {option} - ignoring"
            ));
            continue;
        };
        index += 1;
        *field = pass.number(number::unsigned(&text, 0, u32::MAX));
        if field.is_none() {
            pass.error(format!("Invalid lvs_timeout {option} ({text}) - ignoring"));
        }
    }
    pass.draft.configuration.global.lvs_timeouts = Some(timeouts);
    Ok(())
}
