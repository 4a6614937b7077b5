//! Which virtual router on which interface: `interface`, `virtual_router_id`, `version` …

use locum_model::vrrp::{Family, Version};
use locum_parser::keepalived::Line;

use super::{current, name, required_number};
use crate::{
    load::{Abort, Pass, number, value},
    row::{Row, refused, row},
};

pub(super) const ROWS: &[Row] = &[
    row("debug", |pass, line| {
        let level = required_number(pass, line, (0, 4), |name, text| {
            format!("({name}) Debug value '{text}' not valid; must be between 0-4")
        })?;
        if let Some(level) = level.and_then(|level| u8::try_from(level).ok()) {
            current(pass).model.debug = level;
        }
        Ok(())
    }),
    row("dont_track_primary", |pass, _| {
        current(pass).model.dont_track_primary = true;
        Ok(())
    }),
    row("interface", interface),
    row("kernel_rx_buf_size", kernel_rx_buf_size),
    refused("linkbeat_use_polling", |pass, _| {
        let name = name(pass);
        pass.error(format!("({name}) 'linkbeat_use_polling' in vrrp instance deprecated - use linkbeat_interfaces block"));
        current(pass).model.linkbeat_use_polling = true;
        Ok(())
    }),
    refused("lvs_sync_daemon_interface", |pass, line| {
        let name = name(pass);
        pass.error(format!(
            "({name}) Specifying lvs_sync_daemon_interface against a vrrp is deprecated."
        ));
        pass.error("        Please use global lvs_sync_daemon");
        let interface = pass.parameter(line, 1)?;
        current(pass).model.lvs_sync_daemon_interface = Some(interface);
        Ok(())
    }),
    row("native_ipv6", |pass, _| {
        let instance = current(pass);
        instance.model.native_ipv6 = true;
        instance.family.get_or_insert(Family::Inet6);
        Ok(())
    }),
    row("version", version),
    row("virtual_router_id", virtual_router_id),
    refused("vrf", vrf),
];

fn interface(pass: &mut Pass<'_>, line: &Line) -> Result<(), Abort> {
    let text = pass.parameter(line, 1)?;
    let name = name(pass);
    if pass.interface(&text).is_some_and(|found| found.loopback) {
        pass.error(format!(
            "({name}) cannot use a loopback interface ({text}) for vrrp - ignoring"
        ));
        return Ok(());
    }
    pass.interface_named(&text, || {
        format!("WARNING - interface {text} for vrrp_instance {name} doesn't exist")
    });
    let interface = pass.located(text);
    current(pass).model.interface = Some(interface);
    Ok(())
}

fn kernel_rx_buf_size(pass: &mut Pass<'_>, line: &Line) -> Result<(), Abort> {
    let text = value::word(line, 1).filter(|_| line.words.len() == 2);
    let size = text.and_then(|text| pass.number(number::unsigned(&text, 0, u32::MAX)));
    match size {
        Some(size) => current(pass).model.kernel_rx_buf_size = Some(size),
        None => {
            let name = name(pass);
            pass.error(format!("({name}) invalid kernel_rx_buf_size specified"));
        }
    }
    Ok(())
}

fn version(pass: &mut Pass<'_>, line: &Line) -> Result<(), Abort> {
    let text = pass.parameter(line, 1)?;
    let name = name(pass);
    let Some(number) = pass.number(number::signed(&text, 2, 3)) else {
        pass.error(format!("({name}): Version must be either 2 or 3"));
        return Ok(());
    };
    let version = if number == 2 {
        Version::V2
    } else {
        Version::V3
    };
    let instance = current(pass);
    let before = instance.version;
    let six = instance.family == Some(Family::Inet6) && version == Version::V2;
    if six || before.is_some_and(|before| before != version) {
        let before = match before {
            None => 0,
            Some(Version::V2) => 2,
            Some(Version::V3) => 3,
        };
        pass.error(format!("({name}) vrrp_version {number} conflicts with configured or deduced version {before}; ignoring."));
        return Ok(());
    }
    current(pass).version = Some(version);
    Ok(())
}

fn virtual_router_id(pass: &mut Pass<'_>, line: &Line) -> Result<(), Abort> {
    let id = required_number(pass, line, (1, 255), |name, text| {
        format!("({name}): VRID '{text}' not valid - must be between 1 & 255")
    })?;
    if let Some(id) = id.and_then(|id| u8::try_from(id).ok()) {
        current(pass).vrid = Some(id);
    }
    Ok(())
}

fn vrf(pass: &mut Pass<'_>, line: &Line) -> Result<(), Abort> {
    let text = pass.parameter(line, 1)?;
    let name = name(pass);
    if current(pass).model.interface.is_some() {
        pass.error(format!(
            "({name}) Cannot specify VRF interface and interface - ignoring"
        ));
        return Ok(());
    }
    current(pass).model.vrf = Some(text);
    Ok(())
}
